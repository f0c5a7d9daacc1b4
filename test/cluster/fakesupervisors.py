# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-ins for the supervisors, as programs: they speak the protocol of doc/supervisors.md with mosd and
move nothing. Each reads how it is to behave from a file beside it (home.json, guest.json)."""

STUB_HOME = """#!%(python)s
import json, os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
s = socket.socket(fileno=3)
how = json.load(open(here + "/home.json"))
start = json.loads(s.recv(65536))
pid = start["pid"]
def log(o):
    with open(here + "/home.log", "a") as f:
        f.write(json.dumps(o) + "\\n")
log(start)
def tell(**o):
    s.send(json.dumps(o).encode())
if start.get("at_exec") and not how.get("no_attach"):
    tell(ev="attached")
node, epoch, req = 0, 0, None
while True:
    data = s.recv(65536)
    if not data:
        if how.get("rejoin") and node:
            for _ in range(200):
                try:
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    s.connect("/run/umosix/supervisors")
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                sys.exit(1)
            tell(ev="hello", kind="home", pid=pid, node=node, epoch=epoch)
            continue
        sys.exit(0)
    o = json.loads(data)
    log(o)
    if o["op"] == "info" and not how.get("no_info"):
        tell(ev="info", req=o["req"], node=node, forwarded=77, came_home=0, away_cpu_us=125000000,
             away_us=5, calls={"read": 70, "\\x1b[2J": 7})
    if o["op"] not in ("move", "home"):
        continue
    to = o.get("node", 0)
    do = how.get("move", "ok")
    if do == "die":
        os.kill(os.getpid(), 9)
    if do == "leave":
        sys.exit(0)
    if do == "garbage":
        s.send(b"\\xff\\xfe{")
        s.send(b"[]")
        s.send(b'{"ev":"moved","req":"x","ok":1,"node":-5}')
        s.send(b'{"ev":"nonsense"}')
        do = "ok"
    if do == "slow":
        while not os.path.exists(here + "/go"):
            time.sleep(0.01)
        do = "ok"
    if do == "refuse":
        tell(ev="moved", req=o["req"], ok=False, node=to, code="shared-writable",
             error="it shares memory with another process")
        if not node:
            sys.exit(0)
        continue
    epoch += 1
    tell(ev="moved", req=o["req"], ok=True, **{"from": node}, node=to, epoch=epoch, cause="asked",
         bytes=4404019, freeze_us=12000, total_us=21000)
    node = to
    if not node:
        tell(ev="info", req=0, node=0, forwarded=3, came_home=1, away_cpu_us=1500000, away_us=9,
             calls={"read": 3})
        sys.exit(0)
    if how.get("after") == "host-lost":
        os.kill(pid, 9)
        tell(ev="ended", status=9, cause="host-lost", error="node 2 does not answer")
        sys.exit(0)
    if how.get("after") == "crash":
        os.kill(pid, 9)
        os.kill(os.getpid(), 11)
"""

STUB_GUEST = """#!%(python)s
import array, json, os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
s = socket.socket(fileno=3)
peer = socket.socket(fileno=4)
assert peer.getblocking()
how = json.load(open(here + "/guest.json"))
def tell(**o):
    s.send(json.dumps(o).encode())
tell(ev="admit", home=how.get("home", 2), pid=4242, uid=1000, comm="a)\\nb", epoch=1)
o = json.loads(s.recv(65536))
peer.sendall((json.dumps(o) + "\\n").encode())
if o["op"] != "admitted":
    tell(ev="gone", cause="refused")
    sys.exit(0)
tell(ev="running", body=os.getpid())
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 4)
    if not data:
        if not how.get("rejoin"):
            sys.exit(0)
        for _ in range(200):
            try:
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.connect("/run/umosix/supervisors")
                break
            except OSError:
                time.sleep(0.05)
        else:
            sys.exit(1)
        tell(ev="hello", kind="guest", pid=4242, node=2, epoch=1, slot=o["slot"], token=o["token"])
        continue
    if json.loads(data)["op"] == "stream":
        more = socket.socket(fileno=fds[0])
        more.sendall(b"mine " + more.recv(64))
        if how.get("leave"):
            tell(ev="gone", cause="left")
            sys.exit(0)
"""
