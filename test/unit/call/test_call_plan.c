/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans: kinds and sizes, limits and overflows, what home reserves and what comes back. */
#include "base/util.h"
#include "call/call.h"
#include "wire/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <setjmp.h>
#include <cmocka.h>

#define P 0x7000ULL /* some pointer */
#define MAX_ CALL_DATA_MAX

#define PLAN(nr, ...) call_plan(nr, (const uint64_t[CALL_ARGS]){ __VA_ARGS__ }, &p)

static const struct {
	long nr;
	uint64_t arg[CALL_ARGS];
	unsigned i;
	enum arg_kind kind;
	uint32_t size;
	uint8_t flags;
} cases[] = {
	{ SYS_read, { 0, P, 100 }, 1, ARG_OUT, 100, CALL_BLOCKS | CALL_READS },
	{ SYS_read, { 0, P, 0 }, 1, ARG_OUT, 0, CALL_BLOCKS | CALL_READS },
	{ SYS_read, { 0, 0, 9 }, 1, ARG_VALUE, 0, CALL_BLOCKS | CALL_READS },
	{ SYS_read, { 0, P, UINT64_MAX }, 1, ARG_OUT, MAX_, CALL_BLOCKS | CALL_READS },
	{ SYS_write, { 0, P, 3 * MAX_ }, 1, ARG_IN, MAX_, CALL_BLOCKS | CALL_RESUMES },
	{ SYS_readv, { 0, P, 3 }, 1, ARG_IOV_OUT, 3, CALL_BLOCKS | CALL_READS },
	{ SYS_writev, { 0, P, 1024 }, 1, ARG_IOV_IN, 1024, CALL_BLOCKS | CALL_RESUMES },
	{ SYS_writev, { 0, P, 1025 }, 1, ARG_VALUE, 0, CALL_BLOCKS | CALL_RESUMES },
	{ SYS_writev, { 0, P, UINT64_MAX }, 1, ARG_VALUE, 0, CALL_BLOCKS | CALL_RESUMES },
	{ SYS_openat, { 0, P, 0 }, 1, ARG_STR, 4096, CALL_BLOCKS },
	{ SYS_openat2, { 0, P, P, 24 }, 2, ARG_IN, 24, CALL_BLOCKS },
	{ SYS_getcwd, { P, 4096 }, 0, ARG_OUT, 4096, 0 },
	{ SYS_getcwd, { P, 1ULL << 40 }, 0, ARG_OUT, MAX_, 0 },
	{ SYS_readlink, { P, P, 256 }, 1, ARG_OUT, 256, 0 },
	{ SYS_readlink, { P, P, (uint32_t)-1 }, 1, ARG_OUT, 0, 0 },
	{ SYS_readlinkat, { 3, P, P, 64 }, 2, ARG_OUT, 64, 0 },
	{ SYS_getdents64, { 3, P, 7ULL << 32 | 32768 }, 1, ARG_OUT, 32768, 0 },
	{ SYS_getdents64, { 3, P, 0xffffffff }, 1, ARG_OUT, MAX_, 0 },
	{ SYS_getxattr, { P, P, P, 0 }, 2, ARG_OUT, 0, 0 },
	{ SYS_getxattr, { P, P, 0, 0 }, 2, ARG_VALUE, 0, 0 },
	{ SYS_setxattr, { P, P, P, 12 }, 2, ARG_IN, 12, 0 },
	{ SYS_listxattr, { P, P, 1024 }, 1, ARG_OUT, 1024, 0 },
	{ SYS_fstat, { 0, P }, 1, ARG_OUT, 144, 0 },
	{ SYS_statx, { 0, P, 0, 0, P }, 4, ARG_OUT, 256, 0 },
	{ SYS_pipe2, { P, 0 }, 0, ARG_OUT, 8, 0 },
	{ SYS_wait4, { 0, P, 0, P }, 3, ARG_OUT, 144, CALL_BLOCKS },
	{ SYS_poll, { P, 3, 0 }, 0, ARG_INOUT, 24, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_ppoll, { P, 3, P, 0 }, 2, ARG_INOUT, 16, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_select, { 1, P }, 1, ARG_INOUT, 8, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_select, { 64, P }, 1, ARG_INOUT, 8, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_select, { 65, 0, P }, 2, ARG_INOUT, 16, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_pselect6, { 1024, 0, 0, P, P }, 3, ARG_INOUT, 128, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_select, { (uint32_t)-5, P }, 1, ARG_INOUT, 0, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_select, { 0, 0, 0, 0, P }, 4, ARG_INOUT, 16, CALL_BLOCKS | CALL_OUT_ON_EINTR },
	{ SYS_epoll_wait, { 3, P, 10 }, 1, ARG_OUT, 120, CALL_BLOCKS | CALL_EINTR },
	{ SYS_epoll_wait, { 3, P, (uint32_t)-1 }, 1, ARG_OUT, 0, CALL_BLOCKS | CALL_EINTR },
	{ SYS_epoll_wait, { 3, P, 0x7fffffff }, 1, ARG_OUT, MAX_ / 12 * 12,
	  CALL_BLOCKS | CALL_EINTR },
	{ SYS_epoll_ctl, { 3, 1, 4, P }, 3, ARG_IN, 12, 0 },
	{ SYS_epoll_ctl, { 3, 2, 4, P }, 3, ARG_VALUE, 0, 0 },
	{ SYS_sendfile, { 1, 0, P, 1ULL << 40 }, 2, ARG_INOUT, 8, CALL_BLOCKS | CALL_RESUMES },
	{ SYS_ioctl, { 0, TCGETS, P }, 2, ARG_OUT, 36, 0 },
	{ SYS_ioctl, { 0, TCSETSW, P }, 2, ARG_IN, 36, CALL_BLOCKS },
	{ SYS_ioctl, { 0, 0x802c542a, P }, 2, ARG_OUT, 44, 0 }, /* TCGETS2 */
	{ SYS_ioctl, { 0, TIOCGWINSZ, P }, 2, ARG_OUT, 8, 0 },
	{ SYS_ioctl, { 0, TCFLSH, 2 }, 2, ARG_VALUE, 0, 0 },
	{ SYS_ioctl, { 0, FIONBIO, P }, 2, ARG_IN, 4, 0 },
	{ SYS_fcntl, { 0, F_GETLK, P }, 2, ARG_INOUT, 32, 0 },
	{ SYS_fcntl, { 0, F_SETLKW, P }, 2, ARG_IN, 32, CALL_BLOCKS },
	{ SYS_fcntl, { 0, F_DUPFD, 10 }, 2, ARG_VALUE, 0, 0 },
	{ SYS_prctl, { PR_SET_NAME, P }, 1, ARG_STR, 4096, 0 },
	{ SYS_setitimer, { 0, P, P }, 2, ARG_OUT, 32, 0 },
};

