/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast one processor of this machine is, in openMosix's unit: 10000 is the reference.
 *
 * The reference is a server's core of the early 2020s at 2 to 3 GHz (an EPYC 9004 at a nominal
 * 2.6 GHz measures about 11500) which does one round of the mix below in SPEED_REFERENCE_NS. Half
 * the time is 20000. The mix is integer arithmetic with branches that hang on its results, and
 * reads and writes all over a megabyte, half of them at places that hang on what was read before. */
#ifndef MOS_NODE_FIGURES_SPEED_H
#define MOS_NODE_FIGURES_SPEED_H

#include <stddef.h>
#include <stdint.h>

#define SPEED_MIX	   1U	    /* of this mix; another one takes the next number */
#define SPEED_REFERENCE_NS 4000000U /* a round on the reference */
#define SPEED_MAX	   100000000U
#define SPEED_PATH	   "/var/lib/umosix/speed"

/* The best of some rounds, in processor time, so that it does not matter what else runs or how
 * small this node's share is; some 40 ms. INFO_STANDARD_SPEED without memory. */
uint32_t speed_measure(void);
/* Takes the speed from the text of a file that was kept: of this mix, of processor @cpu.
 * Return: 0 or -EINVAL. */
int speed_parse(const char *text, const char *cpu, uint32_t *ret);
/* Writes such a text, to be kept. */
void speed_format(uint32_t speed, const char *cpu, char *to, size_t size);
/* The speed that was kept at SPEED_PATH, or if none is there for this processor, a measured one,
 * which is kept then. */
uint32_t speed_kept(void);

#endif
