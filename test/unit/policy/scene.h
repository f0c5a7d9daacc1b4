/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few nodes and processes to decide about: node 1 is home, all are equal and idle, all ours at
 * home, until a test says otherwise. */
#ifndef MOS_TEST_POLICY_SCENE_H
#define MOS_TEST_POLICY_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "policy/policy.h"

#define S     1000000000LL
#define MIB   1024ULL
#define NODES 1200U
#define OURS  64U

struct scene {
	struct policy *policy;
	struct policy_conf conf;
	struct policy_node nodes[NODES];
	struct policy_process ours[OURS];
	struct policy_decision go[32], why[OURS];
	int64_t now;
	size_t n, m;
	uint64_t random;
};

static inline uint64_t scene_random(void *ctx)
{
	uint64_t *x = ctx, z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline void scene_node(struct scene *s, uint32_t number)
{
	s->nodes[s->n++] = (struct policy_node){
		.node = { number },
		.me = number == 1,
		.alive = true,
		.compatible = true,
		.speed = 10000,
		.cpus = 1000,
		.native = POLICY_NOT_TOLD,
		.mem_total = 8192 * MIB,
		.mem_free = 6144 * MIB,
		.guests_max = 100,
		.age = number == 1 ? 0 : S,
	};
}

static inline struct scene *scene_new(size_t nodes, size_t ours)
{
	struct scene *s = test_calloc(1, sizeof(*s));

	assert_int_equal(policy_create(&s->policy), 0);
	policy_conf_init(&s->conf);
	s->now = 1000 * S;
	s->random = 7;
	for (uint32_t i = 1; i <= nodes; i++)
		scene_node(s, i);
	for (s->m = 0; s->m < ours; s->m++)
		s->ours[s->m] = (struct policy_process){
			.id = 100 + s->m,
			.at = { 1 },
			.use = 1000 / (uint32_t)ours,
			.wants = 1000,
			.used = 60 * S,
			.memory = 100 * MIB,
			.arrived = s->now - 600 * S,
		};
	s->nodes[0].runnable = 1000 * (uint32_t)ours;
	return s;
}

static inline void scene_end(struct scene *s)
{
	policy_destroy(s->policy);
	test_free(s);
}

/* Process @i runs at node @at, which shows it. */
static inline void scene_put(struct scene *s, size_t i, uint32_t at)
{
	s->nodes[0].runnable -= 1000;
	s->nodes[at - 1].runnable += 1000;
	s->nodes[at - 1].guests++;
	s->ours[i].at.v = at;
	s->ours[i].moves = 1;
}

static inline struct policy_input scene_input(struct scene *s)
{
	return (struct policy_input){ .now = s->now,
				      .nodes = s->nodes,
				      .n_nodes = s->n,
				      .processes = s->ours,
				      .n_processes = s->m,
				      .random = scene_random,
				      .random_ctx = &s->random };
}

static inline int scene_run(struct scene *s)
{
	struct policy_input in = scene_input(s);

	return policy_balance(s->policy, &s->conf, &in, s->go, ARRAY_SIZE(s->go), s->why);
}

/* Where others might send theirs, chance decides: until something moves. */
static inline int scene_until(struct scene *s)
{
	int n = 0;

	for (int i = 0; i < 400 && !n; i++)
		n = scene_run(s);
	return n;
}

/* Nothing moves, and of process 0 this is said. */
#define assert_stays(s, word)                                                                      \
	do {                                                                                       \
		assert_int_equal(scene_run(s), 0);                                                 \
		assert_string_equal(policy_verdict_names[(s)->why[0].verdict],                     \
				    policy_verdict_names[word]);                                   \
	} while (0)

/* Process 0, and no other, goes to @to for this reason. */
#define assert_goes(s, number, word)                                                               \
	do {                                                                                       \
		assert_int_equal(scene_until(s), 1);                                               \
		assert_int_equal((s)->go[0].to.v, number);                                         \
		assert_string_equal(policy_reason_names[(s)->go[0].reason],                        \
				    policy_reason_names[word]);                                    \
	} while (0)

#endif
