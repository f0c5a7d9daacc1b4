# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl setup makes bare machines a cluster: asked at a terminal or unattended, by each way; run again
it changes nothing; what is wrong is asked again, or told in a line."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest

from moslab import ORDINARY
from test_gossip import ask
from test_join import KEY, bare, reload_alone, run, token  # pylint: disable=unused-import
from test_members import CONF, NODES, address, all_alive, keyed, mosctl, states  # pylint: disable=unused-import
from test_rejoin import wait_for

MAP = "/etc/umosix/openmosix.map"


class Terminal:
    """A person in front of `mosctl setup`."""

    def __init__(self, lab, node, *args):
        self.master, slave = pty.openpty()
        self.text = ""
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["setsid", "--ctty",
                                         *lab.command(node, [str(lab.bin / "mosctl"), "setup", *args])],
                                        stdin=slave, stdout=slave, stderr=slave, env=lab.env)
        os.close(slave)

    def until(self, text: str) -> None:
        end = time.monotonic() + 20
        while text not in self.text:
            assert time.monotonic() < end, self.text
            try:
                if select.select([self.master], [], [], 1)[0]:
                    self.text += os.read(self.master, 4096).decode()
            except OSError:
                raise AssertionError(f"no {text!r} in {self.text!r}") from None

    def answer(self, question: str, line: str) -> None:
        self.until(question)
        self.text = self.text.split(question, 1)[1]
        os.write(self.master, line.encode())

    def end(self) -> int:
        with contextlib.suppress(OSError):
            while got := os.read(self.master, 4096):
                self.text += got.decode()
        os.close(self.master)
        return self.process.wait(20)


@pytest.fixture
def three(bare):
    """Three machines that were never in a cluster."""
    key = bare.inside(1, KEY)
    key.unlink()
    conf = bare.inside(1, CONF)
    conf.write_text(bare.inside(2, CONF).read_text().replace("/node2", "/node1"))
    bare.inside(1, NODES).unlink(missing_ok=True)
    for node in (1, 2, 3):
        bare.inside(node, MAP).unlink()
    reload_alone(bare, 1)
    return bare


def files(lab, node: int) -> dict:
    return {p: (s.st_mtime_ns, s.st_mode, lab.inside(node, p).read_bytes())
            for p in (CONF, KEY, NODES, MAP) if lab.inside(node, p).exists()
            for s in [lab.inside(node, p).stat()]}


def own_address(lab, node: int) -> str:
    r = lab.run(node, ["hostname", "-I"])
    return r.stdout.split()[0]


def test_two_machines_with_two_commands_each(three):
    lab = three
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 0, r.stderr
    assert "port 4660" in r.stdout and "mosctl token" in r.stdout
    host, word = token(lab, 1)[1:]
    r = run(lab, 2, "setup", "--yes", "--way", "token", "--host", host, "--token", word)
    assert r.returncode == 0, r.stderr
    wait_for(lambda: all_alive(lab, 1, 2))
    before = {n: files(lab, n) for n in (1, 2)}
    since = {n: ask(lab, n, "status")[-1]["since"] for n in (1, 2)}
    for node, way in ((1, ("new", "--node", "1", "--address", own_address(lab, 1), "--key", "new", "--port", "4660",
                           "--discover", "no")),
                      (2, ("token", "--host", host, "--token", word))):
        r = run(lab, node, "setup", "--yes", "--way", *way)
        assert r.returncode == 0 and f"node {node} already" in r.stdout, r
        assert r.stdout.count("right already") == 2 and "runs already" in r.stdout
    assert {n: files(lab, n) for n in (1, 2)} == before
    assert {n: ask(lab, n, "status")[-1]["since"] for n in (1, 2)} == since
    wait_for(lambda: all_alive(lab, 1, 2))


