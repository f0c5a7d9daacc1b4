/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how the policy is fed, and how its decisions are carried out.
 *
 * DOC: once a second the nodes are taken from gossip and the processes from the members of this node's
 * cgroup and its records; policy_balance() says which move. A decision is filed as a move like any
 * other, under the name of its reason, and its end is reported back. What came of each process is
 * kept until the next time, for `mosctl why`. */
#include "node/balance/balance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/balance/decisions.h"
#include "node/balance/view.h"
#include "node/beat.h"
#include "node/figures/usage.h"
#include "node/peers/peers.h"
#include "node/process/check.h"
#include "node/process/homes.h"
#include "node/process/members.h"

#define PROCESSES_MAX 4096U
#define MOVES_MAX     16U
#define PID_BITS      22U /* the kernel's greatest process number has that many */

struct looked_at {
	pid_t pid;
	uid_t uid;
	uint64_t start;
	char comm[64];
	char against[24]; /* a word why it cannot leave; the policy points to it */
};

struct balance {
	struct mosd *d;
	struct policy *policy;
	struct policy_conf conf;
	struct decisions *decisions;
	struct usage *usage;
	bool pressed;
	/* the last round; what came of process[i] is why[i] */
	struct policy_node *nodes;
	size_t n_nodes;
	struct looked_at *looked;
	struct policy_process *process;
	struct migrant_wish *wish; /* the processes point into it */
	struct policy_decision *why;
	size_t n;
};

static node_id place_of(const struct mosd *d, const struct migrant *m)
{
	return (node_id){ m && m->node ? m->node : d->site.me };
}

static uint64_t id_of(pid_t pid, uint64_t start)
{
	return start << PID_BITS | (uint64_t)pid;
}

static uint64_t random_bits(void *ctx)
{
	uint64_t v = 0;

	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		v = (uint64_t)mono_now() * 0x9e3779b97f4a7c15ULL;
	return v;
}

/* When it began to run where it is, on the monotonic clock. */
static int64_t arrived_at(const struct migrant *m, int64_t age, int64_t now)
{
	double since = -1;

	for (unsigned i = m && m->moves ? m->moves->n : 0; i-- > 0 && since < 0;) {
		const struct move *mv = moves_get(m->moves, i);

		if (mv->ok && mv->from != mv->to)
			since = (double)clock_now(CLOCK_REALTIME) / NSEC_PER_SEC - mv->wall;
	}
	if (since < 0)
		return now - age;
	return now - (int64_t)(since * (double)NSEC_PER_SEC);
}

static const char *why_not(struct mosd *d, const struct proc_id *id, const struct migrant *m,
			   char word[static 24])
{
	struct err e = ERR_INIT;

	if (m && (m->home || m->node))
		return NULL; /* has a supervisor: what is against a move it knows itself */
	if (proc_runs_program(id->stat.pid, "mosrun"))
		return "mosrun";
	if (home_check(d, id, 0, &e) == 0)
		return NULL;
	(void)snprintf(word, sizeof(e.reason), "%s", e.reason[0] ? e.reason : "failed");
	return word;
}

static void take_process(struct balance *b, pid_t pid)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct mosd *d = b->d;
	struct policy_process *p = &b->process[b->n];
	struct looked_at *l = &b->looked[b->n];
	int64_t now = mono_now();
	struct migrant_wish *w = &b->wish[b->n];
	struct usage_now u;
	struct migrant *m;

	if (b->n == PROCESSES_MAX || proc_id_read(pid, &id) < 0 || id.stat.state == 'Z')
		return;
	m = migrants_find(d->migrants, pid, id.stat.start);
	if (m)
		*w = m->wish;
	else
		members_wish(d->members, pid, w);
	usage_look(b->usage, &id, m, wish_lasts(w), &u);
	*l = (struct looked_at){ .pid = pid, .uid = id.status.uid[0], .start = id.stat.start };
	(void)snprintf(l->comm, sizeof(l->comm), "%s", id.stat.comm);
	*p = (struct policy_process){
		.id = id_of(pid, id.stat.start),
		.at = place_of(d, m),
		.busy = m && m->request,
		.locked = w->lock == MIGRANT_LOCK_LOCKED,
		.place = { w->place },
		.hint = (uint8_t)w->hint,
		.wanted = (uint64_t)w->memory << 10,
		.allowed = w->n_ranges ? w->range : NULL,
		.n_allowed = w->n_ranges,
		.use = u.use,
		.wants = u.wants,
		.calls = u.calls,
		.moves = m && m->moves ? (uint32_t)MIN(m->moves->count, (uint64_t)UINT32_MAX) : 0,
		.used = u.used,
		.memory = u.memory,
		.arrived = arrived_at(m, u.age, now),
		.forbidden = why_not(d, &id, m, l->against),
	};
	b->n++;
}

