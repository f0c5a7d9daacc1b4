# SPDX-License-Identifier: GPL-2.0-or-later
"""What mosctl sets holds, and survives mosd; a node is emptied with nothing lost."""

import json
import re
import subprocess

import pytest

from fakemosd import wait
from moslab import ORDINARY
from test_gossip import nodes


def ask(lab, node, *args, uid=0, code=0):
    r = lab.run(node, [str(lab.bin / "mosctl"), *args], uid=uid)
    assert r.returncode == code, (args, r)
    return r


def mosctl(lab, node, *args, uid=0, code=0):
    return ask(lab, node, *args, uid=uid, code=code).stdout


def flags(lab, node):
    return json.loads(mosctl(lab, node, "status", "--json"))["flags"]


@pytest.fixture
def sleeper(mortal_lab, home_dir):
    """A program under mosrun, at home."""
    job = mortal_lab.job(["sleep", "1000"], home_dir)
    wait(lambda: f'"pid": {job.pid}' in mortal_lab.tool("mps", "--json").stdout)
    wait(lambda: mortal_lab.inside(1, f"/proc/{job.pid}/comm").read_text() == "sleep\n")
    return job.pid


def begin(lab, node, *args):
    """mosctl in the background, its output in lines."""
    return subprocess.Popen(lab.command(node, [str(lab.bin / "mosctl"), *args]), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=lab.env)


def test_levers_survive_mosd(mortal_lab):
    lab = mortal_lab
    assert flags(lab, 2) == []
    for verb in ("stay", "lstay", "quiet", "block"):
        mosctl(lab, 2, verb)
    mosctl(lab, 2, "nostay")
    mosctl(lab, 2, "setspeed", "12345")
    assert flags(lab, 2) == ["lstay", "block", "quiet"]
    assert "\nSet here: lstay, block, quiet, speed 12345\n" in mosctl(lab, 2, "status")
    assert "\nSet here: nothing\n" in mosctl(lab, 1, "status", uid=ORDINARY)
    saved = lab.inside(2, "/var/lib/umosix/levers").read_text()
    assert saved == "lstay yes\nblock yes\nquiet yes\nspeed 12345\n"
    lab.node_verb("kill", 2)
    lab.node_verb("start", 2)
    assert flags(lab, 2) == ["lstay", "block", "quiet"]
    for verb in ("nolstay", "noquiet", "noblock"):
        mosctl(lab, 2, verb)
    assert flags(lab, 2) == []


def test_the_speed_that_counts(lab):
    """It is shown, with the load by it; others believe no more than sixteen times what they have."""
    measured = int(mosctl(lab, 1, "getspeed"))
    others = wait(lambda: (lambda v: all(v) and v)([n["speed"] for k, n in nodes(lab, 1).items() if k != 1]))
    most = 16 * max(10000, min(others))
    try:
        assert f"\nSpeed {measured}, " in mosctl(lab, 1, "status")
        mosctl(lab, 1, "setspeed", "5000")
        assert mosctl(lab, 1, "getspeed") == "5000\n"
        assert f"\nSpeed 5000 (measured: {measured}), " in mosctl(lab, 1, "status")
        s = json.loads(mosctl(lab, 1, "status", "--json"))["self"]
        assert (s["speed"], s["speed_measured"]) == (5000, measured)
        assert s["load"] == s["runnable"] * 100 // (s["cpus"] * 5000 // 10000)
        assert ask(lab, 1, "setspeed", str(most)).stderr == ""
        assert f"not all other nodes will believe it: they take up to {most} (" in ask(lab, 1, "setspeed", str(most + 1)).stderr
        assert mosctl(lab, 1, "getspeed") == f"{most + 1}\n"
    finally:
        assert ask(lab, 1, "setspeed", "0").stderr == ""


@pytest.mark.parametrize("text", ["block yes\n\0", "nonsense\n", "stay yes\n" * 100, None])
def test_garbled_file(mortal_lab, text):
    lab = mortal_lab
    path = lab.inside(2, "/var/lib/umosix/levers")
    path.unlink(missing_ok=True)
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)
    before = len(lab.logs(2))
    lab.node_verb("kill", 2)
    lab.node_verb("start", 2)
    assert flags(lab, 2) == []
    assert lab.logs(2)[before:].count("is not as mosd wrote it") == 1
    if text is None:
        lab.inside(2, "/var/lib/umosix/levers").rmdir()
    mosctl(lab, 2, "stay")
    mosctl(lab, 2, "nostay")


def test_only_root(lab):
    for args in (["stay"], ["noblock"], ["expel"], ["bring"], ["drain"], ["setspeed", "1"]):
        mosctl(lab, 1, *args, uid=ORDINARY, code=5)
    assert flags(lab, 1) == []


