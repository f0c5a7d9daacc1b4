/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mos-home: home's supervisor of one migrant that is away, leaving or coming back. One loop, one
 * thread; what it holds stands here. */
#ifndef MOS_HOME_HOME_H
#define MOS_HOME_HOME_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/ids.h"
#include "base/spans.h"
#include "call/packet.h"
#include "kernel/mem.h"
#include "move/agent.h"
#include "move/image.h"
#include "move/stages.h"
#include "wire/channel.h"
#include "wire/hello.h"
#include "wire/key.h"

/* Where the process is.
 *
 *   AT_HOME    runs natively, or is seized and about to leave. We end when it stays so.
 *   AWAY       the body runs at @host; P is the deputy, in the resident's loop, all signals open.
 *   COMING     MSG_COME is sent; calls and signals go on until the image comes.
 *   LINGERING  home again, but inside a call that only the resident can finish (a sleep that must
 *              not start anew, the rest of a write): P waits in the resident with its own mask.
 *   ENDED      P is gone. */
enum place { PLACE_HOME, PLACE_AWAY, PLACE_COMING, PLACE_LINGERING, PLACE_ENDED };

/* A file that the process has mapped. */
struct home_file {
	uint64_t dev, ino, size;
	nsec_t changed;	   /* when it was looked at last */
	struct spans sent; /* bytes that the present host surely has, as of then */
	bool settled;	   /* a change after that would show in the change time */
	int fd;
};

/* The call that the deputy is in, or was in last. */
enum run_state {
	RUN_NONE,
	RUN_READY,	 /* loaded, not begun */
	RUN_GOING,	 /* the resident has it */
	RUN_INTERRUPTED, /* stopped by us with @code: nothing lost, resumable */
	RUN_DONE,	 /* @ret holds */
};

struct run {
	enum run_state state;
	uint64_t id;
	struct call_plan plan; /* arguments as the program gave them */
	uint64_t arg[CALL_ARGS]; /* as the deputy issues them */
	uint32_t at[CALL_ARGS], cap[CALL_ARGS]; /* offsets in AREA_BUF, bytes reserved */
	uint32_t room; /* that the program said there is, of the argument with plan.len_at */
	uint32_t nparts;   /* its iovecs, in home.part */
	uint32_t parts_at; /* where they are laid out for it, in AREA_BUF */
	uint32_t message_at; /* its msghdr, likewise */
	uint64_t name, control; /* that it names: addresses in P */
	uint32_t name_len, control_len;
	bool native;	/* pointers are the program's own, in P's memory */
	bool taken_along; /* it was native, and has ended */
	bool restart;	/* to be resumed by restart_syscall */
	bool cancel;	/* the host asked to break it off */
	uint64_t done;	/* bytes that earlier parts of it have done */
	int64_t code;	/* -512, -513, -514, -516, -EINTR */
	int64_t ret;
	nsec_t deadline; /* of a timeout held in a register; 0: none */
	uint8_t flags;	/* ANSWER_* */
};

/* The mmap of a file that the host asked for last. */
struct map_call {
	enum { MAP_NONE, MAP_ASKED, MAP_ANSWERED } state;
	uint64_t id, arg[CALL_ARGS];
};

/* What mosd asks for. */
struct order {
	uint64_t request;
	uint32_t node;
	char addr[64];
	uint16_t port;
	bool privileged; /* that node is trusted with privileged processes */
	/* For the node's admission; 0: nobody said. */
	bool ordered;	  /* by a person, or there is no better place */
	uint64_t memory;  /* KiB */
	uint32_t wants, load_limit; /* as struct hello has them */
};

struct home {
	struct ev_loop *loop;
	struct ev_io on_node, on_channel, on_hop, on_child;
	struct ev_timer on_beat;
	int node_fd; /* to mosd, or -1 */
	int child_fd;
	struct key_ring keys;

