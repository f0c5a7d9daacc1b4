# SPDX-License-Identifier: GPL-2.0-or-later
"""fork and execve bring a process home, and neither binds it there: parent and child leave again."""

import moslab
from test_loss import wait_for

# Works until a file is there; comes to the next one by fork, and the child by execve.
WORK = """
import os, sys
right = True
def piece():
    x = 0
    for i in range(300000):
        x = (x * 31 + i) % 1000003
    return x
def work_until(name):
    global right
    while not os.path.exists(name):
        right &= piece() == 78778
def tell(name):
    with open(name + ".new", "w") as f:
        f.write(str(os.getpid()))
    os.rename(name + ".new", name)
if len(sys.argv) == 1:
    tell("parent")
    work_until("fork")
    child = os.fork()
    if child == 0:
        tell("child")
        work_until("exec")
        os.execv(sys.executable, [sys.executable, "-I", __file__, "executed"])
    work_until("end")
    right &= os.waitpid(child, 0) == (child, 0)
else:
    tell(sys.argv[1])
    work_until("end")
print(*sys.argv[1:], "right" if right else "wrong", flush=True)
"""
TOUR = (2, 3, "home")


def test_parent_and_child_move_again(lab, home_dir):
    def told(name: str) -> int:
        path = lab.inside(1, f"{home_dir}/{name}")
        return int(wait_for(lambda: path.exists() and path.read_text()))

    def touch(name: str) -> None:
        lab.inside(1, f"{home_dir}/{name}").touch()

    lab.put(f"{home_dir}/work.py", WORK.encode())
    job = lab.job([moslab.PYTHON, "-I", "work.py"], home_dir)
    assert told("parent") == job.pid
    lab.move(job.pid, 2)
    touch("fork")
    child = told("child")
    lab.move(child, 3)
    touch("exec")
    assert told("executed") == child
    for place in TOUR:
        lab.move(job.pid, place)
        lab.move(child, place)
    for pid, cause in ((job.pid, "fork"), (child, "execve")):
        why = lab.why(pid)
        assert moslab.unasked(why) == [cause]
        assert [m["node"] for m in moslab.completed(why)][-3:] == [2, 3, 0]
    touch("end")
    assert job.wait(60) == ("exited", 0), job.said()
    assert job.out.decode() == "executed right\nright\n"
