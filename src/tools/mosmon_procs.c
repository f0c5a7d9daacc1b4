/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the list of processes, and the moves below it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tools/mosmon_view.h"

#define MOVES_FROM_ROWS 12 /* a screen of so many rows has room for moves too */

/* Columns are left out, the least important first, until 12 are left for the command. */
enum column { COL_PID, COL_USER, COL_NODE, COL_STATE, COL_CPU, COL_AWAY, COL_MOVES, COL_COUNT_ };

static const struct {
	const char *head;
	int width; /* with the blank behind; to the left if negative */
	int rank;  /* the highest goes first */
} columns[] = {
	[COL_PID] = { "PID", 8, 0 },	 [COL_USER] = { "USER", -9, 3 },
	[COL_NODE] = { "NODE", -10, 1 }, [COL_STATE] = { "STAT", -5, 4 },
	[COL_CPU] = { "TIME", 8, 2 },	 [COL_AWAY] = { "AWAY", 8, 5 },
	[COL_MOVES] = { "MOVES", 6, 6 },
};

#define COMMAND_LEAST 12
#define NARROW	      40 /* columns: there the node has no room for where it came from */

static int width_of(const struct screen *s, enum column c)
{
	return c == COL_NODE && s->cols < NARROW ? 6 : abs(columns[c].width);
}

/* Those of a rank below the answer have room. */
static int ranks_that_fit(const struct screen *s)
{
	int width = COMMAND_LEAST, rank;

	for (rank = 0; rank < COL_COUNT_; rank++) {
		for (enum column c = 0; c < COL_COUNT_; c++)
			if (columns[c].rank == rank)
				width += width_of(s, c);
		if (width > s->cols)
			break;
	}
	return MAX(rank, 2);
}

static void time_text(int64_t s, char *to, size_t size)
{
	if (s < 6000)
		(void)snprintf(to, size, "%lld:%02lld", (long long)s / 60, (long long)s % 60);
	else
		(void)snprintf(to, size, "%lldh%02lld", (long long)s / 3600,
			       (long long)s / 60 % 60);
}

/* Where it is; with an arrow while it moves, and from where if that is news. */
static void node_text(const struct mon_proc *p, uint32_t me, int width, char *to, size_t size)
{
	char from[16] = "";
	uint32_t at = p->node ? p->node : me;

	if (p->fresh && p->from != at)
		(void)snprintf(from, sizeof(from), "%u>", p->from);
	if (snprintf(to, size, "%s%u%s", from, at, p->moving ? ">" : "") >= width)
		(void)snprintf(to, size, "%u%s", at, p->moving ? ">" : "");
}

static int put_column(struct screen *s, int row, int col, enum column c, const char *text,
		      enum cell_attr attr)
{
	int width = width_of(s, c), n = MIN((int)strlen(text), width - 1);

	(void)screen_text(s, row, columns[c].width < 0 ? col : col + width - 1 - n, n, text, attr);
	return col + width;
}

static void draw_proc(struct screen *s, int row, int ranks, const struct mon_proc *p, uint32_t me)
{
	enum cell_attr attr = p->fresh || p->moving ? ATTR_MARK : ATTR_NONE;
	char text[COL_COUNT_][32];
	int col = 0;

	(void)snprintf(text[COL_PID], sizeof(text[0]), "%lld", (long long)p->pid);
	(void)snprintf(text[COL_USER], sizeof(text[0]), "%s", p->user);
	node_text(p, me, width_of(s, COL_NODE), text[COL_NODE], sizeof(text[0]));
	(void)snprintf(text[COL_STATE], sizeof(text[0]), "%s%c", p->state, p->lock);
	time_text(p->cpu_s + p->away_s, text[COL_CPU], sizeof(text[0]));
	time_text(p->away_s, text[COL_AWAY], sizeof(text[0]));
	(void)snprintf(text[COL_MOVES], sizeof(text[0]), "%lld", (long long)p->moves);
	for (enum column c = 0; c < COL_COUNT_; c++)
		if (columns[c].rank < ranks)
			col = put_column(s, row, col, c, text[c], attr);
	(void)screen_text(s, row, col, 0, p->command, attr);
}

static void draw_head(struct screen *s, int row, int ranks)
{
	int col = 0;

	for (enum column c = 0; c < COL_COUNT_; c++)
		if (columns[c].rank < ranks)
			col = put_column(s, row, col, c, columns[c].head, ATTR_TITLE);
	(void)screen_text(s, row, col, 0, "COMMAND", ATTR_TITLE);
}

static void draw_move(struct screen *s, int row, const struct mon_move *m)
{
	if (m->from == m->to)
		(void)screen_printf(s, row, 0, ATTR_NONE, "%s %lld at %u (back, or not gone) %s",
				    m->when, (long long)m->pid, m->to, m->command);
	else
		(void)screen_printf(s, row, 0, ATTR_NONE, "%s %lld %u -> %u %s", m->when,
				    (long long)m->pid, m->from, m->to, m->command);
}

void mon_draw_procs(struct mon_view *v, const struct mon_data *d, struct screen *s)
{
	int ranks = ranks_that_fit(s);
	int below = s->rows >= MOVES_FROM_ROWS ? MIN(s->rows / 3, 10) : 0;
	int list = MAX(s->rows - 2 - below, 0), away = 0, col, n = (int)d->n_procs;

	for (int i = 0; i < n; i++)
		away += d->procs[i].node != 0;
	v->fit = MAX(list, 1);
	v->first = MAX(MIN(v->first, n - v->fit), 0);
	col = screen_piece(s, 0, 0, ATTR_TITLE, "Processes");
	if (n > list)
		col = screen_piece(s, 0, col, ATTR_NONE, "  %d-%d of %d", v->first + 1,
				   MIN(v->first + list, n), n);
	else
		col = screen_piece(s, 0, col, ATTR_NONE, "  %d", n);
	col = screen_piece(s, 0, col, ATTR_NONE, ", %d away", away);
	if (col >= 0 && col + 10 < s->cols)
		(void)screen_text(s, 0, s->cols - 6, 0, "h help", ATTR_NONE);
	draw_head(s, 1, ranks);
	for (int i = 0; i < list && v->first + i < n; i++)
		draw_proc(s, 2 + i, ranks, &d->procs[v->first + i], d->nodes.me);
	if (!below)
		return;
	(void)screen_text(s, 2 + list, 0, 0, d->n_moves ? "Moves, the latest first" :
			  "Moves: none seen yet", ATTR_TITLE);
	for (int i = 0; i < below - 1; i++) {
		const struct mon_move *m = mon_data_move(d, (unsigned)i);

		if (m)
			draw_move(s, 3 + list + i, m);
	}
}
