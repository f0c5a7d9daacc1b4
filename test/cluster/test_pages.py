# SPDX-License-Identifier: GPL-2.0-or-later
"""What a move sends of a program's memory: no page of zeros, and none that was never touched."""

import os
import re

import pytest

import moslab

MIB = 1 << 20
SIZE = 64 * MIB
REST = 24 * MIB  # Python itself, with its files' pages: some 18
# Makes its memory, waits for a line, and tells whether it is as it was.
CODE = f"""
import hashlib, mmap, os, sys
m = mmap.mmap(-1, {SIZE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
def fill(piece):
    for at in range(0, {SIZE}, {MIB}):
        m[at:at + {MIB}] = piece({MIB})
MAKE
print('up', flush=True)
sys.stdin.readline()
print('sum', hashlib.sha256(m).hexdigest() == hashlib.sha256(WANT).hexdigest(), flush=True)
"""
ZEROS = f"bytes({SIZE})"
PATTERN = f"b'{'pattern!' * 8}'"
KINDS = {
    "untouched": ("", ZEROS, 0, REST),
    "zeroed": (f"fill(lambda n: {PATTERN} * (n // 64))\nfill(bytes)", ZEROS, 0, REST),
    "filled": (f"fill(lambda n: {PATTERN} * (n // 64))", f"{PATTERN} * ({SIZE} // 64)", SIZE, SIZE + REST),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_sent(lab, home_dir, kind):
    make, want, least, most = KINDS[kind]
    code = CODE.replace("MAKE", make).replace("WANT", want)
    job = lab.job([moslab.PYTHON, "-I", "-c", code], home_dir, pty=True)
    job.shows("up\r\n")
    for place in (2, 3, "home"):
        lab.move(job.pid, place)
    moves = moslab.completed(lab.why(job.pid))
    assert [m["node"] for m in moves] == [2, 3, 0]
    sent = [m["bytes"] for m in moves]
    assert all(least <= n < most for n in sent), sent
    job.type("tell\n")
    assert job.wait(20) == ("exited", 0)
    job.shows("sum True", 5)


@pytest.fixture
def telling_lab():
    """Its supervisors tell what they do."""
    made = moslab.Lab(f"t{os.getpid()}-telling", env={"MOS_LOG": "debug", "MOS_READ_AHEAD": "yes"})
    yield made
    made.close()


@pytest.mark.parametrize("size, ahead", [(1, False), (64, True)])
def test_read_ahead(telling_lab, size, ahead):
    """A thread reads the memory of a big process, at home and in mos-guest, confined as it is; not of a small one."""
    lab = telling_lab
    job = lab.job(["/usr/bin/awk", f"BEGIN {{ s = sprintf(\"%{size}000000d\", 1); print \"up\"; fflush(); getline; "
                   "print length(s) }"], lab.folder("ahead"), pty=True)
    job.shows("up\r\n")
    for node, place in ((1, 2), (2, 3), (3, "home")):
        lab.move(job.pid, place)
        told, = re.findall(r"memory: (\d+) pages, \d+ zero left out, (\d+) batches read ahead", lab.logs(node))
        assert int(told[0]) * 4096 >= size * 1000000, told
        assert (int(told[1]) > 0) == ahead, told
    job.type("tell\n")
    assert job.wait(20) == ("exited", 0)
    job.shows(f"{size}000000", 5)
