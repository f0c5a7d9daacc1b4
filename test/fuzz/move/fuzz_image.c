/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A good image with some bytes changed, cut or added: what decodes keeps what image.h promises, and
 * encodes to what decodes to the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../unit/move/sample.h"
#include "wire/limits.h"

#define RUNS 30000

static const char *const words[] = { "\x01\x01\x01\x01", "\xff\xff\xff\xff", "\x10", "\x7f", "\x80" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct image *m)
{
	uint64_t last = 0;

	ASSERT(m->nvmas <= IMAGE_VMAS_MAX && m->nsignals <= IMAGE_PENDING_MAX);
	ASSERT(m->xstate_len <= XSTATE_MAX && m->auxv_len <= AUXV_MAX);
	ASSERT(m->ids.ngroups <= IMAGE_GROUPS_MAX && !m->comm[15]);
	ASSERT(m->mono >= 0 && m->cpu >= 0 && m->cpu - m->mono < INT64_MAX);
	ASSERT(!(m->regs.eflags & 0x23000) && m->regs.rip >> 47 == 0);
	for (uint32_t i = 0; i < m->nvmas; i++) {
		const struct image_vma *v = &m->vma[i];

		ASSERT(v->start >= last && v->end > v->start && v->end <= 0x7ffffffff000);
		ASSERT(v->end <= m->area || v->start >= m->area + 0x1c0000);
		ASSERT(v->kind < IMAGE_VMA_KIND_COUNT_ && v->file < IMAGE_FILES_MAX);
		last = v->end;
	}
}

static void try(const uint8_t *p, size_t n)
{
	struct image *m = image_create(), *again = image_create();
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct err e = ERR_INIT;

	ASSERT(m && again);
	if (image_decode(m, p, n, &e) == 0) {
		check(m);
		ASSERT(image_encode(m, &a) == 0 && a.len == n);
		ASSERT(image_decode(again, a.data, a.len, &e) == 0);
		ASSERT(image_encode(again, &b) == 0);
		ASSERT(a.len == b.len && !memcmp(a.data, b.data, a.len));
	} else {
		ASSERT(e.msg[0]);
	}
	image_destroy(m);
	image_destroy(again);
	buf_finish(&a);
	buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct image *m = sample_image();
	struct buf b = BUF_INIT;
	uint8_t *exact;

	try(p, n);
	if (n && p[0] & 1)
		m->xstate_len = 64; /* or most changes hit it, where anything goes */
	ASSERT(image_encode(m, &b) == 0);
	image_destroy(m);
	for (size_t i = 0; i + 3 <= n && i < 48; i += 3)
		b.data[(p[i] << 8 | p[i + 1]) % b.len] = p[i + 2];
	if (n > 60)
		b.len -= MIN((size_t)p[59], b.len);
	exact = malloc(b.len + 1);
	ASSERT(exact);
	memcpy(exact, b.data, b.len);
	try(exact, b.len);
	free(exact);
	buf_finish(&b);
	return 0;
}

#include "../wire/plain_main.h"
