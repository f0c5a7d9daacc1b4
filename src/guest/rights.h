/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-guest gives up what it had of the host, when the sandbox stands and before it reads anything of
 * the body that comes. */
#ifndef MOS_GUEST_RIGHTS_H
#define MOS_GUEST_RIGHTS_H

#include "base/err.h"
#include "guest/sandbox.h"

/* Afterwards this process
 *   is user 0 of the sandbox's user namespace (a reserved id of the host), without groups, with
 *   no capability but to trace, signal and open what belongs to that namespace's two users;
 *   sees no file but /proc/BODY: what it needs besides is open;
 *   cannot gain anything by exec, leaves no core (it holds the key), cannot be looked into;
 *   still uses the host's network: it connects to the next host itself.
 * Needs root. Nothing is undone when it fails: the caller ends.
 * Return: 0, -errno with the step that failed. */
int rights_give_up(const struct sandbox *s, struct err *e);

/* Behind it: a filter on our own calls (confine.c). Return: 0, -errno. */
int rights_confine(struct err *e);

#endif
