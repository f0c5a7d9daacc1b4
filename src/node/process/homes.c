/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the life of a mos-home as mosd sees it.
 *
 * DOC: A migrant has at most one request. It is sent at once if its supervisor lives; else one is
 * started. A mos-home whose process is at home again is about to end (`leaving`): a request that
 * comes just then waits for that end, since two supervisors cannot seize one process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/util.h"
#include "node/balance/balance.h"
#include "node/obj.h"
#include "node/process/check.h"
#include "node/process/guests.h"
#include "node/process/homes_state.h"
#include "node/process/members.h"

#define ATTACH_TIMEOUT 10.0 /* s; seizing one process takes milliseconds */
#define RETRIES	       5    /* a process may come home by itself again and again */
#define LEAVE_TIMEOUT  2.0  /* s until a supervisor that should end is asked all the same */

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct home *h = w->data;
	struct request *q = h->m->request;

	ev_timer_stop(loop, w);
	if (h->leaving && q && !q->sent) {
		h->leaving = false;
		(void)request_send(h);
	} else if (q && q->wish.at_exec && !q->sent) {
		request_fail(h->d, h->m, true, "supervisor-lost",
			     "its supervisor did not take hold of it within %.0f s",
			     ATTACH_TIMEOUT);
		link_drop(h->link);
	}
}

static void set_timer(struct home *h, double seconds)
{
	ev_timer_stop(h->d->loop, &h->timer);
	ev_timer_set(&h->timer, seconds, 0);
	ev_timer_start(h->d->loop, &h->timer);
}

static void on_attached(struct home *h, const json_t *o)
{
	struct request *q = h->m->request;
	struct move mv = { .wall = wall_now(), .ok = true, .from = h->d->site.me };

	if (!q || !q->wish.at_exec || q->sent)
		return;
	ev_timer_stop(h->d->loop, &h->timer);
	mv.to = q->wish.node;
	if (request_send(h) == 0)
		request_answer(h->m, &mv);
}

/* Where its user has sent one that is locked, it is locked from now on. */
static void lock_there(struct mosd *d, struct migrant *m)
{
	struct migrant_wish w = m->wish;
	struct err e = ERR_INIT;
	int r;

	if (w.lock != MIGRANT_LOCK_LOCKED || w.place == m->node)
		return;
	w.place = m->node;
	r = migrant_set_wish(d->members, m, &w, &e);
	if (r < 0)
		log_warning("process %d goes back to node %u, not %u: %s", (int)m->pid, m->wish.place, m->node,
			    err_str(&e, r));
}

static void on_moved(struct home *h, const json_t *o)
{
	struct migrant *m = h->m;
	struct move mv = { .wall = wall_now(), .ok = obj_bool_or(o, "ok", false) };
	int64_t number;
	uint32_t was = m->node, me = h->d->site.me;
	uint32_t node = (uint32_t)obj_int_or(o, "node", 0, NODE_ID_MAX, was);
	bool mine;

	if (obj_int(o, "req", 0, INT64_MAX, &number) < 0 ||
	    !json_is_boolean(json_object_get(o, "ok"))) {
		log_warning("mos-home of %d sent a moved without req or ok", (int)m->pid);
		return;
	}
	/* A supervisor that could not even seize the process may not have read the request. */
	mine = m->request && ((m->request->sent && m->request->number == number) ||
			      (!number && !mv.ok && !m->node));

	if (node == me)
		node = 0;
	mv.from = node_shown(h->d, (uint32_t)obj_int_or(o, "from", 0, NODE_ID_MAX, was));
	mv.to = node_shown(h->d, mine && !mv.ok ? m->request->wish.node : node);
	mv.epoch = (uint32_t)obj_int_or(o, "epoch", 0, UINT32_MAX, m->epoch);
	mv.bytes = (uint64_t)obj_int_or(o, "bytes", 0, INT64_MAX, 0);
	mv.freeze_us = (uint64_t)obj_int_or(o, "freeze_us", 0, INT64_MAX, 0);
	mv.total_us = (uint64_t)obj_int_or(o, "total_us", 0, INT64_MAX, 0);
	if (mine) /* why, we know better than the supervisor */
		(void)snprintf(mv.cause, sizeof(mv.cause), "%s", m->request->wish.cause);
	else
		obj_copy(o, "cause", mv.cause, sizeof(mv.cause));
	obj_copy(o, "code", mv.code, sizeof(mv.code));
	obj_copy(o, "error", mv.error, sizeof(mv.error));
	if (!mv.cause[0])
		(void)snprintf(mv.cause, sizeof(mv.cause), "unknown");
	if (!mv.ok && !mv.error[0])
		(void)snprintf(mv.error, sizeof(mv.error), "its supervisor gave no reason");
	if (mv.ok) {
		m->node = node;
		m->epoch = mv.epoch;
	}
	migrant_note(m, &mv);
	log_info("process %d (%s) %s node %u -> %u: %s", (int)m->pid, m->comm,
		 mv.ok ? "moved" : "did not move", mv.from, mv.to, mv.ok ? mv.cause : mv.error);
	if (!m->node) /* one that lingers takes orders; should it end meanwhile, they are put again */
		h->leaving = !obj_bool_or(o, "lingers", false);
	if (mine && mv.ok && !strcmp(mv.cause, "asked"))
		lock_there(h->d, m);
	if (mine)
		request_finish(h->d, m, &mv);
}

