/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the kernel adds up for each thread how long it ran and how long it waited to run, but not
 * for a group. So the waiting of a group is the sum over its threads, of differences between two
 * looks. Most threads of a node sleep for hours; looking at each of a thousand every second would
 * cost more than it tells. A thread is *hot* when it ran or waited between its last two looks. Hot
 * and new ones come first, but a part of the looks is the others' in turn, so that a sleeper that
 * wakes for good becomes hot. A hot one whose turn does not come counts as when last looked at.
 *
 * The kernel adds a wait when it ends. A thread that was hot and whose sums stand still either
 * sleeps or has waited all the time: its state tells.
 */
#include "node/figures/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cluster/info.h"

#define HOT_PART 1000		  /* it did something in this part of the time */
#define OTHERS	 (TASKS_LOOKS / 4) /* looks that are kept for those that are not urgent */

struct task {
	int tid;
	bool known, hot, ours;
	bool born;	  /* was not there at the look before: all that it did is new */
	bool looked;	  /* this time */
	uint32_t waiting; /* thousandths, at the last look */
	uint64_t ran, waited;
	nsec_t at;
};

struct tasks {
	const struct tasks_ops *ops;
	void *ctx;
	nsec_t last; /* look; 0 before the first */
	bool saw_all;
	unsigned n, looks;
	unsigned turn[2]; /* where the last pass ended: over others, over urgent ones */
	uint64_t ran;
	struct task v[TASKS_KNOWN], old[TASKS_KNOWN]; /* in order of tid */
	int tid[TASKS_KNOWN];
};

struct tasks *tasks_create(const struct tasks_ops *ops, void *ctx)
{
	struct tasks *t = calloc(1, sizeof(*t));

	if (t) {
		t->ops = ops;
		t->ctx = ctx;
	}
	return t;
}

void tasks_destroy(struct tasks *t)
{
	free(t);
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* t->v becomes the threads of t->tid, each with what was known of it. */
static void merge(struct tasks *t, unsigned n)
{
	unsigned old_n = t->n, o = 0;

	memcpy(t->old, t->v, old_n * sizeof(t->v[0]));
	qsort(t->tid, n, sizeof(t->tid[0]), by_number);
	t->n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct task *to = &t->v[t->n];

		if (t->n && to[-1].tid == t->tid[i])
			continue;
		while (o < old_n && t->old[o].tid < t->tid[i])
			o++;
		if (o < old_n && t->old[o].tid == t->tid[i])
			*to = t->old[o];
		else
			*to = (struct task){ .tid = t->tid[i],
					     .born = t->saw_all,
					     .ours = t->ops->ours(t->ctx, t->tid[i]) };
		to->looked = false;
		t->n++;
	}
}

static uint64_t more(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void look(struct tasks *t, struct task *k, nsec_t now)
{
	uint64_t ran, waited, did, span;

	k->looked = true;
	t->looks++;
	if (t->ops->look(t->ctx, k->tid, &ran, &waited) < 0) {
		k->hot = k->known = false;
		k->waiting = 0;
		return;
	}
	if (!k->known && k->born)
		k->at = t->last;
	if (k->known || k->born) {
		span = (uint64_t)MAX(now - k->at, (nsec_t)1);
		t->ran += MIN(more(ran, k->ran), span);
		did = more(ran, k->ran) + more(waited, k->waited);
		k->waiting = (uint32_t)(MIN(more(waited, k->waited), span) * INFO_WHOLE / span);
		if (k->hot && !did && t->ops->ready(t->ctx, k->tid))
			k->waiting = INFO_WHOLE;
		k->hot = k->waiting == INFO_WHOLE || did > span / HOT_PART;
	}
	k->known = true;
	k->ran = ran;
	k->waited = waited;
	k->at = now;
}

/* Looks at the threads of one sort, from where the last turn ended, until @most looks are made. */
static void pass(struct tasks *t, nsec_t now, bool urgent, unsigned most)
{
	unsigned begin = t->turn[urgent];

	for (unsigned i = 0; i < t->n && t->looks < most; i++) {
		unsigned at = (begin + i) % t->n;
		struct task *k = &t->v[at];

		if (k->looked || k->ours || (k->hot || !k->known) != urgent)
			continue;
		look(t, k, now);
		t->turn[urgent] = at + 1;
	}
}

int tasks_look(struct tasks *t, nsec_t now, uint32_t *ret_waiting, uint64_t *ret_ran)
{
	uint64_t waiting = 0;
	bool all = false;
	int n = t->ops->list(t->ctx, t->tid, TASKS_KNOWN, &all);

	if (n < 0)
		return n;
	merge(t, (unsigned)n);
	t->looks = 0;
	t->ran = 0;
	pass(t, now, true, TASKS_LOOKS - OTHERS);
	pass(t, now, false, TASKS_LOOKS);
	pass(t, now, true, TASKS_LOOKS);
	for (unsigned i = 0; i < t->n; i++) {
		if (t->v[i].hot)
			waiting += t->v[i].waiting;
		/* What was put off was there before the next look. */
		if (!t->v[i].known)
			t->v[i].born = false;
	}
	t->last = now;
	t->saw_all = all;
	*ret_waiting = (uint32_t)MIN(waiting, (uint64_t)UINT32_MAX);
	*ret_ran = t->ran;
	return all ? 0 : 1;
}
