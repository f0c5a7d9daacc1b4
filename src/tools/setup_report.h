/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mosctl setup` found right and what it made, for people and for programs. */
#ifndef MOS_TOOLS_SETUP_REPORT_H
#define MOS_TOOLS_SETUP_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "cluster/conf.h"

/* A file as it was at some moment. */
struct seen {
	char path[CONF_PATH_MAX]; /* empty: none of this kind is used */
	struct stat st;		  /* st_mode 0: not there */
};

enum setup_file { SETUP_FILE_CONF, SETUP_FILE_KEY, SETUP_FILE_MAP, SETUP_FILE_COUNT_ };

struct setup_files {
	struct seen file[SETUP_FILE_COUNT_];
};

/* The files of a node that is configured so. */
void setup_files_look(struct setup_files *f, const struct conf *c);
/* Says of each whether it was written since @before, also in @o. Return: whether any was. */
bool setup_files_tell(const struct setup_files *before, const struct setup_files *now, json_t *o);
/* When the last of them was written, in seconds since 1970. */
double setup_files_newest(const struct setup_files *f);
/* Which ports have to be open, also in @o. Opens none. */
void setup_ports_tell(const struct conf *c, json_t *o);

#endif
