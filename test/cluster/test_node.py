# SPDX-License-Identifier: GPL-2.0-or-later
"""mosd and its tools, with stand-ins for the supervisors that speak the protocol of
doc/supervisors.md. Each test has a mosd in a network and mount namespace of its own."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOS_BUILD", ROOT / "build"))
PLACES = [BUILD / "src/node", BUILD / "src/tools"]
if "MOS_BIN" in os.environ:
    PLACES.insert(0, pathlib.Path(os.environ["MOS_BIN"]))
MAGIC = b"umosix1\n"
USER, OTHER = 1000, 1001
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv"),
]


def find(name):
    for place in PLACES:
        if (place / name).is_file():
            return place / name
    pytest.skip(f"{name} is not built: set MOS_BIN or MOS_BUILD")


STUB_HOME = """#!%(python)s
import json, os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
s = socket.socket(fileno=3)
how = json.load(open(here + "/home.json"))
start = json.loads(s.recv(65536))
pid = start["pid"]
def log(o):
    with open(here + "/home.log", "a") as f:
        f.write(json.dumps(o) + "\\n")
log(start)
def tell(**o):
    s.send(json.dumps(o).encode())
if start.get("at_exec") and not how.get("no_attach"):
    tell(ev="attached")
node, epoch, req = 0, 0, None
while True:
    data = s.recv(65536)
    if not data:
        if how.get("rejoin") and node:
            for _ in range(200):
                try:
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    s.connect("/run/umosix/supervisors")
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                sys.exit(1)
            tell(ev="hello", kind="home", pid=pid, node=node, epoch=epoch)
            continue
        sys.exit(0)
    o = json.loads(data)
    log(o)
    if o["op"] == "info" and not how.get("no_info"):
        tell(ev="info", req=o["req"], node=node, forwarded=77, came_home=0, away_cpu_us=125000000,
             away_us=5, calls={"read": 70, "\\x1b[2J": 7})
    if o["op"] not in ("move", "home"):
        continue
    to = o.get("node", 0)
    do = how.get("move", "ok")
    if do == "die":
        os.kill(os.getpid(), 9)
    if do == "leave":
        sys.exit(0)
    if do == "garbage":
        s.send(b"\\xff\\xfe{")
        s.send(b"[]")
        s.send(b'{"ev":"moved","req":"x","ok":1,"node":-5}')
        s.send(b'{"ev":"nonsense"}')
        do = "ok"
    if do == "slow":
        while not os.path.exists(here + "/go"):
            time.sleep(0.01)
        do = "ok"
    if do == "refuse":
        tell(ev="moved", req=o["req"], ok=False, node=to, code="shared-writable",
             error="it shares memory with another process")
        if not node:
            sys.exit(0)
        continue
    epoch += 1
    tell(ev="moved", req=o["req"], ok=True, **{"from": node}, node=to, epoch=epoch, cause="asked",
         bytes=4404019, freeze_us=12000, total_us=21000)
    node = to
    if not node:
        tell(ev="info", req=0, node=0, forwarded=3, came_home=1, away_cpu_us=1500000, away_us=9,
             calls={"read": 3})
        sys.exit(0)
    if how.get("after") == "host-lost":
        os.kill(pid, 9)
        tell(ev="ended", status=9, cause="host-lost", error="node 2 does not answer")
        sys.exit(0)
    if how.get("after") == "crash":
        os.kill(pid, 9)
        os.kill(os.getpid(), 11)
"""

STUB_GUEST = """#!%(python)s
import array, json, os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
s = socket.socket(fileno=3)
peer = socket.socket(fileno=4)
assert peer.getblocking()
how = json.load(open(here + "/guest.json"))
def tell(**o):
    s.send(json.dumps(o).encode())
tell(ev="admit", home=how.get("home", 2), pid=4242, uid=1000, comm="a)\\nb", epoch=1)
o = json.loads(s.recv(65536))
peer.sendall((json.dumps(o) + "\\n").encode())
if o["op"] != "admitted":
    tell(ev="gone", cause="refused")
    sys.exit(0)
