/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: mmap of a file. Home is asked (home/mapping.c tells what it does), sends the pages that we
 * lack, then its answer. Then the body, taken out of its call, issues one that maps these pages of
 * our memfd instead, where its own kernel likes or its program has said; this call is notified like
 * any other, and let go on. Its result becomes that of the program's call.
 *
 * Until then nothing has changed: a signal waits (the kernel does not break mmap off either), and a
 * move takes the body along with the call to be issued again. If anything fails the call is issued
 * again as well, and then goes home. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "kernel/trace.h"
#include "move/files.h"
#include "move/sink.h"
#include "wire/msg.h"

#define SYSCALL_SIZE 2 /* bytes of the instruction */

static void ask(struct guest *g)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct waiting *w = &g->wait;
	struct iovec iov;

	w->id = ++g->calls;
	for (unsigned i = 0; i < CALL_ARGS; i++)
		buf_put_u64(&b, w->plan.arg[i]);
	iov = (struct iovec){ b.data, b.len };
	if (b.failed || channel_send(g->home, MSG_MAP, w->id, &iov, 1) < 0)
		guest_end(g, "home-lost");
}

/* Would it hit what is not the program's? */
static bool hits_ours(const struct guest *g, const uint64_t arg[CALL_ARGS])
{
	uint64_t at = arg[0], end = at + page_up(arg[1]);

	if (!(arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return false;
	if (end < at || (at < g->box.body.area + AREA_SIZE && g->box.body.area < end))
		return true;
	for (uint32_t i = 0; i < g->m->nvmas; i++) {
		const struct image_vma *v = &g->m->vma[i];

		if ((v->kind == IMAGE_VDSO || v->kind == IMAGE_VVAR) && at < v->end && v->start < end)
			return true;
	}
	return false;
}

void mapping_call(struct guest *g, uint64_t notif, const uint64_t arg[CALL_ARGS])
{
	struct waiting *w = &g->wait;

	if (g->maps_at_home || g->files_broken || hits_ours(g, arg)) {
		g->maps_at_home = false;
		forward_want_home(g, notif, SYS_mmap, arg, "file-mapping");
		return;
	}
	w->kind = WAIT_MAP;
	w->notif = notif;
	w->plan.nr = SYS_mmap;
	memcpy(w->plan.arg, arg, sizeof(w->plan.arg));
	ask(g);
}

void mapping_ask_again(struct guest *g)
{
	if (g->wait.kind == WAIT_MAP)
		ask(g);
}

void mapping_pages(struct guest *g, const struct frame *f)
{
	struct sink s = { .mem = &g->mem, .m = g->m, .file_fd = g->box.files_fd };
	struct err e = ERR_INIT;

	/* Kept whatever has happened since home sent them: home counts on them. */
	if (sink_take(&s, f, &e) < 0) {
		log_warning("%s", err_str(&e, 0));
		g->files_broken = true;
	}
}

static int until_interrupt(pid_t pid)
{
	struct trace_wait t;
	int r;

	for (;;) {
		r = trace_wait(pid, 0, &t);
		if (r < 0 || t.event == TRACE_ENDED)
			return -ESRCH;
		if (t.event == TRACE_INTERRUPT)
			return 0;
		(void)trace_cont(pid, 0);
	}
}

/* The body, stopped behind the program's own call and with every signal blocked, issues another mmap
 * through the same instruction and is stopped again behind it. */
static int issue(struct guest *g, const struct user_regs_struct *own, const uint64_t arg[CALL_ARGS],
		 int64_t *ret)
{
	pid_t pid = g->box.body.pid;
	struct user_regs_struct u = *own;
	struct seccomp_notif n;
	int r;

	u.rip -= SYSCALL_SIZE;
	u.rax = SYS_mmap;
	u.orig_rax = (unsigned long long)-1;
	u.rdi = arg[0];
	u.rsi = arg[1];
	u.rdx = arg[2];
	u.r10 = arg[3];
	u.r8 = arg[4];
	u.r9 = arg[5];
	r = trace_set_regs(pid, &u);
	if (r == 0)
		r = trace_cont(pid, 0);
	if (r == 0)
		r = guest_next_notification(g, &n);
	if (r == 0)
		r = trace_interrupt(pid);
	if (r == 0)
		r = notify_continue(g->notify_fd, n.id);
	if (r == 0)
		r = until_interrupt(pid);
	if (r == 0)
		r = trace_regs(pid, &u);
	if (r == 0)
		*ret = (int64_t)u.rax;
	return r;
}

/* Two mappings where the file ends inside. @ret is the program's result. Return: 0, -EAGAIN when the
 * call must be issued again, -ESRCH. */
static int map_it(struct guest *g, const struct user_regs_struct *own, uint32_t file, uint64_t have,
		  int64_t *ret)
{
	const uint64_t *asked = g->wait.plan.arg;
	uint64_t len = page_up(asked[1]), off = file_place(file, asked[5]);
	uint64_t type = (asked[3] & MAP_TYPE) == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	uint64_t flags = (asked[3] & ~(uint64_t)MAP_TYPE) | type | MAP_NORESERVE;
	uint64_t arg[CALL_ARGS] = { asked[0], asked[1], asked[2], flags,
				    have ? BODY_FILES_FD : BODY_BEYOND_FD, off };
	int64_t at;
	int r = issue(g, own, arg, ret);

	if (r < 0 || *ret < 0 || !have || have == len)
		return r;
	arg[0] = (uint64_t)*ret + have;
	arg[1] = len - have;
	arg[3] = type | MAP_FIXED | MAP_NORESERVE;
	arg[4] = BODY_BEYOND_FD;
	arg[5] = off + have;
	r = issue(g, own, arg, &at);
	if (r == 0 && at != (int64_t)arg[0]) {
		const uint64_t gone[CALL_ARGS] = { (uint64_t)*ret, len };

		r = trace_inject(g->box.body.pid, own->rip - SYSCALL_SIZE, SYS_munmap, gone, &at);
		return r < 0 ? r : -EAGAIN;
	}
	return r;
}

/* Takes the body out of its call, maps, and sets it going with the result. */
static int map_here(struct guest *g, uint32_t file, uint64_t have)
{
	struct waiting *w = &g->wait;
	pid_t pid = g->box.body.pid;
	struct user_regs_struct own;
	uint64_t mask, said[1];
	int64_t ret = 0;
	int r = trace_interrupt(pid);

	if (r == 0)
		r = notify_answer(g->notify_fd, w->notif, -512); /* seen by nothing but the stop */
	if (r == 0)
		r = until_interrupt(pid);
	if (r == 0)
		r = trace_regs(pid, &own);
	if (r == 0)
		r = trace_mask(pid, &mask);
	if (r == 0)
		r = trace_set_mask(pid, TRACE_MASK_ALL);
	if (r == 0)
		r = map_it(g, &own, file, have, &ret);
	own.orig_rax = (unsigned long long)-1;
	own.rax = (unsigned long long)ret;
	if (r == -EAGAIN) {
		g->maps_at_home = true;
		own.rip -= SYSCALL_SIZE;
		own.rax = SYS_mmap;
	} else if (r == 0 && ret >= 0) {
		struct iovec iov = { said, sizeof(said) };

		said[0] = (uint64_t)ret;
		if (channel_send(g->home, MSG_MAPPED, w->id, &iov, 1) < 0)
			guest_end(g, "home-lost");
	}
	if (r == 0 || r == -EAGAIN)
		r = trace_set_regs(pid, &own);
	if (r == 0)
		r = trace_set_mask(pid, mask);
	w->kind = WAIT_NONE;
	w->notif = 0;
	if (r == 0 && !g->frozen)
		r = trace_cont(pid, 0);
	return r;
}

void mapping_reply(struct guest *g, const struct frame *f)
{
	struct waiting *w = &g->wait;
	uint64_t notif = w->notif, have, off = w->plan.arg[5], len = page_up(w->plan.arg[1]);
	struct cursor c;
	uint32_t file;
	int64_t ret;

	if (w->kind != WAIT_MAP || w->id != f->id || g->departed)
		return; /* it is issued again elsewhere */
	cursor_init(&c, f->data, f->len);
	ret = (int64_t)cursor_u64(&c);
	file = cursor_u32(&c);
	have = cursor_u64(&c);
	if (c.failed || (ret == 0 && (file >= IMAGE_FILES_MAX || have & MOS_PAGE_MASK || have > len ||
				      len > 1ULL << FILE_SHIFT || off > (1ULL << FILE_SHIFT) - len))) {
		log_error("home sent a malformed answer to mmap");
		guest_end(g, "failed");
	}
	if (ret < 0) {
		w->kind = WAIT_NONE;
		w->notif = 0;
		(void)notify_answer(g->notify_fd, notif, ret);
	} else if (g->files_broken) {
		forward_want_home(g, notif, SYS_mmap, w->plan.arg, "file-mapping");
	} else if (map_here(g, file, have) < 0) {
		log_info("the body was ended while it mapped a file");
		g->running = false;
		if (channel_send(g->home, MSG_DIED, SIGKILL, NULL, 0) < 0)
			guest_end(g, "home-lost");
	}
}
