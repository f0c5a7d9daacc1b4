/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chance that is the same again for the same seed. */
#include <math.h>

#include "sim/world.h"

uint64_t random_next(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0;
}

double random_exp(uint64_t *state, double mean)
{
	return -mean * log(1 - random_unit(state));
}

/* Pareto, cut off at @high: P(X > x) falls as x to the power of -alpha. */
double random_pareto(uint64_t *state, double alpha, double low, double high)
{
	double cut = 1 - pow(low / high, alpha);

	return low / pow(1 - random_unit(state) * cut, 1 / alpha);
}
