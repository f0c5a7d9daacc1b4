/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that make a machine a member of a cluster by key, for who joins and who leaves: the key, the
 * configuration, the nodes. */
#ifndef MOS_TOOLS_MEMBER_FILES_H
#define MOS_TOOLS_MEMBER_FILES_H

#include <stdbool.h>

#include "base/err.h"
#include "cluster/conf.h"
#include "wire/join.h"

struct member_files {
	struct conf conf;
	char *text; /* of the configuration; empty when there is none */
	bool key;   /* there is one where conf says */
};

/* A line of the configuration. */
struct conf_change {
	const char *key, *value; /* NULL: without a line of that key */
	bool stays;		 /* whatever the file says */
};

/* What is to be written. Of text that is NULL nothing is. */
struct member_plan {
	const struct key_ring *keys; /* where there is a key, that one stays */
	const char *nodes;	     /* whom mosd is to know at first */
	const char *map_path, *map;
	const struct conf_change *changes;
	unsigned n;
};

/* Looks. Return: 0, or -errno when the configuration is wrong; member_files_finish is due in both cases. */
int member_files_look(struct member_files *f, struct err *e);
void member_files_finish(struct member_files *f);
/* Writes all of @p or, if anything fails, nothing; signals that would end us wait meanwhile. The configuration
 * comes last: before that, nothing that runs here sees a difference. Return: 0 or -errno. */
int member_files_write(const struct member_files *f, const struct member_plan *p, struct err *e);
/* Writes what @g says, so that this machine is that node (0: it claims a number); @own is its address, NULL: that
 * is found; @discover: of the configuration, or NULL. Return: 0 or -errno. */
int member_files_by_key(const struct member_files *f, const struct join_given *g, const char *own,
			const char *discover, struct err *e);
/* This machine is a node of the map, with these keys; @map is the text to be written to @path, or NULL. Return: 0
 * or -errno. */
int member_files_by_map(const struct member_files *f, const struct key_ring *keys, const char *path,
			const char *map, uint16_t port, struct err *e);
/* Takes it all back; what was there before joining stays. Return: 0 or -errno. */
int member_files_remove(const struct member_files *f, struct err *e);

#endif
