/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we know of system calls: where each one runs, and how its arguments travel. Pure: numbers and
 * bytes in, numbers and bytes out.
 *
 * A forwarded call goes through four steps, the first and last at the guest's supervisor, the
 * middle ones at home's. Both sides make the plan from the number and the six argument registers
 * by themselves; a peer's word about sizes is never taken.
 *
 *   guest: call_plan  ->  for each IN argument, bytes read once from the guest's memory
 *   home:  call_plan  ->  call_place lays the arguments out in the deputy's buffer
 *   home:  the deputy runs it; call_out_len tells how many bytes of each OUT argument count
 *   guest: the bytes of the OUT arguments are written to the guest's memory
 */
#ifndef MOS_CALL_CALL_H
#define MOS_CALL_CALL_H

#include <stdbool.h>
#include <stdint.h>

#define CALL_ARGS 6
#define CALL_NAME_MAX    128 /* bytes of a socket address */
#define CALL_CONTROL_MAX 16384 /* bytes of control data that travel with one message */
#define CALL_PARTS_MAX 1024 /* iovecs of one call, UIO_MAXIOV of the kernel */

/* A number that no kernel will ever give a meaning: a body that inherits a call which goes on at
 * home issues this one, and is notified by the filter's default. */
#define CALL_NR_PENDING 0x3fff0001L

enum call_class {
	CALL_LOCAL,   /* the filter lets it run on the host's kernel */
	CALL_HOST,    /* the guest's supervisor answers it by itself */
	CALL_FORWARD, /* the deputy runs it at home */
	CALL_BOTH,    /* done on both sides, in step */
	CALL_HOME,    /* the process comes home, and the call runs there natively */
	CALL_CLASS_COUNT_
};

const char *call_class_str(enum call_class c);

/* How one argument travels. */
enum arg_kind {
	ARG_VALUE,   /* the register as it is */
	ARG_STR,     /* in: a string with its NUL, at most PATH_MAX bytes */
	ARG_IN,      /* in: plan.size bytes */
	ARG_OUT,     /* out: at most plan.size bytes */
	ARG_INOUT,   /* both: plan.size bytes */
	ARG_IOV_IN,  /* in: an array of iovec in the guest; their lengths travel, and their bytes as one run */
	ARG_IOV_OUT, /* out: likewise */
	ARG_MSG_IN,  /* in: a struct msghdr; name, control data and the bytes of its iovecs travel */
	ARG_MSG_OUT, /* out: likewise, and which flags */
	ARG_KIND_COUNT_
};

struct call_plan {
	long nr;
	uint64_t arg[CALL_ARGS]; /* as the program gave them */
	enum arg_kind kind[CALL_ARGS]; /* ARG_VALUE also for NULL pointers */
	uint32_t size[CALL_ARGS]; /* bytes; for ARG_STR the greatest; for ARG_IOV_* the number of
				   * iovecs (the guest's side sums them up before sending) */
	uint8_t len_at[CALL_ARGS]; /* the argument that points to the room there is, an int: more than size
				    * does not count. 0: all of size */
	uint8_t flags;
};

enum call_plan_flag {
	CALL_BLOCKS = 1 << 0,  /* may wait for ever: pipes, terminals, poll, wait */
	CALL_EINTR = 1 << 1,   /* returns -EINTR outright when merely stopped: re-issue, do not answer */
	CALL_RESUMES = 1 << 2, /* write-like: cut short by a stop, it goes on with the rest */
	CALL_OUT_ON_EINTR = 1 << 3, /* its OUT arguments count when interrupted too (select, nanosleep) */
	CALL_READS = 1 << 4,   /* read-like: a request above CALL_DATA_MAX is done in pieces */
};

/* Where call @nr with these registers runs. @reason (may be NULL) gets the short word for
 * `mosctl why` when the class is CALL_HOME ("fork", "execve", "threads", "no-row", ...): a static
 * string. Never fails: an unknown number is CALL_HOME. */
