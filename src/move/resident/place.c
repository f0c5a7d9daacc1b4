/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where the resident's code stands in this executable. */
#include "move/resident/resident.h"

/* Made by the linker for a section whose name is a C identifier. */
extern const char __start_resident[], __stop_resident[];
extern const char resident_syscall_insn[];

const char *resident_code(void)
{
	return __start_resident;
}

uint64_t resident_code_size(void)
{
	return (uint64_t)(__stop_resident - __start_resident);
}

uint64_t resident_entry_offset(void)
{
	return (uint64_t)((const char *)(uintptr_t)resident_loop - __start_resident);
}

uint64_t resident_syscall_offset(void)
{
	return (uint64_t)(resident_syscall_insn - __start_resident);
}
