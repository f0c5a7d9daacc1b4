/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/info.h"

#include <errno.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"
#include "cluster/addr.h"

#define LOAD_OF_ONE 100U
#define FLAGS_ALL                                                                                  \
	(INFO_CONFIGURED | INFO_UP | INFO_STAY | INFO_LSTAY | INFO_BLOCK | INFO_QUIET |            \
	 INFO_EXPEL | INFO_PRESSED | INFO_PARTING)
/* A liar may tell any number, but none with which the arithmetic of others overflows. */
#define SPEED_MAX    100000000U
#define CPUS_MAX     (65536U * INFO_WHOLE)
#define RUNNABLE_MAX (4194304U * INFO_WHOLE)
#define MEM_MAX	     (1ULL << 50) /* KiB */

uint32_t info_load(const struct node_info *i)
{
	uint64_t capacity = (uint64_t)i->cpus * i->speed / INFO_STANDARD_SPEED;
	uint64_t load = (uint64_t)i->runnable * LOAD_OF_ONE / MAX(capacity, (uint64_t)1);

	return (uint32_t)MIN(load, (uint64_t)UINT32_MAX);
}

bool info_newer(const struct node_info *a, const struct node_info *b)
{
	return a->life != b->life ? a->life > b->life : a->seq > b->seq;
}

/* 16 bytes: IPv4 as ::ffff:a.b.c.d, all zero for none. */
static void put_addr(const struct node_addr *a, struct buf *b)
{
	uint8_t bytes[16] = { 0 };

	if (a->size == 16)
		memcpy(bytes, a->bytes, 16);
	if (a->size == 4) {
		bytes[10] = bytes[11] = 0xff;
		memcpy(bytes + 12, a->bytes, 4);
	}
	buf_put(b, bytes, sizeof(bytes));
}

static struct node_addr get_addr(struct cursor *c)
{
	static const struct node_addr none = { 0 };
	struct node_addr a = { .size = 16 };

	cursor_copy(c, a.bytes, 16);
	return memcmp(a.bytes, none.bytes, 16) ? node_addr_plain(&a) : none;
}

void info_put(const struct node_info *i, struct buf *b)
{
	buf_put_u32(b, i->node);
	buf_put_u64(b, i->life);
	buf_put_u32(b, i->seq);
	buf_put_u16(b, i->flags);
	buf_put_u32(b, i->speed);
	buf_put_u32(b, i->cpus);
	buf_put_u32(b, i->runnable);
	buf_put_u32(b, i->native);
	buf_put_u32(b, i->util);
	buf_put_u64(b, i->mem_total);
	buf_put_u64(b, i->mem_free);
	buf_put_u64(b, i->mem_raw);
	buf_put_u32(b, i->guests);
	buf_put_u32(b, i->guests_max);
	buf_put_u32(b, i->away);
	buf_put_u64(b, i->features);
	put_addr(&i->addr, b);
}

void info_peek(const uint8_t *p, uint32_t *ret_node, uint64_t *ret_life, uint32_t *ret_seq)
{
	struct cursor c;

	cursor_init(&c, p, INFO_SIZE);
	*ret_node = cursor_u32(&c);
	*ret_life = cursor_u64(&c);
	*ret_seq = cursor_u32(&c);
}

int info_get(struct cursor *c, struct node_info *ret)
{
	struct node_info i = { 0 };

	i.node = cursor_u32(c);
	i.life = cursor_u64(c);
	i.seq = cursor_u32(c);
	i.flags = cursor_u16(c);
	i.speed = cursor_u32(c);
	i.cpus = cursor_u32(c);
	i.runnable = cursor_u32(c);
	i.native = cursor_u32(c);
	i.util = cursor_u32(c);
	i.mem_total = cursor_u64(c);
	i.mem_free = cursor_u64(c);
	i.mem_raw = cursor_u64(c);
	i.guests = cursor_u32(c);
	i.guests_max = cursor_u32(c);
	i.away = cursor_u32(c);
	i.features = cursor_u64(c);
	i.addr = get_addr(c);
	if (c->failed || !i.node || i.node > NODE_ID_MAX || !i.seq || i.flags & ~FLAGS_ALL ||
	    !i.speed || i.speed > SPEED_MAX || !i.cpus || i.cpus > CPUS_MAX ||
	    (i.addr.size && !node_addr_reachable(&i.addr)) || i.runnable > RUNNABLE_MAX || (i.native != INFO_NOT_TOLD && i.native > i.runnable) || i.util > INFO_WHOLE || i.mem_total > MEM_MAX ||
	    i.mem_free > i.mem_total || i.mem_raw > i.mem_total)
		return -EPROTO;
	*ret = i;
	return 0;
}
