/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosd as a service: made to run as its files say now. Both print what went wrong, and return an exit
 * status. */
#ifndef MOS_TOOLS_SERVICE_H
#define MOS_TOOLS_SERVICE_H

#include <stdbool.h>

/* It reads its files again; waits until it has. TOOL_NO_MOSD: it does not run. */
int service_reload(void);
/* The same; or, if it does not run, it is started, now and at each boot, where systemd can do that.
 * TOOL_NO_MOSD: it can not. */
int service_begin(void);
/* Waits until it is a node among others or, without @others, one that could be. */
int service_wait(bool others);

#endif
