# SPDX-License-Identifier: GPL-2.0-or-later
"""Nobody types a node's number here: processes go by themselves where it is better."""

import json
import signal
import subprocess
import time

import pytest

import moslab
from conftest import make_lab, use

pytestmark = pytest.mark.alone

LOOP = 'BEGIN { for (i = 0; i < %d; i++) s += i %% 7; print s }'
LONG = ["gawk", LOOP % 10**9]
TALK = ["/usr/bin/python3", "-c", """
import os
fd = os.open("/etc/hostname", os.O_RDONLY)
while True:
    for i in range(50):
        os.pread(fd, 64, 0)
    sum(range(500))
"""]
HOG = """
import time
print("up", flush=True)
kept = []
while len(kept) < %d:
    kept.append(b"%%d" %% len(kept) * (1 << 18))
    time.sleep(0.02)
print("enough", flush=True)
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def three():
    """Each has a fair share of the machine, which is what a node of its own would be."""
    made = make_lab(conf=(), limits=("--cpus", "0.6"))
    yield made
    made.close()


@pytest.fixture
def lab(three, request):
    yield from use(three, request)


def until(what, seconds: float, ask):
    """The first true answer of @ask."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise moslab.Late(f"not within {seconds} s: {what}")
        time.sleep(0.09)  # to be asked without end would take the node's processor time


def nodes(lab, at: int = 1) -> dict:
    return {n["node"]: n for n in lab.asked(at, op="nodes")[:-1]}


def places(lab, jobs) -> list[int]:
    return [lab.why(job.pid)["node"] for job in jobs]


def causes(lab, job) -> list[str]:
    return [m["cause"] for m in moslab.completed(lab.why(job.pid))]


def test_all_know_each_other(lab):
    for at in (1, 2, 3):
        known = until("all nodes alive", 10, lambda at=at: all(
            n["state"] == "alive" and n["age_ms"] >= 0 for n in nodes(lab, at).values()) and
            nodes(lab, at))
        assert set(known) == {1, 2, 3}
        assert all(n["cpus"] == 600 and n["age_ms"] < 5000 for n in known.values()), known


def test_eight_jobs_spread(lab, home_dir):
    jobs = [lab.job(["gawk", LOOP % 12_000_000], home_dir, name=f"job{i}") for i in range(8)]
    spread = until("two or more on each node", 20, lambda: (
        lambda at: min(at.count(n) for n in (0, 2, 3)) >= 2 and at)(places(lab, jobs)))
    print("spread:", spread)
    for job in jobs:
        assert job.wait(120) == ("exited", 0), job.said()
    outs = {job.out for job in jobs}
    assert len(outs) == 1 and int(outs.pop()) == sum(i % 7 for i in range(12_000_000))
    for job in jobs:
        assert len(causes(lab, job)) <= 2 and set(causes(lab, job)) <= {"balance"}
        job.reap()
    decided = lab.tool("mosctl", "decisions").stdout
    assert "to be done sooner" in decided, decided


def test_decisions_are_followed(lab, home_dir):
    """mosctl decisions -f tells of each as it is made, and goes on until interrupted."""
    follow = [str(lab.bin / "mosctl"), "decisions", "-f", "--json"]
    with subprocess.Popen(lab.command(1, moslab.as_user(moslab.ORDINARY, follow)), stdout=subprocess.PIPE) as p:
        try:
            said = moslab.Lines(p.stdout.fileno())
            jobs = [lab.job(LONG, home_dir, name=f"followed{i}") for i in range(3)]
            pids, deadline, seen = {job.pid for job in jobs}, time.monotonic() + 30, None
            while not (seen and seen["pid"] in pids and seen["verdict"] == "go"):  # older ones come first
                line = said.next(deadline)
                assert line, "nothing was decided"
                seen = json.loads(line)
            assert (seen["from"], seen["reason"]) == (1, "balance")
            assert seen in lab.asked(1, op="decisions")[:-1]
            until("it moves as was said", 20, lambda: lab.why(seen["pid"])["node"])
            assert p.poll() is None
        finally:
            p.send_signal(signal.SIGINT)
        assert p.wait(10) != 0
    for job in jobs:
        job.kill(signal.SIGKILL)
        assert job.wait(20) == ("killed", 9)
        job.reap()


def test_a_job_that_talks_comes_home(lab, home_dir):
    job = lab.job(TALK, home_dir)
    lab.move(job.pid, 2)
    assert lab.why(job.pid)["node"] == 2
    until("home by itself", 40, lambda: places(lab, [job]) == [0])
    assert causes(lab, job) == ["asked", "come-home"]
    said = lab.tool("mosctl", "why", str(job.pid)).stdout
    assert "decided: it " in said and "home" in said, said


def test_locked_stays(lab, home_dir):
    jobs = [lab.job(["mosrun", "-L", *LONG], home_dir, name=f"locked{i}") for i in range(2)]
    free = [lab.job(LONG, home_dir, name=f"free{i}") for i in range(2)]
    until("the free ones leave", 20, lambda: all(places(lab, free)))
    assert places(lab, jobs) == [0, 0]


