/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of a forwarded call without its network: a call is notified to a supervisor (seccomp), which lets a third
 * process do it (a futex each way) and answers. Nothing is checked, copied or sealed. "getppid N" times it. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "bench.h"

#define MOST 100000

struct desk { /* shared by the supervisor and who does the call */
	_Alignas(64) _Atomic uint32_t asked;
	_Alignas(64) _Atomic uint32_t done;
};

static int64_t took[MOST];

static void wait_while(_Atomic uint32_t *word, uint32_t seen)
{
	while (atomic_load(word) == seen)
		(void)syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void say(_Atomic uint32_t *word)
{
	(void)atomic_fetch_add(word, 1);
	(void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static _Noreturn void deputy(struct desk *d)
{
	for (uint32_t seen = 0;; seen++) {
		wait_while(&d->asked, seen);
		(void)syscall(SYS_getppid);
		say(&d->done);
	}
}

static _Noreturn void supervise(struct desk *d, int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct seccomp_notif q;
	struct seccomp_notif_resp a;

	for (uint32_t seen = 0;;) {
		if (poll(&p, 1, -1) < 0 || p.revents & (POLLHUP | POLLERR))
			exit(0);
		memset(&q, 0, sizeof(q));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &q) < 0)
			continue; /* it has ended meanwhile: the next poll tells */
		say(&d->asked);
		wait_while(&d->done, seen++);
		a = (struct seccomp_notif_resp){ .id = q.id };
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &a);
	}
}

static int notified(void)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);

	if (!c || seccomp_rule_add(c, SCMP_ACT_NOTIFY, SCMP_SYS(getppid), 0) < 0 || seccomp_load(c) < 0)
		bench_die("filter");
	return seccomp_notify_fd(c);
}

/* The supervisor takes the listener by its number in us. */
static int fetch(pid_t from, int number)
{
	int pidfd = (int)syscall(SYS_pidfd_open, from, 0);

	return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

int main(void)
{
	struct desk *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid(), child;
	int told[2], number;
	char word[32];
	long n;

	if (d == MAP_FAILED || pipe(told) < 0)
		bench_die("set-up");
	child = fork();
	if (child < 0)
		bench_die("fork");
	if (child == 0) {
		pid_t sup = getpid(), helper;

		(void)close(told[1]);
		if (read(told[0], &number, sizeof(number)) != sizeof(number))
			exit(1);
		number = fetch(self, number);
		helper = number < 0 ? -1 : fork();
		if (helper < 0) {
			(void)kill(self, SIGKILL); /* or it would wait for ever */
			bench_die("listener");
		}
		if (helper == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != sup)
				exit(0);
			deputy(d);
		}
		supervise(d, number);
	}
	number = notified();
	if (write(told[1], &number, sizeof(number)) < 0)
		bench_die("tell");
	(void)syscall(SYS_getppid); /* the supervisor is there when this returns */
	(void)close(number);
	(void)printf("{\"pid\":%d}\n", (int)self);
	(void)fflush(stdout);
	while (bench_order(word, &n)) {
		n = n > MOST ? MOST : n < 1 ? 1 : n;
		for (long i = 0; i < n; i++) {
			int64_t t = bench_now(CLOCK_MONOTONIC);

			(void)syscall(SYS_getppid);
			took[i] = bench_now(CLOCK_MONOTONIC) - t;
		}
		bench_report(took, (size_t)n);
	}
	return 0;
}
