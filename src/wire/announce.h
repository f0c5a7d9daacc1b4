/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed announcements: what nodes say that do not know each other yet, to everybody in reach. Only
 * who has the cluster key can make, read or change one. It may be a recording all the same: whoever
 * needs to know that it is fresh lets it repeat a random number. doc/wire.md, "Announcements". */
#ifndef MOS_WIRE_ANNOUNCE_H
#define MOS_WIRE_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

#include "wire/key.h"

#define ANNOUNCE_SALT 16U
#define ANNOUNCE_TEXT 48U /* bytes in clear, always */
#define ANNOUNCE_SIZE (4U + ANNOUNCE_SALT + ANNOUNCE_TEXT + 16U)

struct announce;

/* Copies @keys; the first seals, all open. Return: 0, -ENOKEY, -ENOMEM, -EIO if OpenSSL cannot. */
int announce_create(const struct key_ring *keys, struct announce **ret);
void announce_destroy(struct announce *a); /* takes NULL */
int announce_set_keys(struct announce *a, const struct key_ring *keys);
/* @salt must be random, and new each time: it makes the key. Return: 0 or -EIO. */
int announce_seal(struct announce *a, const uint8_t salt[static ANNOUNCE_SALT],
		  const uint8_t text[static ANNOUNCE_TEXT], uint8_t out[static ANNOUNCE_SIZE]);
/* Return: 0; -EPROTO: none of ours, or of another version; -EBADMSG: changed, or sealed by none of
 * our keys; -EIO. @text is good only after 0. */
int announce_open(struct announce *a, const uint8_t *from, size_t n,
		  uint8_t text[static ANNOUNCE_TEXT]);

#endif
