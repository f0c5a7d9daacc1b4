/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of the cluster as mosd tells them to the tools. */
#ifndef MOS_TOOLS_NODES_H
#define MOS_TOOLS_NODES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tools/client.h"

enum node_state {
	NODE_UNKNOWN, /* nothing heard yet */
	NODE_ALIVE,
	NODE_SUSPECT, /* silent for a moment: it counts as up */
	NODE_DEAD,
	NODE_LEFT,
	NODE_STATE_COUNT_
};

const char *node_state_str(enum node_state s);

enum node_lever { /* a set bit each */
	NODE_STAY = 1,
	NODE_LSTAY = 2,
	NODE_BLOCK = 4,
	NODE_QUIET = 8,
	NODE_EXPEL = 16,
	NODE_PRESSED = 32,
};

#define NODE_NOT_TOLD (-1) /* any of the figures below, of a node that is quiet or was not heard yet */

struct node_row {
	uint32_t node;
	char addr[64];
	bool me;
	enum node_state state;
	int64_t age_ms;			      /* of what follows */
	int64_t speed;			      /* 10000: the reference */
	int64_t cpus, runnable;		      /* thousandths */
	int64_t load;			      /* 100: one busy process for each standard processor */
	int64_t util;			      /* thousandths */
	int64_t mem_total, mem_free, mem_raw; /* KiB */
	unsigned flags;			      /* enum node_lever */
	int64_t guests, guests_max, away, rtt_us; /* rtt_us is measured here, if at all */
};

struct node_list {
	struct node_row *rows; /* by number, each number once */
	size_t n;
	uint32_t me;
};

/* Reads one object. What no node can have said becomes 0. Return: 0, or -EPROTO without a number. */
int node_row_read(const json_t *o, struct node_row *ret);
/* Reads and sorts an array of objects; bad ones are left out. Return: 0 or -ENOMEM. */
int node_list_read(const json_t *array, uint32_t me, struct node_list *ret);
void node_list_finish(struct node_list *l);
/* NULL without such a node. */
const struct node_row *node_list_find(const struct node_list *l, uint32_t node);
/* By an address, in any form of writing, or a host's name; also of a host with several addresses. Return: NULL
 * without such a node; then @ret_why is why @host has no address, NULL if it has one. */
const struct node_row *node_list_host(const struct node_list *l, const char *host, const char **ret_why);
/* Alive as far as is known. */
bool node_up(const struct node_row *r);
/* "stay, block"; empty without flags. */
const char *node_flags_text(unsigned flags, const char *between, char *to, size_t size);

/* Asks mosd; *ret_last gets the last object, whose "ok" the caller looks at. The objects themselves
 * are in *ret_array. Return: 0 or -errno. */
int nodes_ask(struct client *c, json_t **ret_array, json_t **ret_last, struct err *e);

#endif
