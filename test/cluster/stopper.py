#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stops and continues a program at random instants while it moves, and looks whether it stands when it is
to stand and runs when it is to run.

Whatever came before, the last signal decides, natively and here: behind SIGCONT the program gets on,
behind a stop signal its parent sees it stopped and it does nothing more, whether at home, away or between.
No signal is lost or comes twice.
The program itself checks the length of its sleeps and that what went through its pipe is right. All chance
follows from one seed."""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
from dataclasses import dataclass

import moslab

PLACES = ("2", "3", "home")
# Why a move may be refused while all this goes on.
REFUSED = re.compile("stopped|busy|on its way|try again|it is inside|runs at home only")
AS_IT_MUST = 20  # seconds within which it does what it is to do
STANDS_FOR = 0.1

# Each prints lines "NUMBER", one more each time, to its terminal; "bad ..." when something is wrong.
HEAD = """
import os, select, signal, sys, threading, time
handled = {}
def note(number, frame):
    handled[number] = handled.get(number, 0) + 1
def tell(n):
    text = b"%d\\n" % n
    if os.write(1, text) != len(text):
        print("bad: a short write", flush=True)
def bad(*what):
    print("bad:", *what, flush=True)
n = 0
"""
KINDS = {
    "computes": """
s = 0
while True:
    n += 1
    for i in range(20000):
        s = (s * 31 + i) % 1000003
    tell(n)
""",
    "sleeps": """
while True:
    n += 1
    began = time.monotonic()
    time.sleep(0.03)
    if time.monotonic() - began < 0.03:
        bad("slept", time.monotonic() - began)
    tell(n)
""",
    "polls": """
r, w = os.pipe()
p = select.poll()
p.register(r, select.POLLIN)
e = select.epoll()
e.register(r, select.EPOLLIN)
while True:
    n += 1
    began = time.monotonic()
    if p.poll(20) or e.poll(0.01):
        bad("an event")
    if time.monotonic() - began < 0.03:
        bad("waited", time.monotonic() - began)
    tell(n)
""",
    "writes": """
r, w = os.pipe()
data = bytes(range(251)) * 3000
if os.fork() == 0:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.close(w)
    for sig in (signal.SIGTSTP,):
        signal.signal(sig, signal.SIG_IGN)
    k = 0
    while True:
        got = os.read(r, 5000)
        if not got:
            os._exit(0)
        if got != (data * 2)[k:k + len(got)]:
            print("bad: read something else", flush=True)
        k = (k + len(got)) % len(data)
        time.sleep(0.0005)
os.close(r)
while True:
    n += 1
    k = 0
    while k < len(data):  # a stop signal cuts a write short, natively too
        k += os.write(w, data[k:])
    tell(n)
""",
    "handles": """
for name in ("SIGCHLD", "SIGURG", "SIGWINCH", "SIGUSR1"):
    signal.signal(getattr(signal, name), note)
s = 0
while True:
    n += 1
    time.sleep(0.01)
    for i in range(5000):
        s = (s * 31 + i) % 1000003
    tell(n)
""",
    "counts": """
r, w = os.pipe()
for fd in (r, w):
    os.set_blocking(fd, False)
signal.set_wakeup_fd(w)  # each one, also two that python would make one of
signal.signal(signal.SIGRTMIN, note)
had = 0
while True:
    n += 1
    time.sleep(0.01)
    sum(range(5000))
    try:
        had += len(os.read(r, 4096))
    except BlockingIOError:
        pass
    os.write(1, b"%d\\n+%d\\n" % (n, had))
""",
    "alarms": """
signal.signal(signal.SIGALRM, note)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)  # there is always one about to stop it
s = 0
while True:
    n += 1
    for i in range(10000):
        s = (s * 31 + i) % 1000003
    tell(n)
""",
    "masks": """
stops = {signal.SIGTSTP, signal.SIGCHLD, signal.SIGURG}
while True:
    n += 1
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    time.sleep(0.01)
    tell(n)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
    sum(range(5000))
