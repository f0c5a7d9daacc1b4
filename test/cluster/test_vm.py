# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package on machines that share nothing but a network: two virtual machines with kernels of
their own; and its life in a chroot: installed, upgraded, purged. With --long only: the machines are
emulated, and what they boot from is made from Debian's archive."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import pytest

import moslab
from test_guests import declared, guests

pytestmark = [pytest.mark.timeout(1200), pytest.mark.alone]
LAB = f"vm{os.getpid()}"
COMPUTE = """
import hashlib
h = hashlib.sha256()
for i in range(1500000):
    h.update(str(i).encode())
    if i % 500000 == 0:
        print(i, flush=True)
print(h.hexdigest())
"""
# On a slow machine mosrun may not have become its program yet: migrate says so.
GO = """
go() {
    for try in $(seq 50); do
        migrate "$@" >said 2>&1 && cat said >&2 && return 0
        grep -q "try again" said || break
    done
    cat said >&2
    return 1
}
"""
# Guests that stay (GUEST_STAYS), and those that compare CLOCK_REALTIME: doc/limits.md.
STAY = {f"g-{name}" for name in guests() if declared(name.removesuffix("-static"), "GUEST_STAYS")}
OWN_CLOCK = {"g-clock", "g-clock-static"}


@pytest.fixture(scope="module", autouse=True)
def only_long(request):
    if not request.config.getoption("--long"):
        pytest.skip("virtual machines: with --long only")
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("debootstrap",) * 2,
                             ("dpkg-buildpackage", "dpkg-dev"), ("dh", "debhelper")):
        if not shutil.which(program):
            pytest.skip(f"{program} is missing: apt install {package}")


