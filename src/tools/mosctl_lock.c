/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl lock, unlock: whether one process may move by itself. */
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"

int mosctl_lock(int argc, char **argv)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	long pid;

	if (argc != 2)
		return tool_usage("mosctl", "lock and unlock take the number of one process", NULL);
	if (tool_number(argv[1], 1, INT32_MAX, &pid) < 0)
		return tool_usage("mosctl", "no process number:", argv[1]);
	return tool_ask("mosctl",
			json_pack("{sssIsb}", "op", "lock", "pid", (json_int_t)pid, "value", !strcmp(argv[0], "lock")),
			&o);
}
