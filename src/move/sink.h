/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that gets the pages: takes the messages of a source, checks each, fills. */
#ifndef MOS_MOVE_SINK_H
#define MOS_MOVE_SINK_H

#include <stdint.h>

#include "base/err.h"
#include "kernel/mem.h"
#include "move/image.h"
#include "wire/channel.h"

struct sink {
	struct mem *mem;	/* of the process to be filled */
	const struct image *m;	/* what is mapped: pages outside are refused */
	int file_fd;		/* the memfd for files' pages, or -1: such pages are refused */
	uint64_t pages, bytes;
};

/* Receives an image, of which @first (MSG_IMAGE) has come. @ret is a fresh image. */
int sink_receive_image(struct channel *c, const struct frame *first, struct image *ret,
		       struct err *e);

/* Takes messages until MSG_END. Any other message is handed to @other (0: go on; negative: stop).
 * Return: 0, -EPROTO, -ECONNRESET, -errno, with the reason. */
int sink_receive(struct sink *s, struct channel *c,
		 int (*other)(void *ctx, const struct frame *f, struct err *e), void *ctx,
		 struct err *e);
/* One MSG_PAGES or MSG_FILE. */
int sink_take(struct sink *s, const struct frame *f, struct err *e);

#endif
