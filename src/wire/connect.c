/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how to reach a node by TCP, and what to tell a person when that fails. */
#include "wire/channel.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"

static int explain(struct err *e, int code, const char *addr, uint16_t port)
{
	switch (code) {
	case -ECONNREFUSED:
		return err_set(e, code,
			       "no mosd listens at %s port %u: is it running, does a firewall "
			       "block the port?",
			       addr, port);
	case -ETIMEDOUT:
		return err_set(e, code,
			       "%s port %u does not answer: is the machine up, does a firewall "
			       "drop the packets?",
			       addr, port);
	case -EHOSTUNREACH:
	case -ENETUNREACH:
		return err_set(e, code,
			       "no way to %s: is the address right, is the network up?",
			       addr);
	default:
		return err_set(e, code, "cannot connect to %s port %u: %s", addr, port,
			       strerror(-code));
	}
}

static int wait_connected(int fd, int timeout_ms)
{
	nsec_t end = mono_now() + timeout_ms * NSEC_PER_MSEC;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int left = timeout_ms, r, soerr = 0;
	socklen_t n = sizeof(soerr);

	while ((r = poll(&p, 1, left)) < 0) {
		if (errno != EINTR)
			return -errno;
		if (timeout_ms >= 0)
			left = (int)MAX((end - mono_now()) / NSEC_PER_MSEC, 0);
	}
	if (!r)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &soerr, &n) < 0)
		return -errno;
	return -soerr;
}

int channel_connect(const char *addr, uint16_t port, int timeout_ms, struct err *e)
{
	/* numbers only: names were looked up when the map was read, and DNS may hang */
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV },
			*ai = NULL;
	CLEANUP(close_fd) int fd = -1;
	char service[8];
	int r;

	(void)snprintf(service, sizeof(service), "%u", port);
	r = getaddrinfo(addr, service, &hints, &ai);
	if (r)
		return err_set(e, -EINVAL, "\"%s\" is not an IP address: %s", addr,
			       gai_strerror(r));
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS &&
		       errno != EINTR))
		r = -errno;
	freeaddrinfo(ai);
	if (!r)
		r = wait_connected(fd, timeout_ms);
	if (!r) {
		int on = 0;

		if (ioctl(fd, FIONBIO, &on) < 0)
			r = -errno;
	}
	if (r < 0)
		return explain(e, r, addr, port);
	return steal_fd(&fd);
}
