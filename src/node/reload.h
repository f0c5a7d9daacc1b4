/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosd begins anew, as the files say now, without ending: asked by root or by SIGHUP. */
#ifndef MOS_NODE_RELOAD_H
#define MOS_NODE_RELOAD_H

#include <jansson.h>

#include "base/err.h"
#include "node/ask/control.h"
#include "node/node.h"

/* Reads all files as a start would. If they are good, the loop ends and reload_exec is due; what was
 * answered by then still goes out. Return: 0, or -errno: nothing is changed. */
int reload_begin(struct mosd *d, struct err *e);
/* The same for an administrator, who wants to know: what the files name and this machine has not is an error here.
 * @ret_warnings may be NULL: what is not wrong, but may not do what was meant, as an array of sentences. */
int reload_asked(struct mosd *d, json_t **ret_warnings, struct err *e);
/* Runs mosd in the place of this one, whose parts are destroyed. Supervisors report to it as after
 * a restart. Returns only if that fails: -errno. */
int reload_exec(char **argv, struct err *e);
/* Whether this mosd was begun by reload_exec. Says so once. */
bool reload_was(void);
/* {"op":"reload"}: root only. */
void op_reload(struct ask *a, const json_t *o);

#endif
