/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forked child is the process that is read: it has at each address what we have there. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "../pauses.h"
#include "base/util.h"
#include "move/reader.h"

#define MIB (1UL << 20)
#define HOLE (3UL * PAGES_CHUNK) /* within the first ring: the thread meets it without a pause */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static bool no_threads; /* the kernel makes none */
static enum { MEMORY, NO_BATCHES, NO_DATA } memory; /* for which part of the ring there is none */
static void *other_part; /* that was had meanwhile */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg)
{
	return no_threads ? EAGAIN : __real_pthread_create(t, a, fn, arg);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void __real_free(void *p);
void __wrap_free(void *p);

void *__wrap_calloc(size_t n, size_t size)
{
	bool asked = memory != MEMORY && n == READER_RING && size == sizeof(struct batch);
	void *p = asked && memory == NO_BATCHES ? NULL : __real_calloc(n, size);

	return asked && p ? other_part = p : p;
}

void *__wrap_malloc(size_t n)
{
	bool asked = memory != MEMORY && n == (size_t)READER_RING * PAGES_CHUNK;
	void *p = asked && memory == NO_DATA ? NULL : __real_malloc(n);

	return asked && p ? other_part = p : p;
}

void __wrap_free(void *p)
{
	if (p == other_part)
		other_part = NULL;
	__real_free(p);
}

struct scene {
	uint8_t *p; /* the mapping, here and in the child */
	size_t size;
	uint8_t *seen; /* of each page: how often it was handed out */
	struct image_vma vma;
	struct image m;
	struct mem mem;
	struct reader r;
	uint8_t chunk[PAGES_CHUNK];
	uint64_t next; /* no page below may come any more */
	unsigned batches, zero_pages;
	bool threaded;
};

static struct scene *map(size_t size)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->size = size;
	s->p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->seen = calloc(size / MOS_PAGE, 1);
	assert_true(s->p != MAP_FAILED && s->seen);
	(void)madvise(s->p, size, MADV_NOHUGEPAGE); /* or one touched page would be 512 */
	return s;
}

/* Each page differs from all others. */
static void fill(struct scene *s, size_t from, size_t to, size_t step)
{
	for (size_t at = from; at < to; at += step)
		for (size_t i = 0; i < MOS_PAGE; i += sizeof(uint64_t))
			*(uint64_t *)(void *)(s->p + at + i) = at + i + 1;
}

static void begin(struct scene *s, enum image_vma_kind kind, uint64_t alone)
{
	uint64_t at = (uint64_t)(uintptr_t)s->p;

	s->vma = (struct image_vma){ .start = at, .end = at + s->size, .kind = kind };
	s->m.vma = &s->vma;
	s->m.nvmas = 1;
	assert_int_equal(mem_open(&s->mem, pauses()), 0);
	reader_begin(&s->r, &s->mem, &s->m, s->chunk);
	s->r.alone = alone;
	s->next = at;
}

static void finish(struct scene *s)
{
	reader_end(&s->r);
	assert_false(s->r.threaded);
	assert_null(s->r.ring);
	(void)kill(s->mem.pid, SIGKILL);
	(void)waitpid(s->mem.pid, NULL, 0);
	mem_close(&s->mem);
	(void)munmap(s->p, s->size);
	free(s->seen);
	free(s);
}

static void look_at(struct scene *s, const struct batch *b)
{
	s->batches++;
	s->zero_pages += b->zero_pages;
	for (unsigned i = 0; i < b->n; i++) {
		const struct piece *p = &b->piece[i];
		size_t at = p->addr - s->vma.start;

		assert_true(p->len && p->len % MOS_PAGE == 0 && p->len <= PAGES_CHUNK);
		assert_true(p->addr >= s->next && p->addr + p->len <= s->vma.end);
		s->next = p->addr + p->len;
		assert_memory_equal(p->data, s->p + at, p->len);
		for (size_t k = 0; k < p->len; k += MOS_PAGE)
			s->seen[(at + k) / MOS_PAGE]++;
	}
}

/* Takes at most @n batches. Return: what reader_next said last. */
static int take_some(struct scene *s, unsigned n, struct err *e)
{
	const struct batch *b;
	int k = 1;

	while (n-- && (k = reader_next(&s->r, &b, e)) > 0) {
		s->threaded |= s->r.threaded;
		look_at(s, b);
	}
	return k;
}

