/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes the body out of whatever it is doing and sends it away. Until home has committed, it can be
 * let go on here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "move/files.h"
#include "move/ranges.h"
#include "move/source.h"

#define ERESTART_FIRST (-512)
#define ERESTART_BLOCK (-516)

static ssize_t read_kept_file(void *ctx, uint32_t file, uint64_t off, void *to, size_t n)
{
	const struct guest *g = ctx;
	ssize_t k = pread(g->box.files_fd, to, n, (off_t)file_place(file, off));

	return k < 0 ? -errno : k;
}

/* Stops it; a call that waits for us is let go with a code that nothing sees but the stop. */
static int stop(struct guest *g)
{
	struct waiting *w = &g->wait;
	pid_t pid = g->box.body.pid;
	struct trace_wait t;
	int r;

	if (w->kind == WAIT_DIED || (w->kind == WAIT_HOME && !w->notif))
		return 0; /* it stands at a signal */
	if (!w->notif)
		return g->frozen ? 0 : signals_stop_body(g);
	r = trace_interrupt(pid);
	if (r == 0)
		r = notify_answer(g->notify_fd, w->notif, -512);
	if (r < 0)
		return r;
	r = trace_wait(pid, 0, &t);
	if (r < 0)
		return r;
	return t.event == TRACE_INTERRUPT ? 0 : -ESRCH;
}

/* What the program is in the middle of, and registers that wait behind the call for its result. */
static void find_pending(struct guest *g, struct image *m)
{
	struct waiting *w = &g->wait;
	struct image_pending *p = &m->pending;
	long code = (long)m->regs.rax, nr = (long)m->regs.orig_rax;
	bool asked = w->notif != 0;

	*p = (struct image_pending){ .kind = PENDING_NONE };
	if ((w->kind == WAIT_CALL && !w->both) || w->kind == WAIT_SLEEP) {
		p->kind = w->kind == WAIT_CALL ? PENDING_CALL : PENDING_SLEEP;
		p->id = w->id;
		p->nr = w->plan.nr;
		memcpy(p->arg, w->plan.arg, sizeof(p->arg));
		p->deadline = w->deadline;
		p->clock = (uint32_t)w->clock;
		p->rem = w->rem;
		p->done = w->done;
		if (!asked && nr != CALL_NR_PENDING)
			m->regs.rip += 2; /* it had not even asked for it */
	} else if (asked && (w->kind == WAIT_HOME || w->kind == WAIT_MAP || w->kind == WAIT_CALL)) {
		m->regs.rip -= 2; /* issued again, at home or at the next host */
		m->regs.rax = (unsigned long long)w->plan.nr;
	} else if (nr >= 0 && code <= ERESTART_FIRST && code >= ERESTART_BLOCK && code != -515) {
		/* A call of the host's kernel, cut by our stop: issued again where it goes. A futex
		 * wait with a timeout returns instead, as if woken: its callers look again. */
		if (code == ERESTART_BLOCK) {
			m->regs.rax = 0;
		} else {
			m->regs.rip -= 2;
			m->regs.rax = (unsigned long long)nr;
		}
	}
	m->regs.orig_rax = (unsigned long long)-1;
}

