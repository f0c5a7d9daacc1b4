/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mosctl setup` is to make of a machine. */
#ifndef MOS_TOOLS_SETUP_PLAN_H
#define MOS_TOOLS_SETUP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tools/member_files.h"

enum setup_way { SETUP_NEW, SETUP_TOKEN, SETUP_KEY, SETUP_MAP, SETUP_WAY_COUNT_ };

extern const char *const setup_ways[SETUP_WAY_COUNT_]; /* "new", "token", "key", "map" */

/* What options said; NULL: nothing. */
struct setup_said {
	const char *way, *node, *address, *port, *host, *token, *nodes, *key, *discover;
	bool unattended, no_start;
};

struct setup_plan {
	enum setup_way way;
	uint32_t node;
	uint16_t port;
	char address[NODE_ADDR_TEXT];
	char discover[256]; /* SETUP_NEW, SETUP_KEY: of the configuration */
	char host[256], token[64]; /* SETUP_TOKEN */
	char map[4096];		   /* SETUP_MAP: the text to be written; empty: the one that is there */
	char key[CONF_PATH_MAX];   /* of the cluster, to be copied; empty: one is made */
};

/* Asks what must be known. Nothing is changed. Return: 0, -EINVAL, -ECANCELED. */
int setup_make_plan(const struct member_files *f, const struct setup_said *said, struct setup_plan *ret,
		    struct err *e);

#endif
