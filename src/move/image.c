/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"

#define IMAGE_MAGIC   0x6d6f7369U /* "isom" */
#define IMAGE_VERSION 1U
#define USER_TOP      0x7ffffffff000ULL
#define AREA_ROOM     0x200000ULL /* more than a resident takes */
#define TIME_MAX      (1LL << 61)
#define CALL_NR_MAX   4096
/* carry, 1, parity, adjust, zero, sign, trap, interrupt, direction, overflow, nested task, resume,
 * alignment check, id: no input-output privilege, no virtual 8086 mode */
#define EFLAGS_USER   0x254fd7ULL

struct image *image_create(void)
{
	return calloc(1, sizeof(struct image));
}

void image_destroy(struct image *m)
{
	if (!m)
		return;
	free(m->vma);
	free(m);
}

static void put_u32s(struct buf *b, const uint32_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_put_u32(b, v[i]);
}

static void put_u64s(struct buf *b, const uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_put_u64(b, v[i]);
}

static void get_u32s(struct cursor *c, uint32_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		v[i] = cursor_u32(c);
}

static void get_u64s(struct cursor *c, uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		v[i] = cursor_u64(c);
}

/* user_regs_struct is 27 words of 64 bits; the machine-dependent part of the image. */
#define REGS_WORDS (sizeof(struct user_regs_struct) / 8)
_Static_assert(sizeof(struct user_regs_struct) == 27 * 8, "x86-64 registers");

void image_put_pending(const struct image_pending *p, struct buf *b)
{
	buf_put_u8(b, p->kind);
	buf_put_u64(b, p->id);
	buf_put_u64(b, (uint64_t)p->nr);
	put_u64s(b, p->arg, 6);
	buf_put_u64(b, (uint64_t)p->deadline);
	buf_put_u32(b, p->clock);
	buf_put_u64(b, p->rem);
	buf_put_u64(b, p->done);
}

/* Times lie within 73 years, so that sums and differences of them do not overflow. */
static bool good_time(nsec_t t)
{
	return t >= 0 && t < TIME_MAX;
}

static bool good_pending(const struct image_pending *p)
{
	switch ((enum pending_kind)p->kind) {
	case PENDING_NONE:
		return true;
	case PENDING_CALL:
		return p->nr >= 0 && p->nr < CALL_NR_MAX && p->done <= INT64_MAX;
	case PENDING_SLEEP:
		/* CLOCK_REALTIME is 1970's, and a program may wait for the year 2262 */
		return p->nr >= 0 && p->nr < CALL_NR_MAX && p->deadline >= 0 &&
		       (p->clock == CLOCK_REALTIME || p->clock == CLOCK_MONOTONIC ||
			p->clock == CLOCK_BOOTTIME);
	case PENDING_KIND_COUNT_:
		break;
	}
	return false;
}

/* The kernel looks at them too when they are set; but what is not a 64-bit program's is told here, at
 * the frontier. Xen's numbers for the same segments are others. */
static bool good_regs(const struct user_regs_struct *r)
{
	if ((r->cs != 0x33 && r->cs != 0xe033) || (r->ss != 0x2b && r->ss != 0xe02b))
		return false;
	if ((r->ds && (r->ds & 3) != 3) || (r->es && (r->es & 3) != 3) || (r->fs && (r->fs & 3) != 3) ||
	    (r->gs && (r->gs & 3) != 3))
		return false;
	return r->rip < USER_TOP && r->fs_base < USER_TOP && r->gs_base < USER_TOP &&
	       !(r->eflags & ~EFLAGS_USER);
}

int image_get_pending(struct cursor *c, struct image_pending *ret)
{
	ret->kind = cursor_u8(c);
	ret->id = cursor_u64(c);
	ret->nr = (int64_t)cursor_u64(c);
	get_u64s(c, ret->arg, 6);
	ret->deadline = (nsec_t)cursor_u64(c);
	ret->clock = cursor_u32(c);
	ret->rem = cursor_u64(c);
	ret->done = cursor_u64(c);
	return c->failed || !good_pending(ret) ? -EPROTO : 0;
}

