# SPDX-License-Identifier: GPL-2.0-or-later
"""What users ask of mosd: migrate, mosrun, why. What becomes of it when a supervisor refuses, is slow, dies
or talks nonsense, and who may."""

import json
import pathlib
import subprocess
import sys

import pytest

from fakemosd import wait
from lonemosd import OTHER, USER, Client

# Moves


def test_migrate_there_and_home(node):
    p = node.target()
    r = node.run("migrate", p.pid, 2, uid=USER, check=0)
    assert r.stdout == f"{p.pid}: node 1 -> 2, 4.2 MiB in 21 ms, stood still for 12 ms\n"
    assert [o.get("op") for o in node.home_log()] == ["start", "move"]
    assert node.home_log()[0]["adopt"] is True
    assert node.home_log()[1]["addr"] == "10.77.0.2"
    listed = json.loads(node.run("mps", "--json", uid=USER, check=0).stdout)
    assert [(q["pid"], q["node"], q["how"]) for q in listed] == [(p.pid, 2, "adopted")]
    assert "already" in node.run("migrate", p.pid, 2, uid=USER, check=0).stdout
    assert "node 2 -> 1" in node.run("migrate", p.pid, "home", uid=USER, check=0).stdout
    assert "home, already" in node.run("migrate", p.pid, 1, uid=USER, check=0).stdout
    why = json.loads(node.run("mosctl", "why", "--json", p.pid, uid=USER, check=0).stdout)
    assert [(m["from"], m["to"], m["ok"]) for m in why["moves"]] == [(1, 2, True), (2, 1, True)]
    wait(lambda: "counters" in json.loads(node.run("mosctl", "why", "--json", p.pid).stdout))
    assert "4.2 MiB" in node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout


def test_away_again_at_once(node):
    """A request that meets a supervisor on its way out goes to a new one."""
    p = node.target()
    for _ in range(5):
        node.run("migrate", p.pid, 2, check=0)
        node.run("migrate", p.pid, "home", check=0)


def test_counters_are_fresh(node):
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "77 calls sent home" in why and "  ?[2J 7" in why
    assert "2:05 sleep" in node.run("mps", uid=USER, check=0).stdout


def test_counters_that_do_not_come(node):
    node.home(no_info=True)
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    assert json.loads(node.run("mosctl", "why", "--json", p.pid, check=0).stdout)["node"] == 2


def test_refused(node):
    node.home(move="refuse")
    p = node.target()
    for _ in range(2):
        r = node.run("migrate", p.pid, 2, uid=USER, check=1)
        assert r.stderr == (f"migrate: {p.pid} did not move: it shares memory with another process "
                            "[shared-writable, see umosix-reasons(7)]\n")
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "did not move: it shares memory with another process [shared-writable]" in why


def test_refused_at_once(node):
    """The word is there too when nothing was tried."""
    p = node.target()
    r = node.run("migrate", 1, 2, check=1)
    assert r.stderr == ("migrate: process 1 holds its system together: it stays [init, see umosix-reasons(7)]\n")
    r = node.run("migrate", p.pid, 9, uid=USER, check=1)
    assert r.stderr.startswith("migrate: there is no node 9") and r.stderr.endswith(" [no-node, see umosix-reasons(7)]\n")
    r = node.run("migrate", p.pid, 2, uid=OTHER, check=5)
    assert r.stderr.endswith(" [not-yours, see umosix-reasons(7)]\n")
    with subprocess.Popen(["sleep", "100"]) as own:
        r = node.run("migrate", own.pid, 2, check=1)
        own.kill()
    assert "root's or other special rights" in r.stderr and r.stderr.endswith(" [privileged, see umosix-reasons(7)]\n")


def test_busy(node):
    node.home(move="slow")
    p = node.target()
    a, b = Client(node), Client(node)
    a.send(op="migrate", pid=p.pid, to=2)
    wait(lambda: node.status()["moving"] == 1)
    r = b.ask(op="migrate", pid=p.pid, to=3)
    assert r["code"] == "busy" and "node 2" in r["error"]
    assert b.ask(op="migrate", pid=p.pid, to="home")["code"] == "busy"
    (node.stage / "go").touch()
    assert a.receive()["ok"]
    assert b.ask(op="migrate", pid=p.pid, to=3)["ok"]


def test_caller_hangs_up(node):
    node.home(move="slow")
    p = node.target()
    a = Client(node)
    a.send(op="migrate", pid=p.pid, to=2)
    wait(lambda: node.status()["moving"] == 1)
    a.close()
    (node.stage / "go").touch()
    wait(lambda: node.status()["away"] == 1)
    assert node.status()["clients"] == 1


