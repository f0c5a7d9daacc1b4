/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what a rule says, and whom it means. A pattern with a slash is held against the whole path of the
 * program, one without against its last part and the process's own name. */
#include "cluster/adopt.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define TEXT_MAX 256U

static bool set_user(struct adopt_rule *r, const char *v)
{
	if (!strcmp(v, "*"))
		v = "";
	else if (!*v || strpbrk(v, ",;:/")) /* a list, or rules set apart in another way */
		return false;
	return snprintf(r->user, sizeof(r->user), "%s", v) < (int)sizeof(r->user);
}

static bool set_program(struct adopt_rule *r, const char *v)
{
	if (!strcmp(v, "*"))
		v = "";
	else if (!*v)
		return false;
	return snprintf(r->program, sizeof(r->program), "%s", v) < (int)sizeof(r->program);
}

static bool set_age(struct adopt_rule *r, const char *v)
{
	uint64_t n = 0;

	if (!*v)
		return false;
	for (; *v; v++) {
		if (*v < '0' || *v > '9')
			return false;
		n = n * 10 + (uint64_t)(*v - '0');
		if (n > ADOPT_AGE_MAX)
			return false;
	}
	r->age = (uint32_t)n;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct adopt_rule *r, const char *v);
} words[] = {
	{ "user=", set_user },
	{ "program=", set_program },
	{ "age=", set_age },
};

static bool take_word(struct adopt_rule *r, const char *word, unsigned *seen)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].name);

		if (strncmp(word, words[i].name, n) != 0)
			continue;
		if (*seen & 1U << i)
			return false;
		*seen |= 1U << i;
		return words[i].set(r, word + n);
	}
	return false;
}

bool adopt_add(struct adopt_rules *r, const char *text)
{
	struct adopt_rule one = { .age = ADOPT_AGE_USUAL };
	char copy[TEXT_MAX], *rest = copy, *word;
	unsigned seen = 0;

	if (r->n == ADOPT_RULES_MAX || snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	while ((word = strsep(&rest, " \t")))
		if (*word && !take_word(&one, word, &seen))
			return false;
	if (!seen)
		return false; /* everything may move: say so by user=* */
	r->rule[r->n++] = one;
	return true;
}

static bool fits_user(const struct adopt_rule *r, const struct adopt_process *p)
{
	char number[16];

	if (!r->user[0])
		return p->uid != 0;
	(void)snprintf(number, sizeof(number), "%u", p->uid);
	return !strcmp(r->user, number) || (p->user && !strcmp(r->user, p->user));
}

static bool fits_program(const struct adopt_rule *r, const struct adopt_process *p)
{
	const char *slash = strrchr(p->path, '/');

	if (!r->program[0])
		return true;
	if (strchr(r->program, '/'))
		return !fnmatch(r->program, p->path, FNM_PATHNAME);
	return !fnmatch(r->program, slash ? slash + 1 : p->path, 0) || !fnmatch(r->program, p->comm, 0);
}

const struct adopt_rule *adopt_find(const struct adopt_rules *r, const struct adopt_process *p,
				    uint64_t *ret_wait)
{
	const struct adopt_rule *found = NULL;

	for (unsigned i = 0; i < r->n; i++) {
		const struct adopt_rule *one = &r->rule[i];
		uint64_t wait = one->age > p->age ? one->age - p->age : 0;

		if (!fits_user(one, p) || !fits_program(one, p) || (found && wait >= *ret_wait))
			continue;
		found = one;
		*ret_wait = wait;
	}
	return found;
}
