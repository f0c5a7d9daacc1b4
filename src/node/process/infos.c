/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how long somebody waits for counters. */
#include "node/process/infos.h"

#include <stdlib.h>

#define INFO_TIMEOUT 1.0 /* s; counters are worth no longer wait */

struct info_wait {
	struct info_wait *next;
	struct infos *all;
	int64_t number;
	home_info_fn *fn;
	void *data;
	ev_timer timer;
};

static void wait_end(struct info_wait *w)
{
	struct info_wait **at = &w->all->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	ev_timer_stop(w->all->loop, &w->timer);
	w->fn(w->data, w->all->m);
	free(w);
}

static void on_timeout(struct ev_loop *loop, ev_timer *t, int revents)
{
	wait_end(t->data);
}

void infos_wait(struct infos *v, int64_t number, home_info_fn *fn, void *data)
{
	struct info_wait *w = calloc(1, sizeof(*w));

	if (!w) {
		fn(data, v->m);
		return;
	}
	*w = (struct info_wait){
		.next = v->first, .all = v, .number = number, .fn = fn, .data = data
	};
	v->first = w;
	w->timer.data = w;
	ev_timer_init(&w->timer, on_timeout, INFO_TIMEOUT, 0);
	ev_timer_start(v->loop, &w->timer);
}

void infos_answer(struct infos *v, int64_t number)
{
	for (struct info_wait *w = v->first; w; w = w->next)
		if (w->number == number) {
			wait_end(w);
			return;
		}
}

void infos_end(struct infos *v)
{
	while (v->first)
		wait_end(v->first);
}
