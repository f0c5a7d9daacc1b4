/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that must not be mixed up are types of their own: mixing them does not compile. */
#ifndef MOS_BASE_IDS_H
#define MOS_BASE_IDS_H

#include <stdint.h>

/* An address in the program's memory. Never dereferenced by us. */
typedef struct {
	uint64_t v;
} uaddr_t;

/* A node's number: 1-65535; 0 means "none". */
typedef struct {
	uint32_t v;
} node_id;

#define NODE_ID_MAX  65535U
#define NODE_ID_NONE ((node_id){ 0 })

#endif
