/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl getload, isup, whois, nodes ...: what is known of the nodes. The numbers stand alone, as
 * scripts of old expect. */
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"
#include "tools/nodes.h"

#define PAGE_KIB	 4    /* memory was told in pages of 4096 bytes */
#define NODE_UNREACHABLE (-101) /* -ENETUNREACH, which openMosix told of a node that is down */

/* Return: the exit status; @ret is to be finished in each case. */
static int get_nodes(struct node_list *ret)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *all = NULL;
	CLEANUP(tool_drop) json_t *last = NULL;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_connect(&c, &e);

	if (r == 0)
		r = nodes_ask(&c, &all, &last, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	if (!tool_answer_ok("mosctl", last, &status))
		return status;
	r = node_list_read(all, (uint32_t)tool_int(last, "node"), ret);
	return r < 0 ? tool_no_answer("mosctl", &e, r) : TOOL_OK;
}

/* The node that the only argument names, this one without argument. Return: the exit status. */
static int get_node(int argc, char **argv, struct node_list *l, struct node_row *ret)
{
	const struct node_row *r;
	long node = 0;
	int status;

	if (argc > 2)
		return tool_usage("mosctl", "one argument too many:", argv[2]);
	if (argc > 1 && tool_number(argv[1], 1, (long)NODE_ID_MAX, &node) < 0)
		return tool_usage("mosctl", "no number of a node:", argv[1]);
	status = get_nodes(l);
	if (status != TOOL_OK)
		return status;
	r = node_list_find(l, node ? (uint32_t)node : l->me);
	if (!r) {
		(void)fprintf(stderr, "mosctl: there is no node %ld\n", node ? node : (long)l->me);
		return TOOL_FAILED;
	}
	*ret = *r;
	return TOOL_OK;
}

static const struct {
	const char *verb;
	size_t at;
	int64_t divide_by;
} numbers[] = {
	{ "getload", offsetof(struct node_row, load), 1 },
	{ "getspeed", offsetof(struct node_row, speed), 1 },
	{ "getutil", offsetof(struct node_row, util), 10 },
	{ "getmem", offsetof(struct node_row, mem_free), PAGE_KIB },
	{ "getfree", offsetof(struct node_row, mem_raw), PAGE_KIB },
};

int mosctl_get(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	struct node_row row;
	int status = get_node(argc, argv, &l, &row);

	if (status != TOOL_OK)
		return status;
	if (!node_up(&row)) {
		(void)printf("%d\n", NODE_UNREACHABLE);
		return TOOL_FAILED;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t v;

		if (strcmp(argv[0], numbers[i].verb) != 0)
			continue;
		memcpy(&v, (const char *)&row + numbers[i].at, sizeof(v));
		(void)printf("%lld\n", (long long)(v / numbers[i].divide_by));
	}
	return TOOL_OK;
}

int mosctl_isup(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	struct node_row row = { 0 };
	int status = get_node(argc, argv, &l, &row);

	if (status == TOOL_USAGE)
		return status;
	(void)puts(status == TOOL_OK && node_up(&row) ? "yes" : "no");
	return status == TOOL_OK && !node_up(&row) ? TOOL_FAILED : status;
}

int mosctl_node_status(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	struct node_row row;
	char flags[64];
	int status = get_node(argc, argv, &l, &row);

	if (status != TOOL_OK)
		return status;
	(void)printf("Node %u (%s) %s %s%s%s\n", row.node, row.addr, row.state == NODE_LEFT ? "has" : "is",
		     node_state_str(row.state), row.flags ? ": " : "",
		     node_flags_text(row.flags, ", ", flags, sizeof(flags)));
	return TOOL_OK;
}

/* @why: a host's name has no address. */
static void tell_absent(const char *what, bool number, const char *why)
{
	(void)fputs(number ? "mosctl: there is no node " : "mosctl: ", stderr);
	tool_print_text(stderr, what, 0);
	if (why)
		(void)fprintf(stderr, " is no address, and no name that this machine can resolve: %s", why);
	else if (!number)
		(void)fputs(" is no node of this cluster (`mosctl nodes` shows them)", stderr);
	(void)fputc('\n', stderr);
}

int mosctl_whois(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	const struct node_row *row;
	const char *why = NULL;
	bool number;
	long node;
	int status;

	if (argc > 2)
		return tool_usage("mosctl", "one argument too many:", argv[2]);
	status = get_nodes(&l);
	if (status != TOOL_OK)
		return status;
	if (argc < 2) {
		(void)printf("%u\n", l.me);
		return TOOL_OK;
	}
	number = tool_number(argv[1], 1, (long)NODE_ID_MAX, &node) == 0;
	if (number) {
		row = node_list_find(&l, (uint32_t)node);
		if (row)
			(void)puts(row->addr);
	} else {
		row = node_list_host(&l, argv[1], &why);
		if (row)
			(void)printf("%u\n", row->node);
	}
	if (row)
		return TOOL_OK;
	tell_absent(argv[1], number, why);
	return TOOL_FAILED;
}

static const char *kib(int64_t v, char *to, size_t size)
{
	return tool_bytes((double)v * 1024, to, size);
}

static void print_row(const struct node_row *r)
{
	char memory[32], total[32], rtt[32], flags[64];

	(void)printf("%5u%c %-15s %-7s", r->node, r->me ? '*' : ' ', r->addr,
		     node_state_str(r->state));
	if (!node_up(r)) {
		(void)putchar('\n');
		return;
	}
	(void)printf(" %6lld %5.1f %6lld %4lld%% %8s %8s %6lld %5lld %8s %s\n", (long long)r->speed,
		     (double)r->cpus / 1000, (long long)r->load, (long long)r->util / 10,
		     kib(r->mem_free, memory, sizeof(memory)),
		     kib(r->mem_total, total, sizeof(total)), (long long)r->guests,
		     (long long)r->away,
		     r->me || !r->rtt_us ? "-" : tool_time((double)r->rtt_us, rtt, sizeof(rtt)),
		     node_flags_text(r->flags, ",", flags, sizeof(flags)));
}

static int nodes_json(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *all = NULL;
	CLEANUP(tool_drop) json_t *last = NULL;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_connect(&c, &e);

	if (r == 0)
		r = nodes_ask(&c, &all, &last, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	if (!tool_answer_ok("mosctl", last, &status))
		return status;
	(void)json_dumpf(all, stdout, JSON_INDENT(1));
	(void)putchar('\n');
	return TOOL_OK;
}

int mosctl_nodes(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	int status;

	if (argc > 1 && !json)
		return tool_usage("mosctl", "nodes takes only --json, not", argv[argc - 1]);
	if (json)
		return nodes_json();
	status = get_nodes(&l);
	if (status != TOOL_OK)
		return status;
	(void)printf("%5s  %-15s %-7s %6s %5s %6s %5s %8s %8s %6s %5s %8s %s\n", "NODE", "ADDRESS",
		     "STATE", "SPEED", "CPUS", "LOAD", "UTIL", "FREE", "MEMORY", "GUESTS", "AWAY",
		     "RTT", "FLAGS");
	for (size_t i = 0; i < l.n; i++)
		print_row(&l.rows[i]);
	return TOOL_OK;
}
