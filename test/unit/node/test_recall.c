/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What omdiscd said, as a file keeps it. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "node/site/recall.h"

static void there_and_back(const struct conf_discover *c)
{
	char text[RECALL_TEXT_MAX];
	struct conf_discover got = { 0 };

	recall_discover_text(c, text);
	assert_true(recall_discover_parse(text, &got) == 0);
	assert_true(got.on == c->on && got.ttl == c->ttl && got.n == c->n);
	assert_true(!memcmp(got.links, c->links, sizeof(got.links)));
}

static void keeps(void **state)
{
	struct conf_discover most = { .on = true, .ttl = 255, .n = CONF_LINKS_MAX },
			     c = { .ttl = 7 };
	static const char *const bad[] = { "",	       "yes",	     "yes\n",
					   "yes\n0\n", "yes\n256\n", "yes\n1 2\n",
					   "a/b\n1\n", "\n1\n",	     "yes\n-1\n" };

	for (unsigned i = 0; i < most.n; i++)
		memcpy(most.links[i], "fifteen-letters", CONF_LINK_NAME);
	there_and_back(&most);
	there_and_back(&(struct conf_discover){ .on = true, .ttl = 1 });
	there_and_back(
		&(struct conf_discover){ .on = true, .ttl = 2, .n = 1, .links = { "eth0" } });
	there_and_back(&(struct conf_discover){ .ttl = 1 });
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(recall_discover_parse(bad[i], &c) == -EINVAL && c.ttl == 7 && !c.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
