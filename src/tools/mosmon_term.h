/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: how cells are shown, and what keys are called. The only file that knows curses. */
#ifndef MOS_TOOLS_MOSMON_TERM_H
#define MOS_TOOLS_MOSMON_TERM_H

#include <stdbool.h>

#include "base/err.h"
#include "tools/mosmon_screen.h"

/* Takes the terminal over; it is given back by term_finish, and if we crash.
 * Return: 0 or -errno with what is wrong with the terminal. */
int term_init(struct err *e);
void term_finish(void);
void term_size(int *rows, int *cols);
/* @whole: paint all of it anew, whatever the terminal is thought to show. */
void term_show(const struct screen *s, bool whole);
/* The next key as mon_view_key takes it; TERM_RESIZED; TERM_REDRAW; TERM_NONE when there is none,
 * TERM_GONE when the terminal is. Does not wait. */
enum { TERM_NONE = 0, TERM_RESIZED = -1, TERM_GONE = -2, TERM_REDRAW = -3 };
int term_key(void);
/* The locale's text is UTF-8. */
bool term_has_blocks(void);

#endif