/* The body's mappings, in home's terms. */
static int read_mappings(struct guest *g, struct image *m, struct err *e)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	struct stat st, beyond;
	uint64_t area = g->box.body.area;
	int r = procfs_maps(g->box.body.pid, IMAGE_VMAS_MAX, &maps);

	if (r < 0 || fstat(g->box.files_fd, &st) < 0 || fstat(g->box.beyond_fd, &beyond) < 0)
		return err_set(e, r ? r : -errno, "reading the body's mappings");
	m->nvmas = 0;
	free_ptr(&m->vma);
	m->vma = calloc(maps.n + 1, sizeof(*m->vma));
	if (!m->vma)
		return err_set(e, -ENOMEM, "no memory");
	for (unsigned i = 0; i < maps.n; i++) {
		const struct vma *v = &maps.v[i];
		struct image_vma *to = &m->vma[m->nvmas];

		if (v->start >= area && v->end <= area + AREA_SIZE)
			continue;
		*to = (struct image_vma){ .start = v->start, .end = v->end, .prot = v->prot };
		switch ((enum vma_kind)v->kind) {
		case VMA_ANON:
		case VMA_KIND_COUNT_:
			to->kind = IMAGE_ANON;
			to->flags = v->stack ? IMAGE_VMA_STACK : 0;
			break;
		case VMA_VDSO:
			to->kind = IMAGE_VDSO;
			break;
		case VMA_VVAR:
			to->kind = IMAGE_VVAR;
			break;
		case VMA_FILE:
			if (v->ino != st.st_ino && v->ino != beyond.st_ino)
				return err_set(e, -EPROTO, "the body has mapped what is not its own");
			to->kind = IMAGE_FILE;
			to->flags = (v->ino == st.st_ino ? 0 : IMAGE_VMA_BEYOND) |
				    (v->shared ? IMAGE_VMA_SHARED : 0);
			to->file = (uint32_t)(v->off >> FILE_SHIFT);
			to->off = v->off & ((1ULL << FILE_SHIFT) - 1);
			break;
		}
		m->nvmas++;
	}
	return 0;
}

/* Everything but memory. The body ends stopped, with the program's own registers in the image. */
static int capture(struct guest *g, struct image *m, struct err *e)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	struct agent *a = &g->box.body;
	struct image_ids ids = m->ids;
	int r = stop(g);

	g->captured = false;
	if (r == 0)
		r = procfs_maps(a->pid, IMAGE_VMAS_MAX, &maps);
	if (r == 0 && g->wait.kind == WAIT_NONE)
		r = capture_settle(a->pid, &maps, signals_keep_for_later, g);
	if (r < 0)
		return err_set(e, r, "stopping the body: %s", strerror(-r));
	r = capture_stopped(a->pid, m, e);
	m->ids = ids; /* the body's own are the sandbox's */
	if (r < 0)
		return r;
	g->captured = true;
	m->pid = g->hello.pid;
	find_pending(g, m);
	m->nsignals = g->nsignals;
	memcpy(m->signal, g->signal, g->nsignals * sizeof(m->signal[0]));
	r = trace_set_mask(a->pid, TRACE_MASK_ALL);
	if (r == 0)
		r = agent_enter(a);
	if (r < 0)
		return err_set(e, r, "entering the resident: %s", strerror(-r));
	r = capture_visit(a, false, m, e);
	if (r == 0)
		r = read_mappings(g, m, e);
	m->cpu += procfs_cpu_ns(a->pid);
	return r;
}

/* Files' pages that @m's mappings show, but for those that are there. These are in @sent afterwards. */
static int send_files(struct guest *g, struct source *src, const struct image *m,
		      struct file_ranges *sent, struct channel *to, struct err *e)
{
	CLEANUP(file_ranges_finish) struct file_ranges now = FILE_RANGES_INIT;
	int r = file_ranges_of(m, &now);

	if (r == 0)
		r = file_ranges_without(&now, sent);
	if (r < 0)
		return err_set(e, r, "no memory");
	for (size_t i = 0; r == 0 && i < now.n; i++)
		r = source_send_file(src, now.v[i].file, now.v[i].off, now.v[i].end - now.v[i].off, to, e);
	return r < 0 ? r : file_ranges_of(m, sent);
}

/* The same while the body runs on, so that they are there when it stands. */
static int send_files_ahead(struct guest *g, struct source *src, struct file_ranges *sent,
			    struct channel *to, struct err *e)
{
	struct image *m = image_create();
	int r = m ? read_mappings(g, m, e) : -ENOMEM;

