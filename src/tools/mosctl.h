/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of mosctl: each gets its own name as argv[0] and returns the exit status. */
#ifndef MOS_TOOLS_MOSCTL_H
#define MOS_TOOLS_MOSCTL_H

int mosctl_keygen(int argc, char **argv);
int mosctl_status(int argc, char **argv);
int mosctl_why(int argc, char **argv);

#endif
