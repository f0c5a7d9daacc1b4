/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: a file that the body maps while it is away.
 *
 * The deputy makes the mapping first, wherever its kernel likes: descriptor, rights, kind of file and
 * flags are judged by home's kernel, and /proc shows the file. It goes again at once; what remains is
 * our descriptor of the file, which has a number for the process's life. The pages that the host
 * lacks are sent, then the answer; the host maps them and says where (MSG_MAPPED), and only then the
 * deputy maps the file at that place, over whatever it still had there: the body's memory is the true
 * one. What cannot be done so brings the process home, where the call is issued again; so does a
 * move of any kind, wherever in this it comes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "home/files.h"
#include "wire/msg.h"

#define SEND_MOST   (256ULL << 20) /* of pages for one call: beyond, the process goes to them */
#define USER_TOP    0x7ffffffff000ULL
#define FIXED_FLAGS ((uint64_t)(MAP_FIXED | MAP_FIXED_NOREPLACE))
/* Only for the body's own copy: where it lies, and that it is read ahead. */
#define BODY_FLAGS  (FIXED_FLAGS | MAP_32BIT | MAP_POPULATE | MAP_NONBLOCK)

/* Would the program see the same result at home? Not of a mapping at a fixed place: the kernel looks at
 * the place, too, and what was there is gone after some failures and stays after others. */
static bool is_the_programs(int64_t r, uint64_t flags)
{
	if (flags & FIXED_FLAGS)
		return false;
	return r == -EBADF || r == -EACCES || r == -EPERM || r == -ENODEV || r == -EINVAL ||
	       r == -EOVERFLOW || r == -ENXIO;
}

static void bring_home(struct home *h, const struct err *e)
{
	h->map.id = 0;
	(void)snprintf(h->cause_word, sizeof(h->cause_word), "%s", e->reason[0] ? e->reason : "file-mapping");
	log_debug("mmap of a file brings it home: %s", err_str(e, 0));
	comeback_ask(h, 0, h->cause_word);
}

static void reply(struct home *h, int64_t ret, uint32_t file, uint64_t have)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct iovec iov;

	buf_put_u64(&b, (uint64_t)ret);
	buf_put_u32(&b, file);
	buf_put_u64(&b, have);
	iov = (struct iovec){ b.data, b.len };
	if (b.failed || channel_send(h->host_channel, MSG_MAP_REPLY, h->map.id, &iov, 1) < 0)
		home_lost_host(h, "the connection to it broke");
}

/* The deputy tries it. Return: the file's number; -errno of the call in @ret_call (0: none); else
 * -errno with the reason why it must go home. */
static int try_it(struct home *h, const uint64_t *arg, int64_t *ret_call, struct err *e)
{
	struct agent *p = &h->p;
	int64_t at;
	int r;

	*ret_call = 0;
	agent_begin(p);
	(void)agent_add(p, SYS_mmap, 0, arg[1], arg[2], arg[3] & ~BODY_FLAGS, arg[4], arg[5]);
	r = deputy_run(h);
	if (r < 0)
		return err_set(e, r, "it ended");
	at = agent_ret(p, 0);
	if (at < 0 && is_the_programs(at, arg[3]))
		*ret_call = at;
	if (at < 0)
		return err_set(e, (int)at, "the deputy's mmap: %s", strerror((int)-at));
	r = maps_file_at(h, (uint64_t)at, page_up(arg[1]), (int)arg[4], e);
	agent_begin(p);
	(void)agent_add(p, SYS_munmap, (uint64_t)at, page_up(arg[1]), 0, 0, 0, 0);
	return deputy_run(h) < 0 ? err_set(e, -ESRCH, "it ended") : r;
}

