# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for mosd's control socket, in a mount namespace of its own, so that tools can be shown
clusters of any size, and a mosd that comes and goes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time

import moslab


def node(number: int, **more) -> dict:
    """One node as the real one tells it."""
    record = {"node": number, "addr": f"10.0.{number // 250}.{number % 250 + 1}", "me": number == 1,
              "state": "alive", "age_ms": 400, "speed": 10000, "cpus": 4000, "runnable": 1000,
              "load": 25, "util": 250, "mem_total_kib": 8 << 20, "mem_free_kib": 6 << 20,
              "mem_raw_kib": 4 << 20, "flags": [], "status": 3, "guests": 0, "guests_max": 100,
              "away": 0, "rtt_us": 300}
    record.update(more)
    return record


class FakeMosd:
    """`nodes`, `ps`, `decisions` are lists that it answers; `asked` is what it heard."""

    def __init__(self):
        self.nodes: list[dict] = [node(1), node(2), node(3)]
        self.ps: list[dict] = []
        self.decisions: list[dict] = []
        self.answers: dict[str, list[dict]] = {}
        self.asked: list[dict] = []
        self.raw: bytes | None = None  # instead of any answer
        self.listener = None
        self.clients: list[socket.socket] = []
        self.holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c",
             "mount -t tmpfs none /run && mkdir /run/umosix && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self.path = f"/proc/{self.holder.pid}/root/run/umosix/control"

    def start(self) -> "FakeMosd":
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        """As if mosd had ended: the socket is gone, connections break off."""
        if self.listener:
            os.unlink(self.path)
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for c in self.clients:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.clients.clear()

    def close(self) -> None:
        self.stop()
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()

    def _accept(self, listener) -> None:
        while True:
            try:
                c, _ = listener.accept()
            except OSError:
                return
            self.clients.append(c)
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c: socket.socket) -> None:
        try:
            with c, c.makefile("rwb") as f:
                for line in f:
                    o = json.loads(line)
                    self.asked.append(o)
                    if self.raw is not None:
                        f.write(self.raw)
                    else:
                        for answer in self._answer(o):
                            if "id" in o:
                                answer = {**answer, "id": o["id"]}
                            f.write(json.dumps(answer).encode() + b"\n")
                    f.flush()
        except (OSError, ValueError):
            pass

    def _answer(self, o: dict) -> list[dict]:
        op = o.get("op")
        if op in self.answers:
            return self.answers[op]
        if op in ("nodes", "ps", "decisions"):
            return [*getattr(self, op), {"ok": True, "done": True,
                                         "count": len(getattr(self, op)), "node": 1}]
        return [{"ok": True, "done": True}]

    def inside(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-m", "--", *argv]

    def tool(self, name: str, *args: str, **options):
        return subprocess.run(self.inside(str(moslab.stage_dir() / name), *map(str, args)),
                              text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=30, check=False, **options)


def wait(what, seconds: float = 15):
    """Looks until it is so. Return: what it then is."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "deadline"
        time.sleep(0.02)
    return found
