/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosmon: shows the cluster as bars, and processes as they move. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/util.h"
#include "tools/mosmon_feed.h"
#include "tools/mosmon_term.h"
#include "tools/mosmon_view.h"

#define EVERY	    NSEC_PER_SEC
#define ONCE_WITHIN 5 /* s */

static const char help[] =
	"Usage: mosmon [-wvVa] [-lLsmrup] [-dty] [+NODE] [--once | --json]\n"
	"Shows the nodes of the cluster as bars, or processes and their moves. Each letter is also a\n"
	"key while it runs.\n"
	"\n"
	"  -l, -L      load; the same, logarithmic\n"
	"  -s          speed and processors\n"
	"  -m, -r      memory; raw memory\n"
	"  -u          processor time in use\n"
	"  -p          processes and their moves\n"
	"  -w          wide\n"
	"  -v, -V      numbers of nodes upright; the same, tight\n"
	"  -a          as fits (default)\n"
	"  -d          nodes that are down too\n"
	"  -t          a line of totals\n"
	"  -y          load by this node's speed, not the standard one\n"
	"  +NODE       begin at that node\n"
	"  --once      print one picture as text, in a size of COLUMNS and LINES, and end\n"
	"  --json      print all that is known as one JSON object, and end\n"
	"  -h, --help  this text\n"
	"  --version   the version\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong use, 3 no mosd (--once, --json). See mosmon(1).\n";

struct options {
	bool once, json, help;
};

static volatile sig_atomic_t ending;

static int parse_letters(const char *arg, struct mon_view *v, struct options *o)
{
	for (const char *p = arg + 1; *p; p++) {
		if (*p == 'h' || *p == 'H')
			o->help = true;
		else if (!strchr("wvValLsmrupdty", *p))
			return tool_usage("mosmon", "unknown option", arg);
		else
			(void)mon_view_key(v, *p);
	}
	return 0;
}

static int parse(int argc, char **argv, struct mon_view *v, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		long node;
		int r = 0;

		if (!strcmp(a, "--once"))
			o->once = true;
		else if (!strcmp(a, "--json"))
			o->json = true;
		else if (*a == '+' && tool_number(a + 1, 1, (long)NODE_ID_MAX, &node) == 0)
			v->start_node = (uint32_t)node;
		else if (*a == '-' && a[1] && a[1] != '-')
			r = parse_letters(a, v, o);
		else
			r = tool_usage("mosmon", "what is", a);
		if (r)
			return r;
	}
	return 0;
}

/* A number from the environment, as curses reads it. */
static int side(const char *name, int otherwise)
{
	const char *s = getenv(name);
	long v;

	return s && tool_number(s, 1, SCREEN_SIDE_MAX, &v) == 0 ? (int)v : otherwise;
}

static int print_once(struct mon_view *v, const struct mon_data *d)
{
	CLEANUP(screen_finish) struct screen s = { 0 };
	struct winsize w = { .ws_row = 24, .ws_col = 80 };
	char line[4 * SCREEN_SIDE_MAX + 1];

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	if (!w.ws_row || !w.ws_col)
		w = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	if (screen_init(&s, side("LINES", w.ws_row), side("COLUMNS", w.ws_col)) < 0)
		return TOOL_FAILED;
	mon_view_draw(v, d, &s);
	for (int row = 0; row < s.rows; row++)
		(void)puts(screen_line(&s, row, line, sizeof(line)));
	return TOOL_OK;
}

static int once(struct mon_view *v)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };
	CLEANUP(feed_finish) struct feed f = FEED_INIT;

	if (feed_once(&f, &d, ONCE_WITHIN) < 0) {
		(void)fprintf(stderr, "mosmon: %s\n", d.trouble);
		return TOOL_NO_MOSD;
	}
	return print_once(v, &d);
}

/* What mosd answers to @op is put into @o. Return: the exit status. */
static int add_answer(struct client *c, const char *op, json_t *o, const char *name)
{
	json_t *list = json_array(), *one;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r;

	(void)json_object_set_new(o, name, list);
	r = client_send(c, json_pack("{sssb}", "op", op, "all", 1), &e);
	if (r < 0)
		return tool_no_answer("mosmon", &e, r);
	while ((r = client_receive(c, &one, &e)) > 0)
		(void)json_array_append_new(list, one);
	if (r < 0)
		return tool_no_answer("mosmon", &e, r);
	if (tool_answer_ok("mosmon", one, &status))
		(void)json_object_set(o, "node", json_object_get(one, "node"));
	json_decref(one);
	return status;
}

