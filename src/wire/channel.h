/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sealed stream of frames between two supervisors: TLS 1.3 over TCP, external pre-shared key with
 * ephemeral key exchange. One process, one thread, one user at a time. */
#ifndef MOS_WIRE_CHANNEL_H
#define MOS_WIRE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "wire/key.h"

struct channel;

/* One received frame. @data stays valid until the next channel_recv on this channel. */
struct frame {
	uint16_t type; /* enum msg_type; not checked here */
	uint64_t id;
	uint32_t len; /* at most FRAME_MAX */
	const uint8_t *data;
};

#define CHANNEL_MOMENT_MS 1

enum channel_side { CHANNEL_CLIENT, CHANNEL_SERVER };

/* Makes a channel of the connected TCP socket @fd (owned from now on, also on failure), does the
 * handshake within @timeout_ms, sets TCP_NODELAY, keepalive and TCP_USER_TIMEOUT so that a lost
 * peer is told within six seconds. The client offers @keys' first key, the server accepts any of
 * them. Return: 0, -EACCES (keys differ), -ETIMEDOUT, -EPROTO, other -errno. */
int channel_open(int fd, enum channel_side side, const struct key_ring *keys, int timeout_ms,
		 struct channel **ret, struct err *e);
/* Takes NULL. */
void channel_close(struct channel *c);
int channel_fd(const struct channel *c);

/* Sends one frame, its payload gathered from @iov; waits until the kernel took all of it, for at
 * most 10 s. After a failure the channel is only good for channel_close.
 * Return: 0, -EMSGSIZE, -ETIMEDOUT, -ECONNRESET, other -errno. */
int channel_send(struct channel *c, uint16_t type, uint64_t id, const struct iovec *iov,
		 unsigned niov);
/* Return: 1 and a frame; 0 when none came whole within @timeout_ms (0: do not wait);
 * -ECONNRESET at the end of the stream, -EPROTO for a frame too long, other -errno. */
int channel_recv(struct channel *c, int timeout_ms, struct frame *ret);
/* The same for a moment (CHANNEL_MOMENT_MS, some more by the kernel's ticks), in one system call: for whoever has just
 * asked for something that mostly comes at once. */
int channel_recv_soon(struct channel *c, struct frame *ret);
/* True when bytes already taken from the socket wait inside: poll would not tell of them, so
 * channel_recv is called until this is false, or it returns 0, before polling. */
bool channel_buffered(const struct channel *c);
uint64_t channel_bytes_sent(const struct channel *c);

/* Connects to a node. Return: a connected blocking socket with O_CLOEXEC, or -errno. */
int channel_connect(const char *addr, uint16_t port, int timeout_ms, struct err *e);

#endif