def test_no_wait(node):
    p = node.target()
    assert node.run("migrate", "-n", p.pid, 2, check=0).stdout == f"{p.pid}: asked to move\n"
    wait(lambda: node.status()["away"] == 1)
    assert node.run("migrate", "-q", p.pid, "home", check=0).stdout == ""


def test_supervisor_dies(node):
    node.home(move="die")
    p = node.target()
    r = node.run("migrate", p.pid, 2, uid=USER, check=1)
    assert "supervisor ended unexpectedly (signal 9)" in r.stderr
    assert p.poll() is None


def test_supervisor_leaves_without_answer(node):
    node.home(move="leave")
    p = node.target()
    assert "ended unexpectedly" in node.run("migrate", p.pid, 2, check=1).stderr
    assert len(node.home_log()) == 12  # tried five times more


def test_supervisor_talks_nonsense(node):
    node.home(move="garbage")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)


def test_no_supervisor_installed(node):
    (node.stage / "mos-home").unlink()
    p = node.target()
    said = node.run("migrate", p.pid, 2, check=1).stderr
    # where mosd was built for a prefix in which it is installed, that one's supervisor is found
    assert "mos-home is neither in" in said or " did not move: node 2: " in said


def test_host_lost(node):
    node.home(after="host-lost")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.wait(10)
    wait(lambda: "has ended" in node.run("mosctl", "why", p.pid).stdout)
    why = node.run("mosctl", "why", p.pid, uid=USER, check=0).stdout
    assert "has ended: it was lost with node 2, on which it ran [host-lost]\n" in why
    assert "node 2 does not answer" in why
    assert node.run("mosctl", "why", p.pid, uid=OTHER).returncode == 5
    assert "was lost with node 2" in (node.dir / "mosd.log").read_text()


def test_supervisor_crashes_while_away(node):
    node.home(after="crash")
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.wait(10)
    wait(lambda: "supervisor ended unexpectedly (signal 11)" in
         node.run("mosctl", "why", p.pid).stdout)


def test_unknown_node_and_process(node):
    p = node.target()
    r = node.run("migrate", p.pid, 9, check=1)
    assert "no node 9" in r.stderr and "1-3" in r.stderr
    p.kill()
    p.wait()
    assert node.run("migrate", p.pid, 2).returncode == 4
    assert node.run("mosctl", "why", p.pid).returncode == 4
    assert node.run("migrate", "x", 2).returncode == 2
    assert node.run("migrate", 1).returncode == 2


def test_cheap_refusals(node):
    c = Client(node)
    assert c.ask(op="migrate", pid=1, to=2)["code"] == "init"
    assert c.ask(op="migrate", pid=node.target(uid=0).pid, to=2)["code"] == "privileged"
    assert c.ask(op="migrate", pid=node.mosd.pid, to=2)["code"] in ("supervisor", "privileged")
    zombie = subprocess.Popen(["true"])
    wait(lambda: pathlib.Path(f"/proc/{zombie.pid}/stat").read_text().split()[2] == "Z")
    assert c.ask(op="migrate", pid=zombie.pid, to=2)["code"] == "zombie"
    zombie.wait()
    kthreadd = pathlib.Path("/proc/2/status")
    if kthreadd.exists() and "kthreadd" in kthreadd.read_text():
        assert c.ask(op="migrate", pid=2, to=2)["code"] == "kernel-thread"
    c.close()


def test_privileged_where_the_administrator_says_so(quiet):
    quiet.conf("export-privileged = 3\n")
    node = quiet.start()
    p = node.target(uid=0)
    assert "special rights" in node.run("migrate", p.pid, 2, check=1).stderr
    node.run("migrate", p.pid, 3, check=0)


# Who may


def test_ownership(node):
    p = node.target(uid=USER)
    for cmd in (("migrate", p.pid, 2), ("migrate", p.pid, "home"), ("mosctl", "why", p.pid)):
        r = node.run(*cmd, uid=OTHER, check=5)
        assert "not yours" in r.stderr
    assert node.run("mosctl", "lock", p.pid, uid=OTHER).returncode == 5
    assert node.status()["not_yours"] == 4
    told = [line for line in (node.dir / "mosd.log").read_text().splitlines() if "not his" in line]
    assert len(told) == 1 and f"user {OTHER} asked for process {p.pid}" in told[0], told  # one a minute
    node.run("migrate", p.pid, 2, uid=USER, check=0)
    assert node.status()["not_yours"] == 4
    assert json.loads(node.run("mps", "-a", "--json", uid=OTHER, check=0).stdout) == []
    assert json.loads(node.run("mps", "--json", uid=0, check=0).stdout) == []
    assert len(json.loads(node.run("mps", "-a", "--json", uid=0, check=0).stdout)) == 1
    assert "guests" not in json.loads(node.run("mosctl", "status", "--json", uid=USER).stdout)


