/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape of the table of system calls: a row for each number, rules for the calls whose class
 * hangs on an argument. Private to this folder.
 *
 * DOC: rules
 *
 * Of a row's rules the first that matches decides; if none does, the row's own class holds. The
 * seccomp filter is made of the same rules, but a filter can only add up what is allowed: it knows
 * neither order nor "but not". Hence two laws, checked by test_call_table.c: among the rules of a
 * row the LOCAL ones come first, and a row that is LOCAL by itself has none. And one from
 * libseccomp: a rule asks for each argument at most once.
 */
#ifndef MOS_CALL_TABLE_H
#define MOS_CALL_TABLE_H

#include "call/call.h"

enum size_from {
	SIZE_CONST,   /* unit bytes */
	SIZE_ULONG,   /* that argument, all 64 bits of it, times unit */
	SIZE_UINT,    /* its lower 32 bits */
	SIZE_INT,     /* likewise signed; nothing if negative, which the kernel refuses */
	SIZE_FD_SET,  /* it is select's first: bits, in whole longs */
	SIZE_FROM_COUNT_
};

enum out_count {
	COUNT_ALL,   /* all bytes, unless the call failed */
	COUNT_BYTES, /* as many as the result says */
	COUNT_UNITS, /* the result times unit */
	COUNT_ALWAYS, /* all bytes, though the call failed; for INOUT only */
	COUNT_IF_POSITIVE, /* all bytes, if the result is above 0 */
	COUNT_LEN, /* as many as the int says to which argument @by points */
	COUNT_COUNT_
};

struct arg_spec {
	uint8_t kind; /* enum arg_kind */
	uint8_t from; /* enum size_from */
	uint8_t by;   /* the argument that tells the size */
	uint8_t out;  /* enum out_count */
	uint16_t unit;
	bool cut; /* asking for less is right too, so a count above the limit is lowered */
};

/* Written as they stand in the kernel's prototypes, one for each argument of a row. */
/* clang-format off */
#define V            { .kind = ARG_VALUE }
#define STR          { .kind = ARG_STR, .unit = 4096 /* PATH_MAX */ }
#define IN(n)        { .kind = ARG_IN, .unit = (n) }
#define OUT(n)       { .kind = ARG_OUT, .unit = (n) }
#define OUT_POS(n)   { .kind = ARG_OUT, .unit = (n), .out = COUNT_IF_POSITIVE }
#define INOUT(n)     { .kind = ARG_INOUT, .unit = (n) }
#define IN_BY(a)     { .kind = ARG_IN, .from = SIZE_ULONG, .by = (a), .unit = 1 }
#define IN_CUT(a)    { .kind = ARG_IN, .from = SIZE_ULONG, .by = (a), .unit = 1, .cut = true }
#define INOUT_ALWAYS(n) { .kind = ARG_INOUT, .unit = (n), .out = COUNT_ALWAYS }
#define INOUT_UINT(a, u) { .kind = ARG_INOUT, .from = SIZE_UINT, .by = (a), .unit = (u) }
#define OUT_RET(a)   { .kind = ARG_OUT, .from = SIZE_ULONG, .by = (a), .unit = 1, .cut = true, \
		       .out = COUNT_BYTES }
#define OUT_RET_UINT(a) { .kind = ARG_OUT, .from = SIZE_UINT, .by = (a), .unit = 1, .cut = true, \
			  .out = COUNT_BYTES }
/* ... where the call looks at the count itself: a lower one may be right where this is not. */
#define OUT_RET_AS_IS(a) { .kind = ARG_OUT, .from = SIZE_UINT, .by = (a), .unit = 1, \
			   .out = COUNT_BYTES }
#define OUT_RET_INT(a, u) { .kind = ARG_OUT, .from = SIZE_INT, .by = (a), .unit = (u), \
			    .cut = true, .out = COUNT_UNITS }
