/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/ioctl.h>
#include <termios.h>

#include "guest.h"

GUEST("fd: a terminal's settings, size and echo are kept and can be changed")

int main(void)
{
	struct winsize size = { .ws_row = 43, .ws_col = 132 }, now_size;
	struct termios t, now;
	char text[16] = { 0 };
	int m = G_OK(posix_openpt(O_RDWR | O_NOCTTY)), s;

	G_OK(grantpt(m));
	G_OK(unlockpt(m));
	s = G_OK(open(ptsname(m), O_RDWR | O_NOCTTY | O_CLOEXEC));
	G_OK(tcgetattr(s, &t));
	t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	t.c_cc[VMIN] = 3;
	t.c_cc[VTIME] = 0;
	G_OK(tcsetattr(s, TCSANOW, &t));
	G_OK(ioctl(m, TIOCSWINSZ, &size));
	if (getenv("G_PTY") != NULL)
		G_EQ(isatty(0), 1);
	g_ready();
	while (g_waiting()) {
		G_EQ(isatty(s), 1);
		G_OK(tcgetattr(s, &now));
		G_EQ(now.c_lflag, t.c_lflag);
		G_EQ(now.c_cc[VMIN], 3);
		G_EQ(write(m, "abc", 3), 3);
		G_EQ(read(s, text, sizeof(text)), 3);
		G_STR(text, "abc");
	}
	G_OK(ioctl(s, TIOCGWINSZ, &now_size));
	G_EQ(now_size.ws_row, 43);
	G_EQ(now_size.ws_col, 132);
	t.c_lflag |= ICANON;
	G_OK(tcsetattr(s, TCSADRAIN, &t));
	G_OK(tcgetattr(s, &now));
	G_EQ(now.c_lflag, t.c_lflag);
	if (getenv("G_PTY") != NULL)
		G_EQ(tcgetpgrp(0), getpgrp());
	return g_pass();
}