tell(ev="running", body=os.getpid())
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 4)
    if not data:
        if not how.get("rejoin"):
            sys.exit(0)
        for _ in range(200):
            try:
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.connect("/run/umosix/supervisors")
                break
            except OSError:
                time.sleep(0.05)
        else:
            sys.exit(1)
        tell(ev="hello", kind="guest", pid=4242, node=2, epoch=1, slot=o["slot"], token=o["token"])
        continue
    if json.loads(data)["op"] == "stream":
        more = socket.socket(fileno=fds[0])
        more.sendall(b"mine " + more.recv(64))
        if how.get("leave"):
            tell(ev="gone", cause="left")
            sys.exit(0)
"""


class Client:
    """One connection to the control socket, as root."""

    def __init__(self, node):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(f"/proc/{node.holder.pid}/root/run/umosix/control")
        self.f = self.s.makefile("rwb")

    def send(self, **o):
        self.f.write(json.dumps(o).encode() + b"\n")
        self.f.flush()

    def receive(self):
        line = self.f.readline()
        assert line, "mosd hung up"
        return json.loads(line)

    def ask(self, **o):
        self.send(**o)
        while True:
            r = self.receive()
            if r.get("done"):
                return r

    def close(self):
        self.f.close()
        self.s.close()


class Node:
    def __init__(self, tmp):
        self.dir = tmp
        self.stage = tmp / "bin"
        self.stage.mkdir()
        for name in ("mosd", "mosrun", "migrate", "mps", "mosctl"):
            shutil.copy(find(name), self.stage)
        for name, text in (("mos-home", STUB_HOME), ("mos-guest", STUB_GUEST)):
            (self.stage / name).write_text(text % {"python": sys.executable})
            (self.stage / name).chmod(0o755)
        tmp.chmod(0o755)
        for parent in tmp.parents[:2]:
            parent.chmod(0o755)
        self.home(move="ok")
        self.guest()
        (tmp / "map").write_text("1 10.77.0.1 1\n2 10.77.0.2 2\n")
        (tmp / "key").write_text("ab" * 32 + "\n")
        (tmp / "key").chmod(0o600)
        self.conf("")
        self.group = f"test-{os.getpid()}-{id(self)}"
        self.env = dict(os.environ, MOS_CGROUP_NAME=self.group,
                        PATH=f"{self.stage}:/usr/sbin:/usr/bin:/sbin:/bin")
        self.holder = subprocess.Popen(
            ["unshare", "-m", "-n", "sh", "-c",
             "mount -t tmpfs none /run && mount -t tmpfs none /var/lib && ip link set lo up && "
             "ip addr add 10.77.0.1/32 dev lo && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self.mosd = None
        self.children = []

    def conf(self, more):
        (self.dir / "mosd.conf").write_text(
            f"map-file = {self.dir}/map\nkey-file = {self.dir}/key\n" + more)

    def home(self, **how):
        (self.stage / "home.json").write_text(json.dumps(how))

    def guest(self, **how):
        (self.stage / "guest.json").write_text(json.dumps(how))

    def home_log(self):
        return [json.loads(l) for l in (self.stage / "home.log").read_text().splitlines()]

    def inside(self, *cmd, uid=0):
        user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []
        return ["nsenter", "-t", str(self.holder.pid), "-m", "-n", *user, *map(str, cmd)]

    def run(self, *cmd, uid=0, check=None):
        r = subprocess.run(self.inside(*cmd, uid=uid), env=self.env, capture_output=True,
                           text=True, timeout=30, stdin=subprocess.DEVNULL)
        if check is not None:
            assert r.returncode == check, (cmd, r)
        return r

    def popen(self, *cmd, uid=0, **kw):
        p = subprocess.Popen(self.inside(*cmd, uid=uid), env=self.env, stdin=subprocess.DEVNULL,
                             **kw)
        self.children.append(p)
        return p

    def target(self, uid=USER, seconds=60):
        """A process that can be moved. nsenter and setpriv exec, so its pid is the child's."""
        p = self.popen("sleep", seconds, uid=uid)
        wait(lambda: pathlib.Path(f"/proc/{p.pid}/comm").read_text() == "sleep\n")
        return p

    def start(self):
        self.log = open(self.dir / "mosd.log", "a")
        self.mosd = subprocess.Popen(
            self.inside(self.stage / "mosd", "--conf", self.dir / "mosd.conf"), env=self.env,
            stdin=subprocess.DEVNULL, stderr=self.log)
        wait(self.up)
        return self

    def up(self):
        assert self.mosd.poll() is None, (self.dir / "mosd.log").read_text()
        try:
            Client(self).close()
            return True
        except OSError:
            return False

    def stop_mosd(self):
        self.mosd.terminate()
        assert self.mosd.wait(10) == 0
        self.log.close()

    def tcp(self, addr="10.77.0.1"):
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY)
        try:
            assert libc.setns(there, CLONE_NEWNET) == 0
            s = socket.create_connection((addr, 4660), timeout=10)
        finally:
            assert libc.setns(own, CLONE_NEWNET) == 0
            os.close(own)
            os.close(there)
        s.settimeout(10)
        return s

    def guest_comes(self):
        s = self.tcp()
        s.sendall(MAGIC + bytes(16))
        answer = json.loads(s.makefile().readline())
        return s, answer

    def status(self):
        c = Client(self)
        r = c.ask(op="status")
        c.close()
        return r

    def supervisors(self, what="mos-"):
        """Pids of our stand-ins that live."""
        found = []
        for d in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(self.stage / what).encode() in (d / "cmdline").read_bytes():
                    found.append(int(d.name))
            except OSError:
                pass
        return found

    def finish(self):
        if self.mosd and self.mosd.poll() is None:
            self.mosd.terminate()
            self.mosd.wait(10)
        for p in self.children:
            if p.poll() is None:
                p.kill()
            p.wait()
        # One that has not executed its program yet still bears mosd's name.
        while left := self.supervisors("mos"):
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        group = f"/proc/{self.holder.pid}/root/run/umosix/cgroup/{self.group}"
        end = time.monotonic() + 10
        while os.path.isdir(group) and time.monotonic() < end:
            # what mosrun was told stands in the names of the groups below
            for place, _, _ in os.walk(group, topdown=False):
                for pid in open(f"{place}/cgroup.procs").read().split():
                    os.kill(int(pid), signal.SIGKILL)
                try:
                    os.rmdir(place)
                except OSError:
                    time.sleep(0.02)
        left = os.path.isdir(group)
        if self.mosd:
            log = (self.dir / "mosd.log").read_text()
            assert self.mosd.returncode == 0, log
            assert "Sanitizer" not in log and "runtime error" not in log, log
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        assert not left


