/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what becomes of a claim about a node, and of one about ourselves.
 *
 * DOC: a claim carries a mark (life, counter), and only a later mark takes a suspicion or a death
 * back. Only the node itself makes later marks: it objects. So a lie costs its victim one
 * objection. A mark of a life that begins in the future is refused, since no objection would be
 * later.
 *
 * A suspicion travels with its age: all who hear of it await its end at the same instant, and a
 * death need not travel after that. Its end is put off by whatever we hear from the node itself.
 * Whoever has not heard an objection shortly before the end asks the suspect himself: it may have
 * objected, and that got lost. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "cluster/gossip-state.h"

#define AHEAD_MOST   (86400 * GOSSIP_SEC) /* clocks of two nodes differ by less */
#define NOTICE_LEAST (3 * GOSSIP_SEC / 2) /* whoever hears late of a suspicion waits so long */
#define CHANCES	     2U			  /* last questions, before the end: */
#define CHANCE_EACH  (GOSSIP_SEC / 2)

static bool from_the_future(struct gossip *g, const struct mark *mark)
{
	uint64_t latest = g->born_life + (uint64_t)(g->now - g->born) + AHEAD_MOST;

	if (mark->life <= latest)
		return false;
	g->counts.ahead++;
	return true;
}

void gossip_renew(struct gossip *g)
{
	struct slot *us = &g->slot[0];

	if (g->sequence == UINT32_MAX) { /* somebody claimed that we had come so far */
		us->m.mark = (struct mark){ .life = us->m.mark.life + 1 };
		g->sequence = 0;
	}
	us->m.info.life = us->m.mark.life;
	us->m.info.seq = ++g->sequence;
	us->m.made = us->m.heard = g->now;
	buf_clear(&g->out);
	info_put(&us->m.info, &g->out);
	if (!g->out.failed)
		memcpy(us->raw, g->out.data, INFO_SIZE);
}

/* What is claimed about us is not so: we say it with a mark that nobody has seen. */
static void object(struct gossip *g, const struct mark *claimed)
{
	struct slot *us = &g->slot[0];

	us->m.mark = *claimed;
	if (claimed->life != us->m.info.life || claimed->counter == UINT32_MAX) {
		us->m.mark = (struct mark){ .life = claimed->life + 1 };
		g->sequence = 0;
	} else {
		us->m.mark.counter++;
	}
	g->counts.objected++;
	gossip_renew(g);
	gossip_pass_word(g, us, true);
	g->urgent = true;
}

static void hear_of_us(struct gossip *g, const struct gossip_word *w)
{
	int cmp = mark_cmp(&w->mark, &g->slot[0].m.mark);

	if (cmp < 0 || (cmp == 0 && w->state == MEMBER_ALIVE))
		return; /* of a former life, or what we said ourselves */
	if (w->state == MEMBER_SUSPECT)
		gossip_doubt(g, 1);
	object(g, &w->mark);
}

/* A mark that is later than the one we had. */
static void take_mark(struct slot *s, const struct mark *mark)
{
	if (mark->life != s->m.mark.life) { /* what the former life told is worth nothing now */
		s->m.info = (struct node_info){ 0 };
		s->m.rtt_us = 0;
		s->record_left = 0;
	}
	s->m.mark = *mark;
}

static bool add_accuser(struct gossip *g, struct slot *s, uint32_t node)
{
	if (!node || node == s->m.node || !gossip_slot(g, node))
		return false;
	for (unsigned i = 0; i < MEMBER_ACCUSERS; i++) {
		if (s->by[i] == node)
			return false;
		if (!s->by[i]) {
			s->by[i] = (uint16_t)node;
			return true;
		}
	}
	return false;
}

static void suspect(struct gossip *g, struct slot *s, const struct gossip_word *w, uint32_t from)
{
	bool more = s->m.state != MEMBER_SUSPECT;

	if (more) {
		memset(s->by, 0, sizeof(s->by));
		s->raised = s->noticed = g->now;
		s->chances = CHANCES;
		g->counts.suspected++;
		gossip_become(g, s, MEMBER_SUSPECT);
	}
	if (w->state == MEMBER_SUSPECT) /* a death carries no age, and its teller is one more */
		s->raised = MIN(s->raised, g->now - w->age);
	else
		more |= add_accuser(g, s, from);
	for (unsigned i = 0; i < MEMBER_ACCUSERS; i++)
		more |= add_accuser(g, s, w->by[i]);
	if (more)
		gossip_pass_word(g, s, true);
}

