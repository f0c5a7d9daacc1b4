/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how OpenSSL is asked for HKDF and AES-GCM. */
#include "wire/aead.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#define NONCE_LEN 12U

int aead_init(struct aead *a)
{
	/* the system's openssl.cnf may forbid what all nodes share */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	a->hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	a->cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	return a->hkdf && a->cipher ? 0 : -EIO;
}

void aead_forget(struct aead *a)
{
	for (unsigned i = 0; i < AEAD_KEPT; i++)
		EVP_CIPHER_CTX_free(a->kept[i].ctx); /* cleanses its key */
	OPENSSL_cleanse(a->kept, sizeof(a->kept));
}

void aead_finish(struct aead *a)
{
	aead_forget(a);
	EVP_CIPHER_free(a->cipher);
	EVP_KDF_free(a->hkdf);
	*a = (struct aead){ 0 };
}

int aead_derive(struct aead *a, const struct key *k, const char *salt, const void *info, size_t n,
		uint8_t to[static AEAD_KEY])
{
	static const char hash[] = "SHA256";
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(a->hkdf);
	int ok;
	/* OpenSSL only reads from these, though their type does not say so */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
						  strlen(salt)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)k->bytes,
						  KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, n),
		OSSL_PARAM_construct_end(),
	};

	ok = c && EVP_KDF_derive(c, to, AEAD_KEY, params) == 1;
	EVP_KDF_CTX_free(c);
	return ok ? 0 : -EIO;
}

static void nonce_make(uint64_t count, uint8_t to[static NONCE_LEN])
{
	count = htole64(count);
	memset(to, 0, NONCE_LEN);
	memcpy(to + NONCE_LEN - sizeof(count), &count, sizeof(count));
}

/* Return: one that is ready but for the nonce, or NULL. Whoever has to go is who was not used for longest. */
static EVP_CIPHER_CTX *get(struct aead *a, const uint8_t key[static AEAD_KEY], int seals)
{
	struct aead_kept *k = &a->kept[0];

	a->uses++;
	for (unsigned i = 0; i < AEAD_KEPT; i++) {
		struct aead_kept *one = &a->kept[i];

		if (one->ctx && one->seals == seals && !memcmp(one->key, key, AEAD_KEY)) {
			one->used = a->uses;
			return one->ctx;
		}
		if (one->used < k->used)
			k = one;
	}
	if (!k->ctx)
		k->ctx = EVP_CIPHER_CTX_new();
	k->seals = -1;
	if (!k->ctx || EVP_CipherInit_ex2(k->ctx, a->cipher, key, NULL, seals, NULL) != 1)
		return NULL;
	memcpy(k->key, key, AEAD_KEY);
	k->seals = seals;
	k->used = a->uses;
	return k->ctx;
}

int aead_seal(struct aead *a, const uint8_t key[static AEAD_KEY], uint64_t count, uint8_t *out,
	      size_t head, const void *text, size_t n)
{
	uint8_t nonce[NONCE_LEN], *to = out + head;
	EVP_CIPHER_CTX *ctx = get(a, key, 1);
	int k = 0;

	nonce_make(count, nonce);
	if (!ctx || EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &k, out, (int)head) != 1 ||
	    (n && EVP_EncryptUpdate(ctx, to, &k, text, (int)n) != 1) ||
	    EVP_EncryptFinal_ex(ctx, to + n, &k) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, to + n) != 1)
		return -EIO;
	return (int)(head + n + AEAD_TAG);
}

bool aead_open(struct aead *a, const uint8_t key[static AEAD_KEY], uint64_t count,
	       const uint8_t *from, size_t head, size_t n, uint8_t *text)
{
	uint8_t nonce[NONCE_LEN], tag[AEAD_TAG], end[AEAD_TAG];
	EVP_CIPHER_CTX *ctx = get(a, key, 0);
	int k = 0;

	nonce_make(count, nonce);
	memcpy(tag, from + head + n, sizeof(tag));
	return ctx && EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &k, from, (int)head) == 1 &&
	       (!n || EVP_DecryptUpdate(ctx, text, &k, from + head, (int)n) == 1) &&
	       EVP_DecryptFinal_ex(ctx, end, &k) == 1;
}
