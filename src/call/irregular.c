/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls whose meaning hangs on an argument: for each value its class, and how the argument
 * that follows travels. table.h tells how rules are read. ioctl has a file of its own. */
#include "call/table.h"

#include <asm/prctl.h>
#include <assert.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

/* clang-format off */

/* ---- memory ---------------------------------------------------------------------------------- */

/* Flags that change nothing for us, whatever the mapping. Those not known here lead home. */
#define MAP_ANY   (MAP_STACK | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_DENYWRITE | \
		   MAP_EXECUTABLE | MAP_32BIT)
#define MAP_PLACE (MAP_FIXED | MAP_FIXED_NOREPLACE)
#define BUT(bits) (~(uint64_t)(bits))

const struct call_rule call_rules_mmap[] = {
	{ .n = 1, .match = { BITS(3, BUT(MAP_ANY), MAP_PRIVATE | MAP_ANONYMOUS) },
	  .class_ = CALL_LOCAL },
	/* Where the program wants it: the supervisor sees to it that the resident gives way. */
	{ .n = 1, .match = { BITS(3, BUT(MAP_ANY | MAP_PLACE), MAP_PRIVATE | MAP_ANONYMOUS) },
	  .class_ = CALL_HOST },
	{ .n = 1, .match = { BITS(3, BUT(MAP_ANY | MAP_PLACE), MAP_PRIVATE) },
	  .class_ = CALL_BOTH },
	{ .n = 2, .match = { BITS(2, PROT_WRITE, 0),
			     BITS(3, BUT(MAP_ANY | MAP_PLACE), MAP_SHARED) },
	  .class_ = CALL_BOTH },
	{ .n = 1, .match = { BITS(3, MAP_HUGETLB, MAP_HUGETLB) }, .class_ = CALL_HOME,
	  .reason = "hugetlb" },
	{ .n = 1, .match = { BITS(3, MAP_LOCKED, MAP_LOCKED) }, .class_ = CALL_HOME,
	  .reason = "locked-memory" },
	{ .n = 1, .match = { BITS(3, MAP_SHARED, MAP_SHARED) }, .class_ = CALL_HOME,
	  .reason = "shared-memory" },
	END
};

const struct call_rule call_rules_mremap[] = {
	/* With MREMAP_FIXED it may hit the resident, like mmap with MAP_FIXED. Without, it may make the mapping
	 * of a file show pages that the host lacks. */
	{ .n = 1, .match = { BITS(3, BUT(MREMAP_MAYMOVE | MREMAP_FIXED), 0) }, .class_ = CALL_HOST },
	END
};

/* By number, since headers differ in which of them they have. Each leaves the bytes as they are,
 * or (DONTNEED, FREE) gives them up for ever. */
const struct call_rule call_rules_madvise[] = {
	INT_RULE(2, 0, CALL_LOCAL),  /* NORMAL */
	INT_RULE(2, 1, CALL_LOCAL),  /* RANDOM */
	INT_RULE(2, 2, CALL_LOCAL),  /* SEQUENTIAL */
	INT_RULE(2, 3, CALL_LOCAL),  /* WILLNEED */
	INT_RULE(2, 4, CALL_LOCAL),  /* DONTNEED */
	INT_RULE(2, 8, CALL_LOCAL),  /* FREE */
	INT_RULE(2, 14, CALL_LOCAL), /* HUGEPAGE */
	INT_RULE(2, 15, CALL_LOCAL), /* NOHUGEPAGE */
	INT_RULE(2, 20, CALL_LOCAL), /* COLD */
	INT_RULE(2, 21, CALL_LOCAL), /* PAGEOUT */
	INT_RULE(2, 22, CALL_LOCAL), /* POPULATE_READ */
	INT_RULE(2, 23, CALL_LOCAL), /* POPULATE_WRITE */
	END
};

/* ---- futexes --------------------------------------------------------------------------------- */

#define FUTEX_CMD   ((uint64_t)0x7f)  /* without PRIVATE and CLOCK_REALTIME */
#define FUTEX_CLOCK (FUTEX_CMD | FUTEX_CLOCK_REALTIME)
#define FUTEX_RULE(cmd) \
	{ .n = 1, .match = { BITS(1, FUTEX_CMD, cmd) }, .class_ = CALL_LOCAL }
#define FUTEX_MONO(cmd) \
	{ .n = 1, .match = { BITS(1, FUTEX_CLOCK, cmd) }, .class_ = CALL_LOCAL }
#define FUTEX_EVER(cmd) \
	{ .n = 2, .match = { BITS(1, FUTEX_CMD, cmd), IS(3, 0) }, .class_ = CALL_LOCAL }

/* What is left over waits until a moment of CLOCK_REALTIME, which is home's and not the host's.
 * (glibc sets the bit for that clock also when it waits without end: hence the EVER ones.) */
