/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "tools/mosmon_term.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/mosmon_view.h"

static SCREEN *term;
static bool colours;

static const struct {
	short pair, colour;
	attr_t plain; /* without colours, and beside them */
} attrs[] = {
	[ATTR_NONE] = { 0, 0, A_NORMAL },
	[ATTR_BAR] = { 1, COLOR_GREEN, A_NORMAL },
	[ATTR_FREE] = { 2, COLOR_CYAN, A_NORMAL },
	[ATTR_BAD] = { 3, COLOR_RED, A_NORMAL },
	[ATTR_TITLE] = { 0, 0, A_BOLD },
	[ATTR_MARK] = { 4, COLOR_YELLOW, A_BOLD },
};

static void on_crash(int sig)
{
	(void)endwin(); /* not for handlers, but the alternative is a terminal in ruins */
	(void)raise(sig);
}

int term_init(struct err *e)
{
	const char *name = getenv("TERM"), *plain = getenv("NO_COLOR");
	struct sigaction crash = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, -ENOTTY, "this is no terminal: try --once or --json");
	term = newterm(NULL, stdout, stdin);
	if (!term)
		return err_set(e, -ENOTTY, "the terminal's kind, TERM=%.60s, is not known here",
			       name ? name : "");
	(void)sigaction(SIGABRT, &crash, NULL);
	(void)sigaction(SIGSEGV, &crash, NULL);
	(void)sigaction(SIGBUS, &crash, NULL);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)curs_set(0);
	colours = !(plain && *plain) && has_colors() && start_color() == OK;
	if (colours)
		(void)use_default_colors();
	for (unsigned i = 0; colours && i < ARRAY_SIZE(attrs); i++)
		if (attrs[i].pair)
			(void)init_pair(attrs[i].pair, attrs[i].colour, -1);
	return 0;
}

void term_finish(void)
{
	if (!term)
		return;
	(void)endwin();
	delscreen(term);
	term = NULL;
}

void term_size(int *rows, int *cols)
{
	getmaxyx(stdscr, *rows, *cols);
}

void term_show(const struct screen *s, bool whole)
{
	if (whole)
		(void)clear();
	for (int row = 0; row < s->rows; row++)
		for (int col = 0; col < s->cols; col++) {
			const struct cell *c = &s->cells[row * s->cols + col];
			wchar_t text[2] = { (wchar_t)c->ch, 0 };
			cchar_t cc;

			(void)setcchar(&cc, text, attrs[c->attr].plain,
				       colours ? attrs[c->attr].pair : 0, NULL);
			(void)mvadd_wch(row, col, &cc); /* the last cell cannot be passed: ERR */
		}
	(void)refresh();
}

int term_key(void)
{
	static const struct {
		int key, means;
	} keys[] = {
		{ KEY_LEFT, MON_KEY_LEFT },   { KEY_RIGHT, MON_KEY_RIGHT },
		{ KEY_UP, MON_KEY_UP },	      { KEY_DOWN, MON_KEY_DOWN },
		{ KEY_PPAGE, MON_KEY_PAGE_UP }, { KEY_NPAGE, MON_KEY_PAGE_DOWN },
		{ KEY_HOME, MON_KEY_HOME },   { KEY_END, MON_KEY_END },
		{ KEY_RESIZE, TERM_RESIZED }, { 'L' & 0x1f, TERM_REDRAW },
	};
	int k;

	errno = 0;
	k = getch();
	if (k == ERR)
		return errno && errno != EAGAIN && errno != EINTR ? TERM_GONE : TERM_NONE;
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (k == keys[i].key)
			return keys[i].means;
	return k > ' ' && k < 0x7f ? k : 0x7f; /* a key, but none of ours */
}

bool term_has_blocks(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}
