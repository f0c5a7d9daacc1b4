/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-home: started by mosd for a process that is to leave; ends when it is home again or has ended.
 * Descriptor 3 leads to mosd. See doc/supervisors.md. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/trace.h"
#include "wire/msg.h"

#define NODE_FD	    3
#define PACKET_MAX  65536
#define BEAT_SECS   1.0
#define CHAT_MOST   8U /* calls; each is awaited for a tick or two of the kernel at most */
#define DEFAULT_KEY "/etc/umosix/cluster.key"

static void stop_watching(struct home *h, struct ev_io *w)
{
	if (ev_is_active(w))
		ev_io_stop(h->loop, w);
}

_Noreturn void home_end(struct home *h)
{
	node_info(h, 0);
	home_close_host(h);
	maps_forget_files(h);
	exit(0);
}

void home_close_host(struct home *h)
{
	stop_watching(h, &h->on_channel);
	channel_close(h->host_channel);
	h->host_channel = NULL;
	h->hop.unanswered = 0;
}

void home_close_hop(struct home *h)
{
	stop_watching(h, &h->on_hop);
	channel_close(h->hop.to);
	h->hop.to = NULL;
}

void home_process_ended(struct home *h, int status)
{
	h->place = PLACE_ENDED;
	trace_reap(h->pid);
	node_ended(h, status, WIFSIGNALED(status) ? "signal" : "exit", "");
	home_end(h);
}

/* The body is lost; so is the process. Its parent sees it killed. */
void home_lost_host(struct home *h, const char *why)
{
	char text[ERR_MSG_MAX];
	struct trace_wait w;

	if (h->exiting || h->dying || h->place == PLACE_ENDED)
		return; /* the host closes after P's end was decided: nothing is lost */
	(void)snprintf(text, sizeof(text), "node %u was lost while %s (%d) ran there: %s", h->host,
		       h->m ? h->m->comm : "?", (int)h->pid, why);
	log_error("%s", text);
	h->place = PLACE_ENDED;
	(void)kill(h->pid, SIGKILL);
	do {
		if (trace_wait(h->pid, 0, &w) < 0)
			break;
	} while (w.event != TRACE_ENDED);
	trace_reap(h->pid);
	node_ended(h, SIGKILL, "host-lost", text);
	home_end(h);
}

