# SPDX-License-Identifier: GPL-2.0-or-later
"""A new machine joins with a token that an old node gave, works, and leaves again; a token that is used,
stale, wrong or another's opens nothing."""

import concurrent.futures
import re
import signal
import socket
import time

import pytest

from moslab import ORDINARY
from test_gossip import ask
from test_loss import ANSWER, answers, away, start
from test_members import CONF, NODES, address, all_alive, keyed, mosctl, states  # pylint: disable=unused-import
from test_rejoin import wait_for

KEY = "/etc/umosix/cluster.key"


def run(lab, node, *args, uid=0):
    return lab.run(node, [str(lab.bin / "mosctl"), *args], uid=uid)


def reload_alone(lab, node: int) -> None:
    """What it has now makes it a node of nothing, and that is told."""
    r = run(lab, node, "reload")
    assert (r.returncode, "no more in a cluster" in r.stderr) == (1, True), r
    assert not ask(lab, node, "status")[-1]["networked"]


@pytest.fixture
def bare(keyed):
    """Node 1 is a cluster of its own; 2 and 3 are machines that were never in one."""
    for node in (2, 3):
        keyed.inside(node, KEY).unlink()
        conf = keyed.inside(node, CONF)
        lines = [x for x in conf.read_text().splitlines() if not re.match("node|members", x)]
        conf.write_text("\n".join(["# ours", *lines]) + "\n")
        keyed.inside(node, NODES).unlink(missing_ok=True)
        reload_alone(keyed, node)
    return keyed


def token(lab, node: int, *args: str) -> list[str]:
    """What is to be typed on the new machine."""
    words = mosctl(lab, node, "token", *args).split()
    assert words[:2] == ["mosctl", "join"]
    return words[1:]


def join(lab, node: int, by: int, *args: str) -> str:
    return mosctl(lab, node, *token(lab, by, *args))


def refused(lab, node: int, who: int) -> tuple[int, int]:
    """Tokens that opened nothing there: how many were counted, and how many lines say so of @who."""
    addr = lab.run(who, ["hostname", "-I"]).stdout.split()[0]
    counted = ask(lab, node, "status")[-1]["streams"]["unknown_token"]
    return counted, lab.logs(node).count(f"stream from {addr} refused: nobody waits for this stream")


def one_more(before: tuple[int, int]) -> tuple[int, int]:
    return before[0] + 1, before[1] + 1


def test_joins_works_and_leaves(bare):
    lab = bare
    before = lab.inside(2, CONF).read_text()
    assert "this machine is node 2" in join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    assert "this machine is node 3" in join(lab, 3, 2)  # by way of one that has just joined
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    for node in (2, 3):
        assert lab.inside(node, KEY).read_bytes() == lab.inside(1, KEY).read_bytes()
        assert lab.inside(node, KEY).stat().st_mode & 0o777 == 0o600
    assert "# ours" in lab.inside(2, CONF).read_text()

    job = start(lab, lab.folder("joined"), ANSWER)
    away(lab, job, 3)
    answers(job, "at three")
    away(lab, job, 2)
    answers(job, "at two")

    r = run(lab, 2, "leave")
    assert r.returncode == 2 and "--yes" in r.stderr
    r = run(lab, 2, "leave", "--yes")
    assert r.returncode == 0, r.stderr
    assert "drain" not in r.stdout and r.stderr == "", r
    assert r.stdout.endswith("the other nodes are told\nthis machine is in no cluster now\n"), r
    assert lab.why(job.pid)["node"] != 2
    answers(job, "after")
    for node in (1, 3):
        wait_for(lambda n=node: set(states(lab, n)) == {1, 3})
        wait_for(lambda n=node: address(lab, n) and "10.77" in lab.inside(n, NODES).read_text()
                 and not re.search("^2 ", lab.inside(n, NODES).read_text(), re.M))
    assert not lab.inside(2, KEY).exists() and not lab.inside(2, NODES).exists()
    assert lab.inside(2, CONF).read_text() == before
    status = ask(lab, 2, "status")[-1]
    assert not status["networked"] and not status["flags"]

    # and once more: its number is free again
    assert "this machine is node 2" in join(lab, 2, 3)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    away(lab, job, 2)
    answers(job, "again")
    job.kill(signal.SIGKILL)