def run(argv, *, data=None, seconds=120, check=True):
    r = subprocess.run([str(a) for a in argv], input=data, capture_output=True, timeout=seconds,
                       check=False)
    out = r.stdout.decode(errors="replace") + r.stderr.decode(errors="replace")
    if check and r.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: {r.returncode}: {out[-3000:]}")
    return r.returncode, out


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package, built from what git knows, in a folder of its own."""
    there = tmp_path_factory.mktemp("package")
    source = there / "umosix"
    source.mkdir()
    names = run(["git", "-C", moslab.REPO, "ls-files", "-z"])[1]
    run(["tar", "-c", "--null", "-C", moslab.REPO, "-T", "-", "-f", there / "source.tar"],
        data=names.encode())
    run(["tar", "-x", "-C", source, "-f", there / "source.tar"])
    subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=source, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
                   env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck parallel=2"})
    return next(there.glob("umosix_*.deb"))


@pytest.fixture(scope="module")
def newer(package, tmp_path_factory):
    """The same package with a higher version."""
    there = tmp_path_factory.mktemp("newer")
    run(["dpkg-deb", "-R", package, there / "tree"])
    control = there / "tree/DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+newer", control.read_text(), flags=re.MULTILINE))
    run(["dpkg-deb", "--root-owner-group", "-b", there / "tree", there / "umosix_newer.deb"])
    return there / "umosix_newer.deb"


INSTALL = "cd /root && DEBIAN_FRONTEND=noninteractive apt-get install -y "


class Machines:
    def __init__(self):
        self.moslab = moslab.stage_dir() / "moslab"
        run([self.moslab, "up", 2, "--vm", "--no-mosd", "--name", LAB], seconds=900)

    def sh(self, node, line, *, user=None, data=None, seconds=180, check=True):
        who = ["--user", user] if user else []
        return run([self.moslab, "exec", node, "--name", LAB, *who, "--", "sh", "-ec", line],
                   data=data or b"", seconds=seconds, check=check)[1]

    def address(self, node):
        status = run([self.moslab, "status", "--name", LAB])[1]
        return re.search(rf"node{node}\s+(\S+)", status).group(1)


@pytest.fixture(scope="module")
def machines(package):
    try:
        made = Machines()
        for node in (1, 2):
            made.sh(node, "cat >/root/umosix_1.deb", data=package.read_bytes())
            made.sh(node, INSTALL + "./umosix_*.deb")
        made.sh(1, "cat >/tmp/compute.py && chmod 644 /tmp/compute.py", data=COMPUTE.encode())
        # README's way: the second command on each machine
        assert "This is umosix node 1" in made.sh(1, "mosctl setup --yes")
        command = made.sh(1, "mosctl token 2>/dev/null").strip()
        assert command.startswith(f"mosctl join {made.address(1)} "), command
        assert "it hears the cluster" in made.sh(2, command)
        made.sh(2, "systemctl is-active mosd && systemctl is-enabled mosd")
        yield made
    finally:
        run([moslab.stage_dir() / "moslab", "down", "--name", LAB], check=False)


def test_lintian(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is missing: apt install lintian")
    run(["lintian", "--allow-root", "--fail-on", "error,warning", *package.parent.glob("umosix*_*.deb")],
        seconds=300)


def test_folders(machines):
    """systemd-tmpfiles makes what the unit makes, with the same modes."""
    modes = "stat -c '%a %U %n' /run/umosix /var/lib/umosix"
    unit = machines.sh(2, modes)
    assert unit == "755 root /run/umosix\n700 root /var/lib/umosix\n"
    assert machines.sh(2, "systemd-tmpfiles --create umosix.conf; " + modes) == unit
    assert "d /run/umosix 0755" in machines.sh(2, "cat /usr/lib/tmpfiles.d/umosix.conf")


def test_there_and_back(machines):
    """What comes out is what a native run gives."""
    h = hashlib.sha256()
    for i in range(1500000):
        h.update(str(i).encode())
    native = machines.sh(1, "python3 /tmp/compute.py", user="user")
    moved = machines.sh(1, GO + """
        cd "$(mktemp -d)"
        mosrun python3 /tmp/compute.py >out &
        pid=$!
        go $pid 2
        go $pid home
        go $pid 2
        wait $pid
        cat out""", user="user")
    assert native == f"0\n500000\n1000000\n{h.hexdigest()}\n"
    assert moved.startswith(native), moved
    assert moved.count("node 1 -> 2") == 2 and moved.count("node 2 -> 1") == 1, moved


@pytest.fixture
def away(machines):
    """Starts a command of an ordinary user on machine 1 and moves it to 2. Return: its number, its lines."""
    started = []

    def start(command):
        job = subprocess.Popen(
            [machines.moslab, "exec", "1", "--name", LAB, "--user", "user", "--", "sh", "-c", f"""{GO}
                cd "$(mktemp -d)"
                mosrun {command} >out & pid=$!
                go $pid 2 && echo $pid
                wait $pid
                echo status $?
                cat out"""], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        started.append(job)
        lines = moslab.Lines(job.stdout.fileno())
        return int(lines.next(time.monotonic() + 60)), lines

    yield start
    for job in started:
        job.kill()
        job.wait()
        job.stdout.close()


def test_restart_loses_nobody(machines, away, newer):
    """Both daemons are restarted, and the package is upgraded, while a process is away."""
    _, lines = away("python3 /tmp/compute.py")
    machines.sh(2, "systemctl restart mosd && mosctl status")
    machines.sh(1, "mkdir -p /root/newer && cat >/root/newer/umosix_2.deb", data=newer.read_bytes())
    out = machines.sh(1, INSTALL + "./newer/umosix_*.deb && systemctl restart mosd")
    assert "1 upgraded" in out, out
    assert "+newer" in machines.sh(1, "dpkg-query -W umosix")
    deadline = time.monotonic() + 180
    assert lines.next(deadline) == b"status 0"
    rest = [lines.next(deadline) for _ in range(4)]
    assert rest[:3] == [b"0", b"500000", b"1000000"] and len(rest[3]) == 64


def where(machines, pid):
    """The node on which a process of machine 1 is now."""
    return json.loads(machines.sh(1, f"mosctl why --json {pid}"))["node"] or 1


def guests_here(machines, node):
    """The supervisors of guests on this machine."""
    return machines.sh(node, "grep -lsx mos-guest /proc/[0-9]*/comm || true").split()


# What mosd and its unit have told since the line "cursor" was run.
CURSOR = "journalctl --sync; journalctl -u mosd -n 0 --show-cursor | sed -n 's/^-- cursor: //p' >/tmp/cursor; "
SINCE = "journalctl --sync; journalctl -u mosd -o cat --after-cursor \"$(cat /tmp/cursor)\""


def test_restart_moves_nobody(machines, away):
    """A restart is no stop: no guest leaves, and no process of the machine comes home."""
    pid, lines = away("sleep 1000")
    there = guests_here(machines, 2)
    for node in (2, 1):
        said = machines.sh(node, CURSOR + "systemctl restart mosd; systemctl is-active mosd; mosctl status; " + SINCE)
        assert "Stopping mosd.service" in said and not re.search(r" left$|^drained", said, re.M), said
    assert there and guests_here(machines, 2) == there
    machines.sh(1, GO + f"cd /tmp; go {pid} home; kill {pid}")
    assert lines.next(time.monotonic() + 60) == b"status 143"


def test_stop_sends_guests_away(machines, away):
    """Who stops mosd empties the machine; the journal shows how it goes."""
    pid, lines = away("sleep 1000")
    assert guests_here(machines, 2)
    said = machines.sh(2, CURSOR + "systemctl stop mosd; systemctl is-active mosd || true; " + SINCE)
    assert "1 guest, " in said and "drained: " in said and "inactive" in said, said
    assert not guests_here(machines, 2) and where(machines, pid) == 1
    machines.sh(2, "systemctl start mosd; mosctl status")
    machines.sh(1, f"kill {pid}")
    assert lines.next(time.monotonic() + 60) == b"status 143"


def test_stop_brings_home(machines, away):
    """... and its own processes come home, where they go on without mosd."""
    pid, lines = away("sleep 1000")
    said = machines.sh(1, CURSOR + "systemctl stop mosd; systemctl is-active mosd || true; " + SINCE)
    assert "1 process away" in said and "drained: " in said and "inactive" in said, said
    assert not guests_here(machines, 2)
    machines.sh(1, f"systemctl start mosd; mosctl status; kill {pid}")
    assert lines.next(time.monotonic() + 60) == b"status 143"


def test_removal_empties_the_machine(machines, away):
    """A host that loses the package sends its guest home first, unharmed; then the package can go."""
    pid, lines = away("sleep 1000")
    out = machines.sh(2, "dpkg -r umosix")
    assert "a guest is here" not in out, out
    assert where(machines, pid) == 1
    machines.sh(2, "dpkg -i /root/umosix_1.deb && systemctl start mosd umosix-drain && mosctl undrain && "
                "mosctl status")
    machines.sh(1, f"kill {pid}")
    assert lines.next(time.monotonic() + 60) == b"status 143"


def test_removal_is_refused(machines, away):
    """Without a mosd that could send the guest away the package stays, and the guest is unharmed."""
    pid, lines = away("sleep 1000")
    out = machines.sh(2, "pid=$(cat /run/umosix/mosd.lock); systemctl kill --kill-who=main mosd; "
                      "tail --pid=$pid -f /dev/null; "
                      "dpkg -r umosix || echo stays; systemctl start mosd; "
                      "mosctl undrain; mosctl status")
    assert "a guest is here" in out and "stays" in out and "Guests here: 1" in out, out
    machines.sh(2, "systemctl start umosix-drain")
    machines.sh(1, f"migrate {pid} home && kill {pid}")
    assert lines.next(time.monotonic() + 60) == b"status 143"


def test_shutdown_sends_guests_away(machines, away):
    """A machine that goes down sends its guests home first; a restart of mosd has sent nobody."""
    pid, lines = away("sleep 1000")
    machines.sh(2, "systemctl restart mosd")
    assert where(machines, pid) == 2
    machines.sh(2, "systemctl --no-block poweroff")
    log = subprocess.Popen([machines.moslab, "logs", "2", "-f", "--name", LAB],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        said = moslab.Lines(log.stdout.fileno())
        deadline = time.monotonic() + 150
        while b"Power down" not in (line := said.next(deadline)):
            assert line is not None
        assert where(machines, pid) == 1
        machines.sh(1, f"kill {pid}")
        assert lines.next(time.monotonic() + 60) == b"status 143"
    finally:
        log.kill()
        log.wait()
        log.stdout.close()
    run([machines.moslab, "start", 2, "--name", LAB], seconds=200)
    machines.sh(2, "mosctl status")


def test_a_lesser_processor(machines):
    """A program may use whatever home's processor has: it does not go where some of that is missing."""
    def start_again(*with_):
        run([machines.moslab, "kill", 2, "--name", LAB])
        run(["env", *with_, machines.moslab, "start", 2, "--name", LAB], seconds=200)
        machines.sh(2, "mosctl status")

    goes = GO + """
        cd "$(mktemp -d)"
        mosrun sleep 1000 & pid=$!
        trap 'kill $pid' EXIT
        go $pid %d
        go $pid home"""
    start_again("MOSLAB_CPU=qemu64")
    try:
        assert "its processor has not all that home's has: no " in machines.sh(1, goes % 2, user="user", check=False)
        assert "node 2 -> 1" in machines.sh(2, goes % 1, user="user")
    finally:
        start_again()