def wait(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "deadline"
        time.sleep(0.01)


@pytest.fixture
def quiet(tmp_path):
    n = Node(tmp_path)
    yield n
    n.finish()


@pytest.fixture
def node(quiet):
    return quiet.start()


# Moves


def test_migrate_there_and_home(node):
    p = node.target()
    r = node.run("migrate", p.pid, 2, uid=USER, check=0)
    assert r.stdout == f"{p.pid}: node 1 -> 2, 4.2 MiB in 21 ms, stood still for 12 ms\n"
    assert [o.get("op") for o in node.home_log()] == ["start", "move"]
    assert node.home_log()[0]["adopt"] is True
    assert node.home_log()[1]["addr"] == "10.77.0.2"
    listed = json.loads(node.run("mps", "--json", uid=USER, check=0).stdout)
    assert [(q["pid"], q["node"], q["how"]) for q in listed] == [(p.pid, 2, "adopted")]
    assert "already" in node.run("migrate", p.pid, 2, uid=USER, check=0).stdout
    assert "node 2 -> 1" in node.run("migrate", p.pid, "home", uid=USER, check=0).stdout
    assert "home, already" in node.run("migrate", p.pid, 1, uid=USER, check=0).stdout
    why = json.loads(node.run("mosctl", "why", "--json", p.pid, uid=USER, check=0).stdout)
    assert [(m["from"], m["to"], m["ok"]) for m in why["moves"]] == [(1, 2, True), (2, 1, True)]
    wait(lambda: "counters" in json.loads(node.run("mosctl", "why", "--json", p.pid).stdout))
    assert "4.2 MiB" in node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout


def test_away_again_at_once(node):
    """A request that meets a supervisor on its way out goes to a new one."""
    p = node.target()
    for _ in range(5):
        node.run("migrate", p.pid, 2, check=0)
        node.run("migrate", p.pid, "home", check=0)


def test_counters_are_fresh(node):
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "77 calls sent home" in why and "  ?[2J 7" in why
    assert "2:05 sleep" in node.run("mps", uid=USER, check=0).stdout


def test_counters_that_do_not_come(node):
    node.home(no_info=True)
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    assert json.loads(node.run("mosctl", "why", "--json", p.pid, check=0).stdout)["node"] == 2


def test_refused(node):
    node.home(move="refuse")
    p = node.target()
    for _ in range(2):
        r = node.run("migrate", p.pid, 2, uid=USER, check=1)
        assert r.stderr == "migrate: it shares memory with another process\n"
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "did not move: it shares memory with another process [shared-writable]" in why


def test_busy(node):
    node.home(move="slow")
    p = node.target()
    a, b = Client(node), Client(node)
    a.send(op="migrate", pid=p.pid, to=2)
    wait(lambda: node.status()["moving"] == 1)
    r = b.ask(op="migrate", pid=p.pid, to=3)
    assert r["code"] == "busy" and "node 2" in r["error"]
    assert b.ask(op="migrate", pid=p.pid, to="home")["code"] == "busy"
    (node.stage / "go").touch()
    assert a.receive()["ok"]
    assert b.ask(op="migrate", pid=p.pid, to=3)["ok"]


def test_caller_hangs_up(node):
    node.home(move="slow")
    p = node.target()
    a = Client(node)
    a.send(op="migrate", pid=p.pid, to=2)
    wait(lambda: node.status()["moving"] == 1)
    a.close()
    (node.stage / "go").touch()
    wait(lambda: node.status()["away"] == 1)
    assert node.status()["clients"] == 1


def test_no_wait(node):
    p = node.target()
    assert node.run("migrate", "-n", p.pid, 2, check=0).stdout == f"{p.pid}: asked to move\n"
    wait(lambda: node.status()["away"] == 1)
    assert node.run("migrate", "-q", p.pid, "home", check=0).stdout == ""


def test_supervisor_dies(node):
    node.home(move="die")
    p = node.target()
    r = node.run("migrate", p.pid, 2, uid=USER, check=1)
    assert "supervisor ended unexpectedly (signal 9)" in r.stderr
    assert p.poll() is None


def test_supervisor_leaves_without_answer(node):
    node.home(move="leave")
    p = node.target()
    assert "ended unexpectedly" in node.run("migrate", p.pid, 2, check=1).stderr
    assert len(node.home_log()) == 12  # tried five times more


def test_supervisor_talks_nonsense(node):
    node.home(move="garbage")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)


