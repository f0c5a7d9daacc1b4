# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that were never under mosrun: their users move them, and by themselves they move if a rule means them."""

import json
import re

import pytest

import conftest
import moslab
from moslab import ORDINARY
from test_gossip import ask
from test_members import CONF, mosctl
from test_rejoin import wait_for

PY = moslab.PYTHON
OTHER = ORDINARY + 1
# Works until it is told to tell whether all pieces of its work came out alike.
WORK = ("import select, sys\ndef piece():\n    x = 0\n    for i in range(300000):\n"
        "        x = (x * 31 + i) % 1000003\n    return x\n"
        "first, right = piece(), True\nprint('up', flush=True)\n"
        "while not select.select([sys.stdin], [], [], 0)[0]:\n    right &= piece() == first\n"
        "print('right' if right else 'wrong', flush=True)\n")


@pytest.fixture
def free(request):
    """Three nodes that move by themselves, all for load."""
    made = conftest.make_lab(conf=("usher = no",))
    request.node.used_lab = (made, {n: 0 for n in range(1, made.nodes + 1)})
    yield made
    made.close()


def native(lab, folder: str, uid: int):
    """A program of @uid, not by mosrun."""
    job = lab.job([PY, "-c", WORK], folder, pty=True, mosrun=False, uid=uid)
    job.shows("up\r\n")
    return job


def test_moved_by_hand(lab, home_dir):
    job = native(lab, home_dir, ORDINARY)
    for place in (2, 3, "home"):
        lab.move(job.pid, place)
    why = lab.why(job.pid)
    assert why["how"] == "adopted"
    assert [m["node"] for m in moslab.completed(why)] == [2, 3, 0]
    job.type("tell\n")
    job.shows("right", 60)
    assert job.wait(20) == ("exited", 0)


def rule(lab, *lines: str) -> None:
    conf = lab.inside(1, CONF)
    kept = [x for x in conf.read_text().splitlines() if not x.startswith("adopt")]
    conf.write_text("\n".join([*kept, *(f"adopt = {x}" for x in lines)]) + "\n")
    mosctl(lab, 1, "reload")


@pytest.mark.alone
def test_adopted_and_moved(free):
    lab = free
    folder = lab.folder("adopted")
    ours = [native(lab, folder, ORDINARY) for _ in range(3)]
    theirs = native(lab, folder, OTHER)
    rule(lab, f"user={ORDINARY} program=python* age=2")
    wait_for(lambda: any(lab.why(j.pid)["node"] > 1 for j in ours), 60)
    gone = next(j for j in ours if lab.why(j.pid)["node"] > 1)
    assert "adopted by the rule" in mosctl(lab, 1, "why", str(gone.pid))
    why = lab.why(gone.pid)
    assert why["how"] == "adopted" and [m for m in why["moves"] if m["ok"]]
    wait_for(lambda: ask(lab, 1, "ps", all=True) and lab.why(gone.pid).get("counters", {}).get(
        "away_cpu_us", 0) > 3_000_000, 60)
    why = mosctl(lab, 1, "why", str(theirs.pid))
    assert "never" in why or "nobody has moved it" in why
    assert "no rule means it" in why
    for job in (*ours, theirs):
        job.type("tell\n")
        job.shows("right", 60)


def test_not_yet_and_not_this_one(free):
    lab = free
    job = native(lab, lab.folder("young"), ORDINARY)
    rule(lab, f"user={ORDINARY} age=5000")
    told = re.search(r"it is adopted in (\d+) to (\d+) s by the rule", mosctl(lab, 1, "why", str(job.pid)))
    assert 4900 < int(told[1]) <= 5000 and int(told[2]) == int(told[1]) + 5
    rule(lab, "program=/usr/bin/nothing", f"user={OTHER}")
    assert "no rule means it" in mosctl(lab, 1, "why", str(job.pid))
    job.type("tell\n")
    job.shows("right", 60)


def test_adopted_at_home_is_seen(free):
    """By who does not know that it may move: mps has it before it ever moved, and why tells what keeps it here."""
    lab = free
    mosctl(lab, 1, "stay")
    job = native(lab, lab.folder("seen"), ORDINARY)
    assert ask(lab, 1, "ps", all=True)[-1]["count"] == 0
    rule(lab, f"user={ORDINARY} age=1")
    wait_for(lambda: ask(lab, 1, "ps", all=True)[-1]["count"] == 1, 30)
    r = lab.run(1, [str(lab.bin / "mps"), "--json"], uid=ORDINARY)
    assert [(p["pid"], p["how"], p["node"], p["moves"]) for p in json.loads(r.stdout)] == [(job.pid, "adopted", 0, 0)]
    wait_for(lambda: "balance" in lab.why(job.pid), 30)
    assert "Now it stays at home: stay is set there, so nothing leaves by itself" in mosctl(lab, 1, "why", str(job.pid))
    assert lab.why(job.pid)["balance"]["word"] == "stay"
    job.type("tell\n")
    job.shows("right", 60)


def test_a_bad_rule_changes_nothing(free):
    lab = free
    conf = lab.inside(1, CONF)
    before = conf.read_text()
    conf.write_text(before + "adopt = everything\n")
    r = lab.run(1, [str(lab.bin / "mosctl"), "reload"])
    assert r.returncode == 1
    assert f":{len(before.splitlines()) + 1}: adopt" in r.stderr and "user=NAME" in r.stderr
    conf.write_text(before)