	pid_t pid;
	uint32_t node; /* our own number */
	bool seized, adopt, at_exec, exec_seen;
	enum place place;
	uint32_t host;	 /* where the body is; 0: here */
	uint64_t epoch;	 /* calls of this one only are accepted */
	uint64_t place_for_area; /* chosen before P is stopped */
	struct agent p;	 /* P, as the deputy */
	struct mem mem;
	struct image *m; /* as it left, or came back last */
	struct home_file file[IMAGE_FILES_MAX];
	uint32_t nfiles;
	struct channel *host_channel;
	struct run run;
	struct iovec part[CALL_PARTS_MAX]; /* what the run was first issued with */
	struct map_call map;
	bool dropped;	 /* P's pages are given back */
	int dying;	 /* signal that P is to die of */
	bool exiting;	 /* P runs exit_group */
	int stopping;	 /* stop signal that P is to take */
	uint64_t thaws;	 /* MSG_THAWs that this host was sent */
	bool stop_due;	 /* it takes it: does it stop? */
	bool stopped;	 /* P is stopped by a stop signal, as the shell sees it */
	bool frozen;	 /* the body stands, as far as we know */
	bool driven;	 /* it runs a batch of ours nevertheless */
	siginfo_t held[IMAGE_PENDING_MAX]; /* signals that came while nobody could take them */
	unsigned nheld;
	siginfo_t travel[IMAGE_PENDING_MAX / 2]; /* were held, and went with the image */
	unsigned ntravel;
	siginfo_t carried[IMAGE_PENDING_MAX]; /* went with the image; P has copies to be dropped */
	unsigned ncarried;

	struct order waiting_order; /* to be carried out when it has exec'ed */
	uint64_t request; /* of mosd's, being worked on; 0: none */
	struct hop_wait {
		bool going, left; /* asked for; the former host has sent it */
		unsigned unanswered; /* HOPs that this host was told, and has not answered yet */
		uint32_t node;
		struct channel *to; /* control stream to the next host */
		nsec_t began, frozen, sent; /* the last: when the former host had sent it */
		uint64_t bytes; /* that the former host sent, as it says */
	} hop;
	nsec_t come_began;
	const char *come_cause;
	char cause_word[32];
	/* counters */
	uint64_t forwarded, came_home, bytes;
	nsec_t away_since, away_total, cpu_before, cpu_away, cpu_seen;
	nsec_t waited; /* for a processor, since it came to this host, as the host told last */
	uint64_t rss_kib;
	nsec_t pinged, rtt; /* when the last PING was sent; a round trip, smoothed, 0: none yet */
	uint64_t pings;
	uint32_t calls[512];
};

/* check.c: may it leave now? Looks only, stops nothing. @stopped: we have stopped it already.
 * @privileged_too: the node may have it even if it has more rights than an ordinary process. */
int check_movable(pid_t pid, bool stopped, bool privileged_too, struct err *e);

/* maps.c: P's mappings as an image has them; reasons against leaving; the files behind. */
int maps_read(struct home *h, struct image *m, struct err *e);
ssize_t maps_read_file(void *ctx, uint32_t file, uint64_t off, void *to, size_t n);
void maps_forget_files(struct home *h);
/* The file that P has just mapped at @at through its descriptor @fd: can a copy of its pages stand for
 * it? Return: its number, -errno with the reason why not. */
int maps_file_at(struct home *h, uint64_t at, uint64_t len, int fd, struct err *e);

/* mapping.c: mmap of a file by the body */
void mapping_ask(struct home *h, const struct frame *f);
/* P goes on after a stop: what was asked meanwhile is done. */
void mapping_go_on(struct home *h);
void mapping_done(struct home *h, uint64_t id, const uint8_t *p, uint32_t n);
/* The host is another one: what the former had asked for counts no more. */
void mapping_new_host(struct home *h);

/* broken.c: the call that P was in when it was stopped, whose registers are in @m.
 * Return: 0, @m says what comes of it there; @read_again: it is a read that gave less than it would
 * have, and may be done again. -EBUSY with a word: P has to stay. */
