/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of mosctl: each gets its own name as argv[0] and returns the exit status. */
#ifndef MOS_TOOLS_MOSCTL_H
#define MOS_TOOLS_MOSCTL_H

#include <stdbool.h>

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

/* What the help of setup has behind its usage. */
extern const char mosctl_setup_options[];

/* Guests leave and own processes come home, as shown on standard output, within @seconds (0: no end); @for_now: until
 * mosd is started anew. Return: the exit status. */
int mosctl_empty(long seconds, bool for_now);
/* The number after argv[0]. Return: the exit status. */
int mosctl_timeout(int argc, char **argv, long *ret);

#endif
