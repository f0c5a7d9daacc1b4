# SPDX-License-Identifier: GPL-2.0-or-later
"""moslab by itself: with a stub for mosd, so that it is tested before mosd can run."""

import contextlib
import glob
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
import uuid

import pytest

from leftovers import dead, leftovers, machine, named_groups

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE = 20

STUB = """#!{python}
import os, signal, socket, subprocess, sys
if os.environ.get("STUB_FAILS"):
    sys.exit("stub: told to fail")
s = socket.socket(socket.AF_UNIX)
s.bind("/run/umosix/control")
s.listen(5)
print("stub mosd of", os.uname().nodename, os.environ["MOS_CGROUP_NAME"], flush=True)
if os.environ.get("STUB_GROUP"):
    top = "/run/umosix/cgroup"
    os.mkdir(top)
    subprocess.check_call(["mount", "-t", "cgroup", "-o", "none,name=umosix", "none", top])
    mine = top + "/" + os.environ["MOS_CGROUP_NAME"]
    os.makedirs(mine + "/deeper", exist_ok=True)
    open(mine + "/deeper/cgroup.procs", "w").write(str(os.getpid()))
    open("/run/umosix/grouped", "w").close()
while True:
    c, _ = s.accept()
    c.close()
"""


def moslab_path():
    folder = os.environ.get("MOS_BIN")
    tries = [folder] if folder else [REPO + "/build", REPO + "/build/lab"]
    for t in tries:
        if os.path.exists(t + "/moslab"):
            return t + "/moslab"
    pytest.skip("moslab is not built (MOS_BIN)")


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="moslab needs root")


class Lab:
    def __init__(self, path, env):
        self.bin = path
        self.env = env
        self.name = "t" + uuid.uuid4().hex[:10]

    def argv(self, cmd, *args):
        return [self.bin, cmd, "--name", self.name, *map(str, args)]

    def run(self, cmd, *args, rc=0, **kw):
        p = subprocess.run(self.argv(cmd, *args), capture_output=True, text=True, timeout=60,
                           env=self.env, **kw)
        assert rc is None or p.returncode == rc, (args, p.returncode, p.stdout, p.stderr)
        return p

    def popen(self, node, *cmd, **kw):
        return subprocess.Popen(self.argv("exec", node, "--", *cmd), env=self.env,
                                stdout=subprocess.PIPE, text=True, **kw)

    def exec(self, node, *cmd, rc=0, **kw):
        return self.run("exec", node, "--", *cmd, rc=rc, **kw)

    def sh(self, node, script, rc=0, **kw):
        return self.exec(node, "sh", "-c", script, rc=rc, **kw)

    def status(self):
        labs = json.loads(subprocess.run([self.bin, "status", "--json"], capture_output=True,
                                         check=True).stdout)["labs"]
        return next((x for x in labs if x["name"] == self.name), None)

    def node(self, i):
        return self.status()["nodes"][i - 1]

    def leftovers(self):
        return leftovers(self.name)


@pytest.fixture
def make(tmp_path):
    path = moslab_path()
    stub = tmp_path / "mosd"
    stub.write_text(STUB.format(python=os.path.realpath(sys.executable)))
    stub.chmod(0o755)
    labs = []

    def one(**env):
        lab = Lab(path, dict(os.environ, MOSLAB_MOSD=str(stub), **env))
        labs.append(lab)
        return lab

    before = machine()
    yield one
    for lab in labs:
        lab.run("down")
        assert lab.leftovers() == []
    assert machine() == before


@pytest.fixture
def lab(make):
    lab = make()
    lab.run("up", 2)
    return lab


def until(what, seconds=DEADLINE):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.02)


