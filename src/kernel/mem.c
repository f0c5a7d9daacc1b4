/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/procfs.h"

int mem_open(struct mem *m, pid_t pid)
{
	m->pid = pid;
	m->mem_fd = procfs_open(pid, "mem", O_RDWR);
	m->pagemap_fd = procfs_open(pid, "pagemap", O_RDONLY);
	if (m->mem_fd < 0 || m->pagemap_fd < 0) {
		int r = m->mem_fd < 0 ? m->mem_fd : m->pagemap_fd;

		mem_close(m);
		return r;
	}
	return 0;
}

void mem_close(struct mem *m)
{
	close_fd(&m->mem_fd);
	close_fd(&m->pagemap_fd);
}

typedef ssize_t (*vm_fn)(pid_t, const struct iovec *, unsigned long, const struct iovec *,
			 unsigned long, unsigned long);

static int vm_all(vm_fn fn, pid_t pid, uint64_t a, void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct iovec l = { (char *)p + done, n - done };
		struct iovec r = { (void *)(uintptr_t)(a + done), n - done };
		ssize_t k = fn(pid, &l, 1, &r, 1, 0);

		if (k < 0)
			return -errno;
		if (!k)
			return -EFAULT;
		done += (size_t)k;
	}
	return 0;
}

int mem_read(const struct mem *m, uaddr_t a, void *to, size_t n)
{
	return vm_all(process_vm_readv, m->pid, a.v, to, n);
}

int mem_write(const struct mem *m, uaddr_t a, const void *from, size_t n)
{
	return vm_all(process_vm_writev, m->pid, a.v, (void *)(uintptr_t)from, n);
}

ssize_t mem_read_str(const struct mem *m, uaddr_t a, char *to, size_t size)
{
	size_t n = 0;

	while (n < size) {
		size_t part = MIN(MOS_PAGE - ((a.v + n) & MOS_PAGE_MASK), size - n);
		char *z;
		int r = mem_read(m, (uaddr_t){ a.v + n }, to + n, part);

		if (r < 0)
			return r;
		z = memchr(to + n, 0, part);
		if (z)
			return z - to + 1;
		n += part;
	}
	return -ENAMETOOLONG;
}

#define USER_END ((1ULL << 47) - MOS_PAGE) /* TASK_SIZE_MAX, with page tables of four levels */
#define REACH_PAGES 64

bool mem_is_users(uaddr_t a, uint64_t n)
{
	return a.v <= USER_END && n <= USER_END - a.v;
}

size_t mem_reach(const struct mem *m, uaddr_t a, size_t n, bool writing)
{
	size_t good = 0;

	if (a.v >= USER_END)
		return 0;
	while (good < n) {
		uint8_t byte[REACH_PAGES];
		struct iovec there[REACH_PAGES], here = { byte, 0 };
		uint64_t at = a.v + good;
		ssize_t k;

		for (; here.iov_len < REACH_PAGES && at < a.v + n; at = (at | MOS_PAGE_MASK) + 1)
			there[here.iov_len++] = (struct iovec){ (void *)(uintptr_t)at, 1 };
		k = process_vm_readv(m->pid, &here, 1, there, here.iov_len, 0);
		if (k > 0 && writing)
			k = process_vm_writev(m->pid, &(struct iovec){ byte, (size_t)k }, 1, there, (size_t)k, 0);
		if (k <= 0)
			break;
		at = (uint64_t)(uintptr_t)there[k - 1].iov_base;
		good = MIN(((at | MOS_PAGE_MASK) + 1) - a.v, n);
		if ((size_t)k < here.iov_len)
			break;
	}
	return good;
}

int mem_read_forced(const struct mem *m, uaddr_t a, void *to, size_t n)
{
	size_t done = 0;

	if (mem_read(m, a, to, n) == 0)
		return 0;
	while (done < n) {
		ssize_t k = pread(m->mem_fd, (char *)to + done, n - done, (off_t)(a.v + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? -errno : -EFAULT;
		done += (size_t)k;
	}
	return 0;
}

int mem_write_forced(const struct mem *m, uaddr_t a, const void *from, size_t n)
{
	size_t done = 0;

	if (mem_write(m, a, from, n) == 0)
		return 0;
	while (done < n) {
		ssize_t k = pwrite(m->mem_fd, (const char *)from + done, n - done,
				   (off_t)(a.v + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? -errno : -EFAULT;
		done += (size_t)k;
	}
	return 0;
}

/* Bits of a pagemap entry: Documentation/admin-guide/mm/pagemap.rst. */
#define PM_PRESENT (1ULL << 63)
#define PM_SWAP    (1ULL << 62)
#define PM_FILE    (1ULL << 61)
#define PM_GUARD   (1ULL << 58)

int mem_pages(const struct mem *m, uint64_t start, unsigned n, uint8_t *ret_states)
{
	uint64_t e[512];
	unsigned done = 0;

	while (done < n) {
		unsigned k = MIN(n - done, (unsigned)ARRAY_SIZE(e));
		ssize_t got = pread(m->pagemap_fd, e, k * sizeof(e[0]),
				    (off_t)((start / MOS_PAGE + done) * sizeof(e[0])));

		if (got < (ssize_t)sizeof(e[0]))
			return got < 0 ? -errno : -EIO;
		k = (unsigned)got / sizeof(e[0]);
		for (unsigned i = 0; i < k; i++)
			ret_states[done + i] = e[i] & PM_GUARD			? PAGE_GUARD :
					       !(e[i] & (PM_PRESENT | PM_SWAP)) ? PAGE_ABSENT :
					       e[i] & PM_SWAP			? PAGE_PRIVATE :
					       e[i] & PM_FILE			? PAGE_FILE :
										  PAGE_PRIVATE;
		done += k;
	}
	return 0;
}