const struct call_rule call_rules_futex[] = {
	FUTEX_RULE(FUTEX_WAKE),
	FUTEX_RULE(FUTEX_REQUEUE),
	FUTEX_RULE(FUTEX_CMP_REQUEUE),
	FUTEX_RULE(FUTEX_WAKE_OP),
	FUTEX_RULE(FUTEX_WAKE_BITSET),
	FUTEX_RULE(FUTEX_UNLOCK_PI),
	FUTEX_RULE(FUTEX_TRYLOCK_PI),
	FUTEX_RULE(FUTEX_CMP_REQUEUE_PI),
	FUTEX_MONO(FUTEX_WAIT),
	FUTEX_MONO(FUTEX_WAIT_BITSET),
	FUTEX_MONO(FUTEX_WAIT_REQUEUE_PI),
	FUTEX_MONO(13), /* LOCK_PI2 */
	FUTEX_EVER(FUTEX_WAIT_BITSET),
	FUTEX_EVER(FUTEX_WAIT_REQUEUE_PI),
	FUTEX_EVER(FUTEX_LOCK_PI), /* has no clock bit: always CLOCK_REALTIME */
	FUTEX_EVER(13),
	END
};

const struct call_rule call_rules_futex_waitv[] = {
	{ .n = 1, .match = { IS(3, 0) }, .class_ = CALL_LOCAL },
	INT_RULE(4, CLOCK_MONOTONIC, CALL_LOCAL),
	END
};

const struct call_rule call_rules_get_robust_list[] = {
	INT_RULE(0, 0, CALL_LOCAL),
	END
};

/* ---- time ------------------------------------------------------------------------------------ */

/* The body's time namespace makes the monotonic ones true. */
const struct call_rule call_rules_clock[] = {
	INT_RULE(0, CLOCK_MONOTONIC, CALL_LOCAL),
	INT_RULE(0, CLOCK_MONOTONIC_RAW, CALL_LOCAL),
	INT_RULE(0, CLOCK_MONOTONIC_COARSE, CALL_LOCAL),
	INT_RULE(0, CLOCK_BOOTTIME, CALL_LOCAL),
	INT_RULE(0, CLOCK_REALTIME, CALL_HOST),
	INT_RULE(0, CLOCK_REALTIME_COARSE, CALL_HOST),
	INT_RULE(0, CLOCK_PROCESS_CPUTIME_ID, CALL_HOST),
	INT_RULE(0, CLOCK_THREAD_CPUTIME_ID, CALL_HOST),
	END
};

const struct call_rule call_rules_clock_nanosleep[] = {
	INT_RULE(0, CLOCK_REALTIME, CALL_HOST),
	INT_RULE(0, CLOCK_MONOTONIC, CALL_HOST),
	INT_RULE(0, CLOCK_BOOTTIME, CALL_HOST),
	END
};

/* Elapsed time is the same at home, where the deputy's timer raises a signal that travels. */
const struct call_rule call_rules_itimer[] = {
	INT_RULE(0, ITIMER_REAL, CALL_FORWARD),
	END
};

const struct call_rule call_rules_timer_create[] = {
	INT_RULE(0, CLOCK_REALTIME, CALL_FORWARD),
	INT_RULE(0, CLOCK_MONOTONIC, CALL_FORWARD),
	INT_RULE(0, CLOCK_BOOTTIME, CALL_FORWARD),
	INT_RULE(0, CLOCK_TAI, CALL_FORWARD),
	END
};

/* ---- the process itself ---------------------------------------------------------------------- */

const struct call_rule call_rules_arch_prctl[] = {
	INT_RULE(0, ARCH_SET_FS, CALL_LOCAL),
	INT_RULE(0, ARCH_GET_FS, CALL_LOCAL),
	INT_RULE(0, ARCH_SET_GS, CALL_LOCAL),
	INT_RULE(0, ARCH_GET_GS, CALL_LOCAL),
	END
};

/* Only such questions about home as are answered by the result. */
const struct call_rule call_rules_prctl[] = {
	INT_RULE(0, PR_GET_NAME, CALL_LOCAL),
	INT_RULE(0, PR_SET_VMA, CALL_LOCAL),
	{ .n = 1, .match = { INT_IS(0, PR_SET_NAME) }, .class_ = CALL_BOTH, .at = 1, .spec = STR },
	INT_RULE(0, PR_GET_DUMPABLE, CALL_FORWARD),
	INT_RULE(0, PR_GET_KEEPCAPS, CALL_FORWARD),
	INT_RULE(0, PR_GET_TIMING, CALL_FORWARD),
	INT_RULE(0, PR_GET_SECCOMP, CALL_FORWARD),
	INT_RULE(0, PR_CAPBSET_READ, CALL_FORWARD),
	INT_RULE(0, PR_GET_SECUREBITS, CALL_FORWARD),
	INT_RULE(0, PR_GET_TIMERSLACK, CALL_FORWARD),
	INT_RULE(0, PR_MCE_KILL_GET, CALL_FORWARD),
	INT_RULE(0, PR_GET_NO_NEW_PRIVS, CALL_FORWARD),
	INT_RULE(0, PR_GET_THP_DISABLE, CALL_FORWARD),
	INT_RULE(0, PR_GET_SPECULATION_CTRL, CALL_FORWARD),
	INT_RULE(0, PR_GET_IO_FLUSHER, CALL_FORWARD),
	{ .n = 2, .match = { INT_IS(0, PR_CAP_AMBIENT), IS(1, PR_CAP_AMBIENT_IS_SET) },
	  .class_ = CALL_FORWARD },
	END
};