void gossip_hear(struct gossip *g, struct slot *s, const struct gossip_word *w, uint32_t from)
{
	enum member_state to;
	bool later, other_life;

	if (from_the_future(g, &w->mark))
		return;
	if (s == &g->slot[0]) {
		hear_of_us(g, w);
		return;
	}
	to = member_judge(&s->m, w->state, &w->mark);
	if (to == MEMBER_COUNT_) {
		/* it may not know that there is something later */
		if (w->state == MEMBER_SUSPECT && !member_present(s->m.state))
			gossip_pass_word(g, s, false);
		return;
	}
	later = mark_cmp(&w->mark, &s->m.mark) > 0;
	other_life = w->mark.life != s->m.mark.life;
	if (later) {
		take_mark(s, &w->mark);
		if (to == MEMBER_SUSPECT && s->m.state != MEMBER_ALIVE)
			gossip_become(g, s, MEMBER_ALIVE); /* it was, to have that mark */
	}
	if (to == MEMBER_SUSPECT) {
		suspect(g, s, w, from);
		return;
	}
	if (to != s->m.state || (to == MEMBER_ALIVE && other_life))
		gossip_become(g, s, to);
	if (later || to != MEMBER_DEAD)
		gossip_pass_word(g, s, true);
}

void gossip_hear_itself(struct gossip *g, struct slot *s, const struct mark *mark)
{
	const struct gossip_word w = { .state = MEMBER_ALIVE, .node = s->m.node, .mark = *mark };
	bool was = member_present(s->m.state);
	uint64_t life = s->m.mark.life;

	s->m.heard = g->now;
	gossip_hear(g, s, &w, s->m.node);
	if (s->m.state == MEMBER_ALIVE && (!was || life != s->m.mark.life))
		g->newcomer = gossip_slot_number(g, s); /* it may know nothing yet */
}

static void hear_our_record(struct gossip *g, const struct gossip_record *r)
{
	const struct gossip_word w = { .state = MEMBER_ALIVE, .mark = r->mark };

	hear_of_us(g, &w);
	if (r->mark.life == g->slot[0].m.mark.life && r->seq > g->sequence) {
		g->sequence = r->seq; /* the next one that we make is later than the lie */
		gossip_renew(g);
	}
}

/* Return: its slot from now on, or NULL. */
static struct slot *meet(struct gossip *g, const struct gossip_record *r)
{
	struct node_info i;
	struct cursor c;

	cursor_init(&c, r->raw, INFO_SIZE);
	if (!g->ops->meet || from_the_future(g, &r->mark) || info_get(&c, &i) < 0 ||
	    !g->ops->meet(g->ctx, &i) || gossip_add(g, r->node) < 0)
		return NULL;
	return gossip_slot(g, r->node);
}

int gossip_hear_record(struct gossip *g, const struct gossip_record *r, uint32_t from)
{
	const struct gossip_word w = { .state = MEMBER_ALIVE, .node = r->node, .mark = r->mark };
	struct slot *s = gossip_slot(g, r->node);
	struct node_info got;
	struct cursor c;
	bool hot;

	if (!s)
		s = meet(g, r);
	if (!s) {
		g->counts.stranger++;
		return 0;
	}
	if (s == &g->slot[0]) {
		if (!from_the_future(g, &r->mark))
			hear_our_record(g, r);
		return 0;
	}
	if (r->mark.life < s->m.mark.life ||
	    (r->mark.life == s->m.info.life && r->seq <= s->m.info.seq &&
	     r->mark.counter <= s->m.mark.counter))
		return 0; /* nothing new, as most */
	cursor_init(&c, r->raw, INFO_SIZE);
	if (info_get(&c, &got) < 0)
		return -EPROTO;
	gossip_hear(g, s, &w, from);
	if (!member_present(s->m.state) || r->mark.life != s->m.mark.life ||
	    r->seq <= s->m.info.seq)
		return 0;
	hot = s->m.info.seq && s->m.info.flags != got.flags;
	s->m.info = got;
	s->m.made = g->now - r->age;
	memcpy(s->raw, r->raw, INFO_SIZE);
	if (hot)
		gossip_pass_record(g, s);
	return 0;
}

static unsigned accusers(const struct slot *s)
{
	unsigned n = 0;

	while (n < MEMBER_ACCUSERS && s->by[n])
		n++;
	return n;
}

void gossip_judge_suspects(struct gossip *g)
{
	for (uint32_t k = g->suspects.n; k-- > 0;) { /* dropping one moves a later one */
		struct slot *s = &g->slot[g->suspects.item[k]];
		/* all others that are present, and we, less the suspect */
		int64_t patience = member_patience(accusers(s), g->present.n);
		int64_t end = MAX(MAX(s->raised, s->m.heard) + patience, s->noticed + NOTICE_LEAST);

		if (g->now < end) {
			if (s->chances && g->now >= end - s->chances * CHANCE_EACH) {
				s->chances--;
				gossip_send_short(g, s, GOSSIP_PROBE, ++g->number, 0);
			}
			continue;
		}
		gossip_become(g, s, MEMBER_DEAD);
		gossip_pass_word(g, s, false); /* nearly everyone finds the same now */
	}
}
