/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the idle body of a fresh sandbox into the process that an image describes. */
#include <errno.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "move/files.h"
#include "move/sink.h"
#include "wire/msg.h"

#define USER_TOP     0x7ffffffff000ULL
#define SPECIALS_MAX 8U

/* Where the vDSO and its data wait while everything else is thrown away. */
static uint64_t parking(const struct agent *a)
{
	return a->area + AREA_SIZE + 16 * MOS_PAGE;
}

struct specials {
	struct vma v[SPECIALS_MAX];
	unsigned n;
	uint64_t size;
};

static int find_specials(struct guest *g, struct specials *s, struct err *e)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	int r = procfs_maps(g->box.body.pid, 4096, &maps);

	memset(s, 0, sizeof(*s));
	if (r < 0)
		return err_set(e, r, "reading the body's mappings: %s", strerror(-r));
	for (unsigned i = 0; i < maps.n; i++) {
		if (maps.v[i].kind != VMA_VDSO && maps.v[i].kind != VMA_VVAR)
			continue;
		if (s->n == SPECIALS_MAX)
			return err_set(e, -E2BIG, "the kernel's vDSO has too many parts");
		s->v[s->n++] = maps.v[i];
		s->size += maps.v[i].end - maps.v[i].start;
	}
	return 0;
}

/* The same parts in the same order and of the same sizes, or the body's pointers into it are wrong. */
static int check_specials(const struct guest *g, const struct specials *s, struct err *e)
{
	unsigned k = 0;

	for (uint32_t i = 0; i < g->m->nvmas; i++) {
		const struct image_vma *v = &g->m->vma[i];

		if (v->kind != IMAGE_VDSO && v->kind != IMAGE_VVAR)
			continue;
		if (k >= s->n || v->end - v->start != s->v[k].end - s->v[k].start ||
		    (v->kind == IMAGE_VDSO) != (s->v[k].kind == VMA_VDSO))
			return err_reason(e, -EXDEV, "vdso", "this kernel's vDSO is laid out differently");
		k++;
	}
	return k == s->n || !k ? 0 : err_reason(e, -EXDEV, "vdso", "this kernel's vDSO has more parts");
}

static void add_move(struct agent *a, uint64_t from, uint64_t size, uint64_t to)
{
	(void)agent_add(a, SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0);
}

/* Everything that the body was born with goes, but the area and the vDSO. */
static int clear(struct guest *g, const struct specials *s, struct err *e)
{
	struct agent *a = &g->box.body;
	uint64_t park = parking(a), at = park;

	agent_begin(a);
	(void)agent_add(a, SYS_munmap, park, s->size + MOS_PAGE, 0, 0, 0, 0);
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t size = s->v[i].end - s->v[i].start;

		add_move(a, s->v[i].start, size, at);
		at += size;
	}
	if (a->area > 0)
		(void)agent_add(a, SYS_munmap, 0, a->area, 0, 0, 0, 0);
	(void)agent_add(a, SYS_munmap, a->area + AREA_SIZE, park - a->area - AREA_SIZE, 0, 0, 0, 0);
	(void)agent_add(a, SYS_munmap, at, USER_TOP - at, 0, 0, 0, 0);
	return agent_run_all(a, "clearing the body", e);
}

static int place_specials(struct guest *g, const struct specials *s, struct err *e)
{
	struct agent *a = &g->box.body;
	uint64_t at = parking(a);

	agent_begin(a);
	for (uint32_t i = 0; i < g->m->nvmas; i++) {
		const struct image_vma *v = &g->m->vma[i];

		if (v->kind != IMAGE_VDSO && v->kind != IMAGE_VVAR)
			continue;
		if (v->start < parking(a) + s->size && parking(a) < v->end)
			return err_reason(e, -EXDEV, "vdso", "the vDSO's place is taken");
		add_move(a, at, v->end - v->start, v->start);
		at += v->end - v->start;
	}
	return agent_run_all(a, "placing the vDSO", e);
}

