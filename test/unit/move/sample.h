/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small image that is right, for tests and fuzzers to spoil. */
#ifndef MOS_TEST_MOVE_SAMPLE_H
#define MOS_TEST_MOVE_SAMPLE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "move/image.h"

static inline struct image *sample_image(void)
{
	static const struct image_vma vma[] = {
		{ 0x400000, 0x401000, 0, 0, PROT_READ | PROT_EXEC, IMAGE_FILE, 0 },
		{ 0x401000, 0x403000, 0x1000, 0, PROT_READ, IMAGE_FILE, 0 },
		{ 0x600000, 0x700000, 0, 0, PROT_READ | PROT_WRITE, IMAGE_ANON, 0 },
		{ 0x7ffe00000000, 0x7ffe00004000, 0, 0, PROT_READ, IMAGE_VVAR, 0 },
		{ 0x7ffe00004000, 0x7ffe00006000, 0, 0, PROT_READ | PROT_EXEC, IMAGE_VDSO, 0 },
		{ 0x7fff00000000, 0x7fff00021000, 0, 0, PROT_READ | PROT_WRITE, IMAGE_ANON,
		  IMAGE_VMA_STACK },
	};
	struct image *m = image_create();

	ASSERT(m);
	m->epoch = 3;
	m->pid = 4242;
	memcpy(m->comm, "sample", 7);
	m->regs.cs = 0x33;
	m->regs.ss = 0x2b;
	m->regs.eflags = 0x246;
	m->regs.rip = 0x400100;
	m->regs.rsp = 0x7fff00020000;
	m->regs.fs_base = 0x600040;
	m->xstate_len = 2696;
	memset(m->xstate, 7, m->xstate_len);
	m->action[15] = (struct image_action){ 0x400200, 0x14000000, 0x400300, 0 };
	m->auxv_len = 320;
	m->ids.ngroups = 2;
	m->mono = 5 * NSEC_PER_SEC;
	m->boot = 6 * NSEC_PER_SEC;
	m->cpu = NSEC_PER_SEC;
	m->area = 0x100000000000;
	m->pending = (struct image_pending){ .kind = PENDING_CALL, .id = 9, .nr = 1, .done = 4096 };
	m->nsignals = 1;
	m->signal[0].si_signo = 10;
	m->nvmas = ARRAY_SIZE(vma);
	m->vma = malloc(sizeof(vma));
	ASSERT(m->vma);
	memcpy(m->vma, vma, sizeof(vma));
	return m;
}

#endif
