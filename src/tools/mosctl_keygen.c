/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl keygen: makes the cluster's key. */
#include <stdio.h>

#include "node/paths.h"
#include "tools/client.h"
#include "tools/mosctl.h"
#include "wire/key.h"

int mosctl_keygen(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : MOS_KEY_PATH;
	struct err e = ERR_INIT;
	int r;

	if (argc > 2 || *path == '-')
		return tool_usage("mosctl", "keygen takes one file, not", argv[argc - 1]);
	r = key_generate(path, &e);
	if (r < 0) {
		(void)fprintf(stderr, "mosctl: %s\n", err_str(&e, r));
		return TOOL_FAILED;
	}
	(void)printf("%s made; copy it to every node, readable by root only\n", path);
	return TOOL_OK;
}
