/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-guest: started by mosd for each stream that comes in. Descriptor 3 leads to mosd, 4 is the
 * accepted connection. See doc/supervisors.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "guest/rights.h"
#include "kernel/cpu.h"
#include "kernel/procfs.h"
#include "kernel/vdso.h"
#include "move/sink.h"
#include "wire/msg.h"

#define NODE_FD	       3
#define STREAM_FD      4
#define HANDSHAKE_MS   5000
#define CLOCK_ASKS     5
#define PATIENCE_MS    20000 /* for home's next step while a body is being built */
#define DEFAULT_KEY    "/etc/umosix/cluster.key"

_Noreturn void guest_end(struct guest *g, const char *cause)
{
	/* The body first: once the listener is closed its calls would return ENOSYS. */
	sandbox_destroy(&g->box);
	node_tell(g, "gone", "cause", cause);
	channel_close(g->home);
	exit(0);
}

static int say(struct guest *g, uint16_t type, uint64_t id, const void *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	return channel_send(g->home, type, id, &iov, 1);
}

/* "reason\0text" */
static void say_why(struct guest *g, uint16_t type, const struct err *e, int code)
{
	char text[ERR_MSG_MAX + 32];
	int n = snprintf(text, sizeof(text), "%s%c%s", e->reason, '\0', err_str(e, code));

	(void)say(g, type, 0, text, (size_t)MIN(n, (int)sizeof(text)));
}

static _Noreturn void refuse(struct guest *g, const struct err *e, int code)
{
	log_info("refused %s from node %u: %s", g->hello.comm, g->hello.home, err_str(e, code));
	say_why(g, MSG_REFUSED, e, code);
	guest_end(g, "refused");
}

/* The handshake shows that a node is there, hello says which. */
static int check_way(const struct guest *g, struct err *e)
{
	if (g->hello.to != g->node)
		return err_reason(e, -EPERM, "misdirected",
				  "this is node %u, the process is meant for node %u: are the addresses in "
				  "the map right?",
				  g->node, g->hello.to);
	if (g->hello.home == g->node)
		return err_reason(e, -EPERM, "misdirected", "node %u sends a process to itself", g->node);
	return 0;
}

/* It chose its code by what it found at home. */
static int check_features(const struct guest *g, struct err *e)
{
	uint64_t own = cpu_features();
	char lacking[CPU_LACKING];

	if (cpu_features_cover(own, g->hello.features))
		return 0;
	cpu_features_lacking(own, g->hello.features, lacking);
	return err_reason(e, -EXDEV, "features", "its processor has not all that home's has: no %s", lacking);
}

/* How far home's clocks are from ours: of some exchanges the quickest tells best, to half its time. */
static int measure_clocks(struct guest *g, struct sandbox_order *o)
{
	nsec_t best = INT64_MAX;

	for (unsigned i = 0; i < CLOCK_ASKS; i++) {
		nsec_t asked = mono_now(), answered, boot;
		int64_t home[2];
		struct frame f;
		int r = say(g, MSG_TIME, i, NULL, 0);

		if (r == 0)
			r = channel_recv(g->home, HANDSHAKE_MS, &f);
		answered = mono_now();
		boot = clock_now(CLOCK_BOOTTIME);
		if (r <= 0 || f.type != MSG_TIME || f.id != i || f.len != sizeof(home))
			return -EPROTO;
		if (answered - asked >= best)
			continue;
		best = answered - asked;
		memcpy(home, f.data, sizeof(home));
		o->mono = home[0] + best / 2 - answered;
		o->boot = home[1] + best / 2 - boot;
	}
	g->clock_error = best / 2;
	return 0;
}

