# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab of nodes as the tests see it: nodes, folders that only one node has, jobs run there by an
ordinary user, moves. Nothing here waits by sleeping: each wait ends with an event or a deadline."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from control import Asked, Control

ORDINARY = 12345  # an ordinary user without an account
HOME_NODE = 1
ONLY_HERE = "/var/lib/umosix/only-here"
FAULT_FILE = "/run/umosix/fault"
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
STILL = ("balance = no", "usher = no")  # nothing moves by itself
TOOLS = ("mosd", "mos-home", "mos-guest", "mos-join", "mosrun", "migrate", "mps", "mosctl", "mosmon", "omdiscd",
         "moslab")
SUSPICIOUS = re.compile(r"assertion|Sanitizer|\bBUG\b|runtime error:|segfault", re.IGNORECASE)


class Late(AssertionError):
    """What was waited for did not come in time."""


def stage_dir() -> Path:
    return Path(os.environ.get("MOS_BIN", REPO / "build/stage/all"))


def missing_tools() -> list[str]:
    return [name for name in TOOLS if not os.access(stage_dir() / name, os.X_OK)]


def as_user(uid: int, argv: list[str]) -> list[str]:
    if not uid:
        return argv
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *argv]


def readable_copy(of: Path) -> Path:
    """A copy that an ordinary user may execute wherever the checkout lies."""
    folder = Path(tempfile.mkdtemp(prefix="mos-bin-"))
    folder.chmod(0o755)
    for file in of.iterdir():
        if file.is_file():
            shutil.copy2(file, folder / file.name)
    return folder


class Lines:
    """Lines from a pipe, each with a deadline."""

    def __init__(self, fd: int):
        self.fd = fd
        self.pending = b""
        self.ended = False

    def next(self, deadline: float) -> bytes | None:
        """Return: a line without its end, None at the end of the pipe. Raises Late."""
        while b"\n" not in self.pending:
            if self.ended:
                return None
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise Late("no line came in time")
            more = os.read(self.fd, 65536)
            self.ended = not more
            self.pending += more
        line, self.pending = self.pending.split(b"\n", 1)
        return line


