/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decisions in words: each has some, they are cut where they must be, and say the figures. */
#include "scene.h"

static void sentences(void **state)
{
	struct scene *s = scene_new(2, 2);
	char text[400];

	assert_int_equal(scene_run(s), 1);
	assert_string_equal(
		policy_explain(&s->go[0], text, sizeof(text)),
		"goes from home to node 2 to be done sooner: load 200 at home, 0 on node 2 "
		"(100 and 100 with the move); with 60.0 s of work expected yet it gains "
		"60.0 s, the move costs 1.1 s");
	scene_end(s);
	s = scene_new(2, 1);
	s->ours[0].locked = true;
	assert_int_equal(scene_run(s), 0);
	assert_string_equal(policy_explain(&s->why[0], text, sizeof(text)),
			    "stays at home: it is locked");
	s->ours[0].locked = false;
	s->ours[0].forbidden = "threads";
	assert_int_equal(scene_run(s), 0);
	assert_string_equal(policy_explain(&s->why[0], text, sizeof(text)),
			    "stays at home: it cannot leave (threads)");
	scene_end(s);
}

/* One is said, not all that it might be. */
static void which_keeps_it(void **state)
{
	static const struct {
		bool balance;
		uint8_t flags, hint;
		const char *text;
	} rows[] = {
		{ false, 0, 0, "stays at home: balance is off in mosd.conf, so nothing moves for load from here" },
		{ true, POLICY_STAY, 0,
		  "stays at home: stay is set there, so nothing leaves by itself (mosctl nostay ends it)" },
		{ true, POLICY_LSTAY, 0,
		  "stays at home: lstay is set, so no process of this node leaves by itself (mosctl nolstay ends it)" },
		{ true, 0, POLICY_HINT_IO,
		  "stays at home: its place is at home, since it was said to read and write (iojob, mosrun -i)" },
	};
	char text[400];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scene *s = scene_new(2, 2);

		s->conf.balance = rows[i].balance;
		s->nodes[0].flags = rows[i].flags;
		s->ours[0].hint = rows[i].hint;
		s->ours[1].locked = true;
		assert_int_equal(scene_run(s), 0);
		assert_string_equal(policy_explain(&s->why[0], text, sizeof(text)), rows[i].text);
		scene_end(s);
	}
}

static void all_of_them(void **state)
{
	struct policy_decision d = { .id = 1, .from = { 1 }, .to = { 2 }, .home = { 1 } };
	char text[400], cut[40];

	for (int reason = 0; reason < POLICY_REASON_COUNT_; reason++) {
		assert_non_null(policy_reason_names[reason]);
		for (int verdict = 0; verdict < POLICY_VERDICT_COUNT_; verdict++) {
			assert_non_null(policy_verdict_names[verdict]);
			d.reason = (uint8_t)reason;
			d.verdict = (uint8_t)verdict;
			policy_explain(&d, text, sizeof(text));
			assert_true(strlen(text) > 10 && !strchr(text, '\n'));
			for (size_t size = 1; size < sizeof(cut); size++) {
				memset(cut, 'x', sizeof(cut));
				policy_explain(&d, cut, size);
				assert_int_equal(strlen(cut), MIN(size - 1, strlen(text)));
				assert_memory_equal(cut, text, strlen(cut));
			}
		}
	}
	assert_ptr_equal(policy_explain(&d, cut, 0), cut);
}

static void no_such_word(void **state)
{
	struct policy_decision d = { .reason = 200, .verdict = 0 };
	char text[400];

	assert_true(strlen(policy_explain(&d, text, sizeof(text))) > 0);
	d.verdict = 200;
	memset(d.word, 'w', sizeof(d.word));
	assert_true(strlen(policy_explain(&d, text, sizeof(text))) > 0);
	d.verdict = POLICY_FORBIDDEN;
	assert_non_null(strstr(policy_explain(&d, text, sizeof(text)), "(wwww"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(which_keeps_it),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(no_such_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
