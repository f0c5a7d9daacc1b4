/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each test has a peer: a child process at the other end of a TCP connection over loopback. The
 * peer tells what it found by its exit status; 0 is good. */
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
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/io.h"
#include "wire/channel.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/psk.h"

static const struct key_ring key_a = { .key = { { { 1 } } }, .n = 1 };
static const struct key_ring key_b = { .key = { { { 2 } } }, .n = 1 };
static const struct key_ring key_ba = { .key = { { { 2 } }, { { 1 } } }, .n = 2 };

#define WAIT 5000

/* In the peer: leaves with the line's number, for the parent to show. */
#define PEER(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			_exit(__LINE__ % 251 + 1);                                                 \
	} while (0)

typedef void (*peer_fn)(int fd);

static pid_t peer;

static int start_peer(peer_fn fn)
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

static int peer_status(void)
{
	int st;

	assert_int_equal(waitpid(peer, &st, 0), peer);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
}

static struct channel *client(peer_fn fn)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(fn);

	if (channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static struct channel *peer_server(int fd)
{
	struct channel *c;

	PEER(channel_open(fd, CHANNEL_SERVER, &key_a, WAIT, &c, NULL) == 0);
	return c;
}

static void fill(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)(seed >> 16);
	}
}

/* -- frames of all sizes ----------------------------------------------------------------- */

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
	struct channel *c = client(echo);
	uint64_t before = channel_bytes_sent(c);
	struct frame f;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct iovec io = { p, sizes[i] };

		fill(p, sizes[i], i);
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
	struct channel *c = client(burst);
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
	struct channel *c = client(echo);
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

static void too_long_to_send(void **state)
{
	uint8_t *p = calloc(1, FRAME_MAX + 1);
	struct iovec io[2] = { { p, FRAME_MAX + 1 } };
	struct channel *c = client(echo);
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

/* -- a peer that has the key and breaks the rules ------------------------------------------- */

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
	struct channel *c = client(sends_too_long);
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
	struct channel *c = client(dies_in_frame);
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
	struct channel *c = client(says_goodbye_in_frame);
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

static void forged_record(void **state)
{
	struct channel *c = client(breaks_seal);
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
	struct channel *c = client(changes_keys);
	struct frame f;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(channel_recv(c, WAIT, &f), 1);
		assert_int_equal(f.type, 9);
		assert_int_equal(channel_send(c, 9, 0, NULL, 0), 0);
	}
	channel_close(c);
	assert_int_equal(peer_status(), 0);
}

/* -- who gets in ------------------------------------------------------------------------------ */

static void expects_eacces(int fd)
{
	struct channel *c;
	struct err e = ERR_INIT;

	PEER(channel_open(fd, CHANNEL_SERVER, &key_b, WAIT, &c, &e) == -EACCES);
	PEER(!c && strstr(e.msg, "another cluster key"));
}

static void wrong_key(void **state)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(expects_eacces);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e), -EACCES);
	assert_null(c);
	assert_non_null(strstr(e.msg, "does not know our cluster key"));
	assert_string_equal(e.reason, "wrong-key");
	assert_int_equal(peer_status(), 0);
}

static void has_both(int fd)
{
	struct channel *c;
	struct frame f;

	PEER(channel_open(fd, CHANNEL_SERVER, &key_ba, WAIT, &c, NULL) == 0);
	PEER(channel_recv(c, WAIT, &f) == 1 && f.id == 42);
	channel_close(c);
}

static void second_key(void **state)
{
	struct channel *c = client(has_both);

	assert_int_equal(channel_send(c, 1, 42, NULL, 0), 0);
	assert_int_equal(peer_status(), 0);
	channel_close(c);
}

/* It knows the name of the key (which goes over the wire in the clear), not the key. */
static void knows_the_name(int fd)
{
	struct psk_ring r;
	SSL *s;

	PEER(psk_ring_init(&r, &key_a) == 0);
	r.psk[0].secret[0] ^= 1;
	s = psk_ssl_new(CHANNEL_CLIENT, &r);
	PEER(s && SSL_set_fd(s, fd) && SSL_connect(s) != 1);
	SSL_free(s);
}

static void server_wants(peer_fn fn, int code)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(fn);

	assert_int_equal(channel_open(fd, CHANNEL_SERVER, &key_a, WAIT, &c, &e), code);
	assert_null(c);
	assert_true(e.msg[0]);
	assert_int_equal(peer_status(), 0);
}

static void name_without_key(void **state)
{
	server_wants(knows_the_name, -EACCES);
}

static void plain_tls(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *s = SSL_new(ctx);

	PEER(SSL_set_fd(s, fd) && SSL_connect(s) != 1);
	SSL_free(s);
	SSL_CTX_free(ctx);
}

