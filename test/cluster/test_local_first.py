# SPDX-License-Identifier: GPL-2.0-or-later
"""A node's own users come first: its load is told apart from its guests', and guests make room."""

import pytest

import moslab
from conftest import make_lab, use
from test_balance import LONG, causes, nodes, until
from test_measure import Program

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def three():
    made = make_lab(conf=("usher = no", "speed = 10000"), limits=("--cpus", "0.5"))
    yield made
    made.close()


@pytest.fixture
def lab(three, request):
    yield from use(three, request)


def seen(lab, node: int) -> dict:
    return nodes(lab, node)[node]


def still(lab, on: bool) -> None:
    for node in (1, 2, 3):
        r = lab.run(node, [str(lab.bin / "mosctl"), "stay" if on else "nostay"])
        assert r.returncode == 0, r.stderr


def test_native_load_is_told(lab, home_dir):
    still(lab, True)
    job = lab.job(LONG, home_dir)
    lab.move(job.pid, 2)
    until("a guest is no native load", 30, lambda: seen(lab, 2)["runnable"] > 800 and
          seen(lab, 2)["native"] < 250)
    with Program(lab, 2, LONG):
        until("a program of its own is", 30, lambda: seen(lab, 2)["runnable"] > 1700 and
              700 < seen(lab, 2)["native"] < 1300)
        # and the others know
        until("node 1 hears", 10, lambda: 700 < nodes(lab, 1)[2]["native"] < 1300)
    lab.move(job.pid, "home")
    until("all of it is its own users' again", 30, lambda: seen(lab, 1)["runnable"] > 800 and
          seen(lab, 1)["native"] == seen(lab, 1)["runnable"])


def test_a_guest_makes_room(lab, home_dir):
    """Nobody gains by its leaving but those who work at that node: two tasks are there, and one where it
    goes, and that is a guest."""
    still(lab, True)
    guest, other = [lab.job(LONG, home_dir, name=f"job{n}") for n in (2, 3)]
    lab.move(guest.pid, 2)
    lab.move(other.pid, 3)
    with Program(lab, 1, LONG), Program(lab, 2, LONG):
        until("all see it", 30, lambda: [nodes(lab, 1)[n]["native"] > 700 for n in (1, 2, 3)] ==
              [True, True, False] and nodes(lab, 1)[2]["runnable"] > 1700)
        still(lab, False)
        until("it leaves", 60, lambda: lab.why(guest.pid)["node"] == 3)
        assert lab.why(other.pid)["node"] == 3
    assert causes(lab, guest)[-1] not in ("asked", "")
