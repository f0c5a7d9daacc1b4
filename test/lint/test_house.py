#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does each rule find what it is for? A rule that never fails is no rule."""

import sys
import tempfile
from pathlib import Path

import house

SPDX = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
BAD = {
    "includes": [("src/wire/a.c", '#include "move/b.h"\n'), ("src/call/a.c", '#include "wire/b.h"\n'),
                 ("src/base/a.c", '#include "kernel/b.h"\n')],
    "pure": [("src/policy/a.c", "#include <sys/socket.h>\n"), ("src/wire/frame.c", "t = time(0);\n"),
             ("src/call/a.c", '#include "base/clock.h"\n'), ("src/cluster/a.c", 'x = getenv("A");\n')],
    "spdx": [("src/base/a.c", None)],
    "size": [("src/base/a.c", "\n" * 1001)],
    "functions": [("src/base/a.c", "strcpy(a, b);\n"), ("src/base/a.c", "n = atoi(s);\n"),
                  ("src/base/a.c", "fd = open(p, O_RDONLY);\n"), ("src/base/a.c", "/* TO" "DO */\n")],
    "man_options": [("man/tool.1.scd", "*--told*\n")],
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
    "src/base/good.c": "fd = open(p, O_RDONLY | O_CLOEXEC);\n",
    "src/tools/tool.c": '{ "told", no_argument, NULL, 1 },\n{ "help", no_argument, 0, 2 },\n',
    "man/tool.1.scd": "*--told*\n",
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
                if rule.__name__ == "man_options" and should_fail:
                    (root / "src/tools/tool.c").write_text('{ "hidden", no_argument, NULL, 1 },\n')
                if bool(list(rule(root))) != should_fail:
                    missed.append(f"{rule.__name__}: {case} should {'fail' if should_fail else 'pass'}")
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
