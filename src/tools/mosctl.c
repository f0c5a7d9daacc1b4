/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl: knows its subcommands. */
#include "tools/mosctl.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tools/client.h"

#define TIMEOUT "  --timeout S   wait no longer, in seconds; what is left goes on leaving\n"

static int show_help(int argc, char **argv);

static const struct {
	const char *name, *args, *what;
	int (*run)(int argc, char **argv);
	const char *more; /* its options, and whatever else its own help has; NULL: nothing */
} commands[] = {
	{ "status", "[--json]", "this node, the others, guests and streams", mosctl_status },
	{ "why", "[--json] PID", "where a process is, how it moved, why it does not move",
	  mosctl_why },
	{ "lock", "PID", "let this process not move by itself", mosctl_lock },
	{ "unlock", "PID", "... let it", mosctl_lock },
	{ "nodes", "[--json]", "all nodes: state, speed, load, memory, guests", mosctl_nodes },
	{ "decisions", "[-f] [--json]", "what this node decided by itself; -f: go on", mosctl_decisions },
	{ "keygen", "[FILE]", "make the cluster's key, once; then copy it to every node",
	  mosctl_keygen },
	{ "setup", "[OPTION]...", "make this machine a node, by questions or unattended", mosctl_setup,
	  mosctl_setup_options },
	{ "token", "[OPTION]...", "let one machine join, once", mosctl_token,
	  "  --minutes M   it is good for so long; 15 unless told, at most 10080\n"
	  "  --node N      the new node gets this number\n"
	  "  --json        an object with token, address, port, seconds\n" },
	{ "join", "[OPTION]... NODE TOKEN", "make this machine a node of NODE's cluster", mosctl_join,
	  "  --port P      of NODE, if it is not 4660\n"
	  "  --no-start    only write files\n" },
	{ "leave", "[OPTION]...", "... let it be none any more; waits until it is empty", mosctl_leave,
	  "  -y, --yes     do not ask first\n"
	  "  --timeout S   wait no longer, in seconds; it is still a node then\n" },
	{ "stay", "", "let no process leave this node by itself", mosctl_lever },
	{ "nostay", "", "... let them", mosctl_lever },
	{ "lstay", "", "let no process of this node leave by itself; guests may", mosctl_lever },
	{ "nolstay", "", "... let them", mosctl_lever },
	{ "block", "", "take no guests", mosctl_lever },
	{ "noblock", "", "... take them", mosctl_lever },
	{ "quiet", "", "tell the others nothing of the load here", mosctl_lever },
	{ "noquiet", "", "... tell them", mosctl_lever },
	{ "expel", "[--timeout S]", "send all guests away, and block; waits", mosctl_expel, TIMEOUT },
	{ "bring", "[--timeout S]", "bring all processes of this node home, and lstay; waits", mosctl_bring,
	  TIMEOUT },
	{ "drain", "[OPTION]...", "both: empty this node; waits", mosctl_drain,
	  "  --for-now     only until mosd is started anew\n" TIMEOUT },
	{ "undrain", "", "noblock and nolstay", mosctl_undrain },
	{ "reload", "", "let mosd read its files again; waits until it has", mosctl_reload },
	{ "setspeed", "N", "say that this node's speed is N; 0: as measured", mosctl_setspeed },
	{ "getload", "[NODE]", "100 is a busy process for each standard processor", mosctl_get },
	{ "getspeed", "[NODE]", "10000 is the standard", mosctl_get },
	{ "getmem", "[NODE]", "free memory that programs can have, in pages of 4096", mosctl_get },
	{ "getfree", "[NODE]", "memory that nothing uses, in pages of 4096", mosctl_get },
	{ "getutil", "[NODE]", "processor time in use, in per cent", mosctl_get },
	{ "status", "NODE", "state and flags of a node", mosctl_status },
	{ "isup", "[NODE]", "yes or no", mosctl_isup },
	{ "whois", "[NODE|HOST]", "number to address, address or name to number; own number",
	  mosctl_whois },
	{ "help", "[COMMAND]", "this text, or that of a command", show_help },
};

static void print_row(unsigned i)
{
	(void)printf("  %-9s %-13s %s\n", commands[i].name, commands[i].args, commands[i].what);
}

/* With the rows before it that its "..." goes on from. */
static void print_whole(unsigned i)
{
	unsigned first = i;

	while (!strncmp(commands[first].what, "...", 3))
		first--;
	while (first <= i)
		print_row(first++);
	if (commands[i].more)
		(void)printf("\n%s", commands[i].more);
}

static int show_command(const char *name)
{
	const char *usage = "Usage:";

	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name)) {
			(void)printf("%s mosctl %s%s%s\n", usage, name, *commands[i].args ? " " : "",
				     commands[i].args);
			usage = "   or:";
		}
	if (!strcmp(usage, "Usage:"))
		return tool_usage("mosctl", "unknown command", name);
	(void)puts("");
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			print_whole(i);
	(void)puts("\nmosctl(1) has more.");
	return TOOL_OK;
}

static int show_help(int argc, char **argv)
{
	if (argc > 2)
		return tool_usage("mosctl", "one argument too many:", argv[2]);
	if (argc == 2)
		return show_command(argv[1]);
	(void)puts("Usage: mosctl COMMAND [ARGUMENT]...\n"
		   "Looks after a umosix node.\n");
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		print_row(i);
	(void)puts("\n  -h, --help              this text; behind a command, that of the command\n"
		   "  --version               the version\n"
		   "\n"
		   "Exit status: 0 done, 1 failed, 2 wrong use, 3 no mosd, 4 no such process,\n"
		   "5 not yours, or root's. See mosctl(1).");
	return TOOL_OK;
}

static bool is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		(void)show_help(argc, argv);
		return TOOL_USAGE;
	}
	if (is_help(argv[1]))
		return show_help(1, argv);
	if (!strcmp(argv[1], "--version")) {
		(void)puts("mosctl (umosix) " MOS_VERSION);
		return TOOL_OK;
	}
	for (int i = 2; i < argc; i++) /* no command takes such a word for anything else */
		if (is_help(argv[i]))
			return show_command(argv[1]);
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return tool_usage("mosctl", "unknown command", argv[1]);
}
