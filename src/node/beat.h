/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the parts of mosd wake it up: together. What is due once a second is due at an instant at which
 * gossip is due anyway, so that an idle mosd is woken five times a second and not seven.
 *
 * All these timers are begun before the loop runs, and so are counted from one instant. */
#ifndef MOS_NODE_BEAT_H
#define MOS_NODE_BEAT_H

#define BEAT_TICK   0.2	 /* s: gossip's, as GOSSIP_TICK */
#define BEAT_FIRST  0.01 /* of the first tick */
#define BEAT_SECOND 1.0

/* The instant of the @n-th tick. */
#define BEAT_AT(n) (BEAT_FIRST + (n) * BEAT_TICK)

#endif
