/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that the host's supervisor answers by itself: who the program is (home has told), clocks that
 * the filter cannot leave to the kernel, sleeps. A sleep is a deadline on home's clock, so that it
 * ends at the right moment however often the program moves. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "kernel/procfs.h"

nsec_t guest_clock(const struct guest *g, clockid_t id)
{
	switch (id) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
		return clock_now(id) + g->box.mono;
	case CLOCK_BOOTTIME:
		return clock_now(id) + g->box.boot;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return g->m->cpu + procfs_cpu_ns(g->box.body.pid);
	default:
		return clock_now(id);
	}
}

static bool known_clock(clockid_t id)
{
	return id >= 0 && id <= CLOCK_TAI && id != 10;
}

/* Writes @n bytes to the guest's @at. Return: false for a bad address: what such a call gives out before it
 * fails, home's kernel knows. */
static bool put(struct guest *g, uint64_t at, const void *p, size_t n)
{
	return mem_write(&g->mem, (uaddr_t){ at }, p, n) == 0;
}

/* Return: false when the call must go home. */
typedef bool (*local_fn)(struct guest *g, const uint64_t *a, int64_t *ret);

static bool do_uid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	*ret = g->m->ids.uid[0];
	return true;
}

static bool do_euid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	*ret = g->m->ids.uid[1];
	return true;
}

static bool do_gid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	*ret = g->m->ids.gid[0];
	return true;
}

static bool do_egid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	*ret = g->m->ids.gid[1];
	return true;
}

static bool put_three(struct guest *g, const uint32_t v[3], const uint64_t *a, int64_t *ret)
{
	*ret = 0;
	return put(g, a[0], &v[0], sizeof(v[0])) && put(g, a[1], &v[1], sizeof(v[1])) &&
	       put(g, a[2], &v[2], sizeof(v[2]));
}

static bool do_resuid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	return put_three(g, g->m->ids.uid, a, ret);
}

static bool do_resgid(struct guest *g, const uint64_t *a, int64_t *ret)
{
	return put_three(g, g->m->ids.gid, a, ret);
}

static bool do_groups(struct guest *g, const uint64_t *a, int64_t *ret)
{
	uint32_t n = g->m->ids.ngroups;
	int32_t size = (int32_t)a[0];

	if (n == IMAGE_GROUPS_MAX)
		return false; /* perhaps more than we carry */
	*ret = size < 0 || (size && (uint32_t)size < n) ? -EINVAL : (int64_t)n;
	return *ret <= 0 || !size || put(g, a[1], g->m->ids.group, n * sizeof(uint32_t));
}

static bool do_uname(struct guest *g, const uint64_t *a, int64_t *ret)
{
	*ret = 0;
	return put(g, a[0], &g->hello.uts, sizeof(g->hello.uts));
}

static bool do_clock_gettime(struct guest *g, const uint64_t *a, int64_t *ret)
{
	clockid_t id = (clockid_t)a[0];
	struct timespec t;

	if (!known_clock(id))
		return false; /* another process's clock, a device's */
	t = nsec_timespec(guest_clock(g, id));
	*ret = 0;
	return put(g, a[1], &t, sizeof(t));
}

static bool do_clock_getres(struct guest *g, const uint64_t *a, int64_t *ret)
{
	struct timespec t;

	if (!known_clock((clockid_t)a[0]) || clock_getres((clockid_t)a[0], &t) < 0)
		return false;
	*ret = 0;
	return !a[1] || put(g, a[1], &t, sizeof(t));
}

static bool do_gettimeofday(struct guest *g, const uint64_t *a, int64_t *ret)
{
	struct timeval t;
	struct timezone z;

	if (gettimeofday(&t, &z) < 0)
		return false;
	*ret = 0;
	return (!a[0] || put(g, a[0], &t, sizeof(t))) && (!a[1] || put(g, a[1], &z, sizeof(z)));
}

static bool do_time(struct guest *g, const uint64_t *a, int64_t *ret)
{
	time_t t = time(NULL);

	*ret = t;
	return !a[0] || put(g, a[0], &t, sizeof(t));
}

static bool do_getcpu(struct guest *g, const uint64_t *a, int64_t *ret)
{
	unsigned none = 0;

	*ret = 0;
	return (!a[0] || put(g, a[0], &none, sizeof(none))) && (!a[1] || put(g, a[1], &none, sizeof(none)));
}

static const struct {
	long nr;
	local_fn fn;
} answers[] = {
	{ SYS_getuid, do_uid },
	{ SYS_geteuid, do_euid },
	{ SYS_getgid, do_gid },
	{ SYS_getegid, do_egid },
	{ SYS_getresuid, do_resuid },
	{ SYS_getresgid, do_resgid },
	{ SYS_getgroups, do_groups },
	{ SYS_uname, do_uname },
	{ SYS_clock_gettime, do_clock_gettime },
	{ SYS_clock_getres, do_clock_getres },
	{ SYS_gettimeofday, do_gettimeofday },
	{ SYS_time, do_time },
	{ SYS_getcpu, do_getcpu },
};

