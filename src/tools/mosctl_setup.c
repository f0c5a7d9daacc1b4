/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl setup: makes this machine a node, by questions or unattended; run again, it changes nothing that is
 * right, and says so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/paths.h"
#include "node/preamble.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "tools/mosctl.h"
#include "tools/other_key.h"
#include "tools/service.h"
#include "tools/setup_keep.h"
#include "tools/setup_plan.h"
#include "tools/setup_report.h"

#define HEARING (5 * NSEC_PER_SEC) /* in which a mosd that has just begun hears the nodes of its map, if they run */

const char mosctl_setup_options[] =
	"Asks for what options do not say. On a node, what is right stays, and an option that says\n"
	"otherwise changes what can be changed.\n"
	"\n"
	"  --yes              ask nothing: what no option says is as usual\n"
	"  --way WAY          new: begin a cluster; token: join one; key: the same, by a copy of its\n"
	"                     key; map: the nodes of a map\n"
	"  --address ADDRESS  new: where other nodes reach this machine\n"
	"  --interface NAME   new, key: the network interface by which they do\n"
	"  --node N           new, key: the number of this node\n"
	"  --host HOST        token: a node of the cluster\n"
	"  --token TOKEN      token: what `mosctl token` printed there\n"
	"  --nodes ADDRESSES  map: those of all nodes, number 1 first, where there is no map yet\n"
	"  --map FILE         map: the same, by a map to be copied\n"
	"  --key FILE         new, key, map: the cluster's key, to be copied; or \"new\" to make one\n"
	"  --discover WHERE   new, key: find nodes by multicast: no, yes, or on which interfaces\n"
	"  --port P           TCP and UDP port\n"
	"  --no-start         only write files\n"
	"  --json             an object that says what was right and what was made\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 an answer can not be right, 3 mosd has to be begun by hand,\n"
	"5 not root.\n";

static int options(int argc, char **argv, struct setup_said *s)
{
	const struct {
		const char *name;
		const char **value;
		bool *flag;
	} known[] = {
		{ "--yes", NULL, &s->unattended },  { "--no-start", NULL, &s->no_start },
		{ "--json", NULL, &s->json },	    { "--way", &s->way, NULL },
		{ "--address", &s->address, NULL }, { "--interface", &s->interface, NULL },
		{ "--node", &s->node, NULL },	    { "--host", &s->host, NULL },
		{ "--token", &s->token, NULL },	    { "--nodes", &s->nodes, NULL },
		{ "--map", &s->map, NULL },	    { "--key", &s->key, NULL },
		{ "--port", &s->port, NULL },	    { "--discover", &s->discover, NULL },
	};

	for (int i = 1; i < argc; i++) {
		unsigned k = 0;

		while (k < ARRAY_SIZE(known) && strcmp(argv[i], known[k].name) != 0)
			k++;
		if (k == ARRAY_SIZE(known))
			return tool_usage("mosctl setup", "what is", argv[i]);
		if (known[k].flag)
			*known[k].flag = true;
		else if (i + 1 < argc)
			*known[k].value = argv[++i];
		else
			return tool_usage("mosctl setup", "a value is missing after", argv[i]);
	}
	return TOOL_OK;
}

static int get_key(const struct setup_plan *p, struct key_ring *to, struct err *e)
{
	return p->key[0] ? key_ring_load(p->key, to, e) : key_ring_draw(to, e);
}

static int write_new(const struct setup_plan *p, const struct member_files *f, struct err *e)
{
	static struct join_given g;
	int r;

	g.node = p->node;
	g.port = p->port;
	r = get_key(p, &g.keys, e);
	if (r == 0)
		r = member_files_by_key(f, &g, p->address[0] ? p->address : NULL, p->discover, e);
	key_ring_wipe(&g.keys);
	return r;
}

static int write_map(const struct setup_plan *p, const struct member_files *f, struct err *e)
{
	struct key_ring keys = { 0 };
	char path[CONF_PATH_MAX];
	int r = get_key(p, &keys, e);

	(void)snprintf(path, sizeof(path), "%s",
		       f->conf.map_file[0] ? f->conf.map_file : map_search_paths[0]);
	if (r == 0)
		r = member_files_by_map(f, &keys, path, p->map, p->port, e);
	key_ring_wipe(&keys);
	return r;
}

