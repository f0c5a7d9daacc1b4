/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The constants, as doc/balance.md gives reasons for them. */
#include "base/util.h"
#include "policy/brain.h"

#define MSEC 1000000LL
#define SEC  (1000 * MSEC)
#define MIB  1024ULL /* in KiB */

void policy_conf_init(struct policy_conf *ret)
{
	*ret = (struct policy_conf){
		.balance = true,
		.usher = true,
		.hosts_check = true,
		.period = SEC,
		.settle = 4 * SEC,
		.age_max = 30 * SEC,
		.gain = 200,
		.gain_min = 50,
		.pad = 1300,
		.residency = 5 * SEC,
		.returning = 200,
		.moves_at_once = 8,
		.moves_each = 5,
		.move_fixed = 50 * MSEC,
		.move_longest = 120 * SEC,
		.link = 100000000,
		.rtt = 200000,
		.call_fixed = 30000,
		.backoff = 10 * SEC,
		.backoff_max = 300 * SEC,
		.mem_reserve = 50,
		.mem_reserve_min = 32 * MIB,
		.mem_reserve_max = 2048 * MIB,
		.mem_relief = 150,
		.mem_ahead = 5 * SEC,
		.place_near = 100,
		.place_home = 1200,
	};
}

void conf_clean(const struct policy_conf *c, struct policy_conf *ret)
{
	int64_t *const times[] = {
		&ret->period,	  &ret->settle,	      &ret->age_max,   &ret->residency,
		&ret->move_fixed, &ret->move_longest, &ret->rtt,       &ret->call_fixed,
		&ret->backoff,	  &ret->backoff_max,  &ret->mem_ahead,
	};

	*ret = *c;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		*times[i] = MIN(MAX(*times[i], (int64_t)0), LONG_AGO);
}
