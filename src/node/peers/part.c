/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how a node that leaves for good lets the others know: its record says so from now on, and when mosd
 * ends or reloads, that and a good-bye are what they have of it. */
#include "node/peers/part.h"

#include <stdlib.h>

#include "base/log.h"
#include "node/ask/lever_ops.h"
#include "node/peers/peers.h"
#include "node/process/guests.h"
#include "node/process/migrants.h"

#define HEARD 1.0 /* s: a change of flags reaches all of a large cluster in less */

struct parting {
	struct ask *a;
	ev_timer timer;
};

static void on_heard(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct parting *p = t->data;
	struct mosd *d = p->a->d;

	if (ask_gone(p->a)) { /* nobody is left to do the rest */
		log_info("does not leave the cluster: whoever wanted it has hung up");
		d->parting = false;
		peers_tell(d->peers);
	}
	ask_done(p->a, json_pack("{sb}", "ok", 1));
	free(p);
}

static unsigned away(const struct mosd *d)
{
	unsigned n = 0;

	for (const struct migrant *m = migrants_first(d->migrants); m; m = m->next)
		n += m->node && !m->ended;
	return n;
}

void op_part(struct ask *a, const json_t *o)
{
	struct mosd *d = a->d;
	struct parting *p;

	if (!lever_ops_root(a))
		return;
	if (guests_count(d->guests) || away(d)) {
		ask_fail(a, "not-empty", "%u guests are here and %u processes away: `mosctl drain` first",
			 guests_count(d->guests), away(d));
		return;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		ask_fail(a, "failed", "out of memory");
		return;
	}
	log_info("leaves the cluster for good");
	d->parting = true;
	peers_tell(d->peers);
	p->a = a;
	p->timer.data = p;
	ev_timer_init(&p->timer, on_heard, d->peers ? HEARD : 0., 0.);
	ev_timer_start(d->loop, &p->timer);
}
