/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of another process: bytes, and which pages there are. */
#ifndef MOS_KERNEL_MEM_H
#define MOS_KERNEL_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ids.h"

struct mem {
	pid_t pid;
	int mem_fd;     /* /proc/PID/mem: also what is not readable or writable to the program */
	int pagemap_fd; /* /proc/PID/pagemap */
};

#define MEM_INIT { .pid = -1, .mem_fd = -1, .pagemap_fd = -1 }

int mem_open(struct mem *m, pid_t pid);
void mem_close(struct mem *m);

/* As the program itself could: -EFAULT when any byte is not readable or writable to it. */
int mem_read(const struct mem *m, uaddr_t a, void *to, size_t n);
int mem_write(const struct mem *m, uaddr_t a, const void *from, size_t n);
/* Reads a string with its NUL. Return: bytes with NUL, -ENAMETOOLONG without one in @size bytes,
 * -EFAULT. */
ssize_t mem_read_str(const struct mem *m, uaddr_t a, char *to, size_t size);
/* How many of the @n bytes from @a on the program can read (@writing: read and write) without a fault, up to the
 * first that it cannot. Writing is tried, with the bytes that stand there, once in each page: what is
 * nobody's page yet becomes one. 0 too where @a is no address of a program at all. */
size_t mem_reach(const struct mem *m, uaddr_t a, size_t n, bool writing);
/* May a program have bytes at all from @a on, @n of them? The kernel asks that before anything else, also
 * for none. */
bool mem_is_users(uaddr_t a, uint64_t n);
/* Whatever the protection. */
int mem_read_forced(const struct mem *m, uaddr_t a, void *to, size_t n);
int mem_write_forced(const struct mem *m, uaddr_t a, const void *from, size_t n);

enum page_state {
	PAGE_ABSENT,  /* never touched, or dropped */
	PAGE_PRIVATE, /* has content of its own (also when swapped out) */
	PAGE_FILE,    /* present, but still the file's page */
	PAGE_GUARD,   /* a guard region: an access is SIGSEGV */
};

/* States of @n pages from @start on. Return: 0, -errno. */
int mem_pages(const struct mem *m, uint64_t start, unsigned n, uint8_t *ret_states);

#endif
