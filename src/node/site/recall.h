/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node keeps of discovery: its number for good; until the machine ends, that nobody objected
 * to it, and what omdiscd said. */
#ifndef MOS_NODE_SITE_RECALL_H
#define MOS_NODE_SITE_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/conf.h"

#define RECALL_TEXT_MAX 160U

/* Return: 0: none is kept. */
uint32_t recall_number(void);
int recall_set_number(uint32_t node); /* 0 or -errno */
uint32_t recall_undisputed(void);
int recall_set_undisputed(uint32_t node);

/* Return: false if omdiscd said nothing; *@ret is left alone. */
bool recall_discover(struct conf_discover *ret);
/* NULL: it holds again what the configuration says. Return: 0 or -errno. */
int recall_set_discover(const struct conf_discover *c);

/* The form of the latter: "eth0 eth1" or "yes" or "no", a newline, the TTL, a newline. */
int recall_discover_parse(const char *text, struct conf_discover *ret); /* 0 or -EINVAL */
void recall_discover_text(const struct conf_discover *c, char to[static RECALL_TEXT_MAX]);

#endif
