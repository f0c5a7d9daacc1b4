/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where mosrun's options end and the program begins. */
#include "tools/run_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"

static int parse_node(const char *digits, struct run_options *o, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(digits, &end, 10);
	if (errno || *end || v < 1 || v > (long)NODE_ID_MAX)
		return err_set(e, -EINVAL, "-%s is no node: they have numbers from 1 to %u", digits,
			       NODE_ID_MAX);
	if (o->node && o->node != v)
		return err_set(e, -EINVAL, "two nodes, %ld and %ld: which one?", o->node, v);
	o->node = v;
	return 0;
}

static int parse_letters(const char *letters, struct run_options *o, struct err *e)
{
	for (const char *p = letters; *p; p++) {
		if (*p == 'h')
			o->home = true;
		else if (*p == 'F')
			o->anywhere = true;
		else if (*p == 'l')
			o->lock = RUN_LOCK_UNLOCK;
		else if (*p == 'L')
			o->lock = RUN_LOCK_LOCK;
		else
			return err_set(e, -EINVAL, "unknown option -%c", *p);
	}
	return 0;
}

int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *e)
{
	struct run_options o = { 0 };
	int i, r = 0;

	for (i = 1; i < argc && argv[i][0] == '-' && r == 0; i++) {
		const char *a = argv[i] + 1;

		if (!strcmp(a, "-")) {
			i++;
			break;
		}
		if (!strcmp(a, "-help"))
			o.help = true;
		else if (!strcmp(a, "-version"))
			o.version = true;
		else if (*a == '-')
			r = err_set(e, -EINVAL, "unknown option %s", argv[i]);
		else if (*a >= '0' && *a <= '9')
			r = parse_node(a, &o, e);
		else if (!*a)
			break; /* a program by the name of "-"; so be it */
		else
			r = parse_letters(a, &o, e);
	}
	if (r < 0)
		return r;
	if (o.home && o.node)
		return err_set(e, -EINVAL, "-h and -%ld: home or away?", o.node);
	if (o.home && o.lock == RUN_LOCK_NONE)
		o.lock = RUN_LOCK_LOCK;
	if (!o.help && !o.version) {
		if (i >= argc)
			return err_set(e, -EINVAL, "no program to run");
		o.cmd = argv + i;
	}
	*ret = o;
	return 0;
}
