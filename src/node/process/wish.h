/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user said about how a process may move: mosrun's options, mosctl lock. A child inherits it.
 * Pure. */
#ifndef MOS_NODE_PROCESS_WISH_H
#define MOS_NODE_PROCESS_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

#define WISH_RANGES_MAX 12U
#define WISH_TEXT_MAX	240U /* with the NUL; a file name may have 255 bytes */
#define WISH_MEMORY_MAX (1U << 30) /* MiB */

enum migrant_lock {
	MIGRANT_LOCK_NONE, /* nobody said */
	MIGRANT_LOCK_UNLOCKED,
	MIGRANT_LOCK_LOCKED,
	MIGRANT_LOCK_COUNT_
};

const char *migrant_lock_str(enum migrant_lock l);

enum wish_decay {
	WISH_DECAY_NONE, /* nobody said */
	WISH_DECAY_NEVER,
	WISH_DECAY_SLOW,
	WISH_DECAY_FAST,
	WISH_DECAY_OWN, /* `fraction` of the old stays each `interval` */
	WISH_DECAY_COUNT_
};

struct migrant_wish {
	enum migrant_lock lock;
	enum policy_hint hint;
	enum wish_decay decay;
	uint32_t interval; /* s, 1-65535, of WISH_DECAY_OWN */
	uint32_t fraction; /* thousandths, 1-999 */
	uint32_t memory;   /* MiB that it needs; 0: nothing said */
	uint32_t place;	   /* the node where it is locked; 0: none, or wherever it is */
	struct policy_range range[WISH_RANGES_MAX]; /* away from home it runs on these only */
	unsigned n_ranges;			    /* 0: on all */
};

/* Words: "cpu", "io"; "never", "slow", "fast", "own". NULL for nothing said. */
const char *wish_hint_str(enum policy_hint h);
const char *wish_decay_str(enum wish_decay d);
/* Return: the word's value, or the count. */
enum policy_hint wish_hint_find(const char *word);
enum wish_decay wish_decay_find(const char *word);
/* For how many seconds statistics count (policy_mean_add_over). */
double wish_lasts(const struct migrant_wish *w);

/* As a file name: "locked,cpu,m500,p2,n1-3+5"; empty if nobody said anything. */
void wish_text(const struct migrant_wish *w, char to[static WISH_TEXT_MAX]);
/* Return: 0, or -EINVAL if wish_text does not write that. */
int wish_parse(const char *text, struct migrant_wish *ret);
bool wish_equal(const struct migrant_wish *a, const struct migrant_wish *b);
bool wish_allows(const struct migrant_wish *w, uint32_t node);

#endif
