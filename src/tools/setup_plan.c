/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what has to be asked for each way into a cluster, and which answers can be right. */
#include "tools/setup_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "node/addresses.h"
#include "node/preamble.h"
#include "tools/client.h"
#include "tools/setup_ask.h"

const char *const setup_ways[SETUP_WAY_COUNT_] = { "new", "token", "key", "map" };

static int check_way(const char *answer, void *ctx, struct err *e)
{
	for (unsigned i = 0; i < SETUP_WAY_COUNT_; i++)
		if (!strcmp(answer, setup_ways[i]))
			return 0;
	return err_set(e, -EINVAL, "new, token, key or map");
}

static int check_number(const char *answer, void *ctx, struct err *e)
{
	long v;

	return tool_number(answer, 1, 65535, &v) == 0 ? 0 : err_set(e, -EINVAL, "a number from 1 to 65535");
}

static int check_address(const char *answer, void *ctx, struct err *e)
{
	struct node_addr a;

	if (node_addr_parse(answer, &a) < 0)
		return err_set(e, -EINVAL, "an IP address, in numbers");
	if (!own_addr(&a))
		return err_set(e, -EINVAL, "this machine has no such address (`ip addr` shows them)");
	return 0;
}

static int check_token(const char *answer, void *ctx, struct err *e)
{
	struct token t;

	return token_from_hex(answer, &t) == 0
		       ? 0
		       : err_set(e, -EINVAL, "32 hexadecimal digits, as `mosctl token` printed them");
}

static int check_key(const char *answer, void *ctx, struct err *e)
{
	struct key_ring keys;
	int r;

	if (ctx && !strcmp(answer, "new"))
		return 0;
	r = answer[0] == '/' ? key_ring_load(answer, &keys, e)
			     : err_set(e, -EINVAL, "a file name that begins with /%s",
				       ctx ? ", or \"new\"" : "");
	key_ring_wipe(&keys);
	return r < 0 ? -EINVAL : 0;
}

/* Addresses, in the order of the nodes' numbers, become a map in which this machine must be. */
static int check_nodes(const char *answer, void *ctx, struct err *e)
{
	char text[1024], *rest = text, *word, *to = ctx;
	bool us = false;
	unsigned n = 0;
	size_t len = 0;

	(void)snprintf(text, sizeof(text), "%s", answer);
	to[0] = '\0';
	while ((word = strsep(&rest, " ,"))) {
		struct node_addr a;

		if (!*word)
			continue;
		if (node_addr_parse(word, &a) < 0)
			return err_set(e, -EINVAL, "\"%.40s\" is no IP address", word);
		us |= own_addr(&a);
		len += (size_t)snprintf(to + len, 4096 - len, "%u %s 1\n", ++n, word);
		if (len >= 4096)
			return err_set(e, -EINVAL, "too many for a line: write the map with an editor");
	}
	return us ? 0 : err_set(e, -EINVAL, "none of these is an address of this machine");
}

static int check_discover(const char *answer, void *ctx, struct err *e)
{
	struct conf_discover d = { .ttl = 1 };

	return conf_discover_parse(answer, &d)
		       ? 0
		       : err_set(e, -EINVAL, "no, yes, or up to 6 network interfaces, like eth0, eth1");
}

static const char *existing_map(const struct conf *c)
{
	if (c->map_file[0])
		return access(c->map_file, F_OK) == 0 ? c->map_file : NULL;
	for (unsigned i = 0; map_search_paths[i]; i++)
		if (access(map_search_paths[i], F_OK) == 0)
			return map_search_paths[i];
	return NULL;
}

static int ask_port(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	char usual[16], answer[16];
	int r;

	(void)snprintf(usual, sizeof(usual), "%u", f->conf.port);
	r = setup_ask(&(struct question){ "--port", "TCP and UDP port, the same on all nodes?", usual,
					  check_number },
		      s->port, s->unattended, answer, sizeof(answer), e);
	p->port = (uint16_t)strtoul(answer, NULL, 10);
	return r;
}

static int ask_key(const struct setup_said *s, struct setup_plan *p, struct err *e)
{
	int r = setup_ask(&(struct question){ "--key",
					      "File with the cluster's key, or \"new\" to make one?", "new",
					      check_key, p /* may be new */ },
			  s->key, s->unattended, p->key, sizeof(p->key), e);

	if (r == 0 && !strcmp(p->key, "new"))
		p->key[0] = '\0';
	return r;
}

static int ask_discover(const struct setup_said *s, struct setup_plan *p, const char *usual, struct err *e)
{
	return setup_ask(&(struct question){ "--discover",
					     "Find nodes that have the key by multicast: no, yes, or on which "
					     "interfaces?",
					     usual, check_discover },
			 s->discover, s->unattended, p->discover, sizeof(p->discover), e);
}

