/* SPDX-License-Identifier: GPL-2.0-or-later */
/* up, start, down, kill, cut, heal: the commands that change a lab. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "lab/vm.h"

#define TAIL_BYTES 2000

static int put_dir(const struct lab *l, unsigned node, const char *name, mode_t mode)
{
	char path[LAB_PATH], word[16];

	(void)lab_path(path, l, "%s/%s", lab_node_str(word, node), name);
	if (mkdir(path, 0700) < 0)
		return -errno;
	return chmod(path, mode) < 0 ? -errno : 0; /* whatever the umask */
}

static int put_files(const struct lab *l, unsigned node, const char *key)
{
	char path[LAB_PATH], text[2048];
	int r;

	(void)snprintf(text, sizeof(text),
		       "# written by moslab\nnode = %u\nkey-file = %s\n"
		       "cgroup = /moslab-%s/node%u\n%s", /* as group.c names it */
		       node, "/etc/umosix/cluster.key", l->name, node, l->conf);
	r = lab_write(lab_path(path, l, "node%u/etc/mosd.conf", node), 0644, text);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "1 10.77.%u.1 %u\n", l->net, l->nodes);
	r = lab_write(lab_path(path, l, "node%u/etc/openmosix.map", node), 0644, text);
	if (r < 0)
		return r;
	return lab_write(lab_path(path, l, "node%u/etc/cluster.key", node), 0600, key);
}

static int put_node(const struct lab *l, unsigned node, const char *key, struct err *e)
{
	int r = put_dir(l, node, "", 0700);

	if (node != LAB_SWITCH) {
		r = r < 0 ? r : put_dir(l, node, "etc", 0755);
		r = r < 0 ? r : put_dir(l, node, "lib", 0755);
		r = r < 0 ? r : put_dir(l, node, "lib/only-here", 01777);
		r = r < 0 ? r : put_files(l, node, key);
		if (r == 0 && l->vm[0])
			return vm_put(l, node, e);
	}
	return r < 0 ? err_set(e, r, "files of node %u: %s", node, strerror(-r)) : 0;
}

