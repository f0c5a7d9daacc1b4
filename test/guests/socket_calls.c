/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("sockets: connections are made, accepted and used, datagrams sent, options set, wherever it is")

enum { BIG = 3 << 20 };

static struct sockaddr_in server;

static int tcp(void)
{
	return G_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static void receive_all(int fd, char *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = G_OKL(recv(fd, to + at, n - at, 0));

		G_TRUE(k > 0);
		at += (size_t)k;
	}
}

/* Sends back all that each connection brings, until one brings nothing. */
static void echo(int listener)
{
	static char b[70000];

	for (;;) {
		int fd = G_OK(accept(listener, NULL, NULL));
		ssize_t n, all = 0;

		while ((n = read(fd, b, sizeof(b))) > 0) {
			g_write_all(fd, b, (size_t)n);
			all += n;
		}
		G_OK(close(fd));
		if (!all)
			_exit(n == 0 ? 0 : 1);
	}
}

static void a_connection(uint64_t turn)
{
	char out[400], in[400];
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);
	int fd = tcp();

	G_OK(connect(fd, (struct sockaddr *)&server, sizeof(server)));
	G_OK(getpeername(fd, (struct sockaddr *)&at, &len));
	G_EQ(len, sizeof(at));
	G_EQ(at.sin_port, server.sin_port);
	g_fill(out, sizeof(out), turn);
	G_EQ(send(fd, out, sizeof(out), MSG_NOSIGNAL), sizeof(out));
	receive_all(fd, in, sizeof(in));
	G_MEM(in, out, sizeof(in));
	G_OK(shutdown(fd, SHUT_WR));
	G_EQ(recv(fd, in, sizeof(in), 0), 0);
	G_OK(close(fd));
}

/* We are both ends: what connects is in the queue before it is accepted. */
static void an_accept(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from = { 0 };
	socklen_t len = sizeof(at);
	int listener = tcp(), fd = tcp(), got;
	char c = 0;

	G_OK(bind(listener, (struct sockaddr *)&at, sizeof(at)));
	G_OK(listen(listener, 5));
	G_OK(getsockname(listener, (struct sockaddr *)&at, &len));
	G_OK(connect(fd, (struct sockaddr *)&at, len));
	got = G_OK(accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC));
	G_EQ(len, sizeof(from));
	G_EQ(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	G_EQ(from.sin_port, at.sin_port);
	G_EQ(send(got, "x", 1, 0), 1);
	G_EQ(recv(fd, &c, 1, MSG_PEEK), 1);
	G_EQ(c, 'x');
	G_EQ(recv(fd, &c, 1, MSG_DONTWAIT), 1);
	G_EQ(recv(fd, &c, 1, MSG_DONTWAIT), -1);
	G_EQ(errno, EAGAIN);
	G_OK(close(got));
	G_OK(close(fd));
	G_OK(close(listener));
}

/* A name with less room than it takes is cut, and its whole length told. */
static void datagrams(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "datagrams" }, from;
	int in = G_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), out = G_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un mine = { .sun_family = AF_UNIX, .sun_path = "sender" };
	socklen_t len = 5;
	char b[10] = "", all[64];

	(void)unlink("datagrams");
	(void)unlink("sender");
	G_OK(bind(in, (struct sockaddr *)&a, sizeof(a)));
	G_OK(bind(out, (struct sockaddr *)&mine, offsetof(struct sockaddr_un, sun_path) + sizeof("sender")));
	G_EQ(sendto(out, "twenty bytes of text", 20, 0, (struct sockaddr *)&a, sizeof(a)), 20);
	G_EQ(sendto(out, "", 0, 0, (struct sockaddr *)&a, sizeof(a)), 0);
	memset(&from, 'z', sizeof(from));
	G_EQ(recvfrom(in, b, sizeof(b), MSG_TRUNC, (struct sockaddr *)&from, &len), 20);
	G_MEM(b, "twenty byt", 10);
	G_EQ(len, offsetof(struct sockaddr_un, sun_path) + sizeof("sender"));
	G_MEM(from.sun_path, "senzzz", 6);
	G_EQ(recv(in, all, sizeof(all), 0), 0);
	len = (socklen_t)-1;
	G_EQ(getsockname(in, (struct sockaddr *)&from, &len), -1);
	G_EQ(errno, EINVAL);
	G_OK(close(in));
	G_OK(close(out));
}

static void options(void)
{
	struct linger l = { .l_onoff = 1, .l_linger = 7 }, got = { 0 };
	struct timeval wait = { .tv_usec = 20000 };
	int fd = tcp(), one = 1, pair[2];
	socklen_t len = sizeof(got);
	char c;

	G_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	G_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len));
	G_EQ(got.l_linger, 7);
	G_OK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	one = 0;
	len = 2; /* half an int, and no more than that is written */
	G_OK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &len));
	G_EQ(one, 1);
	G_EQ(len, 2);
	G_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 3), -1);
	G_EQ(errno, EINVAL);
	len = sizeof(one);
	G_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &one, &len));
	G_EQ(one, 0);
	G_OK(close(fd));

	G_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	G_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)));
	G_EQ(recv(pair[0], &c, 1, 0), -1);
	G_EQ(errno, EAGAIN);
	G_OK(close(pair[0]));
	G_OK(close(pair[1]));
}

static void much(char *out, char *in)
{
	int fd = tcp(), status;

	G_OK(connect(fd, (struct sockaddr *)&server, sizeof(server)));
	if (G_OK(fork()) == 0) {
		receive_all(fd, in, BIG);
		_exit(memcmp(in, out, BIG) != 0);
	}
	G_EQ(send(fd, out, BIG, 0), BIG);
	G_OK(wait(&status));
	G_EQ(status, 0);
	G_OK(close(fd));
}

int main(void)
{
	socklen_t len = sizeof(server);
	char *out = G_PTR(malloc(BIG)), *in = G_PTR(malloc(BIG));
	int listener = tcp(), last, status;
	uint64_t turn = 0;

	server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	G_OK(bind(listener, (struct sockaddr *)&server, sizeof(server)));
	G_OK(listen(listener, 50));
	G_OK(getsockname(listener, (struct sockaddr *)&server, &len));
	if (G_OK(fork()) == 0)
		echo(listener);
	g_fill(out, BIG, 3);
	much(out, in);
	g_ready();
	while (g_waiting()) {
		a_connection(turn++);
		an_accept();
		datagrams();
		options();
	}
	last = tcp();
	G_OK(connect(last, (struct sockaddr *)&server, sizeof(server)));
	G_OK(close(last));
	G_OK(wait(&status));
	G_EQ(status, 0);
	return g_pass();
}