def test_up_gives_nodes_of_their_own(lab):
    assert [n["state"] for n in lab.status()["nodes"]] == ["up", "up"]
    assert lab.exec(1, "hostname").stdout == "node1\n"
    addr = lab.node(2)["address"]
    assert addr in lab.exec(2, "ip", "-4", "addr").stdout
    key = lab.exec(1, "cat", "/etc/umosix/cluster.key").stdout
    assert len(key) == 65 and key == lab.exec(2, "cat", "/etc/umosix/cluster.key").stdout
    assert lab.exec(1, "stat", "-c", "%a", "/etc/umosix/cluster.key").stdout == "600\n"
    assert "node = 2\n" in lab.exec(2, "cat", "/etc/umosix/mosd.conf").stdout
    first = lab.node(1)["address"]
    assert lab.exec(2, "cat", "/etc/umosix/openmosix.map").stdout == "1 %s 2\n" % first
    assert lab.exec(2, "readlink", "/proc/self/ns/pid").stdout == \
        os.readlink("/proc/self/ns/pid") + "\n"


def test_only_here(lab):
    for i in (1, 2):
        lab.sh(i, "echo content %d > /var/lib/umosix/only-here/name" % i)
    for i in (1, 2):
        assert lab.exec(i, "cat", "/var/lib/umosix/only-here/name").stdout == "content %d\n" % i
    assert not os.path.exists("/var/lib/umosix/only-here/name")


def test_machine_files_are_the_machines_own(lab, tmp_path):
    lab.sh(1, "echo x > f", cwd=tmp_path)
    assert (tmp_path / "f").read_text() == "x\n"
    name = f"{'/run/lock' if os.path.isdir('/run/lock') else '/var/tmp'}/{lab.name}"  # a container may have no /run/lock
    lab.sh(1, "echo y > " + name)
    with open(name) as f:
        assert f.read() == "y\n"
    os.unlink(name)


def test_exec_passes_everything(lab, tmp_path):
    lab.sh(1, "exit 7", rc=7)
    p = lab.exec(1, "cat", input="a\nb\n")
    assert p.stdout == "a\nb\n"
    assert lab.sh(1, "echo oops >&2").stderr == "oops\n"
    assert lab.exec(1, "pwd", cwd=tmp_path).stdout == str(tmp_path) + "\n"
    assert lab.run("exec", "--cwd", "/usr", 1, "--", "pwd").stdout == "/usr\n"
    lab.exec(1, "/no/such/thing", rc=127)
    lab.exec(1, "/etc/passwd", rc=126)
    assert "nodes 1 to 2" in lab.exec(3, "true", rc=125).stderr
    p = lab.run("exec", "--user", "nobody", 1, "--", "sh", "-c", "id -un; id -G; echo $HOME")
    assert p.stdout.split()[0] == "nobody" and "0" not in p.stdout.split()[1:-1]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGUSR1])
def test_exec_is_the_command(lab, sig):
    p = lab.popen(1, "sh", "-c", "echo $$; exec sleep 100")
    assert int(p.stdout.readline()) == p.pid
    p.send_signal(sig)
    assert p.wait(DEADLINE) == -sig


def test_exec_terminal(lab):
    master, slave = pty.openpty()
    p = subprocess.Popen(lab.argv("exec", 1, "--", "sh", "-c",
                                  "tty; stty size; read x; echo got $x; exec sleep 100"),
                         stdin=slave, stdout=slave, stderr=slave, env=lab.env,
                         start_new_session=True)
    name = os.ttyname(slave)
    os.close(slave)
    text = b""

    def has(what):
        nonlocal text
        if select.select([master], [], [], 0.05)[0]:
            text += os.read(master, 1000)
        return what in text

    until(lambda: has(b"0 0"))
    assert name.encode() in text
    os.write(master, b"hello\n")
    until(lambda: has(b"got hello"))
    p.terminate()
    assert p.wait(DEADLINE) == -signal.SIGTERM
    os.close(master)


RECEIVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 4444))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(100)
    s.sendto(data, who)
"""
SENDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[2]))
try:
    s.sendto(b"x", (sys.argv[1], 4444))
    s.recv(100)
except OSError:
    sys.exit(3)
"""


