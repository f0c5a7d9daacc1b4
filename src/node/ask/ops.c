/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what each operation needs and whom it serves. */
#include "node/ask/ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/ask/lever_ops.h"
#include "node/ask/nodes.h"
#include "node/ask/report.h"
#include "node/ask/run_ops.h"
#include "node/balance/balance.h"
#include "node/obj.h"
#include "node/peers/discover.h"
#include "node/peers/joins.h"
#include "node/peers/part.h"
#include "node/process/check.h"
#include "node/process/homes.h"
#include "node/process/members.h"
#include "node/process/migrants.h"
#include "node/reload.h"

static void op_status(struct ask *a, const json_t *o)
{
	ask_done(a, report_status(a->d, a->cred.uid));
}

static void op_ps(struct ask *a, const json_t *o)
{
	json_t *list = report_ps(a->d, a->cred.uid, obj_bool_or(o, "all", false)), *p;
	size_t i, n = json_array_size(list);

	json_array_foreach(list, i, p)
		ask_tell(a, json_incref(p)); /* a line each: no line is ever too long */
	json_decref(list);
	ask_done(a, json_pack("{sbsIsI}", "ok", 1, "count", (json_int_t)n, "node",
			      (json_int_t)a->d->site.me));
}

static void fail_not_yours(struct ask *a, pid_t pid, const char *is)
{
	struct complaint *c = &a->d->not_yours;

	if (complaint_due(c, mono_now()))
		log_warning("user %u asked for process %d, which %s not his: refused (%llu so far; "
			    "`mosctl status --json` counts them)",
			    a->cred.uid, (int)pid, is, (unsigned long long)c->count);
	ask_fail(a, "not-yours", "process %d %s not yours", (int)pid, is);
}

int ops_find_process(struct ask *a, const json_t *o, struct proc_id *ret)
{
	int64_t pid;
	int r = obj_int(o, "pid", 1, INT32_MAX, &pid);

	if (r < 0) {
		ask_fail(a, "bad-request", "\"pid\" must be the number of a process");
		return r;
	}
	r = proc_id_read((pid_t)pid, ret);
	if (r == -ENOTUNIQ) {
		ask_fail(a, "no-process", "%d is a thread of process %d: move that one", (int)pid,
			 (int)ret->status.tgid);
	} else if (r == -ESRCH) {
		ask_fail(a, "no-process", "no process %d", (int)pid);
	} else if (r < 0) {
		ask_fail(a, "failed", "look at process %d: %s", (int)pid, strerror(-r));
	} else if (!check_owner(&ret->status, a->cred.uid)) {
		proc_id_finish(ret);
		r = -EPERM;
		fail_not_yours(a, (pid_t)pid, "is");
	}
	return r;
}

static void on_migrated(void *data, struct migrant *m, const struct move *mv)
{
	struct ask *a = data;
	json_t *o = report_move(mv);

	(void)json_object_set_new(o, "pid", json_integer(m->pid));
	(void)json_object_set_new(o, "home", json_integer(a->d->site.me));
	(void)json_object_set_new(o, "already", json_boolean(mv->ok && mv->from == mv->to));
	ask_done(a, o);
}

static void on_filed_move(void *data, struct migrant *m, const struct move *mv)
{
	/* Nobody waits: the history has it. */
}

static void fail_err(struct ask *a, const struct err *e, int r)
{
	ask_fail(a, e->reason[0] ? e->reason : "failed", "%s", err_str(e, r));
}

static bool is_child(struct mosd *d, pid_t pid)
{
	return members_has(d->members, pid);
}

