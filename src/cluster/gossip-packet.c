/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the bytes of a packet between members. */
#include "cluster/gossip-packet.h"

#include <errno.h>

#include "base/ids.h"
#include "base/util.h"
#include "cluster/gossip.h"

static const char *const kinds[] = { "news", "probe", "ack", "ask", "silent" };

_Static_assert(ARRAY_SIZE(kinds) == GOSSIP_KIND_COUNT_, "a word for each kind");
_Static_assert((GOSSIP_PACKET_MAX - GOSSIP_HEAD_SIZE) / GOSSIP_WORD_SIZE < 256, "counts are bytes");

const char *gossip_kind_str(enum gossip_kind k)
{
	return k < GOSSIP_KIND_COUNT_ ? kinds[k] : "?";
}

static uint16_t age_units(int64_t age)
{
	return (uint16_t)MIN(MAX(age, 0) / GOSSIP_AGE_UNIT, (int64_t)GOSSIP_AGE_MOST);
}

void gossip_head_put(const struct gossip_head *h, struct buf *b)
{
	buf_put_u8(b, GOSSIP_VERSION);
	buf_put_u8(b, (uint8_t)h->kind);
	buf_put_u16(b, 0);
	buf_put_u64(b, h->mark.life);
	buf_put_u32(b, h->mark.counter);
	buf_put_u32(b, h->number);
	buf_put_u32(b, h->about);
}

void gossip_head_finish(struct buf *b, unsigned n_words, unsigned n_records)
{
	if (b->failed)
		return;
	b->data[2] = (uint8_t)n_words;
	b->data[3] = (uint8_t)n_records;
}

void gossip_word_put(const struct gossip_word *w, struct buf *b)
{
	buf_put_u8(b, (uint8_t)w->state);
	buf_put_u16(b, (uint16_t)w->node);
	buf_put_u64(b, w->mark.life);
	buf_put_u32(b, w->mark.counter);
	buf_put_u16(b, age_units(w->age));
	for (unsigned i = 0; i < MEMBER_ACCUSERS; i++)
		buf_put_u16(b, w->by[i]);
}

void gossip_record_put(const uint8_t *raw, uint32_t counter, int64_t age, struct buf *b)
{
	buf_put_u16(b, age_units(age));
	buf_put_u32(b, counter);
	buf_put(b, raw, INFO_SIZE);
}

int gossip_head_get(struct cursor *c, struct gossip_head *ret, struct err *e)
{
	size_t n = cursor_left(c);
	uint8_t version = cursor_u8(c), kind = cursor_u8(c);

	*ret = (struct gossip_head){ 0 };
	if (n > GOSSIP_PACKET_MAX || n < GOSSIP_HEAD_SIZE)
		return err_set(e, -EPROTO, "%zu bytes, which no packet has", n);
	if (version != GOSSIP_VERSION)
		return err_set(e, -EPROTONOSUPPORT,
			       "it tells in the form of version %u, and we in that of %u: install "
			       "the same umosix on both",
			       version, GOSSIP_VERSION);
	ret->n_words = cursor_u8(c);
	ret->n_records = cursor_u8(c);
	ret->mark.life = cursor_u64(c);
	ret->mark.counter = cursor_u32(c);
	ret->number = cursor_u32(c);
	ret->about = cursor_u32(c);
	if (kind >= GOSSIP_KIND_COUNT_ || !ret->mark.life || ret->about > NODE_ID_MAX)
		return err_set(e, -EPROTO, "a head that no node sends (kind %u, about %u)", kind,
			       ret->about);
	if (cursor_left(c) !=
	    (size_t)ret->n_words * GOSSIP_WORD_SIZE + (size_t)ret->n_records * GOSSIP_RECORD_SIZE)
		return err_set(e, -EPROTO, "%zu bytes with %u words and %u records", n,
			       ret->n_words, ret->n_records);
	ret->kind = kind;
	return 0;
}

int gossip_word_get(struct cursor *c, struct gossip_word *ret)
{
	uint8_t state = cursor_u8(c);

	ret->node = cursor_u16(c);
	ret->mark.life = cursor_u64(c);
	ret->mark.counter = cursor_u32(c);
	ret->age = cursor_u16(c) * GOSSIP_AGE_UNIT;
	for (unsigned i = 0; i < MEMBER_ACCUSERS; i++)
		ret->by[i] = cursor_u16(c);
	if (c->failed || state == MEMBER_UNKNOWN || state >= MEMBER_COUNT_ || !ret->node ||
	    !ret->mark.life)
		return -EPROTO;
	ret->state = state;
	return 0;
}

int gossip_record_get(struct cursor *c, struct gossip_record *ret)
{
	ret->age = cursor_u16(c) * GOSSIP_AGE_UNIT;
	ret->mark.counter = cursor_u32(c);
	ret->raw = cursor_get(c, INFO_SIZE);
	if (!ret->raw)
		return -EPROTO;
	info_peek(ret->raw, &ret->node, &ret->mark.life, &ret->seq);
	return !ret->node || ret->node > NODE_ID_MAX || !ret->mark.life || !ret->seq ? -EPROTO : 0;
}
