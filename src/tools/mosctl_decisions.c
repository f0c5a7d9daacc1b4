/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl decisions: what this node decided by itself, and why. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"

static void print_decision(const json_t *o)
{
	long long from = tool_int(o, "from"), to = tool_int(o, "to");

	tool_print_when(stdout, json_number_value(json_object_get(o, "time")));
	(void)printf("  %lld (", tool_int(o, "pid"));
	tool_print_text(stdout, tool_text(o, "comm"), 0);
	if (to && to != from)
		(void)printf(") node %lld -> %lld  ", from, to);
	else
		(void)printf(") stays at node %lld  ", from);
	tool_print_text(stdout, tool_text(o, "reason"), 0);
	(void)fputs(": ", stdout);
	tool_print_text(stdout, tool_text(o, "text"), 0);
	(void)putchar('\n');
}

int mosctl_decisions(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	bool follow = false, json = false;
	struct err e = ERR_INIT;
	int r, status = TOOL_OK;
	unsigned n = 0;
	json_t *o;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-f"))
			follow = true;
		else if (!strcmp(argv[i], "--json"))
			json = true;
		else
			return tool_usage("mosctl", "decisions takes -f and --json, not", argv[i]);
	}
	r = client_connect(&c, &e);
	c.patient = follow;
	if (r == 0)
		r = client_send(&c, json_pack("{sssb}", "op", "decisions", "follow", follow), &e);
	while (r == 0 && (r = client_receive(&c, &o, &e)) > 0) {
		if (json) {
			(void)json_dumpf(o, stdout, JSON_COMPACT);
			(void)putchar('\n');
		} else {
			print_decision(o);
		}
		json_decref(o);
		n++;
		if (fflush(stdout) == EOF)
			return TOOL_FAILED;
		r = 0;
	}
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	if (tool_answer_ok("mosctl", o, &status)) {
		status = TOOL_OK;
		if (!n && !json)
			(void)fprintf(stderr, "mosctl: nothing is decided yet%s\n",
				      geteuid() ? " about processes of yours" : "");
	}
	json_decref(o);
	return status;
}
