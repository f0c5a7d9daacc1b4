# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl setup on a machine that is a node already: a token that it does not use it does not accept; and what it
refuses it tells by what was really said, or is really there."""

import json
import os

from test_gossip import ask
from test_join import KEY, bare, run, token  # pylint: disable=unused-import
from test_members import CONF, all_alive, keyed, mosctl, states  # pylint: disable=unused-import
from test_rejoin import wait_for
from test_setup import MAP, Terminal, files, own_address, three  # pylint: disable=unused-import


def refused(lab, node: int, *args: str) -> str:
    """One line, and nothing is changed."""
    before = files(lab, node)
    r = run(lab, node, "setup", "--yes", *args)
    assert r.returncode == 2 and r.stderr.count("\n") == 1, (args, r)
    assert "right already" not in r.stdout and files(lab, node) == before, (args, r)
    return r.stderr


def test_a_token_is_used_or_refused(three):
    lab = three
    for node in (1, 2):  # two clusters, of one node each
        assert run(lab, node, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    for way in ((), ("--way", "token")):
        for there in (host, own_address(lab, 3)):
            said = refused(lab, 2, *way, "--host", there, "--token", word)
            assert f"--host {there}: this machine is in a cluster already" in said and "`mosctl leave`" in said
        for args, text in ((("--host", "no.such.host", "--token", word), "--host no.such.host: "),
                           (("--host", own_address(lab, 2), "--token", word), "that is this machine"),
                           (("--host", host), "--token is missing"), (("--token", word), "--host is missing"),
                           (("--host", host, "--token", "12"), "32 hexadecimal")):
            assert text in refused(lab, 2, *way, *args)
    assert states(lab, 1) == states(lab, 2) == {1: "alive"}
    assert run(lab, 2, "setup", "--yes", "--way", "token").returncode == 0  # says nothing of another cluster
    mosctl(lab, 2, "leave", "--yes")
    r = run(lab, 2, "setup", "--yes", "--host", host, "--token", word)  # none of that has used it up
    assert r.returncode == 0 and "this machine is node 2" in r.stdout, r
    wait_for(lambda: all_alive(lab, 1, 2))


def test_a_key_alone_joins_nothing(three):
    """It may be a cluster's: what is said leads on."""
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    mosctl(lab, 2, "keygen")
    r = run(lab, 2, "setup", "--yes", "--host", host, "--token", word)
    assert r.returncode == 1 and "`mosctl leave`" in r.stderr, r
    r = run(lab, 2, "leave", "--yes")
    assert r.returncode == 1 and f"nothing but a key: remove {KEY} to join one" in r.stderr, r
    lab.inside(2, KEY).unlink()
    r = run(lab, 2, "setup", "--yes", "--json", "--host", host, "--token", word)
    assert r.returncode == 0 and json.loads(r.stdout)["token_used"] is True, r


def test_the_same_cluster_again(three):
    """The command that made it a node says truly that it is one, as long as the other node is heard."""
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    args = ("setup", "--yes", "--host", host, "--token", word)
    assert run(lab, 2, *args).returncode == 0
    before = files(lab, 2)
    assert json.loads(run(lab, 2, *args, "--json").stdout)["token_used"] is False
    mosctl(lab, 2, "reload")  # it has heard nobody yet: that is waited for
    r = run(lab, 2, *args)
    assert r.returncode == 0 and r.stdout.count("right already") == 2, r
    assert f"{host} is node 1 of the same cluster: the token is not needed, and was not used." in r.stdout
    lab.node_verb("cut", 1)
    wait_for(lambda: states(lab, 2)[1] == "dead")
    said = refused(lab, 2, *args[2:])
    assert "node 1 of this machine's cluster, but is not heard (dead)" in said and "`mosctl leave`" in said
    os.kill(ask(lab, 2, "status")[-1]["pid"], 15)
    wait_for(lambda: run(lab, 2, "status").returncode == 3)
    r = run(lab, 2, *args)
    assert r.returncode == 1 and f"whether {host} is of this machine's cluster is not known: " in r.stderr, r
    assert files(lab, 2) == before


