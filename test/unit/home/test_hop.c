/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What home decides on a hop, whatever its two hosts say, or do not say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "home/files.h"
#include "home/home.h"
#include "wire/msg.h"

#define EPOCH  7
#define SAID   8
#define FORMER ((struct channel *)1) /* of which nothing but the address is used */
#define NEXT   ((struct channel *)2)

/* What receiving from a host returns, in this order; behind that it is silent. */
struct script {
	unsigned n, at;
	struct {
		int r; /* 1: a message */
		uint16_t type;
		const char *text;
	} said[SAID];
	bool chatters; /* it goes on with PONGs, one a second, instead */
};

static struct scene {
	struct home h;
	struct script former, next;
	bool no_memory, lost;
	unsigned hops, goes, resumes; /* sent */
	unsigned moved, not_moved;    /* told to mosd */
	int code;
	char error[ERR_MSG_MAX];
	nsec_t now;
} s;

nsec_t __wrap_clock_now(clockid_t id);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
int __wrap_channel_send(struct channel *c, uint16_t type, uint64_t id, const struct iovec *iov, unsigned niov);
int __wrap_channel_recv(struct channel *c, int timeout_ms, struct frame *ret);

nsec_t __wrap_clock_now(clockid_t id)
{
	return s.now;
}

void *__wrap_realloc(void *p, size_t n)
{
	return s.no_memory ? NULL : __real_realloc(p, n);
}

int __wrap_channel_send(struct channel *c, uint16_t type, uint64_t id, const struct iovec *iov, unsigned niov)
{
	assert_ptr_equal(c, type == MSG_GO ? NEXT : FORMER);
	s.hops += type == MSG_HOP;
	s.goes += type == MSG_GO;
	s.resumes += type == MSG_RESUME;
	if (type == MSG_GO)
		assert_int_equal(id, EPOCH + 1);
	return 0;
}

int __wrap_channel_recv(struct channel *c, int timeout_ms, struct frame *ret)
{
	struct script *from = c == FORMER ? &s.former : &s.next;
	unsigned at = from->at++;

	assert_in_range(at, 0, 2 * SAID); /* is it never to end? */
	*ret = (struct frame){ .type = MSG_PONG };
	s.now += from->chatters ? NSEC_PER_SEC : 0;
	if (at >= from->n)
		return from->chatters;
	ret->type = from->said[at].type;
	ret->data = (const uint8_t *)from->said[at].text;
	ret->len = ret->data ? (uint32_t)strlen(from->said[at].text) : 0;
	return from->said[at].r;
}

int check_movable(pid_t pid, bool stopped, bool privileged_too, struct err *e)
{
	return 0;
}

int leave_prepare(struct home *h, const struct order *o, bool from_host, struct channel **ret,
		  uint8_t token[TOKEN_SIZE], struct err *e)
{
	*ret = NEXT;
	return 0;
}

int home_told_why(const struct frame *f, const char *who, struct err *e)
{
	return err_reason(e, -ECANCELED, "told", "%s: %.*s", who, (int)f->len, (const char *)f->data);
}

void home_take(struct home *h, const struct frame *f)
{
	if (f->type == MSG_END)
		hop_sent(h, f);
	else if (f->type == MSG_ABORT)
		hop_refused(h, f);
}

/* As where P is ending anyway: else it does not return. */
void home_lost_host(struct home *h, const char *why)
{
	s.lost = true;
	h->place = PLACE_ENDED;
}

void home_close_hop(struct home *h)
{
	h->hop.to = NULL;
}

void home_close_host(struct home *h)
{
	h->host_channel = NULL;
	h->hop.unanswered = 0;
}

void node_moved(struct home *h, uint64_t request, uint32_t from, const char *cause, nsec_t freeze, nsec_t total,
		uint64_t bytes)
{
	s.moved++;
}

void node_not_moved(struct home *h, uint64_t request, uint32_t to, const struct err *e, int code)
{
	s.not_moved++;
	s.code = code;
	(void)snprintf(s.error, sizeof(s.error), "%s", err_str(e, code));
}

#define NOTHING(name)                                                                              \
	void name(struct home *h)                                                                  \
	{                                                                                          \
	}
NOTHING(home_watch_hop)
NOTHING(home_watch_host)
NOTHING(signals_release_held)
NOTHING(signals_freeze)
NOTHING(deputy_answer_again)
NOTHING(mapping_new_host)
NOTHING(files_new_host)

static void says(struct script *who, uint16_t type, const char *text)
{
	assert_in_range(who->n, 0, SAID - 1);
	who->said[who->n].r = 1;
	who->said[who->n].type = type;
	who->said[who->n++].text = text;
}

static void is_lost(struct script *who)
{
	who->said[who->n++].r = -ECONNRESET;
}

static void begin(void)
{
	const struct order o = { .request = 5, .node = 3, .addr = "10.0.0.3", .port = 4660 };

	hop_begin(&s.h, &o);
}

/* It is away, and has been ordered on. */
static int setup(void **state)
{
	memset(&s, 0, sizeof(s));
	s.now = NSEC_PER_SEC;
	s.h.place = PLACE_AWAY;
	s.h.host = 2;
	s.h.epoch = EPOCH;
	s.h.host_channel = FORMER;
	begin();
	assert_int_equal(s.hops, 1);
	assert_true(s.h.hop.going);
	return 0;
}

static void is_there(void)
{
	assert_int_equal(s.goes, 1);
	assert_int_equal(s.resumes, 0);
	assert_int_equal(s.moved, 1);
	assert_int_equal(s.not_moved, 0);
	assert_int_equal(s.h.epoch, EPOCH + 1);
	assert_int_equal(s.h.host, 3);
	assert_ptr_equal(s.h.host_channel, NEXT);
	assert_false(s.h.hop.going);
}

