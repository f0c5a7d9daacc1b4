/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the first pages are read in place, by whoever asks for them: most processes are small, and a
 * thread costs more than it gains there. Behind that a thread reads ahead into a ring of batches, if
 * there are processors for it. It knows nothing but the memory of the process and the ring: it traces
 * nothing, sends nothing, logs nothing, takes no signal. Its rights are its maker's.
 *
 * What it cannot read ends it, and it tells no reason: when the ring is empty, the caller's own
 * thread goes on in place where it stood, and finds the same reason, or none (a kernel may let only
 * the tracer's thread read what is protected: proc_mem.force_override). So is it with the end. */
#include "move/reader.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define READ_ALONE  (32U << 20)
#define PROCESSORS  3
#define STACK_BYTES (256U << 10)
#define WAKE_AT	    1 /* batches: the one that is being sent */

/* With fewer processors the thread takes from the network's share, or the sink's, what it saves here. */
static bool may_have_thread(void)
{
	const char *want = getenv("MOS_READ_AHEAD");
	cpu_set_t set;

	if (want)
		return !strcmp(want, "yes");
	/* It fails where there are more than the set has room for. */
	return sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) >= PROCESSORS;
}

void reader_begin(struct reader *r, const struct mem *mem, const struct image *m, uint8_t *chunk)
{
	*r = (struct reader){ .own = { .data = chunk } };
	walk_begin(&r->walk, mem, m);
	r->alone = may_have_thread() ? READ_ALONE : UINT64_MAX;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, MOS_PAGE - 1);
}

/* Divides a run that was read to @data into pieces, leaving out zero pages unless they must replace something. */
static void add_pieces(struct batch *b, const struct run *run, const uint8_t *data)
{
	struct piece *last = NULL;

	for (size_t at = 0; at < run->len; at += MOS_PAGE) {
		if (!run->keep_zero && is_zero(data + at)) {
			b->zero_pages++;
			last = NULL;
		} else if (last) {
			last->len += MOS_PAGE;
		} else {
			last = &b->piece[b->n++];
			*last = (struct piece){ run->addr + at, data + at, MOS_PAGE };
		}
	}
}

static void clear(struct batch *b)
{
	b->used = 0;
	b->n = b->zero_pages = 0;
}

/* Adds the next run. Return: 1, 0: there is none, -ENOBUFS: it does not fit, other -errno. */
static int read_run(struct walk *w, struct batch *b, struct err *e)
{
	uint8_t *to = b->data + b->used;
	struct run run;
	int r = walk_next(w, &run, e);

	if (r <= 0)
		return r;
	if (run.len > PAGES_CHUNK - b->used)
		return -ENOBUFS;
	r = mem_read_forced(w->mem, (uaddr_t){ run.addr }, to, run.len);
	if (r < 0)
		return err_set(e, r, "reading memory at %#llx: %s", (unsigned long long)run.addr,
			       strerror(-r));
	add_pieces(b, &run, to);
	b->used += run.len;
	walk_pass(w, &run);
	return 1;
}

/* In the thread. It sleeps with a full ring until that is nearly empty: to be woken costs its waker a
 * part of what a batch takes to be sent. Return: NULL when it shall stop. */
static struct batch *wait_for_room(struct reader *r)
{
	struct batch *b;

	(void)pthread_mutex_lock(&r->lock);
	if (r->filled - r->taken == READER_RING)
		while (r->filled - r->taken > WAKE_AT && !r->stop)
			(void)pthread_cond_wait(&r->turn, &r->lock);
	b = r->stop ? NULL : &r->ring[r->filled % READER_RING];
	(void)pthread_mutex_unlock(&r->lock);
	return b;
}

static void hand_over(struct reader *r, bool any, bool ended)
{
	(void)pthread_mutex_lock(&r->lock);
	r->filled += any;
	r->ended = ended;
	(void)pthread_cond_signal(&r->turn);
	(void)pthread_mutex_unlock(&r->lock);
}

static void *read_ahead(void *ctx)
{
	struct reader *r = ctx;
	struct batch *b;
	int k = -ENOBUFS;

	while (k == -ENOBUFS && (b = wait_for_room(r))) {
		clear(b);
		do
			k = read_run(&r->walk, b, NULL);
		while (k > 0);
		hand_over(r, b->used > 0, k != -ENOBUFS);
	}
	return NULL;
}

/* The next batch of the thread. Return: NULL when it has ended and all is taken. */
static const struct batch *take(struct reader *r)
{
	const struct batch *b = NULL;

	(void)pthread_mutex_lock(&r->lock);
	if (r->taking) {
		r->taken++;
		if (r->filled - r->taken == WAKE_AT)
			(void)pthread_cond_signal(&r->turn);
	}
	while (r->filled == r->taken && !r->ended)
		(void)pthread_cond_wait(&r->turn, &r->lock);
	r->taking = r->filled != r->taken;
	if (r->taking)
		b = &r->ring[r->taken % READER_RING];
	(void)pthread_mutex_unlock(&r->lock);
	return b;
}

static struct batch *make_ring(void)
{
	struct batch *b = calloc(READER_RING, sizeof(*b));
	uint8_t *data = malloc((size_t)READER_RING * PAGES_CHUNK);

	if (!b || !data) {
		free(b);
		free(data);
		return NULL;
	}
	for (unsigned i = 0; i < READER_RING; i++)
		b[i].data = data + (size_t)i * PAGES_CHUNK;
	return b;
}

static void free_ring(struct reader *r)
{
	if (r->ring)
		free(r->ring[0].data);
	free(r->ring);
	r->ring = NULL;
}

/* Signals are its maker's: the thread begins with all of them blocked. */
static int make_thread(struct reader *r)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int k = pthread_attr_init(&attr);

	if (k)
		return -k;
	(void)sigfillset(&all);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	k = pthread_create(&r->thread, &attr, read_ahead, r);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return -k;
}

/* Tried once. Without a thread all is read in place. */
static void start(struct reader *r)
{
	r->alone = UINT64_MAX;
	r->ring = make_ring();
	if (!r->ring)
		return;
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->turn, NULL);
	r->threaded = make_thread(r) == 0;
	if (!r->threaded)
		free_ring(r);
}

static void join(struct reader *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_cond_signal(&r->turn);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL);
	r->threaded = false;
	(void)pthread_cond_destroy(&r->turn);
	(void)pthread_mutex_destroy(&r->lock);
	free_ring(r);
}

int reader_next(struct reader *r, const struct batch **ret, struct err *e)
{
	int k;

	if (r->read >= r->alone)
		start(r);
	if (r->threaded) {
		*ret = take(r);
		if (*ret)
			return 1;
		join(r);
	}
	clear(&r->own);
	k = read_run(&r->walk, &r->own, e);
	r->read += r->own.used;
	*ret = &r->own;
	return k;
}

void reader_end(struct reader *r)
{
	if (r->threaded)
		join(r);
}
