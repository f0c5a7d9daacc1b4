# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a lab on the machine, and what of the machine a lab must not touch."""

import contextlib
import glob
import json
import os
import subprocess
import time


def dead(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def leftovers(name):
    """Whatever on the machine bears this lab's name."""
    left = glob.glob("/sys/fs/cgroup/**/*%s*" % name, recursive=True)
    left += glob.glob("/run/moslab/*%s*" % name)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if dead(int(pid)):
            continue  # waits for the machine's init
        with contextlib.suppress(OSError):
            for what in ("cmdline", "cgroup", "mountinfo", "environ"):
                with open("/proc/%s/%s" % (pid, what), errors="replace") as f:
                    if name in f.read():
                        left.append("%s of %s" % (what, pid))
    deadline = time.monotonic() + 5  # another lab's first or last moment
    with contextlib.suppress(FileNotFoundError):
        while not os.listdir("/run/moslab"):
            if time.monotonic() > deadline:
                left.append("/run/moslab is empty")
                break
            time.sleep(0.01)
    return left


def machine():
    """What a lab must not touch. (Other labs may come and go beside the tests.)"""
    links = json.loads(subprocess.check_output(["ip", "-j", "link"]))
    with open("/proc/self/mounts") as f:
        mounts = [x for x in f if "umosix" not in x]
    return sorted(x["ifname"] for x in links), mounts, os.uname().nodename


def named_groups(place):
    """Names of the groups on top of umosix's own hierarchy, if the machine has one; mounted at @place for that."""
    return subprocess.check_output(
        ["unshare", "-m", "sh", "-c",
         "grep -q :name=umosix: /proc/self/cgroup || exit 0; "
         "mount -t cgroup -o none,name=umosix none %s && ls %s" % (place, place)],
        text=True)
