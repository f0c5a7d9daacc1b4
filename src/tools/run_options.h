/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of mosrun and its other names, which has openMosix's form: -3 is a node. Pure. */
#ifndef MOS_TOOLS_RUN_OPTIONS_H
#define MOS_TOOLS_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum run_lock { RUN_LOCK_NONE, RUN_LOCK_UNLOCK, RUN_LOCK_LOCK, RUN_LOCK_KEEP };

#define RUN_RANGES_MAX 12U

struct run_options {
	long node;     /* 0: none given */
	bool home;     /* -h */
	bool anywhere; /* -F */
	bool best;     /* -b */
	enum run_lock lock;
	const char *kind;  /* "cpu", "io"; NULL: not said */
	const char *decay; /* "never", "slow", "fast", "own"; NULL */
	long interval, fraction; /* s, thousandths: of "own" */
	long memory;		 /* MiB; 0: not said */
	uint32_t range[RUN_RANGES_MAX][2]; /* -j */
	unsigned n_ranges;
	bool help, version;
	const char *path; /* the program; NULL when only help or version is wanted */
	char **cmd;	  /* its arguments from argv[0] on, within argv */
};

/* The other names that mosrun has; NULL after the last. */
extern const char *const run_names[];

/* The name it was called by, of those that it has. */
const char *run_called(int argc, char **argv);

/* Return: 0 or -EINVAL with a message. */
int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *e);

#endif
