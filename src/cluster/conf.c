/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows mosd.conf's keys and what each may say.
 *
 * DOC: inih cuts lines longer than its buffer into several without a word, takes an indented line
 * for the rest of the one before, and tells its handler no line number. So lines reach it through
 * a reader of ours, which refuses long ones, drops indentation and counts. */
#include "cluster/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "wire/limits.h"

#define SPEED_MAX     100000000U
#define GUEST_IDS_MIN 65536U /* below are the machine's own users */

struct reader {
	const char *p, *end, *name;
	unsigned line;
	struct conf *conf;
	struct err *e;
	int r; /* the first error */
};

typedef bool (*set_fn)(struct conf *c, const char *value);

/* Takes digits off *@s. Return: false without any, or above @max. */
static bool take_number(const char **s, uint64_t max, uint32_t *ret)
{
	uint64_t v = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		v = v * 10 + (uint64_t)(**s - '0');
		if (v > max)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

static bool set_node(struct conf *c, const char *v)
{
	return take_number(&v, NODE_ID_MAX, &c->node.v) && !*v;
}

static bool set_port(struct conf *c, const char *v)
{
	uint32_t port;

	if (!take_number(&v, 65535, &port) || *v || !port)
		return false;
	c->port = (uint16_t)port;
	return true;
}

static bool set_path(char to[static CONF_PATH_MAX], const char *v)
{
	return v[0] == '/' && snprintf(to, CONF_PATH_MAX, "%s", v) < (int)CONF_PATH_MAX;
}

static bool set_key_file(struct conf *c, const char *v)
{
	return set_path(c->key_file, v);
}

static bool set_map_file(struct conf *c, const char *v)
{
	c->map_file[0] = '\0';
	return !*v || set_path(c->map_file, v);
}

static bool set_guest_ids(struct conf *c, const char *v)
{
	uint32_t base, count;

	if (!take_number(&v, UINT32_MAX, &base) || *v++ != ':' ||
	    !take_number(&v, UINT32_MAX, &count) || *v)
		return false;
	/* 2^32-1 is (uid_t)-1, "no change" */
	if (base < GUEST_IDS_MIN || count < CONF_IDS_EACH || (uint64_t)base + count > UINT32_MAX)
		return false;
	c->guest_ids_base = base;
	c->guest_ids_count = count;
	return true;
}

static bool set_listen(struct conf *c, const char *v)
{
	c->listen.size = 0;
	return !*v || !node_addr_parse(v, &c->listen);
}

static bool set_address(struct conf *c, const char *v)
{
	c->address.size = 0;
	return !*v || !node_addr_parse(v, &c->address);
}

static bool set_members(struct conf *c, const char *v)
{
	c->by_key = !strcasecmp(v, "key");
	return c->by_key || !strcasecmp(v, "map");
}

static bool set_adopt(struct conf *c, const char *v)
{
	return adopt_add(&c->adopt, v);
}

static bool yes_or_no(bool *to, const char *v)
{
	*to = !strcasecmp(v, "yes");
	return *to || !strcasecmp(v, "no");
}

static bool set_block(struct conf *c, const char *v)
{
	return yes_or_no(&c->block, v);
}

static bool set_balance(struct conf *c, const char *v)
{
	return yes_or_no(&c->balance, v);
}

static bool set_usher(struct conf *c, const char *v)
{
	return yes_or_no(&c->usher, v);
}

/* Takes one name off *@s, as the kernel has them. */
static bool take_link(const char **s, char to[static CONF_LINK_NAME])
{
	size_t n = strcspn(*s, ", \t");

	if (!n || n >= CONF_LINK_NAME || memchr(*s, '/', n) || memchr(*s, ':', n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((*s)[i] <= ' ' || (*s)[i] > '~')
			return false;
	memcpy(to, *s, n);
	to[n] = '\0';
	*s += n;
	return strcmp(to, ".") != 0 && strcmp(to, "..") != 0;
}

bool conf_discover_parse(const char *text, struct conf_discover *ret)
{
	struct conf_discover d = { .ttl = ret->ttl };

	if (yes_or_no(&d.on, text)) {
		*ret = d;
		return true;
	}
	while (text += strspn(text, ", \t"), *text)
		if (d.n == CONF_LINKS_MAX || !take_link(&text, d.links[d.n++]))
			return false;
	d.on = d.n > 0;
	*ret = d;
	return d.on;
}

static bool set_discover(struct conf *c, const char *v)
{
	return conf_discover_parse(v, &c->discover);
}

static bool set_discover_ttl(struct conf *c, const char *v)
{
	uint32_t ttl;

	if (!take_number(&v, UINT8_MAX, &ttl) || *v || !ttl)
		return false;
	c->discover.ttl = (uint8_t)ttl;
	return true;
}

/* A path below the hierarchies' mount points, which must not lead out of them. */
static bool set_cgroup(struct conf *c, const char *v)
{
	size_t n;

	c->cgroup[0] = '\0';
	if (!*v)
		return true;
	if (strstr(v, "/../") || strstr(v, "//") || !set_path(c->cgroup, v))
		return false;
	n = strlen(c->cgroup);
	if (n >= 3 && !strcmp(c->cgroup + n - 3, "/.."))
		return false;
	if (n > 1 && c->cgroup[n - 1] == '/')
		c->cgroup[n - 1] = '\0';
	return true;
}

static bool set_speed(struct conf *c, const char *v)
{
	return take_number(&v, SPEED_MAX, &c->speed) && !*v;
}

static bool set_export_privileged(struct conf *c, const char *v)
{
	memset(c->export_privileged, 0, sizeof(c->export_privileged));
	while (v += strspn(v, ", \t"), *v) {
		uint32_t a, b;

		if (!take_number(&v, NODE_ID_MAX, &a) || !a)
			return false;
		b = a;
		if (*v == '-' && (v++, !take_number(&v, NODE_ID_MAX, &b)))
			return false;
		if (b < a || (*v && !strchr(", \t", *v)))
			return false;
		for (; a <= b; a++)
			c->export_privileged[a / 8] |= (uint8_t)(1U << a % 8);
	}
	return true;
}

static const struct conf_key {
	const char *name;
	set_fn set;
	const char *wants;
	bool many; /* may stand there more than once */
} keys[] = {
	{ "node", set_node, "a node's number, 1-65535, or 0 to find it by address" },
	{ "port", set_port, "a TCP port, 1-65535" },
	{ "key-file", set_key_file, "a file name that begins with /" },
	{ "map-file", set_map_file, "a file name that begins with /, or nothing to search" },
	{ "guest-ids", set_guest_ids, "base:count, base 65536 or more, count 2 or more, like 1879048192:65536" },
	{ "export-privileged", set_export_privileged, "numbers of nodes, like 2, 5-9" },
	{ "listen", set_listen, "an IP address of this machine, or nothing for all" },
	{ "members", set_members, "map for the nodes of the map, key for whoever has the key" },
	{ "discover", set_discover, "no, yes, or up to 6 network interfaces, like eth0, eth1" },
	{ "discover-ttl", set_discover_ttl, "a number from 1 to 255" },
	{ "address", set_address, "an IP address that other nodes reach, or nothing to find it" },
	{ "block", set_block, "yes or no" },
	{ "balance", set_balance, "yes or no" },
	{ "usher", set_usher, "yes or no" },
	{ "adopt", set_adopt, "user=NAME program=PATTERN age=SECONDS, one or more of them, in up to 16 lines", true },
	{ "cgroup", set_cgroup, "a cgroup that begins with /, or nothing to find it" },
	{ "speed", set_speed, "a speed like 10000, or 0 to measure it" },
};
_Static_assert(ARRAY_SIZE(keys) <= CONF_KEYS_MAX, "a line for each");

unsigned conf_line(const struct conf *c, const char *key)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i].name))
			return c->line[i];
	return 0;
}

