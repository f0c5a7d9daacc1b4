/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omdiscd: has mosd discover other nodes, by openMosix's name and options; or looks itself who is
 * there. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/util.h"
#include "cluster/notice.h"
#include "cluster/roster.h"
#include "node/peers/multicast.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "wire/announce.h"

#define TAKEN_AT_ONCE 64U
#define LOOKS	  3U /* questions, since one may get lost ... */
#define LOOK_GAP  (500 * NSEC_PER_MSEC)
#define LOOK_TIME (3 * NSEC_PER_SEC) /* in a large cluster, answers are spread over two seconds */

static const char help[] =
	"Usage: omdiscd [-i IF[,IF]...] [-m TTL]\n"
	"       omdiscd -n [--json] [-i IF[,IF]...] [-m TTL]\n"
	"       omdiscd --stop\n"
	"Has mosd discover other nodes that have the cluster's key, by multicast.\n"
	"\n"
	"  -i, --interface IF       on this network interface; up to six. Without it, on all\n"
	"  -m, --multicast-ttl TTL  over TTL - 1 routers; 1 to 255\n"
	"  -n, --nodaemon           only look who is there now: a line of a map for each node\n"
	"      --json               with -n: an array of objects\n"
	"      --stop               what mosd.conf says counts again\n"
	"  -h, --help               this text\n"
	"      --version            the version\n"
	"\n"
	"See omdiscd(8).\n";

struct options {
	struct conf_discover on; /* ttl 0: as mosd.conf says */
	bool look, stop, json;
};

enum { OPT_STOP = 256, OPT_JSON, OPT_VERSION };

/* @text has names apart by commas, and may come several times. */
static bool take_links(const char *text, struct conf_discover *on)
{
	struct conf_discover more = { 0 };

	if (!conf_discover_parse(text, &more) || !more.n || on->n + more.n > CONF_LINKS_MAX)
		return false;
	memcpy(on->links[on->n], more.links, more.n * sizeof(more.links[0]));
	on->n += more.n;
	return true;
}

/* Return: -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "interface", required_argument, NULL, 'i' },
		{ "multicast-ttl", required_argument, NULL, 'm' },
		{ "nodaemon", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "stop", no_argument, NULL, OPT_STOP },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ 0 },
	};
	long ttl;
	int c;

	while ((c = getopt_long(argc, argv, "i:m:nh", longs, NULL)) != -1) {
		if (c == 'i') {
			if (!take_links(optarg, &o->on))
				return tool_usage("omdiscd", "-i takes one to six interfaces, not",
						  optarg);
		} else if (c == 'm') {
			if (tool_number(optarg, 1, UINT8_MAX, &ttl) < 0)
				return tool_usage("omdiscd", "-m takes a TTL from 1 to 255, not",
						  optarg);
			o->on.ttl = (uint8_t)ttl;
		} else if (c == 'n') {
			o->look = true;
		} else if (c == OPT_JSON) {
			o->json = true;
		} else if (c == OPT_STOP) {
			o->stop = true;
		} else if (c == 'h') {
			(void)fputs(help, stdout);
			return TOOL_OK;
		} else if (c == OPT_VERSION) {
			(void)puts("omdiscd (umosix) " MOS_VERSION);
			return TOOL_OK;
		} else {
			(void)fputs("Try omdiscd --help.\n", stderr);
			return TOOL_USAGE;
		}
	}
	if (optind < argc)
		return tool_usage("omdiscd", "what is", argv[optind]);
	if (o->stop && (o->look || o->on.n || o->on.ttl))
		return tool_usage("omdiscd", "--stop stands alone", NULL);
	if (o->json && !o->look)
		return tool_usage("omdiscd", "--json is for -n", NULL);
	return -1;
}

static void print_done(const struct options *o, bool on)
{
	if (o->stop) {
		(void)printf("mosd does as mosd.conf says again: it %s\n",
			     on ? "discovers nodes" : "discovers no nodes");
		return;
	}
	(void)fputs("mosd discovers nodes on", stdout);
	for (unsigned i = 0; i < o->on.n; i++)
		(void)printf("%s %s", i ? "," : "", o->on.links[i]);
	(void)printf("%s until this machine ends; `mosctl nodes` shows them\n",
		     o->on.n ? "" : " all interfaces that fit");
}

static int tell_mosd(const struct options *o)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *answer = NULL;
	json_t *ask = json_pack("{ss}", "op", "discover"), *links = json_array();
	struct err e = ERR_INIT;
	int r = client_connect(&c, &e), status = TOOL_OK;

	for (unsigned i = 0; i < o->on.n; i++)
		(void)json_array_append_new(links, json_string(o->on.links[i]));
	(void)json_object_set_new(ask, "links", links);
	if (o->on.ttl)
		(void)json_object_set_new(ask, "ttl", json_integer(o->on.ttl));
	if (o->stop)
		(void)json_object_set_new(ask, "stop", json_true());
	if (r < 0)
		json_decref(ask);
	else
		r = client_ask(&c, ask, &answer, &e);
	if (r < 0)
		return tool_no_answer("omdiscd", &e, r);
	if (!tool_answer_ok("omdiscd", answer, &status))
		return status;
	print_done(o, json_is_true(json_object_get(answer, "on")));
	return TOOL_OK;
}

struct look {
	struct announce *seal;
	struct multicast *net;
	struct roster *found;
	uint64_t origin;
	uint8_t nonces[LOOKS][NOTICE_NONCE];
	unsigned asked;
	uint64_t origins[NODE_ID_MAX + 1]; /* who has the number, to tell of those that two have */
};