def test_asked_at_a_terminal(three):
    lab = three
    t = Terminal(lab, 1)
    t.answer("(map)? [new]", "old\n")
    t.answer("new, token, key or map", "new\n")
    t.until(f"This machine has eth0 {own_address(lab, 1)}")
    t.answer(f"[{own_address(lab, 1)}]", "10.1.2.3\n")
    t.answer("no such address; it has eth0 10.77", "nowhere0\n")
    t.answer("or an interface that is up", "eth0\n")
    t.answer("Number of this node? [1]", "70000\n")
    t.answer("from 1 to 65535", "5\n")
    t.answer("which interfaces? [no]", "a b c d e f g h\n")
    t.answer("no, yes, or up to 6", "nope0\n")
    t.answer('no interface "nope0": this machine has eth0', "\n")
    t.answer("[4660]", "\n")
    t.answer("[new]", "\n")
    assert t.end() == 0, t.text
    assert states(lab, 1) == {5: "alive"}
    host, word = token(lab, 1)[1:]
    t = Terminal(lab, 3)
    t.answer("[new]", "token\n")
    t.answer("of the cluster?", f"{host}\n")
    t.answer("(the last word)?", "nonsense\n")
    t.answer("32 hexadecimal digits", f" {word} \n")
    t.answer("[4660]", "\n")
    assert t.end() == 0, t.text
    wait_for(lambda: states(lab, 3) == {1: "alive", 5: "alive"})


def test_the_token_is_not_for_all_to_read(three):
    """While setup asks, the command line that every user can read has none."""
    t = Terminal(three, 1, "--no-start", "--token", "5" * 32, "--way", "token")
    t.until("of the cluster?")
    with open(f"/proc/{t.process.pid}/cmdline", encoding="ascii") as f:
        line = f.read()
    t.answer(" ", "\x03")
    assert t.end() != 0
    assert "mosctl\0setup\0" in line and "--way\0token\0" in line and "55555" not in line, line


@pytest.mark.parametrize("way", ["\x04", "\x03"], ids=["ctrl-d", "ctrl-c"])
def test_half_way_nothing_is_changed(three, way):
    lab = three
    before = files(lab, 1)
    t = Terminal(lab, 1)
    t.answer("[new]", "\n")
    t.answer("or its interface?", "\n")
    t.answer("Number of this node?", way)
    assert t.end() != 0
    assert files(lab, 1) == before


def test_a_copied_key(three):
    """One begins and lets itself be found; the other has nothing but the key."""
    lab = three
    r = run(lab, 1, "setup", "--yes", "--discover", "yes")
    assert r.returncode == 0, r.stderr
    copied = lab.inside(2, "/var/lib/umosix/copied")
    copied.touch(0o600)
    copied.write_bytes(lab.inside(1, KEY).read_bytes())
    r = run(lab, 2, "setup", "--yes", "--way", "key", "--key", "/var/lib/umosix/copied")
    assert r.returncode == 0, r.stderr
    wait_for(lambda: len(states(lab, 2)) == 2 and set(states(lab, 2).values()) == {"alive"})
    wait_for(lambda: states(lab, 1) == states(lab, 2))
    assert "node =" not in lab.inside(2, CONF).read_text()
    assert "UDP port 4661 for discovery" in r.stdout
    before = files(lab, 2)
    r = run(lab, 2, "setup", "--yes", "--way", "key", "--key", "/var/lib/umosix/copied", "--discover", "yes")
    assert r.returncode == 0 and "runs already" in r.stdout, r
    assert files(lab, 2) == before


def test_an_interface_and_a_number_of_choice(three):
    lab = three
    conf = lab.inside(1, CONF)
    conf.write_text(conf.read_text() + "node = 7\n")
    mosctl(lab, 1, "keygen")
    args = ("setup", "--yes", "--way", "key", "--interface", "eth0")
    r = run(lab, 1, *args)  # by the key that is there
    assert r.returncode == 0, r.stderr
    assert states(lab, 1) == {7: "alive"}
    assert "discover = eth0\n" in conf.read_text() and "node = 7\n" in conf.read_text()
    before = files(lab, 1)
    r = run(lab, 1, *args, "--node", "7")
    assert r.returncode == 0 and "written" not in r.stdout, r
    assert files(lab, 1) == before
    r = run(lab, 2, "setup", "--yes", "--way", "new", "--interface", "eth0", "--node", "4")
    assert r.returncode == 0, r.stderr
    assert states(lab, 2) == {4: "alive"} and "discover" not in lab.inside(2, CONF).read_text()


