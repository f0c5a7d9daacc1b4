/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what happened between two looks. */
#include "tools/mosmon_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"

#define PROCS_MAX 65536U

void mon_data_finish(struct mon_data *d)
{
	node_list_finish(&d->nodes);
	free(d->procs);
	d->procs = NULL;
	d->n_procs = 0;
}

void mon_data_lost(struct mon_data *d, const char *trouble)
{
	mon_data_finish(d);
	d->seen = false; /* what happens meanwhile is not seen happening */
	(void)snprintf(d->trouble, sizeof(d->trouble), "%s", trouble);
}

int mon_data_nodes(struct mon_data *d, const json_t *array, uint32_t me)
{
	struct node_list l;
	int r = node_list_read(array, me, &l);

	if (r < 0)
		return r;
	node_list_finish(&d->nodes);
	d->nodes = l;
	d->trouble[0] = '\0';
	return 0;
}

static void read_proc(const json_t *o, struct mon_proc *p, const char *(*user)(int64_t uid))
{
	const char *lock = tool_text(o, "lock");
	long long node = tool_int(o, "node");

	*p = (struct mon_proc){ .pid = tool_int(o, "pid"),
				.lock = !strcmp(lock, "locked") ? 'L' : ' ',
				.node = node > 0 && node <= (long long)NODE_ID_MAX ? (uint32_t)node
										   : 0,
				.cpu_s = MAX(tool_int(o, "cpu_us"), 0LL) / 1000000,
				.away_s = MAX(tool_int(o, "away_cpu_us"), 0LL) / 1000000,
				.moves = MAX(tool_int(o, "moves"), 0LL),
				.moving = json_is_true(json_object_get(o, "moving")) };
	(void)snprintf(p->user, sizeof(p->user), "%s", user(tool_int(o, "uid")));
	(void)snprintf(p->state, sizeof(p->state), "%.1s", tool_text(o, "state"));
	(void)snprintf(p->command, sizeof(p->command), "%s", tool_text(o, "args"));
}

static int by_pid(const void *a, const void *b)
{
	const struct mon_proc *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void note_move(struct mon_data *d, const struct mon_proc *was, const struct mon_proc *is,
		      const char *when)
{
	struct mon_move *m = &d->moves[d->n_moves++ % MON_MOVES_KEPT];

	*m = (struct mon_move){ .pid = is->pid,
				.from = was->node ? was->node : d->nodes.me,
				.to = is->node ? is->node : d->nodes.me };
	(void)snprintf(m->when, sizeof(m->when), "%s", when);
	(void)snprintf(m->command, sizeof(m->command), "%.31s", is->command);
}

/* A process that was there before: has it moved? A number may have gone to another one, which has
 * fewer moves. */
static void compare(struct mon_data *d, const struct mon_proc *was, struct mon_proc *is,
		    const char *when)
{
	if (is->moves < was->moves)
		return;
	is->from = was->from;
	is->fresh = MAX(was->fresh - 1, 0);
	if (is->moves == was->moves && is->node == was->node)
		return;
	note_move(d, was, is, when);
	is->from = was->node ? was->node : d->nodes.me;
	is->fresh = MON_FRESH;
}

int mon_data_procs(struct mon_data *d, const json_t *array, const char *when,
		   const char *(*user)(int64_t uid))
{
	size_t n = MIN(json_array_size(array), (size_t)PROCS_MAX), old = 0, k = 0;
	struct mon_proc *list = calloc(MAX(n, (size_t)1), sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		read_proc(json_array_get(array, i), &list[i], user);
	qsort(list, n, sizeof(*list), by_pid);
	for (size_t i = 0; i < n; i++)
		if (list[i].pid > 0 && (!k || list[i].pid != list[k - 1].pid))
			list[k++] = list[i];
	for (size_t i = 0; i < k; i++) {
		while (old < d->n_procs && d->procs[old].pid < list[i].pid)
			old++;
		if (d->seen && old < d->n_procs && d->procs[old].pid == list[i].pid)
			compare(d, &d->procs[old], &list[i], when);
	}
	free(d->procs);
	d->procs = list;
	d->n_procs = k;
	d->seen = true;
	return 0;
}

const struct mon_move *mon_data_move(const struct mon_data *d, unsigned i)
{
	if (i >= d->n_moves || i >= MON_MOVES_KEPT)
		return NULL;
	return &d->moves[(d->n_moves - 1 - i) % MON_MOVES_KEPT];
}