@pytest.mark.parametrize("busy,route", [("compute", "2,home"), ("calls", "2,home,2"),
                                        ("sleep", "2,home,2")])
def test_guests(machines, busy, route):
    """All guest programs, moved between two kernels. Whatever sees CLOCK_REALTIME is left out: the clocks of
    the two machines are their own."""
    programs = sorted(p for p in moslab.Path(os.environ.get(
        "MOS_GUESTS", moslab.REPO / "build/test/guests")).glob("g-*") if p.is_file())
    assert programs
    if not machines.sh(1, "ls /opt/guests 2>/dev/null || true"):
        machines.sh(1, "mkdir -p /opt/guests && tar -x -C /opt/guests && chmod -R a+rX /opt/guests",
                    data=subprocess.run(["tar", "-c", "-C", programs[0].parent,
                                         *[p.name for p in programs], "-C", moslab.HERE, "away.py"],
                                        check=True, capture_output=True).stdout)
    names = [p.name for p in programs if p.name not in STAY | OWN_CLOCK]
    out = machines.sh(1, f"""
        folder=$(runuser -u user -- mktemp -d)
        runuser -u user -- python3 /opt/guests/away.py "$folder" {busy} {route} \
            {" ".join("/opt/guests/" + n for n in names)} || true""", seconds=900)
    assert out.splitlines() == [f"{n} ok" for n in names]


