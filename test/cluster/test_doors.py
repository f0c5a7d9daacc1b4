# SPDX-License-Identifier: GPL-2.0-or-later
"""The two doors of mosd, the control socket and the port for other nodes: who comes in, and nonsense, too
much of it, and silence at either."""

import json
import socket
import time

import pytest

from fakemosd import wait
from lonemosd import MAGIC, Client

# The control socket: lines


BAD_LINES = [
    b"x", b"{", b"[]", b"1", b'"x"', b"null", b"{}", b'{"op":1}', b'{"op":"nonsense"}',
    b'{"op":"migrate"}', b'{"op":"migrate","pid":"1","to":2}', b'{"op":"migrate","pid":-1,"to":2}',
    b'{"op":"migrate","pid":1e3,"to":2}', b'{"op":"migrate","pid":99999999999999,"to":2}',
    b'{"op":"migrate","pid":1,"to":{}}', b'{"op":"migrate","pid":1,"to":"away"}',
    b'{"op":"migrate","pid":1,"to":70000}', b'{"op":"why","pid":[1]}', b'{"op":"why","pid":0}',
    b'{"op":"run","node":"2"}', b'{"op":"run","node":-1}', b"\xff\xfe\x00", b"\x00",
    b'{"op":"status","op":"ps"}', b"[" * 5000, b'{"a":' * 4000, b'{"op":"\\u0000"}',
]


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_bad_line(node, line):
    c = Client(node)
    c.f.write(line + b"\n")
    c.f.flush()
    r = c.receive()
    assert r["done"] and not r["ok"] and r["code"] == "bad-request" and r["error"]
    assert c.ask(op="status")["ok"]
    c.close()


def test_long_line_and_half_line(node):
    c = Client(node)
    try:
        c.f.write(b"x" * 200000)
        c.f.flush()
    except OSError:
        pass
    r = c.receive()
    assert "65536" in r["error"]
    half = Client(node)
    half.f.write(b'{"op":"sta')
    half.f.flush()
    half.s.shutdown(socket.SHUT_WR)
    assert half.f.read() == b""
    assert node.status()["ok"]


def test_many_lines_at_once(node):
    c = Client(node)
    c.f.write(b'{"op":"status","id":1}\n\n{"op":"ps","id":"two"}\nx\n' * 50)
    c.f.flush()
    answers = [c.receive() for _ in range(150)]
    assert [a.get("id") for a in answers[:3]] == [1, "two", None]


def test_client_that_does_not_read(node):
    c = Client(node)
    c.s.settimeout(2)
    try:
        while True:
            c.s.sendall(b'{"op":"status"}\n' * 1000)
    except OSError:
        pass
    wait(lambda: node.status()["clients"] <= 2)
    c.close()


def clients(node) -> int | None:
    """Itself counted; None while mosd is full, and hangs up on who asks."""
    try:
        return node.status().get("clients")
    except ConnectionError:
        return None


def test_many_clients(node):
    many = []
    while len(many) < 256:
        try:
            many.append(Client(node))
        except BlockingIOError:  # mosd has not accepted the ones before
            time.sleep(0.01)
    time_out = Client(node)
    assert time_out.receive()["code"] == "busy"
    for c in many:
        c.close()
    wait(lambda: clients(node) == 1)


# The port: guests and streams


def test_guest_is_admitted_and_streams_reach_it(node):
    s, answer = node.guest_comes()
    assert answer["op"] == "admitted" and len(answer["token"]) == 32
    wait(lambda: node.status()["guests"][0]["state"] == "running")
    t, second = node.guest_comes()
    assert {answer["slot"], second["slot"]} == {0, 1} and second["token"] != answer["token"]
    for a in (answer, second):  # two ids each, none shared
        assert a["id"] == 1879048192 + 2 * a["slot"] and a["node"] == 1
    more = node.tcp()
    more.sendall(MAGIC + bytes.fromhex(answer["token"]) + b"hello")
    assert more.recv(64) == b"mine hello"
    wait(lambda: [g["state"] for g in node.status()["guests"]] == ["running"] * 2)
    guest = node.status()["guests"]
    assert len(guest) == 2 and guest[0]["comm"] == "a)\nb"
    assert "a)?b" in node.run("mosctl", "status", check=0).stdout
    body = guest[0]["body"]
    c = Client(node)
    assert c.ask(op="migrate", pid=body, to=2)["code"] == "guest"


def test_guest_leaves(node):
    node.guest(leave=True)
    s, answer = node.guest_comes()
    more = node.tcp()
    more.sendall(MAGIC + bytes.fromhex(answer["token"]) + b"x")
    assert more.recv(64)
    wait(lambda: node.status()["guest_count"] == 0)
    again = node.tcp()
    again.sendall(MAGIC + bytes.fromhex(answer["token"]))
    assert again.recv(1) == b""
    assert node.status()["streams"]["unknown_token"] == 1


def test_both_families_and_one_address(quiet):
    node = quiet.start()
    for addr in ("10.77.0.1", "127.0.0.1", "::1"):
        node.tcp(addr).close()
    node.stop_mosd()
    node.conf("listen = 10.77.0.1\n")
    node.start()
    node.tcp().close()
    for addr in ("127.0.0.1", "::1"):
        with pytest.raises(OSError):
            node.tcp(addr)


def test_preamble_in_pieces(node):
    s = node.tcp()
    for b in MAGIC + bytes(16):
        s.send(bytes([b]))
    assert json.loads(s.makefile().readline())["op"] == "admitted"


@pytest.mark.parametrize("home,why", [(1, "not another node"), (9, "not another node"),
                                      (0, "not another node")])
def test_guest_of_a_strange_home(node, home, why):
    node.guest(home=home)
    answer = node.guest_comes()[1]
    assert answer["op"] == "refused" and why in answer["error"]


def test_blocked_and_full(quiet):
    quiet.conf("block = yes\n")
    node = quiet.start()
    assert "takes no guests" in node.guest_comes()[1]["error"]
    node.stop_mosd()
    node.conf("guest-ids = 1879048192:3\n")
    node.start()
    first = node.guest_comes()
    assert first[1]["op"] == "admitted"
    assert "limit" in node.guest_comes()[1]["error"]


def test_strangers(node):
    bad = node.tcp()
    bad.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert bad.recv(1) == b""
    except ConnectionResetError:
        pass
    unknown = node.tcp()
    unknown.sendall(MAGIC + b"\x01" * 16)
    assert unknown.recv(1) == b""
    node.tcp().close()
    silent = [node.tcp() for _ in range(70)]
    wait(lambda: node.status()["streams"]["crowded_out"] == 6)
    s = node.status()["streams"]
    assert s["unknown_token"] == 1 and s["bad_preamble"] == 2
    assert node.guest_comes()[1]["op"] == "admitted"  # an honest one still comes in
    for x in silent:
        assert x.recv(1) == b""  # the deadline, 5 s
    assert node.status()["streams"]["timed_out"] == 63
    log = (node.dir / "mosd.log").read_text()
    assert log.count("stream from 10.77.0.1 refused: ") == 10
    assert "refused: nobody waits" in log and "refused: it does not speak" in log
