/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of mosctl: each gets its own name as argv[0] and returns the exit status. */
#ifndef MOS_TOOLS_MOSCTL_H
#define MOS_TOOLS_MOSCTL_H

int mosctl_bring(int argc, char **argv);
int mosctl_decisions(int argc, char **argv);
int mosctl_drain(int argc, char **argv);
int mosctl_expel(int argc, char **argv);
int mosctl_get(int argc, char **argv);	 /* getload, getspeed, getutil, getmem, getfree */
int mosctl_isup(int argc, char **argv);
int mosctl_keygen(int argc, char **argv);
int mosctl_join(int argc, char **argv);
int mosctl_leave(int argc, char **argv);
int mosctl_lever(int argc, char **argv); /* stay, nostay, lstay, ... */
int mosctl_lock(int argc, char **argv);	/* lock, unlock */
int mosctl_node_status(int argc, char **argv);
int mosctl_nodes(int argc, char **argv);
int mosctl_reload(int argc, char **argv);
int mosctl_setup(int argc, char **argv);
int mosctl_setspeed(int argc, char **argv);
int mosctl_status(int argc, char **argv);
int mosctl_token(int argc, char **argv);
int mosctl_undrain(int argc, char **argv);
int mosctl_whois(int argc, char **argv);
int mosctl_why(int argc, char **argv);

#endif
