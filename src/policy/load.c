/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a process gets on at a node.
 *
 * DOC: The measure of all comparisons is the pace: the seconds that a process takes, at a node and
 * beside what runs there, for one second's work of a standard processor. On a node of C processors
 * of speed v (standard: 1), shared by R tasks, with w (>= 1) of its own that run at once, it is
 *
 *	max(1 / (v w) + off, R / (C v w)) + calls * talk
 *
 * The first term is what it takes alone: work, and waiting for other things than processors. The
 * second is its part of the processors when they are short; waiting for other things goes on
 * meanwhile and does not add. The third is what being away costs: calls home, each a round trip. */
#include "base/util.h"
#include "policy/brain.h"

#define WHOLE	     1000.0
#define NSEC	     1e9
#define USE_MIN	     0.001 /* of a processor: less is as good as nothing */
#define OWN_FULL     0.8   /* of the processors: its own programs have use for all of them */
#define OWN_FITS     1.2   /* ... would do with them, if there were no guests */
#define A_GUEST	     0.2   /* tasks: less is noise */
#define A_TALKER     0.01  /* of its time: more is worth remembering */
#define CALLS_FORGET 600e9 /* ns after which what was seen of its calls counts no more */

double clamp(double x, double low, double high)
{
	if (!(x > low)) /* and NaN */
		return low;
	return x < high ? x : high;
}

uint32_t clamp_u32(double x)
{
	return (uint32_t)clamp(x, 0, (double)UINT32_MAX);
}

int64_t clamp_ns(double seconds)
{
	return (int64_t)clamp(seconds * NSEC, -4e18, 4e18);
}

void load_view(struct view *v, const struct policy_conf *c, const struct policy_node *n)
{
	uint8_t no = POLICY_BLOCK | POLICY_EXPEL | POLICY_PRESSED;
	double rtt = (double)(n->rtt > 0 ? n->rtt : c->rtt);
	double total = clamp((double)n->mem_total, 0, 1e15);

	*v = (struct view){ .node = n, .me = n->me, .floor = -1 };
	v->speed = clamp(n->speed, 1, 1e8) / POLICY_STANDARD_SPEED;
	v->cpus = clamp(n->cpus, 1, 65536e3) / WHOLE;
	v->capacity = v->speed * v->cpus;
	v->tasks = n->runnable / WHOLE;
	v->native = n->native == POLICY_NOT_TOLD ? -1 : MIN(n->native, n->runnable) / WHOLE;
	v->free = clamp((double)n->mem_free, 0, total);
	v->keep = (double)policy_reserve(c, n->mem_total);
	v->relief = v->keep * clamp(c->mem_relief, 100, 10000) / 100;
	v->talk = n->me ? 0 : clamp((rtt + (double)c->call_fixed) / NSEC, 0, 60);
	v->link = clamp((double)(n->link ? n->link : c->link), 1e3, 1e15) / 1024;
	v->known = n->me || (n->alive && n->age <= c->age_max && !(n->flags & POLICY_QUIET));
	v->takes = n->me ||
		   (v->known && n->compatible && !(n->flags & no) && n->guests < n->guests_max);
}

/* Its calls for each second of work. At home they can only be guessed, and what was seen while it
 * was away is remembered for some minutes. */
static double calls_of(struct job *j, const struct round *r, double done)
{
	const struct policy_process *p = j->p;
	double seen, calls = p->calls / done;

	if (p->hint == POLICY_HINT_CPU)
		return 0;
	if (!r->views[j->at].me) {
		if (!j->note && calls * r->views[j->at].talk > A_TALKER)
			j->note = note_get(r->s, p->id, r->in->now);
		if (j->note) {
			j->note->calls = calls;
			j->note->called = r->in->now;
			j->note->touched = r->in->now;
		}
		return calls;
	}
	if (!j->note || !j->note->called)
		return calls;
	seen = 1 - (double)(r->in->now - j->note->called) / CALLS_FORGET;
	return MAX(calls, j->note->calls * clamp(seen, 0, 1));
}

