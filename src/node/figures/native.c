/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how guests' part of the load is counted: in the way of measure.c, over the threads of their bodies
 * alone. Without guests nothing is looked at. */
#include "node/figures/native.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "cluster/info.h"
#include "node/beat.h"
#include "node/figures/meter.h"
#include "node/figures/tasks.h"
#include "node/process/guests.h"
#include "node/process/proc.h"

struct native {
	struct mosd *d;
	struct tasks *tasks; /* NULL as long as there never was a guest */
	struct meter meter;
	uint64_t ran_ns;
};

/* Adds a process's threads. Return: how many there are in @to now. */
static unsigned add_threads(pid_t pid, int *to, unsigned n, unsigned max)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && n < max && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			to[n++] = (int)strtol(e->d_name, NULL, 10);
	if (dir)
		(void)closedir(dir);
	return n;
}

static int list(void *ctx, int *to, unsigned max, bool *ret_all)
{
	const struct native *v = ctx;
	unsigned n = 0;
	pid_t body = 0;

	while (n < max && (body = guests_next_body(v->d->guests, body)))
		n = add_threads(body, to, n, max);
	*ret_all = n < max;
	return (int)n;
}

static int look(void *ctx, int tid, uint64_t *ret_ran, uint64_t *ret_waited)
{
	return proc_read_sched(tid, ret_ran, ret_waited);
}

static bool ready(void *ctx, int tid)
{
	struct proc_stat st;

	return proc_read_stat(tid, &st) == 0 && st.state == 'R';
}

static bool never(void *ctx, int tid)
{
	return false;
}

static const struct tasks_ops ops = { .list = list, .look = look, .ready = ready, .ours = never };

static void on_second(void *data)
{
	struct native *v = data;
	struct meter_sample s = { .at = mono_now(), .cpus = INFO_WHOLE };
	uint64_t ran = 0;

	if (!guests_next_body(v->d->guests, 0)) {
		v->meter = (struct meter){ 0 };
		return;
	}
	if (!v->tasks)
		v->tasks = tasks_create(&ops, v);
	if (!v->tasks || tasks_look(v->tasks, s.at, &s.waiting, &ran) < 0)
		return;
	s.used_ns = v->ran_ns += ran;
	meter_add(&v->meter, &s);
}

struct native *native_create(struct mosd *d)
{
	struct native *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->d = d;
	beat_join(d->beat, BEAT_NATIVE, on_second, v);
	return v;
}

void native_destroy(struct native *v)
{
	if (!v)
		return;
	beat_leave(v->d->beat, BEAT_NATIVE);
	if (v->tasks)
		tasks_destroy(v->tasks);
	free(v);
}

uint32_t native_of(const struct native *v, uint32_t runnable)
{
	return runnable - MIN(runnable, v->meter.runnable);
}
