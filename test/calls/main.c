/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes worlds and calls, and prints a line for each call. Who moves us is asked before each world,
 * and whenever a call may have brought us home: one line goes to one fifo, a byte comes by another. */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGS_USED 6

static struct {
	uint64_t seed;
	unsigned first, worlds, calls, home; /* a world's calls; how many of a thousand go home */
	const char *folder, *ready, *go;
	bool each; /* each line is written, and we ask, behind its call */
} opt = { .seed = 1, .worlds = 1, .calls = 175, .home = 4, .folder = "." };

static char out[1 << 20];
static size_t out_len;
static uint64_t made, forwarded;

int64_t raw_call(long nr, const uint64_t arg[CALL_ARGS])
{
	register uint64_t r10 __asm__("r10") = arg[3];
	register uint64_t r8 __asm__("r8") = arg[4];
	register uint64_t r9 __asm__("r9") = arg[5];
	int64_t ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static void put_out(void)
{
	for (size_t done = 0; done < out_len;) {
		int64_t n = RAW(SYS_write, FD_OUT, out + done, out_len - done);

		if (n <= 0 && n != -EINTR)
			_exit(3);
		done += n > 0 ? (size_t)n : 0;
	}
	out_len = 0;
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_len += (size_t)vsnprintf(out + out_len, sizeof(out) - out_len, fmt, ap);
	va_end(ap);
	if (out_len > sizeof(out) - 8192)
		put_out();
}

/* Waits until we may go on. */
static void ask(unsigned world, unsigned call, const char *why)
{
	char text[80], byte;
	int n;

	if (!opt.ready)
		return;
	n = snprintf(text, sizeof(text), "%u.%u %s\n", world, call, why);
	if (RAW(SYS_write, FD_READY, text, n) != n)
		_exit(4);
	while ((n = (int)RAW(SYS_read, FD_GO, &byte, 1)) == -EINTR)
		;
	if (n != 1)
		_exit(5);
}

/* ---- a call ---------------------------------------------------------------------------------- */

static void say_call(unsigned world, unsigned i, const struct drawn *d)
{
	say("%u.%u %s(", world, i, d->row->name);
	for (unsigned k = 0; k < ARGS_USED; k++) {
		if (d->word[k] == 'p' && d->arg[k] == (uint64_t)world_pid)
			say("%sself", k ? ", " : "");
		else if (d->word[k] == 'k')
			say("%sbrk", k ? ", " : "");
		else
			say("%s%#llx", k ? ", " : "", (unsigned long long)d->arg[k]);
	}
	say(")");
}

static bool changes_map(const struct drawn *d)
{
	return d->nr == SYS_mmap || d->nr == SYS_munmap || d->nr == SYS_mprotect || d->nr == SYS_mremap ||
	       d->nr == SYS_madvise || d->nr == SYS_pkey_mprotect;
}

/* A mapping that we did not place is looked at and given back; so is one of a file that may be
 * written, since what such a one shows later hangs on when it was mapped (doc/limits.md). */
static void after_map(const struct drawn *d, int64_t at)
{
	uint64_t size = d->nr == SYS_mmap ? d->arg[1] : d->arg[2];
	bool placed = (uint64_t)at >= ARENA && (uint64_t)at < ARENA + ARENA_PAGES * PAGE;

	if (at < 0 && at >= -4095)
		return;
	if (d->nr == SYS_mmap && !(d->arg[3] & MAP_ANONYMOUS)) {
		say(" file=%08x", (unsigned)arena_hash((uint64_t)at, MIN(size + PAGE - 1, 8 * PAGE)));
		placed = placed && world_is_steady(d->arg[4]);
	}
	if (!placed)
		(void)RAW(SYS_munmap, at, (size + PAGE - 1) & ~(PAGE - 1));
}

static bool touches_big(const struct drawn *d)
{
	if (!arena_has_big())
		return false;
	for (unsigned k = 0; k < CALL_ARGS; k++)
		if (d->arg[k] >= ARENA_BIG && d->arg[k] < ARENA_BIG + BIG_SIZE)
			return true;
	return d->row->flags & (CALL_READS | CALL_RESUMES);
}

static bool may_move_tty(const struct drawn *d)
{
	return (d->row->flags & (CALL_RESUMES | CALL_READS)) || d->nr == SYS_ioctl || d->nr == SYS_close ||
	       d->nr == SYS_dup2 || d->nr == SYS_dup3 || d->nr == SYS_close_range;
}

static bool hits_tty(const struct drawn *d)
{
	for (unsigned k = 0; k < CALL_ARGS; k++)
		if (d->word[k] == 'f' && (uint32_t)d->arg[k] < WORLD_FDS && world_is_tty((int)d->arg[k]))
			return true;
	return false;
}

static void make_call(unsigned world, unsigned i, struct chance *c)
{
	struct drawn d;
	unsigned past = arena_past_end;
	const char *word;
	int64_t ret;
	bool tty;

	draw_call(c, chance_of(c, opt.home), &d);
	tty = may_move_tty(&d) && hits_tty(&d);
	say_call(world, i, &d);
	if (opt.each)
		put_out();
	ret = raw_call(d.nr, d.arg);
	made++;
	forwarded += d.class_ == CALL_FORWARD && !d.home;
	signals_unblock_faults();
	ret = mask_call(&d, ret);
	word = mask_result(&d, ret);
	if (word)
		say(" = %s", word);
	else
		say(" = %lld", (long long)ret);
	if (tty)
		world_settle();
	out_len += signals_tell(out + out_len, 1024);
	if (d.nr == SYS_mmap || d.nr == SYS_mremap)
		after_map(&d, ret);
	out_len += arena_tell(out + out_len, 4096, changes_map(&d));
	if (touches_big(&d))
		say(" big=%08x", (unsigned)arena_tell_big());
	say("\n");
	if (opt.each)
		put_out();
	/* A mapping of a file may turn out to be one that is made or changed at home only. What the host's supervisor
	 * answers is home's where it cannot write. */
	if (d.home || (d.class_ == CALL_HOST && ret == -EFAULT) || d.class_ == CALL_BOTH || d.nr == SYS_mremap ||
	    arena_past_end != past)
		ask(world, i, "home");
	else if (opt.each)
		ask(world, i, d.row->name);
}

/* ---- worlds ---------------------------------------------------------------------------------- */

static bool make_world(unsigned world)
{
	struct chance c = { opt.seed }, w = { world };
	char text[8192];
	bool big;
	int r;

	c.s = chance_next(&c) ^ chance_next(&w) * 3;
	big = chance_of(&c, 60);
	ask(world, 0, "world");
	r = world_make(&c, big);
	if (r < 0) {
		say("%u: no world: %s\n", world, strerror(-r));
		put_out();
		return false;
	}
	(void)arena_tell(text, sizeof(text), true);
	for (unsigned i = 0; i < opt.calls; i++)
		make_call(world, i, &c);
	world_end();
	say("%u end\n", world);
	put_out();
	return true;
}

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },   { "first", required_argument, NULL, 'f' },
	{ "worlds", required_argument, NULL, 'w' }, { "calls", required_argument, NULL, 'c' },
	{ "folder", required_argument, NULL, 'd' }, { "ready", required_argument, NULL, 'r' },
	{ "go", required_argument, NULL, 'g' },	    { "home", required_argument, NULL, 'h' },
	{ "each", no_argument, NULL, 'e' },	    { "all", no_argument, NULL, 'a' },
	{ 0 },
};