static void wants_home(struct home *h, const struct frame *f)
{
	size_t n = MIN((size_t)f->len, sizeof(h->cause_word) - 1);

	memcpy(h->cause_word, f->data, n);
	h->cause_word[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (h->cause_word[i] < '-' || h->cause_word[i] > 'z')
			h->cause_word[i] = '?';
	if (h->place == PLACE_AWAY && !h->hop.going)
		comeback_ask(h, 0, h->cause_word);
}

/* Processor time that the process has used, anywhere: it never becomes less. */
static void note_used(struct home *h, const struct frame *f)
{
	int64_t used;

	if (f->len != sizeof(used))
		return;
	memcpy(&used, f->data, sizeof(used));
	h->cpu_seen = MAX(used, h->cpu_seen);
}

/* What the host tells of the body each second, mosd hears too. */
static void pong(struct home *h, const struct frame *f)
{
	int64_t now[3];
	nsec_t took = mono_now() - h->pinged;

	if (f->len == sizeof(now)) {
		memcpy(now, f->data, sizeof(now));
		h->cpu_seen = MAX(now[0], h->cpu_seen);
		h->waited = MAX(now[1], (int64_t)0);
		h->rss_kib = (uint64_t)MAX(now[2], (int64_t)0);
	}
	if (f->id == h->pings && h->pinged) /* an answer to an earlier one would look slow */
		h->rtt = h->rtt ? h->rtt + (took - h->rtt) / 4 : took;
	node_info(h, 0);
}

static void exits(struct home *h, const struct frame *f)
{
	note_used(h, f);
	if (h->exiting)
		return;
	/* An honest body is in no call by now; the resident takes one thing at a time. */
	if (h->run.state == RUN_GOING && deputy_interrupt(h) < 0)
		return; /* P has ended: the loop hears of it */
	h->exiting = true;
	agent_begin(&h->p);
	(void)agent_add(&h->p, SYS_exit_group, (uint32_t)f->id, 0, 0, 0, 0, 0);
	agent_post(&h->p);
}

void home_take(struct home *h, const struct frame *f)
{
	switch (f->type) {
	case MSG_CALL:
		deputy_call(h, f->id, f->data, f->len);
		break;
	case MSG_MAP:
		mapping_ask(h, f);
		break;
	case MSG_MAPPED:
		mapping_done(h, f->id, f->data, f->len);
		break;
	case MSG_CANCEL:
		deputy_cancel(h, f->id);
		break;
	case MSG_WANT_HOME:
		wants_home(h, f);
		break;
	case MSG_IMAGE:
		if (h->place == PLACE_COMING)
			comeback_take(h, f);
		else
			home_lost_host(h, "it sent the body unasked");
		break;
	case MSG_END:
		hop_sent(h, f);
		break;
	case MSG_EXIT:
		exits(h, f);
		break;
	case MSG_DIED:
		note_used(h, f);
		signals_die(h, f->id <= IMAGE_SIGNALS ? (int)f->id : 0);
		break;
	case MSG_STOPPED:
		signals_stop(h, (int)(f->id & 0xff), f->id >> 8);
		break;
	case MSG_ABORT:
		if (h->hop.unanswered) /* what it was asked first, it answers first */
			hop_refused(h, f);
		else if (h->place == PLACE_COMING)
			comeback_refused(h, f);
		break;
	case MSG_PONG:
		pong(h, f);
		break;
	default:
		log_error("node %u sends %s, which has no place here", h->host, msg_name(f->type));
		home_lost_host(h, "it broke the protocol");
	}
}

static void channel_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct home *h = w->data;
	struct channel *c = h->host_channel;
	unsigned chat = 0; /* who has just had an answer often asks again: so many are awaited, then all others are heard */
	struct frame f;
	int r = 0;

	while (h->host_channel == c && c) {
		bool soon = chat && chat < CHAT_MOST;

		r = soon ? channel_recv_soon(c, &f) : channel_recv(c, 0, &f);
		if (r <= 0)
			break;
		home_take(h, &f);
		chat = f.type == MSG_CALL && h->run.state == RUN_DONE ? chat + 1 : 0;
		if (chat >= CHAT_MOST && !channel_buffered(c))
			break;
	}
	if (h->host_channel == c && r < 0) {
		home_lost_host(h, r == -ETIMEDOUT ? "it does not answer" : "the connection broke");
		stop_watching(h, &h->on_channel);
	}
}

static void hop_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct home *h = w->data;
	struct frame f;
	int r = channel_recv(h->hop.to, 0, &f);

	if (r == 0)
		return;
	if (r > 0 && f.type == MSG_BUILT && f.id == h->epoch + 1) {
		stop_watching(h, &h->on_hop);
		hop_built(h);
	} else {
		hop_next_failed(h, r, &f);
	}
}

static void watch(struct home *h, struct ev_io *w, int fd,
		  void (*fn)(struct ev_loop *, struct ev_io *, int))
{
	ev_io_init(w, fn, fd, EV_READ);
	w->data = h;
	ev_io_start(h->loop, w);
}

void home_watch_host(struct home *h)
{
	watch(h, &h->on_channel, channel_fd(h->host_channel), channel_ready);
	ev_feed_event(h->loop, &h->on_channel, EV_READ); /* what is buffered already */
}

void home_watch_hop(struct home *h)
{
	watch(h, &h->on_hop, channel_fd(h->hop.to), hop_ready);
}

