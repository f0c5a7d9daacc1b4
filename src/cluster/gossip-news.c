/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what goes into a packet, and when words and records travel.
 *
 * DOC: there are three ways. The slow one carries records: each second we tell one node, at random,
 * all that we know, the freshest first, in packets spread over the second, each usable alone. So a
 * record reaches e times as many nodes each second, and what is lost, comes the next time. Our own
 * record goes along with each probe and each answer too, and each second to the close nodes.
 * Few nodes need none of that: probes and answers between all of them carry all records.
 *
 * The fast one carries words about states, and records in which flags changed: a node that hears
 * one for the first time tells three others at once, and three more each tick, some times. All
 * packets have room for some of them.
 *
 * Where more is known than a second's packets hold, half of them go to the freshest records and
 * half to the others in turn. */
#include "base/util.h"
#include "cluster/gossip-state.h"

#define RECORDS_EACH	((GOSSIP_PACKET_MAX - GOSSIP_HEAD_SIZE) / GOSSIP_RECORD_SIZE)
#define SECOND_PACKETS	64U /* of the slow way, at most */
#define SECOND_TICKS	5U
#define OLD		(60 * GOSSIP_SEC) /* older records are not passed on */
#define SHORT_WORDS	12U
#define WORD_FEW	2U
#define WORD_TIMES_EACH 4U

/* A word must reach all, with hardly any doubt: so often, by each who heard it. */
static uint8_t word_times(const struct gossip *g)
{
	unsigned digits = 1;

	for (uint32_t n = g->present.n + 1; n >= 10; n /= 10)
		digits++;
	return (uint8_t)(WORD_TIMES_EACH * digits);
}

void gossip_pass_word(struct gossip *g, struct slot *s, bool all)
{
	s->word_left = MAX(s->word_left, all ? word_times(g) : WORD_FEW);
	s->word_new |= all;
	g->urgent |= all;
	slot_set_add(&g->hot, gossip_slot_number(g, s));
}

void gossip_pass_record(struct gossip *g, struct slot *s)
{
	s->record_left = word_times(g);
	g->urgent = true;
	slot_set_add(&g->hot, gossip_slot_number(g, s));
}

void gossip_begin(struct gossip *g, enum gossip_kind kind, uint32_t number, uint32_t about)
{
	const struct gossip_head h = {
		.kind = kind, .mark = g->slot[0].m.mark, .number = number, .about = about
	};

	buf_clear(&g->out);
	g->packet++;
	g->n_words = g->n_records = 0;
	gossip_head_put(&h, &g->out);
}

bool gossip_say_word(struct gossip *g, struct slot *s)
{
	struct gossip_word w = { .state = s->m.state, .node = s->m.node, .mark = s->m.mark };

	if (g->out.len + GOSSIP_WORD_SIZE > GOSSIP_PACKET_MAX || g->n_records)
		return false;
	if (w.state == MEMBER_SUSPECT) {
		w.age = g->now - s->raised;
		for (unsigned i = 0; i < MEMBER_ACCUSERS; i++)
			w.by[i] = s->by[i];
	}
	gossip_word_put(&w, &g->out);
	s->said = g->packet;
	g->n_words++;
	return true;
}

bool gossip_say_record(struct gossip *g, const struct slot *s)
{
	if (g->out.len + GOSSIP_RECORD_SIZE > GOSSIP_PACKET_MAX)
		return false;
	gossip_record_put(s->raw, s->m.mark.counter, g->now - s->m.made, &g->out);
	g->n_records++;
	return true;
}

void gossip_end(struct gossip *g, struct slot *to)
{
	gossip_head_finish(&g->out, g->n_words, g->n_records);
	if (!g->out.failed)
		g->ops->send(g->ctx, to->m.node, g->out.data, g->out.len);
}

/* Lets go what has been said often enough. */
static void cool(struct gossip *g)
{
	for (uint32_t k = g->hot.n; k-- > 0;) {
		const struct slot *s = &g->slot[g->hot.item[k]];

		if (!s->word_left && !s->record_left)
			slot_set_drop(&g->hot, g->hot.item[k]);
	}
}

/* Up to @max hot words, those first that nobody heard from us yet; of the others where chance
 * begins. */
static void say_words(struct gossip *g, unsigned max)
{
	uint32_t n = g->hot.n, from = n ? gossip_random(g, n) : 0;

	for (unsigned pass = 0; pass < 2; pass++)
		for (uint32_t k = 0; k < n; k++) {
			struct slot *s = &g->slot[g->hot.item[(from + k) % n]];

			if (!s->word_left || s->said == g->packet || (!pass && !s->word_new))
				continue;
			if (g->n_words >= max || !gossip_say_word(g, s))
				return;
			s->word_left--;
			s->word_new = false;
		}
}

static void say_hot_records(struct gossip *g)
{
	for (uint32_t k = 0; k < g->hot.n; k++) {
		struct slot *s = &g->slot[g->hot.item[k]];

		if (!s->record_left)
			continue;
		if (!gossip_say_record(g, s))
			return;
		s->record_left--;
	}
}

/* What we hold of @to itself, if that is anything that it should object to. */
static void say_of_itself(struct gossip *g, struct slot *to)
{
	if (to->m.state == MEMBER_ALIVE || to->m.state == MEMBER_UNKNOWN)
		return;
	to->told = g->now;
	(void)gossip_say_word(g, to);
}

