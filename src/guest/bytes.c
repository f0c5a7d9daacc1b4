/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: where the bytes of a forwarded call lie in the body, and whether the program can reach them. That
 * is looked at before home hears of the call: bytes that home has taken from a pipe cannot be put back when
 * there is nowhere to write them. What a kernel does with an address that is bad, wholly or from some
 * page on, hangs on the call and on what it acts on; so such a call is home's, and only of a piece behind
 * the first, when it is too late for that, we ask for what can be reached. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/util.h"
#include "guest/guest.h"
#include "wire/limits.h"

int bytes_arg(const struct call_plan *p)
{
	for (int i = 0; i < CALL_ARGS; i++)
		if (call_arg_vector(p->kind[i]))
			return i;
	/* All that read or write without a vector have their buffer there, and its length behind it. */
	return p->flags & (CALL_READS | CALL_RESUMES) && (p->kind[1] == ARG_IN || p->kind[1] == ARG_OUT) ? 1 : -1;
}

int bytes_find(struct guest *g, struct waiting *w)
{
	const struct call_plan *p = &w->plan;
	uint64_t list, n;
	int d = bytes_arg(p);

	w->niov = 0;
	w->want = 0;
	if (d < 0)
		return 0;
	if (p->kind[d] == ARG_IN || p->kind[d] == ARG_OUT) {
		w->want = p->arg[2];
		w->iov[w->niov++] = (struct iovec){ (void *)(uintptr_t)p->arg[d], w->want };
	} else {
		list = p->arg[d];
		n = p->size[d];
		if (call_arg_message(p->kind[d])) {
			int r = message_read(&g->mem, (uaddr_t){ p->arg[d] }, &w->msg);

			if (r < 0)
				return r;
			list = w->msg.iov;
			n = w->msg.niov;
		}
		if (n > ARRAY_SIZE(w->iov))
			return -EINVAL;
		if (n && mem_read(&g->mem, (uaddr_t){ list }, w->iov, n * sizeof(w->iov[0])) < 0)
			return -EFAULT;
		w->niov = (unsigned)n;
	}
	for (unsigned i = 0; i < w->niov; i++) {
		const struct iovec *v = &w->iov[i];

		if (!mem_is_users((uaddr_t){ (uint64_t)(uintptr_t)v->iov_base }, v->iov_len))
			return -EFAULT;
		if (p->kind[d] != ARG_IN && p->kind[d] != ARG_OUT)
			w->want += v->iov_len; /* at most 1024 times 2^47 */
	}
	if (call_arg_message(p->kind[d]) && w->want > CALL_DATA_MAX)
		return -E2BIG;
	return w->want > SSIZE_MAX ? -EINVAL : 0;
}

void bytes_put_parts(const struct waiting *w, size_t n, struct buf *b)
{
	uint64_t skip = w->done, left = n;
	uint32_t parts = 0;
	size_t at = b->len;

	buf_put_u32(b, 0);
	for (unsigned i = 0; i < w->niov; i++) {
		uint64_t len = w->iov[i].iov_len, part;

		if (skip && skip >= len) {
			skip -= len;
			continue;
		}
		part = MIN(len - skip, left);
		if (len && !part)
			break; /* behind this piece */
		buf_put_u32(b, (uint32_t)part);
		parts++;
		left -= part;
		skip = 0;
	}
	if (!b->failed)
		memcpy(b->data + at, &parts, sizeof(parts));
}

int bytes_put_message(struct guest *g, const struct waiting *w, bool out, struct buf *b)
{
	uint8_t name[CALL_NAME_MAX], control[CALL_CONTROL_MAX];
	const struct message *msg = &w->msg;
	struct call_message m = { .name_len = msg->name ? msg->name_room : NULL_NAME,
				  .control_len = msg->control_room, .name = name, .control = control };

	if (!out && ((msg->name_room && mem_read(&g->mem, (uaddr_t){ msg->name }, name, msg->name_room) < 0) ||
		     (msg->control_room &&
		      mem_read(&g->mem, (uaddr_t){ msg->control }, control, msg->control_room) < 0)))
		return -EFAULT;
	call_put_message(b, &m, out);
	return 0;
}