def test_no_supervisor_installed(node):
    (node.stage / "mos-home").unlink()
    p = node.target()
    said = node.run("migrate", p.pid, 2, check=1).stderr
    # where mosd was built for a prefix in which it is installed, that one's supervisor is found
    assert "mos-home is neither in" in said or "connect: node 2: " in said


def test_host_lost(node):
    node.home(after="host-lost")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.wait(10)
    wait(lambda: "has ended" in node.run("mosctl", "why", p.pid).stdout)
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "host-lost" in why and "node 2 does not answer" in why
    assert node.run("mosctl", "why", p.pid, uid=OTHER).returncode == 5
    assert "was lost with node 2" in (node.dir / "mosd.log").read_text()


def test_supervisor_crashes_while_away(node):
    node.home(after="crash")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.wait(10)
    wait(lambda: "supervisor ended unexpectedly (signal 11)" in
         node.run("mosctl", "why", p.pid).stdout)


def test_unknown_node_and_process(node):
    p = node.target()
    r = node.run("migrate", p.pid, 9, check=1)
    assert "no node 9" in r.stderr and "1-3" in r.stderr
    p.kill()
    p.wait()
    assert node.run("migrate", p.pid, 2).returncode == 4
    assert node.run("mosctl", "why", p.pid).returncode == 4
    assert node.run("migrate", "x", 2).returncode == 2
    assert node.run("migrate", 1).returncode == 2