""",
}
STOPS = (signal.SIGSTOP, signal.SIGSTOP, signal.SIGTSTP)
HARMLESS = (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH)
SIGNALS = (*STOPS, *STOPS[1:], *[signal.SIGCONT] * 4, *HARMLESS)

# Home's stages in their order, and other fault points on the way.
LEAVE = ["check", "connect", "files", "stop", "look", "visit", "send", "built", "commit", "deputy"]
COME = ["come-settle", "come-map", "come-fill", "come-restore", "come-clock", "come-commit", "release"]
HOP = ["hop-prepare", "hop-order", "hop-last-words", "hop-commit"]


def state_of(pid: int) -> str:
    """What the kernel knows of it, for the report of a failure."""
    found = []
    try:
        for line in (moslab.Path(f"/proc/{pid}/status").read_text().splitlines()):
            if line.split(":")[0] in ("State", "TracerPid", "SigPnd", "ShdPnd", "SigBlk"):
                found.append(" ".join(line.split()))
        for name in ("wchan", "syscall"):
            found.append(f"{name} {moslab.Path(f'/proc/{pid}/{name}').read_text().strip()}")
    except OSError as why:
        found.append(str(why))
    return "; ".join(found)


@dataclass
class Tally:
    """What was done in a run."""
    moved: int = 0
    refused: int = 0
    stops: int = 0
    stood: int = 0

    def __str__(self) -> str:
        return (f"{self.moved} moves, {self.refused} refused, {self.stops} stop signals, "
                f"stood at the end of {self.stood} rounds")


class Stopper:
    """One job on a terminal, and what its parent has seen of it."""

    def __init__(self, lab: moslab.Lab, folder: str, kind: str, seed: int):
        self.lab, self.kind = lab, kind
        self.rng = random.Random(seed)
        self.tally = Tally()
        self.seen = 0        # characters of its output that were looked at
        self.number = 0      # the last that it said
        self.queued = self.had = 0  # SIGRTMINs that it was sent, and has told of
        self.state = "running"
        self.place = "home"
        self.stop = False    # is it to stand?
        self.sent: list[str] = []  # this round's doings, for the report
        self.job = lab.job([moslab.PYTHON, "-c", HEAD + KINDS[kind]], folder, pty=True)
        self.got_on(0)

    def look(self) -> None:
        """Its numbers follow each other."""
        end = self.job.typed.rfind("\n") + 1
        for line in self.job.typed[self.seen:end].split():
            if line[0] == "+":
                self.had = int(line)
                continue
            assert line == str(self.number + 1), \
                f"it said {line!r} behind {self.number}; {self.job.typed[-300:]!r}"
            self.number += 1
        self.seen = end

    def event(self, seconds: float) -> str:
        """Return: the next event's name, or an empty string."""
        try:
            event = self.job.event("typed stopped continued", seconds)
        except moslab.Late:
            return ""
        if event["ev"] != "typed":
            self.state = event["ev"]
            self.sent.append(f"[{event['ev']}]")
        self.look()
        return event["ev"]

    def idle(self, seconds: float) -> None:
        """Takes what comes meanwhile."""
        until = time.monotonic() + seconds
        while self.event(max(0, until - time.monotonic())) or time.monotonic() < until:
            pass

    def fail(self, what: str) -> None:
        raise AssertionError(f"{self.kind}: {what}; this round: {' '.join(self.sent)}; "
                             f"pid {self.job.pid}: {state_of(self.job.pid)}")

    def got_on(self, behind: int) -> None:
        until = time.monotonic() + AS_IT_MUST
        while self.number <= behind + 2:
            if not self.event(until - time.monotonic()) and time.monotonic() > until:
                self.fail("it is to run and does not get on")
        while self.had != self.queued and time.monotonic() < until:
            self.event(until - time.monotonic())
        if self.had != self.queued:
            self.fail(f"it has had {self.had} of {self.queued} signals")
        if self.state == "stopped":
            self.fail("its parent sees it stopped, and it runs")

    def stands(self) -> None:
        until = time.monotonic() + AS_IT_MUST
        while self.state != "stopped":
            if not self.event(until - time.monotonic()) and time.monotonic() > until:
                self.fail("it is to stop and does not")
        # What lay in the terminal comes first.
        while self.event(0.02):
            pass
        before = self.number
        self.idle(STANDS_FOR)
        if self.number != before or self.state != "stopped":
            self.fail("it goes on while it is stopped")
        self.tally.stood += 1

    def kill(self, sig: int) -> None:
        self.sent.append(signal.Signals(sig).name)
        self.job.kill(sig)
        self.tally.stops += sig in STOPS

    def stages(self, place: str) -> list[str]:
        """Where its way there may be held."""
        if place == "home":
            return COME
        return HOP if self.place not in ("home", place) else LEAVE

    def some_signals(self, most: int) -> None:
        for _ in range(self.rng.randint(0, most)):
            sig = self.rng.choice(SIGNALS)
            self.kill(sig)
            if sig not in HARMLESS:
                self.stop = sig in STOPS
            if self.kind == "counts":
                self.kill(signal.SIGRTMIN)
                self.queued += 1
            self.idle(self.rng.choice([0, 0.002, self.rng.random() * 0.03]))

    def round(self) -> None:
        """One move: some of its stages are held while signals come, or it is not held at all."""
        place = self.rng.choice([p for p in PLACES if p != self.place])
        stages = self.stages(place)
        held = sorted(self.rng.sample(range(len(stages)), min(len(stages), self.rng.randint(0, 3))))
        self.sent = [f"{self.place} to {place}:"]
        self.stop = False
        if held:
            self.lab.fault(f"hold-{stages[held[0]]}")
        asked = self.lab.asks(self.job.pid, place)
        try:
            for k, at in enumerate(held):
                if not self.lab.held(stages[at], asked):
                    break
                self.sent.append(f"<{stages[at]}>")
                self.some_signals(3)
                if k + 1 < len(held):
                    self.lab.fault(f"hold-{stages[held[k + 1]]}")
            self.lab.fault("")
            if not held:
                self.idle(self.rng.random() * 0.06)
                self.some_signals(4)
            if self.stop:
                self.stands()
            if self.stop and self.rng.random() < 0.8:
                self.kill(signal.SIGCONT)
                self.stop = False
        finally:
            self.lab.fault("")
            if not asked.done(AS_IT_MUST):
                self.fail("the move does not end")
        self.sent.append("(moved)" if asked.moved() else f"({asked.error})")
        if asked.moved():
            self.tally.moved += 1
            self.place = place
        else:
            self.tally.refused += 1
            assert REFUSED.search(asked.error), asked.said
        if self.stop:
            self.stands()
            self.kill(signal.SIGCONT)
        self.idle(0)
        self.state = "running"
        self.got_on(self.number)

    def run(self, rounds: int) -> Tally:
        for _ in range(rounds):
            self.round()
        return self.tally


def main() -> int:
    cli = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cli.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 2**31))
    cli.add_argument("--rounds", type=int, default=40)
    cli.add_argument("--runs", type=int, default=1, help="seeds, one behind the other")
    cli.add_argument("--keep", action="store_true", help="wait for a line when something is wrong")
    cli.add_argument("kind", nargs="*", default=list(KINDS), help=" ".join(KINDS))
    args = cli.parse_args()
    lab = moslab.Lab(f"stopper-{moslab.os.getpid()}")
    bad = 0
    try:
        for seed in range(args.seed, args.seed + args.runs):
            for kind in args.kind:
                folder = lab.folder(f"{kind}-{seed}")
                try:
                    one = Stopper(lab, folder, kind, seed)
                    print(f"seed {seed} {kind}: {one.run(args.rounds)}", flush=True)
                except AssertionError as why:
                    bad += 1
                    print(f"seed {seed} {kind}: FAILED: {why}", flush=True)
                    if args.keep:
                        sys.stdin.readline()
                lab.end_jobs()
    finally:
        lab.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