/* One mmap for each mapping, as many to a visit as fit. */
static int map_all(struct guest *g, struct err *e)
{
	struct agent *a = &g->box.body;
	int r = 0;

	agent_begin(a);
	for (uint32_t i = 0; r == 0 && i < g->m->nvmas; i++) {
		const struct image_vma *v = &g->m->vma[i];
		uint64_t flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
		uint64_t fd = (uint64_t)-1, off = 0;

		if (v->kind == IMAGE_ANON) {
			flags |= MAP_ANONYMOUS;
			if (v->flags & IMAGE_VMA_STACK)
				flags |= MAP_GROWSDOWN | MAP_STACK;
		} else if (v->kind == IMAGE_FILE) {
			if (v->flags & IMAGE_VMA_SHARED)
				flags ^= MAP_PRIVATE | MAP_SHARED;
			fd = v->flags & IMAGE_VMA_BEYOND ? BODY_BEYOND_FD : BODY_FILES_FD;
			off = file_place(v->file, v->off);
		} else {
			continue;
		}
		(void)agent_add(a, SYS_mmap, v->start, v->end - v->start, v->prot, flags, fd, off);
		if (a->n == RESIDENT_BATCH) {
			r = agent_run_all(a, "mapping memory", e);
			agent_begin(a);
		}
	}
	return r < 0 ? r : agent_run_all(a, "mapping memory", e);
}

static int set_mm(struct guest *g, struct err *e)
{
	struct agent *a = &g->box.body;
	const struct image_mm *m = &g->m->mm;
	uint64_t at_map, at_auxv, at_name;
	struct prctl_mm_map *map;
	void *auxv;
	char *name;

	agent_begin(a);
	map = agent_scratch(a, sizeof(*map), &at_map);
	auxv = agent_scratch(a, AUXV_MAX, &at_auxv);
	name = agent_scratch(a, sizeof(g->m->comm), &at_name);
	memcpy(auxv, g->m->auxv, g->m->auxv_len);
	memcpy(name, g->m->comm, sizeof(g->m->comm));
	*map = (struct prctl_mm_map){
		.start_code = m->start_code, .end_code = m->end_code, .start_data = m->start_data,
		.end_data = m->end_data, .start_brk = m->start_brk, .brk = m->brk,
		.start_stack = m->start_stack, .arg_start = m->arg_start, .arg_end = m->arg_end,
		.env_start = m->env_start, .env_end = m->env_end,
		.auxv = (void *)(uintptr_t)at_auxv, .auxv_size = g->m->auxv_len, .exe_fd = (uint32_t)-1,
	};
	(void)agent_add(a, SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, at_map, sizeof(*map), 0, 0);
	(void)agent_add(a, SYS_prctl, PR_SET_NAME, at_name, 0, 0, 0, 0);
	return agent_run_all(a, "setting the bounds of code, data and heap", e);
}

/* Signals that waited at the former place: only the process itself may queue them as they were. */
static int raise_signals(struct guest *g, struct err *e)
{
	struct agent *a = &g->box.body;
	uint64_t at;

	for (uint32_t i = 0; i < g->m->nsignals; i++) {
		void *to;
		int r;

		agent_begin(a);
		to = agent_scratch(a, sizeof(siginfo_t), &at);
		memcpy(to, &g->m->signal[i], sizeof(siginfo_t));
		(void)agent_add(a, SYS_rt_sigqueueinfo, (uint64_t)g->m->pid,
				(uint64_t)g->m->signal[i].si_signo, at, 0, 0, 0);
		r = agent_run_all(a, "raising a waiting signal", e);
		if (r < 0)
			return r;
	}
	/* Until they are delivered they belong to what travels on. */
	g->nsignals = g->m->nsignals;
	memcpy(g->signal, g->m->signal, g->nsignals * sizeof(g->signal[0]));
	memset(g->queued, true, sizeof(g->queued));
	return 0;
}

static int refuse_other(void *ctx, const struct frame *f, struct err *e)
{
	return err_set(e, -EPROTO, "unexpected message %s among the pages", msg_name(f->type));
}

