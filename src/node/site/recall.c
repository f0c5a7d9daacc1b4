/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/site/recall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "node/paths.h"

/* Return: 0 for what is no number from 1 to @max, and nothing but a newline behind it. */
static uint32_t number_of(const char *text, uint32_t max)
{
	uint32_t v = 0;

	for (; *text >= '0' && *text <= '9' && v <= max; text++)
		v = v * 10 + (uint32_t)(*text - '0');
	return v <= max && (!*text || !strcmp(text, "\n")) ? v : 0;
}

static uint32_t read_number(const char *path)
{
	char text[16];

	return io_read_file(path, text, sizeof(text)) > 0 ? number_of(text, NODE_ID_MAX) : 0;
}

static int write_number(const char *path, uint32_t node)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u\n", node);
	return io_replace_file(path, text);
}

uint32_t recall_number(void)
{
	return read_number(MOS_NUMBER_PATH);
}

int recall_set_number(uint32_t node)
{
	return write_number(MOS_NUMBER_PATH, node);
}

uint32_t recall_undisputed(void)
{
	return read_number(MOS_UNDISPUTED_PATH);
}

int recall_set_undisputed(uint32_t node)
{
	return write_number(MOS_UNDISPUTED_PATH, node);
}

int recall_discover_parse(const char *text, struct conf_discover *ret)
{
	struct conf_discover c = { 0 };
	char copy[RECALL_TEXT_MAX], *ttl;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return -EINVAL;
	ttl = strchr(copy, '\n');
	if (!ttl)
		return -EINVAL;
	*ttl++ = '\0';
	c.ttl = (uint8_t)number_of(ttl, UINT8_MAX);
	if (!c.ttl || !conf_discover_parse(copy, &c))
		return -EINVAL;
	*ret = c;
	return 0;
}

void recall_discover_text(const struct conf_discover *c, char to[static RECALL_TEXT_MAX])
{
	size_t len = (size_t)snprintf(to, RECALL_TEXT_MAX, "%s",
				      !c->on  ? "no"
				      : !c->n ? "yes"
					      : c->links[0]);

	for (unsigned i = 1; i < c->n; i++)
		len += (size_t)snprintf(to + len, RECALL_TEXT_MAX - len, " %s", c->links[i]);
	(void)snprintf(to + len, RECALL_TEXT_MAX - len, "\n%u\n", c->ttl);
}

bool recall_discover(struct conf_discover *ret)
{
	char text[RECALL_TEXT_MAX];

	return io_read_file(MOS_DISCOVER_PATH, text, sizeof(text)) > 0 &&
	       recall_discover_parse(text, ret) == 0;
}

int recall_set_discover(const struct conf_discover *c)
{
	char text[RECALL_TEXT_MAX];

	if (!c)
		return unlink(MOS_DISCOVER_PATH) < 0 && errno != ENOENT ? -errno : 0;
	recall_discover_text(c, text);
	return io_replace_file(MOS_DISCOVER_PATH, text);
}
