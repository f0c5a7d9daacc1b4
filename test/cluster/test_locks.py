# SPDX-License-Identifier: GPL-2.0-or-later
"""What mosrun was told about a program holds for it and is inherited, whatever becomes of parents
and of mosd; mosrun's other names; places by list, by name and by choice."""

import json
import os
import re

import pytest

from fakemosd import wait
from moslab import ORDINARY
from test_rejoin import restart_mosd


def mps(lab):
    r = lab.tool("mps", "--json", "-a", uid=0)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def under(lab, script, home_dir, *options):
    """A shell script under mosrun. Return: the job."""
    argv = [str(lab.bin / "mosrun"), *options, "sh", "-c", script]
    return lab.job(argv, home_dir, mosrun=False)


def program(lab, home_dir, *options, tool="mosrun", **more):
    """A program under mosrun that is not executed anew. Return: the job."""
    argv = [str(lab.bin / tool), *options, "sleep", "1000"]
    return lab.job(argv, home_dir, mosrun=False, **more)


def sleepers(lab, count):
    """The processes called sleep, when there are so many; in the middle of its execve one has no words yet."""
    def look():
        found = [p for p in mps(lab) if p["comm"] == "sleep" and p["args"] != "[sleep]"]
        return found if len(found) == count else None
    return wait(look)


def end_all(lab):
    for p in mps(lab):
        if p["comm"] == "sleep":
            lab.run(1, ["kill", "-9", str(p["pid"])])
    wait(lambda: not [p for p in mps(lab) if p["comm"] == "sleep"])


@pytest.fixture
def place(lab, home_dir):
    yield lab, home_dir
    end_all(lab)


@pytest.fixture
def mortal_place(mortal_lab, home_dir):
    yield mortal_lab, home_dir
    end_all(mortal_lab)


FAMILY = "sleep 1000 & (sleep 1000 &); (setsid sleep 1000 &); sleep 1000 & wait"


@pytest.mark.parametrize("option, lock", [("-L", "locked"), ("-l", "unlocked"), ("-c", "none")])
def test_children_inherit(place, option, lock):
    """Also those whose parents ended before anybody looked."""
    lab, home_dir = place
    under(lab, FAMILY, home_dir, option)
    found = sleepers(lab, 4)
    assert {p["lock"] for p in found} == {lock}
    if option == "-c":
        assert {p["kind"] for p in found} == {"cpu"}


def test_locks_survive_mosd(mortal_place):
    lab, home_dir = mortal_place
    under(lab, FAMILY, home_dir, "-L", "-m", "7", "-t", "3", "-d", "500")
    sleepers(lab, 4)
    restart_mosd(lab, 1)
    for p in sleepers(lab, 4):
        assert (p["lock"], p["memory_mib"], p["decay"]) == ("locked", 7, "own")
        assert (p["decay_s"], p["decay_fraction"]) == (3, 500)


def test_lock_and_unlock(place):
    lab, home_dir = place
    under(lab, "sleep 1000 & sleep 1000 & wait", home_dir)
    one, other = sleepers(lab, 2)
    pid = str(one["pid"])

    def lock():
        return {p["pid"]: p["lock"] for p in mps(lab)}
    assert lab.tool("mosctl", "lock", pid, uid=ORDINARY + 1).returncode == 5
    r = lab.tool("mosctl", "lock", pid)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    assert (lock()[one["pid"]], lock()[other["pid"]]) == ("locked", "none")
    assert re.search(rf"^ *{pid} .* SL ", lab.tool("mps").stdout, re.M)
    assert lab.tool("mosctl", "unlock", pid).returncode == 0
    assert lock()[one["pid"]] == "unlocked"
    lab.tool("mosctl", "lock", pid)
    r = lab.migrate(one["pid"], "balance")
    assert (r.returncode, r.stdout) == (0, f"{pid}: the cluster chooses where it runs\n")
    assert lock()[one["pid"]] == "unlocked"
    lab.move(one["pid"], 2)  # a lock is no hindrance to who is told by name
    lab.tool("mosctl", "lock", pid)
    assert lock()[one["pid"]] == "locked"
    lab.move(one["pid"], 3)
    lab.move(one["pid"], "home")


