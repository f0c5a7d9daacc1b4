/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "move/files.h"
#include "wire/msg.h"

#define SCAN_PAGES 512U

int source_open(struct source *s, pid_t pid)
{
	s->chunk = malloc(PAGES_CHUNK);
	if (!s->chunk)
		return -ENOMEM;
	return mem_open(&s->mem, pid);
}

void source_close(struct source *s)
{
	mem_close(&s->mem);
	free(s->chunk);
	s->chunk = NULL;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, MOS_PAGE - 1);
}

static int send_bytes(struct channel *c, uint16_t type, uint64_t id, const void *p, size_t n,
		      struct err *e)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };
	int r = channel_send(c, type, id, &iov, 1);

	return r < 0 ? err_set(e, r, "sending memory: %s", strerror(-r)) : 0;
}

/* Sends @n pages that stand at @data, leaving out zero pages unless they must replace something. */
static int send_run(struct source *s, struct channel *c, uint64_t addr, const uint8_t *data,
		    unsigned n, bool keep_zero, struct err *e)
{
	unsigned i = 0;

	while (i < n) {
		unsigned j = i;
		int r;

		if (!keep_zero && is_zero(data + i * MOS_PAGE)) {
			s->zero_pages++;
			i++;
			continue;
		}
		while (j < n && (keep_zero || !is_zero(data + j * MOS_PAGE)))
			j++;
		r = send_bytes(c, MSG_PAGES, addr + i * MOS_PAGE, data + i * MOS_PAGE,
			       (j - i) * MOS_PAGE, e);
		if (r < 0)
			return r;
		s->pages += j - i;
		i = j;
	}
	return 0;
}

static int send_private(struct source *s, const struct image_vma *v, struct channel *c,
			struct err *e)
{
	uint8_t state[SCAN_PAGES];

	for (uint64_t a = v->start; a < v->end;) {
		unsigned n = (unsigned)MIN((v->end - a) / MOS_PAGE, (uint64_t)SCAN_PAGES), i = 0;
		int r = mem_pages(&s->mem, a, n, state);

		if (r < 0)
			return err_set(e, r, "reading pagemap: %s", strerror(-r));
		while (i < n) {
			unsigned j = i;
			uint64_t at = a + i * MOS_PAGE;

			if (state[i] == PAGE_GUARD)
				return err_reason(e, -EOPNOTSUPP, "guard-pages",
						  "has guard regions in its memory");
			if (state[i] != PAGE_PRIVATE) {
				i++;
				continue;
			}
			while (j < n && state[j] == PAGE_PRIVATE &&
			       (j - i) < PAGES_CHUNK / MOS_PAGE)
				j++;
			r = mem_read_forced(&s->mem, (uaddr_t){ at }, s->chunk, (j - i) * MOS_PAGE);
			if (r < 0)
				return err_set(e, r, "reading memory at %#llx: %s",
					       (unsigned long long)at, strerror(-r));
			r = send_run(s, c, at, s->chunk, j - i, v->kind == IMAGE_FILE, e);
			if (r < 0)
				return r;
			i = j;
		}
		a += (uint64_t)n * MOS_PAGE;
	}
	return 0;
}

int source_send_file(struct source *s, uint32_t file, uint64_t off, uint64_t len, struct channel *c,
		     struct err *e)
{
	while (len) {
		size_t n = (size_t)MIN(len, (uint64_t)PAGES_CHUNK);
		ssize_t k = s->read_file(s->ctx, file, off, s->chunk, n);
		size_t full;
		int r;

		if (k < 0)
			return err_set(e, (int)k, "reading a mapped file: %s", strerror((int)-k));
		if (!k)
			break;
		full = page_up((uint64_t)k);
		memset(s->chunk + k, 0, full - (size_t)k);
		r = send_bytes(c, MSG_FILE, file_page_id(file, off), s->chunk, full, e);
		if (r < 0)
			return r;
		s->file_pages += full / MOS_PAGE;
		if (full < n)
			break;
		off += n;
		len -= n;
	}
	return 0;
}

int source_send_image(const struct image *m, struct channel *c, struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	int r = image_encode(m, &b);

	if (r < 0)
		return err_set(e, r, "no memory for the image");
	for (size_t at = 0; r == 0 && at < b.len; at += PAGES_CHUNK)
		r = send_bytes(c, at ? MSG_IMAGE_MORE : MSG_IMAGE, b.len, b.data + at,
			       MIN(b.len - at, (size_t)PAGES_CHUNK), e);
	return r;
}

int source_send(struct source *s, const struct image *m, struct channel *c, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->nvmas; i++)
		if (m->vma[i].kind == IMAGE_ANON || m->vma[i].kind == IMAGE_FILE)
			r = send_private(s, &m->vma[i], c, e);
	return r < 0 ? r : send_bytes(c, MSG_END, 0, NULL, 0, e);
}
