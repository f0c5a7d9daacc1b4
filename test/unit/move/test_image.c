/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image comes from another node: what decodes must be fit to act on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "move/image.h"
#include "sample.h"

static int decode(const void *p, size_t n, struct image **ret)
{
	struct err e = ERR_INIT;
	struct image *m = image_create();
	int r = image_decode(m, p, n, &e);

	assert_true(r == 0 || (r == -EPROTO && e.msg[0]));
	if (r == 0 && ret)
		*ret = m;
	else
		image_destroy(m);
	return r;
}

static void same_again(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct image *m = sample_image(), *n = NULL;

	assert_int_equal(image_encode(m, &a), 0);
	assert_int_equal(decode(a.data, a.len, &n), 0);
	assert_int_equal(image_encode(n, &b), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	assert_string_equal(n->comm, "sample");
	assert_int_equal(n->pending.done, 4096);
	image_destroy(m);
	image_destroy(n);
	buf_finish(&a);
	buf_finish(&b);
}

static void cut_and_longer(void **state)
{
	struct image *m = sample_image();
	struct buf b = BUF_INIT;

	assert_int_equal(image_encode(m, &b), 0);
	for (size_t n = 0; n < b.len; n++) {
		void *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read behind it */

		memcpy(exact, b.data, n);
		assert_int_equal(decode(exact, n, NULL), -EPROTO);
		free(exact);
	}
	buf_put_u8(&b, 0);
	assert_int_equal(decode(b.data, b.len, NULL), -EPROTO);
	buf_finish(&b);
	image_destroy(m);
}

#define SPOIL(...)                                                                                 \
	do {                                                                                       \
		struct image *m = sample_image();                                                  \
		struct buf b = BUF_INIT;                                                           \
		__VA_ARGS__;                                                                       \
		assert_int_equal(image_encode(m, &b), 0);                                          \
		assert_int_equal(decode(b.data, b.len, NULL), want);                               \
		buf_finish(&b);                                                                    \
		image_destroy(m);                                                                  \
	} while (0)

static void mappings(void **state)
{
	const int want = -EPROTO;

	SPOIL(m->vma[1].start = 0x400000);			/* over its neighbour */
	SPOIL(m->vma[2].end = m->vma[2].start);			/* empty */
	SPOIL(m->vma[2].start = 0x700000, m->vma[2].end = 0x600000);
	SPOIL(m->vma[2].start += 1);
	SPOIL(m->vma[5].end = 0x800000000000);			/* the kernel's half */
	SPOIL(m->vma[5].end = UINT64_MAX & ~0xfffULL);
	SPOIL(m->vma[0].prot = 8);
	SPOIL(m->vma[0].kind = IMAGE_VMA_KIND_COUNT_);
	SPOIL(m->vma[0].file = IMAGE_FILES_MAX);
	SPOIL(m->vma[0].off = 1);
	SPOIL(m->vma[0].off = 1ULL << 41);
	SPOIL(m->vma[2].end = m->area + 4096);			/* over the resident */
	SPOIL(m->area = 0x600000);
	SPOIL(m->area = 0);
	SPOIL(m->area = UINT64_MAX & ~0xfffULL);
	SPOIL(m->area += 1);
}

static void registers(void **state)
{
	const int want = -EPROTO;

	SPOIL(m->regs.cs = 0x10);		/* the kernel's */
	SPOIL(m->regs.cs = 0x23);		/* 32-bit code */
	SPOIL(m->regs.cs = 0);
	SPOIL(m->regs.ss = 0x18);
	SPOIL(m->regs.ds = 0x28);
	SPOIL(m->regs.gs = 1);
	SPOIL(m->regs.eflags |= 0x3000);	/* input-output privilege */
	SPOIL(m->regs.eflags |= 0x20000);	/* virtual 8086 */
	SPOIL(m->regs.rip = 0xffffffff81000000);
	SPOIL(m->regs.rip = 0x800000000000);
	SPOIL(m->regs.fs_base = 0xffff888000000000);
	SPOIL(m->regs.gs_base = 1ULL << 47);
}

static void times_and_waits(void **state)
{
	int want = -EPROTO;

	SPOIL(m->mono = INT64_MIN);
	SPOIL(m->mono = INT64_MAX);
	SPOIL(m->boot = -1);
	SPOIL(m->cpu = INT64_MIN);
	SPOIL(m->pending.kind = PENDING_KIND_COUNT_);
	SPOIL(m->pending.nr = -1);
	SPOIL(m->pending.nr = 1LL << 40);
	SPOIL(m->pending.done = UINT64_MAX);
	SPOIL(m->pending.kind = PENDING_SLEEP, m->pending.clock = 2);
	SPOIL(m->pending.kind = PENDING_SLEEP, m->pending.deadline = -1);
	SPOIL(m->signal[0].si_signo = 0);
	SPOIL(m->signal[0].si_signo = 65);
	SPOIL(m->signal[0].si_signo = -3);
	want = 0;
	SPOIL(m->pending.kind = PENDING_SLEEP, m->pending.clock = 1, m->pending.deadline = INT64_MAX);
	SPOIL(m->pending.kind = PENDING_NONE, m->pending.nr = -1);
	SPOIL(m->regs.eflags |= 0x240500); /* id, alignment check, direction, trap */
	SPOIL(m->nvmas = 0);
}

static void too_much(void **state)
{
	struct image *m = sample_image();
	struct buf b = BUF_INIT;
	size_t at;

	m->nvmas = 0;
	assert_int_equal(image_encode(m, &b), 0);
	at = b.len - 4; /* number of mappings, the last word */
	for (uint32_t n = 1; n; n = n * 7 + 1) {
		uint32_t le = n;

		memcpy(b.data + at, &le, 4);
		assert_int_equal(decode(b.data, b.len, NULL), -EPROTO);
		if (n > 1U << 29)
			break;
	}
	buf_finish(&b);
	image_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_again),	   cmocka_unit_test(cut_and_longer),
		cmocka_unit_test(mappings),	   cmocka_unit_test(registers),
		cmocka_unit_test(times_and_waits), cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
