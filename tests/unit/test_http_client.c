/* The HTTP client: many transfers on one thread, and a sink that may do what it likes. */
#include "base/clock.h"
#include "base/http_client.h"
#include "harness.h"
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRANSFERS = 40 };

/* Answers only when all have asked: it would wait for ever for a client that asks one by one. */
struct server {
	int listener;
	int port;
	int expected;
	const char *answer;
	pthread_t thread;
	sem_t go_on;
};

static void *serve(void *data)
{
	struct server *server = data;
	int connections[TRANSFERS];
	char request[4096];
	for (int i = 0; i < server->expected; i++) {
		connections[i] = accept(server->listener, NULL, NULL);
		if (connections[i] < 0 || recv(connections[i], request, sizeof request, 0) <= 0)
			return NULL;
	}
	for (int i = 0; i < server->expected; i++) {
		send(connections[i], server->answer, strlen(server->answer), MSG_NOSIGNAL);
		close(connections[i]);
	}
	return NULL;
}

static void begin_listening(struct server *server, int expected, const char *answer,
			    void *(*function)(void *server))
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	*server = (struct server){ .expected = expected, .answer = answer };
	sem_init(&server->go_on, 0, 0);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server->listener, TRANSFERS), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, function, server), 0);
}

static void begin_server(struct server *server, int expected, const char *answer)
{
	begin_listening(server, expected, answer, serve);
}

static void end_server(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}

struct seen {
	struct http_client *client;
	struct http_transfer *transfer;
	struct seen *other; /* cancelled by the sink */
	struct seen *next;  /* started by the sink */
	const struct http_request *next_request;
	int done;
	int status;
	enum http_end end;
	size_t bytes;
	bool wants_no_more;
	sem_t *go_on; /* of the server */
};

static void begin(struct seen *seen, const struct http_request *request);

static bool on_body(void *context, const char *bytes, size_t length)
{
	struct seen *seen = context;
	(void)bytes;
	seen->bytes += length;
	if (seen->other != NULL && seen->other->done == 0)
		http_transfer_cancel(seen->other->transfer);
	return !seen->wants_no_more;
}

static void on_done(void *context, enum http_end end)
{
	struct seen *seen = context;
	seen->done++;
	seen->end = end;
	seen->status = http_transfer_status(seen->transfer);
	if (seen->next != NULL)
		begin(seen->next, seen->next_request);
}

static void begin(struct seen *seen, const struct http_request *request)
{
	const struct http_sink sink = { .context = seen, .body = on_body, .done = on_done };
	seen->transfer = http_transfer_start(seen->client, request, &sink);
	assert_int_equal(seen->done, 0);
}

static struct http_client *trusting_client(struct pool *pool)
{
	static const char *const hosts[] = { "127.0.0.1", NULL };
	return http_client_new(pool, &(struct http_client_options){ .trusted_hosts = hosts });
}

static struct http_request request_to(struct pool *pool, int port)
{
	return (struct http_request){
		.url = pool_printf(pool, "http://127.0.0.1:%d/", port),
		.connect_ms = 20000,
		.first_byte_ms = 20000,
		.idle_ms = 20000,
		.total_ms = 20000,
		.headers_max = 10000,
		.body_max = 10000,
	};
}

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n"
			    "X-Word: yes\r\n\r\nhello";

static void test_many_at_a_time(void **state)
{
	struct server server;
	begin_server(&server, TRANSFERS, hello);
	struct seen seen[TRANSFERS];
	struct http_client *client = trusting_client(*state);
	struct http_request request = request_to(*state, server.port);
	int done = 0;
	for (int i = 0; i < TRANSFERS; i++) {
		seen[i] = (struct seen){ .client = client };
		begin(&seen[i], &request);
	}
	while (done < TRANSFERS) {
		http_client_run(client, 20000, NULL, 0);
		done = 0;
		for (int i = 0; i < TRANSFERS; i++)
			done += seen[i].done;
	}
	for (int i = 0; i < TRANSFERS; i++) {
		assert_int_equal(seen[i].done, 1);
		assert_int_equal(seen[i].end, HTTP_COMPLETE);
		assert_int_equal(seen[i].status, 200);
		assert_int_equal(seen[i].bytes, 5);
	}
	end_server(&server);
}

