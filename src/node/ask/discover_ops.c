/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what omdiscd asks. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/log.h"
#include "node/ask/lever_ops.h"
#include "node/obj.h"
#include "node/peers/discover.h"
#include "node/peers/peers.h"
#include "node/site/recall.h"

/* Return: whether @ret has what @o asks for; else it is answered. */
static bool wanted(struct ask *a, const json_t *o, struct conf_discover *ret)
{
	const json_t *list = json_object_get(o, "links"), *v;
	int64_t ttl = obj_int_or(o, "ttl", 1, UINT8_MAX, a->d->site.conf.discover.ttl);
	size_t i;

	*ret = (struct conf_discover){ .on = true, .ttl = (uint8_t)ttl };
	if (list && (!json_is_array(list) || json_array_size(list) > CONF_LINKS_MAX)) {
		ask_fail(a, "bad-request", "\"links\" are names of at most %u interfaces",
			 CONF_LINKS_MAX);
		return false;
	}
	json_array_foreach(list, i, v)
	{
		const char *name = json_string_value(v);
		struct conf_discover one = { 0 };

		if (!name || !conf_discover_parse(name, &one) || one.n != 1 ||
		    !if_nametoindex(name)) {
			ask_fail(a, "no-interface", "there is no network interface '%.32s' here",
				 name ? name : "");
			return false;
		}
		memcpy(ret->links[ret->n++], one.links[0], CONF_LINK_NAME);
	}
	return true;
}

/* Puts discovery on other links without a restart. What can not be is not kept either. */
static int change(struct mosd *d, const struct conf_discover *c, struct err *e)
{
	const struct conf_discover was = d->site.discover;
	int r;

	d->site.discover = c ? *c : d->site.conf.discover;
	discover_destroy(d->discover);
	r = discover_create(d, &d->discover, e);
	if (r < 0) {
		d->site.discover = was;
		(void)discover_create(d, &d->discover, NULL);
		return r;
	}
	r = recall_set_discover(c);
	if (r < 0)
		(void)err_set(e, r, "it holds, but not after a restart: %s", strerror(-r));
	/* it may have been asked to stop while gossip waited for its word */
	if (d->site.networked && !d->peers && !discover_waits(d->discover)) {
		int k = peers_create(d, &d->peers, e);

		r = k < 0 ? k : r;
	}
	return r;
}

static const char *what_is_missing(const struct site *s)
{
	if (s->conf.by_key)
		return "this machine has no cluster key: `mosctl join` brings it from a node, `mosctl setup` or "
		       "`mosctl keygen` makes one";
	if (s->map_path[0])
		return "a map says who is a member: write `members = key` into mosd.conf to discover nodes";
	return "this machine is in no cluster: `mosctl setup` begins one or takes a copy of its key, `mosctl join` "
	       "makes it a node by a token; by hand it is `mosctl keygen` and `members = key` in mosd.conf";
}

void op_discover(struct ask *a, const json_t *o)
{
	struct mosd *d = a->d;
	struct conf_discover c;
	struct err e = ERR_INIT;
	bool stop = obj_bool_or(o, "stop", false);
	int r;

	if (!lever_ops_root(a) || (!stop && !wanted(a, o, &c)))
		return;
	if (!d->site.conf.by_key || !d->site.has_key) {
		ask_fail(a, "no-key", "%s", what_is_missing(&d->site));
		return;
	}
	r = change(d, stop ? NULL : &c, &e);
	if (r < 0)
		ask_fail(a, "failed", "%s", err_str(&e, r));
	else
		ask_done(a, json_pack("{sbsb}", "ok", 1, "on", d->discover != NULL));
}
