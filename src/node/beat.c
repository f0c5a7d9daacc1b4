/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows who is due at which tick.
 *
 * DOC: with a timer for each part their instants were the same only at first: a timer of libev that is late by
 * more than its period is counted anew from then on. So when others held mosd up for a fifth of a second, gossip's
 * ticks parted from what is due once a second, and it was woken seven times a second ever after. One timer
 * cannot part from itself, and ticks that are counted from one instant cannot move. */
#include "node/beat.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"

#define FIRST (10 * NSEC_PER_MSEC) /* until the first tick */
#define SLACK (BEAT_TICK / 10)
#define ALONE 2U /* the tick of each second at which all but gossip are due: a load is measured over a while */

static const unsigned first_turn[BEAT_COUNT_] = {
	[BEAT_MEASURE] = ALONE, /* so that a node that has just started tells its load soon */
	[BEAT_NATIVE] = ALONE,
	[BEAT_PEERS] = ALONE,
	[BEAT_BALANCE] = ALONE + BEAT_A_SECOND, /* has measures then */
};

struct beat {
	struct ev_loop *loop;
	ev_timer timer;
	nsec_t begun;	    /* the instant of tick 0 */
	uint64_t ticks;	    /* the last one, */
	uint64_t next;	    /* that for which the timer is set, */
	uint64_t gossip_at; /* and that at which gossip is due */
	struct {
		void (*turn)(void *data); /* NULL: not there */
		void *data;
	} part[BEAT_COUNT_];
};

/* The first tick after the last one at which @p is due. */
static uint64_t due(const struct beat *b, enum beat_part p)
{
	uint64_t passed;

	if (p == BEAT_GOSSIP)
		return MAX(b->gossip_at, b->ticks + 1);
	if (b->ticks < first_turn[p])
		return first_turn[p];
	passed = b->ticks - first_turn[p];
	return b->ticks + BEAT_A_SECOND - passed % BEAT_A_SECOND;
}

/* The last tick that has come by @now. */
static uint64_t tick_of(const struct beat *b, nsec_t now)
{
	return now < b->begun ? 0 : (uint64_t)((now - b->begun) / BEAT_TICK);
}

/* Without gossip what is due once a second keeps the timer alive, whether or not somebody is there for it yet. */
static void set_timer(struct beat *b)
{
	uint64_t next = due(b, BEAT_MEASURE);
	nsec_t left;

	if (b->part[BEAT_GOSSIP].turn)
		next = MIN(next, due(b, BEAT_GOSSIP));
	if (next == b->next)
		return;
	b->next = next;
	left = b->begun + (nsec_t)next * BEAT_TICK - mono_now();
	ev_timer_stop(b->loop, &b->timer);
	ev_timer_set(&b->timer, (double)MAX(left, 0) / NSEC_PER_SEC, 0.);
	ev_now_update(b->loop);
	ev_timer_start(b->loop, &b->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct beat *b = t->data;
	uint64_t now = MAX(tick_of(b, mono_now() + SLACK), b->next), at[BEAT_COUNT_];

	for (enum beat_part p = 0; p < BEAT_COUNT_; p++)
		at[p] = due(b, p);
	b->ticks = now;
	b->next = 0;
	for (enum beat_part p = 0; p < BEAT_COUNT_; p++)
		if (b->part[p].turn && at[p] <= now)
			b->part[p].turn(b->part[p].data);
	set_timer(b);
}

static void begin(struct beat *b)
{
	b->begun = mono_now() + FIRST - BEAT_TICK;
	b->ticks = b->next = b->gossip_at = 0;
	set_timer(b);
}

struct beat *beat_create(struct ev_loop *loop)
{
	struct beat *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->loop = loop;
	b->timer.data = b;
	ev_init(&b->timer, on_timer);
	begin(b);
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
		begin(b);
}

void beat_leave(struct beat *b, enum beat_part p)
{
	b->part[p].turn = NULL;
	set_timer(b);
}

void beat_plan(struct beat *b, nsec_t at)
{
	nsec_t wait = at - SLACK - b->begun;

	if (b->next && tick_of(b, mono_now()) >= b->next)
		return; /* that tick is only late: what comes meanwhile may not put it off */
	b->gossip_at = wait <= 0 ? 0 : (uint64_t)((wait - 1) / BEAT_TICK) + 1;
	if (b->next) /* not in a turn: they are all planned behind the last one */
		set_timer(b);
}
