/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the bytes of joining, and what follows from the secret of a pass. */
#include "wire/join.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ids.h"
#include "base/util.h"

static int derive(const struct join_pass *p, const char *label, uint8_t to[static 32])
{
	unsigned n = 32;

	return HMAC(EVP_sha256(), p->secret, sizeof(p->secret), (const uint8_t *)label, strlen(label),
		    to, &n)
		       ? 0
		       : -EIO;
}

int join_pass_name(const struct join_pass *p, uint8_t to[static TOKEN_SIZE])
{
	uint8_t h[32];
	int r = derive(p, "umosix join name", h);

	memcpy(to, h, TOKEN_SIZE);
	OPENSSL_cleanse(h, sizeof(h));
	return r;
}

int join_pass_key(const struct join_pass *p, struct key_ring *to)
{
	*to = (struct key_ring){ .n = 1 };
	return derive(p, "umosix join key", to->key[0].bytes);
}

void join_ask_put(struct buf *b)
{
	buf_put_u32(b, JOIN_VERSION);
}

int join_ask_get(const void *p, size_t n, uint32_t *ret_version)
{
	struct cursor c;

	cursor_init(&c, p, n);
	*ret_version = cursor_u32(&c);
	if (c.failed)
		return -EPROTO;
	if (*ret_version != JOIN_VERSION)
		return -EPROTONOSUPPORT;
	return cursor_left(&c) ? -EPROTO : 0;
}

void join_given_put(const struct join_given *g, struct buf *b)
{
	uint32_t n = (uint32_t)strlen(g->nodes);

	buf_put_u32(b, g->node);
	buf_put_u16(b, g->port);
	buf_put_u8(b, (uint8_t)g->keys.n);
	for (unsigned i = 0; i < g->keys.n; i++)
		buf_put(b, g->keys.key[i].bytes, KEY_BYTES);
	buf_put_u32(b, n);
	buf_put(b, g->nodes, n);
}

int join_given_get(struct join_given *g, const void *p, size_t n)
{
	struct cursor c;
	uint32_t len;

	memset(g, 0, sizeof(*g));
	cursor_init(&c, p, n);
	g->node = cursor_u32(&c);
	g->port = cursor_u16(&c);
	g->keys.n = cursor_u8(&c);
	if (c.failed || !g->node || g->node > NODE_ID_MAX || !g->port || !g->keys.n ||
	    g->keys.n > ARRAY_SIZE(g->keys.key))
		return -EPROTO;
	for (unsigned i = 0; i < g->keys.n; i++)
		cursor_copy(&c, g->keys.key[i].bytes, KEY_BYTES);
	len = cursor_u32(&c);
	if (c.failed || len > JOIN_NODES_MAX || len != cursor_left(&c))
		return -EPROTO;
	cursor_copy(&c, g->nodes, len);
	return memchr(g->nodes, '\0', len) ? -EPROTO : 0;
}
