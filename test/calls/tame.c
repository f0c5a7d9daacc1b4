/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is called only so that it neither blocks for ever nor kills nor leaves the world, each with its
 * reason. At the end, what is left out because the product is known to do it wrong: lines to be
 * removed with the fault. */
#include "calls.h"

#include <asm/termbits.h>
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

/* ---- only so --------------------------------------------------------------------------------- */

/* A time of a millisecond, where none would be for ever. */
static uint64_t short_time(void)
{
	static const int64_t t[2] = { 0, 1000000 };

	(void)arena_put(SAFE, t, sizeof(t));
	return SAFE;
}

static bool aims_at_us(uint64_t pid)
{
	int32_t p = (int32_t)pid;

	return p == world_pid || p == 0 || p == -world_pid;
}

/* The world's own processes are we; others are left alone, and 0 is for all signals. */
static bool tame_kill(struct chance *c, struct drawn *d)
{
	unsigned who = 0, sig = d->nr == __NR_tgkill || d->nr == __NR_rt_tgsigqueueinfo ? 2 : 1;

	for (who = 0; who < sig; who++) {
		if ((int32_t)d->arg[who] == -1 || (int32_t)d->arg[who] == 1)
			d->arg[who] = (uint64_t)world_pid;
		if (aims_at_us(d->arg[who]) && ((int)d->arg[sig] == SIGSEGV || (int)d->arg[sig] == SIGBUS ||
						(int)d->arg[sig] == SIGKILL || (int)d->arg[sig] == SIGSTOP))
			d->arg[sig] = SIGUSR1;
	}
	return true;
}

static bool tame_process(struct chance *c, struct drawn *d)
{
	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (d->word[i] == 'p' && (int32_t)d->arg[i] == 1)
			d->arg[i] = 0x3fffffff;
	return true;
}

static bool tame_sigaction(struct chance *c, struct drawn *d)
{
	int sig = (int)d->arg[0];

	if (sig == SIGSEGV || sig == SIGBUS)
		d->arg[0] = SIGUSR2;
	return arena_good(d->arg[1], 32) || !d->arg[1] || !arena_put(d->arg[1], &sig, 0);
}

/* Descriptors above the limit are ours. */
static bool tame_close_range(struct chance *c, struct drawn *d)
{
	if ((uint32_t)d->arg[0] >= WORLD_FDS && (uint32_t)d->arg[1] >= (uint32_t)d->arg[0])
		d->arg[0] = WORLD_FDS - 1;
	if ((uint32_t)d->arg[1] >= WORLD_FDS)
		d->arg[1] = WORLD_FDS - 1;
	d->arg[2] &= ~(uint64_t)CLOSE_RANGE_UNSHARE;
	return true;
}

/* Only a time that will not come, or none: what fires meanwhile would be chance. */
static bool tame_timer(struct chance *c, struct drawn *d)
{
	uint64_t at = d->nr == __NR_setitimer ? d->arg[1] : d->arg[2];
	int64_t t[4] = { 0, 0, chance_of(c, 500) ? 0 : 1000000, 0 };

	if (d->nr == __NR_setitimer && (int)d->arg[0] > 2)
		return true;
	if (d->nr == __NR_setitimer && d->arg[0] && chance_of(c, 900))
		d->arg[0] = 0;
	return !at || arena_put(at, t, sizeof(t)) || !arena_good(at, sizeof(t));
}

static bool tame_alarm(struct chance *c, struct drawn *d)
{
	d->arg[0] = d->arg[0] & 1 ? 100000 : 0;
	return true;
}

static bool tame_poll(struct chance *c, struct drawn *d)
{
	unsigned i = d->nr == __NR_poll ? 2 : 3;

	if ((int32_t)d->arg[i] < 0 || (int32_t)d->arg[i] > 2)
		d->arg[i] = 1;
	return true;
}

/* The pointer to a time must name one. */
static bool tame_wait(struct chance *c, struct drawn *d)
{
	unsigned i = 0;

	while (i < CALL_ARGS && d->word[i] != 'T' && d->word[i] != 't')
		i++;
	if (i < CALL_ARGS && !d->arg[i])
		d->arg[i] = short_time();
	return true;
}

static bool tame_futex(struct chance *c, struct drawn *d)
{
	int op = (int)d->arg[1] & FUTEX_CMD_MASK;

	/* They write a thread's number. */
	if (op == FUTEX_LOCK_PI || op == FUTEX_TRYLOCK_PI || op == FUTEX_UNLOCK_PI || op == 13 ||
	    op == FUTEX_WAIT_REQUEUE_PI || op == FUTEX_CMP_REQUEUE_PI)
		return false;
	return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET ? tame_wait(c, d) : true;
}

