/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws a call: first what its arguments mean as numbers, since these tell how long the memory is
 * that others point to; then pointers, to good memory mostly, and what stands there. */
#include "calls.h"

#include <asm/unistd.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#define ROOM_UNKNOWN 160 /* of a pointer of which nothing says how much is there */

/* ---- memory ---------------------------------------------------------------------------------- */

/* What a pointer with this word has behind it, where nothing else says so. */
static uint64_t room_of_word(char word)
{
	static const struct {
		char word;
		uint16_t room;
	} rooms[] = { { 'S', 8 },  { 'A', 32 }, { 'T', 16 }, { 't', 16 }, { 'I', 32 }, { 'J', 128 },
		      { 'E', 12 }, { 'K', 32 }, { 'W', 8 },  { 'L', 24 } };

	for (unsigned i = 0; i < ARRAY_SIZE(rooms); i++)
		if (rooms[i].word == word)
			return rooms[i].room;
	return ROOM_UNKNOWN;
}

static const struct arg_spec *spec_at(const struct drawn *d, unsigned i)
{
	return d->rule && d->rule->at && d->rule->at == i ? &d->rule->spec : &d->row->arg[i];
}

static bool is_pointer_word(char word)
{
	return word && strchr("SATtIJPEKYXHFWL.", word);
}

bool draw_room(const struct drawn *d, unsigned i, uint64_t *ret)
{
	const struct arg_spec *s = spec_at(d, i);
	uint64_t n = d->arg[s->by];

	switch ((enum arg_kind)s->kind) {
	case ARG_VALUE:
		*ret = room_of_word(d->word[i]);
		return is_pointer_word(d->word[i]);
	case ARG_STR:
		*ret = 0;
		return true;
	case ARG_IOV_IN:
	case ARG_IOV_OUT:
		*ret = n <= 1024 ? n * sizeof(struct iovec) : 0;
		return true;
	default:
		break;
	}
	if (s->from == SIZE_CONST)
		n = 1;
	else if (s->from == SIZE_FD_SET)
		n = (int32_t)n > 0 ? ((uint32_t)n + 63) / 64 * 8 : 0;
	else if (s->from == SIZE_UINT || s->from == SIZE_INT)
		n = (uint32_t)n;
	*ret = s->unit && n > UINT64_MAX / s->unit ? UINT64_MAX : n * (s->unit ? s->unit : 1);
	return true;
}

static void fill_vector(struct chance *c, uint64_t at, uint64_t n, bool bad)
{
	uint64_t most = chance_of(c, 50) && arena_has_big() ? 600000 : 3000;

	for (uint64_t i = 0; i < n; i++) {
		struct iovec v;

		v.iov_len = chance_of(c, 100) ? 0 : chance_below(c, most / (n > 8 ? 8 : 1));
		if (bad && chance_of(c, 20))
			v.iov_len = draw_length(c);
		v.iov_base = (void *)(uintptr_t)arena_place(c, v.iov_len, bad);
		(void)arena_put(at + i * sizeof(v), &v, sizeof(v));
	}
}

static void fill_polls(struct chance *c, uint64_t at, uint64_t n)
{
	for (uint64_t i = 0; i < n / sizeof(struct pollfd) && i < 64; i++) {
		struct pollfd p = { (int)draw_descriptor(c), (short)chance_next(c), 0 };

		if (chance_of(c, 800))
			p.events &= POLLIN | POLLOUT | POLLPRI;
		(void)arena_put(at + i * sizeof(p), &p, sizeof(p));
	}
}

/* No wait of more than half a millisecond; what is no time at all is refused. */
static void fill_time(struct chance *c, uint64_t at, char word)
{
	static const int64_t nanos[] = { 0, 1, 1000, 300000, 500000, 1000000000, -1 };
	static const int64_t micros[] = { 0, 1, 300, 500, -1 };
	static const int64_t seconds[] = { 0, 0, 0, -1 };
	int64_t t[4];

	for (unsigned i = 0; i < 4; i += 2) {
		t[i] = CHANCE_PICK(c, seconds);
		t[i + 1] = word == 't' ? CHANCE_PICK(c, micros) : CHANCE_PICK(c, nanos);
	}
	(void)arena_put(at, t, word == 'I' ? 32 : 16);
}

