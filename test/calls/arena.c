/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that arguments point into, at a fixed place, so that addresses are the same in each
 * run. Which pages can be read, and what they hold, is told after each call.
 *
 *   0       safe      1-23  good           24-25  read-only    26  none     27-29  good, then a hole
 *   30      a hole    31    no access      32-34  good, then 35, read-only        36-39  a hole
 *   40-71   to be mapped and unmapped
 */
#include "calls.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static const struct piece {
	uint8_t first, pages;
	int prot;
} pieces[] = {
	{ 0, 24, PROT_READ | PROT_WRITE },  { 24, 2, PROT_READ }, { 27, 3, PROT_READ | PROT_WRITE },
	{ 31, 1, PROT_NONE },		    { 32, 3, PROT_READ | PROT_WRITE },
	{ 35, 1, PROT_READ },		    { 40, 24, PROT_READ | PROT_WRITE },
};

unsigned arena_past_end;
static bool big_world, fresh;
static struct {
	bool there;
	uint64_t hash;
} pages[ARENA_PAGES];

struct copy {
	void *to;
	const void *from;
	size_t n;
};

static void copy_them(void *ctx)
{
	const struct copy *c = ctx;

	memcpy(c->to, c->from, c->n);
}

bool arena_put(uint64_t at, const void *p, size_t n)
{
	struct copy c = { (void *)(uintptr_t)at, p, n };

	return signals_guard(copy_them, &c);
}

bool arena_get(uint64_t at, void *p, size_t n)
{
	struct copy c = { p, (const void *)(uintptr_t)at, n };

	return signals_guard(copy_them, &c);
}

/* ---- making it ------------------------------------------------------------------------------- */

static void fill(struct chance *c, uint64_t at, uint64_t n)
{
	for (uint64_t i = 0; i < n; i += 8)
		*(uint64_t *)(uintptr_t)(at + i) = chance_next(c);
}

static void map(uint64_t at, uint64_t n, int prot)
{
	(void)RAW(SYS_mmap, at, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void arena_reset(struct chance *c, bool big)
{
	(void)RAW(SYS_munmap, ARENA, 64UL << 20);
	memset(pages, 0, sizeof(pages));
	for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
		const struct piece *p = &pieces[i];
		uint64_t at = ARENA + p->first * PAGE, n = p->pages * PAGE;

		map(at, n, PROT_READ | PROT_WRITE);
		fill(c, at, n);
		if (p->prot != (PROT_READ | PROT_WRITE))
			(void)RAW(SYS_mprotect, at, n, p->prot);
	}
	big_world = big;
	fresh = true;
	if (big) {
		map(ARENA_BIG, BIG_SIZE, PROT_READ | PROT_WRITE);
		fill(c, ARENA_BIG, BIG_SIZE);
	}
}

bool arena_has_big(void)
{
	return big_world;
}

/* ---- choosing a place ------------------------------------------------------------------------ */

static uint64_t good_place(struct chance *c, uint64_t n)
{
	const uint64_t first = ARENA + PAGE, room = 23 * PAGE;

	if (n > room)
		return big_world && n <= BIG_SIZE ? ARENA_BIG + chance_below(c, BIG_SIZE - n + 1) : first;
	return first + (chance_below(c, room - n + 1) & (chance_of(c, 800) ? ~7ULL : ~0ULL));
}

/* So that it begins before @edge and ends behind it. */
static uint64_t across(struct chance *c, uint64_t edge, uint64_t n)
{
	if (n < 2)
		return edge;
	return edge - 1 - chance_below(c, MIN(n - 1, 3 * PAGE - 1));
}

uint64_t arena_place(struct chance *c, uint64_t n, bool bad)
{
	static const uint64_t nowhere[] = { 1, 8, 4095, ARENA - 8, 0x7ffffffff000ULL,
					    0x7fffffffffffULL, 0x800000000000ULL,
					    0xffff888000000000ULL, UINT64_MAX, UINT64_MAX - 7 };
	uint64_t kind = chance_below(c, 100);

	if (!bad || kind < 68)
		return good_place(c, n);
	if (kind < 72) /* just fits before the hole */
		return n <= 3 * PAGE ? ARENA + 30 * PAGE - n : good_place(c, n);
	if (kind < 79)
		return across(c, ARENA + 30 * PAGE, n);
	if (kind < 83)
		return across(c, ARENA + 35 * PAGE, n);
	if (kind < 88)
		return ARENA + 24 * PAGE + chance_below(c, PAGE);
	if (kind < 92)
		return ARENA + 36 * PAGE + chance_below(c, PAGE);
	if (kind < 94)
		return ARENA + 31 * PAGE + chance_below(c, PAGE);
	if (kind < 96)
		return 0;
	return CHANCE_PICK(c, nowhere);
}

bool arena_good(uint64_t at, uint64_t n)
{
	if (at >= ARENA_BIG && at - ARENA_BIG < BIG_SIZE)
		return big_world && n <= BIG_SIZE - (at - ARENA_BIG);
	return at >= ARENA && at - ARENA < 24 * PAGE && n <= 24 * PAGE - (at - ARENA);
}

/* ---- telling --------------------------------------------------------------------------------- */

struct sum {
	uint64_t at, n, hash;
};

static void sum_up(void *ctx)
{
	struct sum *s = ctx;
	const uint64_t *p = (const uint64_t *)(uintptr_t)s->at;
	uint64_t a = 1, b = 2;

	for (uint64_t i = 0; i + 1 < s->n / 8; i += 2) {
		a = (a ^ p[i]) * 0x9e3779b97f4a7c15ULL;
		b = (b ^ p[i + 1]) * 0xbf58476d1ce4e5b9ULL;
		a ^= a >> 29;
		b ^= b >> 31;
	}
	s->hash = a ^ (b << 1);
}

static bool sum_page(uint64_t at, uint64_t *ret)
{
	struct sum s = { at, PAGE, 0 };
	bool there = signals_guard(sum_up, &s);

	if (!there && signals_fault == SIGBUS)
		arena_past_end++;
	*ret = there ? s.hash : (uint64_t)signals_fault;
	return there;
}

uint64_t arena_hash(uint64_t at, uint64_t n)
{
	uint64_t all = 0;

	for (uint64_t i = 0; i + PAGE <= n; i += PAGE) {
		uint64_t h = 0;

		if (!sum_page(at + i, &h))
			h = 0xdead;
		all = (all ^ h) * 0x94d049bb133111ebULL;
	}
	return all ^ (all >> 32);
}

static bool is_play(unsigned page)
{
	return ARENA + page * PAGE >= PLAY;
}

size_t arena_tell(char *text, size_t room, bool mapped)
{
	size_t len = 0;

	for (unsigned i = 0; i < ARENA_PAGES; i++) {
		uint64_t h = 0;
		bool there;

		/* To find out that one is not there costs a signal. */
		if (!pages[i].there && !(mapped && (fresh || is_play(i))))
			continue;
		there = sum_page(ARENA + i * PAGE, &h);
		if (there == pages[i].there && h == pages[i].hash)
			continue;
		pages[i].there = there;
		pages[i].hash = h;
		if (len + 32 > room)
			continue;
		len += (size_t)snprintf(text + len, room - len, there ? " %u=%08x" : " %u=(%u)",
					i, (uint32_t)(h ^ (h >> 32)));
	}
	fresh = false;
	return len;
}

uint64_t arena_tell_big(void)
{
	return big_world ? arena_hash(ARENA_BIG, BIG_SIZE) : 0;
}
