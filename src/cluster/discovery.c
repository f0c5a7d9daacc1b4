/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how numbers are claimed, when to ask who is there, and who answers.
 *
 * DOC: a JOIN proves nothing: it may be a recording. So it makes nobody known and no number given
 * up; whoever hears it answers, and the answer repeats its nonce. That is proof, for the one who
 * asked: a node that was there a moment ago. The other side gets to know the newcomer when that
 * then speaks sealed gossip.
 *
 *   CLAIMS  three JOINs within a second. An answer from one who has the number: the next number.
 *           None: HAS.
 *   HAS     three JOINs to begin with, which also tell whether the number was given to somebody
 *           else meanwhile, or the machine is another's copy. Then one each ten seconds while we
 * are alone, and in a cluster one each ten seconds from all nodes together, so that two halves that
 * began apart find each other.
 *
 * Of two nodes with one number, both decide alike who keeps it: by rank, then by origin. Only where
 * both must keep it, two have it, and both say so. */
#include "cluster/discovery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cluster/addr.h"
#include "cluster/number.h"

#define MSEC 1000000LL
#define SEC  (1000 * MSEC)

#define ROUNDS	      3U	   /* JOINs of a series */
#define ROUND_GAP     (300 * MSEC) /* between them */
#define LAST_ANSWERS  (400 * MSEC) /* that the last one is waited for */
#define START_SPREAD  (100 * MSEC) /* after a power cut all begin at once */
#define JOIN_GAP      (10 * SEC)   /* between JOINs, of all nodes together */
#define JOIN_GAP_MOST (3600 * SEC)
#define GIVE_UP_AFTER 32U /* numbers; after each so many a pause */
#define GIVE_UP_PAUSE (60 * SEC)
#define TOLD_GAP      (60 * SEC) /* between two reports that two have one number */

#define ENOUGH	      8U	   /* answers to a JOIN: gossip tells the rest */
#define ACK_EACH      (2 * MSEC)   /* answers of many are spread: so long for each node ... */
#define ACK_MOST      (400 * MSEC) /* ... up to this */
#define ASK_EACH      (5 * MSEC)   /* who asks wants to hear all */
#define ASK_MOST      (2 * SEC)
#define ANSWERS_A_SEC 20U
#define BURST	      40U
#define RESERVE	      10U /* of these, which ACKs leave for TAKENs */
#define WAITING_MOST  64U
#define SEEN_MOST     64U

struct answer {
	int64_t due;
	struct notice n;
	struct node_addr to;
	uint16_t port;
};

struct discovery {
	const struct discovery_ops *ops;
	void *ctx;
	struct discovery_self self;
	uint64_t origin;
	bool ours; /* HAS, else CLAIMS */
	uint32_t number, attempt;
	unsigned present;
	bool tied;

	unsigned rounds; /* JOINs of this series; ROUNDS: it is over, but for the answers */
	bool series;
	int64_t next, last_join, told;
	uint8_t nonces[ROUNDS][NOTICE_NONCE]; /* of our last JOINs for this number */
	unsigned n_nonces;

	struct answer waiting[WAITING_MOST];
	unsigned n_waiting;
	int64_t second;			  /* a window of so long began then; JOINs of others ... */
	unsigned heard_now, heard_before; /* ... in it, and in the one before */
	uint8_t seen[SEEN_MOST][NOTICE_NONCE]; /* of others' JOINs */
	unsigned n_seen;
	int64_t filled; /* the bucket of answers, when ... */
	unsigned level; /* ... and how far */
	struct discovery_counts counts;
};

static int64_t random_below(struct discovery *d, int64_t n)
{
	return n > 0 ? (int64_t)(d->ops->random(d->ctx) % (uint64_t)n) : 0;
}

static void begin_series(struct discovery *d, int64_t at)
{
	d->series = true;
	d->rounds = 0;
	d->next = at;
}

static void claim_next(struct discovery *d, int64_t now)
{
	uint32_t former = d->number;

	d->ours = false;
	do
		d->number = number_candidate(&d->self.addr, d->attempt++).v;
	while (d->number == former);
	d->n_nonces = 0; /* what others say of the former number does not count */
	d->n_waiting = 0;
	begin_series(d, now);
}

int discovery_create(const struct discovery_ops *ops, void *ctx, const struct discovery_self *self,
		     int64_t now, struct discovery **ret)
{
	struct discovery *d;

	*ret = NULL;
	if ((self->addr.size != 4 && self->addr.size != 16) || self->number > NODE_ID_MAX ||
	    (self->fixed && !self->number))
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->ops = ops;
	d->ctx = ctx;
	d->self = *self;
	d->level = BURST;
	d->filled = now;
	while (!d->origin)
		d->origin = ops->random(ctx);
	if (self->number) {
		d->ours = true;
		d->number = self->number;
		begin_series(d, now + random_below(d, START_SPREAD));
	} else {
		claim_next(d, now + random_below(d, START_SPREAD));
	}
	*ret = d;
	return 0;
}

