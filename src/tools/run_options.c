/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where mosrun's options end and the program begins, and what its other names mean. */
#include "tools/run_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"

#define MEMORY_MAX	 (1L << 30)
#define USUAL_INTERVAL 1
#define USUAL_FRACTION 926

/* What a name says before any option does. */
static const struct {
	const char *name, *letters;
	bool node_follows; /* runon 3 PROGRAM */
} names[] = {
	{ "nomig", "L", false },    { "runhome", "h", false }, { "runon", "", true },
	{ "cpujob", "c", false },   { "iojob", "i", false },   { "nodecay", "n", false },
	{ "slowdecay", "s", false }, { "fastdecay", "f", false },
};

const char *const run_names[] = { "nomig",   "runhome",	  "runon",     "cpujob", "iojob",
				  "nodecay", "slowdecay", "fastdecay", NULL };

/* Of each row one is said, or none; t stands for d too. */
static const char *const rows[] = { "hjb", "lLk", "ci", "nsft" };

struct parser {
	struct run_options o;
	bool own_name; /* -z */
	char said[ARRAY_SIZE(rows)];
	int argc, i;
	char **argv;
	struct err *e;
};

static int number(struct parser *p, const char *s, long min, long max, const char *what, long *ret)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || *s < '0' || *s > '9' || *end || v < min || v > max)
		return err_set(p->e, -EINVAL, "%s is from %ld to %ld, not \"%.40s\"", what, min,
			       max, s);
	*ret = v;
	return 0;
}

static int take_node(struct parser *p, const char *digits)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(digits, &end, 10);
	if (errno || *digits < '0' || *digits > '9' || *end || v < 1 || v > (long)NODE_ID_MAX)
		return err_set(p->e, -EINVAL,
			       "%.40s is no node: they have numbers from 1 to %u", digits,
			       NODE_ID_MAX);
	if (p->o.node && p->o.node != v)
		return err_set(p->e, -EINVAL, "two nodes, %ld and %ld: which one?", p->o.node, v);
	p->o.node = v;
	return 0;
}

/* A node's number at *s, which is moved behind it. */
static bool list_number(const char **s, uint32_t *ret)
{
	char *end;
	unsigned long v;

	if (**s < '1' || **s > '9')
		return false;
	errno = 0;
	v = strtoul(*s, &end, 10);
	*s = end;
	*ret = (uint32_t)v;
	return !errno && v <= NODE_ID_MAX;
}

static int take_list(struct parser *p, const char *list)
{
	const char *s = list;
	bool good = true;

	if (p->o.n_ranges)
		return err_set(p->e, -EINVAL, "-j twice: which list?");
	do {
		uint32_t *r = p->o.range[p->o.n_ranges];

		if (p->o.n_ranges == RUN_RANGES_MAX)
			return err_set(p->e, -EINVAL, "-j takes at most %u nodes and ranges",
				       RUN_RANGES_MAX);
		good = list_number(&s, &r[0]);
		r[1] = r[0];
		if (good && *s == '-') {
			s++;
			good = list_number(&s, &r[1]) && r[1] >= r[0];
		}
		p->o.n_ranges++;
	} while (good && *s++ == ',');
	if (!good || s[-1])
		return err_set(p->e, -EINVAL,
			       "-j takes nodes and ranges, like 1-3,5, not \"%.40s\"", list);
	return 0;
}

static int take_own(struct parser *p, char letter, const char *value)
{
	p->o.decay = "own";
	if (!p->o.interval)
		p->o.interval = USUAL_INTERVAL;
	if (!p->o.fraction)
		p->o.fraction = USUAL_FRACTION;
	return letter == 't' ? number(p, value, 1, 65535, "-t, in seconds,", &p->o.interval)
			     : number(p, value, 1, 999, "-d, in thousandths,", &p->o.fraction);
}

static int take_value(struct parser *p, char letter, const char *value)
{
	if (letter == 'j')
		return take_list(p, value);
	if (letter == 'm')
		return number(p, value, 1, MEMORY_MAX, "-m, in MiB,", &p->o.memory);
	return take_own(p, letter, value);
}