static void on_ended(struct home *h, const json_t *o)
{
	struct migrant *m = h->m;
	char cause[24], error[240];

	obj_copy(o, "cause", cause, sizeof(cause));
	obj_copy(o, "error", error, sizeof(error));
	if (!strcmp(cause, "host-lost"))
		log_warning("process %d (%s) was lost with node %u: %s", (int)m->pid, m->comm,
			    m->node, error);
	request_fail(h->d, m, true, "ended", "the process ended (%s) before it had moved",
		     cause[0] ? cause : "exit");
	migrant_end(m, obj_int_or(o, "status", 0, UINT32_MAX, -1), cause, error);
	h->leaving = true;
}

void home_refresh(struct mosd *d, struct migrant *m, home_info_fn *fn, void *data)
{
	struct home *h = m->home;
	int64_t number = request_number();

	if (!h || link_send(h->link, json_pack("{sssI}", "op", "info", "req", (json_int_t)number),
			    -1) < 0) {
		if (fn)
			fn(data, m);
		return;
	}
	if (fn)
		infos_wait(&h->infos, number, fn, data);
}

static void on_info(struct home *h, const json_t *o)
{
	int64_t number = obj_int_or(o, "req", 0, INT64_MAX, 0);
	json_t *copy = json_deep_copy(o);

	if (!copy)
		return;
	(void)json_object_del(copy, "ev");
	(void)json_object_del(copy, "req");
	obj_add(copy, h->m->counters_before);
	json_decref(h->m->counters);
	h->m->counters = copy;
	infos_answer(&h->infos, number);
}

static const struct {
	const char *name;
	void (*handle)(struct home *h, const json_t *o);
} events[] = {
	{ "attached", on_attached },
	{ "moved", on_moved },
	{ "ended", on_ended },
	{ "info", on_info },
};

static void home_packet(void *data, json_t *o)
{
	struct home *h = data;
	const char *ev = obj_str(o, "ev");

	for (unsigned i = 0; ev && i < ARRAY_SIZE(events); i++)
		if (!strcmp(ev, events[i].name)) {
			events[i].handle(h, o);
			return;
		}
	log_warning("mos-home of %d sent an unknown event '%s'", (int)h->m->pid, ev ? ev : "");
}

static int home_start(struct mosd *d, struct migrant *m, struct err *e);

static void how_it_ended(int status, char *to, size_t size)
{
	if (status == LINK_STATUS_UNKNOWN)
		(void)snprintf(to, size, "its status is unknown");
	else if (WIFSIGNALED(status))
		(void)snprintf(to, size, "signal %d", WTERMSIG(status));
	else
		(void)snprintf(to, size, "exit status %d", WEXITSTATUS(status));
}

