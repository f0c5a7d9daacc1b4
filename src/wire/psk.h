/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster key as TLS 1.3 sees it: an external PSK under a name that tells keys apart. Private
 * to this room. */
#ifndef MOS_WIRE_PSK_H
#define MOS_WIRE_PSK_H

#include <openssl/ssl.h>

#include "wire/channel.h"

#define PSK_NAME_LEN 24 /* "umosix1:" and 16 hexadecimal digits */

struct psk {
	char name[PSK_NAME_LEN + 1];
	uint8_t secret[32];
};

struct psk_ring {
	struct psk psk[2];
	unsigned n;
	bool offered; /* server: the client offered some PSK ... */
	bool known;   /* ... and it was one of ours */
};

int psk_ring_init(struct psk_ring *r, const struct key_ring *keys);
void psk_ring_wipe(struct psk_ring *r);
/* A TLS endpoint that speaks nothing but TLS 1.3 with a PSK of @r, which must outlive the
 * handshake. Return: NULL if OpenSSL cannot. */
SSL *psk_ssl_new(enum channel_side side, struct psk_ring *r);
/* After a handshake that OpenSSL calls good: was it our key that both sides used?
 * Return: 0 or -EACCES. */
int psk_verify(SSL *ssl);
/* Why the handshake failed, from OpenSSL's queue of errors. Return: -EACCES or -EPROTO. */
int psk_explain(enum channel_side side, const struct psk_ring *r, struct err *e);

#endif
