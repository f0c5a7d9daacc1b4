/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what a member does when time passes and when a datagram comes. */
#include "cluster/gossip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cluster/gossip-state.h"

#define AWAY	     (3 * GOSSIP_TICK) /* a tick that is later than this tells that we stood still */
#define GOOD_BYES    8U
#define FLUSHES_MOST 4U /* of the fast way between two ticks */

static bool can_be_sent(const struct node_info *i)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct node_info got;
	struct cursor c;

	info_put(i, &b);
	if (b.failed)
		return false;
	cursor_init(&c, b.data, b.len);
	return info_get(&c, &got) == 0;
}

/* A quiet node tells nothing of its load. */
static struct node_info as_told(const struct gossip *g, const struct node_info *i)
{
	struct node_info told = *i;

	told.node = g->slot[0].m.node;
	told.life = g->slot[0].m.mark.life;
	told.seq = MAX(g->sequence, 1U);
	if (told.flags & INFO_QUIET)
		told.runnable = told.native = told.util = 0, told.mem_free = told.mem_raw = 0;
	return told;
}

int gossip_create(const struct gossip_ops *ops, void *ctx, const struct node_info *self,
		  int64_t now, struct gossip **ret)
{
	struct gossip *g = calloc(1, sizeof(*g));
	struct slot *us;
	int r;

	if (!g)
		return -ENOMEM;
	g->ops = ops;
	g->ctx = ctx;
	g->now = g->born = g->tick_at = g->due_at = g->probe_at = now;
	/* at the second tick: the first one has no load to tell yet, which is measured beside it */
	g->second_at = now + GOSSIP_TICK / 2 + GOSSIP_SLACK;
	g->born_life = self->life;
	r = self->life ? gossip_add(g, self->node) : -EINVAL;
	if (r == 0) {
		us = &g->slot[0];
		us->m.state = MEMBER_ALIVE;
		us->m.mark.life = self->life;
		r = gossip_set_self(g, self, now);
	}
	if (r < 0) {
		gossip_destroy(g);
		return r;
	}
	g->number = (uint32_t)ops->random(ctx);
	*ret = g;
	return 0;
}

int gossip_set_self(struct gossip *g, const struct node_info *i, int64_t now)
{
	struct node_info told = as_told(g, i);
	struct slot *us = &g->slot[0];
	bool news = us->m.info.seq && us->m.info.flags != told.flags;

	if (!can_be_sent(&told))
		return -EINVAL;
	g->now = MAX(g->now, now);
	us->m.info = told;
	if (!g->sequence || news)
		gossip_renew(g);
	if (!news || g->left)
		return 0;
	gossip_pass_record(g, us);
	gossip_spread(g);
	for (uint32_t k = 0; k < g->n_close; k++) {
		struct slot *s = gossip_slot(g, g->close[k]);

		if (s && s != us && member_present(s->m.state))
			gossip_send_short(g, s, GOSSIP_NEWS, 0, 0);
	}
	return 0;
}

void gossip_set_close(struct gossip *g, const uint32_t *nodes, unsigned n)
{
	g->n_close = MIN(n, GOSSIP_CLOSE_MAX);
	memcpy(g->close, nodes, g->n_close * sizeof(*nodes));
}

/* We stood still: others had no time to answer us, or to object. */
static void excuse_others(struct gossip *g, int64_t gap)
{
	gossip_doubt(g, 1);
	gossip_probe_forget(g);
	for (uint32_t k = 0; k < g->suspects.n; k++)
		g->slot[g->suspects.item[k]].raised += gap;
}

void gossip_tick(struct gossip *g, int64_t now)
{
	int64_t gap = now - g->tick_at;

	if (g->left)
		return;
	g->now = MAX(g->now, now);
	g->tick_at = g->now;
	g->flushes = 0;
	if (now - g->due_at > AWAY)
		excuse_others(g, gap);
	g->due_at = INT64_MAX;
	gossip_judge_suspects(g);
	if (g->now + GOSSIP_SLACK >= g->second_at) {
		g->second_at = MAX(g->second_at + GOSSIP_SEC, g->now);
		gossip_renew(g);
		gossip_second(g);
	}
	gossip_probe_tick(g);
	gossip_tell_slice(g);
	gossip_spread(g);
	(void)gossip_due(g);
}

