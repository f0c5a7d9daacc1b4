/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>

#include "guest.h"

GUEST("memory: a library is loaded and dropped again and again")

int main(void)
{
	g_ready();
	while (g_waiting()) {
		double (*cosine)(double);
		void *lib = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
		void *res = dlopen("libresolv.so.2", RTLD_LAZY | RTLD_LOCAL);

		if (!lib || !res)
			g_fail("dlopen: %s", dlerror());
		*(void **)&cosine = dlsym(lib, "cos");
		if (!cosine)
			g_fail("dlsym: %s", dlerror());
		G_EQ(cosine(0.0) * 1000, 1000);
		G_OK(dlclose(res));
		G_OK(dlclose(lib));
	}
	return g_pass();
}