static void test_cases(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned k = cases[i].i;
		struct call_plan p;

		if (call_plan(cases[i].nr, cases[i].arg, &p) != 0)
			fail_msg("%u: %s: no plan", i, call_name(cases[i].nr));
		if (p.kind[k] != cases[i].kind || p.size[k] != cases[i].size ||
		    p.flags != cases[i].flags)
			fail_msg("%u: %s: kind %u size %u flags %#x", i, call_name(cases[i].nr),
				 p.kind[k], p.size[k], p.flags);
	}
}

static void test_refused(void **state)
{
	struct call_plan p;

	assert_int_equal(PLAN(SYS_ioctl, 0, 0x1234, P), -ENOSYS);
	assert_int_equal(PLAN(SYS_fcntl, 0, 999, P), -ENOSYS);
	assert_int_equal(PLAN(SYS_fork, 0), -ENOSYS);
	assert_int_equal(PLAN(SYS_brk, 0), -ENOSYS);
	assert_int_equal(PLAN(SYS_getuid, 0), -ENOSYS);
	assert_int_equal(PLAN(SYS_poll, P, 0xffffffff), -E2BIG);
	assert_int_equal(PLAN(SYS_poll, P, MAX_ / 8 + 1), -E2BIG);
	assert_int_equal(PLAN(SYS_sched_getaffinity, 0, MAX_ + 2, P), -E2BIG); /* no multiple of 8 */
	assert_int_equal(PLAN(SYS_poll, P, MAX_ / 8), 0);
	assert_int_equal(PLAN(SYS_setxattr, P, P, P, UINT64_MAX), -E2BIG);
	assert_int_equal(PLAN(SYS_openat2, 0, P, P, 1ULL << 32), -E2BIG);
	assert_int_equal(PLAN(SYS_select, 0x7fffffff, P), -E2BIG);
	/* Each of the three sets alone would do. */
	assert_int_equal(PLAN(SYS_select, 4 * MAX_, P), 0);
	assert_int_equal(PLAN(SYS_select, 4 * MAX_, P, P, P), -E2BIG);
}

