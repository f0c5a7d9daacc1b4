/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how configuration, map, key and own addresses become "who am I, and who else is there". */
#include "node/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <ini.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/util.h"
#include "node/paths.h"
#include "wire/limits.h"

static int on_conf(void *data, const char *section, const char *name, const char *value)
{
	struct site_conf *c = data;

	if (!strcmp(name, "port"))
		c->port = (unsigned)strtoul(value, NULL, 10);
	else if (!strcmp(name, "map"))
		(void)snprintf(c->map_path, sizeof(c->map_path), "%s", value);
	else if (!strcmp(name, "key"))
		(void)snprintf(c->key_path, sizeof(c->key_path), "%s", value);
	else if (!strcmp(name, "block"))
		c->block = !strcmp(value, "yes");
	else if (!strcmp(name, "guests") || !strcmp(name, "guests-max"))
		c->guests_max = (unsigned)strtoul(value, NULL, 10);
	else if (!strcmp(name, "export-privileged"))
		(void)snprintf(c->export_privileged, sizeof(c->export_privileged), "%s", value);
	return 1;
}

static int add_line(struct site *s, char *line, const char *path, unsigned no, struct err *e)
{
	char *id = strtok_r(line, " \t\n", &line), *host = strtok_r(NULL, " \t\n", &line);
	char *count = strtok_r(NULL, " \t\n", &line);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	struct site_range r = { 0 }, *all;

	if (!id || *id == '#')
		return 0;
	r.first = (uint32_t)strtoul(id, NULL, 10);
	if (!host || !r.first || r.first > NODE_ID_MAX)
		return err_set(e, -EINVAL, "%s:%u: a line is: number address count", path, no);
	r.n = !count ? 1 : (uint32_t)strtoul(count, NULL, 10); /* ALIAS is 0 */
	if (getaddrinfo(host, NULL, &hints, &ai))
		return err_set(e, -EINVAL, "%s:%u: no address for %s", path, no, host);
	r.family = (uint8_t)ai->ai_family;
	if (ai->ai_family == AF_INET)
		memcpy(r.addr, &((struct sockaddr_in *)(void *)ai->ai_addr)->sin_addr, 4);
	else
		memcpy(r.addr, &((struct sockaddr_in6 *)(void *)ai->ai_addr)->sin6_addr, 16);
	freeaddrinfo(ai);
	all = realloc(s->range, (s->n_ranges + 1) * sizeof(*all));
	if (!all)
		return err_set(e, -ENOMEM, "out of memory");
	s->range = all;
	s->range[s->n_ranges++] = r;
	return 0;
}

static void range_addr(const struct site_range *r, uint32_t i, uint8_t to[16])
{
	unsigned last = r->family == AF_INET ? 3 : 15;

	memcpy(to, r->addr, 16);
	for (unsigned b = last, carry = i; carry && b <= last; b--) {
		carry += to[b];
		to[b] = (uint8_t)carry;
		carry >>= 8;
	}
}

static uint32_t whose(const struct site *s, uint8_t family, const void *addr)
{
	for (unsigned k = 0; k < s->n_ranges; k++)
		for (uint32_t i = 0; i < MAX(s->range[k].n, 1U); i++) {
			uint8_t a[16];

			range_addr(&s->range[k], i, a);
			if (s->range[k].family == family &&
			    !memcmp(a, addr, family == AF_INET ? 4 : 16))
				return s->range[k].first + i;
		}
	return 0;
}

