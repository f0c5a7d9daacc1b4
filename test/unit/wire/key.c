/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/key.h"

static char dir[] = "/tmp/mos-key-XXXXXX", path[64], next[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/k", dir);
	(void)snprintf(next, sizeof(next), "%s/k.new", dir);
	return 0;
}

static int drop_dir(void **state)
{
	return rmdir(dir);
}

static int drop_files(void **state)
{
	(void)unlink(path);
	(void)unlink(next);
	return 0;
}

static void put(const char *file, const char *text, mode_t mode)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static void made_key_loads(void **state)
{
	struct key_ring a, b;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(key_generate(path, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	assert_int_equal(key_ring_load(path, &a, &e), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(key_generate(path, &e), -EEXIST);
	assert_non_null(strstr(e.msg, ".new"));
	assert_int_equal(key_ring_load(path, &b, &e), 0);
	assert_memory_equal(&a.key[0], &b.key[0], KEY_BYTES);
}

static void second_key(void **state)
{
	struct key_ring a;
	struct err e = ERR_INIT;

	assert_int_equal(key_generate(path, &e), 0);
	assert_int_equal(key_generate(next, &e), 0);
	assert_int_equal(key_ring_load(path, &a, &e), 0);
	assert_int_equal(a.n, 2);
	assert_memory_not_equal(&a.key[0], &a.key[1], KEY_BYTES);
	assert_int_equal(chmod(next, 0644), 0);
	assert_int_equal(key_ring_load(path, &a, &e), -EPERM);
	assert_int_equal(a.n, 0);
	key_ring_wipe(&a);
}

static void refuses(void **state)
{
	static const char good[] =
		"00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100";
	struct key_ring a;
	struct err e = ERR_INIT;
	char text[80];

	assert_int_equal(key_ring_load(path, &a, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "mosctl keygen"));
	put(path, good, 0600);
	assert_int_equal(key_ring_load(path, &a, &e), 0);
	assert_int_equal(a.key[0].bytes[1], 0x11);
	assert_int_equal(a.key[0].bytes[16], 0xff);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(key_ring_load(path, &a, &e), -EPERM);
	assert_non_null(strstr(e.msg, "chmod 600"));

	(void)snprintf(text, sizeof(text), "%s\n\n", good);
	put(path, text, 0600);
	assert_int_equal(key_ring_load(path, &a, &e), -EINVAL);
	put(path, good + 1, 0600);
	assert_int_equal(key_ring_load(path, &a, &e), -EINVAL);
	(void)snprintf(text, sizeof(text), "g%s", good + 1);
	put(path, text, 0600);
	assert_int_equal(key_ring_load(path, &a, &e), -EINVAL);
	put(path, "", 0600);
	assert_int_equal(key_ring_load(path, &a, &e), -EINVAL);
	assert_int_equal(key_ring_load("/", &a, &e), -EINVAL);
	if (geteuid() == 0) {
		put(path, good, 0600);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(key_ring_load(path, &a, &e), -EPERM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(made_key_loads, drop_files),
		cmocka_unit_test_teardown(second_key, drop_files),
		cmocka_unit_test_teardown(refuses, drop_files),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