/* How mosd is, by its own word. Return: an object, or NULL if it does not run. */
static json_t *ask_mosd(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	json_t *o = NULL;

	if (client_connect(&c, NULL) < 0 || client_ask(&c, json_pack("{ss}", "op", "status"), &o, NULL) < 0)
		return NULL;
	return o;
}

/* Whether it, as it says by @o, is a node, by files that have not changed since it began. */
static bool is_right(const json_t *o, const struct setup_files *now)
{
	return o && json_is_true(json_object_get(o, "networked")) &&
	       json_real_value(json_object_get(o, "since")) > setup_files_newest(now);
}

/* What runs has to be what was written: mosd may have been told of other files. */
static int verify(const struct conf *c, json_t *report)
{
	CLEANUP(tool_drop) json_t *o = ask_mosd();

	if (!o || tool_int(o, "port") != c->port || strcmp(tool_text(o, "members"), c->by_key ? "key" : "map") != 0 ||
	    (c->by_key && c->node.v && tool_int(o, "node") != c->node.v)) {
		(void)fprintf(stderr, "mosctl: the mosd that runs here does not go by %s: was it begun with --conf?\n",
			      MOS_CONF_PATH);
		return TOOL_FAILED;
	}
	(void)json_object_set(report, "node", json_object_get(o, "node"));
	(void)json_object_set(report, "nodes", json_object_get(o, "nodes"));
	return TOOL_OK;
}

/* Each machine of a map can be set up with a key of its own, and be right by itself, where no cluster comes of it: so
 * it is waited, for a moment if mosd has just begun, until another node is heard, or has shown that its key is another.
 * Return: the exit status; a node that hears others has the right key, and one without a map may be the first. */
static int compare_keys(bool begun, json_t *report)
{
	static const struct timespec moment = { .tv_nsec = 100000000 };
	nsec_t end = mono_now() + (begun ? HEARING : 0);
	struct other_key k;
	bool other;

	for (;;) {
		CLEANUP(tool_drop) json_t *o = ask_mosd();

		other = other_key_look(o, &k);
		if (other || k.by_key || k.heard || !k.unheard || mono_now() >= end)
			break;
		(void)nanosleep(&moment, NULL); /* mosd tells of nodes only when asked */
	}
	(void)json_object_set_new(report, "another_key", json_boolean(other));
	return other && !k.by_key && !k.heard ? TOOL_FAILED : TOOL_OK;
}

static int start(const struct member_files *f, const struct setup_files *now, bool written, bool others,
		 json_t *report)
{
	char verb[] = "status", *status[] = { verb, NULL };
	CLEANUP(tool_drop) json_t *before = ask_mosd();
	bool right = !written && is_right(before, now);
	int r = TOOL_OK, shown;

	(void)fflush(stdout);
	if (!right)
		r = service_begin();
	if (r == TOOL_OK)
		r = service_wait(others);
	if (r == TOOL_OK)
		r = verify(&f->conf, report);
	if (r != TOOL_OK)
		return r;
	(void)json_object_set_new(report, "mosd", json_string(right ? "right" : before ? "reloaded" : "begun"));
	(void)printf("%-32s %s\n\n", "mosd",
		     right  ? "runs already" :
		     before ? "runs already, and has taken up its files" :
			      "has begun");
	r = compare_keys(!right, report);
	shown = mosctl_status(1, status);
	(void)fflush(stdout);
	if (r != TOOL_OK)
		(void)fputs("mosctl: no other node is heard, and another machine has another key: the warning above tells "
			    "what to do\n",
			    stderr);
	return r != TOOL_OK ? r : shown;
}

static int failed(const struct err *e, int r)
{
	(void)fprintf(stderr, "mosctl: %s\n", err_str(e, r));
	return r == -EINVAL ? TOOL_USAGE : TOOL_FAILED;
}

/* Says what is so now, starts it, and says what is left to do elsewhere. Return: the exit status. */
static int finish(const struct setup_said *s, const struct setup_files *before, bool others, json_t *report)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	struct setup_files now;
	struct err e = ERR_INIT;
	int r = member_files_look(&f, &e);
	bool written;

	if (r < 0)
		return failed(&e, r);
	setup_files_look(&now, &f.conf);
	written = setup_files_tell(before, &now, report);
	(void)json_object_set_new(report, "members", json_string(f.conf.by_key ? "key" : "map"));
	if (f.conf.node.v)
		(void)json_object_set_new(report, "node", json_integer(f.conf.node.v));
	setup_ports_tell(&f.conf, report);
	(void)json_object_set_new(report, "mosd", json_string("left alone"));
	if (!s->no_start)
		r = start(&f, &now, written, others, report);
	if (r != TOOL_OK || s->no_start)
		return r;
	if (f.conf.by_key)
		(void)puts("\n`mosctl token` prints what is to be typed on the next machine");
	else
		(void)printf("\nthe other nodes need the same map and this machine's key: with a copy of %s as FILE, each "
			     "is told `mosctl setup --key FILE`\n",
			     f.conf.key_file);
	return TOOL_OK;
}

