# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals, stops, sleeps and ends as the parent of a process sees them while it is away."""

import re
import signal
import time

import pytest

import moslab

PY = "/usr/bin/python3"
COMPUTE = "while True: sum(range(10000))"
HANDLER = """
import signal, sys, time
def on(number, frame):
    print("handled", number, flush=True)
    sys.exit(7)
signal.signal(signal.{name}, on)
print("up", flush=True)
while True:
    {busy}
"""
BUSY = {"computing": "sum(range(10000))", "sleeping": "time.sleep(100)",
        "reading": "sys.stdin.read()"}


def away(lab, job, node=2):
    """Moves it and makes sure that it stays away."""
    lab.move(job.pid, node)
    assert lab.why(job.pid)["node"] == node


def up(job):
    """A program on a terminal that has printed "up"."""
    job.shows("up\r\n")


@pytest.mark.parametrize("busy", BUSY)
def test_term_with_handler(lab, home_dir, busy):
    code = HANDLER.format(name="SIGTERM", busy=BUSY[busy])
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.kill(signal.SIGTERM)
    assert job.wait(20) == ("exited", 7)
    job.shows("handled 15", 5)


@pytest.mark.parametrize("busy", BUSY)
def test_ctrl_c(lab, home_dir, busy):
    job = lab.job([PY, "-c", HANDLER.format(name="SIGINT", busy=BUSY[busy])], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.type("\x03")
    assert job.wait(20) == ("exited", 7)
    job.shows("handled 2", 5)


def test_ctrl_c_default(lab, home_dir):
    job = lab.job(["sh", "-c", "echo up; exec sleep 1000"], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.type("\x03")
    assert job.wait(20) == ("killed", signal.SIGINT)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_killed_from_outside(lab, home_dir, sig):
    job = lab.job(["sh", "-c", f"echo up; exec {PY} -c '{COMPUTE}'"], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.kill(sig)
    assert job.wait(20) == ("killed", sig)


@pytest.mark.parametrize("code, end", [
    ("import sys; sys.exit(42)", ("exited", 42)),
    ("import os; os._exit(255)", ("exited", 255)),
    ("import os; os.kill(os.getpid(), 15)", ("killed", 15)),
    ("import os; os.kill(os.getpid(), 9)", ("killed", 9)),
    ("import resource, os; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()",
     ("killed", 6)),
    ("import resource, ctypes; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
     "ctypes.string_at(8)", ("killed", 11)),
])
def test_end_seen_by_parent(lab, home_dir, code, end):
    wait = "import sys; print('up', flush=True); sys.stdin.readline(); "
    job = lab.job([PY, "-c", wait + code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.type("go\n")
    assert job.wait(20) == end
    job.reap()


@pytest.mark.parametrize("sig, die", [
    (signal.SIGABRT, "os.abort()"),
    (signal.SIGSEGV, "ctypes.string_at(8)"),
    (signal.SIGQUIT, "time.sleep(100)"),
])
def test_core_is_written_at_home(lab, home_dir, sig, die):
    """One that asks for a core dies at home, where its memory and its folder are."""
    code = ("import ctypes, os, resource, sys, time\n"
            "resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))\n"
            "mark = b'found in ' + b'the core' * 1000\n"
            f"print('up', flush=True)\nsys.stdin.readline()\nprint('now', flush=True)\n{die}\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.type("go\n")
    job.shows("now")
    if sig == signal.SIGQUIT:
        job.kill(sig)
    assert job.wait(20) == ("killed", sig)
    moved = lab.why(job.pid)["moves"]
    assert [m["cause"] for m in moved if m["ok"]] == ["asked", "core-dump"]
    pattern = moslab.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern == "core":  # else it goes elsewhere
        cores = list(lab.inside(1, home_dir).glob("core*"))
        assert len(cores) == 1 and b"found in the core" in cores[0].read_bytes()
    assert not list(lab.inside(2, home_dir).glob("core*"))


def test_alarm(lab, home_dir):
    code = ("import signal, sys, time\n"
            "t = time.monotonic()\n"
            "def on(n, f):\n"
            "    print('alarm after %.2f' % (time.monotonic() - t), flush=True); sys.exit(5)\n"
            "signal.signal(signal.SIGALRM, on)\n"
            "signal.setitimer(signal.ITIMER_REAL, 3)\n"
            "print('up', flush=True)\n" + COMPUTE)
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    assert job.wait(20) == ("exited", 5)
    job.shows("alarm after", 5)
    assert 2.99 <= float(job.typed.split("alarm after ")[1].split()[0]) < 5


def test_alarm_default(lab, home_dir):
    code = "import signal; signal.alarm(2); print('up', flush=True)\n" + COMPUTE
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    assert job.wait(20) == ("killed", signal.SIGALRM)


@pytest.mark.alone
def test_sleep_moved_five_times(lab, home_dir):
    began = time.monotonic()
    job = lab.job(["sleep", "10"], home_dir)
    for place in (2, 3, "home", 3, 2):
        lab.move(job.pid, place)
        assert not job.ended()
    moves = moslab.completed(lab.why(job.pid))
    assert [m["node"] for m in moves] == [2, 3, 0, 3, 2]
    assert job.wait(20) == ("exited", 0)
    took = time.monotonic() - began
    assert 10 <= took < 11.5, f"slept {took:.2f} s"


def test_stop_and_continue(lab, home_dir):
    """Ctrl-Z is seen by the parent, nothing runs meanwhile, and it goes on."""
    code = ("import sys, time\nprint('up', flush=True)\nn = 0\n"
            "while True:\n    n += 1; sum(range(1000))\n"
            "    if n % 200 == 0: print(n, flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.shows("\r\n400\r\n")
    job.type("\x1a")
    assert job.event("stopped", 20)["status"] == signal.SIGTSTP
    try:  # what lay in the terminal comes, then nothing
        while True:
            job.event("typed", 1.0)
            assert len(job.typed) < 10**7
    except moslab.Late:
        pass
    said = job.typed
    assert not job.ended(1.0)
    assert job.typed == said, "it went on while stopped"
    last = int(re.findall(r"(\d+)\r\n", said)[-1])
    job.kill(signal.SIGCONT)
    assert job.event("continued", 20)["status"] == signal.SIGCONT
    job.shows(f"\r\n{last + 400}\r\n")
    assert lab.why(job.pid)["node"] == 2
    job.kill(signal.SIGSTOP)
    assert job.event("stopped", 20)["status"] == signal.SIGSTOP
    job.kill(signal.SIGKILL)
    assert job.wait(20) == ("killed", signal.SIGKILL)


def test_queued_signals_in_order(lab, home_dir):
    """Blocked while away: they wait, and come with their sender when let in, at another node."""
    code = ("import signal, os, sys\n"
            "s = {signal.SIGUSR1, signal.SIGRTMIN}\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, s)\n"
            "print('up', flush=True)\n"
            "sys.stdin.readline()\n"
            "print(sorted(int(x) for x in signal.sigpending()), flush=True)\n"
            "for i in range(2):\n"
            "    w = signal.sigwaitinfo(s)\n"
            "    print('got', w.si_signo, w.si_code, w.si_pid == os.getppid(), flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.kill(signal.SIGRTMIN)
    job.kill(signal.SIGUSR1)
    away(lab, job, 3)
    job.type("\n")
    assert job.wait(20) == ("exited", 0)
    job.shows("got 34 0 True", 5)
    assert "[10, 34]" in job.typed
    assert "got 10 0 True" in job.typed
