/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how announcements travel, and what follows from what discovery decides. */
#include "node/peers/discover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "cluster/discovery.h"
#include "cluster/quota.h"
#include "node/obj.h"
#include "node/peers/multicast.h"
#include "node/peers/peers.h"
#include "node/process/guests.h"
#include "node/process/migrants.h"
#include "node/reload.h"
#include "node/site/addresses.h"
#include "node/site/recall.h"
#include "wire/announce.h"

#define TAKEN_AT_ONCE 64U		 /* datagrams, before others have their turn */
#define LOOK_GAP      (5 * NSEC_PER_SEC) /* at interfaces, key, and who is present */

struct discover {
	struct mosd *d;
	struct discovery *machine; /* NULL: this machine has no address yet */
	struct multicast *net;
	struct announce *seal;
	ev_io io[MULTICAST_FAMILIES];
	ev_timer tick;
	bool nowhere; /* no interface fits, and that was told */
	uint64_t received, malformed, forged, unopened;
	struct quota quota;
	nsec_t looked, complained;
	nsec_t readdressed; /* when it last began anew for another address; 0: never */
};

static void fill_random(void *to, size_t n)
{
	while (getrandom(to, n, 0) != (ssize_t)n)
		;
}

static bool seal(struct discover *v, const struct notice *n, uint8_t out[static ANNOUNCE_SIZE])
{
	uint8_t salt[ANNOUNCE_SALT], text[ANNOUNCE_TEXT];

	_Static_assert(ANNOUNCE_TEXT == NOTICE_SIZE, "a notice is what is announced");
	fill_random(salt, sizeof(salt));
	notice_put(n, text);
	return announce_seal(v->seal, salt, text, out) == 0;
}

static void on_send(void *ctx, const struct notice *n, const struct node_addr *to, uint16_t port)
{
	struct discover *v = ctx;
	uint8_t out[ANNOUNCE_SIZE];
	struct notice full = *n;
	unsigned links;
	const struct multicast_link *l = multicast_links(v->net, &links);

	full.port = multicast_port(v->d->site.conf.port);
	if (to && seal(v, &full, out))
		multicast_answer(v->net, to, port, out, sizeof(out));
	for (unsigned i = 0; !to && i < links; i++) {
		full.addr = l[i].addr;
		if (seal(v, &full, out))
			multicast_tell(v->net, &l[i], out, sizeof(out));
	}
}

static void on_met(void *ctx, uint32_t node, const struct node_addr *addr)
{
	struct discover *v = ctx;

	peers_meet(v->d->peers, node, addr);
}

static bool on_find(void *ctx, uint32_t node, struct node_addr *ret, bool *ret_there)
{
	struct discover *v = ctx;
	const struct member *m = peers_find(v->d->peers, node);

	*ret_there = m && member_present(m->state);
	return roster_proven(v->d->site.roster, (node_id){ node }) &&
	       roster_find(v->d->site.roster, (node_id){ node }, ret) == 0;
}

/* We waited with gossip, since a copy of another machine that speaks under its number takes its
 * place. */
static void begin_to_talk(struct mosd *d)
{
	struct err e = ERR_INIT;
	int r = peers_create(d, &d->peers, &e);

	if (r < 0)
		log_error("this node cannot talk with others: %s", err_str(&e, r));
	else
		log_info("node %u: nobody else says to be", d->site.me);
}

static void on_undisputed(void *ctx, uint32_t number)
{
	struct discover *v = ctx;
	struct mosd *d = v->d;
	struct err e = ERR_INIT;
	int r;

	(void)recall_set_undisputed(number); /* else the next start waits once more */
	if (!d->site.unnumbered && number == d->site.me) {
		if (!d->peers)
			begin_to_talk(d);
		return;
	}
	r = recall_set_number(number);
	if (r == 0)
		r = reload_begin(d, &e);
	if (r < 0)
		log_error("this could be node %u, but that cannot be kept: %s", number,
			  err_str(&e, r));
	else
		log_info("this is node %u from now on: nobody else says to be", number);
}

static void on_taken(void *ctx, uint32_t number, const struct node_addr *by, uint32_t next)
{
	char addr[NODE_ADDR_TEXT];

	(void)node_addr_str(by, addr);
	if (next)
		log_warning("the number %u is taken by the node at %s: this one tries %u", number,
			    addr, next);
	else
		log_warning("this node and the one at %s have both the number %u: give one of them "
			    "another `node` in its mosd.conf",
			    addr, number);
}

static uint64_t on_random(void *ctx)
{
	uint64_t r;

	fill_random(&r, sizeof(r));
	return r;
}

