/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a mos-home and of the move that it was asked for. Private to homes.c and requests.c. */
#ifndef MOS_NODE_PROCESS_HOMES_STATE_H
#define MOS_NODE_PROCESS_HOMES_STATE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "node/link.h"
#include "node/process/homes.h"
#include "node/process/infos.h"

struct request {
	struct home_wish wish;
	bool sent;
	unsigned retries; /* of a request that met a supervisor on its way out */
	int64_t number;
	home_answer_fn *answer; /* NULL when answered, or when nobody waits */
	void *data;
};

struct home {
	struct mosd *d;
	struct link *link;
	struct migrant *m;
	bool leaving; /* its process is home again: it ends by itself */
	ev_timer timer;
	struct infos infos;
};

/* Seconds of the wall clock, for the history. */
double wall_now(void);
/* In the history and to users home is a node with a number like the others. */
uint32_t node_shown(const struct mosd *d, uint32_t node);
/* Numbers what a mos-home is asked; none is used twice. */
int64_t request_number(void);

/* Tells whoever waits, once. */
void request_answer(struct migrant *m, const struct move *mv);
/* The request of @m is over, as @mv tells. */
void request_finish(struct mosd *d, struct migrant *m, const struct move *mv);
/* ... for a reason, as a word and a line. @keep: the history has it too. */
void request_fail(struct mosd *d, struct migrant *m, bool keep, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Puts the request of its process to @h. Return: 0, or -errno: then it has failed, or with -EPIPE the end of @h is
 * told soon. */
int request_send(struct home *h);

#endif
