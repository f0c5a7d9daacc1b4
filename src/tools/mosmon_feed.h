/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where mosmon's data come from: one conversation with mosd after another, never waited for. */
#ifndef MOS_TOOLS_MOSMON_FEED_H
#define MOS_TOOLS_MOSMON_FEED_H

#include "base/clock.h"
#include "tools/client.h"
#include "tools/mosmon_data.h"

enum feed_part { FEED_NODES, FEED_PROCS, FEED_PART_COUNT_ };

struct feed {
	struct client c;
	json_t *coming[FEED_PART_COUNT_]; /* what came of an answer that is not whole */
	bool waiting[FEED_PART_COUNT_];
	nsec_t asked;
};

#define FEED_INIT                                                                                  \
	{                                                                                          \
		.c = CLIENT_INIT                                                                   \
	}

void feed_finish(struct feed *f);
/* To be called each second: connects if need be, and asks. What goes wrong stands in d->trouble. */
void feed_ask(struct feed *f, struct mon_data *d);
/* Descriptor to wait for, or -1. */
int feed_fd(const struct feed *f);
/* Takes what came. Return: true if there is something new to be shown. */
bool feed_take(struct feed *f, struct mon_data *d);
/* Waits until one answer of each kind is there, or @seconds are over. Return: 0 or -errno, and
 * d->trouble. */
int feed_once(struct feed *f, struct mon_data *d, int seconds);

#endif
