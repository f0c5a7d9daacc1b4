/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this node was told: configuration, map, key, and which of the map's nodes it is. */
#ifndef MOS_NODE_SITE_SITE_H
#define MOS_NODE_SITE_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cluster/conf.h"
#include "cluster/map.h"
#include "cluster/roster.h"

#define SITE_NODES_SHOWN 1024U

struct site {
	struct conf conf;
	struct map *map;     /* NULL without one */
	char map_path[256];  /* empty without a map */
	struct roster *roster; /* all nodes, ours too; grows where members are who has the key */
	uint32_t me;	     /* this node's number; 1 when it is alone */
	struct node_addr addr; /* by key: where the others reach us; size 0: nowhere yet */
	bool has_key, unnumbered; /* by key: nobody gave us a number, nor did we claim one */
	struct conf_discover discover; /* by key: as omdiscd or the configuration says */
	bool networked;	     /* has a number and an address that others know, and a key */
	char alone_why[400]; /* why not networked; empty if it is */
};

/* Reads all of it; @conf_path is NULL for the usual place, which may be missing. A missing map or
 * key is no error (alone_why tells), a wrong one is.
 * Return: 0 or -errno; site_finish is due in both cases. */
int site_load(struct site *s, const char *conf_path, struct err *e);
void site_finish(struct site *s);
bool site_has_node(const struct site *s, uint32_t node);
/* The address of another node. Return: 0, -ENOENT (the message says which nodes exist). */
int site_node_addr(const struct site *s, uint32_t node, char to[static NODE_ADDR_TEXT],
		   struct err *e);
/* Whether privileged processes may go to @node. */
bool site_exports_privileged(const struct site *s, uint32_t node);
/* "1-3, 7", cut with "..." */
void site_nodes_text(const struct site *s, char *to, size_t size);
/* [{"node":1,"addr":"10.0.0.1","me":true},...], at most SITE_NODES_SHOWN of them */
json_t *site_nodes_json(const struct site *s);

#endif
