/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resident: a page of freestanding code, its control block and its buffers, mapped into a process
 * at one address (the area). Home maps it into the deputy, the host into the body. It does one
 * thing: run the system calls that the supervisor wrote into the control block.
 *
 * The area is shared with a process of the user's, which can write anything into it: a supervisor
 * takes results from it as data, never an offset, a length or a state it acts on unchecked. */
#ifndef MOS_MOVE_RESIDENT_H
#define MOS_MOVE_RESIDENT_H

#include <stdint.h>

/* Layout of the area, offsets from its start. */
#define AREA_CODE    0x0000U /* r-x */
#define AREA_CTL     0x1000U /* struct resident_ctl */
#define AREA_STACK   0x8000U
#define AREA_SCRATCH 0xc000U /* arguments of the supervisor's own calls */
#define AREA_BUF     0x10000U /* arguments of forwarded calls */
#define AREA_SIZE    0x1c0000U
#define AREA_STACK_TOP  AREA_SCRATCH
#define AREA_SCRATCH_SIZE (AREA_BUF - AREA_SCRATCH)
#define AREA_BUF_SIZE   (AREA_SIZE - AREA_BUF)

#define RESIDENT_BATCH 256U

struct resident_call {
	int64_t nr;
	uint64_t arg[6];
	int64_t ret;
};

/* What the resident is doing. A deputy's call is not begun, running, or finished and not yet
 * published: this word tells which, or a finished call would be done twice. */
enum resident_state { RESIDENT_IDLE, RESIDENT_RUNNING, RESIDENT_FINISHED };

struct resident_ctl {
	uint32_t req;  /* futex: number of the wanted request; written by the supervisor */
	uint32_t done; /* futex: number of the last request that is finished; by the resident */
	uint32_t state;
	uint32_t knock; /* set by the supervisor when it stops waiting on @done: "stop me (int3)
			 * when finished", which it sees as a ptrace stop */
	uint32_t n;	/* calls in the request */
	uint32_t at;	/* which one runs */
	/* Before commit the process must run on if its supervisor is killed while it visits the
	 * resident. @guard: @owner is a robust futex of the supervisor's, whose death the kernel
	 * writes there; then the resident puts back @mask and @back and is gone from the code. */
	uint32_t guard, owner;
	uint64_t back_mask;
	uint64_t back[20]; /* r15 r14 r13 r12 r11 r10 r9 r8 rdi rsi rbp rbx rdx rcx rax, and as
			    * iretq takes them: rip cs rflags rsp ss */
	struct resident_call call[RESIDENT_BATCH];
};

_Static_assert(sizeof(struct resident_ctl) <= AREA_STACK - AREA_CTL, "control block too big");

/* Where the code stands in this executable, to be copied; it is position-independent. */
const char *resident_code(void);
uint64_t resident_code_size(void);
/* Offsets in it. */
uint64_t resident_entry_offset(void);
uint64_t resident_syscall_offset(void); /* of the instruction `syscall` through which calls go */

/* The entry: rdi = address of the control block, rsp = top of the stack. Never returns. */
_Noreturn void resident_loop(struct resident_ctl *ctl);

#endif
