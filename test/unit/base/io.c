/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file is replaced whole or not at all, and nothing beside it is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/io.h"

static char folder[64], path[80], beside[80];

static int make_folder(void **state)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/mos-io-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/a.conf", folder);
	(void)snprintf(beside, sizeof(beside), "%s/a.conf.new", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)unlink(path);
	(void)rmdir(path);
	(void)unlink(beside);
	return rmdir(folder); /* fails if anything else was left behind */
}

static void is(const char *file, const char *text, mode_t mode)
{
	struct stat st;
	char got[64];

	assert_true(io_read_file(file, got, sizeof(got)) >= 0);
	assert_string_equal(got, text);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void mode_and_owner_stay(void **state)
{
	struct stat st;
	mode_t mask = umask(077);

	assert_int_equal(io_replace_file(path, "one"), 0);
	is(path, "one", 0644); /* whatever the umask */
	(void)umask(mask);
	assert_int_equal(chmod(path, 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 12, 34), 0);
	assert_int_equal(io_replace_file(path, "two"), 0);
	is(path, "two", 0640);
	assert_int_equal(stat(path, &st), 0);
	assert_true(geteuid() != 0 || (st.st_uid == 12 && st.st_gid == 34));
}

static void a_neighbour_stays(void **state)
{
	assert_int_equal(io_replace_file(beside, "mine"), 0);
	assert_int_equal(io_replace_file(path, "new"), 0);
	is(beside, "mine", 0644);
	is(path, "new", 0644);
}

static void a_kept_file_is_read_anew(void **state)
{
	int fd = -1, first;
	char got[8];

	assert_int_equal(io_read_kept(&fd, path, got, sizeof(got)), -ENOENT);
	assert_int_equal(fd, -1);
	assert_int_equal(io_replace_file(path, "old"), 0);
	assert_int_equal(io_read_kept(&fd, path, got, sizeof(got)), 3);
	first = fd;
	assert_int_equal(io_write_file(path, "new"), 0);
	assert_int_equal(io_read_kept(&fd, path, got, sizeof(got)), 3);
	assert_string_equal(got, "new");
	assert_int_equal(fd, first);
	/* what cannot be read any more makes room for what is there now */
	assert_int_equal(close(fd), 0);
	assert_int_equal(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), first);
	assert_int_equal(io_read_kept(&fd, path, got, sizeof(got)), 3);
	assert_string_equal(got, "new");
	assert_int_equal(io_write_file(path, "12345678"), 0);
	assert_int_equal(io_read_kept(&fd, path, got, sizeof(got)), -EFBIG);
	assert_int_equal(fd, -1);
}

static void what_fails_leaves_nothing(void **state)
{
	assert_int_equal(mkdir(path, 0755), 0); /* no file can take its place */
	assert_int_equal(io_replace_file(path, "new"), -EISDIR);
	assert_int_equal(io_replace_file("no-folder", "new"), -ENAMETOOLONG);
	assert_int_equal(io_replace_file("/tmp/mos-none/none/x", "new"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mode_and_owner_stay, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_neighbour_stays, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_kept_file_is_read_anew, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_fails_leaves_nothing, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
