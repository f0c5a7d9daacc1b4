#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does each rule find what it is for? A rule that never fails is no rule."""

import sys
import tempfile
from pathlib import Path

import house

SPDX = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
TOOL = r'''{ "told", no_argument, NULL, 1 }, { "help", no_argument, 0, 2 },
getopt_long(argc, argv, "xh", longs, NULL); static const char help[] =
"Usage: tool [-x] FILE\n"
"  -x, --told  does something with FILE\n"
"\n  -h, --help  this text\n";
'''
PAGE = "# SYNOPSIS\n\n*tool* [*-x*] _FILE_\n\n# OPTIONS\n\n*-x*, *--told*\n\tDoes --more.\n\n*-h*, *--help*\n"
BAD = {
    "includes": [("src/wire/a.c", '#include "move/b.h"\n'), ("src/call/a.c", '#include "wire/b.h"\n'),
                 ("src/base/a.c", '#include "kernel/b.h"\n')],
    "pure": [("src/policy/a.c", "#include <sys/socket.h>\n"), ("src/wire/frame.c", "t = time(0);\n"),
             ("src/call/a.c", '#include "base/clock.h"\n'), ("src/cluster/a.c", 'x = getenv("A");\n')],
    "spdx": [("src/base/a.c", None)],
    "size": [("src/base/a.c", "\n" * 1001)],
    "functions": [("src/base/a.c", "strcpy(a, b);\n"), ("src/base/a.c", "n = atoi(s);\n"),
                  ("src/base/a.c", "fd = open(p, O_RDONLY);\n"), ("src/base/a.c", "/* TO" "DO */\n")],
    "man_options": [("man/tool.1.scd", PAGE.replace("--told", "--tol")), ("man/tool.1.scd", PAGE + "\n*-y*\n"),
                    ("man/tool.1.scd", PAGE.replace("*-x*]", "*-z*]")), ("man/other.1.scd", PAGE),
                    ("src/tools/tool.c", TOOL.replace("  -x, --told ", "  -x ")),
                    ("src/tools/tool.c", TOOL.replace("[-x]", "[-x] [--more]")),
                    ("src/tools/tool.c", TOOL.replace('"xh"', '"xyh"')),
                    ("src/tools/tool.c", TOOL.replace('{ "told"', '{ "other"')),
                    ("src/tools/tool_verb.c", 'if (!strcmp(a, "--hidden"))\n')],
    "reasons": [("src/home/a.c", 'err_reason(e, f(-EIO, "a"), "lost", "%s", s);\n'),
                ("src/home/a.c", 'err_reason(e, r, x ? "told-well" : "lost", "it, (is) so");\n'),
                ("src/node/a.c", 'ask_fail(a,\n\t"lost", "%s", s);\n'),
                ("src/guest/a.c", 'forward_want_home(g, nr, arg, "lost");\n'),
                ("src/call/a.c", 'HOME(bpf, "lost"),\n'), ("src/call/a.c", '{ .reason = "lost" },\n'),
                ("man/umosix-reasons.7.scd", "told-well\n")],
    "man_pages": [("src/tools/other.c", "int main(void)\n")],
    "guests": [("test/guests/a.c", "int main(void)\n")],
    "tests_wait": [("test/cluster/test_a.py", "time.sleep(1)\n")],
    "packages": [("meson.build", "x = dependency('ncursesw')\n"), ("meson.build", "x = dependency('unheard')\n"),
                 ("meson.build", "x = cc.find_library('ev')\n"),
                 ("debian/control", "Build-Depends: libssl-dev (>= 3.0) <!nocheck>\n"),
                 ("check", "packages_build=(gcc)\n")],
}
GOOD = {
    "src/base/b.h": "", "src/kernel/b.h": "", "src/wire/b.h": "", "src/move/b.h": "",
    "src/move/a.c": '#include "wire/b.h"\n#include "move/b.h"\n#include <stdio.h>\n',
    "src/policy/good.c": '#include "base/b.h"\n/* time(0) */ x->time(y); s = "open(x)";\n',
    "src/home/good.c": 'err_reason(e, r, "told-well", "so, \\"it\\" is"); /* err_reason(e, r, "old", "") */\n',
    "man/umosix-reasons.7.scd": "*told-well*\n",
    "src/base/good.c": "fd = open(p, O_RDONLY | O_CLOEXEC);\n",
    "src/tools/tool.c": TOOL, "man/tool.1.scd": PAGE,
    "meson.build": "x = dependency('openssl', version: '>= 3.0')\nm = cc.find_library('m')\n"
                   "y = declare_dependency('z')\n",
    "debian/control": "Source: a\nBuild-Depends: gcc,\n libssl-dev (>= 3.0),\n meson\nSection: net\n",
    "check": "packages_build=(gcc\n\tlibssl-dev)\n",
}


def tree(root: Path, extra: tuple) -> None:
    for name, text in {**GOOD, **dict([extra] if extra else [])}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("nothing\n" if text is None else
                                 text if text.startswith("\n" * 1001) or name.endswith(".py")
                                 else SPDX + text)


def main() -> int:
    missed = []
    for rule in house.RULES:
        cases = [(None, False)] + [(case, True) for case in BAD[rule.__name__]]
        for case, should_fail in cases:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                tree(root, case)
                if bool(list(rule(root))) != should_fail:
                    missed.append(f"{rule.__name__}: {case} should {'fail' if should_fail else 'pass'}")
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
