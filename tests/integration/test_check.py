# SPDX-License-Identifier: BSD-2-Clause
"""Otherwise an id that is nobody's own would be recorded for good, and passkeyctl check would call
well what cannot work: a helper that does not run, a misspelt PAM file, a wrong configuration."""

import contextlib
import json
import os
import re
import socket
import sqlite3

import pytest

import machine as parts
import namespace

ENDS_WITH_3 = "#!/bin/sh\nexit 3\n"
NO_HELPER = "/run/nohelper"
HELPER = "/usr/libexec/passkey/passkey-authenticator"
MUTE = "#!/bin/sh\nexec sleep 600\n"
# Runs the helper in a kernel, as it were, that refuses seccomp filters.
NO_SECCOMP = """#!/usr/bin/python3
import ctypes, os, platform, struct
seccomp, prctl = {"x86_64": (317, 157), "aarch64": (277, 167)}[platform.machine()]
REFUSE, ALLOW, JEQ, LOAD = 0x00050000 | 22, 0x7fff0000, 0x15, 0x20
program = b"".join(struct.pack("HBBI", *step) for step in (
    (LOAD, 0, 0, 0), (JEQ, 3, 0, seccomp), (JEQ, 0, 3, prctl),
    (LOAD, 0, 0, 16), (JEQ, 0, 1, 22), (0x06, 0, 0, REFUSE), (0x06, 0, 0, ALLOW)))
code = ctypes.create_string_buffer(program)
fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, fprog, 0, 0) == 0
os.execv("@HELPER@", ["@HELPER@"])
"""


def check(machine, user="root"):
    done = machine.run_as(user, ["passkeyctl", "check", "--json"])
    found = json.loads(done.stdout)["checks"]
    worst = [each["state"] for each in found]
    assert done.returncode == (2 if "fail" in worst else 1 if "warn" in worst else 0)
    assert all(each["state"] == "ok" or each["mend"] for each in found), found
    return found


def of(found, name):
    return [(each["state"], each["text"]) for each in found if each["check"] == name]


def relying_party(machine):
    status = json.loads(machine.run_as("root", ["passkeyctl", "status", "--json"]).stdout)
    return next(each for each in status["relyingParties"] if each["name"] == "default")


@contextlib.contextmanager
def host_called(name):
    with open("/etc/hosts", encoding="utf-8") as file:
        hosts = file.read()
    before = socket.gethostname()
    try:
        socket.sethostname(name.encode("utf-8", "surrogateescape"))
        namespace.write("/etc/hosts", "127.0.0.1 localhost\n192.0.2.1 deb12.example.org deb12\n")
        yield
    finally:
        socket.sethostname(before)
        namespace.write("/etc/hosts", hosts)


@pytest.mark.parametrize("name", ["(none)", "my_laptop", "web1.", "10.0.0.5", "localhost",
                                  "b\u00fcro", "deb12box", "com", "b\udcfcro"])
def test_names_that_are_no_ids_are_not_recorded(machine, name):
    """Case 07: a host whose name cannot be an id gets one of its own, and that is said."""
    with host_called(name):
        machine.configure()
        machine.start_daemon()
        recorded = re.search('recorded "(.*)", made for this host', machine.syslog.wait(
            'recorded ".*", made for this host', facility=parts.AUTHPRIV))
        assert re.fullmatch(r"[0-9a-f]{32}\.passkeyd\.invalid", recorded[1])
        rp = relying_party(machine)
        assert (rp["id"], rp["idSource"]) == (recorded[1], "generated")
        assert "idProblem" not in rp
        [(state, text)] = of(check(machine), "id")
        assert state == "note" and recorded[1] in text
        shown = machine.run_as("root", ["passkeyctl", "status"]).stdout
        assert f"{recorded[1]} (made for this host" in shown
        # It is the same for this machine, whatever it is called now.
        machine.kill_daemon(15)
        os.unlink(parts.database())
        socket.sethostname(b"another")
        machine.start_daemon()
        if os.path.exists("/etc/machine-id"):
            assert relying_party(machine)["id"] == recorded[1]


@pytest.mark.parametrize("name", ["b\u00fcro", "b\udcfcro", "(none)", "a\x1b[2Jb"])
def test_whatever_the_host_is_called_people_enrol_and_sign_in(machine, keys, name):
    """A name that is no text, or that a terminal obeys, is shown to nobody as it is."""
    with host_called(name):
        key = keys.add("blue")
        key.set(touch="immediate")
        machine.configure()
        machine.enrol("alice", "blue")
        seen = []
        conversation = machine.connect().authenticate("alice", service="sudo", tty="/dev/tty1")
        assert conversation.run(seen=seen)["result"] == "ok", seen
        assert not any("\x1b" in text for _, text in seen)


