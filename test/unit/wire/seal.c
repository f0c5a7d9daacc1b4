/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/util.h"
#include "wire/seal.h"

#define LIFE 1700000000000000000ULL
#define STEP (1000 * NSEC_PER_MSEC) /* longer than any gap */

static const struct key_ring ring = { .key = { { "one key of thirty-two bytes....." } }, .n = 1 };
static const struct key_ring other = { .key = { { "another one of thirty-two bytes." } }, .n = 1 };

struct datagram {
	uint8_t b[SEAL_MAX];
	size_t n;
};

static nsec_t now = 1;
static uint8_t got[SEAL_PAYLOAD_MAX];
static size_t got_len;
static node_id from;

static node_id node(uint32_t n)
{
	return (node_id){ n };
}

static struct seal *make(uint32_t me, uint64_t life, const struct key_ring *k)
{
	struct seal *s;

	assert_int_equal(seal_create(node(me), life, k, &s), 0);
	return s;
}

static struct datagram sent(struct seal *s, uint32_t to, const char *text)
{
	struct datagram d = { .n = 0 };
	int r = seal_send(s, now, node(to), text, strlen(text), d.b);

	assert_true(r > 0);
	d.n = (size_t)r;
	return d;
}

/* An exact copy, so that a sanitizer sees a read past the end. */
static int opened(struct seal *s, const struct datagram *d, struct datagram *reply)
{
	uint8_t *exact = malloc(d->n ? d->n : 1), answer[SEAL_HELLO_MAX];
	size_t n = 99;
	int r;

	assert_non_null(exact);
	memcpy(exact, d->b, d->n);
	r = seal_open(s, now, exact, d->n, &from, got, &got_len, answer, &n);
	free(exact);
	assert_true(n <= d->n);
	assert_true(r == 1 || got_len == 0);
	if (reply) {
		memcpy(reply->b, answer, n);
		reply->n = n;
	} else {
		assert_int_equal(n, 0);
	}
	return r;
}

/* @a learns the life of @b. */
static void greet(struct seal *a, struct seal *b, uint32_t b_number)
{
	struct datagram d, r;

	now += STEP;
	d = sent(a, b_number, "dropped");
	assert_int_equal(d.n, SEAL_HELLO_MAX);
	assert_int_equal(opened(b, &d, &r), 0);
	assert_int_equal(r.n, SEAL_HELLO_MAX);
	assert_int_equal(opened(a, &r, NULL), 0);
	assert_true(seal_ready(a, node(b_number)));
}

static void says(struct seal *a, struct seal *b, uint32_t a_number, uint32_t b_number)
{
	struct datagram d = sent(a, b_number, "load 3");

	assert_int_equal(opened(b, &d, NULL), 1);
	assert_int_equal(from.v, a_number);
	assert_int_equal(got_len, 6);
	assert_memory_equal(got, "load 3", 6);
}

static void round_trip(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(65535, LIFE - 5, &ring);
	struct datagram d;

	assert_false(seal_ready(a, node(65535)));
	greet(a, b, 65535);
	assert_false(seal_ready(b, node(1))); /* a hello proves nothing */
	says(a, b, 1, 65535);
	assert_true(seal_ready(b, node(1))); /* a payload for our life does */
	for (int i = 0; i < 200; i++)
		says(b, a, 65535, 1);
	d = sent(a, 65535, "");
	assert_int_equal(d.n, SEAL_OVERHEAD);
	assert_int_equal(opened(b, &d, NULL), 1);
	assert_int_equal(got_len, 0);
	assert_int_equal(seal_count(a, SEAL_HELD), 1);
	assert_int_equal(seal_count(a, SEAL_SENT), 2);
	assert_int_equal(seal_count(a, SEAL_OPENED), 200);
	assert_int_equal(seal_count(a, SEAL_PROVEN), 1);
	assert_int_equal(seal_count(b, SEAL_REPLIES), 1);
	for (unsigned i = 0; i < SEAL_COUNT_; i++)
		assert_non_null(seal_count_names[i]);
	seal_destroy(a);
	seal_destroy(b);
}

