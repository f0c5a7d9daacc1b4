/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests that run here: who may come, in which slot, and whose streams are whose. */
#ifndef MOS_NODE_PROCESS_GUESTS_H
#define MOS_NODE_PROCESS_GUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/node.h"
#include "node/preamble.h"

struct guests;

struct guests *guests_create(struct mosd *d);
void guests_destroy(struct guests *g);
/* A stream came, its preamble is read; @fd is owned. Token zero starts a mos-guest, another is
 * handed to the guest that it names. Return: 0, -ENOENT for an unknown token, other -errno. */
int guests_stream(struct guests *g, int fd, const struct token *t, struct err *e);
/* Finds the guests that came under an earlier mosd, by their slots: a mos-guest has no right to our
 * socket, and needs nothing from us once its body runs. To be called once, before any comes. */
void guests_find(struct guests *g);
/* A mos-guest of an earlier mosd reports; owns @fd. */
int guests_adopt(struct guests *g, int fd, pid_t supervisor, const json_t *hello, struct err *e);
/* Whether @pid is a guest's body or inside a guest's sandbox. */
bool guests_own(const struct guests *g, pid_t pid);
/* The process in which a running guest lives, with the lowest number above @after; 0: there is none. */
pid_t guests_next_body(const struct guests *g, pid_t after);
/* The homes of guests here, each once, at most @max. Return: how many. */
unsigned guests_homes(const struct guests *g, uint32_t *to, unsigned max);
/* What was admitted and does not run yet: their number, thousandths of a processor (of those too that have
 * just come), KiB. */
void guests_under_way(const struct guests *g, uint32_t *n, uint32_t *wants, uint64_t *memory);
/* Those that have a place here. */
unsigned guests_count(const struct guests *g);
/* An array of objects, which has a greatest length. */
json_t *guests_json(const struct guests *g);

#endif
