# SPDX-License-Identifier: GPL-2.0-or-later
"""A real mosd and its tools in a network and mount namespace of their own, with stand-ins for the
supervisors: what it does, and what it is told, without a lab."""

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

from fakemosd import wait
from fakesupervisors import STUB_GUEST, STUB_HOME

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOS_BUILD", ROOT / "build"))
PLACES = [BUILD / "src/node", BUILD / "src/tools"]
if "MOS_BIN" in os.environ:
    PLACES.insert(0, pathlib.Path(os.environ["MOS_BIN"]))
MAGIC = b"umosix1\n"
USER, OTHER = 1000, 1001
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def find(name):
    for place in PLACES:
        if (place / name).is_file():
            return place / name
    pytest.skip(f"{name} is not built: set MOS_BIN or MOS_BUILD")


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
        for parent in tmp.parents[:2 + ("PYTEST_XDIST_WORKER" in os.environ)]:
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
