/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/vdso.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/procfs.h"

int vdso_digest(uint8_t ret[32])
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	int r = procfs_maps(getpid(), 65536, &maps);
	unsigned n = 32;

	for (unsigned i = 0; r == 0 && i < maps.n; i++)
		if (maps.v[i].kind == VMA_VDSO)
			return EVP_Digest((const void *)(uintptr_t)maps.v[i].start,
					  maps.v[i].end - maps.v[i].start, ret, &n, EVP_sha256(),
					  NULL) == 1 ?
				       0 :
				       -EIO;
	return r < 0 ? r : -ENOENT;
}
