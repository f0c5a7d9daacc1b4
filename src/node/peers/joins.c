/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows who may join, and which number he gets.
 *
 * DOC: mosd itself never reads a stranger's bytes beyond the preamble. That names a pass, and whoever
 * does not have the pass cannot guess its name; a mos-join does the handshake, which proves that the
 * other side has the pass itself, and asks us what to give. Asking uses the pass up. */
#include "node/peers/joins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/ask/lever_ops.h"
#include "node/link.h"
#include "node/obj.h"
#include "node/peers/passes.h"
#include "node/peers/peers.h"

#define AT_ONCE 8U

struct joiner { /* one stream */
	struct joins *all;
	struct link *link;
	struct token name;
	uint32_t node; /* that was given; 0: none yet */
	struct joiner *next;
};

struct joins {
	struct mosd *d;
	struct passes passes;
	struct joiner *first;
	unsigned n;
};

/* What an earlier node at @addr was, if it is not there now; else a free one. Return: 0 or -errno. */
static int choose(struct joins *v, const struct pass *p, const struct node_addr *addr, uint32_t *ret,
		  struct err *e)
{
	const struct roster *all = v->d->site.roster;
	uint32_t there = roster_at(all, addr).v, n = p->node;
	const struct member *m = there ? peers_find(v->d->peers, there) : NULL;
	char text[NODE_ADDR_TEXT];
	struct node_addr has;

	if (there && (there == v->d->site.me || (m && member_present(m->state))))
		return err_reason(e, -EEXIST, "member",
				  "node %u is at %s, and it is there: if that is this machine, it is a member "
				  "already",
				  there, node_addr_str(addr, text));
	if (n && n != there && roster_find(all, (node_id){ n }, &has) == 0)
		return err_reason(e, -EEXIST, "number-taken", "node %u is at %s by now: take another token", n,
				  node_addr_str(&has, text));
	if (!n)
		n = there;
	for (uint32_t i = 1; !n && i <= NODE_ID_MAX; i++)
		if (roster_find(all, (node_id){ i }, &has) < 0 &&
		    !passes_promise(&v->passes, mono_now(), i))
			n = i;
	*ret = n;
	return n ? 0 : err_reason(e, -ENOSPC, "full", "all numbers are taken");
}

static void nodes_text(const struct joins *v, uint32_t node, const struct node_addr *addr, struct buf *b)
{
	size_t n;

	roster_text_for(v->d->site.roster, (node_id){ node }, addr, b);
	buf_put_u8(b, '\0');
	if (b->failed || b->len <= JOIN_NODES_MAX)
		return;
	for (n = JOIN_NODES_MAX - 1; n && b->data[n - 1] != '\n'; n--)
		; /* whole lines; of the others it hears */
	b->data[n] = '\0';
}

/* @addr: size 0 where it is not known. */
static void refuse(struct joiner *j, const struct node_addr *addr, int r, const struct err *e)
{
	char text[NODE_ADDR_TEXT];

	log_warning("a machine%s%s does not join: %s", addr->size ? " at " : "",
		    addr->size ? node_addr_str(addr, text) : "", err_str(e, r));
	(void)link_send(j->link,
			json_pack("{ssssso}", "op", "refused", "code", e->reason[0] ? e->reason : "refused",
				  "error", obj_text(err_str(e, r))),
			-1);
}

static void on_asks(struct joiner *j, const json_t *o)
{
	CLEANUP(buf_finish) struct buf nodes = BUF_INIT;
	struct joins *v = j->all;
	struct pass *p = passes_find(&v->passes, mono_now(), &j->name);
	const char *text = obj_str(o, "address");
	struct err e = ERR_INIT;
	struct node_addr addr = { 0 };
	bool known = text && node_addr_parse(text, &addr) == 0;
	uint32_t node = 0;
	int r;

	if (j->node)
		return; /* once is enough */
	if (!p)
		r = err_reason(&e, -ENOENT, "used", "this token was used, or its time is over");
	else if (!known)
		r = err_reason(&e, -EPROTO, "address", "the stream has no address");
	else if (!node_addr_reachable(&addr))
		r = err_reason(&e, -EADDRNOTAVAIL, "address",
			       "it comes from %s, where other nodes do not reach it: join by an address of this "
			       "node that they reach too",
			       text);
	else
		r = choose(v, p, &addr, &node, &e);
	if (r < 0) {
		refuse(j, &addr, r, &e);
		return;
	}
	passes_use(p);
	j->node = node;
	log_info("node %u joins from %s", node, text);
	nodes_text(v, node, &addr, &nodes);
	/* Known from now on: nobody else gets its number, and it is asked until it speaks. */
	peers_meet(v->d->peers, node, &addr);
	(void)link_send(j->link,
			json_pack("{sssIsIss}", "op", "give", "node", (json_int_t)node, "port",
				  (json_int_t)v->d->site.conf.port, "nodes",
				  nodes.failed ? "" : (const char *)nodes.data),
			-1);
}

