/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows nodes by number: an array, since numbers are small and dense in every cluster that people
 * build. */
#include "cluster/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cluster/addr.h"

#define LINE_MAX_BYTES (NODE_ADDR_TEXT + 16U)

struct entry {
	struct node_addr addr; /* size 0: there is no such node */
	bool proven;
};

struct roster {
	struct entry *at; /* by number */
	uint32_t n, count;
};

struct roster *roster_create(void)
{
	return calloc(1, sizeof(struct roster));
}

void roster_destroy(struct roster *r)
{
	if (!r)
		return;
	free(r->at);
	free(r);
}

static struct entry *entry_of(const struct roster *r, node_id node)
{
	return node.v < r->n && r->at[node.v].addr.size ? &r->at[node.v] : NULL;
}

static int make_room(struct roster *r, uint32_t node)
{
	uint32_t n = MIN(MAX(2 * r->n, MAX(node + 1, 64U)), NODE_ID_MAX + 1U);
	struct entry *more;

	if (node < r->n)
		return 0;
	more = realloc(r->at, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + r->n, 0, (n - r->n) * sizeof(*more));
	r->at = more;
	r->n = n;
	return 0;
}

int roster_put(struct roster *r, node_id node, const struct node_addr *addr, bool proven)
{
	struct node_addr plain = node_addr_plain(addr);
	struct entry *e = entry_of(r, node);
	node_id there;
	int k;

	if (!node.v || node.v > NODE_ID_MAX || (plain.size != 4 && plain.size != 16))
		return -EINVAL;
	if (e && !node_addr_cmp(&e->addr, &plain)) {
		bool news = proven && !e->proven;

		e->proven |= proven;
		return news;
	}
	there = roster_at(r, &plain);
	k = make_room(r, node.v);
	if (k < 0)
		return k;
	if (there.v)
		(void)roster_drop(r, there);
	r->count += !r->at[node.v].addr.size;
	r->at[node.v].addr = plain;
	r->at[node.v].proven |= proven;
	return 1;
}

int roster_add_map(struct roster *r, const struct map *m)
{
	/* Not by roster_put: a map was looked through for addresses that stand twice. */
	for (node_id i = map_next(m, NODE_ID_NONE); i.v; i = map_next(m, i)) {
		struct node_addr a;
		int k = make_room(r, i.v);

		if (k < 0)
			return k;
		if (map_find_node(m, i, &a) < 0)
			continue;
		r->count += !r->at[i.v].addr.size;
		r->at[i.v] = (struct entry){ .addr = a, .proven = true };
	}
	return 0;
}

bool roster_drop(struct roster *r, node_id node)
{
	struct entry *e = entry_of(r, node);

	if (!e)
		return false;
	*e = (struct entry){ 0 };
	r->count--;
	return true;
}

int roster_find(const struct roster *r, node_id node, struct node_addr *ret)
{
	const struct entry *e = entry_of(r, node);

	if (!e)
		return -ENOENT;
	*ret = e->addr;
	return 0;
}

bool roster_proven(const struct roster *r, node_id node)
{
	const struct entry *e = entry_of(r, node);

	return e && e->proven;
}

node_id roster_at(const struct roster *r, const struct node_addr *addr)
{
	struct node_addr plain = node_addr_plain(addr);

	for (node_id i = roster_next(r, NODE_ID_NONE); i.v; i = roster_next(r, i))
		if (!node_addr_cmp(&r->at[i.v].addr, &plain))
			return i;
	return NODE_ID_NONE;
}

node_id roster_next(const struct roster *r, node_id after)
{
	for (uint32_t i = after.v + 1; i < r->n; i++)
		if (r->at[i].addr.size)
			return (node_id){ i };
	return NODE_ID_NONE;
}

uint32_t roster_count(const struct roster *r)
{
	return r->count;
}

node_id roster_free_number(const struct roster *r)
{
	for (uint32_t i = 1; i <= NODE_ID_MAX; i++)
		if (!entry_of(r, (node_id){ i }))
			return (node_id){ i };
	return NODE_ID_NONE;
}

void roster_text_for(const struct roster *r, node_id node, const struct node_addr *addr, struct buf *b)
{
	struct node_addr plain = node_addr_plain(addr);

	for (node_id i = roster_next(r, NODE_ID_NONE); i.v; i = roster_next(r, i)) {
		char text[NODE_ADDR_TEXT], line[LINE_MAX_BYTES];

		if (!r->at[i.v].proven || i.v == node.v || !node_addr_cmp(&r->at[i.v].addr, &plain))
			continue;
		(void)snprintf(line, sizeof(line), "%u %s 1\n", i.v,
			       node_addr_str(&r->at[i.v].addr, text));
		buf_put(b, line, strlen(line));
	}
}

void roster_text(const struct roster *r, struct buf *b)
{
	static const struct node_addr none = { 0 };

	roster_text_for(r, NODE_ID_NONE, &none, b);
}