static void fill_words(struct chance *c, uint64_t at, char word, uint64_t n)
{
	uint64_t w[16] = { 0 };

	switch (word) {
	case 'S':
		w[0] = chance_of(c, 300) ? chance_next(c) : 1ULL << chance_below(c, 64);
		n = 8;
		break;
	case 'A':
		w[0] = chance_of(c, 800) ? signals_handler() : 1 /* SIG_IGN */;
		w[1] = 0x04000004 | (chance_of(c, 500) ? 0x10000000 : 0) |
		       (chance_of(c, 200) ? 0x40000000 : 0);
		w[2] = signals_restorer();
		w[3] = chance_of(c, 300) ? chance_next(c) : 0;
		n = 32;
		break;
	case 'J':
		w[0] = chance_below(c, 65);
		w[1] = (uint64_t)(uint32_t)(chance_of(c, 700) ? -1 : chance_of(c, 500) ? -60 : -6);
		w[2] = 0;
		w[3] = chance_below(c, 1000);
		n = 128;
		break;
	case 'E':
		w[0] = (chance_next(c) & 0xc000201f) | (chance_below(c, 100) << 32);
		n = 12;
		break;
	case 'K':
		w[0] = chance_below(c, 4) | chance_below(c, 4) << 16;
		w[1] = draw_offset(c);
		w[2] = draw_offset(c);
		n = 32;
		break;
	case 'H':
		w[0] = draw_open_flags(c);
		w[1] = chance_of(c, 700) ? 0 : 0644;
		w[2] = chance_of(c, 700) ? 0 : chance_next(c) & 0x3f;
		n = MIN(n, 24UL);
		break;
	case 'L':
		w[0] = ARENA + 2 * PAGE;
		w[1] = chance_of(c, 700) ? 0 : chance_below(c, 5);
		w[2] = chance_of(c, 800) ? 8192 : chance_below(c, 4096);
		n = 24;
		break;
	case 'W':
		w[0] = chance_of(c, 850) ? chance_below(c, 3000) : chance_next(c);
		n = 8;
		break;
	default:
		w[0] = chance_next(c);
		w[1] = chance_below(c, 64);
		n = MIN(n, 16UL);
	}
	(void)arena_put(at, w, n);
}

/* A string, placed anywhere; with @bad perhaps without its end, or where nothing is. */
static uint64_t place_string(struct chance *c, const char *text, bool bad)
{
	size_t n = strlen(text) + 1;
	uint64_t at = arena_place(c, n, bad);

	if (!arena_put(at, text, n)) {
		static char cut[8192];
		uint64_t until = (at | (PAGE - 1)) + 1;

		memcpy(cut, text, n); /* as much of it as lies before the edge */
		while (at && until - at < n && !arena_put(at, cut, until - at) && until - at > PAGE)
			until -= PAGE;
	}
	return at;
}

static const char *attribute_name(struct chance *c)
{
	static const char *const names[] = { "user.calls", "user.b",  "user.",	"trusted.x",
					     "security.x", "bare",    "",	"system.posix_acl_access" };

	return CHANCE_PICK(c, names);
}

/* A forwarded call with a bad address is made at home. */
static bool may_be_bad(const struct drawn *d, unsigned i, bool may_home)
{
	if (d->word[i] == 'A') /* rubbish would be run */
		return false;
	if (d->class_ == CALL_FORWARD || d->class_ == CALL_BOTH || d->class_ == CALL_HOST)
		return may_home;
	return true;
}

static void draw_pointer(struct chance *c, struct drawn *d, unsigned i, bool may_home)
{
	const struct arg_spec *s = spec_at(d, i);
	bool bad = may_be_bad(d, i, may_home), vector = s->kind == ARG_IOV_IN || s->kind == ARG_IOV_OUT;
	char word = d->word[i];
	uint64_t n;

	if (!draw_room(d, i, &n))
		return;
	if (s->kind == ARG_STR || word == 'Y' || word == 'X') {
		d->arg[i] = place_string(c, word == 'X' ? attribute_name(c) : world_path(c, may_home), bad);
		return;
	}
	if (chance_of(c, s->kind == ARG_VALUE ? 150 : 60) && (d->class_ != CALL_HOST || may_home)) {
		d->arg[i] = 0;
		return;
	}
	d->arg[i] = arena_place(c, n, bad && !vector);
	if (vector)
		fill_vector(c, d->arg[i], n / sizeof(struct iovec), bad);
	else if (word == 'P')
		fill_polls(c, d->arg[i], n);
	else if (word == 'T' || word == 't' || word == 'I')
		fill_time(c, d->arg[i], word);
	else if (word != '.' && word != 'F' && n)
		fill_words(c, d->arg[i], word, n);
	else if (s->kind == ARG_IN && s->from == SIZE_CONST && n && chance_of(c, 800))
		fill_words(c, d->arg[i], word, n);
}

/* ---- a call ---------------------------------------------------------------------------------- */

