/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-join: started by mosd for one stream of a machine that names a pass. Proves that the machine has
 * the pass, and gives it the cluster's key, a number and the nodes. Descriptor 3 leads to mosd, 4 is
 * the stream.
 *
 * DOC: it reads the key, then gives up root, and only then reads what the stranger sends. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/log.h"
#include "base/util.h"
#include "join/join.h"
#include "wire/channel.h"
#include "wire/msg.h"

#define STREAM_FD    4
#define NOBODY	     65534
#define LIFE	     60	   /* s, for all of it */
#define HANDSHAKE_MS 10000
#define ANSWER_MS    20000 /* the other side may have to write to a slow disk */

/* What the address of the stream's other end is called. Return: 0 or -errno. */
static int peer_address(char *to, socklen_t size)
{
	struct sockaddr_storage s;
	socklen_t len = sizeof(s);
	const void *addr = &((const struct sockaddr_in *)&s)->sin_addr;

	if (getpeername(STREAM_FD, (struct sockaddr *)&s, &len) < 0)
		return -errno;
	if (s.ss_family == AF_INET6)
		addr = &((const struct sockaddr_in6 *)&s)->sin6_addr;
	return inet_ntop(s.ss_family, addr, to, size) ? 0 : -errno;
}

static int give_up_root(struct err *e)
{
	/* dumpable at last: a change of ids sets it as fs.suid_dumpable says */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir("/") < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_set(e, -errno, "give up root: %s", strerror(errno));
	return 0;
}

static int say(struct channel *c, uint16_t type, const void *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	return channel_send(c, type, 0, &iov, 1);
}

/* Return: 0 or -errno. */
static int hear(struct channel *c, uint16_t type, struct frame *ret, struct err *e)
{
	int r = channel_recv(c, ANSWER_MS, ret);

	if (r > 0 && ret->type == type)
		return 0;
	return err_set(e, r < 0 ? r : r ? -EPROTO : -ETIMEDOUT, "it %s",
		       r > 0 ? "says what it should not" : r ? "hangs up" : "does not go on");
}

static void refuse(struct channel *c, const struct err *e, int code)
{
	char text[ERR_MSG_MAX + 32];
	int n = snprintf(text, sizeof(text), "%s%c%s", e->reason, '\0', err_str(e, code));

	(void)say(c, MSG_REFUSED, text, (size_t)MIN(n, (int)sizeof(text)));
}

static int give(struct channel *c, const char *address, struct join_given *g, struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	uint32_t version = 0;
	struct frame f;
	int r = hear(c, MSG_JOIN, &f, e);

	if (r < 0)
		return r;
	r = join_ask_get(f.data, f.len, &version);
	if (r == -EPROTONOSUPPORT)
		(void)err_reason(e, r, "version",
				 "it joins in the way of version %u, this node knows version %u: install the "
				 "same umosix on both",
				 version, JOIN_VERSION);
	else if (r < 0)
		(void)err_reason(e, r, "malformed", "it does not say how it joins");
	else
		r = node_ask(address, g, e);
	if (r < 0) {
		refuse(c, e, r);
		return r;
	}
	(void)buf_grow(&b, JOIN_GIVEN_MAX); /* so that no key is left behind where it grew */
	buf_clear(&b);
	join_given_put(g, &b);
	r = b.failed ? -ENOMEM : say(c, MSG_JOIN_GIVEN, b.data, b.len);
	if (b.data)
		OPENSSL_cleanse(b.data, b.len);
	if (r < 0)
		return err_set(e, r, "it hangs up");
	return hear(c, MSG_JOIN_KEPT, &f, e);
}

static int serve(const char *address, struct err *e)
{
	static struct join_given g;
	struct channel *c = NULL;
	struct key_ring seal;
	struct join_pass p;
	char key_file[PATH_MAX];
	int r = node_pass(&p, key_file, sizeof(key_file), e);

	if (r == 0)
		r = key_ring_load(key_file, &g.keys, e);
	if (r == 0)
		r = give_up_root(e);
	if (r == 0)
		r = join_pass_key(&p, &seal);
	OPENSSL_cleanse(&p, sizeof(p));
	if (r == 0)
		r = channel_open(STREAM_FD, CHANNEL_SERVER, &seal, HANDSHAKE_MS, &c, e);
	key_ring_wipe(&seal);
	if (r == 0)
		r = give(c, address, &g, e);
	key_ring_wipe(&g.keys);
	channel_close(c);
	return r;
}

int main(void)
{
	char address[INET6_ADDRSTRLEN] = "?";
	struct err e = ERR_INIT;
	int r;

	log_init("mos-join");
	(void)alarm(LIFE);
	r = peer_address(address, sizeof(address));
	if (r == 0)
		r = serve(address, &e);
	if (r < 0)
		log_warning("%s does not join: %s", address, err_str(&e, r));
	return r < 0 ? 1 : 0;
}
