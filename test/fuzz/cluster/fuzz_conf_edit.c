/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After an edit the parser reads what was meant, and nothing else is read or written otherwise. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "cluster/conf-edit.h"
#include "cluster/conf.h"

#define RUNS	  60000
#define LINE_SAFE 180U /* bytes; longer ones may be too long with the value */

static const char *const words[] = {
	"\nnode", "\nport", "\nspeed", "\nblock", "node", "port", "=", " = ", " : ", ":", "1", "23", "yes", "no",
	" ; ", ";", "#", " # ", "\n#", "\n;", " ", "\t", "\r\n", "\n", "\v", "\xef\xbb\xbf", "[a]", "\nnode = 3",
	"\nport=4", "\nadopt = age=", "node = 3 ; x\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static void edit(const struct buf *from, const char *key, const char *value, struct buf *to)
{
	/* not NULL: what memchr and memrchr want of no bytes at all */
	int r = conf_edit(from->data ? (const char *)from->data : "", from->len, key, value, to);

	ASSERT(r == 0);
}

/* Where the parser refuses a line that it did not have to look at before: too long with a new value, or at the
 * end of an empty section, which alone is no error. */
static bool may_be_refused(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++) {
		n = b->data[i] == '\n' ? 0 : n + 1;
		if (n > LINE_SAFE || b->data[i] == '[')
			return true;
	}
	return false;
}

/* What the parser makes of it, but for @key. */
static bool others_equal(const struct conf *a, const struct conf *b, const char *key)
{
	return (a->node.v == b->node.v || !strcmp(key, "node")) &&
	       (a->port == b->port || !strcmp(key, "port")) &&
	       (a->speed == b->speed || !strcmp(key, "speed")) && a->block == b->block &&
	       a->by_key == b->by_key && a->adopt.n == b->adopt.n && !strcmp(a->key_file, b->key_file);
}

static void one(const struct buf *text, const char *key, const char *value, uint32_t number)
{
	CLEANUP(buf_finish) struct buf set = BUF_INIT, again = BUF_INIT, without = BUF_INIT, removed = BUF_INIT;
	static struct conf before, after;
	struct err e = ERR_INIT;

	edit(text, key, value, &set);
	edit(&set, key, value, &again);
	ASSERT(equal(&set, &again));
	/* the other lines are the same bytes; a new line may have had to end the one before */
	edit(text, key, NULL, &without);
	edit(&set, key, NULL, &removed);
	if (text->len && text->data[text->len - 1] == '\n')
		ASSERT(equal(&without, &removed));
	else
		ASSERT(removed.len >= without.len && removed.len <= without.len + 2 &&
		       (!without.len || !memcmp(removed.data, without.data, without.len)));
	if (may_be_refused(text) ||
	    conf_parse(text->data ? (const char *)text->data : "", text->len, "fuzz", &before, &e) < 0)
		return;
	ASSERT(conf_parse((const char *)set.data, set.len, "fuzz", &after, &e) == 0);
	ASSERT(others_equal(&before, &after, key));
	ASSERT((!strcmp(key, "node")   ? after.node.v
		: !strcmp(key, "port") ? after.port
				       : after.speed) == number);
	ASSERT(conf_parse(without.data ? (const char *)without.data : "", without.len, "fuzz", &after, &e) == 0);
	ASSERT(others_equal(&before, &after, key));
	if (!strcmp(key, "node"))
		ASSERT(!after.node.v);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP(buf_finish) struct buf text = BUF_INIT;

	buf_put(&text, p, n);
	one(&text, "node", "3", 3);
	one(&text, "port", "65000", 65000);
	one(&text, "speed", "23", 23);
	return 0;
}

#include "../wire/plain_main.h"