void draw_settle(struct drawn *d)
{
	struct call_plan p;

	d->rule = call_rule(d->row, d->arg);
	d->class_ = call_classify(d->nr, d->arg, NULL);
	d->home = d->class_ == CALL_HOME ||
		  ((d->class_ == CALL_FORWARD || d->class_ == CALL_BOTH) && call_plan(d->nr, d->arg, &p) < 0);
}

/* Those that programs live by come more often. */
static long draw_nr(struct chance *c)
{
	static const uint16_t often[] = {
		__NR_read,  __NR_write, __NR_pread64, __NR_pwrite64, __NR_readv, __NR_writev,
		__NR_lseek, __NR_open,	__NR_openat,  __NR_close,    __NR_dup,	 __NR_dup2,
		__NR_fcntl, __NR_ioctl, __NR_mmap,    __NR_mmap,     __NR_munmap, __NR_poll,
		__NR_fcntl, __NR_ioctl, __NR_pipe2,   __NR_rt_sigaction, __NR_tgkill, __NR_ftruncate,
	};

	return chance_of(c, 350) ? CHANCE_PICK(c, often) : (long)chance_below(c, CALL_NR_END);
}

static void draw_arguments(struct chance *c, struct drawn *d, bool may_home)
{
	const char *words = words_of(d->nr);
	size_t n = strlen(words);
	uint64_t room;

	for (unsigned i = 0; i < CALL_ARGS; i++) {
		d->word[i] = i < n ? words[i] : d->row->arg[i].kind != ARG_VALUE ? '.' : 'z';
		if (d->row->arg[i].kind == ARG_VALUE && !is_pointer_word(d->word[i]))
			d->arg[i] = draw_number(c, d, i, d->word[i]);
	}
	draw_settle(d);
	if (d->nr == __NR_fcntl || d->nr == __NR_ioctl)
		d->word[2] = words_of_request(d->nr, d->arg[1]);
	if (d->rule && d->rule->at && d->rule->spec.kind == ARG_VALUE)
		d->word[d->rule->at] = 'i';
	if ((d->nr == __NR_fcntl || d->nr == __NR_ioctl) && d->rule && !d->rule->at)
		d->arg[2] = draw_number(c, d, 2, is_pointer_word(d->word[2]) ? 'i' : d->word[2]);
	if (d->rule && d->rule->at && d->rule->spec.kind == ARG_STR)
		d->word[d->rule->at] = 'Y';
	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (draw_room(d, i, &room) &&
		    !((d->nr == __NR_fcntl || d->nr == __NR_ioctl) && i == 2 && d->rule && !d->rule->at))
			draw_pointer(c, d, i, may_home);
}

/* Will it be made at home, or is that likely? Of a file's mapping only the plain cases are not. */
static bool is_homes(const struct drawn *d)
{
	if (d->class_ == CALL_FORWARD || d->class_ == CALL_HOST)
		if (tame_runs_out(d))
			return true;
	if (d->nr == __NR_mremap)
		return d->arg[2] > d->arg[1];
	if (d->nr != __NR_mmap)
		return false;
	if (d->class_ == CALL_HOST)
		return d->arg[0] + d->arg[1] < d->arg[0];
	return d->class_ == CALL_BOTH &&
	       (d->arg[0] % PAGE || d->arg[5] % PAGE || d->arg[1] > PLAY_PAGES * PAGE ||
		d->arg[5] + d->arg[1] > 8 * PAGE || !world_is_steady(d->arg[4]));
}

/* Draws one. Return: false if it is not to be made. */
static bool try_call(struct chance *c, bool may_home, struct drawn *d)
{
	*d = (struct drawn){ .nr = draw_nr(c) };
	d->row = call_row(d->nr);
	if (!d->row || tame_never(d->nr))
		return false;
	if (d->row->class_ == CALL_HOME && !d->row->rules && !may_home)
		return false;
	draw_arguments(c, d, may_home);
	draw_settle(d);
	if ((d->home && !may_home) || !tame_call(c, d))
		return false;
	draw_settle(d);
	return true;
}

void draw_call(struct chance *c, bool may_home, struct drawn *ret)
{
	struct drawn d;

	while (true) {
		if (!try_call(c, may_home, &d)) {
			(void)mask_call(&d, -EPERM); /* what tame.c has written is ours alone */
			continue;
		}
		d.home |= is_homes(&d);
		if (d.home == may_home || (may_home && chance_of(c, 50)))
			break;
		(void)mask_call(&d, -EPERM);
	}
	d.home |= may_home; /* a string without an end, say */
	*ret = d;
}
