/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-calls: random system calls in small worlds, and a line for each that tells what came of it.
 *
 * DOC: everything follows from a seed and the number of a world: the calls, their arguments, what
 * stands in memory and in the world's folder. So two runs, one of them moved, must print the same
 * lines, and the first line that differs names the call at fault. Each world lasts some two hundred
 * calls, so that a difference does not breed more of them.
 *
 *   words.c    what the numbers among a call's arguments mean (the table knows only the pointers)
 *   numbers.c  draws those
 *   draw.c     chooses a call, and what its pointers point to
 *   never.c    what is not called, and why
 *   tame.c     what is not called so, and why
 *   mask.c     what two runs may answer differently
 *   arena.c    the memory that arguments point into
 *   world.c    files, descriptors, signals: what the calls are made on
 *   main.c     worlds, lines, and the talk with who moves us
 *
 * Nothing of it may be shared memory, nor use the heap: the program must be able to leave, and what
 * the calls do to it must not hurt us.
 */
#ifndef MOS_TEST_CALLS_H
#define MOS_TEST_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "call/call.h"
#include "call/table.h"

#define PAGE 4096UL

/* ---- chance ---------------------------------------------------------------------------------- */

struct chance {
	uint64_t s;
};

static inline uint64_t chance_next(struct chance *c)
{
	uint64_t z = (c->s += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint64_t chance_below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

/* True @n times of a thousand. */
static inline bool chance_of(struct chance *c, unsigned n)
{
	return chance_below(c, 1000) < n;
}

#define CHANCE_PICK(c, list) ((list)[chance_below((c), ARRAY_SIZE(list))])

/* ---- a call ---------------------------------------------------------------------------------- */

struct drawn {
	long nr;
	const struct call_row *row;
	const struct call_rule *rule; /* that decides by the arguments, or NULL */
	enum call_class class_;
	bool home; /* it brings the process home */
	uint64_t arg[CALL_ARGS];
	char word[CALL_ARGS]; /* what each argument means (words.c) */
};

int64_t raw_call(long nr, const uint64_t arg[CALL_ARGS]);
#define RAW6(nr, a, b, c, d, e, f, ...)                                                            \
	raw_call((nr), (const uint64_t[CALL_ARGS]){ (uint64_t)(a), (uint64_t)(b), (uint64_t)(c),   \
						    (uint64_t)(d), (uint64_t)(e), (uint64_t)(f) })
/* A call of ours with up to six arguments. */
#define RAW(...) RAW6(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* The words of call @nr, one letter for each argument; "" if nothing is said of it. */
const char *words_of(long nr);
/* The same for the argument behind a fcntl's or an ioctl's request. */
char words_of_request(long nr, uint64_t request);

/* A descriptor that call @nr is about, or -1 for any. */
int words_descriptor(long nr, struct chance *c);

/* An argument that is a number, by its word; and the kinds that stand in memory, too. */
uint64_t draw_number(struct chance *c, const struct drawn *d, unsigned i, char word);
uint64_t draw_length(struct chance *c);
uint64_t draw_descriptor(struct chance *c);
uint64_t draw_offset(struct chance *c);
uint64_t draw_open_flags(struct chance *c);

/* Settles class and rule by the arguments as they are. */
void draw_settle(struct drawn *d);
/* Chooses a call. @may_home: such as bring the process home, too. */
void draw_call(struct chance *c, bool may_home, struct drawn *ret);
/* The argument at @i points to @ret bytes (0: to nothing) by the table or its word. */
bool draw_room(const struct drawn *d, unsigned i, uint64_t *ret);

/* Some pointer's room is not wholly there: such a call is made at home. */
bool tame_runs_out(const struct drawn *d);
/* Why @nr is never called, or NULL. */
const char *tame_never(long nr);
/* Changes arguments that would block, kill or leave the world. Return: false if it must not be. */
bool tame_call(struct chance *c, struct drawn *d);
/* Faults of the product that are known and not yet mended: calls that would show them are left out. */
enum known_fault {
	KNOWN_DIRECT,  /* with O_DIRECT, the deputy's buffer is aligned where the program's is not */
	KNOWN_COUNT_
};
bool tame_known(enum known_fault k);
extern bool tame_all; /* nothing is left out as known */

/* Makes what two runs may answer differently the same. Return: the result to be told. */
int64_t mask_call(const struct drawn *d, int64_t result);
/* A word for a result that differs, or NULL: then it is told as a number. */
const char *mask_result(const struct drawn *d, int64_t result);

/* ---- memory ---------------------------------------------------------------------------------- */

#define ARENA	    0x100000000000UL
#define ARENA_PAGES 72U
#define ARENA_BIG   (ARENA + (16UL << 20)) /* only in some worlds: for calls of more than 1 MiB */
#define BIG_SIZE    (3UL << 20)
#define PLAY	    (ARENA + 40 * PAGE) /* what calls may map, unmap and protect */
#define PLAY_PAGES  32U
#define SAFE	    ARENA /* a page for arguments that tame.c insists on */

void arena_reset(struct chance *c, bool big);
bool arena_has_big(void);
/* Where @n bytes may lie. @bad: also where there is no memory, or not of the right kind. */
uint64_t arena_place(struct chance *c, uint64_t n, bool bad);
/* Bytes from @at that lie in the same piece of readable and writable memory. */
bool arena_good(uint64_t at, uint64_t n);
/* Copies to and from memory that may not be there. Return: false if it was not. */
bool arena_put(uint64_t at, const void *p, size_t n);
bool arena_get(uint64_t at, void *p, size_t n);
/* Tells pages that have changed since it was last asked, as " page=hash". @mapped: mappings may
 * have changed, too. Return: bytes written to @text. */
size_t arena_tell(char *text, size_t room, bool mapped);
uint64_t arena_tell_big(void);
/* What can be read from @at, up to @n bytes, in one number. */
uint64_t arena_hash(uint64_t at, uint64_t n);
/* Accesses behind a file's end: each brings the process home. */
extern unsigned arena_past_end;

/* ---- the world ------------------------------------------------------------------------------- */

#define WORLD_FDS 64 /* the limit on descriptors; ours lie above */
enum own_fd {
	FD_TOP = 200, /* the folder around the world */
	FD_FIFO,
	FD_STEADY, /* a file that no call can change */
	FD_OUT,
	FD_READY,
	FD_GO,
	FD_SOCKETS, /* four of them */
	FD_END = FD_SOCKETS + 4
};

extern int world_pid;
/* Once, at home. Return: 0 or -errno. */
int world_begin(const char *folder);
int world_make(struct chance *c, bool big);
void world_end(void);
/* A path or a name; static. @longer: perhaps of more bytes than any may have. */
const char *world_path(struct chance *c, bool longer);
bool world_is_tty(int fd);
/* A file that no one else has. */
bool world_is_ours(uint64_t fd);
/* No read from it can wait. */
void world_unblock(int fd);
/* Waits until what was written to terminals has arrived. */
void world_settle(void);
bool world_is_steady(uint64_t fd);

void signals_begin(void);
void signals_reset(void);
/* After each call: faults must never be blocked. */
void signals_unblock_faults(void);
/* Tells those that came since it was last asked. */
size_t signals_tell(char *text, size_t room);
uint64_t signals_handler(void);
uint64_t signals_restorer(void);
int signals_pick(struct chance *c); /* one that may come */
/* Runs @fn(ctx) and returns false if it hit memory that is not there. */
bool signals_guard(void (*fn)(void *), void *ctx);
extern int signals_fault; /* the signal that ended the last guarded access */

#endif
