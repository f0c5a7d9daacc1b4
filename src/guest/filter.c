/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how the table of calls becomes the body's seccomp filter: what is LOCAL is allowed, all else
 * is notified, so that an unknown call is our business too. */
#include "guest/guest.h" /* before seccomp.h, whose elf.h takes a name of libev's */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/notify.h"
#include "kernel/trace.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define PATIENCE_MS 20

static int add_rule(void *ctx, long nr, const struct call_match *m, unsigned n)
{
	struct scmp_arg_cmp cmp[CALL_ARGS];

	for (unsigned i = 0; i < n; i++)
		cmp[i] = (struct scmp_arg_cmp){ .arg = m[i].arg, .op = SCMP_CMP_MASKED_EQ,
						.datum_a = m[i].mask, .datum_b = m[i].value };
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, (int)nr, n, cmp);
}

/* The filter's program as bytes. libseccomp writes it to a descriptor. */
static ssize_t make_program(void *to, size_t size, struct err *e)
{
	CLEANUP(close_fd) int fd = memfd_create("umosix-filter", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_NOTIFY);
	ssize_t n;
	int r;

	if (fd < 0 || !ctx) {
		seccomp_release(ctx);
		return err_set(e, -ENOMEM, "no memory for the filter");
	}
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_NOTIFY);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = call_filter_each(add_rule, ctx);
	if (r == 0)
		r = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	if (r < 0)
		return err_set(e, r, "building the filter: %s", strerror(-r));
	n = pread(fd, to, size, 0);
	if (n <= 0 || (size_t)n == size)
		return err_set(e, -E2BIG, "the filter does not fit");
	return n;
}

int guest_next_notification(struct guest *g, struct seccomp_notif *ret)
{
	pid_t pid = g->box.body.pid;
	struct pollfd p = { .fd = g->notify_fd, .events = POLLIN };
	struct trace_wait t;

	for (;;) {
		int r = poll(&p, 1, PATIENCE_MS);

		if (r > 0 && p.revents & POLLIN) {
			r = notify_recv(g->notify_fd, ret);
			if (r)
				return r < 0 ? r : 0;
		}
		r = trace_wait(pid, TRACE_NOHANG, &t);
		if (r < 0 || t.event == TRACE_ENDED)
			return -ESRCH;
		if (t.event != TRACE_NONE) /* a stop that cannot be blocked: nobody asked for it */
			(void)trace_cont(pid, 0);
	}
}

int guest_filter(struct guest *g, struct err *e)
{
	static uint8_t program[AREA_BUF_SIZE]; /* the same for every guest of this process */
	static ssize_t len;
	struct agent *a = &g->box.body;
	CLEANUP(close_fd) int pidfd = -1;
	struct sock_fprog *fp;
	struct seccomp_notif n;
	uint64_t at;
	int i, r, fd;

	if (!len)
		len = make_program(program, sizeof(program), e);
	if (len < 0)
		return (int)len;
	memcpy(a->base + AREA_BUF, program, (size_t)len);
	agent_begin(a);
	fp = agent_scratch(a, sizeof(*fp), &at);
	fp->len = (unsigned short)((size_t)len / sizeof(struct sock_filter));
	fp->filter = (struct sock_filter *)(uintptr_t)(a->area + AREA_BUF);
	i = agent_add(a, SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, at,
		      0, 0, 0);
	r = agent_run_all(a, "installing the filter", e);
	if (r < 0)
		return r;
	fd = (int)agent_ret(a, i);
	pidfd = (int)syscall(SYS_pidfd_open, a->pid, 0);
	g->notify_fd = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (g->notify_fd < 0)
		return err_set(e, -errno, "taking the filter's listener: %s", strerror(errno));
	(void)notify_sync_wake(g->notify_fd); /* faster where the kernel has it */
	/* The body's own copy goes; its close() is notified already. */
	agent_begin(a);
	(void)agent_add(a, SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
	agent_post(a);
	r = guest_next_notification(g, &n);
	if (r == 0)
		r = notify_continue(g->notify_fd, n.id);
	if (r == 0)
		r = agent_wait(a);
	return r < 0 ? err_set(e, r, "closing the filter's listener: %s", strerror(-r)) : 0;
}
