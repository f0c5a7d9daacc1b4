/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes P's mappings those that the body came back with. What both have is kept (a file's mapping
 * keeps its identity), what only one has is unmapped or mapped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "home/home.h"

struct apply {
	struct home *h;
	struct err *e;
	int r;
};

static void add(struct apply *a, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		uint64_t a4, uint64_t a5)
{
	struct agent *p = &a->h->p;

	if (a->r < 0)
		return;
	(void)agent_add(p, nr, a0, a1, a2, a3, a4, a5);
	if (p->n == RESIDENT_BATCH) {
		a->r = agent_run_all(p, "restoring its memory map", a->e);
		agent_begin(p);
	}
}

static bool body_memory(const struct image_vma *v)
{
	return v->kind == IMAGE_ANON || v->kind == IMAGE_FILE;
}

static bool same(const struct image_vma *a, const struct image_vma *b, uint64_t at)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == IMAGE_ANON ||
	       (a->file == b->file && at - a->start + a->off == at - b->start + b->off &&
		!((a->flags ^ b->flags) & IMAGE_VMA_SHARED));
}

/* What P has at home, held against the body's: unmap, keep, or keep with another protection. */
static void reconcile(struct apply *a, const struct image_vma *mine, const struct image *m)
{
	uint64_t at = mine->start;
	uint32_t i = 0;

	while (at < mine->end) {
		const struct image_vma *v;
		uint64_t end = mine->end;

		while (i < m->nvmas && (m->vma[i].end <= at || !body_memory(&m->vma[i])))
			i++;
		v = i < m->nvmas && m->vma[i].start < mine->end ? &m->vma[i] : NULL;
		if (v && v->start <= at) {
			end = MIN(end, v->end);
			if (!same(mine, v, at))
				add(a, SYS_munmap, at, end - at, 0, 0, 0, 0);
			else if (mine->prot != v->prot)
				add(a, SYS_mprotect, at, end - at, v->prot, 0, 0, 0);
		} else {
			end = v ? v->start : end;
			add(a, SYS_munmap, at, end - at, 0, 0, 0, 0);
		}
		at = end;
	}
}

/* A file's mapping that the body moved or kept where P no longer has it: the pages stand for it. */
static void copy_file(struct apply *a, const struct image_vma *v, uint64_t at, uint64_t end)
{
	CLEANUP(free_ptr) char *b = malloc(PAGES_CHUNK);

	if (a->r == 0)
		a->r = agent_run_all(&a->h->p, "restoring its memory map", a->e);
	agent_begin(&a->h->p);
	for (uint64_t n; b && a->r == 0 && at < end; at += n) {
		ssize_t k;

		n = MIN(end - at, (uint64_t)PAGES_CHUNK);
		k = maps_read_file(a->h, v->file, v->off + (at - v->start), b, n);
		if (k <= 0)
			break; /* behind the file's end, however long the mapping claims to be */
		if (mem_write_forced(&a->h->mem, (uaddr_t){ at }, b, (size_t)k) < 0)
			a->r = err_set(a->e, -EFAULT, "restoring a file's pages");
	}
}

/* What the body has and P (after reconcile) has not. */
static void map_rest(struct apply *a, const struct image_vma *v, const struct image *mine)
{
	uint64_t at = v->start;
	uint32_t i = 0;

	while (at < v->end) {
		const struct image_vma *p;
		uint64_t end = v->end;

		while (i < mine->nvmas && (mine->vma[i].end <= at || !body_memory(&mine->vma[i])))
			i++;
		p = i < mine->nvmas && mine->vma[i].start < v->end ? &mine->vma[i] : NULL;
		if (p && p->start <= at && same(p, v, at)) {
			at = MIN(p->end, v->end);
			continue;
		}
		if (p && p->start <= at)
			end = MIN(p->end, v->end); /* was unmapped as different */
		else if (p)
			end = p->start;
		if (p && p->start == end && p->flags & IMAGE_VMA_STACK && v->flags & IMAGE_VMA_STACK) {
			/* the stack grew: a write below it makes the kernel grow P's as well */
			add(a, SYS_rt_sigprocmask, SIG_BLOCK, 0, at, 8, 0, 0);
		} else {
			add(a, SYS_mmap, at, end - at, v->prot,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, (uint64_t)-1, 0);
			if (v->kind == IMAGE_FILE)
				copy_file(a, v, at, end);
		}
		at = end;
	}
}

/* The kernel's own mappings stay where they are: the program's pointers lead into them, and our way into
 * the process is an instruction there. */
static int spares_specials(const struct image *mine, const struct image *m, struct err *e)
{
	for (uint32_t i = 0; i < mine->nvmas; i++) {
		const struct image_vma *p = &mine->vma[i];

		for (uint32_t k = 0; !body_memory(p) && k < m->nvmas; k++)
			if (body_memory(&m->vma[k]) && m->vma[k].start < p->end &&
			    p->start < m->vma[k].end)
				return err_set(e, -EPROTO, "the body has mapped something over the vDSO");
	}
	return 0;
}

int apply_maps(struct home *h, const struct image *m, struct err *e)
{
	struct apply a = { h, e, 0 };
	struct image *mine = image_create();
	int r;

	if (!mine)
		return err_set(e, -ENOMEM, "no memory");
	agent_begin(&h->p);
	add(&a, SYS_brk, m->mm.brk, 0, 0, 0, 0, 0);
	r = agent_run(&h->p);
	if (r == 0)
		r = maps_read(h, mine, e);
	if (r == 0)
		r = spares_specials(mine, m, e);
	agent_begin(&h->p);
	a.r = r;
	for (uint32_t i = 0; i < mine->nvmas; i++)
		if (body_memory(&mine->vma[i]))
			reconcile(&a, &mine->vma[i], m);
	for (uint32_t i = 0; i < m->nvmas; i++)
		if (body_memory(&m->vma[i]))
			map_rest(&a, &m->vma[i], mine);
	if (a.r == 0)
		a.r = agent_run_all(&h->p, "restoring its memory map", e);
	image_destroy(mine);
	return a.r;
}
