/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map that parses is consistent: every node has an address that leads back to it. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "cluster/map.h"

#define RUNS 60000

static const char *const words[] = {
	"1",	 "2",	     "3",	  "65535", "65536", " ",	  " ",	 " ",	  "\n",
	"\n",	 " 1\n",     " 10\n",	  "#",	   "ALIAS", " alias\n",	  "0",	 "-",	  "\t",
	"host",  "10.0.0.1 ", "10.0.0.4 ", "fd00::", "::ffff:10.0.0.2 ", "255.255.255.250 ",
	"\n4 10.9.0.0 5\n", "\n9 fd00::9 3\n", "\n20 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc 4\n",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int resolve(void *ctx, const char *name, struct node_addr *ret)
{
	*ret = (struct node_addr){ .size = 4, .bytes = { 172, 16, 0, (uint8_t)name[0] } };
	return strchr(name, '?') ? -ENOENT : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = ERR_INIT;
	struct map *m;
	node_id id = NODE_ID_NONE, back;
	uint32_t count = 0;
	int r = map_parse((const char *)p, n, "fuzz", resolve, NULL, &m, &e);

	if (r < 0) {
		ASSERT(!m && e.msg[0]);
		return 0;
	}
	while (id = map_next(m, id), id.v) {
		struct node_addr a;

		if (++count > 1000) /* enough of a large range */
			break;
		ASSERT(!map_find_node(m, id, &a));
		ASSERT(!map_find_addr(m, &a, &back) && back.v == id.v);
		if (count == 1)
			ASSERT(map_explain_absent(m, "fuzz", &a, 1, &e) == -EADDRNOTAVAIL);
	}
	ASSERT(count > 1000 || count == map_count(m));
	map_destroy(m);
	return 0;
}

#include "../wire/plain_main.h"
