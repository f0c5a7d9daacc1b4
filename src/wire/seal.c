/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how a datagram is sealed, and which lives of its peers are over.
 *
 * DOC: each life of each node has a key of its own, from HKDF over the cluster key, and counts its
 * datagrams, whoever they go to; the count is the nonce. So no nonce comes twice under a key.
 *
 * Of each peer two lives are kept: the highest one that was proven, and a higher one that a
 * datagram told of. To tell is easy, for a recording from before our start does it too. Proven is a
 * life by what it can only have made during our own: a payload that names our life, or the reply to
 * a hello that we count among those waiting. A life that is told may turn out to be a recording;
 * hence it only makes us ask (hello), and it is forgotten once a hello sent after it is answered by
 * another. A proven life never goes down. */
#include "wire/seal.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/util.h"
#include "wire/aead.h"

#define KEYS_MAX 2U

_Static_assert(SEAL_OVERHEAD <= 60 && SEAL_MAX <= 1400, "must fit any path, and leave room");

static const uint8_t magic[4] = { 'm', 'o', 's', 1 }; /* the last is the version */

enum kind { KIND_HELLO = 1, KIND_REPLY, KIND_DATA, KIND_COUNT_ };

/* A hello is filled up, so that a reply is not longer than what it answers. */
static const struct {
	uint16_t min, max; /* bytes of payload */
	bool to_a_life;	   /* names the receiver's life, else 0 */
} plan[KIND_COUNT_] = {
	[KIND_HELLO] = { 8, 8, false },
	[KIND_REPLY] = { 8, 8, true }, /* count of the hello */
	[KIND_DATA] = { 0, SEAL_PAYLOAD_MAX, true },
};

struct header {
	uint16_t kind, from, to;
	uint64_t from_life, to_life, count;
};

struct keys {
	uint8_t key[KEYS_MAX][AEAD_KEY];
	unsigned n; /* 0: not derived yet */
};

/* One life of a peer: 0 is none. Bit i of @seen is the count @top - i. */
struct life {
	uint64_t life, top, seen;
	struct keys keys;
};

struct peer {
	struct life proven, told;	  /* @told is none, or higher than @proven */
	uint64_t asked_first, asked_last; /* counts of the hellos that wait for a reply; 0: none */
	nsec_t next_hello, next_reply;
};

struct seal {
	uint16_t me;
	uint64_t life, count; /* count of the last one sealed */
	struct key_ring ring;
	uint8_t own[AEAD_KEY];
	struct aead aead;
	struct peer **peers; /* by number */
	uint64_t counts[SEAL_COUNT_];
};

const char *const seal_count_names[SEAL_COUNT_] = {
	[SEAL_SENT] = "sent",	  [SEAL_HELLOS] = "hellos",	  [SEAL_REPLIES] = "replies",
	[SEAL_HELD] = "held",	  [SEAL_OPENED] = "opened",	  [SEAL_PROVEN] = "proven",
	[SEAL_GAPS] = "gaps",	  [SEAL_MALFORMED] = "malformed", [SEAL_STRAY] = "stray",
	[SEAL_FORGED] = "forged", [SEAL_REPLAYED] = "replayed",	  [SEAL_OLD_LIFE] = "old-life",
	[SEAL_FORMER] = "former", [SEAL_UNASKED] = "unasked",
};

static int refuse(struct seal *s, enum seal_count why, int r)
{
	s->counts[why]++;
	return r;
}

static void put16(uint8_t *to, uint16_t v)
{
	v = htole16(v);
	memcpy(to, &v, sizeof(v));
}

static void put64(uint8_t *to, uint64_t v)
{
	v = htole64(v);
	memcpy(to, &v, sizeof(v));
}

static uint16_t get16(const uint8_t *from)
{
	uint16_t v;

	memcpy(&v, from, sizeof(v));
	return le16toh(v);
}

static uint64_t get64(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return le64toh(v);
}

static void header_put(const struct header *h, uint8_t to[static SEAL_HEADER])
{
	memcpy(to, magic, sizeof(magic));
	put16(to + 4, h->kind);
	put16(to + 6, h->from);
	put16(to + 8, h->to);
	put16(to + 10, 0);
	put64(to + 12, h->from_life);
	put64(to + 20, h->to_life);
	put64(to + 28, h->count);
}