def test_a_newcomer_gets_work(lab, home_dir):
    until("node 3 has spoken", 10, lambda: nodes(lab)[3]["age_ms"] >= 0)  # one that never has is no loss
    lab.node_verb("kill", 3)
    until("node 3 is dead", 8, lambda: nodes(lab)[3]["state"] == "dead")
    jobs = [lab.job(LONG, home_dir, name=f"job{i}") for i in range(6)]
    until("half of them at node 2", 25, lambda: places(lab, jobs).count(2) >= 2)
    lab.node_verb("start", 3)
    until("node 3 gets work", 25, lambda: places(lab, jobs).count(3) >= 1)


def test_why_says_nothing_of_the_place_before(lab, home_dir):
    """What was decided a moment ago was about the node that the process has left since."""
    job = lab.job(["-L", *LONG], home_dir)  # it moves when it is told to only
    place = 1
    for where in (2, 3, "home", 2, "home"):
        told = until("it was looked at", 10, lambda: lab.why(job.pid).get("balance"))
        assert told["from"] == place
        lab.move(job.pid, where)
        place = 1 if where == "home" else where
        told = lab.why(job.pid).get("balance")
        assert not told or told["from"] == place


def test_quiet_is_not_short_of_memory(lab, home_dir):
    """It tells nobody what it has free, but knows it."""
    mosctl = str(lab.bin / "mosctl")
    assert lab.run(1, [mosctl, "quiet"]).returncode == 0
    try:
        job = lab.job(LONG, home_dir)
        told = until("it was looked at", 20, lambda: lab.why(job.pid).get("balance"))
        assert "usher" not in str(told) and "usher" not in causes(lab, job), told
        assert places(lab, [job]) == [0]
    finally:
        assert lab.run(1, [mosctl, "noquiet"]).returncode == 0


def test_drain_empties_a_node(lab, home_dir):
    jobs = [lab.job(LONG, home_dir, name=f"job{i}") for i in range(6)]
    until("some at node 2", 25, lambda: places(lab, jobs).count(2) >= 1)
    r = lab.run(2, [str(lab.bin / "mosctl"), "expel"], seconds=40)
    assert r.returncode == 0, r.stderr + r.stdout
    assert places(lab, jobs).count(2) == 0
    for job in jobs:
        assert not job.ended(), "a job was lost"
    assert "block" in nodes(lab, 2)[2]["flags"]
    assert lab.run(2, [str(lab.bin / "mosctl"), "noblock"]).returncode == 0


def test_drain_under_load_loses_nothing(lab, home_dir):
    """Node 2 computes for others and has work of its own away: all leaves, and each job ends as it should."""
    steps = 40_000_000
    work = ["gawk", LOOP % steps]
    own_dir = lab.folder("drained-own")
    guests = [lab.job(["-L", *work], home_dir, name=f"guest{i}") for i in range(2)]
    own = [lab.job(["-L", *work], own_dir, node=2, name=f"own{i}") for i in range(2)]
    for job in guests:
        lab.move(job.pid, 2)
    for job in own:
        until("it has left", 20, lambda job=job: lab.run(
            2, [str(lab.bin / "migrate"), str(job.pid), "3"], uid=moslab.ORDINARY).returncode == 0)
    before = nodes(lab, 2)[2]
    assert (before["guests"], before["away"]) == (2, 2)
    try:
        r = lab.run(2, [str(lab.bin / "mosctl"), "drain"], seconds=60)
        assert r.returncode == 0 and "drained" in r.stdout, r
        now = nodes(lab, 2)[2]
        assert (now["guests"], now["away"]) == (0, 0)
        assert not any(job.ended() for job in guests + own), "it was empty since the work was over"
        right = steps // 7 * 21 + sum(range(steps % 7))
        for job in guests + own:
            assert job.wait(120) == ("exited", 0), job.said()
            assert int(job.out) == right
        assert nodes(lab, 2)[2]["guests"] == 0
    finally:
        assert lab.run(2, [str(lab.bin / "mosctl"), "undrain"]).returncode == 0


@pytest.mark.timeout(900)
def test_spreads_nearly_as_well_as_by_hand(request):
    """bench/balance says what that is; it fails when it takes 1.25 times as long, or jobs move more than twice."""
    if not request.config.getoption("--long"):
        pytest.skip("takes some minutes: with --long")
    r = subprocess.run([moslab.PYTHON, str(moslab.REPO / "bench/balance")], text=True, capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=880, check=False)
    print(r.stdout)
    assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("usher", ["yes", "no"])
def test_a_memory_hog_leaves_in_time(request, usher):
    made = make_lab(nodes=2, conf=(f"usher = {usher}",), limits=("--node", "1:memory=300M"))
    try:
        if nodes(made)[1]["mem_total_kib"] > 400 << 10:
            pytest.skip("no memory controller limits a node here")
        for hog_lab in use(made, request):
            until("both there", 10, lambda: all(
                n["state"] == "alive" for n in nodes(hog_lab).values()))
            hog = hog_lab.job(["/usr/bin/python3", "-c", HOG % 900], hog_lab.folder("hog"), pty=True)
            hog.shows("up")
            if usher == "yes":
                hog.shows("enough", 60)
                assert causes(hog_lab, hog) == ["usher"]
                assert places(hog_lab, [hog]) == [2]
            else:
                assert hog.wait(60) == ("killed", 9)
    finally:
        made.close()
