/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of a stopped process have to be sent: those with content of their own, in the order of
 * their addresses. Looks only; whoever walks reads. */
#ifndef MOS_MOVE_WALK_H
#define MOS_MOVE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/mem.h"
#include "move/image.h"

#define WALK_WINDOW 512U /* pages */

/* Neighbouring pages of one mapping, at most PAGES_CHUNK bytes. */
struct run {
	uint64_t addr;
	size_t len;
	bool keep_zero; /* its zero pages stand before something else: they are sent too */
};

struct walk {
	const struct mem *mem;
	const struct image *m;
	uint32_t vma;
	uint64_t window; /* pages that were looked at in one go begin here, in mapping @vma */
	unsigned at, n;	 /* so many of them are passed; there are */
	uint8_t state[WALK_WINDOW];
};

void walk_begin(struct walk *w, const struct mem *mem, const struct image *m);
/* The next run, the same again until it is passed, and so with an error.
 * Return: 1, 0: there is none, -errno with the reason. */
int walk_next(struct walk *w, struct run *ret, struct err *e);
void walk_pass(struct walk *w, const struct run *run);

#endif
