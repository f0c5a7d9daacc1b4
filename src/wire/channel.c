/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how frames go through TLS and TLS goes through a socket.
 *
 * DOC: OpenSSL sits on a BIO of ours. Written records gather in c->out and leave with one send at
 * the end of a frame (or when it is full), so a small frame costs one SSL_write and one system
 * call. That BIO waits by itself until its deadline, hence SSL_write never comes back half done.
 * Reading takes as much as one recv gives (read-ahead); the BIO says "retry" only when the caller's
 * time is over. The socket is in blocking mode with a short limit: a receive without time limit, or for
 * a moment, then mostly costs one recv instead of poll and recv; all others pass MSG_DONTWAIT. */
#include "wire/channel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/util.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/psk.h"

#define RECORD_MAX    16384U	    /* plain bytes in one TLS record */
#define OUT_SIZE      (64U * 1024U) /* more than stays in the processor's cache is slower */
#define IN_SIZE	      (FRAME_MAX + FRAME_HEADER_SIZE + RECORD_MAX)
#define SEND_TIMEOUT  (10 * NSEC_PER_SEC)
#define REKEY_RECORDS (1U << 22) /* AES-GCM wears out at 2^24.5 records (RFC 8446, 5.5) */
#define FOREVER	      INT64_MAX

struct channel {
	int fd;
	int failed; /* -errno once broken; told again on every later call */
	SSL *ssl;
	struct psk_ring psk; /* wiped after the handshake */

	/* what the BIO goes by, and what it found */
	nsec_t read_deadline, write_deadline;
	bool poll_first; /* nothing is expected to wait in the socket yet */
	bool blocked;	 /* the time was over before anything came */
	bool soon;	 /* the socket's own limit is the time */
	int io_err;

	uint8_t *in; /* decrypted: in_used bytes of the frame given out, then what follows */
	size_t in_off, in_used, in_len;
	bool drained; /* neither a whole frame in @in, nor a whole record in OpenSSL */

	uint8_t *out;
	size_t out_len;
	uint64_t bytes_sent;
	uint32_t records; /* since the last change of the write key */
	uint8_t stage[RECORD_MAX];
};

static int wait_for(struct channel *c, short events, nsec_t deadline)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		nsec_t left = deadline == FOREVER ? 0 : deadline - mono_now();
		int r;

		if (deadline != FOREVER && left <= 0)
			return -ETIMEDOUT;
		left = MIN((left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC, 3600 * 1000);
		r = poll(&p, 1, deadline == FOREVER ? -1 : (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* The network's ways to say that the stream is over are one to our callers. */
static int stream_errno(int err)
{
	return err == EPIPE ? -ECONNRESET : -err;
}

static int flush_out(struct channel *c)
{
	size_t done = 0;

	while (done < c->out_len) {
		ssize_t k =
			send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = 0;

		if (k >= 0) {
			done += (size_t)k;
			c->bytes_sent += (uint64_t)k;
		} else if (errno == EAGAIN) {
			r = wait_for(c, POLLOUT, c->write_deadline);
		} else if (errno != EINTR) {
			r = stream_errno(errno);
		}
		if (r < 0) {
			c->out_len = 0;
			return c->io_err = r;
		}
	}
	c->out_len = 0;
	return 0;
}

static int bio_write(BIO *b, const char *p, size_t n, size_t *done)
{
	struct channel *c = BIO_get_data(b);

	*done = 0;
	while (n) {
		size_t k = MIN(n, OUT_SIZE - c->out_len);

		memcpy(c->out + c->out_len, p + *done, k);
		c->out_len += k;
		*done += k;
		n -= k;
		if (c->out_len == OUT_SIZE && flush_out(c) < 0)
			return 0;
	}
	return 1;
}

static int bio_read(BIO *b, char *p, size_t n, size_t *done)
{
	struct channel *c = BIO_get_data(b);
	bool wait = c->poll_first;

	BIO_clear_retry_flags(b);
	c->poll_first = false;
	for (;;) {
		int r = wait ? wait_for(c, POLLIN, c->read_deadline) : 0;
		ssize_t k;

		if (r == -ETIMEDOUT) {
			c->blocked = true;
			BIO_set_retry_read(b);
			return 0;
		}
		if (r < 0) {
			c->io_err = r;
			return 0;
		}
		k = recv(c->fd, p, n, c->read_deadline == FOREVER ? 0 : MSG_DONTWAIT);
		if (k > 0) {
			if (c->soon) /* only its beginning is waited for: no peer holds us by a byte now and then */
				c->read_deadline = 0;
			*done = (size_t)k;
			return 1;
		}
		if (k < 0 && errno == EAGAIN && c->soon && c->read_deadline) {
			c->blocked = true;
			BIO_set_retry_read(b);
			return 0;
		}
		if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
			wait = errno == EAGAIN;
			continue;
		}
		c->io_err = k ? stream_errno(errno) : -ECONNRESET;
		return 0;
	}
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	struct channel *c = BIO_get_data(b);

	return cmd == BIO_CTRL_FLUSH ? flush_out(c) == 0 : 0;
}

static BIO *bio_new(struct channel *c)
{
	static BIO_METHOD *method; /* one for the process, as OpenSSL's own are */
	BIO *b;

	if (!method) {
		BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "umosix");

		if (!m || !BIO_meth_set_write_ex(m, bio_write) ||
		    !BIO_meth_set_read_ex(m, bio_read) || !BIO_meth_set_ctrl(m, bio_ctrl)) {
			BIO_meth_free(m);
			return NULL;
		}
		method = m;
	}
	b = BIO_new(method);
	if (b) {
		BIO_set_data(b, c);
		BIO_set_init(b, 1);
	}
	return b;
}

/* A lost peer is told within six seconds, whether we wait for it or it for us. */
static int set_options(int fd)
{
	const struct {
		int level, name, value;
	} opts[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },  { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 2 }, { IPPROTO_TCP, TCP_KEEPINTVL, 1 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },  { IPPROTO_TCP, TCP_USER_TIMEOUT, 6000 },
	};
	const struct timeval moment = { 0, CHANNEL_MOMENT_MS * 1000 };
	int off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)) < 0)
		return -errno;
	for (unsigned i = 0; i < ARRAY_SIZE(opts); i++)
		if (setsockopt(fd, opts[i].level, opts[i].name, &opts[i].value,
			       sizeof(opts[i].value)) < 0)
			return -errno;
	return ioctl(fd, FIONBIO, &off) < 0 ? -errno : 0;
}

