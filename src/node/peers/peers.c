/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how gossip's datagrams travel, when time passes for it, and what this node tells. */
#include "node/peers/peers.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/balance/balance.h"
#include "node/beat.h"
#include "node/figures/measure.h"
#include "node/figures/native.h"
#include "node/paths.h"
#include "node/peers/peers_state.h"
#include "node/process/guests.h"
#include "node/process/migrants.h"
#include "node/site/addresses.h"
#include "node/site/levers.h"
#include "node/site/life.h"
#include "node/site/ports.h"

_Static_assert(GOSSIP_TICK == BEAT_TICK && GOSSIP_SLACK == BEAT_TICK / 10, "one beat");
#define KEY_EACH       10U /* seconds between two looks whether the key has changed */
#define TAKEN_AT_ONCE  64U /* datagrams, before others have their turn ... */
#define TAKEN_IN_CALL  4U  /* ... so many by one system call */
#define SILENT	       (10 * NSEC_PER_SEC) /* after which a node that never spoke is not there */

static void send_to(struct peers *p, const struct node_addr *to, const void *bytes, size_t n)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(p->d->site.conf.port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(p->d->site.conf.port) };
	bool is_six = to->size == 16;

	memcpy(is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr, to->bytes, to->size);
	/* Whether it arrives nobody promises; gossip says it again. */
	(void)sendto(p->fd[is_six ? 0 : 1], bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		     is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
		     is_six ? sizeof(six) : sizeof(four));
}

static void on_send(void *ctx, uint32_t node, const void *bytes, size_t n)
{
	struct peers *p = ctx;
	uint8_t out[SEAL_MAX];
	struct node_addr to;
	int k;

	if (roster_find(p->d->site.roster, (node_id){ node }, &to) < 0)
		return;
	k = seal_send(p->seal, mono_now(), (node_id){ node }, bytes, n, out);
	if (k > 0)
		send_to(p, &to, out, (size_t)k);
}

static void on_changed(void *ctx, uint32_t node, enum member_state from, enum member_state to)
{
	if (from == to)
		log_info("node %u has begun anew", node);
	else if (to != MEMBER_SUSPECT && !(from == MEMBER_SUSPECT && to == MEMBER_ALIVE))
		log_info("node %u %s %s", node, to == MEMBER_LEFT ? "has" : "is", member_state_str(to));
}

static uint64_t on_random(void *ctx)
{
	struct peers *p = ctx;

	if (!p->n_chance) {
		while (getrandom(p->chance, sizeof(p->chance), 0) != sizeof(p->chance))
			;
		p->n_chance = ARRAY_SIZE(p->chance);
	}
	return p->chance[--p->n_chance];
}

static const struct gossip_ops ops = {
	.send = on_send, .changed = on_changed, .random = on_random, .meet = peers_on_meet
};

/* What this node tells of itself now. */
static struct node_info own_info(const struct mosd *d)
{
	struct node_info i = { .node = d->site.me, .seq = 1 };
	uint32_t away = 0;

	measure_info(d->measure, &i);
	i.native = native_of(d->native, i.runnable);
	if (levers_speed(d))
		i.speed = levers_speed(d);
	i.flags = (uint16_t)(INFO_CONFIGURED | INFO_UP | levers_flags(d) | balance_flags(d));
	i.guests = guests_count(d->guests);
	i.guests_max = d->site.conf.guest_ids_count / CONF_IDS_EACH;
	for (const struct migrant *m = migrants_first(d->migrants); m; m = m->next)
		away += m->node && !m->ended;
	i.away = away;
	if (d->parting)
		i.flags |= INFO_PARTING;
	if (d->site.conf.by_key && roster_find(d->site.roster, (node_id){ d->site.me }, &i.addr) == 0 &&
	    !node_addr_reachable(&i.addr))
		i.addr = (struct node_addr){ 0 };
	return i;
}

static void tie(struct peers *p)
{
	uint32_t nodes[GOSSIP_CLOSE_MAX];
	unsigned n = guests_homes(p->d->guests, nodes, GOSSIP_CLOSE_MAX);

	for (const struct migrant *m = migrants_first(p->d->migrants); m; m = m->next) {
		bool known = !m->node || m->ended;

		for (unsigned i = 0; i < n && !known; i++)
			known = nodes[i] == m->node;
		if (!known && n < GOSSIP_CLOSE_MAX)
			nodes[n++] = m->node;
	}
	gossip_set_close(p->gossip, nodes, n);
}

static void plan(struct peers *p)
{
	beat_plan(p->d->beat, gossip_due(p->gossip));
}

