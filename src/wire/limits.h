/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a peer may ask for at most. Every decoder checks against these. */
#ifndef MOS_WIRE_LIMITS_H
#define MOS_WIRE_LIMITS_H

#define UMOSIX_PORT 4660 /* TCP; openMosix's migration daemon had it too */

#define FRAME_MAX      (1024U * 1024U + 65536U) /* bytes of payload in one frame */
#define CALL_DATA_MAX  (1024U * 1024U)          /* bytes in or out of one forwarded call */
#define IMAGE_VMAS_MAX 65536U
#define PAGES_CHUNK    (256U * 1024U) /* bytes of memory in one PAGES frame */
#define XSTATE_MAX     16384U
#define AUXV_MAX       2048U
#define PREAMBLE_SIZE  24U /* "umosix1\n" and a token of 16 bytes, before the handshake */
#define TOKEN_SIZE     16U

#endif