static uint32_t find_me(const struct site *s, char *seen, size_t size)
{
	struct ifaddrs *list = NULL;
	uint32_t me = 0;

	seen[0] = '\0';
	if (getifaddrs(&list) < 0)
		return 0;
	for (struct ifaddrs *i = list; i && !me; i = i->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		const void *a;

		if (!i->ifa_addr ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		a = i->ifa_addr->sa_family == AF_INET ?
			    (const void *)&((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr :
			    (const void *)&((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr;
		me = whose(s, (uint8_t)i->ifa_addr->sa_family, a);
		(void)inet_ntop(i->ifa_addr->sa_family, a, text, sizeof(text));
		if (strlen(seen) + strlen(text) + 3 < size)
			(void)snprintf(seen + strlen(seen), size - strlen(seen), "%s%s",
				       seen[0] ? ", " : "", text);
	}
	freeifaddrs(list);
	return me;
}

static int load_map(struct site *s, const char *path, struct err *e)
{
	char line[512], seen[160];
	FILE *f = fopen(path, "re");
	unsigned no = 0;
	int r = 0;

	if (!f)
		return -errno;
	while (r == 0 && fgets(line, sizeof(line), f))
		r = add_line(s, line, path, ++no, e);
	(void)fclose(f);
	if (r < 0)
		return r;
	(void)snprintf(s->map_path, sizeof(s->map_path), "%s", path);
	s->me = find_me(s, seen, sizeof(seen));
	if (!s->me)
		return err_set(e, -EINVAL, "%s: this node's address is not in the map; it has %s",
			       path, seen);
	return 0;
}

int site_load(struct site *s, const char *conf_path, struct err *e)
{
	static const char *const maps[] = { "/etc/umosix/openmosix.map", "/etc/openmosix.map",
					    "/etc/mosix.map", "/etc/hpc.map" };
	int r;

	*s = (struct site){ .conf = { .port = UMOSIX_PORT, .guests_max = 64 }, .me = 1 };
	(void)snprintf(s->conf.key_path, sizeof(s->conf.key_path), "%s", MOS_KEY_PATH);
	r = ini_parse(conf_path ? conf_path : MOS_CONF_PATH, on_conf, &s->conf);
	if (r == -1 && conf_path)
		return err_set(e, -ENOENT, "%s: cannot be read", conf_path);
	if (r > 0)
		return err_set(e, -EINVAL, "%s:%d: not \"name = value\"", conf_path, r);
	r = -ENOENT;
	if (s->conf.map_path[0])
		r = load_map(s, s->conf.map_path, e);
	else
		for (unsigned i = 0; r == -ENOENT && i < ARRAY_SIZE(maps); i++)
			r = load_map(s, maps[i], e);
	if (r == -ENOENT) {
		(void)snprintf(s->alone_why, sizeof(s->alone_why), "there is no map");
		s->me = 1;
		return 0;
	}
	if (r < 0)
		return r;
	if (access(s->conf.key_path, R_OK) < 0)
		(void)snprintf(s->alone_why, sizeof(s->alone_why),
			       "there is no key %s: make one with `mosctl keygen` and copy it to "
			       "every node", s->conf.key_path);
	s->networked = !s->alone_why[0];
	return 0;
}

void site_finish(struct site *s)
{
	free(s->range);
	s->range = NULL;
	s->n_ranges = 0;
}

static const struct site_range *find(const struct site *s, uint32_t node)
{
	for (unsigned k = 0; k < s->n_ranges; k++)
		if (node >= s->range[k].first && node < s->range[k].first + s->range[k].n)
			return &s->range[k];
	return NULL;
}

bool site_has_node(const struct site *s, uint32_t node)
{
	return find(s, node) != NULL;
}

int site_node_addr(const struct site *s, uint32_t node, char *to, size_t size, struct err *e)
{
	const struct site_range *r = find(s, node);
	uint8_t a[16];
	char nodes[160];

	if (!s->networked)
		return err_reason(e, -ENOENT, "alone", "this machine is alone: %s", s->alone_why);
	if (!r) {
		site_nodes_text(s, nodes, sizeof(nodes));
		return err_reason(e, -ENOENT, "no-node", "there is no node %u in %s: there are %s",
				  node, s->map_path, nodes);
	}
	range_addr(r, node - r->first, a);
	return inet_ntop(r->family, a, to, (socklen_t)size) ? 0 : -errno;
}

bool site_exports_privileged(const struct site *s, uint32_t node)
{
	char list[256], *rest = list, *word;

	(void)snprintf(list, sizeof(list), "%s", s->conf.export_privileged);
	while ((word = strsep(&rest, " ,")))
		if (*word && strtoul(word, NULL, 10) == node)
			return true;
	return false;
}

void site_nodes_text(const struct site *s, char *to, size_t size)
{
	to[0] = '\0';
	for (unsigned k = 0; k < s->n_ranges && strlen(to) + 16 < size; k++)
		if (s->range[k].n > 1)
			(void)snprintf(to + strlen(to), size - strlen(to), "%s%u-%u",
				       to[0] ? ", " : "", s->range[k].first,
				       s->range[k].first + s->range[k].n - 1);
		else if (s->range[k].n)
			(void)snprintf(to + strlen(to), size - strlen(to), "%s%u",
				       to[0] ? ", " : "", s->range[k].first);
}

json_t *site_nodes_json(const struct site *s)
{
	json_t *list = json_array();
	char addr[64];

	for (unsigned k = 0; k < s->n_ranges; k++)
		for (uint32_t i = 0; i < s->range[k].n; i++) {
			uint8_t a[16];

			range_addr(&s->range[k], i, a);
			if (inet_ntop(s->range[k].family, a, addr, sizeof(addr)))
				(void)json_array_append_new(
					list, json_pack("{sIsssb}", "node",
							(json_int_t)(s->range[k].first + i), "addr",
							addr, "me", s->range[k].first + i == s->me));
		}
	return list;
}
