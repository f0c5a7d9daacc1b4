# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines of one map that were each set up with a key of its own: setup and status tell it, and each step that they
name works."""

import json

import pytest

from moslab import ORDINARY
from test_gossip import ask
from test_join import KEY, bare, run, token  # pylint: disable=unused-import
from test_members import CONF, all_alive, keyed, mosctl, states  # pylint: disable=unused-import
from test_rejoin import wait_for
from test_setup import MAP, Terminal, own_address, three  # pylint: disable=unused-import

COPIED = "/var/lib/umosix/copied"
WARNING = "sealed with another key than this node has: another machine has another one.\n"
FIRST_ONLY = "A new one is for the first machine only"


@pytest.fixture
def mapped(three):
    """The same map lies on 1 and 2; none has a key."""
    text = "".join(f"{n} {own_address(three, n)} 1\n" for n in (1, 2))
    for node in (1, 2):
        three.inside(node, MAP).write_text(text)
    return three


def copy_key(lab, to: int, of: int) -> None:
    copied = lab.inside(to, COPIED)
    copied.touch(0o600)
    copied.write_bytes(lab.inside(of, KEY).read_bytes())


def forged(lab, node: int) -> int:
    return ask(lab, node, "status")[-1]["datagrams"]["forged"]


def two_keys(lab) -> None:
    """As who says the same on each."""
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 0 and FIRST_ONLY in r.stdout and "`mosctl setup --key FILE`" in r.stdout, r
    assert WARNING not in r.stdout
    r = run(lab, 2, "setup", "--yes")
    assert FIRST_ONLY in r.stdout and WARNING in r.stdout and "Not heard: node 1." in r.stdout, r
    assert r.returncode == 1 and "no other node is heard, and another machine has another key" in r.stderr, r


def test_two_keys_are_told_of_and_mended(mapped):
    lab = mapped
    two_keys(lab)
    wait_for(lambda: forged(lab, 1))
    for node, other in ((1, 2), (2, 1)):
        said = run(lab, node, "status", uid=ORDINARY).stdout
        assert WARNING in said and f"Not heard: node {other}." in said and f"there remove {KEY}, and say" in said, said
        r = run(lab, node, "setup", "--yes", "--json")
        assert r.returncode == 1 and json.loads(r.stdout)["another_key"] is True and WARNING in r.stderr, r
    copy_key(lab, 2, 1)
    r = run(lab, 2, "setup", "--key", COPIED)
    assert r.returncode == 2 and f"{KEY}, which stays: if that is the wrong one, remove it, and say this again" \
        in r.stderr, r
    lab.inside(2, KEY).unlink()
    r = run(lab, 2, "setup", "--yes", "--key", COPIED)
    assert r.returncode == 0 and WARNING not in r.stdout and FIRST_ONLY not in r.stdout, r
    wait_for(lambda: all_alive(lab, 1, 2))
    assert forged(lab, 1)  # it has happened, and is over
    for node in (1, 2):
        assert WARNING not in mosctl(lab, node, "status")
        r = run(lab, node, "setup", "--yes", "--json")
        assert r.returncode == 0 and json.loads(r.stdout)["another_key"] is False, r


def test_a_third_machine_with_another_key(mapped):
    """Who hears others has the right key: it is told, and no failure."""
    lab = mapped
    text = lab.inside(1, MAP).read_text() + f"3 {own_address(lab, 3)} 1\n"
    for node in (1, 2, 3):
        lab.inside(node, MAP).write_text(text)
    assert run(lab, 1, "setup", "--yes").returncode == 0
    copy_key(lab, 2, 1)
    assert run(lab, 2, "setup", "--yes", "--key", COPIED).returncode == 0
    wait_for(lambda: states(lab, 1)[2] == "alive")
    assert run(lab, 3, "setup", "--yes").returncode == 1
    wait_for(lambda: forged(lab, 1))
    r = run(lab, 1, "setup", "--yes")
    assert r.returncode == 0 and WARNING in r.stdout, r
    assert "Not heard: node 3. Those that are heard have the same key as this node." in r.stdout


def test_the_way_out_of_a_map(mapped):
    """Each that refuses names what works."""
    lab = mapped
    assert run(lab, 3, "setup", "--yes").returncode == 0  # another cluster, by its key
    two_keys(lab)
    host, word = token(lab, 3)[1:]
    out = f"then take it out of the map on every node, and remove {KEY} here\n"
    for args, status in ((("leave", "--yes"), 1), (("join", host, word), 1),
                         (("setup", "--host", host, "--token", word), 2)):
        r = run(lab, 2, *args)
        assert r.returncode == status and r.stderr.endswith(out) and MAP in r.stderr, (args, r)
        assert args[0] == "leave" or "mosctl leave" not in r.stderr, (args, r)
    mosctl(lab, 2, "drain", "--for-now")
    lab.inside(2, MAP).write_text(f"1 {own_address(lab, 1)} 1\n")
    lab.inside(2, KEY).unlink()
    r = run(lab, 2, "setup", "--host", host, "--token", word)
    assert r.returncode == 0, r
    wait_for(lambda: "alive" in {states(lab, 3).get(n) for n in states(lab, 3) if n != 1})


def test_members_by_key(three):
    """A machine that has another key, where there is no map: a node of former times knows us."""
    lab = three
    for node in (1, 2):
        assert run(lab, node, "setup", "--yes", "--node", str(node)).returncode == 0
    lab.inside(2, "/var/lib/umosix/nodes").write_text(f"1 {own_address(lab, 1)} 1\n")
    mosctl(lab, 2, "reload")
    wait_for(lambda: forged(lab, 1))
    said = mosctl(lab, 1, "status")
    assert WARNING in said and "No other node is heard." in said and "`mosctl leave`,\n" in said, said
    r = run(lab, 1, "setup", "--yes")  # it may be right: the first of a cluster, and a stranger
    assert r.returncode == 0 and WARNING in r.stdout, r


def test_said_at_the_question(mapped):
    lab = mapped
    t = Terminal(lab, 1, "--no-start")
    t.answer("[map]", "\n")
    t.answer("[4660]", "\n")
    t.until(FIRST_ONLY)
    t.answer('or "new" to make one? [new]', "\n")
    assert t.end() == 0, t.text
    lab.inside(3, MAP).write_text(f"1 {own_address(lab, 3)} 1\n")  # it is alone in that
    r = run(lab, 3, "setup", "--yes")
    assert r.returncode == 0 and FIRST_ONLY not in r.stdout, r
