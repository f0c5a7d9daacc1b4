/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl setup: makes this machine a node, by questions or unattended; run again, it changes nothing that is
 * right. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "tools/mosctl.h"
#include "tools/service.h"
#include "tools/setup_plan.h"

static const char help[] =
	"Usage: mosctl setup [OPTION]...\n"
	"Makes this machine a node of a cluster; asks for what options do not say.\n"
	"\n"
	"  --yes              ask nothing: what no option says is as usual\n"
	"  --way WAY          new: begin a cluster; token: join one; key: the same, by a copy of its\n"
	"                     key; map: the nodes of a map\n"
	"  --address ADDRESS  new: where other nodes reach this machine\n"
	"  --node N           new: the number of this node\n"
	"  --host HOST        token: a node of the cluster\n"
	"  --token TOKEN      token: what `mosctl token` printed there\n"
	"  --nodes ADDRESSES  map: those of all nodes, number 1 first, where there is no map yet\n"
	"  --key FILE         new, key, map: the cluster's key, to be copied; or \"new\" to make one\n"
	"  --discover WHERE   new, key: find nodes by multicast: no, yes, or on which interfaces\n"
	"  --port P           TCP and UDP port\n"
	"  --no-start         only write files\n";

static int options(int argc, char **argv, struct setup_said *s)
{
	const struct {
		const char *name;
		const char **value;
		bool *flag;
	} known[] = {
		{ "--yes", NULL, &s->unattended }, { "--no-start", NULL, &s->no_start },
		{ "--way", &s->way, NULL },	   { "--address", &s->address, NULL },
		{ "--node", &s->node, NULL },	   { "--host", &s->host, NULL },
		{ "--token", &s->token, NULL },	   { "--nodes", &s->nodes, NULL },
		{ "--key", &s->key, NULL },	   { "--port", &s->port, NULL },
		{ "--discover", &s->discover, NULL },
	};

	for (int i = 1; i < argc; i++) {
		unsigned k = 0;

		while (k < ARRAY_SIZE(known) && strcmp(argv[i], known[k].name) != 0)
			k++;
		if (k == ARRAY_SIZE(known))
			return tool_usage("mosctl", "setup: what is", argv[i]);
		if (known[k].flag)
			*known[k].flag = true;
		else if (i + 1 < argc)
			*known[k].value = argv[++i];
		else
			return tool_usage("mosctl", "setup: a value is missing after", argv[i]);
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
		r = member_files_by_map(f, &keys, path, p->map[0] ? p->map : NULL, p->port, e);
	key_ring_wipe(&keys);
	return r;
}

/* Says what is so now, and what is left to do elsewhere. Return: the exit status. */
static int finish(const struct member_files *f, const struct setup_said *s)
{
	char verb[] = "status", *status[] = { verb, NULL };
	int r = TOOL_OK;

	(void)printf("TCP and UDP port %u have to be open on this machine for the other nodes\n", f->conf.port);
	(void)fflush(stdout);
	if (s->no_start)
		return TOOL_OK;
	r = service_begin();
	if (r == TOOL_OK)
		r = service_wait(false);
	if (r == TOOL_OK)
		r = mosctl_status(1, status);
	if (r != TOOL_OK)
		return r;
	if (f->conf.by_key)
		(void)puts("\n`mosctl token` prints what is to be typed on the next machine");
	else
		(void)printf("\nthe other nodes need the same map, and the key %s\n", f->conf.key_file);
	return TOOL_OK;
}

static int by_token(struct setup_plan *p, const struct setup_said *s)
{
	char verb[] = "join", option[] = "--port", port[16], still[] = "--no-start";
	char *join[] = { verb, option, port, p->host, p->token, s->no_start ? still : NULL, NULL };

	(void)snprintf(port, sizeof(port), "%u", p->port);
	return mosctl_join(s->no_start ? 6 : 5, join);
}

static int failed(const struct err *e, int r)
{
	(void)fprintf(stderr, "mosctl: %s\n", err_str(e, r));
	return r == -EINVAL ? TOOL_USAGE : TOOL_FAILED;
}

static int set_up(const struct setup_said *s)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	static struct setup_plan p;
	struct err e = ERR_INIT;
	int r = member_files_look(&f, &e);

	if (r == 0 && f.key) {
		(void)printf("there is the key of a cluster, %s: what is set up stays\n", f.conf.key_file);
		return finish(&f, s);
	}
	if (r == 0)
		r = setup_make_plan(&f, s, &p, &e);
	if (r < 0)
		return failed(&e, r);
	if (p.way == SETUP_TOKEN)
		return by_token(&p, s);
	r = p.way == SETUP_MAP ? write_map(&p, &f, &e) : write_new(&p, &f, &e);
	member_files_finish(&f);
	if (r == 0)
		r = member_files_look(&f, &e); /* as it is now */
	return r < 0 ? failed(&e, r) : finish(&f, s);
}

int mosctl_setup(int argc, char **argv)
{
	struct setup_said s = { 0 };
	int status = options(argc, argv, &s);

	if (status != TOOL_OK) {
		(void)fputs(help, stderr);
		return status;
	}
	if (geteuid()) {
		(void)fputs("mosctl: setup: only root may do that\n", stderr);
		return TOOL_NOT_YOURS;
	}
	if (!s.unattended && !isatty(STDIN_FILENO))
		return tool_usage("mosctl", "setup asks questions; without a terminal say --yes", NULL);
	return set_up(&s);
}
