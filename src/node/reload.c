/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how mosd takes up changed files: it checks them, then executes itself. So there is one way to
 * begin, and supervisors need no other than after a restart. */
#include "node/reload.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "node/ask/lever_ops.h"
#include "node/process/adopt_users.h"
#include "node/site/site.h"
#include "node/site/trial.h"

#define TOLD_BY "MOS_RELOADED" /* of the environment: no user has a use for it */

bool reload_was(void)
{
	bool was = getenv(TOLD_BY) != NULL;

	(void)unsetenv(TOLD_BY); /* supervisors inherit the environment */
	return was;
}

static void end_loop(struct mosd *d)
{
	d->reloads = true;
	ev_break(d->loop, EVBREAK_ALL);
}

int reload_begin(struct mosd *d, struct err *e)
{
	struct site fresh;
	int r = site_load(&fresh, d->conf_path, e);

	site_finish(&fresh);
	if (r == 0)
		end_loop(d);
	return r;
}

int reload_asked(struct mosd *d, json_t **ret_warnings, struct err *e)
{
	struct trial_held held = { .tcp = d->listener ? d->site.conf.port : 0, .udp = d->peers ? d->site.conf.port : 0 };
	struct site fresh;
	int r = site_load(&fresh, d->conf_path, e);

	if (r == 0)
		r = trial_run(&fresh, d->conf_path, &held, e);
	if (r == 0 && ret_warnings) {
		*ret_warnings = adopt_users_find(&fresh.conf.adopt, d->conf_path);
		trial_warn(&fresh, d->conf_path, *ret_warnings);
	}
	site_finish(&fresh);
	if (r == 0)
		end_loop(d);
	return r;
}

int reload_exec(char **argv, struct err *e)
{
	static const char gone[] = " (deleted)"; /* what the kernel adds after an upgrade */
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;

	if (n < 0)
		return err_set(e, -errno, "find the program of mosd: %s", strerror(errno));
	path[n] = '\0';
	end = path + n - (sizeof(gone) - 1);
	if (end > path && !strcmp(end, gone))
		*end = '\0';
	(void)setenv(TOLD_BY, "yes", 1);
	(void)execv(path, argv);
	return err_set(e, -errno, "execute %s: %s", path, strerror(errno));
}

void op_reload(struct ask *a, const json_t *o)
{
	struct err e = ERR_INIT;
	json_t *warnings = NULL;
	int r;

	if (!lever_ops_root(a))
		return;
	r = reload_asked(a->d, &warnings, &e);
	if (r < 0)
		ask_fail(a, "failed", "nothing is changed: %s", err_str(&e, r));
	else
		ask_done(a, json_pack("{sbsbso}", "ok", 1, "networked", a->d->site.networked && !a->d->parting,
				      "warnings", warnings));
}
