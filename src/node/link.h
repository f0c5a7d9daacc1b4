/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packets between mosd and one supervisor (mos-home or mos-guest): its start, its end. */
#ifndef MOS_NODE_LINK_H
#define MOS_NODE_LINK_H

#include <ev.h>
#include <jansson.h>
#include <sys/types.h>

#include "base/err.h"

#define LINK_PACKET_MAX	    65536U
#define LINK_STATUS_UNKNOWN (-1)

struct link;

struct link_ops {
	/* One object came. Must not end the link other than by link_drop. */
	void (*packet)(void *data, json_t *o);
	/* The last call for this link, which is freed after it. @status is as from wait(2), or
	 * LINK_STATUS_UNKNOWN. */
	void (*closed)(void *data, int status);
};

/* Starts @program, found beside our own executable or else where it is installed. It gets one end
 * of the socket as descriptor 3 and @fd4 (unless negative; not owned) as 4.
 * Return: 0 or -errno. */
int link_spawn(struct ev_loop *loop, const char *program, int fd4, const struct link_ops *ops,
	       void *data, struct link **ret, struct err *e);
/* Takes over a supervisor that an earlier mosd started; owns @fd, also on failure. */
int link_adopt(struct ev_loop *loop, int fd, pid_t pid, const struct link_ops *ops, void *data,
	       struct link **ret);
/* Sends one object (stolen, NULL is -ENOMEM), with a descriptor unless @fd is negative.
 * Never waits. Return: 0 or -errno. */
int link_send(struct link *l, json_t *o, int fd);
/* Ends the conversation: the supervisor reads an end of file, and closed() follows. Takes NULL. */
void link_drop(struct link *l);
pid_t link_pid(const struct link *l);

#endif
