/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl lock, unlock: whether one process may move by itself. */
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"

int mosctl_lock(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = NULL;
	struct err e = ERR_INIT;
	int r, status = TOOL_OK;
	long pid;

	if (argc != 2)
		return tool_usage("mosctl", "lock and unlock take the number of one process", NULL);
	if (tool_number(argv[1], 1, INT32_MAX, &pid) < 0)
		return tool_usage("mosctl", "no process number:", argv[1]);
	r = client_connect(&c, &e);
	if (r == 0)
		r = client_ask(&c,
			       json_pack("{sssIsb}", "op", "lock", "pid", (json_int_t)pid, "value",
					 !strcmp(argv[0], "lock")),
			       &o, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	return tool_answer_ok("mosctl", o, &status) ? TOOL_OK : status;
}
