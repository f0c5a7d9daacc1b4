#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of the house, one function each; `house.py RULE ROOT` prints what breaks one.
doc/../design and HACKING.md have the reasons."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

# A room may include its own files and those of rooms with a smaller number.
LEVEL = {"base": 0, "kernel": 1, "wire": 1, "call": 1, "cluster": 1, "policy": 1, "move": 2,
         "home": 3, "guest": 3, "join": 3, "node": 3, "hpc": 3, "tools": 4}

# Numbers only, no code: every room may know them.
LEAVES = ("wire/limits.h",)

# No socket, clock, environment or file: folders, and single files of wire.
PURE = ("src/call/", "src/cluster/", "src/policy/", "src/wire/frame.", "src/wire/msg.",
        "src/wire/msg_")
IMPURE_HEADERS = re.compile(
    r"<(sys/socket|sys/un|netinet/in|netdb|poll|sys/epoll|sys/timerfd|fcntl|unistd|stdio_ext|"
    r"dirent|sys/mman|sys/wait|pthread|ev)\.h>")
CALL_NUMBERS = r"<(fcntl|poll|sys/(epoll|mman|timerfd|socket|un|wait))\.h>"
IMPURE_OWN = re.compile(r'"(base/(clock|io|log)|kernel/\w+|wire/(channel|key))\.h"')
IMPURE_CALLS = re.compile(
    r"\b(socket|bind|connect|accept4?|listen|send(to|msg)?|recv(from|msg)?|getaddrinfo|"
    r"time|clock_gettime|gettimeofday|clock_now|mono_now|getenv|secure_getenv|setenv|"
    r"open|openat|fopen|fdopen|read|write|close|stat|unlink|rename|rand|random|getrandom|"
    r"printf|fprintf|perror|puts|system|fork|syslog)\s*\(")

FORBIDDEN = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|atof|strtok|gets|"
                       r"alloca|tmpnam|mktemp)\s*\(")
LATER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
SOURCE = (".c", ".h", ".py", ".S", ".sh")
LINES_WARN, LINES_MOST = 600, 1000


def files(root: Path) -> list[str]:
    """What is in the repository or would be (git), or all of it without git."""
    r = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                       text=True, capture_output=True, check=False)
    if r.returncode == 0:
        names = r.stdout.splitlines()
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*")]
    return sorted(n for n in names if (root / n).is_file() and not n.startswith("build"))


def code_only(text: str, strings: bool = False) -> str:
    """Without comments and, unless told, the inside of strings; line numbers stay."""
    def blank(m):
        s = m.group(0)
        if s.startswith("/"):
            return re.sub(r"[^\n]", " ", s)
        return s if strings else s[0] + s[0]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text,
                  flags=re.DOTALL)


def room(name: str) -> str:
    parts = name.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else ""


def c_files(root: Path) -> list[tuple[str, str]]:
    return [(n, (root / n).read_text()) for n in files(root) if n.endswith((".c", ".h"))]


def numbered(text: str):
    return enumerate(text.splitlines(), 1)


def includes(root: Path):
    """#include goes downwards only."""
    known = set(files(root))
    for name, text in c_files(root):
        own = room(name)
        if not own:
            continue
        if own not in LEVEL:
            yield f"{name}: room {own} has no level"
            continue
        for number, line in numbered(text):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            other = m.group(1).split("/")[0]
            if other not in LEVEL or f"src/{m.group(1)}" not in known:
                if "/" in m.group(1) and other in LEVEL:
                    yield f"{name}:{number}: src/{m.group(1)} is not there"
                elif "/" in m.group(1) or not re.search(r"\.(inc|def|h)$", m.group(1)):
                    yield f"{name}:{number}: write it as \"room/file.h\""
                continue
            if m.group(1) in LEAVES:
                continue
            if other != own and LEVEL[other] >= LEVEL[own]:
                yield f"{name}:{number}: {own} must not include {other}"


def pure(root: Path):
    """Pure folders: state and input in, decisions out."""
    for name, text in c_files(root):
        if not name.startswith(PURE):
            continue
        # The room of calls knows what numbers and structures they take; it makes none.
        for number, line in numbered(text):
            if name.startswith("src/call/") and re.search(CALL_NUMBERS, line):
                continue
            if "#" in line and (IMPURE_HEADERS.search(line) or IMPURE_OWN.search(line)):
                yield f"{name}:{number}: {line.strip()}"
        if name.endswith(".c"):
            for number, line in numbered(code_only(text)):
                m = IMPURE_CALLS.search(line)
                if m and not re.search(r"(\.|->|\bstatic\b.*|_)" + re.escape(m.group(0)), line):
                    yield f"{name}:{number}: calls {m.group(1)}()"


def spdx(root: Path):
    """Each source says its licence in its first lines."""
    for name in files(root):
        if name.endswith(SOURCE) and "SPDX-License-Identifier: GPL-2.0-or-later" not in \
                "\n".join((root / name).read_text(errors="replace").splitlines()[:3]):
            yield f"{name}: no SPDX line"


