/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosctl stay, block, expel, drain ...: what an administrator tells this node. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/util.h"
#include "tools/client.h"
#include "tools/mosctl.h"

static const struct {
	const char *verb, *name;
	bool value;
} levers[] = {
	{ "stay", "stay", true },   { "nostay", "stay", false },
	{ "lstay", "lstay", true }, { "nolstay", "lstay", false },
	{ "block", "block", true }, { "noblock", "block", false },
	{ "quiet", "quiet", true }, { "noquiet", "quiet", false },
};

/* Return: the exit status. */
static int ask_once(struct client *c, json_t *ask)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_ask(c, ask, &o, &e);

	if (r < 0)
		return tool_no_answer("mosctl", &e, r);
	return tool_answer_ok("mosctl", o, &status) ? TOOL_OK : status;
}

static int set_lever(struct client *c, const char *name, bool value)
{
	return ask_once(c, json_pack("{sssssb}", "op", "lever", "name", name, "value", value));
}

static int connect_for(int argc, char **argv, struct client *c)
{
	struct err e = ERR_INIT;
	int r;

	if (argc > 1)
		return tool_usage("mosctl", "one argument too many:", argv[1]);
	r = client_connect(c, &e);
	c->patient = true; /* guests leave, processes come home */
	return r < 0 ? tool_no_answer("mosctl", &e, r) : TOOL_OK;
}

int mosctl_lever(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	int status = connect_for(argc, argv, &c);

	for (unsigned i = 0; status == TOOL_OK && i < ARRAY_SIZE(levers); i++)
		if (!strcmp(argv[0], levers[i].verb))
			return set_lever(&c, levers[i].name, levers[i].value);
	return status;
}

int mosctl_setspeed(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	int status;
	long speed;

	if (argc < 2)
		return tool_usage("mosctl", "setspeed: which speed?", NULL);
	if (tool_number(argv[1], 0, 100000000, &speed) < 0)
		return tool_usage("mosctl", "no speed from 1 to 100000000, or 0:", argv[1]);
	status = connect_for(argc - 1, argv + 1, &c);
	return status == TOOL_OK ? ask_once(&c, json_pack("{sssI}", "op", "speed", "value",
							  (json_int_t)speed))
				 : status;
}

/* What is waited for. */
struct part {
	const char *op;
	const char *one, *many, *none;
	long long left; /* -1: not told yet */
	bool done;
};

int mosctl_timeout(int argc, char **argv, long *ret)
{
	if (argc < 2 || tool_number(argv[1], 1, INT32_MAX, ret) < 0)
		return tool_usage("mosctl", "--timeout: how many seconds?", NULL);
	return TOOL_OK;
}

static const struct part guests_leave = {
	.op = "expel", .one = "guest", .many = "guests", .none = "no guest", .left = -1
};
static const struct part own_come = {
	.op = "bring", .one = "process away", .many = "processes away", .none = "no process away",
	.left = -1
};

static void print_left(const struct part *v, unsigned n, const char *end)
{
	for (unsigned i = 0; i < n; i++) {
		if (i)
			(void)fputs(", ", stdout);
		if (v[i].left < 0)
			(void)printf("%s to be counted", v[i].many);
		else if (!v[i].left)
			(void)fputs(v[i].none, stdout);
		else
			(void)printf("%lld %s", v[i].left, v[i].left == 1 ? v[i].one : v[i].many);
	}
	(void)puts(end);
	(void)fflush(stdout);
}

static struct part *part_of(struct part *v, unsigned n, const json_t *o)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(tool_text(o, "id"), v[i].op))
			return &v[i];
	return NULL;
}

/* Return: the exit status, or -1 to go on. */
static int take_answer(struct part *v, unsigned n, const json_t *o, bool last)
{
	struct part *p = part_of(v, n, o);
	const json_t *left = json_object_get(o, "left");
	int status = TOOL_OK;

	tool_warn("mosctl", json_object_get(o, "warning"));
	if (!p)
		return -1;
	if (json_is_integer(left))
		p->left = json_integer_value(left);
	if (!last) {
		if (left)
			print_left(v, n, " left");
		return -1;
	}
	if (!tool_answer_ok("mosctl", o, &status))
		return status;
	p->left = 0;
	p->done = true;
	for (unsigned i = 0; i < n; i++)
		if (!v[i].done)
			return -1;
	return TOOL_OK;
}