static void put_vmas(const struct image *m, struct buf *b)
{
	buf_put_u32(b, m->nvmas);
	for (uint32_t i = 0; i < m->nvmas; i++) {
		const struct image_vma *v = &m->vma[i];

		buf_put_u64(b, v->start);
		buf_put_u64(b, v->end);
		buf_put_u64(b, v->off);
		buf_put_u32(b, v->file);
		buf_put_u8(b, v->prot);
		buf_put_u8(b, v->kind);
		buf_put_u8(b, v->flags);
	}
}

int image_encode(const struct image *m, struct buf *b)
{
	const struct image_mm *mm = &m->mm;
	uint64_t regs[REGS_WORDS];

	memcpy(regs, &m->regs, sizeof(regs));
	buf_put_u32(b, IMAGE_MAGIC);
	buf_put_u32(b, IMAGE_VERSION);
	buf_put_u64(b, m->epoch);
	buf_put_u32(b, (uint32_t)m->pid);
	buf_put(b, m->comm, sizeof(m->comm));
	put_u64s(b, regs, REGS_WORDS);
	buf_put_u32(b, m->xstate_len);
	buf_put(b, m->xstate, m->xstate_len);
	buf_put_u64(b, m->mask);
	put_u64s(b, m->altstack, 3);
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++)
		put_u64s(b, (const uint64_t[]){ m->action[s].handler, m->action[s].flags,
						m->action[s].restorer, m->action[s].mask }, 4);
	buf_put_u64(b, m->rseq_ptr);
	buf_put_u32(b, m->rseq_size);
	buf_put_u32(b, m->rseq_signature);
	put_u64s(b, (const uint64_t[]){ m->robust_head, m->robust_len, m->tid_address }, 3);
	put_u64s(b, (const uint64_t[]){ mm->start_code, mm->end_code, mm->start_data, mm->end_data,
					mm->start_brk, mm->brk, mm->start_stack, mm->arg_start,
					mm->arg_end, mm->env_start, mm->env_end }, 11);
	buf_put_u32(b, m->auxv_len);
	buf_put(b, m->auxv, m->auxv_len);
	put_u32s(b, m->ids.uid, 4);
	put_u32s(b, m->ids.gid, 4);
	buf_put_u32(b, m->ids.ngroups);
	put_u32s(b, m->ids.group, m->ids.ngroups);
	buf_put_u64(b, (uint64_t)m->mono);
	buf_put_u64(b, (uint64_t)m->coarse);
	buf_put_u64(b, (uint64_t)m->boot);
	buf_put_u64(b, (uint64_t)m->cpu);
	buf_put_u64(b, m->area);
	image_put_pending(&m->pending, b);
	buf_put_u32(b, m->nsignals);
	buf_put(b, m->signal, m->nsignals * sizeof(m->signal[0]));
	put_vmas(m, b);
	return b->failed ? -ENOMEM : 0;
}

static int get_vmas(struct cursor *c, struct image *m, struct err *e)
{
	uint64_t last = 0;

	m->nvmas = cursor_u32(c);
	if (c->failed || m->nvmas > IMAGE_VMAS_MAX || m->nvmas > cursor_left(c) / 31)
		return err_set(e, -EPROTO, "image: bad number of mappings");
	m->vma = calloc(m->nvmas ? m->nvmas : 1, sizeof(*m->vma));
	if (!m->vma)
		return err_set(e, -ENOMEM, "image: no memory for %u mappings", m->nvmas);
	for (uint32_t i = 0; i < m->nvmas; i++) {
		struct image_vma *v = &m->vma[i];

		v->start = cursor_u64(c);
		v->end = cursor_u64(c);
		v->off = cursor_u64(c);
		v->file = cursor_u32(c);
		v->prot = cursor_u8(c);
		v->kind = cursor_u8(c);
		v->flags = cursor_u8(c);
		if (v->start < last || v->end <= v->start || v->end > USER_TOP ||
		    (v->start | v->end | v->off) & MOS_PAGE_MASK ||
		    v->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC) ||
		    v->kind >= IMAGE_VMA_KIND_COUNT_ || v->file >= IMAGE_FILES_MAX ||
		    v->off > 1ULL << 40 || v->end - v->start > 1ULL << 46)
			return err_set(e, -EPROTO, "image: mapping %u is malformed", i);
		if (v->start < m->area + AREA_ROOM && m->area < v->end)
			return err_set(e, -EPROTO, "image: mapping %u covers the resident", i);
		last = v->end;
	}
	return 0;
}