def test_pid_of_another_life(node):
    """A record belongs to one process, not to its number: its end is noticed."""
    p = node.target()
    node.run("migrate", p.pid, 2, check=0)
    p.kill()
    p.wait()
    c = Client(node)
    assert c.ask(op="migrate", pid=p.pid, to="home")["code"] == "no-process"
    c.close()


# Discovery


@pytest.mark.parametrize("conf, text", [
    ("members = key\naddress = 10.77.0.1", "`mosctl join` brings it from a node, `mosctl setup` or `mosctl keygen`"),
    ("", "`mosctl setup` begins one"),
    ("map-file = {}/map", "write `members = key`"),
], ids=["no-key", "no-cluster", "map"])
def test_discovery_without_a_key_says_what_to_do(quiet, conf, text):
    quiet.run("sh", "-c", "test ! -d /etc/umosix || mount -t tmpfs none /etc/umosix", check=0)
    (quiet.dir / "key").unlink()
    (quiet.dir / "mosd.conf").write_text(f"key-file = {quiet.dir}/key\n{conf.format(quiet.dir)}\n")
    c = Client(quiet.start())
    r = c.ask(op="discover")
    assert (r["code"], r["ok"]) == ("no-key", False) and text in r["error"]
    c.close()


# Nodes


def test_own_figures_are_as_they_were_just_set(node):
    """Whoever has set something and looks sees it, and not what was told to the others a second ago."""
    c = Client(node)
    for speed, stay in ((12345, True), (23456, False), (34567, True)):
        assert c.ask(op="speed", value=speed)["ok"] and c.ask(op="lever", name="stay", value=stay)["ok"]
        c.send(op="nodes")
        me = c.receive()
        assert (me["me"], me["speed"], "stay" in me["flags"]) == (True, speed, stay)
        assert me["rtt_us"] is None and [c.receive()["rtt_us"] for _ in range(2)] == [None, None]
        assert c.receive()["done"]
    c.ask(op="expel", for_now=True)
    c.send(op="nodes")
    assert "block" in c.receive()["flags"]
    c.close()
    assert node.run("mosctl", "nodes").stdout.splitlines()[2].split()[-1] == "unknown"


# Rules of adoption


def test_a_rule_for_a_user_that_nobody_knows(quiet):
    """It means nobody: whoever looks is told which line it is."""
    quiet.conf("adopt = user=daemon age=3000\nadopt = user=no-such-one age=3000\n")
    at = f"{quiet.dir}/mosd.conf:4: adopt: this machine has no user no-such-one"
    r = quiet.run(quiet.stage / "mosd", "--conf", quiet.dir / "mosd.conf", "-c", check=0)
    assert r.stderr.startswith(f"mosd: {at}") and "node 1" in r.stdout
    node = quiet.start()
    assert at in (node.dir / "mosd.log").read_text()
    assert [w[:len(at)] for w in node.status()["warnings"]] == [at]
    assert f"Warning: {at}" in node.run("mosctl", "status", uid=USER, check=0).stdout
    assert at in node.run("mosctl", "reload", check=0).stderr
    node.conf("adopt = user=daemon age=3000\n")
    r = node.run("mosctl", "reload", check=0)
    assert (r.stdout, r.stderr) == ("mosd serves by its files as they are now\n", "")
    assert node.status()["warnings"] == []


@pytest.mark.parametrize("rule, why", [
    ("user=root", "root's programs are never adopted"), ("user=0 age=5", "root's programs are never adopted"),
    ("program=bin/render", "no path begins as bin/render does"),
    ("program=?usr/bin/*", "no path begins as ?usr/bin/* does"),
])
def test_a_rule_that_can_mean_nobody(quiet, rule, why):
    quiet.conf(f"adopt = user=daemon program=*/render age=9\nadopt = program=/usr/*/x\nadopt = {rule}\n")
    r = quiet.run(quiet.stage / "mosd", "--conf", quiet.dir / "mosd.conf", "-c", check=0)
    assert r.stderr.startswith(f"mosd: {quiet.dir}/mosd.conf:5: adopt: {why}, so the line adopts nothing: "), r.stderr
    assert r.stderr.count("\n") == 1 and "then `mosctl reload`" in r.stderr


# mosrun