/* recv(2) ends with EAGAIN at the deadline. Return: false if that is over already. */
static bool wait_until(const struct client *c, nsec_t deadline)
{
	nsec_t rest = deadline - mono_now();
	struct timeval t = { .tv_sec = rest / NSEC_PER_SEC,
			     .tv_usec = rest % NSEC_PER_SEC / NSEC_PER_USEC + 1 };

	return !deadline || (rest > 0 && setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t,
						    sizeof(t)) == 0);
}

/* Asks for all @n parts at once, shows how they go on, until all are done or @seconds (0: no end)
 * are over. @for_now: until mosd is started anew. Return: the exit status. */
static int wait_for(struct client *c, struct part *v, unsigned n, long seconds, bool for_now)
{
	nsec_t deadline = seconds ? mono_now() + seconds * NSEC_PER_SEC : 0;
	struct err e = ERR_INIT;
	int r = 0, status = -1;

	for (unsigned i = 0; i < n && r == 0; i++)
		r = client_send(c, json_pack("{sssssb}", "op", v[i].op, "id", v[i].op, "for_now",
						 for_now), &e);
	while (r >= 0 && status < 0) {
		json_t *o;

		r = wait_until(c, deadline) ? client_receive(c, &o, &e) : -EAGAIN;
		if (r >= 0) {
			status = take_answer(v, n, o, r == 0);
			json_decref(o);
		}
	}
	if (r == -EAGAIN && deadline) {
		print_left(v, n, " left when the time was over; they go on leaving");
		return TOOL_FAILED;
	}
	return r < 0 ? tool_no_answer("mosctl", &e, r) : status;
}

int mosctl_expel(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	struct part part = guests_leave;
	int status = connect_for(argc, argv, &c);

	if (status == TOOL_OK)
		status = wait_for(&c, &part, 1, 0, false);
	if (status == TOOL_OK)
		(void)puts("no guest is left; new ones are refused until `mosctl noblock`");
	return status;
}

int mosctl_bring(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	struct part part = own_come;
	int status = connect_for(argc, argv, &c);

	if (status == TOOL_OK)
		status = wait_for(&c, &part, 1, 0, false);
	if (status == TOOL_OK)
		(void)puts("all are home; none leaves by itself until `mosctl nolstay`");
	return status;
}

int mosctl_empty(long seconds, bool for_now)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	struct part parts[] = { guests_leave, own_come };
	int status = connect_for(0, NULL, &c);

	return status == TOOL_OK ? wait_for(&c, parts, ARRAY_SIZE(parts), seconds, for_now) : status;
}

int mosctl_drain(int argc, char **argv)
{
	bool for_now = false;
	long seconds = 0;
	int status;

	for (; argc > 1; argc--, argv++) {
		if (!strcmp(argv[1], "--for-now")) {
			for_now = true;
		} else if (!strcmp(argv[1], "--timeout")) {
			status = mosctl_timeout(argc - 1, argv + 1, &seconds);
			if (status != TOOL_OK)
				return status;
			argc--;
			argv++;
		} else {
			break;
		}
	}
	if (argc > 1)
		return tool_usage("mosctl", "one argument too many:", argv[1]);
	status = mosctl_empty(seconds, for_now);
	if (status == TOOL_OK)
		(void)printf("drained: no guest, no process away; `mosctl undrain` ends that%s\n",
			     for_now ? ", and so does a restart of mosd" : "");
	return status;
}

int mosctl_undrain(int argc, char **argv)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	int status = connect_for(argc, argv, &c);

	if (status == TOOL_OK)
		status = set_lever(&c, "block", false);
	if (status == TOOL_OK)
		status = set_lever(&c, "lstay", false);
	if (status == TOOL_OK)
		(void)puts("takes part again: guests may come, and processes may leave");
	return status;
}
