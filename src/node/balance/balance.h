/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds the policy each second with what this node knows, and carries out what it decides about this
 * node's own processes, wherever they are. */
#ifndef MOS_NODE_BALANCE_BALANCE_H
#define MOS_NODE_BALANCE_BALANCE_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/ask/control.h"
#include "node/node.h"
#include "node/process/migrants.h"
#include "node/process/proc.h"
#include "policy/policy.h"

struct balance;

/* Return: 0 or -ENOMEM. A node that is alone has one too, which decides nothing. */
int balance_create(struct mosd *d, struct balance **ret, struct err *e);
void balance_destroy(struct balance *b); /* takes NULL */

/* A move that a person ordered has begun; one of any kind has ended (@result: 0 or -errno). */
void balance_sent(struct mosd *d, const struct migrant *m, uint32_t to);
void balance_ended(struct mosd *d, const struct migrant *m, int result);

/* May a guest come here? Return: 0, or -errno with a word and a line. */
int balance_admit(struct mosd *d, const struct policy_arrival *a, struct err *e);
/* Whether memory is short here: enum info_flag INFO_PRESSED, or 0. */
unsigned balance_flags(const struct mosd *d);

/* Where a program that is about to begin at home should begin: NODE_ID_NONE or our own number for
 * home. A place away counts as a move that has begun; the end of that move is told as always. */
node_id balance_place(struct mosd *d, const struct migrant *m, bool best);

/* What came of the process when it was last looked at; NULL if it was not, or was at another place then. @m:
 * its migrant, or NULL. */
json_t *balance_why(const struct mosd *d, const struct proc_id *id, const struct migrant *m);
/* The decisions about @pid that are kept, an array. */
json_t *balance_decided(const struct mosd *d, pid_t pid);
/* Answers @a with the latest decisions. */
void balance_tell(struct ask *a, bool follow);

#endif
