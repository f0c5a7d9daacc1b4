/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the text of a map: one line `node-id address range-size` for each range. */
#include "cluster/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "cluster/addr.h"
#include "cluster/map-table.h"

#define WORD_MAX 256U /* a host name has at most 253 characters */
#define WORDS	 4U   /* three and one too many */

struct parser {
	const char *name;
	uint32_t line;
	map_resolve_fn resolve;
	void *ctx;
	struct map *m;
	size_t cap;
};

/* A whole decimal number; no sign, no hexadecimal, no rest. */
static bool number(const char *s, uint32_t *ret)
{
	uint32_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > 100000000)
			return false;
		v = v * 10 + (uint32_t)(*s - '0');
	}
	*ret = v;
	return true;
}

/* A word from the file, fit to be shown: short and printable. */
static const char *shown(const char *word, char to[static 44])
{
	size_t i;

	for (i = 0; word[i] && i < 40; i++)
		to[i] = word[i] >= ' ' && word[i] < 127 ? word[i] : '?';
	memcpy(to + i, word[i] ? "..." : "", word[i] ? 4 : 1);
	return to;
}

static int parse_size(const struct parser *p, const char *word, struct map_range *r, struct err *e)
{
	char s[44];

	r->alias = !strcasecmp(word, "alias");
	if (!r->alias && !number(word, &r->count))
		return err_set(e, -EINVAL,
			       "%s:%u: \"%s\" is not a range size: write how many nodes follow "
			       "each other from here (1 for one), or ALIAS",
			       p->name, p->line, shown(word, s));
	if (r->alias || !r->count) {
		r->alias = true;
		r->count = 1;
	}
	if (r->count > NODE_ID_MAX || r->first.v + r->count - 1 > NODE_ID_MAX)
		return err_set(e, -EINVAL,
			       "%s:%u: %u nodes from number %u on go past %u, the highest: make "
			       "the range smaller or begin lower",
			       p->name, p->line, r->count, r->first.v, NODE_ID_MAX);
	return 0;
}

static int parse_addr(const struct parser *p, const char *word, struct map_range *r, struct err *e)
{
	struct node_addr last;
	char s[44];
	int k;

	if (node_addr_parse(word, &r->addr) < 0) {
		if (strspn(word, "0123456789.") == strlen(word) || strchr(word, ':'))
			return err_set(e, -EINVAL,
				       "%s:%u: \"%s\" is not a valid IP address: write it like "
				       "192.168.1.1 or fd00::1",
				       p->name, p->line, shown(word, s));
		k = p->resolve ? p->resolve(p->ctx, word, &r->addr) : -ENOENT;
		if (k < 0 || (r->addr.size != 4 && r->addr.size != 16))
			return err_set(e, -EINVAL,
				       "%s:%u: no address is known for host \"%s\": write its IP "
				       "address instead, or add it to /etc/hosts on all nodes",
				       p->name, p->line, shown(word, s));
		r->addr = node_addr_plain(&r->addr);
	}
	if (node_addr_add(&r->addr, r->count - 1, &last) < 0)
		return err_set(e, -EINVAL,
			       "%s:%u: %u addresses from %s on go past the last one there is: make "
			       "the range smaller",
			       p->name, p->line, r->count, shown(word, s));
	return 0;
}

static int add_range(struct parser *p, const struct map_range *r, struct err *e)
{
	struct map *m = p->m;

	if (m->n == MAP_RANGES_MAX)
		return err_set(e, -E2BIG,
			       "%s:%u: more than %u lines name nodes: join neighbours to ranges",
			       p->name, p->line, MAP_RANGES_MAX);
	if (m->n == p->cap) {
		size_t cap = MAX(p->cap * 2, 16UL);
		struct map_range *q = realloc(m->range, cap * sizeof(*q));

		if (!q)
			return err_set(e, -ENOMEM, "%s: no memory for the map", p->name);
		m->range = q;
		p->cap = cap;
	}
	m->range[m->n++] = *r;
	return 0;
}

static int parse_words(struct parser *p, char words[WORDS][WORD_MAX], unsigned n, struct err *e)
{
	struct map_range r = { .line = p->line };
	char s[44];
	int k;

	if (!number(words[0], &r.first.v))
		return err_set(e, -EINVAL,
			       "%s:%u: unknown word \"%s\": a line is `node-id address "
			       "range-size`, a comment begins with #",
			       p->name, p->line, shown(words[0], s));
	if (!r.first.v || r.first.v > NODE_ID_MAX)
		return err_set(e, -EINVAL, "%s:%u: node number %u: use one from 1 to %u", p->name,
			       p->line, r.first.v, NODE_ID_MAX);
	if (n < 3)
		return err_set(e, -EINVAL,
			       "%s:%u: the %s is missing: a line is `node-id address range-size`, "
			       "like `%u 192.168.1.1 1`",
			       p->name, p->line, n == 2 ? "range size" : "address", r.first.v);
	if (n > 3)
		return err_set(e, -EINVAL,
			       "%s:%u: \"%s\" is too much: a line is `node-id address range-size`, "
			       "a comment begins with #",
			       p->name, p->line, shown(words[3], s));
	k = parse_size(p, words[2], &r, e);
	if (!k)
		k = parse_addr(p, words[1], &r, e);
	return k ? k : add_range(p, &r, e);
}

static int parse_line(struct parser *p, const char *s, size_t len, struct err *e)
{
	const char *hash = memchr(s, '#', len), *end = hash ? hash : s + len;
	char words[WORDS][WORD_MAX];
	unsigned n = 0;

	while (n < WORDS) {
		const char *from;
		size_t k;

		while (s < end && strchr(" \t\r\f\v", *s) && *s)
			s++;
		if (s == end)
			break;
		from = s;
		while (s < end && (!*s || !strchr(" \t\r\f\v", *s)))
			s++;
		k = (size_t)(s - from);
		if (k >= WORD_MAX || memchr(from, '\0', k))
			return err_set(e, -EINVAL,
				       "%s:%u: this is no text of a map (a word of %zu bytes): "
				       "is it the right file?",
				       p->name, p->line, k);
		memcpy(words[n], from, k);
		words[n++][k] = '\0';
	}
	return n ? parse_words(p, words, n, e) : 0;
}

int map_parse(const char *text, size_t len, const char *name, map_resolve_fn resolve, void *ctx,
	      struct map **ret, struct err *e)
{
	struct parser p = { .name = name, .resolve = resolve, .ctx = ctx };
	const char *end = text + len;
	int r = 0;

	*ret = NULL;
	if (len > MAP_TEXT_MAX)
		return err_set(e, -E2BIG, "%s: a map of more than 8 MiB: is it the right file?",
			       name);
	p.m = calloc(1, sizeof(*p.m));
	if (!p.m)
		return err_set(e, -ENOMEM, "%s: no memory for the map", name);
	while (text < end && !r) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t k = (size_t)((nl ? nl : end) - text);

		p.line++;
		r = parse_line(&p, text, k, e);
		text += nl ? k + 1 : k;
	}
	if (!r)
		r = map_seal(p.m, name, e);
	if (r < 0) {
		map_destroy(p.m);
		return r;
	}
	*ret = p.m;
	return 0;
}
