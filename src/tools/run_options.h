/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of mosrun, which has openMosix's form: -3 is a node. Pure. */
#ifndef MOS_TOOLS_RUN_OPTIONS_H
#define MOS_TOOLS_RUN_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"

enum run_lock { RUN_LOCK_NONE, RUN_LOCK_UNLOCK, RUN_LOCK_LOCK };

struct run_options {
	long node;     /* 0: none given */
	bool home;     /* -h */
	bool anywhere; /* -F */
	enum run_lock lock;
	bool help, version;
	char **cmd; /* within argv; NULL when only help or version is wanted */
};

/* Return: 0 or -EINVAL with a message. */
int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *e);

#endif