void home_has_execed(struct home *h)
{
	struct trace_wait w;

	/* The stop that tells of the exec is inside that call: on to the first instruction. */
	(void)trace_stop_again(h->pid, signals_while_driven, h, &w);
	if (w.event == TRACE_ENDED) {
		home_process_ended(h, w.status);
		return;
	}
	h->exec_seen = true; /* it stands there until the order to move */
	if (h->waiting_order.request)
		home_move(h, &h->waiting_order);
}

/* Why it cannot be moved right now, or NULL. */
static const char *busy_with(const struct home *h)
{
	if (h->exiting || h->dying || h->place == PLACE_ENDED)
		return "it is ending";
	if (h->stopped)
		return "it is stopped; continue it first";
	if (h->hop.going || h->place == PLACE_COMING)
		return "it is on its way already";
	return NULL;
}

void home_move(struct home *h, const struct order *o)
{
	const char *busy = busy_with(h);
	struct err e = ERR_INIT;
	int r;

	if (busy) {
		(void)err_reason(&e, -EBUSY, h->stopped ? "stopped" : "busy", "%s", busy);
		node_not_moved(h, o->request, o->node, &e, -EBUSY);
		return;
	}
	if (h->at_exec && !h->exec_seen) {
		h->waiting_order = *o;
		return;
	}
	if (h->place == PLACE_AWAY && o->node == h->host) {
		node_moved(h, o->request, h->host, "there-already", 0, 0, 0);
		return;
	}
	if (h->place == PLACE_AWAY) {
		hop_begin(h, o);
		return;
	}
	r = leave_home(h, o, &e);
	if (h->place == PLACE_AWAY)
		return;
	if (h->place == PLACE_LINGERING && trace_has_ended(h->pid))
		deputy_on_child(h); /* that is why, whatever was noticed of it, and we end */
	node_not_moved(h, o->request, o->node, &e, r);
	if (h->place == PLACE_LINGERING)
		settle_stays(h);
	if (h->place == PLACE_HOME) {
		if (h->exec_seen) { /* it was never let go: now it is */
			(void)trace_detach(h->pid, 0);
		}
		exit(0);
	}
}

static void go_home(struct home *h, uint64_t request)
{
	const char *busy = busy_with(h);
	struct err e = ERR_INIT;

	if (busy) {
		(void)err_reason(&e, -EBUSY, h->stopped ? "stopped" : "busy", "%s", busy);
		node_not_moved(h, request, 0, &e, -EBUSY);
	} else if (h->place == PLACE_AWAY) {
		comeback_ask(h, request, "asked");
	} else {
		node_moved(h, request, 0, "there-already", 0, 0, 0);
	}
}