def test_cut_and_heal(lab):
    server = lab.popen(2, sys.executable, "-c", RECEIVER)
    assert server.stdout.readline() == "ready\n"
    addr = lab.node(2)["address"]

    def ask(rc, t):
        return lab.exec(1, sys.executable, "-c", SENDER, addr, t, rc=rc).returncode

    ask(0, DEADLINE)
    lab.run("cut", 2)
    assert lab.node(2)["state"] == "cut"
    ask(3, 0.3)
    lab.run("cut", 2)
    lab.run("heal", 2)
    assert lab.node(2)["state"] == "up"
    until(lambda: ask(None, 1) == 0)
    server.kill()
    server.wait()


def start_daemon(lab, node, path):
    lab.exec(node, sys.executable, "-c", """
import os, sys
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
with open(sys.argv[1] + ".tmp", "w") as f: f.write(str(os.getpid()))
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
os.close(1); os.close(2); os.close(0)
os.execvp("sleep", ["sleep", "1000"])
""", str(path))
    until(path.exists)
    return int(path.read_text())


@pytest.mark.parametrize("mask", ["", "cgroup2"])
def test_kill_is_power_loss(make, tmp_path, mask):
    lab = make(MOS_NOFEAT=mask)
    lab.run("up", 2)
    ours = start_daemon(lab, 1, tmp_path / "one")
    others = start_daemon(lab, 2, tmp_path / "two")
    hidden = lab.popen(1, "unshare", "-mpnf", "sh", "-c", "echo up; sleep 1000")
    assert hidden.stdout.readline() == "up\n"
    was = lab.node(1)
    lab.sh(1, "echo kept > /var/lib/umosix/only-here/disk; echo lost > /run/umosix/memory")
    lab.run("kill", 1)
    for pid in (ours, was["mosd"], was["holder"]):
        assert dead(pid)
    assert hidden.wait(DEADLINE) == -signal.SIGKILL
    assert not dead(others) and lab.node(2)["state"] == "up"
    assert lab.node(1)["state"] == "down" and lab.node(1)["mosd"] is None
    assert "moslab start 1" in lab.exec(1, "true", rc=125).stderr
    lab.run("kill", 1)
    lab.run("start", 1)
    assert lab.exec(1, "cat", "/var/lib/umosix/only-here/disk").stdout == "kept\n"
    lab.exec(1, "test", "!", "-e", "/run/umosix/memory")
    assert "up already" in lab.run("start", 1, rc=1).stderr
    server = lab.popen(2, sys.executable, "-c", RECEIVER)
    assert server.stdout.readline() == "ready\n"
    until(lambda: lab.exec(1, sys.executable, "-c", SENDER, lab.node(2)["address"], 1,
                           rc=None).returncode == 0)
    lab.run("down")
    assert dead(others) and server.wait(DEADLINE) == -signal.SIGKILL


def test_kill_says_no_goodbye(lab):
    """A dying process's sockets must send neither FIN nor RST: power loss is silence."""
    server = lab.popen(2, sys.executable, "-c", """
import socket
s = socket.create_server(("0.0.0.0", 4445))
print("ready", flush=True)
c, _ = s.accept()
print("here", flush=True)
c.settimeout(0.5)
try:
    print("end" if c.recv(1) == b"" else "data", flush=True)
except TimeoutError:
    print("silence", flush=True)
except OSError as e:
    print(e, flush=True)
""")
    assert server.stdout.readline() == "ready\n"
    client = lab.popen(1, sys.executable, "-c", """
import socket, sys, time
s = socket.create_connection((sys.argv[1], 4445))
time.sleep(1000)
""", lab.node(2)["address"])
    assert server.stdout.readline() == "here\n"
    lab.run("kill", 1)
    assert client.wait(DEADLINE) == -signal.SIGKILL
    assert server.stdout.readline() == "silence\n"
    server.wait()


