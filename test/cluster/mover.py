#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a job natively, then under umosix while moving it at random instants, and compares what
came out byte for byte.

A run counts only with at least ten completed moves and at least half of its processor time spent
away. Coming home by itself is right, but it is never a pass: a job that comes home for each call
does not reach the half. All chance follows from one seed."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import moslab

MOVES_AT_LEAST = 10
AWAY_AT_LEAST = 0.5
HOSTS = (2, 3)
HOME_SHARE = 0.1  # of the orders: while a host makes ready it computes at home, and away it should be for most


@dataclass
class Task:
    """A command, what it reads and what it writes (names in its folder)."""
    argv: list[str]
    inputs: dict[str, bytes] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    stdin: str | None = None   # the name of an input
    pipes: bool = False        # standard input and output are pipes
    tree: bool = False         # its children are moved too


@dataclass
class Result:
    """What came out, and what happened on the way."""
    end: tuple[str, int] = ("", 0)
    digests: dict[str, str] = field(default_factory=dict)
    errors: str = ""
    seconds: float = 0
    home_cpu_us: int = 0
    away_cpu_us: int = 0
    moves: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    forwarded: int = 0
    came_home: int = 0
    freeze_us: list[int] = field(default_factory=list)

    @property
    def away(self) -> float:
        return self.away_cpu_us / max(1, self.away_cpu_us + self.home_cpu_us)

    def account(self) -> str:
        freeze = sorted(self.freeze_us) or [0]
        return (f"{self.moves} moves completed, {sum(self.failed.values())} failed {self.failed}, "
                f"{self.away:.0%} of the processor time away, {self.forwarded} calls forwarded, "
                f"came home {self.came_home} times, freeze {freeze[len(freeze) // 2]} us "
                f"(median), {self.seconds:.1f} s")