/* The record of each that is present, unless there are too many. Also of whom it is sent to: nobody else can tell
 * that it is wrong. */
static void say_few_records(struct gossip *g)
{
	for (uint32_t k = 0; k < g->present.n && g->present.n <= GOSSIP_FEW; k++) {
		const struct slot *s = &g->slot[g->present.item[k]];

		if (s->m.info.seq && g->now - s->m.made <= OLD)
			(void)gossip_say_record(g, s);
	}
}

void gossip_send_short(struct gossip *g, struct slot *to, enum gossip_kind kind, uint32_t number,
		       uint32_t about)
{
	gossip_begin(g, kind, number, about);
	say_of_itself(g, to);
	say_words(g, SHORT_WORDS);
	(void)gossip_say_record(g, &g->slot[0]);
	say_few_records(g);
	gossip_end(g, to);
	cool(g);
}

static void send_hot(struct gossip *g, struct slot *to)
{
	gossip_begin(g, GOSSIP_NEWS, 0, 0);
	say_of_itself(g, to);
	say_words(g, UINT8_MAX);
	(void)gossip_say_record(g, &g->slot[0]);
	say_hot_records(g);
	gossip_end(g, to);
}

void gossip_spread(struct gossip *g)
{
	uint32_t picked[GOSSIP_FANOUT], n = MIN(g->present.n, GOSSIP_FANOUT);

	for (uint32_t k = 0; k < n && g->hot.n; k++) {
		uint32_t at;
		bool again;

		do {
			at = gossip_random(g, g->present.n);
			again = false;
			for (uint32_t i = 0; i < k; i++)
				again |= picked[i] == at;
		} while (again);
		picked[k] = at;
		send_hot(g, &g->slot[g->present.item[at]]);
	}
	cool(g);
	g->urgent = false;
}

/* The records that we have, the freshest first: sorted by quarters of a second. */
static void put_in_order(struct gossip *g)
{
	enum { STEPS = 64, STEP = GOSSIP_SEC / 4 };
	uint32_t begin[STEPS + 1] = { 0 };

	/* pass 0 counts, pass 1 places */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (uint32_t k = 0; k < g->present.n; k++) {
			const struct slot *s = &g->slot[g->present.item[k]];
			int64_t age = g->now - s->m.made,
				step = MIN(age / STEP, (int64_t)STEPS - 1);

			if (!s->m.info.seq || age > OLD)
				continue;
			if (!pass)
				begin[step + 1]++;
			else
				g->order[begin[step]++] = g->present.item[k];
		}
		for (unsigned i = 0; !pass && i < STEPS; i++)
			begin[i + 1] += begin[i];
		if (!pass)
			g->n_order = begin[STEPS];
	}
}

void gossip_second(struct gossip *g)
{
	const uint32_t most = SECOND_PACKETS * RECORDS_EACH;
	uint32_t packets;

	if (g->present.n <= GOSSIP_FEW) {
		g->newcomer = 0;
		return;
	}
	for (uint32_t k = 0; k < g->n_close; k++) {
		struct slot *s = gossip_slot(g, g->close[k]);

		if (s && s != &g->slot[0] && member_present(s->m.state))
			gossip_send_short(g, s, GOSSIP_NEWS, 0, 0);
	}
	put_in_order(g);
	g->rotation += most / 2;
	packets = MIN(g->n_order / RECORDS_EACH + 1, SECOND_PACKETS);
	g->a_tick = (packets + SECOND_TICKS - 1) / SECOND_TICKS;
	g->order_at = 0;
	g->target = g->newcomer;
	g->newcomer = 0;
	for (unsigned k = 0; k < GOSSIP_TRIES && !g->target && g->present.n; k++) {
		uint32_t i = g->present.item[gossip_random(g, g->present.n)];

		if (g->slot[i].m.state == MEMBER_ALIVE)
			g->target = i;
	}
}

/* The @k-th record of this second's. */
static const struct slot *in_order(const struct gossip *g, uint32_t k)
{
	const uint32_t most = SECOND_PACKETS * RECORDS_EACH, half = most / 2;

	if (g->n_order > most && k >= half)
		k = half + (g->rotation + k - half) % (g->n_order - half);
	return &g->slot[g->order[k]];
}

void gossip_tell_slice(struct gossip *g)
{
	uint32_t n = MIN(g->n_order, SECOND_PACKETS * RECORDS_EACH);
	struct slot *to = &g->slot[g->target];

	if (!g->target)
		return;
	for (uint32_t k = 0; k < g->a_tick && (!g->order_at || g->order_at < n); k++) {
		gossip_begin(g, GOSSIP_NEWS, 0, 0);
		say_of_itself(g, to);
		if (!g->order_at)
			(void)gossip_say_record(g, &g->slot[0]);
		/* one that was forgotten, or began anew, in this second has none */
		while (g->order_at < n && (!in_order(g, g->order_at)->m.info.seq ||
					   gossip_say_record(g, in_order(g, g->order_at))))
			g->order_at++;
		gossip_end(g, to);
		if (!n)
			g->target = 0; /* our own was all there is */
		if (!g->target)
			return;
	}
	if (g->order_at >= n)
		g->target = 0;
}