def test_a_key_alone(three):
    """Made by hand, or what is left of a machine that lost its power half way."""
    lab = three
    for sure in (1, 2):
        lab.inside(sure, KEY).touch(0o600)
        lab.inside(sure, KEY).write_text("5" * 64 + "\n")
        before = lab.inside(sure, KEY).stat().st_mtime_ns
        r = run(lab, sure, "setup", "--yes")
        assert r.returncode == 0, r.stderr
        assert lab.inside(sure, KEY).stat().st_mtime_ns == before and f"{KEY:32} right already" in r.stdout
    wait_for(lambda: len(states(lab, 1)) == 2 and set(states(lab, 1).values()) == {"alive"})


def test_what_is_otherwise_is_changed_or_refused(three):
    lab = three
    assert run(lab, 1, "setup", "--yes", "--node", "3").returncode == 0
    other = lab.inside(1, "/var/lib/umosix/other")
    other.touch(0o600)
    other.write_text("1" * 64 + "\n")
    before = files(lab, 1)
    since = ask(lab, 1, "status")[-1]["since"]
    for args, text in ((("--way", "map"), "mosctl leave"), (("--nodes", own_address(lab, 1)), "--nodes"),
                       (("--node", "4"), "this is node 3"), (("--key", "/var/lib/umosix/other"), "another key"),
                       (("--port", "x"), "65535"), (("--address", "10.9.9.9"), "no such address"),
                       (("--interface", "eth9"), "eth0 10.77"), (("--discover", "a/b"), "interfaces"),
                       (("--port", "4700", "--node", "4"), "this is node 3")):
        r = run(lab, 1, "setup", "--yes", *args)
        assert r.returncode == 2 and text in r.stderr and r.stderr.count("\n") == 1, (args, r)
    assert files(lab, 1) == before and ask(lab, 1, "status")[-1]["since"] == since
    r = run(lab, 1, "setup", "--yes", "--port", "4700", "--discover", "eth0")
    assert r.returncode == 0 and "UDP port 4701" in r.stdout and "runs already, and" in r.stdout, r
    assert ask(lab, 1, "status")[-1]["port"] == 4700
    now = files(lab, 1)
    assert now[KEY] == before[KEY]
    assert now[CONF][2] == before[CONF][2] + b"port = 4700\ndiscover = eth0\n"
    # edited by hand: what runs is made right
    conf = lab.inside(1, CONF)
    conf.write_text(conf.read_text().replace("4700", "4800"))
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 0 and "written" not in r.stdout and "runs already, and" in r.stdout, r
    assert ask(lab, 1, "status")[-1]["port"] == 4800


def test_for_programs(three):
    lab = three
    r = run(lab, 1, "setup", "--yes", "--json", "--discover", "yes")
    first = json.loads(r.stdout)
    assert r.returncode == 0 and "port 4660" in r.stderr
    assert first["files"] == [{"path": CONF, "state": "written"}, {"path": KEY, "state": "written"}]
    assert (first["ok"], first["mosd"], first["members"], first["node"]) == (True, "reloaded", "key", 1)
    assert (first["tcp_ports"], first["udp_ports"]) == ([4660], [4660, 4661])
    again = json.loads(run(lab, 1, "setup", "--yes", "--json").stdout)
    assert [f["state"] for f in again["files"]] == ["right", "right"] and again["mosd"] == "right"
    r = run(lab, 1, "setup", "--yes", "--json", "--way", "map")
    assert r.returncode == 2 and json.loads(r.stdout) == {"ok": False}


def test_what_runs_is_verified(three):
    """A mosd that goes by other files is not taken for the one that was set up; nor is one that does not run."""
    lab = three
    said = ask(lab, 1, "status")[-1]
    lab.inside(1, "/var/lib/umosix/other.conf").write_text(lab.inside(1, CONF).read_text()
                                                         + "members = key\nnode = 9\n")
    lab.run(1, ["kill", str(said["pid"])])
    wait_for(lambda: run(lab, 1, "status").returncode == 3)
    r = run(lab, 1, "setup", "--yes", "--key", "new")
    assert r.returncode == 3 and "begin `mosd` as root" in r.stderr and lab.inside(1, KEY).exists(), r
    lab.run(1, ["sh", "-c", f"setsid {lab.bin}/mosd --conf /var/lib/umosix/other.conf >/dev/null 2>&1 </dev/null &"])
    wait_for(lambda: run(lab, 1, "status").returncode == 0)
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 1 and "--conf" in r.stderr, r


