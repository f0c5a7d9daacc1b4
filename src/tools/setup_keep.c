/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tools/setup_check.h"
#include "tools/setup_host.h"
#include "tools/setup_machine.h"

#define CHANGES_MAX 4U

struct keeping {
	const struct member_files *f;
	const struct site *site;
	const struct setup_said *said;
	char address[NODE_ADDR_TEXT];
	bool discovers; /* from now on */
	struct conf_change changes[CHANGES_MAX];
	unsigned n;
};

bool setup_stands(const struct site *s)
{
	return s->networked || (s->has_key && s->conf.by_key && s->conf.discover.on);
}

static void change(struct keeping *k, const char *key, const char *value)
{
	ASSERT(k->n < CHANGES_MAX);
	k->changes[k->n++] = (struct conf_change){ key, value, false };
}

static int keep_way(struct keeping *k, struct err *e)
{
	bool by_key = k->site->conf.by_key;
	const char *way = k->said->way;
	unsigned ways = by_key ? 1U << SETUP_NEW | 1U << SETUP_TOKEN | 1U << SETUP_KEY : 1U << SETUP_MAP;
	char with[sizeof(k->site->map_path) + 32], out[MACHINE_OUT];
	int r = way ? check_way(way, NULL, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--way %s", way);
	if (!by_key && (k->said->host || k->said->token))
		return err_set(e, -EINVAL, "this is node %u of the map %s, and joins no other cluster while it is: %s",
			       k->site->me, k->site->map_path, machine_out_of_map(&k->f->conf, out, sizeof(out)));
	if (way && by_key == !strcmp(way, "map"))
		return by_key ? err_set(e, -EINVAL, "this is a node by its key (`members = key` in the "
						    "configuration): `mosctl leave` comes first")
			      : err_set(e, -EINVAL, "this is a node of %s: to be one by its key, write `members = key` "
						    "into the configuration of every node",
					k->site->map_path);
	if (by_key)
		(void)snprintf(with, sizeof(with), "on a node by its key");
	else
		(void)snprintf(with, sizeof(with), "on a node of the map %s", k->site->map_path);
	return setup_said_check(k->said, ways, with, e);
}

int setup_keep_key(const struct member_files *f, const char *said, struct err *e)
{
	struct key_ring is, other;
	bool same;
	int r;

	if (!said || !strcmp(said, "new"))
		return 0;
	r = check_key(said, NULL, e);
	if (r < 0)
		return err_wrap(e, r, "--key %s", said);
	r = key_ring_load(f->conf.key_file, &is, e);
	if (r == 0)
		r = key_ring_load(said, &other, e);
	same = r == 0 && key_ring_equal(&is, &other);
	key_ring_wipe(&is);
	key_ring_wipe(&other);
	if (r < 0)
		return r;
	if (same)
		return 0;
	if (f->conf.by_key)
		return err_set(e, -EINVAL, "--key %s: there is another key, %s, which stays: `mosctl leave` comes first",
			       said, f->conf.key_file);
	return err_set(e, -EINVAL,
		       "--key %s: there is another key, %s, which stays: if that is the wrong one, remove it, and say "
		       "this again",
		       said, f->conf.key_file);
}

/* A node joins no second cluster: a token is good for nothing here, unless it is one of a cluster that this machine
 * is in already, as after the same command was run before. */
static int keep_cluster(struct keeping *k, struct err *e)
{
	const char *host = k->said->host, *token = k->said->token;
	int r = token ? check_token(token, NULL, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--token");
	if (!host && !token)
		return 0;
	if (!host || !token)
		return err_set(e, -EINVAL, "%s is missing: %s", host ? "--token" : "--host",
			       host ? setup_token_missing : setup_host_missing);
	return setup_keep_host(host, e);
}

static int keep_key(struct keeping *k, struct err *e)
{
	return setup_keep_key(k->f, k->said->key, e);
}

int setup_keep_map(const struct setup_said *said, const char *path, const char *text, struct err *e)
{
	CLEANUP(free_ptr) char *other = NULL;
	int r = 0;

	if (said->nodes)
		r = check_nodes(said->nodes, &other, e);
	else if (said->map)
		r = check_map(said->map, &other, e);
	if (r < 0)
		return err_wrap(e, r, "%s", said->nodes ? "--nodes" : "--map");
	if (other && !machine_maps_equal(text, other))
		return err_set(e, -EINVAL, "%s: there is another map, %s, which stays: edit it, or take it away",
			       said->nodes ? "--nodes" : "--map", path);
	return 0;
}

static int keep_map(struct keeping *k, struct err *e)
{
	CLEANUP(free_ptr) char *text = NULL;
	int r;

	if (!k->said->nodes && !k->said->map)
		return 0;
	r = machine_read_map(k->site->map_path, &text, e);
	return r < 0 ? r : setup_keep_map(k->said, k->site->map_path, text, e);
}

static int keep_node(struct keeping *k, struct err *e)
{
	const char *node = k->said->node;
	int r = node ? check_number(node, NULL, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--node %s", node);
	if (!node || (!k->site->unnumbered && strtoul(node, NULL, 10) == k->site->me))
		return 0;
	if (!k->site->unnumbered)
		return err_set(e, -EINVAL, "--node %s: this is node %u, and others know it as that: `mosctl leave` "
					   "comes first",
			       node, k->site->me);
	change(k, "node", node);
	return 0;
}

static int keep_port(struct keeping *k, struct err *e)
{
	const char *port = k->said->port;
	int r = port ? check_port(port, NULL, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--port %s", port);
	if (port && strtoul(port, NULL, 10) != k->f->conf.port)
		change(k, "port", port);
	return 0;
}

static bool same_links(const struct conf_discover *a, const struct conf_discover *b)
{
	bool same = a->on == b->on && a->n == b->n;

	for (unsigned i = 0; same && i < a->n; i++)
		same = !strcmp(a->links[i], b->links[i]);
	return same;
}

/* Where nodes are discovered, --interface says on which one; else at which address they are reached. */
static int keep_discover(struct keeping *k, struct err *e)
{
	const char *said = k->said->discover, *interface = k->said->interface;
	struct conf_discover d = k->f->conf.discover;
	int r = said ? check_discover(said, NULL, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--discover %s", said);
	if (said)
		(void)conf_discover_parse(said, &d);
	if (interface && d.on && (!said || !d.n)) {
		said = interface;
		r = check_discover(said, NULL, e);
		if (r < 0)
			return err_wrap(e, r, "--interface %s", said);
		(void)conf_discover_parse(said, &d);
	}
	if (said && !same_links(&d, &k->f->conf.discover))
		change(k, "discover", said);
	k->discovers = d.on;
	return 0;
}

static int keep_address(struct keeping *k, struct err *e)
{
	bool by_interface = k->said->interface != NULL;
	const char *said = by_interface ? k->said->interface : k->said->address;
	struct node_addr a;
	int r = said ? machine_addr(said, &a, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "%s %s", by_interface ? "--interface" : "--address", said);
	if (!said || !node_addr_cmp(&a, &k->site->addr))
		return 0;
	if (by_interface && k->discovers)
		return 0; /* it has the address of where it discovers */
	change(k, "address", node_addr_str(&a, k->address));
	return 0;
}

int setup_keep(const struct member_files *f, const struct site *site, const struct setup_said *said, struct err *e)
{
	static int (*const parts[])(struct keeping *, struct err *) = {
		keep_way, keep_key, keep_map, keep_node, keep_port, keep_discover, keep_address, keep_cluster,
	};
	struct keeping k = { .f = f, .site = site, .said = said };
	int r = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
		r = parts[i](&k, e);
	if (r < 0 || !k.n)
		return r;
	return member_files_write(f, &(struct member_plan){ .changes = k.changes, .n = k.n }, e);
}