/* What is done with @n bytes at @at in the body, @data here. Return: how many of them it could be done with. */
typedef size_t (*bytes_fn)(const struct mem *m, uint64_t at, void *data, size_t n);

/* For the next @n bytes of the list behind the first @skip, part by part, until one is not done wholly.
 * @data may be NULL. Return: bytes done. */
static size_t for_bytes(struct guest *g, const struct waiting *w, uint64_t skip, char *data, size_t n, bytes_fn fn)
{
	size_t done = 0;

	for (unsigned i = 0; i < w->niov && done < n; i++) {
		uint64_t len = w->iov[i].iov_len, at = (uint64_t)(uintptr_t)w->iov[i].iov_base;
		size_t part, k;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		part = MIN(len - skip, n - done);
		k = fn(&g->mem, at + skip, data ? data + done : NULL, part);
		done += k;
		if (k < part)
			break;
		skip = 0;
	}
	return done;
}

static size_t fetch(const struct mem *m, uint64_t at, void *data, size_t n)
{
	return mem_read(m, (uaddr_t){ at }, data, n) < 0 ? 0 : n;
}

static size_t store(const struct mem *m, uint64_t at, void *data, size_t n)
{
	return mem_write(m, (uaddr_t){ at }, data, n) < 0 ? 0 : n;
}

static size_t reach_to_read(const struct mem *m, uint64_t at, void *data, size_t n)
{
	return mem_reach(m, (uaddr_t){ at }, n, false);
}

static size_t reach_to_write(const struct mem *m, uint64_t at, void *data, size_t n)
{
	return mem_reach(m, (uaddr_t){ at }, n, true);
}

int bytes_get(struct guest *g, const struct waiting *w, void *data, size_t n)
{
	return for_bytes(g, w, w->done, data, n, fetch) == n ? 0 : -EFAULT;
}

int bytes_put(struct guest *g, const struct waiting *w, const void *data, size_t n)
{
	return for_bytes(g, w, w->done, (char *)(uintptr_t)data, n, store) == n ? 0 : -EFAULT;
}

size_t bytes_reach(struct guest *g, const struct waiting *w, size_t n)
{
	bool out = call_arg_out(w->plan.kind[bytes_arg(&w->plan)]);

	return for_bytes(g, w, w->done, NULL, n, out ? reach_to_write : reach_to_read);
}

/* Does it give out anything besides argument @i and its length? */
static bool gives_more(const struct call_plan *p, int i)
{
	for (int k = 0; k < CALL_ARGS; k++)
		if (k != i && k != p->len_at[i] && call_arg_out(p->kind[k]))
			return true;
	return false;
}

/* How much there is room for, as the program says. Return: false for a bad address, an option that is longer than what
 * travels, since more than that is written then, and room below 0 where the kernel sees too late that it is. */
static bool read_room(struct guest *g, struct waiting *w, int i)
{
	const struct call_plan *p = &w->part;
	int32_t room;

	if (mem_read(&g->mem, (uaddr_t){ p->arg[p->len_at[i]] }, &room, sizeof(room)) < 0 ||
	    (p->kind[i] == ARG_INOUT && room > (int32_t)p->size[i]) || (room < 0 && gives_more(p, i)))
		return false;
	w->room = MIN((uint32_t)MAX(room, 0), p->size[i]);
	return true;
}

bool bytes_args_good(struct guest *g, struct waiting *w)
{
	const struct call_plan *p = &w->part;
	int d = bytes_arg(p);

	if (d >= 0 && p->kind[d] == ARG_MSG_OUT && !message_writable(&g->mem, &w->msg))
		return false;
	for (int i = 0; i < CALL_ARGS; i++) {
		uaddr_t at = { p->arg[i] };
		uint32_t size;

		if (p->kind[i] == ARG_VALUE || i == d)
			continue;
		if (!mem_is_users(at, p->size[i]) || (p->len_at[i] && !read_room(g, w, i)))
			return false;
		/* What goes in is read before anything else, and that will tell. */
		size = p->len_at[i] ? w->room : p->size[i];
		if (call_arg_out(p->kind[i]) && mem_reach(&g->mem, at, size, true) < size)
			return false;
	}
	return true;
}
