# SPDX-License-Identifier: GPL-2.0-or-later
"""What a supervisor may do: mos-guest holds nothing of its host; a connection that ends at the wrong
node is refused there; processes with rights of their own stay at home."""

import errno
import json
import os
import re
import signal
import subprocess
import time

import pytest

import moslab
from test_loss import ANSWER, PY, all_pids, answers, away, bodies, comm, mosd_of, parent_of, same_mounts, start
from test_rejoin import restart_mosd, wait_for

KEPT = 1 << 1 | 1 << 5 | 1 << 19  # CAP_DAC_OVERRIDE, CAP_KILL, CAP_SYS_PTRACE: in its namespace
IDS = 1879048192
CALLS = moslab.Path(os.environ.get("MOS_CALLS", moslab.REPO / "build/test/calls/mos-calls"))
MAKE_CALL = CALLS.parent / "mos-make-call"
GETPID, CLONE, FORK, VFORK, EXECVE, CLONE3 = 39, 56, 57, 58, 59, 435
CLONE_THREAD = 0x10000
THREAD = 0x3d0f00  # clone's flags for a thread
NAMESPACES = ("user", "net", "pid", "mnt", "ipc", "uts", "cgroup", "time")


def supervisors(lab, node: int, name: str) -> list[int]:
    """Those that are children of the node's mosd."""
    mosds = [p for p in all_pids() if comm(p) == "mosd" and same_mounts(lab, node, p)]
    return [p for p in all_pids() if comm(p) == name and parent_of(p) in mosds]