static void fill_random(void *to, size_t n)
{
	while (getrandom(to, n, 0) != (ssize_t)n)
		;
}

static void ask_all(struct look *l)
{
	struct notice n = { .kind = NOTICE_ASK, .origin = l->origin };
	unsigned links;
	const struct multicast_link *at = multicast_links(l->net, &links);

	fill_random(l->nonces[l->asked], NOTICE_NONCE);
	memcpy(n.nonce, l->nonces[l->asked++], NOTICE_NONCE);
	for (unsigned i = 0; i < links; i++) {
		uint8_t salt[ANNOUNCE_SALT], text[ANNOUNCE_TEXT], out[ANNOUNCE_SIZE];

		n.addr = at[i].addr;
		n.port = multicast_own_port(l->net, &at[i]);
		notice_put(&n, text);
		fill_random(salt, sizeof(salt));
		if (announce_seal(l->seal, salt, text, out) == 0)
			multicast_tell(l->net, &at[i], out, sizeof(out));
	}
}

static bool answers_us(const struct look *l, const struct notice *n)
{
	for (unsigned i = 0; i < l->asked; i++)
		if (!memcmp(n->nonce, l->nonces[i], NOTICE_NONCE))
			return n->kind == NOTICE_ACK;
	return false;
}

static void take(struct look *l, const uint8_t *bytes, size_t size)
{
	char a[NODE_ADDR_TEXT], b[NODE_ADDR_TEXT];
	uint8_t text[ANNOUNCE_TEXT];
	struct node_addr known;
	struct notice n;

	if (announce_open(l->seal, bytes, size, text) < 0 || notice_get(text, &n) < 0 ||
	    !answers_us(l, &n))
		return;
	if (!l->origins[n.number]) {
		l->origins[n.number] = n.origin;
		(void)roster_put(l->found, (node_id){ n.number }, &n.addr, true);
	} else if (l->origins[n.number] != n.origin &&
		   roster_find(l->found, (node_id){ n.number }, &known) == 0) {
		(void)fprintf(stderr, "omdiscd: the nodes at %s and %s have both the number %u\n",
			      node_addr_str(&known, a), node_addr_str(&n.addr, b), n.number);
	}
}

