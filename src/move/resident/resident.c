/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: code that runs inside a deputy or a body, at an address chosen for that process. It stands in
 * a section of its own and refers to nothing outside it; nothing here may call a library, use a
 * constant table, thread-local storage or a stack guard (see the flags in meson.build).
 *
 * The deputy has every signal unblocked and is traced: a signal stops it, the supervisor takes the
 * signal away, and the kernel restarts the call by itself through the instruction here. */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "move/resident/resident.h"

#define IN_RESIDENT __attribute__((section("resident"), noinline, used))

/* All calls go through this one instruction, so that a supervisor can tell from rip whether the
 * thread is inside one. */
IN_RESIDENT __attribute__((naked)) static long resident_syscall(long nr, const uint64_t *arg)
{
	__asm__("mov %rdi, %rax\n\t"
		"mov %rsi, %r11\n\t"
		"mov 0(%r11), %rdi\n\t"
		"mov 8(%r11), %rsi\n\t"
		"mov 16(%r11), %rdx\n\t"
		"mov 24(%r11), %r10\n\t"
		"mov 32(%r11), %r8\n\t"
		"mov 40(%r11), %r9\n\t"
		".globl resident_syscall_insn\n"
		"resident_syscall_insn:\n\t"
		"syscall\n\t"
		"ret");
}

IN_RESIDENT static long resident_futex(uint32_t *word, uint64_t op, uint64_t value)
{
	register long r10 __asm__("r10") = 0;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(SYS_futex), "D"(word), "S"(op), "d"(value), "r"(r10)
			 : "rcx", "r11", "memory");
	return r;
}

/* Waits for a request; if guarded, for the supervisor's death too. */
IN_RESIDENT static void resident_wait(struct resident_ctl *ctl, uint32_t seen)
{
	volatile struct futex_waitv w[2]; /* volatile: no constant of it is kept elsewhere */
	uint32_t owner = __atomic_load_n(&ctl->owner, __ATOMIC_ACQUIRE);
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long r;

	if (!ctl->guard) {
		resident_futex(&ctl->req, FUTEX_WAIT, seen);
		return;
	}
	if (owner & FUTEX_OWNER_DIED)
		return;
	w[0].val = seen;
	w[0].uaddr = (uint64_t)(uintptr_t)&ctl->req;
	w[0].flags = FUTEX_32;
	w[0].__reserved = 0;
	w[1].val = owner;
	w[1].uaddr = (uint64_t)(uintptr_t)&ctl->owner;
	w[1].flags = FUTEX_32;
	w[1].__reserved = 0;
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(SYS_futex_waitv), "D"(w), "S"(2L), "d"(0L), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
}

/* The supervisor is gone: the program goes on where it was stopped. */
IN_RESIDENT __attribute__((naked)) _Noreturn static void resident_back(uint64_t *back, uint64_t *mask)
{
	__asm__("mov %rdi, %rsp\n\t"
		"mov $14, %eax\n\t" /* rt_sigprocmask(SIG_SETMASK, mask, NULL, 8) */
		"mov $2, %edi\n\t"
		"xor %edx, %edx\n\t"
		"mov $8, %r10d\n\t"
		"syscall\n\t"
		"pop %r15\n\t"
		"pop %r14\n\t"
		"pop %r13\n\t"
		"pop %r12\n\t"
		"pop %r11\n\t"
		"pop %r10\n\t"
		"pop %r9\n\t"
		"pop %r8\n\t"
		"pop %rdi\n\t"
		"pop %rsi\n\t"
		"pop %rbp\n\t"
		"pop %rbx\n\t"
		"pop %rdx\n\t"
		"pop %rcx\n\t"
		"pop %rax\n\t"
		"iretq");
}

IN_RESIDENT _Noreturn void resident_loop(struct resident_ctl *ctl)
{
	uint32_t seen = __atomic_load_n(&ctl->done, __ATOMIC_ACQUIRE);

	for (;;) {
		uint32_t n;

		while (__atomic_load_n(&ctl->req, __ATOMIC_ACQUIRE) == seen) {
			resident_wait(ctl, seen);
			if (ctl->guard && __atomic_load_n(&ctl->owner, __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED)
				resident_back(ctl->back, &ctl->back_mask);
		}
		seen = __atomic_load_n(&ctl->req, __ATOMIC_ACQUIRE);
		n = ctl->n <= RESIDENT_BATCH ? ctl->n : RESIDENT_BATCH;
		for (uint32_t i = 0; i < n; i++) {
			long r;

			ctl->at = i;
			__atomic_store_n(&ctl->state, RESIDENT_RUNNING, __ATOMIC_SEQ_CST);
			r = resident_syscall(ctl->call[i].nr, ctl->call[i].arg);
			ctl->call[i].ret = r;
			__atomic_store_n(&ctl->state, RESIDENT_FINISHED, __ATOMIC_SEQ_CST);
		}
		__atomic_store_n(&ctl->done, seen, __ATOMIC_SEQ_CST);
		__atomic_store_n(&ctl->state, RESIDENT_IDLE, __ATOMIC_SEQ_CST);
		resident_futex(&ctl->done, FUTEX_WAKE, 1);
		if (__atomic_exchange_n(&ctl->knock, 0, __ATOMIC_SEQ_CST))
			__asm__ volatile("int3");
	}
}
