/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed datagrams between the nodes of a cluster: only who has the cluster key can make, read or
 * change one, and none is handed up twice, nor any that was recorded before our start. Needs no
 * socket, clock or randomness of its own. doc/wire.md, "Datagrams", has the format and the reasons.
 *
 * A node lives several lives: each start of its mosd begins one, and it is told by a number that
 * must grow from start to start and never come twice (CLOCK_REALTIME in ns, or one more than the
 * last life if the clock went back). A payload goes out once the peer's present life is known;
 * until then a hello goes in its place, and the payload is dropped: the caller says it again later.
 */
#ifndef MOS_WIRE_SEAL_H
#define MOS_WIRE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/ids.h"
#include "wire/key.h"

#define SEAL_HEADER	 36U
#define SEAL_OVERHEAD	 (SEAL_HEADER + 16U)
#define SEAL_PAYLOAD_MAX 1300U
#define SEAL_MAX	 (SEAL_PAYLOAD_MAX + SEAL_OVERHEAD) /* bytes of the longest datagram */
#define SEAL_HELLO_MAX	 (8U + SEAL_OVERHEAD)		    /* bytes of a hello or its reply */
#define SEAL_WINDOW	 64U				    /* how late a datagram may be */
#define SEAL_HELLO_GAP	 (200 * NSEC_PER_MSEC)		    /* between hellos to one peer */
#define SEAL_REPLY_GAP	 (100 * NSEC_PER_MSEC)		    /* between replies to one peer */

struct seal;

enum seal_count {
	SEAL_SENT,	/* payloads sealed */
	SEAL_HELLOS,	/* hellos sealed */
	SEAL_REPLIES,	/* hello replies sealed */
	SEAL_HELD,	/* payloads dropped because the peer's life was not known */
	SEAL_OPENED,	/* payloads handed up */
	SEAL_PROVEN,	/* lives of peers that were proven */
	SEAL_GAPS,	/* hellos and replies not made because one had just gone */
	SEAL_MALFORMED, /* -EPROTO */
	SEAL_STRAY,	/* -ENXIO */
	SEAL_FORGED,	/* -EBADMSG */
	SEAL_REPLAYED,	/* -ESTALE: had before, or too late for the window */
	SEAL_OLD_LIFE,	/* -ESTALE: from a life that its sender has left */
	SEAL_FORMER,	/* -ESTALE: meant for a former life of ours */
	SEAL_UNASKED,	/* -ESTALE: a reply to no hello that waits for one */
	SEAL_COUNT_
};

extern const char *const seal_count_names[SEAL_COUNT_]; /* "sent", "old-life" ... */

/* Copies @keys; the first seals, all open. @me 1-65535, @life not 0. Takes 512 KiB of address
 * space, and about 200 bytes for each peer that we send to or that has proved to have the key: with
 * all 65,535 of them 15 MB. Nothing is kept of strangers. Return: 0, -EINVAL, -ENOKEY without a
 * key, -ENOMEM, -EIO if OpenSSL cannot. */
int seal_create(node_id me, uint64_t life, const struct key_ring *keys, struct seal **ret);
void seal_destroy(struct seal *s); /* NULL is fine */
/* Other keys from now on; lives, counters and windows stay. After a failure the former keys stay.
 * Return: 0, -ENOKEY, -EIO. */
int seal_set_keys(struct seal *s, const struct key_ring *keys);

/* Seals @n bytes for @peer, or in their place a hello while its life is not known. @now is
 * monotonic and not negative, as everywhere here. Return: bytes to send from @out, -EAGAIN if a
 * hello has just gone (send nothing), -EINVAL for a number that no other node has, -EMSGSIZE,
 * -ENOMEM, -EIO. */
int seal_send(struct seal *s, nsec_t now, node_id peer, const void *payload, size_t n,
	      uint8_t out[static SEAL_MAX]);
/* Would seal_send() send the payload itself? */
bool seal_ready(const struct seal *s, node_id peer);

/* Takes one datagram. If *@reply_len is not 0, @reply is to be sent to where the datagram came
 * from, whatever is returned; it is never longer than @n. *@sender is who the datagram says it is
 * from, 0 after -EPROTO; it is true unless the return is -EPROTO, -ENXIO or -EBADMSG. The address
 * that it came from is not sealed: only a payload shows that the peer lives, and even so it may
 * have come by way of someone else. Return: 1 with *@n_payload bytes in @payload; 0 with nothing
 * for above; -EPROTO: malformed, or of another version; -ENXIO: for another node; -EBADMSG:
 * changed, or sealed by none of our keys; -ESTALE: a replay, or from or for a former life; -ENOMEM,
 * -EIO. */
int seal_open(struct seal *s, nsec_t now, const uint8_t *from, size_t n, node_id *sender,
	      uint8_t payload[static SEAL_PAYLOAD_MAX], size_t *n_payload,
	      uint8_t reply[static SEAL_HELLO_MAX], size_t *reply_len);

uint64_t seal_count(const struct seal *s, enum seal_count which);

#endif
