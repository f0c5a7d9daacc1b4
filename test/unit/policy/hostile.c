/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures that nobody can have, of nodes that lie and of a caller that errs: decisions may be
 * foolish, but they are decisions, about nodes and processes that there are. */
#include "scene.h"

static uint64_t pick(struct scene *s)
{
	static const uint64_t odd[] = {
		0,	    1,		2,	   999,	       1000,	   10000,
		INT32_MAX,  UINT32_MAX, INT64_MAX, 1ULL << 63, UINT64_MAX, UINT64_MAX - 1,
		1ULL << 52,
	};
	uint64_t r = scene_random(&s->random);

	return r % 3 ? odd[(r >> 8) % ARRAY_SIZE(odd)] : r >> (r % 64);
}

static void fill(struct scene *s, void *p, size_t size)
{
	uint8_t *to = p;

	for (size_t i = 0; i < size; i += 4) {
		uint64_t v = pick(s);
		size_t n = scene_random(&s->random) % 2 ? 4 : 8;

		memcpy(to + i, &v, MIN(size - i, n));
	}
}

static void any_node(struct scene *s, size_t i)
{
	struct policy_node *n = &s->nodes[i];

	fill(s, &n->age, sizeof(*n) - offsetof(struct policy_node, age));
	n->flags = (uint8_t)pick(s);
	n->alive = pick(s) % 4;
	n->compatible = pick(s) % 4;
}

static void any_process(struct scene *s, size_t i)
{
	struct policy_process *p = &s->ours[i];

	fill(s, &p->use,
	     offsetof(struct policy_process, forbidden) - offsetof(struct policy_process, use));
	p->at.v = (uint32_t)(pick(s) % (s->n + 2));
	p->hint = (uint8_t)pick(s);
	p->busy = !(pick(s) % 5);
	p->locked = !(pick(s) % 5);
	p->forbidden = pick(s) % 5 ? NULL : "a word that is longer than there is room for it";
	p->forbidden_until = (int64_t)pick(s);
}

static void check(const struct scene *s, const struct policy_decision *d)
{
	assert_true(d->id >= 100 && d->id < 100 + s->m);
	assert_true(d->to.v >= 1 && d->to.v <= s->n && d->to.v != d->from.v);
	assert_true(d->reason < POLICY_REASON_COUNT_ && d->verdict == POLICY_GO);
}

static void any_figures(void **state)
{
	struct scene *s = scene_new(8, 12);
	char text[500];

	for (int round = 0; round < 20000; round++) {
		struct policy_input in;
		struct policy_program p = { .id = 5 };
		struct policy_decision d;
		int n;

		for (size_t i = 0; i < s->n; i++)
			any_node(s, i);
		for (size_t i = 0; i < s->m; i++)
			any_process(s, i);
		s->now = (int64_t)(pick(s) / 4);
		n = scene_run(s);
		assert_true(n >= 0 && n <= (int)s->m);
		for (int i = 0; i < n; i++) {
			check(s, &s->go[i]);
			policy_explain(&s->go[i], text, sizeof(text));
			policy_moved(s->policy, &s->conf, s->now, s->go[i].id,
				     -(int)(pick(s) % 200));
		}
		for (size_t i = 0; i < s->m; i++) {
			assert_true(s->why[i].verdict < POLICY_VERDICT_COUNT_);
			policy_explain(&s->why[i], text, sizeof(text));
			policy_ended(s->policy, s->now, s->ours[i].id, s->ours[i].at,
				     (uint32_t)pick(s));
		}
		in = scene_input(s);
		p.memory = pick(s);
		assert_int_equal(policy_place(s->policy, &s->conf, &in, &p, &d), 0);
		assert_true(d.to.v >= 1 && d.to.v <= s->n);
		policy_pressed(s->policy, &s->conf, s->now, &s->nodes[0], pick(s));
	}
	scene_end(s);
}

