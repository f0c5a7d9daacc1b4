/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what root may ask of a node. */
#include "node/ask/lever_ops.h"

#include "base/util.h"
#include "node/obj.h"
#include "node/peers/peers.h"
#include "node/process/drain.h"
#include "node/site/levers.h"
#include "policy/policy.h"

bool lever_ops_root(struct ask *a)
{
	if (!a->cred.uid)
		return true;
	ask_fail(a, "root-only", "only root may do that");
	return false;
}

json_t *levers_json(const struct mosd *d)
{
	json_t *list = json_array();

	for (enum lever l = 0; l < LEVER_COUNT_; l++)
		if (levers_flags(d) & lever_flag(l))
			(void)json_array_append_new(list, json_string(lever_str(l)));
	return list;
}

/* @warning may be NULL, and is dropped. */
static void answer(struct ask *a, int r, const struct err *e, json_t *warning)
{
	CLEANUP(obj_drop) json_t *w = warning;

	peers_tell(a->d->peers);
	if (r < 0)
		ask_fail(a, "not-kept", "%s", err_str(e, r));
	else
		ask_done(a, json_pack("{sbsosIsO*}", "ok", 1, "flags", levers_json(a->d), "speed",
				      (json_int_t)levers_speed(a->d), "warning", w));
}

/* What the most sceptical of the other nodes takes for true; where there is none, what any node would. */
static uint64_t credible_everywhere(const struct mosd *d)
{
	uint64_t least = UINT64_MAX;

	for (const struct member *m = peers_next(d->peers, NULL); m; m = peers_next(d->peers, m))
		if (m->node != d->site.me && m->info.seq)
			least = MIN(least, policy_credible(m->info.speed));
	return least == UINT64_MAX ? policy_credible(0) : least;
}

/* Return: NULL, or what others will think of that speed. */
static json_t *disbelief(const struct mosd *d, uint32_t speed)
{
	uint64_t most = credible_everywhere(d);

	if (speed <= most)
		return NULL;
	return json_sprintf("it is set, but not all other nodes will believe it: they take up to %llu (sixteen times their own "
			    "speed, or the standard one), and who does not believe it sends nothing here by itself",
			    (unsigned long long)most);
}

void op_lever(struct ask *a, const json_t *o)
{
	const char *name = obj_str(o, "name");
	enum lever l = name ? lever_find(name) : LEVER_COUNT_;
	const json_t *value = json_object_get(o, "value");
	struct err e = ERR_INIT;
	int r;

	if (!lever_ops_root(a))
		return;
	if (l == LEVER_COUNT_ || !json_is_boolean(value)) {
		ask_fail(a, "bad-request",
			 "\"name\" is one of stay, lstay, block, quiet, expel, \"value\" is true or "
			 "false");
		return;
	}
	r = levers_set(a->d, l, json_is_true(value), &e);
	drain_look(a->d);
	answer(a, r, &e, NULL);
}

void op_speed(struct ask *a, const json_t *o)
{
	struct err e = ERR_INIT;
	int64_t speed;
	int r;

	if (!lever_ops_root(a))
		return;
	if (obj_int(o, "value", 0, LEVERS_SPEED_MAX, &speed) < 0) {
		ask_fail(a, "bad-request",
			 "\"value\" is a speed from 1 to %u, or 0 for the one that was measured",
			 LEVERS_SPEED_MAX);
		return;
	}
	r = levers_set_speed(a->d, (uint32_t)speed, &e);
	answer(a, r, &e, disbelief(a->d, (uint32_t)speed));
}

static void set_and(struct ask *a, const json_t *o, enum lever l, void (*then)(struct ask *a))
{
	struct err e = ERR_INIT;
	int r = 0;

	if (!lever_ops_root(a))
		return;
	if (obj_bool_or(o, "for_now", false))
		levers_set_for_now(a->d, l, true);
	else
		r = levers_set(a->d, l, true, &e);
	peers_tell(a->d->peers);
	if (r < 0) /* it holds all the same */
		ask_tell(a, json_pack("{so}", "warning", obj_text(err_str(&e, r))));
	then(a);
}

void op_expel(struct ask *a, const json_t *o)
{
	set_and(a, o, LEVER_EXPEL, drain_expel);
}

void op_bring(struct ask *a, const json_t *o)
{
	set_and(a, o, LEVER_LSTAY, drain_bring);
}
