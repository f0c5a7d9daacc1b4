/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that has the pages. Reads a stopped process and what stands behind its file mappings, and
 * sends what the other side cannot know by itself: never zero pages, never pages that nobody touched.
 *
 *   VMA_ANON   pages with content            -> MSG_PAGES (address)
 *   VMA_FILE   pages the program changed     -> MSG_PAGES (address)
 *              the file's own pages          -> MSG_FILE  (file, page), by whoever knows what the
 *                                               sink lacks (move/ranges.h), best before the stop
 */
#ifndef MOS_MOVE_SOURCE_H
#define MOS_MOVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/mem.h"
#include "move/image.h"
#include "wire/channel.h"

struct source {
	struct mem mem;
	/* Reads @n bytes of file @file at @off into @to, zeros behind its end. Return: bytes that
	 * count (rounded up to pages by the caller), 0 at or behind the end, -errno. */
	ssize_t (*read_file)(void *ctx, uint32_t file, uint64_t off, void *to, size_t n);
	void *ctx;
	uint64_t pages, file_pages, zero_pages; /* sent, sent, left out */
	uint8_t *chunk; /* PAGES_CHUNK bytes */
};

#define SOURCE_INIT { .mem = MEM_INIT }

int source_open(struct source *s, pid_t pid);
void source_close(struct source *s);

/* Sends the image itself: MSG_IMAGE (id: its length), MSG_IMAGE_MORE as needed. */
int source_send_image(const struct image *m, struct channel *c, struct err *e);

/* Sends the memory of all mappings of @m, but for files' own pages, then MSG_END.
 * Return: 0, -errno with the reason. */
int source_send(struct source *s, const struct image *m, struct channel *c, struct err *e);

/* Sends pages [off, off+len) of one file. */
int source_send_file(struct source *s, uint32_t file, uint64_t off, uint64_t len, struct channel *c,
		     struct err *e);

#endif
