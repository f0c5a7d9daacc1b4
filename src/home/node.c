/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talk with mosd: JSON objects, one a packet. See doc/supervisors.md. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/procfs.h"

#define SUPERVISORS_PATH "/run/umosix/supervisors" /* as node/paths.h has it */

static void tell(struct home *h, json_t *o)
{
	CLEANUP(free_ptr) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (text && h->node_fd >= 0 && send(h->node_fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		log_debug("telling mosd: %s", strerror(errno));
}

void node_moved(struct home *h, uint64_t request, uint32_t from, const char *cause, nsec_t freeze,
		nsec_t total, uint64_t bytes)
{
	tell(h, json_pack("{s:s, s:I, s:b, s:i, s:i, s:I, s:s, s:I, s:I, s:I, s:b}", "ev", "moved", "req",
			  (json_int_t)request, "ok", 1, "from", (int)from, "node", (int)h->host, "epoch",
			  (json_int_t)h->epoch, "cause", cause, "bytes", (json_int_t)bytes,
			  "freeze_us", (json_int_t)(freeze / NSEC_PER_USEC), "total_us",
			  (json_int_t)(total / NSEC_PER_USEC), "lingers",
			  h->place == PLACE_LINGERING));
}

void node_not_moved(struct home *h, uint64_t request, uint32_t to, const struct err *e, int code)
{
	char reason[sizeof(e->reason)], text[ERR_MSG_MAX + 64];

	/* A host may have written them, and JSON takes good UTF-8 only. */
	(void)snprintf(reason, sizeof(reason), "%s", e->reason[0] ? e->reason : "failed");
	(void)snprintf(text, sizeof(text), "%s", err_str(e, code));
	tell(h, json_pack("{s:s, s:I, s:b, s:i, s:s, s:s}", "ev", "moved", "req", (json_int_t)request,
			  "ok", 0, "node", (int)to, "code", text_clean(reason), "error",
			  text_clean(text)));
}

void node_ended(struct home *h, int status, const char *cause, const char *text)
{
	char clean[ERR_MSG_MAX + 64];

	(void)snprintf(clean, sizeof(clean), "%s", text ? text : "");
	tell(h, json_pack("{s:s, s:i, s:s, s:s}", "ev", "ended", "status", status, "cause", cause,
			  "error", text_clean(clean)));
}

int node_rejoin(struct home *h)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = SUPERVISORS_PATH };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	h->node_fd = steal_fd(&fd);
	tell(h, json_pack("{s:s, s:s, s:i, s:i, s:I}", "ev", "hello", "kind", "home", "pid", (int)h->pid,
			  "node", (int)h->host, "epoch", (json_int_t)h->epoch));
	return 0;
}

void node_attached(struct home *h)
{
	tell(h, json_pack("{s:s}", "ev", "attached"));
}

void node_info(struct home *h, uint64_t request)
{
	json_t *calls = json_object();
	nsec_t away = h->away_total, cpu = h->cpu_away;

	if (h->host) {
		away += mono_now() - h->away_since;
		cpu += MAX(h->cpu_seen - h->cpu_before, (nsec_t)0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(h->calls); i++)
		if (h->calls[i])
			json_object_set_new(calls, call_name((long)i), json_integer(h->calls[i]));
	tell(h, json_pack("{s:s, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ev", "info", "req",
			  (json_int_t)request, "node", (int)h->host, "rtt_us",
			  (json_int_t)(h->host ? h->rtt / NSEC_PER_USEC : 0), "rss_kib",
			  (json_int_t)(h->host ? h->rss_kib : 0), "waited_us",
			  (json_int_t)(h->host ? h->waited / NSEC_PER_USEC : 0), "forwarded",
			  (json_int_t)h->forwarded, "came_home", (json_int_t)h->came_home,
			  "away_cpu_us", (json_int_t)(cpu / NSEC_PER_USEC), "away_us",
			  (json_int_t)(away / NSEC_PER_USEC), "calls", calls));
}
