/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status and logs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/util.h"
#include "lab/lab.h"

struct show {
	bool json;
	unsigned n;
	const char *only; /* one lab, or NULL */
};

static void show_node(const struct lab *l, unsigned i, bool json)
{
	char path[LAB_PATH], pid[16] = "-", addr[32];
	const char *state = "down", *runs = l->vm[0] ? "vm" : "mosd";
	struct lab_proc holder, main;
	CLEANUP(close_fd) int fd = lab_node_open(l, i, &holder);

	if (fd >= 0)
		state = access(lab_path(path, l, "node%u/cut", i), F_OK) ? "up" : "cut";
	if (lab_proc_load(lab_path(path, l, "node%u/%s.pid", i, runs), &main) < 0 ||
	    !lab_proc_alive(&main))
		main.pid = 0;
	(void)snprintf(addr, sizeof(addr), "10.77.%u.%u", l->net, i);
	if (main.pid)
		(void)snprintf(pid, sizeof(pid), "%d", main.pid);
	if (!json) {
		(void)printf("  node%-5u %-15s %-5s %s %s\n", i, addr, state, runs, pid);
		return;
	}
	(void)printf("%s{\"node\":%u,\"address\":\"%s\",\"state\":\"%s\",\"%s\":%s,",
		     i > 1 ? "," : "", i, addr, state, runs, main.pid ? pid : "null");
	if (fd >= 0)
		(void)printf("\"holder\":%d}", holder.pid);
	else
		(void)printf("\"holder\":null}");
}

static int show_lab(const char *name, void *arg)
{
	CLEANUP(free_ptr) struct lab *l = malloc(sizeof(*l));
	struct show *s = arg;
	struct err e = ERR_INIT;

	if (!l)
		return -ENOMEM;
	if (s->only && strcmp(s->only, name) != 0)
		return 0;
	lab_init(l, name);
	if (lab_load(l, &e) < 0) {
		if (!s->json)
			lab_say("lab '%s' is half made or half gone (moslab down --name %s)", name,
				name);
		return 0;
	}
	if (s->json)
		(void)printf("%s{\"name\":\"%s\",\"network\":\"10.77.%u.0/24\",\"nodes\":[",
			     s->n ? "," : "", l->name, l->net);
	else
		(void)printf("%s: %u node%s, 10.77.%u.0/24\n", l->name, l->nodes,
			     l->nodes > 1 ? "s" : "", l->net);
	s->n++;
	for (unsigned i = 1; i <= l->nodes; i++)
		show_node(l, i, s->json);
	if (s->json)
		(void)printf("]}");
	return 0;
}

int cmd_status(const char *name, bool json)
{
	struct show s = { .json = json, .only = name };
	int r;

	if (json)
		(void)printf("{\"labs\":[");
	r = lab_each(show_lab, &s);
	if (json)
		(void)printf("]}\n");
	if (r < 0)
		lab_say(LAB_ROOT ": %s", strerror(-r));
	else if (!s.n && name)
		lab_say("no lab named '%s' is up", name);
	else if (!s.n && !json)
		(void)printf("no lab is up\n");
	return r < 0 || (name && !s.n) ? LAB_FAILED : LAB_OK;
}

struct tail {
	FILE *f;
	char name[16];
};

/* Prints the whole lines that have come; a part of one waits for its end unless @last. */
static void tail_print(struct tail *t, bool prefix, bool last)
{
	CLEANUP(free_ptr) char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	clearerr(t->f);
	for (;;) {
		long at = ftell(t->f);

		n = getline(&line, &cap, t->f);
		if (n <= 0)
			break;
		if (line[n - 1] != '\n' && !last) {
			(void)fseek(t->f, at, SEEK_SET);
			break;
		}
		if (prefix)
			(void)printf("%s | ", t->name);
		(void)printf("%s%s", line, line[n - 1] == '\n' ? "" : "\n");
	}
	(void)fflush(stdout);
}

int cmd_logs(struct lab *l, unsigned node, bool follow)
{
	CLEANUP(free_ptr) struct tail *tails = calloc(LAB_NODES + 1, sizeof(*tails));
	CLEANUP(close_fd) int watch = inotify_init1(IN_CLOEXEC);
	char path[LAB_PATH], events[4096];
	struct err e = ERR_INIT;
	unsigned n = 0;
	int r = lab_load(l, &e);

	if (r < 0 || !tails || watch < 0 || node > l->nodes) {
		lab_say("%s", r < 0 ? err_str(&e, r) : "no such node");
		return LAB_FAILED;
	}
	for (unsigned i = node ? node : LAB_SWITCH; i <= (node ? node : l->nodes); i++) {
		(void)lab_path(path, l, "%s/log", lab_node_str(tails[n].name, i));
		/* the watch first, or a line between reading and watching would wait */
		(void)inotify_add_watch(watch, path, IN_MODIFY | IN_ATTRIB);
		tails[n].f = fopen(path, "re");
		if (tails[n].f)
			tail_print(&tails[n++], !node, !follow);
	}
	/* unlinking a log is IN_ATTRIB: the lab is gone then */
	while (follow && !lab_stop && !ferror(stdout) && read(watch, events, sizeof(events)) > 0) {
		for (unsigned i = 0; i < n; i++)
			tail_print(&tails[i], !node, false);
		if (lab_load(l, NULL) == -ENOENT)
			break;
	}
	for (unsigned i = 0; i < n; i++)
		(void)fclose(tails[i].f);
	return LAB_OK;
}