def test_a_node_of_a_map_joins_nothing(three):
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    host, word = token(lab, 1)[1:]
    assert run(lab, 2, "setup", "--yes", "--nodes", own_address(lab, 2)).returncode == 0
    for way in ((), ("--way", "map"), ("--way", "token")):
        said = refused(lab, 2, *way, "--host", host, "--token", word)
        assert f"this is node 1 of the map {MAP}, and joins no other cluster while it is: `mosctl drain` empties it; " \
            f"then take it out of the map on every node, and remove {KEY} here\n" in said
    assert "node 2" in mosctl(lab, 3, "join", host, word)


def test_who_has_left_is_alone(three):
    lab = three
    assert run(lab, 1, "setup", "--yes", "--node", "5").returncode == 0
    assert "This is umosix node 5 (" in mosctl(lab, 1, "status")
    mosctl(lab, 1, "leave", "--yes")
    said = mosctl(lab, 1, "status")
    assert said.startswith("This machine is alone (mosd ") and "it is in no cluster: `mosctl setup`" in said, said
    assert "umosix node" not in said and "  node " not in said, said
    lab.inside(1, MAP).write_text(f"1 {own_address(lab, 1)} 1\n2 {own_address(lab, 2)} 1\n")
    mosctl(lab, 1, "reload")
    said = mosctl(lab, 1, "status")  # what the map has is of interest to whoever brings the key
    assert said.startswith("This machine is alone (mosd ") and "there is no key" in said, said
    assert f"\nMap {MAP} names:\n  node 1  {own_address(lab, 1)}  (this one)\n  node 2  " in said, said


def test_an_interface_that_is_not_there(three):
    lab = three
    absent = '--discover eth0, nope0: there is no interface "nope0": this machine has '
    assert lab.run(1, ["ip", "link", "add", "down0", "type", "bridge"]).returncode == 0
    for args in ((), ("--way", "new")):
        said = refused(lab, 1, *args, "--discover", "eth0, nope0")
        assert absent in said and {"eth0", "down0"} <= set(said.split(absent)[1].strip().split(", ")), said
    r = run(lab, 1, "setup", "--yes", "--discover", "eth0 down0")  # it may come up
    assert r.returncode == 0 and "discover = eth0 down0\n" in lab.inside(1, CONF).read_text(), r
    assert absent in refused(lab, 1, "--discover", "eth0, nope0")


def test_a_node_that_is_alone(three):
    """By hand, or since the interface went away."""
    lab = three
    assert run(lab, 1, "setup", "--yes").returncode == 0
    conf = lab.inside(1, CONF)
    conf.write_text(conf.read_text() + "discover = nope0\n")
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 1 and r.stdout.startswith(
        "This machine is set up as a node already, but is alone: no interface on which it is to discover nodes is up "
        "and has an address.\nWhat is right stays.\n"), r
    r = run(lab, 1, "setup", "--yes", "--discover", "eth0")
    assert r.returncode == 0 and "umosix node 1" in r.stdout, r


def test_what_an_option_does_not_go_with(three):
    """It is told by what was said, or by what is there where nothing was."""
    lab = three
    token_said = ("--host", "x", "--token", "5" * 32)
    for args, text in ((("--node", "3", *token_said), "--node says nothing with --host: "),
                       (("--node", "3", "--nodes", "10.0.0.1"), "--node says nothing with --nodes: "),
                       (("--node", "3", "--way", "token"), "--node says nothing with --way token: ")):
        assert text in refused(lab, 1, *args)
    t = Terminal(lab, 1, "--node", "3")
    t.answer("[new]", "map\n")
    assert t.end() == 2 and '--node says nothing with the answer "map": ' in t.text, t.text
    lab.inside(1, MAP).write_text(f"1 {own_address(lab, 1)} 1\n")
    assert f"--node says nothing where there is a map, {MAP}, and no --way: " in refused(lab, 1, "--node", "3")
    assert run(lab, 1, "setup", "--yes").returncode == 0
    assert f"--node says nothing on a node of the map {MAP}: " in refused(lab, 1, "--node", "1")
    assert run(lab, 2, "setup", "--yes").returncode == 0
    assert "--nodes says nothing on a node by its key: " in refused(lab, 2, "--nodes", "10.0.0.1")
    lab.inside(3, CONF).write_text(lab.inside(3, CONF).read_text() + "members = key\n")
    mosctl(lab, 3, "keygen")
    assert "--address says nothing where there is a key, and no --way: " in \
        refused(lab, 3, "--address", own_address(lab, 3))
