/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosrun: knows how a program becomes a migrant: registered first, then executed in place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/run_options.h"

/* As env(1), nohup(1), timeout(1) have them. */
enum { EXIT_MOSRUN = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

static const char help[] =
	"Usage: mosrun [-h | -N] [-F] [-l | -L] [--] PROGRAM [ARGUMENT]...\n"
	"Runs PROGRAM so that it and its descendants may move between the nodes of the cluster.\n"
	"\n"
	"  -N          (a number, as in -3) start on node N; fails where that is not possible\n"
	"  -F          with -N: run at home where it is not possible\n"
	"  -h          stay at home, locked\n"
	"  -l, -L      allow, forbid moves that nobody asked for\n"
	"  --help      this text\n"
	"  --version   the version\n"
	"\n"
	"The exit status is PROGRAM's; 125 mosrun itself failed, 126 PROGRAM cannot be executed,\n"
	"127 there is no PROGRAM. See mosrun(1).\n";

/* Return: 0, or -errno with the reason why it is not a migrant (on the node that was asked for). */
static int register_me(const struct run_options *o, struct err *e)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *reply = NULL;
	json_t *ask = json_pack("{ss}", "op", "run");
	const char *error;
	int r;

	if (!ask)
		return err_set(e, -ENOMEM, "out of memory");
	if (o->node)
		(void)json_object_set_new(ask, "node", json_integer(o->node));
	if (o->lock != RUN_LOCK_NONE)
		(void)json_object_set_new(ask, "lock", json_boolean(o->lock == RUN_LOCK_LOCK));
	r = client_connect(&c, e);
	if (r < 0) {
		json_decref(ask);
		return r;
	}
	r = client_ask(&c, ask, &reply, e);
	if (r < 0)
		return r;
	if (json_is_true(json_object_get(reply, "ok")))
		return 0;
	error = json_string_value(json_object_get(reply, "error"));
	return err_set(e, -ECANCELED, "%s", error ? error : "mosd gives no reason");
}

int main(int argc, char **argv)
{
	struct run_options o;
	struct err e = ERR_INIT;
	int r = run_options_parse(argc, argv, &o, &e);

	if (r < 0) {
		(void)fprintf(stderr, "mosrun: %s (see mosrun --help)\n", err_str(&e, r));
		return EXIT_MOSRUN;
	}
	if (o.help || o.version) {
		(void)(o.help ? fputs(help, stdout) : puts("mosrun (umosix) " MOS_VERSION));
		return 0;
	}
	r = register_me(&o, &e);
	if (r < 0 && o.node && !o.anywhere) {
		(void)fprintf(stderr, "mosrun: %s\n", err_str(&e, r));
		return EXIT_MOSRUN;
	}
	if (r < 0)
		(void)fprintf(stderr, "mosrun: runs at home: %s\n", err_str(&e, r));
	(void)execvp(o.cmd[0], o.cmd);
	r = errno;
	(void)fprintf(stderr, "mosrun: %s: %s\n", o.cmd[0], strerror(r));
	return r == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}
