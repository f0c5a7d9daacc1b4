/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Home to host, as a table of stages. Until commit the process merely stands still, with its own
 * registers, and any failure lets it go on. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "home/files.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "move/source.h"
#include "wire/msg.h"

#define BUILT_MS   30000

struct leave {
	struct home *h;
	const struct order *o;
	struct channel *c;
	struct image *m;
	struct user_regs_struct own; /* as it was stopped */
	uint64_t area;
	bool again;	/* it leaves while it lingers: it is in the resident already */
	bool read_again; /* it was in a read that our stop cut short, and may be done again */
	bool stopped;
	uint64_t bytes;
};

static int stage_check(void *ctx, struct err *e)
{
	struct leave *l = ctx;

	return l->again ? 0 : check_movable(l->h->pid, false, l->o->privileged, e);
}

static int stage_connect(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	uint8_t token[TOKEN_SIZE];

	return leave_prepare(l->h, l->o, false, &l->c, token, e);
}

static void undo_connect(void *ctx)
{
	struct leave *l = ctx;

	channel_close(l->c);
	l->c = NULL;
}

/* While it runs on: the pages of what it has mapped, which takes longer than all else for a small
 * program. What changes meanwhile is seen when it stands; so is whatever fails here. */
static int stage_files(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct image *m = image_create();
	uint64_t before = channel_bytes_sent(l->c);
	struct err later = ERR_INIT;
	int r = m ? maps_read(l->h, m, &later) : -ENOMEM;

	files_new_host(l->h);
	if (r == 0)
		r = files_send_mapped(l->h, m, l->c, &later);
	image_destroy(m);
	l->bytes = channel_bytes_sent(l->c) - before;
	log_debug("pages of files ahead: %llu bytes%s%s", (unsigned long long)l->bytes, r < 0 ? ", then " : "",
		  r < 0 ? err_str(&later, r) : "");
	return 0;
}

/* Signals that wait for P travel in the image: a program that has just sent one to itself must see it
 * before it goes on. P's own copies are dropped once it is the deputy. */
static void carry_signals(struct leave *l)
{
	struct home *h = l->h;
	struct image *m = l->m;
	unsigned taken = MIN(h->nheld, IMAGE_PENDING_MAX / 2), room = IMAGE_PENDING_MAX / 4;
	siginfo_t *own = m->signal + taken; /* room for both kinds */
	int n = trace_peek_signals(h->pid, false, own, room), k;

	h->ncarried = 0;
	n = MAX(n, 0);
	k = trace_peek_signals(h->pid, true, own + n, room);
	n += MAX(k, 0);
	for (int i = 0; i < n; i++) /* a SIGSTOP comes up in P, as soon as it runs */
		if (own[i].si_signo != SIGSTOP && !agent_is_ours(&own[i]))
			own[h->ncarried++] = own[i];
	memcpy(h->carried, own, h->ncarried * sizeof(*own));
	/* Those that came up while we stopped it are ours alone by now. */
	memcpy(m->signal, h->held, taken * sizeof(*own));
	m->nsignals = taken + h->ncarried;
	signals_travel(h, taken);
}

static int stop_native(struct leave *l, struct err *e)
{
	struct home *h = l->h;
	struct trace_wait w;
	int r = 0;

	if (!h->seized)
		r = trace_seize(h->pid, PTRACE_O_TRACESYSGOOD);
	if (r == -ESRCH)
		return err_reason(e, r, "ended", "it has ended");
	if (r < 0)
		return err_reason(e, r, "traced", "it cannot be traced: %s", strerror(-r));
	h->seized = true;
	/* Signals that come first wait until it stands again, here or there. */
	if (h->exec_seen) /* it stands inside execve: on to its new program's beginning */
		r = trace_stop_again(h->pid, signals_while_driven, h, &w);
	else
		r = trace_stop(h->pid, signals_while_driven, h, &w);
	if (r < 0)
		return err_reason(e, -ESRCH, "gone", "it ended");
	l->stopped = true;
	if (w.event == TRACE_GROUP)
		return err_reason(e, -EBUSY, "stopped", "it is stopped by a signal");
	return 0;
}

