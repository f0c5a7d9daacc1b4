/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: runnable tasks are counted as time: what ran in a second (used processor time) and what
 * waited. A program that computes half of the time is half a task, whenever one looks. openMosix
 * counted its run queue at ticks and had to guard against what a single look shows: its load rose
 * by 3 parts in 8 and fell at once. Of exact means over a second less needs smoothing, and it must
 * not lean to one side: with "falls at once" a program that computes two seconds and reads two
 * would count as nothing, and draw others onto its node.
 *
 * So: up by 3 in 8, as there; a burst of a second is no reason to send somebody away, five seconds
 * are (90 % are told by then). Down by a half: an emptied node is known as such in three seconds,
 * and a pause of one second does not look like an empty node. What balancing itself moved it
 * credits at once and does not wait for this.
 */
#include "node/figures/meter.h"

#include "base/util.h"
#include "cluster/info.h"

#define SPAN_MIN  (10 * NSEC_PER_MSEC)
#define UP_NEW	  3U /* of WEIGHTS */
#define DOWN_NEW  4U
#define WEIGHTS	  8U
#define TASKS_MAX (1000000U * INFO_WHOLE) /* beyond any machine; info.c refuses more than four times it */

static uint32_t smooth(uint32_t old, uint32_t now)
{
	uint64_t part = now > old ? UP_NEW : DOWN_NEW;
	uint64_t sum = (uint64_t)old * (WEIGHTS - part) + (uint64_t)now * part;

	/* Rounded towards what is new, or the last few thousandths would never be reached. */
	return (uint32_t)((sum + (now > old ? WEIGHTS - 1 : 0)) / WEIGHTS);
}

void meter_add(struct meter *m, const struct meter_sample *s)
{
	nsec_t span = s->at - m->last.at;
	uint64_t used, now;

	if (!m->begun) {
		m->begun = true;
		m->last = *s;
		return;
	}
	if (span < SPAN_MIN)
		return;
	/* An account that goes backwards is another one's. */
	used = s->used_ns > m->last.used_ns ? s->used_ns - m->last.used_ns : 0;
	used = (uint64_t)((double)used * INFO_WHOLE / (double)span);
	used = MIN(used, (uint64_t)TASKS_MAX);
	now = MIN(used + s->waiting, (uint64_t)TASKS_MAX);
	m->runnable = m->told ? smooth(m->runnable, (uint32_t)now) : (uint32_t)now;
	m->util = (uint32_t)MIN(used * INFO_WHOLE / MAX(s->cpus, 1U), (uint64_t)INFO_WHOLE);
	m->told = true;
	m->last = *s;
}

uint32_t meter_cpus(uint64_t quota, unsigned set, unsigned allowed, unsigned online)
{
	uint64_t n = MAX(online, 1U);

	if (set)
		n = MIN(n, (uint64_t)set);
	if (allowed)
		n = MIN(n, (uint64_t)allowed);
	n = MIN(n * INFO_WHOLE, quota);
	return (uint32_t)MAX(MIN(n, (uint64_t)UINT32_MAX), (uint64_t)1);
}

struct meter_memory meter_memory(const struct meter_memory *machine,
				 const struct meter_memory *limit)
{
	struct meter_memory m;

	m.total = MIN(machine->total, limit->total);
	m.free = MIN(MIN(machine->free, limit->free), m.total);
	m.raw = MIN(MIN(machine->raw, limit->raw), m.total);
	return m;
}
