/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vDSO of the running kernel, the same for all its processes. */
#ifndef MOS_KERNEL_VDSO_H
#define MOS_KERNEL_VDSO_H

#include <stddef.h>
#include <stdint.h>

#define VDSO_DIGEST_SIZE 32U

/* SHA-256 of what tells where its functions stand: two nodes with the same one can have each other's processes.
 * Return: 0, -errno. */
int vdso_digest(uint8_t ret[static VDSO_DIGEST_SIZE]);
/* The same of an image of @size bytes. Pure. */
int vdso_digest_of(const void *image, size_t size, uint8_t ret[static VDSO_DIGEST_SIZE]);

#endif
