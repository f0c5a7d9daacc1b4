/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small screens, as mosmon must draw them: a picture is worth a thousand assertions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tools/mosmon_view.h"

static const char *names(int64_t uid)
{
	return uid ? "anna" : "root";
}

static void nodes(struct mon_data *d, const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	assert_int_equal(mon_data_nodes(d, o, 1), 0);
	json_decref(o);
}

static void procs(struct mon_data *d, const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	assert_int_equal(mon_data_procs(d, o, "12:34:56", names), 0);
	json_decref(o);
}

static void many(struct mon_data *d, int n)
{
	json_t *list = json_array();

	for (int i = 1; i <= n; i++)
		(void)json_array_append_new(list, json_pack("{sisssi}", "node", i, "state", "alive",
							    "load", 100 + i % 2 * 100));
	assert_int_equal(mon_data_nodes(d, list, 1), 0);
	json_decref(list);
}

/* Draws, and compares the lines. */
static void shows(struct mon_view *v, const struct mon_data *d, int rows, int cols,
		  const char *const *want)
{
	struct screen s;
	char line[512];

	assert_int_equal(screen_init(&s, rows, cols), 0);
	mon_view_draw(v, d, &s);
	for (int i = 0; i < rows; i++)
		assert_string_equal(screen_line(&s, i, line, sizeof(line)), want[i]);
	screen_finish(&s);
}

/* The picture of the view after some keys. */
#define SHOWS(keys, d, rows, cols, ...)                                                            \
	do {                                                                                       \
		static const char *const want_[rows] = { __VA_ARGS__ };                            \
		struct mon_view v_ = { 0 };                                                        \
		press(&v_, keys);                                                                  \
		shows(&v_, d, rows, cols, want_);                                                  \
	} while (0)

static void press(struct mon_view *v, const char *keys)
{
	for (; *keys; keys++)
		assert_true(mon_view_key(v, *keys));
}

static const char four[] =
	"[{\"node\":1,\"state\":\"alive\",\"me\":true,\"load\":150,\"speed\":20000,\"cpus\":4000,"
	"  \"util\":500,\"runnable\":6000,\"mem_total_kib\":8388608,\"mem_free_kib\":6291456,"
	"  \"mem_raw_kib\":2097152,\"guests\":2},"
	" {\"node\":2,\"state\":\"suspect\",\"load\":20,\"speed\":10000,\"cpus\":1000,\"util\":1000,"
	"  \"runnable\":200,\"mem_total_kib\":4194304,\"mem_free_kib\":0},"
	" {\"node\":5,\"state\":\"dead\",\"load\":99999},"
	" {\"node\":12,\"state\":\"alive\",\"load\":300,\"speed\":5000,\"cpus\":1000}]";

/* A quiet node tells how big it is only. */
static const char quiet[] =
	"[{\"node\":1,\"state\":\"alive\",\"load\":100,\"cpus\":2000,\"speed\":10000,\"util\":500,\"runnable\":1000,"
	"  \"mem_total_kib\":4194304,\"mem_free_kib\":1048576},"
	" {\"node\":2,\"state\":\"alive\",\"load\":null,\"cpus\":8000,\"speed\":20000,\"util\":null,"
	"  \"runnable\":null,\"mem_total_kib\":4194304,\"mem_free_kib\":null,\"mem_raw_kib\":null,\"guests\":1}]";

static void load(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	nodes(&d, four);
	SHOWS("", &d, 8, 40,
	      "Load  3 nodes  1 down             h help",
	      " 3.00 |              ######",
	      "      |              ######",
	      " 2.00 |              ######",
	      "      |######        ######",
	      " 1.00 |######        ######",
	      "      |###### ###### ######",
	      "         1      2      12");
	SHOWS("Vd", &d, 9, 40,
	      "Load  4 nodes  1 down             h help",
	      " 3.00 |   #",
	      "      |   #",
	      " 2.00 |  D#",
	      "      |# E#",
	      " 1.00 |# A#",
	      "      |##D#",
	      "       1251",
	      "          2");
	SHOWS("vt", &d, 7, 20,
	      "Load  3 nodes",
	      " 3.00 |    #",
	      "      |#   #",
	      "      |# # #",
	      "       1 2 1",
	      "           2",
	      "Total: 3 up");
}

