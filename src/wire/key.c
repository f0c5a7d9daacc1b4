/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the key's file: its form, its owner and mode, and how it comes into being. */
#include "wire/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/io.h"
#include "base/util.h"

#define KEY_TEXT (2 * KEY_BYTES) /* digits, without the newline */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int key_parse(const char *text, size_t n, struct key *ret)
{
	if (n == KEY_TEXT + 1 && text[KEY_TEXT] == '\n')
		n--; /* an editor may have taken the newline away */
	if (n != KEY_TEXT)
		return -EINVAL;
	for (unsigned i = 0; i < KEY_BYTES; i++) {
		int hi = digit(text[2 * i]), lo = digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		ret->bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

/* Owner and mode are asked of the open file, so that it cannot be changed for another between. */
static int key_check(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "cannot look at the key %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "the key %s is not an ordinary file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, -EPERM,
			       "the key %s belongs to user %u: make it anew as root, or chown root "
			       "it if you trust that user",
			       path, st.st_uid);
	if (st.st_mode & 077)
		return err_set(e, -EPERM,
			       "others can get at the key %s (mode %04o): chmod 600 it, and make a "
			       "new one if this machine has other users",
			       path, st.st_mode & 07777);
	return 0;
}

static int key_load(const char *path, struct key *ret, struct err *e)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[KEY_TEXT + 2];
	size_t n = 0;
	int r;

	if (fd < 0)
		return err_set(e, -errno, "cannot open the cluster key %s: %s%s", path,
			       strerror(errno),
			       errno == ENOENT ? "; `mosctl join` brings it from a node, `mosctl setup` or `mosctl "
						 "keygen` makes one"
					       : "");
	r = key_check(fd, path, e);
	if (r < 0)
		return r;
	while (n < sizeof(text)) {
		ssize_t k = read(fd, text + n, sizeof(text) - n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			r = -errno;
			break;
		}
		if (!k)
			break;
		n += (size_t)k;
	}
	if (!r)
		r = key_parse(text, n, ret);
	OPENSSL_cleanse(text, sizeof(text));
	if (r == -EINVAL)
		return err_set(e, r,
			       "the key %s is damaged: it must hold %d hexadecimal digits and a "
			       "newline; copy it again from another node",
			       path, KEY_TEXT);
	if (r < 0)
		return err_set(e, r, "cannot read the cluster key %s: %s", path, strerror(-r));
	return 0;
}

int key_ring_load(const char *path, struct key_ring *ret, struct err *e)
{
	char next[PATH_MAX];
	int r;

	memset(ret, 0, sizeof(*ret));
	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		return err_set(e, -ENAMETOOLONG, "the key's file name is too long");
	r = key_load(path, &ret->key[0], e);
	if (r < 0)
		goto fail;
	ret->n = 1;
	r = access(next, F_OK) < 0 && errno == ENOENT ? -ENOENT : key_load(next, &ret->key[1], e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		goto fail; /* a broken second key is told now, not on the day of the change */
	ret->n = 2;
	return 0;
fail:
	key_ring_wipe(ret);
	return r;
}

static void key_text(const struct key *k, char to[static KEY_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < KEY_BYTES; i++) {
		to[2 * i] = digits[k->bytes[i] >> 4];
		to[2 * i + 1] = digits[k->bytes[i] & 15];
	}
	to[KEY_TEXT] = '\n';
}

/* Return: 0, -EEXIST, other -errno. */
static int key_write(const char *path, const struct key *k)
{
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char text[KEY_TEXT + 1];
	int r;

	if (fd < 0)
		return -errno;
	key_text(k, text);
	r = io_write_all(fd, text, sizeof(text));
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(path); /* ours: O_EXCL made it */
	OPENSSL_cleanse(text, sizeof(text));
	return r;
}

int key_ring_draw(struct key_ring *ret, struct err *e)
{
	memset(ret, 0, sizeof(*ret));
	if (RAND_bytes(ret->key[0].bytes, sizeof(ret->key[0].bytes)) != 1)
		return err_set(e, -EIO, "OpenSSL has no random numbers: no key was made");
	ret->n = 1;
	return 0;
}

int key_generate(const char *path, struct err *e)
{
	struct key_ring keys;
	int r = key_ring_draw(&keys, e);

	if (r < 0)
		return r;
	r = key_write(path, &keys.key[0]);
	key_ring_wipe(&keys);
	if (r == -EEXIST)
		return err_set(e, r,
			       "there is a key at %s already, and it stays; to change keys, "
			       "make %s.new beside it",
			       path, path);
	return r < 0 ? err_set(e, r, "cannot make the key %s: %s", path, strerror(-r)) : 0;
}

int key_ring_save(const char *path, const struct key_ring *keys, struct err *e)
{
	static const char *const suffix[ARRAY_SIZE(keys->key)] = { "", ".new" };

	for (unsigned i = 0; i < ARRAY_SIZE(keys->key); i++) {
		char to[PATH_MAX], part[PATH_MAX];
		int r = 0;

		if (snprintf(to, sizeof(to), "%s%s", path, suffix[i]) >= (int)sizeof(to) ||
		    snprintf(part, sizeof(part), "%s%s.part", path, suffix[i]) >= (int)sizeof(part))
			return err_set(e, -ENAMETOOLONG, "the key's file name is too long");
		(void)unlink(i < keys->n ? part : to);
		if (i < keys->n)
			r = key_write(part, &keys->key[i]);
		if (i < keys->n && r == 0 && rename(part, to) < 0)
			r = -errno;
		if (r < 0) {
			(void)unlink(part);
			return err_set(e, r, "cannot write the key %s: %s", to, strerror(-r));
		}
	}
	return 0;
}

int key_ring_remove(const char *path, struct err *e)
{
	static const char *const suffix[] = { ".new", "" }; /* the one alone would be of no use */

	for (unsigned i = 0; i < ARRAY_SIZE(suffix); i++) {
		char name[PATH_MAX];

		if (snprintf(name, sizeof(name), "%s%s", path, suffix[i]) >= (int)sizeof(name))
			return err_set(e, -ENAMETOOLONG, "the key's file name is too long");
		if (unlink(name) < 0 && errno != ENOENT)
			return err_set(e, -errno, "remove %s: %s", name, strerror(errno));
	}
	return 0;
}

bool key_ring_equal(const struct key_ring *a, const struct key_ring *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; i < a->n && same; i++)
		same = !CRYPTO_memcmp(a->key[i].bytes, b->key[i].bytes, KEY_BYTES);
	return same;
}

void key_ring_wipe(struct key_ring *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}