int image_decode(struct image *m, const void *p, size_t n, struct err *e)
{
	struct image_mm *mm = &m->mm;
	uint64_t regs[REGS_WORDS], w[11];
	struct cursor c;

	cursor_init(&c, p, n);
	if (cursor_u32(&c) != IMAGE_MAGIC || cursor_u32(&c) != IMAGE_VERSION)
		return err_set(e, -EPROTO, "image: of another version of umosix");
	m->epoch = cursor_u64(&c);
	m->pid = (int32_t)cursor_u32(&c);
	cursor_copy(&c, m->comm, sizeof(m->comm));
	m->comm[sizeof(m->comm) - 1] = '\0';
	get_u64s(&c, regs, REGS_WORDS);
	memcpy(&m->regs, regs, sizeof(regs));
	if (!c.failed && !good_regs(&m->regs))
		return err_set(e, -EPROTO, "image: registers of no 64-bit program");
	m->xstate_len = cursor_u32(&c);
	if (m->xstate_len > XSTATE_MAX)
		return err_set(e, -EPROTO, "image: %u bytes of processor state", m->xstate_len);
	cursor_copy(&c, m->xstate, m->xstate_len);
	m->mask = cursor_u64(&c);
	get_u64s(&c, m->altstack, 3);
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++) {
		get_u64s(&c, w, 4);
		m->action[s] = (struct image_action){ w[0], w[1], w[2], w[3] };
	}
	m->rseq_ptr = cursor_u64(&c);
	m->rseq_size = cursor_u32(&c);
	m->rseq_signature = cursor_u32(&c);
	get_u64s(&c, w, 3);
	m->robust_head = w[0];
	m->robust_len = w[1];
	m->tid_address = w[2];
	get_u64s(&c, w, 11);
	*mm = (struct image_mm){ w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10] };
	m->auxv_len = cursor_u32(&c);
	if (m->auxv_len > AUXV_MAX)
		return err_set(e, -EPROTO, "image: auxiliary vector of %u bytes", m->auxv_len);
	cursor_copy(&c, m->auxv, m->auxv_len);
	get_u32s(&c, m->ids.uid, 4);
	get_u32s(&c, m->ids.gid, 4);
	m->ids.ngroups = cursor_u32(&c);
	if (m->ids.ngroups > IMAGE_GROUPS_MAX)
		return err_set(e, -EPROTO, "image: %u groups", m->ids.ngroups);
	get_u32s(&c, m->ids.group, m->ids.ngroups);
	m->mono = (nsec_t)cursor_u64(&c);
	m->coarse = (nsec_t)cursor_u64(&c);
	m->boot = (nsec_t)cursor_u64(&c);
	m->cpu = (nsec_t)cursor_u64(&c);
	if (!good_time(m->mono) || !good_time(m->boot) || !good_time(m->cpu))
		return err_set(e, -EPROTO, "image: clocks out of bounds");
	m->area = cursor_u64(&c);
	if (m->area & MOS_PAGE_MASK || !m->area || m->area > USER_TOP - AREA_ROOM)
		return err_set(e, -EPROTO, "image: bad place for the resident");
	if (image_get_pending(&c, &m->pending) < 0)
		return err_set(e, -EPROTO, "image: bad pending call");
	m->nsignals = cursor_u32(&c);
	if (m->nsignals > IMAGE_PENDING_MAX)
		return err_set(e, -EPROTO, "image: %u waiting signals", m->nsignals);
	cursor_copy(&c, m->signal, m->nsignals * sizeof(m->signal[0]));
	for (uint32_t i = 0; i < m->nsignals; i++)
		if (m->signal[i].si_signo < 1 || m->signal[i].si_signo > IMAGE_SIGNALS)
			return err_set(e, -EPROTO, "image: waiting signal %d", m->signal[i].si_signo);
	if (get_vmas(&c, m, e) < 0)
		return -EPROTO;
	if (c.failed || cursor_left(&c))
		return err_set(e, -EPROTO, "image: wrong length (%zu bytes)", n);
	return 0;
}
