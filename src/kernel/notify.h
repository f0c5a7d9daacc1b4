/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp's user notification: a filtered call waits until its supervisor answers. */
#ifndef MOS_KERNEL_NOTIFY_H
#define MOS_KERNEL_NOTIFY_H

#include <linux/seccomp.h>
#include <stdint.h>

/* Return: 1 and a call, 0 if there was none after all (it is gone again), -errno. */
int notify_recv(int fd, struct seccomp_notif *ret);
/* The call returns @ret (a result or -errno, also -512...). Return: 0, -ENOENT when it is gone. */
int notify_answer(int fd, uint64_t id, int64_t ret);
/* The kernel goes on with the call itself. Never a security decision. */
int notify_continue(int fd, uint64_t id);
/* Does the call still wait? To be asked after reading its memory. */
int notify_valid(int fd, uint64_t id);
/* Wakes the supervisor on the caller's processor, where the kernel can (6.6 and later). */
int notify_sync_wake(int fd);

#endif