static bool tame_flock(struct chance *c, struct drawn *d)
{
	d->arg[1] |= LOCK_NB;
	return world_is_ours(d->arg[0]); /* others lock devices, too */
}

static bool tame_fcntl(struct chance *c, struct drawn *d)
{
	if (d->word[2] == 'K' && !world_is_ours(d->arg[0]))
		return false; /* others lock devices, too */
	switch ((int)d->arg[1]) {
	case F_SETLKW: /* waits for ever */
		d->arg[1] = F_SETLK;
		break;
	case F_OFD_SETLKW:
		d->arg[1] = F_OFD_SETLK;
		break;
	case F_SETLEASE: /* the next open would wait */
		d->arg[2] = F_UNLCK;
		break;
	case F_SETSIG:
		d->arg[2] = (uint64_t)signals_pick(c);
		break;
	case F_SETOWN:
		d->arg[2] = chance_of(c, 800) ? (uint64_t)world_pid : 0;
		break;
	case F_SETOWN_EX: {
		int32_t own[2] = { (int32_t)chance_below(c, 4), world_pid };

		return arena_good(d->arg[2], 8) && arena_put(d->arg[2], own, sizeof(own));
	}
	case F_NOTIFY: /* its signals come in an order of chance */
		return false;
	case F_SETPIPE_SZ: /* the user has a limit for all his pipes */
		d->arg[2] = chance_below(c, 3) * 65536;
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		break;
	default:
		break;
	}
	return true;
}

static bool without_bits(uint64_t at, uint16_t bits)
{
	uint16_t v;

	if (!arena_get(at, &v, sizeof(v)))
		return true;
	v &= (uint16_t)~bits;
	return arena_put(at, &v, sizeof(v));
}

static bool tame_ioctl(struct chance *c, struct drawn *d)
{
	static const int zero = 0;

	switch (d->arg[1]) {
	case TIOCSIG: /* to the terminal's group */
	case TIOCCONS:
	case TIOCSTI: /* what it is allowed hangs on the machine */
		return false;
	case TIOCSETD: /* would load modules */
		return arena_put(d->arg[2], &zero, sizeof(zero));
	case TIOCSPGRP: { /* no other group gets a terminal's signals */
		int32_t pid = world_pid;

		return arena_good(d->arg[2], 4) && chance_of(c, 500) && arena_put(d->arg[2], &pid, 4);
	}
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2: /* an echo comes when the kernel finds time */
		return without_bits(d->arg[2] + 12, ECHO | ECHONL);
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
		return without_bits(d->arg[2] + 6, ECHO | ECHONL);
	default:
		return true;
	}
}

static bool tame_prctl(struct chance *c, struct drawn *d)
{
	static const uint8_t asks[] = { 2, 3, 7, 13, 15, 16, 21, 23, 27, 30, 34, 39, 42, 47, 52, 58 };

	for (unsigned i = 0; i < ARRAY_SIZE(asks); i++)
		if ((int)d->arg[0] == asks[i])
			return true;
	return false; /* habits last longer than the world */
}

static bool tame_arch_prctl(struct chance *c, struct drawn *d)
{
	static const uint16_t codes[] = { 0x1001, 0x1003, 0x1004, 0x1004 }; /* not SET_FS */

	d->arg[0] = CHANCE_PICK(c, codes);
	if (d->arg[0] == 0x1001)
		d->arg[1] = chance_of(c, 800) ? ARENA + 2 * PAGE : 1ULL << 50;
	return true;
}

static bool tame_personality(struct chance *c, struct drawn *d)
{
	d->arg[0] = 0xffffffff;
	return true;
}

/* Fixed places lie where there is nothing of ours; and nothing is shared and written. */
static bool tame_mmap(struct chance *c, struct drawn *d)
{
	bool fixed = d->arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (fixed && !d->arg[0])
		d->arg[0] = PLAY;
	if (d->arg[0] && d->arg[0] + d->arg[1] > PLAY + PLAY_PAGES * PAGE && d->arg[1] < (1ULL << 40))
		d->arg[1] = PAGE;
	d->arg[3] &= ~(uint64_t)(MAP_LOCKED | MAP_HUGETLB | MAP_GROWSDOWN);
	if ((d->arg[3] & MAP_SHARED) && (d->arg[3] & MAP_ANONYMOUS))
		d->arg[3] ^= MAP_SHARED | MAP_PRIVATE;
	if (d->arg[3] & MAP_SHARED)
		d->arg[2] &= ~(uint64_t)PROT_WRITE;
	if (!(d->arg[3] & MAP_ANONYMOUS) && chance_of(c, 850))
		d->arg[4] = chance_of(c, 500) ? 6 : 25;
	if (!(d->arg[3] & MAP_ANONYMOUS) && chance_of(c, 900))
		d->arg[5] &= ~(PAGE - 1) & 0xffff;
	return true;
}

