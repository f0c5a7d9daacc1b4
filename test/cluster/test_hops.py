# SPDX-License-Identifier: GPL-2.0-or-later
"""From host to host, and something fails before the commit: the process runs on where it was, or is a loss that is
told, and never are there two of it."""

import json
import os
import re
import signal

import pytest

from stopper import HOP
from test_loss import ANSWER, answers, away, bodies, comm, gone, lost, processes_of, start, wait_for
from test_rights import children, supervisors

HOSTS = (2, 3)


def only_at(lab, node: int) -> None:
    """The only guest of the lab runs there."""
    other, = set(HOSTS) - {node}
    wait_for(lambda: len(bodies(lab, node)) == 1 and not processes_of(lab, other))


def in_mid_hop(lab, job, point: str):
    """It is on its way from 2 to 3, and home's supervisor stands there.
    Return: the move asked for, and the processes of each host's guests."""
    away(lab, job, 2)
    lab.fault(f"hold-{point}")
    asked = lab.asks(job.pid, 3)
    assert lab.held(point, asked), asked.said
    guests = {node: processes_of(lab, node) for node in HOSTS}
    assert guests[2] and bool(guests[3]) == (point != "hop-prepare"), guests
    return asked, guests


@pytest.mark.parametrize("point", HOP)
def test_hop_fails(mortal_lab, home_dir, point):
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    away(lab, job, 2)
    lab.fault(point)
    asked = lab.asks(job.pid, 3)
    assert not asked.moved() and asked.error
    answers(job, "still")
    why = lab.why(job.pid)
    assert why["node"] == 2
    assert not why["moves"][-1]["ok"] and why["moves"][-1]["node"] == 3, "the failed move is remembered"
    only_at(lab, 2)
    lab.fault("")
    lab.move(job.pid, 3)
    answers(job, "moved")
    only_at(lab, 3)
    job.type("\x04")
    assert job.wait(20) == ("exited", 0)


@pytest.mark.parametrize("point", HOP)
def test_supervisor_killed_in_mid_hop(mortal_lab, home_dir, point):
    """Both hosts' copies die with it."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, guests = in_mid_hop(lab, job, point)
    home, = supervisors(lab, 1, "mos-home")
    os.kill(home, signal.SIGKILL)
    assert job.wait(10) == ("killed", signal.SIGKILL)
    assert not asked.moved()
    for pid in guests[2] | guests[3]:
        gone(pid, 10)


@pytest.mark.parametrize("point", HOP)
def test_next_host_killed_in_mid_hop(mortal_lab, home_dir, point):
    """Whom home has told to go on is lost with it; before that, the process runs on."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, guests = in_mid_hop(lab, job, point)
    lab.node_verb("kill", 3)
    lab.fault("")
    if point in HOP[2:]:
        lost(lab, job)
        for pid in guests[2]:
            gone(pid, 10)
        return
    assert not asked.moved()
    answers(job, "still")
    assert lab.why(job.pid)["node"] == 2
    lab.move(job.pid, "home")
    answers(job, "home")


@pytest.mark.parametrize("point", HOP)
def test_former_host_killed_in_mid_hop(mortal_lab, home_dir, point):
    """Lost with it, and then the next host keeps nothing; or it has left and runs on there."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, _ = in_mid_hop(lab, job, point)
    lab.node_verb("kill", 2)
    lab.fault("")
    if point in HOP[:2]:
        lost(lab, job)
        assert not asked.moved()
        wait_for(lambda: not processes_of(lab, 3))
        return
    assert asked.moved(), asked.said
    answers(job, "there")
    assert lab.why(job.pid)["node"] == 3
    lab.move(job.pid, "home")
    answers(job, "home")


def test_former_host_silent_before_its_last_words(mortal_lab, home_dir):
    """The next host has the body, but whether home has heard all, nobody knows: so it does not go on there. That the
    former one is silent for good is a loss, and told."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, guests = in_mid_hop(lab, job, "hop-order")
    home = lab.run(1, ["ip", "-4", "-j", "addr", "show", "scope", "global"])
    address, = [a["local"] for link in json.loads(home.stdout) for a in link.get("addr_info", [])]
    assert lab.run(2, ["ip", "route", "add", "blackhole", f"{address}/32"]).returncode == 0
    lab.fault("")
    assert not asked.moved(10)
    assert "said nothing for 5 s" in asked.error
    lost(lab, job)
    for pid in guests[2] | guests[3]:
        gone(pid, 10)


def test_next_host_says_why(mortal_lab, home_dir):
    """It gives up, the former host notices, and the user is told the cause and not what followed from it."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, guests = in_mid_hop(lab, job, "hop-order")
    body, = [pid for pid in guests[3] if not children(pid) and comm(pid) != "mos-guest"]
    os.kill(body, signal.SIGKILL)
    lab.fault("")
    assert not asked.moved()
    why = lab.why(job.pid)["moves"][-1]
    assert re.search("the next node could not build it: .*", asked.error)
    assert why["error"] == asked.error
    answers(job, "still")
    only_at(lab, 2)


def test_answer_to_a_hop_called_off(mortal_lab, home_dir):
    """The former host learns of the hop when the next one is lost already, and refuses it behind the order to come
    home: which is not refused by that."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    asked, _ = in_mid_hop(lab, job, "hop-order")
    former, = supervisors(lab, 2, "mos-guest")
    following, = supervisors(lab, 3, "mos-guest")
    os.kill(former, signal.SIGSTOP)
    try:
        lab.fault("")
        os.kill(following, signal.SIGKILL)
        assert not asked.moved()
        comes = lab.asks(job.pid, "home")
        assert not comes.done(0.5)
    finally:
        os.kill(former, signal.SIGCONT)
    assert comes.moved(), comes.said
    answers(job, "home")
    job.type("\x04")
    assert job.wait(20) == ("exited", 0)


BIG = 64 << 10  # KiB
MAPS = "import mmap\nf = open('big')\nm = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)\n" + ANSWER


def received(guest: int) -> int:
    """KiB of files that a supervisor has been sent."""
    fds = f"/proc/{guest}/fd"
    return max(os.stat(f"{fds}/{fd}").st_blocks // 2 for fd in os.listdir(fds) if "memfd" in os.readlink(f"{fds}/{fd}"))


def test_next_host_lost_among_the_files(mortal_lab, home_dir):
    """They go ahead while the body runs on, and on it runs: from where it is, not from where it was when it came."""
    lab = mortal_lab
    lab.put(f"{home_dir}/big", bytes(BIG << 10))
    job = start(lab, home_dir, MAPS)
    asked, _ = in_mid_hop(lab, job, "hop-order")
    following, = supervisors(lab, 3, "mos-guest")
    lab.fault("")
    wait_for(lambda: received(following) > 1024)
    os.kill(following, signal.SIGSTOP)
    assert received(following) < BIG, "they had all come"
    os.kill(following, signal.SIGKILL)
    assert not asked.moved()
    answers(job, "still")
    only_at(lab, 2)
    lab.move(job.pid, 3)
    answers(job, "moved")
    job.type("\x04")
    assert job.wait(20) == ("exited", 0)
