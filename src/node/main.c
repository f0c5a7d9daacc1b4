/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosd: knows how a node's daemon begins and ends. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/ask/control.h"
#include "node/balance/balance.h"
#include "node/beat.h"
#include "node/figures/measure.h"
#include "node/figures/native.h"
#include "node/listen.h"
#include "node/node.h"
#include "node/obj.h"
#include "node/paths.h"
#include "node/peers/discover.h"
#include "node/peers/joins.h"
#include "node/peers/peers.h"
#include "node/process/adopt_users.h"
#include "node/process/adoption.h"
#include "node/process/drain.h"
#include "node/process/guests.h"
#include "node/process/homes.h"
#include "node/process/members.h"
#include "node/process/migrants.h"
#include "node/rejoin.h"
#include "node/reload.h"
#include "node/site/levers.h"
#include "node/site/trial.h"

static const char help[] =
	"Usage: mosd [--conf FILE] [-c]\n"
	"The daemon of a umosix node: answers the tools, starts the supervisors of processes that\n"
	"leave and of guests that come. Runs in the foreground.\n"
	"\n"
	"  --conf FILE    read FILE instead of " MOS_CONF_PATH "\n"
	"  -c, --check    only check configuration, map and key; exit status 0 if they are good\n"
	"  -f             foreground, as always\n"
	"  -h, --help     this text\n"
	"  --version      the version\n"
	"\n"
	"See mosd(8).\n";

struct options {
	const char *conf;
	bool check;
};

enum { OPT_CONF = 256, OPT_VERSION };

