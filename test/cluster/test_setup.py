# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl setup makes bare machines a cluster: asked at a terminal or unattended, by each way; run again
it changes nothing; what is wrong is asked again, or told in a line."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import time

import pytest

from moslab import ORDINARY
from test_join import KEY, bare, run, token  # pylint: disable=unused-import
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
    mosctl(bare, 1, "reload")
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
    for node in (1, 2):
        r = run(lab, node, "setup", "--yes", "--way", "new")
        assert r.returncode == 0 and "what is set up stays" in r.stdout
    assert {n: files(lab, n) for n in (1, 2)} == before
    wait_for(lambda: all_alive(lab, 1, 2))


def test_asked_at_a_terminal(three):
    lab = three
    t = Terminal(lab, 1)
    t.answer("(map)? [new]", "old\n")
    t.answer("new, token, key or map", "new\n")
    t.answer(f"[{own_address(lab, 1)}]", "10.1.2.3\n")
    t.answer("no such address", "\n")
    t.answer("Number of this node? [1]", "70000\n")
    t.answer("from 1 to 65535", "5\n")
    t.answer("which interfaces? [no]", "a b c d e f g h\n")
    t.answer("no, yes, or up to 6", "\n")
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


@pytest.mark.parametrize("way", ["\x04", "\x03"], ids=["ctrl-d", "ctrl-c"])
def test_half_way_nothing_is_changed(three, way):
    lab = three
    before = files(lab, 1)
    t = Terminal(lab, 1)
    t.answer("[new]", "\n")
    t.answer("reach this machine?", "\n")
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
    lab.inside(3, MAP).write_bytes(lab.inside(1, MAP).read_bytes())
    r = run(lab, 3, "setup", "--yes")
    assert r.returncode != 0 and own_address(lab, 3) in r.stderr
    assert not lab.inside(3, KEY).exists()


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
        (("--yes", "--way", "token"), 0, 2, "--host"),
        (("--yes", "--way", "token", "--host", "x", "--token", "12"), 0, 2, "32 hexadecimal"),
        (("--yes", "--way", "map"), 0, 2, "--nodes"),
        (("--yes", "--way", "map", "--nodes", "10.0.0.1"), 0, 2, "none of these"),
        (("--yes", "--way", "map", "--nodes", "here"), 0, 2, "no IP address"),
    ]
    for args, uid, status, text in cases:
        r = run(lab, 1, "setup", *args, uid=uid)
        assert (r.returncode, text in r.stderr) == (status, True), (args, r)
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
