/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how nodes become bars.
 *
 * DOC: From top to bottom: a title; the bars, with a scale at the left; the numbers of the nodes,
 * lying (wide) or upright, a digit each row; the totals, if wanted. What does not fit to the right
 * is scrolled to, and the title tells which part of the nodes is seen. Where there are too few rows,
 * totals go first, then the title, then the numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tools/mosmon_view.h"

#define MARGIN	   7 /* "12345 |" */
#define BAR_MAX	   6
#define EIGHTHS	   8
#define KIB_IN_GIB (1024.0 * 1024.0)

struct bars {
	struct mon_view *v;
	const struct mon_data *d;
	struct screen *s;
	const struct node_row **rows; /* that are shown, all of them */
	int n;
	int top, height; /* of the bars */
	int left, avail; /* columns behind the scale */
	int bar, stride, digits, number_rows;
	bool title, totals;
	double max;
};

static double yard(const struct bars *b)
{
	const struct node_row *me = node_list_find(&b->d->nodes, b->d->nodes.me);

	return b->v->own_yard && me && me->speed > 0 ? (double)me->speed / 10000 : 1;
}

static double value(const struct bars *b, const struct node_row *r)
{
	switch (b->v->mode) {
	case MON_SPEED:
		return (double)r->speed;
	case MON_MEMORY:
	case MON_RAW:
		return (double)r->mem_total / KIB_IN_GIB;
	case MON_UTIL:
		return (double)r->util / 10;
	default:
		return (double)r->load / 100 * yard(b);
	}
}

/* A quiet node tells how big it is, but not how busy. */
static bool told(const struct bars *b, const struct node_row *r)
{
	switch (b->v->mode) {
	case MON_MEMORY:
		return r->mem_free >= 0;
	case MON_RAW:
		return r->mem_raw >= 0;
	default:
		return value(b, r) >= 0;
	}
}

/* The part of a memory bar that is in use. */
static double used(const struct bars *b, const struct node_row *r)
{
	int64_t free_kib = b->v->mode == MON_RAW ? r->mem_raw : r->mem_free;

	if (b->v->mode != MON_MEMORY && b->v->mode != MON_RAW)
		return value(b, r);
	return (double)(r->mem_total - free_kib) / KIB_IN_GIB;
}

/* Eighths of a row. What is not nothing is seen, if only as one eighth. */
static int eighths(const struct bars *b, double v)
{
	double part = v / b->max;

	if (b->v->log && b->v->mode == MON_LOAD)
		part = log2(1 + v) / log2(1 + b->max);
	part = MIN(MAX(part, 0), 1);
	return MAX((int)lround(part * b->height * EIGHTHS), v > 0);
}

/* What stands at a height of the scale, 0 to 1. */
static double at_height(const struct bars *b, double part)
{
	if (b->v->log && b->v->mode == MON_LOAD)
		return exp2(part * log2(1 + b->max)) - 1;
	return part * b->max;
}

static int count_digits(uint32_t n)
{
	int k = 1;

	while (n >= 10) {
		n /= 10;
		k++;
	}
	return k;
}

/* Which nodes are shown. Return: false without memory. */
static bool choose(struct bars *b)
{
	const struct node_list *l = &b->d->nodes;
	double most = 0;

	b->rows = calloc(MAX(l->n, (size_t)1), sizeof(*b->rows));
	if (!b->rows)
		return false;
	b->digits = 1;
	for (size_t i = 0; i < l->n; i++) {
		if (!b->v->dead && !node_up(&l->rows[i]))
			continue;
		b->rows[b->n++] = &l->rows[i];
		b->digits = MAX(b->digits, count_digits(l->rows[i].node));
		if (node_up(&l->rows[i]))
			most = MAX(most, value(b, &l->rows[i]));
	}
	b->max = b->v->mode == MON_UTIL ? 100 : mon_scale(most, b->v->mode == MON_SPEED ? 100 : 1);
	return true;
}

static void set_columns(struct bars *b, enum mon_width w)
{
	int wide = MAX(b->digits, 2);

	if (w == MON_AUTO)
		w = b->n * (wide + 1) <= b->avail ? MON_WIDE
		    : b->n * 2 <= b->avail	  ? MON_VERTICAL
						  : MON_TIGHT;
	if (w == MON_WIDE && b->n)
		wide = MAX(wide, MIN(b->avail / b->n - 1, BAR_MAX));
	b->bar = w == MON_WIDE ? wide : 1;
	b->stride = b->bar + (w != MON_TIGHT);
	b->number_rows = w == MON_WIDE ? 1 : b->digits;
}

