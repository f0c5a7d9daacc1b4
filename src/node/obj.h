/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON objects that others sent, read field by field: a wrong type is as good as a missing
 * field. */
#ifndef MOS_NODE_OBJ_H
#define MOS_NODE_OBJ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"

/* A string of any bytes; what is not printable UTF-8 becomes '?'. Never NULL but out of memory. */
json_t *obj_text(const char *s);
/* Return: 0 and the number, -ENOENT without the field, -EINVAL if it is no whole number in
 * range. */
int obj_int(const json_t *o, const char *name, int64_t min, int64_t max, int64_t *ret);
/* As above, but @otherwise when the field is missing or wrong. */
int64_t obj_int_or(const json_t *o, const char *name, int64_t min, int64_t max, int64_t otherwise);
bool obj_bool_or(const json_t *o, const char *name, bool otherwise);
/* The string, or NULL. */
const char *obj_str(const json_t *o, const char *name);
/* Copies a string field, cut to fit; empty if missing. */
void obj_copy(const json_t *o, const char *name, char *to, size_t size);
/* Adds the whole numbers of @from to those of the same names in @o, through nested objects too, but
 * for those that are no counts ("node", "rtt_us", "rss_kib", "waited_us"). @from may be NULL. */
void obj_add(json_t *o, const json_t *from);
void obj_drop(json_t **o); /* for CLEANUP() */

#endif
