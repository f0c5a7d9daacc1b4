/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the present host has of the files that the process has mapped. A page is sent to a host once,
 * unless the file has changed since: its change time is compared, and one of the last moments is not
 * trusted, since a second change might leave it as it is. */
#ifndef MOS_HOME_FILES_H
#define MOS_HOME_FILES_H

#include "home/home.h"

/* Looks whether the file has changed since its pages were sent; then none counts as sent any more.
 * Return: 0 with its @ret_size, -errno with the reason. */
int files_look(struct home *h, uint32_t file, uint64_t *ret_size, struct err *e);
/* Bytes of [off, end) that the host lacks. */
uint64_t files_lacking(const struct home *h, uint32_t file, uint64_t off, uint64_t end);
/* Sends the pages of [off, end) that it lacks. The file was looked at before.
 * Return: 0, -errno with the reason. */
int files_send(struct home *h, uint32_t file, uint64_t off, uint64_t end, struct channel *c,
	       struct err *e);
/* The same for all files that @m maps, looking at each. */
int files_send_mapped(struct home *h, const struct image *m, struct channel *c, struct err *e);
/* Another host is to have them. */
void files_new_host(struct home *h);

#endif
