# SPDX-License-Identifier: GPL-2.0-or-later
"""What is lost when a node, the network or one step of a move fails, and what is not."""

import json
import os
import re
import select
import signal
import time

import pytest

import moslab

PY = "/usr/bin/python3"
COMPUTE = "print('up', flush=True)\nwhile True: sum(range(10000))"
# Runs on and says so, each time it is asked.
ANSWER = ("import sys\nprint('up', flush=True)\n"
          "for line in sys.stdin:\n"
          "    sum(range(100000))\n"
          "    print('answer', line.strip(), flush=True)\n")


def steps() -> list[str]:
    """The stages up to commit of each move that home leads, from its tables of stages."""
    found = []
    for source in sorted((moslab.REPO / "src").glob("home/*.c")):
        text = source.read_text()
        for table in re.findall(r"struct stage \w+\[\w*\]\s*=\s*\{(.*?)\n\s*\};", text, re.DOTALL):
            for name, rest in re.findall(r'\{\s*(?:\.name = )?"([a-z0-9-]+)"([^}]*)\}', table):
                if name.startswith("hop-"):
                    break  # test_hops
                found.append(name)
                if "STAGE_COMMIT" in rest:
                    break
    return sorted(set(found))


def start(lab, home_dir, code):
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    job.shows("up\r\n")
    return job


def away(lab, job, node=2):
    lab.move(job.pid, node)
    why = lab.why(job.pid)
    assert why["node"] == node
    return why


def lost(lab, job):
    """It ended as by SIGKILL, soon, and home says why."""
    assert job.wait(10) == ("killed", signal.SIGKILL)
    text = json.dumps(lab.why(job.pid))
    assert "host-lost" in text or "host lost" in text, text
    told = rf"process {job.pid} \(.*\) was lost with node \d+: node \d+ was lost while "
    wait_for(lambda: re.search(told, lab.logs(1)))  # its parent may hear first


def wait_for(what, seconds: float = 20):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("code", [COMPUTE, ANSWER], ids=["computing", "waiting"])
def test_host_killed(mortal_lab, home_dir, code):
    job = start(mortal_lab, home_dir, code)
    away(mortal_lab, job)
    mortal_lab.node_verb("kill", 2)
    lost(mortal_lab, job)


def test_other_guests_live_on(mortal_lab, home_dir):
    jobs = [start(mortal_lab, home_dir, ANSWER) for _ in range(2)]
    for job, node in zip(jobs, (2, 3)):
        away(mortal_lab, job, node)
    mortal_lab.node_verb("kill", 2)
    lost(mortal_lab, jobs[0])
    jobs[1].type("one\n")
    jobs[1].shows("answer one")
    mortal_lab.move(jobs[1].pid, "home")
    jobs[1].type("two\n")
    jobs[1].shows("answer two")


def test_host_cut(mortal_lab, home_dir):
    job = start(mortal_lab, home_dir, COMPUTE)
    away(mortal_lab, job)
    body, = bodies(mortal_lab, 2)
    mortal_lab.node_verb("cut", 2)
    lost(mortal_lab, job)
    gone(body, 10)  # its host notices too: no second copy lives on
    mortal_lab.node_verb("heal", 2)
    again = start(mortal_lab, home_dir, ANSWER)
    away(mortal_lab, again)
    again.type("after\n")
    again.shows("answer after")


def bodies(lab, node: int) -> list[int]:
    """Numbers of the bodies that run there, as the node's mosd tells them."""
    listed = lab.asked(node, op="status")[-1]["guests"]
    return [guest["body"] for guest in listed if guest["state"] == "running"]


def gone(pid: int, seconds: float) -> None:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([fd], [], [], seconds)[0], f"process {pid} lives on"
    finally:
        os.close(fd)


def test_home_killed(mortal_lab, home_dir):
    """Nothing of a guest outlives its home."""
    hosts_before = {n: processes_of(mortal_lab, n) for n in (2, 3)}
    jobs = [start(mortal_lab, home_dir, COMPUTE) for _ in range(2)]
    for job, node in zip(jobs, (2, 3)):
        away(mortal_lab, job, node)
    guests = {n: processes_of(mortal_lab, n) - hosts_before[n] for n in (2, 3)}
    assert all(guests.values()), f"no guest processes seen on the hosts: {guests}"
    mortal_lab.node_verb("kill", 1)
    for node in (2, 3):
        for pid in guests[node]:
            gone(pid, 20)


def processes_of(lab, node: int) -> set[int]:
    """Processes in the node's network namespace or in one made below it (a guest's sandbox):
    those that descend from the node's mosd."""
    mosds = [pid for pid in all_pids() if comm(pid) == "mosd" and same_mounts(lab, node, pid)]
    found = set(mosds)
    for _ in range(8):
        found |= {pid for pid in all_pids() if parent_of(pid) in found}
    return found - set(mosds)


def mosd_of(lab, node: int) -> int:
    named = [pid for pid in all_pids() if comm(pid) == "mosd" and same_mounts(lab, node, pid)]
    mosd, = [pid for pid in named if parent_of(pid) not in named]  # a supervisor is so named at first
    return mosd


def all_pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def comm(pid: int) -> str:
    return read(f"/proc/{pid}/comm").strip()


def parent_of(pid: int) -> int:
    stat = read(f"/proc/{pid}/stat")
    return int(stat.rsplit(")", 1)[1].split()[1]) if ")" in stat else 0


def same_mounts(lab, node: int, pid: int) -> bool:
    lab.inside(node, "/")
    root = lab.roots[node].parent
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(root / "ns/mnt")
    except OSError:
        return False


def answers(job, word: str) -> None:
    job.type(word + "\n")
    job.shows(f"answer {word}")


@pytest.mark.parametrize("step", steps())
def test_failure_before_commit(mortal_lab, home_dir, step):
    """It runs on at the source, whichever way it was going, and moves when the fault is gone."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    lab.fault(step)
    at, r = 0, lab.migrate(job.pid, 2)
    if r.returncode == 0:  # a stage of the way back
        at, r = 2, lab.migrate(job.pid, "home")
    assert r.returncode != 0, f"no move failed at {step}"
    assert (r.stderr + r.stdout).strip(), "migrate must say why"
    answers(job, "still")
    why = lab.why(job.pid)
    assert why["node"] == at
    assert [m for m in why["moves"] if not m["ok"]], "the failed move is remembered"
    lab.fault("")
    lab.move(job.pid, 3)
    answers(job, "moved")
    job.type("\x04")
    assert job.wait(20) == ("exited", 0)


# Inside the one visit that P makes to the resident before commit: it must find its way back alone.
INSIDE = ["visit-inside", "visit-entered"]


@pytest.mark.parametrize("step", steps() + INSIDE)
def test_supervisor_killed_before_commit(mortal_lab, home_dir, step):
    """Leaving, the process runs on. On the way back its body may be lost: then it ends, told."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    lab.fault(f"kill-{step}")
    if lab.migrate(job.pid, 2).returncode != 0:
        answers(job, "still")
        lab.fault("")
        lab.move(job.pid, 2)
        answers(job, "moved")
        return
    assert lab.migrate(job.pid, "home").returncode != 0, f"nothing failed at kill-{step}"
    lab.fault("")
    assert job.wait(10) == ("killed", signal.SIGKILL)