static bool in_play(uint64_t at, uint64_t n)
{
	return at >= PLAY && at - PLAY < PLAY_PAGES * PAGE && n <= PLAY_PAGES * PAGE - (at - PLAY);
}

/* What unmaps, moves or protects does so in its part of the arena, or fails. */
static bool tame_map(struct chance *c, struct drawn *d)
{
	uint64_t n = d->arg[1];

	if (!in_play(d->arg[0], 0))
		d->arg[0] = PLAY;
	/* All but munmap go on behind the arena when it is too much. */
	if (!in_play(d->arg[0], n) && (n < (1ULL << 40) || (d->nr != __NR_munmap && d->arg[0] + n > n)))
		d->arg[1] = PAGE;
	if (d->nr == __NR_mremap) {
		d->arg[2] = MIN(d->arg[2], 8 * PAGE);
		if (!in_play(d->arg[4], d->arg[2]))
			d->arg[4] = PLAY + 20 * PAGE;
		d->arg[3] &= ~4ULL; /* DONTUNMAP: at home */
	}
	if (d->nr == __NR_mprotect)
		d->arg[2] &= ~0x3000000ULL; /* growing down or up, none of it grows */
	return true;
}

static bool tame_madvise(struct chance *c, struct drawn *d)
{
	/* FREE takes pages when it likes; DONTFORK and the like keep it at home. */
	static const uint8_t not[] = { 8, 9, 10, 11, 12, 13, 16, 17 };

	for (unsigned i = 0; i < ARRAY_SIZE(not); i++)
		if ((int)d->arg[2] == not[i])
			return false;
	return (int)d->arg[2] < 100 && tame_map(c, d);
}

static bool tame_mknod(struct chance *c, struct drawn *d)
{
	unsigned i = d->nr == __NR_mknod ? 1 : 2;

	/* To open such a fifo would wait. */
	if ((d->arg[i] & S_IFMT) == S_IFIFO)
		d->arg[i] = (d->arg[i] & ~(uint64_t)S_IFMT) | S_IFSOCK;
	return true;
}

static bool tame_inotify(struct chance *c, struct drawn *d)
{
	char first = '/';

	if (!arena_get(d->arg[1], &first, 1) || first == '/')
		return false; /* others open and close what is not the world's */
	d->arg[2] &= ~(uint64_t)(IN_MOVED_FROM | IN_MOVED_TO); /* their cookies count for all */
	return true;
}

static bool tame_rlimit(struct chance *c, struct drawn *d)
{
	d->arg[2] = 0; /* only asks */
	return true;
}

static bool tame_tid(struct chance *c, struct drawn *d)
{
	return arena_good(d->arg[0], 8);
}

static bool tame_fallocate(struct chance *c, struct drawn *d)
{
	if (d->arg[3] < (1ULL << 40))
		d->arg[3] &= 0x3ffff; /* it takes memory */
	return true;
}

/* A list at the very end of memory the kernel takes for an error, and tells nobody where it is. */
static bool tame_robust(struct chance *c, struct drawn *d)
{
	return d->arg[0] < (uint64_t)-4095;
}

/* Who sleeps until a processor has worked so long for him sleeps for ever. */
static bool tame_clock(struct chance *c, struct drawn *d)
{
	return (int)d->arg[0] != CLOCK_PROCESS_CPUTIME_ID && (int)d->arg[0] >= 0;
}

static bool tame_recv(struct chance *c, struct drawn *d)
{
	d->arg[3] |= 0x40; /* MSG_DONTWAIT */
	if (d->arg[3] & 0x2000) /* ERRQUEUE */
		d->arg[3] &= ~0x2000ULL;
	return true;
}