void discovery_destroy(struct discovery *d)
{
	free(d);
}

void discovery_others(struct discovery *d, unsigned present, bool tied)
{
	d->present = present;
	d->tied = tied;
}

static enum notice_rank rank(const struct discovery *d)
{
	if (!d->ours)
		return NOTICE_CLAIMS;
	/* Others who are present while we still ask may take us for the one whose copy we are. */
	return d->self.fixed || d->tied || (d->present && !d->series) ? NOTICE_KEEPS : NOTICE_HAS;
}

/* Whether we keep the number that @n's sender has too. */
static bool keep(const struct discovery *d, const struct notice *n)
{
	enum notice_rank r = rank(d);

	return r != n->rank ? r > n->rank : r == NOTICE_KEEPS || d->origin < n->origin;
}

static void join(struct discovery *d, int64_t now)
{
	struct notice n = {
		.kind = NOTICE_JOIN, .rank = rank(d), .number = d->number, .origin = d->origin
	};

	for (unsigned i = 0; i < NOTICE_NONCE; i += 8) {
		uint64_t v = d->ops->random(d->ctx);

		memcpy(n.nonce + i, &v, sizeof(v));
	}
	memcpy(d->nonces[d->n_nonces++ % ROUNDS], n.nonce, NOTICE_NONCE);
	d->last_join = now;
	d->counts.joins++;
	d->ops->send(d->ctx, &n, NULL, 0);
}

static int64_t join_gap(struct discovery *d)
{
	int64_t gap = MIN(JOIN_GAP * MAX((int64_t)d->present, 1), JOIN_GAP_MOST);

	return gap * 3 / 4 + random_below(d, gap / 2);
}

static void end_series(struct discovery *d, int64_t now)
{
	d->series = false;
	d->next = now + join_gap(d);
	d->ours = true;
	d->ops->undisputed(d->ctx, d->number);
}

static void join_if_due(struct discovery *d, int64_t now)
{
	/* who was left alone does not wait for the gap of a large cluster */
	if (!d->series && !d->present)
		d->next = MIN(d->next, d->last_join + JOIN_GAP * 5 / 4);
	if (now < d->next)
		return;
	if (d->series && d->rounds == ROUNDS) {
		end_series(d, now);
		return;
	}
	join(d, now);
	if (d->series)
		d->next = now + (++d->rounds == ROUNDS ? LAST_ANSWERS : ROUND_GAP);
	else
		d->next = now + join_gap(d);
}

/* Return: whether one more answer may go out now, with @reserve left. */
static bool may_answer(struct discovery *d, int64_t now, unsigned reserve)
{
	int64_t more = (now - d->filled) / (SEC / ANSWERS_A_SEC);

	if (more > 0) {
		d->level = (unsigned)MIN((int64_t)d->level + more, (int64_t)BURST);
		d->filled = d->level == BURST ? now : d->filled + more * (SEC / ANSWERS_A_SEC);
	}
	if (d->level <= reserve) {
		d->counts.bounded++;
		return false;
	}
	d->level--;
	return true;
}

static void answer_what_is_due(struct discovery *d, int64_t now)
{
	for (unsigned i = 0; i < d->n_waiting;) {
		struct answer *a = &d->waiting[i];

		if (a->due > now) {
			i++;
			continue;
		}
		if (may_answer(d, now, a->n.kind == NOTICE_TAKEN ? 0 : RESERVE)) {
			d->counts.answers++;
			d->ops->send(d->ctx, &a->n, &a->to, a->port);
		}
		*a = d->waiting[--d->n_waiting];
	}
}

int64_t discovery_tick(struct discovery *d, int64_t now)
{
	int64_t next;

	answer_what_is_due(d, now);
	join_if_due(d, now);
	next = d->next;
	for (unsigned i = 0; i < d->n_waiting; i++)
		next = MIN(next, d->waiting[i].due);
	return next;
}

/* Return: the answer, for more to be said in it; NULL if there are too many already. */
static struct notice *answer(struct discovery *d, int64_t due, enum notice_kind kind,
			     const struct notice *to, const struct node_addr *own)
{
	struct answer *a = &d->waiting[d->n_waiting];

	if (d->n_waiting == WAITING_MOST) {
		d->counts.bounded++;
		return NULL;
	}
	d->n_waiting++;
	*a = (struct answer){ .due = due, .to = to->addr, .port = to->port };
	a->n = (struct notice){ .kind = kind,
				.rank = rank(d),
				.number = d->number,
				.addr = *own,
				.origin = d->origin };
	memcpy(a->n.nonce, to->nonce, NOTICE_NONCE);
	return &a->n;
}

/* A JOIN comes once by each link, and as often as somebody repeats a recording. */
static bool seen_before(struct discovery *d, const struct notice *n)
{
	unsigned most = MIN(d->n_seen, SEEN_MOST);

	for (unsigned i = 0; i < most; i++)
		if (!memcmp(d->seen[i], n->nonce, NOTICE_NONCE))
			return true;
	memcpy(d->seen[d->n_seen++ % SEEN_MOST], n->nonce, NOTICE_NONCE);
	return false;
}

