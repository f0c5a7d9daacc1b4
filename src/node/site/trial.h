/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a mosd could begin with what the files say, found out beforehand. */
#ifndef MOS_NODE_SITE_TRIAL_H
#define MOS_NODE_SITE_TRIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "node/site/site.h"

/* Ports that the mosd of this machine has open, and so cannot be tried; 0: none. */
struct trial_held {
	uint16_t tcp, udp;
	bool unknown; /* one runs, but which ports are its own nobody told: one in use may be right */
};

/* Looks for what @s, as site_load made it of @conf_path (NULL: the usual place), names and this machine has not:
 * addresses, interfaces, the key's file, free ports. Return: 0, or -errno; @e names file and line, and says what to do. */
int trial_run(const struct site *s, const char *conf_path, const struct trial_held *held, struct err *e);
/* Appends to @warnings what is not wrong, but may not do what was meant. */
void trial_warn(const struct site *s, const char *conf_path, json_t *warnings);

#endif
