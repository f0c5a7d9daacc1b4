/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a new machine is given, with changed bytes. What decodes encodes to the same bytes and is in
 * bounds. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"
#include "wire/join.h"

#define RUNS 50000

static const char *const words[] = { "\x01", "\x02", "\x03", "\xff\xff", "\x00\x00\x00\x01", "1 10.0.0.1 1\n" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void try_given(const uint8_t *p, size_t n)
{
	static struct join_given g;
	struct buf b = BUF_INIT;
	int r = join_given_get(&g, p, n);

	ASSERT(r == 0 || r == -EPROTO);
	if (r < 0)
		return;
	ASSERT(g.node && g.node <= NODE_ID_MAX && g.port && g.keys.n && g.keys.n <= 2);
	ASSERT(!g.nodes[JOIN_NODES_MAX]);
	join_given_put(&g, &b);
	ASSERT(b.len == n && !memcmp(b.data, p, n));
	buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct join_given good = { .node = 3, .port = 4660, .keys.n = 1, .nodes = "1 10.0.0.1 9\n" };
	struct buf b = BUF_INIT;
	uint32_t version;
	int r = join_ask_get(p, n, &version);

	ASSERT(r == 0 || r == -EPROTO || r == -EPROTONOSUPPORT);
	try_given(p, n);
	join_given_put(&good, &b);
	try_given(b.data, b.len);
	for (size_t i = 0; i + 2 <= n && i < 16; i += 2)
		b.data[p[i] % b.len] = p[i + 1];
	try_given(b.data, b.len);
	buf_finish(&b);
	return 0;
}

#include "plain_main.h"
