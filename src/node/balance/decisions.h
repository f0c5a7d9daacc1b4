/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this node decided by itself: the latest decisions, for whoever asks why, and for those that
 * follow them. */
#ifndef MOS_NODE_BALANCE_DECISIONS_H
#define MOS_NODE_BALANCE_DECISIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "node/ask/control.h"
#include "node/node.h"
#include "policy/policy.h"

#define DECISIONS_KEPT	256U
#define FOLLOWERS_MAX	32U

struct decisions;

struct decisions *decisions_create(void);
/* Answers those that follow. Takes NULL. */
void decisions_destroy(struct decisions *v);
/* Notes one, about the process @pid of user @uid; tells it to the followers who may know. */
void decisions_note(struct decisions *v, pid_t pid, uid_t uid, const char *comm,
		    const struct policy_decision *d);
/* Once a second: forgets followers that hung up. */
void decisions_sweep(struct decisions *v);
/* Answers @a with those that its caller may see, and with @follow goes on until it hangs up. */
void decisions_tell(struct decisions *v, struct ask *a, bool follow);
/* Those about process @pid that are kept, oldest first. */
json_t *decisions_of(const struct decisions *v, pid_t pid);
/* The figures and the sentence of one. */
json_t *decision_json(const struct policy_decision *d);

#endif