static void lay_out(struct bars *b)
{
	int rows = b->s->rows;

	b->left = b->s->cols > MARGIN + b->digits ? MARGIN : 0;
	b->avail = b->s->cols - b->left;
	set_columns(b, b->v->width);
	b->title = rows >= b->number_rows + 3;
	b->totals = b->v->totals && rows >= b->number_rows + 4;
	if (rows < b->number_rows + 1)
		b->number_rows = 0;
	b->top = b->title;
	b->height = MAX(rows - b->title - b->totals - b->number_rows, 0);
	/* A gap behind the last one need not be there. */
	b->v->fit = MAX((b->avail + b->stride - b->bar) / b->stride, 1);
	if (b->v->start_node && b->n) {
		b->v->first = 0;
		while (b->v->first < b->n && b->rows[b->v->first]->node < b->v->start_node)
			b->v->first++;
		b->v->start_node = 0;
	}
	b->v->first = MAX(MIN(b->v->first, b->n - b->v->fit), 0);
}

static const char *const titles[] = {
	[MON_LOAD] = "Load",	      [MON_SPEED] = "Speed, processors",
	[MON_MEMORY] = "Memory, GiB", [MON_RAW] = "Raw memory, GiB",
	[MON_UTIL] = "Use, %",	      [MON_PROCS] = "",
};

static void draw_title(const struct bars *b)
{
	const struct mon_view *v = b->v;
	int last = MIN(v->first + v->fit, b->n);
	int down = 0, col;

	for (size_t i = 0; i < b->d->nodes.n; i++)
		down += !node_up(&b->d->nodes.rows[i]);
	col = screen_piece(b->s, 0, 0, ATTR_TITLE, "%s", titles[v->mode]);
	if (v->mode == MON_LOAD && v->log)
		col = screen_piece(b->s, 0, col, ATTR_TITLE, " (log)");
	if (v->mode == MON_LOAD && v->own_yard)
		col = screen_piece(b->s, 0, col, ATTR_TITLE, " (this node's yard)");
	if (b->n > v->fit)
		col = screen_piece(b->s, 0, col, ATTR_NONE, "  %d-%d of %d", v->first + 1, last,
				   b->n);
	else
		col = screen_piece(b->s, 0, col, ATTR_NONE, "  %d node%s", b->n,
				   b->n == 1 ? "" : "s");
	if (down)
		col = screen_piece(b->s, 0, col, ATTR_BAD, "  %d down", down);
	if (col >= 0 && col + 10 < b->s->cols)
		(void)screen_text(b->s, 0, b->s->cols - 6, 0, "h help", ATTR_NONE);
}

/* At most five characters. */
static void scale_text(const struct bars *b, double v, char *to, size_t size)
{
	if (v >= 1e6)
		(void)snprintf(to, size, "%.0fM", v / 1e6);
	else if (v >= 1e5)
		(void)snprintf(to, size, "%.0fk", v / 1e3);
	else
		(void)snprintf(to, size, "%.*f",
			       v >= 100 || (v == floor(v) && b->max > 5) ? 0
			       : v >= 10			       ? 1
								       : 2,
			       v);
}

static void draw_scale(const struct bars *b)
{
	int marks = MIN(b->height / 2, 4);

	if (!b->left)
		return;
	for (int row = 0; row < b->height; row++)
		screen_put(b->s, b->top + row, b->left - 1, '|', ATTR_NONE);
	for (int i = 1; i <= marks; i++) {
		double part = (double)i / marks, v = at_height(b, part);
		int row = b->top + b->height - (int)lround(part * b->height);
		char text[32];

		scale_text(b, v, text, sizeof(text));
		(void)screen_text(b->s, row, MAX(b->left - 2 - (int)strlen(text), 0), b->left - 2,
				  text, ATTR_NONE);
	}
}

static uint32_t block(const struct bars *b, int n)
{
	if (!b->v->blocks)
		return n * 2 >= EIGHTHS ? '#' : ' ';
	return n > 0 ? 0x2580U + (uint32_t)n : ' ';
}

/* In place of a bar. */
static void draw_word(const struct bars *b, const struct node_row *r, int col)
{
	static const char *const word[] = {
		[NODE_UNKNOWN] = "?", [NODE_ALIVE] = "?", [NODE_SUSPECT] = "?",
		[NODE_DEAD] = "DEAD", [NODE_LEFT] = "LEFT",
	};
	int n = (int)strlen(word[r->state]), from = MAX(b->height - n, 0);

	for (int i = 0; i < n && from + i < b->height; i++)
		screen_put(b->s, b->top + from + i, col + (b->bar - 1) / 2,
			   (uint32_t)word[r->state][i], ATTR_BAD);
}