static int header_get(struct header *h, const uint8_t *p, size_t n)
{
	if (n < SEAL_OVERHEAD || n > SEAL_MAX || memcmp(p, magic, sizeof(magic)) != 0)
		return -EPROTO;
	*h = (struct header){ get16(p + 4),  get16(p + 6),  get16(p + 8),
			      get64(p + 12), get64(p + 20), get64(p + 28) };
	if (h->kind < KIND_HELLO || h->kind >= KIND_COUNT_ || get16(p + 10))
		return -EPROTO;
	n -= SEAL_OVERHEAD;
	if (n < plan[h->kind].min || n > plan[h->kind].max)
		return -EPROTO;
	if (!h->from || !h->to || h->from == h->to || !h->from_life || !h->count ||
	    (h->to_life != 0) != plan[h->kind].to_a_life)
		return -EPROTO;
	return 0;
}

static int derive(struct seal *s, const struct key *k, uint16_t node, uint64_t life,
		  uint8_t to[static AEAD_KEY])
{
	uint8_t info[10];

	put16(info, node);
	put64(info + 2, life);
	return aead_derive(&s->aead, k, "umosix datagram", info, sizeof(info), to);
}

static int keys_derive(struct seal *s, uint16_t node, uint64_t life, struct keys *ret)
{
	for (unsigned i = 0; i < s->ring.n; i++) {
		int r = derive(s, &s->ring.key[i], node, life, ret->key[i]);

		if (r < 0)
			return r;
	}
	ret->n = s->ring.n;
	return 0;
}

