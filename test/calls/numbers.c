/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws the arguments that are numbers: mostly such as may be right, some at an edge, some absurd. */
#include "calls.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

uint64_t draw_length(struct chance *c)
{
	static const uint64_t odd[] = { 0, 0, 1, 4096, 8192, 65536, 0x100000000ULL, 1ULL << 31,
					(1ULL << 31) - 1, INT64_MAX, UINT64_MAX, 1ULL << 63 };
	uint64_t kind = chance_below(c, 100);

	if (kind < 60)
		return chance_below(c, 200);
	if (kind < 85)
		return chance_below(c, 20000);
	if (kind < 90 && arena_has_big())
		return chance_below(c, BIG_SIZE);
	return CHANCE_PICK(c, odd);
}

uint64_t draw_descriptor(struct chance *c)
{
	static const uint64_t odd[] = { UINT64_MAX, 63, 64, 100, INT_MAX, AT_FDCWD,
					0x100000003ULL, 40, 41, 1000000 };

	if (chance_of(c, 950))
		return chance_below(c, 34);
	return (uint64_t)CHANCE_PICK(c, odd);
}

uint64_t draw_offset(struct chance *c)
{
	static const uint64_t odd[] = { UINT64_MAX, INT64_MAX, 1ULL << 63, 1ULL << 32, 4UL << 20,
					(4UL << 20) - 1, 4096, 8192 };

	return chance_of(c, 850) ? chance_below(c, 12000) : CHANCE_PICK(c, odd);
}

static uint64_t draw_flags(struct chance *c)
{
	switch (chance_below(c, 8)) {
	case 0:
		return chance_next(c);
	case 1:
		return chance_below(c, 16);
	case 2:
	case 3:
		return 1ULL << chance_below(c, 13);
	default:
		return 0;
	}
}

uint64_t draw_open_flags(struct chance *c)
{
	static const uint64_t bits[] = { O_CREAT,     O_CREAT,	 O_EXCL,      O_TRUNC, O_APPEND,
					 O_NONBLOCK,  O_CLOEXEC, O_DIRECTORY, O_PATH,  O_NOFOLLOW,
					 O_DIRECT,    O_SYNC,	 O_TMPFILE,   O_NOATIME };
	uint64_t f = chance_below(c, 3);

	while (chance_of(c, 400))
		f |= CHANCE_PICK(c, bits);
	if (chance_of(c, 20))
		f = chance_next(c) & 0xffffffff;
	return tame_known(KNOWN_DIRECT) ? f & ~(uint64_t)O_DIRECT : f;
}

static uint64_t draw_process(struct chance *c)
{
	static const int64_t odd[] = { 0, 0, 0x3fffffff, INT_MIN, -0x3fffffff, 1 };

	return chance_of(c, 700) ? (uint64_t)world_pid : (uint64_t)CHANCE_PICK(c, odd);
}

static uint64_t draw_signal(struct chance *c)
{
	static const int64_t odd[] = { 0, 0, 65, 100, -1 };

	return chance_of(c, 900) ? (uint64_t)signals_pick(c) : (uint64_t)CHANCE_PICK(c, odd);
}

static uint64_t draw_page(struct chance *c)
{
	uint64_t at = PLAY + chance_below(c, PLAY_PAGES) * PAGE;

	return chance_of(c, 50) ? at + chance_below(c, PAGE) : chance_of(c, 120) ? 0 : at;
}

static uint64_t draw_map_length(struct chance *c)
{
	static const uint64_t odd[] = { 0, UINT64_MAX, 1ULL << 47, 1ULL << 63, 1 };

	return chance_of(c, 930) ? (1 + chance_below(c, 6)) * PAGE - (chance_of(c, 100) ? 100 : 0) :
				   CHANCE_PICK(c, odd);
}

static uint64_t draw_map_flags(struct chance *c)
{
	static const uint64_t bits[] = { MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_NORESERVE, MAP_POPULATE,
					 MAP_STACK, MAP_DENYWRITE,	 MAP_32BIT,	MAP_GROWSDOWN };
	uint64_t f = chance_of(c, 800) ? MAP_PRIVATE : chance_below(c, 4);

	if (chance_of(c, 500))
		f |= MAP_ANONYMOUS;
	if (chance_of(c, 500))
		f |= MAP_FIXED;
	while (chance_of(c, 200))
		f |= CHANCE_PICK(c, bits);
	return f;
}

/* One of the values by which a row's rules ask for its argument @i. */
static uint64_t draw_by_rules(struct chance *c, const struct call_row *row, unsigned i)
{
	unsigned n = 0;

	while (row->rules && row->rules[n].n)
		n++;
	if (!n || chance_of(c, 20))
		return chance_below(c, 3000);
	for (unsigned tries = 0; tries < 20; tries++) {
		const struct call_rule *r = &row->rules[chance_below(c, n)];

		for (unsigned k = 0; k < r->n; k++)
			if (r->match[k].arg == i)
				return r->match[k].value;
	}
	return 0;
}

uint64_t draw_number(struct chance *c, const struct drawn *d, unsigned i, char word)
{
	static const uint64_t owners[] = { 12345, UINT64_MAX, 0, 12345, 0xffffffff, 54321 };
	static const int64_t waits[] = { 0, 0, 1, 2, -1 };

	int fd = word == 'f' ? words_descriptor(d->nr, c) : -1;

	switch (word) {
	case 'f':
		return fd >= 0 ? (uint64_t)fd : draw_descriptor(c);
	case 'd':
		return chance_of(c, 700) ? (uint64_t)AT_FDCWD :
		       chance_of(c, 500) ? 13 + chance_below(c, 2) :
					   draw_descriptor(c);
	case 'n':
		return draw_length(c);
	case 'o':
		return draw_offset(c);
	case 'i':
		return chance_of(c, 950) ? chance_below(c, 24) : (uint64_t)-(int64_t)chance_below(c, 3);
	case 'z':
		return chance_of(c, 970) ? 0 : chance_next(c);
	case 'O':
		return draw_open_flags(c);
	case 'm':
		return chance_of(c, 900) ? chance_next(c) & 0777 : chance_next(c) & 0xffff;
	case 'u':
		return CHANCE_PICK(c, owners);
	case 'h':
		return chance_below(c, 6);
	case 'p':
		return draw_process(c);
	case 's':
		return draw_signal(c);
	case 'c':
		return chance_of(c, 950) ? chance_below(c, 12) : chance_next(c);
	case 'w':
		return (uint64_t)CHANCE_PICK(c, waits);
	case 'a':
		return chance_of(c, 950) ? chance_below(c, 26) : chance_below(c, 110);
	case 'q':
		return chance_of(c, 950) ? chance_below(c, 8) : chance_next(c) & 0xf00000f;
	case 'M':
		return draw_map_flags(c);
	case '@':
		return draw_page(c);
	case 'N':
		return draw_map_length(c);
	case 'k':
		return (uint64_t)RAW(__NR_brk, 0) + chance_below(c, 4) * PAGE - PAGE;
	case 'x':
		return chance_below(c, 14) | (chance_of(c, 500) ? 128 : 0) |
		       (chance_of(c, 100) ? 256 : 0);
	case '8':
		return chance_of(c, 950) ? 8 : chance_below(c, 20);
	case '2':
		return chance_of(c, 900) ? 24 : chance_below(c, 5000);
	case '3':
		return 1 + chance_below(c, 4);
	case '6':
		return chance_below(c, 16);
	case 'l':
	case '4':
	case '5':
		return draw_by_rules(c, d->row, i);
	case 'r':
		return chance_next(c);
	default:
		return draw_flags(c);
	}
}
