/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how a program begins as a migrant.
 *
 * DOC: The process that is connected is mosrun, which will become the program: it is made a member,
 * with what it was told written into its place in the cgroup. If it shall begin elsewhere, a
 * supervisor takes hold of it, and moves it at its exec. A place that was named locks it there, unless
 * the user said otherwise; one that cannot be had is an error, or with `fallback` no more than a line. */
#include "node/ask/run_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/util.h"
#include "node/ask/ops.h"
#include "node/balance/balance.h"
#include "node/obj.h"
#include "node/peers/peers.h"
#include "node/process/homes.h"
#include "node/process/members.h"
#include "node/process/migrants.h"

static int bad(struct err *e, const char *what)
{
	return err_set(e, -EINVAL, "%s", what);
}

static int read_lock(const json_t *o, struct run_wish *w, struct err *e)
{
	const json_t *lock = json_object_get(o, "lock");
	const char *word = json_string_value(lock);

	if (!lock)
		return 0;
	w->lock_said = true;
	if (json_is_boolean(lock))
		w->wish.place = 0; /* an inherited one */
	if (json_is_boolean(lock))
		w->wish.lock = json_is_true(lock) ? MIGRANT_LOCK_LOCKED : MIGRANT_LOCK_UNLOCKED;
	else if (!word || strcmp(word, "keep") != 0)
		return bad(e, "\"lock\" is true, false or \"keep\"");
	return 0;
}

static int read_decay(const json_t *o, struct migrant_wish *w, struct err *e)
{
	const char *decay = obj_str(o, "decay");
	int64_t interval, fraction;

	if (!json_object_get(o, "decay"))
		return 0;
	w->decay = decay ? wish_decay_find(decay) : WISH_DECAY_COUNT_;
	if (w->decay == WISH_DECAY_COUNT_)
		return bad(e, "\"decay\" is \"never\", \"slow\", \"fast\" or \"own\"");
	if (w->decay != WISH_DECAY_OWN)
		return 0;
	if (obj_int(o, "decay_s", 1, 65535, &interval) < 0 ||
	    obj_int(o, "decay_fraction", 1, 999, &fraction) < 0)
		return bad(e, "\"decay_s\" is from 1 to 65535, \"decay_fraction\" from 1 to 999");
	w->interval = (uint32_t)interval;
	w->fraction = (uint32_t)fraction;
	return 0;
}

static int read_ranges(const json_t *o, struct migrant_wish *w, struct err *e)
{
	const json_t *list = json_object_get(o, "nodes"), *pair;
	size_t i;

	if (!list)
		return 0;
	if (!json_array_size(list) || json_array_size(list) > WISH_RANGES_MAX)
		return bad(e, "\"nodes\" is an array of 1 to 12 pairs of nodes");
	w->n_ranges = 0;
	json_array_foreach(list, i, pair)
	{
		json_int_t first = json_integer_value(json_array_get(pair, 0));
		json_int_t last = json_integer_value(json_array_get(pair, 1));

		if (json_array_size(pair) != 2 || first < 1 || last < first ||
		    last > (json_int_t)NODE_ID_MAX)
			return bad(e, "\"nodes\" has pairs of nodes, the lower number first");
		w->range[w->n_ranges++] =
			(struct policy_range){ (uint32_t)first, (uint32_t)last };
	}
	return 0;
}

static int read_place(const json_t *o, struct run_wish *w, struct err *e)
{
	int64_t node = 0, memory = w->wish.memory;

	if (json_object_get(o, "node") && obj_int(o, "node", 0, NODE_ID_MAX, &node) < 0)
		return bad(e, "\"node\" must be the number of a node");
	w->node = (uint32_t)node;
	if (json_object_get(o, "memory_mib") &&
	    obj_int(o, "memory_mib", 1, WISH_MEMORY_MAX, &memory) < 0)
		return bad(e, "\"memory_mib\" is from 1 to 1073741824");
	w->wish.memory = (uint32_t)memory;
	w->best = obj_bool_or(o, "best", false);
	w->fallback = obj_bool_or(o, "fallback", false);
	return 0;
}

