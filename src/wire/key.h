/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster key: 32 random bytes, in a file of mode 0600 as 64 hexadecimal digits and a newline.
 * A second file beside it, NAME.new, is accepted too, so that a key can be rotated. */
#ifndef MOS_WIRE_KEY_H
#define MOS_WIRE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define KEY_BYTES 32

struct key {
	uint8_t bytes[KEY_BYTES];
};

struct key_ring {
	struct key key[2]; /* [0] is offered; all are accepted */
	unsigned n;
};

/* Reads @path and, if there, @path.new. Refuses files that others can read.
 * Return: 0, -ENOENT without a key, -EPERM with wrong owner or mode, -EINVAL. */
int key_ring_load(const char *path, struct key_ring *ret, struct err *e);
/* Writes @keys' first key to @path and the second, if any, to @path.new, whole or not at all; whatever key
 * was there is replaced. Return: 0 or -errno. */
int key_ring_save(const char *path, const struct key_ring *keys, struct err *e);
/* Removes both; a missing one is none to remove. Return: 0 or -errno. */
int key_ring_remove(const char *path, struct err *e);
/* Draws a fresh key. Return: 0 or -EIO. */
int key_ring_draw(struct key_ring *ret, struct err *e);
/* Makes a fresh key at @path; never overwrites. Return: 0, -EEXIST, other -errno. */
int key_generate(const char *path, struct err *e);
bool key_ring_equal(const struct key_ring *a, const struct key_ring *b);
void key_ring_wipe(struct key_ring *k);

#endif
