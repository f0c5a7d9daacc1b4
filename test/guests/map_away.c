/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: files mapped in all ways while it moves")

enum { PAGE = 4096, PAGES = 300, LEN = PAGES * PAGE + 100, BIG = 5 * 1024 * 1024 + 17 };

static unsigned char text[LEN], big[BIG];

static unsigned char *map(size_t len, int prot, int flags, int fd, off_t off)
{
	return G_PTR(mmap(NULL, len, prot, flags, fd, off));
}

/* What stays mapped over moves, of one round. */
struct kept {
	unsigned char *clean, *dirty, *shared, *fixed, *half, *twice;
};

static void make(struct kept *k, int rw, int ro)
{
	unsigned char *p;

	k->clean = map(LEN, PROT_READ, MAP_PRIVATE, rw, 0);
	k->dirty = map(LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, rw, 0);
	memset(k->dirty + 10 * PAGE, 0xd1, PAGE);
	k->shared = map(LEN, PROT_READ, MAP_SHARED, ro, 0);
	k->fixed = map(40 * PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	p = G_PTR(mmap(k->fixed + 5 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, rw,
		       100 * PAGE));
	G_EQ(p - k->fixed, 5 * PAGE);
	G_EQ(mmap(k->fixed, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, rw, 0) == MAP_FAILED, 1);
	G_EQ(errno, EEXIST);
	k->half = map(40 * PAGE, PROT_READ, MAP_PRIVATE, ro, 20 * PAGE);
	G_OK(munmap(k->half, 20 * PAGE));
	k->twice = map(8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 50 * PAGE);
	k->twice[PAGE] ^= 1;
}

static void verify(const struct kept *k)
{
	G_MEM(k->clean, text, LEN);
	for (int i = LEN; i < (PAGES + 1) * PAGE; i++)
		G_EQ(k->clean[i], 0);
	G_MEM(k->dirty, text, 10 * PAGE);
	for (int i = 0; i < PAGE; i++)
		G_EQ(k->dirty[10 * PAGE + i], 0xd1);
	G_MEM(k->dirty + 11 * PAGE, text + 11 * PAGE, LEN - 11 * PAGE);
	G_MEM(k->shared, text, LEN);
	G_MEM(k->fixed, text, 5 * PAGE);
	G_MEM(k->fixed + 5 * PAGE, text + 100 * PAGE, 4 * PAGE);
	G_MEM(k->fixed + 9 * PAGE, text + 9 * PAGE, 31 * PAGE);
	G_MEM(k->half + 20 * PAGE, text + 40 * PAGE, 20 * PAGE);
	G_MEM(k->twice, text + 50 * PAGE, PAGE);
	G_EQ(k->twice[PAGE], text[51 * PAGE] ^ 1);
	G_MEM(k->twice + PAGE + 1, text + 51 * PAGE + 1, 7 * PAGE - 1);
}

static void drop(const struct kept *k)
{
	G_OK(munmap(k->clean, LEN));
	G_OK(munmap(k->dirty, LEN));
	G_OK(munmap(k->shared, LEN));
	G_OK(munmap(k->fixed, 40 * PAGE));
	G_OK(munmap(k->half + 20 * PAGE, 20 * PAGE));
	G_OK(munmap(k->twice, 8 * PAGE));
}

static void refused(size_t len, int prot, int flags, int fd, off_t off, int want)
{
	errno = 0;
	G_EQ(mmap(NULL, len, prot, flags, fd, off) == MAP_FAILED, 1);
	G_EQ(errno, want);
}

static void errors(int rw, int ro)
{
	int wo = G_OK(open("away", O_WRONLY | O_CLOEXEC)), p[2];
	unsigned char *m;

	G_OK(pipe(p));
	refused(PAGE, PROT_READ, MAP_PRIVATE, -1, 0, EBADF);
	refused(PAGE, PROT_READ, MAP_PRIVATE, 999, 0, EBADF);
	refused(PAGE, PROT_READ, MAP_PRIVATE, wo, 0, EACCES);
	refused(PAGE, PROT_READ, MAP_PRIVATE, p[0], 0, ENODEV);
	refused(0, PROT_READ, MAP_PRIVATE, rw, 0, EINVAL);
	refused(PAGE, PROT_READ, MAP_PRIVATE, rw, 100, EINVAL);
	G_OK(close(wo));
	G_OK(close(p[0]));
	G_OK(close(p[1]));
	/* shared, of a descriptor for reading only: never to be written */
	m = map(PAGE, PROT_READ, MAP_SHARED, ro, 0);
	G_EQ(mprotect(m, PAGE, PROT_READ | PROT_WRITE), -1);
	G_EQ(errno, EACCES);
	G_MEM(m, text, PAGE);
	G_OK(munmap(m, PAGE));
}

/* A file that changes between two mappings, also within one tick of the clock. */
static void changing(int round)
{
	unsigned char page[PAGE];
	int fd = g_file("changing", text, 3 * PAGE);

	for (int i = 0; i < 4; i++) {
		unsigned char *m;

		memset(page, 16 * round + i, PAGE);
		G_EQ(pwrite(fd, page, PAGE, PAGE), PAGE);
		m = map(3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
		G_MEM(m, text, PAGE);
		G_MEM(m + PAGE, page, PAGE);
		G_MEM(m + 2 * PAGE, text + 2 * PAGE, PAGE);
		G_OK(munmap(m, 3 * PAGE));
	}
	G_OK(close(fd));
}

int main(void)
{
	struct kept before, during;
	unsigned char *m;
	int rw, ro, fd, rounds = 0;

	g_fill(text, LEN, 1);
	g_fill(big, BIG, 2);
	rw = g_file("away", text, LEN);
	ro = G_OK(open("away", O_RDONLY | O_CLOEXEC));
	fd = g_file("big", big, BIG);
	make(&before, rw, ro);
	make(&during, rw, ro);
	g_ready();
	while (g_waiting()) {
		verify(&during);
		drop(&during);
		make(&during, rw, ro);
		errors(rw, ro);
		changing(rounds++);
		m = map(BIG, PROT_READ, MAP_PRIVATE, fd, 0);
		G_MEM(m, big, BIG);
		G_OK(munmap(m, BIG));
		verify(&before);
	}
	G_OK(close(rw));
	G_OK(close(ro));
	verify(&before);
	verify(&during);
	return g_pass();
}
