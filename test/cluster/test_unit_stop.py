# SPDX-License-Identifier: GPL-2.0-or-later
"""When the unit of mosd is stopped: what its ExecStop= does, against a stand-in for systemctl and mosctl.
test_vm.py has the same with the real ones."""

import os
import subprocess

import pytest

import moslab

DRAINED = "mosctl drain --for-now --timeout 60\n"
STOP = "77 mosd.service stop running\n"


@pytest.fixture
def stop(tmp_path):
    """Runs the step. Return: what it asked of mosctl."""
    script = (moslab.REPO / "dist/mos-stop.in").read_text().replace("@bindir@", str(tmp_path))
    stands = {
        "systemctl": """case "$*" in
            "list-jobs --no-legend mosd.service") printf '%s' "$JOBS"; exit "$JOBS_STATUS" ;;
            is-system-running) echo "$STATE"; [ "$STATE" = running ] ;;
            "show --value --property ActiveEnterTimestampMonotonic umosix-drain.service") echo "$DRAIN" ;;
            *) echo "unknown: $*"; exit 9 ;;
            esac""",
        "mosctl": 'echo "mosctl $*"',
    }
    for name, body in stands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)

    def run(*, jobs=STOP, jobs_status=0, state="running", drain="1234567", pid="4711"):
        told = {"JOBS": jobs, "JOBS_STATUS": str(jobs_status), "STATE": state, "DRAIN": drain, "MAINPID": pid}
        r = subprocess.run(["sh", "-c", script], env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **told}, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
        assert r.returncode == 0 and not r.stderr, r
        return r.stdout

    return run


def test_a_stop_empties(stop):
    assert stop() == DRAINED
    assert stop(state="degraded") == DRAINED  # some other unit has failed


def test_a_restart_moves_nobody(stop):
    assert stop(jobs="77 mosd.service restart running\n") == ""


def test_a_failed_question_moves_nobody(stop):
    assert stop(jobs="", jobs_status=1) == ""
    assert stop(jobs="") == ""


def test_without_mosd_there_is_nobody_to_ask(stop):
    assert stop(pid="") == ""


def test_shutdown_is_the_drain_units(stop):
    """It has had its minute, unless it never began."""
    assert stop(state="stopping") == ""
    assert stop(state="stopping", drain="0") == DRAINED
    assert stop(state="stopping", drain="") == DRAINED


def test_the_unit_waits_for_it():
    """systemd waits longer than the drain does."""
    unit = (moslab.REPO / "dist/mosd.service.in").read_text().splitlines()
    assert "ExecStop=-@libexec@/mos-stop" in unit
    wait = next(int(line.partition("=")[2]) for line in unit if line.startswith("TimeoutStopSec="))
    assert wait > 60
