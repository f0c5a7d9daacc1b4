/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how an announcement is sealed.
 *
 * DOC: who announces has no number yet that would be its own, and no count that outlasts a restart,
 * so a key by sender and life, as seal.c has it, is out of the question. Instead each announcement
 * has a key of its own, made from the cluster's and 16 random bytes that it carries; so its nonce
 * may always be the same. */
#include "wire/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "wire/aead.h"

#define HEAD (4U + ANNOUNCE_SALT)

_Static_assert(ANNOUNCE_SIZE == HEAD + ANNOUNCE_TEXT + AEAD_TAG, "head, text and tag");

static const uint8_t magic[4] = { 'm', 'o', 'a', 1 }; /* the last is the version */

struct announce {
	struct aead aead;
	struct key_ring ring;
};

int announce_set_keys(struct announce *a, const struct key_ring *keys)
{
	if (!keys->n)
		return -ENOKEY;
	a->ring = *keys;
	return 0;
}

int announce_create(const struct key_ring *keys, struct announce **ret)
{
	struct announce *a = calloc(1, sizeof(*a));
	int r;

	*ret = NULL;
	if (!a)
		return -ENOMEM;
	r = aead_init(&a->aead);
	if (r == 0)
		r = announce_set_keys(a, keys);
	if (r < 0) {
		announce_destroy(a);
		return r;
	}
	*ret = a;
	return 0;
}

void announce_destroy(struct announce *a)
{
	if (!a)
		return;
	aead_finish(&a->aead);
	OPENSSL_cleanse(a, sizeof(*a));
	free(a);
}

static int derive(struct announce *a, unsigned i, const uint8_t *salt, uint8_t to[static AEAD_KEY])
{
	return aead_derive(&a->aead, &a->ring.key[i], "umosix announcement", salt, ANNOUNCE_SALT,
			   to);
}

int announce_seal(struct announce *a, const uint8_t salt[static ANNOUNCE_SALT],
		  const uint8_t text[static ANNOUNCE_TEXT], uint8_t out[static ANNOUNCE_SIZE])
{
	uint8_t key[AEAD_KEY];
	int r = derive(a, 0, salt, key);

	memcpy(out, magic, sizeof(magic));
	memcpy(out + sizeof(magic), salt, ANNOUNCE_SALT);
	if (r == 0)
		r = aead_seal(&a->aead, key, 0, out, HEAD, text, ANNOUNCE_TEXT);
	OPENSSL_cleanse(key, sizeof(key));
	return r < 0 ? r : 0;
}

int announce_open(struct announce *a, const uint8_t *from, size_t n,
		  uint8_t text[static ANNOUNCE_TEXT])
{
	uint8_t key[AEAD_KEY];
	int r = -EBADMSG;

	if (n != ANNOUNCE_SIZE || memcmp(from, magic, sizeof(magic)) != 0)
		return -EPROTO;
	for (unsigned i = 0; r == -EBADMSG && i < a->ring.n; i++) {
		r = derive(a, i, from + sizeof(magic), key);
		if (r == 0 && !aead_open(&a->aead, key, 0, from, HEAD, ANNOUNCE_TEXT, text))
			r = -EBADMSG;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}