def test_a_map(three):
    lab = three
    both = [own_address(lab, n) for n in (1, 2)]
    r = run(lab, 1, "setup", "--yes", "--way", "map", "--nodes", ", ".join(both))
    assert r.returncode == 0, r.stderr
    assert lab.inside(1, MAP).read_text() == "".join(f"{n} {a} 1\n" for n, a in enumerate(both, 1))
    lab.inside(2, MAP).write_bytes(lab.inside(1, MAP).read_bytes())
    copied = lab.inside(2, "/var/lib/umosix/copied")
    copied.touch(0o600)
    copied.write_bytes(lab.inside(1, KEY).read_bytes())
    r = run(lab, 2, "setup", "--yes", "--key", "/var/lib/umosix/copied")  # a map is there: it is taken
    assert r.returncode == 0, r.stderr
    wait_for(lambda: all_alive(lab, 1, 2))
    before = {n: files(lab, n) for n in (1, 2)}
    for args in (("--nodes", " ".join(both)), ("--map", MAP), ("--way", "map"), ("--port", "4660")):
        r = run(lab, 1, "setup", "--yes", *args)
        assert r.returncode == 0 and r.stdout.count("right already") == 3 and "runs already" in r.stdout, r
    for args, text in ((("--nodes", both[0]), "another map"), (("--way", "new"), "members = key"),
                       (("--address", both[0]), f"--address says nothing on a node of the map {MAP}")):
        r = run(lab, 1, "setup", "--yes", *args)
        assert r.returncode == 2 and text in r.stderr, (args, r)
    assert {n: files(lab, n) for n in (1, 2)} == before
    lab.inside(3, MAP).write_bytes(lab.inside(1, MAP).read_bytes())
    r = run(lab, 3, "setup", "--yes")
    assert r.returncode != 0 and own_address(lab, 3) in r.stderr
    assert not lab.inside(3, KEY).exists()
    lab.inside(3, MAP).unlink()
    kept = lab.inside(3, "/var/lib/umosix/map")
    kept.write_text(f"# ours\n1 {both[0]} 1\n9 {own_address(lab, 3)} 1\n")
    r = run(lab, 3, "setup", "--yes", "--map", "/var/lib/umosix/map")
    assert r.returncode == 0, r.stderr
    assert lab.inside(3, MAP).read_bytes() == kept.read_bytes() and 9 in states(lab, 3)


def test_a_long_answer_is_not_cut(three):
    lab = three
    t = Terminal(lab, 3, "--way", "token", "--no-start")
    t.answer("of the cluster?", "h" * 300 + "\n")
    t.answer("that is too long", "\n")
    t.answer("say something", "\x04")
    assert t.end() == 1


def test_refusals(three):
    lab = three
    before = files(lab, 1)
    cases = [
        (("--yes",), ORDINARY, 5, "only root"),
        ((), 0, 2, "--yes"),
        (("--sure",), 0, 2, "--sure"),
        (("--yes", "--node"), 0, 2, "missing after"),
        (("--yes", "--way", "any"), 0, 2, "new, token, key or map"),
        (("--yes", "--way", "key"), 0, 2, "--key"),
        (("--yes", "--way", "key", "--key", "new"), 0, 2, "begins with /"),
        (("--yes", "--discover", "a b c d e f g"), 0, 2, "network interfaces"),
        (("--yes", "--node", "0"), 0, 2, "from 1 to 65535"),
        (("--yes", "--address", "10.9.9.9"), 0, 2, "no such address"),
        (("--yes", "--key", "/etc/hostname"), 0, 2, "key"),
        (("--yes", "--way", "token"), 0, 2, "--host is missing"),
        (("--yes", "--way", "token", "--host", own_address(lab, 2), "--token", "12"), 0, 2, "32 hexadecimal"),
        (("--yes", "--way", "map"), 0, 2, "--nodes is missing"),
        (("--yes", "--way", "map", "--nodes", "10.0.0.1"), 0, 2, "none of these"),
        (("--yes", "--way", "map", "--nodes", "here"), 0, 2, "no IP address"),
        (("--yes", "--nodes", f"{own_address(lab, 1)} {own_address(lab, 1)}"), 0, 2, "twice"),
        (("--yes", "--map", "/etc/hostname"), 0, 2, "hostname"),
        (("--yes", "--map", MAP, "--nodes", "10.0.0.1"), 0, 2, "one too many"),
        (("--yes", "--interface", "eth0", "--address", "10.0.0.1"), 0, 2, "one too many"),
        (("--yes", "--interface", "lo0"), 0, 2, "eth0"),
        (("--yes", "--way", "key", "--address", own_address(lab, 1)), 0, 2, "--address says nothing"),
        (("--yes", "--way", "new", "--host", "x"), 0, 2, "--host says nothing"),
        (("--yes", "--host", "x", "--token", "5" * 32, "--node", "3"), 0, 2, "--node says nothing"),
    ]
    for args, uid, status, text in cases:
        r = run(lab, 1, "setup", *args, uid=uid)
        assert (r.returncode, text in r.stderr, r.stderr.count("\n") == 1) == \
            (status, True, True), (args, r)
    assert files(lab, 1) == before


