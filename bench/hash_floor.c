/* The floor of a sign-in: crypt_r of libxcrypt and nothing else.
 *
 *   hash_floor THREADS SECONDS HASH PASSWORD        prints how many hashes a second */
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

/* The rate of one thread, over whole hashes. */
static void *work(void *data)
{
	static _Thread_local struct crypt_data crypt_data;
	double *rate = data, start = now(), end;
	int count = 0;
	do {
		const char *hash = crypt_r(password, stored, &crypt_data);
		if (hash == NULL || strcmp(hash, stored) != 0)
			exit(1);
		count++;
		end = now();
	} while (end - start < seconds);
	*rate = count / (end - start);
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
	pthread_t workers[THREADS_MAX];
	double rates[THREADS_MAX], total = 0;
	for (int i = 0; i < threads; i++)
		if (pthread_create(&workers[i], NULL, work, &rates[i]) != 0)
			return 1;
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i], NULL);
		total += rates[i];
	}
	printf("%.2f\n", total);
	return 0;
}
