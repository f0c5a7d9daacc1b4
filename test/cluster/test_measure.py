# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes of one machine tell of themselves what is theirs, and only that."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import moslab
from conftest import make_lab, use
from test_balance import nodes
from test_loss import mosd_of
from test_rejoin import restart_mosd

pytestmark = pytest.mark.alone

LOOP = ["sh", "-c", "while :; do :; done"]
MIB = 1024  # the unit is KiB
HOLD = f"""
import sys
kept = bytearray({80 * MIB * 1024})
print("up", flush=True)
sys.stdin.read()
"""
READ = """
import sys
with open(sys.argv[1], "rb") as f:
    while f.read(1 << 20):
        pass
print("read", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def unequal():
    """Node 1 is half a processor with 200 MiB; the others have no limit."""
    made = make_lab(limits=("--node", "1:cpus=0.5,memory=200M"))
    yield made
    made.close()


@pytest.fixture
def lab(unequal, request):
    yield from use(unequal, request)


def told(lab, node: int) -> dict:
    r = lab.run(node, [str(lab.bin / "mosctl"), "status", "--json"])
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)["self"]


def seen(lab, node: int) -> dict:
    """What node 3 has heard of it, which is nothing at first: whoever asks a node itself works there."""
    return until(f"node {node} is heard", 20, lambda: (
        lambda n: n["runnable"] is not None and n)(nodes(lab, 3)[node]))


def until(what: str, seconds: float, ask):
    """The first true answer of @ask, which is not asked so often that it is all that runs."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise moslab.Late(f"not within {seconds} s: {what}")
        time.sleep(0.09)
    return answer


class Program:
    """A program on a node that mosrun knows nothing of."""

    def __init__(self, lab, node: int, argv: list[str]):
        self.process = subprocess.Popen(lab.command(node, argv), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.lines = moslab.Lines(self.process.stdout.fileno())

    def __enter__(self):
        return self

    def says(self, what: bytes) -> None:
        assert self.lines.next(time.monotonic() + 30) == what

    def __exit__(self, *args):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def load_of(s: dict) -> int:
    return s["runnable"] * 100 // max(1, s["cpus"] * s["speed"] // 10000)


def test_a_node_is_as_large_as_its_limits(lab):
    one, two = told(lab, 1), told(lab, 2)
    assert one["cpus"] == 500
    assert one["mem_total"] == 200 * MIB
    assert 100 * MIB < one["mem_raw"] <= one["mem_free"] <= one["mem_total"]
    assert two["cpus"] == 1000 * len(os.sched_getaffinity(0))
    total = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1])
    assert two["mem_total"] == total
    assert one["measures"].endswith(f"/moslab-{lab.name}/node1")
    assert two["measures"].endswith(f"/moslab-{lab.name}/node2")
    assert one["features"] == two["features"] and int(one["features"], 16) & 1
    text = lab.run(1, [str(lab.bin / "mosctl"), "status"]).stdout
    assert f"Speed {one['speed']}, 0.50 processors, load " in text
    assert "Memory 200 MiB, " in text


@pytest.mark.parametrize("node, other", [(1, 2), (2, 1)])
def test_a_loop_counts_where_it_runs(lab, node, other):
    """One task, whether it gets all of a processor or half of one; and not the neighbour's."""
    until("both are idle", 20, lambda: all(seen(lab, n)["runnable"] < 150 for n in (node, other)))
    with Program(lab, node, LOOP):
        busy = until("it counts as one task", 20, lambda: (
            lambda s: 900 <= s["runnable"] <= 1200 and s)(seen(lab, node)))
        assert abs(busy["load"] - load_of(busy)) <= 1
        if node == 1:
            # all of its half, if the machine has that much to give just now
            until("its part of the half processor is used", 10, lambda: seen(lab, 1)["util"] >= 250)
            assert load_of(busy) > 1.7 * 100 * 10000 / busy["speed"]
        assert seen(lab, other)["runnable"] < 250
    until("it falls when the loop has ended", 10, lambda: seen(lab, node)["runnable"] < 150)


def test_three_loops_on_half_a_processor(lab):
    with Program(lab, 1, LOOP), Program(lab, 1, LOOP), Program(lab, 1, LOOP):
        until("they count as three", 30, lambda: 2700 <= seen(lab, 1)["runnable"] <= 3400)


def test_sleepers_do_not_count(lab):
    many = ["sh", "-c", "for i in $(seq 300); do sleep 1000 & all=\"$all $!\"; done; echo up; "
            "read x; kill $all"]
    with Program(lab, 2, many) as p:
        p.says(b"up")
        until("they sleep", 20, lambda: seen(lab, 2)["runnable"] < 150)
        with Program(lab, 2, LOOP):
            until("one among them is seen", 20, lambda: seen(lab, 2)["runnable"] >= 900)
        p.process.stdin.write(b"\n")
        p.process.stdin.close()
        p.process.wait(20)


def test_memory_in_use_is_not_free(lab):
    before = told(lab, 1)
    with Program(lab, 1, [moslab.PYTHON, "-c", HOLD]) as p:
        p.says(b"up")
        until("it is not free", 10,
              lambda: told(lab, 1)["mem_free"] < before["mem_free"] - 75 * MIB)
        assert told(lab, 1)["mem_total"] == before["mem_total"]
    until("it is free again", 10, lambda: told(lab, 1)["mem_free"] > before["mem_free"] - 20 * MIB)


