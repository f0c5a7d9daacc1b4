# SPDX-License-Identifier: GPL-2.0-or-later
"""Who gets how much: nodes of unequal size share in proportion, and so do users of two homes."""

import pytest

from conftest import make_lab, use
from moslab import ORDINARY
from test_balance import LONG, places, until

pytestmark = pytest.mark.alone

PLACES = {0: 1, 2: 2, 3: 3}


@pytest.fixture(scope="module")
def made():
    """Node 2 is twice as large as each of the others."""
    lab = make_lab(conf=("usher = no", "speed = 10000"),
                   limits=("--cpus", "0.3", "--node", "2:cpus=0.6"))
    yield lab
    lab.close()


@pytest.fixture
def lab(made, request):
    yield from use(made, request)


def test_unequal_nodes_share_in_proportion(lab, home_dir):
    jobs = [lab.job(LONG, home_dir, name=f"job{i}") for i in range(8)]
    counts: list[tuple] = []

    def in_proportion() -> bool:
        at = [PLACES[p] for p in places(lab, jobs)]
        counts.append(tuple(at.count(n) for n in (1, 2, 3)))
        # 2, 4, 2; or one away from that
        return counts[-1] in ((2, 4, 2), (2, 3, 3), (3, 3, 2), (1, 4, 3), (3, 4, 1), (1, 5, 2), (2, 5, 1))

    until("two, four, two", 60, in_proportion)
    moves = sum(lab.why(j.pid)["move_count"] for j in jobs)
    print("counts:", counts[-1], "moves:", moves)
    assert moves <= 2 * len(jobs)


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
