# SPDX-License-Identifier: GPL-2.0-or-later
"""mosd's control socket, asked from outside of its node: what a test asks again and again costs no program each
time, and takes nothing of the little processor time that a node may have been given."""

import contextlib
import json
import os
import select
import socket
import time


@contextlib.contextmanager
def acting_as(uid: int):
    """As this user meanwhile; only for what no other thread disturbs."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class Control:
    """A connection; by itself root's, who may ask for all."""

    def __init__(self, path: str, uid: int = 0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_CLOEXEC)  # the way there is root's
        try:
            with acting_as(uid) if uid else contextlib.nullcontext():
                self.socket.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        finally:
            os.close(folder)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, **request) -> None:
        self.socket.sendall((json.dumps(request) + "\n").encode())

    def all(self, **request) -> list[dict]:
        """What it lists, and its last word."""
        self.send(**request)
        return self.answers()

    def answers(self) -> list[dict]:
        answers = []
        while line := self.file.readline():
            answers.append(json.loads(line))
            if answers[-1].get("done"):
                return answers
        raise AssertionError("mosd has hung up")

    def ask(self, **request) -> dict:
        return self.all(**request)[-1]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Asked:
    """A move that a user has asked for, as `migrate` asks: where to is a node's number or "home"."""

    def __init__(self, path: str, uid: int, pid: int, where: int | str):
        self.control = Control(path, uid)
        where = int(where) if str(where).isdigit() else where
        self.control.send(op="migrate", pid=pid, to=where, wait=True)
        self.said: dict = {}

    def done(self, seconds: float = 0) -> bool:
        """Whether its answer has come by now, or comes within this time."""
        if not self.said and select.select([self.control.socket], [], [], seconds)[0]:
            self.said = self.control.answers()[-1]
            self.control.close()
        return bool(self.said)

    def moved(self, seconds: float = 60) -> bool:
        """Whether it is there; the answer must come within this time."""
        began = time.monotonic()
        assert self.done(seconds), f"no answer to a move within {time.monotonic() - began:.0f} s"
        return self.said["ok"]

    @property
    def error(self) -> str:
        return self.said.get("error", "")