static void take_all(struct look *l)
{
	for (unsigned k = 0; k < MULTICAST_FAMILIES; k++) {
		uint8_t bytes[ANNOUNCE_SIZE + 1];
		struct node_addr from, own;
		ssize_t n;

		/* some at a time: whoever floods us does not make the look last longer */
		for (unsigned i = 0; i < TAKEN_AT_ONCE && multicast_fd(l->net, k) >= 0 &&
				     (n = multicast_receive(l->net, k, bytes, sizeof(bytes), &from, &own)) >= 0;
		     i++)
			take(l, bytes, (size_t)n);
	}
}

static void look_around(struct look *l)
{
	nsec_t begin = mono_now(), now;
	struct pollfd p[MULTICAST_FAMILIES];

	for (unsigned k = 0; k < MULTICAST_FAMILIES; k++)
		p[k] = (struct pollfd){ .fd = multicast_fd(l->net, k), .events = POLLIN };
	while ((now = mono_now()) < begin + LOOK_TIME) {
		nsec_t until = begin + LOOK_TIME;

		if (l->asked < LOOKS && now >= begin + l->asked * LOOK_GAP)
			ask_all(l);
		if (l->asked < LOOKS)
			until = begin + l->asked * LOOK_GAP;
		(void)poll(p, MULTICAST_FAMILIES, (int)((until - now) / NSEC_PER_MSEC) + 1);
		take_all(l);
	}
}

static int print_map(const struct roster *found)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;

	roster_text(found, &b);
	return b.failed || fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout) ? -EIO : 0;
}

static int print_json(const struct roster *found)
{
	CLEANUP(tool_drop) json_t *nodes = json_array();

	for (node_id n = roster_next(found, NODE_ID_NONE); n.v; n = roster_next(found, n)) {
		char text[NODE_ADDR_TEXT];
		struct node_addr addr;

		(void)roster_find(found, n, &addr);
		(void)json_array_append_new(nodes, json_pack("{sIss}", "node", (json_int_t)n.v, "addr",
							     node_addr_str(&addr, text)));
	}
	if (json_dumpf(nodes, stdout, JSON_INDENT(1)) < 0 || putchar('\n') == EOF || fflush(stdout))
		return -EIO;
	return 0;
}

static int look_open(struct look *l, const struct options *o, const struct conf *conf,
		     struct err *e)
{
	struct multicast_conf c = { .on = o->on,
				    .port = multicast_port(conf->port),
				    .only = conf->listen,
				    .likes = conf->address };
	struct key_ring keys = { .n = 0 };
	unsigned links;
	int r = key_ring_load(conf->key_file, &keys, e);

	if (r < 0)
		return r;
	c.on.on = true;
	if (!c.on.ttl)
		c.on.ttl = conf->discover.ttl;
	r = announce_create(&keys, &l->seal);
	key_ring_wipe(&keys);
	l->found = roster_create();
	if (r < 0 || !l->found)
		return err_set(e, r < 0 ? r : -ENOMEM, "OpenSSL or memory is missing");
	r = multicast_open(&c, &l->net, e);
	if (r < 0)
		return r;
	(void)multicast_links(l->net, &links);
	return links ? 0
		     : err_set(e, -ENODEV,
			       "no interface to look on: it must be up and have an address "
			       "that others reach");
}

static int look(const struct options *o)
{
	static struct look l;
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	struct err e = ERR_INIT;
	int r = member_files_look(&f, &e);

	while (!l.origin)
		fill_random(&l.origin, sizeof(l.origin));
	if (r == 0)
		r = look_open(&l, o, &f.conf, &e);
	if (r == 0) {
		look_around(&l);
		r = o->json ? print_json(l.found) : print_map(l.found);
		if (r < 0)
			(void)err_set(&e, r, "write what was found: %s", strerror(-r));
		else if (!roster_count(l.found))
			r = err_set(&e, -ENOENT, "no node answers: `discover` must be on there");
	}
	announce_destroy(l.seal);
	roster_destroy(l.found);
	multicast_close(l.net);
	if (r < 0)
		(void)fprintf(stderr, "omdiscd: %s\n", err_str(&e, r));
	return r < 0 ? TOOL_FAILED : TOOL_OK;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int r = parse(argc, argv, &o);

	if (r >= 0)
		return r;
	return o.look ? look(&o) : tell_mosd(&o);
}
