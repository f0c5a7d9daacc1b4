/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/mosmon_screen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"

int screen_init(struct screen *s, int rows, int cols)
{
	*s = (struct screen){ .rows = MAX(MIN(rows, SCREEN_SIDE_MAX), 1),
			      .cols = MAX(MIN(cols, SCREEN_SIDE_MAX), 1) };
	s->cells = calloc((size_t)s->rows * (size_t)s->cols, sizeof(*s->cells));
	if (!s->cells)
		return -ENOMEM;
	for (int i = 0; i < s->rows * s->cols; i++)
		s->cells[i].ch = ' ';
	return 0;
}

void screen_finish(struct screen *s)
{
	free(s->cells);
	*s = (struct screen){ 0 };
}

void screen_put(struct screen *s, int row, int col, uint32_t ch, enum cell_attr attr)
{
	if (row >= 0 && row < s->rows && col >= 0 && col < s->cols)
		s->cells[row * s->cols + col] = (struct cell){ ch, attr };
}

int screen_text(struct screen *s, int row, int col, int width, const char *text,
		enum cell_attr attr)
{
	for (int i = 0; text[i] && (!width || i < width); i++) {
		unsigned char c = (unsigned char)text[i];

		screen_put(s, row, col++, c < ' ' || c >= 0x7f ? '?' : c, attr);
	}
	return col;
}

int screen_printf(struct screen *s, int row, int col, enum cell_attr attr, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return screen_text(s, row, col, 0, text, attr);
}

int screen_piece(struct screen *s, int row, int col, enum cell_attr attr, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (col < 0 || n < 0 || col + n > s->cols)
		return -1;
	return screen_text(s, row, col, 0, text, attr);
}

static size_t utf8(uint32_t ch, char to[static 4])
{
	if (ch < 0x80) {
		to[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		to[0] = (char)(0xc0 | ch >> 6);
		to[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | (ch >> 12 & 0xf));
	to[1] = (char)(0x80 | (ch >> 6 & 0x3f));
	to[2] = (char)(0x80 | (ch & 0x3f));
	return 3;
}

const char *screen_line(const struct screen *s, int row, char *to, size_t size)
{
	const struct cell *c = s->cells + (ptrdiff_t)row * s->cols;
	int end = s->cols;
	size_t len = 0;

	while (end > 0 && c[end - 1].ch == ' ')
		end--;
	for (int i = 0; i < end; i++) {
		char one[4];
		size_t n = utf8(c[i].ch, one);

		if (len + n + 1 > size)
			break;
		for (size_t k = 0; k < n; k++)
			to[len++] = one[k];
	}
	to[len] = '\0';
	return to;
}
