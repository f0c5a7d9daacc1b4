/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen of cells, before any terminal: what mosmon draws on and tests read. Pure. */
#ifndef MOS_TOOLS_MOSMON_SCREEN_H
#define MOS_TOOLS_MOSMON_SCREEN_H

#include <stddef.h>
#include <stdint.h>

enum cell_attr {
	ATTR_NONE,
	ATTR_BAR,   /* load, memory in use */
	ATTR_FREE,  /* memory that is free */
	ATTR_BAD,   /* dead, pressed */
	ATTR_TITLE, /* headings */
	ATTR_MARK,  /* this node; what has just moved */
	ATTR_COUNT_
};

struct cell {
	uint32_t ch; /* Unicode; one column wide */
	enum cell_attr attr;
};

#define SCREEN_SIDE_MAX 1000

struct screen {
	int rows, cols;
	struct cell *cells; /* row by row */
};

/* Blank; sides are cut to 1..SCREEN_SIDE_MAX. Return: 0 or -ENOMEM. */
int screen_init(struct screen *s, int rows, int cols);
void screen_finish(struct screen *s);
/* What lies outside is left out. */
void screen_put(struct screen *s, int row, int col, uint32_t ch, enum cell_attr attr);
/* Printable ASCII; other bytes become '?'. At most @width columns, 0: to the edge.
 * Return: the column behind it. */
int screen_text(struct screen *s, int row, int col, int width, const char *text,
		enum cell_attr attr);
int screen_printf(struct screen *s, int row, int col, enum cell_attr attr, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* As screen_printf, but all or nothing: a piece that does not fit is left out, and all behind it.
 * @col is -1 after that. Return: the column behind it, or -1. */
int screen_piece(struct screen *s, int row, int col, enum cell_attr attr, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The row as UTF-8 without blanks at its end. Return: @to. */
const char *screen_line(const struct screen *s, int row, char *to, size_t size);

#endif