/* The layout that doc/wire.md tells, and that nothing of the payload can be read. */
static void layout(void **state)
{
	static const uint8_t want[SEAL_HEADER] = {
		'm', 'o', 's', 1, 3, 0, 2, 1, 4, 3, 0, 0, /* data from 0x102 to 0x304 */
		8,   7,	  6,   5, 4, 3, 2, 1,		  /* life */
		1,   2,	  3,   4, 5, 6, 7, 8,		  /* the other's */
		2,   0,	  0,   0, 0, 0, 0, 0,		  /* the second one of this life */
	};
	struct seal *a = make(0x102, 0x0102030405060708, &ring);
	struct seal *b = make(0x304, 0x0807060504030201, &ring);
	struct datagram d;

	greet(a, b, 0x304);
	d = sent(a, 0x304, "plain to see");
	assert_memory_equal(d.b, want, sizeof(want));
	assert_null(memmem(d.b, d.n, "plain", 5));
	seal_destroy(a);
	seal_destroy(b);
}

static void largest(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring);
	char text[SEAL_PAYLOAD_MAX + 2];
	struct datagram d;

	memset(text, 'x', sizeof(text));
	text[SEAL_PAYLOAD_MAX] = '\0';
	greet(a, b, 2);
	d = sent(a, 2, text);
	assert_int_equal(d.n, SEAL_MAX);
	assert_true(d.n <= 1400);
	assert_int_equal(opened(b, &d, NULL), 1);
	assert_int_equal(got_len, SEAL_PAYLOAD_MAX);
	assert_memory_equal(got, text, SEAL_PAYLOAD_MAX);
	assert_int_equal(seal_send(a, now, node(2), text, SEAL_PAYLOAD_MAX + 1, d.b), -EMSGSIZE);
	seal_destroy(a);
	seal_destroy(b);
}

static void bad_arguments(void **state)
{
	static const struct key_ring none = { .n = 0 }, many = { .n = 3 };
	struct seal *s;
	uint8_t b[SEAL_MAX];

	assert_int_equal(seal_create(node(0), LIFE, &ring, &s), -EINVAL);
	assert_int_equal(seal_create(node(65536), LIFE, &ring, &s), -EINVAL);
	assert_int_equal(seal_create(node(1), 0, &ring, &s), -EINVAL);
	assert_int_equal(seal_create(node(1), LIFE, &none, &s), -ENOKEY);
	assert_null(s);
	s = make(1, LIFE, &ring);
	assert_int_equal(seal_set_keys(s, &many), -ENOKEY);
	assert_int_equal(seal_send(s, now, node(0), "", 0, b), -EINVAL);
	assert_int_equal(seal_send(s, now, node(1), "", 0, b), -EINVAL);
	assert_int_equal(seal_send(s, now, node(65536), "", 0, b), -EINVAL);
	assert_false(seal_ready(s, node(65536)));
	seal_destroy(s);
	seal_destroy(NULL);
}

/* Each byte changed, each shorter length and a longer one: refused, and no harm done. */
static void spoil(struct seal *to, const struct datagram *good)
{
	for (size_t i = 0; i < good->n; i++) {
		struct datagram d = *good;
		int r;

		d.b[i] ^= 0x40;
		r = opened(to, &d, NULL);
		assert_true(r == -EBADMSG || r == -EPROTO || r == -ENXIO);
		if (i >= 12) /* behind what can be seen to be wrong without a key */
			assert_int_equal(r,
					 i >= 20 && i < 28 && good->b[4] == 1 ? -EPROTO : -EBADMSG);
		d = *good;
		d.n = i;
		r = opened(to, &d, NULL);
		assert_true(r == -EBADMSG || r == -EPROTO);
	}
	struct datagram d = *good;

	d.n++;
	assert_true(opened(to, &d, NULL) < 0);
	assert_int_equal(ERR_peek_error(), 0); /* left for nobody's TLS to find */
}

static void tampered(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring);
	struct datagram hello, reply, data;

	hello = sent(a, 2, "");
	spoil(b, &hello);
	assert_int_equal(opened(b, &hello, &reply), 0);
	spoil(a, &reply);
	assert_false(seal_ready(a, node(2)));
	assert_int_equal(opened(a, &reply, NULL), 0);
	data = sent(a, 2, "load 3");
	spoil(b, &data);
	assert_false(seal_ready(b, node(1)));
	assert_int_equal(opened(b, &data, NULL), 1);
	assert_true(seal_count(b, SEAL_FORGED) > 90);
	seal_destroy(a);
	seal_destroy(b);
}