void load_job(struct job *j, const struct round *r, const struct policy_process *p)
{
	const struct view *v;
	double use, wants;

	*j = (struct job){ .p = p, .at = round_find(r, p->at), .note = note_find(r->s, p->id) };
	j->tasks = clamp(MAX(p->wants, p->use), 1, 65536e3) / WHOLE;
	j->width = MAX(j->tasks, 1.0);
	j->memory = clamp((double)p->memory, 0, 1e15);
	j->room = MAX(j->memory, clamp((double)p->wanted, 0, 1e15));
	if (j->at == NOWHERE)
		return;
	v = &r->views[j->at];
	use = MAX(clamp(p->use, 0, 65536e3) / WHOLE, USE_MIN);
	wants = j->tasks;
	j->calls = clamp(calls_of(j, r, use * v->speed), 0, 1e9);
	j->off = 1 / (v->speed * wants) - 1 / (v->speed * j->width) - j->calls * v->talk;
	j->off = clamp(j->off, 0, 1e9);
	/* Half of those that have used so much will use as much again (Harchol-Balter and
	 * Downey): what it has used is what it is expected to need. */
	j->left = clamp((double)p->used / NSEC, 0, 1e9) * v->speed;
}

double load_pace(const struct job *j, const struct view *v, double tasks)
{
	double alone = 1 / (v->speed * j->width) + j->off;
	double shared = tasks / (v->capacity * j->width);

	return MAX(alone, shared) + j->calls * v->talk;
}

double load_with(const struct job *j, const struct view *v, uint32_t pad)
{
	double there = MAX(v->tasks, 0.0), more = clamp(pad, WHOLE, 10 * WHOLE) / WHOLE - 1;

	return there + j->tasks + more * MIN(j->tasks, there);
}

double load_move(const struct job *j, const struct view *from, const struct view *to,
		 const struct policy_conf *c)
{
	double link = to->me ? from->link : to->link;

	return j->memory / link + clamp((double)c->move_fixed / NSEC, 0, 3600);
}

bool load_fits(const struct job *j, const struct view *v)
{
	return v->free - j->room >= v->relief;
}

bool load_own_full(const struct view *v)
{
	return v->native >= OWN_FULL * v->cpus;
}

bool load_guests_first(const struct view *v)
{
	return v->native >= 0 && v->native <= OWN_FITS * v->cpus && v->tasks - v->native > A_GUEST;
}

bool load_allowed(const struct policy_range *a, size_t n, node_id node)
{
	if (!a)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (node.v >= a[i].first && node.v <= a[i].last)
			return true;
	}
	return false;
}

/* exp(-1/40) is 0.975, exp(-1/13) is 0.926: openMosix's decay of a second. */
void policy_mean_add(struct policy_mean *m, enum policy_decay d, double value, int64_t ns)
{
	static const double lasts[POLICY_DECAY_COUNT_] = {
		[POLICY_DECAY_SLOW] = POLICY_LASTS_SLOW,
		[POLICY_DECAY_FAST] = POLICY_LASTS_FAST,
		[POLICY_DECAY_NONE] = POLICY_LASTS_ALWAYS,
	};

	policy_mean_add_over(m, lasts[d < POLICY_DECAY_COUNT_ ? d : POLICY_DECAY_SLOW], value, ns);
}

void policy_mean_add_over(struct policy_mean *m, double lasts, double value, int64_t ns)
{
	double most = clamp(lasts, 1, POLICY_LASTS_ALWAYS);
	double seconds = clamp((double)ns / NSEC, 0, most);

	if (seconds <= 0)
		return;
	/* A young mean is the plain one; later the old part is bounded. */
	m->weight = clamp(m->weight, 0, most - seconds);
	m->value = (m->value * m->weight + clamp(value, 0, 1e15) * seconds) / (m->weight + seconds);
	m->weight += seconds;
}
