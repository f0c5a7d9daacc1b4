/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes that were given out: each lets one machine join, for a while. They do not outlast mosd. */
#ifndef MOS_NODE_PEERS_PASSES_H
#define MOS_NODE_PEERS_PASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "node/preamble.h"
#include "wire/join.h"

#define PASSES_MAX	   64U
#define PASS_SECONDS_MAX   (7 * 86400)
#define PASS_SECONDS_USUAL 900

struct pass {
	struct join_pass secret;
	struct token name;
	uint32_t node;	/* the number that its bearer gets; 0: any that is free */
	nsec_t expires; /* monotonic; 0: no pass */
};

struct passes {
	struct pass pass[PASSES_MAX];
};

/* Return: a fresh one, valid until it is used, expires or @v has no more room; NULL when all places
 * are taken or there is no randomness. */
struct pass *passes_draw(struct passes *v, nsec_t now, nsec_t lasts, uint32_t node);
/* Return: the one of that name, if it is still good. */
struct pass *passes_find(struct passes *v, nsec_t now, const struct token *name);
/* Whether somebody may still come with @node. */
bool passes_promise(const struct passes *v, nsec_t now, uint32_t node);
void passes_use(struct pass *p); /* it is good no more */
/* What an administrator carries to the new machine. */
void pass_text(const struct pass *p, char to[static JOIN_PASS_TEXT + 1]);

#endif
