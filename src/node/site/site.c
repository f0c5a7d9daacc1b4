/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how configuration, map, key and own addresses become "who am I, and who else is there". */
#include "node/site/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/paths.h"
#include "node/site/addresses.h"
#include "node/site/recall.h"
#include "wire/key.h"

#define CONF_TEXT_MAX (64U * 1024U)

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
	r = map_parse(text, len, path, addr_resolve, NULL, &s->map, e);
	if (r == 0)
		r = roster_add_map(s->roster, s->map);
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
	s->has_key = r == 0;
	if (r != -ENOENT)
		return r;
	(void)snprintf(
		s->alone_why, sizeof(s->alone_why),
		"there is no key %s: `mosctl join` brings it from another node, `mosctl keygen` makes one",
		s->conf.key_file);
	return 0;
}

/* Whom this node knew when its mosd last ran, or whom it was told of when it joined. */
static int load_nodes(struct site *s, struct err *e)
{
	CLEANUP(free_ptr) char *text = NULL;
	struct map *m = NULL;
	size_t len;
	int r = 0;

	text = read_text(MOS_NODES_PATH, MAP_TEXT_MAX, &len, &r);
	if (!text)
		return r == -ENOENT ? 0 : err_set(e, r, "read %s: %s", MOS_NODES_PATH, strerror(-r));
	if (!len)
		return 0;
	r = map_parse(text, len, MOS_NODES_PATH, NULL, NULL, &m, e);
	if (r < 0 && r != -ENOMEM) { /* what mosd keeps for itself must not keep it from starting */
		log_warning("%s; the nodes in it have to be found anew", err_str(e, r));
		return 0;
	}
	if (r == 0)
		r = roster_add_map(s->roster, m);
	map_destroy(m);
	return r;
}

/* Where the others reach us. Return: 0 or -EADDRNOTAVAIL. */
static int find_addr(struct site *s, struct node_addr *ret, struct err *e)
{
	*ret = s->conf.address;
	if (!ret->size)
		*ret = s->conf.listen;
	for (unsigned i = 0; !ret->size && i < s->discover.n; i++)
		(void)own_addr_of(s->discover.links[i], ret);
	if (!ret->size && s->discover.n)
		return err_set(e, -EADDRNOTAVAIL,
			       "no interface on which it is to discover nodes is up and has an address");
	if (!ret->size && s->me && roster_find(s->roster, (node_id){ s->me }, ret) == 0 && !own_addr(ret))
		*ret = (struct node_addr){ 0 }; /* it had that one before */
	if (!ret->size && own_addr_likely(ret) < 0)
		return err_set(e, -EADDRNOTAVAIL,
			       "this machine has no address that others could reach: give it one, or "
			       "write `address = ...` in the configuration");
	return 0;
}

/* Members are who has the key: we need a number and an address. */
static int find_me_by_key(struct site *s, struct err *e)
{
	uint32_t me;
	int r = load_nodes(s, e);

	s->discover = s->conf.discover;
	(void)recall_discover(&s->discover);
	me = s->conf.node.v ? s->conf.node.v : recall_number();
	s->me = me;
	if (r == 0)
		r = find_addr(s, &s->addr, e);
	if (r == -EADDRNOTAVAIL && s->discover.on) { /* it may come: discovery looks */
		(void)snprintf(s->alone_why, sizeof(s->alone_why), "%s", err_str(e, r));
		s->me = me ? me : 1;
		s->addr = (struct node_addr){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	if (!me)
		me = roster_at(s->roster, &s->addr).v;
	s->unnumbered = !me;
	if (!me) {
		(void)snprintf(s->alone_why, sizeof(s->alone_why), "it has no number yet: %s",
			       s->discover.on ? "discovery finds one in a moment" :
						"write `node = ...` or `discover = yes` into mosd.conf, "
						"run omdiscd, or `mosctl join`");
		s->me = 1;
		return 0;
	}
	s->me = me;
	r = roster_put(s->roster, (node_id){ me }, &s->addr, true);
	return r < 0 ? err_set(e, r, "node %u: %s", me, strerror(-r)) : 0;
}

int site_load(struct site *s, const char *conf_path, struct err *e)
{
	int r;

	*s = (struct site){ .me = 1, .roster = roster_create() };
	if (!s->roster)
		return err_set(e, -ENOMEM, "out of memory");
	r = load_conf(s, conf_path, e);
	if (r < 0)
		return r;
	r = s->conf.by_key ? find_me_by_key(s, e) : find_map(s, e);
	if (r == -ENOENT && !s->map_path[0] && !s->conf.map_file[0]) {
		(void)snprintf(s->alone_why, sizeof(s->alone_why),
			       "it is in no cluster: `mosctl setup` begins one, `mosctl join` makes it a node of one "
			       "(or write a map, %s)",
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
	roster_destroy(s->roster);
	s->map = NULL;
	s->roster = NULL;
}

bool site_has_node(const struct site *s, uint32_t node)
{
	struct node_addr a;

	return roster_find(s->roster, (node_id){ node }, &a) == 0;
}

int site_node_addr(const struct site *s, uint32_t node, char to[static NODE_ADDR_TEXT],
		   struct err *e)
{
	struct node_addr a;
	char nodes[160];

	if (!s->networked)
		return err_reason(e, -ENOENT, "alone", "this machine is alone: %s", s->alone_why);
	if (roster_find(s->roster, (node_id){ node }, &a) < 0) {
		site_nodes_text(s, nodes, sizeof(nodes));
		return err_reason(e, -ENOENT, "no-node", "there is no node %u: %s %s", node,
				  s->conf.by_key ? "those known are" : "the map has", nodes);
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
	size_t len = 0;
	node_id i = roster_next(s->roster, NODE_ID_NONE), first, last, next;

	to[0] = '\0';
	for (; i.v; i = next) {
		first = last = i;
		while ((next = roster_next(s->roster, last)).v == last.v + 1)
			last = next;
		if (len + sizeof(", 65535-65535, ...") > size) {
			(void)snprintf(to + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(to + len, size - len, last.v > first.v ? "%s%u-%u" : "%s%u",
					len ? ", " : "", first.v, last.v);
	}
}

json_t *site_nodes_json(const struct site *s)
{
	json_t *list = json_array();
	char addr[NODE_ADDR_TEXT];
	struct node_addr a;

	for (node_id i = roster_next(s->roster, NODE_ID_NONE);
	     i.v && json_array_size(list) < SITE_NODES_SHOWN; i = roster_next(s->roster, i))
		if (roster_find(s->roster, i, &a) == 0)
			(void)json_array_append_new(
				list, json_pack("{sIsssb}", "node", (json_int_t)i.v, "addr",
						node_addr_str(&a, addr), "me", i.v == s->me));
	return list;
}
