/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which changes of a vDSO make it another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "kernel/vdso.h"

#define SIZE 4096

static uint8_t image[SIZE], first[VDSO_DIGEST_SIZE], other[VDSO_DIGEST_SIZE];

/* Where in our own vDSO the build id stands. */
static size_t find_id(void)
{
	Elf64_Ehdr e;

	memcpy(&e, image, sizeof(e));
	for (unsigned i = 0; i < e.e_phnum; i++) {
		Elf64_Phdr h;

		memcpy(&h, image + e.e_phoff + i * sizeof(h), sizeof(h));
		if (h.p_type != PT_NOTE)
			continue;
		for (size_t at = h.p_offset; at + 16 < h.p_offset + h.p_filesz; at += 4) {
			const uint32_t head[3] = { 4, 20, NT_GNU_BUILD_ID };

			if (!memcmp(image + at, head, sizeof(head)) && !memcmp(image + at + 12, "GNU", 4))
				return at + 16;
		}
	}
	fail_msg("this kernel's vDSO has no build id");
	return 0;
}

static int load(void **state)
{
	const void *own = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);

	assert_non_null(own);
	memcpy(image, own, SIZE);
	assert_int_equal(vdso_digest_of(image, SIZE, first), 0);
	return 0;
}

static void code_may_differ(void **state)
{
	size_t id = find_id();

	memset(image + id + 64, 0xcc, SIZE - id - 64);
	assert_int_equal(vdso_digest_of(image, SIZE, other), 0);
	assert_memory_equal(first, other, sizeof(first));
}

static void another_build(void **state)
{
	size_t id = find_id();

	image[id + 19] ^= 1;
	assert_int_equal(vdso_digest_of(image, SIZE, other), 0);
	assert_memory_not_equal(first, other, sizeof(first));
}

static void another_size(void **state)
{
	assert_int_equal(vdso_digest_of(image, SIZE - 8, other), 0);
	assert_memory_not_equal(first, other, sizeof(first));
}

/* Without an id all of it counts. */
static void no_id(void **state)
{
	size_t id = find_id();

	image[id - 16 + 8] = 99; /* another type of note */
	assert_int_equal(vdso_digest_of(image, SIZE, first), 0);
	image[SIZE - 1] ^= 1;
	assert_int_equal(vdso_digest_of(image, SIZE, other), 0);
	assert_memory_not_equal(first, other, sizeof(first));
}

/* The first @n bytes of the image, between what nobody can read. */
static void digest_alone(uint8_t *page, size_t n)
{
	uint8_t *p = page + SIZE - n;

	memcpy(p, image, n);
	assert_int_equal(vdso_digest_of(p, n, other), 0);
}

/* Whatever its headers say, nothing outside is read. */
static void bad_headers(void **state)
{
	uint8_t *room = mmap(NULL, 3 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *page = room + SIZE;

	assert_ptr_not_equal(room, MAP_FAILED);
	assert_int_equal(mprotect(page, SIZE, PROT_READ | PROT_WRITE), 0);
	for (size_t at = 16; at < 512; at++)
		for (unsigned v = 0; v < 256; v += 51) {
			uint8_t was = image[at];

			image[at] = (uint8_t)v;
			for (size_t n = 0; n < 128; n += 9)
				digest_alone(page, n);
			digest_alone(page, SIZE);
			image[at] = was;
		}
	(void)munmap(room, 3 * SIZE);
}

/* Nor where nothing but the headers tells where the notes end: empty ones follow each other. */
static void notes_without_end(void **state)
{
	size_t id = find_id();

	memset(image + id - 16, 0, SIZE - id + 16);
	bad_headers(state);
}

static void own(void **state)
{
	assert_int_equal(vdso_digest(first), 0);
	assert_int_equal(vdso_digest(other), 0);
	assert_memory_equal(first, other, sizeof(first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(code_may_differ, load), cmocka_unit_test_setup(another_build, load),
		cmocka_unit_test_setup(another_size, load),    cmocka_unit_test_setup(no_id, load),
		cmocka_unit_test_setup(bad_headers, load),     cmocka_unit_test_setup(notes_without_end, load),
		cmocka_unit_test(own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
