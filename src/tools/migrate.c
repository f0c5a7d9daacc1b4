/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate: asks mosd to move one process, and tells how it went. */
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"
#include "tools/client.h"

static const char help[] =
	"Usage: migrate [-n] [-q] PID {NODE | home | balance}\n"
	"Moves a running process of yours to another node of the cluster, or home; `balance` unlocks\n"
	"it, so that the cluster chooses.\n"
	"\n"
	"  -n          do not wait until it is there\n"
	"  -q          print nothing when it went well\n"
	"  --help      this text\n"
	"  --version   the version\n"
	"\n"
	"Exit status: 0 it is there, 1 it could not move, 2 wrong use, 3 no mosd, 4 no such "
	"process,\n"
	"5 not yours. See migrate(1).\n";

struct options {
	bool no_wait, quiet;
	const char *arg[2]; /* the process, the node */
};

static int parse(int argc, char **argv, struct options *o)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (*a != '-' || !a[1]) {
			if (n == ARRAY_SIZE(o->arg))
				return tool_usage("migrate", "one argument too many:", a);
			o->arg[n++] = a;
			continue;
		}
		for (a++; *a; a++) {
			if (*a == 'n')
				o->no_wait = true;
			else if (*a == 'q')
				o->quiet = true;
			else
				return tool_usage("migrate", "unknown option", argv[i]);
		}
	}
	if (n < ARRAY_SIZE(o->arg))
		return tool_usage("migrate", n ? "where to?" : "which process?", NULL);
	return 0;
}

static double number(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static void print_move(const json_t *o, long pid)
{
	char bytes[32], total[32], freeze[32];
	double from = number(o, "from"), to = number(o, "to"), home = number(o, "home");

	if (json_object_get(o, "lock"))
		(void)printf("%ld: the cluster chooses where it runs\n", pid);
	else if (json_is_true(json_object_get(o, "filed")))
		(void)printf("%ld: asked to move\n", pid);
	else if (json_is_true(json_object_get(o, "already")))
		(void)printf("%ld: is at node %.0f%s already\n", pid, to,
			     to == home ? ", its home," : "");
	else
		(void)printf("%ld: node %.0f -> %.0f, %s in %s, stood still for %s\n", pid, from,
			     to, tool_bytes(number(o, "bytes"), bytes, sizeof(bytes)),
			     tool_time(number(o, "total_us"), total, sizeof(total)),
			     tool_time(number(o, "freeze_us"), freeze, sizeof(freeze)));
}

/* The end of a line. What can be done about each word stands in the page; "failed" says nothing. */
static void print_reason(const json_t *o)
{
	const char *code = tool_text(o, "code");

	tool_print_text(stderr, tool_text(o, "error"), 0);
	if (strcmp(code, "failed") != 0) {
		(void)fputs(" [", stderr);
		tool_print_text(stderr, code, 0);
		(void)fputs(", see umosix-reasons(7)]", stderr);
	}
	(void)fputc('\n', stderr);
}

/* A move that was not even tried has no node where it began. Return: the exit status. */
static int print_failure(const json_t *o, long pid)
{
	(void)fputs("migrate: ", stderr);
	if (json_object_get(o, "from"))
		(void)fprintf(stderr, "%ld did not %s: ", pid,
			      number(o, "to") == number(o, "home") ? "come home" : "move");
	print_reason(o);
	return json_object_get(o, "from") ? TOOL_FAILED : tool_refusal(o);
}

int main(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = NULL;
	struct options opt = { 0 };
	struct err e = ERR_INIT;
	long pid, node = 0;
	int r;

	if (tool_help(argc, argv, "migrate", help))
		return 0;
	r = parse(argc, argv, &opt);
	if (r)
		return r;
	if (tool_number(opt.arg[0], 1, INT32_MAX, &pid) < 0)
		return tool_usage("migrate", "no process number:", opt.arg[0]);
	if (!strcmp(opt.arg[1], "0")) /* as mps shows it, and openMosix's goto took it */
		opt.arg[1] = "home";
	if (strcmp(opt.arg[1], "home") != 0 && strcmp(opt.arg[1], "balance") != 0 &&
	    tool_number(opt.arg[1], 1, (long)NODE_ID_MAX, &node) < 0)
		return tool_usage("migrate", "no node's number, \"home\" or \"balance\":", opt.arg[1]);
	r = client_connect(&c, &e);
	c.patient = true; /* much memory may have to travel */
	if (r == 0)
		r = client_ask(&c,
			       json_pack("{sssIsosb}", "op", "migrate", "pid", (json_int_t)pid,
					 "to", node ? json_integer(node) : json_string(opt.arg[1]),
					 "wait", !opt.no_wait),
			       &o, &e);
	if (r < 0)
		return tool_no_answer("migrate", &e, r);
	if (!json_is_true(json_object_get(o, "ok")))
		return print_failure(o, pid);
	if (!opt.quiet)
		print_move(o, pid);
	return TOOL_OK;
}