void peers_tell(struct peers *p)
{
	struct node_info i;

	if (!p)
		return;
	i = own_info(p->d);
	if (gossip_set_self(p->gossip, &i, mono_now()) < 0)
		log_error("this node measures what no node can tell; others hear the former figures");
	plan(p);
}

/* A key that was exchanged holds without a restart. */
static void look_at_keys(struct peers *p)
{
	struct key_ring now = { .n = 0 };
	struct err e = ERR_INIT;

	if (key_ring_load(p->d->site.conf.key_file, &now, &e) == 0 &&
	    (now.n != p->keys.n || memcmp(now.key, p->keys.key, sizeof(now.key)))) {
		if (seal_set_keys(p->seal, &now) == 0)
			p->keys = now;
	}
	key_ring_wipe(&now);
}

static void on_second(void *data)
{
	struct peers *p = data;

	tie(p);
	peers_acquaint(p);
	peers_tell(p);
	if (++p->seconds % KEY_EACH == 0)
		look_at_keys(p);
}

static void on_tick(void *data)
{
	struct peers *p = data;

	gossip_tick(p->gossip, mono_now());
	plan(p);
}

static bool is_new(const struct peers *p)
{
	return mono_now() - p->born < SILENT;
}

/* A stranger can send any number: a line a minute says so. When we have just begun, the others cannot
 * know yet, and what they send to our former life is nobody's fault. */
static void complain(struct peers *p, const struct node_addr *from, const char *what, bool stale)
{
	char addr[NODE_ADDR_TEXT];

	p->bad++;
	if (stale && is_new(p))
		return;
	if (!complaint_tells(&p->complained, mono_now()))
		return;
	log_warning("a datagram from %s is dropped: %s (%llu so far; `mosctl status --json` counts them)",
		    node_addr_str(from, addr), what, (unsigned long long)p->bad);
}

static void take(struct peers *p, const uint8_t *bytes, size_t n, const struct sockaddr *from,
		 socklen_t from_len, int fd)
{
	uint8_t payload[SEAL_PAYLOAD_MAX], reply[SEAL_HELLO_MAX];
	size_t n_payload = 0, n_reply = 0;
	node_id sender = NODE_ID_NONE;
	struct node_addr addr;
	struct err e = ERR_INIT;
	uint64_t old = seal_count(p->seal, SEAL_OLD_LIFE);
	int r;

	p->received++;
	if (!addr_of(from, &addr))
		return;
	r = seal_open(p->seal, mono_now(), bytes, n, &sender, payload, &n_payload, reply, &n_reply);
	if (n_reply)
		(void)sendto(fd, reply, n_reply, MSG_DONTWAIT | MSG_NOSIGNAL, from, from_len);
	if (r < 0)
		complain(p, &addr,
			 r == -EBADMSG ? "it is sealed with another key" :
			 r == -ESTALE  ? "it is from former times" :
					 "it is none of ours",
			 r == -ESTALE);
	if (seal_count(p->seal, SEAL_OLD_LIFE) != old)
		peers_doubt(p, sender.v, &addr);
	if (r <= 0)
		return;
	if (p->d->site.conf.by_key && !peers_greet(p, sender.v, &addr)) {
		complain(p, &addr, "it is from a node that cannot be a member", false);
		return;
	}
	r = gossip_take(p->gossip, mono_now(), sender.v, payload, n_payload, &e);
	if (r < 0)
		complain(p, &addr, err_str(&e, r), false);
	else
		peers_prove(p, sender.v);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct peers *p = io->data;
	int n = (int)TAKEN_IN_CALL;

	for (unsigned i = 0; i < TAKEN_AT_ONCE && n == (int)TAKEN_IN_CALL; i += TAKEN_IN_CALL) {
		struct sockaddr_storage from[TAKEN_IN_CALL];
		uint8_t bytes[TAKEN_IN_CALL][SEAL_MAX + 1];
		struct mmsghdr m[TAKEN_IN_CALL];
		struct iovec v[TAKEN_IN_CALL];

		for (unsigned k = 0; k < TAKEN_IN_CALL; k++) {
			v[k] = (struct iovec){ bytes[k], sizeof(bytes[k]) };
			m[k].msg_hdr = (struct msghdr){ .msg_name = &from[k], .msg_namelen = sizeof(from[k]),
							.msg_iov = &v[k], .msg_iovlen = 1 };
		}
		/* -1: nothing more, or somebody's port is closed */
		n = recvmmsg(io->fd, m, TAKEN_IN_CALL, MSG_DONTWAIT, NULL);
		for (int k = 0; k < n; k++)
			take(p, bytes[k], m[k].msg_len, (struct sockaddr *)&from[k], m[k].msg_hdr.msg_namelen,
			     io->fd);
	}
	plan(p);
}

