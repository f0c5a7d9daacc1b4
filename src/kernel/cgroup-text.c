/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/cgroup-text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/util.h"

#define MILLI	 1000U
#define CPUS_MAX 65536U
#define FIELDS	 32U /* of a line of mountinfo; it has 10 and some optional ones */

static const char *const words[CGROUP_KIND_COUNT_] = {
	[CGROUP_CPU] = "cpu",	    [CGROUP_CPUACCT] = "cpuacct", [CGROUP_CPUSET] = "cpuset",
	[CGROUP_MEMORY] = "memory", [CGROUP_FREEZER] = "freezer", [CGROUP_PIDS] = "pids",
};

struct piece {
	const char *p;
	size_t n;
};

/* Takes digits off *@s. Return: false without any, or when they do not fit. */
static bool take_number(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned d = (unsigned)(*p - '0');

		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*s = p;
	*ret = v;
	return true;
}

static bool is(struct piece f, const char *word)
{
	return f.n == strlen(word) && !memcmp(f.p, word, f.n);
}

/* Whether the list "rw,cpu,cpuacct" has @word. */
static bool lists(struct piece f, const char *word)
{
	while (f.n) {
		const char *comma = memchr(f.p, ',', f.n);
		struct piece one = { f.p, comma ? (size_t)(comma - f.p) : f.n };

		if (is(one, word))
			return true;
		f.p += one.n + (comma != NULL);
		f.n -= one.n + (comma != NULL);
	}
	return false;
}

/* The kernel writes blanks, tabs, newlines and backslashes of names as \040. Such a path is none
 * that anybody mounts a hierarchy at: it is refused. */
static bool keep(char to[static CGROUP_PATH], struct piece f)
{
	if (!f.n || f.n >= CGROUP_PATH || memchr(f.p, '\\', f.n) || f.p[0] != '/')
		return false;
	memcpy(to, f.p, f.n);
	to[f.n] = '\0';
	return true;
}

static void take_mount(struct cgroup_tree *t, struct piece root, struct piece mount)
{
	struct cgroup_tree got = { 0 };

	if (!t->mount[0] && keep(got.root, root) && keep(got.mount, mount))
		*t = got;
}

static void mount_line(const struct piece *f, unsigned n, struct cgroup_tree *tree)
{
	unsigned dash = 6;

	while (dash < n && !is(f[dash], "-"))
		dash++;
	if (dash + 3 >= n)
		return;
	if (is(f[dash + 1], "cgroup2"))
		take_mount(&tree[CGROUP_UNIFIED], f[3], f[4]);
	for (unsigned k = 0; is(f[dash + 1], "cgroup") && k < CGROUP_KIND_COUNT_; k++)
		if (words[k] && lists(f[dash + 3], words[k]))
			take_mount(&tree[k], f[3], f[4]);
}

void cgroup_parse_mounts(const char *text, struct cgroup_tree tree[static CGROUP_KIND_COUNT_])
{
	memset(tree, 0, CGROUP_KIND_COUNT_ * sizeof(*tree));
	while (*text) {
		struct piece f[FIELDS];
		unsigned n = 0;
		size_t line = strcspn(text, "\n"), at = 0;

		while (at < line && n < FIELDS) {
			size_t k = strcspn(text + at, " \n");

			f[n++] = (struct piece){ text + at, k };
			at += k + 1;
		}
		mount_line(f, n, tree);
		text += line + (text[line] == '\n');
	}
}

/* @path as the kernel names it, below what the mount point shows. */
static void take_own(struct cgroup_tree *t, struct piece path)
{
	size_t skip = strlen(t->root);

	if (skip == 1)
		skip = 0; /* "/" */
	t->own[0] = '\0';
	/* "/../x": outside of our cgroup namespace */
	if (!path.n || path.p[0] != '/' || (path.n > 2 && !memcmp(path.p, "/..", 3)))
		return;
	if (path.n < skip || memcmp(path.p, t->root, skip) != 0)
		return;
	path.p += skip;
	path.n -= skip;
	if (path.n < 2 || path.p[0] != '/' || path.n >= sizeof(t->own))
		return;
	memcpy(t->own, path.p, path.n);
	t->own[path.n] = '\0';
}

