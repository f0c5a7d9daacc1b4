/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams from other nodes: accepts them, reads the preamble, and hands them on. */
#ifndef MOS_NODE_LISTEN_H
#define MOS_NODE_LISTEN_H

#include <stdint.h>

#include "base/err.h"
#include "node/node.h"

struct listener;

struct listener_counts {
	uint64_t accepted, handed_on, bad_preamble, unknown_token, timed_out, crowded_out, failed;
};

/* Listens on the configured port, IPv6 and IPv4. Return: 0 or -errno. */
int listener_create(struct mosd *d, struct listener **ret, struct err *e);
/* Takes NULL. */
void listener_destroy(struct listener *l);
const struct listener_counts *listener_counts(const struct listener *l);

#endif
