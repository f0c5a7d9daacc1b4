/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of mosd.conf that leave everything else byte for byte as its owner wrote it. Pure. */
#ifndef MOS_CLUSTER_CONF_EDIT_H
#define MOS_CLUSTER_CONF_EDIT_H

#include <stddef.h>

#include "base/buf.h"

/* Puts @len bytes of @text into @to with `@key = @value` in place of the line that sets @key, or at
 * the end if none does; without any such line if @value is NULL. @to->failed without memory. */
void conf_edit(const char *text, size_t len, const char *key, const char *value, struct buf *to);

#endif
