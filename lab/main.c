/* SPDX-License-Identifier: GPL-2.0-or-later */
/* moslab's command line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "lab/vm.h"

static const char usage[] =
	"usage: moslab COMMAND [OPTION]...      a umosix cluster of namespaces on this machine\n"
	"\n"
	"  up N                   start a lab of N nodes\n"
	"  down [--all]           end it; nothing is left behind\n"
	"  status [--json]        labs, nodes, addresses\n"
	"  exec NODE -- CMD...    run a command on a node\n"
	"  run N -- CMD...        up, run the command on node 1, down; its exit status\n"
	"  cut NODE, heal NODE    pull the node's network cable, put it back\n"
	"  kill NODE              power loss: all of the node dies at once\n"
	"  start NODE             power on again\n"
	"  logs [NODE] [-f]       what mosd wrote; -f goes on\n"
	"\n"
	"  --name L               the lab (else $MOSLAB_NAME, else 'lab')\n"
	"up and run:\n"
	"  --cpus C, --memory M   limit each node (0.5; 200M)\n"
	"  --node I:cpus=C,memory=M   limit one node\n"
	"  --vm                   nodes are virtual machines with kernels of their own\n"
	"  --no-mosd              start no mosd; its mosd.conf, key and map are written all the same\n"
	"  --conf LINE            a further line of each mosd.conf\n"
	"exec and run:\n"
	"  --user NAME, --cwd DIR\n"
	"logs:\n"
	"  -f, --follow           go on with what comes\n"
	"\n"
	"  -h, --help             this text\n"
	"  --version              the version\n";

struct line {
	const char *name;
	bool json, all, follow, no_mosd, vm;
	struct lab_limit every;
	struct lab_limit *one; /* LAB_NODES + 1 */
	bool set_cpu[LAB_NODES + 1], set_mem[LAB_NODES + 1];
	char conf[1024];
	struct exec_opts exec;
	char *word[2]; /* the command and its number */
	unsigned words;
};

