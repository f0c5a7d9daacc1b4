/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a channel begins: who gets in and who does not, and what is told of it. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/io.h"
#include "wire/psk.h"
#include "peer.h"

static const struct key_ring key_b = { .key = { { { 2 } } }, .n = 1 };
static const struct key_ring key_ba = { .key = { { { 2 } }, { { 1 } } }, .n = 2 };

/* -- keys ---------------------------------------------------------------------------------- */

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
	int fd = peer_start(expects_eacces);

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
	struct channel *c = peer_client(has_both);

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
	int fd = peer_start(fn);

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
	int fd = peer_start(shows_certificate);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &key_a, WAIT, &c, &e), -EACCES);
	assert_null(c);
	assert_non_null(strstr(e.msg, "certificate"));
	assert_int_equal(peer_status(), 0);
}

/* The second lock, without the first: no certificate check at the client. */
static void verify_is_a_lock(void **state)
{
	struct psk_ring r;
	int fd = peer_start(shows_certificate);
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

/* -- no handshake -------------------------------------------------------------------------- */

static void garbage(int fd)
{
	uint8_t b[4000];

	peer_fill(b, sizeof(b), 99);
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
	int fd = peer_start(garbage), r;

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
	int fd = peer_start(says_nothing);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &key_a, 100, &c, &e), -ETIMEDOUT);
	assert_int_equal(peer_status(), 0); /* it saw us close the socket */
}

static void no_key_at_all(void **state)
{
	const struct key_ring none = { .n = 0 };
	struct channel *c;
	struct err e = ERR_INIT;
	int fd = peer_start(says_nothing);

	assert_int_equal(channel_open(fd, CHANNEL_CLIENT, &none, WAIT, &c, &e), -ENOKEY);
	assert_int_equal(peer_status(), 0);
}

/* -- connecting ---------------------------------------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
