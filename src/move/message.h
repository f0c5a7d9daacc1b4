/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A struct msghdr in the memory of a program: sendmsg and recvmsg. */
#ifndef MOS_MOVE_MESSAGE_H
#define MOS_MOVE_MESSAGE_H

#include "call/packet.h"
#include "kernel/mem.h"

struct message {
	uaddr_t at;		/* the struct itself */
	uint64_t name, control; /* addresses; 0: NULL */
	uint32_t name_room, control_room; /* bytes; at most CALL_NAME_MAX, CALL_CONTROL_MAX */
	uint64_t iov;
	uint32_t niov; /* at most CALL_PARTS_MAX */
};

/* Return: 0, -EFAULT, -EINVAL: the kernel would refuse it, or it is more than travels. */
int message_read(const struct mem *m, uaddr_t at, struct message *ret);
/* Can the program write what is received into it, but for the bytes of its iovecs? */
bool message_writable(const struct mem *m, const struct message *msg);
/* Writes what was received with it. Return: 0, -EFAULT. */
int message_write(const struct mem *m, const struct message *msg, const struct call_message *got);

#endif
