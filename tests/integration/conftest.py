# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures. Tests that need the real parts run in the private namespace of scripts/check."""

import contextlib
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import namespace  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long; left out by scripts/check --fast")
    config.addinivalue_line("markers", "real_programs: programs of this machine load the module")


def pytest_collection_modifyitems(items):
    """The sanitizers' runtime must be there first, so sudo cannot load a module that needs it."""
    if namespace.MARK in os.environ and namespace.module_has_sanitizers():
        skip = pytest.mark.skip(reason="the module is built with sanitizers; sudo is not")
        for item in items:
            if item.get_closest_marker("real_programs"):
                item.add_marker(skip)


FAILED = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True


# What tests write to, and the tests after them read.
COMMON = [f"/etc/{name}" for name in ("group", "hosts", "passwd", "shadow", "sudoers")]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@contextlib.contextmanager
def kept_as_they_are(paths):
    before = {path: (read(path), os.stat(path).st_mode & 0o777) for path in paths}
    yield
    for path, (text, mode) in before.items():
        if read(path) != text:
            namespace.write(path, text, mode)


@pytest.fixture
def quiet_machine(request):
    """In the private namespace, with a system log and nothing else running."""
    if namespace.MARK not in os.environ:
        pytest.skip("runs inside tests/integration/support/namespace.py only (scripts/check)")
    import machine as parts
    parts.reset_state()
    machine = parts.Machine()
    with kept_as_they_are(COMMON):
        yield machine
        if request.node.stash.get(FAILED, False):
            print(machine.syslog.text())  # pytest shows it
        machine.close()
        reports = namespace.sanitizer_reports()
        assert not reports, reports


@pytest.fixture
def machine(quiet_machine):
    """With a system bus; polkit and passkeyd are started by whoever calls them first."""
    quiet_machine.start_bus()
    return quiet_machine


@pytest.fixture
def later(machine):
    """Moves the daemon's clock on by so many seconds; named before what starts the daemon."""
    if namespace.module_has_sanitizers():
        pytest.skip("nothing can be preloaded before a sanitizer")
    import held
    with held.clock() as move:
        yield move
        machine.kill_daemon()  # for which it must not go back


@pytest.fixture
def keys(machine):
    """The software authenticator, in the daemon's configuration; no key is plugged in yet."""
    from softkey import SoftKeys
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        machine.configure()
        yield keys


@pytest.fixture
def small_disk(machine):
    """/var/lib/passkeyd on a file system of its own with very little room."""
    import machine as parts
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    "size=1m,mode=700,uid={0},gid={0}".format(namespace.DAEMON_ID), "tmpfs",
                    parts.STATE], check=True)
    yield machine
    machine.kill_daemon()
    subprocess.run(["umount", parts.STATE], check=True)


@pytest.fixture
def host(machine):
    """A daemon without any key of its own; for a host named web1.example.org."""
    machine.configure()
    return machine
