/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a host that `mosctl setup` is told to join is one of the cluster that this machine is in already. */
#ifndef MOS_TOOLS_SETUP_HOST_H
#define MOS_TOOLS_SETUP_HOST_H

#include "base/err.h"

/* mosd knows: it hears only who has our key. Says on standard output that the token is not used.
 * Return: 0; -EINVAL with what to do where @host is of another cluster, silent, or this machine; other -errno. */
int setup_keep_host(const char *host, struct err *e);

#endif
