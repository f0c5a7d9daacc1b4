/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No two living supervisors ever share a slot. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pauses.h"
#include "node/process/slots.h"

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void takes_and_frees(void **state)
{
	char top[] = "/tmp/mos-slots-XXXXXX", dir[64];
	pid_t a = pauses(), b = pauses(), c = pauses();

	assert_non_null(mkdtemp(top));
	(void)snprintf(dir, sizeof(dir), "%s/s", top);
	assert_int_equal(slots_take(dir, 2, a), 0);
	assert_int_equal(slots_take(dir, 2, b), 1);
	assert_int_equal(slots_take(dir, 2, c), -ENOSPC);
	assert_int_equal(slots_claim(dir, 1, c), -EEXIST);
	assert_int_equal(slots_claim(dir, 1, b), 0);
	end(b); /* without a word: its file stays, and counts no more */
	assert_int_equal(slots_take(dir, 2, c), 1);
	slots_free(dir, 0);
	assert_int_equal(slots_take(dir, 2, a), 0);
	slots_free(dir, 0);
	slots_free(dir, 1);
	end(a);
	end(c);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(takes_and_frees) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
