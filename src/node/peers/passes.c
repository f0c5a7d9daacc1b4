/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/peers/passes.h"

#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

static bool good(const struct pass *p, nsec_t now)
{
	return p->expires && now < p->expires;
}

struct pass *passes_draw(struct passes *v, nsec_t now, nsec_t lasts, uint32_t node)
{
	struct pass *p = NULL;

	for (unsigned i = 0; i < PASSES_MAX && !p; i++)
		if (!good(&v->pass[i], now))
			p = &v->pass[i];
	if (!p)
		return NULL;
	passes_use(p);
	if (getrandom(p->secret.secret, TOKEN_SIZE, 0) != TOKEN_SIZE ||
	    join_pass_name(&p->secret, p->name.bytes) < 0)
		return NULL;
	p->node = node;
	p->expires = now + lasts;
	return p;
}

struct pass *passes_find(struct passes *v, nsec_t now, const struct token *name)
{
	struct pass *found = NULL;

	for (unsigned i = 0; i < PASSES_MAX; i++)
		if (good(&v->pass[i], now) && token_equal(&v->pass[i].name, name))
			found = &v->pass[i];
	return found;
}

bool passes_promise(const struct passes *v, nsec_t now, uint32_t node)
{
	for (unsigned i = 0; i < PASSES_MAX; i++)
		if (good(&v->pass[i], now) && v->pass[i].node == node)
			return true;
	return false;
}

void pass_text(const struct pass *p, char to[static JOIN_PASS_TEXT + 1])
{
	struct token t;

	memcpy(t.bytes, p->secret.secret, TOKEN_SIZE);
	token_to_hex(&t, to);
}

void passes_use(struct pass *p)
{
	OPENSSL_cleanse(p, sizeof(*p));
}
