/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/other_key.h"

#include <stdio.h>
#include <string.h>

#include "tools/client.h"

static void add_name(struct other_key *k, long long node)
{
	size_t len = strlen(k->names);

	if (len < sizeof(k->names) - 16)
		(void)snprintf(k->names + len, sizeof(k->names) - len, "%s%lld", len ? ", " : "", node);
}

bool other_key_look(const json_t *status, struct other_key *ret)
{
	const json_t *n;
	size_t i;

	*ret = (struct other_key){ .datagrams = tool_int(json_object_get(status, "datagrams"), "forged"),
				   .by_key = !strcmp(tool_text(status, "members"), "key") };
	json_array_foreach(json_object_get(status, "nodes"), i, n)
	{
		const char *state = tool_text(n, "state");

		if (json_is_true(json_object_get(n, "me")))
			continue;
		ret->heard += !strcmp(state, "alive") || !strcmp(state, "suspect");
		if (strcmp(state, "unknown") != 0)
			continue;
		ret->unheard++;
		add_name(ret, tool_int(n, "node"));
	}
	return ret->datagrams && (ret->unheard || (ret->by_key && !ret->heard));
}

void other_key_tell(const struct other_key *k, const struct conf *c)
{
	(void)printf("Warning: %lld datagram%s came sealed with another key than this node has: another machine has another "
		     "one.\n",
		     k->datagrams, k->datagrams == 1 ? "" : "s");
	if (k->unheard)
		(void)printf("  Not heard: node%s %s. ", k->unheard == 1 ? "" : "s", k->names);
	else
		(void)fputs("  No other node is heard. ", stdout);
	if (k->heard)
		(void)fputs("Those that are heard have the same key as this node. ", stdout);
	if (k->by_key)
		(void)puts("All need the same key. On the machine with the wrong one say `mosctl leave`,\n"
			   "  and then `mosctl join` with what `mosctl token` prints on a node with the right one.");
	else
		(void)printf("All need the same key. Copy %s of the machine with the right one\n"
			     "  to each that has another, as FILE; there remove %s, and say `mosctl setup --key "
			     "FILE`.\n",
			     c->key_file, c->key_file);
}