static int stage_stop(void *ctx, struct err *e)
{
	struct leave *l = ctx;

	if (!l->again)
		return stop_native(l, e);
	if (deputy_interrupt(l->h) < 0 || agent_stop_idle(&l->h->p) < 0)
		return err_reason(e, -ESRCH, "gone", "it ended");
	/* What is read from now on would be missing in the image, and is more than a message holds. */
	if (l->h->run.state == RUN_INTERRUPTED && l->h->run.native && l->h->run.plan.flags & CALL_READS) {
		(void)trace_cont(l->h->pid, 0);
		return err_reason(e, -EBUSY, "busy", "it is inside %s", call_name(l->h->run.plan.nr));
	}
	carry_signals(l);
	(void)trace_cont(l->h->pid, 0);
	return 0;
}

/* Signals that we took away while stopping it wait for it to go on. Only the process itself may queue
 * most of them as they were; without the resident they lose who sent them. */
static void raise_held(struct home *h)
{
	for (unsigned i = 0; i < h->nheld; i++) {
		const siginfo_t *si = &h->held[i];
		const uint64_t pid = (uint64_t)h->pid, sig = (uint64_t)si->si_signo, at = h->p.area + AREA_SCRATCH;
		const uint64_t to_thread[6] = { pid, pid, sig, at }, to_process[6] = { pid, sig, at };
		bool thread = signals_of_thread(si);
		int64_t got = -1;

		if (signals_overtaken(h, si->si_signo))
			continue;
		if (h->p.base) {
			memcpy(h->p.base + AREA_SCRATCH, si, sizeof(*si));
			(void)trace_inject(h->pid, h->p.insn,
					   thread ? SYS_rt_tgsigqueueinfo : SYS_rt_sigqueueinfo,
					   thread ? to_thread : to_process, &got);
		}
		if (got < 0 && thread && syscall(SYS_rt_tgsigqueueinfo, h->pid, h->pid, si->si_signo, si) < 0)
			(void)syscall(SYS_tgkill, h->pid, h->pid, si->si_signo);
		else if (got < 0 && !thread && syscall(SYS_rt_sigqueueinfo, h->pid, si->si_signo, si) < 0)
			(void)kill(h->pid, si->si_signo);
	}
	h->nheld = 0;
}

/* Lets P go on natively with the registers that it was stopped with: as if nothing had been. The
 * kernel's own restart logic, which follows a stop of this kind, ends the call it was in. */
static void undo_stop(void *ctx)
{
	struct leave *l = ctx;
	struct home *h = l->h;
	struct trace_wait w = { .event = TRACE_NONE };

	signals_stay(h);
	if (l->again) { /* settle_stays() sees to what came meanwhile */
		deputy_resume(h);
		return;
	}
	if (!l->stopped)
		return;
	if (l->read_again || broken_by_us(h, l->m, &l->own)) { /* issued again: its time starts anew, but that is all */
		l->own.rip -= 2;
		l->own.rax = l->own.orig_rax;
		l->own.orig_rax = (unsigned long long)-1;
	}
	if (l->own.rip) {
		(void)trace_set_mask(h->pid, TRACE_MASK_ALL);
		(void)trace_set_regs(h->pid, &l->own);
		raise_held(h);
		(void)agent_unmap(&h->p);
		(void)trace_set_regs(h->pid, &l->own);
		(void)trace_set_mask(h->pid, l->m->mask);
		if (trace_interrupt(h->pid) == 0 && trace_cont(h->pid, 0) == 0)
			(void)trace_wait(h->pid, 0, &w);
	}
	raise_held(h);
	(void)trace_detach(h->pid, w.event == TRACE_SIGNAL ? w.sig : 0);
	h->seized = h->exec_seen = false;
	h->run.state = RUN_NONE;
}

