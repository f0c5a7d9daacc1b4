/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decision in words. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "policy/policy.h"

const char *const policy_reason_names[POLICY_REASON_COUNT_] = {
	[POLICY_NONE] = "none",		  [POLICY_BALANCE] = "balance",
	[POLICY_COME_HOME] = "come-home", [POLICY_USHER] = "usher",
	[POLICY_EXPEL_HOST] = "expel",	  [POLICY_LOCAL_FIRST] = "local-first",
	[POLICY_BRING] = "bring",	  [POLICY_PLACE] = "place",
	[POLICY_BACK] = "back",
};

const char *const policy_verdict_names[POLICY_VERDICT_COUNT_] = {
	[POLICY_GO] = "go",
	[POLICY_NO_GAIN] = "no-gain",
	[POLICY_COSTLY] = "costly",
	[POLICY_TALKS] = "talks",
	[POLICY_NO_NODE] = "no-node",
	[POLICY_NO_MEMORY] = "no-memory",
	[POLICY_YOUNG] = "young",
	[POLICY_LOCKED] = "locked",
	[POLICY_FORBIDDEN] = "forbidden",
	[POLICY_BACKOFF] = "backoff",
	[POLICY_BUSY] = "busy",
	[POLICY_STAYS] = "stays",
	[POLICY_OTHERS] = "others",
	[POLICY_LIMIT] = "limit",
	[POLICY_GUESTS] = "guests-first",
	[POLICY_UNKNOWN] = "unknown",
};

/* A text that grows up to its end and no further. */
struct text {
	char *to;
	size_t len, size;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->len + 1 >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->to + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len = MIN(t->len + (size_t)n, t->size - 1);
}

static void say_node(struct text *t, const struct policy_decision *d, node_id node)
{
	if (node.v == d->home.v)
		say(t, "home");
	else
		say(t, "node %u", node.v);
}

static void say_at(struct text *t, const struct policy_decision *d, node_id node)
{
	say(t, node.v == d->home.v ? "at " : "on ");
	say_node(t, d, node);
}

/* 350 ms, 4.2 s, 3 min, 5 h. */
static void say_time(struct text *t, int64_t ns)
{
	double s = (double)ns / 1e9;

	if (s < 0)
		say(t, "0 s");
	else if (s < 1)
		say(t, "%.0f ms", s * 1e3);
	else if (s < 120)
		say(t, "%.1f s", s);
	else if (s < 7200)
		say(t, "%.0f min", s / 60);
	else
		say(t, "%.0f h", s / 3600);
}

static void say_memory(struct text *t, uint64_t kib)
{
	if (kib >= 10 * 1024 * 1024)
		say(t, "%" PRIu64 " GiB", kib / 1024 / 1024);
	else
		say(t, "%" PRIu64 " MiB", kib / 1024);
}

static void say_loads(struct text *t, const struct policy_decision *d)
{
	say(t, "load %u ", d->load_from);
	say_at(t, d, d->from);
	say(t, ", %u ", d->load_to);
	say_at(t, d, d->to);
	say(t, " (%u and %u with the move)", d->load_from_after, d->load_to_after);
}

static void say_gain(struct text *t, const struct policy_decision *d)
{
	say(t, "; with ");
	say_time(t, d->remaining);
	say(t, " of work expected yet it %s ", d->gain < 0 ? "loses" : "gains");
	say_time(t, d->gain < 0 ? -d->gain : d->gain);
	say(t, ", the move costs ");
	say_time(t, d->move);
}

static void go_balance(struct text *t, const struct policy_decision *d)
{
	say(t, " to be done sooner: ");
	say_loads(t, d);
	say_gain(t, d);
}

static void go_home(struct text *t, const struct policy_decision *d)
{
	say(t, " because it talks with home: calls take %u.%u %% of its time there, ",
	    d->away_from / 10, d->away_from % 10);
	say_loads(t, d);
	say_gain(t, d);
}

static void go_usher(struct text *t, const struct policy_decision *d)
{
	say(t, " to free memory: ");
	say_memory(t, d->mem_from);
	say(t, " free ");
	say_at(t, d, d->from);
	say(t, ", which keeps ");
	say_memory(t, d->mem_keep);
	say(t, "; it has ");
	say_memory(t, d->memory);
	say(t, ", and ");
	say_node(t, d, d->to);
	say(t, " has ");
	say_memory(t, d->mem_to);
	say(t, " free");
}

static void go_expel(struct text *t, const struct policy_decision *d)
{
	say(t, " because ");
	say_node(t, d, d->from);
	say(t, " sends its guests away: load %u there", d->load_to);
}

static void go_local(struct text *t, const struct policy_decision *d)
{
	say(t, " because the users of ");
	say_node(t, d, d->from);
	say(t, " need its processors themselves: ");
	say_loads(t, d);
}

static void go_bring(struct text *t, const struct policy_decision *d)
{
	say(t, " because home brings its own home");
}

static void go_back(struct text *t, const struct policy_decision *d)
{
	say(t, " because it is locked there, and had come home for a call");
}

static void go_place(struct text *t, const struct policy_decision *d)
{
	say(t, ": load %u at home, %u there with it", d->load_from, d->load_to_after);
}

static void go_none(struct text *t, const struct policy_decision *d)
{
}

