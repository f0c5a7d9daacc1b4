#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs mos-calls twice with the same seed, natively: what differs here would differ moved, and is
the fuzzer's fault, not the product's. `twice.py PROGRAM SEED WORLDS`"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ORDINARY = 12345
LIMIT = 100


def run(program: Path, folder: Path, seed: str, worlds: str) -> list[str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    user = {}
    if os.geteuid() == 0:
        os.chown(folder, ORDINARY, ORDINARY)
        user = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
    job = subprocess.Popen([program, "--seed", seed, "--worlds", worlds, "--folder", folder],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **user)
    try:
        text = job.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        job.send_signal(signal.SIGKILL)
        text = job.communicate()[0]
        print(f"not done within {LIMIT} s; last: {text[-300:]!r}")
    if job.returncode != 0:
        sys.exit(f"ended with {job.returncode}: {text[-300:]!r}")
    return text.decode().splitlines()


def main() -> int:
    built, seed, worlds = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    around = Path(tempfile.mkdtemp(prefix="mos-calls-", dir="/dev/shm"))
    try:
        around.chmod(0o755)
        program = around / built.name  # where an ordinary user may execute it
        shutil.copy2(built, program)
        first = run(program, around / "f", seed, worlds)
        second = run(program, around / "f", seed, worlds)
    finally:
        shutil.rmtree(around)
    for a, b in zip(first, second):
        if a != b:
            print(f"seed {seed}:\n  {a}\n  {b}")
            return 1
    print(first[-1])
    return 0 if len(first) == len(second) else 1


if __name__ == "__main__":
    sys.exit(main())
