/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how records look to the tools. umosix-control(7) documents each field. */
#include "node/ask/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "node/ask/control.h"
#include "node/ask/lever_ops.h"
#include "node/balance/balance.h"
#include "node/figures/measure.h"
#include "node/listen.h"
#include "node/obj.h"
#include "node/peers/discover.h"
#include "node/peers/peers.h"
#include "node/process/adoption.h"
#include "node/process/check.h"
#include "node/process/guests.h"
#include "node/process/homes.h"
#include "node/process/members.h"
#include "node/site/levers.h"

#ifndef MOS_VERSION
#define MOS_VERSION "unknown"
#endif

static void put(json_t *o, const char *name, json_t *v)
{
	(void)json_object_set_new(o, name, v);
}

static void put_int(json_t *o, const char *name, uint64_t v)
{
	put(o, name, json_integer((json_int_t)v));
}

static json_t *streams_json(const struct listener *l)
{
	const struct listener_counts *c = listener_counts(l);
	json_t *o = json_object();

	put_int(o, "accepted", c->accepted);
	put_int(o, "handed_on", c->handed_on);
	put_int(o, "bad_preamble", c->bad_preamble);
	put_int(o, "unknown_token", c->unknown_token);
	put_int(o, "timed_out", c->timed_out);
	put_int(o, "crowded_out", c->crowded_out);
	put_int(o, "failed", c->failed);
	return o;
}

static json_t *nodes_json(const struct mosd *d)
{
	json_t *list = site_nodes_json(&d->site), *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		int64_t node = obj_int_or(o, "node", 1, NODE_ID_MAX, 0);
		const struct member *m = peers_find(d->peers, (uint32_t)node);

		if (m)
			put(o, "state", json_string(member_state_str(m->state)));
	}
	return list;
}

json_t *report_status(struct mosd *d, uid_t caller)
{
	json_t *o = json_object(), *guests = guests_json(d->guests);
	unsigned away = 0, moving = 0;

	for (const struct migrant *m = migrants_first(d->migrants); m; m = m->next) {
		away += m->node && !m->ended;
		moving += m->request != NULL;
	}
	put(o, "ok", json_true());
	put(o, "version", json_string(MOS_VERSION));
	put_int(o, "pid", (uint64_t)getpid());
	put_int(o, "node", d->site.me);
	put(o, "since", json_real(d->since));
	put(o, "networked", json_boolean(d->site.networked));
	if (!d->site.networked)
		put(o, "alone_because", obj_text(d->site.alone_why));
	put(o, "warnings", adoption_warnings(d));
	put(o, "self", measure_json(d->measure, levers_speed(d)));
	put_int(o, "port", d->site.conf.port);
	put(o, "map", obj_text(d->site.map_path));
	put(o, "members", json_string(d->site.conf.by_key ? "key" : "map"));
	put_int(o, "node_count", roster_count(d->site.roster));
	put(o, "nodes", nodes_json(d));
	put(o, "members_by", json_string(members_way(d->members)));
	put(o, "block", json_boolean(levers_flags(d) & INFO_BLOCK));
	put(o, "flags", levers_json(d));
	put_int(o, "speed_set", levers_speed(d));
	put_int(o, "guests_max", d->site.conf.guest_ids_count / CONF_IDS_EACH);
	put_int(o, "guest_count", guests_count(d->guests));
	put_int(o, "away", away);
	put_int(o, "moving", moving);
	put_int(o, "clients", control_clients(d->control));
	put_int(o, "not_yours", d->not_yours.count);
	put_int(o, "unbelieved", d->unbelieved.count);
	if (!caller) /* whose processes they are is not every user's business */
		put(o, "guests", guests);
	else
		json_decref(guests);
	if (d->listener)
		put(o, "streams", streams_json(d->listener));
	if (d->peers)
		put(o, "datagrams", peers_json(d->peers));
	if (d->discover)
		put(o, "discovery", discover_json(d->discover));
	return o;
}

json_t *report_move(const struct move *mv)
{
	json_t *o = json_object();

	put(o, "time", json_real(mv->wall));
	put(o, "ok", json_boolean(mv->ok));
	put_int(o, "from", mv->from);
	put_int(o, "to", mv->to);
	put_int(o, "epoch", mv->epoch);
	put_int(o, "bytes", mv->bytes);
	put_int(o, "freeze_us", mv->freeze_us);
	put_int(o, "total_us", mv->total_us);
	put(o, "cause", obj_text(mv->cause));
	if (!mv->ok) {
		put(o, "code", obj_text(mv->code[0] ? mv->code : "failed"));
		put(o, "error", obj_text(mv->error));
	}
	return o;
}

