/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows nodes that are virtual machines: what they boot from, QEMU's command line, the way in.
 *
 * DOC: such a node is a QEMU in the node's cgroup and the switch's network namespace, started by the
 * node's holder; its cable is a tap where a node of namespaces has a veth. Its disk is a layer over one
 * that all labs share (moslab-vm makes it once). It has two serial lines: its console, which is the
 * node's log, and one on which it writes a word when it is up. The way in is ssh over the lab's network, since
 * terminal, exit status and many commands at a time are needed: the first command leaves a connection
 * behind that the next ones use. */
#include "lab/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"

#define VM_CACHE     "/var/cache/umosix"
#define VM_MEMORY    (512ULL << 20)
#define VM_WAIT_MS   180000
#define VM_HELPER    "moslab-vm"

/* Programs that must be there before anything is made, and where Debian has them. */
static const struct {
	const char *program, *package;
} needed[] = {
	{ "qemu-system-x86_64", "qemu-system-x86" },
	{ "qemu-img", "qemu-utils" },
	{ "ssh", "openssh-client" },
	{ "ssh-keygen", "openssh-client" },
};

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[PATH_MAX];

		if (snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, program) < (int)sizeof(file) &&
		    !access(file, X_OK))
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static int find_helper(char to[PATH_MAX])
{
	char dir[PATH_MAX - 64];
	int r = io_own_dir(dir, sizeof(dir));

	if (r < 0)
		return r;
	(void)snprintf(to, PATH_MAX, "%s/" VM_HELPER, dir);
	if (access(to, X_OK) < 0)
		(void)snprintf(to, PATH_MAX, "%s/" VM_HELPER, MOS_LIBEXEC);
	return access(to, X_OK) < 0 ? -errno : 0;
}

void args_add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n + 1 >= ARGS_MAX)
		return;
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) < 0)
		a->v[a->n] = NULL; /* the list ends here; whoever gets it misses the rest */
	va_end(ap);
	a->n++;
}

void args_finish(struct args *a)
{
	for (unsigned i = 0; i < a->n; i++)
		free(a->v[i]);
	*a = (struct args){ 0 };
}

/* Runs a program to its end. @out takes the first line that it prints, unless NULL.
 * Return: 0, -EIO if it failed. */