void cgroup_parse_own(const char *text, struct cgroup_tree tree[static CGROUP_KIND_COUNT_])
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *end = text + strcspn(text, "\n");
		const char *first = memchr(text, ':', (size_t)(end - text));
		const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
		struct piece list, path;

		if (!second)
			continue;
		list = (struct piece){ first + 1, (size_t)(second - first - 1) };
		path = (struct piece){ second + 1, (size_t)(end - second - 1) };
		if (!list.n && is((struct piece){ text, (size_t)(first - text) }, "0") &&
		    tree[CGROUP_UNIFIED].mount[0])
			take_own(&tree[CGROUP_UNIFIED], path);
		for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++)
			if (words[k] && tree[k].mount[0] && lists(list, words[k]))
				take_own(&tree[k], path);
	}
}

static bool ends(const char *p)
{
	return !*p || (*p == '\n' && !p[1]);
}

int cgroup_parse_number(const char *text, uint64_t *ret)
{
	uint64_t v = CGROUP_NONE;

	if (!strncmp(text, "max", 3))
		text += 3;
	else if (!strncmp(text, "-1", 2))
		text += 2;
	else if (!take_number(&text, &v))
		return -EPROTO;
	if (!ends(text))
		return -EPROTO;
	*ret = v;
	return 0;
}

int cgroup_parse_field(const char *text, const char *name, uint64_t *ret)
{
	size_t n = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *p = text + n;
		uint64_t v;

		if (strncmp(text, name, n) != 0 || *p++ != ' ')
			continue;
		if (!take_number(&p, &v) || (*p && *p != '\n'))
			return -EPROTO;
		*ret = v;
		return 0;
	}
	return -ENOENT;
}

uint64_t cgroup_cpu_share(uint64_t quota_us, uint64_t period_us)
{
	if (quota_us == CGROUP_NONE || !period_us)
		return CGROUP_NONE;
	if (quota_us > UINT64_MAX / MILLI)
		return CGROUP_NONE;
	return MAX(quota_us * MILLI / period_us, (uint64_t)1);
}

int cgroup_parse_cpu_max(const char *text, uint64_t *ret)
{
	uint64_t quota = CGROUP_NONE, period;

	if (!strncmp(text, "max", 3))
		text += 3;
	else if (!take_number(&text, &quota))
		return -EPROTO;
	if (*text++ != ' ' || !take_number(&text, &period) || !period || !ends(text))
		return -EPROTO;
	*ret = cgroup_cpu_share(quota, period);
	return 0;
}

int cgroup_parse_cpus(const char *text)
{
	uint64_t sum = 0, first, last;

	if (ends(text))
		return 0;
	for (;;) {
		if (!take_number(&text, &first))
			return -EPROTO;
		last = first;
		if (*text == '-' && (text++, !take_number(&text, &last)))
			return -EPROTO;
		if (last < first || last >= CPUS_MAX)
			return -EPROTO;
		sum += last - first + 1;
		if (ends(text))
			return sum <= CPUS_MAX ? (int)sum : -EPROTO;
		if (*text++ != ',' || sum > CPUS_MAX)
			return -EPROTO;
	}
}

int cgroup_parse_pressure(const char *text, uint64_t *ret)
{
	size_t line = strcspn(text, "\n");
	const char *total = strstr(text, " total=");
	uint64_t v;

	if (strncmp(text, "some ", 5) != 0 || !total || total > text + line)
		return -EPROTO;
	total += strlen(" total=");
	if (!take_number(&total, &v) || (*total && *total != '\n'))
		return -EPROTO;
	*ret = v;
	return 0;
}

unsigned cgroup_parse_tasks(const char *text, int *to, unsigned max)
{
	unsigned n = 0;

	while (n < max) {
		uint64_t v;

		if (!take_number(&text, &v) || *text++ != '\n')
			return n;
		if (v && v <= INT_MAX)
			to[n++] = (int)v;
	}
	return n;
}
