# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that is stopped and continued while it moves: at random instants, and at each stage."""

import random
import re
import signal
import time

import pytest

import mover
import stopper
from moslab import completed
from stopper import COME, HARMLESS, HOP, KINDS, LEAVE, Stopper
from test_loss import steps

PY = "/usr/bin/python3"
STOP, CONT, TSTP = signal.SIGSTOP, signal.SIGCONT, signal.SIGTSTP

COUNT = """
import os, time
n, s, lines = 0, 0, []
with open("out", "w") as f:
    while not os.path.exists("enough") or n % 200:
        n += 1
        s = (s * 31 + n) % 1000003
        if n % 200 == 0:
            lines.append("%d %d\\n" % (n, s))
            f.write(lines[-1])
            f.flush()
        if n % 3000 == 0:
            time.sleep(0.003)
t = 0
for k in range(1, n + 1):
    t = (t * 31 + k) % 1000003
    if k % 200 == 0:
        assert lines[k // 200 - 1] == "%d %d\\n" % (k, t), k
assert open("out").read() == "".join(lines)
print("good")
"""
ROUNDS = 60
MOVES_AT_LEAST = 20


def test_stopped_at_any_instant(lab, home_dir, seed):
    rng = random.Random(seed)
    job = lab.job(["/usr/bin/python3", "-c", COUNT], home_dir)
    moved = stopped = 0
    for _ in range(ROUNDS):
        place = rng.choice(["2", "3", "home"])
        asked = lab.asks(job.pid, place)
        try:
            for _ in range(rng.choice([0, 1, 1, 2])):
                assert not job.ended(rng.random() * 0.06), job.said()
                job.kill(signal.SIGSTOP)
                stopped += 1
                assert not job.ended(rng.random() * 0.06), job.said()
                job.kill(signal.SIGCONT)
        finally:
            moved += asked.moved(30)
        assert asked.moved() or re.search("stopped|busy|on its way|try again", asked.error), asked.said
    lab.inside(1, f"{home_dir}/enough").touch()
    end = job.wait(60)
    print(f"{moved} moves, {stopped} stops")
    assert end == ("exited", 0), job.said()
    assert job.out == b"good\n"
    assert moved >= MOVES_AT_LEAST and stopped >= MOVES_AT_LEAST
    assert len(mover.moslab.completed(lab.why(job.pid))) >= MOVES_AT_LEAST / 2
    job.reap()


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_while_held_on_its_way(lab, home_dir, seed, kind):
    one = Stopper(lab, home_dir, kind, seed)
    try:
        tally = one.run(25)
    finally:
        lab.fault("")
    print(tally)
    assert tally.moved >= 12 and tally.stops >= 10 and tally.stood >= 5
    assert len(completed(lab.why(one.job.pid))) >= 10


def test_stages_are_known():
    """The stress above holds it at each stage there is."""
    assert set(steps()) <= {*LEAVE, *COME, *HOP}


BEFORE_IT_STANDS = ("check", "connect", "files", "stop")  # stages that refuse a process that is stopped


def until_continued(job) -> None:
    """Its parent has sent the signal by now; that it goes on may take a moment."""
    deadline = time.monotonic() + 10
    while "T (stopped)" in stopper.state_of(job.pid):
        assert time.monotonic() < deadline and not job.ended(0.01)


SEQUENCES = [(STOP,), (STOP, CONT), (TSTP,), (TSTP, CONT), (STOP, CONT, STOP), (CONT, TSTP, STOP, CONT),
             HARMLESS]


@pytest.mark.sometimes(of=2)
@pytest.mark.parametrize("kind", ["computes", "sleeps"])
@pytest.mark.parametrize("stage", [*LEAVE, *COME, *HOP])
def test_stopped_at_a_stage(lab, home_dir, stage, kind):
    one = Stopper(lab, home_dir, kind, 1)
    before, to = ("home", 2) if stage in LEAVE else (2, "home") if stage in COME else (2, 3)
    moved = 0
    for signals in SEQUENCES:
        lab.move(one.job.pid, before)
        one.got_on(one.number)
        one.sent = [f"{before} to {to}: <{stage}>"]
        try:
            lab.fault(f"hold-{stage}")
            asked = lab.asks(one.job.pid, to)
            # One that comes home asleep is there before it leaves the resident.
            assert lab.held(stage, asked if stage != "release" else None), asked.said
            for sig in signals:
                one.kill(sig)
            if signals[-1] not in stopper.STOPS and stage in BEFORE_IT_STANDS:
                until_continued(one.job)
        finally:
            lab.fault("")
        if signals[-1] in stopper.STOPS:
            one.stands()
            one.kill(CONT)
        moved += asked.moved(20)
        assert asked.moved() or "stopped" in asked.error, asked.said
        one.idle(0)
        one.state = "running"
        one.got_on(one.number)
    # Stopped before it stands still for the move, it does not leave.
    assert moved >= (4 if stage in BEFORE_IT_STANDS else len(SEQUENCES))


