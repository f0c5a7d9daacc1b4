/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings that parse keep within their bounds. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "cluster/conf.h"

#define RUNS 60000

static const char *const words[] = {
	"\nnode", "\nport", "\nkey-file", "\nmap-file", "\nguest-ids", "\nexport-privileged",
	"\nlisten", "\nblock", "\nmembers = key", "\ndiscover", "\ndiscover-ttl", "eth0", "=", " = ", " = /",
	"= 70000:1", "=yes", "1", "2-9", ",", ":", ";", "#", "\nadopt", "user=", "program=", "age=", "*", "[a]",
	"\n", "65535", "4294967295", " = 1", "\t", "fd00::1",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = ERR_INIT;
	struct conf c;

	if (conf_parse((const char *)p, n, "fuzz", &c, &e) < 0) {
		ASSERT(e.msg[0]);
		return 0;
	}
	ASSERT(c.node.v <= NODE_ID_MAX && c.port && c.adopt.n <= ADOPT_RULES_MAX);
	ASSERT(c.key_file[0] == '/' && (!c.map_file[0] || c.map_file[0] == '/'));
	ASSERT(c.guest_ids_base >= 65536 && c.guest_ids_count);
	ASSERT((uint64_t)c.guest_ids_base + c.guest_ids_count <= UINT32_MAX);
	ASSERT(c.discover.ttl && c.discover.n <= CONF_LINKS_MAX && (c.discover.on || !c.discover.n));
	for (unsigned i = 0; i < c.discover.n; i++)
		ASSERT(strnlen(c.discover.links[i], CONF_LINK_NAME) - 1 < CONF_LINK_NAME - 1);
	ASSERT(!conf_exports_privileged(&c, NODE_ID_NONE));
	return 0;
}

#include "../wire/plain_main.h"
