# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary programs on inputs of about 10 MB, moved at random instants, against a native run."""

import functools
import random

import pytest

import mover
from mover import Pace, Task

pytestmark = pytest.mark.alone

MB = 1 << 20
WORDS = [bytes(random.Random(i).choices(b"etaoinshrdlucmfwypvbgkjqxz", k=2 + i % 9))
         for i in range(4000)]


@functools.cache
def text(size: int = 10 * MB) -> bytes:
    """Lines of words and numbers; the same on every run."""
    rng = random.Random(1)
    lines, total = [], 0
    while total < size:
        line = b"%d %s %d.%02d\n" % (rng.randrange(10**6), b" ".join(rng.choices(WORDS, k=9)),
                                    rng.randrange(10**5), rng.randrange(100))
        lines.append(line)
        total += len(line)
    return b"".join(lines)


@functools.cache
def letters(size: int = 10 * MB) -> bytes:
    """Four letters by chance: few long matches, much searching."""
    return bytes(random.Random(2).choices(b"ACGT", k=size))


@functools.cache
def records(size: int = 10 * MB) -> bytes:
    """Words in records of 64 bytes, filled up with blanks."""
    rng = random.Random(3)
    return b"".join(b"%-64s" % rng.choice(WORDS) for _ in range(size // 64))


PY_COMPUTE = """
import hashlib, math
h, x, seen = hashlib.sha256(), 1.0, {}
for i in range(8_000_000):
    x = math.sin(x) * 1000 + i % 7
    seen[i % 5003] = seen.get(i % 5003, 0) + int(x)
    if i % 500_000 == 0:
        h.update(repr((x, sorted(seen.items())[:50])).encode())
        print(i, h.hexdigest(), flush=True)
print(2 ** 4001 % (10 ** 9 + 7), sum(seen.values()))
"""
PY_FILES = """
import os, json
for turn in range(80):
    data = {str(i): [i * turn, "x" * (i % 50)] for i in range(15000)}
    with open("file%d.json" % (turn % 5), "w") as f:
        json.dump(data, f)
    with open("file%d.json" % (turn % 5)) as f:
        assert json.load(f) == data
    os.rename("file%d.json" % (turn % 5), "out%d.json" % (turn % 5))
    with open("log", "a") as f:
        f.write("turn %d\\n" % turn)
"""
PY_SLEEP = """
import time
for i in range(80):
    before = time.monotonic()
    time.sleep(0.05)
    took = time.monotonic() - before
    assert 0.05 <= took < 2, took
    n = sum(j * j for j in range(400_000))
    print(i, n)
"""
PY_SELECT = """
import os, select
r, w = os.pipe()
total = 0
for i in range(9000):
    assert select.select([r], [], [], 0)[0] == []
    os.write(w, b"%d " % i * (i % 40 + 1))
    assert select.select([r], [], [], 10)[0] == [r]
    total += sum(map(int, os.read(r, 100000).split()))
    total += sum(j * i for j in range(12000)) % 1000
print(total)
"""
GAWK = r"""
{ for (i = 1; i <= NF; i++) count[$i]++; sum += $NF; if ($2 ~ /^[a-m]+$/) low++; len += length($0) }
END { n = asorti(count, keys); for (i = 1; i <= n; i += 97) print keys[i], count[keys[i]];
      printf "%d %d %.2f %d\n", NR, low, sum, len }
"""
BC = """
scale=1100
for (i = 1; i <= 5; i++) { 4*a(1/i) + e(1/i) + l(i+1) }
scale=0
f=1
for (i = 1; i <= 3000; i++) f *= i
f
"""
# With the usual cache of 2 MB it would read and write pages 350,000 times: right to be done at home, and slow away.
SQL = """
pragma cache_size = -65536;
create table t(n integer, word text, line text);
create table raw(line text);
.mode ascii
.separator "\\001" "\\n"
.import input raw
insert into t select cast(line as integer), substr(line, instr(line, ' ') + 1, 6), line from raw;
create index i on t(word);
create index j on t(n);
.mode list
select count(*), sum(n), count(distinct word), max(length(line)) from t;
select word, count(*), avg(n) from t group by word order by 2 desc, 1 limit 20;
update t set n = n * 2 where n % 3 = 0;
delete from t where n % 11 = 0;
select a.n % 10, count(*) from t a join t b on a.word = b.word and a.n < b.n
  where a.n < 4000 group by 1 order by 1;
with recursive c(i, x) as (select 1, 1 union all
  select i + 1, (x * 1103515245 + 12345) % 2147483648 from c where i < 5000000)
  select count(*), sum(x), max(x) from c;
pragma integrity_check;
"""
BASH = r"""
set -e
sum=0
for i in 1 2 3 4 5 6; do
  head -c $((i * 600000)) input | sort | uniq -c | awk '{s += $1 * length($0)} END {print s}' > part
  read -r n < part
  sum=$((sum + n))
  printf '%s %s %s\n' "$i" "$n" "$(sha256sum < input | cut -c 1-16)"
  for ((k = 0; k < 300000; k++)); do sum=$(((sum * 7 + k) % 1000003)); done
  (exit "$i") || echo "child said $?"
done
gzip -9 -n -c input input > input.gz & pid=$!
wait "$pid"
echo "$sum"
trap 'echo bye' EXIT
exit 3
"""

BRISK = 25  # moves at a pace at which the job would end natively behind so many; with --long all at a fast one

# Each computes for some seconds natively; dd, mostly calls, takes that long only while away.
TASKS = {
    "xz-file": lambda: Task(["xz", "-T1", "-1", "-k", "input"], {"input": text()}, ["input.xz"]),
    "xz-pipe": lambda: Task(["xz", "-T1", "-1"], {"input": text()}, stdin="input", pipes=True),
    "gzip-file": lambda: Task(["gzip", "-9", "-n", "-c"] + ["input"] * 7, {"input": text()}),
    "gzip-pipe": lambda: Task(["gzip", "-6"], {"input": letters()}, stdin="input", pipes=True),
    "bzip2-file": lambda: Task(["bzip2", "-9", "-c"] + ["input"] * 4, {"input": text()}),
    "bzip2-pipe": lambda: Task(["bzip2", "-9"], {"input": text() * 4}, stdin="input", pipes=True),
    "python-compute": lambda: Task(["/usr/bin/python3", "-c", PY_COMPUTE]),
    "python-files": lambda: Task(["/usr/bin/python3", "-c", PY_FILES], {},
                                 ["log", *(f"out{i}.json" for i in range(5))]),
    "python-sleep": lambda: Task(["/usr/bin/python3", "-c", PY_SLEEP]),
    "python-select": lambda: Task(["/usr/bin/python3", "-c", PY_SELECT]),
    "sort": lambda: Task(["sort", "--parallel=1", "-S", "64M", "-V", "-k3", "-o", "sorted"] +
                         ["input"] * 5, {"input": text()}, ["sorted"]),
    "gawk": lambda: Task(["gawk", GAWK] + ["input"] * 4, {"input": text()}),
    "bc": lambda: Task(["bc", "-l", "script"], {"script": BC.encode()}),
    "sha256sum": lambda: Task(["sha256sum"] + ["input"] * 100, {"input": text()}),
    # Reading and writing is done at home, what dd makes of it away.
    "dd": lambda: Task(["dd", "if=input", "of=output", "bs=64k", "cbs=64",
                        "conv=unblock,ucase,swab",
                        "status=none"], {"input": records() * 60}, ["output"]),
    "sqlite3": lambda: Task(["sqlite3", "-batch", "db", ".read script"],
                            {"input": text(), "script": SQL.encode()}, ["db"]),
    "bash-children": lambda: Task(["bash", "script"],
                                  {"input": text(), "script": BASH.encode()},
                                  ["input.gz"], tree=True),
}


def pytest_generate_tests(metafunc):
    if "turn" in metafunc.fixturenames:
        turns = 20 if metafunc.config.getoption("--long") else 1
        metafunc.parametrize("turn", range(turns))


@pytest.mark.parametrize("name", TASKS)
def test_moved_like_native(request, lab, home_dir, seed, name, turn, account):
    task = TASKS[name]()
    print(f"{name}: seed {seed}")
    folders = {}
    for kind in ("native", "moved"):
        folders[kind] = f"{home_dir.rsplit('/', 1)[1]}/{kind}"
        folders[kind] = lab.folder(folders[kind])
    native = mover.run_native(lab, task, folders["native"], 60)
    print(f"native: {native.end}, {native.seconds:.1f} s")
    long = request.config.getoption("--long")
    pace = Pace(native.seconds / BRISK, BRISK)
    if long:
        pace = Pace(min(Pace.stay, native.seconds / BRISK), home_legs=max(2, int(2 * native.seconds)))
    moved = mover.run_moved(lab, task, folders["moved"], seed, limit=120, pace=pace)
    account(f"{name}, natively {native.seconds:.1f} s: {moved.account()}")
    assert not mover.faults(native, moved)
