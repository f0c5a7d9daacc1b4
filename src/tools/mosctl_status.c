/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl status: shows the node. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "tools/mosctl.h"
#include "tools/other_key.h"

static long long number(const json_t *o, const char *name)
{
	return (long long)json_integer_value(json_object_get(o, name));
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "?";
}

static void print_guests(const json_t *guests)
{
	const json_t *g;
	size_t i;

	json_array_foreach(guests, i, g)
	{
		(void)printf("  guest from node %lld: process %lld (", number(g, "home"),
			     number(g, "pid"));
		tool_print_text(stdout, text(g, "comm"), 0);
		(void)printf("), %s, body %lld, slot %lld\n", text(g, "state"), number(g, "body"),
			     number(g, "slot"));
	}
}

/* @set: the administrator says it. */
static void print_self(const json_t *s, bool set)
{
	long long measured = number(s, "speed_measured");

	if (!s)
		return;
	(void)printf("Speed %lld", number(s, "speed"));
	if (set && measured)
		(void)printf(" (measured: %lld)", measured);
	(void)printf(", %.2f processors, load %lld, %lld%% used\n", (double)number(s, "cpus") / 1000,
		     number(s, "load"), number(s, "util") / 10);
	(void)printf("Memory %lld MiB, %lld MiB free\n", number(s, "mem_total") / 1024,
		     number(s, "mem_free") / 1024);
}

/* The levers that are set, so that nobody wonders why nothing moves. */
static void print_levers(const json_t *o)
{
	const json_t *flags = json_object_get(o, "flags"), *f;
	long long speed = number(o, "speed_set");
	size_t i;

	(void)fputs("Set here: ", stdout);
	json_array_foreach(flags, i, f)
	{
		(void)fputs(i ? ", " : "", stdout);
		tool_print_text(stdout, json_is_string(f) ? json_string_value(f) : "?", 0);
	}
	if (speed)
		(void)printf("%sspeed %lld", json_array_size(flags) ? ", " : "", speed);
	(void)puts(json_array_size(flags) || speed ? "" : "nothing");
}

static void print_discovery(const json_t *d)
{
	const json_t *links = json_object_get(d, "links"), *l;
	size_t i;

	if (!d)
		return;
	(void)fputs("Discovers nodes on", stdout);
	json_array_foreach(links, i, l)
	{
		(void)fputs(i ? ", " : " ", stdout);
		tool_print_text(stdout, text(l, "name"), 0);
		(void)printf(" (%s)", text(l, "addr"));
	}
	if (!json_array_size(links))
		(void)fputs(" no interface yet", stdout);
	if (!json_is_true(json_object_get(d, "claimed")) && number(d, "number"))
		(void)printf("; asks whether number %lld is free", number(d, "number"));
	(void)putchar('\n');
}

static void print_nodes(const json_t *nodes)
{
	const json_t *n;
	size_t i;

	json_array_foreach(nodes, i, n)
	{
		const char *state = json_string_value(json_object_get(n, "state"));
		bool me = json_is_true(json_object_get(n, "me"));

		(void)printf("  node %lld  %s  %s\n", number(n, "node"), text(n, "addr"),
			     me	     ? "(this one)"
			     : state ? state
				     : "");
	}
}

/* A number that nobody else knows is no number: whoever is alone is told nothing but why. */
static void print_place(const json_t *o)
{
	bool networked = json_is_true(json_object_get(o, "networked"));

	if (networked)
		(void)printf("This is umosix node %lld (mosd %s, process %lld)\n", number(o, "node"),
			     text(o, "version"), number(o, "pid"));
	else {
		(void)printf("This machine is alone (mosd %s, process %lld): ", text(o, "version"), number(o, "pid"));
		tool_print_text(stdout, text(o, "alone_because"), 0);
		(void)putchar('\n');
	}
	if (networked && !*text(o, "map"))
		(void)printf("Members are who has the key; TCP port %lld:\n", number(o, "port"));
	else if (networked)
		(void)printf("Map %s, TCP port %lld:\n", text(o, "map"), number(o, "port"));
	else if (*text(o, "map"))
		(void)printf("Map %s names:\n", text(o, "map"));
	else
		return;
	print_nodes(json_object_get(o, "nodes"));
}

/* The configuration says where the key is; where it can not be read, that is where it usually is. */
static void print_other_key(const json_t *o)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	struct other_key k;

	if (!other_key_look(o, &k))
		return;
	(void)member_files_look(&f, NULL);
	other_key_tell(&k, &f.conf);
}

static void print_status(const json_t *o)
{
	const json_t *warnings = json_object_get(o, "warnings"), *w;
	size_t i;

	print_place(o);
	print_discovery(json_object_get(o, "discovery"));
	print_self(json_object_get(o, "self"), number(o, "speed_set"));
	print_levers(o);
	(void)printf("Processes away: %lld, on their way: %lld\n", number(o, "away"),
		     number(o, "moving"));
	(void)printf("Guests here: %lld of at most %lld%s\n", number(o, "guest_count"),
		     number(o, "guests_max"),
		     json_is_true(json_object_get(o, "block")) ? ", new ones are refused" : "");
	print_guests(json_object_get(o, "guests"));
	json_array_foreach(warnings, i, w)
	{
		(void)fputs("Warning: ", stdout);
		tool_print_text(stdout, json_is_string(w) ? json_string_value(w) : "?", 0);
		(void)putchar('\n');
	}
	print_other_key(o);
}

int mosctl_status(int argc, char **argv)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	int status;

	if (argc == 2 && argv[1][0] >= '0' && argv[1][0] <= '9')
		return mosctl_node_status(argc, argv);
	if (argc > 1 && !json)
		return tool_usage("mosctl", "status takes a node or --json, not", argv[argc - 1]);
	status = tool_ask("mosctl", json_pack("{ss}", "op", "status"), &o);
	if (status != TOOL_OK)
		return status;
	if (json)
		tool_print_json(o);
	else
		print_status(o);
	return TOOL_OK;
}