static void test_cut(void **state)
{
	struct call_plan p;

	assert_int_equal(PLAN(SYS_write, 1, P, 3 * MAX_), 0);
	assert_int_equal(p.arg[2], MAX_);
	assert_int_equal(PLAN(SYS_epoll_wait, 3, P, 0x7fffffff, 5), 0);
	assert_int_equal(p.arg[2], MAX_ / 12);
	assert_int_equal(p.arg[3], 5);
	assert_int_equal(PLAN(SYS_read, 1, P, MAX_), 0);
	assert_int_equal(p.arg[2], MAX_);
	/* Nothing is cut where the pointer is NULL: the kernel answers. */
	assert_int_equal(PLAN(SYS_read, 1, 0, 3 * MAX_), 0);
	assert_int_equal(p.arg[2], 3 * MAX_);
}

static void test_place(void **state)
{
	struct call_plan p;

	assert_int_equal(PLAN(SYS_openat2, 0, P, P, 24), 0);
	assert_int_equal(call_place_size(&p, 0, 0), 0);
	assert_int_equal(call_place_size(&p, 0, 1), -EPROTO);
	assert_int_equal(call_place_size(&p, 1, 0), -EPROTO);
	assert_int_equal(call_place_size(&p, 1, 1), 1);
	assert_int_equal(call_place_size(&p, 1, 4096), 4096);
	assert_int_equal(call_place_size(&p, 1, 4097), -EPROTO);
	assert_int_equal(call_place_size(&p, 2, 24), 24);
	assert_int_equal(call_place_size(&p, 2, 23), -EPROTO);
	assert_int_equal(call_place_size(&p, 2, 25), -EPROTO);
	assert_int_equal(call_place_size(&p, 6, 0), -EPROTO);

	assert_int_equal(PLAN(SYS_read, 0, P, 512), 0);
	assert_int_equal(call_place_size(&p, 1, 0), 512);
	assert_int_equal(call_place_size(&p, 1, 1), -EPROTO);

	assert_int_equal(PLAN(SYS_readv, 0, P, 2), 0);
	assert_int_equal(call_place_size(&p, 1, 777), 777);
	assert_int_equal(call_place_size(&p, 1, MAX_ + 1), -EPROTO);
	assert_int_equal(PLAN(SYS_writev, 0, P, 0), 0);
	assert_int_equal(call_place_size(&p, 1, 0), 0);
	assert_int_equal(call_place_size(&p, 1, 1), -EPROTO);
}

/* Room told by an int in memory: as much may go in, all of it has a place. */
static void test_len(void **state)
{
	struct call_plan p;

	assert_int_equal(PLAN(SYS_accept, 3, P, P), 0);
	assert_int_equal(p.len_at[1], 2);
	assert_int_equal(p.size[1], 128);
	assert_int_equal(call_place_size(&p, 1, 0), 128);
	assert_int_equal(call_place_size(&p, 1, 1), -EPROTO);
	assert_int_equal(call_out_len(&p, 1, 5, 128), 128);
	assert_int_equal(call_out_len(&p, 1, -EINVAL, 128), 0);
	assert_int_equal(PLAN(SYS_accept, 3, P, 0), 0);
	assert_int_equal(p.len_at[1], 0);
	assert_int_equal(PLAN(SYS_getsockopt, 3, 1 /* SOL_SOCKET */, 4, P, P), 0);
	assert_int_equal(p.len_at[3], 4);
	assert_int_equal(call_place_size(&p, 3, 0), 4096);
	assert_int_equal(call_place_size(&p, 3, 4096), 4096);
	assert_int_equal(call_place_size(&p, 3, 4097), -EPROTO);
	assert_int_equal(PLAN(SYS_connect, 3, P, (uint32_t)-1), 0);
	assert_int_equal(p.size[1], 0);
	assert_int_equal(PLAN(SYS_getsockopt, 3, 1, 26 /* SO_GET_FILTER */, P, P), -ENOSYS);
	assert_int_equal(PLAN(SYS_setsockopt, 3, 41, 64 /* ip6tables */, P, 40), -ENOSYS);
	assert_int_equal(PLAN(SYS_setsockopt, 3, 263 /* SOL_PACKET */, 5, P, 40), -ENOSYS);
	assert_int_equal(PLAN(SYS_sendto, 3, P, 9, 0x4000000 /* MSG_ZEROCOPY */), -ENOSYS);
	assert_int_equal(PLAN(SYS_recvfrom, 3, P, 9, 0x100 /* MSG_WAITALL */), -ENOSYS);
}

