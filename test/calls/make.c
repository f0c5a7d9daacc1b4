/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has another process make one call, through the instruction in its vDSO, and tells what came of it:
 *   mos-make-call PID NUMBER [ARGUMENT ...]
 * It goes on as if nothing had been. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "base/util.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/agent.h"

static int make(pid_t pid, long nr, const uint64_t arg[6], int64_t *ret)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	struct trace_wait w;
	uint64_t insn, mask;
	int r = trace_stop(pid, NULL, NULL, &w);

	if (r == 0)
		r = procfs_maps(pid, 10000, &maps);
	if (r == 0)
		r = agent_find_insn(pid, &maps, &insn);
	if (r == 0)
		r = trace_mask(pid, &mask);
	if (r == 0)
		r = trace_set_mask(pid, TRACE_MASK_ALL);
	if (r < 0)
		return r;
	r = trace_inject(pid, insn, nr, arg, ret);
	(void)trace_set_mask(pid, mask);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t arg[6] = { 0 };
	int64_t result = 0;
	pid_t pid;
	int r;

	if (argc < 3 || argc > 9)
		return 2;
	pid = (pid_t)strtol(argv[1], NULL, 10);
	for (int i = 3; i < argc; i++)
		arg[i - 3] = strtoull(argv[i], NULL, 0);
	r = trace_seize(pid, PTRACE_O_TRACESYSGOOD);
	if (r == 0) {
		r = make(pid, strtol(argv[2], NULL, 10), arg, &result);
		(void)trace_detach(pid, 0);
	}
	if (r < 0) {
		(void)fprintf(stderr, "mos-make-call: %s\n", strerror(-r));
		return 1;
	}
	(void)printf("%lld\n", (long long)result);
	return 0;
}
