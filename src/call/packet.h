/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a forwarded call and its answer stand in a message. Pure.
 *
 *   call:   u32 number, u64 x 6 registers, then for each argument that is not a value
 *           STR, IN, INOUT: u32 length, bytes     OUT: nothing
 *           MSG_IN: u32 length of the name, name, the same of the control data, then as IOV_IN
 *           MSG_OUT: u32 room for a name, u32 room for control data, then as IOV_OUT
 *           IOV_OUT: u32 parts, u32 length of each     IOV_IN: likewise, and the bytes of all
 *   answer: u64 result, u8 flags, then for each OUT, INOUT, IOV_OUT argument: u32 length, bytes
 *           MSG_OUT: first u32 whole length of the name, u32 length of what there is of it, name,
 *           u32 length of the control data, data, u32 flags
 * A name that is NULL_NAME long is a NULL pointer, of which the kernel tells no length. */
#ifndef MOS_CALL_PACKET_H
#define MOS_CALL_PACKET_H

#include "base/buf.h"
#include "call/call.h"

#define ANSWER_WHOLE 1 /* a read from there gives all that is asked for: one in pieces may go on */

#define NULL_NAME UINT32_MAX

/* The parts of a message besides its bytes. In a call for MSG_OUT: only the room, no data. */
struct call_message {
	uint32_t name_len, control_len;
	const uint8_t *name, *control; /* in the message */
	uint32_t whole_name, flags; /* of an answer */
};

/* The head of a MSG argument, behind which its parts follow. @out: room only. */
void call_put_message(struct buf *b, const struct call_message *m, bool out);
/* That of an answer. */
void call_put_message_answer(struct buf *b, const struct call_message *m);

struct call_packet {
	struct call_plan plan;
	uint32_t len[CALL_ARGS];	 /* bytes that came, or capacity (IOV_OUT) */
	struct call_message message;
	uint32_t part[CALL_PARTS_MAX], nparts; /* of the call's one IOV argument; their sum is its len */
	const uint8_t *data[CALL_ARGS]; /* in the message; NULL where nothing came */
};

void call_put_head(struct buf *b, long nr, const uint64_t arg[CALL_ARGS]);
/* Makes the plan by itself and checks every length against it. The class must be one that home does.
 * Return: 0, -EPROTO, or what call_plan says. */
int call_get(const void *p, size_t n, struct call_packet *ret);

struct call_answer {
	int64_t ret;
	uint8_t flags;
	uint32_t len[CALL_ARGS];
	const uint8_t *data[CALL_ARGS];
	struct call_message message;
};

/* @plan is the plan of the call that is answered. Return: 0, -EPROTO. */
int call_get_answer(const struct call_plan *plan, const void *p, size_t n, struct call_answer *ret);

#endif
