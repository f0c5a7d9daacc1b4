# SPDX-License-Identifier: GPL-2.0-or-later
"""A process is told by the name that it has now, not the one with which it was first seen."""

from test_loss import ANSWER, answers, away, start
from test_rejoin import wait_for


def test_name_of_what_has_ended(lab, home_dir):
    job = start(lab, home_dir, ANSWER)  # mosrun, and then python3
    away(lab, job, 2)
    answers(job, "word")
    lab.run(1, ["kill", str(job.pid)])
    job.wait(20)
    job.reap()
    said = wait_for(lambda: [t for t in [lab.tool("mosctl", "why", str(job.pid), uid=0).stdout]
                             if "has ended" in t])[0]
    assert f"{job.pid} (python3) has ended: signal 15\n" in said, said
