/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A channel between two who keep to the rules: frames, limits of time and size, a peer that does
 * not read. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "peer.h"

/* -- frames of all sizes ------------------------------------------------------------------- */

static const size_t sizes[] = { 0, 1, 100, 16367, 16368, 16369, 16384, 262144, FRAME_MAX };

static void echo(int fd)
{
	struct channel *c = peer_server(fd);
	struct frame f;
	int r;

	while ((r = channel_recv(c, WAIT, &f)) == 1) {
		/* in pieces, to see that they are put together */
		size_t a = f.len / 3, b = f.len / 2;
		struct iovec io[4] = { { (void *)(uintptr_t)f.data, a },
				       { NULL, 0 },
				       { (void *)(uintptr_t)(f.data + a), b - a },
				       { (void *)(uintptr_t)(f.data + b), f.len - b } };

		PEER(channel_send(c, f.type, f.id, io, 4) == 0);
	}
	PEER(r == -ECONNRESET);
	channel_close(c);
}

static void all_sizes(void **state)
{
	uint8_t *p = malloc(FRAME_MAX);
	struct channel *c = peer_client(echo);
	uint64_t before = channel_bytes_sent(c);
	struct frame f;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct iovec io = { p, sizes[i] };

		peer_fill(p, sizes[i], i);
		assert_int_equal(channel_send(c, (uint16_t)(i + 7), 1ULL << 63 | i, &io, 1), 0);
		/* -1, 0 after poll, and a limit are three different paths */
		if (i % 3 == 1) {
			struct pollfd pf = { .fd = channel_fd(c), .events = POLLIN };
			int r;

			while ((r = channel_recv(c, 0, &f)) == 0) {
				assert_false(channel_buffered(c));
				assert_int_equal(poll(&pf, 1, WAIT), 1);
			}
			assert_int_equal(r, 1);
		} else {
			assert_int_equal(channel_recv(c, i % 3 ? WAIT : -1, &f), 1);
		}
		assert_int_equal(f.type, i + 7);
		assert_true(f.id == (1ULL << 63 | i));
		assert_int_equal(f.len, sizes[i]);
		assert_memory_equal(f.data, p, sizes[i]);
		assert_false(channel_buffered(c));
	}
	assert_true(channel_bytes_sent(c) > before + FRAME_MAX);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
	free(p);
}

/* -- many frames in one recv: none may be forgotten inside --------------------------------- */

static void burst(int fd)
{
	struct channel *c = peer_server(fd);
	struct frame f;

	for (uint64_t i = 0; i < 1000; i++) {
		struct iovec io = { &i, sizeof(i) };

		PEER(channel_send(c, 1, i, &io, 1) == 0);
	}
	PEER(channel_recv(c, WAIT, &f) == 1);
	channel_close(c);
}

static void buffered_frames(void **state)
{
	struct channel *c = peer_client(burst);
	struct pollfd pf = { .fd = channel_fd(c), .events = POLLIN };
	struct frame f;
	uint64_t next = 0;

	while (next < 1000) {
		int r;

		if (!channel_buffered(c))
			assert_int_equal(poll(&pf, 1, WAIT), 1);
		r = channel_recv(c, 0, &f);
		assert_true(r >= 0);
		if (r)
			assert_true(f.id == next++);
	}
	assert_int_equal(channel_send(c, 1, 0, NULL, 0), 0);
	assert_int_equal(channel_recv(c, WAIT, &f), -ECONNRESET);
	assert_int_equal(channel_recv(c, WAIT, &f), -ECONNRESET);
	assert_int_equal(channel_send(c, 1, 0, NULL, 0), -ECONNRESET);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void times_out(void **state)
{
	struct channel *c = peer_client(echo);
	nsec_t t = mono_now();
	struct frame f;

	assert_int_equal(channel_recv(c, 0, &f), 0);
	assert_true(mono_now() - t < 40 * NSEC_PER_MSEC);
	assert_int_equal(channel_recv(c, 50, &f), 0);
	assert_true(mono_now() - t >= 50 * NSEC_PER_MSEC);
	assert_int_equal(channel_send(c, 1, 2, NULL, 0), 0); /* still good */
	assert_int_equal(channel_recv(c, WAIT, &f), 1);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void soon(void **state)
{
	struct channel *c = peer_client(echo);
	struct frame f;
	int r;

	assert_int_equal(channel_recv_soon(c, &f), 0);
	assert_int_equal(channel_send(c, 1, 2, NULL, 0), 0);
	while ((r = channel_recv_soon(c, &f)) == 0)
		;
	assert_int_equal(r, 1);
	assert_int_equal(f.id, 2);
	assert_int_equal(channel_send(c, 1, 3, NULL, 0), 0); /* without limit it still waits for ever */
	assert_int_equal(channel_recv(c, -1, &f), 1);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void too_long_to_send(void **state)
{
	uint8_t *p = calloc(1, FRAME_MAX + 1);
	struct iovec io[2] = { { p, FRAME_MAX + 1 } };
	struct channel *c = peer_client(echo);
	struct frame f;

	assert_int_equal(channel_send(c, 1, 1, io, 1), -EMSGSIZE);
	io[0].iov_len = 1;
	io[1] = (struct iovec){ p, SIZE_MAX };
	assert_int_equal(channel_send(c, 1, 1, io, 2), -EMSGSIZE);
	assert_int_equal(channel_send(c, 1, 1, io, 1), 0);
	assert_int_equal(channel_recv(c, WAIT, &f), 1);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
	free(p);
}

/* -- nobody reads -------------------------------------------------------------------------- */

static void never_reads(int fd)
{
	struct channel *c = peer_server(fd);

	pause(); /* killed */
	channel_close(c);
}

static void send_until_error(int user_timeout_ms, int least_s, int most_s)
{
	uint8_t *p = calloc(1, FRAME_MAX);
	struct iovec io = { p, FRAME_MAX };
	struct channel *c = peer_client(never_reads);
	nsec_t t = mono_now();
	int r;

	if (user_timeout_ms >= 0)
		assert_int_equal(setsockopt(channel_fd(c), IPPROTO_TCP, TCP_USER_TIMEOUT,
					    &user_timeout_ms, sizeof(user_timeout_ms)),
				 0);
	while ((r = channel_send(c, 1, 1, &io, 1)) == 0)
		t = mono_now();
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(mono_now() - t > least_s * NSEC_PER_SEC);
	assert_true(mono_now() - t < most_s * NSEC_PER_SEC);
	peer_kill();
	channel_close(c);
	free(p);
}

/* A window that stays closed counts for TCP_USER_TIMEOUT, even if the peer's kernel answers. */
static void kernel_gives_up(void **state)
{
	send_until_error(-1, 4, 10);
}

static void we_give_up(void **state)
{
	send_until_error(0, 9, 14);
}

static void no_sigpipe(void **state)
{
	uint8_t *p = calloc(1, FRAME_MAX);
	struct iovec io = { p, FRAME_MAX };
	struct channel *c = peer_client(never_reads);
	int r = 0;

	(void)signal(SIGPIPE, SIG_DFL);
	peer_kill();
	for (int i = 0; i < 3 && !r; i++)
		r = channel_send(c, 1, 1, &io, 1);
	assert_int_equal(r, -ECONNRESET);
	channel_close(c);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sizes),
		cmocka_unit_test(buffered_frames),
		cmocka_unit_test(soon), cmocka_unit_test(times_out),
		cmocka_unit_test(too_long_to_send),
		cmocka_unit_test(kernel_gives_up),
		cmocka_unit_test(we_give_up),
		cmocka_unit_test(no_sigpipe),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
