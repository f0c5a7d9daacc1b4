/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how to talk with mosd. */
#include "tools/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "node/paths.h"

#define PATIENCE_MS 15000 /* longer than mosd itself waits for a supervisor to begin */
#define ANSWER_MAX (1024U * 1024U)

int client_connect(struct client *c, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = MOS_CONTROL_PATH };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_set(e, -ECONNREFUSED,
				       "mosd does not run on this machine: start it with "
				       "`systemctl start mosd`, or `mosd` as root");
		return err_set(e, -errno, "connect to %s: %s", MOS_CONTROL_PATH, strerror(errno));
	}
	c->fd = steal_fd(&fd);
	return 0;
}

void client_finish(struct client *c)
{
	close_fd(&c->fd);
	free(c->data);
	*c = (struct client)CLIENT_INIT;
}

int client_send(struct client *c, json_t *o, struct err *e)
{
	CLEANUP(free_ptr) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	size_t n, sent = 0;

	json_decref(o);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	n = strlen(text);
	text[n++] = '\n'; /* in place of the NUL */
	while (sent < n) {
		ssize_t k = send(c->fd, text + sent, n - sent, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_set(e, -errno, "send to mosd: %s", strerror(errno));
		sent += (size_t)k;
	}
	return 0;
}

static int read_more(struct client *c, int flags, struct err *e)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t k;

	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 4096;
		char *data = cap <= ANSWER_MAX ? realloc(c->data, cap) : NULL;

		if (!data)
			return err_set(e, -EMSGSIZE, "mosd's answer is too long");
		c->data = data;
		c->cap = cap;
	}
	do
		k = c->patient || flags & MSG_DONTWAIT ? 1 : poll(&p, 1, PATIENCE_MS);
	while (k < 0 && errno == EINTR);
	if (!k)
		return err_set(e, -ETIMEDOUT, "mosd does not answer; its log may tell why");
	do
		k = recv(c->fd, c->data + c->n, c->cap - c->n, flags);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return err_set(e, -errno, "read from mosd: %s", strerror(errno));
	if (!k)
		return err_set(e, -ECONNRESET, "mosd ended before it had answered");
	c->n += (size_t)k;
	return 0;
}

static int receive(struct client *c, int flags, json_t **ret, struct err *e)
{
	char *end;
	size_t n;
	json_t *o;

	while (!(end = c->n ? memchr(c->data, '\n', c->n) : NULL)) {
		int r = read_more(c, flags, e);

		if (r < 0)
			return r;
	}
	n = (size_t)(end - c->data);
	o = json_loadb(c->data, n, 0, NULL);
	c->n -= n + 1;
	memmove(c->data, end + 1, c->n);
	if (!json_is_object(o)) {
		json_decref(o);
		return err_set(e, -EPROTO, "mosd's answer is no JSON object");
	}
	*ret = o;
	return !json_is_true(json_object_get(o, "done"));
}

int client_receive(struct client *c, json_t **ret, struct err *e)
{
	return receive(c, 0, ret, e);
}

int client_receive_now(struct client *c, json_t **ret, struct err *e)
{
	return receive(c, MSG_DONTWAIT, ret, e);
}

int client_ask(struct client *c, json_t *o, json_t **ret, struct err *e)
{
	json_t *reply;
	int r = client_send(c, o, e);

	if (r < 0)
		return r;
	while ((r = client_receive(c, &reply, e)) > 0)
		json_decref(reply);
	if (r == 0)
		*ret = reply;
	return r;
}

int tool_refusal(const json_t *o)
{
	static const struct {
		const char *code;
		int exit_code;
	} codes[] = {
		{ "no-process", TOOL_NO_PROCESS },
		{ "not-yours", TOOL_NOT_YOURS },
		{ "root-only", TOOL_NOT_YOURS },
		{ "bad-request", TOOL_USAGE },
	};
	const char *code = json_string_value(json_object_get(o, "code"));

	for (unsigned i = 0; code && i < ARRAY_SIZE(codes); i++)
		if (!strcmp(code, codes[i].code))
			return codes[i].exit_code;
	return TOOL_FAILED;
}

