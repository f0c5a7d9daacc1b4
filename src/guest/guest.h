/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-guest: the host's supervisor of one guest. One loop, one thread but while it sends memory (move/reader.h);
 * what it holds stands here. */
#ifndef MOS_GUEST_GUEST_H
#define MOS_GUEST_GUEST_H

#include <ev.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "base/err.h"
#include "call/call.h"
#include "guest/sandbox.h"
#include "kernel/mem.h"
#include "move/image.h"
#include "move/message.h"
#include "wire/channel.h"
#include "wire/hello.h"
#include "wire/key.h"

/* A call of the body that waits for an answer from outside it. */
enum waiting_kind {
	WAIT_NONE,
	WAIT_CALL,  /* home does it */
	WAIT_SLEEP, /* until a deadline */
	WAIT_MAP,   /* home looks at a file and sends its pages */
	WAIT_HOME,  /* it will run at home, when we are there; notif 0: it stands at a fault */
	WAIT_EXIT,  /* exit_group: never answered */
	WAIT_DIED,  /* it stands at a signal that ends it */
};

struct waiting {
	enum waiting_kind kind;
	uint64_t notif; /* 0: the body has not asked for it yet (it inherited it) */
	bool both;	/* when home has done it, the body does it too */
	uint64_t id;	/* of the call at home */
	struct call_plan plan; /* as the program called it */
	struct call_plan part; /* the piece under way, when done in pieces */
	uint64_t done;	       /* bytes of earlier pieces */
	uint64_t want;	       /* bytes in all, when done in pieces */
	struct iovec iov[1024]; /* where in the guest they lie */
	unsigned niov;
	uint32_t room; /* of the argument with part.len_at */
	struct message msg; /* of a MSG argument: what else there is of it */
	nsec_t deadline;
	clockid_t clock;
	uint64_t rem;
	bool interrupted; /* a signal asked home to break it off */
	bool answered;	  /* home's answer came before the body asked */
	uint8_t *answer;
	uint32_t answer_len;
};

#define SIGNALS_MAX IMAGE_PENDING_MAX

struct guest {
	struct ev_loop *loop;
	struct ev_io on_channel, on_notify, on_child, on_node;
	struct ev_io on_deadline;
	struct channel *home;	/* to mos-home; never NULL while the loop runs */
	int node_fd;		/* to mosd, or -1 */
	int child_fd;		/* signalfd for SIGCHLD */
	int timer_fd;		/* timerfd for WAIT_SLEEP */
	int notify_fd;
	struct key_ring keys;
	uint8_t token[TOKEN_SIZE];
	uint32_t ids;  /* the first of the two ids of the host that are this guest's */
	uint32_t node; /* the host's number */

	struct hello hello;
	struct sandbox box;
	struct mem mem;
	struct image *m; /* as it came; ids and the like are answered from it */
	uint64_t calls;	 /* id of the last forwarded call */
	nsec_t clock_error; /* at most so far the body's clocks are from home's */
	struct waiting wait;

	siginfo_t signal[SIGNALS_MAX]; /* sent on to the body, not delivered yet */
	bool queued[SIGNALS_MAX]; /* the body's kernel has it; else it waits for us to raise it */
	unsigned nsignals;
	bool running;	/* the body is let go (or waits in a call) */
	bool broken_off; /* we have just let a call be interrupted: the next signal is why */
	bool kept;	/* signals wait in the store for the body to be able to take them */
	bool frozen;	/* home holds it: a stop signal */
	uint64_t thaws; /* id of the last MSG_THAW */
	bool departed;	/* captured and sent; home decides what becomes of us */
	bool captured;	/* @m has the body's registers, and the body is in the resident */
	nsec_t stood;	/* mono_now() when it was stopped to depart */
	bool maps_at_home; /* the next mmap of a file is to be done at home */
	bool files_broken; /* pages of files that home sent are lost: each is */
	bool came;	/* accepted: counted by mosd as a guest that ran */
};

/* build.c: the image that came becomes a body, ready to run. */
int guest_build(struct guest *g, struct channel *from, const struct frame *first, struct err *e);
int guest_run(struct guest *g, struct err *e);
/* filter.c: installs the filter into the idle body; its listener becomes g->notify_fd. */
int guest_filter(struct guest *g, struct err *e);
/* Waits for the next notification of the body, which is led on with its signals blocked. Return: 0, -ESRCH, other
 * -errno. */
