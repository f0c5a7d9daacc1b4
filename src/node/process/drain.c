/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows when a node is empty.
 *
 * DOC: Two ways to empty it, alike but for who acts. Guests are sent away by their homes, which see
 * the expel flag in what this node tells; here is only counted, and the flag is taken back when
 * none is left (block stays). Own processes are brought by us: each that is away is asked home,
 * again after a while if it could not come. A timer runs only while there is something to look at. */
#include "node/process/drain.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/util.h"
#include "node/balance/balance.h"
#include "node/process/guests.h"
#include "node/process/homes.h"
#include "node/process/migrants.h"
#include "node/site/levers.h"

#define LOOK_EVERY  0.1 /* s */
#define AGAIN_AFTER 2.0 /* s; one that could not come home now may a little later */

enum way { WAY_EXPEL, WAY_BRING, WAY_COUNT_ };

struct waiter {
	struct waiter *next;
	struct ask *a;
	unsigned told; /* how many were left when it last heard */
};

struct drain {
	struct mosd *d;
	ev_timer timer;
	bool active[WAY_COUNT_];
	double asked; /* when all that are away were last asked home */
	struct waiter *first[WAY_COUNT_];
};

static unsigned count_guests(struct drain *v)
{
	return guests_count(v->d->guests);
}

static unsigned count_away(struct drain *v)
{
	unsigned n = 0;

	/* One that is on its way out counts: it will be away. */
	for (const struct migrant *m = migrants_first(v->d->migrants); m; m = m->next)
		n += !m->ended && !m->exited && (m->node || m->request);
	return n;
}

static const struct {
	enum lever lever; /* taken back: nobody wants it any more */
	unsigned (*count)(struct drain *v);
	const char *undone;
} ways[] = {
	[WAY_EXPEL] = { LEVER_EXPEL, count_guests, "guests may come again: somebody said noblock" },
	[WAY_BRING] = { LEVER_LSTAY, count_away, "own processes may leave: somebody said nolstay" },
};
static_assert(ARRAY_SIZE(ways) == WAY_COUNT_, "each is known");

static void on_brought(void *data, struct migrant *m, const struct move *mv)
{
	/* The history has it; who waits looks at what is left. */
}

static void bring_all(struct drain *v)
{
	const struct home_wish home = { .cause = policy_reason_names[POLICY_BRING], .ordered = true };
	double now = ev_now(v->d->loop);

	if (now - v->asked < AGAIN_AFTER)
		return;
	v->asked = now;
	for (struct migrant *m = migrants_first(v->d->migrants), *next; m; m = next) {
		struct err e = ERR_INIT;
		int r;

		next = m->next;
		if (m->ended || m->exited || m->request || !m->node)
			continue;
		balance_sent(v->d, m, 0);
		r = home_move_as(v->d, m, &home, on_brought, NULL, &e);
		if (r < 0)
			log_warning("process %d (%s) is not brought home: %s", (int)m->pid, m->comm,
				    err_str(&e, r));
	}
}

static void answer_all(struct drain *v, enum way w, bool ok)
{
	struct waiter *list = v->first[w], *next;

	v->first[w] = NULL;
	for (; list; list = next) {
		next = list->next;
		if (ok)
			ask_done(list->a, json_pack("{sbsi}", "ok", 1, "left", 0));
		else
			ask_fail(list->a, "undone", "%s", ways[w].undone);
		free(list);
	}
}

/* A line for each change; who hung up is forgotten. */
static void tell_all(struct drain *v, enum way w, unsigned left)
{
	for (struct waiter **at = &v->first[w]; *at;) {
		struct waiter *one = *at;

		if (!one->a->client) {
			*at = one->next;
			ask_done(one->a, NULL);
			free(one);
			continue;
		}
		if (one->told != left)
			ask_tell(one->a, json_pack("{si}", "left", (int)left));
		one->told = left;
		at = &one->next;
	}
}

static void look(struct drain *v, enum way w)
{
	struct err e = ERR_INIT;
	unsigned left;

	if (!(levers_flags(v->d) & lever_flag(ways[w].lever))) {
		v->active[w] = false;
		answer_all(v, w, false);
		return;
	}
	if (w == WAY_BRING)
		bring_all(v);
	left = ways[w].count(v);
	if (left) {
		tell_all(v, w, left);
		return;
	}
	v->active[w] = false;
	if (w == WAY_EXPEL && levers_set(v->d, LEVER_EXPEL, false, &e) < 0)
		log_warning("%s", e.msg);
	answer_all(v, w, true);
}

static void look_all(struct drain *v)
{
	for (enum way w = 0; w < WAY_COUNT_; w++)
		if (v->active[w])
			look(v, w);
	if (!v->active[WAY_EXPEL] && !v->active[WAY_BRING])
		ev_timer_stop(v->d->loop, &v->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	look_all(t->data);
}

static void begin(struct drain *v, enum way w)
{
	v->active[w] = true;
	if (!ev_is_active(&v->timer)) {
		ev_timer_set(&v->timer, LOOK_EVERY, LOOK_EVERY);
		ev_timer_start(v->d->loop, &v->timer);
	}
}

struct drain *drain_create(struct mosd *d)
{
	struct drain *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->d = d;
	v->timer.data = v;
	ev_timer_init(&v->timer, on_timer, LOOK_EVERY, LOOK_EVERY);
	if (levers_flags(d) & INFO_EXPEL)
		begin(v, WAY_EXPEL);
	return v;
}

void drain_destroy(struct drain *v)
{
	if (!v)
		return;
	ev_timer_stop(v->d->loop, &v->timer);
	for (enum way w = 0; w < WAY_COUNT_; w++)
		for (struct waiter *one = v->first[w], *next; one; one = next) {
			next = one->next;
			ask_fail(one->a, "stopped", "mosd is being stopped");
			free(one);
		}
	free(v);
}

void drain_look(struct mosd *d)
{
	if (levers_flags(d) & INFO_EXPEL)
		begin(d->drain, WAY_EXPEL);
	look_all(d->drain);
}

static void wait_for(struct ask *a, enum way w)
{
	struct drain *v = a->d->drain;
	struct waiter *one = calloc(1, sizeof(*one));

	if (!one) {
		ask_fail(a, "failed", "out of memory");
		return;
	}
	one->a = a;
	one->next = v->first[w];
	v->first[w] = one;
	begin(v, w);
	look(v, w);
}

void drain_expel(struct ask *a)
{
	wait_for(a, WAY_EXPEL);
}

void drain_bring(struct ask *a)
{
	a->d->drain->asked = 0;
	wait_for(a, WAY_BRING);
}
