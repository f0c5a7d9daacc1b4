/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_machine.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "node/site/addresses.h"

void machine_links(char *to, size_t size)
{
	struct ifaddrs *list = NULL;
	size_t len = 0;

	to[0] = '\0';
	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		char addr[NODE_ADDR_TEXT];
		struct node_addr a;
		int n;

		if (i->ifa_flags & IFF_LOOPBACK || !(i->ifa_flags & IFF_UP) || !addr_of(i->ifa_addr, &a) ||
		    !node_addr_reachable(&a))
			continue;
		n = snprintf(to + len, size - len, "%s%s %s", len ? ", " : "", i->ifa_name,
			     node_addr_str(&a, addr));
		if (n >= (int)(size - len)) {
			to[len] = '\0';
			break;
		}
		len += (size_t)n;
	}
	freeifaddrs(list);
}

bool machine_link_fits(const char *name)
{
	CLEANUP(close_fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq q = { 0 };

	if (fd < 0 || snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name) >= (int)sizeof(q.ifr_name) ||
	    ioctl(fd, SIOCGIFFLAGS, &q) < 0)
		return false;
	return q.ifr_flags & IFF_MULTICAST && !(q.ifr_flags & IFF_LOOPBACK);
}

void machine_link_names(char *to, size_t size)
{
	struct if_nameindex *list = if_nameindex();
	size_t len = 0;

	(void)snprintf(to, size, "none");
	for (const struct if_nameindex *i = list; i && i->if_index; i++) {
		size_t need = strlen(i->if_name) + (len ? 2 : 0);

		if (!machine_link_fits(i->if_name) || need >= size - len)
			continue;
		len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ", " : "", i->if_name);
	}
	if (list)
		if_freenameindex(list);
}

int machine_addr(const char *text, struct node_addr *ret, struct err *e)
{
	char links[256];

	if (node_addr_parse(text, ret) == 0) {
		if (own_addr(ret) && node_addr_reachable(ret))
			return 0;
		if (own_addr(ret))
			return err_set(e, -EINVAL, "no other machine reaches this one there");
		machine_links(links, sizeof(links));
		return err_set(e, -EINVAL, "this machine has no such address; it has %s", links);
	}
	if (strlen(text) < IF_NAMESIZE && own_addr_of(text, ret) == 0)
		return 0;
	machine_links(links, sizeof(links));
	return err_set(e, -EINVAL, "an IP address in numbers, or an interface that is up: this machine has %s",
		       links);
}

const char *machine_map(const struct conf *c)
{
	if (c->map_file[0])
		return access(c->map_file, F_OK) == 0 ? c->map_file : NULL;
	for (unsigned i = 0; map_search_paths[i]; i++)
		if (access(map_search_paths[i], F_OK) == 0)
			return map_search_paths[i];
	return NULL;
}

const char *machine_out_of_map(const struct conf *c, char *to, size_t size)
{
	(void)snprintf(to, size,
		       "`mosctl drain` empties it; then take it out of the map on every node, and remove %s here",
		       c->key_file);
	return to;
}

static int find_us(const struct map *m, const char *path, struct err *e)
{
	struct node_addr own[OWN_ADDRS_MAX];
	size_t n = own_addrs(own, OWN_ADDRS_MAX);
	node_id id;

	for (size_t i = 0; i < n; i++)
		if (map_find_addr(m, &own[i], &id) == 0)
			return 0;
	return map_explain_absent(m, path, own, n, e);
}

int machine_read_map(const char *path, char **ret, struct err *e)
{
	CLEANUP(free_ptr) char *text = malloc(MAP_TEXT_MAX + 1);
	struct map *m = NULL;
	ssize_t n = text ? io_read_file(path, text, MAP_TEXT_MAX + 1) : -ENOMEM;
	int r;

	if (n < 0)
		return err_set(e, (int)n, "read %s: %s", path, strerror((int)-n));
	r = map_parse(text, (size_t)n, path, addr_resolve, NULL, &m, e);
	if (r == 0)
		r = find_us(m, path, e);
	map_destroy(m);
	if (r == 0)
		*ret = steal_ptr(&text);
	return r;
}

bool machine_map_others(const char *text)
{
	struct map *m = NULL;
	bool others = map_parse(text, strlen(text), "", addr_resolve, NULL, &m, NULL) == 0 && map_count(m) > 1;

	map_destroy(m);
	return others;
}

static bool includes(const struct map *m, const struct map *other)
{
	for (node_id i = map_next(other, NODE_ID_NONE); i.v; i = map_next(other, i)) {
		struct node_addr a, b;

		if (map_find_node(other, i, &a) < 0 || map_find_node(m, i, &b) < 0 || node_addr_cmp(&a, &b) != 0)
			return false;
	}
	return true;
}

bool machine_maps_equal(const char *text, const char *other)
{
	struct map *a = NULL, *b = NULL;
	bool same = map_parse(text, strlen(text), "", addr_resolve, NULL, &a, NULL) == 0 &&
		    map_parse(other, strlen(other), "", addr_resolve, NULL, &b, NULL) == 0 &&
		    map_count(a) == map_count(b) && includes(a, b);

	map_destroy(a);
	map_destroy(b);
	return same;
}
