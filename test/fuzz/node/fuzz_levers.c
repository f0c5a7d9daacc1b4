/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of the file of levers is written back the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "node/site/levers.h"

#define RUNS 60000

static const char *const words[] = {
	"stay",	  "lstay",    "block",	  "quiet", "expel", "speed", " ", "yes", "no", "\n",
	"yes\n",  "no\n",     "stay yes\n", "block no\n", "speed 20000\n", "speed 100000001",
	"speed 99999999999999999999", "0", "\r", "\t",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[LEVERS_TEXT_MAX];
	struct levers_note a, b;

	if (levers_parse((const char *)p, n, &a) < 0)
		return 0;
	ASSERT(a.speed <= LEVERS_SPEED_MAX);
	ASSERT(levers_parse(text, levers_text(&a, text), &b) == 0);
	ASSERT(!memcmp(a.said, b.said, sizeof(a.said)) && !memcmp(a.on, b.on, sizeof(a.on)));
	ASSERT(a.speed == b.speed);
	return 0;
}

#include "../wire/plain_main.h"
