/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec on a node that is a virtual machine: becomes ssh, whose terminal, input, output and exit status are
 * those of the command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lab/vm.h"

/* One word for a shell: within quotes only a quote is special. */
static void put_word(FILE *f, const char *s)
{
	(void)fputs(" '", f);
	for (; *s; s++)
		if (*s == '\'')
			(void)fputs("'\\''", f);
		else
			(void)fputc(*s, f);
	(void)fputc('\'', f);
}

/* The folder, as root; then the user, then the command. The shell stays, so that it can tell of a signal
 * by 128 + S. */
static char *shell_line(const struct lab *l, const struct exec_opts *o)
{
	CLEANUP(free_ptr) char *cwd = getcwd(NULL, 0);
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);
	bool bad;

	if (!f)
		return NULL;
	(void)fputs("cd", f);
	put_word(f, o->cwd ? o->cwd : cwd ? cwd : "/");
	(void)fprintf(f, "%s MOSLAB_NAME=%s", o->cwd ? " || exit 125;" : " 2>/dev/null || cd /;", l->name);
	(void)fputs(o->user ? " runuser -u" : " env", f);
	if (o->user) {
		put_word(f, o->user);
		(void)fputs(" --", f);
	}
	for (unsigned i = 0; o->argv[i]; i++)
		put_word(f, o->argv[i]);
	(void)fputs("; exit $?", f);
	bad = ferror(f);
	if (fclose(f) || bad) {
		free(line);
		return NULL;
	}
	return line;
}

int vm_exec(const struct lab *l, unsigned node, const struct exec_opts *o, struct err *e)
{
	static const char *const options[] = {
		"ControlMaster=auto",	       "ControlPersist=yes", "UserKnownHostsFile=/dev/null",
		"StrictHostKeyChecking=no",    "LogLevel=ERROR",     "ConnectTimeout=10",
	};
	CLEANUP(free_ptr) char *line = shell_line(l, o);
	CLEANUP(args_finish) struct args a = { 0 };
	CLEANUP(close_fd) int alive = lab_node_open(l, node, NULL);
	char path[LAB_PATH];
	int r;

	if (alive < 0)
		return err_set(e, alive, "node %u of lab '%s' is down (moslab start %u --name %s)", node,
			       l->name, node, l->name);
	if (!line)
		return err_set(e, -ENOMEM, "out of memory");
	/* What ssh leaves behind, for the next command to use, ends with the node. */
	r = group_join(l, node, e);
	r = r < 0 ? r : vm_enter_switch(l, e);
	if (r < 0)
		return r;
	args_add(&a, "ssh");
	args_add(&a, "-Fnone");
	args_add(&a, "-i%s", lab_path(path, l, "ssh-key"));
	args_add(&a, "-oControlPath=%s", lab_path(path, l, "node%u/ssh", node));
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		args_add(&a, "-o%s", options[i]);
	args_add(&a, isatty(0) && isatty(1) ? "-t" : "-T");
	args_add(&a, "root@10.77.%u.%u", l->net, node);
	args_add(&a, "%s", line);
	(void)execvp(a.v[0], a.v);
	return err_set(e, -errno, "ssh (openssh-client): %s", strerror(errno));
}
