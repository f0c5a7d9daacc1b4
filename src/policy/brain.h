/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: nodes and processes in plain units (seconds, tasks, standard
 * processors), one round of deciding, and the memory between rounds. Private to this room. */
#ifndef MOS_POLICY_BRAIN_H
#define MOS_POLICY_BRAIN_H

#include "policy/policy.h"

#define CREDITS_MAX 512U /* moves that are under way, or that not all have told of yet */
#define NOTES_SETS  256U /* what is remembered of processes: sets of ... */
#define NOTES_WAYS  4U	 /* ... so many; the one not touched for longest makes room */
#define FALLS	    5U
#define SHORT_MAX   64U /* nodes that each process is compared for */
#define NEAR 1.1 /* times the best pace: as good as the best, and chance takes one of them */
#define NOWHERE	    SIZE_MAX
#define LONG_AGO    (366LL * 86400 * 1000000000) /* ns: no time that is waited or told is longer */

/* A move, for as long as the nodes' records may not show it. */
struct credit {
	uint64_t id; /* 0: unused */
	node_id from, to;
	double tasks, memory;
	int64_t began;
	int64_t ended; /* 0: under way */
	bool refused;  /* `to` did not admit it: nothing more goes there before it tells anew */
};

/* What is remembered of a process. */
struct note {
	uint64_t id; /* 0: unused */
	int64_t touched;
	int64_t failed; /* when a move of it failed */
	int64_t until;	/* left alone before */
	uint32_t failures;
	node_id last_from; /* where it last came from */
	node_id fled;	   /* a node that it left because memory was short there ... */
	int64_t fled_at;   /* ... when */
	double calls;	   /* for each standard second of work, seen while away */
	int64_t called;	   /* when that was */
};

/* A node, with what is under way counted. */
struct view {
	const struct policy_node *node;
	double speed; /* standard processors that one of its processors is */
	double cpus;
	double capacity; /* standard processors */
	double tasks;	 /* that run or wait to */
	double native;	 /* of them not guests; negative: not told */
	double free;	 /* KiB */
	double keep;	 /* KiB that must stay free */
	double relief;	 /* KiB free, at which it is short no more */
	double talk;	 /* s for each call home from there; 0 at home */
	double link;	 /* KiB a second */
	double mine;	 /* tasks that are ours, without those on their way */
	double mine_memory;
	uint32_t mine_count;
	double gap; /* tasks that it may be sent, all homes together */
	bool me, known, takes;
	double floor; /* places with this pace and better are left to others in this round */
};

/* A process, in the same units. */
struct job {
	const struct policy_process *p;
	struct note *note; /* NULL: nothing remembered */
	size_t at;	   /* index of the view, or NOWHERE */
	double tasks;	   /* that it is, for a node's load */
	double width;	   /* processors that it can use at once, at least one */
	double off;	   /* s that it waits for other things for each standard second of work */
	double calls;	   /* for each standard second of work */
	double left;	   /* standard seconds of work expected yet */
	double memory;	   /* KiB that travel */
	double room;	   /* KiB that it needs */
	bool out;	   /* decided in this round */
	bool moving;	   /* we have sent it off */
	bool no_room;	   /* short of memory where it is, and no place has room for it */
	struct policy_decision why;
};

struct round {
	struct policy *s;
	const struct policy_conf *c; /* clean */
	struct policy_conf clean;
	const struct policy_input *in;
	struct view *views;
	struct job *jobs;
	size_t n_views, n_jobs, me;
	size_t list[SHORT_MAX];
	size_t n_list;
	double level;	/* tasks for each standard processor, mean of all nodes */
	double surplus; /* tasks that would better be elsewhere, of all homes */
	double ours;	/* the part of it that is ours */
	double best;	/* s for a standard second of work of a newcomer, at the best place */
	double best_load;
	double roomy;	 /* the same pace, at places whose own users leave room; negative: none */
	double mean_age; /* s, of what is known of the others */
	uint32_t under_way, begun;
	struct policy_decision *ret;
	size_t max, n_ret;
};

struct policy {
	struct credit credits[CREDITS_MAX];
	struct note notes[NOTES_SETS][NOTES_WAYS];
	struct view *views;
	size_t views_max;
	struct job *jobs;
	size_t jobs_max;
	double falls[FALLS]; /* of our own free memory, KiB a second: the last ones */
	uint32_t n_falls;
	double fall;	  /* the middle one of them, at least 0 */
	double free_last; /* KiB */
	int64_t free_at;  /* 0: never looked */
};

/* What a move of @job to a view would bring. */
struct offer {
	size_t to;		   /* NOWHERE: nothing was compared */
	double here, there;	   /* s for each standard second of work */
	double gain, needed, move; /* s */
	uint8_t reason, verdict;
};

/* round.c: makes ready to decide. Return: 0, -EINVAL, -ENOMEM. */
int round_begin(struct round *r, struct policy *s, const struct policy_conf *c,
		const struct policy_input *in);
size_t round_find(const struct round *r, node_id node);
/* A random number from 0 up to 1, 1 excluded. */
double round_random(struct round *r);
/* May @j be moved if it must be? Nothing of its own holds it; a failed move is tried again soon. */
bool round_free(const struct round *r, const struct job *j);
bool round_full(const struct round *r); /* as many moves as may be */
/* Takes @o for @j as begun: writes the decision, counts what it changes. */
void round_go(struct round *r, struct job *j, const struct offer *o);
/* Writes down what came of @j: @o may be NULL. */
void round_note(struct round *r, struct job *j, uint8_t verdict, const struct offer *o);

/* conf.c: @c without figures with which arithmetic fails. */
void conf_clean(const struct policy_conf *c, struct policy_conf *ret);

/* load.c */
void load_view(struct view *v, const struct policy_conf *c, const struct policy_node *n);
void load_job(struct job *j, const struct round *r, const struct policy_process *p);
/* Seconds for a standard second of work at @v while @tasks are there, @j among them. */
double load_pace(const struct job *j, const struct view *v, double tasks);
/* Tasks at @v with @j there; @pad: thousandths of itself that it is counted with where others are.
 */
double load_with(const struct job *j, const struct view *v, uint32_t pad);
double load_move(const struct job *j, const struct view *from, const struct view *to,
		 const struct policy_conf *c);
bool load_fits(const struct job *j, const struct view *v);
/* Have the node's own users work for all of its processors? */
bool load_own_full(const struct view *v);
/* Has it guests, without whom its own programs would have what they need? */
bool load_guests_first(const struct view *v);
bool load_allowed(const struct policy_range *a, size_t n, node_id node);
uint32_t clamp_u32(double x);
int64_t clamp_ns(double seconds);
double clamp(double x, double low, double high);

/* share.c: how much of what is there for all is for us. */
void share_begin(struct round *r);
/* The chance (0 to 1) with which @j should take @o now. */
double share_chance(struct round *r, const struct job *j, const struct offer *o);

/* judge.c: would @j be better off at view @to? */
void judge(const struct round *r, const struct job *j, size_t to, struct offer *ret);

/* usher.c: moves for memory. */
void usher_round(struct round *r);
/* KiB of our own memory that will be gone before a move of @longest seconds is over. */
double usher_gone_soon(const struct policy *s, const struct policy_conf *c, double longest);
/* The best place of all for @j that has room; home if @or_home and there is none. */
bool usher_place(struct round *r, const struct job *j, bool or_home, struct offer *ret);

/* credit.c */
void credit_apply(struct round *r);
struct note *note_find(struct policy *s, uint64_t id);
struct note *note_get(struct policy *s, uint64_t id, int64_t now);

#endif
