/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what has to be asked for each way into a cluster. */
#include "tools/setup_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "node/site/addresses.h"
#include "tools/setup_ask.h"
#include "tools/setup_check.h"
#include "tools/setup_keep.h"
#include "tools/setup_machine.h"

const char *const setup_ways[SETUP_WAY_COUNT_] = { "new", "token", "key", "map" };

const char setup_host_missing[] = "say a node of the cluster, its name or an address";
const char setup_token_missing[] = "say the last word of what `mosctl token` prints there";

enum { NEW = 1U << SETUP_NEW, TOKEN = 1U << SETUP_TOKEN, KEY = 1U << SETUP_KEY, MAP = 1U << SETUP_MAP };

int setup_said_check(const struct setup_said *s, unsigned ways, const char *with, struct err *e)
{
	const struct {
		const char *name, *value;
		unsigned ways;
	} t[] = {
		{ "--address", s->address, NEW },	  { "--interface", s->interface, NEW | KEY },
		{ "--node", s->node, NEW | KEY },	  { "--discover", s->discover, NEW | KEY },
		{ "--key", s->key, NEW | KEY | MAP },	  { "--host", s->host, TOKEN },
		{ "--token", s->token, TOKEN },		  { "--nodes", s->nodes, MAP },
		{ "--map", s->map, MAP },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		if (t[i].value && !(t[i].ways & ways))
			return err_set(e, -EINVAL, "%s says nothing %s: mosctl(1) has what does", t[i].name, with);
	if (s->address && s->interface)
		return err_set(e, -EINVAL, "--address and --interface are one too many");
	if (s->nodes && s->map)
		return err_set(e, -EINVAL, "--nodes and --map are one too many");
	return 0;
}

static int ask_port(const struct member_files *f, const struct setup_said *s, bool unattended, struct setup_plan *p,
		    struct err *e)
{
	char usual[16], answer[16] = "";
	int r;

	(void)snprintf(usual, sizeof(usual), "%u", f->conf.port);
	r = setup_ask(&(struct question){ "--port", "TCP and UDP port, the same on all nodes?", usual,
					  check_port },
		      s->port, unattended, answer, sizeof(answer), e);
	p->port = (uint16_t)strtoul(answer, NULL, 10);
	return r;
}

/* A key that is there is the cluster's, and not asked for. @usual is "new", or empty if it can not be made. */
static int ask_key(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		   const char *usual, struct err *e)
{
	int r;

	if (f->key) {
		r = setup_keep_key(f, s->key, e);
		(void)snprintf(p->key, sizeof(p->key), "%s", f->conf.key_file);
		return r;
	}
	r = setup_ask(&(struct question){ "--key",
					  *usual ? "File with the cluster's key, or \"new\" to make one?"
						 : "File with the cluster's key, copied from a node?",
					  usual, check_key, *usual ? p /* may be new */ : NULL,
					  "say the file with the cluster's key, copied from a node" },
		      s->key, s->unattended, p->key, sizeof(p->key), e);
	if (r == 0 && !strcmp(p->key, "new"))
		p->key[0] = '\0';
	return r;
}

/* With --interface that one is meant, not any. */
static int ask_discover(const struct setup_said *s, struct setup_plan *p, const char *usual, struct err *e)
{
	int r = setup_ask(&(struct question){ "--discover",
					      "Find nodes that have the key by multicast: no, yes, or on which "
					      "interfaces?",
					      usual, check_discover },
			  s->discover, s->unattended, p->discover, sizeof(p->discover), e);

	if (r < 0 || !s->interface || strcmp(p->discover, "yes") != 0)
		return r;
	r = check_discover(s->interface, NULL, e);
	(void)snprintf(p->discover, sizeof(p->discover), "%s", s->interface);
	return r < 0 ? err_wrap(e, r, "--interface %s", s->interface) : 0;
}

static int ask_address(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		       struct err *e)
{
	struct node_addr a = f->conf.address.size ? f->conf.address : f->conf.listen;
	char likely[NODE_ADDR_TEXT] = "", answer[64], links[256];
	int r;

	if (a.size || own_addr_likely(&a) == 0)
		(void)node_addr_str(&a, likely);
	machine_links(links, sizeof(links));
	if (!s->address && !s->interface && !s->unattended)
		(void)printf("This machine has %s.\n", *links ? links : "no address that others could reach");
	r = setup_ask(&(struct question){ s->interface ? "--interface" : "--address",
					  "Address at which other nodes reach this machine, or its interface?",
					  likely, check_address, NULL,
					  "this machine has none that others could reach: give it one" },
		      s->interface ? s->interface : s->address, s->unattended, answer, sizeof(answer), e);
	if (r == 0)
		r = machine_addr(answer, &a, e);
	if (r == 0)
		(void)node_addr_str(&a, p->address);
	return r;
}

static int plan_new(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	char usual[16], node[16];
	int r = ask_address(f, s, p, e);

	(void)snprintf(usual, sizeof(usual), "%u", f->conf.node.v ? f->conf.node.v : 1U);
	if (r == 0)
		r = setup_ask(&(struct question){ "--node", "Number of this node?", usual, check_number }, s->node,
			      s->unattended, node, sizeof(node), e);
	if (r < 0)
		return r;
	p->node = (uint32_t)strtoul(node, NULL, 10);
	r = ask_discover(s, p, f->conf.discover.on ? "yes" : "no", e);
	if (r == 0)
		r = ask_port(f, s, s->unattended, p, e);
	return r < 0 ? r : ask_key(f, s, p, "new", e);
}

/* The number is claimed, unless the configuration has one; the address is that of the interface. */
static int plan_key(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	char node[16];
	int r = ask_key(f, s, p, "", e);

	p->node = f->conf.node.v;
	if (r == 0 && s->node) {
		r = setup_ask(&(struct question){ "--node", "", "", check_number }, s->node, true, node,
			      sizeof(node), e);
		p->node = (uint32_t)strtoul(node, NULL, 10);
	}
	if (r == 0 && s->interface)
		r = check_address(s->interface, NULL, e);
	if (r == 0)
		r = ask_discover(s, p, s->interface ? s->interface : "yes", e);
	if (r == 0 && !strcmp(p->discover, "no"))
		r = err_set(e, -EINVAL, "with nothing but the key, a node is found by multicast or not at all: "
					"use `mosctl join` where there is none");
	return r < 0 ? r : ask_port(f, s, s->unattended, p, e);
}

static int plan_token(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		      struct err *e)
{
	bool all_said = s->host && s->token; /* `mosctl token` prints the port with them where it is not the usual one */
	int r = setup_ask(&(struct question){ "--host", "Name or address of a node of the cluster?", "", check_host, NULL,
					      setup_host_missing },
			  s->host, s->unattended, p->host, sizeof(p->host), e);

	if (r == 0)
		r = setup_ask(&(struct question){ "--token", "What does `mosctl token` say there (the last word)?",
						  "", check_token, NULL, setup_token_missing },
			      s->token, s->unattended, p->token, sizeof(p->token), e);
	return r < 0 ? r : ask_port(f, s, s->unattended || all_said, p, e);
}

/* The one that is there stays, and must be what was said. */
static int keep_map(const struct setup_said *s, const char *there, bool *ret_others, struct err *e)
{
	CLEANUP(free_ptr) char *text = NULL;
	int r = machine_read_map(there, &text, e);

	if (r == 0)
		r = setup_keep_map(s, there, text, e);
	if (r < 0)
		return r;
	(void)printf("The nodes are those of %s.\n", there);
	*ret_others = machine_map_others(text);
	return 0;
}

/* Each node of a map could make a key of its own, and would hear none of the others. */
static void tell_whose_key(const struct member_files *f)
{
	(void)printf("The map names other nodes, and all need the same key. A new one is for the first machine only: to "
		     "the others its\n%s is copied, and they are told `mosctl setup --key FILE`.\n",
		     f->conf.key_file);
}

static int plan_map(const struct member_files *f, const struct setup_said *s, struct setup_plan *p,
		    struct err *e)
{
	const char *there = machine_map(&f->conf);
	bool others = false;
	char answer[4096];
	int r;

	if (there)
		r = keep_map(s, there, &others, e);
	else if (s->map)
		r = setup_ask(&(struct question){ "--map", "", "", check_map, &p->map }, s->map, true, answer,
			      sizeof(answer), e);
	else
		r = setup_ask(&(struct question){ "--nodes",
						  "Addresses of all nodes, number 1 first, or a file with a map?", "",
						  s->nodes ? check_nodes : check_nodes_or_map, &p->map,
						  "say the addresses of all nodes, number 1 first; or --map and a file "
						  "with a map, to be copied" },
			      s->nodes, s->unattended, answer, sizeof(answer), e);
	if (r == 0)
		r = ask_port(f, s, s->unattended, p, e);
	if (r == 0 && !f->key && !s->key && (others || (p->map && machine_map_others(p->map))))
		tell_whose_key(f);
	return r < 0 ? r : ask_key(f, s, p, "new", e);
}

/* What the options speak of; else what is there already. A key alone was copied, or made by hand: whoever has it
 * is found, and if there is nobody yet, this is the first. */
static enum setup_way usual_way(const struct member_files *f, const struct setup_said *s)
{
	if (s->token || s->host)
		return SETUP_TOKEN;
	if (s->nodes || s->map || (!f->conf.by_key && machine_map(&f->conf)))
		return SETUP_MAP;
	return f->key ? SETUP_KEY : SETUP_NEW;
}

/* Options may have decided it already. */
static int ask_way(const struct member_files *f, const struct setup_said *s, char *to, size_t size, struct err *e)
{
	bool decided = s->host || s->token || s->nodes || s->map;

	return setup_ask(&(struct question){
				 "--way",
				 "Begin a new cluster (new), join one with a token (token) or with a copy of its key "
				 "(key), or take the nodes of openMosix's map (map)?",
				 setup_ways[usual_way(f, s)], check_way },
			 s->way, s->unattended || decided, to, size, e);
}

/* What led to this way, as it is to be told to whoever said something that does not go with it: an option, an answer,
 * or what is there. */
static void tell_way(const struct member_files *f, const struct setup_said *s, enum setup_way way, char *to,
		     size_t size)
{
	const char *map = machine_map(&f->conf);

	if (s->way)
		(void)snprintf(to, size, "with --way %s", s->way);
	else if (s->host || s->token)
		(void)snprintf(to, size, "with %s", s->host ? "--host" : "--token");
	else if (s->nodes || s->map)
		(void)snprintf(to, size, "with %s", s->nodes ? "--nodes" : "--map");
	else if (!s->unattended)
		(void)snprintf(to, size, "with the answer \"%s\"", setup_ways[way]);
	else if (way == SETUP_MAP && map)
		(void)snprintf(to, size, "where there is a map, %s, and no --way", map);
	else
		(void)snprintf(to, size, "where there is %s, and no --way", f->key ? "a key" : "nothing yet");
}

int setup_make_plan(const struct member_files *f, const struct setup_said *said, struct setup_plan *ret,
		    struct err *e)
{
	static int (*const plans[])(const struct member_files *, const struct setup_said *,
				    struct setup_plan *, struct err *) = {
		[SETUP_NEW] = plan_new, [SETUP_TOKEN] = plan_token, [SETUP_KEY] = plan_key, [SETUP_MAP] = plan_map
	};
	char way[16], with[CONF_PATH_MAX + 64];
	int r;

	*ret = (struct setup_plan){ 0 };
	r = ask_way(f, said, way, sizeof(way), e);
	for (unsigned i = 0; r == 0 && i < SETUP_WAY_COUNT_; i++)
		if (!strcmp(way, setup_ways[i]))
			ret->way = i;
	if (r < 0)
		return r;
	tell_way(f, said, ret->way, with, sizeof(with));
	r = setup_said_check(said, 1U << ret->way, with, e);
	return r < 0 ? r : plans[ret->way](f, said, ret, e);
}

void setup_plan_finish(struct setup_plan *p)
{
	free(p->map);
	p->map = NULL;
}