def size(root: Path):
    """A file of over 600 lines is two files; over 1,000 it fails."""
    for name in files(root):
        if not name.endswith(SOURCE):
            continue
        n = len((root / name).read_text(errors="replace").splitlines())
        if n > LINES_MOST:
            yield f"{name}: {n} lines, at most {LINES_MOST}"
        elif n > LINES_WARN:
            print(f"warning: {name}: {n} lines")


def functions(root: Path):
    """No function that cannot be used safely; open() with O_CLOEXEC; nothing left for later."""
    for name, text in c_files(root):
        code = code_only(text)
        for number, line in numbered(code):
            m = FORBIDDEN.search(line)
            if m and not m.group(0).startswith("__"):
                yield f"{name}:{number}: {m.group(1)}()"
        for m in re.finditer(r"(?<![\w>.])(open|openat|open_tree|memfd_create|pipe2|socket|accept4|"
                             r"epoll_create1|eventfd|timerfd_create|signalfd)\s*\(([^;]*?)\)\s*[;,)]",
                             code):
            if not name.startswith(("src/", "lab/")) or name.startswith("src/move/resident"):
                break
            args = m.group(2)
            if m.group(1) in ("open", "openat") and not re.search(r"\bO_[A-Z]", args):
                continue  # the flags come from elsewhere
            if not re.search(r"CLOEXEC|[a-z_]*flags", args):
                number = code.count("\n", 0, m.start()) + 1
                yield f"{name}:{number}: {m.group(1)}() without CLOEXEC"
    for name in files(root):
        if name.endswith(SOURCE) or name.endswith((".build", ".md", ".scd")):
            for number, line in numbered((root / name).read_text(errors="replace")):
                if LATER.search(line):
                    yield f"{name}:{number}: {LATER.search(line).group(0)}"


# Sources of a command beside COMMAND.c and COMMAND_*.c.
MORE_SOURCES = {"mosd": "src/node/main.c", "moslab": "lab/main.c", "mosctl": "src/tools/setup_*.c",
                "mosrun": "src/tools/run_options.c"}
# A long option, or a letter, also with its argument's name right behind it (-jLIST).
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[A-Za-z])(?=[A-Z]{2}|[^\w-]|$)")
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def known_options(text: str) -> set[str]:
    """What the source compares its arguments with: by getopt, or by hand."""
    known = {f"--{n}" for n in re.findall(r'\{\s*"([a-z][a-z-]+)"\s*,\s*(?:no|required|optional)_argument',
                                          text)}
    for letters in re.findall(r'getopt_long\([^"]*"([^"]*)"', text):
        known |= {f"-{c}" for c in letters if c.isalpha()}
    known |= {s for s in LITERAL.findall(text) if OPTION.fullmatch(s)}
    known |= {f"-{s}" for s in LITERAL.findall(text) if s in ("-help", "-version")}  # mosrun looks behind the first dash
    return known | ({"--help", "--version"} if "tool_help(" in text else set())


def help_options(text: str) -> set[str]:
    """Those that lines of --help begin with, and those in brackets of a usage."""
    told = set()
    for line in (s.replace("\\n", "") for s in LITERAL.findall(text)):
        head = re.split(r" {2,}", line.strip())[0] if re.match(r" +-", line) else ""
        told |= set(OPTION.findall(" ".join([head, *re.findall(r"\[(-[^\]]*)\]", line)])))
    return told


def page_options(page: str) -> set[str]:
    """Those in the synopsis, and those that have an entry of their own."""
    synopsis = page.partition("# SYNOPSIS")[2].partition("\n# ")[0]
    heads = re.findall(r"^\t*(\*-.*)$", page, re.MULTILINE)
    return set(OPTION.findall(re.sub(r"[*\\]|(?<!\w)_|_(?!\w)", "", "\n".join([synopsis, *heads]))))


def man_options(root: Path):
    """The options that a command knows, those of its --help and those of its man page are the same."""
    for page in sorted((root / "man").glob("*.[18].scd")):
        command = page.name.split(".")[0]
        text = "".join(p.read_text() for pattern in (f"src/tools/{command}.c", f"src/tools/{command}_*.c",
                                                     MORE_SOURCES.get(command, "no source"))
                       for p in sorted(root.glob(pattern)))
        if not text:
            yield f"man/{page.name}: {command} has no source"
            continue
        known, told, said = known_options(text), help_options(text), page_options(page.read_text())
        for option in sorted(known | told):
            if option not in said:
                yield f"man/{page.name}: {option} is missing"
            if option not in told:
                yield f"{command}: --help does not tell of {option}"
        for option in sorted(said - told):
            yield f"man/{page.name}: {option} is not in --help"
        for option in sorted((said | told) - known):
            if option.startswith("--"):  # letters may be taken together
                yield f"{command}: {option} is told of, but not known"


