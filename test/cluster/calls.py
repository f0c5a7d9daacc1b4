#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs mos-calls (test/calls) natively, then moved, with the same seed, and compares what each call
gave: result, errno, signals, memory. The first line that differs is the report.

A world counts only if the process was away when it began and did not come home in it unasked; the
calls forwarded in it are counted by home. The program asks before each world, and behind each call
that brings it home by its nature: then it is sent away again."""

from __future__ import annotations

import argparse
import os
import random
import re
import select
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import moslab
from control import Control

PROGRAM = Path(os.environ.get("MOS_CALLS", moslab.REPO / "build/test/calls/mos-calls"))
CALLS = 175             # in a world
WORLDS_AT_ONCE = 60     # then both runs begin anew, so that a difference is found early
ANSWER_WITHIN = 60      # seconds for a world
AWAY_AT_LEAST = 0.8
HOSTS = (2, 3)


class Differs(AssertionError):
    """A call, or the end, was not the same."""


@dataclass
class Account:
    """What the moved runs did."""
    calls: int = 0
    worlds: int = 0
    away: int = 0          # worlds begun and ended away, but for calls that bring it home
    moves: int = 0
    forwarded: int = 0     # as home counted
    to_forward: int = 0    # as the program did
    by_nature: int = 0     # came home by a call that is made there
    unasked: dict[str, int] = field(default_factory=dict)
    stayed: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return (f"{self.calls} calls in {self.worlds} worlds, {self.away} of them away, "
                f"{self.moves} moves, {self.forwarded} calls forwarded of {self.to_forward}, "
                f"sent away again {self.by_nature} times; came home unasked {self.unasked}, "
                f"did not leave {self.stayed}")

    def faults(self) -> list[str]:
        found = []
        if self.away < AWAY_AT_LEAST * self.worlds:
            found.append(f"does not count: {self.away} of {self.worlds} worlds away")
        if self.forwarded < AWAY_AT_LEAST * self.to_forward:
            found.append(f"does not count: {self.forwarded} calls forwarded, "
                         f"of {self.to_forward} that were to be")
        if self.moves < self.worlds / 10:
            found.append(f"does not count: {self.moves} moves in {self.worlds} worlds")
        return found


class Moved:
    """One moved run: answers the program's questions, and moves it before it goes on."""

    def __init__(self, lab: moslab.Lab, seed: int, account: Account):
        self.lab, self.account = lab, account
        self.rng = random.Random(seed)
        self.control = Control(lab.control(moslab.HOME_NODE))
        self.moves_seen = 0
        self.world_was_away = False
        self.expected = False  # a call has been made that brings it home

    def why(self) -> dict:
        return moslab.plain(self.control.ask(op="why", pid=self.job.pid))

    def move(self, place: int) -> bool:
        deadline = time.monotonic() + 30
        while True:
            a = self.control.ask(op="migrate", pid=self.job.pid, to=place or "home", wait=True)
            if a.get("ok"):
                self.account.moves += not a.get("already")
                return True
            if a.get("code") != "busy" or time.monotonic() > deadline:
                break
        code = a.get("code", "?")
        self.account.stayed[code] = self.account.stayed.get(code, 0) + 1
        return False

    def note_unasked(self, why: dict, natural: str, world: str) -> None:
        """Moves home that nobody asked for since the last time; one is the call's that just was."""
        new = why.get("move_count", 0) - self.moves_seen
        self.moves_seen = why.get("move_count", 0)
        home = [m.get("cause", "?") for m in why["moves"][-new:] if new and m["ok"] and
                m["node"] == 0 and m.get("cause") != "asked"]
        self.expected = natural == "home" or self.expected
        if self.expected and home:  # mosd may hear of it later than we
            home.pop()
            self.account.by_nature += 1
            self.expected = False
        for cause in home:
            cause = f"{cause} before {natural} {world}"
            self.account.unasked[cause] = self.account.unasked.get(cause, 0) + 1
            self.world_was_away = False

    def answer(self, world: str, reason: str) -> None:
        before = self.account.moves
        why = self.why()
        at = why.get("node", 0)
        self.note_unasked(why, reason, world)
        if reason == "world":
            self.account.away += self.world_was_away
            if at and self.rng.random() < 0.2:
                self.move(self.rng.choice([0, 5 - at]))
                at = self.why().get("node", 0)
        if not at:
            at = self.rng.choice(HOSTS) if self.move(self.rng.choice(HOSTS)) else 0
        if reason == "world":
            self.world_was_away = bool(at)
        if self.account.moves != before:
            self.moves_seen = self.why().get("move_count", 0)

    def run(self, folder: str, program: str, words: list[str]) -> bytes:
        ready, go = (f"{folder}/{name}" for name in ("ready", "go"))
        fds = []
        for path in (ready, go):
            there = self.lab.inside(1, path)
            os.mkfifo(there)
            os.chown(there, moslab.ORDINARY, moslab.ORDINARY)
            fds.append(os.open(there, os.O_RDWR | os.O_CLOEXEC))
        self.job = self.lab.job([program, *words, "--ready", ready, "--go", go], folder)
        lines = moslab.Lines(fds[0])
        try:
            while True:
                if self.ended(fds[0], lines):
                    break
                world, reason, *_ = lines.next(time.monotonic() + 1).decode().split()
                self.answer(world, reason)
                os.write(fds[1], b"g")
            self.last_counts()
            return finish(self.lab, self.job, "moved")
        finally:
            for fd in fds:
                os.close(fd)
            self.control.close()

    def ended(self, ready: int, lines: moslab.Lines) -> bool:
        """Waits for a question or the end."""
        if b"\n" in lines.pending:
            return False
        found = select.select([ready, self.job.lines.fd], [], [], ANSWER_WITHIN)[0]
        if not found:
            raise Differs(f"moved: neither a call nor a question within {ANSWER_WITHIN} s")
        return ready not in found

    def last_counts(self) -> None:
        self.job.wait(20)
        why = self.why()
        self.note_unasked(why, "world", "the last")
        self.account.away += self.world_was_away
        self.account.forwarded += why.get("forwarded", 0)


