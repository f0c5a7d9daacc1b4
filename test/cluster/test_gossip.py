# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes know of each other: who is there, who died, left, was cut off and is back; and what strangers
send changes nothing."""

import re
import time

import pytest

from fakemosd import wait
from moslab import PYTHON

ALL = (1, 2, 3)

# Records what comes to this node's port, a datagram a line in hexadecimal.
RECORD = """
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.settimeout(10)
got, end = [], time.monotonic() + 10
while len(got) < 12 and time.monotonic() < end:
    p, addr = s.recvfrom(2048)
    ip = (p[0] & 15) * 4
    if addr[2] != socket.PACKET_OUTGOING and p[9] == 17 and p[ip + 2:ip + 4] == b"\\x12\\x34":
        got.append(p[ip + 8:ip + int.from_bytes(p[ip + 4:ip + 6], "big")])
for p in got:
    print(p.hex())
"""

# Sends datagrams, given in hexadecimal, to an address.
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.argv[2:]:
    s.sendto(bytes.fromhex(line), (sys.argv[1], 4660))
"""


def ask(lab, node, op, **more):
    """The objects of an answer, as root, without a process for each look."""
    return lab.asked(node, op=op, **more)


def nodes(lab, node):
    answer = ask(lab, node, "nodes")
    assert answer[-1]["count"] == len(answer) - 1 == lab.nodes
    assert answer[-1]["node"] == node
    return {n["node"]: n for n in answer[:-1]}


def states(lab, node):
    return {n: v["state"] for n, v in nodes(lab, node).items()}


def whole(lab):
    return all(set(states(lab, n).values()) == {"alive"} for n in ALL)


def datagrams(lab, node):
    return ask(lab, node, "status")[-1]["datagrams"]


def log_lines(lab, node, word):
    return [line for line in lab.logs(node).splitlines() if word in line]


@pytest.fixture
def three(mortal_lab):
    wait(lambda: whole(mortal_lab), 3)
    return mortal_lab


def test_what_is_known(three):
    wait(lambda: all(n["rtt_us"] or n["me"] for n in nodes(three, 1).values()), 5)
    for node in ALL:
        for number, n in nodes(three, node).items():
            assert n["me"] == (number == node)
            assert re.fullmatch(rf"10\.77\.\d+\.{number}", n["addr"]), n
            assert 0 <= n["age_ms"] <= 5000, n
            assert n["speed"] > 0 and n["cpus"] > 0 and n["mem_total_kib"] > 0, n
            assert 0 < n["mem_free_kib"] <= n["mem_total_kib"], n
            assert n["features"] == ask(three, node, "status")[-1]["self"]["features"], n  # one machine
            assert re.fullmatch("[0-9a-f]{15}[13579bdf]", n["features"]), n  # SSE2 at the least
            assert n["flags"] == [] and n["status"] == 3 and n["guests"] == 0, n
            assert n["rtt_us"] is None if n["me"] else 0 < (n["rtt_us"] or 1) < 1_000_000, n
    text = three.run(1, [str(three.bin / "mosctl"), "status"]).stdout
    assert re.search(r"node 1 +10\.77\.\d+\.1 +\(this one\)\n +node 2 +10\.77\.\d+\.2 +alive\n", text)


def test_records_stay_fresh(three):
    """What is told comes anew each second or two, to everyone."""
    worst, end = 0, time.monotonic() + 6
    looks = 0
    while time.monotonic() < end:
        for node in ALL:
            worst = max([worst] + [n["age_ms"] for n in nodes(three, node).values()])
        looks += 1
        time.sleep(0.05)
    assert looks > 20 and worst < 4000


@pytest.mark.alone
def test_a_flag_is_known_at_once(three):
    mosctl = str(three.bin / "mosctl")
    assert three.run(1, [mosctl, "block"]).returncode == 0
    wait(lambda: all(nodes(three, n)[1]["flags"] == ["block"] for n in ALL), 2)
    assert three.run(1, [mosctl, "noblock"]).returncode == 0
    wait(lambda: all(nodes(three, n)[1]["flags"] == [] for n in ALL), 2)


