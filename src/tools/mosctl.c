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
	{ "status", "[--json]", "this node, the others, guests and streams", mosctl_status },
	{ "why", "[--json] PID", "where a process is, how it moved, why it does not move",
	  mosctl_why },
	{ "lock", "PID", "let this process not move by itself", mosctl_lock },
	{ "unlock", "PID", "... let it", mosctl_lock },
	{ "nodes", "[--json]", "all nodes: state, speed, load, memory, guests", mosctl_nodes },
	{ "decisions", "[-f] [--json]", "what this node decided by itself; -f: go on", mosctl_decisions },
	{ "keygen", "[FILE]", "make the cluster's key, once; then copy it to every node",
	  mosctl_keygen },
	{ "setup", "[--yes] [...]", "make this machine a node; --help has more", mosctl_setup },
	{ "token", "[--minutes M] [--node N]", "let one machine join, once", mosctl_token },
	{ "join", "NODE TOKEN", "make this machine a node of NODE's cluster", mosctl_join },
	{ "leave", "[-y|--yes]", "... let it be none any more; waits until it is empty", mosctl_leave },
	{ "stay", "", "let no process leave this node by itself", mosctl_lever },
	{ "nostay", "", "... let them", mosctl_lever },
	{ "lstay", "", "let no process of this node leave by itself; guests may", mosctl_lever },
	{ "nolstay", "", "... let them", mosctl_lever },
	{ "block", "", "take no guests", mosctl_lever },
	{ "noblock", "", "... take them", mosctl_lever },
	{ "quiet", "", "tell the others nothing of the load here", mosctl_lever },
	{ "noquiet", "", "... tell them", mosctl_lever },
	{ "expel", "[--timeout S]", "send all guests away, and block; waits", mosctl_expel },
	{ "bring", "[--timeout S]", "bring all processes of this node home, and lstay; waits", mosctl_bring },
	{ "drain", "[--for-now] [--timeout S]", "both: empty this node; waits", mosctl_drain },
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
	{ "help", "", "this text", show_help },
};

static int show_help(int argc, char **argv)
{
	(void)puts("Usage: mosctl COMMAND [ARGUMENT]...\n"
		   "Looks after a umosix node.\n");
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		(void)printf("  %-9s %-13s %s\n", commands[i].name, commands[i].args,
			     commands[i].what);
	(void)puts("\n  --help                  this text\n"
		   "  --version               the version\n"
		   "\n"
		   "Exit status: 0 done, 1 failed, 2 wrong use, 3 no mosd, 4 no such process,\n"
		   "5 not yours, or root's. See mosctl(1).");
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
			/* which of them has a help of its own knows itself */
			if (argc > 2 && !strcmp(argv[2], "--help") && commands[i].run != mosctl_setup)
				return show_help(argc, argv);
			return commands[i].run(argc - 1, argv + 1);
		}
	return tool_usage("mosctl", "unknown command", argv[1]);
}
