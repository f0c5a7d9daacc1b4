/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"
#include "kernel/futex.h"
#include "kernel/mem.h"
#include "kernel/trace.h"

#define LOOK_SOON   (200 * NSEC_PER_USEC)
#define LOOK_RARELY (20 * NSEC_PER_MSEC)

/* Low, under a program that is not position-independent; else at round addresses that neither the
 * kernel nor the sanitizers' shadows choose. */
static const uint64_t places[] = { 0x200000, 0x100000000000, 0x200000000000, 0x300000000000,
				   0x500000000000 };

uint64_t agent_choose_place(const struct vma_list *maps)
{
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		const struct vma *v = vma_list_find(maps, places[i] - MOS_PAGE);

		if (!v || v->start >= places[i] + AREA_SIZE + MOS_PAGE)
			return places[i];
	}
	return 0;
}

int agent_find_insn(pid_t pid, const struct vma_list *maps, uint64_t *ret)
{
	struct mem m = { .pid = pid, .mem_fd = -1, .pagemap_fd = -1 };
	uint8_t b[16384];

	for (unsigned i = 0; i < maps->n; i++) {
		const struct vma *v = &maps->v[i];
		size_t n = MIN(v->end - v->start, sizeof(b));
		const uint8_t *p;

		if (v->kind != VMA_VDSO || mem_read(&m, (uaddr_t){ v->start }, b, n) < 0)
			continue;
		p = memmem(b, n, "\x0f\x05", 2);
		if (p) {
			*ret = v->start + (uint64_t)(p - b);
			return 0;
		}
	}
	return -ENOENT;
}

void agent_install(uint8_t *base)
{
	ASSERT(resident_code_size() <= AREA_CTL - AREA_CODE);
	memcpy(base + AREA_CODE, resident_code(), resident_code_size());
}

int agent_map(struct agent *a, uint64_t area, struct err *e)
{
	const uint64_t arg[6] = { area, AREA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0 };
	CLEANUP(close_fd) int fd = -1;
	char name[64];
	int64_t got;
	int r;

	a->area = 0;
	r = trace_inject(a->pid, a->insn, SYS_mmap, arg, &got);
	if (r < 0)
		return err_set(e, r, "cannot run a call in the process: %s", strerror(-r));
	if (got != (int64_t)area)
		return err_reason(e, got < 0 ? (int)got : -EEXIST, "memory",
				  "cannot map the resident into the process: %s",
				  got < 0 ? strerror((int)-got) : "place is taken");
	a->area = area;
	procfs_map_file_name(name, sizeof(name), area, area + AREA_SIZE);
	fd = procfs_open(a->pid, name, O_RDWR);
	if (fd < 0)
		return err_set(e, fd, "cannot open /proc/%d/%s: %s", (int)a->pid, name,
			       strerror(-fd));
	a->base = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (a->base == MAP_FAILED) {
		a->base = NULL;
		return err_set(e, -errno, "cannot map the resident's area: %s", strerror(errno));
	}
	agent_install(a->base);
	return 0;
}

int agent_unmap(struct agent *a)
{
	const uint64_t arg[6] = { a->area, AREA_SIZE };
	int64_t got = 0;
	int r = 0;

	if (a->area)
		r = trace_inject(a->pid, a->insn, SYS_munmap, arg, &got);
	agent_forget(a);
	return r < 0 ? r : (int)got;
}

int agent_unmap_stale(struct agent *a, const struct vma_list *maps)
{
	struct mem m = { .pid = a->pid, .mem_fd = -1, .pagemap_fd = -1 };
	char code[AREA_CTL];
	uint64_t mask;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
		const struct vma *v = vma_list_find(maps, places[i]);
		const uint64_t arg[6] = { places[i], AREA_SIZE };
		int64_t got;

		if (!v || v->start != places[i] || v->end != places[i] + AREA_SIZE || !v->shared ||
		    mem_read(&m, (uaddr_t){ v->start }, code, resident_code_size()) < 0 ||
		    memcmp(code, resident_code(), resident_code_size()))
			continue;
		r = trace_mask(a->pid, &mask);
		if (r == 0)
			r = trace_set_mask(a->pid, TRACE_MASK_ALL);
		if (r == 0)
			r = trace_inject(a->pid, a->insn, SYS_munmap, arg, &got);
		if (r == 0)
			r = trace_set_mask(a->pid, mask);
	}
	return r;
}

