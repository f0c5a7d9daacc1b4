/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which answers to the questions of `mosctl setup` can be right. Each returns 0, or -EINVAL with what is wrong,
 * or what can be said, in @e. */
#ifndef MOS_TOOLS_SETUP_CHECK_H
#define MOS_TOOLS_SETUP_CHECK_H

#include "base/err.h"

int check_way(const char *answer, void *ctx, struct err *e);
int check_number(const char *answer, void *ctx, struct err *e); /* of a node */
int check_port(const char *answer, void *ctx, struct err *e);
int check_host(const char *answer, void *ctx, struct err *e); /* a name that has an address, or an address */
int check_address(const char *answer, void *ctx, struct err *e); /* or interface */
int check_token(const char *answer, void *ctx, struct err *e);
int check_key(const char *answer, void *ctx, struct err *e); /* with @ctx "new" is good, too */
int check_discover(const char *answer, void *ctx, struct err *e);
/* Addresses, in the order of the nodes' numbers; @ctx: char **, which becomes a map, to be freed. */
int check_nodes(const char *answer, void *ctx, struct err *e);
int check_map(const char *answer, void *ctx, struct err *e); /* a file with one; as check_nodes */
int check_nodes_or_map(const char *answer, void *ctx, struct err *e);

#endif
