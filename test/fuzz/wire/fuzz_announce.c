/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announcements: arbitrary bytes, and sealed ones, changed. None is opened unless it is what was
 * sealed. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "wire/announce.h"

#define RUNS 20000

static const char *const words[] = { "moa\x01", "mos\x01", "\x01", "\xff\xff" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int open_exact(struct announce *a, const uint8_t *p, size_t n)
{
	uint8_t text[ANNOUNCE_TEXT], *exact = malloc(n ? n : 1);
	int r;

	ASSERT(exact);
	if (n)
		memcpy(exact, p, n);
	r = announce_open(a, exact, n, text);
	free(exact);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct key_ring ring = { .key = { { "k" }, { "l" } }, .n = 2 };
	uint8_t salt[ANNOUNCE_SALT] = { 0 }, text[ANNOUNCE_TEXT] = { 0 };
	uint8_t good[ANNOUNCE_SIZE], bad[ANNOUNCE_SIZE];
	struct announce *a;

	ASSERT(announce_create(&ring, &a) == 0);
	ASSERT(open_exact(a, p, n) < 0);
	memcpy(salt, p, MIN(n, sizeof(salt)));
	memcpy(text, p, MIN(n, sizeof(text)));
	ASSERT(announce_seal(a, salt, text, good) == 0);
	ASSERT(open_exact(a, good, sizeof(good)) == 0);
	memcpy(bad, good, sizeof(bad));
	for (size_t i = 0; i + 2 <= n && i < 16; i += 2)
		bad[p[i] % sizeof(bad)] = p[i + 1];
	if (memcmp(bad, good, sizeof(bad)) != 0)
		ASSERT(open_exact(a, bad, sizeof(bad)) < 0);
	ASSERT(open_exact(a, good, n % sizeof(good)) == -EPROTO);
	announce_destroy(a);
	return 0;
}

#include "plain_main.h"
