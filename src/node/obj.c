/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how to read a stranger's JSON object. */
#include "node/obj.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

json_t *obj_text(const char *s)
{
	json_t *j = json_string(s); /* NULL for bad UTF-8 */
	CLEANUP(free_ptr) char *clean = NULL;

	if (j)
		return j;
	clean = strdup(s);
	if (!clean)
		return NULL;
	for (char *p = clean; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(clean);
}

int obj_int(const json_t *o, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *j = json_object_get(o, name);
	int64_t v;

	if (!j)
		return -ENOENT;
	if (!json_is_integer(j))
		return -EINVAL;
	v = json_integer_value(j);
	if (v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

int64_t obj_int_or(const json_t *o, const char *name, int64_t min, int64_t max, int64_t otherwise)
{
	int64_t v = otherwise;

	(void)obj_int(o, name, min, max, &v);
	return v;
}

bool obj_bool_or(const json_t *o, const char *name, bool otherwise)
{
	const json_t *j = json_object_get(o, name);

	return json_is_boolean(j) ? json_is_true(j) : otherwise;
}

const char *obj_str(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

void obj_copy(const json_t *o, const char *name, char *to, size_t size)
{
	const char *s = obj_str(o, name);

	(void)snprintf(to, size, "%s", s ? s : "");
}

void obj_drop(json_t **o)
{
	json_decref(*o);
}

/* What holds at a moment only. */
static bool is_no_count(const char *name)
{
	static const char *const names[] = { "node", "rtt_us", "rss_kib", "waited_us" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

void obj_add(json_t *o, const json_t *from)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)from, name, v) {
		json_t *mine = json_object_get(o, name);

		if (json_is_object(v) && json_is_object(mine)) {
			obj_add(mine, v);
		} else if (!mine) {
			(void)json_object_set_new(o, name, json_deep_copy(v));
		} else if (json_is_integer(v) && json_is_integer(mine) && !is_no_count(name)) {
			json_int_t a = json_integer_value(mine), b = json_integer_value(v);

			if (a >= 0 && b >= 0 && a <= INT64_MAX - b)
				(void)json_integer_set(mine, a + b);
		}
	}
}