static void replayed_and_reordered(void **state)
{
	enum { N = 200 };
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring);
	static struct datagram d[N];

	greet(a, b, 2);
	for (int i = 0; i < N; i++)
		d[i] = sent(a, 2, "x");
	assert_int_equal(opened(b, &d[100], NULL), 1);
	assert_int_equal(opened(b, &d[100], NULL), -ESTALE);
	for (int i = 99; i > 100 - (int)SEAL_WINDOW; i--) {
		assert_int_equal(opened(b, &d[i], NULL), 1);
		assert_int_equal(opened(b, &d[i], NULL), -ESTALE);
	}
	assert_int_equal(opened(b, &d[100 - SEAL_WINDOW], NULL), -ESTALE); /* too late */
	assert_int_equal(opened(b, &d[102], NULL), 1);
	assert_int_equal(opened(b, &d[101], NULL), 1);
	assert_int_equal(opened(b, &d[101], NULL), -ESTALE);
	assert_int_equal(opened(b, &d[102 + SEAL_WINDOW - 1], NULL), 1);
	assert_int_equal(opened(b, &d[102], NULL), -ESTALE);
	assert_int_equal(opened(b, &d[103], NULL), 1);
	assert_int_equal(opened(b, &d[199], NULL), 1);
	for (int i = 0; i < N; i++) {
		int r = opened(b, &d[i], NULL);

		assert_int_equal(r,
				 i > 199 - (int)SEAL_WINDOW && i != 165 && i != 199 ? 1 : -ESTALE);
	}
	seal_destroy(a);
	seal_destroy(b);
}

static void astray(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring);
	struct seal *c = make(3, LIFE, &ring), *x = make(2, LIFE + 1, &other);
	struct datagram d;

	greet(a, b, 2);
	d = sent(a, 2, "for b alone");
	assert_int_equal(opened(c, &d, NULL), -ENXIO);
	assert_int_equal(opened(a, &d, NULL), -ENXIO); /* reflected */
	assert_int_equal(opened(x, &d, NULL), -EBADMSG);
	d = sent(x, 1, "");
	assert_int_equal(opened(a, &d, NULL), -EBADMSG);
	assert_true(seal_ready(a, node(2)));
	assert_int_equal(opened(b, &d, NULL), -ENXIO);
	d.b[6] = d.b[8]; /* from and to the same */
	assert_int_equal(opened(a, &d, NULL), -EPROTO);
	assert_int_equal(from.v, 0);
	assert_int_equal(seal_count(a, SEAL_FORGED), 1);
	assert_int_equal(seal_count(a, SEAL_STRAY), 1);
	assert_int_equal(seal_count(a, SEAL_MALFORMED), 1);
	seal_destroy(a);
	seal_destroy(b);
	seal_destroy(c);
	seal_destroy(x);
}

/* Both nodes get both keys, one after the other, then lose the old one: nothing is ever lost. */
static void rotation(void **state)
{
	struct key_ring both = { .key = { ring.key[0], other.key[0] }, .n = 2 };
	struct key_ring htob = { .key = { other.key[0], ring.key[0] }, .n = 2 };
	const struct key_ring *const steps[] = { &ring, &both, &htob, &other, &htob, &both, &ring };

	for (unsigned first = 0; first < 2; first++) {
		struct seal *s[2] = { make(1, LIFE, &ring), make(2, LIFE, &ring) };

		greet(s[0], s[1], 2);
		says(s[0], s[1], 1, 2);
		for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
			for (unsigned k = 0; k < 2; k++) {
				assert_int_equal(seal_set_keys(s[k ^ first], steps[i]), 0);
				says(s[0], s[1], 1, 2);
				says(s[1], s[0], 2, 1);
			}
		}
		assert_int_equal(seal_count(s[0], SEAL_PROVEN), 1);
		/* a key that is gone opens nothing, though its derived keys were kept */
		assert_int_equal(seal_set_keys(s[0], &other), 0);
		struct datagram d = sent(s[1], 1, "x");

		assert_int_equal(opened(s[0], &d, NULL), -EBADMSG);
		seal_destroy(s[0]);
		seal_destroy(s[1]);
	}
}

