/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wishes: how they are written, and what mosrun may ask for. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "node/ask/run_ops.h"

static void written_and_read(void **state)
{
	static const char *const good[] = {
		"", "locked", "unlocked", "cpu", "io", "never", "slow", "fast", "own5-900", "m500",
		"n1-1", "n1-3+5-5", "locked,p2", "locked,m5,p65535,n2-2", "locked,cpu,own65535-999,m1073741824,n1-65535",
		"unlocked,io,never,n1-1+2-2+3-3+4-4+5-5+6-6+7-7+8-8+9-9+10-10+11-11+12-12",
	};
	struct migrant_wish w;
	char text[WISH_TEXT_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(wish_parse(good[i], &w), 0);
		wish_text(&w, text);
		assert_string_equal(text, good[i]);
	}
	assert_int_equal(wish_parse("locked,n2-4+9-9", &w), 0);
	assert_int_equal(w.lock, MIGRANT_LOCK_LOCKED);
	assert_true(wish_allows(&w, 2) && wish_allows(&w, 4) && wish_allows(&w, 9));
	assert_false(wish_allows(&w, 1) || wish_allows(&w, 5) || wish_allows(&w, 10));
}

static void refused(void **state)
{
	static const char *const bad[] = {
		",",	     "none",	 "locked,",	 "locked,locked", "cpu,locked",	 "m",
		"m0",	     "m01",	 "m1073741825",	 "n",		  "n1",		 "n3-1",
		"n1-2+",     "n0-1",	 "n1-65536",	 "own",		  "own5",	 "own0-5",
		"p", "p0", "p65536", "p2,p3", "n1-1,p2", "own5-1000", "own5-900,slow", "cgroup.procs", "..",	  "m18446744073709551617",
	};
	struct migrant_wish w;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(wish_parse(bad[i], &w), -EINVAL);
}

static void longest(void **state)
{
	struct migrant_wish w = { .lock = MIGRANT_LOCK_UNLOCKED, .hint = POLICY_HINT_CPU,
				  .decay = WISH_DECAY_OWN, .interval = 65535, .fraction = 999,
				  .memory = WISH_MEMORY_MAX, .place = NODE_ID_MAX, .n_ranges = WISH_RANGES_MAX }, again;
	char text[WISH_TEXT_MAX];

	for (unsigned i = 0; i < WISH_RANGES_MAX; i++)
		w.range[i] = (struct policy_range){ 65535, 65535 };
	wish_text(&w, text);
	assert_int_equal(wish_parse(text, &again), 0);
	assert_true(wish_equal(&w, &again));
}

static void lasts(void **state)
{
	assert_true(wish_lasts(&(struct migrant_wish){ 0 }) == 13);
	assert_true(wish_lasts(&(struct migrant_wish){ .decay = WISH_DECAY_SLOW }) == 40);
	/* openMosix's own figures, told as one's own */
	assert_true(fabs(wish_lasts(&(struct migrant_wish){ .decay = WISH_DECAY_OWN, .interval = 1,
							    .fraction = 926 }) - 13) < 0.1);
	assert_true(wish_lasts(&(struct migrant_wish){ .decay = WISH_DECAY_OWN, .interval = 1,
						       .fraction = 1 }) == 1);
}

static int ask(const char *text, struct run_wish *w)
{
	json_t *o = json_loads(text, 0, NULL);
	struct err e = ERR_INIT;
	int r;

	assert_non_null(o);
	r = run_wish_read(o, w, &e);
	json_decref(o);
	assert_int_equal(!!e.msg[0], r < 0);
	return r;
}

static void asked(void **state)
{
	struct run_wish w = { .wish = { .lock = MIGRANT_LOCK_LOCKED, .hint = POLICY_HINT_IO } };

	assert_int_equal(ask("{}", &w), 0);
	assert_int_equal(w.wish.lock, MIGRANT_LOCK_LOCKED); /* inherited */
	assert_int_equal(w.wish.hint, POLICY_HINT_IO);
	assert_false(w.lock_said);
	assert_int_equal(ask("{\"lock\":\"keep\",\"node\":3,\"fallback\":true}", &w), 0);
	assert_int_equal(w.wish.lock, MIGRANT_LOCK_LOCKED);
	assert_true(w.lock_said && w.fallback && w.node == 3);
	assert_int_equal(ask("{\"lock\":false,\"kind\":\"cpu\",\"decay\":\"own\",\"decay_s\":3,"
			     "\"decay_fraction\":500,\"memory_mib\":7,\"best\":true,"
			     "\"nodes\":[[1,3],[5,5]]}", &w), 0);
	assert_int_equal(w.wish.lock, MIGRANT_LOCK_UNLOCKED);
	assert_true(w.best && !w.node && !w.fallback && w.wish.memory == 7);
	assert_true(wish_allows(&w.wish, 5) && !wish_allows(&w.wish, 4));
}

static void asked_wrongly(void **state)
{
	static const char *const bad[] = {
		"{\"lock\":1}", "{\"lock\":\"x\"}", "{\"kind\":\"x\"}", "{\"kind\":1}",
		"{\"decay\":\"x\"}", "{\"decay\":\"own\"}", "{\"decay\":0}",
		"{\"decay\":\"own\",\"decay_s\":0,\"decay_fraction\":5}",
		"{\"decay\":\"own\",\"decay_s\":1,\"decay_fraction\":1000}",
		"{\"node\":-1}", "{\"node\":65536}", "{\"node\":\"3\"}",
		"{\"memory_mib\":0}", "{\"memory_mib\":1.5}", "{\"memory_mib\":1073741825}",
		"{\"nodes\":[]}", "{\"nodes\":3}", "{\"nodes\":[3]}", "{\"nodes\":[[1]]}",
		"{\"nodes\":[[0,1]]}", "{\"nodes\":[[2,1]]}", "{\"nodes\":[[1,65536]]}",
		"{\"nodes\":[[1,2,3]]}", "{\"nodes\":[[\"1\",2]]}",
		"{\"nodes\":[[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],"
		"[1,1],[1,1]]}",
	};
	struct run_wish w = { .wish = { .memory = 7 } };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ask(bad[i], &w), -EINVAL);
	assert_true(w.wish.memory == 7 && !w.lock_said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read), cmocka_unit_test(refused),
		cmocka_unit_test(longest),	    cmocka_unit_test(lasts),
		cmocka_unit_test(asked),	    cmocka_unit_test(asked_wrongly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
