/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one node holds of another: is it there, since which life, what did it tell of itself. Pure.
 */
#ifndef MOS_CLUSTER_MEMBER_H
#define MOS_CLUSTER_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/info.h"

/*
 * UNKNOWN  in the map, but nobody has told of it since we began.
 * ALIVE    it answers, or others say that it does.
 * SUSPECT  somebody had no answer from it. It counts as there: it has some seconds to object.
 * DEAD     it did not object. It is asked again now and then, and is ALIVE when it answers.
 * LEFT     it said good-bye.
 *
 * from \ to   ALIVE                     SUSPECT            DEAD               LEFT
 * UNKNOWN     it or others tell of it   a suspicion told   a death told       told
 * ALIVE       a later life of it        no answer, told    never              told
 * SUSPECT     it objected               -                  time is up         told
 * DEAD        it objected, later life   never              -                  told
 * LEFT        it objected, later life   never              a later life told  -
 *
 * So nobody dies who was not suspected here, where he could object: another node's word that he is
 * dead is no more than a suspicion.
 */
enum member_state {
	MEMBER_UNKNOWN,
	MEMBER_ALIVE,
	MEMBER_SUSPECT,
	MEMBER_DEAD,
	MEMBER_LEFT,
	MEMBER_COUNT_
};

const char *member_state_str(enum member_state s);
bool member_may_become(enum member_state from, enum member_state to);

/* How recent a word about a node is. Only the node itself takes a later mark: to object. */
struct mark {
	uint64_t life;	  /* as in struct node_info */
	uint32_t counter; /* from 0 up in that life */
};

int mark_cmp(const struct mark *a, const struct mark *b);

struct member {
	uint32_t node;
	enum member_state state;
	struct mark mark;
	struct node_info info; /* the latest that we have; seq is 0 when there is none */
	int64_t made;	       /* when it told that, on our clock, in ns */
	int64_t heard;	       /* when it last spoke to us itself, in ns; 0: never */
	int64_t since;	       /* when it became one of ours, in ns */
	uint32_t rtt_us;       /* to it and back, smoothed; 0: not measured */
};

/* Whether the node counts as being there. */
static inline bool member_present(enum member_state s)
{
	return s == MEMBER_ALIVE || s == MEMBER_SUSPECT;
}

/* Someone claims that @m is in state @claim since @mark. Return: the state that it is in by that,
 * or MEMBER_COUNT_ when the claim is older than what we hold. */
enum member_state member_judge(const struct member *m, enum member_state claim,
			       const struct mark *mark);

/* How long a suspicion lasts, in ns, that @accusers nodes share of which @possible could. The more,
 * the shorter: one node alone may be deaf itself. */
int64_t member_patience(unsigned accusers, unsigned possible);

#define MEMBER_ACCUSERS 4U /* more do not shorten it */

#endif