/* Return: -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "conf", required_argument, NULL, OPT_CONF },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "cfh", longs, NULL)) != -1) {
		if (c == OPT_CONF) {
			o->conf = optarg;
		} else if (c == 'c') {
			o->check = true;
		} else if (c == 'h') {
			(void)fputs(help, stdout);
			return 0;
		} else if (c == OPT_VERSION) {
			(void)puts("mosd (umosix) " MOS_VERSION);
			return 0;
		} else if (c != 'f') {
			(void)fputs("Try mosd --help.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "mosd: what is '%s'? Try mosd --help.\n", argv[optind]);
		return 2;
	}
	return -1;
}

static bool one_runs(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = MOS_CONTROL_PATH };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
}

static int check(const struct options *o)
{
	CLEANUP(obj_drop) json_t *warnings = NULL;
	struct trial_held held = { .unknown = one_runs() };
	struct site s;
	struct err e = ERR_INIT;
	char nodes[160];
	int r = site_load(&s, o->conf, &e);
	const json_t *w;
	size_t i;

	if (r == 0)
		r = trial_run(&s, o->conf, &held, &e);
	if (r < 0) {
		(void)fprintf(stderr, "mosd: %s\n", err_str(&e, r));
	} else if (s.map_path[0]) {
		site_nodes_text(&s, nodes, sizeof(nodes));
		(void)printf("This is node %u of %s, which has %s\n", s.me, s.map_path, nodes);
	}
	if (r == 0 && !s.networked)
		(void)printf("This machine is alone: %s\n", s.alone_why);
	if (r == 0) {
		warnings = adopt_users_find(&s.conf.adopt, o->conf);
		trial_warn(&s, o->conf, warnings);
	}
	json_array_foreach(warnings, i, w)
		(void)fprintf(stderr, "mosd: %s\n", json_string_value(w));
	site_finish(&s);
	return r < 0 ? 1 : 0;
}

/* One mosd on a machine: whoever holds the lock. Return: a descriptor to keep, or -errno. */
static int lock_machine(struct err *e)
{
	CLEANUP(close_fd) int fd = -1;
	char text[32];
	int n;

	if (mkdir(MOS_RUN_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(e, -errno, "make %s: %s (mosd is started by root)", MOS_RUN_DIR,
			       strerror(errno));
	if (mkdir(MOS_STATE_DIR, 0700) < 0 && errno != EEXIST)
		return err_set(e, -errno, "make %s: %s (mosd is started by root)", MOS_STATE_DIR, strerror(errno));
	fd = open(MOS_LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_set(e, -errno, "open %s: %s (mosd is started by root)", MOS_LOCK_PATH,
			       strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		ssize_t k = read(fd, text, sizeof(text) - 1);

		text[MAX(k, 0)] = '\0';
		return err_set(e, -EEXIST, "mosd runs on this machine already (process %d)",
			       (int)strtol(text, NULL, 10));
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n)
		return err_set(e, -EIO, "write %s", MOS_LOCK_PATH);
	return steal_fd(&fd);
}

/* sd_notify(3) in a dozen lines. */
static void tell_service_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CLEANUP(close_fd) int fd = -1;
	size_t n;

	if (!path || (*path != '/' && *path != '@'))
		return;
	n = strlen(path);
	if (n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (*path == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max = MAX(r.rlim_max, 65536U);
	if (setrlimit(RLIMIT_NOFILE, &r) < 0 && getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	log_info("ends by signal %d; supervisors go on", w->signum);
	ev_break(loop, EVBREAK_ALL);
}

static void on_hup(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct err e = ERR_INIT;
	int r = reload_asked(w->data, NULL, &e);

	if (r < 0)
		log_error("nothing is reloaded: %s", err_str(&e, r));
}

/* While nobody would hear it, it waits: also in what reload_exec begins. */
static void hold_hup(bool hold)
{
	sigset_t hup;

	(void)sigemptyset(&hup);
	(void)sigaddset(&hup, SIGHUP);
	(void)sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &hup, NULL);
}

/* A node that has its number works with those that it knows, and omdiscd can say otherwise. */
static int start_discovery(struct mosd *d, struct err *e)
{
	int r = discover_create(d, &d->discover, e);

	if (r == 0 || !d->site.networked)
		return r;
	log_error("no node is discovered: %s", err_str(e, r));
	return 0;
}

static int start_network(struct mosd *d, struct err *e)
{
	int r = d->site.networked ? listener_create(d, &d->listener, e) : 0;

	if (r == 0)
		r = start_discovery(d, e);
	if (r == 0 && d->site.networked && !discover_waits(d->discover))
		r = peers_create(d, &d->peers, e);
	return r;
}

static void stop_network(struct mosd *d)
{
	discover_destroy(d->discover);
	peers_destroy(d->peers);
	listener_destroy(d->listener);
	d->discover = NULL;
	d->peers = NULL;
	d->listener = NULL;
}

/* What was tried before a reload has failed after it all the same. The mosd before is no more, and this machine's
 * processes need one, if only to be told what is wrong. */
static void go_alone(struct mosd *d, int r, struct err *e)
{
	log_error("%s: this machine is alone until that is mended and `mosctl reload` was called", err_str(e, r));
	stop_network(d);
	d->site.networked = false;
	(void)snprintf(d->site.alone_why, sizeof(d->site.alone_why), "%s; when that is mended, call `mosctl reload`",
		       err_str(e, r));
}

static int start(struct mosd *d, struct err *e)
{
	int r;

	d->beat = beat_create(d->loop);
	d->migrants = migrants_create(d->loop);
	d->members = d->migrants ? members_create(d->migrants) : NULL;
	d->guests = guests_create(d);
	d->levers = levers_create(d);
	d->drain = d->levers ? drain_create(d) : NULL;
	if (!d->beat || !d->members || !d->guests || !d->drain)
		return err_set(e, -ENOMEM, "out of memory");
	d->joins = joins_create(d);
	d->adoption = adoption_create(d);
	d->native = native_create(d);
	if (!d->joins || !d->adoption || !d->native)
		return err_set(e, -ENOMEM, "out of memory");
	guests_find(d->guests);
	r = measure_create(d->beat, &d->site.conf, &d->measure, e);
	if (r == 0)
		r = balance_create(d, &d->balance, e);
	if (r == 0)
		r = rejoin_create(d, &d->rejoin, e);
	if (r == 0) {
		r = start_network(d, e);
		if (r < 0 && d->reloaded) {
			go_alone(d, r, e);
			r = 0;
		}
	}
	if (r == 0)
		r = control_create(d, &d->control, e);
	return r;
}

static void stop(struct mosd *d)
{
	if (d->migrants)
		homes_stop(d);
	adoption_destroy(d->adoption);
	native_destroy(d->native);
	drain_destroy(d->drain);
	discover_destroy(d->discover);
	peers_destroy(d->peers);
	balance_destroy(d->balance);
	control_destroy(d->control);
	listener_destroy(d->listener);
	joins_destroy(d->joins);
	rejoin_destroy(d->rejoin);
	measure_destroy(d->measure);
	members_destroy(d->members);
	guests_destroy(d->guests);
	migrants_destroy(d->migrants);
	levers_destroy(d->levers);
	beat_destroy(d->beat);
	site_finish(&d->site);
}

static int run(const struct options *o, char **argv, struct err *e)
{
	struct mosd d = { .conf_path = o->conf, .reloaded = reload_was() };
	ev_signal term, intr, hup = { .data = &d };
	CLEANUP(close_fd) int lock = -1;
	int r;

	hold_hup(true);
	r = site_load(&d.site, o->conf, e);
	if (r == 0)
		r = lock = lock_machine(e);
	if (r < 0) {
		site_finish(&d.site);
		return r;
	}
	raise_limits();
	(void)signal(SIGPIPE, SIG_IGN);
	d.since = (double)clock_now(CLOCK_REALTIME) / NSEC_PER_SEC;
	d.loop = ev_default_loop(EVFLAG_AUTO);
	if (!d.loop)
		r = err_set(e, -ENOMEM, "libev gives no loop");
	else
		r = start(&d, e);
	if (r == 0) {
		ev_signal_init(&term, on_signal, SIGTERM);
		ev_signal_init(&intr, on_signal, SIGINT);
		ev_signal_start(d.loop, &term);
		ev_signal_init(&hup, on_hup, SIGHUP);
		ev_signal_start(d.loop, &intr);
		ev_signal_start(d.loop, &hup);
		hold_hup(false);
		if (d.site.networked)
			log_info("node %u, port %u, migrants known by %s", d.site.me,
				 d.site.conf.port, members_way(d.members));
		else
			log_info("serves this machine only: %s", d.site.alone_why);
		tell_service_manager("READY=1\n");
		(void)ev_run(d.loop, 0);
		hold_hup(true);
		tell_service_manager(d.reloads ? "RELOADING=1\n" : "STOPPING=1\n");
	}
	stop(&d);
	if (r == 0 && d.reloads) {
		log_info("begins anew, as the files say now");
		r = reload_exec(argv, e);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e = ERR_INIT;
	int r = parse(argc, argv, &o);

	if (r >= 0)
		return r;
	if (o.check)
		return check(&o);
	log_init("mosd");
	/* 0, 1 and 2 must be open: what is opened later must not become standard error. */
	do
		r = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (r >= 0 && r <= 2);
	close_fd(&r);
	r = run(&o, argv, &e);
	if (r < 0)
		log_error("%s", err_str(&e, r));
	return r < 0 ? 1 : 0;
}
