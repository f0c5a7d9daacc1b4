/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any number with any registers and any result: the plan stays within its limits, and is the same
 * when made twice, as guest and home do. Built with libFuzzer's main, or (MOS_FUZZ_MAIN) with one
 * of its own: fuzz_call_plan FILE..., or fuzz_call_plan -n COUNT [SEED]. */
#include "base/util.h"
#include "call/call.h"
#include "wire/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	uint64_t nr;
	uint64_t arg[CALL_ARGS];
	int64_t ret;
	uint32_t in_len, cap;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_arg(const struct call_plan *p, unsigned i, const struct input *in)
{
	int room = call_place_size(p, i, in->in_len);
	uint32_t n = call_out_len(p, i, in->ret, in->cap);

	ASSERT(p->kind[i] < ARG_KIND_COUNT_);
	ASSERT(p->size[i] <= CALL_DATA_MAX);
	ASSERT(p->kind[i] != ARG_VALUE || !p->size[i]);
	ASSERT(room == -EPROTO || (room >= 0 && room <= (int)CALL_DATA_MAX));
	ASSERT(n <= in->cap);
	ASSERT(!n || call_arg_out(p->kind[i]));
	ASSERT(!n || call_arg_vector(p->kind[i]) || n <= p->size[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };
	struct call_plan p, q;
	const char *why = NULL;
	enum call_class c;
	uint64_t total = 0;
	int r;

	memcpy(&in, data, MIN(size, sizeof(in)));
	if (in.nr % 4) /* mostly numbers that exist */
		in.nr = (in.nr >> 2) % 480;
	c = call_classify((long)in.nr, in.arg, &why);
	ASSERT(c < CALL_CLASS_COUNT_);
	ASSERT((c == CALL_HOME) == (why != NULL));
	ASSERT(call_name((long)in.nr));

	r = call_plan((long)in.nr, in.arg, &p);
	ASSERT(r == 0 || r == -ENOSYS || r == -E2BIG);
	ASSERT((r == -ENOSYS) == (c != CALL_FORWARD && c != CALL_BOTH));
	if (r < 0)
		return 0;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		check_arg(&p, i, &in);
		if (p.kind[i] == ARG_OUT || p.kind[i] == ARG_INOUT)
			total += p.size[i];
	}
	ASSERT(total <= CALL_DATA_MAX);
	/* Home plans from the registers that the guest's plan holds, and finds the same. */
	ASSERT(call_plan((long)in.nr, p.arg, &q) == 0);
	ASSERT(!memcmp(p.arg, q.arg, sizeof(p.arg)) && !memcmp(p.kind, q.kind, sizeof(p.kind)) &&
	       !memcmp(p.size, q.size, sizeof(p.size)) && p.flags == q.flags);
	return 0;
}

#ifdef MOS_FUZZ_MAIN
static uint64_t rnd(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static uint64_t some_value(uint64_t *x)
{
	uint64_t v = rnd(x);

	return v >> (rnd(x) % 64) << (rnd(x) % 8 ? 0 : rnd(x) % 64);
}

static int run_random(unsigned long count, uint64_t seed)
{
	uint64_t x = seed ? seed : 1;

	(void)printf("seed %lu\n", (unsigned long)seed);
	for (unsigned long i = 0; i < count; i++) {
		struct input in = { .nr = rnd(&x), .ret = (int64_t)some_value(&x) };

		for (unsigned j = 0; j < CALL_ARGS; j++)
			in.arg[j] = some_value(&x);
		if (rnd(&x) % 2)
			in.ret = (int64_t)-(uint64_t)in.ret;
		in.in_len = (uint32_t)some_value(&x);
		in.cap = (uint32_t)some_value(&x);
		(void)LLVMFuzzerTestOneInput((const uint8_t *)&in, sizeof(in));
	}
	return 0;
}

static int run_file(const char *path)
{
	uint8_t data[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
	return LLVMFuzzerTestOneInput(data, n);
}

int main(int argc, char **argv)
{
	int r = 0;

	if (argc >= 3 && !strcmp(argv[1], "-n"))
		return run_random(strtoul(argv[2], NULL, 0),
				  argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
	for (int i = 1; i < argc; i++)
		r |= run_file(argv[i]);
	return r;
}
#endif
