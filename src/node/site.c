/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how configuration, map, key and own addresses become "who am I, and who else is there". */
#include "node/site.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/util.h"
#include "node/paths.h"
#include "wire/key.h"

#define CONF_TEXT_MAX (64U * 1024U)
#define OWN_ADDRS_MAX 256U

/* Return: the text and @ret_len, or NULL and *@ret_r. */
static char *read_text(const char *path, size_t max, size_t *ret_len, int *ret_r)
{
	CLEANUP(free_ptr) char *text = malloc(max + 1);
	ssize_t n = text ? io_read_file(path, text, max + 1) : -ENOMEM;

	if (n < 0) {
		*ret_r = (int)n;
		return NULL;
	}
	*ret_len = (size_t)n;
	return steal_ptr(&text);
}

static int load_conf(struct site *s, const char *path, struct err *e)
{
	CLEANUP(free_ptr) char *text = NULL;
	bool usual = !path;
	size_t len;
	int r = 0;

	conf_init(&s->conf);
	if (usual)
		path = MOS_CONF_PATH;
	text = read_text(path, CONF_TEXT_MAX, &len, &r);
	if (!text && r == -ENOENT && usual)
		return 0;
	if (!text)
		return err_set(e, r, "read %s: %s", path, strerror(-r));
	return conf_parse(text, len, path, &s->conf, e);
}

static bool addr_of(const struct sockaddr *sa, struct node_addr *ret)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	*ret = (struct node_addr){ 0 };
	if (sa && sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		ret->size = 4;
		memcpy(ret->bytes, &four.sin_addr, 4);
	} else if (sa && sa->sa_family == AF_INET6) {
		memcpy(&six, sa, sizeof(six));
		ret->size = 16;
		memcpy(ret->bytes, &six.sin6_addr, 16);
	}
	return ret->size;
}

static int resolve(void *ctx, const char *name, struct node_addr *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int r = -ENOENT;

	if (getaddrinfo(name, NULL, &hints, &list))
		return -ENOENT;
	for (const struct addrinfo *a = list; a && r < 0; a = a->ai_next)
		if (addr_of(a->ai_addr, ret))
			r = 0;
	freeaddrinfo(list);
	return r;
}

static size_t own_addrs(struct node_addr *to, size_t max)
{
	struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i && n < max; i = i->ifa_next)
		if (addr_of(i->ifa_addr, &to[n]))
			n++;
	freeifaddrs(list);
	return n;
}

static int find_me(struct site *s, struct err *e)
{
	struct node_addr own[OWN_ADDRS_MAX];
	node_id me = s->conf.node;
	size_t n;

	if (me.v) {
		if (!site_has_node(s, me.v))
			return err_set(e, -EINVAL,
				       "%s does not name node %u, which `node` in the "
				       "configuration says this is",
				       s->map_path, me.v);
		s->me = me.v;
		return 0;
	}
	n = own_addrs(own, OWN_ADDRS_MAX);
	for (size_t i = 0; i < n; i++)
		if (map_find_addr(s->map, &own[i], &me) == 0) {
			s->me = me.v;
			return 0;
		}
	return map_explain_absent(s->map, s->map_path, own, n, e);
}

/* Return: 0, -ENOENT without such a file, other -errno. */
static int load_map(struct site *s, const char *path, struct err *e)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;
	int r = 0;

	text = read_text(path, MAP_TEXT_MAX, &len, &r);
	if (!text)
		return r == -ENOENT ? r : err_set(e, r, "read %s: %s", path, strerror(-r));
	(void)snprintf(s->map_path, sizeof(s->map_path), "%s", path);
	r = map_parse(text, len, path, resolve, NULL, &s->map, e);
	return r < 0 ? r : find_me(s, e);
}