/* Hello, admission, sandbox. Nothing is stopped at the source yet. */
static void prepare(struct guest *g)
{
	struct err e = ERR_INIT;
	uint8_t vdso[VDSO_DIGEST];
	struct sandbox_order o;
	struct frame f;
	int r = channel_recv(g->home, HANDSHAKE_MS, &f);

	if (r > 0)
		r = f.type == MSG_HELLO ? hello_get(&g->hello, f.data, f.len) : -EPROTO;
	else if (r == 0)
		r = -ETIMEDOUT;
	if (r < 0 && r != -EPROTONOSUPPORT) {
		log_warning("a stream that does not begin with hello");
		guest_end(g, "refused");
	}
	/* Calls are numbered so that no two of a process, anywhere, have the same: a late answer to one
	 * made at the former host must not pass for an answer to ours. */
	g->calls = g->hello.epoch << 32;
	if (r == -EPROTONOSUPPORT)
		r = err_reason(&e, -EPROTO, "version", "node speaks protocol %u, home %u: install the same version",
			       MSG_PROTOCOL, g->hello.protocol);
	if (r == 0 && (vdso_digest(vdso) < 0 || memcmp(vdso, g->hello.vdso, sizeof(vdso))))
		r = err_reason(&e, -EXDEV, "vdso", "its kernel has another vDSO than home's");
	if (r == 0)
		r = check_features(g, &e);
	if (r == 0)
		r = node_admit(g, &e);
	if (r == 0)
		r = check_way(g, &e);
	if (r < 0)
		refuse(g, &e, r);
	o = (struct sandbox_order){ .pid = g->hello.pid, .area = g->hello.area, .id_base = g->ids };
	if (measure_clocks(g, &o) < 0)
		guest_end(g, "home-lost");
	r = sandbox_create(&g->box, &o, &e);
	if (r == 0)
		r = rights_give_up(&g->box, &e);
	if (r == 0)
		r = rights_confine(&e);
	if (r < 0)
		refuse(g, &e, r);
	if (say(g, MSG_READY, g->hello.epoch, g->token, sizeof(g->token)) < 0)
		guest_end(g, "home-lost");
}

/* The stream on which the body comes: home's own, or one that another host opens. Return: 0, -ECONNRESET: home
 * has called it off, other -errno. */
static int body_stream(struct guest *g, struct channel **ret, struct err *e)
{
	struct channel *c = NULL;
	struct attach a;
	struct frame f;
	int fd;

	*ret = g->home;
	if (!g->hello.from_host)
		return 0;
	*ret = NULL;
	fd = node_take_stream(g, PATIENCE_MS);
	if (fd < 0)
		return err_set(e, fd, "the other host did not connect");
	if (channel_open(fd, CHANNEL_SERVER, &g->keys, HANDSHAKE_MS, &c, e) < 0)
		return -EPROTO;
	if (channel_recv(c, PATIENCE_MS, &f) <= 0 || f.type != MSG_ATTACH ||
	    attach_get(&a, f.data, f.len) < 0 || a.to != g->node || a.home != g->hello.home ||
	    a.pid != g->hello.pid || a.epoch != g->hello.epoch) {
		channel_close(c);
		return err_reason(e, -EPROTO, "misdirected", "the other host sends another process");
	}
	*ret = c;
	return 0;
}

/* From the image to the moment when home says go. */
static void receive_body(struct guest *g)
{
	struct err e = ERR_INIT;
	struct channel *c;
	struct frame f;
	int r = body_stream(g, &c, &e);

	if (r == 0)
		r = channel_recv(c, PATIENCE_MS, &f);
	else if (r == -ECONNRESET)
		guest_end(g, "left");
	else
		r = -EPROTO;
	while (r > 0 && f.type == MSG_FILE) { /* ahead of the rest, while it runs on at its source */
		struct sink s = { .mem = &g->mem, .file_fd = g->box.files_fd };

		r = sink_take(&s, &f, &e);
		if (r == 0)
			r = channel_recv(c, PATIENCE_MS, &f);
	}
	if (r == 0 && c && c != g->home)
		r = err_reason(&e, -ETIMEDOUT, "unreachable", "the host where it runs sent nothing for %d s",
			       PATIENCE_MS / 1000);
	if (r == 0 || r == -ECONNRESET || (r > 0 && f.type == MSG_ABORT))
		guest_end(g, "left"); /* it did not leave after all */
	if (r > 0)
		r = f.type == MSG_IMAGE ? guest_build(g, c, &f, &e) :
					  err_set(&e, -EPROTO, "%s instead of an image", msg_name(f.type));
	if (r < 0) { /* before the other host sees us hang up: home is to hear the cause first */
		log_warning("%s from node %u was not built: %s", g->hello.comm, g->hello.home,
			    err_str(&e, r));
		say_why(g, MSG_ABORT, &e, r);
		guest_end(g, "failed");
	}
	if (c && c != g->home)
		channel_close(c);
	if (say(g, MSG_BUILT, g->hello.epoch, NULL, 0) < 0)
		guest_end(g, "home-lost");
	r = channel_recv(g->home, PATIENCE_MS, &f);
	if (r <= 0 || f.type != MSG_GO || f.id != g->hello.epoch)
		guest_end(g, "left");
	if (guest_run(g, &e) < 0) {
		log_error("%s", err_str(&e, 0));
		guest_end(g, "failed");
	}
}

