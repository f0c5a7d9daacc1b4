/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wish that is read is written the same; what mosrun asks for keeps within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "node/ask/run_ops.h"

#define RUNS 60000

static const char *const words[] = {
	"locked", "unlocked", "cpu", "io", "never", "slow", "fast", "own", "m", "n", ",", "-", "+",
	"1", "12", "900", "65535", "65536", "m500", "n1-3", "own5-900", "{", "}", "[", "]", ":",
	"\"lock\":true", "\"lock\":\"keep\"", "\"node\":", "\"nodes\":", "[[1,3],[5,5]]",
	"\"memory_mib\":", "\"kind\":\"cpu\"", "\"decay\":\"own\"", "\"decay_s\":5",
	"\"decay_fraction\":900", "{\"nodes\":[[1,2]]}", "{\"memory_mib\":7}",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct migrant_wish *w)
{
	struct migrant_wish again;
	char text[WISH_TEXT_MAX];

	ASSERT(w->lock < MIGRANT_LOCK_COUNT_ && w->hint < POLICY_HINT_COUNT_);
	ASSERT(w->decay < WISH_DECAY_COUNT_ && w->n_ranges <= WISH_RANGES_MAX);
	ASSERT(w->memory <= WISH_MEMORY_MAX && wish_lasts(w) >= 1);
	wish_text(w, text);
	ASSERT(!strchr(text, '/') && text[0] != '.');
	ASSERT(wish_parse(text, &again) == 0 && wish_equal(w, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct run_wish r = { 0 };
	struct migrant_wish w;
	struct err e = ERR_INIT;
	char text[512];
	json_t *o;

	(void)snprintf(text, sizeof(text), "%.*s", (int)MIN(n, (size_t)511), (const char *)p);
	if (wish_parse(text, &w) == 0)
		check(&w);
	o = json_loadb((const char *)p, n, 0, NULL);
	if (json_is_object(o)) {
		int err = run_wish_read(o, &r, &e);

		ASSERT(err == 0 || e.msg[0]);
		check(&r.wish);
	}
	json_decref(o);
	return 0;
}

#include "../wire/plain_main.h"
