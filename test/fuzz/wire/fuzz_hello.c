/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hello, hop and attach: changed bytes of good ones. What decodes encodes to the same bytes (but for
 * the ends of strings), and is in bounds. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "wire/hello.h"
#include "wire/msg.h"

#define RUNS 200000

static const char *const words[] = { "\x01", "\x10", "\x7f", "\x80\x80\x80", "\xff\xff\xff\xff" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void change(struct buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 3 <= n && i < 24; i += 3)
		b->data[(p[i] << 8 | p[i + 1]) % b->len] = p[i + 2];
	if (n > 40 && p[40] < 64)
		b->len -= p[40] % b->len;
}

static void try_hello(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	struct hello h;
	int r = hello_get(&h, p, n);

	ASSERT(r == 0 || r == -EPROTO || r == -EPROTONOSUPPORT);
	ASSERT((r == -EPROTONOSUPPORT) <= (h.protocol != MSG_PROTOCOL));
	if (r == 0) {
		ASSERT(h.pid >= 2 && h.mono >= 0 && h.boot >= 0 && h.area && !(h.area & MOS_PAGE_MASK));
		ASSERT(h.area + 0x200000 < 0x7ffffffff000 && !h.comm[15] && !h.uts.machine[64]);
		hello_put(&h, &b);
		ASSERT(b.len == n);
		buf_finish(&b);
	}
}

static void try_others(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	struct attach a;
	struct hop h;

	if (hop_get(&h, p, n) == 0) {
		ASSERT(!h.addr[sizeof(h.addr) - 1]);
		hop_put(&h, &b);
		ASSERT(b.len == n);
	}
	buf_clear(&b);
	if (attach_get(&a, p, n) == 0) {
		attach_put(&a, &b);
		ASSERT(b.len == n && !memcmp(b.data, p, n));
	}
	buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct hello hello = { .protocol = MSG_PROTOCOL, .to = 2, .home = 1, .pid = 4242,
					    .area = 0x100000000000 };
	static const struct hop hop = { .node = 3, .addr = "10.0.0.3", .port = 4660 };
	static const struct attach attach = { 3, 1, 4242, 9 };
	struct buf b = BUF_INIT;

	try_hello(p, n);
	try_others(p, n);
	hello_put(&hello, &b);
	change(&b, p, n);
	try_hello(b.data, b.len);
	buf_clear(&b);
	hop_put(&hop, &b);
	change(&b, p, n);
	try_others(b.data, b.len);
	buf_clear(&b);
	attach_put(&attach, &b);
	change(&b, p, n);
	try_others(b.data, b.len);
	buf_finish(&b);
	return 0;
}

#include "plain_main.h"
