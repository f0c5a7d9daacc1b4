# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab with real supervisors goes and leaves nothing, whatever state its guests are in."""

import contextlib
import os
import signal

import pytest

import conftest
from leftovers import dead, leftovers, machine, named_groups
from test_loss import ANSWER, COMPUTE, all_pids, away, parent_of, read, start
from test_rights import supervisors


def with_descendants(pids: set[int]) -> set[int]:
    parents = {pid: parent_of(pid) for pid in all_pids()}
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def processes(lab) -> set[int]:
    """In the lab's groups, and whatever descends from those."""
    return with_descendants({pid for pid in all_pids() if lab.name in read(f"/proc/{pid}/cgroup")})


def namespaces(pid: int | str) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for kind in os.listdir(f"/proc/{pid}/ns"):
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return found


def held_by(pid: int) -> set[str]:
    """Namespaces that live as long as this process: it is in them, has them open or sees them mounted."""
    found = namespaces(pid) | {line.split()[3] for line in read(f"/proc/{pid}/mountinfo").splitlines()}
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return found


@pytest.mark.alone
def test_nothing_is_left(request, tmp_path):
    """Guests are away, a supervisor of each kind has just been killed: then down."""
    before = machine()
    lab = conftest.make_lab()
    request.addfinalizer(lab.close)
    folder = lab.folder("down")
    jobs = [start(lab, folder, code) for code in (COMPUTE, ANSWER, COMPUTE, ANSWER)]
    for job, node in zip(jobs, (2, 3, 3, 2)):
        away(lab, job, node)
    pids = processes(lab)
    names = set().union(*map(namespaces, pids)) - namespaces("self")
    guests, homes = supervisors(lab, 2, "mos-guest"), supervisors(lab, 1, "mos-home")
    assert len(guests) == 2 and len(homes) == 4 and {*guests, *homes} <= pids
    assert len([name for name in names if name.startswith("user:")]) == 4, "each guest has its own"
    os.kill(guests[0], signal.SIGKILL)
    os.kill(homes[-1], signal.SIGKILL)
    lab.moslab("down", "--name", lab.name)
    assert leftovers(lab.name) == []
    assert lab.name not in named_groups(tmp_path)
    assert [pid for pid in pids if not dead(pid)] == []
    holders = {pid: names & held_by(pid) for pid in all_pids()}
    assert {pid: held for pid, held in holders.items() if held} == {}
    assert machine() == before
