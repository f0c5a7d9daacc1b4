/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: mos-init, process 1 of a sandbox. A static program of a few hundred bytes without any library,
 * so that the body begins its life in an address space with nothing of the supervisor in it.
 *
 * It is executed as user 0 of a fresh user namespace, with descriptors
 *   3  SOCK_SEQPACKET to mos-guest: struct init_order comes, one byte goes back
 *   4  memfd of the resident's area
 *   5  memfd for pages of files, for reading; 6  an empty one (move/files.h): these two stay open in
 *      the body, whose calls cannot reach them by number
 * It locks the sandbox down, gives it an empty root, makes the body with the wanted pid, and then
 * only reaps. When it ends, the kernel ends everything in the namespace. */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <asm/signal.h>
#include <sys/syscall.h>

#include "guest/init/order.h"
#include "move/resident/resident.h"

#define O_WRITE 1

static long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#define CALL(nr, a, b, c, d, e) \
	call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

static _Noreturn void leave(int status)
{
	for (;;)
		(void)CALL(SYS_exit_group, status, 0, 0, 0, 0);
}

/* No namespace can be made inside the sandbox: CONTINUE is never a security decision, this is. */
static int lock_down(void)
{
	static const char files[][40] = { /* no pointers: nobody relocates this program */
		"/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_pid_namespaces",
		"/proc/sys/user/max_mnt_namespaces",  "/proc/sys/user/max_net_namespaces",
		"/proc/sys/user/max_ipc_namespaces",  "/proc/sys/user/max_uts_namespaces",
		"/proc/sys/user/max_cgroup_namespaces", "/proc/sys/user/max_time_namespaces",
	};

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		long fd = CALL(SYS_open, files[i], O_WRITE, 0, 0, 0);

		if (fd < 0 || CALL(SYS_write, fd, "0", 1, 0, 0) != 1)
			return INIT_LOCK_DOWN;
		(void)CALL(SYS_close, fd, 0, 0, 0, 0);
	}
	return 0;
}

/* An empty, read-only root: no file of the host exists for the body. */
static int empty_root(void)
{
	if (CALL(SYS_mount, "none", "/", 0, MS_REC | MS_PRIVATE, 0) < 0 ||
	    CALL(SYS_mount, "none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") < 0 ||
	    CALL(SYS_chdir, "/tmp", 0, 0, 0, 0) < 0 ||
	    CALL(SYS_pivot_root, ".", ".", 0, 0, 0) < 0 ||
	    CALL(SYS_umount2, ".", 2 /* MNT_DETACH */, 0, 0, 0) < 0 ||
	    CALL(SYS_mount, "none", "/", 0, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		 0) < 0)
		return INIT_ROOT;
	return 0;
}

static long map_fixed(unsigned long at, unsigned long size, long prot, long off)
{
	return call6(SYS_mmap, (long)at, (long)size, prot, MAP_SHARED | MAP_FIXED_NOREPLACE, 4, off) ==
			       (long)at ?
		       0 :
		       INIT_AREA;
}

/* The body: user 1 of the namespace, without capabilities, in the resident's loop. */
static _Noreturn void body(const struct init_order *o)
{
	unsigned long all = ~0UL;
	long cap = 0;

	(void)CALL(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, 0, 8, 0);
	if (map_fixed(o->area + AREA_CODE, AREA_CTL - AREA_CODE, PROT_READ | PROT_EXEC, AREA_CODE) ||
	    map_fixed(o->area + AREA_CTL, AREA_SIZE - AREA_CTL, PROT_READ | PROT_WRITE, AREA_CTL))
		leave(INIT_AREA);
	while (CALL(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++; /* up to the last that the kernel knows */
	if (!cap)
		leave(INIT_BODY);
	(void)CALL(SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	(void)CALL(SYS_setgroups, 0, 0, 0, 0, 0);
	if (CALL(SYS_setresgid, 1, 1, 1, 0, 0) < 0 || CALL(SYS_setresuid, 1, 1, 1, 0, 0) < 0 ||
	    CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    CALL(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ||
	    CALL(SYS_prctl, PR_SET_PDEATHSIG, 9, 0, 0, 0) < 0)
		leave(INIT_BODY);
	(void)CALL(SYS_close_range, 0, 4, 0, 0, 0);
	(void)CALL(SYS_close_range, 7, ~0U, 0, 0, 0);
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "jmp *%1"
			 :
			 : "r"(o->area + AREA_STACK_TOP - 8), "r"(o->area + AREA_CODE + o->entry),
			   "D"(o->area + AREA_CTL)
			 : "memory");
	__builtin_unreachable();
}

static int make_body(const struct init_order *o)
{
	int want = o->pid;
	struct clone_args c;
	long p;

	__builtin_memset(&c, 0, sizeof(c));
	c.exit_signal = 17; /* SIGCHLD */
	c.set_tid = (unsigned long)&want;
	c.set_tid_size = 1;
	p = CALL(SYS_clone3, &c, sizeof(c), 0, 0, 0);
	if (p == 0)
		body(o);
	return p == o->pid ? 0 : INIT_PID;
}

__attribute__((used)) _Noreturn static void start(void)
{
	struct init_order o;
	char failed;
	int status;

	if (CALL(SYS_read, 3, &o, sizeof(o), 0, 0) != sizeof(o))
		leave(INIT_ORDER);
	failed = (char)lock_down();
	if (!failed)
		failed = (char)empty_root();
	if (!failed)
		failed = (char)make_body(&o);
	(void)CALL(SYS_write, 3, &failed, 1, 0, 0);
	if (failed)
		leave(failed);
	(void)CALL(SYS_close_range, 0, ~0U, 0, 0, 0);
	while (CALL(SYS_wait4, -1, &status, 0, 0, 0) != -10 /* ECHILD: the body has ended */)
		;
	leave(0);
}

__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"
	"and $-16, %rsp\n\t"
	"call start\n");

/* gcc may call it for the struct's clearing. */
void *memset(void *to, int c, unsigned long n);
void *memset(void *to, int c, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		((volatile char *)to)[i] = (char)c;
	return to;
}
