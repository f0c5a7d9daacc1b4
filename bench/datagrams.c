/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wakes, sends and answers as an idle mosd does and does nothing else: what the kernel takes for that, and no
 * mosd can cost less.
 *   bench-datagrams PORT PERIOD [ADDRESS...]: says its pid; each PERIOD ms asks one of the others, all in turn; what
 * others ask it answers; once a second it is woken for nothing. Ends at the end of its input. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "bench.h"

#define SIZE   284 /* what mosd sends among three nodes, sealed */
#define SECOND 1000000000LL
#define MSEC   1000000LL

static struct sockaddr_in address(const char *text, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (text && inet_aton(text, &a.sin_addr) != 1) {
		(void)fprintf(stderr, "%s is no address\n", text);
		exit(2);
	}
	return a;
}

/* Question or answer, by its first byte. */
static void tell(int fd, char what, const struct sockaddr_in *to)
{
	char bytes[SIZE] = { what };

	(void)sendto(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (const struct sockaddr *)to, sizeof(*to));
}

static void answer(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char bytes[SIZE];

	if (recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &len) == SIZE &&
	    bytes[0] == '?')
		tell(fd, '!', &from);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), turn = 3;
	int port = argc < 3 ? 0 : (int)strtol(argv[1], NULL, 10);
	struct sockaddr_in self;
	int64_t second = bench_now(CLOCK_MONOTONIC), ask = second;
	int64_t period = argc < 3 ? 0 : strtol(argv[2], NULL, 10) * MSEC;
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

	if (port <= 0 || period <= 0) {
		(void)fprintf(stderr, "usage: %s PORT PERIOD [ADDRESS...]\n", argv[0]);
		return 2;
	}
	self = address(NULL, port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		bench_die("bind");
	(void)printf("%d\n", (int)getpid());
	(void)fflush(stdout);
	for (;;) {
		int64_t now = bench_now(CLOCK_MONOTONIC), next = argc > 3 && ask < second ? ask : second;

		if (poll(p, 2, next > now ? (int)((next - now + MSEC - 1) / MSEC) : 0) < 0)
			bench_die("poll");
		if (p[1].revents)
			return 0;
		if (p[0].revents)
			answer(fd);
		now = bench_now(CLOCK_MONOTONIC);
		if (now >= second)
			second += SECOND;
		if (argc > 3 && now >= ask) {
			struct sockaddr_in to = address(argv[turn], port);

			ask += period;
			turn = turn + 1 < argc ? turn + 1 : 3;
			tell(fd, '?', &to);
		}
	}
}
