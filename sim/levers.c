/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that runs out, nodes that are emptied, users who come to their own machine. */
#include <stdio.h>

#include "base/util.h"
#include "sim/world.h"

/* Jobs that grow until their nodes would be full. */
static int hogs(uint64_t seed, bool usher)
{
	struct world *w = world_create(4, seed);
	uint32_t killed = 0, pushed = 0;
	double least = 1;

	w->conf.usher = usher;
	for (uint32_t i = 0; i < 4; i++) {
		w->nodes[i].memory = w->nodes[i].least_free = (i == 3 ? 16384 : 4096) * KIB_OF_MIB;
		w->nodes[i].cpus = 4;
	}
	for (int i = 0; i < 4; i++) {
		struct job *j = world_job(w, 0, 300);

		j->memory = 200 * KIB_OF_MIB;
		j->grows = 30 * KIB_OF_MIB;
		j->memory_max = (1000 + 500 * i) * KIB_OF_MIB;
	}
	world_job(w, 1, 300)->memory = 2500 * KIB_OF_MIB;
	world_run(w, 1e4);
	for (uint32_t i = 0; i < 4; i++) {
		killed += w->nodes[i].killed;
		pushed += w->nodes[i].pushed;
		least = MIN(least, w->nodes[i].least_free / w->nodes[i].memory);
	}
	least *= 100;
	if (!usher) {
		int broken =
			promise(killed > 0, "four hogs on 4 GiB, ushering off: %u killed", killed);

		world_destroy(w);
		return broken;
	}
	int broken =
		promise(!killed && !pushed && least > 0 && w->moves_by[POLICY_USHER] > 0,
			"ushering on: %u killed, %u moves for memory, least free anywhere %.1f %%, "
			"%u arrivals under the host's reserve",
			killed, w->moves_by[POLICY_USHER], least, pushed);
	world_destroy(w);
	return broken;
}

/* Guests that grow on hosts: their homes take them away. */
static int pressed(uint64_t seed)
{
	struct world *w = world_create(6, seed);
	uint32_t killed = 0, pushed = 0;
	int broken;

	for (uint32_t i = 0; i < 6; i++) {
		w->nodes[i].memory = (i == 0 ? 2048 : 8192) * KIB_OF_MIB;
		w->nodes[i].cpus = i == 0 ? 8 : 1;
		w->nodes[i].least_free = w->nodes[i].memory;
	}
	for (uint32_t i = 1; i < 6; i++) {
		for (int k = 0; k < 2; k++) {
			struct job *j = world_job(w, i, 400);

			j->memory = 100 * KIB_OF_MIB;
			j->grows = 4 * KIB_OF_MIB;
			j->memory_max = 900 * KIB_OF_MIB;
		}
	}
	world_run(w, 1e4);
	for (uint32_t i = 0; i < 6; i++) {
		killed += w->nodes[i].killed;
		pushed += w->nodes[i].pushed;
	}
	broken = promise(
		!killed && !pushed && w->moves_by[POLICY_USHER] > 0,
		"guests of five homes grow on a host of 2 GiB: %u killed, %u moves for memory, "
		"its least free %.1f %%",
		killed, w->moves_by[POLICY_USHER],
		100 * w->nodes[0].least_free / w->nodes[0].memory);
	world_destroy(w);
	return broken;
}

int scenario_memory(uint64_t seed)
{
	return hogs(seed, false) + hogs(seed, true) + pressed(seed);
}

int scenario_drain(uint64_t seed)
{
	struct world *w = world_create(5, seed);
	double from;
	uint32_t left = 1;
	int broken;

	for (int i = 0; i < 10; i++)
		world_job(w, 0, 1e5)->locked = false;
	for (int i = 0; i < 6; i++)
		world_job(w, 2, 1e5);
	world_run(w, 60);
	from = w->time;
	w->nodes[1].flags = POLICY_EXPEL | POLICY_BLOCK;
	while (left && w->time < from + 60) {
		world_step(w);
		left = w->nodes[1].jobs || w->nodes[1].coming || w->nodes[1].leaving;
	}
	broken = promise(!left, "a node that expels its guests is empty after %.1f s: %u moves",
			 w->time - from, w->moves_by[POLICY_EXPEL_HOST]);
	from = w->time;
	w->nodes[0].bring = true;
	left = 1;
	while (left && w->time < from + 60) {
		world_step(w);
		left = 0;
		for (const struct job *j = w->nodes[0].own; j; j = j->home_next)
			left += j->at != 0 || j->state != JOB_RUNS;
	}
	broken += promise(!left, "a home that brings its own home has all after %.1f s: %u moves",
			  w->time - from, w->moves_by[POLICY_BRING]);
	world_destroy(w);
	return broken;
}

/* Node 2's own user comes back while it works for others. */
int scenario_local(uint64_t seed)
{
	struct world *w = world_create(4, seed);
	double from;
	struct job *own;
	uint32_t guests = 1;
	int broken;

	for (int i = 0; i < 4; i++)
		world_job(w, 0, 1e5);
	world_run(w, 60);
	for (const struct job *j = w->nodes[1].jobs; j; j = j->next)
		guests += j->home != 1;
	from = w->time;
	own = world_job(w, 1, 1e5);
	while (guests && w->time < from + 60) {
		world_step(w);
		guests = 0;
		for (const struct job *j = w->nodes[1].jobs; j; j = j->next)
			guests += j->home != 1;
	}
	broken =
		promise(!guests && own->at == 1,
			"when a node's own user comes, its guest leaves, after %.1f s, and his job "
			"stays",
			w->time - from);
	world_run(w, w->time + 120);
	broken += promise(own->moves == 0, "and it stays for good: %u moves in all, %u back",
			  w->moves, w->returns);
	world_destroy(w);
	return broken;
}
