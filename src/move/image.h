/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process image: everything of a process but its memory's contents and what stays at home.
 * Encoded field by field, little-endian; decoding checks every count, range and order, so that a
 * decoded image can be acted on. */
#ifndef MOS_MOVE_IMAGE_H
#define MOS_MOVE_IMAGE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "wire/limits.h"

#define IMAGE_SIGNALS	  64 /* signal numbers 1..64 */
#define IMAGE_PENDING_MAX 128U /* signals that wait, undelivered */
#define IMAGE_FILES_MAX	  4096U
#define IMAGE_GROUPS_MAX  64U
#define IMAGE_ENCODED_MAX (4U * 1024U * 1024U)

/* The kernel's struct sigaction, as rt_sigaction(2) takes it. */
struct image_action {
	uint64_t handler, flags, restorer, mask;
};

enum image_vma_kind {
	IMAGE_ANON,
	IMAGE_FILE, /* private, or read-only shared: a copy of the file's pages serves it */
	IMAGE_VDSO,
	IMAGE_VVAR,
	IMAGE_VMA_KIND_COUNT_
};

#define IMAGE_VMA_STACK	 1 /* grows downwards */
#define IMAGE_VMA_SHARED 2 /* of a file that was opened for reading only */
#define IMAGE_VMA_BEYOND 4 /* behind the last page of its file: an access is SIGBUS */

struct image_vma {
	uint64_t start, end;
	uint64_t off;  /* in the file */
	uint32_t file; /* number of the file, for IMAGE_FILE; given by home, for the process's life */
	uint8_t prot, kind, flags;
};

/* A call that the program is in the middle of. Its registers stand behind the `syscall`
 * instruction, waiting for a result in rax. */
enum pending_kind {
	PENDING_NONE,
	PENDING_CALL,  /* goes on at home under this id; home will answer it */
	PENDING_SLEEP, /* until a deadline; wherever the body is keeps it */
	PENDING_KIND_COUNT_
};

struct image_pending {
	uint8_t kind;
	uint64_t id;	   /* PENDING_CALL */
	int64_t nr;	   /* what the program called, to be issued again if interrupted */
	uint64_t arg[6];
	nsec_t deadline;   /* PENDING_SLEEP: on @clock as home counts it */
	uint32_t clock;
	uint64_t rem;	   /* PENDING_SLEEP: where the rest of the time goes if interrupted, or 0 */
	uint64_t done;	   /* PENDING_CALL: bytes that earlier pieces have done */
};

/* Who the program is; what HOST calls answer from. */
struct image_ids {
	uint32_t uid[4], gid[4];
	uint32_t ngroups, group[IMAGE_GROUPS_MAX];
};

struct image_mm {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
};

struct image {
	uint64_t epoch;
	int32_t pid;
	char comm[16];
	struct user_regs_struct regs;
	uint32_t xstate_len;
	uint8_t xstate[XSTATE_MAX];
	uint64_t mask;
	uint64_t altstack[3];
	struct image_action action[IMAGE_SIGNALS + 1]; /* [0], SIGKILL, SIGSTOP unused */
	uint64_t rseq_ptr;
	uint32_t rseq_size, rseq_signature;
	uint64_t robust_head, robust_len, tid_address;
	struct image_mm mm;
	uint32_t auxv_len;
	uint8_t auxv[AUXV_MAX];
	struct image_ids ids;
	nsec_t mono, coarse, boot; /* the program's clocks when it stopped */
	nsec_t cpu;	   /* processor time that it has used so far, anywhere */
	uint64_t area;	   /* where the resident's area lies */
	struct image_pending pending;
	uint32_t nsignals;
	siginfo_t signal[IMAGE_PENDING_MAX]; /* to be raised before the program goes on */
	uint32_t nvmas;
	struct image_vma *vma; /* owned */
};

struct image *image_create(void);
void image_destroy(struct image *m);
int image_encode(const struct image *m, struct buf *b);
/* Into a fresh image of image_create(). Return: 0, -EPROTO with what is wrong, -ENOMEM. */
int image_decode(struct image *m, const void *p, size_t n, struct err *e);

/* The same for a pending call alone. */
void image_put_pending(const struct image_pending *p, struct buf *b);
int image_get_pending(struct cursor *c, struct image_pending *ret);

#endif
