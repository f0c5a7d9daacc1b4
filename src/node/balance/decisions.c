/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how decisions are kept and shown. */
#include "node/balance/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/obj.h"

struct decided {
	double wall;
	pid_t pid;
	uid_t uid;
	char comm[64];
	struct policy_decision d;
};

struct follower {
	struct follower *next;
	struct ask *a;
};

struct decisions {
	struct decided at[DECISIONS_KEPT];
	unsigned first, n;
	struct follower *followers;
	unsigned n_followers;
};

struct decisions *decisions_create(void)
{
	return calloc(1, sizeof(struct decisions));
}

static json_t *decided_json(const struct decided *one)
{
	json_t *o = decision_json(&one->d);

	(void)json_object_set_new(o, "time", json_real(one->wall));
	(void)json_object_set_new(o, "pid", json_integer(one->pid));
	(void)json_object_set_new(o, "uid", json_integer((json_int_t)one->uid));
	(void)json_object_set_new(o, "comm", obj_text(one->comm));
	return o;
}

json_t *decision_json(const struct policy_decision *d)
{
	char text[512];
	const struct {
		const char *name;
		int64_t value;
	} figures[] = {
		{ "from", d->from.v },
		{ "to", d->to.v },
		{ "load_from", d->load_from },
		{ "load_to", d->load_to },
		{ "load_from_after", d->load_from_after },
		{ "load_to_after", d->load_to_after },
		{ "rate_from", d->rate_from },
		{ "rate_to", d->rate_to },
		{ "remaining_ms", d->remaining / NSEC_PER_MSEC },
		{ "gain_ms", d->gain / NSEC_PER_MSEC },
		{ "needed_ms", d->needed / NSEC_PER_MSEC },
		{ "move_ms", d->move / NSEC_PER_MSEC },
		{ "away_from", d->away_from },
		{ "away_to", d->away_to },
		{ "age_ms", d->age / NSEC_PER_MSEC },
		{ "wait_ms", d->wait / NSEC_PER_MSEC },
		{ "memory_kib", (int64_t)d->memory },
		{ "mem_from_kib", (int64_t)d->mem_from },
		{ "mem_to_kib", (int64_t)d->mem_to },
		{ "mem_keep_kib", (int64_t)d->mem_keep },
		{ "candidates", d->candidates },
		{ "chance", d->chance },
	};
	json_t *o = json_object();

	(void)json_object_set_new(o, "reason", json_string(policy_reason_names[d->reason]));
	(void)json_object_set_new(o, "verdict", json_string(policy_verdict_names[d->verdict]));
	(void)json_object_set_new(o, "text", obj_text(policy_explain(d, text, sizeof(text))));
	if (d->word[0])
		(void)json_object_set_new(o, "word", json_sprintf("%.*s", (int)sizeof(d->word), d->word));
	for (unsigned i = 0; i < ARRAY_SIZE(figures); i++)
		(void)json_object_set_new(o, figures[i].name, json_integer(figures[i].value));
	return o;
}

static bool may_see(const struct ask *a, const struct decided *one)
{
	return !a->cred.uid || a->cred.uid == one->uid;
}

void decisions_sweep(struct decisions *v)
{
	for (struct follower **at = &v->followers; *at;) {
		struct follower *f = *at;

		if (!ask_gone(f->a)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		v->n_followers--;
		ask_done(f->a, NULL);
		free(f);
	}
}

static void tell_followers(struct decisions *v, const struct decided *one)
{
	for (struct follower *f = v->followers; f; f = f->next)
		if (may_see(f->a, one))
			ask_tell(f->a, decided_json(one));
}

void decisions_note(struct decisions *v, pid_t pid, uid_t uid, const char *comm,
		    const struct policy_decision *d)
{
	struct decided *one = &v->at[(v->first + v->n) % DECISIONS_KEPT];

	if (v->n == DECISIONS_KEPT)
		v->first = (v->first + 1) % DECISIONS_KEPT;
	else
		v->n++;
	*one = (struct decided){ .wall = (double)clock_now(CLOCK_REALTIME) / NSEC_PER_SEC,
				 .pid = pid, .uid = uid, .d = *d };
	(void)snprintf(one->comm, sizeof(one->comm), "%s", comm);
	tell_followers(v, one);
}

json_t *decisions_of(const struct decisions *v, pid_t pid)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < v->n; i++) {
		const struct decided *one = &v->at[(v->first + i) % DECISIONS_KEPT];

		if (one->pid == pid)
			(void)json_array_append_new(list, decided_json(one));
	}
	return list;
}

void decisions_tell(struct decisions *v, struct ask *a, bool follow)
{
	struct follower *f;

	for (unsigned i = 0; i < v->n; i++) {
		const struct decided *one = &v->at[(v->first + i) % DECISIONS_KEPT];

		if (may_see(a, one))
			ask_tell(a, decided_json(one));
	}
	if (!follow) {
		ask_done(a, json_pack("{sbsi}", "ok", 1, "kept", (int)DECISIONS_KEPT));
		return;
	}
	f = v->n_followers < FOLLOWERS_MAX ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		ask_fail(a, "busy", "%u others follow the decisions already", v->n_followers);
		return;
	}
	f->a = a;
	f->next = v->followers;
	v->followers = f;
	v->n_followers++;
}

void decisions_destroy(struct decisions *v)
{
	while (v && v->followers) {
		struct follower *f = v->followers;

		v->followers = f->next;
		ask_fail(f->a, "stopped", "mosd is being stopped");
		free(f);
	}
	free(v);
}
