/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what becomes of a call that the filter notifies: one of four ways, by its class. */
#include <limits.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "wire/msg.h"

/* The body has inherited a call and asks for its result. */
static void asks_for_pending(struct guest *g, uint64_t notif)
{
	struct waiting *w = &g->wait;

	if (w->kind == WAIT_NONE || w->notif) {
		(void)notify_answer(g->notify_fd, notif, -38 /* ENOSYS: no such call */);
		return;
	}
	w->notif = notif;
	signals_raise_kept(g); /* before the answer: one of them may be of the call's own making */
	if (w->answered) {
		uint8_t *p = steal_ptr(&w->answer);

		w->answered = false;
		forward_answer(g, w->id, p, w->answer_len);
		free_ptr(&p);
	} else if (w->kind == WAIT_SLEEP) {
		local_arm_deadline(g);
	}
}

/* The name of the process: home's first, then the body's own. */
static void set_name(struct guest *g, uint64_t notif, const uint64_t arg[CALL_ARGS])
{
	char name[PATH_MAX];

	/* The kernel reads no further than it needs, the message holds a whole string. */
	if (mem_read_str(&g->mem, (uaddr_t){ arg[1] }, name, sizeof(name)) < 0) {
		forward_want_home(g, notif, SYS_prctl, arg, "prctl");
		return;
	}
	forward_call(g, notif, SYS_prctl, arg);
	g->wait.both = g->wait.kind == WAIT_CALL;
}

static void both_sides(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS])
{
	int64_t used = guest_clock(g, CLOCK_PROCESS_CPUTIME_ID);
	struct iovec iov = { &used, sizeof(used) };

	if (nr == SYS_mmap) {
		mapping_call(g, notif, arg);
		return;
	}
	if (nr == SYS_prctl) {
		set_name(g, notif, arg);
		return;
	}
	if (nr != SYS_exit_group && nr != SYS_exit) {
		forward_want_home(g, notif, nr, arg, "both-sides");
		return;
	}
	/* The deputy's end is what the parent sees; ours follows when home closes the stream. */
	g->wait.kind = WAIT_EXIT;
	if (channel_send(g->home, MSG_EXIT, (uint32_t)arg[0], &iov, 1) < 0)
		guest_end(g, "home-lost");
}

static void dispatch(struct guest *g, const struct seccomp_notif *n)
{
	uint64_t arg[CALL_ARGS], pair[2];
	const char *word = NULL;
	enum call_class class;
	long nr;

	nr = n->data.nr;
	for (unsigned i = 0; i < CALL_ARGS; i++)
		arg[i] = n->data.args[i];
	if (nr == CALL_NR_PENDING && n->data.arch == AUDIT_ARCH_X86_64) {
		asks_for_pending(g, n->id);
		return;
	}
	if (g->wait.kind != WAIT_NONE) {
		/* It left the inherited call for a signal handler and calls something else: that
		 * call was broken off, nobody waits for it any more. */
		g->wait.kind = WAIT_NONE;
	}
	if (nr == SYS_pselect6 && arg[5] &&
	    mem_read(&g->mem, (uaddr_t){ arg[5] }, pair, sizeof(pair)) == 0)
		(void)call_clear_empty_mask(nr, arg, pair);
	class = n->data.arch == AUDIT_ARCH_X86_64 ? call_classify(nr, arg, &word) : CALL_HOME;
	switch (class) {
	case CALL_FORWARD:
		forward_call(g, n->id, nr, arg);
		return;
	case CALL_HOST:
		if (local_call(g, n->id, nr, arg))
			return;
		break;
	case CALL_BOTH:
		both_sides(g, n->id, nr, arg);
		return;
	case CALL_LOCAL: /* the filter would have let it through: it is of another kind */
	case CALL_HOME:
	case CALL_CLASS_COUNT_:
		break;
	}
	forward_want_home(g, n->id, nr, arg, word ? word : "this-call");
}

void guest_on_notify(struct guest *g)
{
	struct seccomp_notif n;

	if (notify_recv(g->notify_fd, &n) <= 0)
		return;
	g->broken_off = false;
	dispatch(g, &n);
	/* One that was raised just before we heard of the call waits in the kernel, which breaks the call
	 * off for it no more now that we have it. */
	if (g->kept || g->nsignals)
		signals_raise_kept(g);
}
