/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("fd: a TCP connection and a passed descriptor belong to home's network and files")
GUEST_MAY_GO_HOME("sockets")

static void echo(int listener)
{
	char c[512];
	int fd = G_OK(accept(listener, NULL, NULL));
	ssize_t n;

	while ((n = read(fd, c, sizeof(c))) > 0)
		g_write_all(fd, c, (size_t)n);
	_exit(n == 0 ? 0 : 1);
}

static void send_fd(int via, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u = { 0 };
	struct iovec v = { &(char){ 'f' }, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = u.room,
			    .msg_controllen = sizeof(u.room) };

	u.h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&u.h), &fd, sizeof(fd));
	G_EQ(sendmsg(via, &m, 0), 1);
}

static int receive_fd(int via)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u = { 0 };
	char c = 0;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = u.room,
			    .msg_controllen = sizeof(u.room) };
	int fd = -1;

	G_EQ(recvmsg(via, &m, MSG_CMSG_CLOEXEC), 1);
	G_EQ(c, 'f');
	G_EQ(u.h.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&u.h), sizeof(fd));
	return fd;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in peer;
	socklen_t len = sizeof(at);
	int listener = G_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), pair[2], fd, status;
	char out[400], in[400], text[8] = { 0 };
	long turn = 0;

	G_OK(bind(listener, (struct sockaddr *)&at, len));
	G_OK(listen(listener, 5));
	G_OK(getsockname(listener, (struct sockaddr *)&at, &len));
	if (G_OK(fork()) == 0)
		echo(listener);
	fd = G_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	G_OK(connect(fd, (struct sockaddr *)&at, len));
	G_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	send_fd(pair[0], g_file("passed", "passed", 6)); /* one lies in the socket meanwhile */
	g_ready();
	g_wait();
	for (int i = 0; i < 5; i++) { /* each call of these comes home first */
		g_fill(out, sizeof(out), (uint64_t)turn++);
		G_EQ(send(fd, out, sizeof(out), MSG_NOSIGNAL), sizeof(out));
		G_EQ(recv(fd, in, sizeof(in), MSG_WAITALL), sizeof(in));
		G_MEM(in, out, sizeof(in));
	}
	len = sizeof(peer);
	G_OK(getpeername(fd, (struct sockaddr *)&peer, &len));
	G_EQ(peer.sin_port, at.sin_port);
	status = receive_fd(pair[1]);
	G_EQ(read(status, text, sizeof(text)), 6);
	G_STR(text, "passed");
	send_fd(pair[1], status);
	(void)receive_fd(pair[0]);
	G_OK(close(fd));
	G_OK(wait(&status));
	G_EQ(status, 0);
	return g_pass();
}
