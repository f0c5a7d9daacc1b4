/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the life of a mos-guest as mosd sees it: new, admitted, running, gone. */
#include "node/process/guests.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/balance/balance.h"
#include "node/link.h"
#include "node/obj.h"
#include "node/paths.h"
#include "node/process/proc.h"
#include "node/process/slots.h"
#include "node/site/levers.h"

#define GUESTS_NEW_MAX 64U   /* supervisors whose peer has not yet shown that it has the key */
#define GUESTS_SHOWN   1024U /* in one answer, whose length has a limit */
#define ANCESTORS_MAX  32U
#define MEANS_FOLLOW   (2 * NSEC_PER_SEC) /* until what is measured shows half of a newcomer */

enum guest_state {
	GUEST_NEW,	/* a stream came; its peer is unknown until it asks for admission */
	GUEST_ADMITTED, /* has a slot and a token; its body is being built */
	GUEST_RUNNING,
	GUEST_GONE, /* said so, or was refused; its supervisor ends by itself */
	GUEST_STATE_COUNT_
};

static const char *const state_str[] = {
	[GUEST_NEW] = "new",
	[GUEST_ADMITTED] = "admitted",
	[GUEST_RUNNING] = "running",
	[GUEST_GONE] = "gone",
};
static_assert(ARRAY_SIZE(state_str) == GUEST_STATE_COUNT_, "a word for each");

struct guest {
	struct guest *next;
	struct guests *all;
	struct link *link; /* NULL: found at start; it cannot reach us any more */
	pid_t supervisor;
	int pidfd;	   /* tells the end of a supervisor without link */
	ev_io on_end;
	enum guest_state state;
	int slot; /* -1: none */
	struct token token;
	uint32_t home, epoch;
	pid_t home_pid, body;
	struct policy_arrival needs; /* as its home said */
	nsec_t ran;		     /* when it began to run here */
	uint32_t home_uid;
	char comm[64];
};

struct guests {
	struct mosd *d;
	struct guest *first;
	uint64_t came; /* since mosd started */
};

struct guests *guests_create(struct mosd *d)
{
	struct guests *g = calloc(1, sizeof(*g));

	if (g)
		g->d = d;
	return g;
}

static void guest_free(struct guest *g)
{
	struct guest **at = &g->all->first;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (g->pidfd >= 0)
		ev_io_stop(g->all->d->loop, &g->on_end);
	close_fd(&g->pidfd);
	free(g);
}

/* The supervisors live on; only what we know of them goes. */
void guests_destroy(struct guests *g)
{
	while (g && g->first)
		guest_free(g->first);
	free(g);
}

static unsigned count_state(const struct guests *g, enum guest_state s)
{
	unsigned n = 0;

	for (const struct guest *one = g->first; one; one = one->next)
		n += one->state == s;
	return n;
}

static void free_slot(struct guest *g)
{
	if (g->slot >= 0)
		slots_free(MOS_SLOTS_DIR, (unsigned)g->slot);
	g->slot = -1;
}

/* Return: a slot, or -errno with the reason why this one may not come. */
static int admit(struct guest *g, struct err *e)
{
	const struct mosd *d = g->all->d;
	unsigned n = guests_count(g->all);
	unsigned max = d->site.conf.guest_ids_count / CONF_IDS_EACH;
	int r = levers_take_guests(levers_flags(d), d->site.me, e);

	if (r < 0)
		return r;
	if (!site_has_node(&d->site, g->home) || g->home == d->site.me)
		return err_set(e, -EPERM, "node %u is not another node that node %u knows",
			       g->home, d->site.me);
	if (n >= max)
		return err_reason(e, -ENOSPC, "guests-max", "node %u has %u guests, which is its limit",
				  d->site.me, n);
	r = balance_admit(g->all->d, &g->needs, e);
	if (r < 0)
		return r;
	r = token_draw(&g->token);
	if (r == 0)
		r = slots_take(MOS_SLOTS_DIR, max, link_pid(g->link));
	if (r < 0)
		return err_set(e, r, "node %u has no place for a guest: %s", d->site.me,
			       r == -ENOSPC ? "all ranges of ids are taken" : strerror(-r));
	return r;
}

