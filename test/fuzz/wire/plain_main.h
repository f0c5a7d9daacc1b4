/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For builds without libFuzzer, included at a fuzzer's end: replays the files given, or runs RUNS
 * seeded random inputs put together from the fuzzer's words[]. */
#if !defined(MOS_LIBFUZZER) && !defined(MOS_FUZZ_PLAIN_MAIN_H)
#define MOS_FUZZ_PLAIN_MAIN_H
#include <stdio.h>
#include <stdlib.h>

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static void replay(const char *path)
{
	static uint8_t b[1 << 20];
	FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(b, 1, sizeof(b), f) : 0;
	uint8_t *exact = malloc(n + 1); /* so that the sanitizer sees a read past the end */

	if (exact) {
		memcpy(exact, b, n);
		(void)LLVMFuzzerTestOneInput(exact, n);
	}
	free(exact);
	if (f)
		(void)fclose(f);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	for (unsigned run = 0; argc == 1 && run < RUNS; run++) {
		uint8_t *b = malloc(4096);
		size_t n = 0, max = 1 + rnd(400);

		if (!b)
			return 1;
		while (n < max) {
			const char *w = words[rnd(sizeof(words) / sizeof(words[0]))];
			size_t k = strlen(w);

			if (rnd(12)) {
				memcpy(b + n, w, k);
				n += k;
			} else {
				b[n++] = (uint8_t)rnd(256);
			}
		}
		b = realloc(b, n);
		if (!b)
			return 1;
		(void)LLVMFuzzerTestOneInput(b, n);
		free(b);
	}
	return 0;
}
#endif
