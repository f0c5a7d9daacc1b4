/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The number of this mosd's life: greater than that of any before it on this machine, though the
 * clock be set back. */
#ifndef MOS_NODE_SITE_LIFE_H
#define MOS_NODE_SITE_LIFE_H

#include <stdint.h>

/* @wall: ns since 1970; @path has the last life. Return: the new one, which is kept there; where that
 * cannot be done, the clock alone must do, and the log says so. */
uint64_t life_begin(const char *path, int64_t wall);

#endif