/* The first of the two ids that are the guest's alone. */
static uint32_t guest_ids(const struct guest *g)
{
	return g->all->d->site.conf.guest_ids_base + CONF_IDS_EACH * (uint32_t)g->slot;
}

static void on_admit(struct guest *g, const json_t *o)
{
	char hex[TOKEN_HEX + 1];
	struct err e = ERR_INIT;
	int r;

	if (g->state != GUEST_NEW) {
		log_warning("mos-guest %d asked twice for admission", (int)link_pid(g->link));
		return;
	}
	g->home = (uint32_t)obj_int_or(o, "home", 1, NODE_ID_MAX, 0);
	g->home_pid = (pid_t)obj_int_or(o, "pid", 1, INT32_MAX, 0);
	g->home_uid = (uint32_t)obj_int_or(o, "uid", 0, UINT32_MAX, UINT32_MAX);
	g->epoch = (uint32_t)obj_int_or(o, "epoch", 0, UINT32_MAX, 0);
	g->needs = (struct policy_arrival){
		.ordered = obj_bool_or(o, "ordered", false),
		.memory = (uint64_t)obj_int_or(o, "memory", 0, 1LL << 50, 0),
		.wants = (uint32_t)obj_int_or(o, "wants", 0, 1 << 26, 0),
		.load_limit = (uint32_t)obj_int_or(o, "load_limit", 0, UINT32_MAX, 0),
	};
	obj_copy(o, "comm", g->comm, sizeof(g->comm));
	r = admit(g, &e);
	if (r < 0) {
		g->state = GUEST_GONE;
		log_info("process %d of node %u refused: %s", (int)g->home_pid, g->home, e.msg);
		(void)link_send(g->link,
				json_pack("{ssssso}", "op", "refused", "code",
					  e.reason[0] ? e.reason : "refused", "error",
					  obj_text(e.msg)),
				-1);
		return;
	}
	g->slot = r;
	g->state = GUEST_ADMITTED;
	(void)slots_note(MOS_SLOTS_DIR, (unsigned)r, g->supervisor,
			 &(struct slot_note){ g->home, g->home_uid, g->epoch, g->home_pid });
	token_to_hex(&g->token, hex);
	r = link_send(g->link,
		      json_pack("{sssisssIsi}", "op", "admitted", "slot", g->slot, "token", hex, "id",
				(json_int_t)guest_ids(g), "node", (int)g->all->d->site.me),
		      -1);
	if (r < 0)
		log_warning("mos-guest %d does not listen: %s", (int)link_pid(g->link),
			    strerror(-r));
}

static void on_running(struct guest *g, const json_t *o)
{
	if (g->state != GUEST_ADMITTED && g->state != GUEST_RUNNING)
		return;
	g->body = (pid_t)obj_int_or(o, "body", 1, INT32_MAX, 0);
	if (g->state == GUEST_ADMITTED) {
		g->all->came++;
		log_info("process %d (%s) of node %u runs here", (int)g->home_pid, g->comm,
			 g->home);
	}
	g->state = GUEST_RUNNING;
	g->ran = mono_now();
}

static void on_gone(struct guest *g, const json_t *o)
{
	char cause[24];

	obj_copy(o, "cause", cause, sizeof(cause));
	if (g->state == GUEST_ADMITTED || g->state == GUEST_RUNNING)
		log_info("process %d (%s) of node %u is gone: %s", (int)g->home_pid, g->comm,
			 g->home, cause);
	g->state = GUEST_GONE;
	g->body = 0;
}

static const struct {
	const char *name;
	void (*handle)(struct guest *g, const json_t *o);
} events[] = {
	{ "admit", on_admit },
	{ "running", on_running },
	{ "gone", on_gone },
};

static void guest_packet(void *data, json_t *o)
{
	struct guest *g = data;
	const char *ev = obj_str(o, "ev");

	for (unsigned i = 0; ev && i < ARRAY_SIZE(events); i++)
		if (!strcmp(ev, events[i].name)) {
			events[i].handle(g, o);
			return;
		}
	log_warning("mos-guest %d sent an unknown event '%s'", (int)link_pid(g->link),
		    ev ? ev : "");
}