GONE = r"""
set +e  # a search that finds nothing is what we want
exec 2>&1
# The lab's own unit says After=mosd.service: systemd knows the name, as not-found.
systemctl list-units --all --no-legend '*mosd*' '*umosix*' | grep -v ' not-found '
systemctl list-unit-files --no-legend '*mosd*' '*umosix*'
grep -lsE '^(mosd|mos-[a-z]+|omdiscd)$' /proc/[0-9]*/comm
grep umosix /proc/self/mountinfo
grep umosix /proc/self/cgroup
find /sys/fs/cgroup -name '*mosd*' -o -name '*umosix*'
ls -d /run/umosix /etc/umosix /var/lib/umosix /usr/lib/tmpfiles.d/umosix* 2>/dev/null
grep umosix /etc/passwd /etc/subuid
true
"""


def test_purge_from_running_units(machines):
    """The last test of the machines: one is purged while everything runs."""
    before = machines.sh(2, "systemctl start mosd umosix-drain; systemctl is-active mosd umosix-drain; " + GONE)
    for word in ("active\nactive\n", "mosd.service", "umosix-drain.service", "/comm", "/run/umosix",
                 "/var/lib/umosix", "/etc/subuid"):
        assert word in before, before
    machines.sh(2, "dpkg -P umosix")
    assert not machines.sh(2, GONE)


LEFT = r"""
cd /
find . -xdev \( -path ./proc -o -path ./sys -o -path ./var/lib/dpkg -o -path ./var/log \
    -o -path ./var/cache -o -path ./root -o -path ./tmp \) -prune -o ! -name '*-' ! -name '*-old' -print | sort
cat /etc/passwd /etc/group /etc/shadow /etc/subuid /etc/subgid
"""


def test_purge_leaves_nothing(package, tmp_path):
    """In a fresh Debian: installed, configured, upgraded, purged."""
    root = tmp_path / "root"
    run(["debootstrap", "--variant=minbase",
         "--include=systemd-standalone-sysusers,passwd,libev4,libjansson4,libinih1,libncursesw6,"
         "libseccomp2,libssl3",
         "bookworm", root, os.environ.get("MOSLAB_MIRROR", "http://deb.debian.org/debian")],
        seconds=600)

    def inside(line):
        return run(["unshare", "-m", "-n", "-u", "-i", "chroot", root, "sh", "-ec", line],
                   seconds=300)[1]

    shutil.copy(package, root / "root/umosix.deb")
    before = inside(LEFT)
    inside("dpkg -i /root/umosix.deb")
    assert "umosix:1879048192:65536" in inside("cat /etc/subuid")
    inside("mosctl keygen; echo '1 10.0.0.1 2' >/etc/umosix/openmosix.map; mkdir -p /var/lib/umosix")
    inside("dpkg -i /root/umosix.deb")
    inside("test -s /etc/umosix/cluster.key && test -s /etc/umosix/openmosix.map")
    inside("dpkg -r umosix")
    inside("test -s /etc/umosix/cluster.key")
    inside("dpkg -P umosix")
    assert inside(LEFT) == before
