/* The floor of a sign-in: crypt_r of libxcrypt and nothing else.
 *
 *   hash_floor THREADS SECONDS HASH PASSWORD        prints how many hashes a second, and how many there were */
#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64 };

static const char *stored, *password;
static double seconds;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct worker {
	pthread_t thread;
	double rate; /* over whole hashes */
	int count;
};

static void *work(void *data)
{
	static _Thread_local struct crypt_data crypt_data;
	struct worker *worker = data;
	double start = now(), end;
	do {
		const char *hash = crypt_r(password, stored, &crypt_data);
		if (hash == NULL || strcmp(hash, stored) != 0)
			exit(1);
		worker->count++;
		end = now();
	} while (end - start < seconds);
	worker->rate = worker->count / (end - start);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 5 || atoi(argv[1]) < 1 || atoi(argv[1]) > THREADS_MAX)
		return 2;
	int threads = atoi(argv[1]);
	seconds = atof(argv[2]);
	stored = argv[3];
	password = argv[4];
	static struct worker workers[THREADS_MAX];
	double rate = 0;
	int count = 0;
	for (int i = 0; i < threads; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 1;
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		rate += workers[i].rate;
		count += workers[i].count;
	}
	printf("%.2f %d\n", rate, count);
	return 0;
}
