/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between the world and src/policy, as mosd does between machines and src/policy. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "sim/world.h"

#define REFUSAL_TIME 0.01 /* s until a home hears that it was refused */

static int64_t ns(double seconds)
{
	return (int64_t)(seconds * 1e9);
}

static uint32_t thousandths(double x)
{
	return (uint32_t)(MAX(x, 0.0) * 1000 + 0.5);
}

static void see(const struct world *w, uint32_t me, uint32_t other, struct policy_node *ret)
{
	const struct node *n = &w->nodes[other];
	uint32_t told = w->views[(size_t)me * w->n_nodes + other];
	const struct record *r = &n->history[told % HISTORY];
	bool old = told == NEVER || n->told - told >= HISTORY;
	struct record now = { .time = w->time,
			      .runnable = n->runnable,
			      .native = n->native,
			      .free = node_free(n),
			      .flags = n->flags };

	if (me == other)
		r = &now;
	*ret = (struct policy_node){
		.node = { other + 1 },
		.me = me == other,
		.alive = n->alive && !old,
		.compatible = true,
		.flags = r->flags,
		.age = old ? INT64_MAX : ns(w->time - r->time),
		.speed = thousandths(n->speed * 10),
		.cpus = thousandths(n->cpus),
		.runnable = thousandths(r->runnable),
		.native = thousandths(r->native),
		.mem_total = (uint64_t)n->memory,
		.mem_free = (uint64_t)MAX(r->free, 0.0),
		.guests = r->guests,
		.guests_max = 1000,
		.rtt = ns(w->rtt),
		.link = (uint64_t)w->link,
	};
}

static void describe(const struct world *w, const struct job *j, struct policy_process *ret)
{
	*ret = (struct policy_process){
		.id = j->id,
		.at = { j->at + 1 },
		.busy = j->state == JOB_MOVES,
		.locked = j->locked,
		.hint = j->hint,
		.use = thousandths(j->use),
		.wants = thousandths(j->wants),
		.calls = (uint32_t)j->called,
		.moves = j->moves,
		.used = ns(j->used),
		.arrived = ns(j->arrived),
		.memory = (uint64_t)j->memory,
	};
}

static uint64_t chance(void *ctx)
{
	return random_next(ctx);
}

static struct policy_input look(struct world *w, uint32_t me)
{
	struct policy_input in = { .now = ns(w->time),
				   .nodes = w->known,
				   .n_nodes = w->n_nodes,
				   .processes = w->ours,
				   .random = chance,
				   .random_ctx = &w->random };

	for (uint32_t i = 0; i < w->n_nodes; i++)
		see(w, me, i, &w->known[i]);
	for (const struct job *j = w->nodes[me].own; j; j = j->home_next) {
		if (!j->native)
			describe(w, j, &w->ours[in.n_processes++]);
	}
	return in;
}

static bool admitted(struct world *w, struct job *j, const struct policy_decision *d, int *ret)
{
	struct node *n = &w->nodes[d->to.v - 1];
	struct policy_under_way u = { n->coming, thousandths(n->coming_tasks + n->fresh) };
	struct policy_arrival a = { .memory = (uint64_t)j->memory,
				    .wants = thousandths(j->wants),
				    .load_limit = w->load_check ? d->load_limit : 0 };
	struct policy_node me;

	see(w, d->to.v - 1, d->to.v - 1, &me);
	*ret = n->alive ? 0 : -EHOSTUNREACH;
	if (!*ret && j->home != d->to.v - 1)
		*ret = policy_admit(n->policy, &w->conf, &me, &u, &a, NULL);
	n->refused += *ret != 0;
	return !*ret;
}

static void count_move(struct world *w, struct job *j, const struct policy_decision *d)
{
	uint32_t to = d->to.v - 1;
	bool load = d->reason == POLICY_BALANCE || d->reason == POLICY_COME_HOME;

	if (load && j->moves && j->came_from == to && w->time - j->moved < 60) {
		w->returns++;
		w->flaps += j->moves > 1 && j->before == j->at;
		w->hasty += w->time - j->moved < (double)w->conf.residency / 1e9;
	}
	j->before = j->came_from;
	j->came_from = j->at;
	j->moved = w->time;
	j->moves++;
	j->moves_by[d->reason]++;
	w->moves++;
	w->moves_by[d->reason]++;
}

static void begin_move(struct world *w, struct job *j, const struct policy_decision *d)
{
	struct node *from = &w->nodes[j->at], *to = &w->nodes[d->to.v - 1];
	char text[400];
	int err;

	if (w->trace)
		printf("%9.2f  job %-4ju %s\n", w->time, (uintmax_t)j->id,
		       policy_explain(d, text, sizeof(text)));
	if (!admitted(w, j, d, &err)) {
		policy_moved(w->nodes[j->home].policy, &w->conf, ns(w->time + REFUSAL_TIME), j->id,
			     err);
		return;
	}
	count_move(w, j, d);
	from->leaving++;
	to->coming++;
	to->coming_tasks += j->wants;
	to->coming_memory += j->memory;
	j->state = JOB_MOVES;
	j->to = d->to.v - 1;
	j->move_end = w->time + (double)w->conf.move_fixed / 1e9 +
		      j->memory * 1024 / w->link * from->leaving;
	from->held += j->memory;
	job_leave(j);
	j->move_next = w->movers;
	w->movers = j;
}

void mind_step(struct world *w, uint32_t me)
{
	struct policy_input in;
	struct policy_conf conf = w->conf;
	struct policy_decision go[64];
	int n;

	if (!w->balance || !w->nodes[me].own)
		return;
	in = look(w, me);
	conf.bring = w->nodes[me].bring;
	n = policy_balance(w->nodes[me].policy, &conf, &in, go, ARRAY_SIZE(go), w->why);
	if (n < 0) {
		printf("policy_balance: %d\n", n);
		abort();
	}
	for (int i = 0; i < n; i++)
		begin_move(w, w->jobs[go[i].id - 1], &go[i]);
}

void mind_place(struct world *w, struct job *j)
{
	struct policy_input in = look(w, j->home);
	struct policy_program p = { .id = j->id };
	struct policy_decision d;

	if (policy_place(w->nodes[j->home].policy, &w->conf, &in, &p, &d) < 0)
		abort();
	if (d.to.v - 1 == j->home)
		return;
	policy_moved(w->nodes[j->home].policy, &w->conf, ns(w->time), j->id, 0);
	job_leave(j);
	job_enter(w, j, d.to.v - 1);
}

static void arrive(struct world *w, struct job *j)
{
	struct node *to = &w->nodes[j->to], *from = &w->nodes[j->at];

	from->leaving--;
	from->held -= j->memory;
	to->coming--;
	to->coming_tasks -= j->wants;
	to->fresh += j->wants;
	to->coming_memory -= j->memory;
	to->received++;
	j->state = JOB_RUNS;
	j->arrived = w->time;
	job_enter(w, j, j->to);
	to->pushed += j->home != j->to &&
		      node_free(to) < (double)policy_reserve(&w->conf, (uint64_t)to->memory);
	policy_moved(w->nodes[j->home].policy, &w->conf, ns(w->time), j->id, 0);
}

void mind_arrivals(struct world *w)
{
	struct job *j, **at = &w->movers;

	while ((j = *at)) {
		if (j->move_end > w->time) {
			at = &j->move_next;
			continue;
		}
		*at = j->move_next;
		arrive(w, j);
	}
}