static int print_json(void)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *o = json_object();
	struct err e = ERR_INIT;
	int status, r = client_connect(&c, &e);

	if (r < 0)
		return tool_no_answer("mosmon", &e, r);
	status = add_answer(&c, "nodes", o, "nodes");
	if (status == TOOL_OK)
		status = add_answer(&c, "ps", o, "processes");
	if (status != TOOL_OK)
		return status;
	(void)json_dumpf(o, stdout, JSON_INDENT(1));
	(void)putchar('\n');
	return TOOL_OK;
}

static void on_end(int sig)
{
	ending = sig;
}

/* Signals come only while we wait, so none is missed. */
static void set_signals(sigset_t *ret_while_waiting)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction end = { .sa_handler = on_end };
	sigset_t block;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGWINCH);
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		(void)sigaction(ends[i], &end, NULL);
		(void)sigaddset(&block, ends[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &block, ret_while_waiting);
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++)
		(void)sigdelset(ret_while_waiting, ends[i]);
	(void)sigdelset(ret_while_waiting, SIGWINCH);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void draw(struct mon_view *v, const struct mon_data *d, bool whole)
{
	CLEANUP(screen_finish) struct screen s = { 0 };
	int rows, cols;

	term_size(&rows, &cols);
	if (screen_init(&s, rows, cols) < 0)
		return;
	mon_view_draw(v, d, &s);
	term_show(&s, whole);
}

/* Return: whether there is something to be drawn; *ret_whole: all of it. */
static bool take_keys(struct mon_view *v, bool *ret_whole)
{
	bool any = false;
	int k;

	while (!v->quit && (k = term_key()) != TERM_NONE) {
		any = true;
		if (k == TERM_GONE)
			v->quit = true;
		else if (k == TERM_RESIZED || k == TERM_REDRAW)
			*ret_whole = true;
		else
			(void)mon_view_key(v, k);
	}
	return any;
}

static void watch(struct mon_view *v, const sigset_t *while_waiting)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };
	CLEANUP(feed_finish) struct feed f = FEED_INIT;
	nsec_t next = mono_now();
	bool changed = true, whole = true;

	while (!v->quit && !ending) {
		struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				      { .events = POLLIN } };
		struct timespec t;

		if (mono_now() >= next) {
			feed_ask(&f, &d);
			changed |= d.trouble[0];
			next = mono_now() + EVERY;
		}
		/* Before the first answer there is nothing to be shown, not even trouble. */
		if ((changed || whole) && (d.nodes.rows || d.seen || d.trouble[0])) {
			draw(v, &d, whole);
			changed = whole = false;
		}
		p[1].fd = feed_fd(&f);
		t = nsec_timespec(MAX(next - mono_now(), (nsec_t)0));
		if (ppoll(p, ARRAY_SIZE(p), &t, while_waiting) < 0 && errno != EINTR)
			break;
		if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
		changed |= take_keys(v, &whole);
		changed |= feed_take(&f, &d);
	}
}

int main(int argc, char **argv)
{
	struct mon_view v = { 0 };
	struct options o = { 0 };
	struct err e = ERR_INIT;
	sigset_t while_waiting;
	int r;

	if (tool_help(argc, argv, "mosmon", help))
		return 0;
	r = parse(argc, argv, &v, &o);
	if (r)
		return r;
	if (o.help) {
		(void)fputs(help, stdout);
		return 0;
	}
	if (o.json)
		return print_json();
	(void)setlocale(LC_ALL, "");
	v.blocks = term_has_blocks();
	if (o.once)
		return once(&v);
	r = term_init(&e);
	if (r < 0) {
		(void)fprintf(stderr, "mosmon: %s\n", err_str(&e, r));
		return TOOL_FAILED;
	}
	set_signals(&while_waiting);
	watch(&v, &while_waiting);
	term_finish();
	return TOOL_OK;
}
