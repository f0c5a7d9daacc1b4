/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The moves of this node's processes: requests, and the mos-home supervisors that carry them
 * out. */
#ifndef MOS_NODE_PROCESS_HOMES_H
#define MOS_NODE_PROCESS_HOMES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "node/node.h"
#include "node/process/migrants.h"

/* Told once how a request went. @mv->ok with @mv->to: it runs there. */
typedef void home_answer_fn(void *data, struct migrant *m, const struct move *mv);

/* Where a process is to go, and what its next host wants to know. */
struct home_wish {
	uint32_t node; /* 0: home */
	bool at_exec;
	const char *cause; /* a word for the history, kept by the caller; NULL: "asked" */
	bool ordered;	   /* by a person, or there is no better place */
	uint64_t memory;   /* KiB; 0: not known */
	uint32_t wants, load_limit; /* as struct hello has them */
};

/* Files a move of @m to @w->node. With @at_exec its supervisor only attaches, which is
 * answered (the history gets the move itself), and the process moves when it has executed its
 * next program. @answer may come before the return, or later; never after a failure.
 * Return: 0, or -EBUSY, other -errno with a reason. */
int home_move_as(struct mosd *d, struct migrant *m, const struct home_wish *w,
		 home_answer_fn *answer, void *data, struct err *e);
/* The same, ordered by a person. */
int home_move(struct mosd *d, struct migrant *m, uint32_t node, bool at_exec,
	      home_answer_fn *answer, void *data, struct err *e);
typedef void home_info_fn(void *data, struct migrant *m);

/* Brings the counters of @m up to date. With @fn, it is called once that is done, or has taken too
 * long, or at once if @m has no supervisor. */
void home_refresh(struct mosd *d, struct migrant *m, home_info_fn *fn, void *data);
/* mosd ends: tells everybody who waits. The supervisors go on. */
void homes_stop(struct mosd *d);
/* What is visible against a move of @id to @node (0: of any move). Return: 0 or -EPERM. */
int home_check(struct mosd *d, const struct proc_id *id, uint32_t node, struct err *e);
/* A mos-home of an earlier mosd reports: owns @fd. */
int home_adopt(struct mosd *d, int fd, pid_t supervisor, const json_t *hello, struct err *e);

#endif
