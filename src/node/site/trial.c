/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what of a beginning can be tried while another mosd still serves.
 *
 * DOC: at boot much may be missing that comes in a moment, so a mosd that begins is patient. Who asks whether the
 * files are good, or has a mosd that works begin anew, is told at once instead, and keeps what he has. */
#include "node/site/trial.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "node/paths.h"
#include "node/site/addresses.h"
#include "node/site/ports.h"

#define PLACE_MAX 240U /* "FILE:LINE" */

/* Where @key stands; without a line of its own, the file it could be in. */
static const char *place(const struct site *s, const char *conf_path, const char *key, char to[static PLACE_MAX])
{
	unsigned line = conf_line(&s->conf, key);
	size_t n = (size_t)snprintf(to, PLACE_MAX - 16, "%.200s", conf_path ? conf_path : MOS_CONF_PATH);

	if (line)
		(void)snprintf(to + n, PLACE_MAX - n, ":%u", line);
	return to;
}

static void own_addrs_text(char *to, size_t size)
{
	struct node_addr own[OWN_ADDRS_MAX];
	size_t n = own_addrs(own, OWN_ADDRS_MAX), len = 0;
	char text[NODE_ADDR_TEXT];

	(void)snprintf(to, size, "none that others reach");
	for (size_t i = 0; i < n; i++) {
		if (!node_addr_reachable(&own[i]))
			continue;
		if (len + NODE_ADDR_TEXT + 2 >= size)
			return;
		len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ", " : "", node_addr_str(&own[i], text));
	}
}

/* By a port of the kernel's choice, so that the one in use does not matter. */
static int try_listen(const struct site *s, const char *conf_path, struct err *e)
{
	char at[PLACE_MAX], addr[NODE_ADDR_TEXT], own[100];
	int fd[PORTS_FAMILIES], r;

	if (!s->conf.listen.size)
		return 0;
	r = ports_open(SOCK_STREAM, 0, &s->conf.listen, fd, e);
	if (r == 0)
		ports_close(fd);
	if (r != -EADDRNOTAVAIL)
		return r;
	own_addrs_text(own, sizeof(own));
	return err_set(e, r, "%s: listen = %s: this machine has no such address; it has %s: write one of them, or "
			     "nothing to listen on all",
		       place(s, conf_path, "listen", at), node_addr_str(&s->conf.listen, addr), own);
}

static int try_links(const struct site *s, const char *conf_path, struct err *e)
{
	const struct conf_discover *c = &s->conf.discover;
	char at[PLACE_MAX];

	for (unsigned i = 0; i < c->n; i++)
		if (!if_nametoindex(c->links[i]))
			return err_set(e, -ENODEV,
				       "%s: discover: there is no network interface %s here: `ip link` shows those "
				       "that there are; `discover = yes` takes all that fit",
				       place(s, conf_path, "discover", at), c->links[i]);
	return 0;
}

/* The usual one may be missing: such a machine is not in a cluster yet. */
static int try_key(const struct site *s, const char *conf_path, struct err *e)
{
	char at[PLACE_MAX];

	if (s->has_key || !strcmp(s->conf.key_file, MOS_KEY_PATH) || !(s->conf.by_key || s->map_path[0]))
		return 0;
	return err_set(e, -ENOENT,
		       "%s: key-file = %.80s: there is no such file: name the one that has the cluster's key, or take "
		       "the line out",
		       place(s, conf_path, "key-file", at), s->conf.key_file);
}

static int try_port(const struct site *s, const char *conf_path, int type, const struct trial_held *held,
		    struct err *e)
{
	char at[PLACE_MAX];
	uint16_t port = s->conf.port;
	int fd[PORTS_FAMILIES], r;

	if (port == (type == SOCK_STREAM ? held->tcp : held->udp))
		return 0;
	r = ports_open(type, port, &s->conf.listen, fd, e);
	if (r == 0)
		ports_close(fd);
	if (r != -EADDRINUSE)
		return r;
	if (held->unknown)
		return 0;
	return err_set(e, r, "%s: %s port %u is in use: `ss -lnp%c` shows by which program; end that, or write "
			     "another `port`, the same on all nodes",
		       place(s, conf_path, "port", at), type == SOCK_STREAM ? "TCP" : "UDP", port,
		       type == SOCK_STREAM ? 't' : 'u');
}

int trial_run(const struct site *s, const char *conf_path, const struct trial_held *held, struct err *e)
{
	int r = try_listen(s, conf_path, e);

	if (r == 0)
		r = try_links(s, conf_path, e);
	if (r == 0)
		r = try_key(s, conf_path, e);
	if (r < 0 || (!s->networked && !s->unnumbered)) /* a machine alone opens no port */
		return r;
	r = try_port(s, conf_path, SOCK_STREAM, held, e);
	return r < 0 ? r : try_port(s, conf_path, SOCK_DGRAM, held, e);
}

void trial_warn(const struct site *s, const char *conf_path, json_t *warnings)
{
	char at[PLACE_MAX], addr[NODE_ADDR_TEXT];

	if (!s->conf.by_key || !s->conf.address.size || own_addr(&s->conf.address))
		return;
	(void)json_array_append_new(
		warnings, json_sprintf("%s: address = %s: this machine has no such address: that is right only where "
				       "a router passes on to it what is sent there",
				       place(s, conf_path, "address", at), node_addr_str(&s->conf.address, addr)));
}
