#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one guest program by itself, in each way of waiting, unmoved: what passes under umosix
must pass without it. The control run of every other test of guests."""

import os
import subprocess
import sys
import tempfile
import threading

ORDINARY = 12345  # an ordinary user without an account


def run(program: str, busy: str, folder: str) -> str:
    """Return: what went wrong, or an empty string."""
    ready, go, fifo = (f"{folder}/{name}-{busy}" for name in ("ready", "go", "fifo"))
    work = f"{folder}/work-{busy}"
    os.mkdir(work)
    os.mkfifo(fifo)
    os.mkfifo(ready)  # so that waiting for "ready" is a read that blocks
    user = {}
    if os.geteuid() == 0:
        for path in (folder, work, fifo, ready):
            os.chown(path, ORDINARY, ORDINARY)
        user = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
    feed = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
    said = os.open(ready, os.O_RDWR | os.O_CLOEXEC)
    child = subprocess.Popen(
        [program], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "G_READY": ready, "G_GO": go, "G_FIFO": fifo, "G_BUSY": busy}, **user)
    # A guest that fails before it is ready would leave the read below waiting.
    threading.Thread(target=lambda: (child.wait(), os.write(said, b"end\n")), daemon=True).start()
    os.read(said, 6)
    open(go, "w").close()
    os.write(feed, b"x")
    out = child.communicate(timeout=50)[0]
    want = f"pass {os.path.basename(program)}\n"
    if child.returncode != 0 or out != want:
        return f"{busy}: expected {want!r} and 0, got {out!r} and {child.returncode}"
    return ""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="guest-") as folder:
        os.chmod(folder, 0o755)
        faults = [run(os.path.abspath(sys.argv[1]), busy, folder)
                  for busy in ("compute", "calls", "nap", "sleep")]
    for fault in filter(None, faults):
        print(fault)
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
