/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 24 bytes before the handshake: they name the process that a stream is for. Pure. */
#ifndef MOS_NODE_PREAMBLE_H
#define MOS_NODE_PREAMBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/limits.h"

#define TOKEN_HEX (2 * TOKEN_SIZE)

struct token {
	uint8_t bytes[TOKEN_SIZE];
};

/* Return: 0 and the token, -EPROTO when it is not ours. */
int preamble_parse(const uint8_t bytes[PREAMBLE_SIZE], struct token *ret);
bool token_is_zero(const struct token *t);
/* Compares in a time that does not depend on where they differ. */
bool token_equal(const struct token *a, const struct token *b);
void token_to_hex(const struct token *t, char to[TOKEN_HEX + 1]);
/* Return: 0 or -EINVAL. */
int token_from_hex(const char *hex, struct token *ret);
/* Fresh and random. Return: 0 or -errno. */
int token_draw(struct token *ret);

#endif