def make_bare(lab, node: int) -> None:
    """Its files are gone, and nobody was told."""
    conf = lab.inside(node, CONF)
    conf.write_text("\n".join(x for x in conf.read_text().splitlines()
                              if not re.match("node|members", x)) + "\n")
    for path in (KEY, NODES):
        lab.inside(node, path).unlink()
    reload_alone(lab, node)


@pytest.mark.parametrize("number", [(), ("--node", "9")], ids=["its-number", "another"])
def test_joins_again_without_a_farewell(bare, number):
    """The others still know it under its address: it comes back, and is there once."""
    lab = bare
    join(lab, 2, 1)
    join(lab, 3, 1)
    wait_for(lambda: all_alive(lab, 1, 2, 3))
    make_bare(lab, 2)
    wait_for(lambda: states(lab, 1)[2] == "dead")
    expected = 9 if number else 2
    assert f"this machine is node {expected}," in mosctl(lab, 2, *token(lab, 1, *number))
    for node in (1, 2, 3):
        wait_for(lambda n=node: {k for k, s in states(lab, n).items() if s == "alive"} == {1, 3, expected})


def test_leaving_that_fails_half_way(bare):
    lab = bare
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    assert lab.run(2, ["mount", "--bind", KEY, KEY]).returncode == 0  # now it cannot be removed
    r = run(lab, 2, "leave", "--yes")
    assert r.returncode == 1 and KEY in r.stderr and "again" in r.stderr
    assert lab.run(2, ["umount", KEY]).returncode == 0
    r = run(lab, 2, "leave", "--yes")
    assert r.returncode == 0, r.stderr
    wait_for(lambda: set(states(lab, 1)) == {1})
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))


def test_who_hangs_up_does_not_leave(bare):
    """Whoever asked mosd for it is gone before the others have heard: nothing is left half done."""
    lab = bare
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(lab.inside(2, "/run/umosix/control")))
        s.sendall(b'{"op":"part"}\n')
        wait_for(lambda: "leaves the cluster for good" in lab.logs(2))
    wait_for(lambda: "does not leave the cluster" in lab.logs(2))
    mosctl(lab, 2, "reload")
    wait_for(lambda: all_alive(lab, 1, 2))
    assert "forgotten" not in lab.logs(1)


def test_a_spoiled_list_of_nodes(bare):
    """It is mosd's own: it costs what was known, and not the node."""
    lab = bare
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    lab.inside(2, NODES).write_text("1 10.0.0.1 1\n1 10.0.0.2 1\nnonsense\n")
    mosctl(lab, 2, "reload")
    assert "have to be found anew" in lab.logs(2)
    wait_for(lambda: all_alive(lab, 1, 2))  # node 1 still speaks to it


def test_a_token_is_good_once(bare):
    lab = bare
    words = token(lab, 1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda n: run(lab, n, *words), (2, 3)))
    assert sorted(r.returncode for r in results) == [0, 1]
    loser = 2 if results[0].returncode else 3
    assert not lab.inside(loser, KEY).exists()
    before = refused(lab, 1, loser)
    r = run(lab, loser, *words)
    assert r.returncode == 1
    assert refused(lab, 1, loser) == one_more(before)
    assert "does not know this token" in r.stderr and "mosctl token" in r.stderr


def test_a_stale_token(bare):
    lab = bare
    word = ask(lab, 1, "token", seconds=1)[-1]["token"]
    over = time.monotonic() + 1.1
    wait_for(lambda: time.monotonic() > over)
    before = refused(lab, 1, 2)
    r = run(lab, 2, "join", address(lab, 1), word)
    assert r.returncode == 1 and "does not know this token" in r.stderr
    assert refused(lab, 1, 2) == one_more(before)


