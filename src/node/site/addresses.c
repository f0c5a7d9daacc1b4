/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where the kernel and the resolver have addresses. */
#include "node/site/addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool addr_of(const struct sockaddr *sa, struct node_addr *ret)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	*ret = (struct node_addr){ 0 };
	if (sa && sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		ret->size = 4;
		memcpy(ret->bytes, &four.sin_addr, 4);
	} else if (sa && sa->sa_family == AF_INET6) {
		memcpy(&six, sa, sizeof(six));
		if (!memcmp(six.sin6_addr.s6_addr, mapped, sizeof(mapped))) {
			ret->size = 4;
			memcpy(ret->bytes, six.sin6_addr.s6_addr + sizeof(mapped), 4);
		} else {
			ret->size = 16;
			memcpy(ret->bytes, &six.sin6_addr, 16);
		}
	}
	return ret->size;
}

int addr_resolve(void *ctx, const char *name, struct node_addr *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int r = -ENOENT;

	if (getaddrinfo(name, NULL, &hints, &list))
		return -ENOENT;
	for (const struct addrinfo *a = list; a && r < 0; a = a->ai_next)
		if (addr_of(a->ai_addr, ret))
			r = 0;
	freeaddrinfo(list);
	return r;
}

size_t own_addrs(struct node_addr *to, size_t max)
{
	struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i && n < max; i = i->ifa_next)
		if (addr_of(i->ifa_addr, &to[n]))
			n++;
	freeifaddrs(list);
	return n;
}

bool own_addr(const struct node_addr *a)
{
	struct node_addr own[OWN_ADDRS_MAX];
	size_t n = own_addrs(own, OWN_ADDRS_MAX);

	for (size_t i = 0; i < n; i++)
		if (!node_addr_cmp(&own[i], a))
			return true;
	return false;
}

/* @name: NULL for any but loopback. */
static int find_own(const char *name, struct node_addr *ret)
{
	struct ifaddrs *list = NULL;

	*ret = (struct node_addr){ 0 };
	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *i = list; i && ret->size != 4; i = i->ifa_next) {
		struct node_addr a;

		if (name ? strcmp(name, i->ifa_name) != 0 : i->ifa_flags & IFF_LOOPBACK)
			continue;
		if (i->ifa_flags & IFF_UP && addr_of(i->ifa_addr, &a) && node_addr_reachable(&a) &&
		    (!ret->size || a.size == 4))
			*ret = a;
	}
	freeifaddrs(list);
	return ret->size ? 0 : -ENOENT;
}

int own_addr_likely(struct node_addr *ret)
{
	return find_own(NULL, ret);
}

int own_addr_of(const char *name, struct node_addr *ret)
{
	return find_own(name, ret);
}