static const struct {
	const char *name;
	void (*handle)(struct joiner *j, const json_t *o);
} events[] = {
	{ "asks", on_asks },
};

static void on_packet(void *data, json_t *o)
{
	struct joiner *j = data;
	const char *ev = obj_str(o, "ev");

	for (unsigned i = 0; ev && i < ARRAY_SIZE(events); i++)
		if (!strcmp(ev, events[i].name))
			events[i].handle(j, o);
}

static void on_closed(void *data, int status)
{
	struct joiner *j = data, **at = &j->all->first;

	if (status && j->node)
		log_warning("node %u did not say that it has written down what it was given", j->node);
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	j->all->n--;
	free(j);
}

static const struct link_ops ops = { .packet = on_packet, .closed = on_closed };

struct joins *joins_create(struct mosd *d)
{
	struct joins *v = calloc(1, sizeof(*v));

	if (v)
		v->d = d;
	return v;
}

void joins_destroy(struct joins *v)
{
	if (!v)
		return;
	for (struct joiner *j = v->first, *next; j; j = next) {
		next = j->next;
		free(j); /* its mos-join sees that we are gone */
	}
	OPENSSL_cleanse(&v->passes, sizeof(v->passes));
	free(v);
}

int joins_stream(struct joins *v, int stream, const struct token *t, struct err *e)
{
	const struct pass *p = passes_find(&v->passes, mono_now(), t);
	CLEANUP(close_fd) int fd = -1;
	char hex[JOIN_PASS_TEXT + 1];
	struct joiner *j;
	int r;

	if (!p)
		return -ENOENT;
	fd = stream;
	if (v->n >= AT_ONCE)
		return err_set(e, -EBUSY, "%u machines join already", v->n);
	j = calloc(1, sizeof(*j));
	if (!j)
		return err_set(e, -ENOMEM, "out of memory");
	j->all = v;
	j->name = *t;
	r = link_spawn(v->d->loop, "mos-join", fd, &ops, j, &j->link, e);
	if (r < 0) {
		free(j);
		return r == -ENOENT ? -ENOEXEC : r; /* -ENOENT: no such pass */
	}
	j->next = v->first;
	v->first = j;
	v->n++;
	pass_text(p, hex);
	r = link_send(j->link, json_pack("{ssssso}", "op", "pass", "secret", hex, "key_file",
					 obj_text(v->d->site.conf.key_file)),
		      -1);
	OPENSSL_cleanse(hex, sizeof(hex));
	return r < 0 ? err_set(e, r, "mos-join does not listen: %s", strerror(-r)) : 0;
}

void op_token(struct ask *a, const json_t *o)
{
	struct mosd *d = a->d;
	int64_t seconds = PASS_SECONDS_USUAL, node = 0;
	char hex[JOIN_PASS_TEXT + 1], addr[NODE_ADDR_TEXT] = "";
	struct node_addr own;
	struct pass *p;

	if (!lever_ops_root(a))
		return;
	if ((json_object_get(o, "seconds") && obj_int(o, "seconds", 1, PASS_SECONDS_MAX, &seconds) < 0) ||
	    (json_object_get(o, "node") && obj_int(o, "node", 1, NODE_ID_MAX, &node) < 0)) {
		ask_fail(a, "bad-request", "\"seconds\" is from 1 to %d, \"node\" from 1 to %u",
			 PASS_SECONDS_MAX, NODE_ID_MAX);
		return;
	}
	if (!d->site.networked || !d->site.conf.by_key) {
		ask_fail(a, "by-map",
			 d->site.networked
				 ? "the nodes of this cluster are those of the map: write the new one into it on "
				   "every node, or write `members = key` into mosd.conf"
				 : "this machine is in no cluster: `mosctl setup` begins one");
		return;
	}
	if (node && roster_find(d->site.roster, (node_id){ (uint32_t)node }, &own) == 0) {
		ask_fail(a, "number-taken", "node %d is at %s: choose another number", (int)node,
			 node_addr_str(&own, addr));
		return;
	}
	p = passes_draw(&d->joins->passes, mono_now(), seconds * NSEC_PER_SEC, (uint32_t)node);
	if (!p) {
		ask_fail(a, "too-many", "%u tokens are under way: wait until one is used or over",
			 PASSES_MAX);
		return;
	}
	pass_text(p, hex);
	if (roster_find(d->site.roster, (node_id){ d->site.me }, &own) == 0)
		(void)node_addr_str(&own, addr);
	ask_done(a, json_pack("{sbsssssIsI}", "ok", 1, "token", hex, "address", addr, "port",
			      (json_int_t)d->site.conf.port, "seconds", (json_int_t)seconds));
}
