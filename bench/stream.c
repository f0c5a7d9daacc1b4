/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The references: the same bytes over plain TCP, and over the sealed channel with nothing around it.
 *   stream tcp|sealed serve ADDR PORT
 *   stream tcp|sealed ADDR PORT      obeys "rtt N" (100 bytes there and back), "bulk KIB" (one way) */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bench.h"
#include "wire/channel.h"
#include "wire/limits.h"

#define ECHO_SIZE 100U
#define KEY_FILE  "/etc/umosix/cluster.key"
#define MOST	  20000

enum { ECHO = 1, DATA, LAST };

/* One message: kind, length and bytes; plain, or as a frame of the channel. */
struct stream {
	int fd;
	struct channel *sealed;
};

static uint8_t bytes[PAGES_CHUNK];

static void all(ssize_t (*fn)(int, void *, size_t, int), int fd, void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = fn(fd, (char *)p + done, n - done, 0);

		if (k <= 0)
			exit(k < 0);
		done += (size_t)k;
	}
}

static ssize_t put(int fd, void *p, size_t n, int flags)
{
	return send(fd, p, n, MSG_NOSIGNAL);
}

static void say(struct stream *s, uint32_t kind, size_t n)
{
	struct iovec iov = { bytes, n };
	uint32_t *head = (uint32_t *)(void *)bytes;

	if (s->sealed) {
		if (channel_send(s->sealed, (uint16_t)kind, 0, &iov, 1) < 0)
			exit(1);
		return;
	}
	head[0] = kind; /* in place of the first bytes: one send a message */
	head[1] = (uint32_t)n;
	all(put, s->fd, bytes, n);
}

static uint32_t hear(struct stream *s, size_t *ret_n)
{
	static uint8_t in[PAGES_CHUNK];
	uint32_t head[2];
	struct frame f;

	if (s->sealed) {
		if (channel_recv(s->sealed, -1, &f) <= 0)
			exit(0);
		*ret_n = f.len;
		return f.type;
	}
	all(recv, s->fd, in, ECHO_SIZE);
	memcpy(head, in, sizeof(head));
	*ret_n = head[1];
	if (head[1] > ECHO_SIZE && head[1] <= sizeof(in))
		all(recv, s->fd, in, head[1] - ECHO_SIZE);
	return head[0];
}

static void serve_one(struct stream *s)
{
	for (;;) {
		size_t n;
		uint32_t kind = hear(s, &n);

		if (kind != DATA)
			say(s, kind, ECHO_SIZE);
	}
}

static void make(struct stream *s, int fd, int sealed, enum channel_side side)
{
	struct key_ring keys;
	struct err e = ERR_INIT;
	int one = 1;

	s->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!sealed)
		return;
	if (key_ring_load(KEY_FILE, &keys, &e) < 0 ||
	    channel_open(fd, side, &keys, 5000, &s->sealed, &e) < 0) {
		(void)fprintf(stderr, "stream: %s\n", err_str(&e, 0));
		exit(1);
	}
}

static void serve(const struct sockaddr_in *a, int sealed)
{
	struct stream s = { 0 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 || listen(fd, 1) < 0)
		bench_die("listen");
	(void)printf("{\"listening\":1}\n");
	(void)fflush(stdout);
	make(&s, accept4(fd, NULL, NULL, SOCK_CLOEXEC), sealed, CHANNEL_SERVER);
	serve_one(&s);
}

static void rtt(struct stream *s, long n)
{
	static int64_t took[MOST];

	n = n > MOST ? MOST : n < 1 ? 1 : n;
	for (long i = 0; i < n; i++) {
		int64_t t = bench_now(CLOCK_MONOTONIC);
		size_t got;

		say(s, ECHO, ECHO_SIZE);
		(void)hear(s, &got);
		took[i] = bench_now(CLOCK_MONOTONIC) - t;
	}
	bench_report(took, (size_t)n);
}

static void bulk(struct stream *s, long kib)
{
	int64_t t = bench_now(CLOCK_MONOTONIC);
	size_t left = (size_t)kib << 10, n;

	while (left) {
		n = left < sizeof(bytes) ? left : sizeof(bytes);
		say(s, DATA, n);
		left -= n;
	}
	say(s, LAST, ECHO_SIZE);
	(void)hear(s, &n);
	(void)printf("{\"took\":%lld}\n", (long long)(bench_now(CLOCK_MONOTONIC) - t));
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	int serving = argc == 5 && !strcmp(argv[2], "serve");
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct stream s = { 0 };
	char word[32];
	int64_t took;
	long n;
	int fd, sealed;

	if (argc != 4 && !serving)
		return 2;
	sealed = !strcmp(argv[1], "sealed");
	a.sin_port = htons((uint16_t)strtoul(argv[argc - 1], NULL, 10));
	if (inet_pton(AF_INET, argv[argc - 2], &a.sin_addr) != 1)
		return 2;
	if (serving)
		serve(&a, sealed);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		bench_die("connect");
	took = bench_now(CLOCK_MONOTONIC);
	make(&s, fd, sealed, CHANNEL_CLIENT);
	(void)printf("{\"handshake\":%lld}\n", (long long)(bench_now(CLOCK_MONOTONIC) - took));
	(void)fflush(stdout);
	while (bench_order(word, &n)) {
		if (!strcmp(word, "rtt"))
			rtt(&s, n);
		else
			bulk(&s, n);
	}
	return 0;
}