def test_what_left_its_cgroup_dies_too(lab, tmp_path):
    pid = start_daemon(lab, 1, tmp_path / "pid")
    for procs in glob.glob("/sys/fs/cgroup/unified/cgroup.procs") or \
            ["/sys/fs/cgroup/cgroup.procs"]:
        with open(procs, "w") as f:
            f.write(str(pid))
    lab.run("kill", 1)
    assert dead(pid)


@pytest.mark.parametrize("victim", ["holder", "mosd", "switch"])
def test_down_after_a_crash(make, victim):
    lab = make(STUB_GROUP="1")
    lab.run("up", 2)
    until(lambda: all(os.path.exists("/run/moslab/%s/node%d/run/grouped" % (lab.name, n))
                      for n in (1, 2)))
    assert "/%s-node1/deeper" % lab.name in open("/proc/%d/cgroup" % lab.node(1)["mosd"]).read()
    if victim == "switch":
        pid = int(open("/run/moslab/%s/switch/pid" % lab.name).read().split()[0])
    else:
        pid = lab.node(1)[victim]
    os.kill(pid, signal.SIGKILL)
    until(lambda: dead(pid))
    if victim == "holder":
        until(lambda: lab.node(1)["mosd"] is None)
        lab.run("start", 1)
    if victim == "mosd":
        until(lambda: "killed by signal 9" in lab.run("logs", 1).stdout)
    lab.run("down")
    assert lab.leftovers() == []


def test_named_hierarchy_is_cleaned(make, tmp_path):
    lab = make(STUB_GROUP="1")
    lab.run("up", 1)
    until(lambda: os.path.exists("/run/moslab/%s/node1/run/grouped" % lab.name))
    lab.run("down")
    assert lab.name not in named_groups(tmp_path)