static const struct discovery_ops ops = { .send = on_send,
					  .met = on_met,
					  .find = on_find,
					  .undisputed = on_undisputed,
					  .taken = on_taken,
					  .random = on_random };

static void look_at_keys(struct discover *v)
{
	struct key_ring keys = { .n = 0 };

	/* while there is none, the former ones hold */
	if (key_ring_load(v->d->site.conf.key_file, &keys, NULL) == 0)
		(void)announce_set_keys(v->seal, &keys);
	key_ring_wipe(&keys);
}

/* Whether others know processes by our number. */
static bool tied(const struct mosd *d)
{
	for (const struct migrant *m = migrants_first(d->migrants); m; m = m->next)
		if (!m->ended && (m->node || m->request))
			return true;
	return guests_count(d->guests) > 0;
}

/* Addresses come and go. Another one takes a new beginning: from then on gossip tells of it. */
static void look_at_addr(struct discover *v)
{
	struct node_addr *a = &v->d->site.addr;
	unsigned n;
	const struct multicast_link *l = multicast_links(v->net, &n);
	char was[NODE_ADDR_TEXT], is[NODE_ADDR_TEXT];
	struct err e = ERR_INIT;

	if (!n || v->d->site.conf.address.size || (a->size && own_addr(a)))
		return;
	if (!complaint_tells(&v->readdressed, mono_now()))
		return; /* a configuration that is wrong now is looked at again then */
	log_info("this node has %s%s, but %s", a->size ? "no more the address " : "had no address",
		 node_addr_str(a, was), node_addr_str(&l[0].addr, is));
	if (reload_begin(v->d, &e) < 0)
		log_error("nothing is reloaded: %s", err_str(&e, e.code));
}

static void look(struct discover *v)
{
	bool none = !multicast_refresh(v->net);

	if (none && !v->nowhere)
		log_warning("no interface to discover nodes on: none that `discover` allows is up "
			    "and has an address");
	v->nowhere = none;
	look_at_addr(v);
	look_at_keys(v);
	v->looked = mono_now();
}

static void go_on(struct discover *v)
{
	nsec_t now = mono_now(), next;
	unsigned present = 0;

	if (now - v->looked >= LOOK_GAP)
		look(v);
	next = v->looked + LOOK_GAP;
	for (const struct member *m = peers_next(v->d->peers, NULL); m;
	     m = peers_next(v->d->peers, m))
		present += m->node != v->d->site.me && member_present(m->state);
	if (v->machine) {
		discovery_others(v->machine, present, tied(v->d));
		next = MIN(discovery_tick(v->machine, now), next);
	}
	v->tick.repeat = (double)MAX(next - now, NSEC_PER_MSEC) / NSEC_PER_SEC;
	ev_timer_again(v->d->loop, &v->tick);
}

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
	go_on(t->data);
}

/* A stranger can send any number: a line a minute says so. */
static void complain(struct discover *v, const struct node_addr *from, const char *what)
{
	char addr[NODE_ADDR_TEXT];

	if (!complaint_tells(&v->complained, mono_now()))
		return;
	log_warning(
		"an announcement from %s is dropped: %s (%llu so far; `mosctl status --json` counts them)",
		node_addr_str(from, addr), what, (unsigned long long)(v->malformed + v->forged));
}

/* Return: whether discovery was told. */
static bool take(struct discover *v, const uint8_t *bytes, size_t n, const struct node_addr *from,
		 const struct node_addr *own)
{
	uint8_t text[ANNOUNCE_TEXT];
	struct notice notice;
	int r = announce_open(v->seal, bytes, n, text);

	if (r == -EBADMSG) {
		v->forged++;
		complain(v, from, "it is sealed with another key");
		return false;
	}
	if (r == 0)
		r = notice_get(text, &notice);
	if (r < 0) {
		v->malformed++;
		complain(v, from, "it is none of ours");
		return false;
	}
	/* To answer we must know where we are ourselves; and who leaves for good is not there any
	 * more. */
	if ((!own->size || v->d->parting) && notice.kind != NOTICE_ACK &&
	    notice.kind != NOTICE_TAKEN)
		return false;
	discovery_take(v->machine, mono_now(), &notice, own);
	return true;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct discover *v = io->data;
	bool told = false;

	for (unsigned i = 0; i < TAKEN_AT_ONCE; i++) {
		uint8_t bytes[ANNOUNCE_SIZE + 1];
		struct node_addr from, own;
		ssize_t n = multicast_receive(v->net, (unsigned)(io - v->io), bytes, sizeof(bytes),
					      &from, &own);

		if (n < 0)
			break; /* nothing more, or somebody's port is closed */
		v->received++;
		if (quota_take(&v->quota, mono_now(), &from))
			told |= take(v, bytes, (size_t)n, &from, &own);
		else
			v->unopened++; /* who was lost in a flood says it again */
	}
	if (told)
		go_on(v);
}

