# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion in bash offers what the tools have, against a stand-in for mosd."""

import os
import re
import subprocess

import pytest

import fakemosd
import moslab
from fakemosd import node

FILE = moslab.REPO / "dist/completion/umosix"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif("mosctl" in moslab.missing_tools(), reason="mosctl is not staged"),
]


@pytest.fixture(scope="module")
def mosd():
    made = fakemosd.FakeMosd()
    made.nodes = [node(1), node(2), node(14)]
    made.ps = [{"pid": 4711, "uid": 0, "node": 2, "args": "x", "state": "R", "lock": "none"}]
    yield made.start()
    made.close()


def offers(mosd, *words):
    """What bash has for the last word."""
    function = "mosrun" if words[0] in ("runon", "nomig", "cpujob") else words[0]
    script = (f"source {FILE}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              f"_umosix_{function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    r = subprocess.run(mosd.inside("bash", "-uc", script, "bash", *words), text=True, check=False,
                       capture_output=True, stdin=subprocess.DEVNULL, timeout=20,
                       env={**os.environ, "PATH": f"{moslab.stage_dir()}:{os.environ['PATH']}"})
    assert r.returncode == 0 and not r.stderr, r.stderr
    return set(r.stdout.split())


def test_commands(mosd):
    helped = mosd.tool("mosctl", "help").stdout
    commands = set(re.findall(r"^  ([a-z]\S*) ", helped, re.M))
    assert len(commands) > 25
    assert offers(mosd, "mosctl", "") == commands | {"--help", "--version"}
    assert offers(mosd, "mosctl", "help", "") == commands
    assert offers(mosd, "mosctl", "nost") == {"nostay"}
    assert offers(mosd, "mosctl", "getload", "") == {"1", "2", "14"}
    assert offers(mosd, "mosctl", "why", "4") == {"4711"}
    assert offers(mosd, "mosctl", "expel", "--") == offers(mosd, "mosctl", "bring", "--") == {"--timeout"}


def test_omdiscd(mosd):
    assert offers(mosd, "omdiscd", "-i", "l") == {"lo"}
    said = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", mosd.tool("omdiscd", "--help").stdout.split("\n\n")[1]))
    assert len(said) > 7 and offers(mosd, "omdiscd", "-") == said


@pytest.mark.parametrize("tool", ["mosrun", "migrate", "mps", "mosmon"])
def test_options_of_the_help(mosd, tool):
    """Each option that stands in a help at the beginning of a line is offered."""
    said = set()
    for line in mosd.tool(tool, "--help").stdout.splitlines():
        if line.startswith("  -"):
            said |= set(re.findall(r"(?<![\w-])(--[a-z]+|-[a-zA-Z])(?![a-z])", line[:14]))
    said.discard("-N")
    assert len(said) >= 4 and said <= offers(mosd, tool, "-") | {"-j"}


@pytest.mark.parametrize("command", ["up", "run"])
def test_moslab(mosd, command):
    """What the page has of `moslab up` is offered."""
    page = (moslab.REPO / "man/moslab.1.scd").read_text()
    line = re.search(r"^\*moslab up\*.*", page, re.M).group()
    said = set(re.findall(r"--[a-z-]+", line))
    assert "--vm" in said and said == offers(mosd, "moslab", command, "--")


def test_setup(mosd):
    said = set(re.findall(r"^  (--[a-z-]+)", mosd.tool("mosctl", "setup", "--help").stdout, re.M))
    assert len(said) == 14 and offers(mosd, "mosctl", "setup", "--") == said | {"--help"}
    page = (moslab.REPO / "man/mosctl.1.scd").read_text()
    page = page[page.index("\n*setup*\n"):page.index("\n*token*\n")]
    assert said - {"--no-start"} <= set(re.findall(r"\*(--[a-z-]+)\*", page)) and "*--no-start*" in page
    assert offers(mosd, "mosctl", "setup", "--way", "") == {"new", "token", "key", "map"}
    assert "lo" in offers(mosd, "mosctl", "setup", "--interface", "")


def test_places(mosd):
    assert offers(mosd, "migrate", "") == {"4711"}
    assert offers(mosd, "migrate", "4711", "") == {"home", "balance", "1", "2", "14"}
    assert {"-1", "-14"} <= offers(mosd, "mosrun", "-")
    assert offers(mosd, "mosrun", "-1") == {"-1", "-14"}
    assert offers(mosd, "runon", "") == {"1", "2", "14"}
    assert offers(mosd, "mosrun", "-m", "") == set()
    assert offers(mosd, "mosrun", "-j", "1") == {"1", "14"}
    assert offers(mosd, "mosmon", "+1") == {"+1", "+14"}


def test_programs(mosd):
    assert "mosctl" in offers(mosd, "mosrun", "-F", "mosct")
    assert "mosctl" in offers(mosd, "runon", "2", "mosct")
    assert "/etc/passwd" in offers(mosd, "mosrun", "-m", "5", "cat", "/etc/passw")
    assert "/etc/passwd" in offers(mosd, "mosrun", "--", "cat", "/etc/passw")
