/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of this node's migrants: where each is, how it moved, and how it ended. */
#ifndef MOS_NODE_PROCESS_MIGRANTS_H
#define MOS_NODE_PROCESS_MIGRANTS_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/process/proc.h"
#include "node/process/wish.h"

#define MOVES_KEPT 64  /* per migrant */
#define ENDED_KEPT 256 /* ended migrants that `mosctl why` still knows */

/* One move that was made, or was not. */
struct move {
	double wall; /* seconds since 1970 */
	bool ok;
	uint32_t from, to, epoch; /* nodes as others count them: home has its own number */
	uint64_t bytes, freeze_us, total_us;
	char cause[24], code[24];
	char error[240];
};

/* The latest moves, oldest first. */
struct moves {
	struct move at[MOVES_KEPT];
	unsigned first, n;
	uint64_t count; /* of all, also those that were forgotten */
};

void moves_add(struct moves *v, const struct move *m);
/* The @i-th oldest that is kept; @i < v->n. */
const struct move *moves_get(const struct moves *v, unsigned i);

enum migrant_how {
	MIGRANT_MOSRUN,	 /* registered by mosrun */
	MIGRANT_CHILD,	 /* descends from such a one */
	MIGRANT_ADOPTED, /* moved by its owner, without mosrun */
	MIGRANT_HOW_COUNT_
};

const char *migrant_how_str(enum migrant_how h);

struct home;
struct request;

struct migrant {
	struct migrant *next;
	struct migrants *all;
	pid_t pid;
	uint64_t start; /* of the process, as in struct proc_stat */
	uid_t uid;
	char comm[64];
	enum migrant_how how;
	bool by_rule; /* adopted by a rule of the configuration */
	struct migrant_wish wish;
	uint32_t node; /* 0: at home */
	uint32_t epoch;
	struct home *home;	 /* its supervisor, or NULL */
	struct request *request; /* the move under way, or NULL */
	struct moves *moves;	 /* NULL before the first */
	json_t *counters;	 /* of its whole life, or NULL */
	json_t *counters_before; /* of former supervisors, one for each stay away; or NULL */
	int pidfd;
	ev_io exit;
	bool exited; /* the process is gone; its supervisor may not have said so yet */
	/* What must have killed it, should it end now: its supervisor died while it was away. */
	char fate[24], fate_error[128];
	bool ended;
	double ended_wall;
	int64_t ended_status; /* as from wait(2); -1 unknown */
	char ended_cause[24];
	char ended_error[240];
};

struct migrants;

struct migrants *migrants_create(struct ev_loop *loop);
void migrants_destroy(struct migrants *v);
/* @born is told of each new record. */
void migrants_on_born(struct migrants *v, void (*born)(struct migrant *m, void *data), void *data);
/* The record of a living process; NULL without one. */
struct migrant *migrants_find(struct migrants *v, pid_t pid, uint64_t start);
/* The record of @pid, living before ended, the latest of these. */
struct migrant *migrants_find_any(struct migrants *v, pid_t pid);
/* The record of @id's process, made if need be (then @how tells why). Takes @id's pidfd.
 * Return: NULL without memory. */
struct migrant *migrants_get(struct migrants *v, struct proc_id *id, enum migrant_how how);
struct members;
/* The wish is @w from now on, for its children too. Return: 0 or -errno. */
int migrant_set_wish(struct members *all, struct migrant *m, const struct migrant_wish *w, struct err *e);
/* Notes a move in the history. */
void migrant_note(struct migrant *m, const struct move *mv);
/* Notes the end. A record that never moved is freed by this, unless its supervisor lives. */
void migrant_end(struct migrant *m, int64_t status, const char *cause, const char *error);
/* Its supervisor is gone: forget it if it ended and has nothing to tell. */
void migrant_released(struct migrant *m);
struct migrant *migrants_first(struct migrants *v);

#endif
