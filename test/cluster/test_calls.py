# SPDX-License-Identifier: GPL-2.0-or-later
"""Random system calls, natively and moved: each must give the same (calls.py)."""

import os

import pytest

import calls


def run(lab, home_dir, seed, count):
    if not calls.PROGRAM.exists():
        (pytest.fail if "MOS_BIN" in os.environ else pytest.skip)(f"{calls.PROGRAM} is not built")
    print(f"calls.py --seed {seed} --calls {count}")
    account = calls.run_calls(lab, home_dir, seed, count, tell=lambda a: print(a, flush=True))
    print(account)
    assert not account.faults()
    assert not account.unasked, "it came home where nothing told that it would"


def test_some(lab, home_dir, seed):
    run(lab, home_dir, seed, 6000)


def test_known_seed(lab, home_dir):
    """The same calls each time: what they find is the product's change, not chance."""
    run(lab, home_dir, 20251130, 2000)


@pytest.mark.timeout(7200)
def test_a_million(lab, home_dir, seed, request):
    if not request.config.getoption("--long"):
        pytest.skip("only with --long")
    run(lab, home_dir, seed, 1_000_000)


def test_a_difference_shows():
    """One byte, one word less: the first such line is told."""
    same = b"0.0 getpid() = self\n0.1 read(3) = 5 2=aa\n0 end\n"
    calls.compare(same, same, 1)
    with pytest.raises(calls.Differs, match=r"native: 0\.1 .*\n.*moved:  0\.1 read\(3\) = 4"):
        calls.compare(same, same.replace(b"= 5", b"= 4"), 1)
    with pytest.raises(calls.Differs, match="lines natively"):
        calls.compare(same, same + b"1 end\n", 1)
