/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of levers: what mosd wrote it reads, anything else it refuses. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "node/site/levers.h"

static int parse(const char *text, struct levers_note *n)
{
	return levers_parse(text, strlen(text), n);
}

static void reads(void **state)
{
	struct levers_note n;

	assert_int_equal(parse("", &n), 0);
	assert_false(n.said[LEVER_BLOCK]);
	assert_int_equal(parse("stay yes\nblock no\nspeed 20000\n", &n), 0);
	assert_true(n.said[LEVER_STAY] && n.on[LEVER_STAY]);
	assert_true(n.said[LEVER_BLOCK] && !n.on[LEVER_BLOCK]);
	assert_false(n.said[LEVER_QUIET]);
	assert_int_equal(n.speed, 20000);
}

static void writes(void **state)
{
	struct levers_note n = { .speed = LEVERS_SPEED_MAX };
	char text[LEVERS_TEXT_MAX];

	for (enum lever l = 0; l < LEVER_COUNT_; l++) {
		n.said[l] = true;
		n.on[l] = l != LEVER_QUIET;
	}
	(void)levers_text(&n, text);
	assert_string_equal(text, "stay yes\nlstay yes\nblock yes\nquiet no\nexpel yes\n"
				  "speed 100000000\n");
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"stay",		"stay maybe",	   "stay yes yes",     "stay yes\nstay no\n",
		"sta yes",	" stay yes",	   "speed",	       "speed 0",
		"speed -1",	"speed 1x",	   "speed 100000001",  "speed 99999999999999999999",
		"speed 1\nspeed 1", "stay  yes",   "stay yes\r\n",     "nonsense",
	};
	struct levers_note n;
	char big[LEVERS_TEXT_MAX + 1];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &n), -EINVAL);
	assert_int_equal(levers_parse("stay yes\0", 9, &n), -EINVAL);
	memset(big, '\n', sizeof(big));
	assert_int_equal(levers_parse(big, sizeof(big), &n), -EINVAL);
}

static void names(void **state)
{
	for (enum lever l = 0; l < LEVER_COUNT_; l++)
		assert_int_equal(lever_find(lever_str(l)), l);
	assert_int_equal(lever_find("pressed"), LEVER_COUNT_);
	assert_int_equal(lever_flag(LEVER_EXPEL), INFO_EXPEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(writes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
