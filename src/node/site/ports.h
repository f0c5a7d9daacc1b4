/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets on this node's port: of IPv6 and of IPv4, on all addresses or on one. */
#ifndef MOS_NODE_SITE_PORTS_H
#define MOS_NODE_SITE_PORTS_H

#include <stdint.h>

#include "base/err.h"
#include "cluster/map.h"

#define PORTS_FAMILIES 2U /* IPv6, IPv4 */

/* @type: SOCK_STREAM, which then listens, or SOCK_DGRAM. @only: size 0 for all addresses. @fd gets the
 * sockets, -1 for a family that @only has not or this machine has not.
 * Return: 0, or -errno and no socket; @e names port and address. */
int ports_open(int type, uint16_t port, const struct node_addr *only, int fd[static PORTS_FAMILIES], struct err *e);
void ports_close(int fd[static PORTS_FAMILIES]);

#endif