/* The next host is hung up on, the former told to let it go on, and mosd told once. */
static void stayed(int code, const char *why)
{
	assert_int_equal(s.goes, 0);
	assert_int_equal(s.resumes, s.hops);
	assert_int_equal(s.moved, 0);
	assert_int_equal(s.not_moved, s.hops);
	assert_int_equal(s.code, code);
	if (!strstr(s.error, why))
		fail_msg("'%s' and not '%s'", s.error, why);
	assert_int_equal(s.h.epoch, EPOCH);
	assert_int_equal(s.h.host, 2);
	assert_ptr_equal(s.h.host_channel, FORMER);
	assert_null(s.h.hop.to);
	assert_false(s.h.hop.going);
	assert_int_equal(s.h.request, 0);
}

static void all_is_said(void **state)
{
	says(&s.former, MSG_CALL, NULL);
	says(&s.former, MSG_END, NULL);
	is_lost(&s.former); /* then it may */
	hop_built(&s.h);
	assert_int_equal(s.former.at, 2);
	is_there();
}

static void all_was_said_before(void **state)
{
	const struct frame end = { .type = MSG_END };

	hop_sent(&s.h, &end);
	hop_built(&s.h);
	assert_int_equal(s.former.at, 0);
	is_there();
}

static void silent(void **state)
{
	says(&s.former, MSG_CALL, NULL);
	hop_built(&s.h);
	stayed(-ETIMEDOUT, "said nothing for 5 s");
	assert_false(s.lost); /* it may be slow: who asks it each second finds out */
}

/* Whatever else it says, it has its time and no more. */
static void chatters(void **state)
{
	s.former.chatters = true;
	hop_built(&s.h);
	assert_in_range(s.former.at, 2, 6);
	stayed(-ETIMEDOUT, "said nothing for 5 s");
}

static void lost_before_all_is_said(void **state)
{
	says(&s.former, MSG_CALL, NULL);
	is_lost(&s.former);
	hop_built(&s.h);
	assert_true(s.lost);
	assert_int_equal(s.goes, 0);
	assert_int_equal(s.moved, 0);
	assert_null(s.h.hop.to);
}

static void refuses_at_last(void **state)
{
	says(&s.former, MSG_ABORT, "no more");
	hop_built(&s.h);
	stayed(-ECANCELED, "the host could not send it on: no more");
}

static void next_one_says_why(void **state)
{
	const struct frame abort = { .type = MSG_ABORT, .data = (const uint8_t *)"broken pipe", .len = 11 };

	says(&s.next, MSG_ABORT, "no room");
	hop_refused(&s.h, &abort);
	stayed(-ECANCELED, "the next node could not build it: no room");
}

static void next_one_is_lost(void **state)
{
	hop_next_failed(&s.h, -ECONNRESET, NULL);
	stayed(-ECONNRESET, "the next node was lost");
}

/* It is connected, and its supervisor does nothing. */
static void next_one_does_not_build(void **state)
{
	const struct frame end = { .type = MSG_END };

	s.now += 1000 * NSEC_PER_SEC; /* much memory */
	hop_beat(&s.h);
	hop_sent(&s.h, &end);
	s.now += 30 * NSEC_PER_SEC;
	hop_beat(&s.h);
	assert_true(s.h.hop.going);
	s.now += NSEC_PER_SEC;
	hop_beat(&s.h);
	stayed(-ETIMEDOUT, "the next node did not build it within 30 s");
	hop_beat(&s.h);
	assert_int_equal(s.not_moved, 1);
}

/* Of one that was called off the answer is under way: it is none to the second. */
static void answers_come_late(uint16_t first)
{
	const struct frame late = { .type = first }, end = { .type = MSG_END };

	hop_next_failed(&s.h, -ECONNRESET, NULL);
	begin();
	home_take(&s.h, &late);
	assert_true(s.h.hop.going);
	assert_false(s.h.hop.left);
	assert_int_equal(s.not_moved, 1);
	home_take(&s.h, &end);
	assert_true(s.h.hop.left);
	home_take(&s.h, &late); /* nobody asked */
	assert_true(s.h.hop.going && s.h.hop.left);
}

static void late_end(void **state)
{
	answers_come_late(MSG_END);
}

static void late_refusal(void **state)
{
	answers_come_late(MSG_ABORT);
}

/* Nothing was asked of the former host, so it answers nothing, and the next order is heard. */
static void no_memory_for_the_order(void **state)
{
	hop_next_failed(&s.h, -ECONNRESET, NULL);
	s.not_moved = 0;
	s.no_memory = true;
	begin();
	s.no_memory = false;
	stayed(-ENOMEM, "no memory");
	assert_int_equal(s.h.hop.unanswered, 1);
	begin();
	assert_int_equal(s.hops, 2);
	assert_true(s.h.hop.going);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_said, setup),
		cmocka_unit_test_setup(all_was_said_before, setup),
		cmocka_unit_test_setup(silent, setup),
		cmocka_unit_test_setup(chatters, setup),
		cmocka_unit_test_setup(lost_before_all_is_said, setup),
		cmocka_unit_test_setup(refuses_at_last, setup),
		cmocka_unit_test_setup(next_one_says_why, setup),
		cmocka_unit_test_setup(next_one_is_lost, setup),
		cmocka_unit_test_setup(next_one_does_not_build, setup),
		cmocka_unit_test_setup(late_end, setup),
		cmocka_unit_test_setup(late_refusal, setup),
		cmocka_unit_test_setup(no_memory_for_the_order, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