void agent_forget(struct agent *a)
{
	if (a->base)
		(void)munmap(a->base, AREA_SIZE);
	a->base = NULL;
	a->area = 0;
}

void agent_entry_regs(const struct agent *a, struct user_regs_struct *r)
{
	r->rip = a->area + AREA_CODE + resident_entry_offset();
	r->rsp = a->area + AREA_STACK_TOP - 8; /* as if called */
	r->rdi = a->area + AREA_CTL;
	r->rax = 0;
	r->orig_rax = (unsigned long long)-1;
	r->eflags = 0x202;
}

int agent_enter(struct agent *a)
{
	struct resident_ctl *c = agent_ctl(a);
	struct user_regs_struct r;
	int k = trace_regs(a->pid, &r);

	if (k < 0)
		return k;
	agent_entry_regs(a, &r);
	c->done = c->req;
	c->state = RESIDENT_IDLE;
	c->knock = 0;
	k = trace_set_regs(a->pid, &r);
	return k < 0 ? k : trace_cont(a->pid, 0);
}

/* The kernel walks this list when we die, and marks the futex that it leads to. */
static struct robust_list guard_entry;
static struct robust_list_head guard_head;

void agent_guard(struct agent *a, const struct user_regs_struct *r, uint64_t mask)
{
	struct resident_ctl *c = agent_ctl(a);
	const uint64_t back[20] = { r->r15, r->r14, r->r13, r->r12, r->r11, r->r10, r->r9,
				    r->r8,  r->rdi, r->rsi, r->rbp, r->rbx, r->rdx, r->rcx,
				    r->rax, r->rip, r->cs,  r->eflags, r->rsp, r->ss };
	int64_t code = (int64_t)r->rax;

	memcpy(c->back, back, sizeof(back));
	if ((int64_t)r->orig_rax >= 0 && code <= -512 && code >= -516 && code != -515) {
		c->back[15] -= 2; /* the call that our stop broke off is issued again */
		c->back[14] = code == -516 ? SYS_restart_syscall : r->orig_rax;
	}
	c->back_mask = mask;
	c->owner = (uint32_t)gettid() | FUTEX_WAITERS;
	guard_entry.next = &guard_head.list;
	guard_head.list.next = &guard_entry;
	guard_head.futex_offset = (char *)&c->owner - (char *)&guard_entry;
	guard_head.list_op_pending = NULL;
	__atomic_store_n(&c->guard, 1, __ATOMIC_SEQ_CST);
	(void)syscall(SYS_set_robust_list, &guard_head, sizeof(guard_head));
}

void agent_unguard(struct agent *a)
{
	guard_head.list.next = &guard_head.list;
	if (a->base)
		__atomic_store_n(&agent_ctl(a)->guard, 0, __ATOMIC_SEQ_CST);
}

void agent_begin(struct agent *a)
{
	a->n = 0;
	a->scratch = 0;
}

int agent_add(struct agent *a, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	      uint64_t a4, uint64_t a5)
{
	struct resident_call *c;

	if (a->n == RESIDENT_BATCH)
		return -ENOSPC;
	c = &agent_ctl(a)->call[a->n];
	*c = (struct resident_call){ .nr = nr, .arg = { a0, a1, a2, a3, a4, a5 } };
	return (int)a->n++;
}

void *agent_scratch(struct agent *a, uint32_t size, uint64_t *ret_addr)
{
	uint32_t at = a->scratch;

	size = (size + 15U) & ~15U;
	if (size > AREA_SCRATCH_SIZE - at)
		return NULL;
	a->scratch += size;
	*ret_addr = a->area + AREA_SCRATCH + at;
	return a->base + AREA_SCRATCH + at;
}

static int on_signal(struct agent *a)
{
	siginfo_t si;

	return a->on_signal && trace_siginfo(a->pid, &si) == 0 ? a->on_signal(a->ctx, &si) : 0;
}

/* A look at the process while it should be running the batch. Return: whether it had stopped and goes on;
 * -errno. */
