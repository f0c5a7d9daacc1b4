/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how mosd takes up changed files: it checks them, then executes itself. So there is one way to
 * begin, and supervisors need no other than after a restart. */
#include "node/reload.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "node/ask/lever_ops.h"
#include "node/process/adopt_users.h"
#include "node/site/site.h"

int reload_begin(struct mosd *d, json_t **ret_warnings, struct err *e)
{
	struct site fresh;
	int r = site_load(&fresh, d->conf_path, e);

	if (r == 0 && ret_warnings)
		*ret_warnings = adopt_users_find(&fresh.conf.adopt, d->conf_path);
	site_finish(&fresh);
	if (r < 0)
		return r;
	d->reloads = true;
	ev_break(d->loop, EVBREAK_ALL);
	return 0;
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
	r = reload_begin(a->d, &warnings, &e);
	if (r < 0)
		ask_fail(a, "failed", "nothing is changed: %s", err_str(&e, r));
	else
		ask_done(a, json_pack("{sbso}", "ok", 1, "warnings", warnings));
}
