/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of cgroup files, with any names of groups and mount points in them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kernel/cgroup-text.h"

#define RUNS 100000

static const char *const words[] = {
	"31 23 0:28 / ", "/docker/5f1c ", "/sys/fs/cgroup/cpu ", "rw,relatime ", "shared:9 ", "- ",
	"cgroup ", "cgroup2 ", "rw,cpu,cpuacct", "rw,memory", "rw", "\n", "0::", "/a/b", "/../x",
	"4:memory:", "1:cpu:", "5:cpu,cpuacct:/docker/5f1c", "max ", "-1", "100000", "0-3", ",", "7",
	"usage_usec ", "18446744073709551615", "18446744073709551616", "some avg10=0.00 total=", ":",
	"\\040", "usage_usec", "-", "65535",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cgroup_tree tree[CGROUP_KIND_COUNT_];
	char *text = malloc(n + 1);
	int tids[8];
	uint64_t v = 1;

	ASSERT(text);
	memcpy(text, p, n);
	text[n] = '\0';
	cgroup_parse_mounts(text, tree);
	cgroup_parse_own(text, tree);
	for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++) {
		ASSERT(strlen(tree[k].mount) < CGROUP_PATH && strlen(tree[k].own) < CGROUP_PATH);
		ASSERT(!tree[k].mount[0] || (tree[k].mount[0] == '/' && tree[k].root[0] == '/'));
		ASSERT(!tree[k].own[0] || (tree[k].own[0] == '/' && tree[k].own[1]));
	}
	(void)cgroup_parse_number(text, &v);
	(void)cgroup_parse_field(text, "usage_usec", &v);
	(void)cgroup_parse_pressure(text, &v);
	v = 1;
	if (cgroup_parse_cpu_max(text, &v) == 0)
		ASSERT(v);
	ASSERT(cgroup_parse_cpus(text) <= 65536);
	n = cgroup_parse_tasks(text, tids, ARRAY_SIZE(tids));
	ASSERT(n <= ARRAY_SIZE(tids));
	for (size_t i = 0; i < n; i++)
		ASSERT(tids[i] > 0);
	free(text);
	return 0;
}

#include "../wire/plain_main.h"
