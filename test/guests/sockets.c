/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("sockets: messages, with names and descriptors in them, belong to home's network and files")
GUEST_MAY_GO_HOME("bad-address")

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

/* A datagram with who sent it, in a room that is too small for its bytes, its name and its control data. */
static void names(const int ends[2])
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "messages" }, from;
	char b[4] = "", control[8];
	struct iovec out = { (char[]){ "datagram" }, 8 }, in = { b, sizeof(b) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &out, .msg_iovlen = 1 };

	G_EQ(sendmsg(ends[1], &m, 0), 8);
	memset(&from, 'z', sizeof(from));
	m = (struct msghdr){ .msg_name = &from, .msg_namelen = 4, .msg_iov = &in, .msg_iovlen = 1,
			     .msg_control = control, .msg_controllen = sizeof(control) };
	G_EQ(recvmsg(ends[0], &m, 0), 4);
	G_MEM(b, "data", 4);
	G_EQ(m.msg_namelen, offsetof(struct sockaddr_un, sun_path) + sizeof("writer"));
	G_MEM(from.sun_path, "wrzz", 4);
	G_EQ(m.msg_flags, MSG_TRUNC | MSG_CTRUNC);
	G_EQ(m.msg_controllen, 0);
	G_EQ(recvmsg(ends[0], &m, MSG_DONTWAIT), -1);
	G_EQ(errno, EAGAIN);
}

static void parts_too_many(int fd)
{
	struct msghdr m = { .msg_iov = &(struct iovec){ 0 }, .msg_iovlen = 1025 };

	G_EQ(sendmsg(fd, &m, 0), -1);
	G_EQ(errno, EMSGSIZE);
}

/* Bound to names in the working directory; the first is told who sends. */
static void two_ends(int ends[2])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "messages" };
	int one = 1;

	for (int i = 0; i < 2; i++) {
		ends[i] = G_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		G_OK(bind(ends[i], (struct sockaddr *)&a,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(a.sun_path) + 1)));
		memcpy(a.sun_path, "writer\0\0", 9);
	}
	G_OK(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in peer;
	socklen_t len = sizeof(at);
	int listener = G_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), pair[2], fd, status;
	int both_ways[2];
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
	two_ends(both_ways);
	g_ready();
	while (g_waiting()) {
		for (size_t got = 0; got < sizeof(in);) {
			struct iovec parts[3] = { { in + got, 1 }, { NULL, 0 }, { in + got + 1, sizeof(in) - got - 1 } };
			struct msghdr m = { .msg_iov = parts, .msg_iovlen = 3, .msg_flags = -1 };

			if (!got) {
				struct iovec both[2] = { { out, 100 }, { out + 100, sizeof(out) - 100 } };
				struct msghdr s = { .msg_iov = both, .msg_iovlen = 2 };

				g_fill(out, sizeof(out), (uint64_t)turn++);
				G_EQ(sendmsg(fd, &s, MSG_NOSIGNAL), sizeof(out));
			}
			got += (size_t)G_OKL(recvmsg(fd, &m, 0));
			G_EQ(m.msg_flags, 0);
			G_EQ(m.msg_namelen, 0);
		}
		G_MEM(in, out, sizeof(in));
		status = receive_fd(pair[1]);
		G_EQ(pread(status, text, sizeof(text), 0), 6);
		G_STR(text, "passed");
		send_fd(pair[0], status);
		G_OK(close(status));
		names(both_ways);
	}
	len = sizeof(peer);
	G_OK(getpeername(fd, (struct sockaddr *)&peer, &len));
	G_EQ(peer.sin_port, at.sin_port);
	parts_too_many(pair[0]);
	status = receive_fd(pair[1]);
	G_EQ(read(status, text, sizeof(text)), 6);
	G_OK(close(fd));
	G_OK(wait(&status));
	G_EQ(status, 0);
	return g_pass();
}