def test_cheap_refusals(node):
    c = Client(node)
    assert c.ask(op="migrate", pid=1, to=2)["code"] == "init"
    assert c.ask(op="migrate", pid=node.target(uid=0).pid, to=2)["code"] == "privileged"
    assert c.ask(op="migrate", pid=node.mosd.pid, to=2)["code"] in ("supervisor", "privileged")
    zombie = subprocess.Popen(["true"])
    wait(lambda: pathlib.Path(f"/proc/{zombie.pid}/stat").read_text().split()[2] == "Z")
    assert c.ask(op="migrate", pid=zombie.pid, to=2)["code"] == "zombie"
    zombie.wait()
    kthreadd = pathlib.Path("/proc/2/status")
    if kthreadd.exists() and "kthreadd" in kthreadd.read_text():
        assert c.ask(op="migrate", pid=2, to=2)["code"] == "kernel-thread"
    c.close()


def test_privileged_where_the_administrator_says_so(quiet):
    quiet.conf("export-privileged = 3\n")
    node = quiet.start()
    p = node.target(uid=0)
    assert "special rights" in node.run("migrate", p.pid, 2, check=1).stderr
    node.run("migrate", p.pid, 3, check=0)


# Who may


def test_ownership(node):
    p = node.target(uid=USER)
    for cmd in (("migrate", p.pid, 2), ("migrate", p.pid, "home"), ("mosctl", "why", p.pid)):
        r = node.run(*cmd, uid=OTHER, check=5)
        assert "not yours" in r.stderr
    node.run("migrate", p.pid, 2, uid=USER, check=0)
    assert json.loads(node.run("mps", "-a", "--json", uid=OTHER, check=0).stdout) == []
    assert json.loads(node.run("mps", "--json", uid=0, check=0).stdout) == []
    assert len(json.loads(node.run("mps", "-a", "--json", uid=0, check=0).stdout)) == 1
    assert "guests" not in json.loads(node.run("mosctl", "status", "--json", uid=USER).stdout)


def test_pid_of_another_life(node):
    """A record belongs to one process, not to its number: its end is noticed."""
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.kill()
    p.wait()
    c = Client(node)
    assert c.ask(op="migrate", pid=p.pid, to="home")["code"] == "no-process"
    c.close()


# mosrun


def test_mosrun_registers_descendants(node):
    r = node.run("mosrun", "-L", "sh", "-c", "sh -c 'mps --json'; exit 7", uid=USER)
    assert r.returncode == 7, r
    listed = json.loads(r.stdout)
    assert [q["how"] for q in listed].count("mosrun") == 1
    assert [q["how"] for q in listed].count("child") >= 1
    assert [q["lock"] for q in listed if q["how"] == "mosrun"] == ["locked"]


def test_descendants_without_a_cgroup(quiet):
    quiet.run("sh", "-c", "mkdir /run/umosix && touch /run/umosix/cgroup", check=0)
    node = quiet.start()
    assert node.status()["members_by"] == "process tree"
    r = node.run("mosrun", "sh", "-c", "sh -c 'mps --json'; :", uid=USER, check=0)
    assert r.stdout, r.stderr
    assert sorted(q["how"] for q in json.loads(r.stdout))[-1] == "mosrun"
    assert "child" in [q["how"] for q in json.loads(r.stdout)]
    r = node.run("sh", "-c", "mps --json; :", uid=USER, check=0)
    assert r.stdout == "[]\n", r.stderr


def test_mosrun_at_a_node(node):
    p = node.popen("mosrun", "-2", "sleep", "60", uid=USER)
    wait(lambda: node.status()["away"] == 1)
    assert node.home_log()[0]["at_exec"] is True
    assert "mosrun" in node.run("mosctl", "why", p.pid, uid=USER).stdout
    assert pathlib.Path(f"/proc/{p.pid}/comm").read_text() == "sleep\n"


