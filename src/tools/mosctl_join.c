/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl token, on a node; mosctl join, on a machine that is to become one. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/util.h"
#include "node/paths.h"
#include "node/preamble.h"
#include "tools/client.h"
#include "tools/member_files.h"
#include "tools/mosctl.h"
#include "tools/service.h"
#include "tools/setup_machine.h"
#include "wire/channel.h"
#include "wire/msg.h"

#define CONNECT_MS 10000
#define ANSWER_MS  20000

static int token_options(int argc, char **argv, json_t *ask, bool *json)
{
	for (int i = 1; i < argc; i++) {
		long v;

		if (!strcmp(argv[i], "--json")) {
			*json = true;
		} else if (!strcmp(argv[i], "--minutes") && i + 1 < argc) {
			if (tool_number(argv[++i], 1, 7 * 24 * 60, &v) < 0)
				return tool_usage("mosctl", "--minutes is from 1 to 10080, not", argv[i]);
			(void)json_object_set_new(ask, "seconds", json_integer(v * 60));
		} else if (!strcmp(argv[i], "--node") && i + 1 < argc) {
			if (tool_number(argv[++i], 1, NODE_ID_MAX, &v) < 0)
				return tool_usage("mosctl", "--node is from 1 to 65535, not", argv[i]);
			(void)json_object_set_new(ask, "node", json_integer(v));
		} else {
			return tool_usage("mosctl", "token: what is", argv[i]);
		}
	}
	return TOOL_OK;
}

int mosctl_token(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *ask = json_pack("{ss}", "op", "token");
	CLEANUP(tool_drop) json_t *o = NULL;
	struct err e = ERR_INIT;
	bool json = false;
	long long minutes;
	int r, status = token_options(argc, argv, ask, &json);

	if (status != TOOL_OK)
		return status;
	r = client_connect(&c, &e);
	if (r == 0)
		r = client_ask(&c, json_incref(ask), &o, &e);
	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	if (!tool_answer_ok("mosctl", o, &status))
		return status;
	if (json) {
		(void)json_dumpf(o, stdout, JSON_COMPACT | JSON_SORT_KEYS);
		(void)puts("");
		return TOOL_OK;
	}
	minutes = (tool_int(o, "seconds") + 59) / 60;
	(void)fprintf(stderr, "On the new machine, as root, within %lld minute%s, once:\n",
		      minutes, minutes == 1 ? "" : "s");
	(void)printf("mosctl join %s", tool_text(o, "address"));
	if (tool_int(o, "port") != UMOSIX_PORT)
		(void)printf(" --port %lld", tool_int(o, "port"));
	(void)printf(" %s\n", tool_text(o, "token"));
	return TOOL_OK;
}

struct joining {
	const char *host;
	long port;
	struct join_pass pass;
	bool start;
	char addr[NODE_ADDR_TEXT], own[NODE_ADDR_TEXT]; /* theirs; ours, on the way to them */
	struct join_given given;
};

/* Takes a token's digits out of the command line, which every user of the machine can read. */
static int take_token(char *token, struct joining *j)
{
	struct token t;

	if (token_from_hex(token, &t) < 0)
		return tool_usage("mosctl", "a token is 32 hexadecimal digits, not", token);
	memcpy(j->pass.secret, t.bytes, TOKEN_SIZE);
	OPENSSL_cleanse(&t, sizeof(t));
	OPENSSL_cleanse(token, strlen(token));
	return TOOL_OK;
}

static int join_options(int argc, char **argv, struct joining *j)
{
	char *token = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--no-start"))
			j->start = false;
		else if (!strcmp(argv[i], "--port") && i + 1 < argc) {
			if (tool_number(argv[++i], 1, UINT16_MAX, &j->port) < 0)
				return tool_usage("mosctl", "--port is from 1 to 65535, not", argv[i]);
		} else if (argv[i][0] == '-' || token) {
			return tool_usage("mosctl", "join: what is", argv[i]);
		} else if (!j->host) {
			j->host = argv[i];
		} else {
			token = argv[i];
		}
	}
	if (!token)
		return tool_usage("mosctl", "join takes a node of the cluster and what `mosctl token` says there",
				  NULL);
	return take_token(token, j);
}

static int text_of(const struct sockaddr *sa, socklen_t len, char to[static NODE_ADDR_TEXT])
{
	return getnameinfo(sa, len, to, NODE_ADDR_TEXT, NULL, 0, NI_NUMERICHOST) ? -EINVAL : 0;
}

static int find_host(struct joining *j, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai = NULL;
	int r = getaddrinfo(j->host, NULL, &hints, &ai);

	if (r)
		return err_set(e, -ENOENT, "\"%s\" is no host: %s", j->host, gai_strerror(r));
	r = text_of(ai->ai_addr, ai->ai_addrlen, j->addr);
	freeaddrinfo(ai);
	return r;
}

