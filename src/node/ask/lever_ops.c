/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what root may ask of a node. */
#include "node/ask/lever_ops.h"

#include "node/obj.h"
#include "node/peers/peers.h"
#include "node/process/drain.h"
#include "node/site/levers.h"

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

static void answer(struct ask *a, int r, const struct err *e)
{
	peers_tell(a->d->peers);
	if (r < 0)
		ask_fail(a, "not-kept", "%s", err_str(e, r));
	else
		ask_done(a, json_pack("{sbsosI}", "ok", 1, "flags", levers_json(a->d), "speed",
				      (json_int_t)levers_speed(a->d)));
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
	answer(a, r, &e);
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
	answer(a, r, &e);
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