static void test_out_len(void **state)
{
	struct call_plan p;

	assert_int_equal(PLAN(SYS_read, 0, P, 512), 0);
	assert_int_equal(call_out_len(&p, 1, 100, 512), 100);
	assert_int_equal(call_out_len(&p, 1, 0, 512), 0);
	assert_int_equal(call_out_len(&p, 1, -EIO, 512), 0);
	assert_int_equal(call_out_len(&p, 1, 513, 512), 512);
	assert_int_equal(call_out_len(&p, 1, INT64_MAX, UINT32_MAX), 512);
	assert_int_equal(call_out_len(&p, 1, 100, 50), 50);
	assert_int_equal(call_out_len(&p, 0, 100, 512), 0);
	assert_int_equal(call_out_len(&p, 7, 100, 512), 0);

	assert_int_equal(PLAN(SYS_readv, 0, P, 3), 0);
	assert_int_equal(call_out_len(&p, 1, 700, 1000), 700);
	assert_int_equal(call_out_len(&p, 1, 1700, 1000), 1000);

	assert_int_equal(PLAN(SYS_readlink, P, P, 10), 0);
	assert_int_equal(call_out_len(&p, 1, 4, 10), 4);
	assert_int_equal(PLAN(SYS_getcwd, P, 4096), 0);
	assert_int_equal(call_out_len(&p, 0, 5, 4096), 5);
	assert_int_equal(call_out_len(&p, 0, -ERANGE, 4096), 0);
	assert_int_equal(PLAN(SYS_getxattr, P, P, P, 0), 0);
	assert_int_equal(call_out_len(&p, 2, 44, 0), 0);

	assert_int_equal(PLAN(SYS_epoll_wait, 3, P, 10), 0);
	assert_int_equal(call_out_len(&p, 1, 2, 120), 24);
	assert_int_equal(call_out_len(&p, 1, 11, 120), 120);
	assert_int_equal(call_out_len(&p, 1, INT64_MAX, 120), 120);
	assert_int_equal(call_out_len(&p, 1, -EINTR, 120), 0);

	assert_int_equal(PLAN(SYS_select, 65, P, 0, 0, P), 0);
	assert_int_equal(call_out_len(&p, 1, 1, 16), 16);
	assert_int_equal(call_out_len(&p, 1, 0, 16), 16);
	assert_int_equal(call_out_len(&p, 2, 1, 16), 0);
	assert_int_equal(call_out_len(&p, 4, -EINTR, 16), 16);
	assert_int_equal(call_out_len(&p, 4, -514, 16), 16);
	assert_int_equal(call_out_len(&p, 4, -EBADF, 16), 16);
	assert_int_equal(call_out_len(&p, 1, -EBADF, 16), 0);

	assert_int_equal(PLAN(SYS_wait4, 0, P, 1, P), 0);
	assert_int_equal(call_out_len(&p, 1, 0, 4), 0);
	assert_int_equal(call_out_len(&p, 1, 42, 4), 4);
	assert_int_equal(call_out_len(&p, 3, 42, 144), 144);

	assert_int_equal(PLAN(SYS_ioctl, 0, TIOCGWINSZ, P), 0);
	assert_int_equal(call_out_len(&p, 2, 0, 8), 8);
	assert_int_equal(call_out_len(&p, 2, -ENOTTY, 8), 0);

	/* A number nobody planned. */
	p.nr = 9999;
	assert_int_equal(call_out_len(&p, 2, 0, 8), 0);
}

static void test_advance(void **state)
{
	uint64_t arg[CALL_ARGS] = { 3, P, 100, 1000 };

	assert_int_equal(call_advance(SYS_pwrite64, arg, 30), 0);
	assert_int_equal(arg[1], P + 30);
	assert_int_equal(arg[2], 70);
	assert_int_equal(arg[3], 1030);
	assert_int_equal(call_advance(SYS_pwrite64, arg, 71), -EINVAL);
	assert_int_equal(arg[2], 70);
	assert_int_equal(call_advance(SYS_fstat, arg, 1), -ENOSYS);
	arg[3] = UINT64_MAX;
	assert_int_equal(call_advance(SYS_pwritev2, arg, 5), 0);
	assert_int_equal(arg[3], UINT64_MAX);
	assert_int_equal(arg[1], P + 30);
}

/* Every call that goes on after a stop or in pieces can be advanced. */
static void test_pieces_complete(void **state)
{
	for (long nr = 0; nr < 500; nr++) {
		uint64_t arg[CALL_ARGS] = { 1, P, 64, 1, 1 };
		struct call_plan p;

		if (call_plan(nr, arg, &p) == 0 && (p.flags & (CALL_RESUMES | CALL_READS)))
			assert_int_equal(call_advance(nr, arg, 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut),	 cmocka_unit_test(test_place),
		cmocka_unit_test(test_len),
		cmocka_unit_test(test_out_len),	 cmocka_unit_test(test_advance),
		cmocka_unit_test(test_pieces_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
