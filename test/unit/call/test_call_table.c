/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table is complete, obeys its own laws, and says what the design says. */
#include "base/util.h"
#include "call/call.h"
#include "call/table.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

static const char *macros; /* a file: the compiler's list of macros of <asm/unistd.h> */

static enum call_class class_of(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t arg[CALL_ARGS] = { a, b, c, d };

	return call_classify(nr, arg, NULL);
}

static void test_complete(void **state)
{
	FILE *f = fopen(macros, "re");
	char line[512], name[64];
	unsigned n = 0;
	long nr;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "#define __NR_%63s %ld", name, &nr) != 2)
			continue;
		n++;
		if (!call_row(nr))
			fail_msg("%s (%ld) has no row", name, nr);
		assert_string_equal(call_name(nr), name);
	}
	(void)fclose(f);
	assert_true(n > 350);
}

static void test_newer_numbers(void **state)
{
	for (long nr = 424; nr < CALL_NR_END; nr++)
		if (!call_row(nr))
			fail_msg("%ld has no row", nr);
}

static void test_unknown_goes_home(void **state)
{
	static const long nrs[] = { -1, -4096, CALL_NR_END, 400, 100000, CALL_NR_PENDING,
				    0x40000000, 0x40000000 + SYS_read, (long)0x100000001 };
	const uint64_t arg[CALL_ARGS] = { 0 };
	struct call_plan p;

	for (unsigned i = 0; i < ARRAY_SIZE(nrs); i++) {
		const char *why = NULL;

		assert_int_equal(call_classify(nrs[i], arg, &why), CALL_HOME);
		assert_string_equal(why, "unknown");
		assert_int_equal(call_plan(nrs[i], arg, &p), -ENOSYS);
	}
	assert_string_equal(call_name(999), "syscall_999");
}

static void check_spec(const char *name, const struct arg_spec *s)
{
	if (s->kind >= ARG_KIND_COUNT_ || s->from >= SIZE_FROM_COUNT_ || s->by >= CALL_ARGS ||
	    s->out >= COUNT_COUNT_)
		fail_msg("%s: a field is out of range", name);
	if (s->kind != ARG_VALUE && s->from != SIZE_FD_SET && !s->unit)
		fail_msg("%s: a size without unit", name);
	if (s->out == COUNT_ALWAYS && s->kind != ARG_INOUT)
		fail_msg("%s: rubbish would come back after a failure", name);
	if (s->out != COUNT_ALL && s->out != COUNT_ALWAYS && s->out != COUNT_LEN && s->kind != ARG_OUT &&
	    s->kind != ARG_IOV_OUT && s->kind != ARG_MSG_OUT)
		fail_msg("%s: a count for what does not come back", name);
}

static void check_rules(const struct call_row *row)
{
	bool other = false;

	for (const struct call_rule *r = row->rules; r->n; r++) {
		assert_in_range(r->n, 1, RULE_MATCHES);
		assert_true(r->class_ < CALL_CLASS_COUNT_);
		if (r->class_ == CALL_LOCAL && other)
			fail_msg("%s: a filter knows no order of rules", row->name);
		other |= r->class_ != CALL_LOCAL;
		if (r->n == 2 && r->match[0].arg == r->match[1].arg)
			fail_msg("%s: two conditions on one argument", row->name);
		for (unsigned i = 0; i < r->n; i++)
			if (r->match[i].value & ~r->match[i].mask)
				fail_msg("%s: a rule that never matches", row->name);
		if (r->class_ == CALL_HOME && (!r->reason || !*r->reason))
			fail_msg("%s: home, but why?", row->name);
		check_spec(row->name, &r->spec);
	}
	if (row->class_ == CALL_LOCAL)
		fail_msg("%s: LOCAL and yet with rules", row->name);
}

