/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the parts of mosd wake it up: together, by one timer. What is due once a second is due at a tick of
 * gossip, so that an idle mosd is woken five times a second and not seven; and one that is alone, once. */
#ifndef MOS_NODE_BEAT_H
#define MOS_NODE_BEAT_H

#include <ev.h>

#define BEAT_TICK     0.2 /* s: gossip's, as GOSSIP_TICK */
#define BEAT_A_SECOND 5U  /* ticks */

/* Who has a turn, in the order in which those of one tick have it. All but BEAT_GOSSIP have one a second. */
enum beat_part { BEAT_MEASURE, BEAT_NATIVE, BEAT_GOSSIP, BEAT_BALANCE, BEAT_COUNT_ };

struct beat;

/* Return: NULL without memory. */
struct beat *beat_create(struct ev_loop *loop);
/* Takes NULL, and parts that have not left: they have no more turns. */
void beat_destroy(struct beat *b);
/* From now on @turn(@data) is called when @p is due, until it leaves. */
void beat_join(struct beat *b, enum beat_part p, void (*turn)(void *data), void *data);
void beat_leave(struct beat *b, enum beat_part p); /* who never joined too */

#endif
