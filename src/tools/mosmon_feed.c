/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows mosd's answers, and what to do when none comes. */
#include "tools/mosmon_feed.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/util.h"

#define SILENCE_MAX (5 * NSEC_PER_SEC)
#define OBJECTS_MAX 65536U
#define TAKE_AT_ONCE 4096 /* objects; keys are looked at in between */

static const char *const ops[] = { [FEED_NODES] = "nodes", [FEED_PROCS] = "ps" };
static_assert(ARRAY_SIZE(ops) == FEED_PART_COUNT_, "a request for each");

static void hang_up(struct feed *f)
{
	client_finish(&f->c);
	for (enum feed_part p = 0; p < FEED_PART_COUNT_; p++) {
		json_decref(f->coming[p]);
		f->coming[p] = NULL;
		f->waiting[p] = false;
	}
}

void feed_finish(struct feed *f)
{
	hang_up(f);
}

static void give_up(struct feed *f, struct mon_data *d, const char *why)
{
	hang_up(f);
	mon_data_lost(d, why);
}

int feed_fd(const struct feed *f)
{
	return f->c.fd;
}

static bool all_came(const struct feed *f)
{
	return !f->waiting[FEED_NODES] && !f->waiting[FEED_PROCS];
}

void feed_ask(struct feed *f, struct mon_data *d)
{
	struct err e = ERR_INIT;
	int r = 0;

	if (f->c.fd >= 0 && !all_came(f)) {
		if (mono_now() - f->asked > SILENCE_MAX)
			give_up(f, d, "mosd on this machine does not answer.");
		return;
	}
	if (f->c.fd < 0)
		r = client_connect(&f->c, &e);
	for (enum feed_part p = 0; p < FEED_PART_COUNT_ && r == 0; p++) {
		f->coming[p] = json_array();
		f->waiting[p] = true;
		r = client_send(&f->c,
				json_pack("{sssbss}", "op", ops[p], "all", 1, "id", ops[p]), &e);
	}
	f->asked = mono_now();
	if (r < 0)
		give_up(f, d, err_str(&e, r));
}

static const char *user_name(int64_t uid)
{
	static char text[32];
	static int64_t known = -1;
	const struct passwd *p;

	if (uid == known && text[0])
		return text;
	p = uid >= 0 && uid < UINT32_MAX ? getpwuid((uid_t)uid) : NULL;
	known = uid;
	if (p)
		(void)snprintf(text, sizeof(text), "%s", p->pw_name);
	else
		(void)snprintf(text, sizeof(text), "%lld", (long long)uid);
	return text;
}

static int take_whole(struct mon_data *d, enum feed_part p, const json_t *array,
		      const json_t *last)
{
	time_t now = time(NULL);
	char when[16] = "";
	struct tm tm;

	if (p == FEED_NODES)
		return mon_data_nodes(d, array, (uint32_t)tool_int(last, "node"));
	if (localtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%T", &tm);
	return mon_data_procs(d, array, when, user_name);
}

static enum feed_part part_of(const json_t *o)
{
	enum feed_part p = 0;

	while (p < FEED_PART_COUNT_ && strcmp(tool_text(o, "id"), ops[p]) != 0)
		p++;
	return p;
}

/* Return: true if something new can be shown. */
static bool take_one(struct feed *f, struct mon_data *d, json_t *o, bool last)
{
	enum feed_part p = part_of(o);

	if (p == FEED_PART_COUNT_ || !f->waiting[p]) {
		if (last && !json_is_true(json_object_get(o, "ok")))
			give_up(f, d, tool_text(o, "error")); /* as when there are too many of us */
		return last;
	}
	if (!last) {
		if (json_array_size(f->coming[p]) < OBJECTS_MAX)
			(void)json_array_append(f->coming[p], o);
		return false;
	}
	f->waiting[p] = false;
	if (!json_is_true(json_object_get(o, "ok")))
		give_up(f, d, tool_text(o, "error"));
	else if (take_whole(d, p, f->coming[p], o) < 0)
		give_up(f, d, "out of memory");
	json_decref(f->coming[p]);
	f->coming[p] = NULL;
	return true;
}

bool feed_take(struct feed *f, struct mon_data *d)
{
	struct err e = ERR_INIT;
	bool news = false;

	for (int i = 0; i < TAKE_AT_ONCE && f->c.fd >= 0; i++) {
		json_t *o;
		int r = client_receive_now(&f->c, &o, &e);

		if (r == -EAGAIN)
			break;
		if (r < 0) {
			give_up(f, d, "mosd on this machine has ended.");
			return true;
		}
		news |= take_one(f, d, o, r == 0);
		json_decref(o);
	}
	return news;
}

int feed_once(struct feed *f, struct mon_data *d, int seconds)
{
	nsec_t end = mono_now() + seconds * NSEC_PER_SEC;

	feed_ask(f, d);
	while (f->c.fd >= 0 && !all_came(f) && mono_now() < end) {
		struct pollfd p = { .fd = f->c.fd, .events = POLLIN };

		(void)poll(&p, 1, 100);
		(void)feed_take(f, d);
	}
	if (f->c.fd >= 0 && !all_came(f))
		give_up(f, d, "mosd on this machine does not answer.");
	return d->trouble[0] ? -ENOTCONN : 0;
}