enum call_class call_classify(long nr, const uint64_t arg[CALL_ARGS], const char **reason);
/* "openat", or "syscall_999". Static. */
const char *call_name(long nr);

/* Fills the plan of a call whose class is CALL_FORWARD.
 * Return: 0; -ENOSYS when this very call (an ioctl nobody knows, say) must run at home instead;
 * -E2BIG when a single argument is above CALL_DATA_MAX and cannot be done in pieces (then home). A read or
 * write above the limit is cut to CALL_DATA_MAX in @ret->arg (the caller loops, see CALL_READS).
 * So are other counts of which less may be asked (getdents64, epoll_wait, readlink), where nobody
 * need loop. CALL_BOTH is planned too, for its half at home. */
int call_plan(long nr, const uint64_t arg[CALL_ARGS], struct call_plan *ret);

/* Home's side: bytes that argument @i needs in the deputy's buffer; @in_len is what the peer sent
 * for it (0 if it sends none). For ARG_IOV_OUT, @in_len is the sum of the guest's iovecs: their run
 * is all that is counted here, and the iovecs themselves are the caller's to place.
 * Return: bytes, or -EPROTO when @in_len does not fit the plan. */
int call_place_size(const struct call_plan *p, unsigned i, uint32_t in_len);
/* Bytes of OUT argument @i that count after the call returned @ret (0 for other kinds).
 * @cap is what was reserved for it. Never more than @cap. Where plan.len_at names an argument, this int tells
 * how much of that counts, as it was before the call and as it is behind it; that is the caller's to see. */
uint32_t call_out_len(const struct call_plan *p, unsigned i, int64_t ret, uint32_t cap);

/* One condition on one argument: (arg & mask) == value. */
struct call_match {
	uint8_t arg;
	uint64_t mask, value;
};

/* For making the seccomp filter: calls @fn for each alternative under which number @nr is
 * CALL_LOCAL, that is when all @n conditions hold (none: always). A number may come several times;
 * within one alternative no argument comes twice. Stops at the first result that is not 0.
 * Return: that result, or 0. */
int call_filter_each(int (*fn)(void *ctx, long nr, const struct call_match *m, unsigned n),
		     void *ctx);

/* pselect6's sixth argument points to { mask, size of the mask }, and by the registers alone a call
 * that has one is CALL_HOME. The guest's side reads these 16 bytes: if they name no mask, @arg[5]
 * is cleared, which means the same, and the call may be classified and planned again.
 * Return: true if it was cleared. */
bool call_clear_empty_mask(long nr, uint64_t arg[CALL_ARGS], const uint64_t pair[2]);

/* Turns the registers of a call that did @done of its bytes into those for the rest: buffer, count
 * and an offset held in a register. (Offsets held in memory were advanced by the kernel.)
 * Where the bytes are in iovecs the caller skips @done of them by itself.
 * Return: 0; -ENOSYS for a call that is not done in pieces; -EINVAL if @done is more than was
 * asked for. */
int call_advance(long nr, uint64_t arg[CALL_ARGS], uint64_t done);

/* Is @path a file of /proc that tells of the memory or the processor time of the process that opens
 * it (/proc/self/maps, or by its number @pid)? The deputy's own would be a lie. */
bool call_tells_of_self(const char *path, int pid);

static inline bool call_arg_message(enum arg_kind k)
{
	return k == ARG_MSG_IN || k == ARG_MSG_OUT;
}

/* Iovecs, or a message, which has some. A call has at most one such argument. */
static inline bool call_arg_vector(enum arg_kind k)
{
	return k == ARG_IOV_IN || k == ARG_IOV_OUT || call_arg_message(k);
}

static inline bool call_arg_in(enum arg_kind k)
{
	return k == ARG_STR || k == ARG_IN || k == ARG_INOUT || k == ARG_IOV_IN || k == ARG_MSG_IN;
}

static inline bool call_arg_out(enum arg_kind k)
{
	return k == ARG_OUT || k == ARG_INOUT || k == ARG_IOV_OUT || k == ARG_MSG_OUT;
}

#endif
