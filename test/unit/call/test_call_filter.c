/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter as libseccomp compiles it: a program made of call_filter_each's alternatives is run,
 * by an interpreter of our own, over many calls, and must allow exactly those that are LOCAL. What
 * this can find that test_call_table cannot is a set of rules that libseccomp merges wrongly. */
#include "base/util.h"
#include "call/call.h"
#include "call/table.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

static struct sock_filter prog[BPF_MAXINSNS];
static unsigned prog_len;

static int add(void *ctx, long nr, const struct call_match *m, unsigned n)
{
	struct scmp_arg_cmp cmp[CALL_ARGS];

	for (unsigned i = 0; i < n; i++)
		cmp[i] = (struct scmp_arg_cmp){ m[i].arg, SCMP_CMP_MASKED_EQ, m[i].mask,
						m[i].value };
	return seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, (int)nr, n, cmp);
}

static int compile(void **state)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_NOTIFY);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n;
	int r;

	if (!f || fd < 0)
		return -1;
	/* Sorted into a tree, as the guest's supervisor does. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = call_filter_each(add, f);
	if (r == 0)
		r = seccomp_export_bpf(f, fd);
	seccomp_release(f);
	if (r < 0) {
		print_error("libseccomp: %s\n", strerror(-r));
		return -1;
	}
	n = pread(fd, prog, sizeof(prog), 0);
	(void)close(fd);
	if (n <= 0)
		return -1;
	prog_len = (unsigned)n / sizeof(prog[0]);
	print_message("%u instructions\n", prog_len);
	return 0;
}

static uint32_t run(const struct seccomp_data *d)
{
	uint32_t a = 0, k;
	bool t;

	for (unsigned pc = 0; pc < prog_len; pc++) {
		const struct sock_filter *i = &prog[pc];

		k = i->k;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(k <= sizeof(*d) - 4);
			memcpy(&a, (const uint8_t *)d + k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= k;
			continue;
		case BPF_RET | BPF_K:
			return k;
		case BPF_JMP | BPF_JA:
			pc += k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			t = a == k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			t = a > k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			t = a >= k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			t = a & k;
			break;
		default:
			fail_msg("instruction %#x", i->code);
			return 0;
		}
		pc += t ? i->jt : i->jf;
	}
	fail_msg("ran off the end");
	return 0;
}

static uint64_t rnd(void)
{
	static uint64_t x = 0x2545f4914f6cdd1d;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Registers near one of the row's rules, or anywhere. */
static void some_args(const struct call_row *row, uint64_t arg[CALL_ARGS])
{
	unsigned n = 0;
	uint64_t k;

	for (unsigned i = 0; i < CALL_ARGS; i++)
		arg[i] = rnd() >> rnd() % 64;
	while (row && row->rules && row->rules[n].n)
		n++;
	if (!n)
		return;
	k = rnd() % n;
	for (unsigned i = 0; i < row->rules[k].n; i++) {
		const struct call_match *m = &row->rules[k].match[i];

		arg[m->arg] = (arg[m->arg] & ~m->mask) | m->value;
		if (rnd() % 4 == 0)
			arg[m->arg] ^= 1ULL << rnd() % 64;
	}
	if (rnd() % 4 == 0)
		arg[3] = 0;
}

static void test_program_agrees(void **state)
{
	for (long nr = 0; nr < CALL_NR_END + 2; nr++) {
		const struct call_row *row = call_row(nr);
		unsigned rounds = row && row->rules ? 20000 : 10;

		for (unsigned i = 0; i < rounds; i++) {
			uint64_t arg[CALL_ARGS];
			struct seccomp_data d = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64 };
			bool local, allowed;

			some_args(row, arg);
			for (unsigned j = 0; j < CALL_ARGS; j++)
				d.args[j] = arg[j];
			local = call_classify(nr, arg, NULL) == CALL_LOCAL;
			allowed = run(&d) == SECCOMP_RET_ALLOW;
			if (local != allowed)
				fail_msg("%s(%#lx, %#lx, %#lx, %#lx): local %d, allowed %d",
					 call_name(nr), arg[0], arg[1], arg[2], arg[3], local,
					 allowed);
		}
	}
}

/* Those that must never be allowed. */
static void test_foreign(void **state)
{
	struct seccomp_data d = { .nr = 12 /* brk */, .arch = AUDIT_ARCH_X86_64 };

	assert_int_equal(run(&d), SECCOMP_RET_ALLOW);
	d.nr |= 0x40000000; /* x32 */
	assert_int_not_equal(run(&d), SECCOMP_RET_ALLOW);
	d = (struct seccomp_data){ .nr = 12, .arch = AUDIT_ARCH_I386 };
	assert_int_not_equal(run(&d), SECCOMP_RET_ALLOW);
	d = (struct seccomp_data){ .nr = (int)CALL_NR_PENDING, .arch = AUDIT_ARCH_X86_64 };
	assert_int_equal(run(&d), SECCOMP_RET_USER_NOTIF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_agrees),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, compile, NULL);
}
