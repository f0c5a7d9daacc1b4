/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl why: tells the story of one process. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"

static long long number(const json_t *o, const char *name)
{
	return (long long)json_integer_value(json_object_get(o, name));
}

static bool is_true(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void print_time(const json_t *o)
{
	(void)fputs("  ", stdout);
	tool_print_when(stdout, json_number_value(json_object_get(o, "time")));
	(void)fputs("  ", stdout);
}

static void print_move(const json_t *m)
{
	char bytes[32], total[32], freeze[32];

	print_time(m);
	(void)printf("node %lld -> %lld  ", number(m, "from"), number(m, "to"));
	if (is_true(m, "ok")) {
		(void)printf("%s in %s, stood still for %s",
			     tool_bytes((double)number(m, "bytes"), bytes, sizeof(bytes)),
			     tool_time((double)number(m, "total_us"), total, sizeof(total)),
			     tool_time((double)number(m, "freeze_us"), freeze, sizeof(freeze)));
		(void)fputs("; ", stdout);
		tool_print_text(stdout, text(m, "cause"), 0);
	} else {
		(void)fputs("did not move: ", stdout);
		tool_print_text(stdout, text(m, "error"), 0);
		(void)fputs(" [", stdout);
		tool_print_text(stdout, text(m, "code"), 0);
		(void)putchar(']');
	}
	(void)putchar('\n');
}

static void print_decision(const json_t *d)
{
	print_time(d);
	(void)fputs("decided: it ", stdout);
	tool_print_text(stdout, text(d, "text"), 0);
	(void)putchar('\n');
}

static double time_of(const json_t *o)
{
	return json_number_value(json_object_get(o, "time"));
}

/* In the order of time; each of the two lists is in it already. A decision comes before what it led to. */
static void print_history(const json_t *moves, const json_t *decisions)
{
	size_t m = 0, d = 0, n_moves = json_array_size(moves), n_decisions = json_array_size(decisions);

	while (m < n_moves || d < n_decisions) {
		const json_t *move = json_array_get(moves, m), *decision = json_array_get(decisions, d);

		if (decision && (!move || time_of(decision) <= time_of(move))) {
			print_decision(decision);
			d++;
		} else {
			print_move(move);
			m++;
		}
	}
}

/* @node: where it was at last. */
static void print_end(const json_t *ended, long long node)
{
	const char *cause = text(ended, "cause"), *error = text(ended, "error");

	if (!strcmp(cause, "host-lost")) { /* the signal is only how home ended what was left of it */
		(void)printf("it was lost with node %lld, on which it ran [host-lost]", node);
	} else {
		tool_print_text(stdout, cause, 0);
		if (json_object_get(ended, "signal"))
			(void)printf(" %lld", number(ended, "signal"));
		if (json_object_get(ended, "status"))
			(void)printf(" %lld", number(ended, "status"));
	}
	(void)putchar('\n');
	print_time(ended);
	tool_print_text(stdout, *error ? error : "ended", 0);
	(void)putchar('\n');
}

static void print_place(const json_t *o)
{
	const json_t *ended = json_object_get(o, "ended");

	(void)printf("%lld (", number(o, "pid"));
	tool_print_text(stdout, text(o, "comm"), 0);
	if (ended) {
		(void)fputs(") has ended: ", stdout);
		print_end(ended, number(o, "node"));
		return;
	}
	if (number(o, "node"))
		(void)printf(") runs at node %lld; its home is node %lld, here", number(o, "node"),
			     number(o, "home"));
	else
		(void)printf(") runs at home, node %lld", number(o, "home"));
	(void)printf("%s%s\n", is_true(o, "moving") ? "; it is on its way" : "",
		     strcmp(text(o, "lock"), "locked") ? "" : "; locked by its user");
}

static void print_how(const json_t *o)
{
	static const struct {
		const char *word, *line;
	} how[] = {
		{ "mosrun", "It was started with mosrun." },
		{ "child", "It descends from a program started with mosrun." },
		{ "adopted", "It was not started with mosrun; it was adopted." },
	};
	const char *word = text(o, "how");
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(how) && strcmp(word, how[i].word); i++)
		;
	(void)puts(i < ARRAY_SIZE(how) ? how[i].line
				       : "It was not started with mosrun; nobody has moved it.");
}

/* What the rules of mosd.conf say of it. */
static void print_adoption(const json_t *o)
{
	const char *said = text(o, "adoption");

	if (!json_object_get(o, "adoption"))
		return;
	(void)fputs("Rules of adoption: ", stdout);
	tool_print_text(stdout, said, 0);
	(void)puts(".");
}

static void print_counters(const json_t *c)
{
	char away[32], cpu[32];
	const json_t *v;
	const char *name;

	if (!c)
		return;
	(void)printf("Away for %s, %s of processor time; %lld calls sent home, %lld times home for "
		     "a call\n",
		     tool_time((double)number(c, "away_us"), away, sizeof(away)),
		     tool_time((double)number(c, "away_cpu_us"), cpu, sizeof(cpu)),
		     number(c, "forwarded"), number(c, "came_home"));
	json_object_foreach((json_t *)(uintptr_t)json_object_get(c, "calls"), name, v)
	{
		(void)fputs("  ", stdout);
		tool_print_text(stdout, name, 32);
		(void)printf(" %lld\n", (long long)json_integer_value(v));
	}
}

static void print_why(const json_t *o)
{
	const json_t *moves = json_object_get(o, "moves");
	const json_t *cannot = json_object_get(o, "cannot");
	const json_t *decisions = json_object_get(o, "decisions");
	const json_t *balance = json_object_get(o, "balance");
	long long count = number(o, "move_count"), kept = (long long)json_array_size(moves);

	print_place(o);
	print_how(o);
	print_adoption(o);
	if (kept)
		(void)printf("Moves:%s\n", count > kept ? " (the latest)" : "");
	print_history(moves, decisions);
	print_counters(json_object_get(o, "counters"));
	if (balance) {
		(void)fputs("Now it ", stdout);
		tool_print_text(stdout, text(balance, "text"), 0);
		(void)puts(".");
	}
	if (cannot) {
		(void)fputs("It cannot move: ", stdout);
		tool_print_text(stdout, text(cannot, "error"), 0);
		(void)fputs(" [", stdout);
		tool_print_text(stdout, text(cannot, "code"), 0);
		(void)puts("]");
	}
}

int mosctl_why(int argc, char **argv)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	const char *which = NULL;
	bool json = false;
	int status;
	long pid;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (which)
			return tool_usage("mosctl", "why takes one process, not also", argv[i]);
		else
			which = argv[i];
	}
	if (!which)
		return tool_usage("mosctl", "why: which process?", NULL);
	if (tool_number(which, 1, INT32_MAX, &pid) < 0)
		return tool_usage("mosctl", "no process number:", which);
	status = tool_ask("mosctl", json_pack("{sssI}", "op", "why", "pid", (json_int_t)pid), &o);
	if (status != TOOL_OK)
		return status;
	if (json)
		tool_print_json(o);
	else
		print_why(o);
	return TOOL_OK;
}
