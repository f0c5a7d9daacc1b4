/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between supervisors. Numbers are for ever; a change of meaning takes a new number.
 * "home" is mos-home, "host" is mos-guest; src/move and the two supervisors encode the payloads. */
#ifndef MOS_WIRE_MSG_H
#define MOS_WIRE_MSG_H

#include <stdint.h>

#define MSG_PROTOCOL 6U

enum msg_type {
	/* preparing; nothing is stopped yet */
	MSG_HELLO = 1,	  /* home>host: protocol, for which node, who comes, home's clocks (struct hello) */
	MSG_READY = 2,	  /* host>home: a sandbox stands: token of this guest */
	MSG_REFUSED = 3,  /* host>home: reason, text */
	MSG_ATTACH = 4,	  /* host>host: the body comes over this stream (struct attach) */
	/* the body */
	MSG_IMAGE = 10,	  /* source>sink: struct image; may be followed by MSG_IMAGE_MORE */
	MSG_IMAGE_MORE = 11,
	MSG_FILE = 12,	  /* source>sink: id = file << 32 | page number; pages of a file */
	MSG_PAGES = 13,	  /* source>sink: id = address; pages of the program's own */
	MSG_END = 14,	  /* source>sink: all is sent; from a host to home after a hop: id = bytes sent */
	MSG_BUILT = 15,	  /* host>home: the body stands, ready to run; nothing runs yet */
	MSG_GO = 16,	  /* home>host: commit; run it (id = epoch) */
	MSG_ABORT = 17,	  /* host>home, before commit: the source goes on; reason, text */
	/* while away */
	MSG_REPLY = 21,	  /* home>host: id of the call; result, bytes */
	MSG_CANCEL = 22,  /* host>home: a signal wants to interrupt call id */
	MSG_SIGNAL = 23,  /* home>host: siginfo */
	MSG_COME = 24,	  /* home>host: send the body (to home) */
	MSG_WANT_HOME = 25, /* host>home: a call that runs at home only: number, word */
	MSG_EXIT = 26,	  /* host>home: exit_group: id = status; processor time used anywhere, in ns */
	MSG_DIED = 27,	  /* host>home: a signal ended it: id = number; processor time used */
	MSG_STOPPED = 28, /* host>home: a stop signal took effect: number | last THAW it knows << 8 */
	MSG_FREEZE = 29,  /* home>host: hold the body */
	MSG_THAW = 30,	  /* home>host: let it go on (id: the how manieth of this host) */
	MSG_HOP = 31,	  /* home>host: send the body to address, port, token */
	MSG_PING = 32,	  /* either way; answered by MSG_PONG with the same id */
	MSG_PONG = 33,	  /* processor time used */
	MSG_RESUME = 35,  /* home>host: the move failed before commit; run on where you are */
	/* mmap of a file: also MSG_FILE, home>host, before the reply */
	MSG_MAP = 36,	    /* host>home: id; six arguments */
	MSG_MAP_REPLY = 37, /* home>host: id; result, number of the file, bytes that it has there */
	MSG_MAPPED = 38,    /* host>home: id; where it lies now */

	MSG_TIME = 39,	  /* preparing; host>home: asked; home>host: its monotonic and boot clocks */

	/* while away: 20 in protocol 4, without the lengths of a vector's parts */
	MSG_CALL = 40,	  /* host>home: id of the call; number, arguments, bytes */

	/* a new machine and a node that gave it a pass: join.h */
	MSG_JOIN = 44,
	MSG_JOIN_GIVEN = 45,
	MSG_JOIN_KEPT = 46,
};

const char *msg_name(uint16_t type);

#endif