void mapping_go_on(struct home *h)
{
	const uint64_t *arg = h->map.arg;
	uint64_t off = arg[5], len = page_up(arg[1]), size = 0, have, eof, missing;
	struct err e = ERR_INIT;
	int64_t failed;
	int file, r;

	if (h->map.state != MAP_ASKED || h->stopped)
		return; /* a stopped deputy tries it when it is continued */
	h->map.state = MAP_NONE;
	file = try_it(h, arg, &failed, &e);
	if (file < 0 && failed) {
		reply(h, failed, 0, 0);
		return;
	}
	if (file < 0) {
		bring_home(h, &e);
		return;
	}
	r = files_look(h, (uint32_t)file, &size, &e);
	eof = page_up(size);
	have = eof <= off ? 0 : MIN(eof - off, len);
	missing = files_lacking(h, (uint32_t)file, off, off + have);
	if (r == 0 && missing > SEND_MOST)
		r = err_reason(&e, -E2BIG, "big-mapping", "it maps %llu MiB of a file",
			       (unsigned long long)(missing >> 20));
	if (r == 0)
		r = files_send(h, (uint32_t)file, off, off + have, h->host_channel, &e);
	if (r < 0) {
		bring_home(h, &e);
		return;
	}
	h->bytes += missing;
	h->map.state = MAP_ANSWERED;
	reply(h, 0, (uint32_t)file, have);
}

void mapping_ask(struct home *h, const struct frame *f)
{
	struct run *r = &h->run;
	struct cursor c;

	/* Between two places it is not answered: it is asked again, or issued again, afterwards. */
	if (h->place != PLACE_AWAY || h->hop.going || h->exiting || h->dying)
		return;
	cursor_init(&c, f->data, f->len);
	for (unsigned i = 0; i < CALL_ARGS; i++)
		h->map.arg[i] = cursor_u64(&c);
	if (c.failed || cursor_left(&c) || r->state == RUN_GOING || r->state == RUN_READY ||
	    call_classify(SYS_mmap, h->map.arg, NULL) != CALL_BOTH) {
		log_error("the host asks for a mapping it may not: its connection is closed");
		home_lost_host(h, "it broke the protocol");
		return;
	}
	r->state = RUN_NONE;
	h->forwarded++;
	h->calls[SYS_mmap]++;
	h->map.id = f->id;
	h->map.state = MAP_ASKED;
	mapping_go_on(h);
}

/* May the deputy map something there? */
static bool is_free_for_body(const struct home *h, uint64_t at, uint64_t len)
{
	uint64_t end = at + len;

	if (at & MOS_PAGE_MASK || !len || end < at || end > USER_TOP)
		return false;
	if (at < h->p.area + AREA_SIZE && h->p.area < end)
		return false;
	for (uint32_t i = 0; i < h->m->nvmas; i++) {
		const struct image_vma *v = &h->m->vma[i];

		if ((v->kind == IMAGE_VDSO || v->kind == IMAGE_VVAR) && at < v->end && v->start < end)
			return false;
	}
	return true;
}

void mapping_done(struct home *h, uint64_t id, const uint8_t *p, uint32_t n)
{
	const uint64_t *arg = h->map.arg;
	struct cursor c;
	uint64_t at;

	if (h->map.state != MAP_ANSWERED || id != h->map.id)
		return;
	h->map.state = MAP_NONE;
	cursor_init(&c, p, n);
	at = cursor_u64(&c);
	if (c.failed || !is_free_for_body(h, at, page_up(arg[1]))) {
		log_error("the host has mapped a file where it may not: its connection is closed");
		home_lost_host(h, "it broke the protocol");
		return;
	}
	agent_begin(&h->p);
	(void)agent_add(&h->p, SYS_mmap, at, arg[1], arg[2], (arg[3] & ~BODY_FLAGS) | MAP_FIXED, arg[4],
			arg[5]);
	/* If it fails, the body's pages stand for the file when it comes home. */
	if (deputy_run(h) == 0 && agent_ret(&h->p, 0) < 0)
		log_debug("the deputy cannot map it as well: %s", strerror((int)-agent_ret(&h->p, 0)));
}

void mapping_new_host(struct home *h)
{
	h->map.state = MAP_NONE;
}
