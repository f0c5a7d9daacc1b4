/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things that every file may use: sizes, assertions, scoped clean-up. */
#ifndef MOS_BASE_UTIL_H
#define MOS_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#define MOS_PAGE  4096UL
#define MOS_PAGE_MASK (MOS_PAGE - 1)

static inline uint64_t page_down(uint64_t a)
{
	return a & ~MOS_PAGE_MASK;
}

static inline uint64_t page_up(uint64_t a)
{
	return (a + MOS_PAGE_MASK) & ~MOS_PAGE_MASK;
}

/* On in release builds too. Never on data from a peer, a guest or a file. */
#define ASSERT(x)                                                                                  \
	do {                                                                                       \
		if (!(x))                                                                          \
			assert_failed(#x, __FILE__, __LINE__);                                     \
	} while (0)

_Noreturn void assert_failed(const char *what, const char *file, int line);

/* Makes a stranger's text one for logs, JSON and terminals: printable ASCII, else '?'. Return: @s. */
char *text_clean(char *s);

/* Scoped clean-up: `CLEANUP(free_ptr) char *p = NULL;`. steal_fd() and steal_ptr() hand over. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

void free_ptr(void *pp);   /* void ** in truth: frees what it points to */
void close_fd(int *fd);    /* closes unless negative; keeps errno */

static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define steal_ptr(pp)                                                                              \
	({                                                                                         \
		typeof(*(pp)) stolen_ = *(pp);                                                     \
		*(pp) = NULL;                                                                      \
		stolen_;                                                                           \
	})

#endif
