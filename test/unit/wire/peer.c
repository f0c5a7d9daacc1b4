/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/err.h"

const struct key_ring key_a = { .key = { { { 1 } } }, .n = 1 };

static pid_t peer;

int peer_start(peer_fn fn)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd, other;
	struct err e;

	assert_int_equal(bind(l, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
	fd = channel_connect("127.0.0.1", ntohs(a.sin_port), WAIT, &e);
	assert_true(fd >= 0);
	other = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	assert_true(other >= 0);
	close(l);
	peer = fork();
	assert_true(peer >= 0);
	if (!peer) {
		close(fd);
		alarm(60);
		fn(other);
		_exit(0);
	}
	close(other);
	return fd;
}

int peer_status(void)
{
	int st;

	assert_int_equal(waitpid(peer, &st, 0), peer);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
}

void peer_kill(void)
{
	kill(peer, SIGKILL);
	assert_int_equal(peer_status(), 1000 + SIGKILL);
}

struct channel *peer_client(peer_fn fn)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = peer_start(fn);

	if (channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

struct channel *peer_server(int fd)
{
	struct channel *c;

	PEER(channel_open(fd, CHANNEL_SERVER, &key_a, WAIT, &c, NULL) == 0);
	return c;
}

void peer_fill(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)(seed >> 16);
	}
}
