/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that are virtual machines. Where lab.vm is empty, nothing here is called. */
#ifndef MOS_LAB_VM_H
#define MOS_LAB_VM_H

#include "lab/lab.h"

#define ARGS_MAX 64U

struct args { /* a command line; ends with NULL */
	char *v[ARGS_MAX];
	unsigned n;
};

void args_add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void args_finish(struct args *a);

/* Looks whether all programs are there, and for what the machines boot from, made if need be: l->vm.
 * Return: 0 or -errno; the message names a missing package. */
int vm_prepare(struct lab *l, struct err *e);
/* Makes the lab's key for ssh. */
int vm_key(const struct lab *l, struct err *e);
/* Makes disk and seed of @node, from what stands in its folder. */
int vm_put(const struct lab *l, unsigned node, struct err *e);
/* In the holder: starts QEMU as its child, named by the file vm.pid. */
int vm_start(const struct lab *l, unsigned node, struct err *e);
/* Waits until @node says that it is up. */
int vm_wait(const struct lab *l, unsigned node, struct err *e);
/* Puts the caller into the network namespace of the switch. */
int vm_enter_switch(const struct lab *l, struct err *e);
/* Becomes ssh. Return: only with -errno. */
int vm_exec(const struct lab *l, unsigned node, const struct exec_opts *o, struct err *e);

#endif