static void sender_begins_anew(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring), *a2;
	struct datagram old, old_hello, d, r;

	old_hello = sent(a, 2, "");
	greet(a, b, 2);
	says(a, b, 1, 2);
	old = sent(a, 2, "held back");
	seal_destroy(a);

	a2 = make(1, LIFE + 1, &ring);
	now += STEP;
	d = sent(a2, 2, "");
	assert_int_equal(opened(b, &d, &r), 0);
	assert_false(seal_ready(b, node(1))); /* told of a newer life: ask first */
	assert_int_equal(opened(a2, &r, NULL), 0);
	says(a2, b, 1, 2);
	assert_true(seal_ready(b, node(1)));
	assert_int_equal(seal_count(b, SEAL_PROVEN), 2);
	assert_int_equal(opened(b, &old, NULL), -ESTALE);
	assert_int_equal(opened(b, &old_hello, NULL), -ESTALE);
	assert_int_equal(seal_count(b, SEAL_OLD_LIFE), 2);
	assert_int_equal(opened(b, &d, NULL),
			 -ESTALE); /* the hello was counted, before the proof */
	says(b, a2, 2, 1);
	seal_destroy(a2);

	/* the other way to learn it: b asks */
	a2 = make(1, LIFE + 2, &ring);
	now += STEP;
	old = sent(b, 1, "for the former life");
	assert_int_equal(opened(a2, &old, &r), -ESTALE);
	assert_int_equal(r.n, SEAL_HELLO_MAX);
	assert_int_equal(opened(b, &r, &d), 0);
	assert_int_equal(opened(a2, &d, NULL), 0);
	greet(b, a2, 1);
	says(b, a2, 2, 1);
	says(a2, b, 1, 2);
	assert_int_equal(seal_count(a2, SEAL_FORMER), 1);
	seal_destroy(a2);
	seal_destroy(b);
}

/* All that both ever sent is recorded; then one begins anew and gets it all again, several times.
 */
static void receiver_begins_anew(void **state)
{
	enum { N = 40 };
	static struct datagram log[2 * N + 4];
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring), *b2;
	struct datagram r;
	unsigned n = 0;

	now += STEP;
	log[n++] = sent(a, 2, "");
	log[n++] = sent(b, 1, "");
	assert_int_equal(opened(b, &log[0], &log[n++]), 0);
	assert_int_equal(opened(a, &log[1], &log[n++]), 0);
	assert_int_equal(opened(a, &log[2], NULL), 0);
	assert_int_equal(opened(b, &log[3], NULL), 0);
	for (int i = 0; i < N; i++) {
		log[n++] = sent(a, 2, "leave node 7");
		assert_int_equal(opened(b, &log[n - 1], NULL), 1);
		log[n++] = sent(b, 1, "so be it");
		assert_int_equal(opened(a, &log[n - 1], NULL), 1);
	}
	seal_destroy(b);

	b2 = make(2, LIFE + 1, &ring);
	for (int round = 0; round < 3; round++) {
		unsigned answers = 0;

		for (unsigned i = 0; i < n; i++) {
			int got_it;

			now += STEP; /* the limits are no help here */
			got_it = opened(b2, &log[i], &r);
			assert_true(got_it == -ESTALE || got_it == -ENXIO || !got_it);
			answers += r.n > 0;
		}
		assert_int_equal(answers > 0, round == 0);
		assert_false(seal_ready(b2, node(1)));
	}
	assert_int_equal(seal_count(b2, SEAL_OPENED), 0);
	assert_int_equal(seal_count(b2, SEAL_PROVEN), 0);
	assert_true(seal_count(b2, SEAL_FORMER) >= N);
	/* after all that, they find each other */
	greet(b2, a, 1);
	says(b2, a, 2, 1);
	says(a, b2, 1, 2);
	for (unsigned i = 0; i < n; i++)
		assert_true(opened(b2, &log[i], &r) < 0);
	seal_destroy(a);
	seal_destroy(b2);
}

static void reply_replayed(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring), *b2;
	struct datagram h1, h2, r1, r2, d;

	now += STEP;
	h1 = sent(a, 2, "");
	assert_int_equal(opened(b, &h1, &r1), 0);
	now += STEP;
	h2 = sent(a, 2, "");
	assert_int_equal(opened(b, &h2, &r2), 0);
	assert_int_equal(opened(a, &r1, NULL), 0); /* late, but its hello waits still */
	assert_true(seal_ready(a, node(2)));
	assert_int_equal(opened(a, &r1, NULL), -ESTALE);
	assert_int_equal(opened(a, &r2, NULL), -ESTALE); /* no hello waits any more */
	assert_int_equal(seal_count(a, SEAL_REPLAYED), 1);
	assert_int_equal(seal_count(a, SEAL_UNASKED), 1);
	seal_destroy(b);

	/* a hears of the new life; what the former one answered must not bring that back */
	b2 = make(2, LIFE + 1, &ring);
	now += STEP;
	d = sent(b2, 1, "");
	assert_int_equal(opened(a, &d, &r1), 0);
	assert_false(seal_ready(a, node(2)));
	assert_int_equal(opened(a, &r2, NULL), -ESTALE);
	assert_false(seal_ready(a, node(2)));
	greet(a, b2, 2);
	assert_int_equal(opened(a, &r2, NULL), -ESTALE);
	says(a, b2, 1, 2);
	seal_destroy(b2);

	/* and a in a new life takes none of the replies to its former one */
	seal_destroy(a);
	a = make(1, LIFE + 1, &ring);
	now += STEP;
	(void)sent(a, 2, "");
	assert_int_equal(opened(a, &r2, NULL), -ESTALE);
	assert_int_equal(seal_count(a, SEAL_FORMER), 1);
	seal_destroy(a);
}

