/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>

#include "guest.h"

GUEST("threads: four threads, a mutex and a condition go on counting together")
GUEST_STAYS("threads")

enum { THREADS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long turn, done[THREADS];
static bool stop;
static __thread long mine;

static void *work(void *arg)
{
	long me = (long)(intptr_t)arg;

	for (;;) {
		(void)pthread_mutex_lock(&lock);
		while (turn % THREADS != me && !stop)
			(void)pthread_cond_wait(&turned, &lock);
		if (stop) {
			(void)pthread_mutex_unlock(&lock);
			return (void *)(intptr_t)mine;
		}
		turn++;
		done[me]++;
		mine++;
		(void)pthread_cond_broadcast(&turned);
		(void)pthread_mutex_unlock(&lock);
		g_compute(5000);
	}
}

int main(void)
{
	pthread_t t[THREADS];
	long sum = 0;
	void *r;

	for (long i = 0; i < THREADS; i++)
		G_EQ(pthread_create(&t[i], NULL, work, (void *)(intptr_t)i), 0);
	g_ready();
	g_wait();
	(void)pthread_mutex_lock(&lock);
	stop = true;
	(void)pthread_cond_broadcast(&turned);
	(void)pthread_mutex_unlock(&lock);
	for (long i = 0; i < THREADS; i++) {
		G_EQ(pthread_join(t[i], &r), 0);
		G_EQ((intptr_t)r, done[i]);
		sum += done[i];
	}
	G_EQ(sum, turn);
	return g_pass();
}