/* The supervisor of @m is gone, as @how tells; what becomes of the request? */
static void settle_request(struct mosd *d, struct migrant *m, bool clean, const char *how)
{
	struct request *q = m->request;
	struct err e = ERR_INIT;
	int r;

	if (!q)
		return;
	if (m->ended || m->exited) {
		request_fail(d, m, true, "ended", "the process ended before it had moved");
		return;
	}
	/* A request that met a supervisor on its way out is put to a new one. */
	if (!m->node && !q->wish.at_exec && (!q->sent || (clean && q->retries < RETRIES))) {
		q->retries++;
		q->sent = false;
		if (!q->wish.node) {
			struct move mv = {
				.wall = wall_now(), .ok = true, .from = d->site.me, .to = d->site.me
			};

			request_finish(d, m, &mv);
			return;
		}
		r = home_start(d, m, &e);
		if (r == 0)
			return;
		request_fail(d, m, true, e.reason[0] ? e.reason : "failed", "%s", err_str(&e, r));
		return;
	}
	request_fail(d, m, true, "supervisor-lost", "supervisor ended unexpectedly (%s)", how);
}

static void home_closed(void *data, int status)
{
	struct home *h = data;
	struct mosd *d = h->d;
	struct migrant *m = h->m;
	bool clean = status == 0;
	char how[48];

	how_it_ended(status, how, sizeof(how));
	infos_end(&h->infos);
	ev_timer_stop(d->loop, &h->timer);
	free(h);
	m->home = NULL;
	json_decref(m->counters_before);
	m->counters_before = json_incref(m->counters);
	if (!clean && !m->ended)
		log_warning("mos-home of %d ended: %s", (int)m->pid, how);
	if (m->node && !m->ended) {
		/* Away without a supervisor: the kernel kills it (PTRACE_O_EXITKILL). */
		(void)snprintf(m->fate, sizeof(m->fate), "failed");
		(void)snprintf(m->fate_error, sizeof(m->fate_error),
			       "its supervisor ended unexpectedly (%s) while it was at node %u",
			       how, m->node);
	}
	settle_request(d, m, clean, how);
	if (m->exited && !m->ended)
		migrant_end(m, -1, m->fate, m->fate_error);
	else
		migrant_released(m);
}

static const struct link_ops home_link_ops = { .packet = home_packet, .closed = home_closed };

static struct home *home_create(struct mosd *d, struct migrant *m)
{
	struct home *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->d = d;
	h->m = m;
	h->infos = (struct infos){ .loop = d->loop, .m = m };
	h->timer.data = h;
	ev_timer_init(&h->timer, on_timer, ATTACH_TIMEOUT, 0);
	return h;
}

/* Starts a supervisor for @m, which has a request that was not sent. */
static int home_start(struct mosd *d, struct migrant *m, struct err *e)
{
	struct home *h = home_create(d, m);
	bool at_exec = m->request->wish.at_exec;
	json_t *o;
	int r;

	if (!h)
		return err_set(e, -ENOMEM, "out of memory");
	r = link_spawn(d->loop, "mos-home", -1, &home_link_ops, h, &h->link, e);
	if (r < 0) {
		free(h);
		return r;
	}
	m->home = h;
	o = json_pack("{sssIsIsssb}", "op", "start", "pid", (json_int_t)m->pid, "home",
		      (json_int_t)d->site.me, "key", d->site.conf.key_file, "adopt",
		      m->how == MIGRANT_ADOPTED);
	if (o && at_exec)
		(void)json_object_set_new(o, "at_exec", json_true());
	r = link_send(h->link, o, -1);
	if (r < 0) { /* h lives on until its link closes */
		link_drop(h->link);
		return err_set(e, r, "start mos-home: %s", strerror(-r));
	}
	if (at_exec)
		set_timer(h, ATTACH_TIMEOUT);
	else
		(void)request_send(h); /* a failure is told to the caller by itself */
	return 0;
}

static int busy(struct mosd *d, struct migrant *m, struct err *e)
{
	return err_reason(e, -EBUSY, "busy", "%d is on its way to node %u already: wait for it",
			  (int)m->pid, node_shown(d, m->request->wish.node));
}

int home_move(struct mosd *d, struct migrant *m, uint32_t node, bool at_exec, home_answer_fn *fn,
	      void *data, struct err *e)
{
	const struct home_wish w = { .node = node, .at_exec = at_exec, .ordered = true };

	return home_move_as(d, m, &w, fn, data, e);
}

