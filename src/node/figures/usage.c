/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where the samples come from: /proc for who is at home, the supervisor's word for who is away. */
#include "node/figures/usage.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/procfs.h"
#include "node/obj.h"

#define BUCKETS 1024U

struct track {
	struct track *next;
	pid_t pid;
	uint64_t start;
	uint32_t node; /* where the last sample was taken */
	bool seen;
	struct usage_meter meter;
};

struct usage {
	unsigned n;
	struct track *bucket[BUCKETS];
};

struct usage *usage_create(void)
{
	return calloc(1, sizeof(struct usage));
}

void usage_destroy(struct usage *u)
{
	for (unsigned i = 0; u && i < BUCKETS; i++)
		while (u->bucket[i]) {
			struct track *t = u->bucket[i];

			u->bucket[i] = t->next;
			free(t);
		}
	free(u);
}

void usage_sweep(struct usage *u)
{
	for (unsigned i = 0; u->n && i < BUCKETS; i++)
		for (struct track **at = &u->bucket[i]; *at;) {
			struct track *t = *at;

			if (t->seen) {
				t->seen = false;
				at = &t->next;
				continue;
			}
			*at = t->next;
			free(t);
			u->n--;
		}
}

static struct track *track_of(struct usage *u, const struct proc_id *id)
{
	struct track **at = &u->bucket[(uint32_t)id->stat.pid % BUCKETS], *t;

	for (t = *at; t; t = t->next)
		if (t->pid == id->stat.pid && t->start == id->stat.start)
			return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->pid = id->stat.pid;
	t->start = id->stat.start;
	t->next = *at;
	*at = t;
	u->n++;
	return t;
}

static uint64_t delta(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now; /* it began anew */
}

void usage_meter_add(struct usage_meter *m, double lasts, const struct usage_sample *s)
{
	nsec_t took = s->at - m->last.at;
	double used, waited, second = (double)NSEC_PER_SEC;

	if (!m->last.at || took <= 0) {
		m->last = *s;
		return;
	}
	/* Told late, or of a while that was longer than the sample's: no more than one processor. */
	used = MIN((double)delta(s->used_ns, m->last.used_ns) / (double)took, 1.0);
	waited = MIN((double)delta(s->waited_ns, m->last.waited_ns) / (double)took, 1.0 - used);
	policy_mean_add_over(&m->use, lasts, 1000 * used, took);
	policy_mean_add_over(&m->wants, lasts, 1000 * (used + waited), took);
	policy_mean_add_over(&m->calls, lasts,
			(double)delta(s->calls, m->last.calls) / ((double)took / second), took);
	m->last = *s;
}

void usage_meter_get(const struct usage_meter *m, struct usage_now *ret)
{
	ret->use = (uint32_t)MIN(m->use.value, 1000.0);
	ret->wants = (uint32_t)MIN(m->wants.value, 1000.0);
	ret->calls = (uint32_t)MIN(m->calls.value, 1e9);
}

static uint64_t told(const struct migrant *m, const char *name)
{
	return m && m->counters ? (uint64_t)obj_int_or(m->counters, name, 0, INT64_MAX, 0) : 0;
}

static int64_t age_of(const struct proc_id *id)
{
	int64_t tick = NSEC_PER_SEC / sysconf(_SC_CLK_TCK);

	return MAX(clock_now(CLOCK_BOOTTIME) - (int64_t)id->stat.start * tick, (int64_t)0);
}

void usage_look(struct usage *u, const struct proc_id *id, const struct migrant *m,
		double lasts, struct usage_now *ret)
{
	struct track *t = track_of(u, id);
	uint32_t node = m ? m->node : 0;
	int64_t here = procfs_cpu_ns(id->stat.pid);
	struct usage_sample s = { .at = mono_now() };

	s.used_ns = (uint64_t)MAX(here, (int64_t)0) + told(m, "away_cpu_us") * NSEC_PER_USEC;
	s.waited_ns = node ? told(m, "waited_us") * NSEC_PER_USEC : procfs_waited_ns(id->stat.pid);
	s.calls = node ? told(m, "forwarded") : procfs_io_calls(id->stat.pid);
	*ret = (struct usage_now){ .used = (int64_t)MIN(s.used_ns, (uint64_t)INT64_MAX),
				   .age = age_of(id),
				   .memory = node ? told(m, "rss_kib") : id->status.rss_kib };
	if (!t)
		return;
	t->seen = true;
	if (t->node != node) { /* what waited and called meanwhile was counted by nobody */
		t->meter.last.at = 0;
		t->node = node;
	}
	usage_meter_add(&t->meter, lasts, &s);
	usage_meter_get(&t->meter, ret);
}