static int usage(void)
{
	(void)fputs("usage: mos-calls [--seed N] [--first WORLD] [--worlds N] [--calls N] [--folder F]\n"
		    "                 [--home PERMILLE] [--each] [--all] [--ready FIFO --go FIFO]\n",
		    stderr);
	return 2;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static bool read_options(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 's')
			opt.seed = strtoull(optarg, NULL, 10);
		else if (o == 'f')
			opt.first = number(optarg);
		else if (o == 'w')
			opt.worlds = number(optarg);
		else if (o == 'c')
			opt.calls = number(optarg);
		else if (o == 'h')
			opt.home = number(optarg);
		else if (o == 'd')
			opt.folder = optarg;
		else if (o == 'r')
			opt.ready = optarg;
		else if (o == 'g')
			opt.go = optarg;
		else if (o == 'e')
			opt.each = true;
		else if (o == 'a')
			tame_all = true;
		else
			return false;
	}
	return optind == argc && !opt.ready == !opt.go;
}

static int keep_as(int fd, int as)
{
	return fd < 0 || dup2(fd, as) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	int r;

	if (!read_options(argc, argv))
		return usage();
	if (!geteuid()) {
		(void)fputs("mos-calls: not as root: its calls would succeed\n", stderr);
		return 2;
	}
	r = keep_as(1, FD_OUT);
	if (r == 0 && opt.ready)
		r = keep_as(open(opt.ready, O_WRONLY), FD_READY);
	if (r == 0 && opt.go)
		r = keep_as(open(opt.go, O_RDONLY), FD_GO);
	if (r == 0)
		r = world_begin(opt.folder);
	if (r < 0) {
		(void)fprintf(stderr, "mos-calls: cannot begin: %s\n", strerror(-r));
		return 1;
	}
	(void)RAW(SYS_close_range, 0, WORLD_FDS, 0);
	signals_reset();
	for (unsigned i = 0; i < opt.worlds; i++)
		if (!make_world(opt.first + i))
			return 1;
	say("%llu calls, %llu of them to be forwarded\n", (unsigned long long)made,
	    (unsigned long long)forwarded);
	put_out();
	_exit(0);
}
