/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the parts of mosd wake it up: together, by one timer, at ticks that are BEAT_TICK apart. A tick at which
 * nobody is due is left out, so that an idle mosd is woken three times a second and one that is alone, once. */
#ifndef MOS_NODE_BEAT_H
#define MOS_NODE_BEAT_H

#include <ev.h>

#include "base/clock.h"

#define BEAT_TICK     (200 * NSEC_PER_MSEC) /* as GOSSIP_TICK */
#define BEAT_A_SECOND 5U		    /* ticks */

/* Who has a turn, in the order in which those of one tick have it. All but BEAT_GOSSIP have one a second. */
enum beat_part { BEAT_MEASURE, BEAT_NATIVE, BEAT_PEERS, BEAT_GOSSIP, BEAT_BALANCE, BEAT_COUNT_ };

struct beat;

/* Return: NULL without memory. */
struct beat *beat_create(struct ev_loop *loop);
/* Takes NULL, and parts that have not left: they have no more turns. */
void beat_destroy(struct beat *b);
/* From now on @turn(@data) is called when @p is due, until it leaves. BEAT_GOSSIP is due at once, and the seconds of
 * all begin anew with it. */
void beat_join(struct beat *b, enum beat_part p, void (*turn)(void *data), void *data);
void beat_leave(struct beat *b, enum beat_part p); /* who never joined too */
/* BEAT_GOSSIP is next due at the first tick that is not more than a tenth of one before @at (mono_now's). To be told
 * in each of its turns, and whenever that has changed. */
void beat_plan(struct beat *b, nsec_t at);

#endif
