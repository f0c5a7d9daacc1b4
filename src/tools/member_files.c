/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/member_files.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "cluster/conf-edit.h"
#include "cluster/roster.h"
#include "node/paths.h"

#define CONF_TEXT_MAX (64U * 1024U)

int member_files_look(struct member_files *f, struct err *e)
{
	ssize_t n;

	*f = (struct member_files){ .text = calloc(1, CONF_TEXT_MAX + 1) };
	conf_init(&f->conf);
	if (!f->text)
		return err_set(e, -ENOMEM, "out of memory");
	n = io_read_file(MOS_CONF_PATH, f->text, CONF_TEXT_MAX + 1);
	if (n < 0 && n != -ENOENT)
		return err_set(e, (int)n, "read %s: %s", MOS_CONF_PATH, strerror((int)-n));
	if (n > 0 && conf_parse(f->text, (size_t)n, MOS_CONF_PATH, &f->conf, e) < 0)
		return -EINVAL;
	f->key = access(f->conf.key_file, F_OK) == 0;
	return 0;
}

void member_files_finish(struct member_files *f)
{
	free(f->text);
	f->text = NULL;
}

/* Makes @changes in the configuration. */
static int change_conf(const struct member_files *f, const struct conf_change *changes, unsigned n, struct err *e)
{
	CLEANUP(free_ptr) char *text = strdup(f->text);
	char path[PATH_MAX];
	struct conf check;
	int r;

	for (unsigned i = 0; text && i < n; i++) {
		struct buf b = BUF_INIT;

		if (changes[i].stays)
			continue;
		r = conf_edit(text, strlen(text), changes[i].key, changes[i].value, &b);
		buf_put_u8(&b, '\0');
		if (r == -EINVAL) {
			buf_finish(&b);
			return err_set(e, r, "%s: \"%.40s\" can not stand in %s", changes[i].key,
				       changes[i].value, MOS_CONF_PATH);
		}
		free(text);
		text = b.failed ? NULL : (char *)b.data;
		if (!text)
			buf_finish(&b);
	}
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	if (!strcmp(text, f->text))
		return 0;
	r = conf_parse(text, strlen(text), MOS_CONF_PATH, &check, e);
	if (r < 0)
		return r;
	/* where a link leads, if it is one */
	if (!realpath(MOS_CONF_PATH, path))
		(void)snprintf(path, sizeof(path), "%s", MOS_CONF_PATH);
	r = io_replace_file(path, text);
	return r < 0 ? err_set(e, r, "write %s: %s", path, strerror(-r)) : 0;
}

/* What a file was, so that it can be again. */
struct before {
	const char *path;
	char *text; /* NULL: there was none */
};

static int look_before(struct before *b, const char *path, struct err *e)
{
	CLEANUP(free_ptr) char *text = malloc(MAP_TEXT_MAX + 1);
	ssize_t n = text ? io_read_file(path, text, MAP_TEXT_MAX + 1) : -ENOMEM;

	if (n < 0 && n != -ENOENT) /* nothing to be put back: it is not changed */
		return err_set(e, (int)n, "read %s: %s", path, strerror((int)-n));
	*b = (struct before){ .path = path, .text = n < 0 ? NULL : steal_ptr(&text) };
	return 0;
}

static int replace(struct before *b, const char *path, const char *text, struct err *e)
{
	int r = look_before(b, path, e);

	if (r < 0)
		return r;
	r = io_replace_file(path, text);
	return r < 0 ? err_set(e, r, "write %s: %s", path, strerror(-r)) : 0;
}

static void put_back(struct before *b, bool failed)
{
	if (failed && b->path)
		(void)(b->text ? io_replace_file(b->path, b->text) : unlink(b->path));
	free(b->text);
}

static int write_all(const struct member_files *f, const struct member_plan *p, struct err *e)
{
	struct before map = { 0 }, nodes = { 0 };
	int r = 0;

	if (p->map)
		r = replace(&map, p->map_path, p->map, e);
	if (r == 0 && p->nodes)
		(void)mkdir(MOS_STATE_DIR, 0700); /* the next step tells if that failed */
	if (r == 0 && p->nodes)
		r = replace(&nodes, MOS_NODES_PATH, p->nodes, e);
	if (r == 0 && p->keys && !f->key)
		r = key_ring_save(f->conf.key_file, p->keys, e);
	if (r == 0)
		r = change_conf(f, p->changes, p->n, e);
	if (r < 0 && p->keys && !f->key)
		(void)key_ring_remove(f->conf.key_file, NULL);
	put_back(&nodes, r < 0);
	put_back(&map, r < 0);
	return r;
}

