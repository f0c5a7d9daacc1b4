#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside a node that is a machine of its own, as an ordinary user: starts each guest program named,
moves it along a route while it waits, lets it verify. away.py FOLDER BUSY ROUTE PROGRAM...
with ROUTE as 2,home,2. Prints "NAME ok" or "NAME: what went wrong" for each; the tests read that."""

import os
import select
import subprocess
import sys

READY_WITHIN, MOVES_WITHIN, ENDS_WITHIN = 60, 60, 120


def run(folder: str, busy: str, route: list[str], program: str) -> str:
    """Return: what went wrong, or an empty string."""
    name = os.path.basename(program)
    work = f"{folder}/{name}-{busy}"
    os.mkdir(work)
    ready, go, fifo = (f"{work}/{x}" for x in ("ready", "go", "fifo"))
    held = []
    for path in (ready, fifo):
        os.mkfifo(path)
        held.append(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    job = subprocess.Popen(
        ["mosrun", program], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": work, "TMPDIR": work,
             "G_READY": ready, "G_GO": go, "G_FIFO": fifo, "G_BUSY": busy})
    said = ""
    try:
        ends = os.pidfd_open(job.pid)
        held.append(ends)
        got = select.select([held[0], ends], [], [], READY_WITHIN)[0]
        if held[0] not in got:
            return f"not ready: {'ended' if got else 'late'}"
        for place in route:
            r = subprocess.run(["migrate", str(job.pid), place], capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, timeout=MOVES_WITHIN, check=False)
            if r.returncode:
                said += f"to {place}: {r.stderr.strip()}; "
        open(go, "w").close()
        os.write(held[1], b"x")
        out = job.communicate(timeout=ENDS_WITHIN)[0]
        if job.returncode or out != f"pass {name}\n":
            said += f"status {job.returncode}, said {out!r}"
    except (subprocess.TimeoutExpired, OSError) as why:
        said += f"{why}"
    finally:
        if job.poll() is None:
            job.kill()
            job.wait()
        for fd in held:
            os.close(fd)
    return said


def main() -> int:
    folder, busy, route, *programs = sys.argv[1:]
    bad = 0
    for program in programs:
        fault = run(folder, busy, route.split(","), program)
        print(f"{os.path.basename(program)}: {fault}" if fault else f"{os.path.basename(program)} ok",
              flush=True)
        bad += bool(fault)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