static void come(struct guest *g)
{
	struct err e = ERR_INIT;
	int r;

	g->m->epoch = g->hello.epoch; /* a hop that failed had set the next one */
	r = guest_depart(g, g->home, false, &e);

	if (r < 0) {
		log_warning("the body does not leave: %s", err_str(&e, r));
		say_why(g, MSG_ABORT, &e, r);
	}
}

static void hop(struct guest *g, const struct frame *f)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	uint8_t preamble[PREAMBLE_SIZE] = "umosix1\n";
	struct err e = ERR_INIT;
	struct channel *c = NULL;
	struct hop h;
	int fd = -1, r = hop_get(&h, f->data, f->len);

	if (r == 0)
		fd = r = channel_connect(h.addr, h.port, HANDSHAKE_MS, &e);
	if (r >= 0) {
		memcpy(preamble + 8, h.token, TOKEN_SIZE);
		r = io_write_all(fd, preamble, sizeof(preamble));
	}
	if (r >= 0)
		r = channel_open(steal_fd(&fd), CHANNEL_CLIENT, &g->keys, HANDSHAKE_MS, &c, &e);
	close_fd(&fd);
	if (r >= 0) {
		const struct attach a = { h.node, g->hello.home, g->hello.pid, h.epoch };
		struct iovec iov;

		attach_put(&a, &b);
		iov = (struct iovec){ b.data, b.len };
		r = b.failed ? -ENOMEM : channel_send(c, MSG_ATTACH, 0, &iov, 1);
	}
	if (r >= 0) {
		g->m->epoch = h.epoch;
		r = guest_depart(g, c, true, &e);
	}
	if (r >= 0) { /* home has all that we had to say */
		const int64_t stood = mono_now() - g->stood;

		if (say(g, MSG_END, channel_bytes_sent(c), &stood, sizeof(stood)) < 0)
			guest_end(g, "home-lost");
	}
	channel_close(c);
	if (r < 0) {
		log_warning("the body does not leave: %s", err_str(&e, r));
		say_why(g, MSG_ABORT, &e, r);
	}
}

static void ask_again(struct guest *g)
{
	const struct waiting *w = &g->wait;

	if (w->kind == WAIT_HOME)
		forward_want_home(g, w->notif, w->plan.nr, w->plan.arg, "this-call");
	else
		mapping_ask_again(g);
}

static void pong(struct guest *g, uint64_t id)
{
	const int64_t now[3] = { guest_clock(g, CLOCK_PROCESS_CPUTIME_ID),
				 (int64_t)procfs_waited_ns(g->box.body.pid),
				 (int64_t)procfs_rss_kib(g->box.body.pid) };

	if (say(g, MSG_PONG, id, now, sizeof(now)) < 0)
		guest_end(g, "home-lost");
}

static void from_home(struct guest *g, const struct frame *f)
{
	siginfo_t si;

	switch (f->type) {
	case MSG_REPLY:
		if (!g->departed)
			forward_answer(g, f->id, f->data, f->len);
		break;
	case MSG_FILE:
		mapping_pages(g, f);
		break;
	case MSG_MAP_REPLY:
		mapping_reply(g, f);
		break;
	case MSG_SIGNAL:
		if (f->len != sizeof(si))
			break;
		memcpy(&si, f->data, sizeof(si));
		signals_take(g, &si);
		break;
	case MSG_COME:
	case MSG_HOP:
		if (g->departed) {
			log_warning("home asks for the body twice");
			guest_end(g, "failed");
		}
		if (f->type == MSG_COME)
			come(g);
		else
			hop(g, f);
		break;
	case MSG_RESUME:
		if (g->departed)
			guest_resume(g);
		else /* what was asked while we were to leave was not heard */
			ask_again(g);
		break;
	case MSG_FREEZE:
		guest_freeze(g);
		break;
	case MSG_THAW:
		g->thaws = f->id;
		if (g->frozen)
			guest_thaw(g);
		break;
	case MSG_PING:
		pong(g, f->id);
		break;
	default:
		log_warning("home sends %s, which has no place here", msg_name(f->type));
		guest_end(g, "failed");
	}
}

