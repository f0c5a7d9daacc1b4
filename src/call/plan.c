/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a number and six registers to a class and a plan. Knows no call by name but those that are
 * done in pieces: the rest is in the table. */
#include "call/call.h"

#include "base/util.h"
#include "call/table.h"
#include "wire/limits.h"

#include <asm/unistd.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ERRNO_MAX 4095

static const char *const class_str[] = {
	[CALL_LOCAL] = "local",	    [CALL_HOST] = "host", [CALL_FORWARD] = "forward",
	[CALL_BOTH] = "both",	    [CALL_HOME] = "home",
};
static_assert(ARRAY_SIZE(class_str) == CALL_CLASS_COUNT_, "class_str");

const char *call_class_str(enum call_class c)
{
	return (unsigned)c < CALL_CLASS_COUNT_ ? class_str[c] : "?";
}

static bool matches(const struct call_match *m, unsigned n, const uint64_t arg[CALL_ARGS])
{
	for (unsigned i = 0; i < n; i++)
		if ((arg[m[i].arg] & m[i].mask) != m[i].value)
			return false;
	return true;
}

const struct call_rule *call_rule(const struct call_row *row, const uint64_t arg[CALL_ARGS])
{
	if (!row->rules)
		return NULL;
	for (const struct call_rule *r = row->rules; r->n; r++)
		if (matches(r->match, r->n, arg))
			return r;
	return NULL;
}

enum call_class call_classify(long nr, const uint64_t arg[CALL_ARGS], const char **reason)
{
	const struct call_row *row = call_row(nr);
	const struct call_rule *rule = row ? call_rule(row, arg) : NULL;
	enum call_class c = rule ? rule->class_ : row ? row->class_ : CALL_HOME;

	if (reason && c == CALL_HOME)
		*reason = !row ? "unknown" : rule ? rule->reason : row->reason;
	return c;
}

int call_filter_each(int (*fn)(void *ctx, long nr, const struct call_match *m, unsigned n),
		     void *ctx)
{
	for (long nr = 0; nr < CALL_NR_END; nr++) {
		const struct call_row *row = call_row(nr);
		int r = 0;

		if (row && row->class_ == CALL_LOCAL)
			r = fn(ctx, nr, NULL, 0);
		for (const struct call_rule *u = row ? row->rules : NULL; u && u->n && !r; u++)
			if (u->class_ == CALL_LOCAL)
				r = fn(ctx, nr, u->match, u->n);
		if (r)
			return r;
	}
	return 0;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static const struct arg_spec *spec_of(const struct call_row *row, const struct call_rule *rule,
				      unsigned i)
{
	return rule && rule->at && rule->at == i ? &rule->spec : &row->arg[i];
}

/* The argument that tells a size, as the kernel takes it. */
static uint64_t count_of(const struct arg_spec *s, const uint64_t arg[CALL_ARGS])
{
	uint64_t v = arg[s->by];

	switch ((enum size_from)s->from) {
	case SIZE_ULONG:
		return v;
	case SIZE_UINT:
		return (uint32_t)v;
	case SIZE_INT:
		return (int32_t)(uint32_t)v > 0 ? (uint32_t)v : 0;
	case SIZE_FD_SET:
		return (int32_t)(uint32_t)v > 0 ? ((uint64_t)(uint32_t)v + 63) / 64 : 0;
	case SIZE_CONST:
	case SIZE_FROM_COUNT_:
		break;
	}
	return 1;
}

static int plan_iov(const struct arg_spec *s, unsigned i, struct call_plan *p)
{
	uint64_t n = count_of(s, p->arg);

	/* The kernel refuses more than these before it looks at the first one. */
	if (n > CALL_PARTS_MAX) {
		p->kind[i] = ARG_VALUE;
		return 0;
	}
	p->size[i] = (uint32_t)n;
	return 0;
}

static int plan_arg(const struct arg_spec *s, unsigned i, struct call_plan *p)
{
	uint64_t unit = s->from == SIZE_FD_SET ? 8 : s->unit;
	uint64_t n, most;

	p->kind[i] = s->kind;
	if (s->kind == ARG_VALUE)
		return 0;
	if (!p->arg[i]) {
		p->kind[i] = ARG_VALUE;
		return 0;
	}
	if (s->kind == ARG_IOV_IN || s->kind == ARG_IOV_OUT)
		return plan_iov(s, i, p);

	n = count_of(s, p->arg);
	most = CALL_DATA_MAX / unit; /* compared by division: the product may overflow */
	if (n > most) {
		if (!s->cut)
			return -E2BIG;
		p->arg[s->by] = n = most;
	}
	p->size[i] = (uint32_t)(n * unit);
	if (s->out == COUNT_LEN && p->arg[s->by])
		p->len_at[i] = s->by;
	return 0;
}

/* One frame holds all that goes one way; strings have the frame's slack. */
static bool too_much(const struct call_plan *p)
{
	uint64_t in = 0, out = 0;

	for (unsigned i = 0; i < CALL_ARGS; i++) {
		if (p->kind[i] == ARG_IN || p->kind[i] == ARG_INOUT)
			in += p->size[i];
		if (p->kind[i] == ARG_OUT || p->kind[i] == ARG_INOUT)
			out += p->size[i];
	}
	return in > CALL_DATA_MAX || out > CALL_DATA_MAX;
}

int call_plan(long nr, const uint64_t arg[CALL_ARGS], struct call_plan *ret)
{
	const struct call_row *row = call_row(nr);
	const struct call_rule *rule = row ? call_rule(row, arg) : NULL;
	enum call_class c = rule ? rule->class_ : row ? row->class_ : CALL_HOME;
	struct call_plan p = { .nr = nr };
	int r;

	if (c != CALL_FORWARD && c != CALL_BOTH)
		return -ENOSYS;
	memcpy(p.arg, arg, sizeof(p.arg));
	p.flags = row->flags | (rule ? rule->flags : 0);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		r = plan_arg(spec_of(row, rule, i), i, &p);
		if (r < 0)
			return r;
	}
	if (too_much(&p))
		return -E2BIG;
	*ret = p;
	return 0;
}

