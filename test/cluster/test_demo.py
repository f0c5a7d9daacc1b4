# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer runs first: ./demo, with the programs that are there already."""

import os
import re
import subprocess

import pytest

import moslab
from conftest import unusable

ENDS_WITHIN = 180  # "in under three minutes"


@pytest.mark.alone
@pytest.mark.timeout(ENDS_WITHIN + 60)
def test_demo():
    if reason := unusable():
        pytest.skip(reason)
    env = {**os.environ, "MOS_BIN": str(moslab.stage_dir())}
    demo = subprocess.Popen([moslab.REPO / "demo"], text=True, env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        out, _ = demo.communicate(timeout=ENDS_WITHIN)
    finally:
        demo.terminate()  # cleans up behind itself
        demo.wait(60)
    assert demo.returncode == 0 and "FAILED" not in out, out
    sums = re.findall(r"\b[0-9a-f]{64}\b", out)
    assert len(sums) == 4 and sums[0] == sums[1] and sums[2] == sums[3], out
    assert len(re.findall("frozen [0-9.]+ ms", out)) >= 3, out
    assert not os.path.exists(f"/run/moslab/demo-{demo.pid}")
