/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how mosd describes a node. */
#include "tools/nodes.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ids.h"
#include "base/util.h"

static const char *const state_str[] = {
	[NODE_UNKNOWN] = "unknown", [NODE_ALIVE] = "alive", [NODE_SUSPECT] = "suspect",
	[NODE_DEAD] = "dead",	    [NODE_LEFT] = "left",
};
static_assert(ARRAY_SIZE(state_str) == NODE_STATE_COUNT_, "a word for each");

static const char *const flag_str[] = { "stay", "lstay", "block", "quiet", "expel", "pressed" };

const char *node_state_str(enum node_state s)
{
	return state_str[s];
}

static const struct {
	const char *name;
	size_t at;
	int64_t max;
} fields[] = {
	{ "age_ms", offsetof(struct node_row, age_ms), INT64_MAX },
	{ "speed", offsetof(struct node_row, speed), 1000000000 },
	{ "cpus", offsetof(struct node_row, cpus), 1000000000 },
	{ "runnable", offsetof(struct node_row, runnable), 10000000000 },
	{ "load", offsetof(struct node_row, load), UINT32_MAX },
	{ "util", offsetof(struct node_row, util), 1000 },
	{ "mem_total_kib", offsetof(struct node_row, mem_total), 1LL << 50 },
	{ "mem_free_kib", offsetof(struct node_row, mem_free), 1LL << 50 },
	{ "mem_raw_kib", offsetof(struct node_row, mem_raw), 1LL << 50 },
	{ "guests", offsetof(struct node_row, guests), 1000000000 },
	{ "guests_max", offsetof(struct node_row, guests_max), 1000000000 },
	{ "away", offsetof(struct node_row, away), 1000000000 },
	{ "rtt_us", offsetof(struct node_row, rtt_us), INT64_MAX },
};

int node_row_read(const json_t *o, struct node_row *ret)
{
	json_int_t node = json_integer_value(json_object_get(o, "node"));
	const char *state = tool_text(o, "state");
	const json_t *flags = json_object_get(o, "flags"), *f;
	struct node_row r = { 0 };
	size_t i;

	if (node < 1 || node > (json_int_t)NODE_ID_MAX)
		return -EPROTO;
	r.node = (uint32_t)node;
	r.me = json_is_true(json_object_get(o, "me"));
	(void)snprintf(r.addr, sizeof(r.addr), "%s", tool_text(o, "addr"));
	(void)text_clean(r.addr);
	for (enum node_state s = 0; s < NODE_STATE_COUNT_; s++)
		if (!strcmp(state, state_str[s]))
			r.state = s;
	for (unsigned k = 0; k < ARRAY_SIZE(fields); k++) {
		const json_t *field = json_object_get(o, fields[k].name);
		json_int_t v = json_integer_value(field);

		if (v < 0 || v > fields[k].max)
			v = 0;
		if (json_is_null(field))
			v = NODE_NOT_TOLD;
		memcpy((char *)&r + fields[k].at, &(int64_t){ v }, sizeof(int64_t));
	}
	r.mem_free = MIN(r.mem_free, r.mem_total);
	r.mem_raw = MIN(r.mem_raw, r.mem_total);
	json_array_foreach(flags, i, f)
		for (unsigned k = 0; k < ARRAY_SIZE(flag_str); k++)
			if (json_is_string(f) && !strcmp(json_string_value(f), flag_str[k]))
				r.flags |= 1U << k;
	*ret = r;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct node_row *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

int node_list_read(const json_t *array, uint32_t me, struct node_list *ret)
{
	struct node_list l = { .me = me };
	size_t n = MIN(json_array_size(array), (size_t)NODE_ID_MAX), k = 0;

	l.rows = calloc(MAX(n, (size_t)1), sizeof(*l.rows));
	if (!l.rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (node_row_read(json_array_get(array, i), &l.rows[k]) == 0)
			k++;
	qsort(l.rows, k, sizeof(*l.rows), by_number);
	for (size_t i = 0; i < k; i++)
		if (!i || l.rows[i].node != l.rows[i - 1].node)
			l.rows[l.n++] = l.rows[i];
	*ret = l;
	return 0;
}

void node_list_finish(struct node_list *l)
{
	free(l->rows);
	*l = (struct node_list){ 0 };
}

const struct node_row *node_list_find(const struct node_list *l, uint32_t node)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].node == node)
			return &l->rows[i];
	return NULL;
}

static const struct node_row *find_addr(const struct node_list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->rows[i].addr, text))
			return &l->rows[i];
	return NULL;
}

const struct node_row *node_list_host(const struct node_list *l, const char *host, const char **ret_why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	const struct node_row *found = find_addr(l, host);
	char text[NI_MAXHOST];
	int r;

	*ret_why = NULL;
	if (found)
		return found;
	r = getaddrinfo(host, NULL, &hints, &list);
	if (r) {
		*ret_why = gai_strerror(r);
		return NULL;
	}
	for (const struct addrinfo *a = list; a && !found; a = a->ai_next)
		if (!getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0,
				 NI_NUMERICHOST))
			found = find_addr(l, text);
	freeaddrinfo(list);
	return found;
}

bool node_up(const struct node_row *r)
{
	return r->state == NODE_ALIVE || r->state == NODE_SUSPECT;
}

const char *node_flags_text(unsigned flags, const char *between, char *to, size_t size)
{
	size_t len = 0;

	to[0] = '\0';
	for (unsigned k = 0; k < ARRAY_SIZE(flag_str) && len < size; k++)
		if (flags & 1U << k)
			len += (size_t)snprintf(to + len, size - len, "%s%s", len ? between : "",
						flag_str[k]);
	return to;
}

int nodes_ask(struct client *c, json_t **ret_array, json_t **ret_last, struct err *e)
{
	CLEANUP(tool_drop) json_t *list = json_array();
	json_t *o;
	int r = client_send(c, json_pack("{ss}", "op", "nodes"), e);

	while (r == 0) {
		r = client_receive(c, &o, e);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		if (json_array_size(list) < NODE_ID_MAX)
			(void)json_array_append(list, o);
		json_decref(o);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret_last = o;
	*ret_array = steal_ptr(&list);
	return 0;
}