def digest(path: Path) -> str:
    if not path.exists():
        return "missing"
    h = hashlib.sha256()
    with path.open("rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return f"{path.stat().st_size} bytes {h.hexdigest()}"


def prepare(lab: moslab.Lab, task: Task, folder: str) -> None:
    for name, data in task.inputs.items():
        lab.put(f"{folder}/{name}", data)


def collect(lab: moslab.Lab, task: Task, job: moslab.Job, result: Result) -> None:
    result.digests = {name: digest(lab.inside(job.node, f"{job.cwd}/{name}"))
                      for name in task.outputs}
    result.digests["standard output"] = digest(lab.inside(job.node, job.out_path))
    result.digests["standard error"] = digest(lab.inside(job.node, job.err_path))
    result.errors = job.err[-500:].decode(errors="replace")


def start(lab: moslab.Lab, task: Task, folder: str, mosrun: bool) -> moslab.Job:
    stdin = f"{folder}/{task.stdin}" if task.stdin else None
    return lab.job(task.argv, folder, mosrun=mosrun, stdin=stdin, pipes=task.pipes)


def run_native(lab: moslab.Lab, task: Task, folder: str, limit: float) -> Result:
    prepare(lab, task, folder)
    began = time.monotonic()
    job = start(lab, task, folder, mosrun=False)
    result = Result(end=job.wait(limit), seconds=time.monotonic() - began)
    job.reap()
    result.home_cpu_us = job.cpu_us
    collect(lab, task, job, result)
    job.finish()
    lab.jobs.remove(job)
    return result


def descendants(pid: int) -> list[int]:
    """@pid and what descends from it, as the kernel has it now."""
    found = [pid]
    for p in found:
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                text = Path(f"/proc/{p}/task/{task}/children").read_text()
                found += [int(word) for word in text.split()]
        except OSError:
            pass  # it ended meanwhile
    return found


@dataclass
class Pace:
    """How long it stays where it is, in the mean; behind so many moves twenty times that. Where a move takes
    long, as it does on a busy machine, at least @moves times as long as one: else it would hardly get on, and
    most of it in the moments at home before the next order is heard."""
    stay: float = 0.2
    brisk: int = 10**9
    moves: float = 3
    home_legs: int = 10**9  # at most; a job of two seconds gets on by a twentieth in each


class Mover:
    """Moves one job until it ends."""

    def __init__(self, lab: moslab.Lab, job: moslab.Job, seed: int, tree: bool, most: int, pace: Pace):
        self.lab, self.job, self.tree, self.most, self.pace = lab, job, tree, most, pace
        self.rng = random.Random(seed)
        self.at: dict[int, int] = {}
        self.done: dict[int, int] = {}
        self.asked = 0
        self.home_legs = 0
        self.move_takes = 0.0  # seconds, of late
        self.failed: dict[str, int] = {}

    def choose(self) -> int:
        if not self.tree:
            return self.job.pid
        family = set(descendants(self.job.pid)) & (self.lab.mps_pids() | {self.job.pid})
        return self.rng.choice(sorted(family))

    def next_place(self, pid: int) -> int:
        at = self.at.get(pid, 0)
        due = self.asked > MOVES_AT_LEAST and not self.home_legs
        may = self.home_legs < self.pace.home_legs and self.rng.random() < HOME_SHARE
        if at and (due or may):
            return 0
        return self.rng.choice([n for n in HOSTS if n != at])

    def brisk(self) -> bool:
        """Moved at every instant it hardly gets on: behind so many moves it may work for a while. But a family
        is home again with its next child, and would be left there meanwhile."""
        return self.tree or self.asked < self.pace.brisk

    def pause(self, place: int, burst: int) -> float:
        if burst:
            return 0
        away = max(self.pace.stay, self.pace.moves * self.move_takes) * (1 if self.brisk() else 20)
        return min(5 * away, self.rng.expovariate(1 / (0.01 if place == 0 else away)))

    def step(self) -> int:
        """Return: where the process is that was asked for."""
        pid = self.choose()
        place = self.next_place(pid)
        self.asked += 1
        began = time.monotonic()
        asked = self.lab.asks(pid, place or "home")
        if asked.moved():
            self.move_takes += 0.2 * (time.monotonic() - began - self.move_takes)
            self.at[pid] = place
            self.home_legs += not place
            self.done[pid] = self.done.get(pid, 0) + 1
        elif os.path.exists(f"/proc/{pid}"):
            self.at.pop(pid, None)
            why = asked.error[:100]
            self.failed[why] = self.failed.get(why, 0) + 1
        return self.at.setdefault(pid, 0)

    def until_end(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        burst = 0
        while self.asked < self.most:
            place = self.step()
            burst = burst - 1 if burst else self.rng.choice([0, 0, 0, 0, 3, 6]) if self.brisk() else 0
            if self.job.ended(self.pause(place, burst)):
                return
            if time.monotonic() > deadline:
                raise moslab.Late(f"the job has not ended within {limit:.0f} s")
        self.job.wait(max(0, deadline - time.monotonic()))

    def account(self, result: Result) -> None:
        for pid in self.at:
            r = self.lab.tool("mosctl", "why", str(pid), "--json", uid=0)
            if r.returncode != 0:
                if pid == self.job.pid:
                    raise AssertionError(f"mosctl why {pid}: {r.stderr.strip()}")
                continue
            why = moslab.plain(json.loads(r.stdout))
            moves = moslab.completed(why)
            # Both must know of a move: who asked for it, and home's own record (which forgets).
            told = len([m for m in moves if m.get("cause") == "asked"]) + why["forgotten"]
            result.moves += min(told, self.done.get(pid, 0))
            result.freeze_us += [m.get("freeze_us", 0) for m in moves]
            result.forwarded += why.get("forwarded", 0)
            result.came_home += why.get("came_home", 0)
            result.away_cpu_us += why.get("away_cpu_us", 0)


def run_moved(lab: moslab.Lab, task: Task, folder: str, seed: int, *, limit: float = 120,
              most: int = 10**9, pace: Pace = Pace()) -> Result:
    prepare(lab, task, folder)
    began = time.monotonic()
    job = start(lab, task, folder, mosrun=True)
    mover = Mover(lab, job, seed, task.tree, most, pace)
    mover.until_end(limit)
    result = Result(end=job.wait(0), seconds=time.monotonic() - began, failed=mover.failed)
    mover.account(result)
    job.reap()
    result.home_cpu_us = job.cpu_us
    collect(lab, task, job, result)
    lab.decoys_untouched(folder, list(task.inputs))
    job.finish()
    lab.jobs.remove(job)
    return result


def faults(native: Result, moved: Result) -> list[str]:
    """Why this run is wrong or does not count; empty if it is right and counts."""
    found = []
    if moved.end != native.end:
        found.append(f"ended as {moved.end}, natively {native.end}; {moved.errors}")
    for name, want in native.digests.items():
        if moved.digests[name] != want:
            found.append(f"{name}: {moved.digests[name]}, natively {want}; {moved.errors}")
    if moved.moves < MOVES_AT_LEAST:
        found.append(f"does not count: {moved.moves} moves, at least {MOVES_AT_LEAST} needed")
    if moved.away < AWAY_AT_LEAST:
        found.append(f"does not count: {moved.away:.0%} away, at least {AWAY_AT_LEAST:.0%} needed")
    return found


def main() -> int:
    cli = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cli.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 2**31))
    cli.add_argument("--moves", type=int, default=10**9, help="ask for at most so many moves")
    cli.add_argument("--time", type=float, default=600, help="seconds the moved run may take")
    cli.add_argument("--input", action="append", default=[], type=Path, help="file it needs")
    cli.add_argument("--output", action="append", default=[], help="file it writes")
    cli.add_argument("--stdin", help="the --input that is its standard input")
    cli.add_argument("--pipes", action="store_true", help="standard input and output are pipes")
    cli.add_argument("--tree", action="store_true", help="move its children too")
    cli.add_argument("command", nargs="+")
    args = cli.parse_args()
    task = Task(args.command, {p.name: p.read_bytes() for p in args.input}, args.output,
                args.stdin, args.pipes, args.tree)
    print(f"seed {args.seed}")
    lab = moslab.Lab(f"mover-{os.getpid()}")
    try:
        native = run_native(lab, task, lab.folder("native"), args.time)
        print(f"native: {native.end[0]} {native.end[1]}, {native.seconds:.1f} s")
        moved = run_moved(lab, task, lab.folder("moved"), args.seed, limit=args.time,
                          most=args.moves)
        print(f"moved: {moved.account()}")
        found = faults(native, moved)
        for fault in found:
            print(f"FAILED: {fault}")
        for name, text in moved.digests.items():
            print(f"{name}: {text}")
        return 1 if found else 0
    finally:
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
