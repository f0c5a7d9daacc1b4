/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("memory: malloc, realloc, free and brk go on while anything happens")

enum { SLOTS = 64 };

static struct {
	unsigned char *p;
	size_t n;
} slot[SLOTS];

static size_t some(size_t most)
{
	static uint64_t x = 1;

	x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	return (size_t)(x >> 33) % most;
}

static void churn(void)
{
	size_t i = some(SLOTS), n = 1 + some(i % 8 == 0 ? 300000 : 5000);

	if (slot[i].p != NULL)
		G_FILLED(slot[i].p, slot[i].n, i);
	if (some(4) == 0) {
		free(slot[i].p);
		slot[i].p = NULL;
		return;
	}
	slot[i].p = G_PTR(realloc(slot[i].p, n));
	slot[i].n = n;
	g_fill(slot[i].p, n, i);
}

int main(void)
{
	unsigned char *low = G_PTR(sbrk(0)), *mine;

	for (int i = 0; i < 200; i++)
		churn();
	g_ready();
	while (g_waiting()) {
		for (int i = 0; i < 10; i++)
			churn();
		if ((unsigned char *)sbrk(0) - low < (64 << 20)) {
			mine = G_PTR(sbrk(20000));
			g_fill(mine, 20000, 77);
			G_FILLED(mine, 20000, 77);
		}
	}
	for (size_t i = 0; i < SLOTS; i++)
		if (slot[i].p != NULL)
			G_FILLED(slot[i].p, slot[i].n, i);
	return g_pass();
}
