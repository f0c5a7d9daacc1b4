/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/balance/belief.h"

#include "base/clock.h"
#include "base/log.h"

void belief_apply(struct mosd *d, uint32_t own_speed, struct policy_node *n)
{
	if (n->me || policy_believes(own_speed, n->speed))
		return;
	n->flags |= POLICY_QUIET;
	if (complaint_due(&d->unbelieved, mono_now()))
		log_warning("node %u tells a speed of %u, which is not believed: nothing goes there by itself "
			    "(%llu times so far; `mosctl status --json` counts them)",
			    n->node.v, n->speed, (unsigned long long)d->unbelieved.count);
}