int run_wish_read(const json_t *o, struct run_wish *ret, struct err *e)
{
	const char *kind = obj_str(o, "kind");
	struct run_wish w = { .wish = ret->wish };
	int r = read_lock(o, &w, e);

	if (r == 0 && json_object_get(o, "kind")) {
		w.wish.hint = kind ? wish_hint_find(kind) : POLICY_HINT_COUNT_;
		if (w.wish.hint == POLICY_HINT_COUNT_)
			r = bad(e, "\"kind\" is \"cpu\" or \"io\"");
	}
	if (r == 0)
		r = read_decay(o, &w.wish, e);
	if (r == 0)
		r = read_ranges(o, &w.wish, e);
	if (r == 0)
		r = read_place(o, &w, e);
	if (r == 0)
		*ret = w;
	return r;
}

/* A program that begins. */
struct run {
	struct ask *a;
	struct run_wish w;
	struct migrant_wish inherited; /* with what was said, but no lock because of a place */
	struct migrant *m;
};

static void answer_home(struct run *run, const char *because)
{
	struct ask *a = run->a;
	json_t *o = json_pack("{sbsisI}", "ok", 1, "pid", (int)run->m->pid, "node",
			      (json_int_t)a->d->site.me);

	if (because)
		(void)json_object_set_new(o, "fallback", obj_text(because));
	ask_done(a, o);
}

/* It does not begin where it should. Frees @run. */
static void not_there(struct run *run, const char *code, const char *why)
{
	struct err e = ERR_INIT;

	/* A lock was for the place only: at home it may go anywhere. */
	(void)migrant_set_wish(run->a->d->members, run->m, &run->inherited, &e);
	if (run->w.fallback)
		answer_home(run, why);
	else
		ask_fail(run->a, code, "%s", why);
	free(run);
}

static void on_attached(void *data, struct migrant *m, const struct move *mv)
{
	struct run *run = data;
	struct ask *a = run->a;

	if (!mv->ok) {
		not_there(run, mv->code[0] ? mv->code : "failed", mv->error);
		return;
	}
	ask_done(a, json_pack("{sbsisIsb}", "ok", 1, "pid", (int)m->pid, "node", (json_int_t)mv->to,
			      "moves_at_exec", mv->to != a->d->site.me));
	free(run);
}

/* One of the nodes of the list that are there, each as likely as another. Return: 0, -ENOENT. */
static int draw(const struct run *run, uint32_t *ret, struct err *e)
{
	const struct migrant_wish *w = &run->w.wish;
	const struct mosd *d = run->a->d;
	uint32_t chosen = 0, n = 0, random;

	for (const struct member *m = peers_next(d->peers, NULL); m; m = peers_next(d->peers, m)) {
		if (!wish_allows(w, m->node) ||
		    (m->node != d->site.me && peers_check(d->peers, m->node, NULL) < 0))
			continue;
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return err_set(e, -EIO, "no random numbers");
		if (random % ++n == 0)
			chosen = m->node;
	}
	if (!n && wish_allows(w, d->site.me)) /* alone */
		chosen = d->site.me;
	if (!chosen)
		return err_reason(e, -ENOENT, "no-node",
				  "none of these nodes is up and takes guests: `mosctl nodes` shows which do%s",
				  run->w.fallback ? "" : "; with -F it runs at home");
	*ret = chosen;
	return 0;
}

/* Where it shall begin; 0: at home. Return: 0 or -errno. */
static int find_place(const struct run *run, bool listed, uint32_t *ret, struct err *e)
{
	struct mosd *d = run->a->d;
	uint32_t node = run->w.node;
	int r = 0;

	if (!node && listed)
		r = draw(run, &node, e);
	else if (!node && (run->w.best || run->w.wish.memory) &&
		 run->m->wish.lock != MIGRANT_LOCK_LOCKED)
		node = balance_place(d, run->m, run->w.best).v;
	if (r < 0)
		return r;
	if (node == d->site.me)
		node = 0;
	r = node ? peers_check(d->peers, node, e) : 0;
	if (r == 0)
		*ret = node;
	return r;
}

/* Sends it to @node, which is not home. Frees @run, now or later. */
static void begin_at(struct run *run, const struct proc_id *id, uint32_t node)
{
	struct mosd *d = run->a->d;
	struct err e = ERR_INIT;
	bool placed = !run->w.node && !run->w.wish.n_ranges;
	const struct home_wish w = { .node = node,
				     .at_exec = true,
				     .ordered = !placed,
				     .memory = (uint64_t)run->w.wish.memory << 10,
				     .cause = placed ? policy_reason_names[POLICY_PLACE] : NULL };
	char why[ERR_MSG_MAX + 64];
	int r = home_check(d, id, node, &e);

	if (r == 0)
		r = home_move_as(d, run->m, &w, on_attached, run, &e);
	if (r == 0)
		return;
	if (placed)
		balance_ended(d, run->m, r);
	run->w.fallback |= placed; /* nobody named that node */
	(void)snprintf(why, sizeof(why), "%s%s", err_str(&e, r),
		       strcmp(e.reason, "privileged") ? "" : "; run it as an ordinary user");
	not_there(run, e.reason[0] ? e.reason : "failed", why);
}

