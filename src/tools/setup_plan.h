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

/* What to give for --host and --token. */
extern const char setup_host_missing[], setup_token_missing[];

/* What options said; NULL: nothing. */
struct setup_said {
	const char *way, *node, *address, *interface, *port, *host, *token, *nodes, *map, *key, *discover;
	bool unattended, no_start, json;
};

struct setup_plan {
	enum setup_way way;
	uint32_t node; /* 0: claimed, or given */
	uint16_t port;
	char address[NODE_ADDR_TEXT];
	char discover[256]; /* SETUP_NEW, SETUP_KEY: of the configuration */
	char host[256], token[64]; /* SETUP_TOKEN */
	char *map;		   /* SETUP_MAP: the text to be written; NULL: the one that is there */
	char key[CONF_PATH_MAX];   /* of the cluster, to be copied or kept; empty: one is made */
};

/* Whether what was said is for one of @ways, which are bits by enum setup_way; @with is what limits it to them, such
 * as "with --way map". Return: 0 or -EINVAL. */
int setup_said_check(const struct setup_said *s, unsigned ways, const char *with, struct err *e);
/* Asks what must be known. Nothing is changed. Return: 0, -EINVAL, -ECANCELED; setup_plan_finish is due in all
 * cases. */
int setup_make_plan(const struct member_files *f, const struct setup_said *said, struct setup_plan *ret,
		    struct err *e);
void setup_plan_finish(struct setup_plan *p);

#endif