static int plan_new(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	char likely[NODE_ADDR_TEXT] = "", node[16];
	struct node_addr a = f->conf.address.size ? f->conf.address : f->conf.listen;
	int r;

	if (a.size || own_addr_likely(&a) == 0)
		(void)node_addr_str(&a, likely);
	r = setup_ask(&(struct question){ "--address", "Address at which other nodes reach this machine?", likely,
					  check_address },
		      s->address, s->unattended, p->address, sizeof(p->address), e);
	if (r == 0)
		r = setup_ask(&(struct question){ "--node", "Number of this node?", "1", check_number }, s->node,
			      s->unattended, node, sizeof(node), e);
	if (r < 0)
		return r;
	p->node = (uint32_t)strtoul(node, NULL, 10);
	r = ask_discover(s, p, "no", e);
	if (r == 0)
		r = ask_port(f, s, p, e);
	return r < 0 ? r : ask_key(s, p, e);
}

/* The number is claimed, the address is that of the interface. */
static int plan_key(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	int r = setup_ask(&(struct question){ "--key", "File with the cluster's key, copied from a node?", "",
					      check_key },
			  s->key, s->unattended, p->key, sizeof(p->key), e);

	if (r == 0)
		r = ask_discover(s, p, "yes", e);
	if (r == 0 && !strcmp(p->discover, "no"))
		r = err_set(e, -EINVAL, "with nothing but the key, a node is found by multicast or not at all: "
					"use `mosctl join` where there is none");
	return r < 0 ? r : ask_port(f, s, p, e);
}

static int plan_token(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		      struct err *e)
{
	int r = setup_ask(&(struct question){ "--host", "Name or address of a node of the cluster?", "" }, s->host,
			  s->unattended, p->host, sizeof(p->host), e);

	if (r == 0)
		r = setup_ask(&(struct question){ "--token", "What does `mosctl token` say there (the last word)?",
						  "", check_token },
			      s->token, s->unattended, p->token, sizeof(p->token), e);
	return r < 0 ? r : ask_port(f, s, p, e);
}

/* Whether the map that is there names this machine. Return: 0 or -errno. */
static int check_map(const char *path, struct err *e)
{
	CLEANUP(free_ptr) char *text = malloc(MAP_TEXT_MAX + 1);
	struct node_addr own[OWN_ADDRS_MAX];
	struct map *m = NULL;
	ssize_t n = text ? io_read_file(path, text, MAP_TEXT_MAX + 1) : -ENOMEM;
	size_t k = own_addrs(own, OWN_ADDRS_MAX), i = 0;
	node_id id;
	int r;

	if (n < 0)
		return err_set(e, (int)n, "read %s: %s", path, strerror((int)-n));
	r = map_parse(text, (size_t)n, path, addr_resolve, NULL, &m, e);
	while (r == 0 && i < k && map_find_addr(m, &own[i], &id) < 0)
		i++;
	if (r == 0 && i == k)
		r = map_explain_absent(m, path, own, k, e);
	map_destroy(m);
	return r;
}

static int plan_map(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	const char *there = existing_map(&f->conf);
	char answer[1024];
	int r = 0;

	if (there && s->nodes)
		return err_set(e, -EINVAL, "--nodes: there is a map, %s, which stays: edit it, or take it away",
			       there);
	if (there)
		r = check_map(there, e);
	if (there && r == 0)
		(void)printf("The nodes are those of %s.\n", there);
	if (!there)
		r = setup_ask(&(struct question){ "--nodes", "Addresses of all nodes, number 1 first?", "",
						  check_nodes, p->map },
			      s->nodes, s->unattended, answer, sizeof(answer), e);
	if (r == 0)
		r = ask_port(f, s, p, e);
	return r < 0 ? r : ask_key(s, p, e);
}

int setup_make_plan(const struct member_files *f, const struct setup_said *said, struct setup_plan *ret,
		    struct err *e)
{
	static int (*const plans[])(const struct member_files *, const struct setup_said *,
				    struct setup_plan *, struct err *) = {
		[SETUP_NEW] = plan_new, [SETUP_TOKEN] = plan_token, [SETUP_KEY] = plan_key, [SETUP_MAP] = plan_map
	};
	const char *usual = existing_map(&f->conf) ? "map" : "new";
	char way[16];
	int r;

	*ret = (struct setup_plan){ 0 };
	r = setup_ask(&(struct question){
			      "--way",
			      "Begin a new cluster (new), join one with a token (token) or with a copy of its key "
			      "(key), or take the nodes of openMosix's map (map)?",
			      usual, check_way },
		      said->way, said->unattended, way, sizeof(way), e);
	for (unsigned i = 0; r == 0 && i < SETUP_WAY_COUNT_; i++)
		if (!strcmp(way, setup_ways[i]))
			ret->way = i;
	return r < 0 ? r : plans[ret->way](f, said, ret, e);
}
