/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor can do that a running program may have come to rely on, and its name. */
#ifndef MOS_KERNEL_CPU_H
#define MOS_KERNEL_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_NAME    64U /* bytes of a name with its end */
#define CPU_LACKING 96U /* of what is missing, likewise */

/* The features as bits; the same bit means the same on every node, for ever. 0 is never returned:
 * each x86-64 processor has the lowest. */
uint64_t cpu_features(void);
/* Whether a program that found @wanted where it began finds all of that in @offered too. */
bool cpu_features_cover(uint64_t offered, uint64_t wanted);
/* The words for what is missing: "avx2, bmi2 and 3 more"; empty if nothing is. */
void cpu_features_lacking(uint64_t offered, uint64_t wanted, char to[static CPU_LACKING]);
/* The word for one bit, as in /proc/cpuinfo where that has one; NULL for a bit without meaning. */
const char *cpu_feature_str(unsigned bit);
/* Name, family, model, stepping: "AMD EPYC 25/17/1". Printable ASCII. */
void cpu_name(char to[static CPU_NAME]);

#endif