/* It is started here, not there. */
static int by_token(struct setup_plan *p)
{
	char verb[] = "join", option[] = "--port", port[16], still[] = "--no-start";
	char *join[] = { verb, option, port, still, p->host, p->token, NULL };

	(void)snprintf(port, sizeof(port), "%u", p->port);
	return mosctl_join(6, join);
}

static int begin(const struct setup_said *s, const struct member_files *f, bool *ret_others)
{
	CLEANUP(setup_plan_finish) struct setup_plan p = { 0 };
	struct err e = ERR_INIT;
	int r = setup_make_plan(f, s, &p, &e);

	if (r < 0)
		return failed(&e, r);
	*ret_others = p.way == SETUP_TOKEN;
	if (p.way == SETUP_TOKEN)
		return by_token(&p);
	r = p.way == SETUP_MAP ? write_map(&p, f, &e) : write_new(&p, f, &e);
	return r < 0 ? failed(&e, r) : TOOL_OK;
}

/* A node is what mosd would take for one. */
static int set_up(const struct setup_said *s, json_t *report)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	CLEANUP(site_finish) struct site site = { 0 };
	struct setup_files before;
	struct err e = ERR_INIT;
	bool others = false;
	int status, r = member_files_look(&f, &e);

	if (r < 0)
		return failed(&e, r);
	setup_files_look(&before, &f.conf);
	r = site_load(&site, NULL, &e);
	if (r < 0 && f.key && !s->way) /* without a key, or another way, it is not yet of interest */
		return failed(&e, r);
	if (r == 0 && f.key && setup_stands(&site)) {
		if (site.networked)
			(void)printf("This is node %u already: what is right stays.\n", site.me);
		else
			(void)printf("This machine is set up as a node already, but is alone: %s.\n"
				     "What is right stays.\n",
				     site.alone_why);
		r = setup_keep(&f, &site, s, &e);
		if (s->token)
			(void)json_object_set_new(report, "token_used", json_false());
		return r < 0 ? failed(&e, r) : finish(s, &before, false, report);
	}
	status = begin(s, &f, &others);
	if (others)
		(void)json_object_set_new(report, "token_used", json_true());
	return status == TOOL_OK ? finish(s, &before, others, report) : status;
}

/* Text for people goes to standard error then, so that programs find nothing but the object. */
static int with_json(const struct setup_said *s)
{
	CLEANUP(tool_drop) json_t *report = json_object();
	CLEANUP(close_fd) int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int status;

	if (!report || out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		(void)fprintf(stderr, "mosctl: setup: %s\n", strerror(errno));
		return TOOL_FAILED;
	}
	status = set_up(s, report);
	(void)fflush(stdout);
	(void)json_object_set_new(report, "ok", json_boolean(status == TOOL_OK));
	if (json_dumpfd(report, out, JSON_COMPACT | JSON_SORT_KEYS) < 0 || write(out, "\n", 1) != 1)
		return TOOL_FAILED;
	return status;
}

/* Takes a token out of the command line, which every user of the machine can read; longer than one is still none. */
static void take_token(int argc, char **argv, struct setup_said *s)
{
	static char token[TOKEN_HEX + 2];

	if (!s->token)
		return;
	(void)snprintf(token, sizeof(token), "%s", s->token);
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i - 1], "--token")) /* it may have been said twice */
			OPENSSL_cleanse(argv[i], strlen(argv[i]));
	s->token = token;
}

int mosctl_setup(int argc, char **argv)
{
	struct setup_said s = { 0 };
	int status = options(argc, argv, &s);

	if (status != TOOL_OK)
		return status;
	take_token(argc, argv, &s);
	if (geteuid()) {
		(void)fputs("mosctl: setup: only root may do that\n", stderr);
		return TOOL_NOT_YOURS;
	}
	return s.json ? with_json(&s) : set_up(&s, NULL);
}
