/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which users the rules of adoption mean. */
#ifndef MOS_NODE_ADOPT_USERS_H
#define MOS_NODE_ADOPT_USERS_H

#include <jansson.h>

#include "cluster/adopt.h"

/* Puts the numbers of users in place of their names. May take long: whoever knows names may be on another
 * machine. Return: an array of sentences, one for each rule with a user that this machine does not know;
 * such a rule means nobody. @conf_path: the file that has the rules; NULL: the usual one. */
json_t *adopt_users_find(struct adopt_rules *r, const char *conf_path);

#endif