static void stay_compared(struct text *t, const struct policy_decision *d, const char *why)
{
	say(t, "%s", why);
	if (!d->to.v)
		return;
	say(t, ": the best other place is ");
	say_node(t, d, d->to);
	say(t, ", ");
	say_loads(t, d);
	say_gain(t, d);
	if (d->away_to)
		say(t, ", calls to home would take %u.%u %% of its time", d->away_to / 10,
		    d->away_to % 10);
}

static void stay_costly(struct text *t, const struct policy_decision *d, const char *why)
{
	stay_compared(t, d, why);
	say(t, ", at least ");
	say_time(t, d->needed);
	say(t, " are asked for");
}

static void stay_memory(struct text *t, const struct policy_decision *d, const char *why)
{
	say(t, "%s for its ", why);
	say_memory(t, d->memory);
	if (!d->to.v)
		return;
	say(t, ": ");
	say_node(t, d, d->to);
	say(t, " has ");
	say_memory(t, d->mem_to);
	say(t, " free and keeps ");
	say_memory(t, d->mem_keep);
}

static void stay_wait(struct text *t, const struct policy_decision *d, const char *why)
{
	say(t, "%s, for ", why);
	say_time(t, d->wait);
	say(t, " more");
}

static void stay_word(struct text *t, const struct policy_decision *d, const char *why)
{
	say(t, "%s (%.*s)", why, (int)sizeof(d->word), d->word);
}

static void stay_kept(struct text *t, const struct policy_decision *d, const char *why)
{
	static const struct {
		const char *word, *why;
	} keepers[] = {
		{ "balance", "balance is off in mosd.conf, so nothing moves for load from here" },
		{ "stay", "stay is set there, so nothing leaves by itself (mosctl nostay ends it)" },
		{ "lstay", "lstay is set, so no process of this node leaves by itself (mosctl nolstay ends it)" },
		{ "iojob", "its place is at home, since it was said to read and write (iojob, mosrun -i)" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(keepers); i++)
		if (!strncmp(d->word, keepers[i].word, sizeof(d->word)))
			why = keepers[i].why;
	say(t, "%s", why);
}

static void stay_chance(struct text *t, const struct policy_decision *d, const char *why)
{
	stay_compared(t, d, why);
	say(t, "; chance in a period: %u.%u %%", d->chance / 10, d->chance % 10);
}

static void stay_plain(struct text *t, const struct policy_decision *d, const char *why)
{
	say(t, "%s", why);
}

static void (*const going[POLICY_REASON_COUNT_])(struct text *, const struct policy_decision *) = {
	[POLICY_NONE] = go_none,   [POLICY_BALANCE] = go_balance,  [POLICY_COME_HOME] = go_home,
	[POLICY_USHER] = go_usher, [POLICY_EXPEL_HOST] = go_expel, [POLICY_LOCAL_FIRST] = go_local,
	[POLICY_BRING] = go_bring, [POLICY_PLACE] = go_place,	   [POLICY_BACK] = go_back,
};

static const struct {
	const char *why;
	void (*say)(struct text *t, const struct policy_decision *d, const char *why);
} staying[POLICY_VERDICT_COUNT_] = {
	[POLICY_GO] = { "it goes", stay_plain },
	[POLICY_NO_GAIN] = { "nowhere would it be done clearly sooner", stay_compared },
	[POLICY_COSTLY] = { "the gain is not worth the move", stay_costly },
	[POLICY_TALKS] = { "it talks too much with home", stay_compared },
	[POLICY_NO_NODE] = { "no other node may take it", stay_plain },
	[POLICY_NO_MEMORY] = { "no node has room", stay_memory },
	[POLICY_YOUNG] = { "it has come not long ago", stay_wait },
	[POLICY_LOCKED] = { "it is locked", stay_plain },
	[POLICY_FORBIDDEN] = { "it cannot leave", stay_word },
	[POLICY_BACKOFF] = { "a move failed not long ago: it is left alone", stay_wait },
	[POLICY_BUSY] = { "it is on its way", stay_plain },
	[POLICY_STAYS] = { "nothing leaves for load here", stay_kept },
	[POLICY_OTHERS] = { "as many others are about to go", stay_chance },
	[POLICY_LIMIT] = { "as many moves as may be are under way", stay_compared },
	[POLICY_GUESTS] = { "guests slow it down here, and leave first", stay_compared },
	[POLICY_UNKNOWN] = { "nothing recent is known of the node where it is", stay_plain },
};

static void say_staying(struct text *t, const struct policy_decision *d)
{
	uint8_t v = d->verdict < POLICY_VERDICT_COUNT_ ? d->verdict : POLICY_UNKNOWN;

	say(t, "stays ");
	say_at(t, d, d->from);
	say(t, ": ");
	staying[v].say(t, d, staying[v].why);
}

static void say_going(struct text *t, const struct policy_decision *d)
{
	if (d->reason == POLICY_PLACE) {
		say(t, "begins ");
		say_at(t, d, d->to);
	} else {
		say(t, "goes from ");
		say_node(t, d, d->from);
		say(t, " to ");
		say_node(t, d, d->to);
	}
	going[d->reason < POLICY_REASON_COUNT_ ? d->reason : POLICY_NONE](t, d);
}

const char *policy_explain(const struct policy_decision *d, char *to, size_t size)
{
	struct text t = { .to = to, .size = size };

	if (!size)
		return to;
	to[0] = 0;
	if (d->verdict == POLICY_GO)
		say_going(&t, d);
	else
		say_staying(&t, d);
	return to;
}
