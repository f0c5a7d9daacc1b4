# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest programs times modes. A program knows nothing of the mode: it builds state, says ready,
works, verifies. A mode with moves fails unless the moves it counts have happened; a program that
came home by itself for a reason which its source does not declare fails too."""

import json
import os
import random
import re
import select

import pytest

import moslab

SOURCES = moslab.REPO / "test/guests"
PROGRAMS = moslab.Path(os.environ.get("MOS_GUESTS", moslab.REPO / "build/test/guests"))
STATIC = ("heap", "clock", "regs")  # built static too
READY_WITHIN = 60
ENDS_WITHIN = 60


def fifty(rng):
    at = 0
    for _ in range(50):
        at = rng.choice([n for n in (0, 2, 3) if n != at])
        yield at


# name: (what it does while it waits, where to: 0 is home)
MODES = {
    "unmoved": ("compute", lambda rng: []),
    "once": ("compute", lambda rng: [2]),
    "once-asleep": ("sleep", lambda rng: [2]),
    "tour": ("calls", lambda rng: [2, 3, 0]),
    "tour-napping": ("nap", lambda rng: [3, 0, 2, 3]),
    "fifty": ("compute", fifty),
}


def declared(name: str, word: str) -> str:
    text = (SOURCES / f"{name}.c").read_text()
    found = re.search(rf'^{word}\("?([^")]*)"?\)', text, re.MULTILINE)
    return found.group(1) if found else ""


def guests() -> list[str]:
    names = sorted(p.stem for p in SOURCES.glob("*.c"))
    assert all(declared(name, "GUEST") for name in names)
    return names + [f"{name}-static" for name in STATIC]


def wait_ready(fd: int, job) -> None:
    if not select.select([fd, job.lines.fd], [], [], READY_WITHIN)[0]:
        raise moslab.Late(f"not ready within {READY_WITHIN} s")
    if not select.select([fd], [], [], 0)[0]:
        raise AssertionError(f"ended before it was ready: {job.said()}")


def cases() -> list[tuple[str, int]]:
    """What a program does after the wait, one thing at a time: where the first of them brings it home, the
    others would all be done there."""
    names = sorted(p.stem for p in SOURCES.glob("*.c"))
    return [(name, case) for name in names for case in range(int(declared(name, "GUEST_CASES") or 0))]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "fifty"])
@pytest.mark.parametrize("name", guests())
def test_guest(lab, home_dir, seed, name, mode):
    busy, route = MODES[mode]
    run_guest(lab, home_dir, name, busy, list(route(random.Random(seed))))


@pytest.mark.sometimes(of=3)
@pytest.mark.parametrize("name", [name for name in guests() if not declared(name.removesuffix("-static"), "GUEST_STAYS")])
def test_guest_fifty(lab, home_dir, seed, name):
    busy, route = MODES["fifty"]
    run_guest(lab, home_dir, name, busy, list(route(random.Random(seed))))


@pytest.mark.parametrize("name,case", cases())
def test_case(lab, home_dir, name, case):
    run_guest(lab, home_dir, name, "compute", [2], {"G_CASE": str(case)})


def run_guest(lab, home_dir, name: str, busy: str, places: list[int], env: dict | None = None) -> None:
    source = name.removesuffix("-static")
    stays = declared(source, "GUEST_STAYS")
    may_go_home = declared(source, "GUEST_MAY_GO_HOME").split(",")
    program = f"{home_dir}/g-{name}"
    ready, go, fifo = (f"{home_dir}/{x}" for x in ("ready", "go", "fifo"))

    lab.put(program, (PROGRAMS / f"g-{name}").read_bytes(), 0o755)
    held = []
    for path in (ready, fifo):
        there = lab.inside(1, path)
        os.mkfifo(there)
        os.chown(there, moslab.ORDINARY, moslab.ORDINARY)
        held.append(os.open(there, os.O_RDWR | os.O_CLOEXEC))
    try:
        job = lab.job([program], home_dir, pty=source == "terminal",
                      env={"G_READY": ready, "G_GO": go, "G_FIFO": fifo, "G_BUSY": busy,
                           **({"G_PTY": "1"} if source == "terminal" else {}), **(env or {})})
        wait_ready(held[0], job)
        if stays and places:
            refused(lab, job.pid, stays)
            places = []
        for place in places:
            try:
                lab.move(job.pid, place or "home")
            except AssertionError as why:
                raise AssertionError(f"{why}\nended: {job.ended(5) and job.wait()}; {job.said()}") from why
        if places:
            happened(lab.why(job.pid), places, may_go_home)
        lab.inside(1, go).touch()
        os.write(held[1], b"x")
        end = job.wait(ENDS_WITHIN)
        if source == "terminal":
            job.shows("g-terminal", 5)
            assert f"pass g-{name}" in job.typed, job.typed
        else:
            assert job.out.decode() == f"pass g-{name}\n", job.said()
        assert end == ("exited", 0)
        lab.decoys_untouched(home_dir, [f"g-{name}"])
        job.reap()
    finally:
        for fd in held:
            os.close(fd)


def refused(lab, pid: int, reason: str) -> None:
    r = lab.migrate(pid, 2)
    assert r.returncode != 0, f"moved, though it should stay for {reason!r}"
    assert reason in r.stderr + json.dumps(lab.why(pid)), r.stderr


def happened(why: dict, places: list[int], may_go_home: list[str]) -> None:
    by_itself = [cause for cause in moslab.unasked(why) if cause not in may_go_home]
    assert not by_itself, f"came home by itself for {by_itself}"
    asked = [m["node"] for m in moslab.completed(why) if m.get("cause") == "asked"]
    happened_at_all = len(asked) + why["forgotten"]
    assert happened_at_all >= len(places), f"of {len(places)} moves {happened_at_all} happened"
    kept = min(len(asked), len(places))
    assert kept and asked[-kept:] == places[-kept:]
