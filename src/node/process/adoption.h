/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adopts processes that a rule of the configuration means: they get a record, as one that its owner has moved
 * by `migrate`, and from then on balance looks at them. */
#ifndef MOS_NODE_PROCESS_ADOPTION_H
#define MOS_NODE_PROCESS_ADOPTION_H

#include <jansson.h>

#include "node/node.h"
#include "node/process/migrants.h"

struct adoption;

/* Return: NULL without memory. Without a rule nothing is ever looked at. */
struct adoption *adoption_create(struct mosd *d);
void adoption_destroy(struct adoption *a); /* takes NULL */
/* Sentences about rules that mean nobody: a new reference to an array. */
json_t *adoption_warnings(const struct mosd *d);
/* What the rules say of a process, as a sentence; NULL when there are none. */
json_t *adoption_why(struct mosd *d, const struct proc_id *id, const struct migrant *m);

#endif
