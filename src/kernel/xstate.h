/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's extended state as ptrace shows it (NT_X86_XSTATE: what XSAVE writes, not compacted), made fit
 * for another processor, which may know more parts of it, or fewer. Pure. */
#ifndef MOS_KERNEL_XSTATE_H
#define MOS_KERNEL_XSTATE_H

#include <stddef.h>
#include <stdint.h>

/* Writes to @to the state @from, of any length and from anywhere, as a processor takes it whose own is @own, of
 * @own_len bytes like @to. A part that only one of the two has is in its first state there: which parts a program
 * may rely on is compared before (kernel/cpu.h), and also where they stand. */
void xstate_fit(const uint8_t *from, size_t len, const uint8_t *own, size_t own_len, uint8_t *to);

#endif
