/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where processes should run: balance, placement, ushering of memory. Pure: what is known comes in,
 * with the time and with chance; decisions go out, each with its figures.
 *
 * Each home decides about its own processes, wherever they are now. A host decides only whether it
 * admits a guest, and publishes flags (EXPEL, PRESSED) that the homes obey. doc/balance.md explains
 * the rules and has the reasons for each constant.
 *
 * Units: times in ns of one clock, which never goes backwards; processors, tasks and shares of a
 * processor in thousandths; memory in KiB. All figures may come from liars: any value is survived,
 * none overflows. */
#ifndef MOS_POLICY_POLICY_H
#define MOS_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ids.h"

#define POLICY_STANDARD_SPEED 10000U
#define POLICY_NOT_TOLD	      UINT32_MAX

/* Of a node, as it tells of itself. */
enum policy_flag {
	POLICY_STAY = 1,     /* nothing leaves it by itself, guests neither; EXPEL is obeyed */
	POLICY_LSTAY = 2,    /* its own processes do not leave it by themselves; guests may */
	POLICY_BLOCK = 4,    /* takes no guests; its own may come home */
	POLICY_QUIET = 8,    /* its load is not known: no target, and nothing leaves it for load */
	POLICY_EXPEL = 16,   /* its guests must leave: to a good node, else home; takes none */
	POLICY_PRESSED = 32, /* short of memory (policy_pressed): some guests must leave */
};

struct policy_node {
	node_id node;
	bool me;	    /* the node that decides; exactly one */
	bool alive;	    /* no target and nothing moves from it otherwise */
	bool compatible;    /* has the processor features that our programs may rely on */
	uint8_t flags;	    /* enum policy_flag */
	int64_t age;	    /* ns since it told this */
	uint32_t speed;	    /* of one of its processors, POLICY_STANDARD_SPEED is the reference */
	uint32_t cpus;	    /* thousandths of a processor that it may use: its size */
	uint32_t runnable;  /* thousandths of a task, mean of some seconds, guests included */
	uint32_t native;    /* the part of it that is not guests'; POLICY_NOT_TOLD */
	uint64_t mem_total; /* KiB */
	uint64_t mem_free;  /* KiB that programs could still get without paging, less what guests
			     * that it has admitted have not filled yet */
	uint32_t guests, guests_max;
	int64_t rtt;   /* ns of a round trip from us to it; 0: not measured */
	uint64_t link; /* bytes a second that earlier moves to it got; 0: not measured */
};

/* Numbers that a program may run on (mosrun -j), both ends included. */
struct policy_range {
	uint32_t first, last;
};

enum policy_hint {
	POLICY_HINT_NONE,
	POLICY_HINT_CPU, /* cpujob: its calls do not count */
	POLICY_HINT_IO,	 /* iojob: stays home, or comes home, unless memory or EXPEL decide */
	POLICY_HINT_COUNT_
};

/* A process of ours (this node is its home). */
struct policy_process {
	uint64_t id;	 /* the caller's; never 0 */
	node_id at;	 /* where it runs now; while it moves, where it came from */
	bool busy;	 /* is on its way just now: counted, not considered */
	bool locked;	 /* does not move by itself; EXPEL and BRING move it still */
	node_id place;	 /* where it is locked, and goes back to when it had to come home; or none */
	uint8_t hint;	 /* enum policy_hint */
	uint32_t use;	 /* thousandths of a processor that it got, mean of some seconds */
	uint32_t wants;	 /* ... that it would use if alone where it is. >= use */
	uint32_t calls;	 /* a second: forwarded when away; at home those that would be */
	uint32_t moves;	 /* so far */
	int64_t used;	 /* ns of processor time in all its life */
	int64_t arrived; /* when it began to run at its present place (the birth, if never moved) */
	uint64_t memory; /* KiB that would travel */
	uint64_t wanted; /* KiB that it said it needs (mosrun -m); 0: nothing said */
	const char *forbidden;	 /* a word why it cannot leave now, or NULL */
	int64_t forbidden_until; /* ... not looked at again before; 0: as long as it is said */
	const struct policy_range *allowed; /* away it runs on these only; NULL: on all */
	size_t n_allowed;
};

