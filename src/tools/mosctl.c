/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl: knows its subcommands. */
#include "tools/mosctl.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"

static int show_help(int argc, char **argv);

static const struct {
	const char *name, *args, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "help", "", "this text", show_help },
	{ "keygen", "[FILE]", "make the cluster's key, once; then copy it to every node",
	  mosctl_keygen },
	{ "status", "[--json]", "this node, the others, guests and streams", mosctl_status },
	{ "why", "[--json] PID", "where a process is, how it moved, why it does not move",
	  mosctl_why },
};

static int show_help(int argc, char **argv)
{
	(void)puts("Usage: mosctl COMMAND [ARGUMENT]...\n"
		   "Looks after a umosix node.\n");
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		(void)printf("  %-7s %-13s %s\n", commands[i].name, commands[i].args,
			     commands[i].what);
	(void)puts("\n  --help                this text\n"
		   "  --version             the version\n"
		   "\n"
		   "Exit status: 0 done, 1 failed, 2 wrong use, 3 no mosd, 4 no such process,\n"
		   "5 not yours. See mosctl(1).");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		(void)show_help(argc, argv);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--help"))
		return show_help(argc, argv);
	if (!strcmp(argv[1], "--version")) {
		(void)puts("mosctl (umosix) " MOS_VERSION);
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name)) {
			if (argc > 2 && !strcmp(argv[2], "--help"))
				return show_help(argc, argv);
			return commands[i].run(argc - 1, argv + 1);
		}
	return tool_usage("mosctl", "unknown command", argv[1]);
}
