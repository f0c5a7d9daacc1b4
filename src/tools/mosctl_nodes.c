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
#define NODE_UNREACHABLE (-101) /* -ENETUNREACH, which openMosix told of a node of which it knew nothing */

/* Return: the exit status; @ret_all, an array, is to be dropped in each case. */
static int ask_nodes(json_t **ret_all, uint32_t *ret_me)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *last = NULL;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_connect(&c, &e);

	if (r == 0)
		r = nodes_ask(&c, ret_all, &last, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	*ret_me = (uint32_t)tool_int(last, "node");
	return tool_answer_ok("mosctl", last, &status) ? TOOL_OK : status;
}

/* Return: the exit status; @ret is to be finished in each case. */
static int get_nodes(struct node_list *ret)
{
	CLEANUP(tool_drop) json_t *all = NULL;
	struct err e = ERR_INIT;
	uint32_t me;
	int r, status = ask_nodes(&all, &me);

	if (status != TOOL_OK)
		return status;
	r = node_list_read(all, me, ret);
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

/* The figure for which @verb asks, or NODE_NOT_TOLD. */
static int64_t figure(const struct node_row *row, const char *verb)
{
	int64_t v = NODE_NOT_TOLD;

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(verb, numbers[i].verb)) {
			memcpy(&v, (const char *)row + numbers[i].at, sizeof(v));
			return v < 0 ? NODE_NOT_TOLD : v / numbers[i].divide_by;
		}
	return v;
}

/* Why a number is not known, on standard error: scripts read the other one. */
static void tell_why_unknown(const struct node_row *row)
{
	if (row->state == NODE_UNKNOWN)
		(void)fprintf(stderr, "mosctl: nothing was heard of node %u yet\n", row->node);
	else if (!node_up(row))
		(void)fprintf(stderr, "mosctl: node %u %s\n", row->node,
			      row->state == NODE_LEFT ? "has left" : "is dead");
	else
		(void)fprintf(stderr, "mosctl: node %u does not tell that%s\n", row->node,
			      row->flags & NODE_QUIET ? " (quiet is on there)" : "");
}

int mosctl_get(int argc, char **argv)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	struct node_row row;
	int status = get_node(argc, argv, &l, &row);
	int64_t v = NODE_NOT_TOLD;

	if (status == TOOL_USAGE)
		return status;
	if (status == TOOL_OK && node_up(&row))
		v = figure(&row, argv[0]);
	if (status == TOOL_OK && v < 0) {
		tell_why_unknown(&row);
		status = TOOL_FAILED;
	}
	(void)printf("%lld\n", (long long)(v < 0 ? NODE_UNREACHABLE : v));
	return status;
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

/* A cell of the table. */
struct cell {
	char text[32];
};

/* What is not known is no number. */
static const char *plain(int64_t v, int64_t divide_by, const char *unit, struct cell *to)
{
	if (v < 0)
		return "-";
	(void)snprintf(to->text, sizeof(to->text), "%lld%s", (long long)(v / divide_by), unit);
	return to->text;
}

static const char *kib(int64_t v, struct cell *to)
{
	return v < 0 ? "-" : tool_bytes((double)v * 1024, to->text, sizeof(to->text));
}

static void print_row(const struct node_row *r)
{
	struct cell speed, cpus, load, util, memory, total, guests, away, rtt;
	char flags[64];

	(void)printf("%5u%c %-15s %-7s", r->node, r->me ? '*' : ' ', r->addr,
		     node_state_str(r->state));
	if (!node_up(r)) {
		(void)putchar('\n');
		return;
	}
	if (r->cpus < 0)
		(void)snprintf(cpus.text, sizeof(cpus.text), "-");
	else
		(void)snprintf(cpus.text, sizeof(cpus.text), "%.1f", (double)r->cpus / 1000);
	(void)printf(" %6s %5s %6s %5s %8s %8s %6s %5s %8s %s\n", plain(r->speed, 1, "", &speed),
		     cpus.text, plain(r->load, 1, "", &load),
		     plain(r->util, 10, "%", &util), kib(r->mem_free, &memory), kib(r->mem_total, &total),
		     plain(r->guests, 1, "", &guests), plain(r->away, 1, "", &away),
		     r->me || r->rtt_us < 1 ? "-" : tool_time((double)r->rtt_us, rtt.text, sizeof(rtt.text)),
		     node_flags_text(r->flags, ",", flags, sizeof(flags)));
}

static int nodes_json(void)
{
	CLEANUP(tool_drop) json_t *all = NULL;
	uint32_t me;
	int status = ask_nodes(&all, &me);

	if (status == TOOL_OK)
		tool_print_json(all);
	return status;
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
