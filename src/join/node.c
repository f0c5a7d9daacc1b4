/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the packets between mosd and mos-join: JSON objects on descriptor 3. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/crypto.h>

#include "base/ids.h"
#include "base/util.h"
#include "join/join.h"

#define NODE_FD	   3
#define PACKET_MAX 65536

static void drop(json_t **o)
{
	json_decref(*o);
}

/* Return: an object, or NULL at the end or on nonsense. */
static json_t *receive(void)
{
	static char text[PACKET_MAX];
	ssize_t n = recv(NODE_FD, text, sizeof(text), 0);
	json_t *o = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;

	OPENSSL_cleanse(text, sizeof(text));
	return o;
}

static int digits(const char *hex, struct join_pass *ret)
{
	if (strlen(hex) != JOIN_PASS_TEXT)
		return -EPROTO;
	for (unsigned i = 0; i < TOKEN_SIZE; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &ret->secret[i]) != 1)
			return -EPROTO;
	return 0;
}

int node_pass(struct join_pass *ret, char *key_file, size_t size, struct err *e)
{
	CLEANUP(drop) json_t *o = receive();
	const char *secret, *path;

	if (!o || json_unpack(o, "{s:s, s:s}", "secret", &secret, "key_file", &path) < 0 ||
	    digits(secret, ret) < 0 || snprintf(key_file, size, "%s", path) >= (int)size)
		return err_set(e, -EPROTO, "mosd does not say for whom this is");
	return 0;
}

int node_ask(const char *address, struct join_given *ret, struct err *e)
{
	CLEANUP(drop) json_t *ask = json_pack("{s:s, s:s}", "ev", "asks", "address", address);
	CLEANUP(free_ptr) char *text = ask ? json_dumps(ask, JSON_COMPACT) : NULL;
	CLEANUP(drop) json_t *o = NULL;
	const char *op = NULL, *nodes = "", *code = "refused", *why = "no reason given";
	int node = 0, port = 0;

	if (!text || send(NODE_FD, text, strlen(text), MSG_NOSIGNAL) < 0)
		return err_set(e, -EPIPE, "mosd is not there any more");
	o = receive();
	if (!o || json_unpack(o, "{s:s, s?i, s?i, s?s, s?s, s?s}", "op", &op, "node", &node, "port", &port,
			      "nodes", &nodes, "code", &code, "error", &why) < 0)
		return err_set(e, -EPROTO, "mosd does not answer");
	if (strcmp(op, "give") != 0)
		return err_reason(e, -EACCES, code, "%s", why);
	if (node < 1 || node > (int)NODE_ID_MAX || port < 1 || port > UINT16_MAX ||
	    strlen(nodes) > JOIN_NODES_MAX)
		return err_set(e, -EPROTO, "mosd's answer is malformed");
	ret->node = (uint32_t)node;
	ret->port = (uint16_t)port;
	(void)snprintf(ret->nodes, sizeof(ret->nodes), "%s", nodes);
	return 0;
}