/* All of it, at one instant. Borrowed during a call only. */
typedef uint64_t (*policy_random_fn)(void *ctx); /* 64 random bits */

struct policy_input {
	int64_t now;
	const struct policy_node *nodes; /* by ascending number, each once, with our own */
	size_t n_nodes;
	const struct policy_process *processes; /* all of ours that live, in any order */
	size_t n_processes;
	policy_random_fn random;
	void *random_ctx;
};

/* What the administrator may set; policy_conf_init has the defaults. */
struct policy_conf {
	bool balance;	  /* true: move for load and for calls */
	bool usher;	  /* true: move for memory */
	bool bring;	  /* false: bring all of ours home (mosctl bring) */
	bool hosts_check; /* true: hosts are told load_limit and refuse (policy_admit) */
	int64_t period;	  /* 1 s: between two calls of policy_balance */
	int64_t settle;	  /* 4 s: until a node's mean of runnable tasks has followed a move */
	int64_t age_max;  /* 30 s: a record older than this is not acted on */
	/* the move must save `gain` hundredths of what it costs (200: twice as much), and
	 * `gain_min` thousandths (50) of the time that the rest would take here */
	uint32_t gain, gain_min;
	uint32_t pad;	    /* 1300: thousandths of its own load that it is counted with there */
	int64_t residency;  /* 5 s, times its moves so far, before it moves for load again */
	uint32_t returning; /* 200: hundredths of the needed gain, to go where it last came from */
	uint32_t moves_at_once; /* 8: moves of ours under way at a time */
	uint32_t moves_each;	/* 5: begun in one period */
	int64_t move_fixed;	/* 50 ms: a move of nothing */
	int64_t move_longest;	/* 120 s: a move not reported by then is forgotten */
	uint64_t link;		/* 100,000,000 bytes/s, where none was measured */
	int64_t rtt;		/* 200 us, where none was measured */
	int64_t call_fixed;	/* 30 us: a forwarded call, beside the round trip */
	int64_t backoff;	/* 10 s after a failed move, doubled for each further one ... */
	int64_t backoff_max;	/* 300 s ... up to this */
	uint32_t mem_reserve;	/* 50: thousandths of its memory that a node keeps free, but ... */
	uint64_t mem_reserve_min, mem_reserve_max; /* KiB: 32 MiB at least, 2 GiB at most */
	uint32_t mem_relief; /* 150: hundredths of the reserve up to which it is relieved */
	int64_t mem_ahead;   /* 5 s: how far the fall of our own free memory is looked ahead */
	uint32_t place_near; /* 100: thousandths by which a place may be slower than the best one */
	uint32_t place_home; /* 1200: thousandths; away must be faster than home by this */
};

enum policy_reason {
	POLICY_NONE,
	POLICY_BALANCE,	    /* it will be done sooner there */
	POLICY_COME_HOME,   /* it talks too much with home */
	POLICY_USHER,	    /* memory is short where it is */
	POLICY_EXPEL_HOST,  /* the host wants its guests to leave */
	POLICY_LOCAL_FIRST, /* the host's own users need its processors */
	POLICY_BRING,	    /* home brings its own home */
	POLICY_PLACE,	    /* a beginning program */
	POLICY_BACK,	    /* to where it is locked: it had come home for a call */
	POLICY_REASON_COUNT_
};

