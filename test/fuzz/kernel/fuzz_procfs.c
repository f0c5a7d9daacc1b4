/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc's text with any names in it: of processes, of mapped files. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "kernel/procfs.h"

#define RUNS 200000

static const char *const words[] = {
	"00400000-", "7f0000000000-", "7f0000001000", " r-xp ", " rw-p ", "00001000 ", "08:01 ", "00:00 ",
	"0 ", "123 ", "                /a\\012b\n", "[vdso]\n", "[vvar_vclock]\n", "[stack]\n", "\n", " ",
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n", "Uid:\t", "Gid:\t", "1000\t",
	"0\t0\t0\t0\n", "Groups:\t4 24 \n", "SigBlk:\t", "0000000000010000\n", "CapEff:\t", "Threads:\t1\n",
	"1 (a) b) S ", "1 ((sd-pam)) R ", "18446744073709551616 ", "-1 ", "Name:\tUid:\n", "ClockID: ",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vma_list maps = { 0 };
	struct procfs_status status;
	struct procfs_stat stat;
	char *text = malloc(n + 1);

	ASSERT(text);
	memcpy(text, p, n);
	text[n] = '\0';
	if (procfs_parse_status(text, &status) == 0)
		ASSERT(status.ngroups <= ARRAY_SIZE(status.group));
	if (procfs_parse_maps(text, 8, &maps) == 0) {
		ASSERT(maps.n <= 8);
		for (unsigned i = 0; i < maps.n; i++)
			ASSERT(maps.v[i].kind < VMA_KIND_COUNT_ && maps.v[i].prot < 8);
		(void)vma_list_find(&maps, 0x401000);
	}
	vma_list_finish(&maps);
	memcpy(text, p, n);
	if (procfs_parse_stat(text, &stat) == 0)
		ASSERT(!stat.f[1] && !stat.f[2]);
	memcpy(text, p, n);
	(void)procfs_parse_cpu_timer(text);
	free(text);
	return 0;
}

#include "../wire/plain_main.h"