static void test_laws(void **state)
{
	for (long nr = 0; nr < CALL_NR_END; nr++) {
		const struct call_row *row = call_row(nr);

		if (!row)
			continue;
		assert_true(row->class_ < CALL_CLASS_COUNT_);
		if ((row->class_ == CALL_HOME) != (row->reason != NULL))
			fail_msg("%s: home and the reason go together", row->name);
		if (row->reason && strlen(row->reason) >= 24)
			fail_msg("%s: the reason is longer than struct err takes", row->name);
		if (row->rules)
			check_rules(row);
		for (unsigned i = 0; i < CALL_ARGS; i++)
			check_spec(row->name, &row->arg[i]);
	}
	for (int c = 0; c < CALL_CLASS_COUNT_; c++)
		assert_string_not_equal(call_class_str((enum call_class)c), "?");
}

/* ---- the filter ------------------------------------------------------------------------------ */

struct filter {
	unsigned n;
	struct {
		long nr;
		unsigned n;
		struct call_match m[CALL_ARGS];
	} alt[512];
};

static int add_alternative(void *ctx, long nr, const struct call_match *m, unsigned n)
{
	struct filter *f = ctx;

	assert_true(f->n < ARRAY_SIZE(f->alt));
	f->alt[f->n].nr = nr;
	f->alt[f->n].n = n;
	for (unsigned i = 0; i < n; i++)
		f->alt[f->n].m[i] = m[i];
	f->n++;
	return 0;
}

static bool filter_allows(const struct filter *f, long nr, const uint64_t arg[CALL_ARGS])
{
	for (unsigned i = 0; i < f->n; i++) {
		bool all = f->alt[i].nr == nr;

		for (unsigned j = 0; all && j < f->alt[i].n; j++)
			all = (arg[f->alt[i].m[j].arg] & f->alt[i].m[j].mask) ==
			      f->alt[i].m[j].value;
		if (all)
			return true;
	}
	return false;
}

