/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_check.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "node/site/addresses.h"
#include "node/preamble.h"
#include "tools/client.h"
#include "tools/setup_machine.h"
#include "tools/setup_plan.h"
#include "wire/key.h"

#define NODES_MAX 1024U /* in an answer; each is compared with those before it */
#define HOST_MAX 255U /* of a name with its domain */
#define NODE_LINE 64U /* number, address, count */

int check_way(const char *answer, void *ctx, struct err *e)
{
	for (unsigned i = 0; i < SETUP_WAY_COUNT_; i++)
		if (!strcmp(answer, setup_ways[i]))
			return 0;
	return err_set(e, -EINVAL, "new, token, key or map");
}

int check_number(const char *answer, void *ctx, struct err *e)
{
	long v;

	return tool_number(answer, 1, 65535, &v) == 0 ? 0 : err_set(e, -EINVAL, "a number from 1 to 65535");
}

int check_port(const char *answer, void *ctx, struct err *e)
{
	long v;

	return tool_number(answer, 1, 65535, &v) == 0
		       ? 0
		       : err_set(e, -EINVAL, "a port is a number from 1 to 65535, usually %u", UMOSIX_PORT);
}

int check_host(const char *answer, void *ctx, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int r;

	if (strlen(answer) > HOST_MAX)
		return err_set(e, -EINVAL, "that is too long");
	r = getaddrinfo(answer, NULL, &hints, &list);
	if (r)
		return err_set(e, -EINVAL, "that is no host: %s", gai_strerror(r));
	freeaddrinfo(list);
	return 0;
}

int check_address(const char *answer, void *ctx, struct err *e)
{
	struct node_addr a;

	return machine_addr(answer, &a, e);
}

int check_token(const char *answer, void *ctx, struct err *e)
{
	struct token t;

	return token_from_hex(answer, &t) == 0
		       ? 0
		       : err_set(e, -EINVAL, "32 hexadecimal digits, as `mosctl token` printed them");
}

int check_key(const char *answer, void *ctx, struct err *e)
{
	struct key_ring keys;
	int r;

	if (ctx && !strcmp(answer, "new"))
		return 0;
	r = answer[0] == '/' ? key_ring_load(answer, &keys, e)
			     : err_set(e, -EINVAL, "a file name that begins with /%s",
				       ctx ? ", or \"new\"" : "");
	key_ring_wipe(&keys);
	return r < 0 ? -EINVAL : 0;
}

int check_discover(const char *answer, void *ctx, struct err *e)
{
	struct conf_discover d = { .ttl = 1 };

	if (!conf_discover_parse(answer, &d))
		return err_set(e, -EINVAL, "no, yes, or up to 6 network interfaces, like eth0, eth1");
	for (unsigned i = 0; i < d.n; i++) {
		char names[128];

		if (machine_link_fits(d.links[i]))
			continue;
		machine_link_names(names, sizeof(names));
		if (if_nametoindex(d.links[i]))
			return err_set(e, -EINVAL, "no other machine is found by multicast on \"%s\": this machine has %s",
				       d.links[i], names);
		return err_set(e, -EINVAL, "there is no interface \"%s\": this machine has %s", d.links[i], names);
	}
	return 0;
}

static void give(void *ctx, char *map)
{
	char **to = ctx;

	free(*to);
	*to = map;
}

int check_nodes(const char *answer, void *ctx, struct err *e)
{
	CLEANUP(free_ptr) char *text = strdup(answer), *map = malloc(NODES_MAX * NODE_LINE);
	CLEANUP(free_ptr) struct node_addr *seen = calloc(NODES_MAX, sizeof(*seen));
	char *rest = text, *word;
	size_t len = 0, n = 0;
	bool us = false;

	if (!text || !map || !seen)
		return err_set(e, -ENOMEM, "out of memory");
	while ((word = strsep(&rest, " ,"))) {
		if (!*word)
			continue;
		if (n == NODES_MAX)
			return err_set(e, -EINVAL, "too many for an answer: write the map with an editor");
		if (node_addr_parse(word, &seen[n]) < 0)
			return err_set(e, -EINVAL, "\"%.40s\" is no IP address", word);
		for (size_t i = 0; i < n; i++)
			if (!node_addr_cmp(&seen[i], &seen[n]))
				return err_set(e, -EINVAL, "%s stands there twice", word);
		us |= own_addr(&seen[n++]);
		len += (size_t)snprintf(map + len, NODE_LINE, "%zu %s 1\n", n, word);
	}
	if (!us)
		return err_set(e, -EINVAL, "none of these is an address of this machine");
	give(ctx, steal_ptr(&map));
	return 0;
}

int check_map(const char *answer, void *ctx, struct err *e)
{
	char *map = NULL;
	int r = answer[0] == '/' ? machine_read_map(answer, &map, e)
				 : err_set(e, -EINVAL, "a file name that begins with /");

	if (r < 0)
		return -EINVAL;
	give(ctx, map);
	return 0;
}

int check_nodes_or_map(const char *answer, void *ctx, struct err *e)
{
	return (answer[0] == '/' ? check_map : check_nodes)(answer, ctx, e);
}