static int open_all(struct peers *p, struct err *e)
{
	int r = ports_open(SOCK_DGRAM, p->d->site.conf.port, &p->d->site.conf.listen, p->fd, e);

	for (unsigned k = 0; k < PORTS_FAMILIES; k++) {
		if (p->fd[k] < 0)
			continue;
		p->io[k].data = p;
		ev_io_init(&p->io[k], on_readable, p->fd[k], EV_READ);
		ev_io_start(p->d->loop, &p->io[k]);
	}
	return r;
}

static int begin(struct peers *p, struct err *e)
{
	struct mosd *d = p->d;
	struct node_info self = own_info(d);
	int r = key_ring_load(d->site.conf.key_file, &p->keys, e);

	if (r < 0)
		return r;
	self.life = life_begin(MOS_LIFE_PATH, clock_now(CLOCK_REALTIME));
	r = seal_create((node_id){ d->site.me }, self.life, &p->keys, &p->seal);
	if (r == 0)
		r = gossip_create(&ops, p, &self, mono_now(), &p->gossip);
	for (node_id n = roster_next(d->site.roster, NODE_ID_NONE); r == 0 && n.v;
	     n = roster_next(d->site.roster, n))
		if (n.v != d->site.me)
			r = gossip_add(p->gossip, n.v);
	if (r < 0)
		return err_set(e, r, "begin to talk with other nodes: %s", strerror(-r));
	return open_all(p, e);
}

int peers_create(struct mosd *d, struct peers **ret, struct err *e)
{
	struct peers *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->d = d;
	p->fd[0] = p->fd[1] = -1;
	r = begin(p, e);
	if (r < 0) {
		peers_destroy(p);
		return r;
	}
	p->born = mono_now();
	beat_join(d->beat, BEAT_PEERS, on_second, p);
	beat_join(d->beat, BEAT_GOSSIP, on_tick, p);
	*ret = p;
	return 0;
}

void peers_destroy(struct peers *p)
{
	if (!p)
		return;
	beat_leave(p->d->beat, BEAT_PEERS);
	beat_leave(p->d->beat, BEAT_GOSSIP);
	if (p->gossip)
		peers_save(p);
	if (p->gossip && p->seal && (!p->d->reloads || p->d->parting))
		gossip_leave(p->gossip, mono_now());
	for (unsigned k = 0; k < 2; k++)
		if (p->fd[k] >= 0) {
			ev_io_stop(p->d->loop, &p->io[k]);
			close_fd(&p->fd[k]);
		}
	gossip_destroy(p->gossip);
	seal_destroy(p->seal);
	key_ring_wipe(&p->keys);
	free(p);
}

const struct member *peers_find(const struct peers *p, uint32_t node)
{
	return p ? gossip_find(p->gossip, node) : NULL;
}

const struct member *peers_next(const struct peers *p, const struct member *after)
{
	return p ? gossip_next(p->gossip, after) : NULL;
}

int peers_check(const struct peers *p, uint32_t node, struct err *e)
{
	const struct member *m = peers_find(p, node);

	if (!m || (m->state == MEMBER_UNKNOWN && is_new(p))) /* we may have begun a moment ago */
		return 0;
	if (m->state == MEMBER_UNKNOWN || !member_present(m->state))
		return err_reason(e, -EHOSTDOWN, "unreachable", "node %u does not answer: see `mosctl nodes`", node);
	return levers_take_guests(m->info.flags, node, e);
}

json_t *peers_json(const struct peers *p)
{
	const struct gossip_counts *c = gossip_counts(p->gossip);
	json_t *o = json_object();
	const struct {
		const char *name;
		uint64_t value;
	} gossip[] = {
		{ "received", p->received }, { "dropped", p->bad },
		{ "taken", c->taken },	     { "bad", c->bad },
		{ "stranger", c->stranger }, { "ahead", c->ahead },
		{ "suspected", c->suspected }, { "objected", c->objected },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(gossip); i++)
		(void)json_object_set_new(o, gossip[i].name, json_integer((json_int_t)gossip[i].value));
	for (enum seal_count k = 0; k < SEAL_COUNT_; k++)
		(void)json_object_set_new(o, seal_count_names[k],
					  json_integer((json_int_t)seal_count(p->seal, k)));
	return o;
}
