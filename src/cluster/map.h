/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's map in openMosix's format: which node has which address. Pure: text in, table out;
 * host names are looked up by a function of the caller. */
#ifndef MOS_CLUSTER_MAP_H
#define MOS_CLUSTER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ids.h"

#define MAP_TEXT_MAX   (8U * 1024U * 1024U) /* bytes of a map file */
#define MAP_RANGES_MAX 65535U		    /* lines that name nodes, aliases too */
#define NODE_ADDR_TEXT 46U		    /* INET6_ADDRSTRLEN */

/* Where maps are looked for, in this order; NULL at the end. */
extern const char *const map_search_paths[];

/* An IPv4 or IPv6 address, in network order. The port is not its business. */
struct node_addr {
	uint8_t size; /* 4 or 16; 0: none */
	uint8_t bytes[16];
};

/* @count nodes, numbered from @first up, with addresses from @addr up. */
struct map_range {
	node_id first;
	uint32_t count;
	struct node_addr addr;
	bool alias;    /* further addresses of nodes that another range names */
	uint32_t line; /* in the file, for messages */
};

struct map;

/* Finds the address of @name. Return: 0, or -errno (-ENOENT: no such host). */
typedef int (*map_resolve_fn)(void *ctx, const char *name, struct node_addr *ret);

/* Reads @len bytes of @text; @name is the file's, for messages. Without @resolve host names are
 * errors. Return: 0 and a map, or -EINVAL, -E2BIG, -ENOMEM; @e tells line and remedy. */
int map_parse(const char *text, size_t len, const char *name, map_resolve_fn resolve, void *ctx,
	      struct map **ret, struct err *e);
void map_destroy(struct map *m); /* takes NULL */

/* The address that the map names first for @id (not an alias). Return: 0 or -ENOENT. */
int map_find_node(const struct map *m, node_id id, struct node_addr *ret);
/* The node that has @addr, aliases included; IPv4 written as ::ffff:a.b.c.d is IPv4.
 * Return: 0 or -ENOENT. */
int map_find_addr(const struct map *m, const struct node_addr *addr, node_id *ret);
/* How many nodes the map names. */
uint32_t map_count(const struct map *m);
/* The first node with a number above @after; NODE_ID_NONE at the end, and to begin with. */
node_id map_next(const struct map *m, node_id after);
/* The ranges, by first number, aliases after all others. */
const struct map_range *map_ranges(const struct map *m, size_t *n);

/* For a machine none of whose @n addresses is in the map: composes what it has and what to do.
 * Return: -EADDRNOTAVAIL. */
int map_explain_absent(const struct map *m, const char *name, const struct node_addr *own, size_t n,
		       struct err *e);

/* Return: 0, or -EINVAL if @text is no address. */
int node_addr_parse(const char *text, struct node_addr *ret);
const char *node_addr_str(const struct node_addr *a, char to[static NODE_ADDR_TEXT]);
int node_addr_cmp(const struct node_addr *a, const struct node_addr *b); /* IPv4 first */
/* Whether a machine elsewhere can have it: neither unspecified, loopback, link-local nor multicast. */
bool node_addr_reachable(const struct node_addr *a);

#endif
