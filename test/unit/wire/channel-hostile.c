/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that has the key and breaks the rules, or uses TLS in a way that no node does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/psk.h"
#include "peer.h"

static SSL *raw_server(int fd, struct psk_ring *r)
{
	SSL *s;

	PEER(psk_ring_init(r, &key_a) == 0);
	s = psk_ssl_new(CHANNEL_SERVER, r);
	PEER(s && SSL_set_fd(s, fd) && SSL_accept(s) == 1);
	return s;
}

static void sends_too_long(int fd)
{
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);
	const struct frame_header h = { .len = FRAME_MAX + 1, .type = 1 };
	uint8_t b[FRAME_HEADER_SIZE];
	char c;

	frame_header_encode(&h, b);
	PEER(SSL_write(s, b, sizeof(b)) == (int)sizeof(b));
	(void)SSL_read(s, &c, 1);
	SSL_free(s);
}

static void too_long_to_receive(void **state)
{
	struct channel *c = peer_client(sends_too_long);
	struct frame f;

	assert_int_equal(channel_recv(c, WAIT, &f), -EPROTO);
	assert_int_equal(channel_recv(c, WAIT, &f), -EPROTO);
	assert_int_equal(channel_send(c, 1, 1, NULL, 0), -EPROTO);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void dies_in_frame(int fd)
{
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);
	const struct frame_header h = { .len = 5000, .type = 1 };
	uint8_t b[FRAME_HEADER_SIZE + 100] = { 0 };

	frame_header_encode(&h, b);
	PEER(SSL_write(s, b, sizeof(b)) == (int)sizeof(b));
	SSL_free(s);
}

static void closed_in_frame(void **state)
{
	struct channel *c = peer_client(dies_in_frame);
	struct frame f;

	assert_int_equal(peer_status(), 0);
	assert_int_equal(channel_recv(c, WAIT, &f), -ECONNRESET);
	channel_close(c);
}

static void says_goodbye_in_frame(int fd)
{
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);

	PEER(SSL_write(s, "abc", 3) == 3);
	(void)SSL_shutdown(s);
	SSL_free(s);
}

static void ended_in_frame(void **state)
{
	struct channel *c = peer_client(says_goodbye_in_frame);
	struct frame f;

	assert_int_equal(channel_recv(c, -1, &f), -ECONNRESET);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void breaks_seal(int fd)
{
	static const uint8_t bad[] = { 23, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4,
				       5,  6, 7, 8, 9,  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2 };
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);
	char c;

	PEER(write(fd, bad, sizeof(bad)) == (ssize_t)sizeof(bad));
	(void)SSL_read(s, &c, 1);
	SSL_free(s);
}

#define DRIPS 200

static void drips(int fd)
{
	static const uint8_t head[] = { 23, 3, 3, 0, DRIPS };
	const struct timespec moment = { 0, 300 * NSEC_PER_USEC };
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);

	PEER(write(fd, head, sizeof(head)) == (ssize_t)sizeof(head));
	for (unsigned i = 0; i < DRIPS; i++) {
		(void)nanosleep(&moment, NULL);
		PEER(write(fd, "x", 1) == 1);
	}
	SSL_free(s);
}

/* Who waits for a moment is not held by bytes that go on coming. */
static void a_moment_is_one(void **state)
{
	struct channel *c = peer_client(drips);
	struct frame f;
	unsigned times = 0;
	int r;

	while ((r = channel_recv_soon(c, &f)) == 0)
		times++;
	assert_true(r < 0);
	assert_in_range(times, DRIPS / 8, UINT32_MAX); /* else some 6, one for each hiccup of the machine */
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void forged_record(void **state)
{
	struct channel *c = peer_client(breaks_seal);
	struct frame f;

	assert_int_equal(channel_recv(c, WAIT, &f), -EPROTO);
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

static void changes_keys(int fd)
{
	struct psk_ring r;
	SSL *s = raw_server(fd, &r);
	const struct frame_header h = { .type = 9 };
	uint8_t b[FRAME_HEADER_SIZE];

	frame_header_encode(&h, b);
	for (int i = 0; i < 3; i++) {
		PEER(SSL_key_update(s, SSL_KEY_UPDATE_REQUESTED) == 1);
		PEER(SSL_write(s, b, sizeof(b)) == (int)sizeof(b));
		PEER(SSL_read(s, b, sizeof(b)) == (int)sizeof(b));
	}
	SSL_free(s);
}

static void key_update(void **state)
{
	struct channel *c = peer_client(changes_keys);
	struct frame f;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(channel_recv(c, WAIT, &f), 1);
		assert_int_equal(f.type, 9);
		assert_int_equal(channel_send(c, 9, 0, NULL, 0), 0);
	}
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_long_to_receive),
		cmocka_unit_test(closed_in_frame),
		cmocka_unit_test(ended_in_frame),
		cmocka_unit_test(a_moment_is_one), cmocka_unit_test(forged_record),
		cmocka_unit_test(key_update),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
