/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round of deciding: from what is known to nodes and processes in plain units, and from what
 * was chosen to a decision with its figures. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "policy/brain.h"

static int make_room(void **array, size_t *max, size_t n, size_t size)
{
	size_t more = MAX(n, *max * 2);
	void *p;

	if (n <= *max)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*max = more;
	return 0;
}

static int read_nodes(struct round *r)
{
	const struct policy_node *n = r->in->nodes;

	r->me = NOWHERE;
	for (size_t i = 0; i < r->in->n_nodes; i++) {
		if (i && n[i].node.v <= n[i - 1].node.v)
			return -EINVAL;
		load_view(&r->views[i], r->c, &n[i]);
		if (!n[i].me)
			continue;
		if (r->me != NOWHERE)
			return -EINVAL;
		r->me = i;
	}
	r->n_views = r->in->n_nodes;
	return r->me == NOWHERE ? -EINVAL : 0;
}

static void read_processes(struct round *r)
{
	r->n_jobs = r->in->n_processes;
	for (size_t i = 0; i < r->n_jobs; i++) {
		struct job *j = &r->jobs[i];
		struct view *v;

		load_job(j, r, &r->in->processes[i]);
		if (j->at == NOWHERE || j->p->busy)
			continue;
		v = &r->views[j->at];
		v->mine += j->tasks;
		v->mine_memory += j->memory;
		v->mine_count++;
	}
}

int round_begin(struct round *r, struct policy *s, const struct policy_conf *c,
		const struct policy_input *in)
{
	int err;

	*r = (struct round){ .s = s, .in = in };
	conf_clean(c, &r->clean);
	r->c = &r->clean;
	err = make_room((void **)&s->views, &s->views_max, in->n_nodes, sizeof(*s->views));
	if (!err)
		err = make_room((void **)&s->jobs, &s->jobs_max, in->n_processes, sizeof(*s->jobs));
	if (err)
		return err;
	r->views = s->views;
	r->jobs = s->jobs;
	err = read_nodes(r);
	if (err)
		return err;
	read_processes(r);
	credit_apply(r);
	for (size_t i = 0; i < r->n_views; i++) {
		struct view *v = &r->views[i];

		/* What we know to be there is there, whatever a mean of some seconds says yet. */
		v->tasks = MAX(v->tasks, v->mine);
		if (v->me && v->native >= 0)
			v->native = MAX(v->native, v->mine);
	}
	share_begin(r);
	return 0;
}

size_t round_find(const struct round *r, node_id node)
{
	const struct policy_node *n = r->in->nodes;
	size_t low = 0, high = r->in->n_nodes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (n[mid].node.v == node.v)
			return mid;
		if (n[mid].node.v < node.v)
			low = mid + 1;
		else
			high = mid;
	}
	return NOWHERE;
}

double round_random(struct round *r)
{
	return (double)(r->in->random(r->in->random_ctx) >> 11) / 9007199254740992.0;
}

bool round_free(const struct round *r, const struct job *j)
{
	const struct policy_process *p = j->p;
	int64_t now = r->in->now;

	if (j->out || p->busy || j->moving || j->at == NOWHERE || !r->views[j->at].node->alive)
		return false;
	if (p->forbidden && (!p->forbidden_until || p->forbidden_until > now))
		return false;
	return !j->note || j->note->until <= now || now - j->note->failed >= 2 * r->c->period;
}

bool round_full(const struct round *r)
{
	return r->under_way >= r->c->moves_at_once || r->n_ret >= r->max;
}

static uint32_t load_figure(const struct view *v, double tasks)
{
	return clamp_u32(100 * MAX(tasks, 0.0) / v->capacity);
}

/* The highest load at which it would still pay: for the host, which knows its own best. */
static double load_limit(const struct round *r, const struct job *j, const struct offer *o)
{
	const struct view *t = &r->views[o->to];
	double least = o->here * r->c->gain_min / 1000;

	if (o->reason == POLICY_PLACE)
		return t->me ? 0 : MAX(o->here * j->width * 100, 1.0);
	if (o->reason == POLICY_LOCAL_FIRST)
		return MAX((o->here * NEAR - j->calls * t->talk) * j->width * 100, 1.0);
	if (o->reason != POLICY_BALANCE || t->me || j->left <= 0)
		return 0;
	least = MAX(least, o->needed / j->left);
	return MAX((o->here - least - j->calls * t->talk) * j->width * 100, 1.0);
}

static void fill(const struct round *r, const struct job *j, const struct offer *o,
		 struct policy_decision *d)
{
	const struct view *h = &r->views[j->at], *t = &r->views[o->to];
	double tasks = MAX(h->tasks, j->tasks);

	d->to = t->node->node;
	d->load_from = load_figure(h, tasks);
	d->load_from_after = load_figure(h, tasks - j->tasks);
	d->load_to = load_figure(t, t->tasks);
	d->load_to_after = load_figure(t, load_with(j, t, 1000));
	d->rate_from = clamp_u32(1000 / o->here);
	d->rate_to = clamp_u32(1000 / o->there);
	d->remaining = clamp_ns(j->left);
	d->gain = clamp_ns(o->gain);
	d->needed = clamp_ns(o->needed);
	d->move = clamp_ns(o->move);
	d->away_from = clamp_u32(1000 * j->calls * h->talk / o->here);
	d->away_to = clamp_u32(1000 * j->calls * t->talk / o->there);
	d->age = MAX(t->node->age, (int64_t)0);
	d->memory = (uint64_t)j->memory;
	d->mem_from = (uint64_t)MAX(h->free, 0.0);
	d->mem_to = (uint64_t)MAX(t->free, 0.0);
	d->mem_keep = (uint64_t)(o->reason == POLICY_USHER ? h->keep : t->keep);
	d->load_limit = clamp_u32(load_limit(r, j, o));
	d->candidates = clamp_u32((double)r->n_list);
}

void round_note(struct round *r, struct job *j, uint8_t verdict, const struct offer *o)
{
	struct policy_decision *d = &j->why;
	uint32_t chance = d->chance;

	*d = (struct policy_decision){ .id = j->p->id, .from = j->p->at, .verdict = verdict };
	d->home = r->in->nodes[r->me].node;
	d->chance = chance;
	if (!o || j->at == NOWHERE)
		return;
	d->reason = o->reason;
	if (o->to != NOWHERE)
		fill(r, j, o, d);
}

void round_go(struct round *r, struct job *j, const struct offer *o)
{
	struct view *h = &r->views[j->at], *t = &r->views[o->to];

	round_note(r, j, POLICY_GO, o);
	if (o->reason == POLICY_USHER) {
		j->note = note_get(r->s, j->p->id, r->in->now);
		j->note->fled = h->node->node;
		j->note->fled_at = r->in->now;
	}
	r->ret[r->n_ret++] = j->why;
	j->out = true;
	r->under_way++;
	r->begun++;
	h->tasks = MAX(h->tasks - j->tasks, 0.0);
	h->mine = MAX(h->mine - j->tasks, 0.0);
	h->free += j->memory;
	t->tasks += j->tasks;
	t->free -= j->memory;
	policy_sent(r->s, r->in->now, j->p->id, h->node->node, t->node->node,
		    clamp_u32(1000 * j->tasks), (uint64_t)j->memory);
}