@pytest.mark.alone
def test_death_and_return(three):
    three.node_verb("kill", 2)
    wait(lambda: states(three, 1)[2] == "dead" and states(three, 3)[2] == "dead", 5)
    assert states(three, 1)[3] == states(three, 3)[1] == "alive"
    assert three.run(1, [str(three.bin / "mosctl"), "isup", "2"]).stdout == "no\n"
    three.node_verb("start", 2)
    wait(lambda: whole(three), 5)
    assert log_lines(three, 1, "node 2 is dead")


def test_a_restart_is_another_life(three):
    """A mosd that is gone and back before anyone noticed."""
    three.node_verb("kill", 2)
    three.node_verb("start", 2)
    wait(lambda: whole(three) and all(nodes(three, n)[2]["age_ms"] < 2000 for n in ALL), 5)


def test_leave(three):
    pid = ask(three, 2, "status")[-1]["pid"]
    assert three.run(2, ["kill", "-TERM", str(pid)]).returncode == 0
    wait(lambda: states(three, 1)[2] == states(three, 3)[2] == "left", 3)
    three.node_verb("kill", 2)
    three.node_verb("start", 2)
    wait(lambda: whole(three), 5)


def test_cut_and_heal(three):
    three.node_verb("cut", 3)
    wait(lambda: states(three, 1)[3] == "dead" and states(three, 2)[3] == "dead", 6)
    wait(lambda: states(three, 3) == {1: "dead", 2: "dead", 3: "alive"}, 6)
    # both sides work on
    assert states(three, 1)[2] == states(three, 2)[1] == "alive"
    assert nodes(three, 1)[2]["age_ms"] < 4000
    for node in (1, 3):
        r = three.run(node, [str(three.bin / "mosrun"), "echo", "works"])
        assert (r.returncode, r.stdout) == (0, "works\n"), r
    three.node_verb("heal", 3)
    wait(lambda: whole(three), 10)


@pytest.mark.alone
def test_a_node_that_stands_still_is_not_dead(three):
    pid = ask(three, 2, "status")[-1]["pid"]
    for _ in range(3):
        assert three.run(2, ["kill", "-STOP", str(pid)]).returncode == 0
        stopped = time.monotonic()
        seen = set()
        while time.monotonic() < stopped + 2:
            seen |= {states(three, 1)[2], states(three, 3)[2]}
            time.sleep(0.02)
        assert three.run(2, ["kill", "-CONT", str(pid)]).returncode == 0
        wait(lambda: whole(three), 5)
        assert "dead" not in seen
    for node in (1, 3):
        assert not log_lines(three, node, "node 2 is dead")


def test_garbage_and_replays_change_nothing(three):
    addr = nodes(three, 1)[1]["addr"]
    r = three.run(1, [PYTHON, "-c", RECORD])
    recorded = r.stdout.split()
    assert len(recorded) == 12 and not r.stderr, r
    changed = [p[:-2] + f"{int(p[-2:], 16) ^ 1:02x}" for p in recorded]
    shorter = [p[:-2] for p in recorded]
    garbage = ["", "00", "6d6f7301", "ff" * 1400, recorded[0] + "00"] + changed + shorter
    before = datagrams(three, 1)
    assert three.run(2, [PYTHON, "-c", SEND, addr, *garbage, *recorded, *recorded]).returncode == 0
    wait(lambda: datagrams(three, 1)["dropped"] - before["dropped"] >= len(garbage) - 1, 5)

    def counted():
        now = datagrams(three, 1)
        return now if now["replayed"] - before["replayed"] >= 2 * len(recorded) - 2 else None

    after = wait(counted, 5)
    assert after["forged"] - before["forged"] >= len(changed)
    assert after["bad"] == before["bad"] and after["objected"] == before["objected"]
    assert whole(three)
    dropped = log_lines(three, 1, "a datagram from ")
    assert 1 <= len(dropped) <= 2
    assert all(f'a datagram from {nodes(three, 1)[2]["addr"]} is dropped: ' in x for x in dropped), dropped

    # a node that began anew knows no counters: what was recorded before is for its former life
    three.node_verb("kill", 1)
    three.node_verb("start", 1)
    wait(lambda: whole(three), 5)
    before = datagrams(three, 1)
    assert three.run(2, [PYTHON, "-c", SEND, addr, *recorded]).returncode == 0
    wait(lambda: datagrams(three, 1)["former"] - before["former"] >= 10, 5)
    assert whole(three)
