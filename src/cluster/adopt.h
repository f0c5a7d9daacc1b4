/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules by which programs that were never under mosrun move by themselves too. Pure: text in, rules out, and
 * whether one fits a process. */
#ifndef MOS_CLUSTER_ADOPT_H
#define MOS_CLUSTER_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#define ADOPT_RULES_MAX	  16U
#define ADOPT_USER_MAX	  33U  /* a name's bytes with its NUL, as useradd(8) allows */
#define ADOPT_PROGRAM_MAX 128U
#define ADOPT_AGE_USUAL	  60U /* s */
#define ADOPT_AGE_MAX	  (366U * 86400U)

struct adopt_rule {
	char user[ADOPT_USER_MAX];	 /* a name or a number; empty: any but root */
	char program[ADOPT_PROGRAM_MAX]; /* a shell pattern; empty: any */
	uint32_t age;			 /* s: so long it must have lived */
	unsigned line;			 /* of the file that has the rule; 0: of none */
};

struct adopt_rules {
	struct adopt_rule rule[ADOPT_RULES_MAX];
	unsigned n;
};

/* What is known of a process. */
struct adopt_process {
	uint32_t uid;
	const char *user;	    /* its user's name, or NULL without one */
	const char *path, *comm; /* of the file that it executes; its own name, which scripts have */
	uint64_t age;		    /* s */
};

/* "user=NAME program=PATTERN age=SECONDS", in any order; what is left out holds for all.
 * Return: whether it is good and was added. */
bool adopt_add(struct adopt_rules *r, const char *text);
/* Return: the first rule that fits but for the age, or NULL; @ret_wait: how many seconds are still to go. */
const struct adopt_rule *adopt_find(const struct adopt_rules *r, const struct adopt_process *p,
				    uint64_t *ret_wait);

#endif