static void any_conf(void **state)
{
	struct scene *s = scene_new(4, 6);

	for (int round = 0; round < 20000; round++) {
		struct policy_conf *c = &s->conf;

		fill(s, &c->period, sizeof(*c) - offsetof(struct policy_conf, period));
		assert_in_range(scene_run(s), 0, s->m);
		for (size_t i = 0; i < s->m; i++)
			policy_moved(s->policy, c, s->now, s->ours[i].id, -5);
	}
	scene_end(s);
}

/* More moves than are remembered: the first are forgotten, nothing else. */
static void many_moves(void **state)
{
	struct scene *s = scene_new(3, 2);

	for (uint64_t i = 1; i < 5000; i++)
		policy_sent(s->policy, s->now, i << 20, (node_id){ 1 }, (node_id){ 2 }, 1000, MIB);
	policy_sent(s->policy, s->now, 0, (node_id){ 1 }, (node_id){ 2 }, 1000, MIB);
	policy_moved(s->policy, &s->conf, s->now, 0, 0);
	policy_moved(s->policy, &s->conf, s->now, 12345, 0);
	policy_ended(s->policy, s->now, 0, (node_id){ 1 }, 0);
	assert_int_equal(scene_run(s), 0); /* as many as may be are under way */
	s->now += s->conf.move_longest + 1;
	assert_true(scene_run(s) > 0);
	scene_end(s);
}

/* All that was decided is done at once, and each move shows in the records of both ends but the liar's. */
static unsigned carry_out(struct scene *s, int n, unsigned moved[OURS])
{
	for (int i = 0; i < n; i++) {
		const struct policy_decision *d = &s->go[i];
		struct policy_process *p = &s->ours[d->id - 100];

		p->at = d->to;
		p->arrived = s->now;
		p->moves++;
		moved[d->id - 100]++;
		s->nodes[d->from.v - 1].runnable -= d->from.v == 3 ? 0 : 1000;
		s->nodes[d->to.v - 1].runnable += d->to.v == 3 ? 0 : 1000;
		policy_moved(s->policy, &s->conf, s->now, d->id, 0);
	}
	return (unsigned)n;
}

/* A node that tells no load and any speed draws processes, but no more at once than any other, and none goes
 * back and forth: in five minutes each has moved once, or twice by way of an honest node. */
static void liar(void **state)
{
	struct scene *s = scene_new(3, 20);
	unsigned moved[OURS] = { 0 }, all = 0, round = 0;

	s->nodes[2].speed = UINT32_MAX;
	s->nodes[2].cpus = UINT32_MAX;
	s->nodes[2].runnable = 0;
	for (; round < 300; round++, s->now += S) {
		int n = scene_run(s);

		assert_in_range(n, 0, s->conf.moves_at_once);
		all += carry_out(s, n, moved);
		assert_true(round || n > 0);
	}
	assert_true(all >= 1);
	for (size_t i = 0; i < s->m; i++)
		assert_in_range(moved[i], 0, 2);
	scene_end(s);
}

/* ... unless it tells what no node can be: then mosd takes it for one that tells nothing. */
static void belief(void **state)
{
	assert_true(policy_believes(10000, 160000));
	assert_true(policy_believes(10, 160000)); /* slow we may be, the standard is known to all */
	assert_true(policy_believes(20000, 320000));
	assert_int_equal(policy_credible(20000), 320000);
	assert_false(policy_believes(10000, 160001));
	assert_false(policy_believes(10000, 170000));
	assert_false(policy_believes(20000, UINT32_MAX));
	assert_true(policy_believes(UINT32_MAX, UINT32_MAX));
}

static void unbelieved(void **state)
{
	struct scene *s = scene_new(2, 20);

	s->nodes[1].speed = UINT32_MAX;
	assert_true(scene_run(s) > 0);
	s->nodes[1].flags = POLICY_QUIET;
	for (int round = 0; round < 300; round++, s->now += S)
		assert_int_equal(scene_run(s), 0);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_figures),
		cmocka_unit_test(any_conf),
		cmocka_unit_test(many_moves),
		cmocka_unit_test(liar),
		cmocka_unit_test(belief),
		cmocka_unit_test(unbelieved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
