/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of mosd.conf that leave everything else byte for byte as its owner wrote it. Pure. */
#ifndef MOS_CLUSTER_CONF_EDIT_H
#define MOS_CLUSTER_CONF_EDIT_H

#include <stddef.h>

#include "base/buf.h"

/* Puts @len bytes of @text into @to so that @key is @value: in the line that sets it, of which comment,
 * indentation and spacing stay, or in a new one at the end. A line that says so already stays as it is. NULL:
 * without any line of @key. What the text says then is for conf_parse to judge.
 * Return: 0, -EINVAL if no line can hold @value, -ENOMEM. */
int conf_edit(const char *text, size_t len, const char *key, const char *value, struct buf *to);

#endif
