/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the one request that a migrant may have: how it is put to a mos-home, and how it ends. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/balance/balance.h"
#include "node/process/homes_state.h"

double wall_now(void)
{
	return (double)clock_now(CLOCK_REALTIME) / NSEC_PER_SEC;
}

uint32_t node_shown(const struct mosd *d, uint32_t node)
{
	return node ? node : d->site.me;
}

int64_t request_number(void)
{
	static int64_t last;

	return ++last;
}

void request_answer(struct migrant *m, const struct move *mv)
{
	struct request *q = m->request;

	if (q && q->answer)
		q->answer(q->data, m, mv);
	if (q)
		q->answer = NULL;
}

/* What a failure means for the balancer: the host's no, which holds for that host, or the process's own. */
static int refusal(const char *code)
{
	static const struct {
		const char *code;
		int error;
	} refusals[] = {
		{ "no-memory", -ENOMEM }, { "loaded", -EBUSY }, { "expel", -EPERM },
		{ "block", -EPERM },	  { "guests-max", -EUSERS }, { "refused", -EPERM },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(refusals); i++)
		if (!strcmp(code, refusals[i].code))
			return refusals[i].error;
	return -EIO;
}

void request_finish(struct mosd *d, struct migrant *m, const struct move *mv)
{
	struct request *q = m->request;

	if (!q)
		return;
	request_answer(m, mv);
	m->request = NULL;
	balance_ended(d, m, mv->ok ? 0 : refusal(mv->code));
	free(q);
}

void request_fail(struct mosd *d, struct migrant *m, bool keep, const char *code, const char *fmt, ...)
{
	struct move mv = { .wall = wall_now(), .from = node_shown(d, m->node), .epoch = m->epoch };
	va_list ap;

	if (!m->request)
		return;
	mv.to = node_shown(d, m->request->wish.node);
	(void)snprintf(mv.cause, sizeof(mv.cause), "%s", m->request->wish.cause);
	(void)snprintf(mv.code, sizeof(mv.code), "%s", code);
	va_start(ap, fmt);
	(void)vsnprintf(mv.error, sizeof(mv.error), fmt, ap);
	va_end(ap);
	if (keep)
		migrant_note(m, &mv);
	request_finish(d, m, &mv);
}

int request_send(struct home *h)
{
	struct migrant *m = h->m;
	struct request *q = m->request;
	struct err e = ERR_INIT;
	char addr[NODE_ADDR_TEXT];
	json_t *o;
	int r;

	q->number = request_number();
	q->sent = true;
	if (q->wish.node) {
		r = site_node_addr(&h->d->site, q->wish.node, addr, &e);
		if (r < 0) {
			request_fail(h->d, m, false, "no-node", "%s", err_str(&e, r));
			return r;
		}
		o = json_pack("{sssIsIsssIsbsbsIsIsI}", "op", "move", "req", (json_int_t)q->number,
			      "node", (json_int_t)q->wish.node, "addr", addr, "port",
			      (json_int_t)h->d->site.conf.port, "privileged",
			      site_exports_privileged(&h->d->site, q->wish.node), "ordered",
			      q->wish.ordered, "memory", (json_int_t)q->wish.memory, "wants",
			      (json_int_t)q->wish.wants, "load_limit",
			      (json_int_t)q->wish.load_limit);
	} else {
		o = json_pack("{sssI}", "op", "home", "req", (json_int_t)q->number);
	}
	r = link_send(h->link, o, -1);
	if (r < 0 && r != -EPIPE) /* with EPIPE its end is told soon */
		request_fail(h->d, m, true, "supervisor-lost", "its supervisor does not listen: %s",
			     strerror(-r));
	return r;
}