void local_arm_deadline(struct guest *g)
{
	const struct waiting *w = &g->wait;
	struct itimerspec t = { 0 };

	if (w->kind == WAIT_SLEEP) {
		nsec_t left = w->deadline - guest_clock(g, w->clock);

		t.it_value = nsec_timespec(MAX(left, (nsec_t)1));
	}
	(void)timerfd_settime(g->timer_fd, 0, &t, NULL);
}

void local_sleep_over(struct guest *g)
{
	struct waiting *w = &g->wait;
	uint64_t times;

	if (read(g->timer_fd, &times, sizeof(times)) < 0 || w->kind != WAIT_SLEEP || !w->notif)
		return;
	if (guest_clock(g, w->clock) < w->deadline) { /* the clock was set */
		local_arm_deadline(g);
		return;
	}
	w->kind = WAIT_NONE;
	(void)notify_answer(g->notify_fd, w->notif, 0);
	w->notif = 0;
}

void local_sleep_rest(struct guest *g)
{
	const struct waiting *w = &g->wait;
	nsec_t left = w->deadline - guest_clock(g, w->clock);
	struct timespec t = nsec_timespec(MAX(left, (nsec_t)0));

	if (w->rem)
		(void)put(g, w->rem, &t, sizeof(t));
}

/* nanosleep and clock_nanosleep, also with an absolute time. */
static bool sleep_call(struct guest *g, uint64_t notif, long nr, const uint64_t *a)
{
	struct waiting *w = &g->wait;
	bool plain = nr == SYS_nanosleep;
	clockid_t id = plain ? CLOCK_MONOTONIC : (clockid_t)a[0];
	bool absolute = !plain && (a[1] & TIMER_ABSTIME);
	uint64_t rem = absolute ? 0 : a[plain ? 1 : 3];
	struct timespec t;

	if (id == CLOCK_REALTIME && !absolute)
		id = CLOCK_MONOTONIC; /* how long is not changed by setting the clock */
	if (id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME && id != CLOCK_REALTIME)
		return false;
	if (mem_read(&g->mem, (uaddr_t){ a[plain ? 0 : 2] }, &t, sizeof(t)) < 0 ||
	    (rem && mem_reach(&g->mem, (uaddr_t){ rem }, sizeof(t), true) < sizeof(t)))
		return false;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= NSEC_PER_SEC) {
		(void)notify_answer(g->notify_fd, notif, -EINVAL);
		return true;
	}
	t.tv_sec = MIN(t.tv_sec, (time_t)(1LL << 32)); /* 136 years are enough */
	w->kind = WAIT_SLEEP;
	w->notif = notif;
	w->plan.nr = nr;
	memcpy(w->plan.arg, a, sizeof(w->plan.arg));
	w->clock = id;
	/* It may end by another node's clock: rather a little late than early. */
	w->deadline = timespec_nsec(&t) + (absolute ? 0 : guest_clock(g, id) + 2 * g->clock_error);
	w->rem = rem;
	local_arm_deadline(g);
	return true;
}

/* A mapping at a fixed place (mmap, mremap): the kernel's business, unless it hits the resident. */
static bool fixed_map(struct guest *g, uint64_t notif, uint64_t at, uint64_t size)
{
	uint64_t end = at + size;

	if (end < at || (at < g->box.body.area + AREA_SIZE && g->box.body.area < end))
		return false;
	(void)notify_continue(g->notify_fd, notif);
	return true;
}

/* Is @at in the mapping of a file? The body's are of a file of ours, which holds of each only what was mapped. */
static bool shows_file(const struct guest *g, uint64_t at)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	const struct vma *v;

	if (procfs_maps(g->box.body.pid, IMAGE_VMAS_MAX, &maps) < 0)
		return true;
	v = vma_list_find(&maps, at);
	return v && v->start <= at && v->kind == VMA_FILE;
}

static bool remap(struct guest *g, uint64_t notif, const uint64_t *a)
{
	if (page_up(a[2]) > page_up(a[1]) && shows_file(g, a[0]))
		return false;
	if (a[3] & MREMAP_FIXED)
		return fixed_map(g, notif, a[4], a[2]);
	(void)notify_continue(g->notify_fd, notif);
	return true;
}

bool local_call(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS])
{
	int64_t ret;

	if (nr == SYS_nanosleep || nr == SYS_clock_nanosleep)
		return sleep_call(g, notif, nr, arg);
	if (nr == SYS_mmap)
		return fixed_map(g, notif, arg[0], arg[1]);
	if (nr == SYS_mremap)
		return remap(g, notif, arg);
	for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].nr != nr)
			continue;
		if (!answers[i].fn(g, arg, &ret))
			return false;
		(void)notify_answer(g->notify_fd, notif, ret);
		return true;
	}
	return false;
}