static void guest_closed(void *data, int status)
{
	struct guest *g = data;

	if (g->state == GUEST_ADMITTED || g->state == GUEST_RUNNING)
		log_warning(
			"the supervisor of process %d of node %u ended unexpectedly (status %d)",
			(int)g->home_pid, g->home, status);
	free_slot(g);
	guest_free(g);
}

static const struct link_ops guest_link_ops = { .packet = guest_packet, .closed = guest_closed };

static struct guest *guest_create(struct guests *all)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->all = all;
	g->slot = -1;
	g->pidfd = -1;
	g->next = all->first;
	all->first = g;
	return g;
}

int guests_stream(struct guests *all, int fd, const struct token *t, struct err *e)
{
	CLEANUP(close_fd) int own = fd;
	struct guest *g;
	int r;

	if (!token_is_zero(t)) {
		for (g = all->first; g; g = g->next)
			if (g->link && g->slot >= 0 && g->state != GUEST_GONE && token_equal(&g->token, t))
				break;
		if (!g)
			return err_set(e, -ENOENT, "nobody waits for this stream: no guest, and no token has that name");
		r = link_send(g->link, json_pack("{ss}", "op", "stream"), fd);
		return r < 0 ? err_set(e, r, "hand a stream over: %s", strerror(-r)) : 0;
	}
	if (count_state(all, GUEST_NEW) >= GUESTS_NEW_MAX)
		return err_set(e, -EAGAIN, "%u streams wait for admission already", GUESTS_NEW_MAX);
	g = guest_create(all);
	if (!g)
		return err_set(e, -ENOMEM, "out of memory");
	r = link_spawn(all->d->loop, "mos-guest", fd, &guest_link_ops, g, &g->link, e);
	if (r < 0)
		guest_free(g);
	else
		g->supervisor = link_pid(g->link);
	return r;
}

int guests_adopt(struct guests *all, int fd, pid_t supervisor, const json_t *hello, struct err *e)
{
	CLEANUP(close_fd) int own = fd;
	const char *hex = obj_str(hello, "token");
	struct token t = { { 0 } };
	int64_t slot;
	struct guest *g;
	int r;

	if (obj_int(hello, "slot", 0, INT32_MAX, &slot) < 0 || !hex ||
	    token_from_hex(hex, &t) < 0 || token_is_zero(&t))
		return err_set(e, -EPROTO, "hello of a mos-guest without slot and token");
	r = slots_claim(MOS_SLOTS_DIR, (unsigned)slot, supervisor);
	if (r < 0)
		return err_set(e, r, "slot %d of mos-guest %d: %s", (int)slot, (int)supervisor,
			       strerror(-r));
	for (g = all->first; g; g = g->next)
		if (g->supervisor == supervisor && !g->link)
			break;
	if (g)
		guest_free(g); /* found, and now it reports by itself */
	g = guest_create(all);
	if (!g)
		return err_set(e, -ENOMEM, "out of memory");
	g->supervisor = supervisor;
	r = link_adopt(all->d->loop, steal_fd(&own), supervisor, &guest_link_ops, g, &g->link);
	if (r < 0) {
		guest_free(g);
		return err_set(e, r, "out of memory");
	}
	g->state = GUEST_RUNNING;
	g->slot = (int)slot;
	g->token = t;
	g->home = (uint32_t)obj_int_or(hello, "node", 0, NODE_ID_MAX, 0);
	g->home_pid = (pid_t)obj_int_or(hello, "pid", 0, INT32_MAX, 0);
	g->epoch = (uint32_t)obj_int_or(hello, "epoch", 0, UINT32_MAX, 0);
	g->home_uid = (uint32_t)obj_int_or(hello, "uid", 0, UINT32_MAX, UINT32_MAX);
	g->body = (pid_t)obj_int_or(hello, "body", 0, INT32_MAX, 0);
	obj_copy(hello, "comm", g->comm, sizeof(g->comm));
	log_info("guest %d (%s) of node %u, its supervisor %d reports", (int)g->home_pid, g->comm,
		 g->home, (int)supervisor);
	return 0;
}

static void on_found_end(struct ev_loop *loop, ev_io *w, int revents)
{
	struct guest *g = w->data;

	log_info("process %d (%s) of node %u is gone", (int)g->home_pid, g->comm, g->home);
	free_slot(g);
	guest_free(g);
}