def test_mosrun_registers_descendants(node):
    r = node.run("mosrun", "-L", "sh", "-c", "sh -c 'mps --json'; exit 7", uid=USER)
    assert r.returncode == 7, r
    listed = json.loads(r.stdout)
    assert [q["how"] for q in listed].count("mosrun") == 1
    assert [q["how"] for q in listed].count("child") >= 1
    assert [q["lock"] for q in listed if q["how"] == "mosrun"] == ["locked"]


def test_descendants_without_a_cgroup(quiet):
    quiet.run("sh", "-c", "mkdir /run/umosix && touch /run/umosix/cgroup", check=0)
    node = quiet.start()
    assert node.status()["members_by"] == "process tree"
    r = node.run("mosrun", "sh", "-c", "sh -c 'mps --json'; :", uid=USER, check=0)
    assert r.stdout, r.stderr
    assert sorted(q["how"] for q in json.loads(r.stdout))[-1] == "mosrun"
    assert "child" in [q["how"] for q in json.loads(r.stdout)]
    r = node.run("sh", "-c", "mps --json; :", uid=USER, check=0)
    assert r.stdout == "[]\n", r.stderr


def test_mosrun_at_a_node(node):
    p = node.popen("mosrun", "-2", "sleep", "60", uid=USER)
    wait(lambda: node.status()["away"] == 1)
    assert node.home_log()[0]["at_exec"] is True
    assert "mosrun" in node.run("mosctl", "why", p.pid, uid=USER).stdout
    assert pathlib.Path(f"/proc/{p.pid}/comm").read_text() == "sleep\n"


def test_mosrun_where_it_cannot(node):
    r = node.run("mosrun", "-9", "echo", "hm", uid=USER, check=125)
    assert "no node 9" in r.stderr and r.stdout == ""
    r = node.run("mosrun", "-9", "-F", "echo", "hm", uid=USER, check=0)
    assert "no node 9" in r.stderr and r.stdout == "hm\n"
    r = node.run("mosrun", "-2", "echo", "hm", check=125)
    assert r.stderr.endswith("names the node; run it as an ordinary user\n") and r.stdout == "", r
    r = node.run("mosrun", "-2", "-F", "echo", "hm", check=0)
    assert r.stderr.endswith("run it as an ordinary user\n") and r.stdout == "hm\n", r
    node.run("mosrun", "no-such-program", uid=USER, check=127)
    node.run("mosrun", "/etc/passwd", uid=USER, check=126)
    node.run("mosrun", "-x", "true", uid=USER, check=125)
    node.run("mosrun", uid=USER, check=125)
    r = node.run("mosrun", "-l", "-L", "true", uid=USER, check=125)
    assert r.stderr == "mosrun: -l and -L contradict each other: which one? (see mosrun --help)\n"


def test_other_names_speak_of_themselves(node):
    for name, args, code, said in (("nomig", ["-x", "true"], 125, "unknown option -x (see nomig --help)"),
                                   ("runon", ["9", "true"], 125, "there is no node 9: the map has 1-3"),
                                   ("runon", ["-F", "9", "true"], 125, "the number of a node comes first, as in "
                                    "`runon 3 PROGRAM`, not \"-F\" (see runon --help)"),
                                   ("cpujob", ["no-such-program"], 127, "no-such-program: No such file or directory")):
        if not (node.stage / name).exists():
            (node.stage / name).symlink_to("mosrun")
        assert node.run(name, *args, uid=USER, check=code).stderr == f"{name}: {said}\n"


def test_a_program_that_is_not_found(node):
    """As in a shell: a folder that may not be searched has none; a file that may not be executed is one."""
    shut, open_, none = (node.dir / name for name in ("shut", "open", "none"))
    for folder in (shut, open_, none):
        folder.mkdir()
        folder.chmod(0o755)
    (open_ / "tool").write_text("")
    (none / "tool").mkdir()
    shut.chmod(0o700)
    for path, code in ((f"{shut}:/usr/bin", 127), (f"/usr/bin:{none}", 127), ("/etc/passwd", 127),
                       (f"{shut}:{open_}", 126), (f"{open_}:/usr/bin", 126)):
        script = f"PATH={path}; export PATH; exec {node.stage}/mosrun tool"
        r = node.run("sh", "-c", script, uid=USER, check=code)
        why = "No such file or directory" if code == 127 else "Permission denied"
        assert r.stderr == f"mosrun: tool: {why}\n"


def test_mosrun_supervisor_dies(node):
    (node.stage / "mos-home").write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    r = node.run("mosrun", "-2", "true", uid=USER, check=125)
    assert "exit status 3" in r.stderr
