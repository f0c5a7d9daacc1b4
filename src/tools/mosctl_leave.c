/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl leave: this machine is to be no node of its cluster any more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "node/paths.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "tools/mosctl.h"
#include "tools/service.h"
#include "tools/setup_machine.h"

struct leaving {
	bool yes;
	long seconds; /* in which it becomes empty; 0: as long as it takes */
};

static int options(int argc, char **argv, struct leaving *l)
{
	int status = TOOL_OK;

	for (int i = 1; i < argc && status == TOOL_OK; i++) {
		if (!strcmp(argv[i], "--yes") || !strcmp(argv[i], "-y")) {
			l->yes = true;
		} else if (!strcmp(argv[i], "--timeout")) {
			status = mosctl_timeout(argc - i, argv + i, &l->seconds);
			i++;
		} else {
			status = tool_usage("mosctl", "leave: what is", argv[i]);
		}
	}
	return status;
}

/* Return: whether the person in front of the terminal wants it. */
static bool confirmed(void)
{
	char answer[16] = "";

	(void)printf("This node leaves its cluster for good: its guests go, its processes come home, and its key "
		     "is removed.\nGo on? [y/N] ");
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Return: whether a mosd runs. */
static bool running(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;

	return client_connect(&c, NULL) == 0;
}

static int farewell(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = NULL;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_connect(&c, &e);

	if (r == 0)
		r = client_ask(&c, json_pack("{ss}", "op", "part"), &o, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	return tool_answer_ok("mosctl", o, &status) ? TOOL_OK : status;
}

static int empty_and_tell(const struct leaving *l)
{
	int status = mosctl_empty(l->seconds, true);

	if (status == TOOL_OK)
		(void)puts("no guest, no process away: the other nodes are told");
	else
		(void)fputs("mosctl: this machine is still a node, and takes no guests: `mosctl leave` goes on, `mosctl "
			    "undrain` lets it take part again\n",
			    stderr);
	(void)fflush(stdout);
	return status == TOOL_OK ? farewell() : status;
}

static int leave(const struct leaving *l, const struct member_files *f)
{
	struct err e = ERR_INIT;
	bool runs = running();
	int r, status = runs ? empty_and_tell(l) : TOOL_OK;

	if (status != TOOL_OK)
		return status;
	r = member_files_remove(f, &e);
	if (r < 0) {
		(void)fprintf(stderr, "mosctl: %s; run `mosctl leave` again after that is mended\n", err_str(&e, r));
		return TOOL_FAILED;
	}
	if (runs)
		status = service_reload();
	if (status != TOOL_OK)
		return status;
	(void)puts("this machine is in no cluster now");
	if (!runs)
		(void)puts("mosd did not run, so the other nodes were not told: they forget it after a week");
	return TOOL_OK;
}

/* Only what is by key is undone here: a map has other nodes that have to know. */
static int can_leave(const struct member_files *f, struct err *e)
{
	const char *map = machine_map(&f->conf);
	char out[MACHINE_OUT];

	if (f->conf.by_key)
		return 0;
	if (!f->key)
		return err_set(e, -ENOENT, "this machine is in no cluster");
	if (!map)
		return err_set(e, -ENOENT,
			       "this machine is in no cluster; it has nothing but a key: remove %s to join one by a token",
			       f->conf.key_file);
	return err_set(e, -EINVAL, "the nodes of this cluster are those of the map %s, and this is one: %s", map,
		       machine_out_of_map(&f->conf, out, sizeof(out)));
}

int mosctl_leave(int argc, char **argv)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	struct leaving l = { 0 };
	struct err e = ERR_INIT;
	int r, status = options(argc, argv, &l);

	if (status != TOOL_OK)
		return status;
	if (geteuid()) {
		(void)fputs("mosctl: leave: only root may do that\n", stderr);
		return TOOL_NOT_YOURS;
	}
	r = member_files_look(&f, &e);
	if (r == 0)
		r = can_leave(&f, &e);
	if (r < 0) {
		(void)fprintf(stderr, "mosctl: %s\n", err_str(&e, r));
		return TOOL_FAILED;
	}
	if (!l.yes && !isatty(STDIN_FILENO))
		return tool_usage("mosctl", "leave asks first; without a terminal say --yes", NULL);
	if (!l.yes && !confirmed()) {
		(void)puts("nothing is changed");
		return TOOL_FAILED;
	}
	return leave(&l, &f);
}
