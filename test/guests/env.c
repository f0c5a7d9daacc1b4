/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/auxv.h>

#include "guest.h"

GUEST("process: arguments, environment and the auxiliary vector are the same")

int main(int argc, char **argv)
{
	static const unsigned long types[] = { AT_PAGESZ, AT_PHDR,   AT_ENTRY,        AT_BASE,
					       AT_RANDOM, AT_HWCAP,  AT_SYSINFO_EHDR, AT_CLKTCK,
					       AT_UID,    AT_SECURE, AT_EXECFN };
	unsigned long aux[sizeof(types) / sizeof(types[0])];
	unsigned char random[16];
	char *name = G_PTR(strdup(argv[0])), *path = getenv("PATH");

	if (path != NULL)
		path = G_PTR(strdup(path));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		aux[i] = getauxval(types[i]);
	memcpy(random, (const void *)getauxval(AT_RANDOM), 16);
	G_OK(setenv("GUEST_OWN", "set before", 1));
	g_ready();
	g_wait();
	G_TRUE(argc >= 1);
	G_STR(argv[0], name);
	if (path != NULL)
		G_STR(getenv("PATH"), path);
	G_STR(getenv("GUEST_OWN"), "set before");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		G_EQ(getauxval(types[i]), aux[i]);
	G_MEM((const void *)getauxval(AT_RANDOM), random, 16);
	G_EQ(*(const uint32_t *)getauxval(AT_SYSINFO_EHDR), 0x464c457f); /* the vDSO is an ELF file */
	return g_pass();
}
