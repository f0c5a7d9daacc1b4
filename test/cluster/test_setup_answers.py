# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl setup: an answer that cannot be right is refused where it is given, and nothing is asked that is said."""

import pytest

from test_join import KEY, bare, run, token  # pylint: disable=unused-import
from test_members import CONF, all_alive, keyed, mosctl  # pylint: disable=unused-import
from test_rejoin import wait_for
from test_setup import MAP, Terminal, files, own_address, three  # pylint: disable=unused-import
from test_setup_again import refused


@pytest.mark.parametrize("link", ["lo", "deaf0"])
def test_an_interface_on_which_nobody_is_found(three, link):
    lab = three
    if link == "deaf0":
        r = lab.run(1, ["sh", "-c", "ip link add deaf0 type bridge && ip link set deaf0 multicast off && "
                                    "ip addr add 10.99.0.1/24 dev deaf0 && ip link set deaf0 up"])
        assert r.returncode == 0, r.stderr
    before = files(lab, 1)
    no = f'no other machine is found by multicast on "{link}": this machine has eth0'
    for args in ((), ("--way", "new"), ("--way", "new", "--interface", "eth0")):
        assert no in refused(lab, 1, *args, "--discover", f"eth0, {link}")
    if link == "deaf0":  # good to be reached at, but not to be found on
        assert no in refused(lab, 1, "--interface", link, "--discover", "yes")
    t = Terminal(lab, 1, "--no-start")
    t.answer("[new]", "\n")
    t.answer("or its interface?", "\n")
    t.answer("Number of this node?", "\n")
    t.answer("which interfaces? [no]", f"{link}\n")
    t.answer(no, "\x03")
    assert t.end() != 0 and files(lab, 1) == before
    assert run(lab, 1, "setup", "--yes", "--discover", "eth0").returncode == 0
    assert no in refused(lab, 1, "--discover", link)


def test_without_a_terminal_it_asks_what_is_left(three):
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    for args, left in (((), "--way"), (("--way", "new"), "--address"), (("--host", host), "--token"),
                       (("--token", word), "--host"), (("--nodes", own_address(lab, 2)), "--port")):
        before = files(lab, 2)
        r = run(lab, 2, "setup", *args)
        assert r.returncode == 2 and files(lab, 2) == before, (args, r)
        assert f"{left} is not said, and there is no terminal to ask: say it, or --yes" in r.stderr, (args, r)
    r = run(lab, 2, "setup", "--host", host, "--token", word)
    assert r.returncode == 0 and "this machine is node 2" in r.stdout, r
    wait_for(lambda: all_alive(lab, 1, 2))
    for node in (1, 2):
        r = run(lab, node, "setup")
        assert r.returncode == 0 and r.stdout.count("right already") == 2, r
    t = Terminal(lab, 2)
    assert t.end() == 0 and "[" not in t.text, t.text


def test_a_host_is_looked_up_at_its_question(three):
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    assert "--host nosuch: that is no host: " in refused(lab, 2, "--host", "nosuch", "--token", word)
    t = Terminal(lab, 2)
    t.answer("(map)? [new]", "token\n")
    t.answer("of the cluster?", "nosuch\n")
    t.answer("that is no host: ", f"{host}\n")
    t.answer("(the last word)?", f"{word}\n")
    t.answer("[4660]", "/etc/umosix/cluster.key\n")
    t.answer("a port is a number from 1 to 65535, usually 4660", "\n")
    assert t.end() == 0, t.text
    wait_for(lambda: all_alive(lab, 1, 2))


def test_a_file_with_a_map_is_an_answer(three):
    lab = three
    kept = lab.inside(3, "/var/lib/umosix/map")
    kept.write_text(f"# ours\n7 {own_address(lab, 3)} 1\n")
    t = Terminal(lab, 3)
    t.answer("(map)? [new]", "map\n")
    t.answer("or a file with a map?", "/etc/hostname\n")
    t.answer("hostname", "/var/lib/umosix/map\n")
    t.answer("[4660]", "\n")
    t.answer("[new]", "\n")
    assert t.end() == 0, t.text
    assert lab.inside(3, MAP).read_bytes() == kept.read_bytes()


def test_what_is_missing_is_told(three):
    lab = three
    host, word = own_address(lab, 2), "5" * 32
    say_host = "--host is missing: say a node of the cluster, its name or an address"
    say_token = "--token is missing: say the last word of what `mosctl token` prints there"
    cases = [(("--way", "token"), say_host), (("--token", word), say_host), (("--host", host), say_token),
             (("--way", "map"), "--nodes is missing: say the addresses of all nodes, number 1 first; or --map and a file"),
             (("--way", "key"), "--key is missing: say the file with the cluster's key, copied from a node")]
    for args, text in cases:
        assert text in refused(lab, 1, *args)
    assert run(lab, 1, "setup", "--yes").returncode == 0
    assert say_token in refused(lab, 1, "--host", host) and say_host in refused(lab, 1, "--token", word)
