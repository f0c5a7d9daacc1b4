/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mosctl setup` finds on this machine: interfaces with their addresses, a map. */
#ifndef MOS_TOOLS_SETUP_MACHINE_H
#define MOS_TOOLS_SETUP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cluster/conf.h"

#define MACHINE_OUT (CONF_PATH_MAX + 128U)

/* "eth0 192.168.1.10, eth1 10.0.0.1": what others may reach, as much as has room. */
void machine_links(char *to, size_t size);
/* Whether there is such an interface, and other machines can be on it and hear multicast. */
bool machine_link_fits(const char *name);
/* "eth0, eth1": those that fit, also without an address, as many as have room; or "none". */
void machine_link_names(char *to, size_t size);
/* @text is an address of this machine, or the name of an interface that has one. Return: 0, or -EINVAL with what
 * is wrong. */
int machine_addr(const char *text, struct node_addr *ret, struct err *e);
/* The file with the map that mosd would take, or NULL. Valid as long as @c. */
const char *machine_map(const struct conf *c);
/* What takes a node of a map out of its cluster. Return: @to. */
const char *machine_out_of_map(const struct conf *c, char *to, size_t size);
/* Reads a map; it must name this machine. Return: 0 and the text, to be freed, or -errno. */
int machine_read_map(const char *path, char **ret, struct err *e);
/* Whether it names more than one node. */
bool machine_map_others(const char *text);
/* Whether both name the same nodes at the same addresses. */
bool machine_maps_equal(const char *text, const char *other);

#endif