static void take_pid(pid_t pid, void *data)
{
	take_process(data, pid);
}

static int by_id(const void *x, const void *y)
{
	const struct policy_process *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* Those of the last round that are no more: they do not count where they ran. */
static void tell_ended(struct balance *b, const struct policy_process *before, size_t n)
{
	struct policy_process *now = malloc((b->n + 1) * sizeof(*now));

	if (!now)
		return;
	memcpy(now, b->process, b->n * sizeof(*now));
	qsort(now, b->n, sizeof(*now), by_id);
	for (size_t i = 0; i < n; i++)
		if (!bsearch(&before[i], now, b->n, sizeof(*now), by_id))
			policy_ended(b->policy, mono_now(), before[i].id, before[i].at, before[i].wants);
	free(now);
}

/* The members of the cgroup, and those that were adopted. */
static void take_processes(struct balance *b)
{
	struct policy_process *before = malloc((b->n + 1) * sizeof(*before));
	size_t n = before ? b->n : 0;
	struct mosd *d = b->d;

	if (n)
		memcpy(before, b->process, n * sizeof(*before));
	b->n = 0;
	if (!members_none(d->members))
		(void)members_for_each(d->members, take_pid, b);
	for (struct migrant *m = migrants_first(d->migrants); m; m = m->next)
		if (!m->ended && !m->exited && (m->node || m->how == MIGRANT_ADOPTED) &&
		    !members_has(d->members, m->pid))
			take_process(b, m->pid);
	usage_sweep(b->usage);
	tell_ended(b, before, n);
	free(before);
}

static void on_done(void *data, struct migrant *m, const struct move *mv)
{
	/* The history has it; balance_ended() has heard. */
}

/* A move that was decided could not even begin. */
static void not_begun(struct balance *b, const struct policy_decision *d, const struct err *e, int r)
{
	log_debug("process %d is not moved: %s", (int)(d->id & ((1U << PID_BITS) - 1)), err_str(e, r));
	policy_moved(b->policy, &b->conf, mono_now(), d->id, r < 0 ? r : -EIO);
}

static void carry_out(struct balance *b, const struct policy_decision *d)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	pid_t pid = (pid_t)(d->id & ((1U << PID_BITS) - 1));
	const struct home_wish w = {
		.node = d->to.v,
		.cause = policy_reason_names[d->reason],
		.ordered = d->reason == POLICY_USHER || d->reason == POLICY_EXPEL_HOST,
		.memory = d->memory,
		.load_limit = d->load_limit,
	};
	struct err e = ERR_INIT;
	struct migrant *m;
	int r = proc_id_read(pid, &id);

	if (r == 0 && id.stat.start != d->id >> PID_BITS)
		r = -ESRCH;
	if (r < 0) {
		not_begun(b, d, &e, r);
		return;
	}
	m = migrants_get(b->d->migrants, &id,
			 members_has(b->d->members, pid) ? MIGRANT_CHILD : MIGRANT_ADOPTED);
	r = m ? 0 : err_set(&e, -ENOMEM, "out of memory");
	if (r == 0)
		decisions_note(b->decisions, pid, id.status.uid[0], id.stat.comm, d);
	if (r == 0)
		r = home_move_as(b->d, m, &w, on_done, NULL, &e);
	if (r < 0)
		not_begun(b, d, &e, r);
}

static void look_at_memory(struct balance *b)
{
	struct policy_under_way u = { 0 };
	struct policy_node me = view_own(b->d, &u);
	bool pressed = policy_pressed(b->policy, &b->conf, mono_now(), &me, 0);

	if (pressed != b->pressed)
		log_info("memory is %s: %llu MiB of %llu are free", pressed ? "short" : "enough again",
			 (unsigned long long)me.mem_free >> 10, (unsigned long long)me.mem_total >> 10);
	b->pressed = pressed;
}

static int take_nodes(struct balance *b, int64_t now)
{
	struct policy_node *nodes;
	size_t n;
	int r = b->d->peers ? view_nodes(b->d, now, &nodes, &n) : -ENOTCONN;

	if (r < 0)
		return r;
	free(b->nodes);
	b->nodes = nodes;
	b->n_nodes = n;
	return 0;
}

