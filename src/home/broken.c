/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what becomes of the call that our stop has broken off: it has its result, it is issued again
 * where the process goes, it travels as a pending call, or the process has to stay for now. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "home/home.h"

/* A call as it stood when its thread was stopped. */
struct broken {
	long nr;
	uint64_t arg[CALL_ARGS];
	int64_t code; /* what the kernel says of it: a result, -errno, or one of its restarts */
	enum call_class class;
	struct call_plan plan; /* of a forwarded one */
	const char *word;      /* why it is done at home only, or NULL */
};

/* What the kernel keeps in rax until the thread goes on; no program ever sees it (its errno.h). */
enum { RESTART_SYS = -512, RESTART_NOINTR = -513, RESTART_NOHAND = -514, RESTART_BLOCK = -516 };

/* Is there a signal that ends the call, if not our stop has? */
static bool signals_about(const struct home *h, const struct image *m)
{
	if (h->nheld || h->ntravel)
		return true;
	for (uint32_t i = 0; i < m->nsignals; i++)
		if (!(m->mask & 1ULL << (m->signal[i].si_signo - 1)))
			return true;
	return false;
}

bool broken_by_us(const struct home *h, const struct image *m, const struct user_regs_struct *own)
{
	return (long)own->orig_rax >= 0 && (int64_t)own->rax == -EINTR && !signals_about(h, m);
}

/* A write of @done bytes: were there more? */
static bool cut_short(struct home *h, const struct call_plan *p, const uint64_t arg[CALL_ARGS], int64_t done)
{
	if (p->nr == SYS_sendfile)
		return (uint64_t)done < arg[3];
	if (descriptor_is_file(h, (int)arg[0]))
		return false; /* a limit or the disk has ended it */
	if (call_arg_vector(p->kind[1]))
		return arguments_load_parts(h, p->kind[1], arg) == 0 && (uint64_t)done < arguments_sum_parts(h);
	return p->kind[1] == ARG_IN && (uint64_t)done < arg[2];
}

static bool restarts(int64_t code)
{
	return code == RESTART_SYS || code == RESTART_NOINTR || code == RESTART_NOHAND || code == RESTART_BLOCK;
}

static void broken_read(struct home *h, const struct user_regs_struct *g, struct broken *ret)
{
	uint64_t pair[2];
	struct broken b = {
		.nr = (long)g->orig_rax,
		.arg = { g->rdi, g->rsi, g->rdx, g->r10, g->r8, g->r9 },
		.code = (int64_t)g->rax,
	};

	if (b.nr == SYS_pselect6 && b.arg[5] && mem_read(&h->mem, (uaddr_t){ b.arg[5] }, pair, 16) == 0)
		(void)call_clear_empty_mask(b.nr, b.arg, pair);
	b.class = call_classify(b.nr, b.arg, &b.word);
	if (b.class == CALL_FORWARD && call_plan(b.nr, b.arg, &b.plan) < 0)
		b.class = CALL_HOME;
	*ret = b;
}

/* A read that gave less than was asked for, of a thing that gives the same bytes again. */
static bool reads_again(struct home *h, const struct broken *b)
{
	return b->class == CALL_FORWARD && b->code > 0 && (uint64_t)b->code != b->arg[2] &&
	       b->plan.flags & CALL_READS && descriptor_reads_again(h, (int)b->arg[0]);
}

static bool writes_on(struct home *h, const struct broken *b)
{
	return b->plan.flags & CALL_RESUMES && b->code > 0 && cut_short(h, &b->plan, b->arg, b->code);
}

/* Nothing was done yet, or it may be done twice: the process issues it where it goes. */
static int issue_again(struct image *m, long nr)
{
	m->regs.rip -= 2;
	m->regs.rax = (unsigned long long)nr;
	return 0;
}

static int stays_for(const struct broken *b, const char *word, struct err *e)
{
	return err_reason(e, -EBUSY, word ? word : "busy", "it is inside %s%s", call_name(b->nr),
			  b->class == CALL_HOME ? ", which runs at home only" : "");
}

/* A sleep until a moment goes on at the host. */
static int sleep_on(struct home *h, struct image *m, const struct broken *b, struct err *e)
{
	struct timespec t;

	if (b->nr != SYS_clock_nanosleep || mem_read(&h->mem, (uaddr_t){ b->arg[2] }, &t, sizeof(t)) < 0)
		return stays_for(b, NULL, e);
	m->pending.kind = PENDING_SLEEP;
	m->pending.clock = (uint32_t)b->arg[0];
	m->pending.deadline = timespec_nsec(&t);
	return 0;
}

/* The call goes on at home while its process travels; its answer comes to the body. */
static int goes_on(struct home *h, struct image *m, const struct broken *b, struct err *e)
{
	m->pending.kind = PENDING_CALL;
	m->pending.id = 1ULL << 63 | m->epoch; /* a host numbers its calls from its epoch << 32 on */
	return deputy_load_native(h, m, b->code, e);
}

/* Done where the process is, by itself. */
static int local(struct image *m, const struct broken *b)
{
	if (b->code != RESTART_BLOCK)
		return issue_again(m, b->nr);
	m->regs.rax = 0; /* a futex with a timeout: returns as if woken, callers look again */
	return 0;
}

/* It is not over: what becomes of it? */
static int carry(struct home *h, struct image *m, const struct broken *b, struct err *e)
{
	if (b->nr == SYS_restart_syscall)
		return err_reason(e, -EBUSY, "restart", "it is inside a call that was broken off once; try again later");
	if (b->class == CALL_LOCAL)
		return local(m, b);
	if (b->class != CALL_FORWARD && b->class != CALL_HOST)
		return stays_for(b, b->word, e);
	if (b->code == -EINTR && !(b->plan.flags & CALL_EINTR))
		return stays_for(b, b->word, e);
	if (b->code < 0 && call_arg_vector(b->plan.kind[1]) && !signals_about(h, m))
		return issue_again(m, b->nr); /* nothing was done */
	m->pending.nr = b->nr;
	memcpy(m->pending.arg, b->arg, sizeof(b->arg));
	if (b->class == CALL_HOST && b->code == RESTART_NOHAND)
		return sleep_on(h, m, b, e);
	return goes_on(h, m, b, e);
}

int broken_call(struct home *h, struct image *m, bool *read_again, struct err *e)
{
	const struct user_regs_struct own = m->regs;
	struct broken b;

	*read_again = false;
	m->pending = (struct image_pending){ .kind = PENDING_NONE };
	m->regs.orig_rax = (unsigned long long)-1;
	if (h->exec_seen || (long)own.orig_rax < 0)
		return 0;
	broken_read(h, &own, &b);
	*read_again = reads_again(h, &b);
	if (*read_again)
		return issue_again(m, b.nr);
	if (!restarts(b.code) && !broken_by_us(h, m, &own) && !writes_on(h, &b))
		return 0; /* it has its result */
	return carry(h, m, &b, e);
}
