# SPDX-License-Identifier: GPL-2.0-or-later
"""What only shows when mosd begins is tried before a mosd that works is given up, and by mosd -c."""

import os
import signal
import subprocess

import pytest

from fakemosd import wait
from moslab import PYTHON

# Holds a port until its end.
HOLD = """
import signal, socket, sys
kind, addr, port = sys.argv[1:]
s = socket.socket(socket.AF_INET, {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind])
s.bind((addr, int(port)))
if kind == "tcp":
    s.listen()
print("held", flush=True)
signal.pause()
"""
WRONG = {
    "listen": ("listen = 1.2.3.4", "listen = 1.2.3.4: this machine has no such address; it has 10.77.0.1: write"),
    "listen6": ("listen = fd00::4", "listen = fd00::4: this machine has no such address; it has 10.77.0.1: write"),
    "discover": ("discover = lo eth9\nmembers = key\nnode = 1\naddress = 10.77.0.1",
                 "discover: there is no network interface eth9 here"),
}


def check(node):
    return node.run(node.stage / "mosd", "--conf", node.dir / "mosd.conf", "-c")


def reload(node):
    return node.run("mosctl", "reload")


def hold(node, kind, addr, port):
    p = node.popen(PYTHON, "-c", HOLD, kind, addr, port, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"held\n"
    return p


def let_go(p):
    p.kill()
    p.wait()
    p.stdout.close()


def serves_as_before(node, pid, since):
    s = node.status()
    assert (s["pid"], s["since"], s["networked"], s["port"]) == (pid, since, True, 4660), s


@pytest.mark.parametrize("what", WRONG)
def test_what_the_machine_has_not_changes_nothing(node, what):
    before = node.status()
    line, why = WRONG[what]
    node.conf(line + "\n")
    why = f"{node.dir}/mosd.conf:3: {why}"
    r = check(node)
    assert (r.returncode, r.stderr[:len(why) + 6]) == (1, "mosd: " + why), r
    r = reload(node)
    assert r.returncode == 1 and f"nothing is changed: {why}" in r.stderr, r
    serves_as_before(node, before["pid"], before["since"])
    node.conf("")
    assert reload(node).returncode == 0
    assert node.status()["since"] > before["since"]


def test_a_key_file_that_is_not_there(node):
    before = node.status()
    (node.dir / "mosd.conf").write_text(f"map-file = {node.dir}/map\n\nkey-file = /nofile\n")
    why = f"{node.dir}/mosd.conf:3: key-file = /nofile: there is no such file: name"
    r = check(node)
    assert r.returncode == 1 and why in r.stderr, r
    r = reload(node)
    assert r.returncode == 1 and f"nothing is changed: {why}" in r.stderr, r
    serves_as_before(node, before["pid"], before["since"])


def test_a_signal_changes_nothing_either(node):
    before = node.status()
    node.conf("listen = 1.2.3.4\n")
    os.kill(node.mosd.pid, signal.SIGHUP)
    wait(lambda: "nothing is reloaded: " in (node.dir / "mosd.log").read_text())
    serves_as_before(node, before["pid"], before["since"])


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_port_in_use(node, kind):
    before = node.status()
    node.conf("port = 5000\n")
    held = hold(node, kind, "10.77.0.1", 5000)
    r = reload(node)
    why = f"{node.dir}/mosd.conf:3: {kind.upper()} port 5000 is in use: `ss -lnp{kind[0]}` shows"
    assert r.returncode == 1 and f"nothing is changed: {why}" in r.stderr, r
    serves_as_before(node, before["pid"], before["since"])
    node.stop_mosd()
    r = check(node)
    assert r.returncode == 1 and why in r.stderr, r
    let_go(held)
    assert check(node).returncode == 0
    node.start()
    assert check(node).returncode == 0  # its own port is no other program's
    assert node.status()["port"] == 5000


def test_an_address_that_a_router_may_have(node):
    """It is told, and may be right."""
    node.conf("members = key\nnode = 1\naddress = 1.2.3.4\n")
    why = f"{node.dir}/mosd.conf:5: address = 1.2.3.4: this machine has no such address: that is right only where"
    r = check(node)
    assert r.returncode == 0 and why in r.stderr, r
    r = reload(node)
    assert r.returncode == 0 and why in r.stderr, r
    assert node.status()["networked"]


def test_alone_after_a_reload(node):
    """That a machine is in no cluster any more may be meant; whoever lets mosd reload is told."""
    (node.dir / "mosd.conf").write_text("members = key\naddress = 10.77.0.1\n")
    r = reload(node)
    assert (r.returncode, r.stdout) == (1, "") and "no more in a cluster: there is no key /etc" in r.stderr, r
    assert not node.status()["networked"]
    r = reload(node)  # it was alone before
    assert (r.returncode, r.stderr) == (0, ""), r


def test_what_fails_although_it_was_tried(node):
    """The port is ours, but on an address that we did not have it is not: mosd is there and says so."""
    node.conf("listen = 10.77.0.1\n")
    assert reload(node).returncode == 0
    pid = node.status()["pid"]
    held = hold(node, "tcp", "127.0.0.1", 4660)
    node.conf("")
    r = reload(node)
    why = "listen on TCP port 4660: Address already in use"
    assert r.returncode == 1 and f"no more in a cluster: {why}; when that is mended, call" in r.stderr, r
    s = node.status()
    assert (s["pid"], s["networked"], "streams" in s) == (pid, False, False)
    assert f"error: {why}" in (node.dir / "mosd.log").read_text()
    r = reload(node)
    assert r.returncode == 1 and "nothing is changed" in r.stderr and "4660 is in use" in r.stderr, r
    let_go(held)
    assert reload(node).returncode == 0
    s = node.status()
    assert (s["pid"], s["networked"], "streams" in s) == (pid, True, True)
