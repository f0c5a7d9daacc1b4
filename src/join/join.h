/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-join: one machine that joins. Its talk with mosd. */
#ifndef MOS_JOIN_JOIN_H
#define MOS_JOIN_JOIN_H

#include "base/err.h"
#include "wire/join.h"

/* Waits for the pass that the stream is sealed with, and for where the cluster's key is.
 * Return: 0 or -errno. */
int node_pass(struct join_pass *ret, char *key_file, size_t size, struct err *e);
/* The machine at @address has proven that it has the pass. Return: 0 and node, port and nodes of @ret;
 * -EACCES with mosd's reason; other -errno. */
int node_ask(const char *address, struct join_given *ret, struct err *e);

#endif
