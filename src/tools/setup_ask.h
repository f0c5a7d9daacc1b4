/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions of `mosctl setup`, with their defaults; or, where nobody is there to answer, the defaults and what
 * options said. */
#ifndef MOS_TOOLS_SETUP_ASK_H
#define MOS_TOOLS_SETUP_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct question {
	const char *name; /* of the option that answers it, "--node" */
	const char *text, *usual;
	/* Return: 0, or -EINVAL with what is wrong in @e. NULL: anything but nothing is good. */
	int (*check)(const char *answer, void *ctx, struct err *e);
	void *ctx;
	const char *missing; /* what to give, where nothing is said and nothing is usual; or NULL */
};

/* @said is what an option says, or NULL: then a person is asked, if @unattended does not forbid it; until the
 * answer is good. Return: 0 and the answer in @to; -EINVAL: the option's or the usual answer is not good, or there is
 * nobody to ask; -ECANCELED: end of file. @e tells. */
int setup_ask(const struct question *q, const char *said, bool unattended, char *to, size_t size,
	      struct err *e);

#endif
