# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that ends at any instant of a move leaves nothing at any node."""

import os
import random
import signal
import time

import pytest

from stopper import LEAVE
from test_loss import away, processes_of, read, start, wait_for
from test_rights import supervisors

PY = "/usr/bin/python3"
KINDS = {
    "computes": "while True: sum(range(10000))",
    "calls": "import os\nf = os.open('out', os.O_RDWR | os.O_CREAT)\nwhile True: os.pwrite(f, b'x' * 5000, 100)",
    "waits": "import os\nr, w = os.pipe()\nos.read(r, 1)",
    "maps": "import mmap\nwhile True:\n m = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n m[5000] = 1\n m.close()",
}
WAYS = ((2,), (2, "home"), (2, 3), (3, 2), (2, 3, "home"))  # all but the last are made, the last is cut short


def guests(lab) -> list[dict]:
    """At all nodes, in whatever state."""
    return [{"node": n, **guest} for n in range(1, lab.nodes + 1)
            for guest in lab.asked(n, op="status")[-1].get("guests", [])]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_it_moves(lab, home_dir, seed, request, account, kind):
    rng = random.Random(seed)
    before = len(lab.logs(1))
    rounds, begun = 500 if request.config.getoption("--long") else 20, 0
    for _ in range(rounds):
        way = rng.choice(WAYS)
        job = lab.job([PY, "-c", "print('up', flush=True)\n" + KINDS[kind]], home_dir, pty=True)
        job.shows("up\r\n")
        for where in way[:-1]:
            lab.move(job.pid, where)
        asked = lab.asks(job.pid, way[-1])
        if not asked.done(rng.random() * 0.06):
            begun += 1
        sig = rng.choice((signal.SIGKILL, signal.SIGTERM))
        job.kill(sig)
        assert job.wait(20) == ("killed", sig), f"on its way {way}"
        asked.done(20)
        job.finish()
        lab.jobs.remove(job)
        deadline = time.monotonic() + 10
        while left := guests(lab):
            assert time.monotonic() < deadline, f"killed on its way {way}, and there is still {left}"
            time.sleep(0.01)
    assert "broke the protocol" not in lab.logs(1)[before:], "the host is not to blame"
    assert begun > rounds // 4, f"only {begun} of {rounds} were on their way"
    account(f"{kind}: {begun} of {rounds} killed on their way")


def kill_it(job) -> None:
    """Its parent hears of its end when home has taken it."""
    job.kill(signal.SIGKILL)
    wait_for(lambda: ") Z " in read(f"/proc/{job.pid}/stat"))


def ended_alone(lab, job, asked) -> None:
    """Killed, and told as that: no host is to blame, nothing has failed, nothing is left."""
    assert job.wait(10) == ("killed", signal.SIGKILL)
    assert not asked.moved(10)
    assert asked.said["code"] in ("ended", "gone"), asked.said
    wait_for(lambda: lab.why(job.pid).get("ended"))
    assert lab.why(job.pid)["ended"]["cause"] == "signal", lab.why(job.pid)
    for node in (2, 3):
        wait_for(lambda: not processes_of(lab, node))


POLL = "import select\np = select.poll()\nprint('up', flush=True)\np.poll(30000)\n"


@pytest.mark.parametrize("stage", LEAVE)
def test_killed_while_it_lingers_and_leaves(mortal_lab, home_dir, stage):
    """Home again, inside a call that only the resident can end, and about to go on."""
    lab = mortal_lab
    job = start(lab, home_dir, POLL)
    away(lab, job, 2)
    lab.move(job.pid, "home")
    lab.fault(f"hold-{stage}")
    asked = lab.asks(job.pid, 3)
    assert lab.held(stage, asked), asked.said
    kill_it(job)
    lab.fault("")
    ended_alone(lab, job, asked)


def test_killed_at_the_last_step_home(mortal_lab, home_dir):
    """It is let go, and is not there any more."""
    lab = mortal_lab
    job = start(lab, home_dir, "print('up', flush=True)\nwhile True: sum(range(10000))\n")
    away(lab, job, 2)
    lab.fault("hold-detach")
    asked = lab.asks(job.pid, "home")
    assert lab.held("detach", asked), asked.said
    job.kill(signal.SIGKILL)
    lab.fault("")
    ended_alone(lab, job, asked)


BIG = "import os\nx = os.urandom(1 << 20) * 64\nprint('up', flush=True)\nwhile True: sum(range(10000))\n"


def test_killed_while_the_stream_is_drained(mortal_lab, home_dir):
    """It was to stay at its host: home reads what is under way, and only then finds that there is nobody to stay."""
    lab = mortal_lab
    job = start(lab, home_dir, BIG)
    away(lab, job, 2)
    lab.fault("hold-come-settle")
    asked = lab.asks(job.pid, "home")
    assert lab.held("come-settle", asked), asked.said
    guest, = supervisors(lab, 2, "mos-guest")
    home, = supervisors(lab, 1, "mos-home")
    os.kill(guest, signal.SIGSTOP)  # in the midst of the pages
    try:
        lab.fault("come-map")
        wait_for(lambda: read(f"/proc/{home}/wchan").startswith("do_sys_poll") or
                 read(f"/proc/{home}/syscall").startswith("7 "))
        kill_it(job)
    finally:
        os.kill(guest, signal.SIGCONT)
    ended_alone(lab, job, asked)
    assert "it stays at node" not in lab.logs(1)