/* What came of it. All but GO tell why the process stays where it is. */
enum policy_verdict {
	POLICY_GO,
	POLICY_NO_GAIN,	  /* nowhere better: `to` is the best other place, with its figures */
	POLICY_COSTLY,	  /* better there, but not worth the move */
	POLICY_TALKS,	  /* better there, if it did not talk so much with home */
	POLICY_NO_NODE,	  /* no node may take it: dead, blocked, incompatible, not allowed, quiet */
	POLICY_NO_MEMORY, /* those that might take it have no memory for it */
	POLICY_YOUNG,	  /* has moved not long ago */
	POLICY_LOCKED,
	POLICY_FORBIDDEN, /* `word` says why */
	POLICY_BACKOFF,	  /* a move failed not long ago */
	POLICY_BUSY,	  /* is on its way */
	POLICY_STAYS,	  /* stay or lstay of the node where it is, or iojob, or balance is off: `word` */
	POLICY_OTHERS,	  /* it would pay, but as many others will send theirs */
	POLICY_LIMIT,	  /* as many moves as may be are under way */
	POLICY_GUESTS,	  /* guests, who slow it down here, are to leave first */
	POLICY_UNKNOWN,	  /* nothing recent is known of the node where it is */
	POLICY_VERDICT_COUNT_
};

extern const char *const policy_reason_names[POLICY_REASON_COUNT_]; /* "balance", "come-home" ... */
extern const char *const policy_verdict_names[POLICY_VERDICT_COUNT_];

struct policy_decision {
	uint64_t id;
	node_id from, to; /* to: NODE_ID_NONE if nothing was compared */
	node_id home;
	uint8_t reason, verdict;
	char word[24]; /* of POLICY_FORBIDDEN; of POLICY_STAYS: "balance", "stay", "lstay", "iojob" */
	/* load: hundredths of a CPU-bound task for each standard processor, as openMosix shows it
	 */
	uint32_t load_from, load_to;		 /* before */
	uint32_t load_from_after, load_to_after; /* with the move */
	uint32_t rate_from,
		rate_to;   /* thousandths of a standard processor that it gets, would get */
	int64_t remaining; /* ns of standard processor time that it is expected to need yet */
	int64_t gain;	   /* ns by which it is done sooner, cost of the move not counted */
	int64_t needed;	   /* ns: less would not be worth it */
	int64_t move;	   /* ns that it stands still for the move */
	uint32_t away_from, away_to; /* thousandths of its time that calls to home cost it */
	int64_t age;		     /* ns: of what is known of the node `to` */
	int64_t wait;		     /* ns until YOUNG or BACKOFF is over */
	uint64_t memory;	     /* KiB of the process */
	uint64_t mem_from, mem_to;   /* KiB free there before the move */
	uint64_t mem_keep;	     /* KiB that must stay free: at `from` if USHER, else at `to` */
	uint32_t candidates;	     /* nodes that were compared */
	uint32_t chance;     /* thousandths: of acting in this period, since others see the same */
	uint32_t load_limit; /* as load_to: above it would not pay; to tell the host; or 0 */
};

/* What it remembers between calls: moves under way, what they will change, failures. */
struct policy;

void policy_conf_init(struct policy_conf *ret);
/* Return: 0 or -ENOMEM. */
int policy_create(struct policy **ret);
void policy_destroy(struct policy *s); /* takes NULL */

/* Once in each period: what shall move now, at most @max. Takes each decision as begun: the caller
 * reports the end of each by policy_moved. @why, unless NULL, has room for n_processes and gets
 * what came of each process, in their order, moved or not.
 * Return: the number of decisions; -EINVAL (nodes not in order, or not one of them ours), -ENOMEM.
 */
int policy_balance(struct policy *s, const struct policy_conf *c, const struct policy_input *in,
		   struct policy_decision *ret, size_t max, struct policy_decision *why);

/* A program that is about to begin at home. */
struct policy_program {
	uint64_t id;
	uint64_t memory; /* KiB that it needs (mosrun -m); 0: nothing said */
	bool best;	 /* mosrun -b: home has no preference */
	bool away;	 /* mosrun -j without home in the list: home only if there is no other */
	uint8_t hint;
	const struct policy_range *allowed;
	size_t n_allowed;
};

/* The place where @p should begin; home, if nothing is better. A place away from home counts as a
 * move that was begun. Return: 0, -EINVAL or -ENOMEM as above. */