static void kinds(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	nodes(&d, four);
	SHOWS("m", &d, 6, 40,
	      "Memory, GiB  3 nodes  1 down      h help",
	      "    8 |++++++",
	      "      |++++++",
	      "    4 |++++++ ######",
	      "      |###### ######",
	      "         1      2      12");
	SHOWS("r", &d, 6, 40,
	      "Raw memory, GiB  3 nodes  1 down",
	      "    8 |++++++",
	      "      |######",
	      "    4 |###### ######",
	      "      |###### ######",
	      "         1      2      12");
	SHOWS("s", &d, 6, 40,
	      "Speed, processors  3 nodes  1 down",
	      "20000 |4#####",
	      "      |######",
	      "10000 |###### ######",
	      "      |###### ###### ######",
	      "         1      2      12");
	SHOWS("u", &d, 6, 40,
	      "Use, %  3 nodes  1 down           h help",
	      "  100 |       ######",
	      "      |       ######",
	      "   50 |###### ######",
	      "      |###### ######",
	      "         1      2      12");
	SHOWS("L", &d, 6, 40,
	      "Load (log)  3 nodes  1 down       h help",
	      " 3.00 |              ######",
	      "      |######        ######",
	      " 1.00 |######        ######",
	      "      |###### ###### ######",
	      "         1      2      12");
	SHOWS("y", &d, 6, 50,
	      "Load (this node's yard)  3 nodes  1 down",
	      "    6 |              ######",
	      "      |              ######",
	      "    3 |######        ######",
	      "      |###### ###### ######",
	      "         1      2      12");
}

static void not_told(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	nodes(&d, quiet);
	SHOWS("mt", &d, 6, 70,
	      "Memory, GiB  2 nodes                                            h help",
	      " 4.00 |++++++",
	      "      |######",
	      "      |######   ?",
	      "         1      2",
	      "Total: 2 up, 1 run on 2 cpus, 50% used, 1.0 of 4.0 GiB free, 1 guests");
}

static void tiny(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	SHOWS("", &d, 3, 20, " 1.00 |", "      |", "");
	nodes(&d, four);
	SHOWS("t", &d, 2, 20, "      |### ### ###", "        1   2  12");
	SHOWS("", &d, 1, 5, "###");
}

static void scrolls(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };
	struct mon_view v = { .start_node = 150 };
	static const char *const at_150[] = {
		"Load  150-162 of 200",
		" 2.00 | # # # # # #",
		"      |#############",
		"       1111111111111",
		"       5555555555666",
		"       0123456789012",
	};
	static const char *const end[] = {
		"Load  188-200 of 200",
		" 2.00 | # # # # # #",
		"      |#############",
		"       1111111111112",
		"       8899999999990",
		"       8901234567890",
	};

	many(&d, 200);
	shows(&v, &d, 6, 20, at_150);
	assert_true(mon_view_key(&v, MON_KEY_END));
	shows(&v, &d, 6, 20, end);
	assert_true(mon_view_key(&v, MON_KEY_RIGHT)); /* no further than the end */
	shows(&v, &d, 6, 20, end);
	assert_true(mon_view_key(&v, MON_KEY_PAGE_UP));
	assert_true(mon_view_key(&v, MON_KEY_LEFT));
	assert_int_equal(v.first, 187 - 12 - 1);
	assert_true(mon_view_key(&v, MON_KEY_HOME));
	assert_int_equal(v.first, 0);
	many(&d, 3); /* fewer than we had scrolled to */
	v.first = 100;
	shows(&v, &d, 3, 20, (const char *const[]){ " 2.00 |###     ###", "      |### ### ###",
						     "        1   2   3" });
}

static const char before[] =
	"[{\"pid\":4711,\"uid\":7,\"node\":2,\"state\":\"R\",\"cpu_us\":1000000,\"moves\":1,"
	"  \"away_cpu_us\":59000000,\"args\":\"xz -T1 file\",\"lock\":\"none\"},"
	" {\"pid\":42,\"uid\":0,\"node\":0,\"state\":\"S\",\"args\":\"a\\u001b[2Jb\","
	"  \"lock\":\"locked\",\"moving\":true},"
	" {\"pid\":99,\"uid\":0,\"node\":3,\"state\":\"S\",\"moves\":5,\"args\":\"old\"}]";
