/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how to make OpenSSL do TLS 1.3 with our key and nothing else.
 *
 * DOC: a server that does not know the PSK it was offered goes on, in OpenSSL, to a handshake with
 * certificates. It has none, so that ends with a handshake_failure alert; psk_verify() is the
 * second lock. A client whose server chose certificates instead would verify them against an empty
 * list of authorities, and then meet psk_verify() too. Non-ephemeral psk_ke is off by default in
 * OpenSSL (SSL_OP_ALLOW_NO_DHE_KEX), early data too (max_early_data 0 in the session). */
#include "wire/psk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/util.h"

/* Each use of the cluster key has a key derived for it alone (RFC 9257, section 7). */
static int derive(const struct key *k, const char *label, uint8_t to[static 32])
{
	unsigned n = 32;

	return HMAC(EVP_sha256(), k->bytes, KEY_BYTES, (const uint8_t *)label, strlen(label), to,
		    &n)
		       ? 0
		       : -ENOMEM;
}

int psk_ring_init(struct psk_ring *r, const struct key_ring *keys)
{
	memset(r, 0, sizeof(*r));
	for (unsigned i = 0; i < keys->n && i < ARRAY_SIZE(r->psk); i++) {
		struct psk *p = &r->psk[i];
		uint8_t h[32];

		if (derive(&keys->key[i], "umosix tls name", h) < 0 ||
		    derive(&keys->key[i], "umosix tls psk", p->secret) < 0)
			return -ENOMEM;
		(void)snprintf(p->name, sizeof(p->name), "umosix1:%02x%02x%02x%02x%02x%02x%02x%02x",
			       h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]);
		r->n++;
	}
	return r->n ? 0 : -ENOKEY;
}

void psk_ring_wipe(struct psk_ring *r)
{
	OPENSSL_cleanse(r, sizeof(*r));
}

static SSL_SESSION *session_new(SSL *ssl, const struct psk *p)
{
	static const unsigned char aes128[] = { 0x13, 0x01 }; /* TLS_AES_128_GCM_SHA256 */
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes128);
	SSL_SESSION *s = SSL_SESSION_new();

	if (s && cipher && SSL_SESSION_set1_master_key(s, p->secret, sizeof(p->secret)) &&
	    SSL_SESSION_set_cipher(s, cipher) &&
	    SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION))
		return s;
	SSL_SESSION_free(s);
	return NULL;
}

static int client_offers(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *idlen,
			 SSL_SESSION **ret)
{
	struct psk_ring *r = SSL_get_app_data(ssl);

	*id = NULL;
	*idlen = 0;
	*ret = NULL;
	if (md && EVP_MD_get_type(md) != NID_sha256)
		return 1; /* the server asked for a hash that is not ours: offer nothing */
	*ret = session_new(ssl, &r->psk[0]);
	if (!*ret)
		return 0;
	*id = (const unsigned char *)r->psk[0].name;
	*idlen = PSK_NAME_LEN;
	return 1;
}

static int server_finds(SSL *ssl, const unsigned char *id, size_t idlen, SSL_SESSION **ret)
{
	struct psk_ring *r = SSL_get_app_data(ssl);

	*ret = NULL;
	r->offered = true;
	for (unsigned i = 0; i < r->n; i++) {
		if (idlen != PSK_NAME_LEN || memcmp(id, r->psk[i].name, PSK_NAME_LEN) != 0)
			continue;
		r->known = true;
		*ret = session_new(ssl, &r->psk[i]);
		return *ret ? 1 : 0;
	}
	return 1; /* not ours: OpenSSL tries the next one offered */
}

SSL *psk_ssl_new(enum channel_side side, struct psk_ring *r)
{
	SSL_CTX *ctx;
	SSL *ssl = NULL;

	/* the system's openssl.cnf may forbid the one cipher or group that all nodes share */
	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		return NULL;
	ctx = SSL_CTX_new(side == CHANNEL_CLIENT ? TLS_client_method() : TLS_server_method());
	if (!ctx)
		return NULL;
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") ||
	    !SSL_CTX_set1_groups_list(ctx, "X25519:P-256") || !SSL_CTX_set_num_tickets(ctx, 0))
		goto out;
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (side == CHANNEL_CLIENT) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_psk_use_session_callback(ctx, client_offers);
	} else {
		SSL_CTX_set_psk_find_session_callback(ctx, server_finds);
	}
	/* one recv takes many records */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, 64 * 1024);

	ssl = SSL_new(ctx);
	if (ssl) {
		SSL_set_app_data(ssl, r);
		if (side == CHANNEL_CLIENT)
			SSL_set_connect_state(ssl);
		else
			SSL_set_accept_state(ssl);
	}
out:
	SSL_CTX_free(ctx); /* the SSL holds it now */
	return ssl;
}

int psk_verify(SSL *ssl)
{
	return SSL_session_reused(ssl) && SSL_version(ssl) == TLS1_3_VERSION ? 0 : -EACCES;
}

int psk_explain(enum channel_side side, const struct psk_ring *r, struct err *e)
{
	unsigned long code = ERR_peek_error();
	int why = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;

	if (side == CHANNEL_SERVER) {
		if (why == SSL_R_BINDER_DOES_NOT_VERIFY || (r->offered && !r->known))
			return err_reason(e, -EACCES, "wrong-key",
					  "the other node has another cluster key: copy "
					  "/etc/umosix/cluster.key from here to it, or the other "
					  "way round");
		if (why == SSL_R_NO_SHARED_CIPHER || why == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM)
			return err_reason(e, -EACCES, "no-key",
					  "a client without the cluster key was refused");
	} else if (why == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE ||
		   why == SSL_R_TLSV1_ALERT_DECRYPT_ERROR ||
		   why == SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER) {
		return err_reason(
			e, -EACCES, "wrong-key",
			"the other node does not know our cluster key: copy "
			"/etc/umosix/cluster.key from here to it, or the other way round");
	} else if (why == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		return err_reason(e, -EACCES, "no-key",
				  "what answers there does not have the cluster key; it shows a "
				  "certificate instead: is it a umosix node at all?");
	}
	return err_set(e, -EPROTO,
		       "the other side does not speak umosix's TLS (%s): is it a umosix node, of "
		       "the same version?",
		       code ? ERR_reason_error_string(code) : "no reason known");
}
