/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how wishes are written. */
#include "node/process/wish.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"

static const char *const lock_str[] = {
	[MIGRANT_LOCK_NONE] = "none",
	[MIGRANT_LOCK_UNLOCKED] = "unlocked",
	[MIGRANT_LOCK_LOCKED] = "locked",
};
static_assert(ARRAY_SIZE(lock_str) == MIGRANT_LOCK_COUNT_, "a word for each");

static const char *const hint_str[] = {
	[POLICY_HINT_NONE] = NULL,
	[POLICY_HINT_CPU] = "cpu",
	[POLICY_HINT_IO] = "io",
};
static_assert(ARRAY_SIZE(hint_str) == POLICY_HINT_COUNT_, "a word for each");

static const char *const decay_str[] = {
	[WISH_DECAY_NONE] = NULL,   [WISH_DECAY_NEVER] = "never", [WISH_DECAY_SLOW] = "slow",
	[WISH_DECAY_FAST] = "fast", [WISH_DECAY_OWN] = "own",
};
static_assert(ARRAY_SIZE(decay_str) == WISH_DECAY_COUNT_, "a word for each");

const char *migrant_lock_str(enum migrant_lock l)
{
	return lock_str[l];
}

const char *wish_hint_str(enum policy_hint h)
{
	return hint_str[h];
}

const char *wish_decay_str(enum wish_decay d)
{
	return decay_str[d];
}

static unsigned find(const char *const *words, unsigned n, const char *word)
{
	unsigned i = 1;

	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

enum policy_hint wish_hint_find(const char *word)
{
	return find(hint_str, ARRAY_SIZE(hint_str), word);
}

enum wish_decay wish_decay_find(const char *word)
{
	return find(decay_str, ARRAY_SIZE(decay_str), word);
}

double wish_lasts(const struct migrant_wish *w)
{
	static const double lasts[WISH_DECAY_COUNT_] = {
		[WISH_DECAY_NONE] = POLICY_LASTS_FAST,	[WISH_DECAY_NEVER] = POLICY_LASTS_ALWAYS,
		[WISH_DECAY_SLOW] = POLICY_LASTS_SLOW, [WISH_DECAY_FAST] = POLICY_LASTS_FAST,
	};

	if (w->decay != WISH_DECAY_OWN)
		return lasts[w->decay];
	/* exp(-interval / lasts) is the fraction */
	return MAX(-(double)w->interval / log((double)w->fraction / 1000), 1.0);
}

struct out {
	char *to;
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void put(struct out *o, const char *fmt, ...)
{
	size_t rest = WISH_TEXT_MAX - o->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->to + o->len, rest, fmt, ap);
	va_end(ap);
	o->len += MIN((size_t)MAX(n, 0), rest - 1);
}

void wish_text(const struct migrant_wish *w, char to[static WISH_TEXT_MAX])
{
	struct out o = { .to = to };

	to[0] = '\0';
	if (w->lock != MIGRANT_LOCK_NONE)
		put(&o, ",%s", lock_str[w->lock]);
	if (w->hint != POLICY_HINT_NONE)
		put(&o, ",%s", hint_str[w->hint]);
	if (w->decay == WISH_DECAY_OWN)
		put(&o, ",own%u-%u", w->interval, w->fraction);
	else if (w->decay != WISH_DECAY_NONE)
		put(&o, ",%s", decay_str[w->decay]);
	if (w->memory)
		put(&o, ",m%u", w->memory);
	if (w->place)
		put(&o, ",p%u", w->place);
	for (unsigned i = 0; i < w->n_ranges; i++)
		put(&o, "%s%u-%u", i ? "+" : ",n", w->range[i].first, w->range[i].last);
	if (to[0])
		memmove(to, to + 1, o.len); /* without the first comma */
}

/* A number from 1 to @max at *p, which is moved behind it. */
static bool take(const char **p, uint32_t max, uint32_t *ret)
{
	uint64_t v = 0;

	if (**p < '1' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		v = v * 10 + (uint64_t)(**p - '0');
		if (v > max)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

static bool take_pair(const char **p, uint32_t max_a, uint32_t max_b, uint32_t *a, uint32_t *b)
{
	return take(p, max_a, a) && *(*p)++ == '-' && take(p, max_b, b);
}

static bool take_ranges(const char *p, struct migrant_wish *w)
{
	do {
		struct policy_range *r = &w->range[w->n_ranges];

		if (w->n_ranges == WISH_RANGES_MAX ||
		    !take_pair(&p, NODE_ID_MAX, NODE_ID_MAX, &r->first, &r->last) ||
		    r->first > r->last)
			return false;
		w->n_ranges++;
	} while (*p++ == '+');
	return !p[-1];
}

static bool take_word(const char *word, struct migrant_wish *w)
{
	const char *p = word + 1;
	unsigned i;

	i = find(lock_str, ARRAY_SIZE(lock_str), word);
	if (i < ARRAY_SIZE(lock_str))
		return !w->lock && (w->lock = i);
	i = wish_hint_find(word);
	if (i < ARRAY_SIZE(hint_str))
		return !w->hint && (w->hint = i);
	i = wish_decay_find(word);
	if (i < ARRAY_SIZE(decay_str) && i != WISH_DECAY_OWN)
		return !w->decay && (w->decay = i);
	if (*word == 'm')
		return !w->memory && take(&p, WISH_MEMORY_MAX, &w->memory) && !*p;
	if (*word == 'p')
		return !w->place && take(&p, NODE_ID_MAX, &w->place) && !*p;
	if (*word == 'n')
		return !w->n_ranges && take_ranges(p, w);
	if (strncmp(word, "own", 3) || w->decay)
		return false;
	p = word + 3;
	w->decay = WISH_DECAY_OWN;
	return take_pair(&p, 65535, 999, &w->interval, &w->fraction) && !*p;
}

int wish_parse(const char *text, struct migrant_wish *ret)
{
	struct migrant_wish w = { 0 };
	char copy[WISH_TEXT_MAX], again[WISH_TEXT_MAX], *rest = copy, *word;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return -EINVAL;
	while (*text && (word = strsep(&rest, ",")))
		if (!take_word(word, &w))
			return -EINVAL;
	wish_text(&w, again);
	if (strcmp(again, text) != 0) /* in another order, and the like */
		return -EINVAL;
	*ret = w;
	return 0;
}

bool wish_equal(const struct migrant_wish *a, const struct migrant_wish *b)
{
	char x[WISH_TEXT_MAX], y[WISH_TEXT_MAX];

	wish_text(a, x);
	wish_text(b, y);
	return !strcmp(x, y);
}

bool wish_allows(const struct migrant_wish *w, uint32_t node)
{
	for (unsigned i = 0; i < w->n_ranges; i++)
		if (node >= w->range[i].first && node <= w->range[i].last)
			return true;
	return !w->n_ranges;
}
