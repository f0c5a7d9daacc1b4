/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cluster that exists as numbers only: nodes that share their processors among jobs, gossip that
 * is seconds old, and on each node the real src/policy, with a virtual clock. */
#ifndef MOS_SIM_WORLD_H
#define MOS_SIM_WORLD_H

#include "policy/policy.h"

#define STEP	   0.05 /* s */
#define STEPS	   20U	/* of a second */
#define HISTORY	   64U	/* records of a node that may still be on their way */
#define NEVER	   UINT32_MAX
#define KIB_OF_MIB 1024.0

enum job_state { JOB_RUNS, JOB_MOVES, JOB_DONE };

struct job {
	uint64_t id; /* index + 1 */
	enum job_state state;
	uint32_t home, at, to;		  /* indices of nodes */
	double total, left;		  /* standard seconds of work */
	double off;			  /* s of other waiting for each of them */
	double calls;			  /* calls home for each of them */
	double memory, grows, memory_max; /* KiB, KiB a second of life */
	bool native;			  /* not under mosrun: no business of the policy */
	bool locked;
	uint8_t hint;
	double begun, arrived, done, move_end; /* s */
	double used;			       /* s of processor time */
	double share, ready;		       /* in this step: processor got, runnable */
	double use, wants, called;	       /* means, as measured */
	uint32_t moves, moves_by[POLICY_REASON_COUNT_];
	uint32_t came_from, before;	    /* the place before this one, and the one before that */
	double moved;			    /* when it last began to move */
	struct job *next, **link;	    /* of those on the same node */
	struct job *home_next, **home_link; /* of those with the same home */
	struct job *move_next;		    /* of those on their way */
};

struct record {
	double time, runnable, native, free;
	uint32_t guests;
	uint8_t flags;
};

struct node {
	double speed, cpus, memory, base; /* standard speeds, processors, KiB, KiB used by others */
	bool alive;
	uint8_t flags; /* levers */
	bool bring;
	bool pressed;
	uint32_t phase;		 /* the step of a second in which it acts */
	double runnable, native; /* means */
	double most;		 /* highest mean of runnable tasks so far */
	double least_free;
	uint32_t told; /* number of its newest record */
	struct record history[HISTORY];
	struct job *jobs, *own; /* those that run here; those whose home it is, not native */
	struct policy *policy;
	double held;		  /* KiB of jobs that are leaving */
	uint32_t coming, leaving; /* moves under way */
	double coming_tasks, coming_memory;
	double fresh; /* tasks that came, and that the mean does not show yet */
	uint32_t received, refused, pushed; /* pushed: came and left it less than it must keep */
	uint32_t killed;		    /* jobs that the memory ran out for */
};

struct world {
	struct policy_conf conf;
	bool balance, place, load_check;
	double link, rtt, loss; /* bytes/s, s, part of the gossip that gets lost */
	double time;
	uint64_t steps;
	uint64_t random; /* state; a stream of its own for what happens to whom */
	struct node *nodes;
	uint32_t n_nodes;
	uint32_t *views; /* [n][n]: number of the record that node i has of node j; NEVER */
	struct job **jobs;
	struct job *movers;
	uint32_t n_jobs, jobs_max, running;
	uint32_t moves, moves_by[POLICY_REASON_COUNT_];
	uint32_t returns;	   /* for load, to where it came from in the last minute */
	uint32_t hasty;		   /* ... within the residency */
	uint32_t flaps;		   /* ... and that the second time, between the same two */
	struct policy_node *known; /* scratch */
	struct policy_process *ours;
	struct policy_decision *why;
	uint32_t ours_max;
	bool trace;
};

struct world *world_create(uint32_t nodes, uint64_t seed);
void world_destroy(struct world *w);
/* A job at home now; if the world places, the policy chooses where it begins. */
struct job *world_job(struct world *w, uint32_t home, double work);
void world_step(struct world *w);
void world_run(struct world *w, double until); /* or until all jobs are done */
/* Jobs that memory ran out for, on all nodes. Where there are some, means of times mean nothing. */
uint32_t world_killed(const struct world *w);
/* KiB; what was promised to those that come counts as used. */
double node_free(const struct node *n);
void job_enter(struct world *w, struct job *j, uint32_t at);
void job_leave(struct job *j);
/* It has ended, at @when. */
void job_end(struct world *w, struct job *j, double when);

/* share.c: what each job gets in a step. */
void share_step(struct world *w, struct node *n);
/* gossip.c */
void gossip_step(struct world *w, uint32_t node);
/* mind.c: node @node decides. */
void mind_step(struct world *w, uint32_t node);
void mind_place(struct world *w, struct job *j);
void mind_arrivals(struct world *w);

uint64_t random_next(uint64_t *state);
double random_unit(uint64_t *state); /* 0 <= x < 1 */
double random_exp(uint64_t *state, double mean);
double random_pareto(uint64_t *state, double alpha, double low, double high);

/* scenarios: each prints its figures and returns the number of broken promises. */
int scenario_batch(uint64_t seed);
int scenario_speeds(uint64_t seed);
int scenario_pareto(uint64_t seed);
int scenario_arrivals(uint64_t seed);
int scenario_talk(uint64_t seed);
int scenario_newcomer(uint64_t seed);
int scenario_thousand(uint64_t seed);
int scenario_crowd(uint64_t seed);
int scenario_hour(uint64_t seed);
int scenario_memory(uint64_t seed);
int scenario_drain(uint64_t seed);
int scenario_local(uint64_t seed);
extern bool trace_moves;
/* Prints "ok" or "FAILED" with the sentence. Return: 0 or 1. */
int promise(bool kept, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