static int take_all(struct scene *s, struct err *e)
{
	return take_some(s, UINT32_MAX, e);
}

/* Pages from @from to @to have come as often as @times says, of each @step bytes the first. */
static void came(const struct scene *s, size_t from, size_t to, size_t step, unsigned times)
{
	for (size_t at = from; at < to; at += step)
		assert_int_equal(s->seen[at / MOS_PAGE], times);
}

static void in_order(void **state)
{
	struct scene *s = map(16 * MIB + MOS_PAGE);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_all(s, &e), 0);
	assert_true(s->threaded);
	came(s, 0, s->size, MOS_PAGE, 1);
	assert_int_equal(take_all(s, &e), 0); /* and so it stays */
	finish(s);
}

/* The first part in place, the rest by the thread, and nothing twice. */
static void begins_in_place(void **state)
{
	struct scene *s = map(8 * MIB);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, MOS_PAGE);
	begin(s, IMAGE_ANON, 2 * MIB);
	assert_int_equal(take_some(s, 2 * MIB / PAGES_CHUNK, &e), 1);
	assert_false(s->threaded);
	assert_int_equal(take_all(s, &e), 0);
	assert_true(s->threaded);
	came(s, 0, s->size, MOS_PAGE, 1);
	finish(s);
}

static void small_runs(void **state)
{
	struct scene *s = map(32 * MIB);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, 2 * MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_all(s, &e), 0);
	assert_true(s->threaded);
	came(s, 0, s->size, 2 * MOS_PAGE, 1);
	came(s, MOS_PAGE, s->size, 2 * MOS_PAGE, 0);
	assert_true(s->batches <= 16 * MIB / PAGES_CHUNK + 1); /* many runs in each */
	finish(s);
}

/* Runs that never fill a batch to its end. */
static void odd_runs(void **state)
{
	struct scene *s = map(16 * MIB);
	struct err e = ERR_INIT;
	size_t at = 0;

	for (size_t n = 1; at + (n + 1) * MOS_PAGE <= s->size; n = n % 61 + 3) {
		fill(s, at, at + n * MOS_PAGE, MOS_PAGE);
		at += (n + 1) * MOS_PAGE;
	}
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_all(s, &e), 0);
	for (size_t n = 1, k = 0; k < at; n = n % 61 + 3) {
		came(s, k, k + n * MOS_PAGE, MOS_PAGE, 1);
		k += n * MOS_PAGE;
		came(s, k, k + MOS_PAGE, MOS_PAGE, 0);
		k += MOS_PAGE;
	}
	finish(s);
}

/* Every second page is touched and zero: left out, unless a file stands behind. */
static void zeros(enum image_vma_kind kind, unsigned times)
{
	struct scene *s = map(8 * MIB);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, MOS_PAGE);
	for (size_t at = MOS_PAGE; at < s->size; at += 2 * MOS_PAGE)
		memset(s->p + at, 0, MOS_PAGE);
	memset(s->p + MIB, 0, MIB); /* and a batch of nothing else */
	begin(s, kind, 0);
	assert_int_equal(take_all(s, &e), 0);
	assert_true(s->threaded);
	came(s, 0, MIB, 2 * MOS_PAGE, 1);
	came(s, 2 * MIB, s->size, 2 * MOS_PAGE, 1);
	came(s, MOS_PAGE, s->size, 2 * MOS_PAGE, times);
	came(s, MIB, 2 * MIB, MOS_PAGE, times);
	assert_int_equal(s->zero_pages, times ? 0 : (MIB + 7 * MIB / 2) / MOS_PAGE);
	finish(s);
}

static void zero_pages(void **state)
{
	zeros(IMAGE_ANON, 0);
}

static void zero_pages_of_a_file(void **state)
{
	zeros(IMAGE_FILE, 1);
}

static void untouched(void **state)
{
	struct scene *s = map(1024 * MIB);
	struct err e = ERR_INIT;

	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_all(s, &e), 0);
	assert_int_equal(s->batches, 0);
	finish(s);
}

static void guard_pages(void **state)
{
	struct scene *s = map(8 * MIB);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, MOS_PAGE);
	if (madvise(s->p + 5 * MIB, MOS_PAGE, MADV_GUARD_INSTALL) < 0) {
		print_message("no guard regions here\n");
		skip();
	}
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_all(s, &e), -EOPNOTSUPP);
	assert_true(s->threaded);
	assert_string_equal(e.reason, "guard-pages");
	came(s, 0, 5 * MIB, MOS_PAGE, 1);
	came(s, 5 * MIB, s->size, MOS_PAGE, 0);
	finish(s);
}

