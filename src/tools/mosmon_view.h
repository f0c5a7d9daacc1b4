/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How mosmon looks: the state that keys change, and the drawing of data on a screen. Pure. */
#ifndef MOS_TOOLS_MOSMON_VIEW_H
#define MOS_TOOLS_MOSMON_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/mosmon_data.h"
#include "tools/mosmon_screen.h"

enum mon_mode { MON_LOAD, MON_SPEED, MON_MEMORY, MON_RAW, MON_UTIL, MON_PROCS, MON_MODE_COUNT_ };
enum mon_width { MON_AUTO, MON_WIDE, MON_VERTICAL, MON_TIGHT, MON_WIDTH_COUNT_ };

enum mon_key { /* beyond the characters */
	MON_KEY_LEFT = 0x10000,
	MON_KEY_RIGHT,
	MON_KEY_UP,
	MON_KEY_DOWN,
	MON_KEY_PAGE_UP,
	MON_KEY_PAGE_DOWN,
	MON_KEY_HOME,
	MON_KEY_END,
};

struct mon_view {
	enum mon_mode mode;
	enum mon_width width;
	bool log, dead, totals, own_yard, help, quit;
	bool blocks;	     /* the terminal can show U+2581 to U+2588 */
	uint32_t start_node; /* +NODE: scroll there as soon as it is known; 0: no */
	int first;	     /* node or process at the edge */
	int fit;	     /* how many there were room for */
};

/* Changes the view. Return: false for a key that means nothing. */
bool mon_view_key(struct mon_view *v, int key);
/* Draws on a blank screen; brings v->first and v->fit in order. */
void mon_view_draw(struct mon_view *v, const struct mon_data *d, struct screen *s);

/* Parts of it. */
void mon_draw_nodes(struct mon_view *v, const struct mon_data *d, struct screen *s);
void mon_draw_procs(struct mon_view *v, const struct mon_data *d, struct screen *s);
/* The next of 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15 ... that is not below @v, at least @least. */
double mon_scale(double v, double least);

#endif
