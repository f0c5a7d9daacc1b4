# SPDX-License-Identifier: GPL-2.0-or-later
"""mosd ends and starts again while processes are away: they run on, and are in hand afterwards."""

import json
import os
import select
import signal
import subprocess

import pytest

from test_loss import ANSWER, answers, away, mosd_of, start, wait_for


def restart_mosd(lab, node: int, sig: int = signal.SIGTERM) -> None:
    """As a service manager does it: its supervisors stay."""
    mosd = mosd_of(lab, node)
    fd = os.pidfd_open(mosd)
    with open(f"/proc/{mosd}/environ") as f:  # the lab has told it its group
        group = [v for v in f.read().split("\0") if v.startswith("MOS_CGROUP_NAME=")]
    os.kill(mosd, sig)
    assert select.select([fd], [], [], 20)[0], "mosd does not end"
    os.close(fd)
    subprocess.Popen(lab.command(node, ["env", *group, str(lab.bin / "mosd")]), stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: lab.run(node, [str(lab.bin / "mosctl"), "status"]).returncode == 0)
    lab.dirty = True  # not the holder's child any more: the next test gets other nodes


def guests(lab, node: int) -> list[dict]:
    r = lab.run(node, [str(lab.bin / "mosctl"), "status", "--json"])
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)["guests"]


def known_again(lab, pid: int, node: int):
    """Home's mosd has heard of it."""
    return wait_for(lambda: [w for w in [why(lab, pid)] if w and w.get("node") == node])[0]


def why(lab, pid: int) -> dict | None:
    r = lab.tool("mosctl", "why", str(pid), "--json", uid=0)
    return json.loads(r.stdout) if r.returncode == 0 else None


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_home_restarts(mortal_lab, home_dir, sig):
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    away(lab, job, 2)
    restart_mosd(lab, 1, sig)
    answers(job, "between")
    known_again(lab, job.pid, 2)
    lab.move(job.pid, "home")
    answers(job, "home")
    lab.move(job.pid, 3)
    answers(job, "three")
    restart_mosd(lab, 1, sig)
    known_again(lab, job.pid, 3)
    lab.move(job.pid, 2)
    answers(job, "two")
    job.type("\x04")
    assert job.wait(20) == ("exited", 0)


def test_host_restarts(mortal_lab, home_dir):
    """It finds its guests by their slots, gives no range of ids twice, and sees them go."""
    lab = mortal_lab
    jobs = [start(lab, home_dir, ANSWER) for _ in range(2)]
    away(lab, jobs[0], 2)
    before = guests(lab, 2)
    restart_mosd(lab, 2)
    after = guests(lab, 2)
    for g in before + after:
        g.pop("uid", None)
    assert after == before and after[0]["pid"] == jobs[0].pid
    r = lab.run(2, [str(lab.bin / "migrate"), str(after[0]["body"]), "3"])
    assert r.returncode != 0 and "guest" in r.stderr
    away(lab, jobs[1], 2)
    assert len({g["slot"] for g in guests(lab, 2)}) == 2
    for job in jobs:
        answers(job, "there")
    lab.move(jobs[0].pid, 3)
    wait_for(lambda: [g["pid"] for g in guests(lab, 2)] == [jobs[1].pid])
    lab.move(jobs[1].pid, "home")
    wait_for(lambda: not guests(lab, 2))
    for job in jobs:
        answers(job, "elsewhere")