static const char after[] =
	"[{\"pid\":4711,\"uid\":7,\"node\":12,\"state\":\"R\",\"cpu_us\":1000000,\"moves\":2,"
	"  \"away_cpu_us\":60000000,\"args\":\"xz -T1 file\",\"lock\":\"none\"},"
	" {\"pid\":42,\"uid\":0,\"node\":0,\"state\":\"S\",\"args\":\"a\\u001b[2Jb\",\"moves\":1,"
	"  \"lock\":\"locked\"},"
	" {\"pid\":99,\"uid\":0,\"node\":0,\"state\":\"S\",\"moves\":0,\"args\":\"another\"}]";

static void processes(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	nodes(&d, four);
	procs(&d, before);
	SHOWS("p", &d, 5, 80,
	      "Processes  3, 2 away                                                      h help",
	      "    PID USER     NODE      STAT    TIME    AWAY MOVES COMMAND",
	      "     42 root     1>        SL      0:00    0:00     0 a?[2Jb",
	      "     99 root     3         S       0:00    0:00     5 old",
	      "   4711 anna     2         R       1:00    0:59     1 xz -T1 file");
	procs(&d, after);
	SHOWS("p", &d, 12, 80,
	      "Processes  3, 1 away                                                      h help",
	      "    PID USER     NODE      STAT    TIME    AWAY MOVES COMMAND",
	      "     42 root     1         SL      0:00    0:00     1 a?[2Jb",
	      "     99 root     1         S       0:00    0:00     0 another",
	      "   4711 anna     2>12      R       1:01    1:00     2 xz -T1 file",
	      "",
	      "",
	      "",
	      "Moves, the latest first",
	      "12:34:56 4711 2 -> 12 xz -T1 file",
	      "12:34:56 42 at 1 (back, or not gone) a?[2Jb",
	      "");
	SHOWS("p", &d, 4, 20,
	      "Processes  1-2 of 3",
	      "    PID NODE  COMMAN",
	      "     42 1     a?[2Jb",
	      "     99 1     anothe");
	for (int i = 0; i < MON_FRESH; i++) /* it is news for a while only */
		procs(&d, after);
	assert_int_equal(d.n_moves, 2);
	assert_int_equal(d.procs[2].fresh, 0);
	mon_data_lost(&d, "gone");
	nodes(&d, four);
	procs(&d, before); /* what happened meanwhile was not seen happening */
	assert_int_equal(d.n_moves, 2);
}

static void trouble(void **state)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };

	mon_data_lost(&d, "mosd does not run on this machine: start it");
	SHOWS("", &d, 9, 20, "", "", "", "mosd does not run on", "this machine: start",
	      "it", "Trying again each", "second; q quits.", "");
	SHOWS("p", &d, 2, 60, "mosd does not run on this machine: start it",
	      "Trying again each second; q quits.");
}

static void keys(void **state)
{
	struct mon_view v = { 0 };

	press(&v, "h");
	assert_true(v.help);
	assert_true(mon_view_key(&v, 0x7f)); /* any key ends the help */
	assert_false(v.help || v.quit);
	assert_false(mon_view_key(&v, 'x'));
	assert_false(mon_view_key(&v, 0));
	assert_false(mon_view_key(&v, 0x7f));
	press(&v, "Ll");
	assert_false(v.log);
	press(&v, "dtydwq");
	assert_true(!v.dead && v.totals && v.own_yard && v.width == MON_WIDE && v.quit);
}

static void scales(void **state)
{
	assert_true(mon_scale(0, 1) == 1);
	assert_true(mon_scale(1.2, 1) == 1.5);
	assert_true(mon_scale(8.1, 1) == 10);
	assert_true(mon_scale(3100, 1) == 4000);
	assert_true(mon_scale(0.3, 0.1) >= 0.3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load),	     cmocka_unit_test(kinds), cmocka_unit_test(tiny),
		cmocka_unit_test(not_told),  cmocka_unit_test(scrolls),   cmocka_unit_test(processes),
		cmocka_unit_test(trouble),   cmocka_unit_test(keys),  cmocka_unit_test(scales),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
