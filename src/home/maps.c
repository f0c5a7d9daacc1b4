/* SPDX-License-Identifier: GPL-2.0-or-later */
/* P's mappings as an image has them, the files behind them, and what among them keeps it at home. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "home/home.h"
#include "kernel/procfs.h"
#include "move/files.h"

static int file_number(struct home *h, const struct vma *v, pid_t pid, const char *entry,
		       struct err *e)
{
	struct stat st;
	int fd;

	for (uint32_t i = 0; i < h->nfiles; i++)
		if (h->file[i].dev == v->dev && h->file[i].ino == v->ino)
			return (int)i;
	if (h->nfiles == IMAGE_FILES_MAX)
		return err_reason(e, -E2BIG, "mappings", "it maps more than %u files", IMAGE_FILES_MAX);
	fd = procfs_open(pid, entry, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = fd < 0 ? fd : -errno;

		close_fd(&fd);
		return err_set(e, r, "opening a mapped file: %s", strerror(-r));
	}
	h->file[h->nfiles] = (struct home_file){ .dev = v->dev, .ino = v->ino, .fd = fd };
	return (int)h->nfiles++;
}

void maps_forget_files(struct home *h)
{
	while (h->nfiles)
		close_fd(&h->file[--h->nfiles].fd);
}

ssize_t maps_read_file(void *ctx, uint32_t file, uint64_t off, void *to, size_t n)
{
	const struct home *h = ctx;
	size_t done = 0;

	if (file >= h->nfiles)
		return -EBADF;
	while (done < n) {
		ssize_t k = pread(h->file[file].fd, (char *)to + done, n - done, (off_t)(off + done));

		if (k < 0)
			return -errno;
		if (!k)
			break;
		done += (size_t)k;
	}
	return (ssize_t)done;
}

/* What lies behind the file's last page stands apart.
 * Return: how many of @to it takes, -errno. */
static int file_mapping(struct home *h, const struct vma *v, struct image_vma to[2], struct err *e)
{
	char entry[64], path[128];
	struct stat st, link;
	uint64_t eof;
	int n;

	procfs_map_file_name(entry, sizeof(entry), v->start, v->end);
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)h->pid, entry);
	if (lstat(path, &link) < 0 || stat(path, &st) < 0)
		return err_set(e, -errno, "cannot look at a mapped file: %s", strerror(errno));
	/* The entry's own mode tells how the file was opened: what was opened for writing may be
	 * made writable by mprotect at any time. (Not asked of what is there already: the kernel
	 * keeps an entry, mode and all, for whatever is mapped next at the same place.) */
	if (v->shared && h->place != PLACE_COMING &&
	    (v->prot & PROT_WRITE || link.st_mode & S_IWUSR))
		return err_reason(e, -EOPNOTSUPP, "shared-writable",
				  "it shares writable memory at %#llx", (unsigned long long)v->start);
	if (!S_ISREG(st.st_mode)) {
		if (v->shared || st.st_rdev != 0x105) /* a private /dev/zero is plain memory */
			return err_reason(e, -EOPNOTSUPP, "device", "it maps a device at %#llx",
					  (unsigned long long)v->start);
		to->kind = IMAGE_ANON;
		return 1;
	}
	if (v->off + (v->end - v->start) > 1ULL << FILE_SHIFT)
		return err_reason(e, -EOPNOTSUPP, "mappings", "it maps a file beyond 1 TiB");
	n = file_number(h, v, h->pid, entry, e);
	if (n < 0)
		return n;
	eof = page_up((uint64_t)st.st_size);
	to->kind = IMAGE_FILE;
	to->file = (uint32_t)n;
	to->off = v->off;
	to->flags |= v->shared ? IMAGE_VMA_SHARED : 0;
	if (v->off + (v->end - v->start) <= eof)
		return 1;
	if (v->off >= eof) {
		to->flags |= IMAGE_VMA_BEYOND;
		return 1;
	}
	to[1] = to[0];
	to[1].start = to[0].end = v->start + (eof - v->off);
	to[1].off = eof;
	to[1].flags |= IMAGE_VMA_BEYOND;
	return 2;
}

/* By the program's own descriptor: /proc's entry for the mapping may tell of a former one. */
int maps_file_at(struct home *h, uint64_t at, uint64_t len, int fd, struct err *e)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	CLEANUP(close_fd) int pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
	CLEANUP(close_fd) int its = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	int r = procfs_maps(h->pid, IMAGE_VMAS_MAX, &maps);
	const struct vma *v;
	struct stat st;
	char name[32];

	if (its < 0 || r < 0 || fstat(its, &st) < 0)
		return err_set(e, r < 0 ? r : -errno, "looking at a file to be mapped");
	v = vma_list_find(&maps, at);
	if (!S_ISREG(st.st_mode) || !v || v->start > at || v->end < at + len || v->kind != VMA_FILE)
		return err_reason(e, -EOPNOTSUPP, "device", "it maps a device");
	/* What was opened for writing may be made writable by mprotect at any time. */
	if (v->shared && (fcntl(its, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return err_reason(e, -EOPNOTSUPP, "shared-writable", "it shares writable memory");
	if (v->off + (v->end - v->start) > 1ULL << FILE_SHIFT)
		return err_reason(e, -EOPNOTSUPP, "mappings", "it maps a file beyond 1 TiB");
	/* Opened anew: our hold on it must not keep its locks. */
	(void)snprintf(name, sizeof(name), "fd/%d", its);
	return file_number(h, v, getpid(), name, e);
}

int maps_read(struct home *h, struct image *m, struct err *e)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	int r = procfs_maps(h->pid, IMAGE_VMAS_MAX, &maps);

	if (r < 0)
		return err_reason(e, r, "mappings", "reading its memory map: %s", strerror(-r));
	free_ptr(&m->vma);
	m->vma = calloc(2 * (size_t)maps.n + 2, sizeof(*m->vma));
	m->nvmas = 0;
	if (!m->vma)
		return err_set(e, -ENOMEM, "no memory");
	for (unsigned i = 0; i < maps.n; i++) {
		const struct vma *v = &maps.v[i];
		struct image_vma *to = &m->vma[m->nvmas];
		int n = 1;

		if (h->p.area && v->start >= h->p.area && v->end <= h->p.area + AREA_SIZE)
			continue;
		*to = (struct image_vma){ .start = v->start, .end = v->end, .prot = v->prot,
					  .flags = v->stack ? IMAGE_VMA_STACK : 0 };
		switch ((enum vma_kind)v->kind) {
		case VMA_VDSO:
			to->kind = IMAGE_VDSO;
			break;
		case VMA_VVAR:
			to->kind = IMAGE_VVAR;
			break;
		case VMA_FILE:
			r = n = file_mapping(h, v, to, e);
			break;
		case VMA_ANON:
		case VMA_KIND_COUNT_:
			if (v->shared)
				r = err_reason(e, -EOPNOTSUPP, "shared-memory", "it shares memory");
			to->kind = IMAGE_ANON;
			break;
		}
		if (r < 0)
			return r;
		m->nvmas += (uint32_t)n;
	}
	return 0;
}
