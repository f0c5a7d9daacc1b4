# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of mosd: it checks its configuration, starts, is restarted, ends; its tools without it."""

import os
import re
import signal
import socket

import pytest

from fakemosd import wait
from lonemosd import MAGIC, ROOT, USER, Client

MAPS = ("umosix/openmosix.map", "openmosix.map", "mosix.map", "hpc.map")


def test_without_mosd(quiet):
    r = quiet.run("mosrun", "sh", "-c", "exit 3", uid=USER, check=3)
    assert "mosd does not run" in r.stderr
    quiet.run("mosrun", "-2", "true", check=125)
    quiet.run("mosrun", "-2", "-F", "true", check=0)
    for cmd in (("mps",), ("migrate", "1", "2"), ("mosctl", "status"), ("mosctl", "why", "1")):
        quiet.run(*cmd, check=3)


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


def test_first_map_that_exists(quiet):
    """Each one that is added stands before those that are there; the configuration's own before all."""
    mosd, conf, etc = quiet.stage / "mosd", quiet.dir / "mosd.conf", quiet.dir / "etc"
    (etc / "umosix").mkdir(parents=True)
    quiet.run("mount", "--bind", etc, "/etc", check=0)
    conf.write_text(f"key-file = {quiet.dir}/key\n")
    for number, name in enumerate(reversed(MAPS), 2):
        (etc / name).write_text(f"{number} 10.77.0.1 1\n")
        said = quiet.run(mosd, "--conf", conf, "-c", check=0).stdout
        assert f"node {number}" in said and f"/etc/{name}" in said, said
    quiet.conf("")
    assert "node 1 " in quiet.run(mosd, "--conf", conf, "-c", check=0).stdout
    man = (ROOT / "man/openmosix.map.5.scd").read_text()
    assert re.findall(r"\*/etc/(\S+\.map)\*", man)[:len(MAPS)] == list(MAPS), "the man page tells the order"


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
