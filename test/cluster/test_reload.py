# SPDX-License-Identifier: GPL-2.0-or-later
"""mosd reads its files again: nobody moves or ends for it, and what is wrong changes nothing."""

import os
import signal
import subprocess
import time

import moslab
from test_loss import ANSWER, answers, away, mosd_of, start
from test_rejoin import guests, known_again, wait_for

CONF = "/etc/umosix/mosd.conf"


def reload(lab, node: int, uid: int = 0):
    return lab.run(node, [str(lab.bin / "mosctl"), "reload"], uid=uid)


def add_to_conf(lab, node: int, line: str) -> None:
    r = lab.run(node, ["sh", "-c", f"echo '{line}' >> {CONF}"])
    assert r.returncode == 0, r.stderr


def flags(lab, node: int) -> str:
    return lab.run(1, [str(lab.bin / "mosctl"), "status", str(node)]).stdout


def test_home_and_host_reload(mortal_lab, home_dir):
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    away(lab, job, 2)
    before = [mosd_of(lab, n) for n in (1, 2)]
    for node in (1, 2):
        r = reload(lab, node)
        assert r.returncode == 0, r.stderr
    assert [mosd_of(lab, n) for n in (1, 2)] == before
    known_again(lab, job.pid, 2)
    assert [g["pid"] for g in guests(lab, 2)] == [job.pid]
    answers(job, "after")
    lab.move(job.pid, 3)
    answers(job, "moved")
    lab.dirty = True


def test_takes_up_what_changed(mortal_lab):
    lab = mortal_lab
    assert "BLOCK" not in flags(lab, 2).upper()
    add_to_conf(lab, 2, "block = yes")
    r = reload(lab, 2)
    assert r.returncode == 0, r.stderr
    wait_for(lambda: "BLOCK" in flags(lab, 2).upper())
    lab.dirty = True


def test_by_signal(mortal_lab):
    lab = mortal_lab
    add_to_conf(lab, 3, "block = yes")
    os.kill(mosd_of(lab, 3), signal.SIGHUP)
    wait_for(lambda: "BLOCK" in flags(lab, 3).upper())
    lab.dirty = True


def test_many_signals(mortal_lab):
    """One that comes while it begins anew is neither lost nor deadly."""
    lab = mortal_lab
    pid = mosd_of(lab, 2)
    for _ in range(50):
        os.kill(pid, signal.SIGHUP)
        time.sleep(0.003)
    add_to_conf(lab, 2, "block = yes")
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: "BLOCK" in flags(lab, 2).upper())
    assert mosd_of(lab, 2) == pid
    lab.dirty = True


def test_wrong_file_changes_nothing(mortal_lab):
    lab = mortal_lab
    before = mosd_of(lab, 2)
    add_to_conf(lab, 2, "blok = yes")
    r = reload(lab, 2)
    assert r.returncode == 1
    assert "nothing is changed" in r.stderr and "blok" in r.stderr, r.stderr
    assert mosd_of(lab, 2) == before
    assert lab.run(2, [str(lab.bin / "mosctl"), "status"]).returncode == 0
    lab.dirty = True


HOLD = """
import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 4660))
s.listen()
print("held", flush=True)
signal.pause()
"""


def test_home_that_cannot_listen_keeps_its_processes(mortal_lab, home_dir):
    """The port is another program's where mosd did not listen before: it is alone until that is mended."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    away(lab, job, 2)
    conf, pid = lab.inside(1, CONF), mosd_of(lab, 1)
    before = conf.read_text()
    add_to_conf(lab, 1, "listen = " + lab.run(1, ["hostname", "-I"]).stdout.split()[0])
    assert reload(lab, 1).returncode == 0
    with subprocess.Popen(lab.command(1, [moslab.PYTHON, "-c", HOLD]), stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        conf.write_text(before)
        r = reload(lab, 1)
        assert r.returncode == 1 and "no more in a cluster: listen on TCP port 4660: " in r.stderr, r
        assert mosd_of(lab, 1) == pid
        answers(job, "alone")
        holder.kill()
    assert reload(lab, 1).returncode == 0
    known_again(lab, job.pid, 2)
    answers(job, "after")
    lab.move(job.pid, 3)
    answers(job, "moved")
    lab.dirty = True


def test_only_root(mortal_lab):
    r = reload(mortal_lab, 2, uid=moslab.ORDINARY)
    assert r.returncode == 5 and "root" in r.stderr, r.stderr
