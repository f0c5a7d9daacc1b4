# SPDX-License-Identifier: GPL-2.0-or-later
"""Members by key: whoever has the key is one, each hears of all from any, and who has left is
forgotten; a stranger's key opens nothing."""

import re
import signal

import pytest

import conftest
import moslab
from test_gossip import ask
from test_loss import ANSWER, answers, away, start
from test_rejoin import restart_mosd, wait_for

CONF = "/etc/umosix/mosd.conf"
NODES = "/var/lib/umosix/nodes"


@pytest.fixture
def keyed(request):
    """Three nodes that have the key, and do not know of each other."""
    made = conftest.make_lab(conf=(*moslab.STILL, "members = key"))
    request.node.used_lab = (made, {n: 0 for n in range(1, made.nodes + 1)})
    yield made
    made.close()


def mosctl(lab, node: int, *args: str):
    r = lab.run(node, [str(lab.bin / "mosctl"), *args])
    assert r.returncode == 0, r.stderr
    return r.stdout


def states(lab, node: int) -> dict[int, str]:
    return {n["node"]: n["state"] for n in ask(lab, node, "nodes")[:-1]}


def address(lab, node: int) -> str:
    me, = [n for n in ask(lab, node, "nodes")[:-1] if n["me"]]
    return me["addr"]


def told_of(lab, node: int, other: int) -> None:
    """As a node that has joined by way of @other."""
    lab.inside(node, NODES).write_text(f"{other} {address(lab, other)} 1\n")
    mosctl(lab, node, "reload")


def all_alive(lab, *nodes: int) -> bool:
    return all(states(lab, n) == {k: "alive" for k in nodes} for n in nodes)


def together(lab) -> None:
    told_of(lab, 2, 1)
    told_of(lab, 3, 1)
    wait_for(lambda: all_alive(lab, 1, 2, 3))


def written(lab, node: int) -> set[str]:
    try:
        return set(lab.inside(node, NODES).read_text().splitlines())
    except FileNotFoundError:  # it does so once a second
        return set()


def test_each_hears_of_all(keyed, request):
    lab = keyed
    assert states(lab, 1) == {1: "alive"}
    together(lab)
    everyone = {f"{n} {address(lab, n)} 1" for n in (1, 2, 3)}
    for node in (1, 2, 3):
        wait_for(lambda n=node: written(lab, n) == everyone)
    folder = lab.folder("by-key")
    job = start(lab, folder, ANSWER)
    for at in (2, 3):
        away(lab, job, at)
        answers(job, f"at {at}")
    job.kill(signal.SIGKILL)
    # a mosd that begins anew knows them all, with nobody to tell it
    lab.node_verb("kill", 1)
    lab.node_verb("kill", 2)
    restart_mosd(lab, 3)
    wait_for(lambda: set(states(lab, 3)) == {1, 2, 3})
    lab.node_verb("start", 1)
    lab.node_verb("start", 2)
    wait_for(lambda: all_alive(lab, 1, 2, 3))


def test_another_key_opens_nothing(keyed):
    lab = keyed
    key = lab.inside(3, "/etc/umosix/cluster.key")
    key.write_text("ab" * 32 + "\n")
    told_of(lab, 2, 1)
    told_of(lab, 3, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    wait_for(lambda: ask(lab, 1, "status")[-1]["datagrams"]["forged"] > 3)
    assert set(states(lab, 1)) == set(states(lab, 2)) == {1, 2}
    assert states(lab, 3)[1] != "alive"


def test_an_address_that_changes(keyed):
    lab = keyed
    together(lab)
    new = re.sub(r"\.3$", ".33", address(lab, 3))
    dev = re.search(r"dev (\S+)", lab.run(3, ["ip", "-4", "route", "get", address(lab, 1)]).stdout)[1]
    r = lab.run(3, ["sh", "-c", f"ip addr add {new}/24 dev {dev} && "
                                f"ip addr del {address(lab, 3)}/24 dev {dev}; "
                                f"ip addr show dev {dev} | grep -q {new} || ip addr add {new}/24 dev {dev}"])
    assert r.returncode == 0, r.stderr
    mosctl(lab, 3, "reload")
    assert address(lab, 3) == new

    def known(node):
        return {n["node"]: n["addr"] for n in ask(lab, node, "nodes")[:-1]}.get(3) == new

    wait_for(lambda: known(1) and known(2) and all_alive(lab, 1, 2, 3))


def test_two_of_one_number(keyed):
    lab = keyed
    together(lab)
    conf = lab.inside(3, CONF)
    conf.write_text(conf.read_text().replace("node = 3", "node = 2"))
    lab.inside(3, NODES).write_text(f"1 {address(lab, 1)} 1\n")
    mosctl(lab, 3, "reload")
    wait_for(lambda: "both say that they are node 2" in lab.logs(1))
    line, = [x for x in lab.logs(1).splitlines() if "both say" in x]
    assert address(lab, 2) in line and address(lab, 3) in line