static int look(struct agent *a)
{
	struct trace_wait w;
	siginfo_t si;
	int sig = 0, r = trace_wait(a->pid, TRACE_NOHANG, &w);

	if (r < 0)
		return r;
	if (w.event != TRACE_NONE && a->on_stop && a->on_stop(a->ctx, &w))
		return 1;
	switch (w.event) {
	case TRACE_NONE:
		return 0;
	case TRACE_ENDED:
		return -ESRCH;
	case TRACE_SIGNAL:
		/* A fault of the resident itself (its area is gone or was written to) would come again
		 * for ever. */
		if (trace_siginfo(a->pid, &si) == 0 && si.si_code > 0 &&
		    (w.sig == SIGSEGV || w.sig == SIGBUS || w.sig == SIGILL || w.sig == SIGFPE))
			return -EFAULT;
		sig = on_signal(a);
		break;
	case TRACE_INTERRUPT:
	case TRACE_GROUP:
	case TRACE_SYSCALL:
	case TRACE_EXEC:
	case TRACE_OTHER:
		break;
	}
	r = trace_cont(a->pid, sig);
	return r < 0 ? r : 1;
}

void agent_post(struct agent *a)
{
	struct resident_ctl *c = agent_ctl(a);

	c->n = a->n;
	a->want = __atomic_load_n(&c->req, __ATOMIC_RELAXED) + 1;
	__atomic_store_n(&c->req, a->want, __ATOMIC_SEQ_CST);
	(void)futex_wake(&c->req);
}

/* No futex tells of a stop, so we look, soon after each one: a process with a quick interval timer would
 * otherwise find the next signal before its first instruction each time, and never get on. */
int agent_wait(struct agent *a)
{
	struct resident_ctl *c = agent_ctl(a);
	uint32_t want = a->want;
	nsec_t nap = LOOK_SOON;

	for (;;) {
		uint32_t done = __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
		struct timespec t = { 0, nap };
		int r;

		if (done == want)
			return 0;
		(void)futex_wait(&c->done, done, &t);
		if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) == want)
			return 0;
		r = look(a);
		if (r < 0)
			return r;
		nap = r ? LOOK_SOON : MIN(nap * 2, LOOK_RARELY);
	}
}

int agent_run(struct agent *a)
{
	if (!a->n)
		return 0;
	agent_post(a);
	return agent_wait(a);
}

int64_t agent_ret(const struct agent *a, int index)
{
	return agent_ctl(a)->call[index].ret;
}

int agent_run_all(struct agent *a, const char *what, struct err *e)
{
	int r = agent_run(a);

	if (r < 0)
		return err_set(e, r, "%s: the process ended", what);
	for (unsigned i = 0; i < a->n; i++) {
		int64_t v = agent_ret(a, (int)i);

		if (v < 0 && v >= -4095)
			return err_set(e, (int)v, "%s: call %u (number %lld): %s", what, i,
				       (long long)agent_ctl(a)->call[i].nr, strerror((int)-v));
	}
	return 0;
}

bool agent_is_ours(const siginfo_t *si)
{
	return (si->si_signo == SIGTRAP && si->si_code == SI_KERNEL) ||
	       (si->si_signo == SIGURG && si->si_code == SI_QUEUE && si->si_pid == getpid());
}

/* The resident's knock, or another signal of ours, may still wait when our stop comes first. It must come
 * up now: blocked by a mask that we set, it would be delivered to the program in the end. */
static bool ours_waits(const struct agent *a)
{
	siginfo_t si[8];
	int n = trace_peek_signals(a->pid, false, si, ARRAY_SIZE(si));
	uint64_t mask;

	for (int i = 0; i < n; i++)
		if (agent_is_ours(&si[i]))
			return trace_mask(a->pid, &mask) == 0 && !(mask & 1ULL << (si[i].si_signo - 1));
	return false;
}

int agent_stop_idle(struct agent *a)
{
	struct resident_ctl *c = agent_ctl(a);
	struct trace_wait w;
	int r;

	if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != c->req)
		return -EBUSY;
	r = trace_interrupt(a->pid);
	if (r < 0)
		return r;
	for (;;) {
		int sig = 0;
		bool ours;

		r = trace_wait(a->pid, 0, &w);
		if (r < 0)
			return r;
		if (w.event == TRACE_ENDED)
			return -ESRCH;
		/* While a stop signal's stop is in force every stop of ours is told as one of those. */
		ours = w.event == TRACE_INTERRUPT || w.event == TRACE_GROUP;
		a->stopped = w.event == TRACE_GROUP;
		if (ours && !ours_waits(a))
			return 0;
		if (w.event == TRACE_SIGNAL)
			sig = on_signal(a);
		/* A stop of ours comes before any signal that waits, and any other stop may have
		 * swallowed it: it is asked for again behind the signal, not before. */
		if (!ours)
			r = trace_interrupt(a->pid);
		if (r == 0)
			r = trace_cont(a->pid, sig);
		if (r < 0)
			return r;
	}
}
