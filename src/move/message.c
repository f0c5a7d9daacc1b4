/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/message.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/util.h"

_Static_assert(sizeof(struct msghdr) == 56, "as in the table of calls");

int message_read(const struct mem *m, uaddr_t at, struct message *ret)
{
	struct msghdr h;

	if (mem_read(m, at, &h, sizeof(h)) < 0)
		return -EFAULT;
	*ret = (struct message){ .at = at, .name = (uintptr_t)h.msg_name, .control = (uintptr_t)h.msg_control,
				 .iov = (uintptr_t)h.msg_iov };
	if ((int32_t)h.msg_namelen < 0 || h.msg_iovlen > CALL_PARTS_MAX || h.msg_controllen > CALL_CONTROL_MAX ||
	    (h.msg_controllen && !h.msg_control))
		return -EINVAL;
	ret->name_room = h.msg_name ? MIN(h.msg_namelen, (uint32_t)CALL_NAME_MAX) : 0;
	ret->control_room = (uint32_t)h.msg_controllen;
	ret->niov = (uint32_t)h.msg_iovlen;
	return 0;
}

bool message_writable(const struct mem *m, const struct message *msg)
{
	const uaddr_t name = { msg->name }, control = { msg->control };

	return mem_reach(m, msg->at, sizeof(struct msghdr), true) == sizeof(struct msghdr) &&
	       mem_reach(m, name, msg->name_room, true) == msg->name_room &&
	       mem_reach(m, control, msg->control_room, true) == msg->control_room;
}

static int put(const struct mem *m, uint64_t at, const void *p, size_t n)
{
	return n ? mem_write(m, (uaddr_t){ at }, p, n) : 0;
}

int message_write(const struct mem *m, const struct message *msg, const struct call_message *got)
{
	const uint64_t at = msg->at.v, control_len = got->control_len;
	int r = 0;

	if (msg->name) {
		r = put(m, msg->name, got->name, MIN(got->name_len, msg->name_room));
		if (r == 0)
			r = put(m, at + offsetof(struct msghdr, msg_namelen), &got->whole_name, sizeof(got->whole_name));
	}
	if (r == 0)
		r = put(m, msg->control, got->control, MIN(got->control_len, msg->control_room));
	if (r == 0)
		r = put(m, at + offsetof(struct msghdr, msg_controllen), &control_len, sizeof(control_len));
	if (r == 0)
		r = put(m, at + offsetof(struct msghdr, msg_flags), &got->flags, sizeof(got->flags));
	return r;
}
