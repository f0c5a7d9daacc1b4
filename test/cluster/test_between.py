# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes while a supervisor is busy with something else: made certain by stopping it meanwhile."""

import os
import signal
import subprocess
import time

import pytest

from test_loss import comm, mosd_of, processes_of
from test_signals import PY, away, up


def guest_of(lab, node: int) -> int:
    found = [pid for pid in processes_of(lab, node) if comm(pid) == "mos-guest"]
    assert len(found) == 1
    return found[0]


def asked(lab, job, where):
    """A migrate that goes on beside us."""
    return subprocess.Popen(lab.command(1, [str(lab.bin / "migrate"), str(job.pid), str(where)]),
                            stdin=subprocess.DEVNULL)


def test_stopped_while_it_sleeps(mortal_lab, home_dir):
    """Its sleep ends while it is stopped, and what it does then must wait."""
    lab = mortal_lab
    code = ("import time, os\nprint('up', flush=True)\ntime.sleep(2)\n"
            "os.sched_setaffinity(0, os.sched_getaffinity(0))\nprint('done', flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.kill(signal.SIGSTOP)
    assert job.event("stopped", 20)["status"] == signal.SIGSTOP
    assert not job.ended(3)
    assert lab.why(job.pid)["node"] == 2, "it acted while stopped"
    job.kill(signal.SIGCONT)
    assert job.wait(20) == ("exited", 0)
    job.shows("done", 5)


def test_signal_and_stop_at_once(mortal_lab, home_dir):
    """The stop finds the body with the signal still to be delivered."""
    lab = mortal_lab
    code = ("import signal\nsignal.signal(signal.SIGUSR1, lambda n, f: print('usr1', flush=True))\n"
            "print('up', flush=True)\nwhile True: sum(range(10000))\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    guest = guest_of(lab, 2)
    os.kill(guest, signal.SIGSTOP)
    job.kill(signal.SIGUSR1)
    job.ended(0.3)
    job.kill(signal.SIGSTOP)
    assert job.event("stopped", 20)["status"] == signal.SIGSTOP
    os.kill(guest, signal.SIGCONT)
    job.ended(0.3)
    job.kill(signal.SIGCONT)
    job.shows("usr1")


def test_stop_of_an_orphan(mortal_lab, home_dir):
    """A process group without a shell is not stopped by the terminal's signals."""
    lab = mortal_lab
    code = ("import os\nif os.fork(): os._exit(0)\nos.setsid()\nf = open('pid', 'w')\n"
            "f.write(str(os.getpid()) + '\\n')\nf.flush()\nn = 0\n"
            "for n in range(10**9):\n    sum(range(100000))\n"
            "    if n % 20 == 0: f.write(str(n) + '\\n'); f.flush()\n")
    job = lab.job([PY, "-c", code], home_dir)
    assert job.wait(20) == ("exited", 0)
    path = lab.inside(1, f"{home_dir}/pid")
    pid = int(until(job, lambda: path.exists() and path.read_text().split("\n")[:-1])[0])
    lab.move(pid, 2)
    try:
        os.kill(pid, signal.SIGTSTP)
        job.ended(1)
        size = path.stat().st_size
        assert until(job, lambda: path.stat().st_size > size), "it was stopped"
        assert lab.why(pid)["node"] == 2
    finally:
        os.kill(pid, signal.SIGKILL)


def until(job, fn, seconds=10):
    deadline = time.monotonic() + seconds
    while not (found := fn()) and time.monotonic() < deadline:
        job.ended(0.05)
    return found


@pytest.mark.alone
def test_stop_does_not_prolong_a_sleep(mortal_lab, home_dir):
    lab = mortal_lab
    began = time.monotonic()
    job = lab.job(["sleep", "5"], home_dir)
    away(lab, job)
    assert not job.ended(began + 3.5 - time.monotonic())
    job.kill(signal.SIGTSTP)
    assert job.event("stopped", 20)["status"] == signal.SIGTSTP
    job.kill(signal.SIGCONT)
    assert job.wait(20) == ("exited", 0)
    took = time.monotonic() - began
    assert 5 <= took < 7, f"slept {took:.2f} s"


@pytest.mark.alone
def test_stop_does_not_prolong_a_poll(mortal_lab, home_dir):
    """Begun away; what comes meanwhile is not lost."""
    lab = mortal_lab
    code = ("import select, sys, time\nprint('up', flush=True)\nsys.stdin.readline()\n"
            "t = time.monotonic()\np = select.poll()\nprint(p.poll(3000))\n"
            "print('took', time.monotonic() - t, flush=True)\nprint(sys.stdin.readline(), flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    job.type("go\n")
    job.ended(1.5)
    for _ in range(10):  # no sooner continued than stopped again
        job.kill(signal.SIGTSTP)
        assert job.event("stopped", 20)["status"] == signal.SIGTSTP
        job.kill(signal.SIGCONT)
        assert job.event("continued", 20)
    job.shows("took 3.")
    job.kill(signal.SIGTSTP)
    assert job.event("stopped", 20)["status"] == signal.SIGTSTP
    job.type("word\n")
    job.ended(0.3)
    assert "word\r\nword" not in job.typed
    job.kill(signal.SIGCONT)
    assert job.wait(20) == ("exited", 0)
    job.shows("word\r\nword", 5)


def test_signal_and_way_home_at_once(mortal_lab, home_dir):
    """A call that a handler breaks off while the process is asked home."""
    lab = mortal_lab
    code = ("import os, signal\nsignal.signal(signal.SIGUSR1, lambda n, f: print('usr1', flush=True))\n"
            "print('up', flush=True)\nprint('got', os.read(0, 100), flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    away(lab, job)
    guest = guest_of(lab, 2)
    os.kill(guest, signal.SIGSTOP)
    job.kill(signal.SIGUSR1)
    job.ended(0.3)
    going = asked(lab, job, "home")
    job.ended(0.5)
    os.kill(guest, signal.SIGCONT)
    assert going.wait(20) == 0
    job.shows("usr1")
    job.type("word\n")
    assert job.wait(20) == ("exited", 0)
    job.shows("got b'word\\n'", 5)


POLL = ("import select, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda n, f: sys.exit(7))\n"
        "print('up', flush=True)\np = select.poll()\np.register(0)\n"
        "p.unregister(0)\np.poll(4000)\nprint('done', flush=True)\n")


@pytest.mark.parametrize("fault", ["", "built"])
@pytest.mark.parametrize("what", ["poll", "sleep"])
def test_linger_ends_as_it_leaves(mortal_lab, home_dir, fault, what):
    """Home again and inside a call with a time, which ends while mos-home waits for the next node."""
    lab = mortal_lab
    code = POLL if what == "poll" else POLL.replace("p.poll(4000)", "__import__('time').sleep(4)")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    up(job)
    began = time.monotonic()
    away(lab, job)
    lab.move(job.pid, "home")
    mosd = mosd_of(lab, 3)
    os.kill(mosd, signal.SIGSTOP)
    if fault:
        lab.fault(fault)
    going = asked(lab, job, 3)
    job.ended(began + 5 - time.monotonic())
    os.kill(mosd, signal.SIGCONT)
    going.wait(20)
    if fault:
        lab.fault("")
    assert job.wait(10) == ("exited", 0)
    job.shows("done", 5)


def test_signal_as_it_lingers_and_does_not_leave(mortal_lab, home_dir):
    lab = mortal_lab
    job = lab.job([PY, "-c", POLL.replace("4000", "20000")], home_dir, pty=True)
    up(job)
    away(lab, job)
    lab.move(job.pid, "home")
    mosd = mosd_of(lab, 3)
    os.kill(mosd, signal.SIGSTOP)
    lab.fault("built")
    going = asked(lab, job, 3)
    job.ended(1)
    job.kill(signal.SIGTERM)
    job.ended(0.3)
    os.kill(mosd, signal.SIGCONT)
    assert going.wait(20) != 0
    lab.fault("")
    assert job.wait(10) == ("exited", 7)


def test_rest_of_a_write_leaves_again(mortal_lab, home_dir):
    """A write in pieces, cut by moves in any direction: the sum is told once."""
    lab = mortal_lab
    os.mkfifo(lab.inside(1, f"{home_dir}/fifo"))
    lab.inside(1, f"{home_dir}/fifo").chmod(0o666)
    code = ("import os, sys\nf = os.open('fifo', os.O_WRONLY)\nprint('up', flush=True)\n"
            "sys.stdin.readline()\nn = os.write(f, b'x' * (5 << 20))\nprint('wrote', n, flush=True)\n")
    job = lab.job([PY, "-c", code], home_dir, pty=True)
    f = os.open(lab.inside(1, f"{home_dir}/fifo"), os.O_RDONLY)
    up(job)
    away(lab, job)
    job.type("go\n")
    got = 0

    def take(n):
        nonlocal got
        while got < n:
            got += len(os.read(f, 65536))

    for where, n in ((None, 2200000), ("home", 2500000), (2, 2700000), ("home", 2900000), (3, 3100000), (2, 3300000)):
        if where:
            assert not job.ended(0.1), job.typed
            lab.move(job.pid, where)
        take(n)
    take(5 << 20)
    os.close(f)
    assert job.wait(20) == ("exited", 0)
    job.shows("wrote ", 5)
    assert f"wrote {5 << 20}" in job.typed
