/* SPDX-License-Identifier: GPL-2.0-or-later */
/* moslab: what its files share. A lab is a folder /run/moslab/NAME, a cgroup moslab-NAME in each
 * hierarchy it uses, and processes; nothing else keeps state, so that `down` can always work. */
#ifndef MOS_LAB_LAB_H
#define MOS_LAB_LAB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define LAB_ROOT     "/run/moslab"
#define LAB_NAME_MAX 32
#define LAB_NODES    250 /* node I has the address 10.77.K.I */
#define LAB_SWITCH   0	 /* the "node" that holds the bridge's network namespace */
#define LAB_PATH     256
#define LAB_WAIT_MS  10000

enum lab_exit { LAB_OK, LAB_FAILED, LAB_USAGE, LAB_EXEC_FAILED = 125 };

struct lab_limit {
	unsigned cpu_milli; /* thousandths of a processor; 0: none */
	uint64_t memory;    /* bytes; 0: none */
};

struct lab {
	char name[LAB_NAME_MAX + 1];
	unsigned nodes;
	unsigned net;	     /* K */
	char mosd[PATH_MAX]; /* empty: none is started */
	char conf[1024];     /* further lines of mosd.conf */
	char vm[LAB_PATH];   /* what virtual machines boot from; empty: nodes are namespaces */
	struct lab_limit limit[LAB_NODES + 1];
	int lock; /* descriptor of the locked folder, or -1 */
};

/* A process that is never taken for another one that got its number. */
struct lab_proc {
	pid_t pid;
	unsigned long long start;
};

/* state.c */
bool lab_name_ok(const char *name);
void lab_init(struct lab *l, const char *name);
void lab_finish(struct lab *l); /* lets the lock go */
bool lab_limited(const struct lab *l);
/* Return: @to, "/run/moslab/NAME/" and what @fmt says. */
const char *lab_path(char to[LAB_PATH], const struct lab *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "switch", "node1", ... */
const char *lab_node_str(char to[16], unsigned node);
/* Makes the folder, chooses the network, writes the lab's file; the lab is locked then.
 * Return: 0, -EEXIST, other -errno. */
int lab_create(struct lab *l, struct err *e);
/* Reads the lab's file. Return: 0, -ENOENT without such a lab, other -errno. */
int lab_load(struct lab *l, struct err *e);
/* Locks the lab's folder. Return: 0, -ENOENT without one (also if it went while we waited). */
int lab_lock(struct lab *l, struct err *e);
int lab_lock_load(struct lab *l, struct err *e);
/* Removes the folder, and the root if it is the last one. */
int lab_remove(struct lab *l, struct err *e);
void lab_tidy(void); /* removes an empty root, which a killed `up` may leave */
/* Calls @fn for each lab's name until it returns non-zero. Return: that, 0, -errno. */
int lab_each(int (*fn)(const char *name, void *arg), void *arg);
int lab_rm_tree(const char *path);
int lab_write(const char *path, mode_t mode, const char *text);
int lab_proc_save(const char *path, pid_t pid);
int lab_proc_load(const char *path, struct lab_proc *ret);
bool lab_proc_alive(const struct lab_proc *p);
/* Return: a pidfd of that very process, or -ESRCH. */
int lab_proc_open(const struct lab_proc *p);
/* The holder of @node's namespaces. Return: a pidfd, -ESRCH if the node is down. */
int lab_node_open(const struct lab *l, unsigned node, struct lab_proc *ret);
void lab_nap(unsigned ms);

/* group.c */
int group_make(const struct lab *l, unsigned node, struct err *e);
/* Moves the caller into @node's cgroups. */
int group_join(const struct lab *l, unsigned node, struct err *e);
bool group_has_self(const struct lab *l);
/* Kills all of @node; returns when nothing is left. */
int group_kill(const struct lab *l, unsigned node, struct err *e);
/* Kills whatever is in the lab's cgroups and removes them, mosd's own too. */
int group_remove(const struct lab *l, struct err *e);
/* Kills what entered the node's namespaces but left its cgroup. @node 0: of all nodes.
 * Return: how many were found. */
int group_sweep(const struct lab *l, unsigned node);
/* Gives the machine's init a moment to reap the dead, for whoever looks at /proc afterwards. */
void group_wait_reaped(const struct lab *l);

/* net.c: all by ip(8), in the namespace that @pidfd holds */
int net_batch(int pidfd, const char *text, bool force, struct err *e);
int net_switch(const struct lab *l, struct err *e);
int net_plug(const struct lab *l, unsigned node, struct err *e);
int net_link(const struct lab *l, unsigned node, bool up, struct err *e);
void net_unplug(const struct lab *l, unsigned node);

/* place.c: the node's own /etc/umosix, /run/umosix, /var/lib/umosix, in a fresh mount namespace */
int place_mount(const struct lab *l, unsigned node, struct err *e);

/* init.c: the node's holder; descriptor 3 is the socket to whoever starts it */
int init_main(const char *name, unsigned node);

/* start.c */
int nodes_start(struct lab *l, unsigned first, unsigned last, struct err *e);
extern volatile int lab_stop; /* a signal asked to give up */

/* One function per command; each prints its own error. Return: enum lab_exit or a status. */
int cmd_up(struct lab *l);
int cmd_down(struct lab *l);
int cmd_down_all(void);
int cmd_kill(struct lab *l, unsigned node);
int cmd_start(struct lab *l, unsigned node);
int cmd_link(struct lab *l, unsigned node, bool up);
int cmd_status(const char *name, bool json);
int cmd_logs(struct lab *l, unsigned node, bool follow);
struct exec_opts {
	const char *user, *cwd;
	char **argv;
};
int cmd_exec(struct lab *l, unsigned node, const struct exec_opts *o);
int cmd_run(struct lab *l, const struct exec_opts *o);

void lab_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Tears the locked lab down. */
int lab_down_locked(struct lab *l, struct err *e);

#endif
