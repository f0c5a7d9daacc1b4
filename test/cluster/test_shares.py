# SPDX-License-Identifier: GPL-2.0-or-later
"""Who gets how much: nodes of unequal size share in proportion, and so do users of two homes."""

import time

import pytest

import moslab
from conftest import make_lab, use
from moslab import ORDINARY
from test_balance import LONG, nodes, places, until

pytestmark = pytest.mark.alone

PLACES = {0: 1, 2: 2, 3: 3}


SHARE = ("usher = no", "speed = 10000")


@pytest.fixture(scope="module")
def made():
    """Node 2 is twice as large as each of the others."""
    lab = make_lab(conf=SHARE, limits=("--cpus", "0.3", "--node", "2:cpus=0.6"))
    yield lab
    lab.close()


@pytest.fixture
def lab(made, request):
    yield from use(made, request)


@pytest.fixture(scope="module")
def made_equal():
    """All are of one size, and say that they are of one speed."""
    lab = make_lab(conf=SHARE, limits=("--cpus", "0.4"))
    yield lab
    lab.close()


@pytest.fixture
def equal(made_equal, request):
    yield from use(made_equal, request)


def counts(lab, jobs) -> tuple[int, ...]:
    at = [PLACES[p] for p in places(lab, jobs)]
    return tuple(at.count(n) for n in (1, 2, 3))


def holds(what: str, within: float, lab, jobs, right) -> None:
    """@right of the counts becomes true, and is at each look of the next five seconds."""
    seen: list[tuple] = []
    since = [0.0]

    def long_enough() -> bool:
        seen.append(counts(lab, jobs))
        if not right(*seen[-1]):
            since[0] = 0.0
        elif not since[0]:
            since[0] = time.monotonic()
        return bool(since[0]) and time.monotonic() > since[0] + 5

    try:
        until(what, within, long_enough)
    finally:
        print("counts:", [c for c, before in zip(seen, [None, *seen]) if c != before])


def moves(lab, jobs) -> int:
    return sum(lab.why(j.pid)["move_count"] for j in jobs)


def test_unequal_nodes_share_in_proportion(lab, home_dir):
    """2, 4, 2 of eight, or one more at node 2; three there is what a balancer gives that is blind to sizes."""
    jobs = [lab.job(LONG, home_dir, name=f"job{i}") for i in range(8)]
    holds("half of them at the node that is half of all", 60, lab, jobs,
          lambda one, two, three: 4 <= two <= 5 and min(one, three) >= 1)
    assert moves(lab, jobs) <= 2 * len(jobs)


def test_a_faster_node_gets_more(equal):
    """As many processors, but each told to be twice as fast: half of the jobs go there, too."""
    conf = equal.inside(2, "/etc/umosix/mosd.conf")
    before = conf.read_text()
    conf.write_text(before.replace("speed = 10000", "speed = 20000"))
    mosctl = str(equal.bin / "mosctl")
    try:
        assert equal.run(2, [mosctl, "reload"]).returncode == 0
        until("the speed is known", 10, lambda: nodes(equal).get(2, {}).get("speed") == 20000 and
              all(n["state"] == "alive" for n in nodes(equal).values()))
        folder = equal.folder("faster")
        jobs = [equal.job(LONG, folder, name=f"job{i}") for i in range(8)]
        holds("half of them at the node that is twice as fast", 60, equal, jobs,
              lambda one, two, three: 4 <= two <= 5 and min(one, three) >= 1)
        assert moves(equal, jobs) <= 2 * len(jobs)
    finally:
        conf.write_text(before)
        assert equal.run(2, [mosctl, "reload"]).returncode == 0


def test_a_node_that_lies_about_its_speed(equal):
    """Nobody is ten thousand times as fast: that is counted, told once, and draws nothing."""
    def unbelieved() -> int:
        return equal.asked(1, op="status")[-1]["unbelieved"]

    def told() -> list[str]:
        return [line for line in equal.logs(1).splitlines() if "is not believed" in line]

    before, began = unbelieved(), time.monotonic()
    equal.asked(2, op="speed", value=100_000_000)
    try:
        until("the lie is known", 10, lambda: unbelieved() > before)
        folder = equal.folder("lies")
        jobs = [equal.job(LONG, folder, name=f"job{i}") for i in range(6)]
        holds("only honest nodes have them", 40, equal, jobs,
              lambda one, two, three: not two and abs(one - three) <= 2)
        assert moves(equal, jobs) <= 2 * len(jobs)
        assert all(m["to"] != 2 for j in jobs for m in moslab.completed(equal.why(j.pid)))
        assert unbelieved() - before > 5 and "node 2 tells a speed of 100000000" in told()[0]
        assert len(told()) <= 1 + (time.monotonic() - began) // 60
        assert equal.migrate(jobs[0].pid, 2).returncode == 0  # who asks for it may
    finally:
        equal.asked(2, op="speed", value=0)
    until("some go there now", 40, lambda: counts(equal, jobs[1:])[1] >= 1)


def used(lab, node: int, pids: list[int]) -> float:
    rows = {p["pid"]: p for p in lab.mps(node)}
    return sum(rows[pid]["cpu_us"] + rows[pid]["away_cpu_us"] for pid in pids) / 1e6


def test_users_of_two_homes_get_their_shares(lab, home_dir):
    """Four jobs of one at node 1, four of another at node 3: what both get is alike."""
    one = [lab.job(LONG, home_dir, name=f"one{i}") for i in range(4)]
    other = [lab.job(LONG, home_dir, node=3, uid=ORDINARY + 1, name=f"other{i}") for i in range(4)]

    def both() -> tuple[float, float]:
        return used(lab, 1, [j.pid for j in one]), used(lab, 3, [j.pid for j in other])

    until("all are known", 20, lambda: {j.pid for j in one} <= {p["pid"] for p in lab.mps(1)} and
          {j.pid for j in other} <= {p["pid"] for p in lab.mps(3)})
    until("both have sent some away", 60, lambda: all(
        any(p["away_cpu_us"] for p in lab.mps(node)) for node in (1, 3)) and min(both()) > 3)
    begin = both()
    until("they go on for some seconds", 60, lambda: sum(both()) > sum(begin) + 16)
    end = both()
    got = [e - b for b, e in zip(begin, end)]
    print("got:", got)
    assert max(got) < 2 * min(got)
