# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/run --systemd: passkey-gateway as systemd starts, confines, reloads and ends it.

See systemd_checks.py. They run in this order, after the others, on the same machine.
"""

import grp
import json
import os
import pwd
import signal
import socket
import subprocess

import pytest

import machine as parts
import namespace
from booted import UNIT, run
from systemd_checks import held, listeners

GATEWAY, SOCKET = "passkey-gateway.service", "passkey-gateway.socket"
USER = "passkey-gateway"
PATH = "/run/passkey-gateway/socket"
CONFIG = "/etc/passkey/gateway.conf"
BEGIN = "/portal/authentication/options"


@pytest.fixture(scope="module", name="gateway")
def gateway_fixture(machine):
    """Nothing of it runs; its socket is there. passkeyd has a relying party for it."""
    machine.configure(machine.settings + "[rp portal]\nid = portal.example.org\nhttp = standard\n"
                      "http-prefix = /portal\n")
    machine.stop()
    run("systemctl", "start", SOCKET)
    yield machine
    run("systemctl", "stop", SOCKET, GATEWAY)
    machine.configure(machine.settings)
    machine.stop()


def pid_of(machine):
    return int(machine.show("MainPID", GATEWAY))


def head_of(method, path, length=None, more=""):
    body = "" if length is None else (f"Content-Type: application/json\r\n"
                                      f"Content-Length: {length}\r\n")
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{body}{more}\r\n".encode()


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(parts.PATIENCE)
    client.connect(PATH)
    return client


def rest_of(client):
    """Status and body."""
    got = b""
    while more := client.recv(65536):
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def ask(method, path, body=None):
    with connect() as client:
        client.sendall(head_of(method, path, None if body is None else len(body),
                               "Connection: close\r\n") + (body or "").encode())
        return rest_of(client)


def test_the_gateways_units_are_well_formed(gateway):
    """systemd reports no error, and rates the exposure: 10 is the worst, 0 the best."""
    for unit in (GATEWAY, SOCKET):
        assert run("systemd-analyze", "verify", "--man=no", unit) == ""
    run("systemd-analyze", "security", "--threshold=15", GATEWAY)


def test_the_first_request_starts_the_gateway(gateway):
    assert gateway.show("ActiveState", GATEWAY) == "inactive"
    (inode,) = listeners(PATH)
    mark = gateway.syslog.mark()
    assert ask("GET", "/healthz")[0] in (200, 503)  # it may have to start passkeyd yet
    assert gateway.show("ActiveState", GATEWAY) == "active"
    assert f"socket:[{inode}]" in held(pid_of(gateway))
    gateway.syslog.wait("serves portal ", mark)
    assert ask("GET", "/healthz")[0] == 200
    status, text = ask("POST", BEGIN, "{}")
    assert status == 200, text
    assert json.loads(text)["publicKey"]["rpId"] == "portal.example.org"


def test_the_gateway_is_confined(gateway):
    pid = pid_of(gateway)
    status = parts.status(pid)
    entry = pwd.getpwnam(USER)
    assert status["Uid"].split() == [str(entry.pw_uid)] * 4
    assert status["Groups"].split() in ([], [str(entry.pw_gid)])
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/1/ns/mnt")


def test_the_gateway_does_not_see_the_store(gateway):
    """Neither as its user, nor in its view of the files, where root looks in vain."""
    names = os.listdir(parts.STATE)
    assert names
    assert USER not in grp.getgrnam(namespace.DAEMON_USER).gr_mem
    for path in (parts.STATE, parts.STATE + "/" + names[0]):
        refused = subprocess.run(["setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups",
                                  "cat", path], capture_output=True, text=True, check=False)
        assert "Permission denied" in refused.stderr, refused
    inside = ["nsenter", f"--mount=/proc/{pid_of(gateway)}/ns/mnt"]
    assert run(*inside, "find", parts.STATE, "-mindepth", "1") == ""
    assert run(*inside, "stat", "--format=%a", parts.STATE) == "0\n"
    for path in ("/home", "/root"):
        assert run(*inside, "stat", "--format=%a", path) == "0\n"


def test_the_gateways_reload(gateway):
    """The process stays, and so does what it was before where the file is wrong."""
    pid = pid_of(gateway)
    assert not os.path.exists(CONFIG)
    mark = gateway.syslog.mark()
    namespace.write(CONFIG, "[gateway]\nnonsense = yes\n")
    run("systemctl", "reload", GATEWAY)
    gateway.syslog.wait("what it was before remains", mark)
    os.unlink(CONFIG)
    mark = gateway.syslog.mark()
    run("systemctl", "reload", GATEWAY)
    gateway.syslog.wait("the configuration was read anew", mark)
    gateway.syslog.wait("serves portal ", mark)
    assert pid_of(gateway) == pid
    assert ask("POST", BEGIN, "{}")[0] == 200


def test_stopping_the_gateway_finishes_what_is_under_way(gateway):
    mark = gateway.syslog.mark()
    with connect() as client:
        client.sendall(head_of("POST", BEGIN, 2, "Expect: 100-continue\r\n"))
        assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
        run("systemctl", "stop", "--no-block", GATEWAY)
        gateway.syslog.wait("signal 15: ending", mark)
        client.sendall(b"{}")
        status, text = rest_of(client)
    assert status == 200 and "challenge" in text, text
    run("systemctl", "stop", GATEWAY)
    assert (gateway.show("ActiveState", GATEWAY), gateway.show("Result", GATEWAY)) == \
        ("inactive", "success")
    # Its socket listens on, and the next request starts it again.
    assert ask("GET", "/healthz")[0] in (200, 503)
    gateway.syslog.wait("serves portal ", mark)


def test_restarting_the_gateway(gateway):
    """Whoever asks meanwhile waits and is answered; so after a crash."""
    pid = pid_of(gateway)
    mark = gateway.syslog.mark()
    run("systemctl", "restart", "--no-block", GATEWAY)
    gateway.syslog.wait("signal 15: ending", mark)
    assert ask("GET", "/healthz")[0] in (200, 503)
    gateway.syslog.wait("serves portal ", mark)
    assert pid_of(gateway) not in (0, pid)
    pid = pid_of(gateway)
    mark = gateway.syslog.mark()
    os.kill(pid, signal.SIGKILL)
    parts.wait_exit(pid)
    assert ask("GET", "/healthz")[0] in (200, 503)
    gateway.syslog.wait("serves portal ", mark)
    assert pid_of(gateway) not in (0, pid)
    assert ask("POST", BEGIN, "{}")[0] == 200


def test_passkeyd_may_restart_under_the_gateway(gateway):
    """It says that it cannot serve, and serves again by itself."""
    mark = gateway.syslog.mark()
    run("systemctl", "stop", UNIT)
    gateway.syslog.wait("passkeyd cannot be reached", mark)
    gateway.syslog.wait("serves portal ", mark)  # passkeyd.socket starts it for the gateway
    assert ask("POST", BEGIN, "{}")[0] == 200
    assert run("systemctl", "is-active", UNIT) == "active\n"


def test_nothing_is_left_of_the_gateways_socket(gateway):
    run("systemctl", "stop", SOCKET, GATEWAY)
    assert not os.path.exists(PATH)
