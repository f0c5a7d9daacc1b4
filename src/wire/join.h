/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a new machine gets what makes it a member: a pass, which an administrator carries from an old node
 * to the new one, and three messages over a stream that is sealed with it.
 *
 *   new > old   MSG_JOIN        which version it speaks
 *   old > new   MSG_JOIN_GIVEN  number, port, the cluster's keys, the nodes
 *   new > old   MSG_JOIN_KEPT   it is written down
 *
 * instead of the second: MSG_REFUSED, with a reason and a text. */
#ifndef MOS_WIRE_JOIN_H
#define MOS_WIRE_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/key.h"
#include "wire/limits.h"

#define JOIN_VERSION   1U
#define JOIN_PASS_TEXT (2U * TOKEN_SIZE)
#define JOIN_NODES_MAX 60000U /* bytes of a map's text; whoever is left out is heard of by gossip */

/* The secret of a pass: 16 random bytes, as 32 hexadecimal digits. */
struct join_pass {
	uint8_t secret[TOKEN_SIZE];
};

/* Its name, which travels in clear and tells nothing of the secret, and the key that seals the stream.
 * Return: 0 or -EIO. */
int join_pass_name(const struct join_pass *p, uint8_t to[static TOKEN_SIZE]);
int join_pass_key(const struct join_pass *p, struct key_ring *to);

struct join_given {
	uint32_t node;
	uint16_t port;
	struct key_ring keys;
	char nodes[JOIN_NODES_MAX + 1]; /* in the form of openmosix.map, ends with NUL */
};

void join_ask_put(struct buf *b);
/* Return: 0, -EPROTO, -EPROTONOSUPPORT (@ret_version is told). */
int join_ask_get(const void *p, size_t n, uint32_t *ret_version);
#define JOIN_GIVEN_MAX (JOIN_NODES_MAX + 2U * KEY_BYTES + 16U) /* bytes of it */
void join_given_put(const struct join_given *g, struct buf *b);
/* Return: 0 or -EPROTO. */
int join_given_get(struct join_given *g, const void *p, size_t n);

#endif
