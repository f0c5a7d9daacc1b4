/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/ask/nodes.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/figures/measure.h"
#include "node/figures/native.h"
#include "node/peers/peers.h"
#include "node/site/levers.h"

static json_t *flags_json(unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
		{ INFO_STAY, "stay" },	 { INFO_LSTAY, "lstay" }, { INFO_BLOCK, "block" },
		{ INFO_QUIET, "quiet" }, { INFO_EXPEL, "expel" }, { INFO_PRESSED, "pressed" },
	};
	json_t *list = json_array();

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].bit)
			(void)json_array_append_new(list, json_string(words[i].word));
	return list;
}

/* What of a record is known. */
enum told {
	TOLD_NOTHING, /* nothing was heard of that node yet */
	TOLD_SIZE,    /* it is quiet: not how busy it is */
	TOLD_ALL,
	TOLD_NEVER, /* not even then */
};

static void put_info(json_t *o, const struct node_info *i, enum told told, bool up)
{
	const struct {
		const char *name;
		enum told from;
		uint64_t value;
	} figures[] = {
		{ "speed", TOLD_SIZE, i->speed },
		{ "cpus", TOLD_SIZE, i->cpus },
		{ "runnable", TOLD_ALL, i->runnable },
		{ "native", i->native == INFO_NOT_TOLD ? TOLD_NEVER : TOLD_ALL, MIN(i->native, i->runnable) },
		{ "load", TOLD_ALL, info_load(i) },
		{ "util", TOLD_ALL, i->util },
		{ "mem_total_kib", TOLD_SIZE, i->mem_total },
		{ "mem_free_kib", TOLD_ALL, i->mem_free },
		{ "mem_raw_kib", TOLD_ALL, i->mem_raw },
		{ "guests", TOLD_SIZE, i->guests },
		{ "guests_max", TOLD_SIZE, i->guests_max },
		{ "away", TOLD_SIZE, i->away },
		{ "status", TOLD_NOTHING, INFO_CONFIGURED | (up ? INFO_UP : 0) |
			    (i->flags & (INFO_STAY | INFO_LSTAY | INFO_BLOCK | INFO_QUIET)) },
	};
	char features[20];

	for (unsigned k = 0; k < ARRAY_SIZE(figures); k++)
		(void)json_object_set_new(o, figures[k].name,
					  told < figures[k].from ? json_null() :
								   json_integer((json_int_t)figures[k].value));
	(void)json_object_set_new(o, "flags", flags_json(i->flags));
	(void)snprintf(features, sizeof(features), "%016llx", (unsigned long long)i->features);
	(void)json_object_set_new(o, "features", i->features ? json_string(features) : json_null());
}

/* A quiet node tells nobody how busy it is, and so it is not in its own record either. */
static void know_ourselves(const struct mosd *d, struct node_info *i)
{
	struct node_info now = { 0 };

	measure_info(d->measure, &now);
	i->runnable = now.runnable;
	i->native = native_of(d->native, now.runnable);
	i->util = now.util;
	i->mem_free = now.mem_free;
	i->mem_raw = now.mem_raw;
}

static void put_member(json_t *o, const struct mosd *d, const struct member *m)
{
	enum told told = m->info.flags & INFO_QUIET ? TOLD_SIZE : TOLD_ALL;
	struct node_info i = m->info;

	if (m->node == d->site.me) {
		know_ourselves(d, &i);
		told = TOLD_ALL;
	}
	put_info(o, &i, i.seq ? told : TOLD_NOTHING, member_present(m->state));
}

static json_t *member_json(const struct mosd *d, const struct member *m)
{
	char addr[NODE_ADDR_TEXT] = "";
	struct node_addr a;
	nsec_t now = mono_now();
	json_t *o = json_object();

	if (roster_find(d->site.roster, (node_id){ m->node }, &a) == 0)
		(void)node_addr_str(&a, addr);
	(void)json_object_set_new(o, "node", json_integer(m->node));
	(void)json_object_set_new(o, "addr", json_string(addr));
	(void)json_object_set_new(o, "me", json_boolean(m->node == d->site.me));
	(void)json_object_set_new(o, "state", json_string(member_state_str(m->state)));
	(void)json_object_set_new(o, "age_ms",
				  json_integer(m->info.seq ? (now - m->made) / NSEC_PER_MSEC : -1));
	(void)json_object_set_new(o, "rtt_us", m->rtt_us ? json_integer(m->rtt_us) : json_null());
	put_member(o, d, m);
	return o;
}

/* Alone: the one node that there is. */
static json_t *alone_json(struct mosd *d)
{
	struct node_info i = { .node = d->site.me };
	json_t *o = json_object();

	measure_info(d->measure, &i);
	i.native = native_of(d->native, i.runnable);
	if (levers_speed(d))
		i.speed = levers_speed(d);
	i.flags = (uint16_t)levers_flags(d);
	(void)json_object_set_new(o, "node", json_integer(d->site.me));
	(void)json_object_set_new(o, "addr", json_string(""));
	(void)json_object_set_new(o, "me", json_true());
	(void)json_object_set_new(o, "state", json_string(member_state_str(MEMBER_ALIVE)));
	(void)json_object_set_new(o, "age_ms", json_integer(0));
	(void)json_object_set_new(o, "rtt_us", json_null());
	put_info(o, &i, TOLD_ALL, true);
	return o;
}

void op_nodes(struct ask *a, const json_t *o)
{
	struct mosd *d = a->d;
	json_int_t n = 0;

	peers_tell(d->peers); /* of ourselves, what is so now */
	if (!d->peers) {
		ask_tell(a, alone_json(d));
		n = 1;
	}
	for (const struct member *m = peers_next(d->peers, NULL); m; m = peers_next(d->peers, m), n++)
		ask_tell(a, member_json(d, m));
	ask_done(a, json_pack("{sbsIsI}", "ok", 1, "count", n, "node", (json_int_t)d->site.me));
}
