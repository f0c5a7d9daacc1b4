/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vDSO of the running kernel, the same for all its processes. */
#ifndef MOS_KERNEL_VDSO_H
#define MOS_KERNEL_VDSO_H

#include <stdint.h>

/* SHA-256 of its code. Return: 0, -errno. */
int vdso_digest(uint8_t ret[32]);

#endif