def test_mosrun_where_it_cannot(node):
    r = node.run("mosrun", "-9", "echo", "hm", uid=USER, check=125)
    assert "no node 9" in r.stderr and r.stdout == ""
    r = node.run("mosrun", "-9", "-F", "echo", "hm", uid=USER, check=0)
    assert "no node 9" in r.stderr and r.stdout == "hm\n"
    node.run("mosrun", "no-such-program", uid=USER, check=127)
    node.run("mosrun", "/etc/passwd", uid=USER, check=126)
    node.run("mosrun", "-x", "true", uid=USER, check=125)
    node.run("mosrun", uid=USER, check=125)


def test_mosrun_supervisor_dies(node):
    (node.stage / "mos-home").write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    r = node.run("mosrun", "-2", "true", uid=USER, check=125)
    assert "exit status 3" in r.stderr


def test_without_mosd(quiet):
    r = quiet.run("mosrun", "sh", "-c", "exit 3", uid=USER, check=3)
    assert "mosd does not run" in r.stderr
    quiet.run("mosrun", "-2", "true", check=125)
    quiet.run("mosrun", "-2", "-F", "true", check=0)
    for cmd in (("mps",), ("migrate", "1", "2"), ("mosctl", "status"), ("mosctl", "why", "1")):
        quiet.run(*cmd, check=3)


# Hostile input


BAD_LINES = [
    b"x", b"{", b"[]", b"1", b'"x"', b"null", b"{}", b'{"op":1}', b'{"op":"nonsense"}',
    b'{"op":"migrate"}', b'{"op":"migrate","pid":"1","to":2}', b'{"op":"migrate","pid":-1,"to":2}',
    b'{"op":"migrate","pid":1e3,"to":2}', b'{"op":"migrate","pid":99999999999999,"to":2}',
    b'{"op":"migrate","pid":1,"to":{}}', b'{"op":"migrate","pid":1,"to":"away"}',
    b'{"op":"migrate","pid":1,"to":70000}', b'{"op":"why","pid":[1]}', b'{"op":"why","pid":0}',
    b'{"op":"run","node":"2"}', b'{"op":"run","node":-1}', b"\xff\xfe\x00", b"\x00",
    b'{"op":"status","op":"ps"}', b"[" * 5000, b'{"a":' * 4000, b'{"op":"\\u0000"}',
]


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_bad_line(node, line):
    c = Client(node)
    c.f.write(line + b"\n")
    c.f.flush()
    r = c.receive()
    assert r["done"] and not r["ok"] and r["code"] == "bad-request" and r["error"]
    assert c.ask(op="status")["ok"]
    c.close()


def test_long_line_and_half_line(node):
    c = Client(node)
    try:
        c.f.write(b"x" * 200000)
        c.f.flush()
    except OSError:
        pass
    r = c.receive()
    assert "65536" in r["error"]
    half = Client(node)
    half.f.write(b'{"op":"sta')
    half.f.flush()
    half.s.shutdown(socket.SHUT_WR)
    assert half.f.read() == b""
    assert node.status()["ok"]


def test_many_lines_at_once(node):
    c = Client(node)
    c.f.write(b'{"op":"status","id":1}\n\n{"op":"ps","id":"two"}\nx\n' * 50)
    c.f.flush()
    answers = [c.receive() for _ in range(150)]
    assert [a.get("id") for a in answers[:3]] == [1, "two", None]


def test_client_that_does_not_read(node):
    c = Client(node)
    c.s.settimeout(2)
    try:
        while True:
            c.s.sendall(b'{"op":"status"}\n' * 1000)
    except OSError:
        pass
    wait(lambda: node.status()["clients"] <= 2)
    c.close()


