# SPDX-License-Identifier: BSD-2-Clause
"""What pam_passkey.so adds to its host process, and that neither it nor passkeyd leaks."""

import glob
import os
import re
import shutil
import subprocess

import pytest

import machine as parts
import namespace

HEAVY = ("libfido2", "libcrypto", "libssl", "libcbor", "jansson", "sqlite", "libevent")


@pytest.fixture
def module(quiet_machine):
    found = glob.glob("/usr/lib/*/security/pam_passkey.so") + \
        glob.glob("/usr/lib/security/pam_passkey.so")
    assert len(found) == 1, found
    return found[0]


def test_links_little(module):
    linked = subprocess.run(["ldd", module], text=True, capture_output=True, check=True).stdout
    assert "libpam" in linked and "libdbus" in linked
    assert not [heavy for heavy in HEAVY if heavy in linked], linked


def test_exports_only_pams_names(module):
    shown = subprocess.run(["nm", "-D", "--defined-only", module], text=True, capture_output=True,
                           check=True).stdout
    names = {line.split()[-1].partition("@")[0] for line in shown.splitlines()}
    assert names == {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt"}, names


def pamtester(machine, times, wrapper=(), tries=1):
    """authenticate, times over, in one process; its output. tries: once more where the module's
    time to reach the daemon was over, as on a busy machine under valgrind."""
    for _ in range(tries):
        done = subprocess.run([*wrapper, "pamtester", "passkey-test", "alice",
                               *["authenticate", "setcred", "acct_mgmt"] * times],
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if "passkeyd cannot be reached" not in done.stdout + done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr + machine.syslog.text()
    assert done.stdout.count("successfully authenticated") == times
    return done.stderr


@pytest.fixture
def service(machine, keys):
    keys.add("blue")
    machine.enrol("alice", "blue")
    namespace.write("/etc/pam.d/passkey-test", "auth required pam_passkey.so\n"
                    "account required pam_passkey.so\naccount required pam_permit.so\n")
    return machine


@pytest.mark.real_programs
def test_leaks_nothing_into_its_host(service, tmp_path):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    kept = {}
    for times in (4, 12):  # libdbus and libc fill caches of their own at first
        log = tmp_path / f"valgrind-{times}"
        pamtester(service, times,
                  ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
                   "--errors-for-leak-kinds=definite", "--error-exitcode=99", "--track-fds=yes",
                   f"--log-file={log}"], tries=5)
        text = log.read_text()
        assert "ERROR SUMMARY: 0 errors" in text, text
        lost = {kind: int(count.replace(",", "")) for kind, count in
                re.findall(r"(definitely lost|indirectly lost|possibly lost|still reachable): "
                           r"([\d,]+)", text)}
        open_fds = int(re.search(r"FILE DESCRIPTORS: (\d+) open", text).group(1))
        kept[times] = (lost, open_fds)
        assert not lost.get("definitely lost") and not lost.get("indirectly lost"), text
    assert kept[4] == kept[12]


def usage(pid):
    """(open descriptors, resident kilobytes)"""
    return len(parts.kept_descriptors(pid)), int(parts.status(pid)["VmRSS"].split()[0])


@pytest.mark.slow
@pytest.mark.skipif(namespace.MARK in os.environ and namespace.module_has_sanitizers(),
                    reason="the sanitizers keep freed memory")
def test_a_thousand_sign_ins(machine, keys):
    keys.add("blue")
    machine.enrol("alice", "blue")
    connection = machine.connect("alice")
    pid = machine.daemon_pid()
    after = {}
    for count in range(1, 1001):
        assert connection.authenticate("alice").run()["result"] == "ok"
        if count in (200, 1000):
            parts.wait_for_helpers(pid)
            after[count] = usage(pid)
    assert machine.daemon_pid() == pid
    # The helper that watches for keys may be there or not. What the last one left is closed when
    # the daemon sees that it has ended, and by a thread: some calls later at most.
    for _ in range(100):
        if after[1000][0] <= after[200][0] + 2:
            break
        connection.call(parts.MANAGER, "Status")
        after[1000] = usage(pid)
    assert after[1000][0] <= after[200][0] + 2, after
    assert after[1000][1] - after[200][1] < 1024, after


@pytest.mark.real_programs
def test_a_screen_locker_asks_for_its_own_user(service):
    """Without any privilege: for oneself it works, for others it does not."""
    own = service.run_as("alice", ["pamtester", "passkey-test", "alice", "authenticate"])
    assert own.returncode == 0, own.stderr
    mark = service.syslog.mark()
    other = service.run_as("bob", ["pamtester", "passkey-test", "alice", "authenticate"])
    assert other.returncode != 0 and "Touch" not in other.stdout
    assert service.syslog.wait("AccessDenied", since=mark, facility=parts.AUTHPRIV)


def test_the_passkey_names_the_user(machine, keys):
    key = keys.add("blue")
    parts.set_pin(keys, key, "123456")
    machine.enrol("carol", "blue", pin="123456", resident="required")
    details = machine.connect().authenticate("", identify=True).run(pin="123456")
    assert details["result"] == "ok" and details["user"] == "carol", details
