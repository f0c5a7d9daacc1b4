/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/adopt_users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "node/obj.h"
#include "node/paths.h"

static json_t *unknown(const struct adopt_rule *r, const char *conf_path)
{
	char text[400];

	(void)snprintf(text, sizeof(text),
		       "%s:%u: adopt: this machine has no user %s, so the line adopts nothing: write one that `id` "
		       "knows, then `mosctl reload`",
		       conf_path ? conf_path : MOS_CONF_PATH, r->line, r->user);
	return obj_text(text);
}

json_t *adopt_users_find(struct adopt_rules *r, const char *conf_path)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->n; i++) {
		char *user = r->rule[i].user;
		const struct passwd *pw;

		if (!user[0] || !user[strspn(user, "0123456789")])
			continue;
		pw = getpwnam(user);
		if (pw)
			(void)snprintf(user, ADOPT_USER_MAX, "%u", pw->pw_uid);
		else
			(void)json_array_append_new(list, unknown(&r->rule[i], conf_path));
	}
	return list;
}
