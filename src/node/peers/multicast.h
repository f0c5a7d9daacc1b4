/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams to everybody in reach, on the network interfaces of choice.
 *
 * The groups are 239.255.18.52 (RFC 2365's local scope), and for IPv6 ff12::6d6f:1234, with a TTL
 * above 1 ff15::6d6f:1234 (link and site; transient, since nobody assigned them to us). */
#ifndef MOS_NODE_PEERS_MULTICAST_H
#define MOS_NODE_PEERS_MULTICAST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "cluster/conf.h"

#define MULTICAST_LINKS_MAX 16U
#define MULTICAST_FAMILIES  2U /* IPv6, IPv4 */

/* The UDP port of discovery in a cluster whose mosds listen on @port. */
uint16_t multicast_port(uint16_t port);

/* An interface in one family. */
struct multicast_link {
	unsigned index;
	char name[CONF_LINK_NAME];
	struct node_addr addr; /* where others reach us by it */
};

struct multicast_conf {
	struct conf_discover on;
	uint16_t port; /* of the group */
	bool listens;  /* on that port, for what others send to the group; else on a free one */
	struct node_addr only;	/* size 0, or the one address to use */
	struct node_addr likes; /* the one to take if an interface has it among others */
};

struct multicast;

/* Return: 0 or -errno. */
int multicast_open(const struct multicast_conf *c, struct multicast **ret, struct err *e);
void multicast_close(struct multicast *m); /* takes NULL */
/* Takes up interfaces that came, changed or went. Return: how many links there are now. */
unsigned multicast_refresh(struct multicast *m);
const struct multicast_link *multicast_links(const struct multicast *m, unsigned *ret_n);
/* -1: none. */
int multicast_fd(const struct multicast *m, unsigned family);
/* The port at which answers to what goes out by @l are heard. */
uint16_t multicast_own_port(const struct multicast *m, const struct multicast_link *l);
/* To the group, by @l. Whether it arrives nobody promises, here and below. */
void multicast_tell(struct multicast *m, const struct multicast_link *l, const void *p, size_t n);
void multicast_answer(struct multicast *m, const struct node_addr *to, uint16_t port, const void *p,
		      size_t n);
/* Return: bytes (more than @size: it was longer), or -errno: nothing is there. *@ret_from is who
 * says to have sent it; *@ret_own is our address on the link by which it came; size 0: by none of
 * ours. */
ssize_t multicast_receive(struct multicast *m, unsigned family, void *p, size_t size,
			  struct node_addr *ret_from, struct node_addr *ret_own);

#endif