/* @r: what receiving has returned. */
static void take(struct guest *g, int r, const struct frame *f)
{
	if (r > 0)
		from_home(g, f);
	if (r < 0)
		guest_end(g, g->departed || g->wait.kind == WAIT_EXIT ||
				     g->wait.kind == WAIT_DIED ? "left" : "home-lost");
}

static void channel_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct guest *g = w->data;
	struct frame f;
	int r;

	do { /* what is still in the socket wakes us again: to look costs each call a system call more */
		r = channel_recv(g->home, 0, &f);
		take(g, r, &f);
	} while (r > 0 && channel_buffered(g->home));
}

static void notify_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct guest *g = w->data;
	struct frame f;

	if (events & EV_READ && !g->departed)
		guest_on_notify(g);
	/* Most calls are answered at once, and until then the body does nothing that we should hear of. */
	if (g->wait.kind == WAIT_CALL && g->wait.notif)
		take(g, channel_recv_soon(g->home, &f), &f);
	/* An answer may have come while we were sending. */
	if (channel_buffered(g->home))
		channel_ready(loop, &g->on_channel, EV_READ);
}

static void child_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct guest *g = w->data;
	struct signalfd_siginfo si;

	while (read(g->child_fd, &si, sizeof(si)) > 0)
		;
	guest_on_stop(g);
}

static void deadline_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	local_sleep_over(w->data);
}

static void node_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct guest *g = w->data;
	char b[64];

	if (recv(g->node_fd, b, sizeof(b), MSG_DONTWAIT) == 0) {
		ev_io_stop(loop, w); /* mosd ended; the guest goes on */
		close_fd(&g->node_fd);
	}
}

static void watch(struct guest *g, struct ev_io *w, int fd,
		  void (*fn)(struct ev_loop *, struct ev_io *, int))
{
	if (fd < 0)
		return;
	ev_io_init(w, fn, fd, EV_READ);
	w->data = g;
	ev_io_start(g->loop, w);
}

int main(int argc, char **argv)
{
	static struct guest g = { .node_fd = NODE_FD, .notify_fd = -1, .timer_fd = -1, .mem = MEM_INIT,
				  .box = SANDBOX_INIT };
	const char *key = getenv("MOS_KEY_FILE");
	struct err e = ERR_INIT;
	sigset_t chld;
	int r;

	log_init("mos-guest");
	if (fcntl(NODE_FD, F_GETFD) < 0 || fcntl(STREAM_FD, F_GETFD) < 0) {
		(void)fprintf(stderr, "mos-guest is started by mosd; see mosd(8)\n");
		return 2;
	}
	(void)fcntl(NODE_FD, F_SETFD, FD_CLOEXEC);
	(void)fcntl(STREAM_FD, F_SETFD, FD_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	r = key_ring_load(key ? key : DEFAULT_KEY, &g.keys, &e);
	if (r == 0)
		r = channel_open(STREAM_FD, CHANNEL_SERVER, &g.keys, HANDSHAKE_MS, &g.home, &e);
	if (r < 0) {
		log_warning("%s", err_str(&e, r));
		return 1;
	}
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, NULL);
	g.child_fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	g.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	g.loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	if (g.child_fd < 0 || g.timer_fd < 0 || !g.loop) {
		log_error("cannot start: %s", strerror(errno));
		return 1;
	}
	prepare(&g);
	receive_body(&g);
	node_tell(&g, "running", NULL, NULL);
	log_debug("%s of node %u runs here as %d", g.hello.comm, g.hello.home, (int)g.box.body.pid);
	watch(&g, &g.on_channel, channel_fd(g.home), channel_ready);
	watch(&g, &g.on_notify, g.notify_fd, notify_ready);
	watch(&g, &g.on_child, g.child_fd, child_ready);
	watch(&g, &g.on_deadline, g.timer_fd, deadline_ready);
	watch(&g, &g.on_node, g.node_fd, node_ready);
	if (channel_buffered(g.home))
		channel_ready(g.loop, &g.on_channel, EV_READ);
	guest_on_stop(&g);
	(void)ev_run(g.loop, 0);
	return 0;
}