static uint64_t ticks_us(uint64_t ticks)
{
	return ticks * 1000000U / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void put_wish(json_t *o, const struct migrant_wish *w)
{
	json_t *ranges = json_array();

	put(o, "lock", json_string(migrant_lock_str(w->lock)));
	if (w->hint != POLICY_HINT_NONE)
		put(o, "kind", json_string(wish_hint_str(w->hint)));
	if (w->decay != WISH_DECAY_NONE)
		put(o, "decay", json_string(wish_decay_str(w->decay)));
	if (w->decay == WISH_DECAY_OWN) {
		put_int(o, "decay_s", w->interval);
		put_int(o, "decay_fraction", w->fraction);
	}
	if (w->memory)
		put_int(o, "memory_mib", w->memory);
	for (unsigned i = 0; i < w->n_ranges; i++)
		(void)json_array_append_new(ranges, json_pack("[II]", (json_int_t)w->range[i].first,
							      (json_int_t)w->range[i].last));
	if (w->n_ranges)
		put(o, "nodes", json_incref(ranges));
	json_decref(ranges);
}

/* @m may be NULL: a member that never moved. */
static json_t *process_json(const struct proc_id *id, const struct migrant *m,
			    const struct migrant_wish *wish)
{
	const struct proc_stat *s = &id->stat;
	char args[1024], tty[32], state[2] = { s->state, '\0' };
	json_t *o = json_object();

	proc_tty_name(s->tty, tty, sizeof(tty));
	proc_read_args(s->pid, s->comm, args, sizeof(args));
	put_int(o, "pid", (uint64_t)s->pid);
	put_int(o, "ppid", (uint64_t)s->ppid);
	put_int(o, "uid", id->status.uid[0]);
	put(o, "tty", json_string(tty));
	put(o, "state", obj_text(state));
	put_int(o, "node", m ? m->node : 0);
	put_int(o, "cpu_us", ticks_us(s->utime + s->stime));
	put_int(o, "away_cpu_us",
		m && m->counters ? (uint64_t)obj_int_or(m->counters, "away_cpu_us", 0, INT64_MAX, 0)
				 : 0);
	put_int(o, "rss_kib", id->status.rss_kib);
	put(o, "comm", obj_text(s->comm));
	put(o, "args", obj_text(args));
	put(o, "how", json_string(migrant_how_str(m ? m->how : MIGRANT_CHILD)));
	put_wish(o, wish);
	put(o, "moving", json_boolean(m && m->request));
	put_int(o, "moves", m && m->moves ? m->moves->count : 0);
	return o;
}

struct ps {
	struct mosd *d;
	uid_t caller;
	bool all;
	json_t *list;
};

static void ps_add(struct ps *ps, pid_t pid, struct migrant *m)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct migrant_wish wish;

	if (proc_id_read(pid, &id) < 0 || !check_owner(&id.status, ps->caller))
		return;
	if (!ps->all && id.status.uid[0] != ps->caller)
		return;
	if (!m)
		m = migrants_find(ps->d->migrants, pid, id.stat.start);
	else if (m->start != id.stat.start)
		return;
	if (m && m->node) /* without waiting: the next ps shows the fresh ones */
		home_refresh(ps->d, m, NULL, NULL);
	if (!m)
		members_wish(ps->d->members, pid, &wish);
	(void)json_array_append_new(ps->list, process_json(&id, m, m ? &m->wish : &wish));
}

static void ps_member(pid_t pid, void *data)
{
	ps_add(data, pid, NULL);
}

json_t *report_ps(struct mosd *d, uid_t caller, bool all)
{
	struct ps ps = { .d = d, .caller = caller, .all = all, .list = json_array() };

	(void)members_for_each(d->members, ps_member, &ps);
	for (struct migrant *m = migrants_first(d->migrants); m; m = m->next) {
		if (m->ended || members_has(d->members, m->pid))
			continue;
		if (m->how != MIGRANT_ADOPTED || m->node || m->request || m->moves || m->by_rule)
			ps_add(&ps, m->pid, m);
	}
	return ps.list;
}

static json_t *ended_json(const struct migrant *m)
{
	json_t *o = json_object();
	int status = (int)m->ended_status;

	put(o, "time", json_real(m->ended_wall));
	put(o, "cause", obj_text(m->ended_cause));
	if (m->ended_error[0])
		put(o, "error", obj_text(m->ended_error));
	if (m->ended_status >= 0 && WIFSIGNALED(status))
		put_int(o, "signal", (uint64_t)WTERMSIG(status));
	else if (m->ended_status >= 0 && WIFEXITED(status))
		put_int(o, "status", (uint64_t)WEXITSTATUS(status));
	return o;
}

static void put_record(json_t *o, const struct migrant *m)
{
	json_t *moves = json_array();

	for (unsigned i = 0; m->moves && i < m->moves->n; i++)
		(void)json_array_append_new(moves, report_move(moves_get(m->moves, i)));
	put_int(o, "epoch", m->epoch);
	put_int(o, "move_count", m->moves ? m->moves->count : 0);
	put(o, "moves", moves);
	if (m->counters)
		put(o, "counters", json_deep_copy(m->counters));
	if (m->ended)
		put(o, "ended", ended_json(m));
}

json_t *report_why(struct mosd *d, const struct proc_id *id, const struct migrant *m)
{
	json_t *o = json_object();
	struct migrant_wish wish;
	struct err e = ERR_INIT;
	json_t *balance, *adoption;

	put(o, "ok", json_true());
	put_int(o, "home", d->site.me);
	put_int(o, "pid", (uint64_t)(m ? m->pid : id->stat.pid));
	put_int(o, "uid", m ? m->uid : id->status.uid[0]);
	put(o, "comm", obj_text(id ? id->stat.comm : m->comm));
	put_int(o, "node", m ? m->node : 0);
	if (!m)
		members_wish(d->members, id->stat.pid, &wish);
	put_wish(o, m ? &m->wish : &wish);
	put(o, "how",
	    m					    ? json_string(migrant_how_str(m->how))
	    : members_has(d->members, id->stat.pid) ? json_string("child")
						    : json_null());
	put(o, "moving", json_boolean(m && m->request));
	if (m)
		put_record(o, m);
	put(o, "decisions", balance_decided(d, m ? m->pid : id->stat.pid));
	adoption = id ? adoption_why(d, id, m) : NULL;
	if (adoption)
		put(o, "adoption", adoption);
	balance = id ? balance_why(d, id, m) : NULL;
	if (balance)
		put(o, "balance", balance);
	/* While it is away or leaves, its tracer is ours: nothing to be seen from outside. */
	if (id && !(m && (m->home || m->node)) && home_check(d, id, 0, &e) < 0)
		put(o, "cannot", json_pack("{ssso}", "code", e.reason, "error", obj_text(e.msg)));
	return o;
}