int member_files_write(const struct member_files *f, const struct member_plan *p, struct err *e)
{
	static const int wait[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
	sigset_t waiting, old;
	int r;

	if (mkdir("/etc/umosix", 0755) < 0 && errno != EEXIST)
		return err_set(e, -errno, "make /etc/umosix: %s", strerror(errno));
	(void)sigemptyset(&waiting);
	for (unsigned i = 0; i < ARRAY_SIZE(wait); i++)
		(void)sigaddset(&waiting, wait[i]);
	(void)sigprocmask(SIG_BLOCK, &waiting, &old);
	r = write_all(f, p, e);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* The nodes that we were told of, which is what a peer says, and ourselves. Return: 0 or -errno. */
static int nodes_with_us(const char *told, uint32_t node, const char *own, struct buf *to, struct err *e)
{
	struct roster *r = roster_create();
	struct node_addr addr = { 0 };
	struct map *m = NULL;
	char line[NODE_ADDR_TEXT + 16];
	int k = r ? 0 : err_set(e, -ENOMEM, "out of memory");

	if (k == 0 && *told)
		k = map_parse(told, strlen(told), "the nodes that it was given", NULL, NULL, &m, e);
	if (k == 0 && own && node_addr_parse(own, &addr) < 0)
		k = err_set(e, -EINVAL, "\"%s\" is no address", own);
	if (k == 0 && m)
		k = roster_add_map(r, m);
	if (k == 0)
		roster_text_for(r, (node_id){ node }, &addr, to);
	if (own) {
		(void)snprintf(line, sizeof(line), "%u %s 1\n", node, own);
		buf_put(to, line, strlen(line));
	}
	buf_put_u8(to, '\0');
	map_destroy(m);
	roster_destroy(r);
	return k == 0 && to->failed ? err_set(e, -ENOMEM, "out of memory") : k;
}

int member_files_by_key(const struct member_files *f, const struct join_given *g, const char *own,
			const char *discover, struct err *e)
{
	CLEANUP(buf_finish) struct buf nodes = BUF_INIT;
	char node[16], port[16];
	const struct conf_change changes[] = {
		{ "members", "key", false },
		{ "node", g->node ? node : NULL, false },
		{ "port", port, f->conf.port == g->port },
		{ "discover", discover, !discover || (!f->conf.discover.on && !strcmp(discover, "no")) },
	};

	int r = nodes_with_us(g->nodes, g->node, own, &nodes, e);

	if (r < 0)
		return r;
	(void)snprintf(node, sizeof(node), "%u", g->node);
	(void)snprintf(port, sizeof(port), "%u", g->port);
	return member_files_write(f,
				  &(struct member_plan){ .keys = &g->keys,
							 .nodes = (const char *)nodes.data,
							 .changes = changes,
							 .n = ARRAY_SIZE(changes) },
				  e);
}

int member_files_by_map(const struct member_files *f, const struct key_ring *keys, const char *path,
			const char *map, uint16_t port, struct err *e)
{
	char text[16];
	const struct conf_change changes[] = {
		{ "members", NULL, !f->conf.by_key },
		{ "discover", NULL, !f->conf.discover.on }, /* finds nobody whom a map does not name */
		{ "port", text, f->conf.port == port },
	};

	(void)snprintf(text, sizeof(text), "%u", port);
	return member_files_write(f,
				  &(struct member_plan){ .keys = keys,
							 .map_path = path,
							 .map = map,
							 .changes = changes,
							 .n = ARRAY_SIZE(changes) },
				  e);
}

static int take_away(const char *path, struct err *e)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return err_set(e, -errno, "remove %s: %s", path, strerror(errno));
}

int member_files_remove(const struct member_files *f, struct err *e)
{
	/* discovery without a key finds nobody, and would claim a number again with the next one */
	static const struct conf_change changes[] = {
		{ "members", NULL, false }, { "node", NULL, false }, { "discover", NULL, false },
		{ "discover-ttl", NULL, false },
	};
	static const char *const files[] = { MOS_NODES_PATH, MOS_NUMBER_PATH, MOS_UNDISPUTED_PATH,
					     MOS_DISCOVER_PATH };
	int r = key_ring_remove(f->conf.key_file, e);

	for (unsigned i = 0; i < ARRAY_SIZE(files) && r == 0; i++)
		r = take_away(files[i], e);
	/* at last: as long as it says `members = key`, what failed half way can be done again */
	return r < 0 ? r : change_conf(f, changes, ARRAY_SIZE(changes), e);
}
