/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows which word about a node counts, and for how long a suspicion lasts. */
#include "cluster/member.h"

#include "base/util.h"

#define MSEC 1000000LL
/* A node that stands still for two seconds must have time to object, and its objection to travel;
 * a dead one must be known within five. */
#define PATIENCE_LEAST (2800 * MSEC)
#define PATIENCE_MOST  (6000 * MSEC)

static const char *const words[] = { "unknown", "alive", "suspect", "dead", "left" };

_Static_assert(ARRAY_SIZE(words) == MEMBER_COUNT_, "a word for each state");

const char *member_state_str(enum member_state s)
{
	return s < MEMBER_COUNT_ ? words[s] : "?";
}

bool member_may_become(enum member_state from, enum member_state to)
{
	/* clang-format off */
	static const bool may[MEMBER_COUNT_][MEMBER_COUNT_] = {
		/*		       UNKNOWN ALIVE  SUSPECT DEAD   LEFT */
		[MEMBER_UNKNOWN] = { false,  true,  true,   true,  true },
		[MEMBER_ALIVE]	 = { false,  true,  true,   false, true },
		[MEMBER_SUSPECT] = { false,  true,  false,  true,  true },
		[MEMBER_DEAD]	 = { false,  true,  false,  false, true },
		[MEMBER_LEFT]	 = { false,  true,  false,  true,  false },
	};
	/* clang-format on */

	return from < MEMBER_COUNT_ && to < MEMBER_COUNT_ && may[from][to];
}

int mark_cmp(const struct mark *a, const struct mark *b)
{
	if (a->life != b->life)
		return a->life < b->life ? -1 : 1;
	return a->counter < b->counter ? -1 : a->counter > b->counter;
}

/* By claim, and whether its mark is later than ours or the same: what a member in each state gets. */
#define NONE MEMBER_COUNT_
static const uint8_t judged[MEMBER_COUNT_][2][MEMBER_COUNT_] = {
	/* clang-format off */
	/*			   UNKNOWN	   ALIVE	   SUSPECT	   DEAD		   LEFT */
	[MEMBER_UNKNOWN] = {	 { NONE,	   NONE,	   NONE,	   NONE,	   NONE },
				 { NONE,	   NONE,	   NONE,	   NONE,	   NONE } },
	[MEMBER_ALIVE]	 = {	 { NONE,	   NONE,	   NONE,	   NONE,	   NONE },
		/* later */	 { MEMBER_ALIVE,   MEMBER_ALIVE,   MEMBER_ALIVE,   MEMBER_ALIVE,   MEMBER_ALIVE } },
	[MEMBER_SUSPECT] = {	 { MEMBER_SUSPECT, MEMBER_SUSPECT, MEMBER_SUSPECT, NONE,	   NONE },
				 { MEMBER_SUSPECT, MEMBER_SUSPECT, MEMBER_SUSPECT, MEMBER_SUSPECT, MEMBER_SUSPECT } },
	[MEMBER_DEAD]	 = {	 { MEMBER_DEAD,	   MEMBER_SUSPECT, MEMBER_SUSPECT, NONE,	   NONE },
				 { MEMBER_DEAD,	   MEMBER_SUSPECT, MEMBER_SUSPECT, MEMBER_DEAD,	   MEMBER_DEAD } },
	[MEMBER_LEFT]	 = {	 { MEMBER_LEFT,	   MEMBER_LEFT,	   MEMBER_LEFT,	   MEMBER_LEFT,	   NONE },
				 { MEMBER_LEFT,	   MEMBER_LEFT,	   MEMBER_LEFT,	   MEMBER_LEFT,	   MEMBER_LEFT } },
	/* clang-format on */
};

enum member_state member_judge(const struct member *m, enum member_state claim,
			       const struct mark *mark)
{
	int cmp = mark_cmp(mark, &m->mark);

	return cmp < 0 || claim >= MEMBER_COUNT_ ? NONE : judged[claim][cmp > 0][m->state];
}

int64_t member_patience(unsigned accusers, unsigned possible)
{
	/* log(accusers) / log(possible), in thousandths: each further accuser tells less than the
	 * one before */
	static const uint16_t less[MEMBER_ACCUSERS + 1][MEMBER_ACCUSERS + 1] = {
		[2] = { [2] = 1000 },
		[3] = { [2] = 631, [3] = 1000 },
		[4] = { [2] = 500, [3] = 792, [4] = 1000 },
	};

	possible = MIN(possible, MEMBER_ACCUSERS);
	accusers = MIN(accusers, possible);
	if (possible < 2)
		return PATIENCE_LEAST; /* there is nobody to confirm it */
	return PATIENCE_MOST - (PATIENCE_MOST - PATIENCE_LEAST) * less[possible][accusers] / 1000;
}
