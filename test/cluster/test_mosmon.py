# SPDX-License-Identifier: GPL-2.0-or-later
"""mosmon in a real terminal (tmux's), against a stand-in for mosd."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

import fakemosd
import moslab
from fakemosd import node, wait

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux"),
    pytest.mark.skipif("mosmon" in moslab.missing_tools(), reason="mosmon is not staged"),
]


class Terminal:
    """mosmon in a terminal, and behind it a shell that tells how it left the terminal."""

    def __init__(self, mosd, tmp, *args, cols=80, rows=24, **env):
        self.tmp, self.name = tmp, f"mosmon-{os.getpid()}-{id(self)}"
        env = {"LC_ALL": "C.UTF-8", "TERM": "screen", **env}
        run = mosd.inside("env", *(f"{k}={v}" for k, v in env.items()),
                          str(moslab.stage_dir() / "mosmon"), *args)
        script = tmp / "run.sh"
        script.write_text(f"stty -g >{tmp}/before\n(echo $BASHPID >{tmp}/pid; exec {' '.join(run)})\n"
                          f"echo $? >{tmp}/status\nstty -g >{tmp}/after\necho ENDED; exec cat\n")
        self.tmux("new-session", "-d", "-x", str(cols), "-y", str(rows), f"bash {script}")

    def tmux(self, *args, check=True):
        r = subprocess.run(["tmux", "-f", "/dev/null", "-L", self.name, "-u", *args], text=True,
                           capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=False)
        assert r.returncode == 0 or not check, r.stderr
        return r.stdout

    def screen(self, *how) -> list[str]:
        return self.tmux("capture-pane", "-p", *how).rstrip("\n").split("\n")

    def shows(self, pattern, seconds=15):
        """Waits until a line matches."""
        def look():
            self.seen = self.screen()
            return any(re.search(pattern, line) for line in self.seen)
        try:
            wait(look, seconds)
        except AssertionError:
            raise AssertionError(f"no {pattern!r} in\n" + "\n".join(self.seen)) from None
        return self.seen

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def ended(self):
        """The exit status, when the terminal is as it was."""
        wait(lambda: (self.tmp / "after").exists() and (self.tmp / "after").read_text())
        assert (self.tmp / "after").read_text() == (self.tmp / "before").read_text()
        lines = self.shows("^ENDED")
        assert not any("|" in line for line in lines)  # nothing of it is left
        return int((self.tmp / "status").read_text())

    def close(self):
        self.tmux("kill-server", check=False)


@pytest.fixture
def mosd():
    made = fakemosd.FakeMosd()
    made.nodes = [node(1, load=150), node(2, load=20), node(3, load=310), node(4, state="dead")]
    yield made.start()
    made.close()


@pytest.fixture
def terminal(mosd, tmp_path):
    opened = []

    def opener(*args, **options):
        opened.append(Terminal(mosd, tmp_path, *args, **options))
        return opened[-1]
    yield opener
    for one in opened:
        one.close()


def sound(lines, cols):
    """Nothing wider than the screen, nothing that does not belong there."""
    for line in lines:
        assert len(line) <= cols
        assert re.fullmatch(r"[\w .,:;>|()+%/*#'?-]*[▁-█ |\d+#]*", line), line


def test_bars_and_keys(terminal):
    t = terminal()
    lines = t.shows("^Load  3 nodes  1 down .*h help$")
    assert re.match(r" 4.00 \|$", lines[1])
    assert re.match(r" +1 +2 +3$", lines[-1])
    assert lines[-2].count("█") == 18  # three bars of six
    t.press("d")
    t.shows(r"^Load  4 nodes")
    t.shows(r" D")
    t.press("d", "V")
    t.shows(r"^ +123$")
    t.press("w", "m")
    t.shows(r"^Memory, GiB")
    t.shows(r"\|\+\+\+\+\+\+ \+")
    for key, title in (("r", "Raw memory"), ("s", "Speed"), ("u", "Use, %"), ("L", r"Load \(log\)"),
                       ("l", "Load  3"), ("y", "this node's yard")):
        t.press(key)
        t.shows("^" + title if key != "y" else title)
    t.press("t")
    t.shows("^Total: 3 up, 3 run on 12 cpus")
    t.press("h")
    t.shows("^ V? *q  quit$")
    t.press("x")
    t.shows("^Total")
    t.press("q")
    assert t.ended() == 0


@pytest.mark.parametrize("cols, rows, title", [
    (20, 10, "Load  1-13 of 200"), (80, 24, "Load  1-73 of 200"), (120, 6, "Load  1-113 of 200"),
    (230, 60, "Load  200 nodes"),
])
def test_200_nodes(terminal, mosd, cols, rows, title):
    mosd.nodes = [node(i, load=i * 37 % 400) for i in range(1, 201)]
    t = terminal(cols=cols, rows=rows)
    lines = t.shows("^" + title)
    assert len(lines) <= rows
    sound(lines, cols)
    t.press("End")
    if "200 nodes" not in title:
        sound(t.shows(r"-200 of 200"), cols)
    t.press("Home", "w")
    sound(t.shows(r"Load  1-"), cols)
    t.press("p")
    sound(t.shows("^Processes"), cols)


def test_widths(terminal, mosd):
    """v: numbers upright, and a gap between bars; a: the widest that has room for all."""
    mosd.nodes = [node(i, load=100) for i in range(1, 201)]
    t = terminal(cols=80)
    t.shows("^Load  1-73 of 200")
    t.press("v")
    lines = t.shows("^Load  1-37 of 200")
    assert re.match(r" +1 2 3 4 5 6 7 8 9 1 1 1 ", lines[-2]) and re.match(r" +0 1 2 ", lines[-1])
    t.press("w")
    t.shows("^Load  1-18 of 200")
    t.press("a")
    t.shows("^Load  1-73 of 200")
    mosd.nodes = mosd.nodes[:30]
    t.shows("^Load  30 nodes")
    mosd.nodes = mosd.nodes[:3]
    assert t.shows("^Load  3 nodes")[-2].count("█") == 3 * 6


def test_arrows(terminal, mosd):
    mosd.nodes = [node(i, load=100) for i in range(1, 201)]
    t = terminal(cols=80)
    t.shows("^Load  1-73 of 200")
    for key, first in (("Right", 2), ("Down", 3), ("Left", 2), ("PageDown", 74), ("PageUp", 2), ("Up", 1), ("Left", 1),
                       ("End", 128), ("Right", 128), ("Left", 127)):
        t.press(key)
        t.shows(rf"^Load  {first}-{first + 72} of 200")
    mosd.ps = [process(i, 2, 1) for i in range(101, 141)]
    t.press("Home", "p")
    t.shows(r"job 101$")  # where nothing is listed yet, there is nothing to scroll
    for key, first in (("Down", 2), ("Right", 3), ("Up", 2), ("Left", 1)):
        t.press(key)
        lines = t.shows(rf"^Processes  {first}-\d+ of 40")
        assert lines[2].endswith(f"job {100 + first}"), lines[2]


def test_resize(terminal):
    t = terminal(cols=80, rows=24)
    t.shows("^Load")
    for cols, rows in ((20, 8), (132, 40), (5, 3), (1, 1), (60, 15)):
        t.resize(cols, rows)
        wait(lambda r=rows: len(t.screen()) <= r)
    lines = t.shows("h help$")
    assert len(lines) == 15 and re.match(r" +1 +2 +3$", lines[-1])
    sound(lines, 60)


@pytest.mark.parametrize("env, coloured", [
    ({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "vt100"}, False),
])
def test_colours(terminal, env, coloured):
    t = terminal(**env)
    t.shows("^Load")
    assert bool(re.search(r"\x1b\[(\d+;)*3[0-7]m", "\n".join(t.screen("-e")))) == coloured
    assert "█" in "".join(t.screen())


def test_plain_locale(terminal):
    t = terminal(LC_ALL="C", TERM="vt100")
    lines = t.shows("^Load")
    assert "".join(lines).isascii() and lines[-2].count("#") == 18


def test_mosd_comes_and_goes(terminal, mosd):
    mosd.stop()
    t = terminal()
    t.shows("^mosd does not run on this machine")
    t.shows("^Trying again each second")
    for _ in range(2):
        mosd.start()
        t.shows("^Load  3 nodes")
        mosd.stop()
        t.shows("^mosd (does not run|on this machine has ended)")
    mosd.start()
    t.shows("^Load  3 nodes")
    mosd.raw = b"\xff garbage\n"
    t.shows("^mosd on this machine has ended")
    mosd.raw = b'{"ok":false,"code":"busy","error":"too many\\u001b[2J","done":true}\n'
    t.shows(r"^too many\?\[2J")
    mosd.raw = b""
    t.shows("^mosd on this machine does not answer")
    mosd.raw = None
    t.shows("^Load  3 nodes")


def process(pid, where, moves, **more):
    return {"pid": pid, "uid": 0, "node": where, "state": "R", "cpu_us": 61000000, "moves": moves,
            "away_cpu_us": 0, "args": f"job {pid}", "lock": "none", "moving": False, **more}


def test_moves_are_seen(terminal, mosd):
    mosd.ps = [process(100, 0, 0), process(200, 2, 1)]
    t = terminal("-p")
    t.shows(r"^ +100 root +1 +R +1:01 .* job 100$")
    t.shows("Moves: none seen yet")
    mosd.ps = [process(100, 0, 0, moving=True), process(200, 2, 1)]
    t.shows(r"^ +100 root +1> +R")
    mosd.ps = [process(100, 3, 1), process(200, 0, 2)]
    t.shows(r"^ +100 root +1>3 +R")
    t.shows(r"^\d\d:\d\d:\d\d 100 1 -> 3 job 100$")
    t.shows(r"^\d\d:\d\d:\d\d 200 2 -> 1 job 200$")
    t.shows(r"^ +100 root +3 +R")  # and after some seconds it is no news


@pytest.mark.parametrize("how", ["q", "C-c", signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
def test_terminal_is_given_back(terminal, tmp_path, how):
    t = terminal()
    t.shows("^Load")
    if isinstance(how, str):
        t.press(how)
    else:
        os.kill(int((tmp_path / "pid").read_text()), how)
    status = t.ended()
    assert status == (128 + signal.SIGSEGV if how == signal.SIGSEGV else 0)


def test_terminal_unknown(mosd, tmp_path):
    r = mosd.tool("mosmon")
    assert r.returncode == 1 and "--once" in r.stderr


def test_once(mosd):
    env = {**os.environ, "LC_ALL": "C", "LINES": "8", "COLUMNS": "40"}
    r = mosd.tool("mosmon", "--once", "-t", env=env)
    assert r.returncode == 0
    lines = r.stdout.splitlines()
    assert len(lines) == 8 and lines[0] == "Load  3 nodes  1 down             h help"
    assert lines[-1] == "Total: 3 up, 3 run on 12 cpus, 25% used"
    mosd.ps = [process(7, 2, 1)]
    r = mosd.tool("mosmon", "--json")
    assert json.loads(r.stdout) == {"nodes": mosd.nodes, "processes": mosd.ps, "node": 1}
    mosd.stop()
    for how in ("--once", "--json"):
        r = mosd.tool("mosmon", how)
        assert r.returncode == 3 and "mosd does not run" in r.stderr


@pytest.mark.parametrize("args", [["-x"], ["x"], ["+0"], ["+70000"], ["--nonsense"], ["-"]])
def test_wrong_use(mosd, args):
    r = mosd.tool("mosmon", *args)
    assert r.returncode == 2 and r.stderr.startswith("mosmon: ")
