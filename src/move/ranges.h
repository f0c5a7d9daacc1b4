/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of which files a process's mappings show, each page once however many show it. */
#ifndef MOS_MOVE_RANGES_H
#define MOS_MOVE_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "move/image.h"

/* Bytes [off, end) of file number @file. */
struct file_range {
	uint32_t file;
	uint64_t off, end;
};

/* By file and offset; none touches another. */
struct file_ranges {
	size_t n;
	struct file_range *v; /* owned */
};

#define FILE_RANGES_INIT { 0 }

/* Into @ret, whatever it held before. Return: 0, -ENOMEM. */
int file_ranges_of(const struct image *m, struct file_ranges *ret);
/* Takes away what @have has. Return: 0, -ENOMEM (then nothing is taken away). */
int file_ranges_without(struct file_ranges *r, const struct file_ranges *have);
void file_ranges_finish(struct file_ranges *r);

#endif