/* The reply that the former life sent last comes after the new life was told of. */
static void late_reply_of_former_life(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring), *b2;
	struct datagram h, late, d, r;

	greet(a, b, 2);
	says(a, b, 1, 2);
	seal_destroy(a);
	a = make(1, LIFE + 1, &ring); /* so that it has to ask */
	greet(a, b, 2);
	now += STEP;
	d = sent(b, 1, "");
	assert_int_equal(opened(a, &d, &r), 0);
	assert_int_equal(opened(b, &r, NULL), 0);
	b2 = make(2, LIFE + 1, &ring);
	d = sent(b2, 1, "");
	now += STEP;
	assert_int_equal(opened(a, &d, &r), 0);
	h = sent(a, 2, ""); /* to the new life; but the former one gets it */
	assert_int_equal(opened(b, &h, &late), 0);
	seal_destroy(b);
	b = make(2, LIFE + 2, &ring);
	d = sent(b, 1, "");
	now += STEP;
	assert_int_equal(opened(a, &d, &r), 0);
	(void)sent(a, 2, ""); /* a hello waits, but not that one */
	assert_int_equal(opened(a, &late, NULL), -ESTALE);
	assert_int_equal(seal_count(a, SEAL_UNASKED), 1);
	assert_false(seal_ready(a, node(2)));
	greet(a, b, 2);
	says(a, b, 1, 2);
	seal_destroy(a);
	seal_destroy(b);
	seal_destroy(b2);
}

/* Told of a life from a clock that ran ahead: recorded once, played to us. It holds nothing up. */
static void false_future(void **state)
{
	struct seal *ahead = make(1, LIFE * 2, &ring), *a = make(1, LIFE, &ring);
	struct seal *b = make(2, LIFE, &ring);
	struct datagram d, r;

	greet(a, b, 2);
	says(a, b, 1, 2);
	now += STEP;
	d = sent(ahead, 2, "");
	assert_int_equal(opened(b, &d, &r), 0);
	assert_false(seal_ready(b, node(1)));
	says(a, b, 1, 2); /* is still heard */
	assert_false(seal_ready(b, node(1)));
	greet(b, a, 1);
	says(b, a, 2, 1);
	seal_destroy(ahead);
	seal_destroy(a);
	seal_destroy(b);
}

static void flood(void **state)
{
	struct seal *a = make(1, LIFE, &ring), *b = make(2, LIFE, &ring);
	struct datagram d, r;
	unsigned hellos = 0, replies = 0;

	/* a sender asks five times a second, however often it has something to say */
	for (int ms = 0; ms < 1000; ms++) {
		int n = seal_send(a, now + ms * NSEC_PER_MSEC, node(2), "x", 1, d.b);

		assert_true(n == -EAGAIN || n == (int)SEAL_HELLO_MAX);
		hellos += n > 0;
	}
	assert_int_equal(hellos, 5);
	assert_int_equal(seal_count(a, SEAL_GAPS), 995);
	seal_destroy(a);

	/* hellos of very many lives, as recordings are: ten answers a second */
	for (unsigned i = 1; i <= 1000; i++) {
		a = make(1, LIFE + i, &ring);
		d = sent(a, 2, "");
		now += NSEC_PER_MSEC;
		assert_int_equal(opened(b, &d, &r), 0);
		replies += r.n > 0;
		seal_destroy(a);
	}
	assert_int_equal(replies, 10);
	assert_int_equal(seal_count(b, SEAL_REPLIES), 10);
	seal_destroy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(layout),
		cmocka_unit_test(largest),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(tampered),
		cmocka_unit_test(replayed_and_reordered),
		cmocka_unit_test(astray),
		cmocka_unit_test(rotation),
		cmocka_unit_test(sender_begins_anew),
		cmocka_unit_test(receiver_begins_anew),
		cmocka_unit_test(reply_replayed),
		cmocka_unit_test(late_reply_of_former_life),
		cmocka_unit_test(false_future),
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