static void op_migrate(struct ask *a, const json_t *o)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	const char *word = obj_str(o, "to");
	bool wait = obj_bool_or(o, "wait", true);
	struct err e = ERR_INIT;
	struct mosd *d = a->d;
	struct migrant *m;
	int64_t to = 0;
	int r;

	if (word && !strcmp(word, "balance")) {
		op_unlock(a, o);
		return;
	}
	if (word ? strcmp(word, "home") != 0 : obj_int(o, "to", 1, NODE_ID_MAX, &to) < 0) {
		ask_fail(a, "bad-request", "\"to\" must be the number of a node, \"home\" or \"balance\"");
		return;
	}
	if (ops_find_process(a, o, &id) < 0)
		return;
	if (to == d->site.me)
		to = 0;
	m = migrants_find(d->migrants, id.stat.pid, id.stat.start);
	if (to && !site_has_node(&d->site, (uint32_t)to)) {
		char addr[NODE_ADDR_TEXT];

		r = site_node_addr(&d->site, (uint32_t)to, addr, &e);
		fail_err(a, &e, r);
		return;
	}
	if (to && proc_runs_program(id.stat.pid, "mosrun")) { /* is another program in a moment */
		ask_fail(a, "busy", "%d is just being started by mosrun: try again",
			 (int)id.stat.pid);
		return;
	}
	if (!(m && (m->home || m->node))) {
		r = home_check(d, &id, (uint32_t)to, &e);
		if (r < 0 && (to || id.stat.state == 'Z' || !strcmp(e.reason, "guest"))) { /* not at home */
			fail_err(a, &e, r);
			return;
		}
	} else if (to && check_privileged(&id.status) &&
		   !site_exports_privileged(&d->site, (uint32_t)to)) {
		ask_fail(a, "privileged",
			 "%d has special rights, and export-privileged does not "
			 "name node %d",
			 (int)id.stat.pid, (int)to);
		return;
	}
	if (!m) {
		if (!to) { /* never moved, so it is here */
			struct move mv = { .ok = true, .from = d->site.me, .to = d->site.me };
			struct migrant none = { .pid = id.stat.pid };

			on_migrated(a, &none, &mv);
			return;
		}
		m = migrants_get(d->migrants, &id,
				 is_child(d, id.stat.pid) ? MIGRANT_CHILD : MIGRANT_ADOPTED);
	}
	if (!m) {
		ask_fail(a, "failed", "out of memory");
		return;
	}
	r = home_move(d, m, (uint32_t)to, false, wait ? on_migrated : on_filed_move, a, &e);
	if (r < 0)
		fail_err(a, &e, r);
	else if (!wait)
		ask_done(a, json_pack("{sbsbsi}", "ok", 1, "filed", 1, "pid", (int)id.stat.pid));
}

static void on_refreshed(void *data, struct migrant *m)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct ask *a = data;
	bool lives = !m->ended && proc_id_read(m->pid, &id) == 0 && id.stat.start == m->start;

	ask_done(a, report_why(a->d, lives ? &id : NULL, m));
}

static void op_why(struct ask *a, const json_t *o)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	struct migrant *m;
	int64_t pid;
	int r = obj_int(o, "pid", 1, INT32_MAX, &pid);

	if (r < 0) {
		ask_fail(a, "bad-request", "\"pid\" must be the number of a process");
		return;
	}
	r = proc_id_read((pid_t)pid, &id);
	if (r == 0) {
		proc_id_finish(&id);
		if (ops_find_process(a, o, &id) < 0)
			return;
		m = migrants_find(a->d->migrants, id.stat.pid, id.stat.start);
		if (!m && id.stat.state == 'Z') { /* it has ended; what we know of it is kept */
			m = migrants_find_any(a->d->migrants, (pid_t)pid);
			if (m && m->start == id.stat.start) {
				ask_done(a, report_why(a->d, NULL, m));
				return;
			}
			m = NULL;
		}
		if (m)
			home_refresh(a->d, m, on_refreshed, a);
		else
			ask_done(a, report_why(a->d, &id, NULL));
		return;
	}
	m = migrants_find_any(a->d->migrants, (pid_t)pid);
	if (!m)
		ask_fail(a, "no-process", "no process %d, and none that moved had this number",
			 (int)pid);
	else if (a->cred.uid && m->uid != a->cred.uid)
		fail_not_yours(a, (pid_t)pid, "was");
	else
		ask_done(a, report_why(a->d, NULL, m));
}

static void op_decisions(struct ask *a, const json_t *o)
{
	balance_tell(a, obj_bool_or(o, "follow", false));
}

static const struct {
	const char *name;
	void (*run)(struct ask *a, const json_t *o);
} ops[] = {
	{ "status", op_status }, { "ps", op_ps },   { "migrate", op_migrate },
	{ "why", op_why },	 { "run", op_run },
	{ "lever", op_lever },	 { "speed", op_speed }, { "expel", op_expel },
	{ "bring", op_bring },	 { "nodes", op_nodes }, { "decisions", op_decisions },
	{ "lock", op_lock },	 { "reload", op_reload },
	{ "token", op_token },	 { "part", op_part },
	{ "discover", op_discover },
};

void op_dispatch(struct ask *a, const json_t *o)
{
	const char *op = obj_str(o, "op");
	char names[256] = "";
	size_t len = 0;

	for (unsigned i = 0; op && i < ARRAY_SIZE(ops); i++)
		if (!strcmp(op, ops[i].name)) {
			ops[i].run(a, o);
			return;
		}
	for (unsigned i = 0; i < ARRAY_SIZE(ops) && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
					ops[i].name);
	ask_fail(a, "bad-request", "%s: \"op\" is one of %s",
		 op ? "unknown operation" : "no operation", names);
}