static const struct {
	uint16_t nr;
	bool (*tame)(struct chance *c, struct drawn *d);
} tamed[] = {
	{ __NR_kill, tame_kill },
	{ __NR_tkill, tame_kill },
	{ __NR_tgkill, tame_kill },
	{ __NR_rt_sigqueueinfo, tame_kill },
	{ __NR_rt_tgsigqueueinfo, tame_kill },
	{ __NR_rt_sigaction, tame_sigaction },
	{ __NR_rt_sigtimedwait, tame_wait },
	{ __NR_close_range, tame_close_range },
	{ __NR_setitimer, tame_timer },
	{ __NR_timerfd_settime, tame_timer },
	{ __NR_alarm, tame_alarm },
	{ __NR_poll, tame_poll },
	{ __NR_epoll_wait, tame_poll },
	{ __NR_epoll_pwait, tame_poll },
	{ __NR_ppoll, tame_wait },
	{ __NR_select, tame_wait },
	{ __NR_pselect6, tame_wait },
	{ __NR_epoll_pwait2, tame_wait },
	{ __NR_futex, tame_futex },
	{ __NR_futex_waitv, tame_wait },
	{ __NR_flock, tame_flock },
	{ __NR_fcntl, tame_fcntl },
	{ __NR_ioctl, tame_ioctl },
	{ __NR_prctl, tame_prctl },
	{ __NR_arch_prctl, tame_arch_prctl },
	{ __NR_personality, tame_personality },
	{ __NR_madvise, tame_madvise },
	{ __NR_mmap, tame_mmap },
	{ __NR_mremap, tame_map },
	{ __NR_munmap, tame_map },
	{ __NR_mprotect, tame_map },
	{ __NR_msync, tame_map },
	{ __NR_mincore, tame_map },
	{ __NR_mlock, tame_map },
	{ __NR_mlock2, tame_map },
	{ __NR_mbind, tame_map },
	{ __NR_pkey_mprotect, tame_map },
	{ __NR_mknod, tame_mknod },
	{ __NR_mknodat, tame_mknod },
	{ __NR_inotify_add_watch, tame_inotify },
	{ __NR_prlimit64, tame_rlimit },
	{ __NR_set_tid_address, tame_tid },
	{ __NR_fallocate, tame_fallocate },
	{ __NR_set_robust_list, tame_robust },
	{ __NR_clock_nanosleep, tame_clock },
	{ __NR_recvfrom, tame_recv },
	{ __NR_sendto, tame_recv },
};

/* How much of a long write a terminal takes hangs on how quickly its other side is woken. */
static bool tame_tty(struct drawn *d)
{
	if (!(d->row->flags & CALL_RESUMES))
		return true;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		if (d->word[i] != 'f' || (uint32_t)d->arg[i] >= WORLD_FDS || !world_is_tty((int)d->arg[i]))
			continue;
		if (d->nr != __NR_write)
			return false;
		d->arg[2] = MIN(d->arg[2], 400UL);
	}
	return true;
}

/* Reading and writing never waits: whatever it is about is told not to. */
static void unblock(struct drawn *d)
{
	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (d->word[i] == 'f' && (d->row->flags & CALL_BLOCKS) && (uint32_t)d->arg[i] < WORLD_FDS)
			world_unblock((int)d->arg[i]);
	if (d->nr == __NR_open)
		d->arg[1] |= O_NOCTTY;
	if (d->nr == __NR_openat)
		d->arg[2] |= O_NOCTTY;
}

bool tame_runs_out(const struct drawn *d)
{
	int32_t room;
	uint64_t n;

	/* It has taken a datagram before it refuses the length of the address. */
	if (d->nr == __NR_recvfrom && d->arg[4] && arena_get(d->arg[5], &room, sizeof(room)) && room < 0)
		return true;

	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (d->arg[i] && draw_room(d, i, &n) && n && !arena_good(d->arg[i], n) &&
		    d->row->arg[i].kind != ARG_STR && d->word[i] != 'Y' && d->word[i] != 'X')
			return true;
	return false;
}

/* ---- what the product is known to do wrong --------------------------------------------------- */

bool tame_all;

/* True: still wrong. A line goes when its fault does. */
static const bool known[KNOWN_COUNT_] = {
	[KNOWN_DIRECT] = true,
};

bool tame_known(enum known_fault k)
{
	return known[k] && !tame_all;
}

bool tame_call(struct chance *c, struct drawn *d)
{
	if (!tame_process(c, d))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(tamed); i++)
		if (tamed[i].nr == d->nr && !tamed[i].tame(c, d))
			return false;
	if (!tame_tty(d))
		return false;
	draw_settle(d);
	unblock(d);
	return true;
}
