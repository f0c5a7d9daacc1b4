# SPDX-License-Identifier: GPL-2.0-or-later
"""mosctl setup on a machine that is a node already: a token that it does not use it does not accept; and what it
refuses it tells by what was really said, or is really there."""

from test_join import bare, run  # pylint: disable=unused-import
from test_members import CONF, keyed, mosctl  # pylint: disable=unused-import
from test_setup import MAP, Terminal, files, own_address, three  # pylint: disable=unused-import


def refused(lab, node: int, *args: str) -> str:
    """One line, and nothing is changed."""
    before = files(lab, node)
    r = run(lab, node, "setup", "--yes", *args)
    assert r.returncode == 2 and r.stderr.count("\n") == 1, (args, r)
    assert "right already" not in r.stdout and files(lab, node) == before, (args, r)
    return r.stderr


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
