# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that have nothing but the cluster's key find each other and numbers that nobody else has; another
key, a recording and a number that is taken do not get far; omdiscd."""

import json
import re
import select
import signal
import subprocess

import pytest

import conftest
import moslab
from moslab import ORDINARY, PYTHON
from test_gossip import ask
from test_loss import ANSWER, answers, away, start
from test_members import CONF, NODES
from test_rejoin import restart_mosd, wait_for

KEY = "/etc/umosix/cluster.key"
NUMBER = "/var/lib/umosix/number"
YES = ("members = key", "discover = yes")

# Prints what comes to the port of discovery, TTL and a datagram in hexadecimal, until there are three.
RECORD = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
print("ready", flush=True)
n = 0
while n < 3:
    p, addr = s.recvfrom(2048)
    ip = (p[0] & 15) * 4
    if p[9] == 17 and p[ip + 2:ip + 4] == (4661).to_bytes(2, "big") and p[16] == 239:
        print(p[8], p[ip + 8:ip + int.from_bytes(p[ip + 4:ip + 6], "big")].hex(), flush=True)
        n += 1
"""

# Sends datagrams, given in hexadecimal, to the group.
REPLAY = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
for line in sys.argv[2:]:
    s.sendto(bytes.fromhex(line), ("239.255.18.52", 4661))
"""

# Keeps the port of discovery to itself.
HOLD_PORT = """
import socket, time
kept = [socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET6, socket.AF_INET)]
kept[0].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
for s in kept:
    s.bind(("", 4661))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def lab(request):
    """Three machines, of which none knows the others."""
    made = conftest.make_lab(conf=(*moslab.STILL, "members = key"))
    request.node.used_lab = (made, {n: 0 for n in range(1, made.nodes + 1)})
    yield made
    made.close()


def told(lab, node: int, op: str) -> list:
    """As ask; empty while mosd begins anew."""
    try:
        return ask(lab, node, op)
    except (OSError, ValueError):
        return []


def status(lab, node: int) -> dict:
    return (told(lab, node, "status") or [{}])[-1]


def discovery(lab, node: int) -> dict:
    return status(lab, node).get("discovery", {})


def discovers(lab, node: int) -> bool:
    return "discovery" in ask(lab, node, "status")[-1]


def number(lab, node: int) -> int:
    """The number that this machine has, 0 while it has none."""
    s = status(lab, node)
    return s["node"] if s.get("networked") else 0


def states(lab, node: int) -> dict[int, str]:
    return {n["node"]: n["state"] for n in told(lab, node, "nodes")[:-1]}


def written(lab, node: int) -> set[str]:
    """The nodes that it keeps."""
    path = lab.inside(node, NODES)
    return set(path.read_text().splitlines()) if path.exists() else set()


def addr(lab, machine: int) -> str:
    return lab.run(machine, ["ip", "-4", "-o", "addr", "show", "dev", "eth0"]).stdout.split()[3].split("/")[0]


def belongs_to(address: str) -> int:
    a, b = address.split(".")[2:]
    return int(a) * 256 + int(b)


def configure(lab, node: int, *lines: str, alone: str = "") -> None:
    """Begins anew with this, and without a past. A node that is @alone then, which it was not, is told why."""
    conf = lab.inside(node, CONF)
    kept = [x for x in conf.read_text().splitlines() if not re.match("node|members|discover", x)]
    conf.write_text("\n".join([*kept, *lines]) + "\n")
    for path in (NODES, NUMBER):
        lab.inside(node, path).unlink(missing_ok=True)
    r = lab.run(node, [str(lab.bin / "mosctl"), "reload"])
    told = re.findall("no more in a cluster: (.*)", r.stderr)
    assert (r.returncode, len(told)) == (int(alone != ""), int(alone != "")), r
    assert all(alone in x for x in told), told


def all_alive(lab, *machines: int) -> bool:
    numbers = {number(lab, n) for n in machines}
    return len(numbers) == len(machines) and 0 not in numbers and \
        all(states(lab, n) == {k: "alive" for k in numbers} for n in machines)


