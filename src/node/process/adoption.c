/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows which of the machine's processes the rules are held against.
 *
 * DOC: all but those that are under mosrun already, belong to umosix, are guests, have special rights, or see
 * other mounts than mosd: a service with a private /tmp, a container. The latter are not this node's
 * programs in the sense that its users mean, and what they open by name is not what is there for us. A look
 * costs two small files for each process, every few seconds, and only where there are rules. */
#include "node/process/adoption.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/process/adopt_users.h"
#include "node/process/homes.h"
#include "node/process/members.h"

#define EACH 5U /* s */

struct adoption {
	struct mosd *d;
	ev_timer timer;
	struct stat mounts;	  /* of mosd */
	struct adopt_rules rules; /* the configuration's, with numbers for names */
	json_t *warnings;	  /* of names that nobody knows */
};

static uint64_t age_of(const struct proc_stat *st)
{
	uint64_t hz = (uint64_t)MAX(sysconf(_SC_CLK_TCK), 1L);
	uint64_t now = (uint64_t)(clock_now(CLOCK_BOOTTIME) / NSEC_PER_SEC);

	return now > st->start / hz ? now - st->start / hz : 0;
}

/* Return: the rule that means it, or NULL. */
static const struct adopt_rule *find_rule(const struct mosd *d, const struct proc_id *id,
					  uint64_t *ret_wait)
{
	char link[64], path[PATH_MAX];
	const struct adopt_process p = { .uid = id->status.uid[0],
					 .path = path,
					 .comm = id->stat.comm,
					 .age = age_of(&id->stat) };
	const struct adoption *a = d->adoption;
	const struct adopt_rule *found;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)id->stat.pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	found = adopt_find(&a->rules, &p, ret_wait);
	return found ? &d->site.conf.adopt.rule[found - a->rules.rule] : NULL;
}

static bool same_mounts(const struct adoption *a, pid_t pid)
{
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	return stat(path, &st) == 0 && st.st_ino == a->mounts.st_ino && st.st_dev == a->mounts.st_dev;
}

static bool is_guest_id(const struct mosd *d, uid_t uid)
{
	return uid >= d->site.conf.guest_ids_base &&
	       uid - d->site.conf.guest_ids_base < d->site.conf.guest_ids_count;
}

static void look_at(struct adoption *a, pid_t pid)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	const struct adopt_rule *rule;
	struct mosd *d = a->d;
	struct err e = ERR_INIT;
	struct migrant *m;
	uint64_t wait;

	if (!same_mounts(a, pid) || proc_id_read(pid, &id) < 0 ||
	    is_guest_id(d, id.status.uid[0]) || migrants_find(d->migrants, pid, id.stat.start))
		return;
	rule = find_rule(d, &id, &wait);
	if (!rule || wait || members_has(d->members, pid) || home_check(d, &id, 0, &e) < 0)
		return;
	m = migrants_get(d->migrants, &id, MIGRANT_ADOPTED);
	if (!m)
		return;
	m->by_rule = true;
	log_info("process %d (%s) may move from now on: a rule adopts it", (int)pid, m->comm);
}

static bool on_pid(pid_t pid, void *data)
{
	look_at(data, pid);
	return true;
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)proc_for_each(on_pid, t->data);
}

struct adoption *adoption_create(struct mosd *d)
{
	struct adoption *a = calloc(1, sizeof(*a));
	const json_t *w;
	size_t i;

	if (!a)
		return NULL;
	a->d = d;
	a->timer.data = a;
	ev_timer_init(&a->timer, on_timer, EACH, EACH);
	a->rules = d->site.conf.adopt;
	a->warnings = adopt_users_find(&a->rules, d->conf_path);
	json_array_foreach(a->warnings, i, w)
		log_warning("%s", json_string_value(w));
	if (!a->rules.n)
		return a;
	if (stat("/proc/self/ns/mnt", &a->mounts) < 0) {
		log_warning("no rule adopts anything: /proc does not tell who sees which mounts");
		return a;
	}
	ev_timer_start(d->loop, &a->timer);
	return a;
}

void adoption_destroy(struct adoption *a)
{
	if (!a)
		return;
	ev_timer_stop(a->d->loop, &a->timer);
	json_decref(a->warnings);
	free(a);
}

json_t *adoption_warnings(const struct mosd *d)
{
	return json_incref(d->adoption->warnings);
}

static json_t *rule_json(const struct adopt_rule *r, const char *what)
{
	return json_sprintf("%s by the rule user=%s program=%s age=%u", what, r->user[0] ? r->user : "*",
			    r->program[0] ? r->program : "*", r->age);
}

json_t *adoption_why(struct mosd *d, const struct proc_id *id, const struct migrant *m)
{
	const struct adopt_rule *r;
	struct err e = ERR_INIT;
	uint64_t wait = 0;
	char soon[64];

	if (!d->site.conf.adopt.n || (m && m->how != MIGRANT_ADOPTED))
		return NULL;
	r = find_rule(d, id, &wait);
	if (!r)
		return m ? NULL : json_string("no rule means it");
	if (m)
		return rule_json(r, m->by_rule ? "it was adopted" : "it would be adopted too");
	if (!same_mounts(d->adoption, id->stat.pid))
		return rule_json(r, "it sees other mounts than mosd, and so is not adopted");
	if (home_check(d, id, 0, &e) < 0)
		return rule_json(r, "it cannot move, and so is not adopted");
	(void)snprintf(soon, sizeof(soon), "it is adopted in %llu to %llu s", (unsigned long long)wait,
		       (unsigned long long)wait + EACH);
	return rule_json(r, soon);
}
