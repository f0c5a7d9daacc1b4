/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/site/life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"

/* A file that somebody has spoiled must not use up all numbers there are. */
#define AHEAD_MOST (366LL * 86400 * 1000000000)

uint64_t life_begin(const char *path, int64_t wall)
{
	uint64_t life = (uint64_t)MAX(wall, (int64_t)1), last;
	char text[32];
	int r;

	if (io_read_file(path, text, sizeof(text)) > 0) {
		last = strtoull(text, NULL, 10);
		if (last >= life && last - life < (uint64_t)AHEAD_MOST)
			life = last + 1;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64 "\n", life);
	r = io_replace_file(path, text);
	if (r < 0)
		log_warning("%s: %s: should the clock be set back, others will not hear this node",
			    path, strerror(-r));
	return life;
}
