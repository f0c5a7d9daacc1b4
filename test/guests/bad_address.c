/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "guest.h"

GUEST("memory: a call with a bad address fails as at home, and takes nothing away")
GUEST_MAY_GO_HOME("bad-address")
GUEST_CASES(11)

enum { PAGE = 4096, BIG = 3 << 20 };

static char *page;	/* the last one before a hole */
static char *readonly;
static int end[2];	/* of a pipe in which "hello" waits */
static int file;	/* BIG bytes of 'f' */

static char *hole(void)
{
	return page + PAGE;
}

static void still_there(void)
{
	char b[8] = "";

	G_EQ(read(end[0], b, sizeof(b)), 5);
	G_MEM(b, "hello", 5);
	G_EQ(write(end[1], "hello", 5), 5);
}

static void fails(long r, int error, int line)
{
	if (r != -1 || errno != error)
		g_fail("line %d: expected errno %d, got %ld, errno %d", line, error, r, errno);
}

#define FAILS(x, error) fails((long)(x), error, __LINE__)

static void read_nowhere(void)
{
	FAILS(read(end[0], hole(), 5), EFAULT);
	still_there();
}

static void read_into_readonly(void)
{
	FAILS(read(end[0], readonly, 5), EFAULT);
	still_there();
}

static void read_with_no_descriptor(void)
{
	FAILS(read(-1, hole(), 5), EBADF);
}

/* More room is asked for than there is, which harms nobody: the bytes fit. */
static void room_that_is_not_there(void)
{
	memset(page + PAGE - 5, 0, 5);
	G_EQ(read(end[0], page + PAGE - 5, 1000), 5);
	G_MEM(page + PAGE - 5, "hello", 5);
	G_EQ(write(end[1], "hello", 5), 5);
}

static void second_part_is_bad(void)
{
	struct iovec v[2] = { { page, 3 }, { hole(), 2 } };

	G_EQ(pwritev(file, v, 2, 0), 3);
	G_EQ(pwrite(file, "fff", 3, 0), 3);
	v[1].iov_base = (void *)(1UL << 62);
	FAILS(readv(end[0], v, 2), EFAULT);
	still_there();
	FAILS(readv(end[0], (struct iovec *)(void *)hole(), 2), EFAULT);
	still_there();
}

static void write_over_the_edge(void)
{
	G_EQ(pwrite(file, page + PAGE - 3, 10, 0), 3);
	G_EQ(pwrite(file, "fff", 3, 0), 3);
	FAILS(write(end[1], hole(), 3), EFAULT);
	still_there();
}

/* Pieces of a MiB: the second one ends where the memory does. */
static void big_read_over_the_edge(void)
{
	char *p = G_PTR(mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	size_t room = (BIG / 2 & -PAGE);

	G_OK(munmap(p + room, BIG - room));
	G_EQ(pread(file, p, BIG, 0), room);
	G_EQ(p[room - 1], 'f');
	G_OK(munmap(p, room));
}

static void pipe_nowhere(void)
{
	int next = G_OK(dup(0));

	G_OK(close(next));
	FAILS(pipe((int *)(void *)hole()), EFAULT);
	FAILS(pipe((int *)(void *)readonly), EFAULT);
	G_EQ(G_OK(dup(0)), next);
	G_OK(close(next));
}

static void small_results(void)
{
	struct timeval *t = (void *)(page + PAGE - 8);

	FAILS(fstat(file, (void *)hole()), EFAULT);
	FAILS(fstat(-1, (void *)hole()), EBADF);
	FAILS(stat("/", (void *)(page + PAGE - 8)), EFAULT);
	FAILS(stat(hole(), (void *)page), EFAULT);
	FAILS(getresuid((void *)page, (void *)hole(), (void *)page), EFAULT);
	G_EQ(*(uid_t *)(void *)page, getuid()); /* the first is written before the second fails */
	FAILS(syscall(SYS_gettimeofday, t, NULL), EFAULT); /* not the vDSO's */
}

static void long_strings(void)
{
	static char name[2 * PAGE];
	struct stat st;

	memset(name, 'n', sizeof(name) - 1);
	FAILS(stat(name, &st), ENAMETOOLONG);
	FAILS(open(name, O_RDONLY | 1 << 30), ENAMETOOLONG);
	FAILS(memfd_create(name, 0), EINVAL);
}

/* Nothing is read or written, and still the kernel asks whose address it is. */
static void nothing_at_a_bad_address(void)
{
	G_EQ(read(file, hole(), 0), 0);
	FAILS(read(file, (char *)(1UL << 63), 0), EFAULT);
	FAILS(syscall(SYS_read, file, page, -1L), EFAULT);
}

static void (*const cases[g_cases])(void) = {
	read_nowhere, read_into_readonly, read_with_no_descriptor, room_that_is_not_there,
	second_part_is_bad, write_over_the_edge, big_read_over_the_edge, pipe_nowhere, small_results,
	long_strings, nothing_at_a_bad_address,
};

int main(void)
{
	char *big = G_PTR(malloc(BIG));

	page = G_PTR(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	G_OK(mprotect(hole(), PAGE, PROT_NONE)); /* unmapped, another might get the place */
	readonly = G_PTR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(big, 'f', BIG);
	file = g_file("big", big, BIG);
	G_OK(pipe(end));
	G_EQ(write(end[1], "hello", 5), 5);
	g_ready();
	g_wait();
	for (int i = 0; i < g_cases; i++)
		if (g_case(i))
			cases[i]();
	return g_pass();
}