def test_children_of_a_locked_one(place):
    """A child has what its parent had when it was born."""
    lab, home_dir = place
    job = under(lab, f"until [ -e {home_dir}/go ]; do sleep 0.05; done; sleep 1000 & wait", home_dir)
    wait(lambda: any(p["pid"] == job.pid for p in mps(lab)))
    assert lab.tool("mosctl", "lock", str(job.pid)).returncode == 0
    lab.put(f"{home_dir}/go", b"")
    wait(lambda: any(p["args"] == "sleep 1000" for p in mps(lab)))
    assert {p["lock"] for p in mps(lab) if p["args"] == "sleep 1000"} == {"locked"}


def test_mosrun_within_mosrun(place):
    lab, home_dir = place
    mosrun = lab.bin / "mosrun"
    under(lab, f"{mosrun} -i sleep 1000 & {mosrun} -l sleep 1001 & {mosrun} -2 -k sleep 1002 & wait",
          home_dir, "-L", "-m", "5")
    found = {p["args"]: p for p in sleepers(lab, 3)}
    assert found["sleep 1000"]["lock"] == "locked" and found["sleep 1000"]["kind"] == "io"
    assert found["sleep 1001"]["lock"] == "unlocked"
    assert found["sleep 1002"]["lock"] == "locked"
    assert {p["memory_mib"] for p in found.values()} == {5}


@pytest.mark.parametrize("options, lock", [(["-2"], "locked"), (["-2", "-l"], "unlocked"),
                                           (["-2", "-k"], "none"), (["-h"], "locked"),
                                           (["-j2"], "locked"), (["-1"], "locked")])
def test_a_place_locks(place, options, lock):
    lab, home_dir = place
    program(lab, home_dir, *options)
    node = 0 if options[0] in ("-h", "-1") else 2
    wait(lambda: sleepers(lab, 1)[0]["node"] == node)
    assert sleepers(lab, 1)[0]["lock"] == lock


def test_list(place):
    """By chance, of those that are up."""
    lab, home_dir = place
    seen = set()
    for _ in range(30):
        job = program(lab, home_dir, "-j2-3,60000", name=f"job{len(lab.jobs)}")
        wait(lambda: lab.why(job.pid)["node"] in (2, 3))
        seen.add(lab.why(job.pid)["node"])
        job.kill(9)
        job.wait()
        if seen == {2, 3}:
            break
    assert seen == {2, 3}


def run(lab, *args):
    return lab.tool("mosrun", *args)


def test_list_without_nodes(lab):
    r = run(lab, "-j7-9", "echo", "hm")
    assert (r.returncode, r.stdout) == (125, "")
    assert r.stderr == ("mosrun: none of these nodes is up and takes guests: `mosctl nodes` shows which do; with -F it runs "
                        "at home\n")
    r = run(lab, "-F", "-j7-9", "sh", "-c", f"{lab.bin}/mps --json")
    assert r.returncode == 0 and "runs at home: none of these nodes is up" in r.stderr and "-F" not in r.stderr
    assert {p["lock"] for p in json.loads(r.stdout)} == {"none"}  # it may run anywhere
    r = run(lab, "-F", "-9", "echo", "hm")
    assert (r.returncode, r.stdout) == (0, "hm\n") and "there is no node 9" in r.stderr
    r = run(lab, "-F", "-L", "-9", "sh", "-c", f"{lab.bin}/mps --json")
    assert {p["lock"] for p in json.loads(r.stdout)} == {"locked"}


def test_node_that_is_down(mortal_lab):
    lab = mortal_lab

    def state():
        nodes = json.loads(lab.tool("mosctl", "nodes", "--json").stdout)
        return [n["state"] for n in nodes if n["node"] == 3]
    wait(lambda: state() == ["alive"])
    lab.node_verb("kill", 3)
    wait(lambda: state() == ["dead"], 30)
    r = run(lab, "-3", "echo", "hm")
    assert (r.returncode, r.stdout) == (125, "") and "node 3 does not answer" in r.stderr
    assert run(lab, "-F", "-3", "echo", "hm").stdout == "hm\n"
    r = run(lab, "-j3", "echo", "hm")
    assert r.returncode == 125 and "none of these nodes is up" in r.stderr


