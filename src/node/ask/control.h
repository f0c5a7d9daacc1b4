/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: who is connected, and the lines that go to and fro. */
#ifndef MOS_NODE_ASK_CONTROL_H
#define MOS_NODE_ASK_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/node.h"

struct control;
struct client;

/* One question of a client, to be answered by client_done once. */
struct ask {
	struct ask *next;
	struct client *client; /* NULL when it hung up meanwhile */
	struct mosd *d;
	struct ucred cred; /* as the kernel told; pid is 0 if it is not of our pid namespace */
	json_t *id;	   /* what the client put in, to tell answers apart; or NULL */
};

/* Makes the socket of mode 0666. Return: 0 or -errno. */
int control_create(struct mosd *d, struct control **ret, struct err *e);
/* Removes the socket; sends what is unsent as far as that goes at once. Takes NULL. */
void control_destroy(struct control *c);
unsigned control_clients(const struct control *c);

/* Whether whoever asked listens no more: it has hung up, or shut its side. */
bool ask_gone(const struct ask *a);
/* Sends an object that is not the last one. Steals @o. */
void ask_tell(struct ask *a, json_t *o);
/* Sends the last object, with "done":true added, and frees @a. Steals @o. */
void ask_done(struct ask *a, json_t *o);
/* The last object of a failure: {"ok":false,"code":...,"error":...,"done":true}. */
void ask_fail(struct ask *a, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
