# SPDX-License-Identifier: GPL-2.0-or-later
"""mosd's control socket, asked from outside of its node: what a test asks again and again costs no program each
time, and takes nothing of the little processor time that a node may have been given."""

import json
import socket


class Control:
    """A connection; root's, who may ask for all."""

    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def all(self, **request) -> list[dict]:
        """What it lists, and its last word."""
        self.socket.sendall((json.dumps(request) + "\n").encode())
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
