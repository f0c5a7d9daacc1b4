/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/notify.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define NOTIFY_SYNC_WAKE_UP 1UL

int notify_recv(int fd, struct seccomp_notif *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, ret) == 0)
		return 1;
	return errno == ENOENT || errno == EINTR ? 0 : -errno;
}

static int answer(int fd, struct seccomp_notif_resp *p)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, p) < 0 ? -errno : 0;
}

int notify_answer(int fd, uint64_t id, int64_t ret)
{
	struct seccomp_notif_resp p = { .id = id };

	if (ret < 0 && ret >= -4095)
		p.error = (int)ret;
	else
		p.val = ret;
	return answer(fd, &p);
}

int notify_continue(int fd, uint64_t id)
{
	struct seccomp_notif_resp p = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return answer(fd, &p);
}

int notify_valid(int fd, uint64_t id)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -errno : 0;
}

int notify_sync_wake(int fd)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, NOTIFY_SYNC_WAKE_UP) < 0 ? -errno : 0;
}