static void on_second(void *data)
{
	struct balance *b = data;
	struct policy_decision moves[MOVES_MAX];
	struct policy_input in = { .now = mono_now(), .random = random_bits };
	int n;

	decisions_sweep(b->decisions);
	look_at_memory(b);
	take_processes(b);
	if (take_nodes(b, in.now) < 0)
		return;
	in.nodes = b->nodes;
	in.n_nodes = b->n_nodes;
	in.processes = b->process;
	in.n_processes = b->n;
	b->conf.bring = false; /* mosctl bring asks each home itself */
	n = policy_balance(b->policy, &b->conf, &in, moves, MOVES_MAX, b->why);
	if (n < 0)
		log_debug("no decision: %s", strerror(-n));
	for (int i = 0; i < n; i++)
		carry_out(b, &moves[i]);
}

int balance_create(struct mosd *d, struct balance **ret, struct err *e)
{
	struct balance *b = calloc(1, sizeof(*b));

	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	b->d = d;
	policy_conf_init(&b->conf);
	b->conf.balance = d->site.conf.balance;
	b->conf.usher = d->site.conf.usher;
	b->decisions = decisions_create();
	b->usage = usage_create();
	b->looked = calloc(PROCESSES_MAX, sizeof(*b->looked));
	b->process = calloc(PROCESSES_MAX, sizeof(*b->process));
	b->wish = calloc(PROCESSES_MAX, sizeof(*b->wish));
	b->why = calloc(PROCESSES_MAX, sizeof(*b->why));
	if (policy_create(&b->policy) < 0 || !b->decisions || !b->usage || !b->looked || !b->process ||
	    !b->wish || !b->why) {
		balance_destroy(b);
		return err_set(e, -ENOMEM, "out of memory");
	}
	beat_join(d->beat, BEAT_BALANCE, on_second, b);
	*ret = b;
	return 0;
}

void balance_destroy(struct balance *b)
{
	if (!b)
		return;
	beat_leave(b->d->beat, BEAT_BALANCE);
	decisions_destroy(b->decisions);
	policy_destroy(b->policy);
	usage_destroy(b->usage);
	free(b->nodes);
	free(b->looked);
	free(b->process);
	free(b->wish);
	free(b->why);
	free(b);
}

void balance_sent(struct mosd *d, const struct migrant *m, uint32_t to)
{
	struct balance *b = d->balance;
	uint64_t id = id_of(m->pid, m->start);

	for (size_t i = 0; b && i < b->n; i++)
		if (b->process[i].id == id)
			policy_sent(b->policy, mono_now(), id, (node_id){ m->node ? m->node : d->site.me },
				    (node_id){ to ? to : d->site.me }, b->process[i].wants,
				    b->process[i].memory);
}

void balance_ended(struct mosd *d, const struct migrant *m, int result)
{
	if (d->balance)
		policy_moved(d->balance->policy, &d->balance->conf, mono_now(),
			     id_of(m->pid, m->start), result);
}

node_id balance_place(struct mosd *d, const struct migrant *m, bool best)
{
	struct balance *b = d->balance;
	struct policy_input in = { .now = mono_now(), .random = random_bits };
	struct policy_program p = { .id = id_of(m->pid, m->start),
				    .memory = (uint64_t)m->wish.memory << 10,
				    .best = best,
				    .hint = (uint8_t)m->wish.hint,
				    .allowed = m->wish.n_ranges ? m->wish.range : NULL,
				    .n_allowed = m->wish.n_ranges };
	struct policy_decision to;

	if (take_nodes(b, in.now) < 0)
		return NODE_ID_NONE;
	in.nodes = b->nodes;
	in.n_nodes = b->n_nodes;
	in.processes = b->process;
	in.n_processes = b->n;
	if (policy_place(b->policy, &b->conf, &in, &p, &to) < 0)
		return NODE_ID_NONE;
	if (to.to.v && to.to.v != d->site.me)
		decisions_note(b->decisions, m->pid, m->uid, m->comm, &to);
	return to.to;
}

int balance_admit(struct mosd *d, const struct policy_arrival *a, struct err *e)
{
	struct policy_under_way u = { 0 };
	struct policy_node me = view_own(d, &u);

	return policy_admit(d->balance->policy, &d->balance->conf, &me, &u, a, e);
}

unsigned balance_flags(const struct mosd *d)
{
	return d->balance && d->balance->pressed ? INFO_PRESSED : 0;
}

json_t *balance_why(const struct mosd *d, const struct proc_id *id, const struct migrant *m)
{
	const struct balance *b = d->balance;

	for (size_t i = 0; b && d->peers && i < b->n; i++)
		if (b->looked[i].pid == id->stat.pid && b->looked[i].start == id->stat.start &&
		    b->process[i].at.v == place_of(d, m).v)
			return decision_json(&b->why[i]);
	return NULL;
}

json_t *balance_decided(const struct mosd *d, pid_t pid)
{
	return decisions_of(d->balance->decisions, pid);
}

void balance_tell(struct ask *a, bool follow)
{
	decisions_tell(a->d->balance->decisions, a, follow);
}
