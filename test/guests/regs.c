/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("registers: fourteen general registers keep their values through a long loop")

/* All but rsp and rcx (the counter) hold a pattern while the loop runs; r15 keeps the sum. */
static uint64_t hold(uint64_t k)
{
	uint64_t left = 300000, bad;

	__asm__ volatile("push %%rbp\n\t"
			 "lea 1(%%rax), %%rbx\n\t"
			 "lea 2(%%rax), %%rdx\n\t"
			 "lea 3(%%rax), %%rsi\n\t"
			 "lea 4(%%rax), %%rdi\n\t"
			 "lea 5(%%rax), %%rbp\n\t"
			 "lea 6(%%rax), %%r8\n\t"
			 "lea 7(%%rax), %%r9\n\t"
			 "lea 8(%%rax), %%r10\n\t"
			 "lea 9(%%rax), %%r11\n\t"
			 "lea 10(%%rax), %%r12\n\t"
			 "lea 11(%%rax), %%r13\n\t"
			 "lea 12(%%rax), %%r14\n\t"
			 "xor %%r15, %%r15\n"
			 "1:\n\t"
			 "pause\n\t"
			 "dec %%rcx\n\t"
			 "jnz 1b\n\t"
			 "sub %%rax, %%rbx\n\t"
			 "xor $1, %%rbx\n\t"
			 "or %%rbx, %%r15\n\t"
			 "sub %%rax, %%rdx\n\t"
			 "xor $2, %%rdx\n\t"
			 "or %%rdx, %%r15\n\t"
			 "sub %%rax, %%rsi\n\t"
			 "xor $3, %%rsi\n\t"
			 "or %%rsi, %%r15\n\t"
			 "sub %%rax, %%rdi\n\t"
			 "xor $4, %%rdi\n\t"
			 "or %%rdi, %%r15\n\t"
			 "sub %%rax, %%rbp\n\t"
			 "xor $5, %%rbp\n\t"
			 "or %%rbp, %%r15\n\t"
			 "sub %%rax, %%r8\n\t"
			 "xor $6, %%r8\n\t"
			 "or %%r8, %%r15\n\t"
			 "sub %%rax, %%r9\n\t"
			 "xor $7, %%r9\n\t"
			 "or %%r9, %%r15\n\t"
			 "sub %%rax, %%r10\n\t"
			 "xor $8, %%r10\n\t"
			 "or %%r10, %%r15\n\t"
			 "sub %%rax, %%r11\n\t"
			 "xor $9, %%r11\n\t"
			 "or %%r11, %%r15\n\t"
			 "sub %%rax, %%r12\n\t"
			 "xor $10, %%r12\n\t"
			 "or %%r12, %%r15\n\t"
			 "sub %%rax, %%r13\n\t"
			 "xor $11, %%r13\n\t"
			 "or %%r13, %%r15\n\t"
			 "sub %%rax, %%r14\n\t"
			 "xor $12, %%r14\n\t"
			 "or %%r14, %%r15\n\t"
			 "mov %%r15, %%rcx\n\t"
			 "pop %%rbp\n\t"
			 : "+c"(left), "+a"(k)
			 :
			 : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "memory", "cc");
	bad = left;
	return bad;
}

int main(void)
{
	uint64_t k = 0x1234567890abcdefULL;

	g_ready();
	while (g_waiting()) {
		G_EQ(hold(k), 0);
		k = k * 3 + 1;
	}
	return g_pass();
}