def omdiscd(lab, node: int, *args: str, uid: int = 0):
    return lab.run(node, [str(lab.bin / "omdiscd"), *args], uid=uid)


def test_three_find_each_other(lab):
    for node in (1, 2, 3):
        configure(lab, node, *YES)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    addrs = {n: addr(lab, n) for n in (1, 2, 3)}
    for node in (1, 2, 3):
        assert number(lab, node) == belongs_to(addrs[node])
        assert lab.inside(node, NUMBER).read_text() == f"{number(lab, node)}\n"
    everyone = {f"{belongs_to(a)} {a} 1" for a in addrs.values()}
    wait_for(lambda: written(lab, 2) == everyone)
    r = omdiscd(lab, 1, "-n")
    assert r.returncode == 0 and set(r.stdout.splitlines()) == everyone, r.stderr
    r = omdiscd(lab, 1, "-n", "--json")
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout) == sorted(({"node": belongs_to(a), "addr": a} for a in addrs.values()),
                                          key=lambda n: n["node"])

    job = start(lab, lab.folder("discovered"), ANSWER)
    for at in (2, 3):
        away(lab, job, belongs_to(addrs[at]))
        answers(job, f"at {at}")
    lab.move(job.pid, "home")
    job.kill(signal.SIGKILL)

    # who ends says so, and has its number again; nothing is claimed a second time
    lab.node_verb("kill", 2)
    restart_mosd(lab, 3)
    wait_for(lambda: states(lab, 3).get(belongs_to(addrs[1])) == "alive")
    assert number(lab, 3) == belongs_to(addrs[3])
    assert lab.logs(3).count("from now on") == 1


def other_network(lab) -> str:
    """Gives machine 3 an address whose last two bytes are those of machine 2."""
    two, three = addr(lab, 2), addr(lab, 3)
    new = re.sub(r"^10\.77\.", "10.78.", two)
    net = two.rsplit(".", 1)[0]
    script = f"ip addr add {new}/24 dev eth0 && ip addr del {three}/24 dev eth0 && ip route add {net}.0/24 dev eth0"
    assert lab.run(3, ["sh", "-c", script]).returncode == 0
    for node in (1, 2):
        r = lab.run(node, ["ip", "route", "add", new.rsplit(".", 1)[0] + ".0/24", "dev", "eth0"])
        assert r.returncode == 0, r.stderr
    return new


@pytest.mark.parametrize("first", [(), (1, 2)], ids=["at once", "later"])
def test_one_number_for_two(lab, first):
    new = other_network(lab)
    wanted = belongs_to(new)
    for node in first:
        configure(lab, node, *YES)
    wait_for(lambda: not first or all_alive(lab, *first))
    for node in {1, 2, 3} - set(first):
        configure(lab, node, *YES)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    holder, = [n for n in (2, 3) if number(lab, n) == wanted]
    assert not first or holder == 2
    loser = 5 - holder
    log = lab.logs(loser)
    assert f"the number {wanted} is taken by the node at {addr(lab, holder)}: this one tries " \
           f"{number(lab, loser)}" in log, log
    assert "is taken" not in lab.logs(holder)
    # a restart keeps it
    restart_mosd(lab, loser)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    assert lab.logs(loser).count("is taken") == 1


def test_a_copy_of_a_machine(lab):
    """It says nothing under the other's number."""
    for node in (1, 2):
        configure(lab, node, *YES)
    wait_for(lambda: all_alive(lab, 1, 2))
    wait_for(lambda: len(written(lab, 2)) == 2)
    two = number(lab, 2)
    configure(lab, 3, "members = key", alone="no number yet: write")
    for path in (NUMBER, NODES):
        lab.inside(3, path).write_text(lab.inside(2, path).read_text())
    conf = lab.inside(3, CONF)
    conf.write_text(conf.read_text() + "discover = yes\n")
    assert lab.run(3, [str(lab.bin / "mosctl"), "reload"]).returncode == 0
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    assert number(lab, 2) == two and number(lab, 3) == belongs_to(addr(lab, 3))
    assert f"the number {two} is taken by the node at {addr(lab, 2)}" in lab.logs(3)
    for node in (1, 2):
        assert "anew" not in re.sub("begins anew, as the files", "", lab.logs(node))
        assert "both say" not in lab.logs(node)


