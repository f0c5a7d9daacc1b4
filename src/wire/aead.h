/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AES-128-GCM with keys derived from the cluster's by HKDF-SHA256, both OpenSSL's: what all sealed
 * datagrams have in common. Private to this room. */
#ifndef MOS_WIRE_AEAD_H
#define MOS_WIRE_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "wire/key.h"

#define AEAD_KEY 16U
#define AEAD_TAG 16U

#define AEAD_KEPT 8U

/* One that is ready for a key and a direction. To make it so costs more than a datagram's sealing. */
struct aead_kept {
	EVP_CIPHER_CTX *ctx; /* NULL: never used */
	uint8_t key[AEAD_KEY];
	int seals;	  /* 1: seals, 0: opens, -1: neither yet */
	uint64_t used; /* when, in uses of any */
};

struct aead {
	EVP_KDF *hkdf;
	EVP_CIPHER *cipher;
	struct aead_kept kept[AEAD_KEPT];
	uint64_t uses;
};

/* Return: 0 or -EIO; aead_finish is due in both cases. */
int aead_init(struct aead *a);
void aead_finish(struct aead *a); /* what is all zeros too */
void aead_forget(struct aead *a); /* the keys of before are not used any more */
/* The key that belongs to @info; @salt tells what it is for. Return: 0 or -EIO. */
int aead_derive(struct aead *a, const struct key *k, const char *salt, const void *info, size_t n,
		uint8_t to[static AEAD_KEY]);
/* @out has @head bytes in clear, which are sealed with it; behind them go @n bytes of @text and the
 * tag. @count must never come twice under a key. Return: bytes of all, or -EIO. */
int aead_seal(struct aead *a, const uint8_t key[static AEAD_KEY], uint64_t count, uint8_t *out,
	      size_t head, const void *text, size_t n);
/* The other way: @from has head, @n bytes and tag. What is in @text is good only if true is
 * returned. */
bool aead_open(struct aead *a, const uint8_t key[static AEAD_KEY], uint64_t count,
	       const uint8_t *from, size_t head, size_t n, uint8_t *text);

#endif