static int begin(struct discover *v, struct err *e)
{
	const struct site *s = &v->d->site;
	struct discovery_self self = { .addr = s->addr,
				       .number = s->unnumbered ? 0 : s->me,
				       .fixed = s->conf.node.v != 0 };
	struct multicast_conf c = { .on = s->discover,
				    .port = multicast_port(s->conf.port),
				    .listens = true,
				    .only = s->conf.listen,
				    .likes = s->addr };
	struct key_ring keys = { .n = 0 };
	int r = key_ring_load(s->conf.key_file, &keys, e);

	if (r == 0) {
		r = announce_create(&keys, &v->seal);
		if (r == 0 && self.addr.size)
			r = discovery_create(&ops, v, &self, mono_now(), &v->machine);
		if (r < 0)
			(void)err_set(e, r, "begin to discover nodes: %s", strerror(-r));
	}
	key_ring_wipe(&keys);
	return r < 0 ? r : multicast_open(&c, &v->net, e);
}

int discover_create(struct mosd *d, struct discover **ret, struct err *e)
{
	struct discover *v;
	int r;

	*ret = NULL;
	if (!d->site.discover.on || !d->site.has_key)
		return 0;
	v = calloc(1, sizeof(*v));
	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	v->d = d;
	v->tick.data = v;
	v->quota.salt = on_random(v);
	v->looked = mono_now() - LOOK_GAP;
	ev_timer_init(&v->tick, on_tick, 0, 0);
	r = begin(v, e);
	if (r < 0) {
		discover_destroy(v);
		return r;
	}
	for (unsigned k = 0; k < MULTICAST_FAMILIES; k++) {
		v->io[k].data = v;
		ev_io_init(&v->io[k], on_readable, multicast_fd(v->net, k), EV_READ);
		if (v->machine && multicast_fd(v->net, k) >= 0)
			ev_io_start(d->loop, &v->io[k]);
	}
	/* Not now: what follows may end the loop, which is to begin first. */
	ev_timer_start(d->loop, &v->tick);
	*ret = v;
	return 0;
}

bool discover_waits(const struct discover *v)
{
	return v && v->machine && !v->d->site.unnumbered && !v->d->site.conf.node.v &&
	       recall_undisputed() != v->d->site.me;
}

void discover_destroy(struct discover *v)
{
	if (!v)
		return;
	ev_timer_stop(v->d->loop, &v->tick);
	for (unsigned k = 0; v->net && k < MULTICAST_FAMILIES; k++)
		ev_io_stop(v->d->loop, &v->io[k]);
	multicast_close(v->net);
	discovery_destroy(v->machine);
	announce_destroy(v->seal);
	free(v);
}

static json_t *links_json(const struct discover *v)
{
	json_t *list = json_array();
	unsigned n;
	const struct multicast_link *l = multicast_links(v->net, &n);

	for (unsigned i = 0; i < n; i++) {
		char addr[NODE_ADDR_TEXT];

		(void)json_array_append_new(list,
					    json_pack("{soss}", "name", obj_text(l[i].name), "addr",
						      node_addr_str(&l[i].addr, addr)));
	}
	return list;
}

json_t *discover_json(const struct discover *v)
{
	static const struct discovery_counts none;
	const struct discovery_counts *c = v->machine ? discovery_counts(v->machine) : &none;
	bool ours = false;
	uint32_t number = v->machine ? discovery_number(v->machine, &ours) : 0;
	json_t *o = json_pack("{sosIsbsi}", "links", links_json(v), "number", (json_int_t)number,
			      "claimed", ours, "ttl", v->d->site.discover.ttl);
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{ "received", v->received },	 { "malformed", v->malformed },
		{ "forged", v->forged },	 { "unopened", v->unopened },
		{ "joins", c->joins },		 { "answers", c->answers },
		{ "heard", c->heard },		 { "met", c->met },
		{ "collisions", c->collisions }, { "repeated", c->repeated },
		{ "stale", c->stale },		 { "bounded", c->bounded },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++)
		(void)json_object_set_new(o, counts[i].name,
					  json_integer((json_int_t)counts[i].value));
	return o;
}