SLEEP = ("import time\nprint('up', flush=True)\nbegan = time.monotonic()\ntime.sleep({0})\n"
         "took = time.monotonic() - began\nassert {0} <= took < {0} + 1, took\nprint('slept', flush=True)\n")


def asleep_at_home(lab, home_dir, seconds, stage, *signals):
    """One that comes home asleep, sent these when its return has come to that stage."""
    job = lab.job([PY, "-c", SLEEP.format(seconds)], home_dir, pty=True)
    job.shows("up\r\n")
    job.began = time.monotonic()
    lab.move(job.pid, 2)
    try:
        lab.fault(f"hold-{stage}")
        asked = lab.asks(job.pid, "home")
        assert lab.held(stage, asked), asked.said
        for sig in signals:
            job.kill(sig)
    finally:
        lab.fault("")
    assert asked.moved(20), asked.said
    assert [m["node"] for m in completed(lab.why(job.pid))] == [2, 0]
    return job


@pytest.mark.parametrize("stage", ["come-settle", "come-restore", "come-commit"])
@pytest.mark.parametrize("sig", [STOP, TSTP])
def test_stopped_as_it_comes_home_asleep(lab, home_dir, stage, sig):
    """It is seen stopped long before its sleep ends, which a stop does not prolong."""
    job = asleep_at_home(lab, home_dir, 4, stage, sig)
    assert job.event("stopped", 2)["status"] == sig
    assert time.monotonic() < job.began + 3.5
    job.kill(CONT)
    assert job.event("continued", 2)
    job.kill(sig)
    assert job.event("stopped", 2)["status"] == sig
    job.kill(CONT)
    assert job.wait(10) == ("exited", 0), job.said()
    job.shows("slept", 5)


def test_stands_beyond_the_end_of_its_sleep(lab, home_dir):
    job = asleep_at_home(lab, home_dir, 2, "come-restore", STOP)
    assert job.event("stopped", 2)
    assert not job.ended(job.began + 2.5 - time.monotonic()), "it went on while stopped"
    assert "slept" not in job.typed
    job.kill(CONT)
    assert job.wait(10) == ("exited", 0), job.said()


@pytest.mark.parametrize("stage", ["come-settle", "come-restore", "come-commit"])
@pytest.mark.parametrize("signals", [(STOP, CONT), (TSTP, CONT), HARMLESS], ids=str)
def test_not_stopped_as_it_comes_home_asleep(lab, home_dir, stage, signals):
    """What is over before it is home, or was never to disturb it, does not: it just sleeps on."""
    job = asleep_at_home(lab, home_dir, 2, stage, *signals)
    assert job.wait(10) == ("exited", 0), job.said()
    job.shows("slept", 5)


@pytest.mark.parametrize("sig", [signal.SIGUSR1, signal.SIGCHLD])
def test_signal_as_a_sleep_ends_at_home(lab, home_dir, sig):
    """In the moment when it leaves the resident for good."""
    code = (f"import signal\nsignal.signal({int(sig)}, lambda n, f: print('handled', n, flush=True))\n" +
            SLEEP.format(1))
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    job.shows("up\r\n")
    lab.move(job.pid, 2)
    lab.move(job.pid, "home")
    try:
        lab.fault("hold-release")
        assert lab.held("release")
        job.kill(sig)
    finally:
        lab.fault("")
    assert job.wait(10) == ("exited", 0), job.said()
    job.shows(f"handled {int(sig)}", 5)


@pytest.mark.parametrize("sig", [TSTP, signal.SIGUSR1, signal.SIGRTMIN])
def test_signal_like_one_that_travelled(lab, home_dir, sig):
    """One waits, blocked, and travels; SIGCONT takes it away if it is a stop signal. The next of its kind, in
    all alike, comes through."""
    code = (f"import signal, sys\nsignal.signal({int(sig)}, lambda n, f: print('handled', n, flush=True))\n"
            f"signal.pthread_sigmask(signal.SIG_BLOCK, [{int(sig)}])\nprint('up', flush=True)\n"
            "sys.stdin.readline()\n"
            f"for i in range(3):\n    if {int(sig)} in signal.sigpending():\n"
            f"        print('waits', signal.sigwait([{int(sig)}]), flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    job.shows("up\r\n")
    job.kill(sig)
    try:
        lab.fault("hold-commit")
        asked = lab.asks(job.pid, 2)
        assert lab.held("commit", asked)
        job.kill(CONT)
    finally:
        lab.fault("")
    assert asked.moved(20), asked.said
    job.kill(sig)
    assert lab.why(job.pid)["node"] == 2
    lab.move(job.pid, 3)
    job.type("\n")
    assert job.wait(10) == ("exited", 0), job.said()
    job.shows("waits", 5)
    assert job.typed.count("waits") == (2 if sig == signal.SIGRTMIN else 1)
