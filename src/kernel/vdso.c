/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what of the vDSO must be alike on two nodes.
 *
 * DOC: a body calls into it by addresses that it looked up at home, so the functions must stand at the same places.
 * Their code need not be the same: at boot the kernel writes in what this processor does best (how the time stamp
 * counter is read, for one). The linker has put a digest of all that it made into a note, the build id, and the kernel
 * changes nothing of that: the same id means the same places. */
#include "kernel/vdso.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/util.h"
#include "kernel/procfs.h"

#define ID_MAX 64U

/* The build id in notes. Return: its length, 0 if there is none. */
static size_t id_in_notes(const uint8_t *p, size_t size, uint8_t id[static ID_MAX])
{
	Elf64_Nhdr h;

	while (size >= sizeof(h)) {
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)h.n_descsz + 3) & ~(size_t)3;
		p += sizeof(h);
		size -= sizeof(h);
		if (name > size || desc > size - name)
			return 0;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(p, "GNU", 4) && h.n_descsz &&
		    h.n_descsz <= ID_MAX) {
			memcpy(id, p + name, h.n_descsz);
			return h.n_descsz;
		}
		p += name + desc;
		size -= name + desc;
	}
	return 0;
}

static size_t build_id(const uint8_t *image, size_t size, uint8_t id[static ID_MAX])
{
	Elf64_Ehdr e;
	size_t n = 0;

	if (size < sizeof(e))
		return 0;
	memcpy(&e, image, sizeof(e));
	for (unsigned i = 0; !n && i < e.e_phnum; i++) {
		Elf64_Phdr h;

		if (e.e_phoff > size || (i + 1) * sizeof(h) > size - e.e_phoff)
			return 0;
		memcpy(&h, image + e.e_phoff + i * sizeof(h), sizeof(h));
		if (h.p_type == PT_NOTE && h.p_offset <= size && h.p_filesz <= size - h.p_offset)
			n = id_in_notes(image + h.p_offset, h.p_filesz, id);
	}
	return n;
}

int vdso_digest_of(const void *image, size_t size, uint8_t ret[static VDSO_DIGEST_SIZE])
{
	uint8_t what[ID_MAX + sizeof(uint64_t)];
	uint64_t whole = size;
	unsigned n = VDSO_DIGEST_SIZE;
	size_t id = build_id(image, size, what);

	if (id) {
		memcpy(what + id, &whole, sizeof(whole));
		image = what;
		size = id + sizeof(whole);
	}
	return EVP_Digest(image, size, ret, &n, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int vdso_digest(uint8_t ret[static VDSO_DIGEST_SIZE])
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	int r = procfs_maps(getpid(), 65536, &maps);

	for (unsigned i = 0; r == 0 && i < maps.n; i++)
		if (maps.v[i].kind == VMA_VDSO)
			return vdso_digest_of((const void *)(uintptr_t)maps.v[i].start,
					      maps.v[i].end - maps.v[i].start, ret);
	return r < 0 ? r : -ENOENT;
}