def test_best(mortal_place):
    """-b begins where it is done soonest, without a lock."""
    lab, home_dir = mortal_place
    lab.run(1, [str(lab.bin / "mosctl"), "setspeed", "500"])
    lab.run(2, [str(lab.bin / "mosctl"), "setspeed", "90000"])

    def known():
        nodes = json.loads(lab.tool("mosctl", "nodes", "--json").stdout)
        return {n["speed"] for n in nodes} >= {500, 90000}
    wait(known)
    job = program(lab, home_dir, "-b")
    wait(lambda: lab.why(job.pid)["node"] == 2)
    why = lab.why(job.pid)
    assert why["lock"] == "none" and [m["cause"] for m in why["moves"]] == ["place"]
    job = program(lab, home_dir, "-b", "-L", name="locked")
    wait(lambda: len(sleepers(lab, 2)))
    assert lab.why(job.pid)["node"] == 0


def causes(lab, pid):
    return [m["cause"] for m in lab.why(pid)["moves"]]


def test_goes_back_to_where_it_is_locked(place):
    """gawk looks at its own mappings as it begins, which is done at home; a shell is there when its child is born."""
    lab, home_dir = place
    job = lab.job([str(lab.bin / "mosrun"), "-2", "gawk", "BEGIN { while (1) i++ }"], home_dir, mosrun=False)
    wait(lambda: causes(lab, job.pid)[1:] == ["proc-self", "back"] and lab.why(job.pid)["node"] == 2, 30)
    lab.move(job.pid, "home")
    assert lab.why(job.pid)["lock"] == "locked"
    under(lab, "sleep 1000 & wait", home_dir, "-2")
    wait(lambda: sleepers(lab, 1)[0]["node"] == 2, 30)
    assert lab.why(job.pid)["node"] == 0 and causes(lab, job.pid)[-1] == "asked", "its user has said so"
    lab.move(job.pid, 3)
    assert lab.why(job.pid)["node"] == 3


def test_nodes_of_a_list_stay_the_choice(place):
    """Unlocked, it may still go nowhere else by itself; the record knows."""
    lab, home_dir = place
    program(lab, home_dir, "-l", "-j2,3")
    assert sleepers(lab, 1)[0]["nodes"] == [[2, 2], [3, 3]]


@pytest.mark.parametrize("name, more, want", [
    ("nomig", [], {"lock": "locked"}), ("runhome", [], {"lock": "locked", "node": 0}),
    ("runon", ["2"], {"lock": "locked", "node": 2}), ("cpujob", [], {"kind": "cpu"}),
    ("iojob", [], {"kind": "io"}), ("nodecay", [], {"decay": "never"}),
    ("slowdecay", [], {"decay": "slow"}), ("fastdecay", [], {"decay": "fast", "lock": "none"}),
])
def test_other_names(place, name, more, want):
    lab, home_dir = place
    program(lab, home_dir, *more, tool=name)
    wait(lambda: want.items() <= sleepers(lab, 1)[0].items())


def test_own_name(lab):
    r = run(lab, "-z", "/bin/sh", "my-shell", "-c", "echo $0; cat /proc/$$/cmdline | tr '\\0' '|'")
    assert r.returncode == 0 and r.stdout.splitlines()[0] == "my-shell"


def test_wishes_leave_no_groups(mortal_lab, home_dir):
    lab = mortal_lab
    top = lab.inside(1, "/run/umosix/cgroup")
    for mib in range(1, 20):
        assert run(lab, "-m", str(mib), "true").returncode == 0
    groups = [p for p, _, _ in os.walk(top) if re.fullmatch("m[0-9]+", os.path.basename(p))]
    assert len(groups) <= 1  # an empty one goes when another is made
