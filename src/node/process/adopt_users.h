/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which users the rules of adoption mean, and which rules mean nobody. */
#ifndef MOS_NODE_PROCESS_ADOPT_USERS_H
#define MOS_NODE_PROCESS_ADOPT_USERS_H

#include <jansson.h>

#include "cluster/adopt.h"

/* Puts the numbers of users in place of their names. May take long: whoever knows names may be on another
 * machine. Return: an array of sentences, one for each rule that means nobody: its user is root or not known
 * here, or no path can fit its pattern. @conf_path: the file that has the rules; NULL: the usual one. */
json_t *adopt_users_find(struct adopt_rules *r, const char *conf_path);

#endif