def status(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def holds_nothing(guest: int) -> int:
    """Return: the id of the host as which it runs."""
    s = status(guest)
    ids = set(s["Uid"].split() + s["Gid"].split())
    assert len(ids) == 1 and (uid := int(ids.pop())) >= IDS, s["Uid"]
    assert s["Groups"].split() == []
    assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == KEPT
    assert int(s["CapInh"], 16) == int(s["CapBnd"], 16) == int(s["CapAmb"], 16) == 0
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"
    init, = children(guest)
    body, = children(init)
    ns = [os.readlink(f"/proc/{p}/ns/user") for p in (guest, init, body, "self")]
    assert ns[0] == ns[1] == ns[2] != ns[3], "its capabilities hold in the sandbox only"
    assert int(status(body)["Uid"].split()[0]) == uid + 1
    assert os.listdir(f"/proc/{guest}/root") == ["proc"]
    assert os.listdir(f"/proc/{guest}/root/proc") == [str(body)]
    assert os.statvfs(f"/proc/{guest}/root").f_flag & os.ST_RDONLY
    assert os.stat(f"/proc/{guest}/status").st_uid == 0, "it can be looked into"
    with open(f"/proc/{guest}/limits", encoding="ascii") as f:
        assert re.search(r"^Max core file size +0 +0 ", f.read(), re.MULTILINE)
    for fd in os.listdir(f"/proc/{guest}/fd"):
        to = os.readlink(f"/proc/{guest}/fd/{fd}")
        assert int(fd) < 3 or not to.startswith("/") or to.startswith(("/memfd:", f"/proc/{body}/",
                                                                       f"/{body}/")), (fd, to)
    return uid


def makes(pid: int, number: int, *args: int) -> int:
    """Has a process make a call. Return: what came of it."""
    r = subprocess.run([MAKE_CALL, *map(str, (pid, number, *args))], capture_output=True, text=True, timeout=20,
                       check=False)
    assert r.returncode == 0, r.stderr
    return int(r.stdout)


def makes_no_process(guest: int) -> None:
    assert makes(guest, GETPID) == int(status(guest)["NSpid"].split()[-1]), "it makes calls when told to"
    for number, arg in ((CLONE, signal.SIGCHLD), (CLONE, THREAD | signal.SIGCHLD), (CLONE, THREAD & ~CLONE_THREAD),
                        (FORK, 0), (VFORK, 0), (EXECVE, 0)):
        assert makes(guest, number, arg) == -errno.EPERM, (number, arg)
    assert makes(guest, CLONE3) == -errno.ENOSYS, "or no thread is made without it"
    assert len(children(guest)) == 1 and len(os.listdir(f"/proc/{guest}/task")) == 1


def namespace(pid: int, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def shut_in(lab, body: int, node: int) -> None:
    """The body has no namespace of its host or of home, no capability, and a filter on its calls."""
    for other in (mosd_of(lab, node), mosd_of(lab, 1)):
        shared = [ns for ns in NAMESPACES if namespace(body, ns) == namespace(other, ns)]
        assert not shared, f"shared with {comm(other)} ({other}): {shared}"
    s = status(body)
    assert [int(s[f"Cap{kind}"], 16) for kind in ("Eff", "Prm", "Inh", "Amb", "Bnd")] == [0] * 5, s
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"


def test_body_is_shut_in(lab, home_dir):
    job = start(lab, home_dir, ANSWER)
    for node in (2, 3):  # as home builds it, and as another host does
        away(lab, job, node)
        body, = bodies(lab, node)
        shut_in(lab, body, node)
        answers(job, f"from-{node}")


def test_guest_supervisor_has_no_rights(lab, home_dir):
    jobs = [start(lab, home_dir, ANSWER) for _ in range(2)]
    for job in jobs:
        away(lab, job, 2)
    found = supervisors(lab, 2, "mos-guest")
    assert len(found) == 2
    assert len({holds_nothing(p) for p in found}) == 2, "each guest has ids of its own"
    for p in found:
        makes_no_process(p)
    for job in jobs:
        answers(job, "from-2")
    away(lab, jobs[0], 3)  # it connects to the next host, and takes a stream there
    found = supervisors(lab, 3, "mos-guest")
    assert len(found) == 1
    holds_nothing(found[0])
    answers(jobs[0], "from-3")
    lab.move(jobs[0].pid, "home")
    answers(jobs[0], "home")


def address(lab, node: int) -> tuple[str, str]:
    """Device and address/prefix of a node."""
    r = lab.run(node, ["ip", "-4", "-j", "addr", "show", "scope", "global"])
    link, = [x for x in json.loads(r.stdout) if x.get("addr_info")]
    info = link["addr_info"][0]
    return link["ifname"], f"{info['local']}/{info['prefixlen']}"


def test_wrong_node_refuses(mortal_lab, home_dir):
    """Whoever can turn connections round gets no process to where it was not meant to go."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    (dev2, at2), (dev3, _) = address(lab, 2), address(lab, 3)
    assert lab.run(2, ["ip", "addr", "del", at2, "dev", dev2]).returncode == 0
    assert lab.run(3, ["ip", "addr", "add", at2, "dev", dev3]).returncode == 0
    lab.run(1, ["ip", "neigh", "flush", "all"])
    r = lab.migrate(job.pid, 2)
    assert r.returncode != 0 and "meant for node 2" in r.stderr, r.stderr
    assert "misdirected" in json.dumps(lab.why(job.pid))
    # its own address: a connection that comes back
    assert lab.run(3, ["ip", "addr", "del", at2, "dev", dev3]).returncode == 0
    assert lab.run(1, ["ip", "addr", "add", at2, "dev", "lo"]).returncode == 0
    r = lab.migrate(job.pid, 2)
    assert r.returncode != 0 and "refused" in r.stderr, r.stderr
    answers(job, "still")
    assert lab.why(job.pid)["node"] in (0, 1)


def test_another_key_is_told(mortal_lab, home_dir):
    """Who would take it for a lost connection would look for it in the wrong place."""
    lab = mortal_lab
    job = start(lab, home_dir, ANSWER)
    lab.inside(3, "/etc/umosix/cluster.key").write_text("ab" * 32 + "\n")
    r = lab.migrate(job.pid, 3)
    assert r.returncode == 1 and " [wrong-key, see umosix-reasons(7)]\n" in r.stderr, r
    lab.move(job.pid, 2)
    r = lab.migrate(job.pid, 3)  # from host to host
    assert r.returncode == 1 and " [wrong-key, see umosix-reasons(7)]\n" in r.stderr, r
    answers(job, "still")


def set_id(lab, path: str, mode: int) -> None:
    """A copy of tail that belongs to root."""
    there = lab.inside(1, path)
    there.write_bytes(open("/usr/bin/tail", "rb").read())
    os.chown(there, 0, 0)
    there.chmod(mode)


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o755], ids=["set-uid", "set-gid", "plain"])
def test_rights_gained_by_exec(lab, home_dir, mode):
    """mosd looks at mosrun, an ordinary process; what it becomes is looked at again."""
    program = f"{home_dir}/tail"
    set_id(lab, program, mode)
    job = lab.job([str(lab.bin / "mosrun"), "-2", program, "-f", "/dev/null"], home_dir,
                  mosrun=False)
    rights = mode != 0o755
    moves = wait_for(lambda: lab.why(job.pid)["moves"])
    if rights:
        assert status(job.pid)["Uid"].split()[1] == ("0" if mode == 0o4755 else "12345")
        assert not moves[-1]["ok"] and moves[-1]["code"] == "privileged", moves
    else:
        assert moves[-1]["ok"], moves
    assert not rights or lab.why(job.pid)["node"] in (0, 1)
    r = lab.migrate(job.pid, 3, uid=0)
    assert (r.returncode != 0) == rights, r.stderr
    assert not rights or "rights" in r.stderr
    os.kill(job.pid, signal.SIGKILL)


def test_privileged_where_allowed(mortal_lab, home_dir):
    """export-privileged names node 2: there, and from there no further."""
    lab = mortal_lab
    conf = lab.inside(1, "/etc/umosix/mosd.conf")
    conf.write_text((conf.read_text() if conf.exists() else "") + "\nexport-privileged = 2\n")
    restart_mosd(lab, 1)
    job = lab.job([PY, "-c", ANSWER], home_dir, pty=True, uid=0)
    job.shows("up\r\n")
    lab.tool("migrate", str(job.pid), "2", uid=0)
    assert lab.why(job.pid)["node"] == 2
    answers(job, "away")
    assert "privileged" in lab.tool("migrate", str(job.pid), "3", uid=0).stderr
    answers(job, "still")
