/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tools print and read. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "tools/client.h"

static void numbers(void **state)
{
	static const char *const bad[] = { "",	 "-1",	"+1",
					   " 1", "1 ",	"1x",
					   "0",	 "101", "99999999999999999999" };
	long v;

	assert_int_equal(tool_number("100", 1, 100, &v), 0);
	assert_int_equal(v, 100);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(tool_number(bad[i], 1, 100, &v), -EINVAL);
}

static void amounts(void **state)
{
	char t[32];

	assert_string_equal(tool_bytes(0, t, sizeof(t)), "0 B");
	assert_string_equal(tool_bytes(1023, t, sizeof(t)), "1023 B");
	assert_string_equal(tool_bytes(4404019, t, sizeof(t)), "4.2 MiB");
	assert_string_equal(tool_bytes(512.0 * 1024 * 1024, t, sizeof(t)), "512 MiB");
	assert_string_equal(tool_time(999, t, sizeof(t)), "999 us");
	assert_string_equal(tool_time(7300, t, sizeof(t)), "7.3 ms");
	assert_string_equal(tool_time(21000, t, sizeof(t)), "21 ms");
	assert_string_equal(tool_time(2500000, t, sizeof(t)), "2.5 s");
}

static void nothing_reaches_the_terminal(void **state)
{
	char *data = NULL;
	size_t n;
	FILE *f = open_memstream(&data, &n);

	tool_print_text(f, "a\033[2J\n\177b\xc3\xa4", 0);
	tool_print_text(f, "12345", 3);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(data, "a?[2J??b\xc3\xa4"
				  "123");
	free(data);
}

static void answers(void **state)
{
	static const char sent[] = "{\"n\":1}\n{\"n\":2}\n{\"done\":true}\nx\n[]\n";
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	struct err e = ERR_INIT;
	int pair[2];
	json_t *o;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	c.fd = pair[0];
	assert_int_equal(write(pair[1], sent, strlen(sent)), strlen(sent));
	(void)close(pair[1]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(client_receive(&c, &o, &e), i < 2);
		json_decref(o);
	}
	assert_int_equal(client_receive(&c, &o, &e), -EPROTO);
	assert_int_equal(client_receive(&c, &o, &e), -EPROTO);
	assert_int_equal(client_receive(&c, &o, &e), -ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(amounts),
		cmocka_unit_test(nothing_reaches_the_terminal),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