def test_many_clients(node):
    many = []
    while len(many) < 256:
        try:
            many.append(Client(node))
        except BlockingIOError:  # mosd has not accepted the ones before
            time.sleep(0.01)
    time_out = Client(node)
    assert time_out.receive()["code"] == "busy"
    for c in many:
        c.close()
    wait(node.up)
    wait(lambda: node.status().get("clients") == 1)


# Guests and streams


def test_guest_is_admitted_and_streams_reach_it(node):
    s, answer = node.guest_comes()
    assert answer["op"] == "admitted" and len(answer["token"]) == 32
    wait(lambda: node.status()["guests"][0]["state"] == "running")
    t, second = node.guest_comes()
    assert {answer["slot"], second["slot"]} == {0, 1} and second["token"] != answer["token"]
    for a in (answer, second):  # two ids each, none shared
        assert a["id"] == 1879048192 + 2 * a["slot"] and a["node"] == 1
    more = node.tcp()
    more.sendall(MAGIC + bytes.fromhex(answer["token"]) + b"hello")
    assert more.recv(64) == b"mine hello"
    wait(lambda: [g["state"] for g in node.status()["guests"]] == ["running"] * 2)
    guest = node.status()["guests"]
    assert len(guest) == 2 and guest[0]["comm"] == "a)\nb"
    assert "a)?b" in node.run("mosctl", "status", check=0).stdout
    body = guest[0]["body"]
    c = Client(node)
    assert c.ask(op="migrate", pid=body, to=2)["code"] == "guest"


def test_guest_leaves(node):
    node.guest(leave=True)
    s, answer = node.guest_comes()
    more = node.tcp()
    more.sendall(MAGIC + bytes.fromhex(answer["token"]) + b"x")
    assert more.recv(64)
    wait(lambda: node.status()["guest_count"] == 0)
    again = node.tcp()
    again.sendall(MAGIC + bytes.fromhex(answer["token"]))
    assert again.recv(1) == b""
    assert node.status()["streams"]["unknown_token"] == 1


def test_both_families_and_one_address(quiet):
    node = quiet.start()
    for addr in ("10.77.0.1", "127.0.0.1", "::1"):
        node.tcp(addr).close()
    node.stop_mosd()
    node.conf("listen = 10.77.0.1\n")
    node.start()
    node.tcp().close()
    for addr in ("127.0.0.1", "::1"):
        with pytest.raises(OSError):
            node.tcp(addr)


def test_preamble_in_pieces(node):
    s = node.tcp()
    for b in MAGIC + bytes(16):
        s.send(bytes([b]))
    assert json.loads(s.makefile().readline())["op"] == "admitted"


@pytest.mark.parametrize("home,why", [(1, "not another node"), (9, "not another node"),
                                      (0, "not another node")])
def test_guest_of_a_strange_home(node, home, why):
    node.guest(home=home)
    answer = node.guest_comes()[1]
    assert answer["op"] == "refused" and why in answer["error"]


def test_blocked_and_full(quiet):
    quiet.conf("block = yes\n")
    node = quiet.start()
    assert "takes no guests" in node.guest_comes()[1]["error"]
    node.stop_mosd()
    node.conf("guest-ids = 1879048192:3\n")
    node.start()
    first = node.guest_comes()
    assert first[1]["op"] == "admitted"
    assert "limit" in node.guest_comes()[1]["error"]


def test_strangers(node):
    bad = node.tcp()
    bad.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert bad.recv(1) == b""
    except ConnectionResetError:
        pass
    unknown = node.tcp()
    unknown.sendall(MAGIC + b"\x01" * 16)
    assert unknown.recv(1) == b""
    node.tcp().close()
    silent = [node.tcp() for _ in range(70)]
    wait(lambda: node.status()["streams"]["crowded_out"] == 6)
    s = node.status()["streams"]
    assert s["unknown_token"] == 1 and s["bad_preamble"] == 2
    assert node.guest_comes()[1]["op"] == "admitted"  # an honest one still comes in
    for x in silent:
        assert x.recv(1) == b""  # the deadline, 5 s
    assert node.status()["streams"]["timed_out"] == 63
    log = (node.dir / "mosd.log").read_text()
    assert log.count("stream refused") == 10


# Life of mosd


