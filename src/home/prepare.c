/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before anything is stopped: a control stream to a node, and a sandbox made there for the process. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/cpu.h"
#include "kernel/procfs.h"
#include "kernel/vdso.h"
#include "wire/msg.h"

#define CONNECT_MS 5000
#define READY_MS   10000

int home_say(struct channel *c, uint16_t type, uint64_t id, const void *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	return channel_send(c, type, id, &iov, 1);
}

/* "reason\0text" of a refusal or an abort. */
int home_told_why(const struct frame *f, const char *who, struct err *e)
{
	char reason[sizeof(e->reason)] = "", text[ERR_MSG_MAX] = "";
	const char *zero = memchr(f->data, 0, f->len);

	if (zero) {
		size_t n = (size_t)((const uint8_t *)zero - f->data), k = f->len - n - 1;

		memcpy(reason, f->data, MIN(n, sizeof(reason) - 1));
		memcpy(text, zero + 1, MIN(k, sizeof(text) - 1));
	}
	if (!reason[0]) /* only who was asked whether it takes the process can refuse it */
		(void)snprintf(reason, sizeof(reason), f->type == MSG_REFUSED ? "refused" : "failed");
	return err_reason(e, -ECANCELED, reason, "%s: %s", who,
			  text[0] ? text : "it did not say why");
}

static void make_hello(struct home *h, const struct order *o, bool from_host, uint64_t area,
		       struct hello *ret)
{
	struct procfs_status st = { 0 };

	*ret = (struct hello){ .protocol = MSG_PROTOCOL, .to = o->node, .home = h->node, .pid = h->pid,
			       .epoch = h->epoch + 1, .area = area, .from_host = from_host,
			       .ordered = o->ordered, .memory = o->memory, .wants = o->wants,
			       .load_limit = o->load_limit, .features = cpu_features() };
	(void)procfs_comm(h->pid, ret->comm);
	if (procfs_status(h->pid, &st) == 0)
		ret->uid = st.uid[0];
	(void)vdso_digest(ret->vdso);
	(void)uname(&ret->uts);
	ret->boot = clock_now(CLOCK_BOOTTIME);
	ret->mono = mono_now();
}

int leave_prepare(struct home *h, const struct order *o, bool from_host, struct channel **ret,
		  uint8_t token[TOKEN_SIZE], struct err *e)
{
	static const uint8_t preamble[PREAMBLE_SIZE] = "umosix1\n";
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	CLEANUP(close_fd) int fd = -1;
	struct channel *c = NULL;
	uint64_t area = h->p.area;
	struct hello hello;
	struct frame f;
	int r;

	if (!area) {
		r = procfs_maps(h->pid, IMAGE_VMAS_MAX, &maps);
		if (r < 0)
			return err_reason(e, r, "mappings", "reading its memory map: %s", strerror(-r));
		area = agent_choose_place(&maps);
		if (!area)
			return err_reason(e, -ENOMEM, "memory", "no room for the resident in its memory");
		h->place_for_area = area;
	}
	fd = channel_connect(o->addr, o->port, CONNECT_MS, e);
	if (fd < 0)
		return err_reason(e, fd, "unreachable", "node %u: %s", o->node, err_str(e, fd));
	r = io_write_all(fd, preamble, sizeof(preamble));
	if (r == 0)
		r = channel_open(steal_fd(&fd), CHANNEL_CLIENT, &h->keys, CONNECT_MS, &c, e);
	if (r < 0)
		return err_reason(e, r, e->reason[0] ? e->reason : "unreachable", "node %u: %s", o->node, err_str(e, r));
	make_hello(h, o, from_host, area, &hello);
	hello_put(&hello, &b);
	r = b.failed ? -ENOMEM : home_say(c, MSG_HELLO, 0, b.data, b.len);
	if (r == 0)
		r = channel_recv(c, READY_MS, &f);
	for (unsigned asked = 0; r > 0 && f.type == MSG_TIME && asked < 16; asked++) {
		const int64_t now[2] = { mono_now(), clock_now(CLOCK_BOOTTIME) };

		r = home_say(c, MSG_TIME, f.id, now, sizeof(now));
		if (r == 0)
			r = channel_recv(c, READY_MS, &f);
	}
	if (r > 0 && f.type == MSG_READY && f.len == TOKEN_SIZE && f.id == h->epoch + 1) {
		memcpy(token, f.data, TOKEN_SIZE);
		*ret = c;
		return 0;
	}
	if (r > 0 && f.type == MSG_REFUSED)
		r = home_told_why(&f, "the node refused it", e);
	else
		r = err_reason(e, r < 0 ? r : -ETIMEDOUT, "unreachable", "node %u does not answer", o->node);
	channel_close(c);
	return r;
}