/* How many letters to change, add or leave out to make @b of @a; words are short. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32], n = (unsigned)strlen(b);

	if (n >= ARRAY_SIZE(row))
		return UINT32_MAX;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diag = row[0];

		row[0] = i + 1;
		for (unsigned j = 1; j <= n; j++) {
			unsigned up = row[j], change = diag + (a[i] != b[j - 1]);

			row[j] = MIN(MIN(up, row[j - 1]) + 1, change);
			diag = up;
		}
	}
	return row[n];
}

static int unknown_key(struct reader *rd, const char *key)
{
	const char *near = NULL;
	unsigned best = 3;

	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		unsigned d = distance(key, keys[i].name);

		if (d < best) {
			best = d;
			near = keys[i].name;
		}
	}
	if (near)
		return err_set(rd->e, -EINVAL, "%s:%u: unknown key \"%.30s\"; did you mean \"%s\"?",
			       rd->name, rd->line, key, near);
	return err_set(rd->e, -EINVAL, "%s:%u: unknown key \"%.30s\"; mosd.conf(5) has all that there are",
		       rd->name, rd->line, key);
}

static int set(struct reader *rd, const char *section, const char *key, const char *value)
{
	struct adopt_rules *rules = &rd->conf->adopt;
	unsigned before = rules->n;

	if (*section)
		return err_set(rd->e, -EINVAL, "%s:%u: there are no sections: take [%.30s] out",
			       rd->name, rd->line, section);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(key, keys[i].name) != 0)
			continue;
		if (rd->conf->line[i] && !keys[i].many)
			return err_set(rd->e, -EINVAL,
				       "%s:%u: %s is set a second time: keep one of the lines",
				       rd->name, rd->line, key);
		rd->conf->line[i] = rd->line;
		if (!keys[i].set(rd->conf, value))
			return err_set(rd->e, -EINVAL, "%s:%u: %s = \"%.40s\": write %s", rd->name,
				       rd->line, key, value, keys[i].wants);
		if (rules->n > before)
			rules->rule[before].line = rd->line;
		return 0;
	}
	return unknown_key(rd, key);
}

static int on_pair(void *user, const char *section, const char *key, const char *value)
{
	struct reader *rd = user;

	if (!rd->r)
		rd->r = set(rd, section, key, value ? value : "");
	return !rd->r;
}

static char *read_line(char *to, int size, void *stream)
{
	struct reader *rd = stream;
	const char *nl, *stop;
	size_t n;

	if (rd->p >= rd->end || rd->r < 0)
		return NULL;
	rd->line++;
	nl = memchr(rd->p, '\n', (size_t)(rd->end - rd->p));
	stop = nl ? nl : rd->end;
	while (rd->p < stop && (*rd->p == ' ' || *rd->p == '\t'))
		rd->p++;
	n = (size_t)(stop - rd->p);
	if (n + 3 > (size_t)size && rd->p[0] != '#' && rd->p[0] != ';') {
		rd->r = err_set(rd->e, -EINVAL, "%s:%u: a line of more than %d bytes: shorten it",
				rd->name, rd->line, size - 3);
		return NULL;
	}
	if (memchr(rd->p, '\0', n)) {
		rd->r = err_set(rd->e, -EINVAL, "%s:%u: this is no text: is it the right file?",
				rd->name, rd->line);
		return NULL;
	}
	n = MIN(n, (size_t)size - 3); /* of a comment the beginning is enough */
	memcpy(to, rd->p, n);
	memcpy(to + n, "\n", 2);
	rd->p = nl ? nl + 1 : rd->end;
	return to;
}

void conf_init(struct conf *ret)
{
	*ret = (struct conf){
		.port = UMOSIX_PORT,
		.key_file = "/etc/umosix/cluster.key",
		.guest_ids_base = 1879048192,
		.guest_ids_count = 65536,
		.balance = true,
		.usher = true,
		.discover = { .ttl = 1 },
	};
}

int conf_parse(const char *text, size_t len, const char *name, struct conf *ret, struct err *e)
{
	struct reader rd = { .p = text, .end = text + len, .name = name, .conf = ret, .e = e };
	int line;

	conf_init(ret);
	line = ini_parse_stream(read_line, &rd, on_pair, &rd);
	if (rd.r < 0)
		return rd.r;
	if (line)
		return err_set(e, -EINVAL,
			       "%s:%d: a line is `key = value`, a comment begins with #", name,
			       line);
	if (ret->discover.on && !ret->by_key)
		return err_set(e, -EINVAL,
			       "%s: `discover` finds nodes that no map names: write `members = key` too",
			       name);
	return 0;
}

bool conf_exports_privileged(const struct conf *c, node_id to)
{
	return to.v && to.v <= NODE_ID_MAX && c->export_privileged[to.v / 8] >> to.v % 8 & 1;
}