static void draw_bar(const struct bars *b, const struct node_row *r, int col)
{
	enum cell_attr attr = r->flags & NODE_PRESSED ? ATTR_BAD : ATTR_BAR;
	int full = eighths(b, value(b, r)), solid = eighths(b, used(b, r)), tall;
	char cpus[24];

	/* A bar that is shorter than half a row would not be seen without part blocks. */
	if (!b->v->blocks && solid && solid < EIGHTHS / 2)
		solid = EIGHTHS / 2;
	for (int row = 0; row < b->height; row++) {
		int under = (b->height - 1 - row) * EIGHTHS;
		uint32_t ch = block(b, MIN(MAX(solid - under, 0), EIGHTHS));
		enum cell_attr a = attr;

		if (ch == ' ' && full != solid && (full - under) * 2 >= EIGHTHS) {
			ch = '+';
			a = ATTR_FREE;
		}
		for (int i = 0; i < b->bar && ch != ' '; i++)
			screen_put(b->s, b->top + row, col + i, ch, a);
	}
	if (b->v->mode != MON_SPEED || r->cpus <= 1000)
		return;
	tall = (full + EIGHTHS - 1) / EIGHTHS;
	(void)snprintf(cpus, sizeof(cpus), "%lld", (long long)(r->cpus + 500) / 1000);
	if ((int)strlen(cpus) <= b->bar) /* on its top, or in it where there is no room above */
		(void)screen_text(b->s, b->top + MAX(b->height - tall - 1, 0), col, b->bar, cpus,
				  ATTR_MARK);
}

static void draw_number(const struct bars *b, const struct node_row *r, int col)
{
	enum cell_attr attr = !node_up(r) ? ATTR_BAD : r->me ? ATTR_MARK : ATTR_NONE;
	int row = b->top + b->height;
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", r->node);

	if (b->number_rows == 1 && n <= b->bar)
		(void)screen_text(b->s, row, col + (b->bar - n) / 2, 0, text, attr);
	else if (b->number_rows > 1)
		for (int i = 0; i < n; i++)
			screen_put(b->s, row + i, col, (uint32_t)text[i], attr);
}

static void draw_totals(const struct bars *b)
{
	double cpus = 0, runnable = 0, use = 0, total = 0, free_kib = 0;
	int row = b->s->rows - 1, col;
	long long guests = 0, n = 0;

	for (size_t i = 0; i < b->d->nodes.n; i++) {
		const struct node_row *r = &b->d->nodes.rows[i];

		if (!node_up(r))
			continue;
		n++;
		guests += MAX(r->guests, (int64_t)0);
		if (r->util < 0)
			continue; /* quiet: its size alone would look like idleness */
		cpus += (double)r->cpus / 1000;
		runnable += (double)r->runnable / 1000;
		use += (double)r->util / 1000 * (double)r->cpus / 1000;
		total += (double)r->mem_total / KIB_IN_GIB;
		free_kib += (double)r->mem_free / KIB_IN_GIB;
	}
	col = screen_piece(b->s, row, 0, ATTR_TITLE, "Total: %lld up", n);
	col = screen_piece(b->s, row, col, ATTR_TITLE, ", %.0f run on %.0f cpus", runnable, cpus);
	col = screen_piece(b->s, row, col, ATTR_TITLE, ", %.0f%% used",
			   cpus > 0 ? use / cpus * 100 : 0);
	col = screen_piece(b->s, row, col, ATTR_TITLE, ", %.1f of %.1f GiB free", free_kib, total);
	(void)screen_piece(b->s, row, col, ATTR_TITLE, ", %lld guests", guests);
}

void mon_draw_nodes(struct mon_view *v, const struct mon_data *d, struct screen *s)
{
	struct bars b = { .v = v, .d = d, .s = s };

	if (!choose(&b))
		return;
	lay_out(&b);
	if (b.title)
		draw_title(&b);
	draw_scale(&b);
	for (int i = 0; i < v->fit && v->first + i < b.n; i++) {
		const struct node_row *r = b.rows[v->first + i];
		int col = b.left + i * b.stride;

		if (node_up(r) && told(&b, r))
			draw_bar(&b, r, col);
		else
			draw_word(&b, r, col);
		draw_number(&b, r, col);
	}
	if (b.totals)
		draw_totals(&b);
	free(b.rows);
}