class Job:
    """A program that runs on a node as the child of parent.py."""

    def __init__(self, lab: "Lab", argv: list[str], cwd: str, *, node: int = HOME_NODE,
                 mosrun: bool = True, env: dict | None = None, uid: int = ORDINARY,
                 stdin: str | None = None, pipes: bool = False, pty: bool = False,
                 name: str = "job"):
        self.lab, self.node, self.cwd = lab, node, cwd
        self.out_path, self.err_path = f"{cwd}/{name}.out", f"{cwd}/{name}.err"
        self.typed = ""
        self.unread: list[dict] = []  # events that came before another that was waited for
        self.cpu_us = 0
        self.process = subprocess.Popen(
            lab.command(node, [PYTHON, "-E", "-s", str(lab.bin / "parent.py")]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = Lines(self.process.stdout.fileno())
        self.ask(argv=([str(lab.bin / "mosrun")] if mosrun else []) + argv, cwd=cwd, uid=uid,
                 env={"PATH": f"{lab.bin}:/usr/bin:/bin", "LC_ALL": "C", "HOME": cwd,
                      "TMPDIR": cwd, **(env or {})},
                 stdin=stdin, pipes=pipes, pty=pty, stdout=self.out_path, stderr=self.err_path)
        self.pid = self.event("started", 20)["pid"]
        lab.jobs.append(self)

    def ask(self, **request) -> None:
        self.process.stdin.write((json.dumps(request) + "\n").encode())
        self.process.stdin.flush()

    def read(self, deadline: float) -> dict:
        line = self.lines.next(deadline)
        if line is None:
            raise AssertionError(f"the parent of {getattr(self, 'pid', '?')} has ended")
        return json.loads(line)

    def event(self, kinds: str, seconds: float) -> dict:
        """The next event of one of these kinds; terminal output is gathered on the way."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self.unread.pop(0) if self.unread else self.read(deadline)
            except Late:
                raise Late(f"pid {getattr(self, 'pid', '?')}: no event {kinds!r} within "
                           f"{seconds} s") from None
            if event["ev"] == "typed":
                self.typed += event["text"]
            if event["ev"] in kinds.split():
                return event
            if event["ev"] in ("exited", "killed"):
                raise AssertionError(f"expected {kinds!r}, got {event}; {self.said()}")

    def ended(self, seconds: float = 0) -> bool:
        """Whether it has ended by now, or does within this time."""
        try:
            self.last = self.event("exited killed", seconds)
        except Late:
            return False
        return True

    def wait(self, seconds: float = 60) -> tuple[str, int]:
        """Return: ("exited", status) or ("killed", signal); the dead one stays until reap()."""
        if not hasattr(self, "last"):
            self.last = self.event("exited killed", seconds)
        return self.last["ev"], self.last["status"]

    def reap(self) -> None:
        self.ask(op="reap")
        self.cpu_us = self.event("reaped", 20)["cpu_us"]

    def kill(self, sig: int) -> None:
        """Its parent sends it; it has been sent when this returns."""
        self.ask(op="kill", sig=int(sig))
        deadline = time.monotonic() + 20
        while (event := self.read(deadline))["ev"] != "sent":
            self.unread.append(event)

    def type(self, text: str) -> None:
        self.ask(op="type", text=text)

    def shows(self, text: str, seconds: float = 20) -> None:
        """Waits until its terminal has shown this text."""
        deadline = time.monotonic() + seconds
        while text not in self.typed:
            self.event("typed", deadline - time.monotonic())

    @property
    def out(self) -> bytes:
        return self.lab.inside(self.node, self.out_path).read_bytes()

    @property
    def err(self) -> bytes:
        return self.lab.inside(self.node, self.err_path).read_bytes()

    def said(self) -> str:
        if self.typed:
            return f"terminal: {self.typed!r}"
        try:
            return f"out: {self.out[-500:]!r} err: {self.err[-500:]!r}"
        except OSError:
            return "no output"

    def finish(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Lab:
    """Nodes 1 to N on this machine."""

    def __init__(self, name: str, nodes: int = 3, conf: tuple = STILL, limits: tuple = (),
                 env: dict | None = None):
        self.name, self.nodes = name, nodes
        self.jobs: list[Job] = []
        self.anchors: dict[int, subprocess.Popen] = {}
        self.roots: dict[int, Path] = {}
        self.dirty = False
        self.env = {**os.environ, **(env or {})}
        self.bin = readable_copy(stage_dir())
        shutil.copy2(HERE / "parent.py", self.bin / "parent.py")
        self.conf, self.limits = conf, limits
        try:
            self.up()
        except BaseException:
            self.close()
            raise

    # -- the lab itself

    def moslab(self, *args: str, check: bool = True, seconds: float = 60):
        r = subprocess.run([self.bin / "moslab", *args], text=True, capture_output=True,
                           stdin=subprocess.DEVNULL, timeout=seconds, env=self.env, check=False)
        if check and r.returncode != 0:
            raise AssertionError(f"moslab {' '.join(args)}: {r.returncode}: {r.stderr.strip()}")
        return r

    def up(self) -> None:
        extra = [word for line in self.conf for word in ("--conf", line)]
        self.moslab("up", str(self.nodes), "--name", self.name, *extra, *self.limits)

    def down(self) -> None:
        for job in self.jobs:
            job.finish()
        self.jobs.clear()
        for node in list(self.anchors):
            self.drop_anchor(node)
        self.moslab("down", "--name", self.name, check=False)

    def close(self) -> None:
        try:
            self.down()
        finally:
            shutil.rmtree(self.bin, ignore_errors=True)

    def again(self) -> None:
        """After a failure: nodes without a past."""
        self.down()
        self.up()
        self.dirty = False

    def node_verb(self, verb: str, node: int) -> None:
        """cut, heal, kill, start."""
        self.moslab(verb, str(node), "--name", self.name)
        if verb in ("kill", "start"):
            self.drop_anchor(node)

    def logs(self, node: int) -> str:
        return self.moslab("logs", str(node), "--name", self.name, check=False).stdout

    # -- inside a node

    def command(self, node: int, argv: list[str]) -> list[str]:
        return [str(self.bin / "moslab"), "exec", str(node), "--name", self.name, "--", *argv]

    def run(self, node: int, argv: list[str], *, uid: int = 0, seconds: float = 60):
        """Runs a tool inside a node. Return: as subprocess.run."""
        return subprocess.run(self.command(node, as_user(uid, argv)), text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=seconds, env=self.env, check=False)

    def inside(self, node: int, path: str) -> Path:
        """The file of that path as the node sees it, reached from outside."""
        if node not in self.roots:
            anchor = subprocess.Popen(self.command(node, ["sh", "-c", "echo $$; exec cat"]),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            pid = Lines(anchor.stdout.fileno()).next(time.monotonic() + 20)
            if pid is None:
                anchor.wait()
                raise AssertionError(f"node {node} of {self.name} is not up")
            self.anchors[node] = anchor
            self.roots[node] = Path(f"/proc/{int(pid)}/root")
        return self.roots[node] / path.lstrip("/")

    def drop_anchor(self, node: int) -> None:
        self.roots.pop(node, None)
        anchor = self.anchors.pop(node, None)
        if anchor:
            anchor.stdin.close()
            anchor.stdout.close()
            try:
                anchor.wait(5)
            except subprocess.TimeoutExpired:
                anchor.kill()
                anchor.wait()

    def folder(self, name: str) -> str:
        """A folder of the ordinary user at home; the same names with other content elsewhere."""
        path = f"{ONLY_HERE}/{name}"
        for node in range(1, self.nodes + 1):
            there = self.inside(node, path)
            there.mkdir(parents=True)
            os.chown(there, ORDINARY, ORDINARY)
        return path

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """A file at home; a decoy of the same name and length elsewhere."""
        for node in range(1, self.nodes + 1):
            there = self.inside(node, path)
            there.write_bytes(data if node == HOME_NODE else
                              bytes([64 + node]) * min(len(data), 65536))
            there.chmod(mode)
            os.chown(there, ORDINARY, ORDINARY)

    def remove(self, path: str) -> None:
        for node in list(self.roots):
            shutil.rmtree(self.inside(node, path), ignore_errors=True)

    def decoys_untouched(self, path: str, names: list[str]) -> None:
        """No other node's file of that name has changed: a guest has no files of its own."""
        for node in range(2, self.nodes + 1):
            for name in names:
                text = self.inside(node, f"{path}/{name}").read_bytes()
                assert text == bytes([64 + node]) * len(text), f"{name} changed on node {node}"

    # -- umosix

    def tool(self, name: str, *args: str, uid: int = ORDINARY, seconds: float = 60):
        return self.run(HOME_NODE, [str(self.bin / name), *args], uid=uid, seconds=seconds)

    def migrate(self, pid: int, where: int | str, *, uid: int = ORDINARY, seconds: float = 60):
        """Asks once. Return: as subprocess.run; 0 means moved."""
        return self.tool("migrate", str(pid), str(where), uid=uid, seconds=seconds)

    def asks(self, pid: int, where: int | str, uid: int = ORDINARY) -> Asked:
        """That user asks home to move it, and need not wait."""
        return Asked(self.control(HOME_NODE), uid, pid, where)

    def move(self, pid: int, where: int | str, seconds: float = 30) -> None:
        """Moves it there, or fails; asks again only while another move of it is under way."""
        deadline = time.monotonic() + seconds
        while not (asked := self.asks(pid, where)).moved():
            if not re.search("busy|on its way|try again", asked.error) or time.monotonic() > deadline:
                raise AssertionError(f"{pid} did not move to {where}: {asked.said}")

    def control(self, node: int) -> str:
        return str(self.inside(node, "/run/umosix/control"))

    def asked(self, node: int, /, **request) -> list[dict]:
        """What that node's mosd answers: what it lists, and its last word."""
        with Control(self.control(node)) as control:
            answers = control.all(**request)
        assert answers[-1]["ok"], f"{request}: {answers[-1]}"
        return answers

    def why(self, pid: int) -> dict:
        return plain(self.asked(HOME_NODE, op="why", pid=pid)[-1])

    def mps(self, node: int = HOME_NODE) -> list[dict]:
        """The migrants that it knows, of all users."""
        return self.asked(node, op="ps", all=True)[:-1]

    def mps_pids(self) -> set[int]:
        """Numbers of the migrants that home knows."""
        return {p["pid"] for p in self.mps()}

    # -- fault points of home's supervisors (move/stages.h)

    def fault(self, text: str) -> None:
        """NAME: fails there; kill-NAME; hold-NAME. Empty: none."""
        path = self.inside(HOME_NODE, FAULT_FILE)
        if text:  # never seen half written
            new = path.with_name("fault.new")
            new.write_text(text + "\n")
            new.chmod(0o644)
            new.rename(path)
        else:
            path.unlink(missing_ok=True)

    def held(self, name: str, asked: Asked | None = None, seconds: float = 20) -> bool:
        """Waits until a supervisor is held there. Return: false when the move has been answered."""
        path = self.inside(HOME_NODE, FAULT_FILE + ".held")
        deadline = time.monotonic() + seconds
        while True:
            try:
                if path.read_text() == name:
                    return True
            except FileNotFoundError:
                pass
            if asked is not None and asked.done():
                return False
            time.sleep(0.001)
            if time.monotonic() > deadline:
                raise Late(f"nothing was held at {name} within {seconds} s")

    def job(self, argv: list[str], cwd: str, **options) -> Job:
        return Job(self, argv, cwd, **options)

    def end_jobs(self) -> None:
        for job in self.jobs:
            job.finish()
        self.jobs.clear()


def plain(why: dict) -> dict:
    """What `mosctl why` says, flat: counters beside the rest, home is 0, `forgotten` is how many of
    the oldest moves it no longer lists."""
    flat = {**why, **(why.get("counters") or {})}
    home = why.get("home", HOME_NODE)
    flat["moves"] = [{**m, "node": m.get("to", m.get("node", 0)), "from": m.get("from", 0)}
                     for m in why.get("moves", [])]
    for place in [flat, *flat["moves"]]:
        for key in ("node", "from"):
            if place.get(key) == home:
                place[key] = 0
    flat["forgotten"] = max(0, why.get("move_count", 0) - len(flat["moves"]))
    return flat


def completed(why: dict) -> list[dict]:
    """Moves that happened and led to another place."""
    return [m for m in why["moves"] if m["ok"] and m["from"] != m["node"]]


def unasked(why: dict) -> list[str]:
    """Causes for which it came home by itself."""
    return [m.get("cause", "") for m in why["moves"]
            if m["ok"] and m["node"] == 0 and m.get("cause") not in ("asked", "", None)]
