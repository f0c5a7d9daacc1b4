/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how whoever has the key becomes a member, where members are not named by a map, and how one
 * is forgotten.
 *
 * DOC: a stranger whose datagram opens with the key is a member. Others hear of it from us, as they
 * hear of everybody: its record has its address. What is only heard is believed, but not written down
 * before the node itself has spoken. Of each, heard of or speaking, only so many are met in a second.
 * Who leaves for good says so before it goes; others stay known for a week of silence. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/paths.h"
#include "node/peers/peers_state.h"

#define MET_MOST     64U			     /* nodes met in a second: by hearsay, by themselves */
#define SILENCE_MOST (7 * 86400 * NSEC_PER_SEC)	     /* after which a node is forgotten */
#define DOUBT_GAP    (60 * NSEC_PER_SEC)
#define THERE_FOR    (3 * NSEC_PER_SEC) /* who spoke so recently is where he was */
#define SAVE_GAP     (5 * NSEC_PER_SEC) /* a disk that is busy must not stop the loop each second */

static void forget(struct peers *p, uint32_t node, const char *why)
{
	if (roster_proven(p->d->site.roster, (node_id){ node }))
		log_info("node %u is forgotten: %s", node, why);
	p->unsaved |= roster_drop(p->d->site.roster, (node_id){ node });
	gossip_forget(p->gossip, node);
}

/* Whether @addr can be @node's: not ours, nor of another who is there. @speaks: it speaks from there; then it may
 * be the other one itself with a new number, if that says nothing any more. */
static bool may_be_at(struct peers *p, uint32_t node, const struct node_addr *addr, bool speaks)
{
	uint32_t there = roster_at(p->d->site.roster, addr).v;
	const struct member *m = there ? gossip_find(p->gossip, there) : NULL;

	if (!there || there == node)
		return true;
	if (there == p->d->site.me ||
	    (m && member_present(m->state) && (!speaks || mono_now() - m->heard < THERE_FOR)))
		return false;
	forget(p, there, "another number has its address");
	return true;
}

static bool make_known(struct peers *p, uint32_t node, const struct node_addr *addr, bool speaks)
{
	struct roster *r = p->d->site.roster;
	char text[NODE_ADDR_TEXT];

	if (!p->d->site.conf.by_key || node == p->d->site.me || !may_be_at(p, node, addr, speaks) ||
	    roster_put(r, (node_id){ node }, addr, false) < 0)
		return false;
	log_info("node %u is at %s", node, node_addr_str(addr, text));
	return true;
}

void peers_meet(struct peers *p, uint32_t node, const struct node_addr *addr)
{
	if (p && !gossip_find(p->gossip, node) && make_known(p, node, addr, false))
		(void)gossip_add(p->gossip, node);
}

bool peers_on_meet(void *ctx, const struct node_info *i)
{
	struct peers *p = ctx;

	if (!p->d->site.conf.by_key || !i->addr.size || i->flags & INFO_PARTING ||
	    p->met_by_hearsay >= MET_MOST)
		return false;
	for (unsigned k = 0; k < PEERS_GONE; k++)
		if (p->gone[k].node == i->node && p->gone[k].life >= i->life)
			return false;
	p->met_by_hearsay++;
	return make_known(p, i->node, &i->addr, false);
}

bool peers_greet(struct peers *p, uint32_t node, const struct node_addr *from)
{
	if (gossip_find(p->gossip, node))
		return true;
	if (p->met_speaking >= MET_MOST)
		return false;
	p->met_speaking++;
	return make_known(p, node, from, true) && gossip_add(p->gossip, node) == 0;
}

void peers_prove(struct peers *p, uint32_t node)
{
	struct node_addr a;

	if (!p->d->site.conf.by_key || roster_proven(p->d->site.roster, (node_id){ node }) ||
	    roster_find(p->d->site.roster, (node_id){ node }, &a) < 0)
		return;
	p->unsaved |= roster_put(p->d->site.roster, (node_id){ node }, &a, true) > 0;
}

void peers_doubt(struct peers *p, uint32_t node, const struct node_addr *from)
{
	char a[NODE_ADDR_TEXT], b[NODE_ADDR_TEXT];
	struct node_addr known;

	if (roster_find(p->d->site.roster, (node_id){ node }, &known) < 0 ||
	    !node_addr_cmp(&known, from) || (p->doubted && mono_now() - p->doubted < DOUBT_GAP))
		return;
	p->doubted = mono_now();
	log_warning("%s and %s both say that they are node %u: only the later one is heard; give the "
		    "other another `node` in its mosd.conf",
		    node_addr_str(&known, a), node_addr_str(from, b), node);
}

static void look_at(struct peers *p, const struct member *m)
{
	const struct node_addr *told = &m->info.addr;
	char text[NODE_ADDR_TEXT];
	struct node_addr known;
	bool there = member_present(m->state);

	if (there) {
		if (!m->info.seq || !told->size ||
		    roster_find(p->d->site.roster, (node_id){ m->node }, &known) < 0 ||
		    !node_addr_cmp(&known, told) || !may_be_at(p, m->node, told, false))
			return;
		if (roster_put(p->d->site.roster, (node_id){ m->node }, told, false) > 0) {
			p->unsaved = true;
			log_info("node %u is at %s now", m->node, node_addr_str(told, text));
		}
	} else if (m->info.flags & INFO_PARTING) {
		p->gone[p->gone_at % PEERS_GONE].node = m->node;
		p->gone[p->gone_at++ % PEERS_GONE].life = m->mark.life;
		forget(p, m->node, "it has left for good");
	} else if (m->state != MEMBER_UNKNOWN && !roster_proven(p->d->site.roster, (node_id){ m->node })) {
		forget(p, m->node, "it never spoke");
	} else if (mono_now() - MAX(m->heard, m->since) > SILENCE_MOST) {
		forget(p, m->node, "nothing was heard of it for a week");
	}
}

void peers_save(struct peers *p)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	int r = -ENOMEM;

	if (!p->unsaved || p->d->parting) /* who leaves keeps nothing */
		return;
	p->unsaved = false; /* a full disk is told once for each change */
	p->saved = mono_now();
	roster_text(p->d->site.roster, &b);
	buf_put_u8(&b, '\0');
	if (!b.failed)
		r = io_replace_file(MOS_NODES_PATH, (const char *)b.data);
	if (r < 0)
		log_warning("%s: %s: after a restart this node knows fewer others", MOS_NODES_PATH,
			    strerror(-r));
}

void peers_acquaint(struct peers *p)
{
	const struct member *m;

	if (!p->d->site.conf.by_key)
		return;
	p->met_by_hearsay = p->met_speaking = 0;
	m = gossip_next(p->gossip, NULL); /* ours */
	while ((m = gossip_next(p->gossip, m)))
		look_at(p, m);
	if (!p->saved || mono_now() - p->saved >= SAVE_GAP)
		peers_save(p);
}
