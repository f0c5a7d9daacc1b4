/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how the others are asked whether they are there.
 *
 * DOC: SWIM with Lifeguard's doubt in oneself. Each tick one node that is present is probed, all in
 * turn, in an order of chance. But whoever spoke a moment ago is there: of few nodes, most are
 * passed over, of two only one asks the other, and who has nobody to ask is not woken. Without an
 * answer it is probed again after a tick and after two; with the third probe three others are asked
 * to probe it too, and after four ticks it is suspected. The three say after a tick if they had no answer either: who hears not even that
 * should doubt his own ears, and then everything takes longer. Nodes that are not present are asked
 * too, one a second, and three a tick when we have just begun. */
#include "base/util.h"
#include "cluster/gossip-state.h"

#define DEAF_MOST     4U
#define TICKS_GIVE_UP 4
#define FRESH	      (4 * GOSSIP_TICK) /* who was heard that short a time ago is there */
#define ASK_EACH      (5 * GOSSIP_SEC)	/* to know the way there and back */
#define RTT_MOST      60000000U /* us */
#define BEGINNING     (5 * GOSSIP_SEC)
#define REACH_EACH    3U

void gossip_doubt(struct gossip *g, int n)
{
	if (n > 0)
		g->deaf = MIN(g->deaf + (unsigned)n, DEAF_MOST);
	else if (g->deaf)
		g->deaf--;
}

static int64_t unit(const struct gossip *g)
{
	return GOSSIP_TICK * (1 + g->deaf);
}

static void send_probe(struct gossip *g, struct probe *p)
{
	g->slot[p->slot].asked = g->now;
	p->number[p->tries] = ++g->number;
	p->sent[p->tries] = g->now;
	gossip_send_short(g, &g->slot[p->slot], GOSSIP_PROBE, p->number[p->tries], 0);
	p->tries++;
}

static void ask(struct gossip *g, struct probe *p, uint32_t i)
{
	struct slot *s = &g->slot[i];
	bool no = i == p->slot || s->m.state != MEMBER_ALIVE || p->asked == GOSSIP_FANOUT;

	for (unsigned j = 0; j < p->asked; j++)
		no |= p->helper[j] == s->m.node;
	if (no)
		return;
	p->helper[p->asked++] = s->m.node;
	gossip_send_short(g, s, GOSSIP_ASK, p->number[GOSSIP_TRIES - 1], g->slot[p->slot].m.node);
}

/* Asks others, who are present, to probe it for us: first of all those who spoke a moment ago. Where most of the nodes
 * are gone at once, most of the rest would be silent too, and we should doubt our ears without reason. */
static void ask_others(struct gossip *g, struct probe *p)
{
	uint32_t n = g->present.n, first = gossip_random(g, n);

	for (uint32_t k = 0; k < n && p->asked < GOSSIP_FANOUT; k++) {
		uint32_t i = g->present.item[(first + k) % n];

		if (g->now - g->slot[i].m.heard < FRESH)
			ask(g, p, i);
	}
	for (unsigned k = 0; k < 4 * GOSSIP_FANOUT && p->asked < GOSSIP_FANOUT; k++)
		ask(g, p, g->present.item[gossip_random(g, n)]);
}

static void give_up(struct gossip *g, struct probe *p)
{
	struct slot *s = &g->slot[p->slot];
	const struct gossip_word w = { .state = MEMBER_SUSPECT,
				       .node = s->m.node,
				       .mark = s->m.mark,
				       .by = { (uint16_t)g->slot[0].m.node } };

	p->on = false;
	if (p->asked && !p->silent)
		gossip_doubt(g, 1);
	if (member_present(s->m.state))
		gossip_hear(g, s, &w, g->slot[0].m.node);
}

static void go_on(struct gossip *g, struct probe *p)
{
	int64_t ticks = (g->now - p->sent[0] + GOSSIP_SLACK) / unit(g);

	if (!member_present(g->slot[p->slot].m.state)) {
		p->on = false;
	} else if (p->tries == GOSSIP_TRIES) {
		if (ticks >= TICKS_GIVE_UP)
			give_up(g, p);
	} else if (ticks >= p->tries) {
		send_probe(g, p);
		if (p->tries == GOSSIP_TRIES)
			ask_others(g, p);
	}
}

/* When it is to be probed. */
static int64_t probe_at(const struct slot *s)
{
	bool known = s->m.state == MEMBER_ALIVE && s->m.rtt_us;

	return known ? MIN(s->m.heard + FRESH, s->asked + ASK_EACH) : 0;
}

static bool being_asked(const struct gossip *g, uint32_t i)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++)
		if (g->probe[k].on && g->probe[k].slot == i)
			return true;
	return false;
}

/* Whose turn it is: the number of its slot, or 0. */
static uint32_t next_in_turn(struct gossip *g)
{
	for (uint32_t k = 0; k < MIN(g->present.n, GOSSIP_FEW); k++) {
		uint32_t i;

		if (g->turn >= g->present.n) {
			slot_set_shuffle(&g->present, g);
			g->turn = 0;
		}
		i = g->present.item[g->turn++];
		if (probe_at(&g->slot[i]) <= g->now + GOSSIP_SLACK && !being_asked(g, i))
			return i;
	}
	return 0;
}

static void probe_next(struct gossip *g)
{
	uint32_t i;

	if (g->now + GOSSIP_SLACK < g->probe_at)
		return;
	i = next_in_turn(g);
	if (!i)
		return;
	g->probe_at = g->now + unit(g);
	for (unsigned k = 0; k < GOSSIP_PROBES; k++) {
		struct probe *p = &g->probe[k];

		if (p->on)
			continue;
		*p = (struct probe){ .on = true, .slot = i };
		send_probe(g, p);
		return;
	}
}