def finish(lab: moslab.Lab, job: moslab.Job, kind: str) -> bytes:
    if not hasattr(job, "last") and not job.ended(ANSWER_WITHIN):
        raise Differs(f"{kind}: not ended within {ANSWER_WITHIN} s, after: {job.out[-400:].decode()}")
    end = job.wait(0)
    text = job.out
    if end != ("exited", 0):
        raise Differs(f"{kind}: {end[0]} {end[1]}, after: {text[-400:].decode()} {job.err[-300:]!r}")
    job.reap()
    job.finish()
    lab.jobs.remove(job)
    return text


def program_in(lab: moslab.Lab) -> str:
    copy = lab.bin / PROGRAM.name
    if not copy.exists():
        shutil.copy2(PROGRAM, copy)
    return str(copy)


def fresh(lab: moslab.Lab, folder: str) -> str:
    lab.remove(folder)
    return lab.folder(folder.rsplit("/", 1)[1])


def compare(native: bytes, moved: bytes, seed: int) -> None:
    a, b = native.decode().splitlines(), moved.decode().splitlines()
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            before = "\n  ".join(a[max(0, i - 8):i])
            raise Differs(f"seed {seed}, world {x.split('.')[0]}:\n  {before}\n"
                          f"native: {x}\nmoved:  {y}")
    if len(a) != len(b):
        raise Differs(f"seed {seed}: {len(a)} lines natively, {len(b)} moved: {b[-1:]}")


def run_chunk(lab: moslab.Lab, folder: str, seed: int, first: int, worlds: int, account: Account,
              extra: list[str]) -> None:
    """Some worlds, natively and moved, in the same folder: paths are among what is compared."""
    words = ["--seed", str(seed), "--first", str(first), "--worlds", str(worlds),
             "--folder", folder, *extra]
    fresh(lab, folder)
    program = program_in(lab)
    native = finish_native(lab, lab.job([program, *words], folder, mosrun=False))
    fresh(lab, folder)
    moved = Moved(lab, seed * 1000003 + first, account).run(folder, program, words)
    compare(native, moved, seed)
    calls, to_forward = re.match(r"(\d+) calls, (\d+)", moved.decode().splitlines()[-1]).groups()
    account.calls += int(calls)
    account.to_forward += int(to_forward)
    account.worlds += worlds


def finish_native(lab: moslab.Lab, job: moslab.Job) -> bytes:
    return finish(lab, job, "natively")


def run_calls(lab: moslab.Lab, folder: str, seed: int, calls: int, *, first: int = 0,
              extra: list[str] = (), tell=None) -> Account:
    """Return: the account. Raises Differs at the first difference."""
    account = Account()
    worlds = (calls + CALLS - 1) // CALLS
    while worlds > 0:
        now = min(worlds, WORLDS_AT_ONCE)
        run_chunk(lab, folder, seed, first, now, account, list(extra))
        first += now
        worlds -= now
        if tell:
            tell(account)
    return account


def main() -> int:
    cli = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cli.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 2**31))
    cli.add_argument("--calls", type=int, default=20000)
    cli.add_argument("--first", type=int, default=0, help="the first world")
    cli.add_argument("--all", action="store_true", help="what is known to be wrong, too")
    cli.add_argument("--each", action="store_true", help="write each line at once")
    cli.add_argument("--home", type=int, help="how many of a thousand calls go home")
    args = cli.parse_args()
    extra = ["--all"] * args.all + ["--each"] * args.each
    extra += ["--home", str(args.home)] if args.home is not None else []
    print(f"seed {args.seed}")
    lab = moslab.Lab(f"calls-{os.getpid()}")
    try:
        folder = lab.folder("calls")
        account = run_calls(lab, folder, args.seed, args.calls, first=args.first, extra=extra,
                            tell=lambda a: print(a, flush=True))
        for fault in account.faults():
            print(f"FAILED: {fault}")
        return 1 if account.faults() else 0
    except Differs as what:
        print(f"FAILED: {what}")
        return 1
    finally:
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