int broken_call(struct home *h, struct image *m, bool *read_again, struct err *e);
/* Some calls return EINTR outright when their thread is merely stopped. With no signal about, it was our
 * stop: the program must not see it. @own: as it was stopped. */
bool broken_by_us(const struct home *h, const struct image *m, const struct user_regs_struct *own);

/* leave.c */
int leave_home(struct home *h, const struct order *o, struct err *e);
void leave_drop_memory(struct home *h);
/* prepare.c */
int home_say(struct channel *c, uint16_t type, uint64_t id, const void *p, size_t n);
/* Turns the "reason\0text" of a refusal or an abort into an error: "@who: text". */
int home_told_why(const struct frame *f, const char *who, struct err *e);
/* Opens a control stream to a node and has a sandbox made there. */
int leave_prepare(struct home *h, const struct order *o, bool from_host, struct channel **ret,
		  uint8_t token[TOKEN_SIZE], struct err *e);

/* deputy.c */
void deputy_call(struct home *h, uint64_t id, const uint8_t *p, uint32_t n);
void deputy_cancel(struct home *h, uint64_t id);
/* Tells the (new) host the result of the last call once more: it may have been under way there. */
void deputy_answer_again(struct home *h);
/* Stops the call under way so that P is idle; state becomes INTERRUPTED or DONE. -ESRCH: P ended. */
int deputy_interrupt(struct home *h);
/* deputy_interrupt(), then stops P in the loop with all signals blocked: until P goes on nothing of it
 * changes but what we do to it. Return: 0, -ESRCH when P ended, else -errno. */
int deputy_stop_idle(struct home *h);
/* agent_run() while P is away: also when a stop signal has stopped it, where it stands again afterwards. */
int deputy_run(struct home *h);
/* Sets an interrupted or ready run going. P is in the loop, idle. */
void deputy_resume(struct home *h);
/* Stops of P's. */
void deputy_on_child(struct home *h);
/* One of them, while an agent_run() waits. Return: whether it was dealt with. */
bool deputy_on_agent_stop(void *ctx, const struct trace_wait *w);
/* Is the run finished by now? Then answers it. */
void deputy_poll(struct home *h);
/* Loads a call that P was in natively when it was stopped with @code. */
int deputy_load_native(struct home *h, const struct image *m, int64_t code, struct err *e);

/* descriptor.c, of P's descriptor @fd; false if there is none. A regular file, a write to which nothing breaks off? */
bool descriptor_is_file(const struct home *h, int fd);
/* Does a read give all that is asked for, as far as there is so much? */
bool descriptor_reads_whole(const struct home *h, int fd);
/* Is it /dev/zero, /dev/urandom and the like? A read of these our stop cuts short, where nothing else would, and it may
 * be done again from its start. */
bool descriptor_reads_again(const struct home *h, int fd);

/* arguments.c: lays the arguments of a call out for the deputy. Return: 0, -EPROTO, -E2BIG. */
int arguments_place(struct home *h, const struct call_packet *c);
/* The address in P of what lies in the buffer. */
uint64_t arguments_at(const struct home *h, uint32_t at);
/* The iovecs of a call with these registers, from P's memory, become the run's; of a message, what else its rest
 * needs. Return: 0, -EFAULT. */
int arguments_load_parts(struct home *h, enum arg_kind kind, const uint64_t arg[CALL_ARGS]);
/* Bytes of the run's iovecs. */
uint64_t arguments_sum_parts(const struct home *h);
/* Lays out what is left of them behind the bytes that are done. */
void arguments_lay_parts(struct home *h);
/* Bytes of OUT argument @i of the run that count, now that it has returned @ret. */
uint32_t arguments_out_len(const struct home *h, unsigned i, int64_t ret);
/* What was received besides them. It lies in the buffer. */
void arguments_message(const struct home *h, int64_t ret, struct call_message *got);

