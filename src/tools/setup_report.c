/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/peers/multicast.h"
#include "node/paths.h"
#include "tools/setup_machine.h"

static void look(struct seen *s, const char *path)
{
	(void)snprintf(s->path, sizeof(s->path), "%s", path ? path : "");
	if (!path || stat(path, &s->st) < 0)
		s->st = (struct stat){ 0 };
}

void setup_files_look(struct setup_files *f, const struct conf *c)
{
	look(&f->file[SETUP_FILE_CONF], MOS_CONF_PATH);
	look(&f->file[SETUP_FILE_KEY], c->key_file);
	look(&f->file[SETUP_FILE_MAP], c->by_key ? NULL : machine_map(c));
}

/* Where a file is replaced, its number changes. */
static bool same(const struct seen *a, const struct seen *b)
{
	return !strcmp(a->path, b->path) && a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino &&
	       a->st.st_mtim.tv_sec == b->st.st_mtim.tv_sec && a->st.st_mtim.tv_nsec == b->st.st_mtim.tv_nsec;
}

bool setup_files_tell(const struct setup_files *before, const struct setup_files *now, json_t *o)
{
	json_t *list = json_array();
	bool any = false;

	for (unsigned i = 0; i < SETUP_FILE_COUNT_; i++) {
		const struct seen *s = &now->file[i];
		bool written = !same(&before->file[i], s);
		const char *state = written ? "written" : "right";

		if (!s->st.st_mode) /* all is as usual without one */
			continue;
		any |= written;
		(void)printf("%-32s %s\n", s->path, written ? "written" : "right already");
		(void)json_array_append_new(list, json_pack("{ssss}", "path", s->path, "state", state));
	}
	(void)json_object_set_new(o, "files", list);
	return any;
}

double setup_files_newest(const struct setup_files *f)
{
	double newest = 0;

	for (unsigned i = 0; i < SETUP_FILE_COUNT_; i++) {
		const struct timespec *t = &f->file[i].st.st_mtim;
		double when = (double)t->tv_sec + (double)t->tv_nsec / NSEC_PER_SEC;

		newest = MAX(newest, when);
	}
	return newest;
}

void setup_ports_tell(const struct conf *c, json_t *o)
{
	bool discovers = c->by_key && c->discover.on;
	unsigned port = c->port, next = multicast_port(c->port);

	(void)printf("TCP and UDP port %u have to be open on this machine for the other nodes", port);
	if (discovers)
		(void)printf(", and UDP port %u for discovery, by multicast", next);
	(void)puts("; no firewall was changed");
	(void)json_object_set_new(o, "tcp_ports", json_pack("[I]", (json_int_t)port));
	(void)json_object_set_new(o, "udp_ports", json_pack("[I]", (json_int_t)port));
	if (discovers)
		(void)json_array_append_new(json_object_get(o, "udp_ports"), json_integer(next));
}
