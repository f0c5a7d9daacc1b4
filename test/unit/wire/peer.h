/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of a channel: a child process at the other end of a TCP connection over loopback,
 * one at a time. It tells what it found by its exit status; 0 is good. */
#ifndef MOS_TEST_UNIT_WIRE_PEER_H
#define MOS_TEST_UNIT_WIRE_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "wire/channel.h"

#define WAIT 5000

/* In the peer: leaves with the line's number, for the parent to show. */
#define PEER(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			_exit(__LINE__ % 251 + 1);                                                 \
	} while (0)

typedef void (*peer_fn)(int fd);

extern const struct key_ring key_a; /* that of both, unless they differ on purpose */

/* Begins a peer that does @fn at its end. Return: our end, a descriptor. */
int peer_start(peer_fn fn);
/* ... and we are the client, with a channel. */
struct channel *peer_client(peer_fn fn);
/* In the peer: the other side of that. */
struct channel *peer_server(int fd);
/* Waits for its end. Return: its exit status, 1000 and the signal if one ended it. */
int peer_status(void);
void peer_kill(void);
/* Bytes that look like chance. */
void peer_fill(uint8_t *p, size_t n, unsigned seed);

#endif
