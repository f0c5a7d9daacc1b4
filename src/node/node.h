/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One mosd: the loop and the parts that its callbacks share. */
#ifndef MOS_NODE_NODE_H
#define MOS_NODE_NODE_H

#include <ev.h>

#include "node/complaint.h"
#include "node/site/site.h"

struct mosd {
	struct ev_loop *loop;
	struct site site;
	const char *conf_path; /* NULL: the usual one */
	bool reloads;	       /* ends to begin anew at once */
	bool reloaded;	       /* ... as the one before this did */
	bool parting;	       /* leaves the cluster for good */
	double since;	       /* wall time of the start */
	struct beat *beat;
	struct migrants *migrants;
	struct members *members;
	struct guests *guests;
	struct control *control;
	struct listener *listener; /* NULL when alone */
	struct rejoin *rejoin;
	struct levers *levers;
	struct drain *drain;
	struct discover *discover; /* NULL: off */
	struct peers *peers;	   /* NULL when alone */
	struct joins *joins;
	struct adoption *adoption;
	struct balance *balance;
	struct measure *measure;
	struct native *native;
	struct complaint unbelieved; /* figures of nodes */
	struct complaint not_yours;  /* requests about processes of others */
};

#endif