#define MSG_IN          { .kind = ARG_MSG_IN, .unit = 56 /* struct msghdr */ }
#define MSG_OUT         { .kind = ARG_MSG_OUT, .unit = 56, .out = COUNT_BYTES }
/* Socket addresses and options: argument a points to an int, the room there is, and then what was needed. */
#define OUT_LEN(a, n)   { .kind = ARG_OUT, .by = (a), .unit = (n), .out = COUNT_LEN }
#define INOUT_LEN(a, n) { .kind = ARG_INOUT, .by = (a), .unit = (n), .out = COUNT_LEN }
#define IN_INT(a)       { .kind = ARG_IN, .from = SIZE_INT, .by = (a), .unit = 1 }
#define FD_SET_BY(a) { .kind = ARG_INOUT, .from = SIZE_FD_SET, .by = (a) }
/* An unsigned long in the prototype, of which the kernel looks at the lower half. */
#define IOV_IN(a)    { .kind = ARG_IOV_IN, .from = SIZE_UINT, .by = (a), .unit = 1 }
#define IOV_OUT(a)   { .kind = ARG_IOV_OUT, .from = SIZE_UINT, .by = (a), .unit = 1, \
		       .out = COUNT_BYTES }

/* Conditions. The kernel looks at the lower half of an int's register only, and so do we. */
#define IS(a, v)       { .arg = (a), .mask = UINT64_MAX, .value = (v) }
#define INT_IS(a, v)   { .arg = (a), .mask = 0xffffffff, .value = (uint32_t)(v) }
#define BITS(a, mk, v) { .arg = (a), .mask = (mk), .value = (v) }
/* The commonest rule, and the end of a list. */
#define INT_RULE(a, v, cls) { .n = 1, .match = { INT_IS(a, v) }, .class_ = (cls) }
#define END            { 0 }
/* clang-format on */

#define RULE_MATCHES 2
#define CALL_NR_END  472 /* one above the greatest number that has a row: of Linux 7.0 */

struct call_rule {
	uint8_t n; /* conditions; 0 ends the list */
	uint8_t class_;
	uint8_t flags; /* besides the row's */
	uint8_t at;    /* the argument that travels as @spec says, not as the row does; 0: none */
	struct call_match match[RULE_MATCHES];
	const char *reason;
	struct arg_spec spec;
};

struct call_row {
	const char *name; /* NULL: no such call */
	const char *reason; /* when HOME */
	const struct call_rule *rules;
	struct arg_spec arg[CALL_ARGS];
	uint8_t class_;
	uint8_t flags;
};

/* The row of @nr, or NULL. */
const struct call_row *call_row(long nr);
/* The rule of @row that decides, or NULL. */
const struct call_rule *call_rule(const struct call_row *row, const uint64_t arg[CALL_ARGS]);

/* The irregular families. */
extern const struct call_rule call_rules_arch_prctl[];
extern const struct call_rule call_rules_clock[];
extern const struct call_rule call_rules_clock_nanosleep[];
extern const struct call_rule call_rules_clone[];
extern const struct call_rule call_rules_close_range[];
extern const struct call_rule call_rules_epoll_ctl[];
extern const struct call_rule call_rules_fcntl[];
extern const struct call_rule call_rules_futex[];
extern const struct call_rule call_rules_futex_waitv[];
extern const struct call_rule call_rules_get_robust_list[];
extern const struct call_rule call_rules_getsockopt[];
extern const struct call_rule call_rules_ioctl[];
extern const struct call_rule call_rules_itimer[];
extern const struct call_rule call_rules_madvise[];
extern const struct call_rule call_rules_mask_3[];
extern const struct call_rule call_rules_mask_4[];
extern const struct call_rule call_rules_mask_5[];
extern const struct call_rule call_rules_mmap[];
extern const struct call_rule call_rules_mremap[];
extern const struct call_rule call_rules_personality[];
extern const struct call_rule call_rules_prctl[];
extern const struct call_rule call_rules_prlimit64[];
extern const struct call_rule call_rules_recvfrom[];
extern const struct call_rule call_rules_recvmsg[];
extern const struct call_rule call_rules_sendmsg[];
extern const struct call_rule call_rules_sendto[];
extern const struct call_rule call_rules_setsockopt[];
extern const struct call_rule call_rules_timer_create[];

#endif