static void keys_wipe(struct keys *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

/* Return: bytes of the datagram, or -EIO. */
static int put(struct seal *s, struct header h, const void *payload, size_t n, uint8_t *out)
{
	if (s->count == UINT64_MAX)
		return -EIO; /* not in any life of a machine, but never a nonce again */
	h.count = ++s->count;
	h.from = s->me;
	h.from_life = s->life;
	header_put(&h, out);
	return aead_seal(&s->aead, s->own, h.count, out, SEAL_HEADER, payload, n);
}

static struct life *peer_life(struct peer *p, uint64_t life)
{
	if (p && p->proven.life == life)
		return &p->proven;
	return p && p->told.life == life ? &p->told : NULL;
}

static struct peer *peer_get(struct seal *s, uint16_t node)
{
	if (!s->peers[node])
		s->peers[node] = calloc(1, sizeof(struct peer));
	return s->peers[node];
}

/* Return: whether @count comes for the first time; from now on it has come. */
static bool first_time(struct life *l, uint64_t count)
{
	if (count > l->top) {
		uint64_t by = count - l->top;

		l->seen = by < SEAL_WINDOW ? l->seen << by | 1 : 1;
		l->top = count;
		return true;
	}
	uint64_t age = l->top - count;

	if (age >= SEAL_WINDOW || l->seen >> age & 1)
		return false;
	l->seen |= 1ULL << age;
	return true;
}

static void life_begin(struct life *l, uint64_t life, const struct keys *k)
{
	*l = (struct life){ .life = life, .keys = *k };
}

static void life_end(struct life *l)
{
	OPENSSL_cleanse(l, sizeof(*l));
}

static void life_proven(struct seal *s, struct peer *p, const struct header *h,
			const struct keys *k)
{
	if (p->proven.life == h->from_life)
		return;
	s->counts[SEAL_PROVEN]++;
	if (p->told.life == h->from_life) {
		p->proven = p->told; /* with what has come of it already */
		life_end(&p->told);
		return;
	}
	life_begin(&p->proven, h->from_life, k);
	(void)first_time(&p->proven, h->count);
	if (p->told.life < h->from_life)
		life_end(&p->told);
}

static bool ready(const struct peer *p)
{
	return p && p->proven.life && !p->told.life;
}

/* Return: bytes, -EAGAIN, -EIO. */
static int hello(struct seal *s, nsec_t now, uint16_t node, struct peer *p, uint8_t *out)
{
	static const uint8_t fill[8];
	int r;

	if (now < p->next_hello)
		return refuse(s, SEAL_GAPS, -EAGAIN);
	r = put(s, (struct header){ .kind = KIND_HELLO, .to = node }, fill, sizeof(fill), out);
	if (r < 0)
		return r;
	p->next_hello = now + SEAL_HELLO_GAP;
	/* the way there and back may take longer than the gap: a reply to any of them will do */
	if (!p->asked_first)
		p->asked_first = s->count;
	p->asked_last = s->count;
	s->counts[SEAL_HELLOS]++;
	return r;
}

bool seal_ready(const struct seal *s, node_id peer)
{
	return peer.v <= NODE_ID_MAX && ready(s->peers[peer.v]);
}

int seal_send(struct seal *s, nsec_t now, node_id peer, const void *payload, size_t n,
	      uint8_t out[static SEAL_MAX])
{
	uint16_t node = (uint16_t)peer.v;
	struct peer *p;
	int r;

	if (!peer.v || peer.v > NODE_ID_MAX || node == s->me)
		return -EINVAL;
	if (n > SEAL_PAYLOAD_MAX)
		return -EMSGSIZE;
	p = peer_get(s, node);
	if (!p)
		return -ENOMEM;
	if (!ready(p)) {
		s->counts[SEAL_HELD]++;
		return hello(s, now, node, p, out);
	}
	r = put(s, (struct header){ .kind = KIND_DATA, .to = node, .to_life = p->proven.life },
		payload, n, out);
	if (r > 0)
		s->counts[SEAL_SENT]++;
	return r;
}

/* What came, once it is known to be sealed by our key and not to be a replay. */
struct arrival {
	nsec_t now;
	struct header h;
	size_t size; /* of the whole datagram */
	const struct keys *keys;
	const uint8_t *text;
	uint8_t *reply;
	size_t *reply_len;
};

static int on_hello(struct seal *s, struct peer *p, const struct arrival *a)
{
	uint8_t echo[8];
	int r;

	if (a->now < p->next_reply)
		return refuse(s, SEAL_GAPS, 0);
	put64(echo, a->h.count);
	r = put(s,
		(struct header){ .kind = KIND_REPLY, .to = a->h.from, .to_life = a->h.from_life },
		echo, sizeof(echo), a->reply);
	if (r < 0)
		return r;
	p->next_reply = a->now + SEAL_REPLY_GAP;
	s->counts[SEAL_REPLIES]++;
	*a->reply_len = (size_t)r;
	return 0;
}

static int on_reply(struct seal *s, struct peer *p, const struct arrival *a)
{
	uint64_t echo = get64(a->text);

	if (a->h.to_life != s->life)
		return refuse(s, SEAL_FORMER, -ESTALE);
	if (!p->asked_first || echo < p->asked_first || echo > p->asked_last)
		return refuse(s, SEAL_UNASKED, -ESTALE);
	p->asked_first = p->asked_last = 0;
	life_proven(s, p, &a->h, a->keys);
	/* whatever higher life was told of before that hello: it was not this peer's present one */
	life_end(&p->told);
	return 0;
}

static int on_data(struct seal *s, struct peer *p, const struct arrival *a)
{
	int r;

	if (a->h.to_life == s->life) {
		life_proven(s, p, &a->h, a->keys);
		s->counts[SEAL_OPENED]++;
		return 1;
	}
	/* the peer does not know yet that we began anew: a hello tells it */
	r = a->size >= SEAL_HELLO_MAX ? hello(s, a->now, a->h.from, p, a->reply) : 0;
	if (r > 0)
		*a->reply_len = (size_t)r;
	return refuse(s, SEAL_FORMER, -ESTALE);
}

static int (*const on_kind[KIND_COUNT_])(struct seal *, struct peer *, const struct arrival *) = {
	[KIND_HELLO] = on_hello,
	[KIND_REPLY] = on_reply,
	[KIND_DATA] = on_data,
};

static int take(struct seal *s, const struct arrival *a)
{
	struct peer *p = peer_get(s, a->h.from);
	struct life *l;

	if (!p)
		return -ENOMEM;
	if (a->h.from_life < p->proven.life)
		return refuse(s, SEAL_OLD_LIFE, -ESTALE);
	if (a->h.from_life > p->proven.life && a->h.from_life > p->told.life) {
		life_end(&p->told);
		life_begin(&p->told, a->h.from_life, a->keys);
		/* Replies under way to hellos of before may be the former life's last ones. While
		 * none is proven there is no former one, and the first reply is as good as any. */
		if (p->proven.life)
			p->asked_first = p->asked_last = 0;
	}
	l = peer_life(p, a->h.from_life);
	if (l && !l->keys.n)
		l->keys = *a->keys;
	if (l && !first_time(l, a->h.count))
		return refuse(s, SEAL_REPLAYED, -ESTALE);
	return on_kind[a->h.kind](s, p, a);
}

int seal_open(struct seal *s, nsec_t now, const uint8_t *from, size_t n, node_id *sender,
	      uint8_t payload[static SEAL_PAYLOAD_MAX], size_t *n_payload,
	      uint8_t reply[static SEAL_HELLO_MAX], size_t *reply_len)
{
	struct arrival a = { .now = now, .size = n, .reply = reply, .reply_len = reply_len };
	size_t len = n - SEAL_OVERHEAD;
	uint8_t text[SEAL_PAYLOAD_MAX];
	const struct life *l;
	struct keys k = { .n = 0 };
	unsigned i = 0;
	int r = 0;

	*sender = NODE_ID_NONE;
	*n_payload = *reply_len = 0;
	if (header_get(&a.h, from, n) < 0)
		return refuse(s, SEAL_MALFORMED, -EPROTO);
	sender->v = a.h.from;
	if (a.h.to != s->me)
		return refuse(s, SEAL_STRAY, -ENXIO);

	l = peer_life(s->peers[a.h.from], a.h.from_life);
	if (l && l->keys.n)
		k = l->keys;
	else
		r = keys_derive(s, a.h.from, a.h.from_life, &k);
	while (!r && i < k.n &&
	       !aead_open(&s->aead, k.key[i], a.h.count, from, SEAL_HEADER, len, text))
		i++;
	if (!r && i == k.n)
		r = refuse(s, SEAL_FORGED, -EBADMSG);
	if (!r) {
		a.keys = &k;
		a.text = text;
		r = take(s, &a);
	}
	if (r == 1) {
		memcpy(payload, text, len);
		*n_payload = len;
	}
	keys_wipe(&k);
	OPENSSL_cleanse(text, MIN(len, sizeof(text)));
	return r;
}

int seal_set_keys(struct seal *s, const struct key_ring *keys)
{
	uint8_t own[AEAD_KEY];
	int r;

	if (!keys->n || keys->n > KEYS_MAX)
		return -ENOKEY;
	r = derive(s, &keys->key[0], s->me, s->life, own);
	if (!r) {
		memcpy(s->own, own, sizeof(own));
		aead_forget(&s->aead);
		key_ring_wipe(&s->ring);
		s->ring = *keys;
		for (unsigned i = 1; i <= NODE_ID_MAX; i++) {
			if (!s->peers[i])
				continue;
			keys_wipe(&s->peers[i]->proven.keys); /* made again when it is heard */
			keys_wipe(&s->peers[i]->told.keys);
		}
	}
	OPENSSL_cleanse(own, sizeof(own));
	return r;
}

int seal_create(node_id me, uint64_t life, const struct key_ring *keys, struct seal **ret)
{
	struct seal *s;
	int r;

	*ret = NULL;
	if (!me.v || me.v > NODE_ID_MAX || !life)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->me = (uint16_t)me.v;
	s->life = life;
	s->peers = calloc(NODE_ID_MAX + 1, sizeof(struct peer *));
	if (!s->peers) {
		seal_destroy(s);
		return -ENOMEM;
	}
	r = aead_init(&s->aead);
	if (r == 0)
		r = seal_set_keys(s, keys);
	if (r < 0) {
		seal_destroy(s);
		return r;
	}
	*ret = s;
	return 0;
}

void seal_destroy(struct seal *s)
{
	if (!s)
		return;
	for (unsigned i = 1; s->peers && i <= NODE_ID_MAX; i++) {
		if (!s->peers[i])
			continue;
		OPENSSL_cleanse(s->peers[i], sizeof(struct peer));
		free(s->peers[i]);
	}
	free(s->peers);
	aead_finish(&s->aead);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

uint64_t seal_count(const struct seal *s, enum seal_count which)
{
	return s->counts[which];
}
