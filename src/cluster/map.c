/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the table of nodes: how ranges are kept, checked against each other and searched. The text
 * is read in map-parse.c.
 *
 * DOC: two sorted arrays of ranges: by number (aliases behind the others) and by address. Ranges
 * never overlap in address; those that are not aliases never overlap in number. So each search is
 * a binary one, and a check of neighbours finds every overlap. */
#include "cluster/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cluster/addr.h"
#include "cluster/map-table.h"

const char *const map_search_paths[] = {
	"/etc/umosix/openmosix.map", "/etc/openmosix.map", "/etc/mosix.map", "/etc/hpc.map", NULL,
};

static uint32_t range_last(const struct map_range *r)
{
	return r->first.v + r->count - 1;
}

static int cmp_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int by_number(const void *pa, const void *pb)
{
	const struct map_range *a = pa, *b = pb;

	if (a->alias != b->alias)
		return a->alias ? 1 : -1;
	if (a->first.v != b->first.v)
		return cmp_u32(a->first.v, b->first.v);
	return cmp_u32(a->line, b->line);
}

static int by_addr(const void *pa, const void *pb)
{
	const struct map_range *a = pa, *b = pb;
	int r = node_addr_cmp(&a->addr, &b->addr);

	return r ? r : cmp_u32(a->line, b->line);
}

/* The range with the greatest first number that is not above @id, aliases left out. */
static const struct map_range *range_of(const struct map *m, uint32_t id)
{
	size_t lo = 0, hi = m->n_named;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->range[mid].first.v <= id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &m->range[lo - 1] : NULL;
}

static bool names(const struct map_range *r, uint32_t id)
{
	return r && id >= r->first.v && id <= range_last(r);
}

static int check_numbers(const struct map *m, const char *name, struct err *e)
{
	for (size_t i = 1; i < m->n_named; i++) {
		const struct map_range *a = &m->range[i - 1], *b = &m->range[i];

		if (range_last(a) >= b->first.v)
			return err_set(e, -EINVAL,
				       "%s:%u: node %u is named in line %u already: give it "
				       "another number, or write ALIAS if this is its second "
				       "address",
				       name, MAX(a->line, b->line), b->first.v,
				       MIN(a->line, b->line));
	}
	for (size_t i = m->n_named; i < m->n; i++) {
		const struct map_range *a = &m->range[i];

		if (!names(range_of(m, a->first.v), a->first.v))
			return err_set(e, -EINVAL,
				       "%s:%u: ALIAS for node %u, which no line names: add a line "
				       "with its first address and a range size of 1",
				       name, a->line, a->first.v);
	}
	return 0;
}

static int check_addrs(const struct map *m, const char *name, struct err *e)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct map_range *a = &m->by_addr[i - 1], *b = &m->by_addr[i];
		char s[NODE_ADDR_TEXT];

		if (a->addr.size == b->addr.size && node_addr_sub(&b->addr, &a->addr) < a->count)
			return err_set(e, -EINVAL,
				       "%s:%u: address %s is given in line %u already: each "
				       "address belongs to one node, look at the range sizes",
				       name, MAX(a->line, b->line), node_addr_str(&b->addr, s),
				       MIN(a->line, b->line));
	}
	return 0;
}

int map_seal(struct map *m, const char *name, struct err *e)
{
	int r;

	if (!m->n)
		return 0;
	m->by_addr = malloc(m->n * sizeof(*m->by_addr));
	if (!m->by_addr)
		return err_set(e, -ENOMEM, "%s: no memory for the map", name);
	memcpy(m->by_addr, m->range, m->n * sizeof(*m->by_addr));
	qsort(m->by_addr, m->n, sizeof(*m->by_addr), by_addr);
	qsort(m->range, m->n, sizeof(*m->range), by_number);
	while (m->n_named < m->n && !m->range[m->n_named].alias)
		m->n_nodes += m->range[m->n_named++].count;
	r = check_numbers(m, name, e);
	return r < 0 ? r : check_addrs(m, name, e);
}

void map_destroy(struct map *m)
{
	if (!m)
		return;
	free(m->range);
	free(m->by_addr);
	free(m);
}

int map_find_node(const struct map *m, node_id id, struct node_addr *ret)
{
	const struct map_range *r = range_of(m, id.v);

	if (!names(r, id.v))
		return -ENOENT;
	return node_addr_add(&r->addr, id.v - r->first.v, ret);
}

int map_find_addr(const struct map *m, const struct node_addr *addr, node_id *ret)
{
	const struct node_addr a = node_addr_plain(addr);
	const struct map_range *r;
	size_t lo = 0, hi = m->n;
	uint64_t d;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (node_addr_cmp(&m->by_addr[mid].addr, &a) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !a.size)
		return -ENOENT;
	r = &m->by_addr[lo - 1];
	if (r->addr.size != a.size)
		return -ENOENT;
	d = node_addr_sub(&a, &r->addr);
	if (d >= r->count)
		return -ENOENT;
	*ret = (node_id){ r->first.v + (uint32_t)d };
	return 0;
}

uint32_t map_count(const struct map *m)
{
	return m->n_nodes;
}

node_id map_next(const struct map *m, node_id after)
{
	const struct map_range *r = after.v < NODE_ID_MAX ? range_of(m, after.v + 1) : NULL;
	size_t i;

	if (after.v >= NODE_ID_MAX)
		return NODE_ID_NONE;
	if (names(r, after.v + 1))
		return (node_id){ after.v + 1 };
	i = r ? (size_t)(r - m->range) + 1 : 0;
	return i < m->n_named ? m->range[i].first : NODE_ID_NONE;
}

const struct map_range *map_ranges(const struct map *m, size_t *n)
{
	*n = m->n;
	return m->range;
}

int map_explain_absent(const struct map *m, const char *name, const struct node_addr *own, size_t n,
		       struct err *e)
{
	char list[110] = "", s[NODE_ADDR_TEXT];
	size_t used = 0, i;

	for (i = 0; i < n; i++) {
		size_t k = strlen(node_addr_str(&own[i], s));

		if (used + k + 3 > sizeof(list) - 5)
			break;
		if (used) {
			memcpy(list + used, ", ", 2);
			used += 2;
		}
		memcpy(list + used, s, k + 1);
		used += k;
	}
	if (i < n)
		memcpy(list + used, " ...", 5);
	if (!n)
		return err_set(e, -EADDRNOTAVAIL,
			       "this machine has no address but loopback: bring its network up, or "
			       "set `node` in mosd.conf");
	return err_set(e, -EADDRNOTAVAIL,
		       "this machine (%s) is not among the %u nodes of %s: add a line for one of "
		       "these addresses, on all nodes, or set `node`",
		       list, map_count(m), name);
}
