/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: 512 bytes as FXSAVE writes them, of which Linux keeps some for itself (the mask of the parts that it has
 * switched on), a header of 64 (which parts are not in their first state; the rest must be zero), then the parts,
 * each at its own place on all processors of a kind. */
#include "kernel/xstate.h"

#include <string.h>

#include "base/util.h"

#define SWITCHED_ON 464U /* u64: USER_XSTATE_XCR0_WORD of the kernel */
#define HEADER	    512U /* u64: the parts in use */
#define PARTS	    576U
#define FP_AND_SSE  3U

void xstate_fit(const uint8_t *from, size_t len, const uint8_t *own, size_t own_len, uint8_t *to)
{
	uint64_t in_use = FP_AND_SSE, known;

	memset(to, 0, own_len);
	memcpy(to, from, MIN(len, own_len));
	if (own_len < PARTS)
		return;
	if (len >= PARTS)
		memcpy(&in_use, from + HEADER, sizeof(in_use));
	memcpy(&known, own + SWITCHED_ON, sizeof(known));
	in_use &= known;
	memset(to + HEADER, 0, PARTS - HEADER);
	memcpy(to + HEADER, &in_use, sizeof(in_use));
}