bool tool_answer_ok(const char *tool, const json_t *o, int *exit_code)
{
	const char *error = json_string_value(json_object_get(o, "error"));

	if (json_is_true(json_object_get(o, "ok")))
		return true;
	*exit_code = tool_refusal(o);
	(void)fprintf(stderr, "%s: ", tool);
	tool_print_text(stderr, error && *error ? error : "mosd gives no reason", 0);
	(void)fputc('\n', stderr);
	return false;
}

int tool_ask(const char *tool, json_t *ask, json_t **ret)
{
	CLEANUP(client_finish) struct client c = CLIENT_INIT;
	CLEANUP(tool_drop) json_t *own = ask;
	struct err e = ERR_INIT;
	int status = TOOL_OK, r = client_connect(&c, &e);

	if (r == 0)
		r = client_ask(&c, steal_ptr(&own), ret, &e);
	if (r < 0)
		return tool_no_answer(tool, &e, r);
	return tool_answer_ok(tool, *ret, &status) ? TOOL_OK : status;
}

void tool_print_json(json_t *o)
{
	(void)json_object_del(o, "done");
	(void)json_dumpf(o, stdout, JSON_INDENT(1));
	(void)putchar('\n');
}

int tool_no_answer(const char *tool, const struct err *e, int r)
{
	(void)fprintf(stderr, "%s: %s\n", tool, err_str(e, r));
	return TOOL_NO_MOSD;
}

bool tool_help(int argc, char **argv, const char *tool, const char *help)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--help")) {
			(void)fputs(help, stdout);
			return true;
		}
		if (!strcmp(argv[i], "--version")) {
			(void)printf("%s (umosix) %s\n", tool, MOS_VERSION);
			return true;
		}
	}
	return false;
}

int tool_usage(const char *tool, const char *what, const char *arg)
{
	(void)fprintf(stderr, "%s: %s%s%s%s (see %s --help)\n", tool, what, arg ? " '" : "",
		      arg ? arg : "", arg ? "'" : "", tool);
	return TOOL_USAGE;
}

int tool_number(const char *s, long min, long max, long *ret)
{
	char *end;
	long v;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

long long tool_int(const json_t *o, const char *name)
{
	return (long long)json_integer_value(json_object_get(o, name));
}

const char *tool_text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "?";
}

void tool_print_text(FILE *f, const char *s, int width)
{
	for (int i = 0; s[i] && (!width || i < width); i++) {
		unsigned char c = (unsigned char)s[i];

		(void)fputc(c < ' ' || c == 0x7f ? '?' : c, f);
	}
}

void tool_warn(const char *tool, const json_t *text)
{
	if (!json_is_string(text))
		return;
	(void)fprintf(stderr, "%s: ", tool);
	tool_print_text(stderr, json_string_value(text), 0);
	(void)fputc('\n', stderr);
}

void tool_print_when(FILE *f, double t)
{
	time_t whole = (time_t)t;
	char line[32];
	struct tm tm;

	if (localtime_r(&whole, &tm) && strftime(line, sizeof(line), "%F %T", &tm))
		(void)fprintf(f, "%s.%03d", line, (int)((t - (double)whole) * 1000));
}

const char *tool_bytes(double bytes, char *to, size_t size)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned u = 0;

	while (bytes >= 1024 && u + 1 < ARRAY_SIZE(unit)) {
		bytes /= 1024;
		u++;
	}
	(void)snprintf(to, size, "%.*f %s", u && bytes < 100, bytes, unit[u]);
	return to;
}

const char *tool_time(double us, char *to, size_t size)
{
	if (us < 1000)
		(void)snprintf(to, size, "%.0f us", us);
	else if (us < 1e6)
		(void)snprintf(to, size, "%.*f ms", us < 10000, us / 1000);
	else
		(void)snprintf(to, size, "%.1f s", us / 1e6);
	return to;
}

void tool_drop(json_t **o)
{
	json_decref(*o);
}
