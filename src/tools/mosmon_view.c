/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the keys of mosmon, and what is on the screen beside bars and lists. */
#include "tools/mosmon_view.h"

#include <string.h>

#include "base/util.h"

static const struct {
	char key;
	const char *what;
} keys[] = {
	{ 'l', "load of each node; L: logarithmic" },
	{ 's', "speed of one processor, and how many" },
	{ 'm', "memory: in use, and + what is free" },
	{ 'r', "memory as it lies: + unused by anything" },
	{ 'u', "processor time in use, in per cent" },
	{ 'p', "processes and their moves" },
	{ 'w', "wide; v: numbers upright; V: the same, tight" },
	{ 'a', "as fits" },
	{ 'd', "nodes that are down too, or not" },
	{ 't', "a line of totals, or not" },
	{ 'y', "yardstick: the standard, or this node" },
	{ '<', "arrows, PgUp, PgDn, Home, End: scroll" },
	{ 'h', "this help" },
	{ 'q', "quit" },
};

static void set_mode(struct mon_view *v, enum mon_mode m)
{
	if ((m == MON_PROCS) != (v->mode == MON_PROCS))
		v->first = 0;
	v->mode = m;
}

static bool scroll(struct mon_view *v, int key)
{
	int page = MAX(v->fit - 1, 1);
	int by = key == MON_KEY_LEFT || key == MON_KEY_UP      ? -1
		 : key == MON_KEY_RIGHT || key == MON_KEY_DOWN ? 1
		 : key == MON_KEY_PAGE_UP		       ? -page
		 : key == MON_KEY_PAGE_DOWN		       ? page
							       : 0;

	if (key == MON_KEY_HOME)
		v->first = 0;
	else if (key == MON_KEY_END)
		v->first = INT32_MAX / 2; /* drawing brings it in order */
	else
		v->first = MAX(v->first + by, 0);
	return by || key == MON_KEY_HOME || key == MON_KEY_END;
}

bool mon_view_key(struct mon_view *v, int key)
{
	static const char modes[] = "lsmrup", widths[] = "awvV";
	const char *at;

	if (v->help && key != 'q') {
		v->help = false;
		return true;
	}
	if (key >= MON_KEY_LEFT)
		return scroll(v, key);
	if (key <= 0)
		return false;
	if (key < 0x80 && (at = strchr(modes, key))) {
		set_mode(v, (enum mon_mode)(at - modes));
		if (key == 'l')
			v->log = false;
		return true;
	}
	if (key < 0x80 && (at = strchr(widths, key))) {
		v->width = (enum mon_width)(at - widths);
		return true;
	}
	switch (key) {
	case 'L':
		set_mode(v, MON_LOAD);
		v->log = true;
		return true;
	case 'd':
		v->dead = !v->dead;
		return true;
	case 't':
		v->totals = !v->totals;
		return true;
	case 'y':
		v->own_yard = !v->own_yard;
		return true;
	case 'h':
	case '?':
		v->help = true;
		return true;
	case 'q':
		v->quit = true;
		return true;
	default:
		return false;
	}
}

double mon_scale(double v, double least)
{
	static const double steps[] = { 1, 1.5, 2, 3, 4, 5, 6, 8 };
	double power = 1;

	if (v < least)
		v = least;
	while (power * 10 <= v)
		power *= 10;
	while (power > v)
		power /= 10;
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		if (v <= power * steps[i])
			return power * steps[i];
	return power * 10;
}

static void draw_help(struct screen *s)
{
	(void)screen_text(s, 0, 0, 0, "mosmon: keys", ATTR_TITLE);
	for (int i = 0; i < (int)ARRAY_SIZE(keys); i++) {
		screen_put(s, i + 1, 1, (uint32_t)keys[i].key, ATTR_MARK);
		(void)screen_text(s, i + 1, 4, 0, keys[i].what, ATTR_NONE);
	}
}

/* Breaks a message at blanks. Return: the row behind it. */
static int wrap(struct screen *s, int row, const char *text, enum cell_attr attr)
{
	while (*text && row < s->rows) {
		size_t n = strlen(text);

		if (n > (size_t)s->cols) {
			n = (size_t)s->cols;
			while (n > 0 && text[n] != ' ' && text[n - 1] != ' ')
				n--;
			if (!n) /* a word wider than the screen */
				n = (size_t)s->cols;
		}
		(void)screen_text(s, row++, 0, (int)n, text, attr);
		text += n;
		while (*text == ' ')
			text++;
	}
	return row;
}

void mon_view_draw(struct mon_view *v, const struct mon_data *d, struct screen *s)
{
	if (v->help) {
		draw_help(s);
	} else if (d->trouble[0]) {
		int row = wrap(s, s->rows > 4 ? s->rows / 3 : 0, d->trouble, ATTR_BAD);

		(void)wrap(s, row, "Trying again each second; q quits.", ATTR_NONE);
	} else if (v->mode == MON_PROCS) {
		mon_draw_procs(v, d, s);
	} else {
		mon_draw_nodes(v, d, s);
	}
}
