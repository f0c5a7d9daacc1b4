# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl's words as openMosix's scripts use them, against a stand-in for mosd."""

import json
import os
import re
import subprocess

import pytest

import fakemosd
import moslab
from fakemosd import node

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif("mosctl" in moslab.missing_tools(), reason="mosctl is not staged"),
]


@pytest.fixture
def mosd():
    made = fakemosd.FakeMosd()
    made.nodes = [
        node(1, load=150, speed=9000, util=876, guests=2, flags=["stay", "block"]),
        node(2, load=3, mem_free_kib=4096, mem_raw_kib=400, rtt_us=1234),
        node(3, state="dead"), node(4, state="unknown"), node(7, state="suspect", addr="fd00::7"),
        node(8, state="left"), node(9, rtt_us=None),
        node(10, flags=["quiet"], **dict.fromkeys(("load", "runnable", "util", "mem_free_kib", "mem_raw_kib"))),
    ]
    yield made.start()
    made.close()


@pytest.mark.parametrize("args, out", [
    ("getload", "150"), ("getload 2", "3"), ("getspeed", "9000"), ("getutil", "87"),
    ("getspeed 10", "10000"), ("status 10", "Node 10 (10.0.0.11) is alive: quiet"),
    ("getmem 2", "1024"), ("getfree 2", "100"), ("isup", "yes"), ("isup 7", "yes"),
    ("whois", "1"), ("whois 2", "10.0.0.3"), ("whois 10.0.0.4", "3"), ("whois fd00:0::7", "7"),
    ("status 1", "Node 1 (10.0.0.2) is alive: stay, block"),
    ("status 3", "Node 3 (10.0.0.4) is dead"), ("status 8", "Node 8 (10.0.0.9) has left"),
])
def test_bare_answers(mosd, args, out):
    r = mosd.tool("mosctl", *args.split())
    assert (r.returncode, r.stdout, r.stderr) == (0, out + "\n", "")


@pytest.mark.parametrize("args, code, out", [
    ("getload 3", 1, "-101\n"), ("getspeed 4", 1, "-101\n"), ("isup 3", 1, "no\n"),
    ("isup 99", 1, "no\n"), ("getload 99", 1, "-101\n"), ("getfree 99", 1, "-101\n"),
    ("getload 10", 1, "-101\n"), ("getutil 10", 1, "-101\n"), ("getmem 10", 1, "-101\n"), ("getfree 10", 1, "-101\n"),
    ("whois 99", 1, ""), ("whois 10.9.9.9", 1, ""),
    ("getload x", 2, ""), ("getload 1 2", 2, ""), ("getload 0", 2, ""), ("stay 1", 2, ""),
    ("setspeed", 2, ""), ("setspeed -1", 2, ""), ("nodes x", 2, ""), ("drain --timeout", 2, ""),
])
def test_bad_answers(mosd, args, code, out):
    r = mosd.tool("mosctl", *args.split())
    assert (r.returncode, r.stdout) == (code, out)
    assert out or r.stderr.startswith("mosctl: ")


@pytest.mark.parametrize("args, why", [
    ("getload 3", "node 3 is dead"), ("getspeed 4", "nothing was heard of node 4 yet"), ("getmem 8", "node 8 has left"),
    ("getload 10", "node 10 does not tell that (quiet is on there)"), ("getload 99", "there is no node 99"),
])
def test_why_there_is_no_number(mosd, args, why):
    r = mosd.tool("mosctl", *args.split())
    assert (r.returncode, r.stdout, r.stderr) == (1, "-101\n", f"mosctl: {why}\n")


@pytest.mark.parametrize("what, said", [
    ("no.such.host", "no.such.host is no address, and no name that this machine can resolve: "),
    ("10.9.9.9", "10.9.9.9 is no node of this cluster (`mosctl nodes` shows them)\n"),
    ("99", "there is no node 99\n"), ("a\x1b[2Jb", "a?[2Jb is no "),
])
def test_who_is_nobody(mosd, what, said):
    r = mosd.tool("mosctl", "whois", what)
    assert (r.returncode, r.stdout, r.stderr.count("\n")) == (1, "", 1) and r.stderr.startswith(f"mosctl: {said}"), r


def test_help_of_a_command(mosd):
    """Each has its own, which is the same however it is asked for, and does nothing else."""
    general = mosd.tool("mosctl", "help").stdout
    assert general == mosd.tool("mosctl", "--help").stdout == mosd.tool("mosctl", "-h").stdout
    rows = re.findall(r"^  ([a-z]\S*) .*", general, re.M)
    assert len(rows) > 25
    for name in set(rows):
        r = mosd.tool("mosctl", "help", name)
        assert (r.returncode, r.stderr) == (0, "") and r.stdout.startswith(f"Usage: mosctl {name}"), r
        assert all(row in r.stdout for row in general.splitlines() if row.startswith(f"  {name} "))
        for args in (("--help",), ("-h",), ("1", "--help")):
            assert mosd.tool("mosctl", name, *args).stdout == r.stdout, (name, args)
    assert "--minutes M" in mosd.tool("mosctl", "token", "--help").stdout
    assert "let this process not move" in mosd.tool("mosctl", "help", "unlock").stdout  # what "..." goes on from
    assert mosd.asked == []
    for args in (("help", "no-such"), ("no-such", "-h"), ("help", "lock", "unlock")):
        r = mosd.tool("mosctl", *args)
        assert (r.returncode, r.stdout, r.stderr.count("\n")) == (2, "", 1), (args, r)