static bool is_beginning(const struct gossip *g)
{
	return g->now - g->born < BEGINNING;
}

/* Those that are not present: whoever answers, is. */
static void reach_out(struct gossip *g)
{
	if (!g->absent.n || (!is_beginning(g) && g->now + GOSSIP_SLACK < g->reach_at))
		return;
	g->reach_at = g->now + GOSSIP_SEC;
	for (unsigned k = 0; k < (is_beginning(g) ? MIN(REACH_EACH, g->absent.n) : 1); k++)
		gossip_send_short(g, &g->slot[g->absent.item[gossip_random(g, g->absent.n)]],
				  GOSSIP_PROBE, ++g->number, 0);
}

static void run_errands(struct gossip *g)
{
	for (unsigned k = 0; k < GOSSIP_ERRANDS; k++) {
		struct errand *e = &g->errand[k];
		struct slot *s;

		if (!e->began || g->now - e->began < GOSSIP_TICK - GOSSIP_SLACK)
			continue;
		e->began = 0;
		s = gossip_slot(g, e->asker);
		if (s)
			gossip_send_short(g, s, GOSSIP_SILENT, e->their_number, e->about);
	}
}

void gossip_probe_tick(struct gossip *g)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++)
		if (g->probe[k].on)
			go_on(g, &g->probe[k]);
	run_errands(g);
	probe_next(g);
	reach_out(g);
}

bool gossip_probe_busy(const struct gossip *g)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++)
		if (g->probe[k].on)
			return true;
	for (unsigned k = 0; k < GOSSIP_ERRANDS; k++)
		if (g->errand[k].began)
			return true;
	return g->absent.n && is_beginning(g);
}

int64_t gossip_probe_due(const struct gossip *g)
{
	int64_t due = g->absent.n ? g->reach_at : INT64_MAX, first = INT64_MAX;

	if (g->present.n > GOSSIP_FEW)
		return MIN(due, g->probe_at);
	for (uint32_t k = 0; k < g->present.n; k++)
		first = MIN(first, probe_at(&g->slot[g->present.item[k]]));
	return MIN(due, MAX(first, g->probe_at));
}

void gossip_probe_forget(struct gossip *g)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++)
		g->probe[k].on = false;
	for (unsigned k = 0; k < GOSSIP_ERRANDS; k++)
		g->errand[k].began = 0;
}

static void measured(struct slot *s, int64_t ns)
{
	uint32_t us = (uint32_t)MIN(MAX(ns / 1000, 1), (int64_t)RTT_MOST);

	s->m.rtt_us = s->m.rtt_us ? (7 * s->m.rtt_us + us) / 8 : us;
}

/* The node itself answers. */
static void take_answer(struct gossip *g, struct slot *from, const struct gossip_head *h)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++) {
		struct probe *p = &g->probe[k];

		for (unsigned t = 0; p->on && t < p->tries; t++)
			if (p->number[t] == h->number && &g->slot[p->slot] == from) {
				measured(from, g->now - p->sent[t]);
				p->on = false;
				gossip_doubt(g, -1);
			}
	}
	for (unsigned k = 0; k < GOSSIP_ERRANDS; k++) {
		struct errand *e = &g->errand[k];
		struct slot *asker = e->began ? gossip_slot(g, e->asker) : NULL;

		if (!asker || e->our_number != h->number || e->about != from->m.node)
			continue;
		e->began = 0;
		gossip_send_short(g, asker, GOSSIP_ACK, e->their_number, e->about);
	}
}

/* Whom we asked for help says how it went. */
static void take_help(struct gossip *g, struct slot *from, const struct gossip_head *h)
{
	for (unsigned k = 0; k < GOSSIP_PROBES; k++) {
		struct probe *p = &g->probe[k];

		if (!p->on || p->tries < GOSSIP_TRIES || p->number[GOSSIP_TRIES - 1] != h->number ||
		    g->slot[p->slot].m.node != h->about)
			continue;
		for (unsigned j = 0; j < p->asked; j++) {
			if (p->helper[j] != from->m.node)
				continue;
			if (h->kind == GOSSIP_ACK)
				p->on = false;
			else
				p->silent++;
		}
	}
}

static void run_errand(struct gossip *g, struct slot *from, const struct gossip_head *h)
{
	struct slot *s = gossip_slot(g, h->about);
	struct errand *e = &g->errand[g->errand_at++ % GOSSIP_ERRANDS];

	if (!s || s == from)
		return;
	if (s == &g->slot[0]) {
		gossip_send_short(g, from, GOSSIP_ACK, h->number, h->about);
		return;
	}
	*e = (struct errand){ .asker = from->m.node,
			      .their_number = h->number,
			      .about = h->about,
			      .our_number = ++g->number,
			      .began = g->now };
	gossip_send_short(g, s, GOSSIP_PROBE, e->our_number, 0);
}

void gossip_probe_take(struct gossip *g, struct slot *from, const struct gossip_head *h)
{
	if (h->kind == GOSSIP_PROBE)
		gossip_send_short(g, from, GOSSIP_ACK, h->number, 0);
	else if (h->kind == GOSSIP_ASK)
		run_errand(g, from, h);
	else if (h->kind == GOSSIP_ACK && !h->about)
		take_answer(g, from, h);
	else if (h->kind != GOSSIP_NEWS)
		take_help(g, from, h);
}