static int stage_look(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct home *h = l->h;
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	int r;

	if (l->again)
		return 0;
	r = procfs_maps(h->pid, IMAGE_VMAS_MAX, &maps);
	if (r == 0)
		r = agent_find_insn(h->pid, &maps, &h->p.insn);
	if (r == 0)
		r = agent_unmap_stale(&h->p, &maps);
	if (r == 0 && !h->exec_seen)
		r = capture_settle(h->pid, &maps, signals_while_driven, h);
	if (r < 0)
		return err_set(e, r, "stopping it at a good place: %s", strerror(-r));
	mem_close(&h->mem);
	r = mem_open(&h->mem, h->pid);
	if (r < 0)
		return err_set(e, r, "opening its memory: %s", strerror(-r));
	r = capture_stopped(h->pid, l->m, e);
	if (r < 0)
		return r;
	l->own = l->m->regs;
	l->m->pid = h->pid;
	l->m->epoch = h->epoch + 1;
	l->m->cpu = procfs_cpu_ns(h->pid);
	carry_signals(l);
	r = maps_read(h, l->m, e);
	if (r == 0)
		r = check_movable(h->pid, true, l->o->privileged, e);
	return r < 0 ? r : broken_call(h, l->m, &l->read_again, e);
}

/* The only moment before commit when P runs code of ours: one visit. */
static int stage_visit(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct home *h = l->h;
	int r;

	if (l->again)
		return 0;
	r = trace_set_mask(h->pid, TRACE_MASK_ALL);
	if (r < 0)
		return err_set(e, r, "blocking its signals: %s", strerror(-r));
	r = agent_map(&h->p, h->place_for_area, e);
	if (r < 0)
		return r;
	l->m->area = h->p.area;
	agent_guard(&h->p, &l->own, l->m->mask);
	r = fault_point("visit-inside");
	if (r == 0)
		r = agent_enter(&h->p);
	if (r == 0)
		r = fault_point("visit-entered");
	if (r < 0)
		return err_set(e, r, "entering the resident: %s", strerror(-r));
	r = capture_visit(&h->p, true, l->m, e);
	if (agent_stop_idle(&h->p) < 0)
		return err_reason(e, -ESRCH, "gone", "it ended");
	(void)trace_set_regs(h->pid, &l->own);
	(void)trace_set_mask(h->pid, l->m->mask);
	agent_unguard(&h->p);
	return r;
}

static int stage_send(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct source src = SOURCE_INIT;
	uint64_t before = channel_bytes_sent(l->c);
	int r;

	l->m->epoch = l->h->epoch + 1;
	r = source_send_image(l->m, l->c, e);
	if (r == 0)
		r = source_open(&src, l->h->pid);
	if (r == 0)
		r = files_send_mapped(l->h, l->m, l->c, e);
	if (r == 0)
		r = source_send(&src, l->m, l->c, e);
	source_close(&src);
	l->bytes += channel_bytes_sent(l->c) - before;
	return r;
}

static int stage_built(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct frame f;
	int r = channel_recv(l->c, BUILT_MS, &f);

	if (r > 0 && f.type == MSG_BUILT && f.id == l->m->epoch)
		return 0;
	if (r > 0 && f.type == MSG_ABORT)
		return home_told_why(&f, "the node could not build it", e);
	return err_reason(e, r < 0 ? r : -ETIMEDOUT, "unreachable", "the node was lost while it built the process");
}