def man_pages(root: Path):
    """Each command that is installed for users has a page."""
    if not list((root / "man").glob("*.scd")):
        print("warning: no man pages yet")
        return
    for source in sorted((root / "src/tools").glob("*.c")):
        if re.search(r"^int main\(", source.read_text(), re.MULTILINE) and \
                not list((root / "man").glob(f"{source.stem}.*.scd")):
            yield f"man: no page for {source.stem}"


# Which argument of a function or a row is the word that tells a reason.
REASON_AT = {"err_reason": 2, "ask_fail": 1, "fail_request": 3, "not_there": 1, "hop_failed": 1, "comeback_ask": 2,
             "node_ended": 2, "forward_want_home": -1, "HOME": 1, "RULES": 2}


def arguments(code: str) -> list[str]:
    """Of a call, whose first argument @code begins with."""
    found, depth = [""], 0
    for part in re.findall(r'"(?:\\.|[^"\\])*"|.', code, re.DOTALL):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(part, 0)
        if depth < 0:
            break
        if part == "," and not depth:
            found.append("")
        else:
            found[-1] += part
    return found


def reasons(root: Path):
    """Each word that tells users why something is not done stands in umosix-reasons(7)."""
    page = root / "man/umosix-reasons.7.scd"
    told = set(re.findall(r"\*([a-z][a-z_-]*)\*", page.read_text() if page.exists() else ""))
    for name, text in c_files(root):
        if not name.startswith("src/"):
            continue
        code = code_only(text, strings=True)
        words = set(re.findall(r'\.reason = "([a-z_-]+)"', code))
        for m in re.finditer(rf"\b({'|'.join(REASON_AT)})\(", code):
            given = arguments(code[m.end():])
            at = REASON_AT[m.group(1)]
            words |= set(re.findall(r'"([a-z][a-z_-]*)"', given[at] if at < len(given) else ""))
        for word in sorted(words - told):
            yield f"{name}: {word} is not explained in {page.relative_to(root)}"


def guests(root: Path):
    """Each guest program says what it is about and follows the contract."""
    for source in sorted((root / "test/guests").glob("*.c")):
        text = source.read_text()
        for word in (r'^GUEST\("[a-z]+: .+"\)$', r"\bg_ready\(\)", r"\bg_wait(ing)?\(\)",
                     r"\bg_pass\(\)"):
            if not re.search(word, text, re.MULTILINE):
                yield f"test/guests/{source.name}: no {word}"


def tests_wait(root: Path):
    """No test sleeps and hopes: it waits for an event, or looks often until a deadline."""
    for path in sorted((root / "test").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
                often = isinstance(node.args[0], ast.Constant) and node.args[0].value < 0.1
                if not often:
                    yield f"{path.relative_to(root)}:{node.lineno}: {ast.unparse(node)}"


# Where Debian has what meson asks for; None: comes with the compiler.
PACKAGE_OF = {"cmocka": "libcmocka-dev", "ev": "libev-dev", "inih": "libinih-dev", "jansson": "libjansson-dev",
              "libseccomp": "libseccomp-dev", "ncursesw": "libncurses-dev", "openssl": "libssl-dev",
              "m": None, "threads": None}


def meson_needs(root: Path) -> set[str]:
    """The names of all libraries that the build asks for."""
    texts = [(root / n).read_text() for n in files(root) if Path(n).name == "meson.build"]
    return set(re.findall(r"\b(?:(?<!_)dependency|find_library)\('([^']+)'", "\n".join(texts)))


def packages(root: Path):
    """Each library that the build asks for is installed by `check`, and whenever Debian builds the package."""
    control = (root / "debian/control").read_text()
    field = re.search(r"^Build-Depends:(.*(?:\n[ \t].*)*)", control, re.MULTILINE)
    listed = re.search(r"^packages_build=\(([^)]*)\)", (root / "check").read_text(), re.MULTILINE)
    # One with a build profile is there sometimes only, and meson.build asks always.
    depends = {entry.split()[0] for entry in (field.group(1) if field else "").split(",")
               if entry.strip() and "<" not in entry}
    installed = set(listed.group(1).split()) if listed else set()
    for name in sorted(meson_needs(root)):
        package = PACKAGE_OF.get(name, "")
        if package == "":
            yield f"test/lint/house.py: PACKAGE_OF does not know {name}"
        elif package:
            if package not in depends:
                yield f"debian/control: Build-Depends lacks {package} ({name})"
            if package not in installed:
                yield f"check: packages_build lacks {package} ({name})"


RULES = [includes, pure, spdx, size, functions, man_options, man_pages, reasons, guests,
         tests_wait, packages]


def main() -> int:
    rules = {rule.__name__: rule for rule in RULES}
    if len(sys.argv) != 3 or sys.argv[1] not in rules:
        print(f"usage: house.py {{{','.join(rules)}}} ROOT", file=sys.stderr)
        return 2
    broken = list(rules[sys.argv[1]](Path(sys.argv[2])))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
