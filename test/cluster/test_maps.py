# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that a process maps while it is away: it stays away. A program placed at another node by
`mosrun -N` begins there, loader and all."""

import re
import subprocess

import moslab

ENDS_WITHIN = 60
IMPORTS = """
import os, sys
def wait(path):
    with open(path, "rb") as f:
        f.read(1)
wait(sys.argv[1])
import sqlite3, json, decimal, ctypes, bz2, lzma, ssl, curses, xml.etree.ElementTree, email.message
import multiprocessing.shared_memory, asyncio
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert ctypes.CDLL("libm.so.6").abs(-3) == 3
assert lzma.decompress(lzma.compress(b"x" * 9999)) == b"x" * 9999
print("imported", decimal.Decimal(1) / 8)
sys.stdout.flush()
wait(sys.argv[2])
wait(sys.argv[3])
with open("/proc/self/maps") as f:
    print("maps", sum(".so" in line and " r-xp " in line for line in f) > 10)
"""


def fifo(lab, path: str) -> str:
    lab.run(1, ["mkfifo", path], uid=moslab.ORDINARY)
    return path


def open_gate(lab, path: str) -> None:
    """Returns when the program has come to it."""
    lab.run(1, ["sh", "-c", f"echo > {path}"], uid=moslab.ORDINARY)


def stayed_away(why: dict) -> None:
    assert not moslab.unasked(why), moslab.unasked(why)
    assert why["came_home"] == 0
    assert why["forwarded"] > 0


def test_python_imports_while_away(lab, home_dir):
    gates = [fifo(lab, f"{home_dir}/gate{i}") for i in range(3)]
    job = lab.job([moslab.PYTHON, "-I", "-c", IMPORTS, *gates], home_dir)
    lab.move(job.pid, 2)
    open_gate(lab, gates[0])
    open_gate(lab, gates[1])
    assert job.out.decode() == "imported 0.125\n", job.said()
    why = lab.why(job.pid)
    stayed_away(why)
    assert why["calls"].get("mmap", 0) > 50
    lab.move(job.pid, 3)  # with what it has mapped
    stayed_away(lab.why(job.pid))
    lab.move(job.pid, "home")
    open_gate(lab, gates[2])
    assert job.wait(ENDS_WITHIN) == ("exited", 0), job.said()
    assert job.out.decode() == "imported 0.125\nmaps True\n"
    job.reap()


def test_loader_away(lab, home_dir):
    gates = [fifo(lab, f"{home_dir}/gate{i}") for i in range(3)]
    job = lab.job([str(lab.bin / "mosrun"), "-2", moslab.PYTHON, "-I", "-c", IMPORTS, *gates],
                  home_dir, mosrun=False)
    open_gate(lab, gates[0])  # opened once it is past its loader and its start
    why = lab.why(job.pid)
    stayed_away(why)
    assert why["node"] == 2 and why["calls"]["mmap"] > 10, why
    open_gate(lab, gates[1])
    stayed_away(lab.why(job.pid))
    open_gate(lab, gates[2])
    assert job.wait(ENDS_WITHIN) == ("exited", 0), job.said()
    assert job.out.decode().startswith("imported 0.125\n")
    job.reap()


def test_begins_at_another_node(lab, home_dir):
    text = b"".join(b"line %d of many\n" % (i * 7919 % 100003) for i in range(200000))
    lab.put(f"{home_dir}/text", text)
    job = lab.job([str(lab.bin / "mosrun"), "-2", "/usr/bin/xz", "-k", "text"], home_dir, mosrun=False)
    assert job.wait(ENDS_WITHIN) == ("exited", 0), job.said()
    moves = re.findall(rf"process {job.pid} \(.*\) moved node (\d) -> (\d)", lab.logs(1))
    assert moves == [("1", "2")], moves
    packed = lab.inside(1, f"{home_dir}/text.xz").read_bytes()
    assert subprocess.run(["xz", "-dc"], input=packed, capture_output=True, check=True).stdout == text
    job.reap()


def test_no_such_program_at_another_node(lab, home_dir):
    job = lab.job([str(lab.bin / "mosrun"), "-2", "/nonexistent"], home_dir, mosrun=False)
    assert job.wait(ENDS_WITHIN) == ("exited", 127), job.said()
    job.reap()