/* A page in the middle that process_vm_readv cannot read. */
static struct scene *with_hole(void)
{
	struct scene *s = map(8 * MIB);

	fill(s, 0, s->size, MOS_PAGE);
	assert_int_equal(mprotect(s->p + HOLE, MOS_PAGE, PROT_NONE), 0);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(mprotect(s->p + HOLE, MOS_PAGE, PROT_READ | PROT_WRITE), 0);
	return s;
}

static void protected_page(void **state)
{
	struct scene *s = with_hole();
	struct err e = ERR_INIT;

	assert_int_equal(take_all(s, &e), 0);
	came(s, 0, s->size, MOS_PAGE, 1);
	finish(s);
}

static void error_in_the_middle(void **state)
{
	struct scene *s = with_hole();
	struct err e = ERR_INIT;
	char text[80];

	close_fd(&s->mem.mem_fd); /* there is no other way to read it */
	assert_int_equal(take_all(s, &e), -EBADF);
	(void)snprintf(text, sizeof(text), "reading memory at %#llx: %s",
		       (unsigned long long)s->vma.start + HOLE, strerror(EBADF));
	assert_string_equal(e.msg, text);
	assert_true(s->threaded);
	came(s, 0, HOLE, MOS_PAGE, 1);
	came(s, HOLE, s->size, MOS_PAGE, 0);
	assert_int_equal(take_all(s, &e), -EBADF); /* and so it stays */
	finish(s);
}

static void wait_ended(struct scene *s)
{
	bool ended = false;

	while (!ended) {
		(void)sched_yield();
		(void)pthread_mutex_lock(&s->r.lock);
		ended = s->r.ended;
		(void)pthread_mutex_unlock(&s->r.lock);
	}
}

/* What the thread may not read, we may: then we do, from there on. */
static void only_the_thread_fails(void **state)
{
	struct scene *s = with_hole();
	struct err e = ERR_INIT;
	int mem = steal_fd(&s->mem.mem_fd);

	assert_int_equal(take_some(s, 1, &e), 1);
	wait_ended(s);
	s->mem.mem_fd = mem;
	assert_int_equal(take_all(s, &e), 0);
	assert_true(s->threaded);
	assert_false(s->r.threaded);
	came(s, 0, s->size, MOS_PAGE, 1);
	finish(s);
}

static void process_gone(void **state)
{
	struct scene *s = map(16 * MIB);
	struct err e = ERR_INIT;
	int k;

	fill(s, 0, s->size, MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_some(s, 3, &e), 1);
	(void)kill(s->mem.pid, SIGKILL);
	(void)waitpid(s->mem.pid, NULL, 0);
	k = take_all(s, &e);
	assert_true(s->threaded);
	assert_true(k < 0);
	assert_int_equal(e.code, k);
	assert_int_equal(strncmp(e.msg, "reading ", 8), 0);
	finish(s);
}

/* With the first batch taken: later the thread may sleep without the ring being full. */
static void wait_full(struct scene *s)
{
	bool full = false;

	while (!full) {
		(void)sched_yield();
		(void)pthread_mutex_lock(&s->r.lock);
		full = s->r.filled - s->r.taken == READER_RING;
		(void)pthread_mutex_unlock(&s->r.lock);
	}
}

/* Signals that all threads but the first have blocked. Return: how many threads there are beside it. */
static unsigned others(uint64_t *ret_blocked)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(d);
	*ret_blocked = ~0ULL;
	for (struct dirent *x; (x = readdir(d));) {
		char path[64], line[128];
		long tid = strtol(x->d_name, NULL, 10);
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/status", tid);
		if (tid <= 0 || tid == (long)getpid() || !(f = fopen(path, "re")))
			continue;
		n++;
		while (fgets(line, sizeof(line), f))
			if (!strncmp(line, "SigBlk:", 7))
				*ret_blocked &= strtoull(line + 7, NULL, 16);
		(void)fclose(f);
	}
	(void)closedir(d);
	return n;
}

/* The kernel takes a thread off its list a moment after it can be joined. */
static void wait_others(unsigned n)
{
	uint64_t blocked;

	while (others(&blocked) != n)
		(void)sched_yield();
}