static bool take_letter(struct parser *p, char letter)
{
	static const struct {
		char letter;
		const char *kind, *decay;
	} words[] = {
		{ 'c', "cpu", NULL },	 { 'i', "io", NULL },	{ 'n', NULL, "never" },
		{ 's', NULL, "slow" }, { 'f', NULL, "fast" },
	};
	static const char locks[] = "?lLk"; /* as in enum run_lock */
	const char *lock = strchr(locks + 1, letter);

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].letter == letter) {
			p->o.kind = words[i].kind ? words[i].kind : p->o.kind;
			p->o.decay = words[i].decay ? words[i].decay : p->o.decay;
			return true;
		}
	if (lock)
		p->o.lock = (enum run_lock)(lock - locks);
	else if (letter == 'h')
		p->o.home = true;
	else if (letter == 'F')
		p->o.anywhere = true;
	else if (letter == 'b')
		p->o.best = true;
	else if (letter == 'z')
		p->own_name = true;
	else
		return false;
	return true;
}

/* What contradicts is refused: who writes both cannot know which one counts. */
static int say_once(struct parser *p, char letter)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *said = &p->said[i], one = letter == 'd' ? 't' : letter;

		if (!strchr(rows[i], one))
			continue;
		if (*said && *said != letter && !(one == 't' && strchr("td", *said)))
			return err_set(p->e, -EINVAL, "-%c and -%c contradict each other: which one?", *said,
				       letter);
		*said = letter;
	}
	return 0;
}

/* -FL, -m500, -m 500, -Fm 500 */
static int take_letters(struct parser *p, const char *letters)
{
	for (const char *at = letters; *at; at++) {
		const char *value = at + 1;
		int r = say_once(p, *at);

		if (r < 0)
			return r;
		if (strchr("jmtd", *at)) {
			if (!*value && p->i + 1 >= p->argc)
				return err_set(p->e, -EINVAL, "-%c needs a value", *at);
			return take_value(p, *at, *value ? value : p->argv[++p->i]);
		}
		if (!take_letter(p, *at))
			return err_set(p->e, -EINVAL, "unknown option -%c", *at);
	}
	return 0;
}

static int take_options(struct parser *p)
{
	int r = 0;

	for (; p->i < p->argc && p->argv[p->i][0] == '-' && r == 0; p->i++) {
		const char *a = p->argv[p->i] + 1;

		if (!strcmp(a, "-")) {
			p->i++;
			break;
		}
		if (!*a)
			break; /* a program by the name of "-"; so be it */
		if (!strcmp(a, "-help"))
			p->o.help = true;
		else if (!strcmp(a, "-version"))
			p->o.version = true;
		else if (*a == '-')
			r = err_set(p->e, -EINVAL, "unknown option %.60s", p->argv[p->i]);
		else if (*a >= '0' && *a <= '9')
			r = take_node(p, a);
		else
			r = take_letters(p, a);
	}
	return r;
}

const char *run_called(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].name;
	return "mosrun";
}

static int take_name(struct parser *p)
{
	const char *name = run_called(p->argc, p->argv);
	bool help = p->argc > 1 && p->argv[1][0] == '-' && p->argv[1][1] == '-';
	const char *node;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		if (!names[i].node_follows || help)
			return take_letters(p, names[i].letters);
		if (p->argc < 2)
			return err_set(p->e, -EINVAL, "%s: on which node?", name);
		p->i = 2;
		node = p->argv[1] + (p->argv[1][0] == '-');
		if (*node < '0' || *node > '9')
			return err_set(p->e, -EINVAL, "the number of a node comes first, as in `%s 3 PROGRAM`, not \"%.40s\"",
				       name, p->argv[1]);
		return take_node(p, node);
	}
	return 0;
}

static int check(const struct parser *p)
{
	const struct run_options *o = &p->o;

	if (o->node && (o->home || o->n_ranges || o->best))
		return err_set(p->e, -EINVAL, "-%c and -%ld contradict each other: which one?", p->said[0], o->node);
	if (o->help || o->version)
		return 0;
	if (p->i >= p->argc)
		return err_set(p->e, -EINVAL, "no program to run");
	if (p->own_name && p->i + 1 >= p->argc)
		return err_set(p->e, -EINVAL, "-z: which name shall the program see?");
	return 0;
}

int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *e)
{
	struct parser p = { .argc = argc, .argv = argv, .i = 1, .e = e };
	int r = take_name(&p);

	if (r == 0)
		r = take_options(&p);
	if (r == 0)
		r = check(&p);
	if (r < 0)
		return r;
	if (p.o.home && p.o.lock == RUN_LOCK_NONE)
		p.o.lock = RUN_LOCK_LOCK;
	if (!p.o.help && !p.o.version) {
		p.o.path = argv[p.i];
		p.o.cmd = argv + p.i + p.own_name;
	}
	*ret = p.o;
	return 0;
}
