/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this node was told: configuration, map, key, and which of the map's nodes it is. */
#ifndef MOS_NODE_SITE_H
#define MOS_NODE_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Stands in for cluster/conf.h until that is there. */
struct site_conf {
	unsigned port, guests_max;
	bool block;
	char key_path[256], map_path[256], export_privileged[256];
};

struct site_range {
	uint32_t first, n;
	uint8_t family, addr[16]; /* of the first, counted up for the others */
};

struct site {
	struct site_conf conf;
	struct site_range *range;
	unsigned n_ranges;
	char map_path[256]; /* empty without a map */
	uint32_t me;        /* this node's number; 1 when it is alone */
	bool networked;     /* has a map that names it, and a key */
	char alone_why[ERR_MSG_MAX]; /* why not networked; empty if it is */
};

/* Reads all of it. A missing map or key is no error (alone_why tells), a wrong one is.
 * Return: 0 or -errno; site_finish is due in both cases. */
int site_load(struct site *s, const char *conf_path, struct err *e);
void site_finish(struct site *s);
bool site_has_node(const struct site *s, uint32_t node);
/* The address of another node. Return: 0, -ENOENT (the message says which nodes exist). */
int site_node_addr(const struct site *s, uint32_t node, char *to, size_t size, struct err *e);
/* Whether privileged processes may go to @node. */
bool site_exports_privileged(const struct site *s, uint32_t node);
/* "1-3, 7" */
void site_nodes_text(const struct site *s, char *to, size_t size);
/* [{"node":1,"addr":"10.0.0.1","me":true},...] */
json_t *site_nodes_json(const struct site *s);

#endif
