/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine that is a node already: what `mosctl setup` was told is compared with what is. */
#ifndef MOS_TOOLS_SETUP_KEEP_H
#define MOS_TOOLS_SETUP_KEEP_H

#include <stdbool.h>

#include "base/err.h"
#include "node/site/site.h"
#include "tools/member_files.h"
#include "tools/setup_plan.h"

/* Whether @s is a node, or becomes one as soon as discovery has found it a number and an address. */
bool setup_stands(const struct site *s);
/* Writes what was said otherwise and can be changed on a node: port, discovery, address. The rest must be as it
 * is. Return: 0; -EINVAL, with what is otherwise and what to do; other -errno. */
int setup_keep(const struct member_files *f, const struct site *site, const struct setup_said *said, struct err *e);
/* Whether @said, a file or "new" or NULL, is the key that is there. Return: 0 or -EINVAL. */
int setup_keep_key(const struct member_files *f, const char *said, struct err *e);
/* Whether the map in @text, of the file @path, is the one that was said, if any was. Return: 0 or -EINVAL. */
int setup_keep_map(const struct setup_said *said, const char *path, const char *text, struct err *e);

#endif