@pytest.mark.parametrize("name,expected", [("deb12", "deb12.example.org"),
                                           ("Web7.Example.ORG.", "web7.example.org"),
                                           ("b\u00fcro.example.de", "xn--bro-hoa.example.de")])
def test_full_names_are_recorded(machine, name, expected):
    with host_called(name):
        machine.configure()
        machine.start_daemon()
        rp = relying_party(machine)
        assert (rp["id"], rp["idSource"], rp.get("idProblem")) == (expected, "recorded", None)
        assert not of(check(machine), "id")


@pytest.mark.parametrize("old", ["my_laptop", "deb12box", "localhost", "b\u00fcro"])
def test_what_was_recorded_is_kept(machine, old):
    """Passkeys may have been made with it; check says what is wrong with it."""
    machine.start_daemon()
    machine.kill_daemon(15)
    with sqlite3.connect(parts.database()) as store:
        table = next(row[0] for row in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")
                     if "rp-id" in str(store.execute(f"SELECT * FROM {row[0]}").fetchall()))
        column = store.execute(f"SELECT * FROM {table}").description
        store.execute(f"UPDATE {table} SET {column[1][0]} = ? WHERE {column[0][0]} = 'rp-id'",
                      (old.encode(),))
    mark = machine.syslog.mark()
    machine.start_daemon()
    rp = relying_party(machine)
    assert (rp["id"], rp["idSource"]) == (old, "recorded") and rp["idProblem"]
    [(state, text)] = of(check(machine), "id")
    assert state == "warn" and old in text and "is kept" in text
    assert machine.syslog.wait(f'the recorded id "{old}"', mark, facility=parts.AUTHPRIV)


@pytest.mark.parametrize("script,expected", [
    (ENDS_WITH_3, "it ends with 3"), (MUTE, "it does not answer"),
    (NO_SECCOMP, "seccomp"), ("no program", "it cannot be executed")])
def test_a_helper_that_does_not_run(machine, script, expected):
    """Case 15: no key is asked, and only the log knew."""
    namespace.write(NO_HELPER, script.replace("@HELPER@", HELPER), 0o755)
    machine.configure("[authenticator]\nprogram = " + NO_HELPER + "\n")
    machine.start_daemon()
    [(state, text)] = of(check(machine), "authenticator")
    assert state == "fail" and NO_HELPER in text and expected in text
    assert "does not run" in machine.run_as("root", ["passkeyctl", "status"]).stdout
    assert check(machine)  # it goes on answering


def test_a_helper_that_runs(machine):
    machine.start_daemon()
    assert of(check(machine), "authenticator") == [("ok", "the daemon's helper runs")]
    assert of(check(machine, "alice"), "authenticator") == [("ok", "the daemon's helper runs")]


def test_the_configuration_is_checked(machine):
    """Everything that is wrong with it is told at once, with line and key."""
    namespace.write(parts.CONFIG, "[rp default]\nid = com\ntimeout = 1\n[sevice sudo]\n"
                    "methods = local\n[authenticator]\nprogram = /nowhere/helper\n"
                    "[service no-such]\ntimeout = 30\n[rp shop]\nid = 10.0.0.5\n"
                    "ssh-hosts = web1:22\norigins = http://shop.example.org\n")
    done = machine.run_as("root", ["passkeyd", "--check-config"])
    assert done.returncode == 1
    expected = {2: "id: \"com\" is a public suffix", 3: "timeout cannot be", 5: "unknown section",
                7: "program: /nowhere/helper", 9: r"\[service no-such\]",
                11: "id: \"10.0.0.5\" is an IP", 12: "ssh-hosts cannot be", 13: "origins: \"http:"}
    for line, what in expected.items():
        assert re.search(rf"{parts.CONFIG}:{line}: {what}", done.stderr), (line, done.stderr)
    assert len(done.stderr.splitlines()) == len(expected), done.stderr
    found = of(check(machine), "configuration")
    assert len(found) == len(expected)
    assert {state for state, text in found if "no-such" in text} == {"warn"}
    assert {state for state, text in found if "no-such" not in text} == {"fail"}


def test_pam_files_are_read(machine):
    machine.start_daemon()
    path = "/etc/pam.d/sudo"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    try:
        namespace.write(path, "auth sufficient pam_passkey.so nulok rp=nosuch\n"
                              "auth required pam_unix.so\n")
        assert any(state == "fail" and f'{path}:1: "nulok"' in text
                   for state, text in of(check(machine), "pam"))
        namespace.write(path, "auth sufficient pam_passkey.so rp=nosuch\n"
                              "auth required pam_unix.so\n")
        assert any(state == "fail" and f"{path}:1: rp=nosuch" in text
                   for state, text in of(check(machine), "pam"))
    finally:
        namespace.write(path, before)
