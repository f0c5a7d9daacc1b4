/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_host.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/util.h"
#include "tools/client.h"
#include "tools/nodes.h"

#define PATIENCE (5 * NSEC_PER_SEC) /* in which a mosd that has just begun hears whom it knows */

static int ask_nodes(struct node_list *ret, struct err *e)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *all = NULL;
	CLEANUP(tool_drop) json_t *last = NULL;
	int r = client_connect(&c, e);

	if (r == 0)
		r = nodes_ask(&c, &all, &last, e);
	if (r == 0 && !json_is_true(json_object_get(last, "ok")))
		r = err_set(e, -EIO, "%s", tool_text(last, "error"));
	if (r == 0)
		r = node_list_read(all, (uint32_t)tool_int(last, "node"), ret);
	return r;
}

/* Return: 0 and the node that @host is, whose number is 0 if it is none; or -errno. */
static int find(const char *host, struct node_row *ret, struct err *e)
{
	CLEANUP(node_list_finish) struct node_list l = { 0 };
	const struct node_row *row;
	const char *why;
	int r = ask_nodes(&l, e);

	if (r < 0)
		return err_wrap(e, r, "whether %s is of this machine's cluster is not known", host);
	row = node_list_host(&l, host, &why);
	if (why)
		return err_set(e, -EINVAL, "--host %s: %s", host, why);
	*ret = row ? *row : (struct node_row){ 0 };
	return 0;
}

int setup_keep_host(const char *host, struct err *e)
{
	static const struct timespec moment = { .tv_nsec = 100000000 };
	nsec_t end = mono_now() + PATIENCE;
	struct node_row n;
	int r;

	while ((r = find(host, &n, e)) == 0 && n.node && n.state == NODE_UNKNOWN && mono_now() < end)
		(void)nanosleep(&moment, NULL); /* mosd tells of nodes only when asked */
	if (r < 0)
		return r;
	if (!n.node)
		return err_set(e, -EINVAL,
			       "--host %s: this machine is in a cluster already, of which that is no node; to join "
			       "another, `mosctl leave` comes first",
			       host);
	if (n.me)
		return err_set(e, -EINVAL, "--host %s: that is this machine; the token is for another", host);
	if (!node_up(&n))
		return err_set(e, -EINVAL,
			       "--host %s: that was node %u of this machine's cluster, but is not heard (%s); to join "
			       "another cluster, `mosctl leave` comes first",
			       host, n.node, node_state_str(n.state));
	(void)printf("%s is node %u of the same cluster: the token is not needed, and was not used.\n", host, n.node);
	return 0;
}