static void client_without_key(void **state)
{
	server_wants(plain_tls, -EACCES);
}

/* A server that ignores the PSK and shows a certificate, made on the spot. */
static void shows_certificate(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	SSL *s;

	PEER(ctx && k && x);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	PEER(X509_set_pubkey(x, k) && X509_sign(x, k, EVP_sha256()));
	PEER(SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, k) == 1);
	s = SSL_new(ctx);
	PEER(SSL_set_fd(s, fd) && SSL_accept(s) != 1);
	SSL_free(s);
	SSL_CTX_free(ctx);
	X509_free(x);
	EVP_PKEY_free(k);
}

static void server_without_key(void **state)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(shows_certificate);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e), -EACCES);
	assert_null(c);
	assert_non_null(strstr(e.msg, "certificate"));
	assert_int_equal(peer_status(), 0);
}

/* The second lock, without the first: no certificate check at the client. */
static void verify_is_a_lock(void **state)
{
	struct psk_ring r;
	int fd = start_peer(shows_certificate);
	SSL *s;

	assert_int_equal(psk_ring_init(&r, &key_a), 0);
	s = psk_ssl_new(CHANNEL_CLIENT, &r);
	SSL_set_verify(s, SSL_VERIFY_NONE, NULL);
	assert_true(SSL_set_fd(s, fd));
	assert_int_equal(SSL_connect(s), 1);
	assert_int_equal(psk_verify(s), -EACCES);
	SSL_free(s);
	close(fd);
	(void)peer_status(); /* for the peer this handshake was good */
}

static void garbage(int fd)
{
	uint8_t b[4000];

	fill(b, sizeof(b), 99);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)io_write_all(fd, b, sizeof(b));
}

static void garbage_for_server(void **state)
{
	server_wants(garbage, -EPROTO);
}

static void garbage_for_client(void **state)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(garbage), r;

	r = channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e);
	/* the garbage's end may come as a reset that overtakes it */
	assert_true(r == -EPROTO || r == -ECONNRESET);
	assert_int_equal(peer_status(), 0);
}

static void hangs_up(int fd)
{
}

static void closed_in_handshake(void **state)
{
	server_wants(hangs_up, -ECONNRESET);
}

static void says_nothing(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		;
}

static void silent_peer(void **state)
{
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(says_nothing);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &key_a, 100, &c, &e), -ETIMEDOUT);
	assert_int_equal(peer_status(), 0); /* it saw us close the socket */
}

static void no_key_at_all(void **state)
{
	const struct key_ring none = { .n = 0 };
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = start_peer(says_nothing);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &none, WAIT, &c, &e), -ENOKEY);
	assert_int_equal(peer_status(), 0);
}

/* -- connecting -------------------------------------------------------------------------------- */

static void refused_connection(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct err e = ERR_INIT;

	/* bound but not listening: nobody else gets this port meanwhile */
	assert_int_equal(bind(s, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&a, &n), 0);
	assert_int_equal(channel_connect("127.0.0.1", ntohs(a.sin_port), WAIT, &e), -ECONNREFUSED);
	assert_non_null(strstr(e.msg, "is it running"));
	assert_int_equal(channel_connect("node7", 4660, WAIT, &e), -EINVAL);
	close(s);
}

/* -- nobody reads ------------------------------------------------------------------------------- */

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
	struct channel *c = client(never_reads);
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
	kill(peer, SIGKILL);
	assert_int_equal(peer_status(), 1000 + SIGKILL);
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
	struct channel *c = client(never_reads);
	int r = 0;

	(void)signal(SIGPIPE, SIG_DFL);
	kill(peer, SIGKILL);
	assert_int_equal(peer_status(), 1000 + SIGKILL);
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
		cmocka_unit_test(times_out),
		cmocka_unit_test(too_long_to_send),
		cmocka_unit_test(too_long_to_receive),
		cmocka_unit_test(closed_in_frame),
		cmocka_unit_test(ended_in_frame),
		cmocka_unit_test(forged_record),
		cmocka_unit_test(key_update),
		cmocka_unit_test(wrong_key),
		cmocka_unit_test(second_key),
		cmocka_unit_test(name_without_key),
		cmocka_unit_test(client_without_key),
		cmocka_unit_test(server_without_key),
		cmocka_unit_test(verify_is_a_lock),
		cmocka_unit_test(garbage_for_server),
		cmocka_unit_test(garbage_for_client),
		cmocka_unit_test(closed_in_handshake),
		cmocka_unit_test(silent_peer),
		cmocka_unit_test(no_key_at_all),
		cmocka_unit_test(refused_connection),
		cmocka_unit_test(kernel_gives_up),
		cmocka_unit_test(we_give_up),
		cmocka_unit_test(no_sigpipe),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
