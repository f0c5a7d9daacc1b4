# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that is stopped and continued at random instants while it moves."""

import random
import signal

import mover

COUNT = """
import os, time
n, s, lines = 0, 0, []
with open("out", "w") as f:
    while not os.path.exists("enough") or n % 200:
        n += 1
        s = (s * 31 + n) % 1000003
        if n % 200 == 0:
            lines.append("%d %d\\n" % (n, s))
            f.write(lines[-1])
            f.flush()
        if n % 3000 == 0:
            time.sleep(0.003)
t = 0
for k in range(1, n + 1):
    t = (t * 31 + k) % 1000003
    if k % 200 == 0:
        assert lines[k // 200 - 1] == "%d %d\\n" % (k, t), k
assert open("out").read() == "".join(lines)
print("good")
"""
ROUNDS = 60
MOVES_AT_LEAST = 20


def test_stopped_at_any_instant(lab, home_dir, seed):
    rng = random.Random(seed)
    job = lab.job(["/usr/bin/python3", "-c", COUNT], home_dir)
    moved = stopped = 0
    for _ in range(ROUNDS):
        place = rng.choice(["2", "3", "home"])
        asked = lab.tool_started("migrate", str(job.pid), place)
        try:
            for _ in range(rng.choice([0, 1, 1, 2])):
                assert not job.ended(rng.random() * 0.06), job.said()
                job.kill(signal.SIGSTOP)
                stopped += 1
                assert not job.ended(rng.random() * 0.06), job.said()
                job.kill(signal.SIGCONT)
        finally:
            out, err = asked.communicate(timeout=30)
        moved += asked.returncode == 0
        assert asked.returncode == 0 or "stopped" in err or "busy" in err or "on its way" in err \
            or "try again" in err, err
    lab.inside(1, f"{home_dir}/enough").touch()
    end = job.wait(60)
    print(f"{moved} moves, {stopped} stops")
    assert end == ("exited", 0), job.said()
    assert job.out == b"good\n"
    assert moved >= MOVES_AT_LEAST and stopped >= MOVES_AT_LEAST
    assert len(mover.moslab.completed(lab.why(job.pid))) >= MOVES_AT_LEAST / 2
    job.reap()
