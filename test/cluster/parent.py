#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The parent of a program under test, inside a node: starts it as an ordinary user, reports each
change that a shell would see, and keeps the dead one unreaped until told, so that its number is
not given to another. One JSON object a line: requests on standard input (the first is the job),
events on standard output. The end of standard input ends the program and everything it left."""

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import termios


def say(**event) -> None:
    os.write(1, (json.dumps(event) + "\n").encode())


class Parent:
    """One program, its terminal or files, and the helpers that feed and drain it."""

    def __init__(self, job: dict):
        self.job = job
        self.uid = job.get("uid", 0)
        self.master = -1
        self.helpers: list[int] = []
        self.pid = 0
        self.dead = False

    def become_user(self) -> None:
        if self.uid:
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)

    def open_for_user(self, path: str) -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        if self.uid:
            os.fchown(fd, self.uid, self.uid)
        return fd

    def helper(self, stdin: int, stdout: int) -> None:
        """A native cat(1) between a file and a pipe."""
        pid = os.fork()
        if pid == 0:
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            os.closerange(3, 64)
            os.execv("/bin/cat", ["cat"])
        self.helpers.append(pid)

    def stdio(self) -> tuple[int, int, int]:
        job = self.job
        if job.get("pty"):
            self.master, slave = os.openpty()
            os.fchown(slave, self.uid, -1)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            return slave, slave, slave
        stdin = os.open(job.get("stdin") or "/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        stdout = self.open_for_user(job["stdout"])
        stderr = self.open_for_user(job["stderr"])
        if job.get("pipes"):
            feed, drain = os.pipe(), os.pipe()
            self.helper(stdin, feed[1])
            self.helper(drain[0], stdout)
            for fd in (stdin, feed[1], drain[0], stdout):
                os.close(fd)
            stdin, stdout = feed[0], drain[1]
        return stdin, stdout, stderr

    def start(self) -> None:
        stdin, stdout, stderr = self.stdio()
        begun, beginning = os.pipe()  # closed by the exec: only then is it the user's
        self.pid = os.fork()
        if self.pid == 0:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)  # python ignores them
            os.setpgid(0, 0)  # as a shell does; an orphaned group could not be stopped
            if self.master >= 0:
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
                os.tcsetpgrp(stdin, os.getpid())
            for fd, to in ((stdin, 0), (stdout, 1), (stderr, 2)):
                os.dup2(fd, to)
            os.dup2(beginning, 3, inheritable=False)
            os.closerange(4, 256)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.chdir(self.job["cwd"])
            os.umask(0o022)
            self.become_user()
            argv = self.job["argv"]
            try:
                os.execvpe(argv[0], argv, self.job["env"])
            except OSError as error:
                os.write(2, f"{argv[0]}: {error}\n".encode())
            os._exit(127)
        for fd in {stdin, stdout, stderr}:
            os.close(fd)
        os.close(beginning)
        os.read(begun, 1)
        os.close(begun)
        say(ev="started", pid=self.pid)

    def changes(self) -> None:
        """Reports what wait(2) tells, all of it."""
        while not self.dead:
            what = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WSTOPPED | os.WCONTINUED |
                             os.WNOHANG | os.WNOWAIT)
            if what is None:
                return
            if what.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
                self.dead = True
                name = "exited" if what.si_code == os.CLD_EXITED else "killed"
                say(ev=name, status=what.si_status)
                return
            # It may have gone on meanwhile: what is taken counts, not what was seen.
            what = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WCONTINUED | os.WNOHANG)
            if what is None:
                continue
            name = "continued" if what.si_code == os.CLD_CONTINUED else "stopped"
            say(ev=name, status=what.si_status)

    def reap(self) -> None:
        _, status, used = os.wait4(self.pid, 0)
        for helper in self.helpers:
            os.waitpid(helper, 0)
        self.helpers = []
        say(ev="reaped", status=status, cpu_us=int((used.ru_utime + used.ru_stime) * 1e6))
        self.pid = 0

    def request(self, r: dict) -> None:
        op = r["op"]
        if op == "type":
            os.write(self.master, r["text"].encode())
        elif op == "kill":
            os.kill(self.pid, r["sig"])
            say(ev="sent")
        elif op == "reap":
            self.reap()

    def finish(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # a group of its own: setpgid above
        for helper in self.helpers:
            os.kill(helper, signal.SIGKILL)


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if os.getsid(0) != os.getpid():
        if os.getpgrp() == os.getpid():
            os.setpgid(0, os.getpgid(os.getppid()))  # a leader of a group cannot start a session
        os.setsid()
    wake_r, wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending = b""
    parent = None
    while True:
        watch = [0, wake_r] + ([parent.master] if parent and parent.master >= 0 else [])
        ready, _, _ = select.select(watch, [], [])
        if wake_r in ready:
            os.read(wake_r, 512)
        if parent and parent.master in ready:
            try:
                say(ev="typed", text=os.read(parent.master, 4096).decode(errors="replace"))
            except OSError:  # the last one closed the terminal
                parent.master = -1
        if 0 in ready:
            more = os.read(0, 65536)
            if not more:
                break
            *lines, pending = (pending + more).split(b"\n")
            for line in lines:
                if parent is None:
                    parent = Parent(json.loads(line))
                    parent.start()
                else:
                    parent.request(json.loads(line))
        if parent and parent.pid:
            parent.changes()
    if parent:
        parent.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