def test_file_cache_is_free(lab):
    """What was only read can be had; but it is in use."""
    size = 100 * MIB * 1024
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as f:
        for _ in range(size >> 20):
            f.write(os.urandom(1 << 20))
        f.flush()
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        before = told(lab, 1)
        with Program(lab, 1, [moslab.PYTHON, "-c", READ, f.name]) as p:
            p.says(b"read")
            after = until("it is not raw", 10, lambda: (
                lambda s: s["mem_raw"] < before["mem_raw"] - 90 * MIB and s)(told(lab, 1)))
            assert after["mem_free"] > before["mem_free"] - 30 * MIB


def test_speed_is_kept(mortal_lab):
    lab = mortal_lab
    before = told(lab, 1)["speed"]
    kept = lab.inside(1, "/var/lib/umosix/speed")
    assert kept.read_text().splitlines()[1] == str(before)
    head = kept.read_text().splitlines()[0]
    kept.write_text(f"{head}\n{before + 1}\n")  # nobody measures that twice
    restart_mosd(lab, 1)
    assert told(lab, 1)["speed"] == before + 1
    kept.write_text(f"{head} of another kind\n7\n")
    restart_mosd(lab, 1)
    assert told(lab, 1)["speed"] != 7
    assert kept.read_text().splitlines()[0] == head
    conf = lab.inside(1, "/etc/umosix/mosd.conf")
    conf.write_text(conf.read_text() + "speed = 4321\n")
    restart_mosd(lab, 1)
    assert told(lab, 1)["speed"] == 4321


WINDOW = 5  # s
WINDOWS = 9
WAKES = 8  # a second: one tick, of two others each asks or is asked somewhat more than once; and some room
MOST = 0.001  # of a processor
DATAGRAMS = Path(os.environ.get("MOS_DATAGRAMS", moslab.REPO / "build/bench/bench-datagrams"))


def account(pid: int) -> tuple[int, int]:
    """Of all its threads and of the children that it waited for: time on a processor in ns, wake-ups."""
    ran = woke = 0
    for task in os.scandir(f"/proc/{pid}/task"):
        ran += int(open(f"{task.path}/schedstat").read().split()[0])
        status = open(f"{task.path}/status").read()
        woke += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])
    times = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return ran + sum(map(int, times[13:15])) * 10**9 // os.sysconf("SC_CLK_TCK"), woke


@contextlib.contextmanager
def bare_nodes(lab):
    """On each node what wakes and sends as an idle mosd and does nothing else. Gives the pid of node 2's."""
    address = {i: lab.run(i, ["hostname", "-I"]).stdout.split()[0] for i in (1, 2, 3)}
    asks = {1: ("435", address[2], address[3]), 2: ("870", address[3]), 3: ("1000",)}
    started, pids = [], {}
    try:
        for i, words in asks.items():
            started.append(subprocess.Popen(lab.command(i, [str(DATAGRAMS), "7777", *words]), text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            pids[i] = int(started[-1].stdout.readline())
        yield pids[2]
    finally:
        for p in started:
            p.stdin.close()
        for p in started:
            assert p.wait(20) == 0
            p.stdout.close()


def test_an_idle_mosd_costs_nothing(lab):
    """At most a thousandth of a processor, and 10 MiB."""
    mosd = mosd_of(lab, 2)
    until("the node is idle", 20, lambda: seen(lab, 2)["runnable"] < 150)
    best = None
    alive = os.pidfd_open(mosd)
    # Whoever was held up once is not woken more often ever after.
    os.kill(mosd, signal.SIGSTOP)
    held = select.select([alive], [], [], 0.5)
    os.kill(mosd, signal.SIGCONT)
    assert not held[0], "mosd has ended"
    with bare_nodes(lab) as bare:
        try:
            # Other work on the machine makes each instruction dearer, never cheaper: the cheapest window tells.
            # But a mosd that is held up does nothing: a window counts if it woke at least as often as others speak.
            for _ in range(WINDOWS):
                begin, was = time.monotonic(), (*account(mosd), account(bare)[0])
                assert not select.select([alive], [], [], WINDOW)[0], "mosd has ended"
                now = (*account(mosd), account(bare)[0])
                span = time.monotonic() - begin
                ran, woken, floor = (b - a for a, b in zip(was, now))
                if woken < 3 * span:
                    continue
                window = ran / 1e9 / span, woken / span, floor / 1e9 / span
                print("mosd: {:.3f} % of a processor, {:.1f} wake-ups a second; waking and sending alone: {:.3f} %"
                      .format(100 * window[0], window[1], 100 * window[2]))
                best = min(best or window, window)
                if best[0] <= MOST and best[1] <= WAKES:
                    break
        finally:
            os.close(alive)
    assert best, "mosd was held up all the time"
    share, woken, floor = best
    rss = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{mosd}/status").read())[1])
    print(f"{rss} KiB at most")
    assert share <= MOST, f"waking and sending alone take {100 * floor:.3f} %"
    assert woken <= WAKES  # which no other work on the machine makes more
    assert rss <= 10 * MIB
