/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the bytes of the preamble and of tokens. */
#include "node/preamble.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define MAGIC	   "umosix1\n"
#define MAGIC_SIZE 8U

static_assert(MAGIC_SIZE + TOKEN_SIZE == PREAMBLE_SIZE, "the preamble is a magic and a token");

int preamble_parse(const uint8_t bytes[PREAMBLE_SIZE], struct token *ret)
{
	if (memcmp(bytes, MAGIC, MAGIC_SIZE))
		return -EPROTO;
	memcpy(ret->bytes, bytes + MAGIC_SIZE, TOKEN_SIZE);
	return 0;
}

bool token_is_zero(const struct token *t)
{
	return token_equal(t, &(struct token){ { 0 } });
}

bool token_equal(const struct token *a, const struct token *b)
{
	uint8_t d = 0;

	for (unsigned i = 0; i < TOKEN_SIZE; i++)
		d |= (uint8_t)(a->bytes[i] ^ b->bytes[i]);
	return !d;
}

void token_to_hex(const struct token *t, char to[TOKEN_HEX + 1])
{
	for (unsigned i = 0; i < TOKEN_SIZE; i++)
		(void)snprintf(to + 2 * i, 3, "%02x", t->bytes[i]);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int token_from_hex(const char *hex, struct token *ret)
{
	struct token t;

	if (strlen(hex) != TOKEN_HEX)
		return -EINVAL;
	for (unsigned i = 0; i < TOKEN_SIZE; i++) {
		int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		t.bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret = t;
	return 0;
}

int token_draw(struct token *ret)
{
	ssize_t n = getrandom(ret->bytes, TOKEN_SIZE, 0);

	return n == TOKEN_SIZE ? 0 : n < 0 ? -errno : -EIO;
}