def test_given_numbers_that_are_the_same(lab):
    """Nothing is to be resolved: an administrator must."""
    for node in (1, 2):
        configure(lab, node, "node = 7", *YES)
    for node in (1, 2):
        wait_for(lambda n=node: f"the one at {addr(lab, 3 - n)} have both the number 7" in lab.logs(n))
        assert number(lab, node) == 7
    configure(lab, 2, "node = 8", *YES)
    wait_for(lambda: all_alive(lab, 1, 2))


def test_another_key(lab):
    lab.inside(3, KEY).write_text("ab" * 32 + "\n")
    for node in (1, 2, 3):
        configure(lab, node, *YES)
    wait_for(lambda: all_alive(lab, 1, 2))
    wait_for(lambda: all_alive(lab, 3))
    wait_for(lambda: discovery(lab, 1).get("forged", 0) >= 3)
    wait_for(lambda: discovery(lab, 3).get("forged", 0) >= 3)
    assert len(states(lab, 1)) == 2 and len(states(lab, 3)) == 1
    assert len([x for x in lab.logs(1).splitlines() if "sealed with another key" in x]) <= 2
    found = omdiscd(lab, 3, "-n").stdout
    assert len(found.splitlines()) == 1 and addr(lab, 3) in found


def record(lab, node: int) -> subprocess.Popen:
    p = subprocess.Popen(lab.command(node, [PYTHON, "-c", RECORD]), text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert p.stdout.readline() == "ready\n"
    return p


def test_a_recording(lab):
    """A JOIN that is sent again makes nobody known, though it is heard and answered."""
    recorder = record(lab, 2)
    configure(lab, 3, *YES)
    try:
        assert select.select([recorder.stdout], [], [], 20)[0]
        got = [line.split() for line in recorder.communicate(timeout=20)[0].splitlines()]
    finally:
        recorder.kill()
        recorder.wait()
    assert len(got) == 3 and {ttl for ttl, _ in got} == {"1"}
    wait_for(lambda: number(lab, 3))
    absent = number(lab, 3)
    lab.node_verb("kill", 3)

    configure(lab, 1, *YES)
    wait_for(lambda: number(lab, 1))
    own = number(lab, 1)
    before = discovery(lab, 1)
    again = [text for _, text in got]
    for _ in range(2):
        r = lab.run(2, [PYTHON, "-c", REPLAY, addr(lab, 2), *again, "00" * 84, again[0][:-2]])
        assert r.returncode == 0, r.stderr
    wait_for(lambda: discovery(lab, 1)["malformed"] >= before["malformed"] + 4)
    wait_for(lambda: discovery(lab, 1)["heard"] == before["heard"] + 6)
    after = discovery(lab, 1)
    assert after["answers"] > before["answers"]
    assert after["repeated"] == before["repeated"] + 3
    assert set(states(lab, 1)) == {own} and "is at" not in lab.logs(1)

    lab.node_verb("start", 3)  # and the real one is
    wait_for(lambda: states(lab, 1).get(absent) == "alive")


def test_a_flood(lab):
    """Datagrams of strangers cost a node little, and others are found all the same."""
    configure(lab, 1, *YES)
    wait_for(lambda: number(lab, 1))
    flood = REPLAY + "while True: s.sendto(bytes.fromhex(line), (\"239.255.18.52\", 4661))\n"
    p = subprocess.Popen(lab.command(3, [PYTHON, "-c", flood, addr(lab, 3), "6d6f6101" + "77" * 80]),
                         stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: discovery(lab, 1).get("unopened", 0) > 10000)
        d = discovery(lab, 1)
        assert d["forged"] < d["unopened"] and d["answers"] == 0
        configure(lab, 2, *YES)
        wait_for(lambda: all_alive(lab, 1, 2), 60)
        assert p.poll() is None
    finally:
        p.kill()
        p.wait()
    dropped = [x for x in lab.logs(1).splitlines() if " is dropped: " in x and "an announcement from " in x]
    assert 1 <= len(dropped) <= 2 and all(f"from {addr(lab, 3)} is" in x for x in dropped), dropped


def test_leaving(lab):
    for node in (1, 2, 3):
        configure(lab, node, *YES)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    one, two, three = (number(lab, n) for n in (1, 2, 3))
    pid = status(lab, 3)["pid"]
    assert lab.run(3, ["kill", str(pid)]).returncode == 0
    for node in (1, 2):
        wait_for(lambda n=node: states(lab, n).get(three) == "left", 5)
    r = lab.run(2, [str(lab.bin / "mosctl"), "leave", "--yes"])
    assert r.returncode == 0, r.stderr
    wait_for(lambda: set(states(lab, 1)) == {one, three})
    assert not lab.inside(2, NUMBER).exists() and "discover" not in lab.inside(2, CONF).read_text()
    assert not discovers(lab, 2) and not number(lab, 2)
    # what it hears now makes it known to nobody: it has no key
    r = omdiscd(lab, 1, "-n")
    assert set(r.stdout.splitlines()) == {f"{one} {addr(lab, 1)} 1"}
    assert two not in states(lab, 1)


def test_omdiscd(lab):
    configure(lab, 1, *YES)
    configure(lab, 2, "members = key", alone="no number yet: write")
    assert "no number yet" in status(lab, 2)["alone_because"]
    assert omdiscd(lab, 2, "-i", "eth0", uid=ORDINARY).returncode == 5
    r = omdiscd(lab, 2, "-i", "eth0,none0")
    assert r.returncode == 1 and "no network interface 'none0'" in r.stderr
    assert not discovers(lab, 2)
    r = omdiscd(lab, 2, "-i", "eth0", "-m", "3")
    assert r.returncode == 0 and r.stdout.startswith("mosd discovers nodes on eth0 until"), r
    wait_for(lambda: all_alive(lab, 1, 2))
    restart_mosd(lab, 2)
    wait_for(lambda: all_alive(lab, 1, 2))
    assert discovery(lab, 2)["ttl"] == 3
    assert [x["name"] for x in discovery(lab, 2)["links"]] == ["eth0"]
    r = omdiscd(lab, 2, "--stop")
    assert r.returncode == 0 and r.stdout.endswith(": it discovers no nodes\n"), r
    assert not discovers(lab, 2) and number(lab, 2) == belongs_to(addr(lab, 2))
    # ... also when it is asked to stop while it still waits whether somebody objects
    assert omdiscd(lab, 2).returncode == 0
    waited = False
    for _ in range(10):  # it waits for a second, and this machine may be slow
        lab.inside(2, "/run/umosix/number").unlink(missing_ok=True)
        assert lab.run(2, [str(lab.bin / "mosctl"), "reload"]).returncode == 0
        waited = "datagrams" not in ask(lab, 2, "status")[-1]
        if waited:
            break
    assert waited
    assert omdiscd(lab, 2, "--stop").returncode == 0
    wait_for(lambda: all_alive(lab, 1, 2))
    configure(lab, 3, "members = map")
    r = omdiscd(lab, 3)
    assert r.returncode == 1 and "members = key" in r.stderr
    r = omdiscd(lab, 3, "-n", "-i", "lo")
    assert r.returncode == 1 and "no interface to look on" in r.stderr
    r = lab.run(3, ["sh", "-ec", "ip link add q0 type veth peer name q1; ip addr add 10.99.0.1/24 dev q0; "
                                 "ip link set q0 up; ip link set q1 up"])
    assert r.returncode == 0, r.stderr
    r = omdiscd(lab, 3, "-n", "-i", "q0")
    assert r.returncode == 1 and "no node answers" in r.stderr
    r = omdiscd(lab, 3, "-n", "-i", "q0", "--json")
    assert (r.returncode, json.loads(r.stdout)) == (1, []) and "no node answers" in r.stderr
    r = omdiscd(lab, 3, "--json")
    assert r.returncode == 2 and "--json is for -n" in r.stderr


def test_discovery_that_cannot_be(lab):
    """Its port is another program's: what was said is not kept, and mosd goes on, also after a restart."""
    with subprocess.Popen(lab.command(2, [PYTHON, "-c", HOLD_PORT]), stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        try:
            r = omdiscd(lab, 2)
            assert r.returncode == 1 and "4661" in r.stderr, r
            assert lab.run(2, [str(lab.bin / "mosctl"), "reload"]).returncode == 0
            assert states(lab, 2) == {2: "alive"} and not discovers(lab, 2)
            configure(lab, 2, *YES, "node = 2")
            assert states(lab, 2) == {2: "alive"}
            assert "no node is discovered" in lab.logs(2)
        finally:
            holder.kill()


def test_addresses_come_and_go(lab):
    old = addr(lab, 2)
    net, host = old.rsplit(".", 1)
    configure(lab, 1, *YES)
    wait_for(lambda: all_alive(lab, 1))
    assert lab.run(2, ["ip", "addr", "del", f"{old}/24", "dev", "eth0"]).returncode == 0
    configure(lab, 2, "members = key", "discover = eth0", alone="no interface on which it is to discover")
    wait_for(lambda: "has an address" in status(lab, 2).get("alone_because", ""))
    assert lab.run(2, ["ip", "addr", "add", f"{old}/24", "dev", "eth0"]).returncode == 0
    wait_for(lambda: all_alive(lab, 1, 2))
    two = number(lab, 2)
    assert two == belongs_to(old)
    # another address: the number stays, and others hear of it
    new = f"{net}.1{host}"
    script = f"ip addr del {old}/24 dev eth0 && ip addr add {new}/24 dev eth0"
    assert lab.run(2, ["sh", "-c", script]).returncode == 0
    wait_for(lambda: f"{two} {new} 1" in written(lab, 1))
    wait_for(lambda: all_alive(lab, 1, 2))
    assert number(lab, 2) == two


def test_interfaces_of_choice(lab):
    """Who looks on one interface only is not found on the other."""
    for node in (1, 2, 3):
        script = f"ip link add x0 type veth peer name x1 && ip addr add 10.99.0.{node}/24 dev x0 && " \
                 "ip link set x0 up && ip link set x1 up"
        assert lab.run(node, ["sh", "-c", script]).returncode == 0
    configure(lab, 1, *YES)
    configure(lab, 2, "members = key", "discover = x0")
    configure(lab, 3, "members = key", "discover = eth0")
    wait_for(lambda: all_alive(lab, 1, 3) and number(lab, 2))
    assert {x["name"]: x["addr"] for x in discovery(lab, 1)["links"]} == {"eth0": addr(lab, 1), "x0": "10.99.0.1"}
    assert [x["name"] for x in discovery(lab, 3)["links"]] == ["eth0"]
    assert number(lab, 2) == belongs_to("10.99.0.2")
    assert discovery(lab, 2)["received"] == 0 and list(states(lab, 2)) == [number(lab, 2)]
    assert omdiscd(lab, 2, "-i", "eth0,x0").returncode == 0
    wait_for(lambda: all_alive(lab, 1, 2, 3))


@pytest.mark.parametrize("ttl", [1, 2])
def test_ipv6(lab, ttl):
    for node in (1, 2):
        script = f"ip addr add fd77::{node}/64 dev eth0 nodad && ip addr del {addr(lab, node)}/24 dev eth0"
        assert lab.run(node, ["sh", "-c", script]).returncode == 0
        configure(lab, node, *YES, f"discover-ttl = {ttl if node == 1 else 1}")
    wait_for(lambda: all_alive(lab, 1, 2))
    addrs = {n["addr"] for n in ask(lab, 1, "nodes")[:-1]}
    assert addrs == {"fd77::1", "fd77::2"}
    assert {n: len(omdiscd(lab, n, "-n").stdout.splitlines()) for n in (1, 2)} == {1: 2, 2: 2}
