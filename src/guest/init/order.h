/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mos-guest tells mos-init, and the steps that may fail there. */
#ifndef MOS_GUEST_INIT_ORDER_H
#define MOS_GUEST_INIT_ORDER_H

struct init_order {
	int pid;	     /* the body's, as at home */
	unsigned long area;  /* address of the resident's area */
	unsigned long entry; /* of the loop, from the start of the area */
};

enum init_failure {
	INIT_OK,
	INIT_ORDER,	/* no order came */
	INIT_LOCK_DOWN, /* /proc/sys/user/max_*_namespaces could not be set to 0 */
	INIT_ROOT,	/* no empty root */
	INIT_PID,	/* the wanted pid cannot be had (kernel.pid_max) */
	INIT_AREA,	/* the place of the resident is taken */
	INIT_BODY,	/* privileges could not be given up */
};

#endif