/* signals.c */
void signals_forward(struct home *h, const siginfo_t *si);
void signals_on_stop(struct home *h, int sig);
/* A signal that stopped P while we were driving it (a trace_signal_fn). */
int signals_while_driven(void *ctx, const siginfo_t *si);
/* Signals that were held go where the process is now. */
void signals_release_held(struct home *h);
void signals_die(struct home *h, int sig);
/* @thaws: the last MSG_THAW that the host knew when it stopped the body. */
void signals_stop(struct home *h, int sig, uint64_t thaws);
/* The first @n that are held go with the image; should it not leave, they are held again. */
void signals_travel(struct home *h, unsigned n);
void signals_stay(struct home *h);
/* P, in the loop and with all signals blocked, drops its copies of signals that travelled. */
void signals_drop_carried(struct home *h);
/* Keeps a signal that nobody can take now. */
void signals_hold(struct home *h, const siginfo_t *si);
/* P, idle in the loop and with all signals blocked, queues a signal to itself again, as it was. */
/* Was it sent to the thread, not to the process? */
bool signals_of_thread(const siginfo_t *si);
int signals_queue_again(struct home *h, const siginfo_t *si, struct err *e);
/* Is its opposite waiting in P, having come later? Then it has no effect any more. */
bool signals_overtaken(const struct home *h, int sig);
/* A stop of ours told whether a stop signal's is in force. If P goes on, or (of an orphaned process group)
 * did not stop at a stop signal, so does the body. */
void signals_told_stop(struct home *h, bool stopped);
/* The body is to stand as well. */
void signals_freeze(struct home *h);
/* P is let go as the deputy: it and the body stand, or do not, as agent_stop_idle() saw last. */
void signals_let_go(struct home *h);
/* If a stop signal has stopped P, it stands again, and we listen. */
void signals_stand(struct home *h);

/* comeback.c: the image has come; P becomes the program again. */
void comeback_ask(struct home *h, uint64_t request, const char *cause);
void comeback_refused(struct home *h, const struct frame *f);
void comeback_take(struct home *h, const struct frame *first);
/* settle.c: the last step: P leaves the resident. Return: 0 and it is released, or lingers. */
int settle_home(struct home *h, struct err *e);
void settle_linger_over(struct home *h);
void settle_linger_signal(struct home *h, const siginfo_t *si);
/* It was to leave and does not: what came while it was held still. */
void settle_stays(struct home *h);

/* hop.c: from host to host */
void hop_begin(struct home *h, const struct order *o);
void hop_built(struct home *h);
/* The next host has given up or is lost, as receiving from it has returned. */
void hop_next_failed(struct home *h, int r, const struct frame *f);
/* The former host has answered a HOP: it has sent the body (END), or could not (ABORT). */
void hop_sent(struct home *h, const struct frame *f);
void hop_refused(struct home *h, const struct frame *f);
/* Each second: a next host that does not build what it was sent holds the body up no longer. */
void hop_beat(struct home *h);

/* node.c: mosd */
/* mosd has ended: tries to reach the next one. Return: 0, -errno when there is none yet. */
int node_rejoin(struct home *h);
void node_moved(struct home *h, uint64_t request, uint32_t from, const char *cause, nsec_t freeze,
		nsec_t total, uint64_t bytes);
void node_not_moved(struct home *h, uint64_t request, uint32_t to, const struct err *e, int code);
void node_ended(struct home *h, int status, const char *cause, const char *text);
void node_info(struct home *h, uint64_t request);
void node_attached(struct home *h);

/* apply.c */
int apply_maps(struct home *h, const struct image *m, struct err *e);

/* main.c */
void home_watch_host(struct home *h);
/* One message of the host's. */
void home_take(struct home *h, const struct frame *f);
void home_close_host(struct home *h);
void home_watch_hop(struct home *h);
void home_close_hop(struct home *h);
void home_lost_host(struct home *h, const char *why);
_Noreturn void home_end(struct home *h);
void home_process_ended(struct home *h, int status);
void home_has_execed(struct home *h);
void home_move(struct home *h, const struct order *o);

#endif