static uint64_t rnd(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static uint64_t some_value(void)
{
	switch (rnd() % 6) {
	case 0:
		return 0;
	case 1:
		return rnd() % 32;
	case 2:
		return rnd() % 0x400;
	case 3:
		return 1ULL << rnd() % 64;
	case 4: /* an int with rubbish above it */
		return rnd() << 32 | rnd() % 32;
	default:
		return (1ULL << rnd() % 32) | (1ULL << rnd() % 20) | rnd() % 64;
	}
}

static void test_filter_agrees(void **state)
{
	static struct filter f;
	unsigned long local = 0;

	assert_int_equal(call_filter_each(add_alternative, &f), 0);
	assert_true(f.n > 50);
	for (long nr = -1; nr < CALL_NR_END + 3; nr++) {
		const struct call_row *row = call_row(nr);
		unsigned rounds = row && row->rules ? 30000 : 20;

		for (unsigned i = 0; i < rounds; i++) {
			uint64_t arg[CALL_ARGS];
			bool is_local;

			for (unsigned j = 0; j < CALL_ARGS; j++)
				arg[j] = some_value();
			/* Half of the time near a rule of the row. */
			if (row && row->rules && i % 2) {
				unsigned k = 0;

				while (row->rules[k].n)
					k++;
				k = (unsigned)(rnd() % k);
				for (unsigned j = 0; j < row->rules[k].n; j++) {
					const struct call_match *m = &row->rules[k].match[j];

					arg[m->arg] = (arg[m->arg] & ~m->mask) | m->value;
				}
			}
			is_local = call_classify(nr, arg, NULL) == CALL_LOCAL;
			local += is_local;
			if (is_local != filter_allows(&f, nr, arg))
				fail_msg("%s(%#lx, %#lx, %#lx, %#lx): filter and class differ",
					 call_name(nr), arg[0], arg[1], arg[2], arg[3]);
		}
	}
	assert_true(local > 10000);
}

static int stop_at_second(void *ctx, long nr, const struct call_match *m, unsigned n)
{
	return ++*(int *)ctx == 2 ? 7 : 0;
}

static void test_filter_stops(void **state)
{
	int n = 0;

	assert_int_equal(call_filter_each(stop_at_second, &n), 7);
	assert_int_equal(n, 2);
}

/* ---- what the classes must be ---------------------------------------------------------------- */

static void test_plain(void **state)
{
	static const struct {
		long nr;
		enum call_class c;
	} want[] = {
		{ SYS_brk, CALL_LOCAL },	   { SYS_munmap, CALL_LOCAL },
		{ SYS_rt_sigreturn, CALL_LOCAL },  { SYS_getpid, CALL_LOCAL },
		{ SYS_rseq, CALL_LOCAL },	   { SYS_restart_syscall, CALL_LOCAL },
		{ SYS_nanosleep, CALL_HOST },	   { SYS_getuid, CALL_HOST },
		{ SYS_uname, CALL_HOST },	   { SYS_gettimeofday, CALL_HOST },
		{ SYS_read, CALL_FORWARD },	   { SYS_openat, CALL_FORWARD },
		{ SYS_getppid, CALL_FORWARD },	   { SYS_wait4, CALL_FORWARD },
		{ SYS_kill, CALL_FORWARD },	   { SYS_close_range, CALL_FORWARD },
		{ SYS_memfd_create, CALL_FORWARD }, { SYS_exit, CALL_BOTH },
		{ SYS_exit_group, CALL_BOTH },	   { SYS_fork, CALL_HOME },
		{ SYS_execve, CALL_HOME },	   { SYS_ptrace, CALL_HOME },
		{ SYS_sendmmsg, CALL_HOME },	   { SYS_io_uring_setup, CALL_HOME },
		{ SYS_signalfd4, CALL_HOME },	   { SYS_shmat, CALL_HOME },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
		if (class_of(want[i].nr, 0, 0, 0, 0) != want[i].c)
			fail_msg("%s", call_name(want[i].nr));
}

static void test_memory(void **state)
{
	const uint64_t rw = PROT_READ | PROT_WRITE;
	const uint64_t anon = MAP_PRIVATE | MAP_ANONYMOUS;

	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, anon), CALL_LOCAL);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, 0, anon | MAP_STACK), CALL_LOCAL);
	assert_int_equal(class_of(SYS_mmap, 4096, 4096, rw, anon | MAP_FIXED), CALL_HOST);
	assert_int_equal(class_of(SYS_mmap, 4096, 4096, rw, anon | MAP_FIXED_NOREPLACE), CALL_HOST);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, MAP_PRIVATE), CALL_BOTH);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE),
			 CALL_BOTH);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED), CALL_BOTH);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, MAP_SHARED), CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS),
			 CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, anon | MAP_HUGETLB), CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, anon | MAP_LOCKED), CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, anon | MAP_GROWSDOWN), CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, anon | 1ULL << 40), CALL_HOME);
	assert_int_equal(class_of(SYS_mmap, 0, 4096, rw, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_mremap, 4096, 4096, 8192, MREMAP_MAYMOVE), CALL_HOST);
	assert_int_equal(class_of(SYS_mremap, 4096, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED),
			 CALL_HOST);
	assert_int_equal(class_of(SYS_mremap, 4096, 4096, 4096, MREMAP_MAYMOVE | 4), CALL_HOME);
	assert_int_equal(class_of(SYS_madvise, 4096, 4096, MADV_DONTNEED, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_madvise, 4096, 4096, 7ULL << 32 | MADV_FREE, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_madvise, 4096, 4096, MADV_REMOVE, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_madvise, 4096, 4096, 102, 0), CALL_HOME); /* GUARD_INSTALL */
}