def test_quiet_is_not_idle(mortal_lab):
    """Others do not know how busy it is, and say so; it knows that of itself."""
    lab = mortal_lab
    secret = ("load", "runnable", "native", "util", "mem_free_kib", "mem_raw_kib")
    mosctl(lab, 2, "quiet")
    wait(lambda: "quiet" in nodes(lab, 1)[2]["flags"])
    theirs, own = nodes(lab, 1)[2], nodes(lab, 2)[2]
    assert {k for k, v in theirs.items() if v is None} - {"rtt_us", "features"} == set(secret)
    assert all(isinstance(own[k], int) for k in secret) and own["mem_free_kib"] > 0 and own["mem_raw_kib"] > 0
    assert mosctl(lab, 1, "getfree", "2", code=1) == mosctl(lab, 1, "getload", "2", code=1) == "-101\n"
    assert int(mosctl(lab, 2, "getfree")) > 0 <= int(mosctl(lab, 2, "getload"))
    assert int(mosctl(lab, 1, "getspeed", "2")) > 0
    mosctl(lab, 2, "noquiet")
    wait(lambda: nodes(lab, 1)[2]["mem_free_kib"])


def test_block_refuses(mortal_lab, sleeper):
    lab = mortal_lab
    mosctl(lab, 2, "block")
    r = lab.migrate(sleeper, 2)
    assert r.returncode == 1
    assert r.stderr == (f"migrate: {sleeper} did not move: the node refused it: node 2 takes no guests (block is on "
                        "there) [block, see umosix-reasons(7)]\n")
    wait(lambda: "block" in nodes(lab, 1)[2]["flags"])
    r = lab.tool("mosrun", "-2", "echo", "hm")
    assert (r.returncode, r.stdout, r.stderr) == (125, "", "mosrun: node 2 takes no guests (block is on there)\n")
    mosctl(lab, 2, "noblock")
    lab.move(sleeper, 2)


def test_home_is_0_too(mortal_lab, sleeper):
    """As mps shows it."""
    lab = mortal_lab
    lab.move(sleeper, 2)
    r = lab.migrate(sleeper, 0)
    assert r.returncode == 0 and "node 2 -> 1" in r.stdout, r
    assert lab.why(sleeper)["node"] == 0


def hold_on_its_way_home(lab):
    """A guest of node 2 that is sent away is gone before one has looked; now it is held, and can only go home."""
    mosctl(lab, 3, "block")
    wait(lambda: "block" in nodes(lab, 1)[3]["flags"])
    lab.fault("hold-come-settle")


def let_go(lab):
    lab.fault("")
    mosctl(lab, 3, "noblock")


def test_expel_waits(mortal_lab, sleeper):
    lab = mortal_lab
    lab.move(sleeper, 2)
    hold_on_its_way_home(lab)
    p = begin(lab, 2, "expel")
    assert p.stdout.readline() == "1 guest is left\n"
    assert flags(lab, 2) == ["block", "expel"]
    said = mosctl(lab, 2, "expel", "--timeout", "1", code=1)
    assert said.endswith("the time is over: 1 guest is left; mosd goes on\n")
    let_go(lab)
    assert re.match("no guest is left", p.stdout.readline())
    assert p.wait(20) == 0
    assert flags(lab, 2) == ["block"]
    mosctl(lab, 2, "noblock")


def test_expel_taken_back(mortal_lab, sleeper):
    lab = mortal_lab
    lab.move(sleeper, 2)
    hold_on_its_way_home(lab)
    p = begin(lab, 2, "expel")
    assert p.stdout.readline() == "1 guest is left\n"
    mosctl(lab, 2, "noblock")
    assert p.wait(20) == 1
    let_go(lab)
    assert flags(lab, 2) == []


def test_bring(mortal_lab, sleeper):
    lab = mortal_lab
    lab.move(sleeper, 3)
    out = mosctl(lab, 1, "bring")
    assert out.endswith("all are home; none leaves by itself until `mosctl nolstay`\n")
    why = lab.why(sleeper)
    assert why["node"] == 0 and why["moves"][-1]["ok"]
    assert flags(lab, 1) == ["lstay"]
    lab.move(sleeper, 2)  # who is told by name goes all the same
    assert mosctl(lab, 1, "drain").splitlines()[-1].startswith("drained: ")
    assert flags(lab, 1) == ["lstay", "block"]
    mosctl(lab, 1, "undrain")
    assert flags(lab, 1) == []


def test_drained_for_now(mortal_lab, sleeper):
    """A mosd that begins anew knows of no drain that was for now, and of one that was not."""
    lab = mortal_lab
    lab.move(sleeper, 2)
    assert "and so does a restart" in mosctl(lab, 2, "drain", "--for-now", "--timeout", "30")
    assert lab.why(sleeper)["node"] != 2
    assert set(flags(lab, 2)) >= {"block", "lstay"}
    mosctl(lab, 2, "quiet")  # a lever that is kept keeps only itself
    mosctl(lab, 2, "reload")
    assert flags(lab, 2) == ["quiet"]
    mosctl(lab, 2, "noquiet")
    mosctl(lab, 2, "drain")
    mosctl(lab, 2, "drain", "--for-now")
    mosctl(lab, 2, "reload")
    assert set(flags(lab, 2)) == {"block", "lstay"}
    mosctl(lab, 2, "undrain")
    mosctl(lab, 2, "reload")
    assert flags(lab, 2) == []