def test_a_number_that_is_taken_by_then(bare):
    """The node that gave the token tells which machine it did not take."""
    lab = bare
    first, second = token(lab, 1, "--node", "9"), token(lab, 1, "--node", "9")
    mosctl(lab, 2, *first)
    r = run(lab, 3, *second)
    assert r.returncode == 1 and "take another token" in r.stderr, r
    addr = lab.run(3, ["hostname", "-I"]).stdout.split()[0]
    assert f"a machine at {addr} does not join: node 9 is at" in lab.logs(1)


def test_refusals(bare):
    lab = bare
    host, word = token(lab, 1)[1:]
    wrong = ("0" if word[0] != "0" else "1") + word[1:]
    cases = [
        ((1, "token"), ORDINARY, 5, "only root"),
        ((2, "join", host, word), ORDINARY, 5, "only root"),
        ((2, "token"), 0, 1, "in no cluster"),
        ((2, "join", host), 0, 2, "mosctl token"),
        ((2, "join", host, word[:-1]), 0, 2, "32 hexadecimal digits"),
        ((2, "join", host, wrong), 0, 1, "does not know this token"),
        ((2, "join", "no such host", word), 0, 1, "is no host"),
        ((2, "join", "--port", "9", host, word), 0, 1, "port 9"),
        ((1, "join", host, word), 0, 1, "has the key of a cluster"),
        ((1, "token", "--node", "1"), 0, 1, "node 1 is at"),
        ((1, "token", "--node", "0"), 0, 2, "65535"),
        ((2, "leave", "--yes"), 0, 1, "in no cluster"),
    ]
    before = refused(lab, 1, 2)
    for (node, *args), uid, status, text in cases:
        r = run(lab, node, *args, uid=uid)
        assert (r.returncode, text in r.stderr) == (status, True), (args, r)
    assert refused(lab, 1, 2) == one_more(before)  # the wrong one; the others never came so far
    assert not lab.inside(2, KEY).exists()
    assert "node 77" in mosctl(lab, 2, *token(lab, 1, "--node", "77"))
    assert run(lab, 3, "join", host, word).returncode == 0  # none of that has used it up
    for node in (1, 2, 3):
        wait_for(lambda n=node: states(lab, n) == {1: "alive", 2: "alive", 77: "alive"})


def test_a_guest_keeps_a_node_from_parting(bare):
    """Whoever asks mosd itself, without the drain before it."""
    lab = bare
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    job = start(lab, lab.folder("stays"), ANSWER)
    away(lab, job, 2)
    with pytest.raises(AssertionError, match="not-empty"):
        ask(lab, 2, "part")
    with pytest.raises(AssertionError, match="not-empty"):
        ask(lab, 1, "part")
    answers(job, "still")
    job.kill(signal.SIGKILL)


def test_leaving_gives_up_in_time(bare):
    """A guest that does not go: the machine is still a node then, and says how both ways go on."""
    lab = bare
    join(lab, 2, 1)
    wait_for(lambda: all_alive(lab, 1, 2))
    job = start(lab, lab.folder("held"), ANSWER)
    away(lab, job, 2)
    tracer = re.search(r"TracerPid:\t(\d+)", lab.run(1, ["cat", f"/proc/{job.pid}/status"]).stdout)[1]
    assert lab.run(1, ["kill", "-STOP", tracer]).returncode == 0
    try:
        r = run(lab, 2, "leave", "--yes", "--timeout", "1")
        assert r.returncode == 1 and "the time is over: 1 guest is left; mosd goes on" in r.stdout, r
        assert "still a node" in r.stderr and "`mosctl leave` goes on" in r.stderr, r
        assert ask(lab, 2, "status")[-1]["networked"]
        assert run(lab, 2, "leave", "--yes", "--timeout").returncode == 2
    finally:
        assert lab.run(1, ["kill", "-CONT", tracer]).returncode == 0
    assert run(lab, 2, "leave", "--yes").returncode == 0
    answers(job, "after")
    job.kill(signal.SIGKILL)
