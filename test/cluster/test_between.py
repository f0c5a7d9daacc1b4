# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes while a supervisor is busy with something else: made certain by stopping it meanwhile."""

import os
import signal
import subprocess
import time

from test_loss import comm, processes_of
from test_signals import PY, away, up


def guest_of(lab, node: int) -> int:
    found = [pid for pid in processes_of(lab, node) if comm(pid) == "mos-guest"]
    assert len(found) == 1
    return found[0]


def asked(lab, job, where):
    """A migrate that goes on beside us."""
    return subprocess.Popen(lab.command(1, [str(lab.bin / "migrate"), str(job.pid), str(where)]),
                            stdin=subprocess.DEVNULL)


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
    time.sleep(0.3)
    going = asked(lab, job, "home")
    time.sleep(0.5)
    os.kill(guest, signal.SIGCONT)
    assert going.wait(20) == 0
    job.shows("usr1")
    job.type("word\n")
    assert job.wait(20) == ("exited", 0)
    job.shows("got b'word\\n'", 5)
