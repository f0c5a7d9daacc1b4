/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mosmon shows: nodes, processes, and the moves that were seen between two looks. */
#ifndef MOS_TOOLS_MOSMON_DATA_H
#define MOS_TOOLS_MOSMON_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/nodes.h"

#define MON_MOVES_KEPT 64U
#define MON_FRESH      5 /* looks for which a process that moved is marked */

struct mon_proc {
	int64_t pid;
	char user[16], state[4], lock, command[256];
	uint32_t node; /* 0: at home */
	uint32_t from; /* where it was before its last move that was seen */
	int64_t cpu_s, away_s, moves;
	bool moving;
	int fresh; /* looks until its move is no news any more */
};

struct mon_move {
	char when[16];
	int64_t pid;
	char command[32];
	uint32_t from, to; /* home has its own number; the same: only the count grew */
};

struct mon_data {
	struct node_list nodes;
	struct mon_proc *procs; /* by pid */
	size_t n_procs;
	struct mon_move moves[MON_MOVES_KEPT]; /* the last is at (n_moves - 1) % MON_MOVES_KEPT */
	uint64_t n_moves;
	bool seen;	   /* there was a look at processes before */
	char trouble[400]; /* why there is nothing to be seen; empty if there is */
};

void mon_data_finish(struct mon_data *d);
/* Forgets what was seen, because of @trouble. */
void mon_data_lost(struct mon_data *d, const char *trouble);
/* Takes a look's objects. @user names a uid. @when is shown beside moves. Return: 0 or -ENOMEM. */
int mon_data_nodes(struct mon_data *d, const json_t *array, uint32_t me);
int mon_data_procs(struct mon_data *d, const json_t *array, const char *when,
		   const char *(*user)(int64_t uid));
/* The @i-th latest move; NULL if none is kept. */
const struct mon_move *mon_data_move(const struct mon_data *d, unsigned i);

#endif