static int run(const struct args *a, char *out, size_t size)
{
	CLEANUP(close_fd) int from = -1;
	CLEANUP(close_fd) int to = -1;
	int fd[2], st;
	size_t n = 0;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	from = fd[0];
	to = fd[1];
	pid = fork();
	if (!pid) {
		(void)dup2(out ? to : STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(a->v[0], a->v);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	close_fd(&to);
	while (out && n + 1 < size) {
		ssize_t k = read(from, out + n, size - 1 - n);

		if (k <= 0 && !(k < 0 && errno == EINTR))
			break;
		n += (size_t)MAX(k, 0);
	}
	if (out) {
		out[n] = '\0';
		out[strcspn(out, "\n")] = '\0';
	}
	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return st ? -EIO : 0;
}

int vm_prepare(struct lab *l, struct err *e)
{
	CLEANUP(args_finish) struct args a = { 0 };
	const char *cache = getenv("MOSLAB_CACHE");
	char helper[PATH_MAX];
	int r;

	for (unsigned i = 0; i < ARRAY_SIZE(needed); i++)
		if (!in_path(needed[i].program))
			return err_set(e, -ENOENT, "%s is missing: apt install %s", needed[i].program,
				       needed[i].package);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return err_set(e, -errno, "/dev/net/tun: %s", strerror(errno));
	r = find_helper(helper);
	if (r < 0)
		return err_set(e, r, VM_HELPER " is neither beside moslab nor in " MOS_LIBEXEC);
	args_add(&a, "%s", helper);
	args_add(&a, "root");
	args_add(&a, "%s", cache && *cache ? cache : VM_CACHE);
	r = run(&a, l->vm, sizeof(l->vm));
	if (r < 0 || l->vm[0] != '/')
		return err_set(e, -EIO, "there is no disk for virtual machines");
	return 0;
}

int vm_key(const struct lab *l, struct err *e)
{
	CLEANUP(args_finish) struct args a = { 0 };
	char path[LAB_PATH];

	args_add(&a, "ssh-keygen");
	args_add(&a, "-q");
	args_add(&a, "-ted25519");
	args_add(&a, "-N");
	args_add(&a, "%s", "");
	args_add(&a, "-f%s", lab_path(path, l, "ssh-key"));
	return run(&a, NULL, 0) < 0 ? err_set(e, -EIO, "ssh-keygen made no key") : 0;
}

int vm_put(const struct lab *l, unsigned node, struct err *e)
{
	CLEANUP(args_finish) struct args a = { 0 };
	char helper[PATH_MAX], path[LAB_PATH], name[16];
	int r = find_helper(helper);

	args_add(&a, "%s", helper);
	args_add(&a, "node");
	args_add(&a, "%s", l->vm);
	args_add(&a, "%s", lab_path(path, l, "node%u", node));
	args_add(&a, "%s", lab_node_str(name, node));
	args_add(&a, "%s", lab_path(path, l, "ssh-key.pub"));
	if (l->mosd[0])
		args_add(&a, "%s", l->mosd);
	r = r < 0 ? r : run(&a, NULL, 0);
	return r < 0 ? err_set(e, r, "the files of node %u could not be made", node) : 0;
}

static void qemu_args(struct args *a, const struct lab *l, unsigned node)
{
	const struct lab_limit *m = &l->limit[node];
	const char *accel = getenv("MOSLAB_ACCEL"), *cpu = getenv("MOSLAB_CPU");
	char dir[LAB_PATH];

	(void)lab_path(dir, l, "node%u", node);
	args_add(a, "qemu-system-x86_64");
	args_add(a, "-nodefaults");
	args_add(a, "-display");
	args_add(a, "none");
	args_add(a, "-machine");
	args_add(a, "q35");
	args_add(a, "-accel");
	args_add(a, "%s", accel && *accel ? accel : "tcg,thread=multi");
	args_add(a, "-cpu");
	args_add(a, "%s", cpu && *cpu ? cpu : "max");
	args_add(a, "-smp");
	args_add(a, "%u", m->cpu_milli ? (m->cpu_milli + 999) / 1000 : 1);
	args_add(a, "-m");
	args_add(a, "%lluM", (unsigned long long)(m->memory ? m->memory : VM_MEMORY) >> 20);
	args_add(a, "-chardev");
	args_add(a, "file,id=console,append=on,path=%s/log", dir);
	args_add(a, "-serial");
	args_add(a, "chardev:console");
	args_add(a, "-serial");
	args_add(a, "file:%s/up", dir);
	args_add(a, "-drive");
	args_add(a, "if=virtio,format=qcow2,file=%s/disk", dir);
	args_add(a, "-drive");
	args_add(a, "if=virtio,format=raw,readonly=on,file=%s/seed", dir);
	args_add(a, "-netdev");
	args_add(a, "tap,id=net,ifname=node%u,script=no,downscript=no", node);
	args_add(a, "-device");
	args_add(a, "virtio-net-pci,netdev=net,romfile=,mac=52:54:%02x:%02x:00:%02x", 77U, l->net, node);
	args_add(a, "-device");
	args_add(a, "virtio-rng-pci");
	args_add(a, "-kernel");
	args_add(a, "%s/vmlinuz", l->vm);
	args_add(a, "-initrd");
	args_add(a, "%s/initrd", l->vm);
	args_add(a, "-append");
	args_add(a, "console=ttyS0 net.ifnames=0 random.trust_cpu=on moslab=10.77.%u.%u", l->net, node);
}

static _Noreturn void qemu_exec(const struct lab *l, unsigned node, pid_t parent)
{
	struct args a = { 0 };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	qemu_args(&a, l, node);
	(void)execvp(a.v[0], a.v);
	log_error("%s cannot be started: %s", a.v[0], strerror(errno));
	_exit(127);
}

int vm_enter_switch(const struct lab *l, struct err *e)
{
	CLEANUP(close_fd) int fd = lab_node_open(l, LAB_SWITCH, NULL);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return err_set(e, fd < 0 ? fd : -errno, "the switch of lab '%s' cannot be entered",
			       l->name);
	return 0;
}

int vm_start(const struct lab *l, unsigned node, struct err *e)
{
	pid_t parent = getpid(), pid;
	char path[LAB_PATH];
	int r = vm_enter_switch(l, e);

	if (r < 0)
		return r;
	(void)unlink(lab_path(path, l, "node%u/up", node));
	pid = fork();
	if (!pid)
		qemu_exec(l, node, parent);
	if (pid < 0)
		return err_set(e, -errno, "fork: %s", strerror(errno));
	r = lab_proc_save(lab_path(path, l, "node%u/vm.pid", node), pid);
	return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

int vm_wait(const struct lab *l, unsigned node, struct err *e)
{
	nsec_t end = mono_now() + VM_WAIT_MS * NSEC_PER_MSEC;
	char path[LAB_PATH], up[LAB_PATH], word[16];
	struct lab_proc p;

	if (lab_proc_load(lab_path(path, l, "node%u/vm.pid", node), &p) < 0)
		return err_set(e, -ESRCH, "%s is missing", path);
	(void)lab_path(up, l, "node%u/up", node);
	while (io_read_file(up, word, sizeof(word)) <= 0 || !strchr(word, '\n')) {
		if (!lab_proc_alive(&p))
			return err_set(e, -ESRCH, "the virtual machine of node %u ended", node);
		if (lab_stop)
			return err_set(e, -EINTR, "interrupted");
		if (mono_now() > end)
			return err_set(e, -ETIMEDOUT, "the virtual machine of node %u does not come up",
				       node);
		lab_nap(50);
	}
	return strncmp(word, "up", 2) ? err_set(e, -EIO, "mosd of node %u did not start", node) : 0;
}