void lab_say(const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("moslab: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

static int bad(const char *what, const char *arg)
{
	lab_say("%s '%s' (moslab --help)", what, arg);
	return LAB_USAGE;
}

static bool number(const char *s, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || end == s || *s == '-' || *s == '+' || v > max)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool parse_cpus(const char *s, unsigned *ret)
{
	char *end;
	double v = strtod(s, &end);

	/* the kernel takes no quota below 1 ms of the 100 ms */
	if (end == s || *end || !(v >= 0.01 && v <= 1024))
		return false;
	*ret = (unsigned)(v * 1000 + 0.5);
	return true;
}

static bool parse_memory(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	const char *u;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || end == s || *s == '-' || !v)
		return false;
	u = *end ? strchr(units, *end) : NULL;
	if (u) {
		unsigned shift = 10 * (unsigned)(u - units + 1);

		if (v > UINT64_MAX >> 1 >> shift)
			return false;
		v <<= shift;
		end++;
	}
	*ret = v;
	return !*end;
}

/* I:cpus=C,memory=M */
static int parse_node(struct line *a, char *text)
{
	char *colon = strchr(text, ':'), *part;
	unsigned i;

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (!number(text, LAB_NODES, &i) || !i)
		return -EINVAL;
	for (char *at = colon + 1; (part = strsep(&at, ","));) {
		if (!strncmp(part, "cpus=", 5) && parse_cpus(part + 5, &a->one[i].cpu_milli))
			a->set_cpu[i] = true;
		else if (!strncmp(part, "memory=", 7) && parse_memory(part + 7, &a->one[i].memory))
			a->set_mem[i] = true;
		else
			return -EINVAL;
	}
	return 0;
}

enum option_id {
	OPT_NAME = 256,
	OPT_CPUS,
	OPT_MEMORY,
	OPT_NODE,
	OPT_NO_MOSD,
	OPT_VM,
	OPT_CONF,
	OPT_JSON,
	OPT_ALL,
	OPT_USER,
	OPT_CWD,
	OPT_VERSION
};

static const struct option options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "node", required_argument, NULL, OPT_NODE },
	{ "no-mosd", no_argument, NULL, OPT_NO_MOSD },
	{ "vm", no_argument, NULL, OPT_VM },
	{ "conf", required_argument, NULL, OPT_CONF },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "user", required_argument, NULL, OPT_USER },
	{ "cwd", required_argument, NULL, OPT_CWD },
	{ "follow", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static int take_limit(struct line *a, int opt, char *arg)
{
	char *copy = arg;

	if (opt == OPT_CPUS && !parse_cpus(arg, &a->every.cpu_milli))
		return bad("--cpus wants a number such as 0.5, not", arg);
	if (opt == OPT_MEMORY && !parse_memory(arg, &a->every.memory))
		return bad("--memory wants a size such as 200M, not", arg);
	if (opt == OPT_NODE) {
		CLEANUP(free_ptr) char *keep = strdup(arg);

		if (parse_node(a, copy) < 0)
			return bad("--node wants I:cpus=C,memory=M, not", keep ? keep : arg);
	}
	return 0;
}

/* Return: 0; else an exit code, -1 for "done, and well". */
static int take(struct line *a, int opt, char *arg)
{
	size_t n = strlen(a->conf);

	switch (opt) {
	case OPT_NAME:
		a->name = arg;
		return lab_name_ok(arg) ? 0 : bad("not a name for a lab:", arg);
	case OPT_CPUS:
	case OPT_MEMORY:
	case OPT_NODE:
		return take_limit(a, opt, arg);
	case OPT_NO_MOSD:
		a->no_mosd = true;
		return 0;
	case OPT_VM:
		a->vm = true;
		return 0;
	case OPT_CONF:
		if (snprintf(a->conf + n, sizeof(a->conf) - n, "%s\n", arg) >=
		    (int)(sizeof(a->conf) - n))
			return bad("too much of --conf, at", arg);
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case OPT_ALL:
		a->all = true;
		return 0;
	case 'f':
		a->follow = true;
		return 0;
	case OPT_USER:
		a->exec.user = arg;
		return 0;
	case OPT_CWD:
		a->exec.cwd = arg;
		return 0;
	case OPT_VERSION:
		(void)puts("moslab (umosix) " MOS_VERSION);
		return -1;
	case 'h':
		(void)fputs(usage, stdout);
		return -1;
	default:
		return LAB_USAGE; /* getopt has said why */
	}
}

/* `--` is optional: after the number, the first word that is no option begins the command. */
static int parse(struct line *a, int argc, char **argv)
{
	int opt, r;

	for (;;) {
		bool takes_cmd =
			a->words && (!strcmp(a->word[0], "exec") || !strcmp(a->word[0], "run"));

		opt = getopt_long(argc, argv, "+fh", options, NULL);
		if (opt != -1) {
			r = take(a, opt, optarg);
			if (r)
				return r;
			continue;
		}
		if (optind >= argc)
			return 0;
		if (a->words == 2 || (takes_cmd && !strcmp(argv[optind - 1], "--"))) {
			if (!takes_cmd || a->words < 2)
				return bad("too much:", argv[optind]);
			a->exec.argv = argv + optind;
			return 0;
		}
		a->word[a->words++] = argv[optind++];
	}
}

static void stop(int sig)
{
	lab_stop = sig;
}

/* An interrupted `up` tears down what it has built. */
static void catch_signals(void)
{
	struct sigaction a = { .sa_handler = stop };
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		(void)sigaction(sigs[i], &a, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int find_mosd(struct lab *l)
{
	const char *env = getenv("MOSLAB_MOSD"), *path = getenv("PATH");
	char dir[PATH_MAX - 16];

	if (env && *env) {
		if (env[0] != '/' || strlen(env) >= sizeof(l->mosd) || strchr(env, '\n'))
			return -EINVAL;
		(void)snprintf(l->mosd, sizeof(l->mosd), "%s", env);
		return access(env, X_OK) < 0 ? -errno : 0;
	}
	if (!io_own_dir(dir, sizeof(dir))) {
		(void)snprintf(l->mosd, sizeof(l->mosd), "%s/mosd", dir);
		if (!access(l->mosd, X_OK))
			return 0;
	}
	while (path && *path) {
		size_t n = strcspn(path, ":");

		(void)snprintf(l->mosd, sizeof(l->mosd), "%.*s/mosd", (int)n, path);
		if (path[0] == '/' && !access(l->mosd, X_OK))
			return 0;
		path += n + (path[n] == ':');
	}
	return -ENOENT;
}

static int fill(struct lab *l, const struct line *a, unsigned n)
{
	struct err e = ERR_INIT;
	int r;

	l->nodes = n;
	for (unsigned i = 1; i <= LAB_NODES; i++) {
		if (i > n && (a->set_cpu[i] || a->set_mem[i])) {
			lab_say("--node %u: the lab has %u nodes", i, n);
			return LAB_USAGE;
		}
		l->limit[i] = a->every;
		if (a->set_cpu[i])
			l->limit[i].cpu_milli = a->one[i].cpu_milli;
		if (a->set_mem[i])
			l->limit[i].memory = a->one[i].memory;
		if (i > n)
			l->limit[i] = (struct lab_limit){ 0 };
	}
	(void)snprintf(l->conf, sizeof(l->conf), "%s", a->conf);
	r = a->no_mosd ? 0 : find_mosd(l);
	if (r < 0) {
		lab_say("mosd is neither beside moslab nor in PATH, nor is MOSLAB_MOSD an absolute "
			"path to it (or use --no-mosd)");
		return LAB_FAILED;
	}
	r = a->vm ? vm_prepare(l, &e) : 0;
	if (r < 0)
		lab_say("%s", err_str(&e, r));
	return r < 0 ? LAB_FAILED : 0;
}

static int dispatch(struct lab *l, const struct line *a)
{
	const char *cmd = a->word[0];
	bool is_exec = !strcmp(cmd, "exec"), is_run = !strcmp(cmd, "run");
	unsigned n = 0;
	int r;

	if (!strcmp(cmd, "status"))
		return cmd_status(a->name, a->json);
	if (!strcmp(cmd, "down"))
		return a->all ? cmd_down_all() : cmd_down(l);
	if (a->word[1] && (!number(a->word[1], LAB_NODES, &n) || !n))
		return bad("not a number from 1 to 250:", a->word[1]);
	if (!strcmp(cmd, "logs")) {
		catch_signals();
		return cmd_logs(l, n, a->follow);
	}
	if ((is_exec || is_run) && (!a->exec.argv || !n))
		return bad("a number and a command are missing after", cmd);
	if (!n)
		return bad("a number is missing after", cmd);
	if (is_exec)
		return cmd_exec(l, n, &a->exec);
	catch_signals();
	if (is_run || !strcmp(cmd, "up")) {
		r = fill(l, a, n);
		return r ? r : is_run ? cmd_run(l, &a->exec) : cmd_up(l);
	}
	if (!strcmp(cmd, "kill"))
		return cmd_kill(l, n);
	if (!strcmp(cmd, "start"))
		return cmd_start(l, n);
	return cmd_link(l, n, !strcmp(cmd, "heal"));
}

static bool known(const char *cmd)
{
	static const char *const all[] = { "up",  "down", "status", "exec",  "run",
					   "cut", "heal", "kill",   "start", "logs" };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(cmd, all[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	CLEANUP(free_ptr) struct lab *l = malloc(sizeof(*l));
	CLEANUP(free_ptr) struct lab_limit *one = calloc(LAB_NODES + 1, sizeof(*one));
	struct line a = { .one = one };
	char name[32];
	bool run;
	int r;

	if (!l || !one)
		return LAB_FAILED;
	if (argc == 4 && !strcmp(argv[1], "__init"))
		return init_main(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
	r = parse(&a, argc, argv);
	if (r)
		return r < 0 ? LAB_OK : r;
	if (!a.words) {
		(void)fputs(usage, stderr);
		return LAB_USAGE;
	}
	if (!known(a.word[0]))
		return bad("no such command:", a.word[0]);
	run = !strcmp(a.word[0], "run");
	if (geteuid()) {
		lab_say("only root can make namespaces, links and cgroups (sudo moslab ...)");
		return run || !strcmp(a.word[0], "exec") ? LAB_EXEC_FAILED : LAB_FAILED;
	}
	/* runs side by side must not meet, so theirs is a name of its own */
	(void)snprintf(name, sizeof(name), "run-%d", getpid());
	if (!a.name && !strcmp(a.word[0], "status"))
		lab_init(l, "lab");
	else if (!a.name && run)
		lab_init(l, name);
	else
		lab_init(l, a.name		    ? a.name
			    : getenv("MOSLAB_NAME") ? getenv("MOSLAB_NAME")
						    : "lab");
	if (!lab_name_ok(l->name))
		return bad("not a name for a lab:", l->name);
	r = dispatch(l, &a);
	lab_finish(l);
	return r;
}
