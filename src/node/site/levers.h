/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this node's administrator has set by mosctl: stay, lstay, block, quiet, expel and its speed.
 * Kept in MOS_LEVERS_PATH, so that a restarted mosd goes on as told. */
#ifndef MOS_NODE_SITE_LEVERS_H
#define MOS_NODE_SITE_LEVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cluster/info.h"
#include "node/node.h"

#define LEVERS_TEXT_MAX	 512U
#define LEVERS_SPEED_MAX 100000000U

enum lever {
	LEVER_STAY,
	LEVER_LSTAY,
	LEVER_BLOCK,
	LEVER_QUIET,
	LEVER_EXPEL,
	LEVER_COUNT_
};

const char *lever_str(enum lever l);
/* Return: the lever of that name, or LEVER_COUNT_. */
enum lever lever_find(const char *name);
/* The bit of enum info_flag that tells others of it. */
unsigned lever_flag(enum lever l);

/* What the file says. What it does not name is left to the configuration. */
struct levers_note {
	bool said[LEVER_COUNT_], on[LEVER_COUNT_];
	uint32_t speed; /* 0: as measured */
};

/* Pure. Return: 0, or -EINVAL if @text (of @len bytes) is not what levers_text writes. */
int levers_parse(const char *text, size_t len, struct levers_note *ret);
/* Return: the length. */
size_t levers_text(const struct levers_note *n, char to[static LEVERS_TEXT_MAX]);

struct levers;

/* Reads the file; one that cannot be used costs a line in the log, and the defaults hold.
 * Return: NULL without memory. */
struct levers *levers_create(struct mosd *d);
void levers_destroy(struct levers *v);
/* Bits of enum info_flag: those of the levers, no others. */
unsigned levers_flags(const struct mosd *d);
/* Of a node of which @flags are told. Return: 0, or -EPERM with a reason if it takes no guests. */
int levers_take_guests(unsigned flags, uint32_t node, struct err *e);
/* What the administrator says this node's speed is; 0: nothing, so what was measured holds. */
uint32_t levers_speed(const struct mosd *d);
/* Sets and keeps. To expel blocks too; to unblock ends an expulsion.
 * Return: 0, or -errno if it holds now but could not be kept. */
int levers_set(struct mosd *d, enum lever l, bool on, struct err *e);
/* The same until mosd is started anew, which then goes on as it was told before. */
void levers_set_for_now(struct mosd *d, enum lever l, bool on);
int levers_set_speed(struct mosd *d, uint32_t speed, struct err *e);

#endif