def test_what_fails_is_taken_back(three):
    lab = three
    conf = lab.inside(3, CONF)
    conf.write_text(conf.read_text().replace(KEY, "/var/lib/umosix/none/key"))
    before = files(lab, 3)
    for args in ((), ("--way", "map", "--nodes", own_address(lab, 3))):
        r = run(lab, 3, "setup", "--yes", "--no-start", *args)
        assert r.returncode == 1 and "/var/lib/umosix/none/key" in r.stderr, r
        assert files(lab, 3) == before
    lab.inside(3, NODES).write_text("9 10.9.9.9 1\n")  # of another time
    assert run(lab, 3, "setup", "--yes", "--no-start").returncode == 1
    assert lab.inside(3, NODES).read_text() == "9 10.9.9.9 1\n"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_until_all_is_written(three, sig):
    """It is held in the middle by a file that it has to look at."""
    lab = three
    fifo = lab.inside(3, NODES)
    os.mkfifo(fifo)
    p = subprocess.Popen(lab.command(3, ["sh", "-c", 'echo $$; exec "$@"', "sh", str(lab.bin / "mosctl"), "setup",
                                         "--yes", "--no-start", "--node", "3"]),
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=lab.env)
    pid = int(p.stdout.readline())
    opened = []

    def reads():
        with contextlib.suppress(OSError):  # nobody reads yet
            opened.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return opened

    wait_for(reads)
    lab.run(3, ["kill", f"-{sig.value}", str(pid)])
    os.close(opened[0])  # it goes on
    p.communicate(timeout=20)
    assert p.returncode in (-sig, 128 + sig)
    assert "node = 3" in lab.inside(3, CONF).read_text()
    assert lab.inside(3, KEY).exists() and lab.inside(3, NODES).read_text().startswith("3 ")


def test_a_machine_without_any_file(three):
    lab = three
    lab.run(3, ["sh", "-c", "mv /etc/umosix /var/lib/umosix/etc"])
    try:
        r = run(lab, 3, "setup", "--yes", "--no-start")
        assert r.returncode == 0, r.stderr
        assert lab.inside(3, CONF).read_text() == "members = key\nnode = 1\n"
    finally:
        lab.run(3, ["sh", "-c", "rm -r /etc/umosix; mv /var/lib/umosix/etc /etc/umosix"])


def test_the_configuration_stays_the_administrators(three):
    lab = three
    conf = lab.inside(3, CONF)
    text = "members:key ; ours\n" + conf.read_text().rstrip("\n")
    conf.write_text(text)
    conf.chmod(0o640)
    os.chown(conf, 0, ORDINARY)
    beside = lab.inside(3, CONF + ".new")
    beside.write_text("the next one")
    r = run(lab, 3, "setup", "--yes", "--no-start", "--node", "7")
    assert r.returncode == 0, r.stderr
    st = conf.stat()
    assert (st.st_mode & 0o7777, st.st_uid, st.st_gid) == (0o640, 0, ORDINARY)
    assert conf.read_text() == text + "\nnode = 7\n"
    assert beside.read_text() == "the next one"
    assert {p.name for p in lab.inside(3, "/etc/umosix").iterdir()} == {"mosd.conf", "mosd.conf.new", "cluster.key"}
