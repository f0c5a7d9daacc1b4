# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the cluster tests: one lab of three nodes a session, a folder a test; after a failed
test the lab's logs are in the report, and the next test gets nodes without a past."""

import itertools
import math
import os
import random
import re
import shutil
import signal

import pytest

import lonemosd
import moslab

# Whoever starts us in the background has these ignored, and every program would inherit that.
for sig in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(sig) == signal.SIG_IGN:
        signal.signal(sig, signal.SIG_DFL)

RUN_SEED = int(os.environ.get("MOS_SEED") or 0) or random.SystemRandom().randrange(1, 2**31)
os.environ["MOS_SEED"] = str(RUN_SEED)  # for processes that run tests beside one another
LONGEST = ("test_guests.py", "test_stops.py", "test_discovery.py")  # nobody waits at the end for one of these
count = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="repeat the moving jobs 20 times each")


def pytest_configure(config):
    config.addinivalue_line("markers", "sometimes(of): by the seed, one of so many is run and the others are skipped; "
                                       "with --long, -k or named, all are run")
    config.addinivalue_line("markers", "alone: what it measures needs the machine: check runs nothing beside it")


def pytest_collection_modifyitems(config, items):
    """What there is much of and takes long is run in turns, and long files first, so that check ends in time."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    if config.option.long or config.option.keyword or any("::" in arg for arg in config.args):
        return
    alike: dict[str, list] = {}
    for item in items:
        if mark := item.get_closest_marker("sometimes"):
            alike.setdefault(f"{item.path.name} {item.originalname}", []).append((item, mark.kwargs["of"]))
    for name, marked in alike.items():
        of = marked[0][1]
        drawn = random.Random(f"{RUN_SEED} {name}").sample(range(len(marked)), math.ceil(len(marked) / of))
        for k, (item, _) in enumerate(marked):
            if k not in drawn:
                item.add_marker(pytest.mark.skip(reason=f"left out by the seed: one of {of} is run"))


def pytest_report_header(config):
    return f"seed: MOS_SEED={RUN_SEED}   programs: {moslab.stage_dir()}"


@pytest.fixture
def account(record_property):
    """Takes a line that stands in the report though the test has passed."""
    return lambda line: record_property("account", line)


def pytest_terminal_summary(terminalreporter):
    lines = [value for reports in terminalreporter.stats.values() for report in reports
             if getattr(report, "when", "") == "call" for name, value in report.user_properties if name == "account"]
    if lines:
        terminalreporter.section("accounts")
        for line in lines:
            terminalreporter.write_line(line)


def unusable() -> str:
    if os.geteuid() != 0:
        return "a lab needs root"
    missing = moslab.missing_tools()
    if missing:
        return f"{moslab.stage_dir()} has no {', '.join(missing)}"
    return ""


def make_lab(**options):
    reason = unusable()
    if reason:
        # What `check` has built must be there: it sets MOS_BIN, and then nothing is skipped.
        (pytest.fail if "MOS_BIN" in os.environ else pytest.skip)(reason)
    return moslab.Lab(f"t{os.getpid()}-{next(count)}", **options)


@pytest.fixture(scope="session")
def session_lab():
    made = make_lab()
    yield made
    made.close()


def use(made, request):
    """A lab for one test: clean before, its logs read and its jobs ended after."""
    if made.dirty:
        made.again()
    before = {n: len(made.logs(n)) for n in range(1, made.nodes + 1)}
    request.node.used_lab = (made, before)
    yield made
    made.end_jobs()
    for n in range(1, made.nodes + 1):
        new = made.logs(n)[before[n]:]
        bad = [line for line in new.splitlines() if moslab.SUSPICIOUS.search(line)]
        if bad:
            made.dirty = True
            pytest.fail(f"node {n}'s log: " + "\n".join(bad[:5]), pytrace=False)


@pytest.fixture
def lab(session_lab, request):
    yield from use(session_lab, request)


@pytest.fixture(scope="module")
def module_lab():
    """A lab of its own for tests that kill nodes."""
    made = make_lab()
    yield made
    made.close()


@pytest.fixture
def mortal_lab(module_lab, request):
    """... with every node up and no past."""
    module_lab.dirty = True
    yield from use(module_lab, request)


@pytest.fixture
def home_dir(request):
    """A folder that only home has, as a path inside the nodes."""
    made = request.getfixturevalue("mortal_lab" if "mortal_lab" in request.fixturenames else "lab")
    name = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name)[:60] + f"-{next(count)}"
    path = made.folder(name)
    yield path
    made.end_jobs()
    made.remove(path)


@pytest.fixture
def quiet(tmp_path):
    """A node without a lab: mosd has not been started yet."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    made = lonemosd.Node(tmp_path)
    yield made
    made.finish()


@pytest.fixture
def node(quiet):
    """... and now it has."""
    return quiet.start()


@pytest.fixture
def seed(request):
    """This test's own seed: follows from the run's seed and the test's name."""
    return random.Random(f"{RUN_SEED} {request.node.name}").randrange(1, 2**31)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    used = getattr(item, "used_lab", None)
    if not report.failed or used is None:
        return
    made, before = used
    made.dirty = True
    report.sections.append(("seed", f"MOS_SEED={RUN_SEED}"))
    for n in range(1, made.nodes + 1):
        new = made.logs(n)[before[n]:]
        report.sections.append((f"log of node {n}", "\n".join(new.splitlines()[-150:])))