	if (r == 0)
		r = send_files(g, src, m, sent, to, e);
	image_destroy(m);
	return r;
}

int guest_depart(struct guest *g, struct channel *to, bool to_host, struct err *e)
{
	CLEANUP(file_ranges_finish) struct file_ranges sent = FILE_RANGES_INIT;
	struct source src = SOURCE_INIT;
	nsec_t cpu = g->m->cpu;
	int r;

	if (g->wait.kind == WAIT_EXIT)
		return err_reason(e, -EBUSY, "busy", "it is ending");
	r = source_open(&src, g->box.body.pid);
	src.read_file = read_kept_file;
	src.ctx = g;
	if (r == 0 && to_host)
		r = send_files_ahead(g, &src, &sent, to, e);
	if (r < 0) { /* it runs on, as if it had not been asked */
		source_close(&src);
		return r;
	}
	g->departed = true;
	g->stood = mono_now();
	r = capture(g, g->m, e);
	if (r == 0)
		r = source_send_image(g->m, to, e);
	if (r == 0 && to_host)
		r = send_files(g, &src, g->m, &sent, to, e);
	if (r == 0)
		r = source_send(&src, g->m, to, e);
	source_close(&src);
	g->m->cpu = cpu; /* ours is added again if we depart again */
	log_debug("sent %llu pages, %llu of files, %llu zero left out",
		  (unsigned long long)src.pages, (unsigned long long)src.file_pages,
		  (unsigned long long)src.zero_pages);
	return r;
}

/* It was stopped, but could not be captured: it stands there, with registers of its own. */
static int look_again(struct guest *g)
{
	int r = trace_regs(g->box.body.pid, &g->m->regs);

	if (r == 0)
		r = trace_mask(g->box.body.pid, &g->m->mask);
	if (r == 0)
		find_pending(g, g->m);
	return r;
}

void guest_resume(struct guest *g)
{
	struct agent *a = &g->box.body;
	int r = g->captured ? agent_stop_idle(a) : look_again(g);
	struct user_regs_struct regs = g->m->regs;

	if (g->wait.kind == WAIT_HOME || g->wait.kind == WAIT_DIED || g->wait.kind == WAIT_MAP || g->wait.both)
		g->wait.kind = WAIT_NONE; /* it will ask again */
	g->wait.notif = 0;
	g->wait.both = false;
	if (g->wait.kind != WAIT_NONE) {
		regs.rip -= 2;
		regs.rax = (unsigned long long)CALL_NR_PENDING;
	}
	if (r == 0)
		r = trace_set_regs(a->pid, &regs);
	if (r == 0)
		r = trace_set_mask(a->pid, g->m->mask);
	g->departed = false;
	if (r == 0 && !g->frozen)
		r = trace_cont(a->pid, 0);
	if (r < 0) {
		log_error("the body cannot go on: %s", strerror(-r));
		guest_end(g, "failed");
	}
	signals_raise_kept(g);
}

/* It stands where it is, never to go on here by itself. */
static bool stands(const struct guest *g)
{
	return g->departed || g->wait.kind == WAIT_EXIT || g->wait.kind == WAIT_DIED ||
	       (g->wait.kind == WAIT_HOME && !g->wait.notif);
}

void guest_freeze(struct guest *g)
{
	if (g->frozen)
		return;
	g->frozen = true;
	if (stands(g))
		return;
	if (g->wait.kind != WAIT_NONE && g->wait.notif)
		(void)trace_interrupt(g->box.body.pid); /* seen when the call is answered */
	else
		(void)signals_stop_body(g);
}

void guest_thaw(struct guest *g)
{
	g->frozen = false;
	if (stands(g) || (g->wait.kind != WAIT_NONE && g->wait.notif))
		return; /* it was frozen inside a call, and waits there on */
	(void)trace_cont(g->box.body.pid, 0);
	signals_raise_kept(g); /* what came first as it was stopped */
}
