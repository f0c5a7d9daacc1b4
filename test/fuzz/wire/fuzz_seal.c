/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams: arbitrary bytes, and sealed ones of each kind, changed. None is opened unless it is
 * what was sealed, and no reply is longer than what it answers. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "wire/seal.h"

#define RUNS 20000

static const char *const words[] = { "mos\x01\x01", "mos\x01\x02", "mos\x01\x03", "\x01",
				     "\xff\xff" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const nsec_t now = NSEC_PER_SEC;

static int open_one(struct seal *s, const uint8_t *p, size_t n, uint8_t *reply, size_t *reply_len)
{
	uint8_t text[SEAL_PAYLOAD_MAX], *exact = malloc(n ? n : 1);
	size_t len;
	node_id from;
	int r;

	ASSERT(exact);
	if (n)
		memcpy(exact, p, n);
	r = seal_open(s, now, exact, n, &from, text, &len, reply, reply_len);
	free(exact);
	ASSERT(*reply_len <= n && *reply_len <= SEAL_HELLO_MAX);
	ASSERT(len <= SEAL_PAYLOAD_MAX && (r == 1 || !len));
	ASSERT((from.v == 0) == (r == -EPROTO));
	return r;
}

static void change_and_open(struct seal *s, const uint8_t *good, size_t len, const uint8_t *p,
			    size_t n)
{
	uint8_t bad[SEAL_MAX], reply[SEAL_HELLO_MAX];
	size_t bad_len = len, reply_len;

	memcpy(bad, good, len);
	for (size_t i = 0; i + 2 <= n && i < 16; i += 2)
		bad[p[i] % len] = p[i + 1];
	if (n > 20 && p[20] < 64)
		bad_len -= p[20] % len;
	if (bad_len == len && !memcmp(bad, good, len))
		return;
	ASSERT(open_one(s, bad, bad_len, reply, &reply_len) < 0 && !reply_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct key_ring ring = { .key = { { "k" }, { "l" } }, .n = 2 };
	struct seal *a, *b;
	uint8_t d[SEAL_MAX], reply[SEAL_HELLO_MAX];
	size_t k = MIN(n, SEAL_PAYLOAD_MAX), reply_len, none;
	int r;

	ASSERT(seal_create((node_id){ 1 }, 7, &ring, &a) == 0);
	ASSERT(seal_create((node_id){ 0x101 }, 9, &ring, &b) == 0);
	ASSERT(open_one(b, p, n, reply, &reply_len) < 0 && !reply_len);

	r = seal_send(a, now, (node_id){ 0x101 }, p, k, d);
	ASSERT(r == (int)SEAL_HELLO_MAX);
	change_and_open(b, d, (size_t)r, p, n);
	ASSERT(open_one(b, d, (size_t)r, reply, &reply_len) == 0 && reply_len);
	change_and_open(a, reply, reply_len, p, n);
	ASSERT(open_one(a, reply, reply_len, d, &none) == 0 && !none);
	r = seal_send(a, now, (node_id){ 0x101 }, p, k, d);
	ASSERT(r == (int)(k + SEAL_OVERHEAD));
	change_and_open(b, d, (size_t)r, p, n);
	ASSERT(open_one(b, d, (size_t)r, reply, &none) == 1);
	ASSERT(open_one(b, d, (size_t)r, reply, &none) == -ESTALE);
	seal_destroy(a);
	seal_destroy(b);
	return 0;
}

#include "plain_main.h"
