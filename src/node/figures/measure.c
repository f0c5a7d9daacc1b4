/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what to read for each figure, where, and what to do where the kernel does not tell.
 *
 * DOC: how many tasks want to run is the time that was used, which is exact, and the time that was
 * waited for. For the whole machine the kernel tells how many tasks run or wait, at an instant:
 * those above the number of processors wait. Inside a cgroup it does not, so threads are looked at
 * (tasks.c), but only if something runs there at all, or the group's pressure says that somebody
 * waits: an idle node is measured with six small files a second. Pressure, the share of the time
 * in which at least one task waited, is also a lower bound where threads are too many to look at.
 *
 * What mosd itself uses is taken off again. Its supervisors' time counts as any other's: it is
 * spent here, and it is all that they weigh, since they wait for messages and not for processors.
 */
#include "node/figures/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "kernel/cgroup.h"
#include "kernel/cpu.h"
#include "kernel/machine.h"
#include "node/beat.h"
#include "node/figures/meter.h"
#include "node/figures/speed.h"
#include "node/figures/tasks.h"
#include "node/process/proc.h"

#define FIND_EACH   60 /* samples: the cgroups around us may have changed */
#define LIMITS_EACH 5  /* samples: so may limits, and which processors are online */
#define IDLE_MILLI  20U

struct measure {
	struct beat *beat;
	char named[CONF_PATH_MAX];
	struct cgroup group;
	int meminfo, loadavg; /* kept */
	struct tasks *tasks;
	struct meter meter;
	struct meter_memory memory;
	unsigned online;
	uint32_t cpus, speed;
	uint32_t measured; /* the speed; 0: mosd.conf said it */
	uint64_t features;
	unsigned samples;
	bool begun, warned;
	bool limited; /* some group had a limit on memory when we last looked at all */
	nsec_t at;
	uint64_t account_ns; /* as read; and of threads, where there is no account */
	uint64_t waited_us, threads_ns;
};

static int list_tasks(void *ctx, int *to, unsigned max, bool *ret_all)
{
	const struct measure *m = ctx;

	return cgroup_tasks(&m->group, to, max, ret_all);
}

static int look_at_task(void *ctx, int tid, uint64_t *ret_ran, uint64_t *ret_waited)
{
	return proc_read_sched(tid, ret_ran, ret_waited);
}

static bool task_is_ready(void *ctx, int tid)
{
	struct proc_stat st;

	return proc_read_stat(tid, &st) == 0 && st.state == 'R';
}

static bool task_is_ours(void *ctx, int tid)
{
	return tid == getpid() || proc_runs_program(tid, "mos-home") ||
	       proc_runs_program(tid, "mos-guest");
}

static const struct tasks_ops task_ops = {
	.list = list_tasks, .look = look_at_task, .ready = task_is_ready, .ours = task_is_ours
};

static void find_group(struct measure *m)
{
	char was[sizeof(m->group.scope)];
	struct err e = ERR_INIT;
	int r;

	memcpy(was, m->group.scope, sizeof(was));
	r = cgroup_find(&m->group, m->named, &e);
	if (r < 0 && !m->warned)
		log_warning("%s; it measures %s", err_str(&e, r), measure_scope(m));
	m->warned = r < 0;
	if (strcmp(was, m->group.scope) != 0) { /* other accounts: begin anew */
		m->meter.begun = false;
		m->begun = false;
	}
}

/* Thousandths of the time since the last sample in which some task waited. */
static bool pressure(struct measure *m, nsec_t span, uint32_t *ret)
{
	uint64_t us, before = m->waited_us;

	if (cgroup_waited_us(&m->group, &us) < 0)
		return false;
	m->waited_us = us;
	*ret = 0;
	if (m->begun && us > before)
		*ret = (uint32_t)MIN((us - before) * NSEC_PER_USEC * INFO_WHOLE / (uint64_t)span,
				     (uint64_t)INFO_WHOLE);
	return true;
}

static uint32_t machine_waiting(struct measure *m)
{
	unsigned running;

	if (machine_running(&m->loadavg, &running) < 0 || running <= m->online + 1) /* one is mosd */
		return 0;
	return (running - 1 - m->online) * INFO_WHOLE;
}

/* Thousandths of a task that waited. @used: thousandths of a processor, @counted: that is known. */
static uint32_t waiting(struct measure *m, uint64_t used, bool counted, nsec_t span)
{
	uint32_t share = 0, sum = 0, idle = MIN(IDLE_MILLI, m->cpus / 10);
	bool told = pressure(m, span, &share);
	uint64_t ran = 0;
	int r;

	if (!m->group.scoped) {
		sum = machine_waiting(m); /* reads a file, and MAX would twice */
		return MAX(sum, share);
	}
	if (counted && used < idle && (!told || share < idle))
		return share;
	r = tasks_look(m->tasks, m->at, &sum, &ran);
	m->threads_ns += ran;
	return r == 0 ? sum : MAX(sum, share);
}

