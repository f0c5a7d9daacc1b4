/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how long a migrant is remembered. */
#include "node/process/migrants.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/process/members.h"

struct migrants {
	struct ev_loop *loop;
	struct migrant *first;
	unsigned ended;
	void (*born)(struct migrant *m, void *data);
	void *born_data;
};

static const char *const how_str[] = {
	[MIGRANT_MOSRUN] = "mosrun",
	[MIGRANT_CHILD] = "child",
	[MIGRANT_ADOPTED] = "adopted",
};
static_assert(ARRAY_SIZE(how_str) == MIGRANT_HOW_COUNT_, "a word for each");

const char *migrant_how_str(enum migrant_how h)
{
	return how_str[h];
}

void moves_add(struct moves *v, const struct move *m)
{
	v->at[(v->first + v->n) % MOVES_KEPT] = *m;
	if (v->n < MOVES_KEPT)
		v->n++;
	else
		v->first = (v->first + 1) % MOVES_KEPT;
	v->count++;
}

const struct move *moves_get(const struct moves *v, unsigned i)
{
	return &v->at[(v->first + i) % MOVES_KEPT];
}

struct migrants *migrants_create(struct ev_loop *loop)
{
	struct migrants *v = calloc(1, sizeof(*v));

	if (v)
		v->loop = loop;
	return v;
}

void migrants_on_born(struct migrants *v, void (*born)(struct migrant *m, void *data), void *data)
{
	v->born = born;
	v->born_data = data;
}

static void migrant_free(struct migrant *m)
{
	struct migrant **at = &m->all->first;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->ended)
		m->all->ended--;
	ev_io_stop(m->all->loop, &m->exit);
	close_fd(&m->pidfd);
	json_decref(m->counters);
	json_decref(m->counters_before);
	free(m->moves);
	free(m);
}

void migrants_destroy(struct migrants *v)
{
	if (!v)
		return;
	while (v->first)
		migrant_free(v->first);
	free(v);
}

struct migrant *migrants_first(struct migrants *v)
{
	return v->first;
}

struct migrant *migrants_find(struct migrants *v, pid_t pid, uint64_t start)
{
	for (struct migrant *m = v->first; m; m = m->next)
		if (m->pid == pid && m->start == start && !m->ended)
			return m;
	return NULL;
}

struct migrant *migrants_find_any(struct migrants *v, pid_t pid)
{
	struct migrant *ended = NULL;

	for (struct migrant *m = v->first; m; m = m->next) {
		if (m->pid != pid)
			continue;
		if (!m->ended)
			return m;
		if (!ended || m->ended_wall > ended->ended_wall)
			ended = m;
	}
	return ended;
}

/* It may have executed another program, or have named itself. One that has ended keeps its name until its
 * parent has waited for it. */
static void look_at_name(struct migrant *m)
{
	struct proc_stat st;

	if (proc_read_stat(m->pid, &st) == 0 && st.start == m->start)
		memcpy(m->comm, st.comm, sizeof(m->comm));
}

static void on_process_end(struct ev_loop *loop, ev_io *w, int revents)
{
	struct migrant *m = w->data;

	ev_io_stop(loop, w);
	look_at_name(m);
	m->exited = true;
	if (!m->home) /* else its supervisor tells how it ended */
		migrant_end(m, -1, m->fate, m->fate_error);
}

struct migrant *migrants_get(struct migrants *v, struct proc_id *id, enum migrant_how how)
{
	struct migrant *m = migrants_find(v, id->stat.pid, id->stat.start);

	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return NULL;
		m->all = v;
		m->pid = id->stat.pid;
		m->start = id->stat.start;
		m->how = how;
		m->pidfd = steal_fd(&id->pidfd);
		m->next = v->first;
		v->first = m;
		m->exit.data = m;
		ev_io_init(&m->exit, on_process_end, m->pidfd, EV_READ);
		ev_io_start(v->loop, &m->exit);
		if (v->born)
			v->born(m, v->born_data);
	}
	m->uid = id->status.uid[0];
	(void)snprintf(m->comm, sizeof(m->comm), "%s", id->stat.comm);
	return m;
}

int migrant_set_wish(struct members *all, struct migrant *m, const struct migrant_wish *w, struct err *e)
{
	int r = m->how == MIGRANT_ADOPTED ? 0 : members_add(all, m->pid, w, e);

	if (r == 0)
		m->wish = *w;
	return r;
}

void migrant_note(struct migrant *m, const struct move *mv)
{
	look_at_name(m);
	if (!m->moves)
		m->moves = calloc(1, sizeof(*m->moves));
	if (m->moves)
		moves_add(m->moves, mv);
}

static void forget_oldest(struct migrants *v)
{
	struct migrant *oldest = NULL;

	for (struct migrant *m = v->first; m; m = m->next)
		if (m->ended && !m->home && !m->request &&
		    (!oldest || m->ended_wall < oldest->ended_wall))
			oldest = m;
	if (oldest)
		migrant_free(oldest);
}

void migrant_end(struct migrant *m, int64_t status, const char *cause, const char *error)
{
	if (m->ended)
		return;
	ev_io_stop(m->all->loop, &m->exit);
	close_fd(&m->pidfd);
	m->pidfd = -1;
	m->exited = m->ended = true;
	m->all->ended++;
	m->ended_wall = (double)clock_now(CLOCK_REALTIME) / NSEC_PER_SEC;
	m->ended_status = status;
	(void)snprintf(m->ended_cause, sizeof(m->ended_cause), "%s", cause[0] ? cause : "exit");
	(void)snprintf(m->ended_error, sizeof(m->ended_error), "%s", error);
	if (!m->home)
		migrant_released(m);
}

void migrant_released(struct migrant *m)
{
	struct migrants *v = m->all;

	if (!m->ended || m->home || m->request)
		return;
	if (!m->moves)
		migrant_free(m);
	else if (v->ended > ENDED_KEPT)
		forget_oldest(v);
}