int call_place_size(const struct call_plan *p, unsigned i, uint32_t in_len)
{
	uint32_t least = 0, most = 0, room = in_len;

	if (i >= CALL_ARGS)
		return -EPROTO;
	switch (p->kind[i]) {
	case ARG_STR:
		least = 1;
		most = p->size[i];
		break;
	case ARG_IN:
	case ARG_INOUT:
		most = room = p->size[i];
		least = p->len_at[i] ? 0 : most;
		break;
	case ARG_OUT:
		room = p->size[i];
		break;
	case ARG_IOV_IN:
	case ARG_IOV_OUT:
		most = p->size[i] ? CALL_DATA_MAX : 0;
		break;
	case ARG_MSG_IN:
	case ARG_MSG_OUT:
		most = CALL_DATA_MAX;
		break;
	case ARG_VALUE:
	case ARG_KIND_COUNT_:
		break;
	}
	if (in_len < least || in_len > most)
		return -EPROTO;
	return (int)room;
}

/* -EINTR, or one of the kernel's own codes for "interrupted" (512 to 516), seen at a stop. */
static bool interrupted(int64_t ret)
{
	return ret == -EINTR || (ret <= -512 && ret >= -516);
}

uint32_t call_out_len(const struct call_plan *p, unsigned i, int64_t ret, uint32_t cap)
{
	const struct call_row *row = call_row(p->nr);
	const struct arg_spec *s;
	uint64_t n = cap;

	if (!row || i >= CALL_ARGS || !call_arg_out(p->kind[i]))
		return 0;
	if (!call_arg_vector(p->kind[i]))
		n = MIN(n, p->size[i]);
	s = spec_of(row, call_rule(row, p->arg), i);
	if (ret < 0 && ret >= -ERRNO_MAX && s->out != COUNT_ALWAYS &&
	    !((p->flags & CALL_OUT_ON_EINTR) && interrupted(ret)))
		return 0;
	if (s->out == COUNT_ALL || s->out == COUNT_ALWAYS || s->out == COUNT_LEN)
		return (uint32_t)n;
	if (ret <= 0)
		return 0;
	if (s->out == COUNT_BYTES)
		n = MIN(n, (uint64_t)ret);
	else if (s->out == COUNT_UNITS && (uint64_t)ret <= n / s->unit)
		n = (uint64_t)ret * s->unit;
	return (uint32_t)n;
}

/* ---- calls done in pieces -------------------------------------------------------------------- */

#define NONE 0xff

static const struct {
	uint16_t nr;
	uint8_t buf, count, pos; /* which arguments; NONE */
} pieces[] = {
	{ __NR_read, 1, 2, NONE },	   { __NR_write, 1, 2, NONE },
	{ __NR_pread64, 1, 2, 3 },	   { __NR_pwrite64, 1, 2, 3 },
	{ __NR_readv, NONE, NONE, NONE },  { __NR_writev, NONE, NONE, NONE },
	{ __NR_preadv, NONE, NONE, 3 },	   { __NR_pwritev, NONE, NONE, 3 },
	{ __NR_preadv2, NONE, NONE, 3 },   { __NR_pwritev2, NONE, NONE, 3 },
	{ __NR_sendfile, NONE, 3, NONE },  { __NR_splice, NONE, 4, NONE },
	{ __NR_sendto, 1, 2, NONE },	   { __NR_sendmsg, NONE, NONE, NONE },	   { __NR_tee, NONE, 2, NONE },	   { __NR_copy_file_range, NONE, 4, NONE },
};

int call_advance(long nr, uint64_t arg[CALL_ARGS], uint64_t done)
{
	for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (pieces[i].nr != nr)
			continue;
		if (pieces[i].count != NONE && done > arg[pieces[i].count])
			return -EINVAL;
		if (pieces[i].count != NONE)
			arg[pieces[i].count] -= done;
		if (pieces[i].buf != NONE)
			arg[pieces[i].buf] += done;
		/* preadv2 and pwritev2 take -1 for the file's own position. */
		if (pieces[i].pos != NONE && (int64_t)arg[pieces[i].pos] != -1)
			arg[pieces[i].pos] += done;
		return 0;
	}
	return -ENOSYS;
}

bool call_clear_empty_mask(long nr, uint64_t arg[CALL_ARGS], const uint64_t pair[2])
{
	if (nr != __NR_pselect6 || !arg[5] || pair[0])
		return false;
	arg[5] = 0;
	return true;
}

const char *call_name(long nr)
{
	static char unknown[32];
	const struct call_row *row = call_row(nr);

	if (row)
		return row->name;
	(void)snprintf(unknown, sizeof(unknown), "syscall_%ld", nr);
	return unknown;
}
