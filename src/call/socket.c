/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls on sockets whose way hangs on an option or a flag. table.h tells how rules are read. */
#include "call/table.h"

#include <linux/in.h>
#include <sys/socket.h>

/* clang-format off */

#define OPTION(level, name, why) \
	{ .n = 2, .match = { INT_IS(1, level), INT_IS(2, name) }, .class_ = CALL_HOME, .reason = (why) }

/* Those in which a pointer lies, or whose length is told by the buffer and not by the call; numbers 64 to 68 of
 * both are the packet filter's. */
#define OPTIONS_AT_HOME \
	OPTION(SOL_SOCKET, 26, "socket-option"), /* ATTACH_FILTER, GET_FILTER */ \
	OPTION(SOL_SOCKET, 51, "socket-option"), /* ATTACH_REUSEPORT_CBPF */ \
	OPTION(IPPROTO_TCP, 35, "page-sharing"), /* ZEROCOPY_RECEIVE */ \
	OPTION(IPPROTO_IP, 41, "socket-option"), /* MSFILTER */ \
	OPTION(IPPROTO_IP, 48, "socket-option"), /* MCAST_MSFILTER */ \
	OPTION(IPPROTO_IP, 64, "socket-option"), OPTION(IPPROTO_IP, 65, "socket-option"), \
	OPTION(IPPROTO_IP, 66, "socket-option"), OPTION(IPPROTO_IP, 67, "socket-option"), \
	OPTION(IPPROTO_IPV6, 6, "socket-option"), /* 2292PKTOPTIONS */ \
	OPTION(IPPROTO_IPV6, 48, "socket-option"), \
	OPTION(IPPROTO_IPV6, 64, "socket-option"), OPTION(IPPROTO_IPV6, 65, "socket-option"), \
	OPTION(IPPROTO_IPV6, 66, "socket-option"), OPTION(IPPROTO_IPV6, 67, "socket-option"), \
	OPTION(IPPROTO_IPV6, 68, "socket-option")
#define LEVELS_FORWARDED \
	INT_RULE(1, SOL_SOCKET, CALL_FORWARD), \
	INT_RULE(1, IPPROTO_IP, CALL_FORWARD), \
	INT_RULE(1, IPPROTO_TCP, CALL_FORWARD), \
	INT_RULE(1, IPPROTO_UDP, CALL_FORWARD), \
	INT_RULE(1, IPPROTO_IPV6, CALL_FORWARD), \
	INT_RULE(1, 58 /* IPPROTO_ICMPV6 */, CALL_FORWARD), \
	INT_RULE(1, 270 /* SOL_NETLINK */, CALL_FORWARD)

const struct call_rule call_rules_getsockopt[] = { OPTIONS_AT_HOME, LEVELS_FORWARDED, END };
const struct call_rule call_rules_setsockopt[] = { OPTIONS_AT_HOME, LEVELS_FORWARDED, END };

#define WITH_FLAG(a, flag, why) \
	{ .n = 1, .match = { BITS(a, flag, flag) }, .class_ = CALL_HOME, .reason = (why) }

/* The kernel would go on reading the deputy's buffer. */
const struct call_rule call_rules_sendto[] = { WITH_FLAG(3, MSG_ZEROCOPY, "page-sharing"), END };
const struct call_rule call_rules_sendmsg[] = { WITH_FLAG(2, MSG_ZEROCOPY, "page-sharing"), END };

/* A stop of ours cuts it short, and to go on with the rest is right for streams only. */
const struct call_rule call_rules_recvfrom[] = { WITH_FLAG(3, MSG_WAITALL, "waitall"), END };
const struct call_rule call_rules_recvmsg[] = { WITH_FLAG(2, MSG_WAITALL, "waitall"), END };

/* clang-format on */