/* What is waited for at each tick; that may have begun since the last one. */
static bool is_busy(const struct gossip *g)
{
	return g->suspects.n || g->hot.n || g->target || gossip_probe_busy(g);
}

int64_t gossip_due(struct gossip *g)
{
	if (g->left)
		return INT64_MAX;
	if (g->now - g->due_at > AWAY)
		return g->due_at; /* so that the tick finds it out */
	g->due_at = is_busy(g) ? MIN(g->due_at, g->now) : MAX(MIN(g->second_at, gossip_probe_due(g)), g->now);
	return g->due_at;
}

/* Return: 0 or -EPROTO. */
static int take_parts(struct gossip *g, uint32_t from, const struct gossip_head *h, struct cursor *c)
{
	struct gossip_record rec;
	struct gossip_word w;
	int r = 0;

	for (unsigned k = 0; k < h->n_words; k++) {
		struct slot *s;

		if (gossip_word_get(c, &w) < 0) {
			r = -EPROTO;
			continue;
		}
		s = gossip_slot(g, w.node);
		if (s)
			gossip_hear(g, s, &w, from);
		else
			g->counts.stranger++;
	}
	for (unsigned k = 0; k < h->n_records; k++)
		if (gossip_record_get(c, &rec) < 0 || gossip_hear_record(g, &rec, from) < 0)
			r = -EPROTO;
	return r;
}

int gossip_take(struct gossip *g, int64_t now, uint32_t from, const void *bytes, size_t n,
		struct err *e)
{
	struct slot *s = gossip_slot(g, from);
	uint64_t objected = g->counts.objected;
	struct gossip_head h;
	struct cursor c;
	int r;

	if (g->left)
		return 0;
	if (!s || s == &g->slot[0])
		return err_set(e, -ENOENT, "node %u is none of the others", from);
	g->now = MAX(g->now, now);
	cursor_init(&c, bytes, n);
	r = gossip_head_get(&c, &h, e);
	if (r < 0) {
		g->counts.bad++;
		return err_wrap(e, r, "what node %u tells", from);
	}
	g->counts.taken++;
	gossip_hear_itself(g, s, &h.mark);
	r = take_parts(g, from, &h, &c);
	s = gossip_slot(g, from); /* whoever was met has moved the slots */
	if (!s) { /* ... or has its place */
		g->counts.bad++;
		return err_set(e, -EPROTO, "node %u gives its address to another", from);
	}
	if (r < 0) {
		g->counts.bad++;
		(void)err_set(e, r, "node %u tells what no node can tell", from);
	}
	gossip_probe_take(g, s, &h);
	if (h.kind == GOSSIP_NEWS && g->counts.objected != objected)
		gossip_send_short(g, s, GOSSIP_NEWS, 0, 0); /* to whom it claimed that */
	/* it speaks, and what we hold of it says otherwise: it must hear that, to object */
	if (s->m.state != MEMBER_ALIVE && s->m.state != MEMBER_UNKNOWN &&
	    g->now - s->told >= GOSSIP_TICK)
		gossip_send_short(g, s, GOSSIP_NEWS, 0, 0);
	if (g->urgent && g->flushes < FLUSHES_MOST) {
		g->flushes++;
		gossip_spread(g);
	}
	return r;
}

void gossip_leave(struct gossip *g, int64_t now)
{
	struct slot *us = &g->slot[0];
	uint32_t n = MIN(g->present.n, GOOD_BYES), from = n ? gossip_random(g, g->present.n) : 0;

	if (g->left)
		return;
	g->now = MAX(g->now, now);
	us->m.state = MEMBER_LEFT;
	for (uint32_t k = 0; k < n; k++) {
		gossip_begin(g, GOSSIP_NEWS, 0, 0);
		(void)gossip_say_word(g, us);
		gossip_end(g, &g->slot[g->present.item[(from + k) % g->present.n]]);
	}
	g->left = true;
}

const struct gossip_counts *gossip_counts(const struct gossip *g)
{
	return &g->counts;
}
