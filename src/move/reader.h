/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the memory that a stopped process has of its own, in the order of its addresses, for one who
 * seals and sends it meanwhile. */
#ifndef MOS_MOVE_READER_H
#define MOS_MOVE_READER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/util.h"
#include "kernel/mem.h"
#include "move/image.h"
#include "move/walk.h"
#include "wire/limits.h"

#define READER_RING 4U /* batches of PAGES_CHUNK bytes that are read ahead at most */

/* Neighbouring pages that are to be sent. */
struct piece {
	uint64_t addr;
	const uint8_t *data;
	size_t len;
};

struct batch {
	uint8_t *data; /* PAGES_CHUNK bytes */
	size_t used;
	struct piece piece[PAGES_CHUNK / MOS_PAGE];
	unsigned n;
	unsigned zero_pages; /* left out */
};

struct reader {
	struct walk walk; /* the thread's as long as there is one */
	struct batch own; /* what is read in place */
	uint64_t read;	  /* bytes, in place */
	uint64_t alone;	  /* so many bytes are read in place before a thread is made */
	bool threaded;
	pthread_t thread;
	struct batch *ring;
	/* Below: under the lock, as long as there is a thread. */
	pthread_mutex_t lock;
	pthread_cond_t turn;	/* of whoever waits: never both */
	unsigned filled, taken; /* batches read ahead, counted from the start; @taken is the caller's alone */
	bool taking;		/* the one behind @taken is with the caller */
	bool ended, stop;	/* the thread will read no more, shall not */
};

/* @mem, @m and @chunk, PAGES_CHUNK bytes, are there until reader_end. */
void reader_begin(struct reader *r, const struct mem *mem, const struct image *m, uint8_t *chunk);
/* The next pages, good until the next call. A batch may have none to send.
 * Return: 1, 0: there are no more, -errno with the reason. */
int reader_next(struct reader *r, const struct batch **ret, struct err *e);
/* At any time, once: no thread is left. */
void reader_end(struct reader *r);

#endif