int home_move_as(struct mosd *d, struct migrant *m, const struct home_wish *w, home_answer_fn *fn,
		 void *data, struct err *e)
{
	uint32_t node = w->node;
	struct request *q;
	char addr[NODE_ADDR_TEXT];
	int r;

	if (node == d->site.me)
		node = 0;
	if (m->request)
		return busy(d, m, e);
	if (node) {
		r = site_node_addr(&d->site, node, addr, e);
		if (r < 0)
			return r;
	}
	if (m->node == node && (!m->home || node || m->home->leaving)) {
		struct move mv = { .wall = wall_now(),
				   .ok = true,
				   .from = node_shown(d, node),
				   .to = node_shown(d, node),
				   .epoch = m->epoch };

		if (!w->cause)
			lock_there(d, m);
		fn(data, m, &mv); /* it is there */
		return 0;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return err_set(e, -ENOMEM, "out of memory");
	*q = (struct request){ .wish = *w, .answer = fn, .data = data };
	q->wish.node = node;
	if (!q->wish.cause)
		q->wish.cause = "asked";
	m->request = q;
	if (!w->cause) /* the balancer counts its own by itself */
		balance_sent(d, m, node);
	if (!m->home) {
		r = home_start(d, m, e);
		if (r < 0) {
			m->request = NULL;
			free(q);
		}
		return r;
	}
	if (m->home->leaving)
		set_timer(m->home, LEAVE_TIMEOUT);
	else
		(void)request_send(m->home);
	return 0;
}

void homes_stop(struct mosd *d)
{
	for (struct migrant *m = migrants_first(d->migrants); m; m = m->next)
		request_fail(d, m, false, "stopped",
			     "mosd is being stopped; the move may go on: see `mps` later");
}

int home_check(struct mosd *d, const struct proc_id *id, uint32_t node, struct err *e)
{
	pid_t pid = id->stat.pid, tracer = id->status.tracer;
	int r;

	if (guests_own(d->guests, pid))
		return err_reason(e, -EPERM, "guest",
				  "%d is a guest from another node: move it from its home", pid);
	if (pid == getpid() || proc_runs_program(pid, "mos-home") ||
	    proc_runs_program(pid, "mos-guest"))
		return err_reason(e, -EPERM, "supervisor", "%d belongs to umosix itself", pid);
	if (tracer && proc_runs_program(tracer, "mos-home"))
		return err_reason(e, -EBUSY, "busy",
				  "%d has a supervisor (%d) that has not reported yet: try again",
				  pid, tracer);
	r = check_movable(id, node && site_exports_privileged(&d->site, node), e);
	return r;
}

int home_adopt(struct mosd *d, int fd, pid_t supervisor, const json_t *hello, struct err *e)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	CLEANUP(close_fd) int own = fd;
	int64_t pid, node = obj_int_or(hello, "node", 0, NODE_ID_MAX, 0);
	struct migrant *m;
	struct home *h;
	int r;

	if (obj_int(hello, "pid", 1, INT32_MAX, &pid) < 0)
		return err_set(e, -EPROTO, "hello of a mos-home without a pid");
	r = proc_id_read((pid_t)pid, &id);
	if (r < 0)
		return err_set(e, r, "hello for process %d: %s", (int)pid, strerror(-r));
	m = migrants_get(d->migrants, &id,
			 members_has(d->members, (pid_t)pid) ? MIGRANT_CHILD : MIGRANT_ADOPTED);
	if (!m)
		return err_set(e, -ENOMEM, "out of memory");
	if (m->home)
		return err_set(e, -EEXIST, "process %d has a supervisor", (int)pid);
	h = home_create(d, m);
	if (!h)
		return err_set(e, -ENOMEM, "out of memory");
	m->node = (uint32_t)node == d->site.me ? 0 : (uint32_t)node;
	m->epoch = (uint32_t)obj_int_or(hello, "epoch", 0, UINT32_MAX, 0);
	r = link_adopt(d->loop, steal_fd(&own), supervisor, &home_link_ops, h, &h->link);
	if (r < 0) {
		free(h);
		return err_set(e, r, "out of memory");
	}
	m->home = h;
	log_info("process %d (%s) is at node %u, its supervisor %d reports", (int)pid, m->comm,
		 node_shown(d, m->node), (int)supervisor);
	return 0;
}
