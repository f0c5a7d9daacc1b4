/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls that we know: which way their third argument goes and how many bytes it has. The size
 * that is coded into some numbers is not to be believed (FS_IOC_GETFLAGS says long and moves an
 * int), and most of the old ones have none. Any other runs at home. */
#include "call/table.h"

#include <asm/termios.h>
#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/random.h>
#include <linux/serial.h>
#include <stddef.h>

/* clang-format off */

#define IOCTL(req, how, ...) \
	{ .n = 1, .match = { INT_IS(1, req) }, .class_ = CALL_FORWARD, .at = 2, .spec = how, \
	  __VA_ARGS__ }

/* From <asm/termios.h>: the kernel's own structures, which differ from the C library's. */
#define TERMIO   sizeof(struct termio)
#define TERMIOS  sizeof(struct termios)
#define TERMIOS2 sizeof(struct termios2)
#define WINSIZE  sizeof(struct winsize)

const struct call_rule call_rules_ioctl[] = {
	/* terminals; those that programs ask most often first */
	IOCTL(TCGETS, OUT(TERMIOS)),
	IOCTL(TIOCGWINSZ, OUT(WINSIZE)),
	IOCTL(FIONREAD, OUT(4)),
	IOCTL(TIOCGPGRP, OUT(4)),
	IOCTL(TIOCSPGRP, IN(4)),
	IOCTL(TCSETS, IN(TERMIOS)),
	IOCTL(TCSETSW, IN(TERMIOS), .flags = CALL_BLOCKS),
	IOCTL(TCSETSF, IN(TERMIOS), .flags = CALL_BLOCKS),
	IOCTL(TCGETS2, OUT(TERMIOS2)),
	IOCTL(TCSETS2, IN(TERMIOS2)),
	IOCTL(TCSETSW2, IN(TERMIOS2), .flags = CALL_BLOCKS),
	IOCTL(TCSETSF2, IN(TERMIOS2), .flags = CALL_BLOCKS),
	IOCTL(TCGETA, OUT(TERMIO)),
	IOCTL(TCSETA, IN(TERMIO)),
	IOCTL(TCSETAW, IN(TERMIO), .flags = CALL_BLOCKS),
	IOCTL(TCSETAF, IN(TERMIO), .flags = CALL_BLOCKS),
	IOCTL(TIOCGLCKTRMIOS, OUT(TERMIOS)),
	IOCTL(TIOCSLCKTRMIOS, IN(TERMIOS)),
	IOCTL(TCSBRK, V, .flags = CALL_BLOCKS),
	IOCTL(TCSBRKP, V, .flags = CALL_BLOCKS),
	IOCTL(TCXONC, V),
	IOCTL(TCFLSH, V),
	IOCTL(TIOCSBRK, V),
	IOCTL(TIOCCBRK, V),
	IOCTL(TIOCEXCL, V),
	IOCTL(TIOCNXCL, V),
	IOCTL(TIOCGEXCL, OUT(4)),
	IOCTL(TIOCSCTTY, V),
	IOCTL(TIOCNOTTY, V),
	IOCTL(TIOCGSID, OUT(4)),
	IOCTL(TIOCOUTQ, OUT(4)),
	IOCTL(TIOCSTI, IN(1)),
	IOCTL(TIOCSWINSZ, IN(WINSIZE)),
	IOCTL(TIOCSETD, IN(4)),
	IOCTL(TIOCGETD, OUT(4)),
	IOCTL(TIOCGDEV, OUT(4)),
	IOCTL(TIOCCONS, V),
	IOCTL(TIOCVHANGUP, V),
	IOCTL(TIOCMGET, OUT(4)),
	IOCTL(TIOCMBIS, IN(4)),
	IOCTL(TIOCMBIC, IN(4)),
	IOCTL(TIOCMSET, IN(4)),
	IOCTL(TIOCMIWAIT, V, .flags = CALL_BLOCKS),
	IOCTL(TIOCGSOFTCAR, OUT(4)),
	IOCTL(TIOCSSOFTCAR, IN(4)),
	IOCTL(TIOCGSERIAL, OUT(sizeof(struct serial_struct))),
	IOCTL(TIOCGICOUNT, OUT(sizeof(struct serial_icounter_struct))),

	/* pseudo terminals */
	IOCTL(TIOCGPTN, OUT(4)),
	IOCTL(TIOCSPTLCK, IN(4)),
	IOCTL(TIOCGPTLCK, OUT(4)),
	IOCTL(TIOCGPTPEER, V),
	IOCTL(TIOCPKT, IN(4)),
	IOCTL(TIOCGPKT, OUT(4)),
	IOCTL(TIOCSIG, V),

	/* the console: setfont, isatty of old programs */
	IOCTL(KDGKBTYPE, OUT(1)),
	IOCTL(KDGKBMODE, OUT(4)),
	IOCTL(KDGETMODE, OUT(4)),

	/* any descriptor */
	IOCTL(FIONBIO, IN(4)),
	IOCTL(FIOASYNC, IN(4)),
	IOCTL(FIOCLEX, V),
	IOCTL(FIONCLEX, V),
	IOCTL(FIOQSIZE, OUT(8)),

	/* files and file systems; the kernel moves an int for FLAGS and VERSION */
	IOCTL(FIGETBSZ, OUT(4)),
	IOCTL(FIBMAP, INOUT(4)),
	IOCTL(FICLONE, V),
	IOCTL(FICLONERANGE, IN(sizeof(struct file_clone_range))),
	IOCTL(FS_IOC_GETFLAGS, OUT(4)),
	IOCTL(FS_IOC_SETFLAGS, IN(4)),
	IOCTL(FS_IOC_GETVERSION, OUT(4)),
	IOCTL(FS_IOC_SETVERSION, IN(4)),
	IOCTL(FS_IOC_FSGETXATTR, OUT(sizeof(struct fsxattr))),
	IOCTL(FS_IOC_FSSETXATTR, IN(sizeof(struct fsxattr))),
	IOCTL(FS_IOC_GETFSLABEL, INOUT(FSLABEL_MAX)), /* writes as much as the label has */
	IOCTL(FITRIM, INOUT(sizeof(struct fstrim_range))),

	/* block devices */
	IOCTL(BLKGETSIZE64, OUT(8)),
	IOCTL(BLKGETSIZE, OUT(8)),
	IOCTL(BLKSSZGET, OUT(4)),
	IOCTL(BLKBSZGET, OUT(4)),
	IOCTL(BLKPBSZGET, OUT(4)),
	IOCTL(BLKIOMIN, OUT(4)),
	IOCTL(BLKIOOPT, OUT(4)),
	IOCTL(BLKALIGNOFF, OUT(4)),
	IOCTL(BLKROGET, OUT(4)),
	IOCTL(BLKRAGET, OUT(8)),
	IOCTL(BLKROTATIONAL, OUT(2)),
	IOCTL(BLKFLSBUF, V),

	IOCTL(RNDGETENTCNT, OUT(4)),
	{ 0 }
};