int guest_next_notification(struct guest *g, struct seccomp_notif *ret);

/* notify.c: one notified call. */
void guest_on_notify(struct guest *g);
/* forward.c */
void forward_call(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS]);
/* Takes over a call that goes on at home. Return: 0, -errno. */
int forward_inherit(struct guest *g, const struct image_pending *p);
void forward_answer(struct guest *g, uint64_t id, const uint8_t *p, uint32_t n);
/* The call is to run at home, for the reason @word. */
void forward_want_home(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS],
		       const char *word);
/* bytes.c. The argument whose bytes may come in pieces, or -1. */
int bytes_arg(const struct call_plan *p);
/* Makes the list of where these lie (@w->iov, niov, want). Return: 0; -EFAULT;
 * -EINVAL: too many; -E2BIG: more bytes than one message may have. */
int bytes_find(struct guest *g, struct waiting *w);
/* The lengths of the parts of the list that have the next @n of them, as packet.h tells. */
void bytes_put_parts(const struct waiting *w, size_t n, struct buf *b);
/* The head of the message in front of them. Return: 0, -EFAULT. */
int bytes_put_message(struct guest *g, const struct waiting *w, bool out, struct buf *b);
/* The next @n of them, behind the @w->done that are done, from and to the body. Return: 0, -EFAULT. */
int bytes_get(struct guest *g, const struct waiting *w, void *data, size_t n);
int bytes_put(struct guest *g, const struct waiting *w, const void *data, size_t n);
/* How many of these the program can reach, up to the first that it cannot. */
size_t bytes_reach(struct guest *g, const struct waiting *w, size_t n);
/* Can it write all that @w->part gives out by its other arguments, and are all addresses a program's? Tells
 * @w->room. */
bool bytes_args_good(struct guest *g, struct waiting *w);

/* mapping.c: mmap of a file */
void mapping_call(struct guest *g, uint64_t notif, const uint64_t arg[CALL_ARGS]);
void mapping_ask_again(struct guest *g);
void mapping_pages(struct guest *g, const struct frame *f);
void mapping_reply(struct guest *g, const struct frame *f);

/* local.c: calls that this supervisor answers. Return: false when the call must go home. */
bool local_call(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS]);
void local_sleep_over(struct guest *g);
void local_arm_deadline(struct guest *g);
/* A sleep is broken off by a signal: tells the program how much was left. */
void local_sleep_rest(struct guest *g);
/* The body's clock, as its program sees it. */
nsec_t guest_clock(const struct guest *g, clockid_t id);

/* signals.c */
void signals_take(struct guest *g, const siginfo_t *si);
/* Keeps a signal that the kernel has handed us, to be raised again or to travel. */
void signals_keep(struct guest *g, const siginfo_t *si, bool queued);
/* The same, of one that stops the body while it is stopped or led on (a trace_signal_fn). */
int signals_keep_for_later(void *ctx, const siginfo_t *si);
/* Raises again what was kept while the body was not able to take it. */
void signals_raise_kept(struct guest *g);
/* A stop of the body that the kernel reports. */
void guest_on_stop(struct guest *g);
/* Ends the wait with an interruption code (-512, -513, -514), as the kernel would have. */
void signals_interrupt(struct guest *g, int64_t code);
/* Stops the running body; signals that come first are kept. Return: 0, -ESRCH. */
int signals_stop_body(struct guest *g);

/* depart.c: sends the body over @to: home, or the next host, which needs the files' pages too.
 * On failure the body stands still until guest_resume(), if it has departed; else it runs on. */
int guest_depart(struct guest *g, struct channel *to, bool to_host, struct err *e);
void guest_resume(struct guest *g);
/* A stop signal: the body does nothing of its own any more. A call goes on, and it stops behind it. */
void guest_freeze(struct guest *g);
/* Ends a freeze (a stop signal, continued). */
void guest_thaw(struct guest *g);

/* node.c: talk with mosd. */
int node_admit(struct guest *g, struct err *e);
void node_tell(struct guest *g, const char *ev, const char *key, const char *value);
/* Waits for a stream that mosd hands over. Return: a socket; -ECONNRESET: home hung up; other -errno. */
int node_take_stream(struct guest *g, int timeout_ms);

_Noreturn void guest_end(struct guest *g, const char *cause);

#endif
