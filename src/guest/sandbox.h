/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sandbox of one guest: namespaces, ids of a reserved range, an empty root, process 1, and the
 * body, seized and idle in the resident's loop. */
#ifndef MOS_GUEST_SANDBOX_H
#define MOS_GUEST_SANDBOX_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "move/agent.h"

struct sandbox {
	pid_t init;	  /* as the host counts */
	struct agent body; /* .pid as the host counts */
	int area_fd, files_fd; /* memfds */
	int files_ro_fd;       /* the files' once more, for the body: reading only */
	int beyond_fd;	       /* an empty one, likewise: what lies behind a file's end */
	nsec_t mono, boot;     /* the body's clocks minus ours */
};

#define SANDBOX_INIT { .init = -1, .body = AGENT_INIT, .area_fd = -1, .files_fd = -1, .files_ro_fd = -1, \
		       .beyond_fd = -1 }

struct sandbox_order {
	pid_t pid;	/* of the body, as at home */
	uint64_t area;
	uint32_t id_base; /* two ids of the host: id_base for process 1, id_base + 1 for the body */
	nsec_t mono, boot; /* home's clocks minus ours: the body's continue home's */
};

/* Return: 0 or -errno, and the reason in a word for a person. */
int sandbox_create(struct sandbox *s, const struct sandbox_order *o, struct err *e);
/* Kills everything in it and waits for its end. Takes a half-made one. */
void sandbox_destroy(struct sandbox *s);

#endif