/* The only child, or 0. */
static pid_t child_of(pid_t pid)
{
	char path[64], text[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return io_read_file(path, text, sizeof(text)) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void find_in_slot(struct guests *all, unsigned slot)
{
	struct slot_note n;
	struct proc_stat st;
	pid_t pid = slots_holder(MOS_SLOTS_DIR, slot, &n);
	struct guest *g;

	if (!pid || !proc_runs_program(pid, "mos-guest"))
		return;
	g = guest_create(all);
	if (!g)
		return;
	g->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (g->pidfd < 0) {
		guest_free(g);
		return;
	}
	g->supervisor = pid;
	g->slot = (int)slot;
	g->state = GUEST_RUNNING;
	g->home = n.home;
	g->home_pid = n.home_pid;
	g->home_uid = n.home_uid;
	g->epoch = n.epoch;
	g->body = child_of(child_of(pid));
	if (g->body && proc_read_stat(g->body, &st) == 0)
		memcpy(g->comm, st.comm, sizeof(g->comm));
	g->on_end.data = g;
	ev_io_init(&g->on_end, on_found_end, g->pidfd, EV_READ);
	ev_io_start(all->d->loop, &g->on_end);
	log_info("guest %d (%s) of node %u is here since before", (int)g->home_pid, g->comm, g->home);
}

void guests_find(struct guests *all)
{
	unsigned max = all->d->site.conf.guest_ids_count / CONF_IDS_EACH;
	struct dirent *d;
	DIR *dir = opendir(MOS_SLOTS_DIR);

	while (dir && (d = readdir(dir))) {
		char *end;
		unsigned long slot = strtoul(d->d_name, &end, 10);

		if (end != d->d_name && !*end && slot < max)
			find_in_slot(all, (unsigned)slot);
	}
	if (dir)
		(void)closedir(dir);
}

pid_t guests_next_body(const struct guests *g, pid_t after)
{
	pid_t next = 0;

	for (const struct guest *one = g->first; one; one = one->next)
		if (one->state == GUEST_RUNNING && one->body > after && (!next || one->body < next))
			next = one->body;
	return next;
}

bool guests_own(const struct guests *all, pid_t pid)
{
	struct proc_stat st;

	if (!all->first)
		return false;
	for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		for (const struct guest *g = all->first; g; g = g->next)
			if (g->body == pid || g->supervisor == pid)
				return true;
		if (proc_read_stat(pid, &st) < 0)
			return false;
		pid = st.ppid;
	}
	return false;
}

void guests_under_way(const struct guests *g, uint32_t *n, uint32_t *wants, uint64_t *memory)
{
	*n = *wants = 0;
	*memory = 0;
	for (const struct guest *one = g->first; one; one = one->next)
		if (one->state == GUEST_ADMITTED) {
			++*n;
			*wants += one->needs.wants; /* each bounded by hello_get */
			*memory += one->needs.memory;
		} else if (one->state == GUEST_RUNNING && mono_now() - one->ran < MEANS_FOLLOW) {
			*wants += one->needs.wants;
		}
}

unsigned guests_homes(const struct guests *g, uint32_t *to, unsigned max)
{
	unsigned n = 0;

	for (const struct guest *one = g->first; one && n < max; one = one->next) {
		bool known = one->state != GUEST_RUNNING && one->state != GUEST_ADMITTED;

		for (unsigned i = 0; i < n && !known; i++)
			known = to[i] == one->home;
		if (!known)
			to[n++] = one->home;
	}
	return n;
}

unsigned guests_count(const struct guests *all)
{
	return count_state(all, GUEST_ADMITTED) + count_state(all, GUEST_RUNNING);
}

json_t *guests_json(const struct guests *all)
{
	json_t *list = json_array();

	for (const struct guest *g = all->first; g && json_array_size(list) < GUESTS_SHOWN;
	     g = g->next)
		(void)json_array_append_new(
			list, json_pack("{sssIsIsIsososi}", "state", state_str[g->state], "home",
					(json_int_t)g->home, "pid", (json_int_t)g->home_pid, "body",
					(json_int_t)g->body, "uid",
					g->home_uid == UINT32_MAX ? json_null()
								  : json_integer(g->home_uid),
					"comm", obj_text(g->comm), "slot", g->slot));
	return list;
}