static void test_futex_and_time(void **state)
{
	const uint64_t real = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;

	assert_int_equal(class_of(SYS_futex, 64, FUTEX_WAIT_PRIVATE, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, FUTEX_WAIT, 0, 128), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, FUTEX_WAKE_PRIVATE, 1, 1), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, FUTEX_WAIT_BITSET_PRIVATE, 0, 128), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, real, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, real, 0, 128), CALL_HOME);
	assert_int_equal(class_of(SYS_futex, 64, FUTEX_LOCK_PI_PRIVATE, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_futex, 64, FUTEX_LOCK_PI_PRIVATE, 0, 128), CALL_HOME);
	assert_int_equal(class_of(SYS_clock_gettime, CLOCK_MONOTONIC, 64, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_clock_gettime, CLOCK_BOOTTIME, 64, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_clock_gettime, CLOCK_REALTIME, 64, 0, 0), CALL_HOST);
	assert_int_equal(class_of(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, 64, 0, 0), CALL_HOST);
	assert_int_equal(class_of(SYS_clock_gettime, (uint64_t)-6, 64, 0, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_clock_nanosleep, CLOCK_REALTIME, 1, 64, 0), CALL_HOST);
	assert_int_equal(class_of(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 1, 64, 0),
			 CALL_HOME);
	assert_int_equal(class_of(SYS_setitimer, 0, 64, 0, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_setitimer, 2, 64, 0, 0), CALL_HOME);
}

static void test_process(void **state)
{
	const uint64_t fork_args[CALL_ARGS] = { 0x1200011 };
	const uint64_t thread_args[CALL_ARGS] = { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND };
	const char *why = NULL;

	assert_int_equal(call_classify(SYS_clone, fork_args, &why), CALL_HOME);
	assert_string_equal(why, "fork");
	assert_int_equal(call_classify(SYS_clone, thread_args, &why), CALL_HOME);
	assert_string_equal(why, "threads");
	assert_int_equal(class_of(SYS_arch_prctl, ARCH_SET_FS, 64, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_arch_prctl, 0x1012, 0, 0, 0), CALL_HOME); /* SET_CPUID */
	assert_int_equal(class_of(SYS_prctl, PR_SET_NAME, 64, 0, 0), CALL_BOTH);
	assert_int_equal(class_of(SYS_prctl, PR_GET_NAME, 64, 0, 0), CALL_LOCAL);
	assert_int_equal(class_of(SYS_prctl, PR_CAPBSET_READ, 3, 0, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_prctl, PR_SET_SECCOMP, 2, 64, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_prctl, PR_SET_PDEATHSIG, 9, 0, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_prlimit64, 0, 3, 0, 64), CALL_FORWARD);
	assert_int_equal(class_of(SYS_prlimit64, 0, 3, 64, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_personality, 0xffffffff, 0, 0, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_personality, 0x40000, 0, 0, 0), CALL_HOME);
}

static void test_files(void **state)
{
	assert_int_equal(class_of(SYS_ioctl, 1, TCGETS, 64, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_ioctl, 1, 7ULL << 32 | TIOCGWINSZ, 64, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_ioctl, 1, 0x1234, 64, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_fcntl, 1, 3, 0, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_fcntl, 1, 999, 0, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_close_range, 3, ~0U, 2, 0), CALL_HOME);
	assert_int_equal(class_of(SYS_close_range, 3, ~0U, 4, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_ppoll, 64, 1, 0, 0), CALL_FORWARD);
	assert_int_equal(class_of(SYS_ppoll, 64, 1, 0, 64), CALL_HOME);
}

static void test_pselect_pair(void **state)
{
	uint64_t arg[CALL_ARGS] = { 1, 64, 0, 0, 0, 128 };
	const char *why = NULL;

	assert_int_equal(call_classify(SYS_pselect6, arg, &why), CALL_HOME);
	assert_string_equal(why, "signal-mask");
	assert_false(call_clear_empty_mask(SYS_pselect6, arg, (uint64_t[]){ 4096, 8 }));
	assert_false(call_clear_empty_mask(SYS_ppoll, arg, (uint64_t[]){ 0, 8 }));
	assert_true(call_clear_empty_mask(SYS_pselect6, arg, (uint64_t[]){ 0, 8 }));
	assert_int_equal(call_classify(SYS_pselect6, arg, NULL), CALL_FORWARD);
	assert_false(call_clear_empty_mask(SYS_pselect6, arg, (uint64_t[]){ 0, 8 }));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_newer_numbers),
		cmocka_unit_test(test_unknown_goes_home),
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_filter_agrees),
		cmocka_unit_test(test_filter_stops),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_futex_and_time),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pselect_pair),
	};

	if (argc != 2)
		return 2;
	macros = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