static int start(struct home *h, json_t *o)
{
	const char *key = NULL;
	struct err e = ERR_INIT;
	int pid = 0, node = 0, adopt = 0, at_exec = 0;
	int r;

	if (json_unpack(o, "{s:i, s:i, s?s, s?b, s?b}", "pid", &pid, "home", &node, "key", &key, "adopt",
			&adopt, "at_exec", &at_exec) < 0 ||
	    pid < 2)
		return -EPROTO;
	h->pid = h->p.pid = pid;
	h->node = (uint32_t)node;
	h->adopt = adopt;
	h->at_exec = at_exec;
	r = key_ring_load(key ? key : DEFAULT_KEY, &h->keys, &e);
	if (r < 0)
		log_debug("%s", err_str(&e, r)); /* told when a move is asked for */
	if (!at_exec)
		return 0;
	r = trace_seize(h->pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	if (r < 0)
		return r;
	h->seized = true;
	node_attached(h);
	return 0;
}

static void order(struct home *h, json_t *o)
{
	const char *op = "", *addr = "";
	json_int_t req = 0;
	struct order to = { 0 };
	json_int_t memory = 0, wants = 0, load_limit = 0;
	int node = 0, port = 0, privileged = 0, ordered = 0;

	if (json_unpack(o, "{s:s, s?I, s?i, s?s, s?i, s?b, s?b, s?I, s?I, s?I}", "op", &op, "req", &req,
			"node", &node, "addr", &addr, "port", &port, "privileged", &privileged,
			"ordered", &ordered, "memory", &memory, "wants", &wants, "load_limit",
			&load_limit) < 0)
		return;
	to.request = (uint64_t)req;
	to.node = (uint32_t)node;
	to.port = (uint16_t)port;
	to.privileged = privileged;
	to.ordered = ordered;
	to.memory = (uint64_t)memory;
	to.wants = (uint32_t)wants;
	to.load_limit = (uint32_t)load_limit;
	(void)snprintf(to.addr, sizeof(to.addr), "%s", addr);
	if (!strcmp(op, "start") && start(h, o) < 0) {
		struct err e = ERR_INIT;

		(void)err_reason(&e, -EPERM, "traced", "it cannot be traced");
		node_not_moved(h, 0, 0, &e, -EPERM);
		exit(1);
	} else if (!strcmp(op, "move")) {
		home_move(h, &to);
	} else if (!strcmp(op, "home")) {
		go_home(h, to.request);
	} else if (!strcmp(op, "info")) {
		node_info(h, to.request);
	}
}

static void node_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	static char text[PACKET_MAX];
	struct home *h = w->data;
	ssize_t n = recv(h->node_fd, text, sizeof(text), MSG_DONTWAIT);
	json_t *o;

	if (n < 0)
		return;
	if (!n) { /* mosd ended: what is away stays away, what is at home goes on */
		stop_watching(h, w);
		close_fd(&h->node_fd);
		h->request = 0; /* nobody waits for its end any more */
		if (h->place == PLACE_HOME)
			exit(0);
		return;
	}
	o = json_loadb(text, (size_t)n, 0, NULL);
	if (o)
		order(h, o);
	json_decref(o);
}

static void child_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct home *h = w->data;
	struct signalfd_siginfo si;

	while (read(h->child_fd, &si, sizeof(si)) > 0)
		;
	if (h->seized)
		deputy_on_child(h);
}

static void beat(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct home *h = w->data;

	if (h->node_fd < 0 && h->place != PLACE_HOME && node_rejoin(h) == 0)
		watch(h, &h->on_node, h->node_fd, node_ready);
	hop_beat(h);
	if (h->place != PLACE_AWAY || !h->host_channel || h->hop.going)
		return;
	h->pinged = mono_now();
	if (channel_send(h->host_channel, MSG_PING, ++h->pings, NULL, 0) < 0)
		home_lost_host(h, "it does not answer");
}

int main(int argc, char **argv)
{
	static struct home h = { .node_fd = NODE_FD, .p = AGENT_INIT, .mem = MEM_INIT };
	sigset_t chld;

	log_init("mos-home");
	/* It holds the key. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	h.p.on_stop = deputy_on_agent_stop;
	h.p.on_signal = signals_while_driven;
	h.p.ctx = &h;
	if (fcntl(NODE_FD, F_GETFD) < 0) {
		(void)fprintf(stderr, "mos-home is started by mosd; see mosd(8)\n");
		return 2;
	}
	(void)fcntl(NODE_FD, F_SETFD, FD_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, NULL);
	h.child_fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	h.loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	if (h.child_fd < 0 || !h.loop) {
		log_error("cannot start: %s", strerror(errno));
		return 1;
	}
	watch(&h, &h.on_node, h.node_fd, node_ready);
	watch(&h, &h.on_child, h.child_fd, child_ready);
	ev_timer_init(&h.on_beat, beat, BEAT_SECS, BEAT_SECS);
	h.on_beat.data = &h;
	ev_timer_start(h.loop, &h.on_beat);
	(void)ev_run(h.loop, 0);
	return 0;
}