def test_scripts_of_old(mosd):
    """The idioms that openmosix's users have in their scripts."""
    sh = ('[ "`mosctl isup`" = yes ] && mosctl whois | sed "s/[^0-9].*//" && '
          'for n in 1 2 3; do l=`mosctl getload $n`; [ $l -ge 0 ] && echo $n $l; done; true')
    r = subprocess.run(mosd.inside("sh", "-c", sh), text=True, capture_output=True, check=False,
                       env={**os.environ, "PATH": f"{moslab.stage_dir()}:{os.environ['PATH']}"})
    assert (r.stdout, r.stderr) == ("1\n1 150\n2 3\n", "mosctl: node 3 is dead\n")
    mosd.stop()
    r = subprocess.run(mosd.inside("sh", "-c", "l=`mosctl getload 2 2>/dev/null`; [ $l -lt 0 ] && mosctl isup"), text=True,
                       capture_output=True, check=False,
                       env={**os.environ, "PATH": f"{moslab.stage_dir()}:{os.environ['PATH']}"})
    assert r.stdout == "no\n" and r.stderr.count("\n") == 1 and "mosd does not run" in r.stderr


def test_nodes(mosd):
    r = mosd.tool("mosctl", "nodes")
    lines = r.stdout.splitlines()
    assert re.search(r"^ +1\* 10.0.0.2 +alive +9000 +4.0 +150 +87% .* stay,block$", lines[1])
    assert re.search(r"^ +2  10.0.0.3 +alive .* 1.2 ms *$", lines[2])
    assert lines[3].split() == ["3", "10.0.0.4", "dead"]
    assert lines[7].split()[-1] == "-"  # not measured yet
    assert lines[8].split() == ["10", "10.0.0.11", "alive", "10000", "4.0", "-", "-", "-", *"8.0 GiB".split(), "0", "0",
                                "300", "us", "quiet"]
    assert len(lines) == 9
    assert json.loads(mosd.tool("mosctl", "nodes", "--json").stdout) == mosd.nodes


def test_hostile_nodes(mosd):
    """Whatever a liar among the nodes told, lines stay lines."""
    mosd.nodes = [node(1, load=-5, mem_free_kib=1 << 62, speed="x", cpus=None, util=10**9,
                       flags=["stay", 7, {}]),
                  node(2, addr="a\x1b[2Jb\n"), {"node": 0}, {"node": "x"}, {}, node(2), node(70000)]
    r = mosd.tool("mosctl", "nodes")
    assert r.returncode == 0 and len(r.stdout.splitlines()) == 3 and "\x1b" not in r.stdout
    assert mosd.tool("mosctl", "getload").stdout == "0\n"
    assert mosd.tool("mosctl", "status", "1").stdout.endswith("alive: stay\n")


@pytest.mark.parametrize("verb, asked", [
    (f"{no}{name}", {"op": "lever", "name": name, "value": not no})
    for name in ("stay", "lstay", "block", "quiet") for no in ("", "no")
] + [("setspeed 12000", {"op": "speed", "value": 12000})])
def test_levers_are_asked(mosd, verb, asked):
    r = mosd.tool("mosctl", *verb.split())
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    assert mosd.asked == [asked]


def test_a_speed_that_is_not_believed(mosd):
    mosd.answers["speed"] = [{"ok": True, "speed": 10**6, "warning": "nobody\x1b believes it", "done": True}]
    r = mosd.tool("mosctl", "setspeed", 10**6)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "mosctl: nobody? believes it\n")


def test_drain_shows_progress(mosd):
    mosd.answers["expel"] = [{"left": 2}, {"left": 1}, {"ok": True, "left": 0, "done": True}]
    mosd.answers["bring"] = [{"left": 1}, {"ok": True, "left": 0, "done": True}]
    r = mosd.tool("mosctl", "drain")
    assert r.returncode == 0
    assert r.stdout.splitlines()[:-1] == ["1 process away is left"]
    assert r.stdout.splitlines()[-1].startswith("drained: ")
    assert {o["op"] for o in mosd.asked} == {"expel", "bring"}
    mosd.asked.clear()
    r = mosd.tool("mosctl", "undrain")
    assert (r.returncode, r.stdout) == (0, "takes part again: guests may come, and processes may leave\n")
    assert [(o["name"], o["value"]) for o in mosd.asked] == [("block", False), ("lstay", False)]


