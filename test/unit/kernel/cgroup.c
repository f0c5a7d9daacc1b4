/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of cgroup files as kernels of both versions, containers and labs have them; then this
 * machine's own groups. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "kernel/cgroup.h"

/* Debian 12: version 2 alone, in the topmost namespace. */
static const char debian_mounts[] =
	"24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n"
	"29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
	"rw,nsdelegate,memory_recursiveprot\n"
	"30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard,errors=remount-ro\n";

/* Docker on a machine with version 1, without a cgroup namespace. */
static const char docker_mounts[] =
	"912 911 0:81 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755\n"
	"913 912 0:31 /docker/5f1c /sys/fs/cgroup/systemd ro,nosuid - cgroup systemd rw,xattr,"
	"name=systemd\n"
	"914 912 0:35 /docker/5f1c /sys/fs/cgroup/cpu,cpuacct ro master:20 - cgroup cgroup "
	"rw,cpu,cpuacct\n"
	"915 912 0:36 /docker/5f1c /sys/fs/cgroup/memory ro master:21 - cgroup cgroup rw,memory\n"
	"916 912 0:37 /docker/5f1c /sys/fs/cgroup/cpuset ro master:22 - cgroup cgroup rw,cpuset\n";

/* Every controller on its own, and an empty version 2 beside them. */
static const char both_mounts[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	"33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
	"36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	"77 31 0:38 / /mnt/again rw,relatime - cgroup2 cgroup2 rw\n"
	"90 31 0:44 / /run/umosix/cgroup rw - cgroup umosix rw,name=umosix\n";

static void mounts(void **state)
{
	struct cgroup_tree t[CGROUP_KIND_COUNT_];

	cgroup_parse_mounts(debian_mounts, t);
	assert_string_equal(t[CGROUP_UNIFIED].mount, "/sys/fs/cgroup");
	assert_string_equal(t[CGROUP_UNIFIED].root, "/");
	assert_string_equal(t[CGROUP_CPU].mount, "");
	cgroup_parse_own("0::/system.slice/umosix.service\n", t);
	assert_string_equal(t[CGROUP_UNIFIED].own, "/system.slice/umosix.service");
	cgroup_parse_own("0::/\n", t);
	assert_string_equal(t[CGROUP_UNIFIED].own, "");
	cgroup_parse_own("0::/../outside\n", t);
	assert_string_equal(t[CGROUP_UNIFIED].own, "");

	cgroup_parse_mounts(docker_mounts, t);
	assert_string_equal(t[CGROUP_UNIFIED].mount, "");
	assert_string_equal(t[CGROUP_CPU].mount, "/sys/fs/cgroup/cpu,cpuacct");
	assert_string_equal(t[CGROUP_CPUACCT].mount, "/sys/fs/cgroup/cpu,cpuacct");
	assert_string_equal(t[CGROUP_MEMORY].root, "/docker/5f1c");
	cgroup_parse_own("11:memory:/docker/5f1c/inner\n4:cpu,cpuacct:/docker/5f1c\n"
			 "3:cpuset:/elsewhere\n0::/system.slice/containerd.service\n",
			 t);
	assert_string_equal(t[CGROUP_MEMORY].own, "/inner");
	assert_string_equal(t[CGROUP_CPU].own, "");
	assert_string_equal(t[CGROUP_CPUSET].own, "");

	cgroup_parse_mounts(both_mounts, t);
	assert_string_equal(t[CGROUP_UNIFIED].mount, "/sys/fs/cgroup/unified");
	assert_string_equal(t[CGROUP_CPU].mount, "/sys/fs/cgroup/cpu");
	assert_string_equal(t[CGROUP_CPUACCT].mount, "/sys/fs/cgroup/cpuacct");
	cgroup_parse_own("10:name=umosix:/n1\n2:cpuacct:/a:b\n1:cpu:/x\n0::/moslab-a/node1\n", t);
	assert_string_equal(t[CGROUP_UNIFIED].own, "/moslab-a/node1");
	assert_string_equal(t[CGROUP_CPU].own, "/x");
	assert_string_equal(t[CGROUP_CPUACCT].own, "/a:b");
}

static void odd_mounts(void **state)
{
	static const char *const odd[] = {
		"", "\n\n", "- - - - - - - - - -\n", "1 2 3 / /m rw - cgroup2",
		"1 2 3 / /m\\040m rw - cgroup2 cgroup2 rw\n",
		"1 2 3 / relative rw - cgroup2 cgroup2 rw\n",
		"1 2 3 / /m rw - cgroup cgroup rw,cpux,xcpu\n",
	};
	struct cgroup_tree t[CGROUP_KIND_COUNT_];

	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		cgroup_parse_mounts(odd[i], t);
		for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++)
			assert_string_equal(t[k].mount, "");
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", "x", "12 34\n", "18446744073709551616", "-2", "maxi" };
	uint64_t v = 0;

	assert_int_equal(cgroup_parse_number("9223372036854771712\n", &v), 0);
	assert_true(v == 9223372036854771712ULL);
	assert_int_equal(cgroup_parse_number("max\n", &v), 0);
	assert_true(v == CGROUP_NONE);
	assert_int_equal(cgroup_parse_number("-1\n", &v), 0);
	assert_true(v == CGROUP_NONE);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_parse_number(bad[i], &v), -EPROTO);
}