/* Processor time so far by the kernel's account. Return: whether there is one. */
static bool account(struct measure *m, uint64_t *ret)
{
	uint64_t all, own = (uint64_t)clock_now(CLOCK_PROCESS_CPUTIME_ID);
	int r = cgroup_used_ns(&m->group, &all);

	if (r < 0 && !m->group.scoped)
		r = machine_used_ns(&all);
	if (r == 0)
		*ret = all > own ? all - own : 0;
	return r == 0;
}

static void take_memory(struct measure *m)
{
	struct machine_memory now;
	struct cgroup_memory l = { CGROUP_NONE, CGROUP_NONE, CGROUP_NONE };

	if (machine_memory(&m->meminfo, &now) < 0)
		return;
	/* limits that are not there need no look each second */
	if (m->limited || m->samples % LIMITS_EACH == 0)
		cgroup_memory(&m->group, &l);
	m->limited = l.total != CGROUP_NONE;
	m->memory = meter_memory(&(struct meter_memory){ now.total, now.available, now.unused },
				 &(struct meter_memory){ l.total, l.free, l.unused });
}

static void take_size(struct measure *m)
{
	struct cgroup_cpu l;

	cgroup_cpu(&m->group, &l);
	m->online = machine_online();
	m->cpus = meter_cpus(l.milli, l.cpus, machine_allowed(), m->online);
}

static void take(struct measure *m)
{
	nsec_t now = mono_now(), span = MAX(now - m->at, (nsec_t)1);
	struct meter_sample s = { .at = now };
	uint64_t used = 0, read = 0;
	bool counted;

	if (m->samples % FIND_EACH == 0)
		find_group(m);
	if (m->samples % LIMITS_EACH == 0)
		take_size(m);
	take_memory(m);
	m->samples++;
	counted = account(m, &read);
	if (counted && m->begun && read > m->account_ns)
		used = (read - m->account_ns) / (MAX(span / INFO_WHOLE, (nsec_t)1));
	m->account_ns = read;
	m->at = now;
	s.waiting = waiting(m, used, counted && m->begun, span);
	s.used_ns = counted ? read : m->threads_ns;
	s.cpus = m->cpus;
	meter_add(&m->meter, &s);
	m->begun = true;
}

static void on_second(void *data)
{
	take(data);
}

int measure_create(struct beat *beat, const struct conf *conf, struct measure **ret,
		   struct err *e)
{
	struct measure *m = calloc(1, sizeof(*m));

	if (m)
		m->tasks = tasks_create(&task_ops, m);
	if (!m || !m->tasks) {
		free(m);
		return err_set(e, -ENOMEM, "out of memory");
	}
	m->beat = beat;
	m->group = (struct cgroup)CGROUP_INIT;
	m->meminfo = m->loadavg = -1;
	(void)snprintf(m->named, sizeof(m->named), "%s", conf->cgroup);
	m->features = cpu_features();
	m->measured = conf->speed ? 0 : speed_kept();
	m->speed = conf->speed ? conf->speed : m->measured;
	take(m);
	log_info("measures %s: speed %u, %u.%03u processors, %llu MiB", measure_scope(m), m->speed,
		 m->cpus / INFO_WHOLE, m->cpus % INFO_WHOLE,
		 (unsigned long long)m->memory.total / 1024);
	beat_join(beat, BEAT_MEASURE, on_second, m);
	*ret = m;
	return 0;
}

void measure_destroy(struct measure *m)
{
	if (!m)
		return;
	beat_leave(m->beat, BEAT_MEASURE);
	tasks_destroy(m->tasks);
	cgroup_finish(&m->group);
	close_fd(&m->meminfo);
	close_fd(&m->loadavg);
	free(m);
}

void measure_info(const struct measure *m, struct node_info *ret)
{
	ret->speed = m->speed;
	ret->cpus = m->cpus;
	ret->runnable = m->meter.runnable;
	ret->util = m->meter.util;
	ret->mem_total = m->memory.total;
	ret->mem_free = m->memory.free;
	ret->mem_raw = m->memory.raw;
	ret->features = m->features;
}

const char *measure_scope(const struct measure *m)
{
	return m->group.scoped ? m->group.scope : "machine";
}

json_t *measure_json(const struct measure *m, uint32_t speed)
{
	struct node_info i = { 0 };
	char features[32];

	measure_info(m, &i);
	i.speed = speed ? speed : i.speed; /* by which load is told, too */
	/* as text: JSON's numbers are doubles to many readers */
	(void)snprintf(features, sizeof(features), "%016llx", (unsigned long long)i.features);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "measures",
			 measure_scope(m), "speed", (json_int_t)i.speed, "speed_measured", (json_int_t)m->measured,
			 "cpus", (json_int_t)i.cpus,
			 "runnable", (json_int_t)i.runnable, "load", (json_int_t)info_load(&i),
			 "util", (json_int_t)i.util, "mem_total", (json_int_t)i.mem_total,
			 "mem_free", (json_int_t)i.mem_free, "mem_raw", (json_int_t)i.mem_raw,
			 "features", features);
}
