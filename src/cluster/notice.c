/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the form of a notice. */
#include "cluster/notice.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "cluster/addr.h"

#define VERSION 1U

static const char *const kinds[] = {
	[0] = "none",	      [NOTICE_JOIN] = "join",	[NOTICE_ASK] = "ask",
	[NOTICE_ACK] = "ack", [NOTICE_TAKEN] = "taken",
};
_Static_assert(ARRAY_SIZE(kinds) == NOTICE_KIND_COUNT_, "a word for each kind");

const char *notice_kind_str(enum notice_kind k)
{
	return k < NOTICE_KIND_COUNT_ ? kinds[k] : kinds[0];
}

void notice_put(const struct notice *n, uint8_t to[static NOTICE_SIZE])
{
	uint16_t number = htole16((uint16_t)n->number), port = htole16(n->port);
	uint64_t origin = htole64(n->origin);

	memset(to, 0, NOTICE_SIZE);
	to[0] = (uint8_t)n->kind;
	to[1] = VERSION;
	to[2] = (uint8_t)n->rank;
	to[3] = n->addr.size;
	memcpy(to + 4, &number, sizeof(number));
	memcpy(to + 6, &port, sizeof(port));
	memcpy(to + 8, n->addr.bytes, MIN(n->addr.size, 16U));
	memcpy(to + 24, &origin, sizeof(origin));
	memcpy(to + 32, n->nonce, NOTICE_NONCE);
}

int notice_get(const uint8_t from[static NOTICE_SIZE], struct notice *ret)
{
	static const uint8_t zeros[16];
	struct notice n = { 0 };
	struct cursor c;
	unsigned kind, version, rank;

	cursor_init(&c, from, NOTICE_SIZE);
	kind = cursor_u8(&c);
	version = cursor_u8(&c);
	rank = cursor_u8(&c);
	n.addr.size = cursor_u8(&c);
	n.number = cursor_u16(&c);
	n.port = cursor_u16(&c);
	cursor_copy(&c, n.addr.bytes, sizeof(n.addr.bytes));
	n.origin = cursor_u64(&c);
	cursor_copy(&c, n.nonce, sizeof(n.nonce));
	if (version != VERSION)
		return -EPROTONOSUPPORT;
	if (kind < NOTICE_JOIN || kind >= NOTICE_KIND_COUNT_ || rank >= NOTICE_RANK_COUNT_ ||
	    !node_addr_reachable(&n.addr) || (n.addr.size == 4 && memcmp(n.addr.bytes + 4, zeros, 12) != 0))
		return -EPROTO;
	n.kind = kind;
	n.rank = rank;
	if (!n.port || !n.origin || !n.number != (kind == NOTICE_ASK))
		return -EPROTO;
	if (n.addr.size == 16 && node_addr_plain(&n.addr).size == 4)
		return -EPROTO; /* each address has one form */
	*ret = n;
	return 0;
}
