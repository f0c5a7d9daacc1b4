/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for the fresh counters of one migrant. */
#ifndef MOS_NODE_PROCESS_INFOS_H
#define MOS_NODE_PROCESS_INFOS_H

#include <ev.h>
#include <stdint.h>

#include "node/process/homes.h"

struct info_wait;

/* Of one supervisor. */
struct infos {
	struct ev_loop *loop;
	struct migrant *m;
	struct info_wait *first;
};

/* Calls @fn once: at infos_answer(@number), infos_end, after a second, or without memory at once. */
void infos_wait(struct infos *v, int64_t number, home_info_fn *fn, void *data);
/* The supervisor has answered question @number. */
void infos_answer(struct infos *v, int64_t number);
/* No answer comes any more. */
void infos_end(struct infos *v);

#endif
