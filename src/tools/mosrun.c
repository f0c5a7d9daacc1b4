/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosrun: knows how a program becomes a migrant: registered first, then executed in place. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"
#include "tools/run_options.h"

/* As env(1), nohup(1), timeout(1) have them. */
enum { EXIT_MOSRUN = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

static const char help[] =
	"Usage: mosrun [-h | -N | -jLIST | -b] [-F] [-l | -L | -k] [-c | -i] [-n | -s | -f | -t S -d F]\n"
	"              [-m MB] [-z] [--] PROGRAM [ARGUMENT]...\n"
	"       nomig | runhome | runon N | cpujob | iojob | nodecay | slowdecay | fastdecay PROGRAM...\n"
	"Runs PROGRAM so that it and its descendants may move between the nodes of the cluster.\n"
	"\n"
	"  -N          (a number, as in -3) start on node N, locked; fails where that is not possible\n"
	"  -jLIST      the same with one of these nodes that are up, by chance: -j1-3,5\n"
	"  -F          with -N, -j: run at home where it is not possible\n"
	"  -h          stay at home, locked\n"
	"  -b          start where it is done soonest\n"
	"  -l, -L, -k  allow moves that nobody asked for; forbid them; as this shell has it\n"
	"  -c, -i      it computes; it reads and writes, so its place is at home\n"
	"  -n, -s, -f  what it did counts for ever, slowly less, quickly less\n"
	"  -t S -d F   F thousandths of what it did still count after S seconds\n"
	"  -m MB       it needs so much memory\n"
	"  -z          the argument after PROGRAM is the name that it sees\n"
	"  --help      this text\n"
	"  --version   the version\n"
	"\n"
	"The exit status is PROGRAM's; 125 mosrun itself failed, 126 PROGRAM cannot be executed,\n"
	"127 there is no PROGRAM. See mosrun(1).\n";

static void put(json_t *o, const char *name, json_t *v)
{
	(void)json_object_set_new(o, name, v);
}

static json_t *request(const struct run_options *o)
{
	json_t *ask = json_pack("{ss}", "op", "run"), *ranges = json_array();

	if (o->node)
		put(ask, "node", json_integer(o->node));
	if (o->lock == RUN_LOCK_KEEP)
		put(ask, "lock", json_string("keep"));
	else if (o->lock != RUN_LOCK_NONE)
		put(ask, "lock", json_boolean(o->lock == RUN_LOCK_LOCK));
	for (unsigned i = 0; i < o->n_ranges; i++)
		(void)json_array_append_new(ranges, json_pack("[II]", (json_int_t)o->range[i][0],
							      (json_int_t)o->range[i][1]));
	if (o->n_ranges)
		put(ask, "nodes", json_incref(ranges));
	json_decref(ranges);
	if (o->best)
		put(ask, "best", json_true());
	if (o->anywhere)
		put(ask, "fallback", json_true());
	if (o->memory)
		put(ask, "memory_mib", json_integer(o->memory));
	if (o->kind)
		put(ask, "kind", json_string(o->kind));
	if (o->decay)
		put(ask, "decay", json_string(o->decay));
	if (o->decay && !strcmp(o->decay, "own")) {
		put(ask, "decay_s", json_integer(o->interval));
		put(ask, "decay_fraction", json_integer(o->fraction));
	}
	return ask;
}

static const char *called;

static void say_at_home(const char *why)
{
	(void)fprintf(stderr, "%s: runs at home: ", called);
	tool_print_text(stderr, why, 0);
	(void)fputc('\n', stderr);
}

/* Return: 0, or -errno with the reason why it is not a migrant (on the node that was asked for). */
static int register_me(const struct run_options *o, struct err *e)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *reply = NULL;
	const char *error, *fallback;
	int r = client_connect(&c, e);

	if (r == 0)
		r = client_ask(&c, request(o), &reply, e);
	if (r < 0)
		return r;
	fallback = json_string_value(json_object_get(reply, "fallback"));
	if (fallback && o->anywhere)
		say_at_home(fallback);
	if (json_is_true(json_object_get(reply, "ok")))
		return 0;
	error = json_string_value(json_object_get(reply, "error"));
	return err_set(e, -ECANCELED, "%s", error ? error : "mosd gives no reason");
}

/* execvp(3) tells the errors of folders, too, such as one that may not be searched. Shells take such a folder for one
 * that has no such program, and so do their users. */
static bool in_path(const char *name)
{
	const char *dir = getenv("PATH"), *end;
	char path[PATH_MAX];
	struct stat st;

	for (dir = dir ? dir : "/bin:/usr/bin"; dir; dir = *end ? end + 1 : NULL) {
		end = strchrnul(dir, ':');
		(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dir), dir, end > dir ? "/" : "", name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return true;
	}
	return false;
}

static int execute(const struct run_options *o)
{
	int r;

	(void)execvp(o->path, o->cmd);
	r = errno;
	if (!strchr(o->path, '/') && !in_path(o->path))
		r = ENOENT;
	(void)fprintf(stderr, "%s: %s: %s\n", called, o->path, strerror(r));
	return r == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

int main(int argc, char **argv)
{
	struct run_options o;
	struct err e = ERR_INIT;
	int r = run_options_parse(argc, argv, &o, &e);

	called = run_called(argc, argv);
	if (r < 0) {
		(void)fprintf(stderr, "%s: %s (see %s --help)\n", called, err_str(&e, r), called);
		return EXIT_MOSRUN;
	}
	if (o.help || o.version) {
		(void)(o.help ? fputs(help, stdout) : puts("mosrun (umosix) " MOS_VERSION));
		return 0;
	}
	r = register_me(&o, &e);
	if (r < 0 && (o.node || o.n_ranges) && !o.anywhere) {
		(void)fprintf(stderr, "%s: %s\n", called, err_str(&e, r));
		return EXIT_MOSRUN;
	}
	if (r < 0)
		say_at_home(err_str(&e, r));
	return execute(&o);
}
