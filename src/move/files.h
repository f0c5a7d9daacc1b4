/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapped files under way. Home gives each file that a migrant has mapped a number. A host keeps the
 * files' pages in one memfd of the guest, file F at offset F << FILE_SHIFT, and the body maps that,
 * privately: so the kernel tells which pages the program changed, and a mapping keeps its identity
 * through every munmap, mremap and mprotect that nobody tells us of.
 *
 * The body's descriptor of it is open for reading only. What the program shares (read-only) is mapped
 * shared through that, and mprotect fails there as it does at home. What lies behind a file's last
 * page is mapped, at the same offset, of a second memfd that is empty: an access is SIGBUS. */
#ifndef MOS_MOVE_FILES_H
#define MOS_MOVE_FILES_H

#include <stdint.h>

#include "base/util.h"

#define BODY_FILES_FD  5U /* descriptors in the body, which no call of its own reaches */
#define BODY_BEYOND_FD 6U

#define FILE_SHIFT   40U /* a file's mapped part lies under 1 TiB */
#define FILE_ID_BITS 32U /* bits of a page number in a message's id */

static inline uint64_t file_page_id(uint32_t file, uint64_t off)
{
	return (uint64_t)file << FILE_ID_BITS | off / MOS_PAGE;
}

static inline uint32_t file_page_file(uint64_t id)
{
	return (uint32_t)(id >> FILE_ID_BITS);
}

static inline uint64_t file_page_off(uint64_t id)
{
	return (id & ((1ULL << FILE_ID_BITS) - 1)) * MOS_PAGE;
}

/* Offset in the host's memfd. */
static inline uint64_t file_place(uint32_t file, uint64_t off)
{
	return (uint64_t)file << FILE_SHIFT | off;
}

#endif