int policy_place(struct policy *s, const struct policy_conf *c, const struct policy_input *in,
		 const struct policy_program *p, struct policy_decision *ret);

/* A move that others ordered (migrate, mosrun -N) has begun: it counts like ours.
 * @wants: thousandths of a processor; @memory: KiB. */
void policy_sent(struct policy *s, int64_t now, uint64_t id, node_id from, node_id to,
		 uint32_t wants, uint64_t memory);
/* The move of @id has ended: @result is 0, or -errno: it stays, and is left alone for a while. */
void policy_moved(struct policy *s, const struct policy_conf *c, int64_t now, uint64_t id,
		  int result);
/* The process has ended at @at, where it wanted @wants thousandths of a processor: it does not
 * count there any more, whatever the node told before. */
void policy_ended(struct policy *s, int64_t now, uint64_t id, node_id at, uint32_t wants);

/* A guest that wants to come to this node. */
struct policy_arrival {
	uint64_t memory;     /* KiB */
	uint32_t wants;	     /* thousandths of a processor; 0: not told */
	uint32_t load_limit; /* hundredths, as load_to: with more it would not pay; 0: not told */
	bool ordered;	     /* by a person, or home (memory, EXPEL) has no better place */
};

/* What this node has accepted and its means do not show yet: guests on their way, and of those that
 * came in the last seconds the part that `runnable` lacks. */
struct policy_under_way {
	uint32_t guests;
	uint32_t wants; /* thousandths, sum */
};

/* May it come? @me is this node as it is now; @s knows how fast its memory fills. Return: 0, or
 * with a word and a line in @e: -EPERM (blocked, expelling), -EUSERS (guests_max), -ENOMEM
 * (memory), -EBUSY (load; never if ordered). */
int policy_admit(const struct policy *s, const struct policy_conf *c, const struct policy_node *me,
		 const struct policy_under_way *u, const struct policy_arrival *a, struct err *e);

/* The highest speed of another node that one whose own is @own takes for true: no processor is more than
 * sixteen times as fast as the faster of our own and the standard one. */
uint64_t policy_credible(uint32_t own);
/* Whether it takes @told for true. */
bool policy_believes(uint32_t own, uint32_t told);

/* KiB that a node of this size must keep free. */
uint64_t policy_reserve(const struct policy_conf *c, uint64_t mem_total);
/* Whether this node should tell that it is PRESSED: now, or soon at the rate of the last seconds.
 * To be called each period, guests or not. @me is this node as it is now, with POLICY_PRESSED if it
 * told so before; @largest: KiB of its largest guest, which takes a while to leave; 0: not known.
 */
bool policy_pressed(struct policy *s, const struct policy_conf *c, int64_t now,
		    const struct policy_node *me, uint64_t largest);

/* One plain sentence with the figures, without a full stop's newline. Cut to @size, terminated.
 * Return: @to. */
const char *policy_explain(const struct policy_decision *d, char *to, size_t size);

/* A mean with openMosix's decay for what `use`, `wants` and `calls` are made of. */
enum policy_decay {
	POLICY_DECAY_SLOW, /* 0.975 of the old stays each second: a mean of 40 s */
	POLICY_DECAY_FAST, /* 0.926: 13 s */
	POLICY_DECAY_NONE, /* the mean of all its life */
	POLICY_DECAY_COUNT_
};

struct policy_mean {
	double value;
	double weight; /* seconds that it stands for */
};

/* Takes in @value, which held for the last @ns. */
void policy_mean_add(struct policy_mean *m, enum policy_decay d, double value, int64_t ns);
/* The same with any mean: @lasts is of how many seconds, 1 or more. */
void policy_mean_add_over(struct policy_mean *m, double lasts, double value, int64_t ns);

#define POLICY_LASTS_SLOW   40.0
#define POLICY_LASTS_FAST   13.0
#define POLICY_LASTS_ALWAYS 1e9

#endif