def test_up_killed_at_any_moment(make):
    for step in range(12):
        lab = make()
        p = subprocess.Popen(lab.argv("up", 3), env=lab.env, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            p.wait(step * 0.012)
        p.kill()
        p.wait()
        lab.run("down")
        assert lab.leftovers() == []


def test_up_interrupted_cleans_up(make):
    lab = make()
    lab.env["MOSLAB_MOSD"] = "/bin/true"  # called as mosd it ends at once
    p = lab.run("up", 2, rc=1)
    assert "mosd of node" in p.stderr and lab.leftovers() == []
    lab.env["MOSLAB_MOSD"] = "/usr/bin/yes"
    p = subprocess.Popen(lab.argv("up", 1), env=lab.env, stderr=subprocess.PIPE, text=True)
    until(lambda: (lab.status() or {"nodes": [{"mosd": None}]})["nodes"][0]["mosd"])
    p.terminate()
    assert p.wait(DEADLINE) == 1 and "interrupted" in p.stderr.read()
    assert lab.leftovers() == []


def test_up_fails_with_the_log(make):
    lab = make(STUB_FAILS="1")
    p = lab.run("up", 2, rc=1)
    assert "stub: told to fail" in p.stderr and lab.leftovers() == []


def test_down_twice_at_once_and_unknown(lab):
    downs = [subprocess.Popen(lab.argv("down"), env=lab.env, stderr=subprocess.DEVNULL)
             for _ in range(4)]
    assert [p.wait(DEADLINE) for p in downs] == [0] * 4
    assert "no lab named" in lab.run("down").stderr
    assert lab.leftovers() == []


def test_labs_side_by_side(make):
    a, b = make(), make()
    for lab in (a, b):
        lab.run("up", 2)
    assert a.node(1)["address"] != b.node(1)["address"]
    assert "there already" in a.run("up", 2, rc=1).stderr
    p = b.popen(1, "sleep", "1000")
    a.run("down")
    assert p.poll() is None and b.node(2)["state"] == "up"
    p.kill()
    p.wait()


def group_file(lab, node, *names):
    for name in names:
        for path in glob.glob("/sys/fs/cgroup/**/moslab-%s/node%d/%s" % (lab.name, node, name),
                              recursive=True):
            with open(path) as f:
                return f.read().split()
    return None


def test_limits(make):
    lab = make()
    p = lab.run("up", "--cpus", "0.5", "--memory", "200M", "--node", "2:cpus=0.25,memory=64M",
                "--no-mosd", 2, rc=None)
    if "cannot be had" in p.stderr:
        pytest.skip(p.stderr)
    assert p.returncode == 0
    assert group_file(lab, 1, "cpu.max", "cpu.cfs_quota_us")[0] == "50000"
    assert group_file(lab, 2, "cpu.max", "cpu.cfs_quota_us")[0] == "25000"
    assert group_file(lab, 1, "memory.max", "memory.limit_in_bytes") == [str(200 << 20)]
    assert group_file(lab, 2, "memory.max", "memory.limit_in_bytes") == [str(64 << 20)]
    assert lab.exec(2, "cat", "/proc/self/cgroup").stdout.count(lab.name + "/node2") >= 2
    written = lab.exec(1, "ls", "/etc/umosix").stdout.split()  # for a mosd begun by hand
    assert {"mosd.conf", "cluster.key", "openmosix.map"} <= set(written)
    p = lab.exec(2, sys.executable, "-c", "x = b'x' * (256 << 20)", rc=None)
    assert p.returncode == -signal.SIGKILL


def test_run(make):
    lab = make()
    p = lab.run("run", 2, "--", "sh", "-c", "hostname; echo $MOSLAB_NAME; exit 9", rc=9)
    assert p.stdout == "node1\n%s\n" % lab.name
    assert lab.leftovers() == []
    lab.run("run", 2, "--", lab.bin, "exec", 2, "--", "true")
    p = subprocess.Popen(lab.argv("run", 1, "--", "sh", "-c", "echo up; exec sleep 1000"),
                         env=lab.env, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    p.terminate()
    assert p.wait(DEADLINE) == 128 + signal.SIGTERM
    assert lab.leftovers() == []


def test_logs(lab):
    text = lab.run("logs", 2).stdout
    assert text == "stub mosd of node2 %s-node2\n" % lab.name
    assert "node1 | stub mosd of node1" in lab.run("logs").stdout
    p = subprocess.Popen(lab.argv("logs", "-f", 1), env=lab.env, stdout=subprocess.PIPE, text=True)
    assert "stub" in p.stdout.readline()
    os.kill(lab.node(1)["mosd"], signal.SIGTERM)
    assert "killed by signal 15" in p.stdout.readline()
    lab.run("down")
    assert p.wait(DEADLINE) == 0


def test_pipes_of_up_are_closed(make):
    """Who reads up's output to its end must not wait for the lab's."""
    lab = make()
    r, w = os.pipe()
    os.set_inheritable(w, True)
    p = subprocess.run(lab.argv("up", 1), env=lab.env, capture_output=True, pass_fds=[w],
                       timeout=DEADLINE)
    os.close(w)
    assert p.returncode == 0
    assert select.select([r], [], [], DEADLINE)[0] and os.read(r, 1) == b""
    os.close(r)


def test_usage(make):
    lab = make()
    for args in (["up"], ["up", "0"], ["up", "999"], ["nonsense"], ["exec", "1"], [], ["up", "x"],
                 ["up", "1", "--cpus", "no"], ["up", "1", "--node", "1:bad=1"],
                 ["up", "1", "--name", "a/b"], ["up", "1", "2"], ["--nonsense"]):
        p = subprocess.run([lab.bin, *args], capture_output=True, text=True)
        assert p.returncode == 2, args
        assert p.stderr
    p = subprocess.run([lab.bin, "--help"], capture_output=True, text=True)
    assert p.returncode == 0 and "usage: moslab" in p.stdout
    assert lab.run("exec", 1, "--", "true", rc=125).stderr
    p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", lab.bin,
                        "status"], capture_output=True, text=True)
    if p.returncode != 127:  # the build folder may be closed to others
        assert p.returncode == 1 and "root" in p.stderr