/* Home's step to the next epoch. From here on P dies with us: it must never run on beside the body. */
static int stage_commit(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct home *h = l->h;
	int r = 0;

	if (l->again)
		r = agent_stop_idle(&h->p);
	if (r == 0)
		r = trace_options(h->pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	if (r == 0)
		r = home_say(l->c, MSG_GO, l->m->epoch, NULL, 0);
	if (r < 0) {
		if (l->again)
			(void)agent_enter(&h->p);
		else
			(void)trace_options(h->pid, PTRACE_O_TRACESYSGOOD);
		return r == -ESRCH ? err_reason(e, r, "gone", "it ended") :
				     err_reason(e, r, "unreachable", "the node was lost at the last step");
	}
	h->frozen = h->p.stopped; /* by a SIGSTOP while we drove it: so is the body */
	if (h->frozen)
		(void)home_say(l->c, MSG_FREEZE, 0, NULL, 0);
	h->epoch = l->m->epoch;
	return 0;
}

static int stage_deputy(void *ctx, struct err *e)
{
	struct leave *l = ctx;
	struct home *h = l->h;
	int r = trace_set_mask(h->pid, TRACE_MASK_ALL);

	if (r == 0)
		r = agent_enter(&h->p);
	if (r < 0)
		return err_set(e, r, "making it a deputy: %s", strerror(-r));
	agent_begin(&h->p);
	(void)agent_add(&h->p, SYS_set_robust_list, 0, 24, 0, 0, 0, 0);
	(void)agent_add(&h->p, SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
	if (l->m->rseq_ptr)
		(void)agent_add(&h->p, SYS_rseq, l->m->rseq_ptr, l->m->rseq_size, 1,
				l->m->rseq_signature, 0, 0);
	r = agent_run(&h->p);
	if (r < 0)
		return err_set(e, r, "it ended");
	signals_drop_carried(h);
	return 0;
}

static const struct stage stages[] = {
	{ "check", stage_check, NULL, 0 },
	{ "connect", stage_connect, undo_connect, 0 },
	{ "files", stage_files, NULL, 0 },
	{ "stop", stage_stop, undo_stop, STAGE_FROZEN },
	{ "look", stage_look, NULL, STAGE_FROZEN },
	{ "visit", stage_visit, NULL, STAGE_FROZEN },
	{ "send", stage_send, NULL, STAGE_FROZEN },
	{ "built", stage_built, NULL, STAGE_FROZEN },
	{ "commit", stage_commit, NULL, STAGE_FROZEN | STAGE_COMMIT },
	{ "deputy", stage_deputy, NULL, 0 },
};

/* P's memory is free at home while the body has it. The first page of arguments stays, for ps. */
void leave_drop_memory(struct home *h)
{
	const struct image *m = h->m;
	uint64_t keep = page_down(m->mm.arg_start), keep_end = page_up(m->mm.env_end);

	agent_begin(&h->p);
	for (uint32_t i = 0; i < m->nvmas; i++) {
		const struct image_vma *v = &m->vma[i];
		uint64_t a = v->start, b = v->end;

		if (v->kind != IMAGE_ANON && v->kind != IMAGE_FILE)
			continue;
		if (h->p.n + 2 > RESIDENT_BATCH) {
			if (deputy_run(h) < 0)
				return;
			agent_begin(&h->p);
		}
		if (keep < b && a < keep_end) {
			if (a < keep)
				(void)agent_add(&h->p, SYS_madvise, a, keep - a, MADV_DONTNEED, 0, 0, 0);
			a = MIN(keep_end, b);
		}
		if (a < b)
			(void)agent_add(&h->p, SYS_madvise, a, b - a, MADV_DONTNEED, 0, 0, 0);
	}
	(void)deputy_run(h);
	h->dropped = true;
}

int leave_home(struct home *h, const struct order *o, struct err *e)
{
	struct leave l = { .h = h, .o = o, .again = h->place == PLACE_LINGERING };
	struct stage_times t;
	int committed, r;

	l.m = l.again ? h->m : image_create();
	if (!l.m)
		return err_set(e, -ENOMEM, "no memory");
	r = stages_run(stages, ARRAY_SIZE(stages), &l, &t, &committed, e);
	if (!committed) {
		if (!l.again)
			image_destroy(l.m);
		return r;
	}
	if (!l.again) {
		image_destroy(h->m);
		h->m = l.m;
	}
	h->host_channel = l.c;
	h->thaws = 0;
	h->host = o->node;
	mapping_new_host(h);
	h->place = PLACE_AWAY;
	h->away_since = mono_now();
	h->cpu_before = l.m->cpu;
	h->cpu_seen = 0;
	h->bytes += l.bytes;
	h->ntravel = 0;
	if (r < 0) /* behind commit: P has ended; the loop hears of it */
		return r;
	if (l.m->pending.kind == PENDING_SLEEP)
		h->run.state = RUN_NONE; /* the host sleeps on */
	h->dropped = false;
	if (h->run.state != RUN_INTERRUPTED)
		leave_drop_memory(h); /* else when that call, which uses it, has ended */
	(void)agent_stop_idle(&h->p);
	(void)trace_set_mask(h->pid, 0); /* every signal stops it at once, for us to send on */
	(void)trace_cont(h->pid, 0);
	signals_let_go(h);
	home_watch_host(h);
	node_moved(h, o->request, 0, "asked", t.frozen, t.total, l.bytes);
	signals_release_held(h);
	deputy_resume(h);
	deputy_answer_again(h); /* it may have ended while we stopped it */
	return 0;
}