static int find_map(struct site *s, struct err *e)
{
	int r = -ENOENT;

	if (s->conf.map_file[0]) {
		r = load_map(s, s->conf.map_file, e);
		return r == -ENOENT && !s->map_path[0]
			       ? err_set(e, r, "there is no map %s, which the configuration names",
					 s->conf.map_file)
			       : r;
	}
	for (unsigned i = 0; map_search_paths[i] && r == -ENOENT && !s->map_path[0]; i++)
		r = load_map(s, map_search_paths[i], e);
	return r;
}

static int check_key(struct site *s, struct err *e)
{
	struct key_ring keys = { 0 };
	int r = key_ring_load(s->conf.key_file, &keys, e);

	key_ring_wipe(&keys);
	if (r != -ENOENT)
		return r;
	(void)snprintf(
		s->alone_why, sizeof(s->alone_why),
		"there is no key %s: make one with `mosctl keygen` and copy it to every node",
		s->conf.key_file);
	return 0;
}

int site_load(struct site *s, const char *conf_path, struct err *e)
{
	int r;

	*s = (struct site){ .me = 1 };
	r = load_conf(s, conf_path, e);
	if (r < 0)
		return r;
	r = find_map(s, e);
	if (r == -ENOENT && !s->map_path[0] && !s->conf.map_file[0]) {
		(void)snprintf(s->alone_why, sizeof(s->alone_why),
			       "there is no map: write %s, a line `number address count` each",
			       map_search_paths[0]);
		s->me = s->conf.node.v ? s->conf.node.v : 1;
		return 0;
	}
	if (r == 0)
		r = check_key(s, e);
	if (r < 0)
		return r;
	s->networked = !s->alone_why[0];
	return 0;
}

void site_finish(struct site *s)
{
	map_destroy(s->map);
	s->map = NULL;
}

bool site_has_node(const struct site *s, uint32_t node)
{
	struct node_addr a;

	return s->map && map_find_node(s->map, (node_id){ node }, &a) == 0;
}

int site_node_addr(const struct site *s, uint32_t node, char to[static NODE_ADDR_TEXT],
		   struct err *e)
{
	struct node_addr a;
	char nodes[160];

	if (!s->networked)
		return err_reason(e, -ENOENT, "alone", "this machine is alone: %s", s->alone_why);
	if (map_find_node(s->map, (node_id){ node }, &a) < 0) {
		site_nodes_text(s, nodes, sizeof(nodes));
		return err_reason(e, -ENOENT, "no-node", "there is no node %u: the map has %s",
				  node, nodes);
	}
	(void)node_addr_str(&a, to);
	return 0;
}

bool site_exports_privileged(const struct site *s, uint32_t node)
{
	return conf_exports_privileged(&s->conf, (node_id){ node });
}

void site_nodes_text(const struct site *s, char *to, size_t size)
{
	size_t n, len = 0;
	const struct map_range *r = s->map ? map_ranges(s->map, &n) : NULL;

	to[0] = '\0';
	for (size_t i = 0; r && i < n && !r[i].alias; i++) {
		uint32_t first = r[i].first.v, last;

		while (i + 1 < n && !r[i + 1].alias &&
		       r[i + 1].first.v == r[i].first.v + r[i].count)
			i++; /* a line for each node is the same as one for all */
		last = r[i].first.v + r[i].count - 1;
		if (len + sizeof(", 65535-65535, ...") > size) {
			(void)snprintf(to + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(to + len, size - len, last > first ? "%s%u-%u" : "%s%u",
					len ? ", " : "", first, last);
	}
}

json_t *site_nodes_json(const struct site *s)
{
	json_t *list = json_array();
	char addr[NODE_ADDR_TEXT];
	struct node_addr a;

	if (!s->map)
		return list;
	for (node_id i = map_next(s->map, NODE_ID_NONE);
	     i.v && json_array_size(list) < SITE_NODES_SHOWN; i = map_next(s->map, i))
		if (map_find_node(s->map, i, &a) == 0)
			(void)json_array_append_new(
				list, json_pack("{sIsssb}", "node", (json_int_t)i.v, "addr",
						node_addr_str(&a, addr), "me", i.v == s->me));
	return list;
}