/* Two requests on one connection; nobody else is let in. */
static void *serve_one_connection(void *data)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
	struct server *server = data;
	char request[4096];
	int connection = accept(server->listener, NULL, NULL);
	for (int i = 0; i < 2 && recv(connection, request, sizeof request, 0) > 0; i++) {
		send(connection, answer, strlen(answer), MSG_NOSIGNAL);
		server->expected++;
		sem_wait(&server->go_on); /* the rest comes when the sink has seen this */
		send(connection, "world", 5, MSG_NOSIGNAL);
	}
	close(connection);
	return NULL;
}

static bool drain_rest(void *context, const char *bytes, size_t length)
{
	struct seen *seen = context;
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(length, 5);
	seen->bytes += length;
	http_transfer_drain(seen->transfer, 10000);
	sem_post(seen->go_on);
	return true;
}

static void run_until_done(struct http_client *client, const struct seen *seen)
{
	while (seen->done == 0)
		http_client_run(client, 20000, NULL, 0);
}

static void test_a_sink_may_cancel_and_begin_others(void **state)
{
	struct server server, second;
	begin_server(&server, 2, hello);
	begin_server(&second, 1, hello);
	struct http_client *client = trusting_client(*state);
	struct http_request request = request_to(*state, server.port);
	struct http_request later = request_to(*state, second.port);
	struct seen third = { .client = client };
	struct seen first = { .client = client, .next = &third, .next_request = &later };
	struct seen victim = { .client = client, .other = &first };
	first.other = &victim;
	begin(&first, &request);
	begin(&victim, &request);
	run_until_done(client, &first);
	run_until_done(client, &victim);
	/* Whichever was read first has cancelled the other. */
	assert_int_equal(first.done + victim.done, 2);
	assert_true((first.end == HTTP_COMPLETE) != (victim.end == HTTP_COMPLETE));
	assert_true((first.end == HTTP_CANCELLED) != (victim.end == HTTP_CANCELLED));
	run_until_done(client, &third);
	assert_int_equal(third.end, HTTP_COMPLETE);
	end_server(&server);
	end_server(&second);
}

static void test_a_sink_may_cancel_itself(void **state)
{
	struct server server;
	begin_server(&server, 2, hello);
	struct http_client *client = trusting_client(*state);
	struct http_request request = request_to(*state, server.port);
	struct seen first = { .client = client };
	struct seen second = { .client = client, .wants_no_more = true };
	first.other = &first;
	begin(&first, &request);
	begin(&second, &request);
	run_until_done(client, &first);
	run_until_done(client, &second);
	assert_int_equal(first.end, HTTP_CANCELLED);
	assert_int_equal(second.end, HTTP_STOPPED);
	assert_int_equal(first.done + second.done, 2);
	end_server(&server);
}

static void test_a_drained_connection_is_used_again(void **state)
{
	struct server server;
	begin_listening(&server, 0, NULL, serve_one_connection);
	struct http_client *client = trusting_client(*state);
	struct http_request request = request_to(*state, server.port);
	for (int i = 0; i < 2; i++) {
		struct seen seen = { .client = client, .go_on = &server.go_on };
		const struct http_sink sink = { .context = &seen,
						.body = drain_rest,
						.done = on_done };
		seen.transfer = http_transfer_start(client, &request, &sink);
		run_until_done(client, &seen);
		assert_int_equal(seen.end, HTTP_COMPLETE);
		assert_int_equal(seen.bytes, 5);
	}
	end_server(&server);
	assert_int_equal(server.expected, 2);
}