def test_drain_gives_up_in_time(mosd):
    mosd.answers["expel"] = [{"left": 2}]
    mosd.answers["bring"] = [{"ok": True, "left": 0, "done": True}]
    for verb in ("drain", "expel"):
        r = mosd.tool("mosctl", verb, "--timeout", 1)
        assert (r.returncode, r.stderr) == (1, "")
        assert r.stdout == "2 guests are left\nthe time is over: 2 guests are left; mosd goes on\n"
    r = mosd.tool("mosctl", "bring", "--timeout", 1)
    assert (r.returncode, r.stdout) == (0, "all are home; none leaves by itself until `mosctl nolstay`\n")
    mosd.answers["bring"] = [{"left": 1}]
    r = mosd.tool("mosctl", "drain", "--timeout", 1)
    assert r.stdout.splitlines()[0] == "2 guests and 1 process away are left"
    mosd.answers["bring"] = []
    r = mosd.tool("mosctl", "bring", "--timeout", 1)
    assert (r.returncode, r.stdout) == (1, "the time is over: mosd has not told what is left; mosd goes on\n")
    for wrong in (["--timeout"], ["--timeout", "x"], ["--for-now"], ["1"]):
        assert mosd.tool("mosctl", "expel", *wrong).returncode == 2


def test_refusals(mosd):
    for op in ("lever", "expel"):
        mosd.answers[op] = [{"ok": False, "code": "root-only", "error": "only root may do that",
                             "done": True}]
    for verb in ("stay", "expel", "undrain"):
        r = mosd.tool("mosctl", verb)
        assert (r.returncode, r.stderr) == (5, "mosctl: only root may do that\n")


def test_decisions(mosd):
    mosd.decisions = [
        {"time": 1.5, "pid": 42, "comm": "x\x1bz", "from": 1, "to": 3, "reason": "load",
         "text": "node 3 has 20, here is 250"},
        {"time": 2.5, "pid": 43, "comm": "y", "from": 1, "to": 1, "reason": "young", "text": "new"},
    ]
    r = mosd.tool("mosctl", "decisions", env={**os.environ, "TZ": "UTC"})
    assert r.stdout == ("1970-01-01 00:00:01.500  42 (x?z) node 1 -> 3  load: "
                        "node 3 has 20, here is 250\n"
                        "1970-01-01 00:00:02.500  43 (y) stays at node 1  young: new\n")
    r = mosd.tool("mosctl", "decisions", "-f", "--json")
    assert [json.loads(line)["pid"] for line in r.stdout.splitlines()] == [42, 43]
    assert mosd.asked[-1] == {"op": "decisions", "follow": True}


def test_why_is_in_the_order_of_time(mosd):
    """And a decision comes before the move that it led to, should both have the same time."""
    move = {"ok": True, "bytes": 1, "total_us": 1, "freeze_us": 1, "cause": "asked"}
    mosd.answers["why"] = [{
        "ok": True, "done": True, "home": 1, "pid": 42, "comm": "x", "node": 3, "how": "mosrun", "move_count": 3,
        "moves": [{**move, "time": t, "from": a, "to": b} for t, a, b in ((1, 1, 2), (3, 2, 1), (4, 1, 3))],
        "decisions": [{"time": t, "text": f"was told {t}"} for t in (2, 3, 5)],
        "ended": {"time": 6, "cause": "host-lost", "error": "node 3 was lost: silence", "signal": 9},
    }]
    said = mosd.tool("mosctl", "why", 42, env={**os.environ, "TZ": "UTC"}).stdout.splitlines()
    assert said[0] == "42 (x) has ended: it was lost with node 3, on which it ran [host-lost]"
    assert said[1] == "  1970-01-01 00:00:06.000  node 3 was lost: silence"
    told = [re.search(r":0(\d)\.000  (node|decided)", line) for line in said[2:]]
    assert [t.groups() for t in told if t] == [("1", "node"), ("2", "decided"), ("3", "decided"), ("3", "node"),
                                               ("4", "node"), ("5", "decided")]


def test_no_decision_yet(mosd):
    r = mosd.tool("mosctl", "decisions")
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "mosctl: nothing is decided yet\n")
    r = mosd.tool("mosctl", "decisions", "--json")
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")


def test_without_mosd(mosd):
    mosd.stop()
    r = mosd.tool("mosctl", "isup")
    assert (r.returncode, r.stdout) == (3, "no\n") and "mosd does not run" in r.stderr
    r = mosd.tool("mosctl", "getload")
    assert (r.returncode, r.stdout) == (3, "-101\n") and "mosd does not run" in r.stderr
    for verb in ("whois", "stay", "drain", "nodes", "decisions"):
        r = mosd.tool("mosctl", verb)
        assert (r.returncode, r.stdout) == (3, "") and "mosd does not run" in r.stderr
