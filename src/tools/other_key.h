/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether another machine that should be a node has another key, by what mosd counts, and what is to be done. */
#ifndef MOS_TOOLS_OTHER_KEY_H
#define MOS_TOOLS_OTHER_KEY_H

#include <jansson.h>
#include <stdbool.h>

#include "cluster/conf.h"

struct other_key {
	long long datagrams; /* that came, and were sealed with none of our keys */
	unsigned heard;	     /* other nodes */
	unsigned unheard;    /* since this mosd began */
	char names[96];	     /* of those, "2, 3": as many as have room */
	bool by_key;
};

/* @status: mosd's answer. Who is known and was heard has our key; so whoever has another is missing among them.
 * Return: whether there is anything to be told. */
bool other_key_look(const json_t *status, struct other_key *ret);
/* On standard output; the key is that of @c. */
void other_key_tell(const struct other_key *k, const struct conf *c);

#endif