/* Return: a stream that the other side knows to be of our pass's bearer, or -errno. */
static int reach(struct joining *j, struct err *e)
{
	uint8_t preamble[PREAMBLE_SIZE] = "umosix1\n";
	CLEANUP(close_fd) int fd = -1;
	struct sockaddr_storage s;
	socklen_t len = sizeof(s);
	struct node_addr own;
	int r = find_host(j, e);

	if (r < 0)
		return r;
	r = fd = channel_connect(j->addr, (uint16_t)j->port, CONNECT_MS, e);
	if (r < 0)
		return r;
	if (getsockname(fd, (struct sockaddr *)&s, &len) < 0 ||
	    text_of((struct sockaddr *)&s, len, j->own) < 0)
		return err_set(e, -EADDRNOTAVAIL, "this machine does not know its own address");
	if (node_addr_parse(j->own, &own) < 0 || !node_addr_reachable(&own))
		return err_set(e, -EADDRNOTAVAIL,
			       "the way to %s begins at %s here, where no other node reaches this machine: name "
			       "another address of that node",
			       j->host, j->own);
	r = join_pass_name(&j->pass, preamble + PREAMBLE_SIZE - TOKEN_SIZE);
	if (r < 0 || send(fd, preamble, sizeof(preamble), MSG_NOSIGNAL) != (ssize_t)sizeof(preamble))
		return err_set(e, -ECONNRESET, "%s hangs up", j->host);
	return steal_fd(&fd);
}

/* "reason\0text" */
static int refused(const struct joining *j, const struct frame *f, struct err *e)
{
	const uint8_t *zero = memchr(f->data, 0, f->len);
	char text[ERR_MSG_MAX] = "it does not say why";

	if (zero) {
		size_t n = MIN(f->len - (size_t)(zero + 1 - f->data), sizeof(text) - 1);

		memcpy(text, zero + 1, n);
		text[n] = '\0';
	}
	return err_set(e, -EACCES, "%s refuses: %s", j->host, text_clean(text));
}

static int say(struct channel *c, uint16_t type, const struct buf *b)
{
	struct iovec iov = { b ? b->data : NULL, b ? b->len : 0 };

	return channel_send(c, type, 0, &iov, 1);
}

/* Return: a channel on which MSG_JOIN_KEPT is due. */
static int ask(struct joining *j, struct channel **ret, struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct key_ring seal;
	struct channel *c = NULL;
	struct frame f;
	int r = reach(j, e);

	if (r < 0)
		return r;
	join_ask_put(&b);
	if (join_pass_key(&j->pass, &seal) < 0)
		return err_set(e, -EIO, "OpenSSL cannot derive a key");
	r = channel_open(r, CHANNEL_CLIENT, &seal, ANSWER_MS, &c, e);
	key_ring_wipe(&seal);
	if (r < 0) /* a node hangs up on a name that it does not know */
		return err_set(e, -EACCES,
			       "%s does not know this token: is it the right node, was the token used, is its "
			       "time over? `mosctl token` there makes another",
			       j->host);
	r = say(c, MSG_JOIN, &b);
	if (r == 0)
		r = channel_recv(c, ANSWER_MS, &f);
	if (r > 0 && f.type == MSG_REFUSED)
		r = refused(j, &f, e);
	else if (r > 0 && f.type == MSG_JOIN_GIVEN)
		r = join_given_get(&j->given, f.data, f.len);
	else if (r >= 0)
		r = r ? -EPROTO : -ETIMEDOUT;
	if (r < 0 && !e->code)
		(void)err_set(e, r,
			      "%s does not answer as a node does: %s; the token may be used now, and `mosctl token` "
			      "there makes another",
			      j->host, strerror(-r));
	if (r < 0)
		channel_close(c);
	else
		*ret = c;
	return r;
}

static int has_key(const struct member_files *f, struct err *e)
{
	const char *map = f->conf.by_key ? NULL : machine_map(&f->conf);
	char out[MACHINE_OUT];

	if (map)
		return err_set(e, -EEXIST, "this is a node of the map %s: %s", map,
			       machine_out_of_map(&f->conf, out, sizeof(out)));
	return err_set(e, -EEXIST,
		       "this machine has the key of a cluster, %s: `mosctl leave` takes it out of that, or says what does",
		       f->conf.key_file);
}

static int join(struct joining *j)
{
	CLEANUP(member_files_finish) struct member_files f = { 0 };
	struct channel *c = NULL;
	struct err e = ERR_INIT;
	int r = member_files_look(&f, &e);

	if (r == 0 && f.key)
		r = has_key(&f, &e);
	if (r == 0)
		r = ask(j, &c, &e);
	if (r == 0) {
		r = member_files_by_key(&f, &j->given, j->own, NULL, &e);
		if (r < 0)
			(void)err_wrap(&e, r, "the token is used, `mosctl token` makes another; and nothing is changed here");
	}
	if (r == 0)
		(void)say(c, MSG_JOIN_KEPT, NULL); /* for its log */
	channel_close(c);
	key_ring_wipe(&j->given.keys);
	if (r < 0) {
		(void)fprintf(stderr, "mosctl: %s\n", err_str(&e, r));
		return TOOL_FAILED;
	}
	(void)printf("this machine is node %u, at %s; TCP and UDP port %u have to be open on it\n", j->given.node,
		     j->own, j->given.port);
	(void)fflush(stdout);
	if (!j->start)
		return TOOL_OK;
	r = service_begin();
	if (r == TOOL_OK)
		r = service_wait(true);
	if (r == TOOL_OK)
		(void)puts("it hears the cluster");
	return r;
}

int mosctl_join(int argc, char **argv)
{
	static struct joining j = { .port = UMOSIX_PORT, .start = true };
	int status = join_options(argc, argv, &j);

	if (status == TOOL_OK && geteuid()) {
		(void)fputs("mosctl: join: only root may do that\n", stderr);
		status = TOOL_NOT_YOURS;
	}
	if (status == TOOL_OK)
		status = join(&j);
	OPENSSL_cleanse(&j, sizeof(j));
	return status;
}
