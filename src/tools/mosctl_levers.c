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

static int no_argument(int argc, char **argv)
{
	return argc > 1 ? tool_usage("mosctl", "one argument too many:", argv[1]) : TOOL_OK;
}

static int ask_for(json_t *ask)
{
	CLEANUP(tool_drop) json_t *o = NULL;

	return tool_ask("mosctl", ask, &o);
}

static int set_lever(const char *name, bool value)
{
	return ask_for(json_pack("{sssssb}", "op", "lever", "name", name, "value", value));
}

int mosctl_lever(int argc, char **argv)
{
	int status = no_argument(argc, argv);

	for (unsigned i = 0; status == TOOL_OK && i < ARRAY_SIZE(levers); i++)
		if (!strcmp(argv[0], levers[i].verb))
			return set_lever(levers[i].name, levers[i].value);
	return status;
}

int mosctl_setspeed(int argc, char **argv)
{
	CLEANUP(tool_drop) json_t *o = NULL;
	int status;
	long speed;

	if (argc < 2)
		return tool_usage("mosctl", "setspeed: which speed?", NULL);
	if (tool_number(argv[1], 0, 100000000, &speed) < 0)
		return tool_usage("mosctl", "no speed from 1 to 100000000, or 0:", argv[1]);
	status = no_argument(argc - 1, argv + 1);
	if (status == TOOL_OK)
		status = tool_ask("mosctl", json_pack("{sssI}", "op", "speed", "value", (json_int_t)speed), &o);
	if (status == TOOL_OK)
		tool_warn("mosctl", json_object_get(o, "warning"));
	return status;
}

/* What is waited for. */
struct part {
	const char *op;
	const char *one, *many;
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
	.op = "expel", .one = "guest", .many = "guests", .left = -1
};
static const struct part own_come = {
	.op = "bring", .one = "process away", .many = "processes away", .left = -1
};

static bool all_told(const struct part *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i].left < 0)
			return false;
	return true;
}

/* "1 guest and 2 processes away are left" */
static void print_left(const struct part *v, unsigned n)
{
	const char *between = "";
	long long all = 0;

	for (unsigned i = 0; i < n; i++) {
		if (v[i].left < 1)
			continue;
		(void)printf("%s%lld %s", between, v[i].left, v[i].left == 1 ? v[i].one : v[i].many);
		between = " and ";
		all += v[i].left;
	}
	(void)fputs(all == 1 ? " is left" : " are left", stdout);
}

static void print_progress(const struct part *v, unsigned n)
{
	if (!all_told(v, n))
		return; /* half of it would read as if it were all */
	print_left(v, n);
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void print_too_late(const struct part *v, unsigned n)
{
	(void)fputs("the time is over: ", stdout);
	if (all_told(v, n))
		print_left(v, n);
	else
		(void)fputs("mosd has not told what is left", stdout);
	(void)puts("; mosd goes on");
}

static struct part *part_of(struct part *v, unsigned n, const json_t *o)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(tool_text(o, "id"), v[i].op))
			return &v[i];
	return NULL;
}

static bool all_done(const struct part *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!v[i].done)
			return false;
	return true;
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
	if (last) {
		if (!tool_answer_ok("mosctl", o, &status))
			return status;
		p->left = 0;
		p->done = true;
		if (all_done(v, n))
			return TOOL_OK;
	}
	if (last || left)
		print_progress(v, n);
	return -1;
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
static int wait_for(struct part *v, unsigned n, long seconds, bool for_now)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	nsec_t deadline = seconds ? mono_now() + seconds * NSEC_PER_SEC : 0;
	struct err e = ERR_INIT;
	int r = client_connect(&c, &e), status = -1;

	c.patient = true; /* guests leave, processes come home */
	for (unsigned i = 0; i < n && r == 0; i++)
		r = client_send(&c, json_pack("{sssssb}", "op", v[i].op, "id", v[i].op, "for_now",
						  for_now), &e);
	while (r >= 0 && status < 0) {
		json_t *o;

		r = wait_until(&c, deadline) ? client_receive(&c, &o, &e) : -EAGAIN;
		if (r >= 0) {
			status = take_answer(v, n, o, r == 0);
			json_decref(o);
		}
	}
	if (r == -EAGAIN && deadline) {
		print_too_late(v, n);
		return TOOL_FAILED;
	}
	return r < 0 ? tool_no_answer("mosctl", &e, r) : status;
}

/* Takes --timeout S, and --for-now if @for_now is not NULL. Return: the exit status. */
static int empty_options(int argc, char **argv, long *seconds, bool *for_now)
{
	for (int i = 1; i < argc; i++) {
		int status = TOOL_OK;

		if (for_now && !strcmp(argv[i], "--for-now"))
			*for_now = true;
		else if (!strcmp(argv[i], "--timeout"))
			status = mosctl_timeout(argc - i, argv + i, seconds), i++;
		else
			status = tool_usage("mosctl", "one argument too many:", argv[i]);
		if (status != TOOL_OK)
			return status;
	}
	return TOOL_OK;
}

/* expel and bring: one of the two that drain does. */
static int wait_for_one(int argc, char **argv, struct part part, const char *done)
{
	long seconds = 0;
	int status = empty_options(argc, argv, &seconds, NULL);

	if (status == TOOL_OK)
		status = wait_for(&part, 1, seconds, false);
	if (status == TOOL_OK)
		(void)puts(done);
	return status;
}

int mosctl_expel(int argc, char **argv)
{
	return wait_for_one(argc, argv, guests_leave,
			    "no guest is left; new ones are refused until `mosctl noblock`");
}

int mosctl_bring(int argc, char **argv)
{
	return wait_for_one(argc, argv, own_come,
			    "all are home; none leaves by itself until `mosctl nolstay`");
}

int mosctl_empty(long seconds, bool for_now)
{
	struct part parts[] = { guests_leave, own_come };

	return wait_for(parts, ARRAY_SIZE(parts), seconds, for_now);
}

int mosctl_drain(int argc, char **argv)
{
	bool for_now = false;
	long seconds = 0;
	int status = empty_options(argc, argv, &seconds, &for_now);

	if (status == TOOL_OK)
		status = mosctl_empty(seconds, for_now);
	if (status == TOOL_OK)
		(void)printf("drained: no guest, no process away; `mosctl undrain` ends that%s\n",
			     for_now ? ", and so does a restart of mosd" : "");
	return status;
}

int mosctl_undrain(int argc, char **argv)
{
	int status = no_argument(argc, argv);

	if (status == TOOL_OK)
		status = set_lever("block", false);
	if (status == TOOL_OK)
		status = set_lever("lstay", false);
	if (status == TOOL_OK)
		(void)puts("takes part again: guests may come, and processes may leave");
	return status;
}
