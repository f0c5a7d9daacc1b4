# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that ends at any instant of a move leaves nothing at any node."""

import random
import signal
import time

import pytest

PY = "/usr/bin/python3"
KINDS = {
    "computes": "while True: sum(range(10000))",
    "calls": "import os\nf = os.open('out', os.O_RDWR | os.O_CREAT)\nwhile True: os.pwrite(f, b'x' * 5000, 100)",
    "waits": "import os\nr, w = os.pipe()\nos.read(r, 1)",
    "maps": "import mmap\nwhile True:\n m = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n m[5000] = 1\n m.close()",
}
WAYS = ((2,), (2, "home"), (2, 3), (3, 2), (2, 3, "home"))  # all but the last are made, the last is cut short


def guests(lab) -> list[dict]:
    """At all nodes, in whatever state."""
    return [{"node": n, **guest} for n in range(1, lab.nodes + 1)
            for guest in lab.asked(n, op="status")[-1].get("guests", [])]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_it_moves(lab, home_dir, seed, request, account, kind):
    rng = random.Random(seed)
    before = len(lab.logs(1))
    rounds, begun = 500 if request.config.getoption("--long") else 20, 0
    for _ in range(rounds):
        way = rng.choice(WAYS)
        job = lab.job([PY, "-c", "print('up', flush=True)\n" + KINDS[kind]], home_dir, pty=True)
        job.shows("up\r\n")
        for where in way[:-1]:
            lab.move(job.pid, where)
        asked = lab.asks(job.pid, way[-1])
        if not asked.done(rng.random() * 0.06):
            begun += 1
        sig = rng.choice((signal.SIGKILL, signal.SIGTERM))
        job.kill(sig)
        assert job.wait(20) == ("killed", sig), f"on its way {way}"
        asked.done(20)
        job.finish()
        lab.jobs.remove(job)
        deadline = time.monotonic() + 10
        while left := guests(lab):
            assert time.monotonic() < deadline, f"killed on its way {way}, and there is still {left}"
            time.sleep(0.01)
    assert "broke the protocol" not in lab.logs(1)[before:], "the host is not to blame"
    assert begun > rounds // 4, f"only {begun} of {rounds} were on their way"
    account(f"{kind}: {begun} of {rounds} killed on their way")
