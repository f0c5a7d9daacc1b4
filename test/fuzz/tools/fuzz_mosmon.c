/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever mosd answers and whichever keys are pressed: each cell of a screen of any size holds
 * something that a terminal can show. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "tools/mosmon_view.h"

#define RUNS 8000

static const char *const words[] = {
	"{", "}", "[", "]", ",", ":", "\"node\":1", "\"node\":65535", "\"state\":\"alive\"",
	"\"state\":\"dead\"", "\"load\":4294967295", "\"mem_total_kib\":1125899906842624",
	"\"mem_free_kib\":1", "\"speed\":1000000000", "\"cpus\":64000", "\"util\":1000",
	"\"flags\":[\"stay\",\"pressed\"]", "\"me\":true", "\"pid\":42", "\"node\":3", "\"moves\":2",
	"\"args\":\"\\u001b[2J\\u00e4\"", "\"cpu_us\":9223372036854775807", "\"moving\":true", "\n",
	"[{\"node\":1,\"state\":\"alive\",\"load\":150},{\"node\":999,\"state\":\"alive\"}]\n",
	"[{\"pid\":1,\"node\":2,\"moves\":7,\"args\":\"x\"}]\n", "sVtd\n", "pppp", "mL", "wvVa",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *nobody(int64_t uid)
{
	return "nobody";
}

static void look_at(struct mon_view *v, const struct mon_data *d, int rows, int cols)
{
	CLEANUP(screen_finish) struct screen s = { 0 };
	char line[4 * SCREEN_SIDE_MAX + 1];

	ASSERT(screen_init(&s, rows, cols) == 0);
	mon_view_draw(v, d, &s);
	for (int i = 0; i < s.rows * s.cols; i++) {
		uint32_t ch = s.cells[i].ch;

		ASSERT((ch >= ' ' && ch < 0x7f) || (v->blocks && ch >= 0x2581 && ch <= 0x2588));
		ASSERT(s.cells[i].attr < ATTR_COUNT_);
	}
	for (int row = 0; row < s.rows; row++)
		ASSERT(strlen(screen_line(&s, row, line, sizeof(line))) <= 3 * (size_t)s.cols);
	ASSERT(v->first >= 0 && v->fit >= 0);
}

/* Lines: the nodes, the processes, the processes a second later; each byte is a key as well. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP(mon_data_finish) struct mon_data d = { 0 };
	struct mon_view v = { .blocks = n & 1 };
	const uint8_t *at = p;

	for (int i = 0; i < 3 && at < p + n; i++) {
		const uint8_t *end = memchr(at, '\n', (size_t)(p + n - at));
		size_t len = (size_t)((end ? end : p + n) - at);
		json_t *o = json_loadb((const char *)at, len, 0, NULL);

		if (o && !i)
			ASSERT(mon_data_nodes(&d, o, 1) == 0);
		else if (o)
			ASSERT(mon_data_procs(&d, o, "12:34:56", nobody) == 0);
		json_decref(o);
		at += len + 1;
	}
	for (size_t i = 0; i < n && i < 24; i++) {
		(void)mon_view_key(&v, p[i] < 0xf0 ? p[i] : MON_KEY_LEFT + p[i] - 0xf0);
		look_at(&v, &d, p[i] % 40, p[n - 1 - i]);
	}
	return 0;
}

#include "../wire/plain_main.h"