/* What the program was waiting for goes on being waited for. */
static int inherit_wait(struct guest *g, struct err *e)
{
	const struct image_pending *p = &g->m->pending;
	struct waiting *w = &g->wait;

	memset(w, 0, offsetof(struct waiting, iov));
	w->answer = NULL;
	if (p->kind == PENDING_SLEEP) {
		w->kind = WAIT_SLEEP;
		w->deadline = p->deadline;
		w->clock = (clockid_t)p->clock;
		w->rem = p->rem;
		w->plan.nr = p->nr;
		memcpy(w->plan.arg, p->arg, sizeof(p->arg));
	} else if (p->kind == PENDING_CALL) {
		int r = forward_inherit(g, p);

		if (r < 0)
			return err_set(e, r, "the call %s cannot be waited for here", call_name(p->nr));
	}
	return 0;
}

/* Registers and mask: the last step; the body then stands still as the program. */
static int set_registers(struct guest *g, struct err *e)
{
	struct agent *a = &g->box.body;
	struct user_regs_struct regs = g->m->regs;
	int r = agent_stop_idle(a);

	regs.orig_rax = (unsigned long long)-1;
	if (g->wait.kind != WAIT_NONE) { /* it asks for the result by itself */
		regs.rip -= 2;
		regs.rax = (unsigned long long)CALL_NR_PENDING;
	}
	if (r == 0)
		r = trace_set_regs(a->pid, &regs);
	if (r == 0)
		r = restore_xstate(a->pid, g->m);
	if (r == 0)
		r = trace_set_mask(a->pid, g->m->mask);
	return r < 0 ? err_set(e, r, "setting the registers: %s", strerror(-r)) : 0;
}

int guest_build(struct guest *g, struct channel *from, const struct frame *first, struct err *e)
{
	struct sink sink = { .mem = &g->mem, .file_fd = g->box.files_fd };
	struct specials s;
	int r;

	image_destroy(g->m);
	g->m = image_create();
	if (!g->m)
		return err_set(e, -ENOMEM, "no memory");
	r = sink_receive_image(from, first, g->m, e);
	if (r < 0)
		return r;
	if (g->m->pid != g->hello.pid || g->m->area != g->box.body.area || g->m->epoch != g->hello.epoch)
		return err_set(e, -EPROTO, "the image is of another process than was announced");
	/* Home may answer once more what it answered the former host: no number comes twice. */
	g->calls = g->m->epoch << 32;
	/* The body idles in the loop: it was never stopped. Its mask is full since its birth. */
	r = find_specials(g, &s, e);
	if (r == 0)
		r = check_specials(g, &s, e);
	if (r == 0)
		r = clear(g, &s, e);
	if (r == 0)
		r = place_specials(g, &s, e);
	if (r == 0)
		r = map_all(g, e);
	if (r < 0)
		return r;
	r = mem_open(&g->mem, g->box.body.pid);
	if (r < 0)
		return err_set(e, r, "opening the body's memory: %s", strerror(-r));
	sink.m = g->m;
	r = sink_receive(&sink, from, refuse_other, g, e);
	if (r == 0)
		r = set_mm(g, e);
	if (r == 0)
		r = restore_visit(&g->box.body, g->m, e);
	if (r == 0)
		r = raise_signals(g, e);
	if (r == 0) /* last: what the steps above call is notified afterwards */
		r = guest_filter(g, e);
	if (r == 0)
		r = inherit_wait(g, e);
	if (r == 0)
		r = set_registers(g, e);
	return r;
}

int guest_run(struct guest *g, struct err *e)
{
	struct timespec t = { 0, 50000 };
	int r;

	/* No clock ever runs backwards: ours was set a message's flight behind home's. */
	while (guest_clock(g, CLOCK_MONOTONIC) < g->m->mono ||
	       guest_clock(g, CLOCK_MONOTONIC_COARSE) < g->m->coarse)
		(void)nanosleep(&t, NULL);
	r = trace_cont(g->box.body.pid, 0);
	if (r < 0)
		return err_set(e, r, "letting the body go: %s", strerror(-r));
	g->running = true;
	g->came = true;
	local_arm_deadline(g);
	return 0;
}