static int key_text(char text[66])
{
	unsigned char key[32];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	for (unsigned i = 0; i < sizeof(key); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", key[i]);
	(void)snprintf(text + 64, 2, "\n");
	return 0;
}

/* The end of each log, for whoever reads why `up` failed. */
static void tail_logs(const struct lab *l, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		char path[LAB_PATH], name[16], text[TAIL_BYTES + 1];
		CLEANUP(close_fd) int fd = -1;
		ssize_t n;
		char *line;

		fd = open(lab_path(path, l, "%s/log", lab_node_str(name, i)), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		(void)lseek(fd, -MIN(lseek(fd, 0, SEEK_END), (off_t)TAIL_BYTES), SEEK_END);
		n = read(fd, text, TAIL_BYTES);
		text[MAX(n, 0)] = '\0';
		for (char *at = text; (line = strsep(&at, "\n"));)
			if (*line)
				(void)fprintf(stderr, "%s | %s\n", name, line);
	}
}

int cmd_up(struct lab *l)
{
	struct err e = ERR_INIT, e2 = ERR_INIT;
	char key[66];
	int r = lab_create(l, &e);

	if (r < 0) {
		lab_say("%s", err_str(&e, r));
		return LAB_FAILED;
	}
	r = key_text(key);
	if (!r && l->vm[0])
		r = vm_key(l, &e);
	for (unsigned i = 0; i <= l->nodes && !r; i++)
		r = put_node(l, i, key, &e);
	if (!r)
		r = nodes_start(l, LAB_SWITCH, l->nodes, &e);
	if (!r)
		return LAB_OK;
	tail_logs(l, LAB_SWITCH, l->nodes);
	lab_say("lab '%s' did not come up: %s", l->name, err_str(&e, r));
	r = lab_down_locked(l, &e2);
	if (r < 0)
		lab_say("%s", err_str(&e2, r));
	return LAB_FAILED;
}

static int node_sweep(const struct lab *l, unsigned node, struct err *e)
{
	unsigned tries = 0;

	while (group_sweep(l, node) > 0) {
		if (++tries > 500)
			return err_set(e, -EBUSY, "processes of lab '%s' do not die", l->name);
		lab_nap(5);
	}
	return 0;
}

/* The holders by their pid files: where there is no cgroup, nothing else leads to the switch. */
static void holder_kill(const struct lab *l, unsigned node)
{
	char path[LAB_PATH], name[16];
	struct lab_proc p;

	(void)lab_path(path, l, "%s/pid", lab_node_str(name, node));
	if (lab_proc_load(path, &p) < 0 || !lab_proc_alive(&p))
		return;
	(void)kill(p.pid, SIGKILL);
	for (unsigned i = 0; i < 1000 && lab_proc_alive(&p); i++)
		lab_nap(2);
}

int lab_down_locked(struct lab *l, struct err *e)
{
	int r, r2;

	for (unsigned i = 0; i <= LAB_NODES; i++)
		holder_kill(l, i);
	r = group_remove(l, e);
	r2 = node_sweep(l, 0, e);
	group_wait_reaped(l);
	r = r < 0 ? r : r2;
	/* the folder stays as long as something is left, so that `down` can be tried again */
	return r < 0 ? r : lab_remove(l, e);
}

static int inside(const struct lab *l)
{
	if (!group_has_self(l))
		return 0;
	lab_say("this would end moslab itself: run it outside of lab '%s'", l->name);
	return 1;
}

int cmd_down(struct lab *l)
{
	struct err e = ERR_INIT;
	int r;

	if (inside(l))
		return LAB_FAILED;
	r = lab_lock(l, &e);
	if (r == -ENOENT) {
		/* Perhaps its folder was lost, and the rest was not. */
		r = group_remove(l, &e);
		lab_tidy();
		if (!r)
			lab_say("no lab named '%s' is up", l->name);
	} else if (!r)
		r = lab_down_locked(l, &e);
	if (r < 0)
		lab_say("%s", err_str(&e, r));
	return r < 0 ? LAB_FAILED : LAB_OK;
}

static int down_one(const char *name, void *arg)
{
	struct lab *l = malloc(sizeof(*l));
	int *failed = arg;

	if (!l)
		return -ENOMEM;
	lab_init(l, name);
	if (cmd_down(l))
		*failed = 1;
	lab_finish(l);
	free(l);
	return 0;
}

int cmd_down_all(void)
{
	int failed = 0;

	return lab_each(down_one, &failed) < 0 || failed ? LAB_FAILED : LAB_OK;
}

static bool node_ok(const struct lab *l, unsigned node)
{
	if (node >= 1 && node <= l->nodes)
		return true;
	lab_say("lab '%s' has the nodes 1 to %u", l->name, l->nodes);
	return false;
}

/* Power loss, not shutdown: the cable first, or the dying processes' sockets would say goodbye. */
static int node_kill(const struct lab *l, unsigned node, struct err *e)
{
	char path[LAB_PATH];
	int r;

	(void)net_link(l, node, false, NULL);
	r = group_kill(l, node, e);
	if (r < 0)
		return r;
	holder_kill(l, node);
	r = node_sweep(l, node, e);
	if (r < 0)
		return r;
	net_unplug(l, node);
	(void)unlink(lab_path(path, l, "node%u/pid", node));
	(void)unlink(lab_path(path, l, "node%u/mosd.pid", node));
	(void)unlink(lab_path(path, l, "node%u/vm.pid", node));
	return 0;
}

int cmd_kill(struct lab *l, unsigned node)
{
	struct err e = ERR_INIT;
	int r = lab_lock_load(l, &e);

	if (!r && (!node_ok(l, node) || inside(l)))
		return LAB_FAILED;
	if (!r)
		r = node_kill(l, node, &e);
	if (r < 0)
		lab_say("%s", err_str(&e, r));
	return r < 0 ? LAB_FAILED : LAB_OK;
}

int cmd_start(struct lab *l, unsigned node)
{
	CLEANUP(close_fd) int alive = -1;
	struct err e = ERR_INIT;
	int r = lab_lock_load(l, &e);

	if (!r && !node_ok(l, node))
		return LAB_FAILED;
	if (!r && (alive = lab_node_open(l, node, NULL)) >= 0) {
		lab_say("node %u of lab '%s' is up already", node, l->name);
		return LAB_FAILED;
	}
	if (!r)
		r = node_kill(l, node, &e); /* what a dead holder left behind */
	if (!r && (r = nodes_start(l, node, node, &e)) < 0) {
		tail_logs(l, node, node);
		(void)node_kill(l, node, NULL);
	}
	if (r < 0)
		lab_say("%s", err_str(&e, r));
	return r < 0 ? LAB_FAILED : LAB_OK;
}

int cmd_link(struct lab *l, unsigned node, bool up)
{
	struct err e = ERR_INIT;
	CLEANUP(close_fd) int alive = -1;
	char path[LAB_PATH];
	int r = lab_lock_load(l, &e);

	if (!r && !node_ok(l, node))
		return LAB_FAILED;
	/* Of a node that is down the cable is noted only; it gets it when it starts. */
	if (!r && (alive = lab_node_open(l, node, NULL)) >= 0)
		r = net_link(l, node, up, &e);
	if (!r) {
		(void)lab_path(path, l, "node%u/cut", node);
		r = up ? (unlink(path) < 0 && errno != ENOENT ? -errno : 0)
		       : lab_write(path, 0600, "");
	}
	if (r < 0)
		lab_say("%s", err_str(&e, r));
	return r < 0 ? LAB_FAILED : LAB_OK;
}
