/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosd.conf: `key = value` lines. Pure: text in, settings out. */
#ifndef MOS_CLUSTER_CONF_H
#define MOS_CLUSTER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ids.h"
#include "cluster/adopt.h"
#include "cluster/map.h"

#define CONF_PATH_MAX 200U /* longer than a line can be */
#define CONF_IDS_EACH 2U   /* of the reserved ids a guest has two: process 1's, the body's */

#define CONF_KEYS_MAX 24U /* there are fewer */

#define CONF_LINKS_MAX 6U  /* network interfaces, as omdiscd had it */
#define CONF_LINK_NAME 16U /* the kernel's IFNAMSIZ */

/* Where to look for other nodes. */
struct conf_discover {
	bool on;
	uint8_t ttl; /* routers on the way, and one */
	unsigned n;  /* 0: all interfaces that fit */
	char links[CONF_LINKS_MAX][CONF_LINK_NAME];
};

struct conf {
	node_id node; /* own number; NODE_ID_NONE: found by address */
	uint16_t port;
	char key_file[CONF_PATH_MAX];
	char map_file[CONF_PATH_MAX]; /* empty: map_search_paths */
	struct node_addr listen;      /* size 0: all addresses */
	bool by_key;		      /* whoever has the key is a member; else whom the map names */
	struct conf_discover discover;
	struct node_addr address;     /* where others reach this node, by key; size 0: found */
	uint32_t guest_ids_base, guest_ids_count;
	bool block;					  /* refuse guests */
	bool balance; /* move processes by itself: for load and calls ... */
	bool usher;   /* ... and when memory is short */
	struct adopt_rules adopt; /* whose programs move without mosrun */
	char cgroup[CONF_PATH_MAX]; /* which one is this node; "/": the machine; empty: found */
	uint32_t speed;		    /* of one processor; 0: measured */
	uint8_t export_privileged[(NODE_ID_MAX + 1) / 8]; /* a bit for each node */
	unsigned line[CONF_KEYS_MAX]; /* for conf_line */
};

/* What holds when no file says otherwise. */
void conf_init(struct conf *ret);
/* Reads @len bytes of @text on top of the defaults; @name is the file's, for messages.
 * Return: 0, or -EINVAL; @e names the first bad line and what to write instead. */
int conf_parse(const char *text, size_t len, const char *name, struct conf *ret, struct err *e);
/* "no", "yes" or names of interfaces; the TTL stays. Return: false if it is none of these. */
bool conf_discover_parse(const char *text, struct conf_discover *ret);
/* The line in which @key stands (the last one, of those that may stand there more than once); 0: in none. */
unsigned conf_line(const struct conf *c, const char *key);
bool conf_exports_privileged(const struct conf *c, node_id to);

#endif