const struct call_rule call_rules_clone[] = {
	{ .n = 1, .match = { BITS(0, CLONE_THREAD, CLONE_THREAD) }, .class_ = CALL_HOME,
	  .reason = "threads" },
	END
};

const struct call_rule call_rules_personality[] = {
	INT_RULE(0, 0xffffffff, CALL_FORWARD), /* only asks */
	END
};

const struct call_rule call_rules_prlimit64[] = {
	{ .n = 1, .match = { IS(2, 0) }, .class_ = CALL_FORWARD }, /* only asks */
	END
};

/* ---- files ----------------------------------------------------------------------------------- */

#define FCNTL(cmd) INT_RULE(1, cmd, CALL_FORWARD)
#define FCNTL_PTR(cmd, how, ...) \
	{ .n = 1, .match = { INT_IS(1, cmd) }, .class_ = CALL_FORWARD, .at = 2, .spec = how, \
	  __VA_ARGS__ }
#define FLOCK_SIZE 32 /* struct flock of 64-bit programs */

static_assert(sizeof(struct flock) == FLOCK_SIZE, "struct flock");

const struct call_rule call_rules_fcntl[] = {
	FCNTL(F_DUPFD),
	FCNTL(F_DUPFD_CLOEXEC),
	FCNTL(F_GETFD),
	FCNTL(F_SETFD),
	FCNTL(F_GETFL),
	FCNTL(F_SETFL),
	FCNTL_PTR(F_GETLK, INOUT(FLOCK_SIZE)),
	FCNTL_PTR(F_SETLK, IN(FLOCK_SIZE)),
	FCNTL_PTR(F_SETLKW, IN(FLOCK_SIZE), .flags = CALL_BLOCKS),
	FCNTL_PTR(F_OFD_GETLK, INOUT(FLOCK_SIZE)),
	FCNTL_PTR(F_OFD_SETLK, IN(FLOCK_SIZE)),
	FCNTL_PTR(F_OFD_SETLKW, IN(FLOCK_SIZE), .flags = CALL_BLOCKS),
	FCNTL(F_SETOWN),
	FCNTL(F_GETOWN),
	FCNTL_PTR(F_SETOWN_EX, IN(8)),
	FCNTL_PTR(F_GETOWN_EX, OUT(8)),
	FCNTL_PTR(17 /* F_GETOWNER_UIDS */, OUT(8)),
	FCNTL(F_SETSIG),
	FCNTL(F_GETSIG),
	FCNTL(F_SETLEASE),
	FCNTL(F_GETLEASE),
	FCNTL(F_NOTIFY),
	FCNTL(1027), /* F_DUPFD_QUERY */
	FCNTL(1028), /* F_CREATED_QUERY */
	FCNTL(F_SETPIPE_SZ),
	FCNTL(F_GETPIPE_SZ),
	FCNTL(F_ADD_SEALS),
	FCNTL(F_GET_SEALS),
	FCNTL_PTR(F_GET_RW_HINT, OUT(8)),
	FCNTL_PTR(F_SET_RW_HINT, IN(8)),
	END
};

const struct call_rule call_rules_close_range[] = {
	{ .n = 1, .match = { BITS(2, CLOSE_RANGE_UNSHARE, CLOSE_RANGE_UNSHARE) },
	  .class_ = CALL_HOME, .reason = "namespaces" },
	END
};

/* Deleting, the kernel does not look where the pointer points, and programs pass anything. */
const struct call_rule call_rules_epoll_ctl[] = {
	{ .n = 1, .match = { INT_IS(1, EPOLL_CTL_DEL) }, .class_ = CALL_FORWARD, .at = 3,
	  .spec = V },
	END
};

/* A mask that holds while waiting must hold at the body, which is not where the waiting is done:
 * these calls are forwarded only without one. */
#define WITHOUT(a) { .n = 1, .match = { IS(a, 0) }, .class_ = CALL_FORWARD }

const struct call_rule call_rules_mask_3[] = { WITHOUT(3), END };
const struct call_rule call_rules_mask_4[] = { WITHOUT(4), END };
const struct call_rule call_rules_mask_5[] = { WITHOUT(5), END };
/* clang-format on */