def test_second_mosd(node):
    r = node.run(node.stage / "mosd", "--conf", node.dir / "mosd.conf", check=1)
    assert f"runs on this machine already (process {node.mosd.pid})" in r.stderr
    assert node.status()["ok"]


def test_check(quiet):
    mosd = quiet.stage / "mosd"
    conf = quiet.dir / "mosd.conf"
    assert "node 1" in quiet.run(mosd, "--conf", conf, "-c", check=0).stdout
    (quiet.dir / "map").write_text("2 10.77.0.2 2\n")
    r = quiet.run(mosd, "--conf", conf, "-c", check=1)
    assert "10.77.0.1" in r.stderr and "not among" in r.stderr
    (quiet.dir / "map").write_text("1 10.77.0.1 1\nnonsense\n")
    assert "map:2:" in quiet.run(mosd, "--conf", conf, "-c", check=1).stderr
    quiet.run(mosd, "--conf", quiet.dir / "none", "-c", check=1)
    quiet.run(mosd, "--nonsense", check=2)


def test_alone_without_a_key(quiet):
    (quiet.dir / "key").unlink()
    node = quiet.start()
    s = node.status()
    assert s["networked"] is False and "keygen" in s["alone_because"]
    p = node.target()
    assert "alone" in node.run("migrate", p.pid, 2, check=1).stderr
    with pytest.raises(OSError):
        node.tcp()
    node.run("mosrun", "true", check=0)


def test_restart_finds_supervisors_again(node):
    node.home(rejoin=True)
    node.guest(rejoin=True)
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    s, answer = node.guest_comes()
    wait(lambda: node.status()["guests"][0]["state"] == "running")
    node.stop_mosd()
    assert p.poll() is None and len(node.supervisors()) == 2
    node.start()
    wait(lambda: node.status()["away"] == 1 and node.status()["guest_count"] == 1)
    assert node.guest_comes()[1]["slot"] != answer["slot"]
    more = node.tcp()
    more.sendall(MAGIC + bytes.fromhex(answer["token"]) + b"again")
    assert more.recv(64) == b"mine again"
    assert "node 2 -> 1" in node.run("migrate", p.pid, "home", uid=USER, check=0).stdout


def test_slot_is_kept_for_a_supervisor_that_is_late(node):
    s, answer = node.guest_comes()
    pid = node.supervisors()[0]
    os.kill(pid, signal.SIGSTOP)
    node.stop_mosd()
    node.start()
    assert node.guest_comes()[1]["slot"] != answer["slot"]
    os.kill(pid, signal.SIGKILL)


def test_caller_is_told_when_mosd_stops(node):
    node.home(move="slow")
    p = node.target()
    c = Client(node)
    c.send(op="migrate", pid=p.pid, to=2)
    wait(lambda: node.status()["moving"] == 1)
    node.stop_mosd()
    assert c.receive()["code"] == "stopped"


def test_supervisors_socket_is_roots(node):
    mode = os.stat(f"/proc/{node.holder.pid}/root/run/umosix/supervisors").st_mode
    assert mode & 0o777 == 0o600


def test_ready_is_told(quiet):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(str(quiet.dir / "notify"))
    s.settimeout(10)
    quiet.env["NOTIFY_SOCKET"] = str(quiet.dir / "notify")
    quiet.start()
    assert s.recv(64) == b"READY=1\n"
    s.close()


@pytest.mark.parametrize("tool", ["mosd", "mosrun", "migrate", "mps", "mosctl"])
def test_help_and_version(quiet, tool):
    assert quiet.run(quiet.stage / tool, "--help", check=0).stdout.startswith("Usage: " + tool)
    assert "umosix" in quiet.run(quiet.stage / tool, "--version", check=0).stdout


def test_keygen(quiet):
    path = quiet.dir / "fresh"
    quiet.run("mosctl", "keygen", path, check=0)
    assert path.stat().st_mode & 0o777 == 0o600 and len(path.read_text()) == 65
    quiet.run("mosctl", "keygen", path, check=1)
    quiet.run("mosctl", "nonsense", check=2)
