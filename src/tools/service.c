/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how mosd is made to run as its files say now. */
#include "tools/service.h"

#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/paths.h"
#include "tools/client.h"
#include "tools/mosctl.h"

#define PATIENCE (15 * NSEC_PER_SEC)
#define LOOK_MS	 100 /* the socket is there some microseconds before it listens */

/* Return: 0 once a mosd listens again. */
static int wait_for_next(int watch, struct err *e)
{
	nsec_t deadline = mono_now() + PATIENCE;

	while (mono_now() < deadline) {
		CLEANUP(client_finish) struct client c = CLIENT_INIT;
		struct pollfd p = { .fd = watch, .events = POLLIN };
		int r = client_connect(&c, e);

		if (r != -ECONNREFUSED)
			return r;
		if (poll(&p, 1, LOOK_MS) > 0) {
			char events[4096];

			(void)!read(watch, events, sizeof(events));
		}
	}
	return err_set(e, -ETIMEDOUT,
		       "mosd has not come back within 15 seconds: its log says why "
		       "(`journalctl -u mosd`)");
}

/* Discovery on some interface finds a number in a moment: that is not alone for long. */
static bool alone_for_long(const json_t *status)
{
	const json_t *links = json_object_get(json_object_get(status, "discovery"), "links");

	return !json_is_true(json_object_get(status, "networked")) && !json_array_size(links);
}

/* For a node that was in a cluster. Return: the exit status. */
static int tell_if_alone(void)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	int status = tool_ask("mosctl", json_pack("{ss}", "op", "status"), &o);

	if (status != TOOL_OK || !alone_for_long(o))
		return status;
	(void)fputs("mosctl: mosd serves by its files as they are now, but this machine is no more in a cluster: ", stderr);
	tool_print_text(stderr, tool_text(o, "alone_because"), 0);
	(void)fputc('\n', stderr);
	return TOOL_FAILED;
}

int service_reload(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = NULL, *more = NULL;
	CLEANUP(close_fd) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct err e = ERR_INIT;
	int r, status = TOOL_OK;
	const json_t *w;
	size_t i;

	if (watch >= 0)
		(void)inotify_add_watch(watch, MOS_RUN_DIR, IN_CREATE | IN_ATTRIB);
	r = client_connect(&c, &e);
	if (r == 0)
		r = client_ask(&c, json_pack("{ss}", "op", "reload"), &o, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	if (!tool_answer_ok("mosctl", o, &status))
		return status;
	json_array_foreach(json_object_get(o, "warnings"), i, w)
		tool_warn("mosctl", w);
	/* It hangs up when its socket is gone: whoever listens after that is the next one. */
	(void)client_receive(&c, &more, &e);
	r = wait_for_next(watch, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	return json_is_true(json_object_get(o, "networked")) ? tell_if_alone() : TOOL_OK;
}

int service_begin(void)
{
	char program[] = "systemctl", verb[] = "enable", quiet[] = "--quiet", now[] = "--now", unit[] = "mosd";
	char *argv[] = { program, verb, quiet, now, unit, NULL };
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	struct err e = ERR_INIT;
	int r, status = 0;
	pid_t pid;

	if (client_connect(&c, &e) == 0)
		return service_reload();
	if (access("/run/systemd/system", F_OK) < 0) {
		(void)fputs("mosctl: no systemd runs here: begin `mosd` as root, now and at each boot; then "
			    "`mosctl setup` verifies\n",
			    stderr);
		return TOOL_NO_MOSD;
	}
	r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (r == 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return TOOL_OK;
	(void)fprintf(stderr, "mosctl: `systemctl enable --now mosd` %s%s: `journalctl -u mosd` has more\n",
		      r ? "does not start: " : "fails", r ? strerror(r) : "");
	return TOOL_FAILED;
}

/* Return: how many nodes there are, itself too, that are there; 0: it serves its machine alone, or does not
 * answer. */
static unsigned nodes_there(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = NULL;
	struct err e = ERR_INIT;
	unsigned alive = 0;
	const json_t *n;
	size_t i;

	if (client_connect(&c, &e) < 0 || client_ask(&c, json_pack("{ss}", "op", "status"), &o, &e) < 0 ||
	    !json_is_true(json_object_get(o, "networked")))
		return 0;
	json_array_foreach(json_object_get(o, "nodes"), i, n)
		alive += !strcmp(tool_text(n, "state"), "alive");
	return alive;
}

int service_wait(bool others)
{
	static const struct timespec moment = { .tv_nsec = 100000000 };
	nsec_t end = mono_now() + PATIENCE;

	while (nodes_there() < 1U + others) {
		if (mono_now() > end) {
			(void)fputs(others ? "mosctl: no other node is heard: open UDP and TCP of umosix's port on "
					     "both machines; `mosctl nodes` shows who is there\n"
					   : "mosctl: mosd serves this machine alone: `mosctl status` tells why\n",
				    stderr);
			return TOOL_FAILED;
		}
		(void)nanosleep(&moment, NULL); /* mosd tells of nodes only when asked */
	}
	return TOOL_OK;
}

int mosctl_reload(int argc, char **argv)
{
	int status = argc > 1 ? tool_usage("mosctl", "one argument too many:", argv[1]) : service_reload();

	if (status == TOOL_OK)
		(void)puts("mosd serves by its files as they are now");
	return status;
}
