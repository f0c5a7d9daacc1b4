/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines for the journal have a priority and no time; all others have a time and no priority. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/log.h"

static int ends[2], kept;

/* Standard error is a pipe; JOURNAL_STREAM names it as @form says, with device and inode. */
static void begin(const char *form, unsigned long long ino_off)
{
	struct stat st;
	char text[64];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(kept >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)unsetenv("JOURNAL_STREAM");
	if (form) {
		(void)snprintf(text, sizeof(text), "%llu:%llu%s", (unsigned long long)st.st_dev,
			       (unsigned long long)st.st_ino + ino_off, form);
		assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
	}
	log_init("tester");
}

/* What was logged since. */
static const char *end(void)
{
	static char said[2048];
	ssize_t n = read(ends[0], said, sizeof(said) - 1);

	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)close(ends[0]);
	(void)close(ends[1]);
	said[n > 0 ? n : 0] = '\0';
	return said;
}

static void journal(void **state)
{
	assert_int_equal(setenv("MOS_LOG", "debug", 1), 0);
	begin("", 0);
	log_error("one");
	log_warning("two");
	log_info("three");
	log_debug("four");
	assert_string_equal(end(), "<3>tester: error: one\n<4>tester: warning: two\n<6>tester: three\n"
				   "<7>tester: debug: four\n");
}

/* A text of a peer must not become a line, or a priority, of its own. */
static void one_line(void **state)
{
	begin("", 0);
	log_info("a\n<0>b");
	assert_string_equal(end(), "<6>tester: a?<0>b\n");
}

static void has_time(const char *line)
{
	assert_true(isdigit((unsigned char)line[0]));
	line += strspn(line, "0123456789.");
	assert_string_equal(line, " tester: error: one\n");
}

static void elsewhere(void **state)
{
	begin(NULL, 0); /* no journal */
	log_error("one");
	has_time(end());
	begin("", 1); /* another stream than ours */
	log_error("one");
	has_time(end());
	begin("0x", 0); /* no number */
	log_error("one");
	has_time(end());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal),
		cmocka_unit_test(one_line),
		cmocka_unit_test(elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