static void test_what_cannot_be_sent(void **state)
{
	static const char *const urls[] = { "ftp://127.0.0.1/",        "127.0.0.1",
					    "http://u:p@127.0.0.1/",   "http://127.0.0.1/?q",
					    "http://127.0.0.1/#f",     "http://127.0.0.1\n/",
					    "file:///etc/passwd",      "http://[fe80::1%25lo]/",
					    "http://127.0.0.1:99999/", "" };
	struct http_client *client = trusting_client(*state);
	struct http_request request = request_to(*state, 1);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct seen seen = { .client = client };
		request.url = urls[i];
		begin(&seen, &request);
		run_until_done(client, &seen);
		assert_int_equal(seen.end, HTTP_BAD_REQUEST);
	}
	const struct http_header header = { "X-Key", "a\r\nX-Other: b" };
	request = request_to(*state, 1);
	request.headers = &header;
	request.header_count = 1;
	struct seen seen = { .client = client };
	begin(&seen, &request);
	run_until_done(client, &seen);
	assert_int_equal(seen.end, HTTP_BAD_REQUEST);
}

static void test_a_list_is_needed_for_this_machine(void **state)
{
	struct server server;
	begin_server(&server, 1, hello);
	struct http_client *client = http_client_new(*state, &(struct http_client_options){ NULL });
	struct http_request request = request_to(*state, server.port);
	struct seen seen = { .client = client };
	begin(&seen, &request);
	run_until_done(client, &seen);
	assert_int_equal(seen.end, HTTP_ADDRESS_REFUSED);
	assert_int_equal(seen.status, 0);
	end_server(&server);
}

static void count_up(void *context)
{
	++*(int *)context;
}

static void test_timers(void **state)
{
	struct http_client *client = trusting_client(*state);
	int early = 0, late = 0, never = 0;
	struct timer first = { .fire = count_up, .context = &early };
	struct timer second = { .fire = count_up, .context = &late };
	struct timer third = { .fire = count_up, .context = &never };
	int64_t begun = clock_monotonic_ms();
	timer_set(http_client_timers(client), &second, 60);
	timer_set(http_client_timers(client), &third, 30);
	timer_set(http_client_timers(client), &first, 5000);
	timer_set(http_client_timers(client), &first, 20); /* set anew */
	timer_clear(&third);
	while (late == 0) {
		http_client_run(client, 20000, NULL, 0);
		assert_true(early >= late);
	}
	assert_in_range(clock_monotonic_ms() - begun, 60, 15000);
	assert_int_equal(early, 1);
	assert_int_equal(late, 1);
	assert_int_equal(never, 0);
}

static void *wake(void *client)
{
	http_client_wake(client);
	return NULL;
}

static void test_descriptors_of_the_caller(void **state)
{
	struct http_client *client = trusting_client(*state);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	struct pollfd waits[2] = { { .fd = ends[0], .events = POLLIN },
				   { .fd = ends[1], .events = POLLIN } };
	http_client_run(client, 0, waits, 2);
	assert_int_equal(waits[0].revents, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	int64_t begun = clock_monotonic_ms();
	http_client_run(client, 50000, waits, 2);
	assert_int_equal(waits[0].revents, POLLIN);
	assert_int_equal(waits[1].revents, 0);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, wake, client), 0);
	http_client_run(client, 50000, NULL, 0);
	pthread_join(thread, NULL);
	assert_in_range(clock_monotonic_ms() - begun, 0, 25000);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_pool_may_go_before_its_transfers_end(void **state)
{
	struct server server;
	begin_server(&server, 2, hello); /* answers nobody, as only one asks */
	struct pool *pool = pool_new(*state);
	struct seen seen = { .client = trusting_client(pool) };
	struct http_request request = request_to(pool, server.port);
	begin(&seen, &request);
	for (int i = 0; i < 5; i++)
		http_client_run(seen.client, 20, NULL, 0);
	pool_free(pool);
	assert_int_equal(seen.done, 0);
	end_server(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_at_a_time),
		TEST(test_a_sink_may_cancel_and_begin_others),
		TEST(test_a_sink_may_cancel_itself),
		TEST(test_a_drained_connection_is_used_again),
		TEST(test_what_cannot_be_sent),
		TEST(test_a_list_is_needed_for_this_machine),
		TEST(test_timers),
		TEST(test_descriptors_of_the_caller),
		TEST(test_a_pool_may_go_before_its_transfers_end),
	};
	return cmocka_run_group_tests_name("http_client", tests, NULL, NULL);
}
