/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mps: lists migrants as ps does, with the node where each one runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"

static const char help[] = "Usage: mps [-a] [-w] [--json]\n"
			   "Lists the processes that may move: those started with mosrun, their "
			   "descendants, those\n"
			   "that migrate moved, and those that mosd.conf adopts. NODE is where one runs: 0 is here,\n"
			   "its home.\n"
			   "\n"
			   "  -a          those of all users (root)\n"
			   "  -w          do not cut lines at the width of the terminal\n"
			   "  --json      an array of JSON objects with all that is known\n"
			   "  --help      this text\n"
			   "  --version   the version\n"
			   "\n"
			   "Exit status: 0 listed, 1 failed, 2 wrong use, 3 no mosd. See mps(1).\n";

struct options {
	bool all, wide, json;
};

static int parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "-a"))
			o->all = true;
		else if (!strcmp(argv[i], "-w"))
			o->wide = true;
		else if (!strcmp(argv[i], "-aw") || !strcmp(argv[i], "-wa"))
			o->all = o->wide = true;
		else
			return tool_usage("mps", "what is", argv[i]);
	}
	return 0;
}

static int width(const struct options *o)
{
	struct winsize w;

	if (o->wide || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 40)
		return 0;
	return w.ws_col;
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "?";
}

static json_int_t number(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static void print_line(const json_t *o, int cols)
{
	json_int_t cpu = (number(o, "cpu_us") + number(o, "away_cpu_us")) / 1000000;
	char state[4], line[96];
	int n;

	/* '>' on its way, 'L' locked, as ps marks such things */
	(void)snprintf(state, sizeof(state), "%.1s%s%s", text(o, "state"),
		       !strcmp(text(o, "lock"), "locked") ? "L" : "",
		       json_is_true(json_object_get(o, "moving")) ? ">" : "");
	n = snprintf(line, sizeof(line), "%7lld %-8.8s %4lld %-4s %2lld:%02lld ",
		     (long long)number(o, "pid"), text(o, "tty"), (long long)number(o, "node"),
		     state, (long long)cpu / 60, (long long)cpu % 60);
	(void)fputs(line, stdout);
	tool_print_text(stdout, text(o, "args"), cols ? MAX(cols - n, 8) : 0);
	(void)putchar('\n');
}

static int by_pid(const void *a, const void *b)
{
	json_int_t x = number(*(json_t *const *)a, "pid"), y = number(*(json_t *const *)b, "pid");

	return (x > y) - (x < y);
}

static void print_all(json_t *list, const struct options *o)
{
	static json_t *sorted[65536];
	size_t n = MIN(json_array_size(list), ARRAY_SIZE(sorted));

	if (o->json) {
		(void)json_dumpf(list, stdout, JSON_INDENT(1));
		(void)putchar('\n');
		return;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(list, i);
	qsort(sorted, n, sizeof(*sorted), by_pid);
	(void)printf("%7s %-8s %4s %-4s %5s %s\n", "PID", "TTY", "NODE", "STAT", "TIME", "COMMAND");
	for (size_t i = 0; i < n; i++)
		print_line(sorted[i], width(o));
}

int main(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *list = json_array();
	CLEANUP(tool_drop) json_t *last = NULL;
	struct options o = { 0 };
	struct err e = ERR_INIT;
	int r, status = 0;

	if (tool_help(argc, argv, "mps", help))
		return 0;
	r = parse(argc, argv, &o);
	if (r)
		return r;
	r = client_connect(&c, &e);
	if (r == 0)
		r = client_send(&c, json_pack("{sssb}", "op", "ps", "all", o.all), &e);
	while (r == 0) {
		json_t *p;

		r = client_receive(&c, &p, &e);
		if (r == 0) {
			last = p;
			break;
		}
		if (r > 0) {
			(void)json_array_append_new(list, p);
			r = 0;
		}
	}
	if (r < 0)
		return tool_no_answer("mps", &e, r);
	if (!tool_answer_ok("mps", last, &status))
		return status;
	print_all(list, &o);
	return TOOL_OK;
}
