/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/msg.h"

#include <stddef.h>

#include "base/util.h"

static const char *const names[] = {
	[MSG_HELLO] = "hello",	   [MSG_READY] = "ready",	    [MSG_REFUSED] = "refused",
	[MSG_ATTACH] = "attach",   [MSG_IMAGE] = "image",	    [MSG_IMAGE_MORE] = "image-more",
	[MSG_FILE] = "file",	   [MSG_PAGES] = "pages",	    [MSG_END] = "end",
	[MSG_BUILT] = "built",	   [MSG_GO] = "go",		    [MSG_ABORT] = "abort",
	[MSG_CALL] = "call",	   [MSG_REPLY] = "reply",	    [MSG_CANCEL] = "cancel",
	[MSG_SIGNAL] = "signal",   [MSG_COME] = "come",		    [MSG_WANT_HOME] = "want-home",
	[MSG_EXIT] = "exit",	   [MSG_DIED] = "died",		    [MSG_STOPPED] = "stopped",
	[MSG_FREEZE] = "freeze",   [MSG_THAW] = "thaw",		    [MSG_HOP] = "hop",
	[MSG_PING] = "ping",	   [MSG_PONG] = "pong",		    [MSG_RESUME] = "resume",
	[MSG_TIME] = "time",	   [MSG_JOIN] = "join",	    [MSG_JOIN_GIVEN] = "join-given",
	[MSG_JOIN_KEPT] = "join-kept",
	[MSG_MAP] = "map",	   [MSG_MAP_REPLY] = "map-reply",   [MSG_MAPPED] = "mapped",
};

const char *msg_name(uint16_t type)
{
	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}