static int handshake(struct channel *c, enum channel_side side, int timeout_ms, struct err *e)
{
	int r;

	c->read_deadline = timeout_ms < 0 ? FOREVER : mono_now() + timeout_ms * NSEC_PER_MSEC;
	c->write_deadline = timeout_ms < 0 ? mono_now() + SEND_TIMEOUT : c->read_deadline;
	ERR_clear_error();
	if (SSL_do_handshake(c->ssl) == 1) {
		r = psk_verify(c->ssl);
		if (r < 0)
			return err_reason(e, r, "no-key",
					  "the other node did not prove that it has the cluster "
					  "key; nothing was sent to it");
		return 0;
	}
	if (c->blocked)
		return err_set(e, -ETIMEDOUT,
			       "the other node took the connection but said nothing for %d ms: is "
			       "it overloaded, or is another program at that port?",
			       timeout_ms);
	if (c->io_err == -ECONNRESET)
		return err_set(e, c->io_err,
			       "the other node hung up during the handshake; its log says why");
	if (c->io_err)
		return err_set(e, c->io_err, "handshake: %s", strerror(-c->io_err));
	r = psk_explain(side, &c->psk, e);
	ERR_clear_error();
	return r;
}

static int channel_init(struct channel *c, enum channel_side side, const struct key_ring *keys,
			struct err *e)
{
	const char *why;
	BIO *b;
	int r;

	r = psk_ring_init(&c->psk, keys);
	if (r == -ENOKEY)
		return err_set(e, r, "no cluster key: make one with `mosctl keygen`");
	if (r < 0)
		return err_set(e, r, "OpenSSL cannot derive a key");
	r = set_options(c->fd);
	if (r < 0)
		return err_set(e, r, "cannot set up the socket: %s", strerror(-r));
	c->in = malloc(IN_SIZE);
	c->out = malloc(OUT_SIZE);
	if (!c->in || !c->out)
		return err_set(e, -ENOMEM, "no memory for a channel");
	c->ssl = psk_ssl_new(side, &c->psk);
	b = c->ssl ? bio_new(c) : NULL;
	if (!b) {
		why = ERR_reason_error_string(ERR_peek_error());
		return err_set(e, -ENOMEM, "OpenSSL cannot make a TLS 1.3 endpoint: %s",
			       why ? why : "no reason known");
	}
	SSL_set_bio(c->ssl, b, b);
	return 0;
}

int channel_open(int fd, enum channel_side side, const struct key_ring *keys, int timeout_ms,
		 struct channel **ret, struct err *e)
{
	struct channel *c = calloc(1, sizeof(*c));
	int r;

