/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/process/adopt_users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "node/obj.h"
#include "node/paths.h"

/* A rule that means nobody: @why, and @what to write in its place. */
static void complain(json_t *list, const struct adopt_rule *r, const char *conf_path, const char *why,
		     const char *what)
{
	char text[500];

	(void)snprintf(text, sizeof(text), "%s:%u: adopt: %s, so the line adopts nothing: %s, then `mosctl reload`",
		       conf_path ? conf_path : MOS_CONF_PATH, r->line, why, what);
	(void)json_array_append_new(list, obj_text(text));
}

/* Puts the number for the name. Return: whether there is such a user; a number is one. */
static bool find_user(struct adopt_rule *r)
{
	const struct passwd *pw;

	if (!r->user[strspn(r->user, "0123456789")])
		return true;
	pw = getpwnam(r->user);
	if (pw)
		(void)snprintf(r->user, sizeof(r->user), "%u", pw->pw_uid);
	return pw != NULL;
}

/* A path begins with a slash, which neither ? nor [ stand for. */
static bool is_no_path(const char *pattern)
{
	return strchr(pattern, '/') && !strchr("/*\\", pattern[0]);
}

json_t *adopt_users_find(struct adopt_rules *r, const char *conf_path)
{
	json_t *list = json_array();
	char why[200];

	for (unsigned i = 0; i < r->n; i++) {
		struct adopt_rule *one = &r->rule[i];

		if (!find_user(one)) {
			(void)snprintf(why, sizeof(why), "this machine has no user %s", one->user);
			complain(list, one, conf_path, why, "write one that `id` knows");
		} else if (one->user[0] && !one->user[strspn(one->user, "0")]) {
			complain(list, one, conf_path, "root's programs are never adopted",
				 "name another user; `migrate` moves root's where export-privileged names the node");
		} else if (is_no_path(one->program)) {
			(void)snprintf(why, sizeof(why), "no path begins as %s does", one->program);
			complain(list, one, conf_path, why, "write the whole path, or a name without a slash");
		}
	}
	return list;
}
