/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended state of one processor on another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/trace.h"
#include "kernel/xstate.h"

#define ON     464
#define HEADER 512
#define PARTS  576
#define BIG    2696 /* with AVX-512 and protection keys */
#define SMALL  832  /* with AVX */

static uint8_t big[BIG], small[SMALL], to[BIG];

static uint64_t word(const uint8_t *p, size_t at)
{
	uint64_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

static void put(uint8_t *p, size_t at, uint64_t v)
{
	memcpy(p + at, &v, sizeof(v));
}

static int fill(void **state)
{
	memset(big, 0xbb, sizeof(big));
	memset(small, 0x55, sizeof(small));
	memset(to, 0xee, sizeof(to));
	put(big, ON, 0x2e7);
	put(small, ON, 7);
	memset(big + HEADER, 0, PARTS - HEADER);
	memset(small + HEADER, 0, PARTS - HEADER);
	put(big, HEADER, 0x2e7);
	put(small, HEADER, 7);
	return 0;
}

static void to_a_greater(void **state)
{
	xstate_fit(small, SMALL, big, BIG, to);
	assert_memory_equal(to, small, SMALL);
	assert_int_equal(word(to, HEADER), 7);
	for (size_t i = SMALL; i < BIG; i++)
		assert_int_equal(to[i], 0);
}

static void to_a_lesser(void **state)
{
	xstate_fit(big, BIG, small, SMALL, to);
	assert_memory_equal(to, big, HEADER);
	assert_int_equal(word(to, HEADER), 7);
	assert_memory_equal(to + PARTS, big + PARTS, SMALL - PARTS);
	assert_int_equal(to[SMALL], 0xee);
}

static void from_a_liar(void **state)
{
	memset(big + HEADER, 0xff, PARTS - HEADER); /* the kernel would refuse the header's end */
	xstate_fit(big, BIG, small, SMALL, to);
	assert_int_equal(word(to, HEADER), 7);
	for (size_t i = HEADER + 8; i < PARTS; i++)
		assert_int_equal(to[i], 0);
	for (size_t n = 0; n < PARTS + 1; n++) { /* of any length */
		uint8_t *from = test_malloc(n);

		memset(from, 1, n);
		xstate_fit(from, n, small, SMALL, to);
		assert_int_equal(word(to, HEADER) & ~7ULL, 0);
		test_free(from);
	}
	xstate_fit(NULL, 0, small, SMALL, to);
	assert_int_equal(word(to, HEADER), 3);
}

/* The kernel takes what comes out, and shows the same again: of its own state, and of one without parts. */
static void kernel_takes_it(void **state)
{
	static uint8_t own[16384], fit[16384], again[16384];
	pid_t pid = fork();
	int n, status;

	assert_true(pid >= 0);
	if (!pid) {
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(trace_seize(pid, PTRACE_O_EXITKILL), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSTOPPED(status));
	n = trace_xstate(pid, own, sizeof(own));
	assert_true(n >= 512);
	memset(own + 160, 0xa5, 256); /* xmm0-15 */
	if (n >= PARTS)
		own[HEADER] |= 3;
	xstate_fit(own, (size_t)n, own, (size_t)n, fit);
	assert_int_equal(trace_set_xstate(pid, fit, (size_t)n), 0);
	xstate_fit(own, PARTS, own, (size_t)n, fit); /* of a processor without AVX */
	assert_int_equal(trace_set_xstate(pid, fit, (size_t)n), 0);
	assert_int_equal(trace_xstate(pid, again, sizeof(again)), n);
	assert_memory_equal(again + 160, own + 160, 256);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(to_a_greater, fill),
		cmocka_unit_test_setup(to_a_lesser, fill),
		cmocka_unit_test_setup(from_a_liar, fill),
		cmocka_unit_test(kernel_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