	*ret = NULL;
	if (!c) {
		close_fd(&fd);
		return err_set(e, -ENOMEM, "no memory for a channel");
	}
	c->fd = fd;
	r = channel_init(c, side, keys, e);
	if (!r)
		r = handshake(c, side, timeout_ms, e);
	psk_ring_wipe(&c->psk);
	if (r < 0) {
		c->failed = r;
		channel_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void channel_close(struct channel *c)
{
	if (!c)
		return;
	if (!c->failed) {
		c->write_deadline = 0; /* a farewell is not worth waiting for */
		(void)SSL_shutdown(c->ssl);
	}
	SSL_free(c->ssl);
	close_fd(&c->fd);
	free(c->in);
	free(c->out);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

uint64_t channel_bytes_sent(const struct channel *c)
{
	return c->bytes_sent;
}

/* Remembers why the channel broke; the BIO knows better than OpenSSL. */
static int broken(struct channel *c)
{
	if (c->io_err)
		c->failed = c->io_err;
	else if (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN)
		c->failed = -ECONNRESET;
	else
		c->failed = -EPROTO; /* a record that does not verify, or an alert */
	ERR_clear_error();
	return c->failed;
}

static int seal(struct channel *c, const uint8_t *p, size_t n)
{
	size_t done;

	c->records += (uint32_t)((n + RECORD_MAX - 1) / RECORD_MAX);
	if (SSL_write_ex(c->ssl, p, n, &done) != 1 || done != n)
		return broken(c);
	return 0;
}

/* Small pieces are gathered into whole records; from large ones whole records are taken in place.
 */
static int seal_iov(struct channel *c, size_t staged, const struct iovec *iov, unsigned niov)
{
	int r = 0;

	for (unsigned i = 0; i < niov && !r; i++) {
		const uint8_t *p = iov[i].iov_base;
		size_t n = iov[i].iov_len;

		while (n && !r) {
			size_t k;

			if (!staged && n >= RECORD_MAX) {
				k = n - n % RECORD_MAX;
				r = seal(c, p, k);
			} else {
				k = MIN(n, RECORD_MAX - staged);
				memcpy(c->stage + staged, p, k);
				staged += k;
				if (staged == RECORD_MAX) {
					r = seal(c, c->stage, staged);
					staged = 0;
				}
			}
			p += k;
			n -= k;
		}
	}
	return !r && staged ? seal(c, c->stage, staged) : r;
}

int channel_send(struct channel *c, uint16_t type, uint64_t id, const struct iovec *iov,
		 unsigned niov)
{
	struct frame_header h = { .type = type, .id = id };
	size_t total = 0;
	int r;

	if (c->failed)
		return c->failed;
	for (unsigned i = 0; i < niov; i++) {
		if (iov[i].iov_len > FRAME_MAX - total)
			return -EMSGSIZE; /* nothing was sent: the channel stays good */
		total += iov[i].iov_len;
	}
	h.len = (uint32_t)total;
	frame_header_encode(&h, c->stage);
	c->write_deadline = mono_now() + SEND_TIMEOUT;

	if (c->records >= REKEY_RECORDS) {
		if (SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1)
			return broken(c);
		c->records = 0;
	}
	r = seal_iov(c, FRAME_HEADER_SIZE, iov, niov);
	if (!r && flush_out(c) < 0)
		r = broken(c);
	return r;
}

/* Return: 1 and the first frame if it is there whole; 0 with @need, the bytes it takes; -EPROTO. */
static int take_frame(struct channel *c, struct frame *ret, size_t *need)
{
	const uint8_t *p = c->in + c->in_off;
	size_t have = c->in_len - c->in_off;
	struct frame_header h;
	int r;

	*need = FRAME_HEADER_SIZE;
	if (have < FRAME_HEADER_SIZE)
		return 0;
	r = frame_header_decode(p, &h);
	if (r < 0)
		return c->failed = r;
	*need += h.len;
	if (have < *need)
		return 0;
	c->in_used = *need;
	*ret = (struct frame){
		.type = h.type, .id = h.id, .len = h.len, .data = p + FRAME_HEADER_SIZE
	};
	return 1;
}

/* Until @c's deadline. */
static int receive(struct channel *c, struct frame *ret)
{
	if (c->failed)
		return c->failed;
	c->in_off += c->in_used;
	c->in_used = 0;
	if (c->in_off == c->in_len)
		c->in_off = c->in_len = 0;
	c->blocked = false;

	for (;;) {
		size_t need, got;
		int r = take_frame(c, ret, &need);

		if (r)
			return r;
		if (c->in_off + need > IN_SIZE) {
			memmove(c->in, c->in + c->in_off, c->in_len - c->in_off);
			c->in_len -= c->in_off;
			c->in_off = 0;
		}
		if (SSL_read_ex(c->ssl, c->in + c->in_len, IN_SIZE - c->in_len, &got) == 1) {
			c->in_len += got;
			c->drained = false;
		} else if (c->blocked) {
			c->drained = true;
			return 0;
		} else {
			return broken(c);
		}
	}
}

int channel_recv(struct channel *c, int timeout_ms, struct frame *ret)
{
	c->read_deadline = timeout_ms < 0    ? FOREVER
			   : timeout_ms == 0 ? 0
					     : mono_now() + timeout_ms * NSEC_PER_MSEC;
	c->poll_first = timeout_ms > 0;
	c->soon = false;
	return receive(c, ret);
}

int channel_recv_soon(struct channel *c, struct frame *ret)
{
	c->read_deadline = FOREVER;
	c->poll_first = false;
	c->soon = true;
	return receive(c, ret);
}

bool channel_buffered(const struct channel *c)
{
	if (c->failed || c->drained)
		return false;
	return c->in_len > c->in_off + c->in_used || SSL_has_pending(c->ssl);
}
