/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how the kernel is asked for a port. */
#include "node/site/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

static int set_options(int fd, int type, int family)
{
	int one = 1;

	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

static int open_one(int type, int family, uint16_t port, const struct node_addr *only)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr *sa =
		family == AF_INET6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	socklen_t len = family == AF_INET6 ? sizeof(six) : sizeof(four);
	CLEANUP(close_fd) int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (only->size == 16)
		memcpy(&six.sin6_addr, only->bytes, 16);
	else if (only->size == 4)
		memcpy(&four.sin_addr, only->bytes, 4);
	r = set_options(fd, type, family);
	if (r < 0)
		return r;
	if (bind(fd, sa, len) < 0 || (type == SOCK_STREAM && listen(fd, 128) < 0))
		return -errno;
	return steal_fd(&fd);
}

void ports_close(int fd[static PORTS_FAMILIES])
{
	for (unsigned k = 0; k < PORTS_FAMILIES; k++)
		close_fd(&fd[k]);
}

static int explain(int r, int type, uint16_t port, const struct node_addr *only, struct err *e)
{
	char addr[NODE_ADDR_TEXT];

	return err_set(e, r, "%s port %u%s%s: %s", type == SOCK_STREAM ? "listen on TCP" : "open UDP", port,
		       only->size ? " of " : "", only->size ? node_addr_str(only, addr) : "", strerror(-r));
}

int ports_open(int type, uint16_t port, const struct node_addr *only, int fd[static PORTS_FAMILIES], struct err *e)
{
	static const int family[PORTS_FAMILIES] = { AF_INET6, AF_INET };

	fd[0] = fd[1] = -1;
	for (unsigned k = 0; k < PORTS_FAMILIES; k++) {
		int r;

		if (only->size && only->size != (family[k] == AF_INET6 ? 16 : 4))
			continue;
		r = open_one(type, family[k], port, only);
		if (r == -EAFNOSUPPORT || (r == -EADDRNOTAVAIL && !k && !only->size))
			continue; /* a machine without IPv6 */
		if (r < 0) {
			ports_close(fd);
			return explain(r, type, port, only, e);
		}
		fd[k] = r;
	}
	return 0;
}
