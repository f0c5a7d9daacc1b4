/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the levers and their file: "NAME yes" or "NAME no" for each lever that is not as the
 * configuration has it, and "speed N". */
#include "node/site/levers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/paths.h"

static const struct {
	const char *name;
	enum info_flag flag;
} table[] = {
	[LEVER_STAY] = { "stay", INFO_STAY },	 [LEVER_LSTAY] = { "lstay", INFO_LSTAY },
	[LEVER_BLOCK] = { "block", INFO_BLOCK }, [LEVER_QUIET] = { "quiet", INFO_QUIET },
	[LEVER_EXPEL] = { "expel", INFO_EXPEL },
};
static_assert(ARRAY_SIZE(table) == LEVER_COUNT_, "a name for each");

struct levers {
	bool on[LEVER_COUNT_];
	bool kept[LEVER_COUNT_]; /* as the next mosd will have it */
	uint32_t speed;
};

const char *lever_str(enum lever l)
{
	return table[l].name;
}

unsigned lever_flag(enum lever l)
{
	return table[l].flag;
}

enum lever lever_find(const char *name)
{
	enum lever l = 0;

	while (l < LEVER_COUNT_ && strcmp(name, table[l].name) != 0)
		l++;
	return l;
}

static bool parse_speed(const char *s, uint32_t *ret)
{
	uint32_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint32_t)(*s - '0');
		if (v > LEVERS_SPEED_MAX)
			return false;
	}
	*ret = v;
	return v > 0;
}

static bool parse_line(char *line, struct levers_note *n)
{
	char *value = strchr(line, ' ');
	enum lever l;

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(line, "speed"))
		return !n->speed && parse_speed(value, &n->speed);
	l = lever_find(line);
	if (l == LEVER_COUNT_ || n->said[l])
		return false;
	n->said[l] = true;
	n->on[l] = !strcmp(value, "yes");
	return n->on[l] || !strcmp(value, "no");
}

int levers_parse(const char *text, size_t len, struct levers_note *ret)
{
	char copy[LEVERS_TEXT_MAX], *rest = copy, *line;
	struct levers_note n = { 0 };

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (*line && !parse_line(line, &n))
			return -EINVAL;
	*ret = n;
	return 0;
}

size_t levers_text(const struct levers_note *n, char to[static LEVERS_TEXT_MAX])
{
	size_t len = 0;

	to[0] = '\0';
	for (enum lever l = 0; l < LEVER_COUNT_; l++)
		if (n->said[l])
			len += (size_t)snprintf(to + len, LEVERS_TEXT_MAX - len, "%s %s\n",
						lever_str(l), n->on[l] ? "yes" : "no");
	if (n->speed)
		len += (size_t)snprintf(to + len, LEVERS_TEXT_MAX - len, "speed %u\n", n->speed);
	return len;
}

static bool usual(const struct mosd *d, enum lever l)
{
	return l == LEVER_BLOCK && d->site.conf.block;
}

/* Return: bytes, or -errno. Not io_read_file: what lies there may be no file at all. */
static ssize_t read_levers(char to[static LEVERS_TEXT_MAX])
{
	CLEANUP(close_fd)
	int fd = open(MOS_LEVERS_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid || st.st_mode & 022)
		return -EPERM;
	if (st.st_size >= (off_t)LEVERS_TEXT_MAX)
		return -EFBIG;
	n = read(fd, to, LEVERS_TEXT_MAX - 1);
	return n < 0 ? -errno : n;
}

struct levers *levers_create(struct mosd *d)
{
	struct levers *v = calloc(1, sizeof(*v));
	struct levers_note note = { 0 };
	char text[LEVERS_TEXT_MAX];
	ssize_t n;
	int r;

	if (!v)
		return NULL;
	n = read_levers(text);
	r = n < 0 ? (int)n : levers_parse(text, (size_t)n, &note);
	if (r < 0 && r != -ENOENT)
		log_warning("%s is not as mosd wrote it (%s): what mosctl set before is forgotten",
			    MOS_LEVERS_PATH, strerror(-r));
	for (enum lever l = 0; l < LEVER_COUNT_; l++)
		v->on[l] = v->kept[l] = note.said[l] ? note.on[l] : usual(d, l);
	v->speed = note.speed;
	return v;
}

void levers_destroy(struct levers *v)
{
	free(v);
}

unsigned levers_flags(const struct mosd *d)
{
	unsigned flags = 0;

	for (enum lever l = 0; l < LEVER_COUNT_; l++)
		if (d->levers->on[l])
			flags |= table[l].flag;
	return flags;
}

int levers_take_guests(unsigned flags, uint32_t node, struct err *e)
{
	if (!(flags & (INFO_BLOCK | INFO_EXPEL)))
		return 0;
	return err_reason(e, -EPERM, "block", "node %u takes no guests (block is on there)", node);
}

uint32_t levers_speed(const struct mosd *d)
{
	return d->levers->speed;
}

/* Whole or not at all. */
static int save(const struct mosd *d, struct err *e)
{
	const char *next = MOS_LEVERS_PATH ".new";
	struct levers_note note = { .speed = d->levers->speed };
	CLEANUP(close_fd) int fd = -1;
	char text[LEVERS_TEXT_MAX];
	size_t n;
	int r;

	for (enum lever l = 0; l < LEVER_COUNT_; l++) {
		note.on[l] = d->levers->kept[l];
		note.said[l] = note.on[l] != usual(d, l);
	}
	n = levers_text(&note, text);
	if (mkdir(MOS_STATE_DIR, 0700) < 0 && errno != EEXIST)
		return err_set(e, -errno, "it holds, but not after a restart: make %s: %s",
			       MOS_STATE_DIR, strerror(errno));
	(void)unlink(next);
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	r = fd < 0 ? -errno : io_write_all(fd, text, n);
	if (r == 0 && (fsync(fd) < 0 || rename(next, MOS_LEVERS_PATH) < 0))
		r = -errno;
	return r < 0 ? err_set(e, r, "it holds, but not after a restart: write %s: %s",
			       MOS_LEVERS_PATH, strerror(-r))
		     : 0;
}

/* Return: whether that changes anything. */
static bool pull(bool is[static LEVER_COUNT_], enum lever l, bool on)
{
	bool before[LEVER_COUNT_];

	memcpy(before, is, sizeof(before));
	is[l] = on;
	if (l == LEVER_EXPEL && on)
		is[LEVER_BLOCK] = true; /* else they come in as fast as they go */
	if (l == LEVER_BLOCK && !on)
		is[LEVER_EXPEL] = false;
	return memcmp(before, is, sizeof(before)) != 0;
}

void levers_set_for_now(struct mosd *d, enum lever l, bool on)
{
	if (pull(d->levers->on, l, on))
		log_info("%s is %s for now", lever_str(l), on ? "on" : "off");
}

int levers_set(struct mosd *d, enum lever l, bool on, struct err *e)
{
	if (pull(d->levers->on, l, on))
		log_info("%s is %s now", lever_str(l), on ? "on" : "off");
	return pull(d->levers->kept, l, on) ? save(d, e) : 0;
}

int levers_set_speed(struct mosd *d, uint32_t speed, struct err *e)
{
	if (d->levers->speed == speed)
		return 0;
	d->levers->speed = speed;
	return save(d, e);
}
