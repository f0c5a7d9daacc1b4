/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows who is due at which tick.
 *
 * DOC: with a timer for each part their instants were the same only at first: a timer of libev that is late by
 * more than its period is counted anew from then on. So when others held mosd up for a fifth of a second, gossip's
 * ticks parted from what is due once a second, and it was woken seven times a second ever after. One timer
 * cannot part from itself. */
#include "node/beat.h"

#include <stdbool.h>
#include <stdlib.h>

#define FIRST 0.01 /* s until the first tick */
#define ALONE 2U   /* the tick of each second at which all but gossip are due */

static const unsigned first_turn[BEAT_COUNT_] = {
	[BEAT_MEASURE] = ALONE, /* so that a node that has just started tells its load soon */
	[BEAT_NATIVE] = ALONE,
	[BEAT_GOSSIP] = 1,
	[BEAT_BALANCE] = ALONE + BEAT_A_SECOND, /* has measures then */
};

struct beat {
	struct ev_loop *loop;
	ev_timer timer;
	unsigned ticks;
	struct {
		void (*turn)(void *data); /* NULL: not there */
		void *data;
	} part[BEAT_COUNT_];
};

static unsigned to_next(const struct beat *b)
{
	if (b->part[BEAT_GOSSIP].turn)
		return 1;
	return BEAT_A_SECOND - (b->ticks + BEAT_A_SECOND - ALONE) % BEAT_A_SECOND;
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct beat *b = t->data;

	b->ticks += to_next(b);
	for (enum beat_part p = 0; p < BEAT_COUNT_; p++) {
		unsigned each = p == BEAT_GOSSIP ? 1 : BEAT_A_SECOND;

		if (b->part[p].turn && b->ticks >= first_turn[p] && (b->ticks - first_turn[p]) % each == 0)
			b->part[p].turn(b->part[p].data);
	}
}

/* Gossip has come or gone: the time to the next tick is another. */
static void set_timer(struct beat *b)
{
	unsigned n = to_next(b);
	double each = b->part[BEAT_GOSSIP].turn ? BEAT_TICK : BEAT_TICK * BEAT_A_SECOND;

	ev_timer_stop(b->loop, &b->timer);
	ev_timer_set(&b->timer, FIRST + (n - 1) * BEAT_TICK, each);
	ev_timer_start(b->loop, &b->timer);
}

struct beat *beat_create(struct ev_loop *loop)
{
	struct beat *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->loop = loop;
	b->timer.data = b;
	ev_init(&b->timer, on_timer);
	set_timer(b);
	return b;
}

void beat_destroy(struct beat *b)
{
	if (!b)
		return;
	ev_timer_stop(b->loop, &b->timer);
	free(b);
}

void beat_join(struct beat *b, enum beat_part p, void (*turn)(void *data), void *data)
{
	b->part[p].turn = turn;
	b->part[p].data = data;
	if (p == BEAT_GOSSIP)
		set_timer(b);
}

void beat_leave(struct beat *b, enum beat_part p)
{
	bool was = b->part[p].turn;

	b->part[p].turn = NULL;
	if (was && p == BEAT_GOSSIP)
		set_timer(b);
}