/* Frees @run, now or later. */
static void begin(struct run *run, struct proc_id *id, bool listed)
{
	struct mosd *d = run->a->d;
	struct migrant_wish w = run->w.wish;
	struct err e = ERR_INIT;
	uint32_t node = 0;
	int r;

	if ((run->w.node || listed) && !run->w.lock_said)
		w.lock = MIGRANT_LOCK_LOCKED;
	if (run->w.node || listed)
		w.place = 0;
	r = migrant_set_wish(d->members, run->m, &w, &e);
	if (r == 0)
		r = find_place(run, listed, &node, &e);
	if (r == 0 && node && w.lock == MIGRANT_LOCK_LOCKED) {
		w.place = node;
		r = migrant_set_wish(d->members, run->m, &w, &e);
	}
	if (r < 0) {
		not_there(run, e.reason[0] ? e.reason : "failed", err_str(&e, r));
		return;
	}
	if (node) {
		begin_at(run, id, node);
		return;
	}
	answer_home(run, NULL);
	free(run);
}

void op_run(struct ask *a, const json_t *o)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct err e = ERR_INIT;
	struct run_wish w = { 0 };
	struct run *run;
	struct migrant *m;
	int r;

	r = a->cred.pid > 0 ? proc_id_read(a->cred.pid, &id) : -ESRCH;
	if (r < 0) {
		ask_fail(a, "no-process",
			 "mosd cannot see the process that asks: is it in another "
			 "pid namespace?");
		return;
	}
	m = migrants_find(a->d->migrants, id.stat.pid, id.stat.start);
	if (m)
		w.wish = m->wish;
	else
		members_wish(a->d->members, id.stat.pid, &w.wish);
	r = run_wish_read(o, &w, &e);
	if (r < 0) {
		ask_fail(a, "bad-request", "%s", e.msg);
		return;
	}
	r = members_add(a->d->members, id.stat.pid, &w.wish, &e);
	if (r < 0) {
		ask_fail(a, "failed", "%s", err_str(&e, r));
		return;
	}
	m = migrants_get(a->d->migrants, &id, MIGRANT_MOSRUN);
	run = m ? calloc(1, sizeof(*run)) : NULL;
	if (!run) {
		ask_fail(a, "failed", "out of memory");
		return;
	}
	m->how = MIGRANT_MOSRUN;
	*run = (struct run){ .a = a, .w = w, .inherited = w.wish, .m = m };
	begin(run, &id, json_object_get(o, "nodes") != NULL);
}

static void set_lock(struct ask *a, const json_t *o, bool lock)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct migrant_wish w;
	struct err e = ERR_INIT;
	struct migrant *m;
	pid_t pid;
	int r;

	if (ops_find_process(a, o, &id) < 0)
		return;
	pid = id.stat.pid;
	m = migrants_get(a->d->migrants, &id,
			 members_has(a->d->members, pid) ? MIGRANT_CHILD : MIGRANT_ADOPTED);
	if (!m) {
		ask_fail(a, "failed", "out of memory");
		return;
	}
	w = m->wish;
	w.lock = lock ? MIGRANT_LOCK_LOCKED : MIGRANT_LOCK_UNLOCKED;
	w.place = lock ? m->node : 0;
	r = migrant_set_wish(a->d->members, m, &w, &e);
	if (r < 0)
		ask_fail(a, "failed", "%s", err_str(&e, r));
	else
		ask_done(a, json_pack("{sbsisssIsI}", "ok", 1, "pid", (int)pid, "lock",
				      migrant_lock_str(w.lock), "node", (json_int_t)m->node, "home",
				      (json_int_t)a->d->site.me));
}

void op_lock(struct ask *a, const json_t *o)
{
	const json_t *value = json_object_get(o, "value");

	if (json_is_boolean(value))
		set_lock(a, o, json_is_true(value));
	else
		ask_fail(a, "bad-request", "\"value\" is true or false");
}

void op_unlock(struct ask *a, const json_t *o)
{
	set_lock(a, o, false);
}