/* The connection is lost: whatever the thread does or waits for, it ends. */
static void stops_early(void **state)
{
	uint64_t blocked;
	unsigned before = others(&blocked);

	for (unsigned i = 1; i < 20; i++) {
		struct scene *s = map(8 * MIB);
		struct err e = ERR_INIT;

		fill(s, 0, s->size, MOS_PAGE);
		begin(s, IMAGE_ANON, 0);
		assert_int_equal(take_some(s, 1, &e), 1);
		if (i % 2)
			wait_full(s); /* it sleeps until the ring is nearly empty again */
		assert_int_equal(take_some(s, i - 1, &e), 1);
		finish(s);
	}
	wait_others(before);
}

static void signals_are_not_its(void **state)
{
	const uint64_t not_blocked = 1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1) | 3ULL << 31; /* the C library's */
	struct scene *s = map(16 * MIB);
	struct err e = ERR_INIT;
	sigset_t none, now;
	uint64_t blocked;

	(void)sigemptyset(&none);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &none, NULL), 0);
	fill(s, 0, s->size, MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(take_some(s, 1, &e), 1);
	wait_full(s);
	assert_true(others(&blocked) > 0);
	assert_int_equal(blocked | not_blocked, ~0ULL);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
	assert_memory_equal(&now, &none, sizeof(uint64_t)); /* what counts of them */
	finish(s);
}

static bool wanted(struct scene *s)
{
	reader_begin(&s->r, &s->mem, &s->m, s->chunk);
	return s->r.alone != UINT64_MAX;
}

/* A small process, and a machine with one processor. */
static void no_thread_wanted(void **state)
{
	struct scene *s = map(16 * MIB);
	struct err e = ERR_INIT;
	cpu_set_t one, all;

	fill(s, 0, MIB, MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	assert_int_equal(setenv("MOS_READ_AHEAD", "yes", 1), 0);
	assert_true(wanted(s));
	assert_int_equal(take_all(s, &e), 0);
	assert_false(s->threaded);
	came(s, 0, MIB, MOS_PAGE, 1);

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_true(wanted(s)); /* whatever there is */
	assert_int_equal(unsetenv("MOS_READ_AHEAD"), 0);
	assert_false(wanted(s));
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_true(wanted(s) == (CPU_COUNT(&all) > 2));
	assert_int_equal(setenv("MOS_READ_AHEAD", "no", 1), 0);
	assert_false(wanted(s));
	assert_int_equal(unsetenv("MOS_READ_AHEAD"), 0);
	finish(s);
}

static void no_thread_to_be_had(void **state)
{
	struct scene *s = map(8 * MIB);
	struct err e = ERR_INIT;

	fill(s, 0, s->size, MOS_PAGE);
	begin(s, IMAGE_ANON, 0);
	no_threads = true;
	assert_int_equal(take_all(s, &e), 0);
	no_threads = false;
	assert_false(s->threaded);
	came(s, 0, s->size, MOS_PAGE, 1);
	finish(s);
}

/* Neither part of the ring stays where the other cannot be had, and all is read in place. */
static void no_memory_for_the_ring(void **state)
{
	for (memory = NO_BATCHES; memory <= NO_DATA; memory++) {
		struct scene *s = map(8 * MIB);
		struct err e = ERR_INIT;

		fill(s, 0, s->size, MOS_PAGE);
		begin(s, IMAGE_ANON, MIB);
		assert_int_equal(take_some(s, MIB / PAGES_CHUNK, &e), 1);
		assert_null(other_part);
		assert_int_equal(take_all(s, &e), 0);
		assert_false(s->threaded);
		assert_null(other_part);
		came(s, 0, s->size, MOS_PAGE, 1);
		finish(s);
	}
	memory = MEMORY;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(begins_in_place),
		cmocka_unit_test(small_runs),
		cmocka_unit_test(odd_runs),
		cmocka_unit_test(zero_pages),
		cmocka_unit_test(zero_pages_of_a_file),
		cmocka_unit_test(untouched),
		cmocka_unit_test(guard_pages),
		cmocka_unit_test(protected_page),
		cmocka_unit_test(error_in_the_middle),
		cmocka_unit_test(only_the_thread_fails),
		cmocka_unit_test(process_gone),
		cmocka_unit_test(stops_early),
		cmocka_unit_test(signals_are_not_its),
		cmocka_unit_test(no_thread_wanted),
		cmocka_unit_test(no_thread_to_be_had),
		cmocka_unit_test(no_memory_for_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