static void fields(void **state)
{
	static const char stat[] = "usage_usec 52300\nuser_usec 1\nnr_throttled 40\nbad x\nlast 7";
	uint64_t v = 0;

	assert_int_equal(cgroup_parse_field(stat, "usage_usec", &v), 0);
	assert_int_equal(v, 52300);
	assert_int_equal(cgroup_parse_field(stat, "last", &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(cgroup_parse_field(stat, "usage", &v), -ENOENT);
	assert_int_equal(cgroup_parse_field(stat, "throttled", &v), -ENOENT);
	assert_int_equal(cgroup_parse_field(stat, "bad", &v), -EPROTO);
	assert_int_equal(cgroup_parse_field("", "x", &v), -ENOENT);
}

static void shares(void **state)
{
	static const char *const bad[] = { "", "max", "50000", "5 0", "max  100000", "1 2 3" };
	uint64_t v = 0;

	assert_int_equal(cgroup_parse_cpu_max("50000 100000\n", &v), 0);
	assert_int_equal(v, 500);
	assert_int_equal(cgroup_parse_cpu_max("250000 100000\n", &v), 0);
	assert_int_equal(v, 2500);
	assert_int_equal(cgroup_parse_cpu_max("max 100000\n", &v), 0);
	assert_true(v == CGROUP_NONE);
	assert_int_equal(cgroup_parse_cpu_max("1 1000000", &v), 0);
	assert_int_equal(v, 1); /* never none at all */
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_parse_cpu_max(bad[i], &v), -EPROTO);
	assert_int_equal(cgroup_cpu_share(25000, 100000), 250);
	assert_true(cgroup_cpu_share(CGROUP_NONE, 100000) == CGROUP_NONE);
	assert_true(cgroup_cpu_share(5, 0) == CGROUP_NONE);
}

static void processors(void **state)
{
	static const char *const bad[] = { "x", "1-", "3-1", "0-65536", "1,,2", "1-2-3", "1, 2", "1," };

	assert_int_equal(cgroup_parse_cpus("0-3,7\n"), 5);
	assert_int_equal(cgroup_parse_cpus("0"), 1);
	assert_int_equal(cgroup_parse_cpus("0-1\n"), 2);
	assert_int_equal(cgroup_parse_cpus("\n"), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_parse_cpus(bad[i]), -EPROTO);
}

static void pressure(void **state)
{
	static const char *const bad[] = { "", "some avg10=0.00\nfull total=5\n", "full total=5",
					   "some avg10=0.00 total=\n", "some  total=5x" };
	uint64_t v = 0;

	assert_int_equal(cgroup_parse_pressure(
				 "some avg10=2.48 avg60=0.70 avg300=1.06 total=76064862\n"
				 "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
				 &v),
			 0);
	assert_int_equal(v, 76064862);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_parse_pressure(bad[i], &v), -EPROTO);
}

static void tasks(void **state)
{
	int t[3];

	assert_int_equal(cgroup_parse_tasks("12\n0\n34\n56", t, 3), 2);
	assert_int_equal(t[0], 12);
	assert_int_equal(t[1], 34);
	assert_int_equal(cgroup_parse_tasks("1\n2\n3\n4\n", t, 3), 3);
	assert_int_equal(cgroup_parse_tasks("x\n2\n", t, 3), 0);
	assert_int_equal(cgroup_parse_tasks("99999999999\n2\n", t, 3), 1);
}

static void this_machine(void **state)
{
	struct cgroup_memory l;
	struct cgroup_cpu cpu;
	struct err e = ERR_INIT;
	struct cgroup c = CGROUP_INIT;
	uint64_t used, later;
	bool all;

	assert_int_equal(cgroup_find(&c, "", &e), 0);
	cgroup_cpu(&c, &cpu);
	assert_true(cpu.milli > 0);
	cgroup_memory(&c, &l);
	assert_true(l.free <= l.total && l.unused <= l.free);
	if (c.scoped)
		assert_in_range(cgroup_tasks(&c, (int[4096]){ 0 }, 4096, &all), 1, 4096);
	if (c.usage[0]) {
		assert_int_equal(cgroup_used_ns(&c, &used), 0);
		assert_true(used > 0);
		do /* the kept file tells what is new */
			assert_int_equal(cgroup_used_ns(&c, &later), 0);
		while (later == used);
		assert_true(later > used);
	}
	assert_int_equal(cgroup_find(&c, "/no-such/group", &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/no-such/group"));
	assert_int_equal(cgroup_find(&c, "/", &e), 0);
	assert_false(c.scoped);
	assert_int_equal(cgroup_tasks(&c, (int[1]){ 0 }, 1, &all), -ENOENT);
	cgroup_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts),     cmocka_unit_test(odd_mounts), cmocka_unit_test(numbers),
		cmocka_unit_test(fields),     cmocka_unit_test(shares),	    cmocka_unit_test(processors),
		cmocka_unit_test(pressure),   cmocka_unit_test(tasks),	    cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