/* How many nodes may be about to answer the same: those that are present, or, when all begin at
 * once and none is known yet, those that we hear. */
static unsigned crowd(struct discovery *d, int64_t now)
{
	if (now - d->second >= SEC) {
		d->heard_before = now - d->second < 2 * SEC ? d->heard_now : 0;
		d->heard_now = 0;
		d->second = now;
	}
	d->heard_now++;
	return MAX(d->present, MAX(d->heard_now, d->heard_before) / ROUNDS) + 1;
}

/* Somebody has our number, or wants it. */
static void defend(struct discovery *d, int64_t now, const struct notice *n,
		   const struct node_addr *own)
{
	if (keep(d, n))
		(void)answer(d, now, NOTICE_TAKEN, n, own);
	else if (!d->series && now - d->last_join >= ROUND_GAP)
		d->next = now; /* if it is there, it will answer */
}

static void on_join(struct discovery *d, int64_t now, const struct notice *n,
		    const struct node_addr *own)
{
	bool there = false, known, same;
	unsigned many;
	struct node_addr holder;
	struct notice *said;

	d->counts.heard++;
	if (seen_before(d, n)) {
		d->counts.repeated++;
		return;
	}
	many = crowd(d, now);
	if (n->number == d->number) {
		defend(d, now, n, own);
		return;
	}
	known = d->ours && d->ops->find(d->ctx, n->number, &holder, &there);
	same = known && !node_addr_cmp(&holder, &n->addr);
	if (!d->ours || (same && there && n->rank == NOTICE_KEEPS))
		return;
	if (many > ENOUGH && random_below(d, many) >= ENOUGH) {
		d->counts.bounded++;
		return;
	}
	if (many > ENOUGH)
		now += random_below(d, MIN(many * ACK_EACH, ACK_MOST));
	said = answer(d, now, NOTICE_ACK, n, own);
	if (!said || !known || same || n->rank != NOTICE_CLAIMS)
		return;
	/* The one who has it may be switched off: we speak for it. */
	said->kind = NOTICE_TAKEN;
	said->rank = NOTICE_KEEPS;
	said->number = n->number;
	said->addr = holder;
}

static void on_ask(struct discovery *d, int64_t now, const struct notice *n,
		   const struct node_addr *own)
{
	d->counts.heard++;
	if (seen_before(d, n))
		d->counts.repeated++;
	else if (d->ours)
		(void)answer(d, now + random_below(d, MIN(d->present * ASK_EACH, ASK_MOST)),
			     NOTICE_ACK, n, own);
}

/* Another node that is there now has our number. */
static void on_collision(struct discovery *d, int64_t now, const struct notice *n)
{
	uint32_t number = d->number;

	d->counts.collisions++;
	if (rank(d) == NOTICE_KEEPS) {
		if (!d->told || now - d->told >= TOLD_GAP)
			d->ops->taken(d->ctx, number, &n->addr, 0);
		d->told = now;
		return;
	}
	if (keep(d, n))
		return; /* it has not heard yet of what we have become */
	claim_next(d, now + (d->attempt && d->attempt % GIVE_UP_AFTER == 0 ? GIVE_UP_PAUSE : 0));
	d->ops->taken(d->ctx, number, &n->addr, d->number);
}

static void on_answer(struct discovery *d, int64_t now, const struct notice *n,
		      const struct node_addr *own)
{
	unsigned most = MIN(d->n_nonces, ROUNDS), i = 0;

	while (i < most && memcmp(d->nonces[i], n->nonce, NOTICE_NONCE) != 0)
		i++;
	if (i == most) {
		d->counts.stale++;
		return;
	}
	if (n->number == d->number) {
		on_collision(d, now, n);
		return;
	}
	if (n->kind != NOTICE_ACK)
		return; /* of a number that we gave up already */
	d->counts.met++;
	d->ops->met(d->ctx, n->number, &n->addr);
}

static void (*const on_kind[NOTICE_KIND_COUNT_])(struct discovery *, int64_t, const struct notice *,
						 const struct node_addr *) = {
	[NOTICE_JOIN] = on_join,
	[NOTICE_ASK] = on_ask,
	[NOTICE_ACK] = on_answer,
	[NOTICE_TAKEN] = on_answer,
};

void discovery_take(struct discovery *d, int64_t now, const struct notice *n,
		    const struct node_addr *own)
{
	if (n->origin != d->origin && n->kind < NOTICE_KIND_COUNT_ && on_kind[n->kind])
		on_kind[n->kind](d, now, n, own);
}

uint32_t discovery_number(const struct discovery *d, bool *ret_ours)
{
	*ret_ours = d->ours;
	return d->number;
}

const struct discovery_counts *discovery_counts(const struct discovery *d)
{
	return &d->counts;
}
