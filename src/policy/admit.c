/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host decides: whether a guest may come. */
#include <errno.h>
#include <inttypes.h>

#include "base/util.h"
#include "policy/brain.h"

#define MEMORY_MAX (1ULL << 50) /* KiB: more is a lie, and would overflow */
#define CREDIBLE   16U          /* times as fast as a processor that is known */

uint64_t policy_credible(uint32_t own)
{
	return (uint64_t)CREDIBLE * MAX(own, POLICY_STANDARD_SPEED);
}

bool policy_believes(uint32_t own, uint32_t told)
{
	return told <= policy_credible(own);
}

uint64_t policy_reserve(const struct policy_conf *c, uint64_t mem_total)
{
	uint64_t total = MIN(mem_total, MEMORY_MAX);
	uint64_t part = total / 1000 * MIN(c->mem_reserve, 1000U);

	part = MIN(MAX(part, c->mem_reserve_min), c->mem_reserve_max);
	return MIN(part, total / 4); /* a tiny node has to use its memory, too */
}

/* What is about to be used and what comes must leave the reserve. */
static int check_memory(const struct policy_node *me, uint64_t keep, uint64_t soon,
			const struct policy_arrival *a, struct err *e)
{
	uint64_t free = MIN(me->mem_free, MIN(me->mem_total, MEMORY_MAX));
	uint64_t more = MIN(a->memory, MEMORY_MAX);

	if (soon + more + keep <= free)
		return 0;
	return err_reason(e, -ENOMEM, "no-memory",
			  "node %u has %" PRIu64 " MiB free, of which %" PRIu64
			  " MiB are about to be used and %" PRIu64
			  " MiB stay free: no room for %" PRIu64 " MiB",
			  me->node.v, free / 1024, soon / 1024, keep / 1024, more / 1024);
}

static int check_load(const struct policy_node *me, const struct policy_under_way *u,
		      const struct policy_arrival *a, struct err *e)
{
	uint64_t capacity = (uint64_t)MAX(me->cpus, 1U) * MAX(me->speed, 1U);
	uint64_t tasks = (uint64_t)me->runnable + u->wants + a->wants, load;

	if (a->ordered || !a->load_limit || !a->wants)
		return 0;
	load = tasks * 100 * POLICY_STANDARD_SPEED / MAX(capacity, (uint64_t)1);
	if (load <= a->load_limit)
		return 0;
	return err_reason(e, -EBUSY, "loaded",
			  "node %u would have load %" PRIu64 ", and it pays up to %u only",
			  me->node.v, load, a->load_limit);
}

int policy_admit(const struct policy *s, const struct policy_conf *c, const struct policy_node *me,
		 const struct policy_under_way *u, const struct policy_arrival *a, struct err *e)
{
	double move = clamp((double)a->memory, 0, 1e15) * 1024 / (double)MAX(c->link, (uint64_t)1);
	uint64_t soon = (uint64_t)clamp(usher_gone_soon(s, c, move), 0, 1e15);
	int r;

	if (me->flags & POLICY_EXPEL)
		return err_reason(e, -EPERM, "expel", "node %u sends its guests away", me->node.v);
	if (me->flags & POLICY_BLOCK)
		return err_reason(e, -EPERM, "block", "node %u takes no guests", me->node.v);
	if ((uint64_t)me->guests + u->guests >= me->guests_max)
		return err_reason(e, -EUSERS, "guests-max", "node %u has %u guests, and %u coming",
				  me->node.v, me->guests, u->guests);
	r = check_memory(me, policy_reserve(c, me->mem_total), soon, a, e);
	return r ? r : check_load(me, u, a, e);
}
