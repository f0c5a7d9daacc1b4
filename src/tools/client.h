/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tools' side of mosd's control socket, and what all tools do alike. */
#ifndef MOS_TOOLS_CLIENT_H
#define MOS_TOOLS_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* Exit codes of migrate, mps and mosctl. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_NO_MOSD = 3,
	TOOL_NO_PROCESS = 4,
	TOOL_NOT_YOURS = 5,
};

struct client {
	int fd;
	bool patient; /* the answer may take as long as SO_RCVTIMEO allows; else 15 s */
	char *data; /* what came and is not yet used */
	size_t n, cap;
};

#define CLIENT_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Return: 0, or -errno with a message that says how to start mosd. */
int client_connect(struct client *c, struct err *e);
void client_finish(struct client *c);
/* Sends one request. Steals @o. Return: 0 or -errno. */
int client_send(struct client *c, json_t *o, struct err *e);
/* Waits for the next object of the answer. Return: 1 and an object that is not the last one, 0 and
 * the last one, -errno. */
int client_receive(struct client *c, json_t **ret, struct err *e);
/* As client_receive, but does not wait. Return: also -EAGAIN. */
int client_receive_now(struct client *c, json_t **ret, struct err *e);
/* Asks and waits for the last object, which is the only one of interest. Return: 0 or -errno. */
int client_ask(struct client *c, json_t *o, json_t **ret, struct err *e);

/* Asks mosd for one object; says on standard error what is against it. Steals @ask; @ret is to be dropped in each
 * case. Return: the exit status. */
int tool_ask(const char *tool, json_t *ask, json_t **ret);
/* Indented, and without what belongs to the conversation only. */
void tool_print_json(json_t *o);
/* The exit code for an answer that says no. */
int tool_refusal(const json_t *o);
/* True if the answer says so; else prints "TOOL: error" and stores the exit code. */
bool tool_answer_ok(const char *tool, const json_t *o, int *exit_code);
/* Prints "TOOL: error" for a conversation that failed. Return: the exit code. */
int tool_no_answer(const char *tool, const struct err *e, int r);
/* Handles --help and --version anywhere before "--". Return: true if it printed something. */
bool tool_help(int argc, char **argv, const char *tool, const char *help);
int tool_usage(const char *tool, const char *what, const char *arg);
/* A number without sign or blanks. Return: 0 or -EINVAL. */
int tool_number(const char *s, long min, long max, long *ret);
/* A field of an answer; 0 and "?" where it is missing or wrong. */
long long tool_int(const json_t *o, const char *name);
const char *tool_text(const json_t *o, const char *name);
/* Prints what a process or a peer named itself: no control characters reach the terminal. */
void tool_print_text(FILE *f, const char *s, int width);
/* "TOOL: ..." on standard error; what is no string is passed over. */
void tool_warn(const char *tool, const json_t *text);
/* Local time with thousandths; @t is seconds since 1970. */
void tool_print_when(FILE *f, double t);
/* "4.2 MiB", "21 ms" */
const char *tool_bytes(double bytes, char *to, size_t size);
const char *tool_time(double us, char *to, size_t size);
void tool_drop(json_t **o);

#endif
