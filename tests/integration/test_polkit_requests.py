# SPDX-License-Identifier: BSD-2-Clause
"""What polkit's requests say that they are for: if this failed, a touch for polkit would serve
whoever asked first, without a word of it on the screen."""

import os
import pwd
import re
import socket
import subprocess

import pexpect
import pytest

import machine as parts
import namespace

pytestmark = pytest.mark.real_programs

HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
PAM = "/etc/pam.d/polkit-1"


@pytest.fixture
def polkit(machine, keys):
    """polkit asks for a passkey of root's; the key is touched at once, and reads a fingerprint:
    alice acts for root, who must be verified."""
    with open(PAM, encoding="ascii") as file:
        before = file.read()
    keys.add("blue", uv=True).set(touch="immediate")
    machine.enrol("root")
    namespace.write(PAM, namespace.service())
    yield machine
    namespace.write(PAM, before)


def context(machine, since):
    return parts.json.loads(re.search(r"\{.*\}", machine.syslog.wait(
        r"sign-in of root \(default\): ok", since)).group())


def test_pkexec_says_what_was_typed(polkit):
    since = polkit.syslog.mark()
    # polkit asks for the authorization of the parent, which must be a process of alice's.
    child = polkit.terminal("alice", ["sh", "-c", "pkexec sh -c 'echo a\u202eb; id -un'; :"])
    child.expect(re.escape("your security key for what alice typed on web1: "
                           r"pkexec sh -c $'echo a\u202eb; id -un'"))
    # What follows is polkit's: 122 finds "No session for cookie" for a pkexec without a session of
    # logind, whatever PAM says.
    child.expect(pexpect.EOF)
    bound = context(polkit, since)
    assert bound["command"] == r"pkexec sh -c $'echo a\u202eb; id -un'"
    assert bound["ruser"] == "alice" and bound["user"] == "root"
    assert bound["service"] == "polkit-1"


def test_an_agent_is_named(polkit):
    """pkttyagent, for the request of another process, as a desktop's dialog would be."""
    since = polkit.syslog.mark()
    agent = polkit.terminal("alice", ["sh", "-c", "pkttyagent --process $$ & "
                                      "until pkcheck -u -a org.freedesktop.policykit.exec "
                                      "-p $$; do :; done; echo AUTHORIZED"])
    agent.expect(re.escape("as root for what the dialog of /usr/bin/pkttyagent asks on web1 "
                           "(polkit-1)"))
    agent.expect("AUTHORIZED\r\n")
    agent.close(force=True)
    bound = context(polkit, since)
    assert bound["dialog"] == "/usr/bin/pkttyagent" and bound["ruser"] == "alice"
    assert bound["command"] == ""


def test_a_helper_that_a_socket_starts_looks_at_its_peer(polkit):
    """As polkit's is started from version 127 on: root's, without the agent as its parent."""
    since = polkit.syslog.mark()
    path = namespace.SCRATCH + "/agent.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen()
        peer = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import socket, sys; s = socket.socket(socket.AF_UNIX); "
             f"s.connect({path!r}); s.sendall(b'cookie\\n'); s.recv(1)"],
            preexec_fn=parts.become("alice"))
        connection, _ = listener.accept()
    with connection:
        done = subprocess.run([HELPER, "root"], stdin=connection, capture_output=True, text=True,
                              timeout=parts.PATIENCE, check=False)
    peer.wait()
    os.unlink(path)
    wanted = os.path.realpath("/usr/bin/python3")
    assert f"as root for what the dialog of {wanted} asks on web1 (polkit-1)" in done.stdout, done
    bound = context(polkit, since)
    assert bound["dialog"] == wanted and bound["ruser"] == "alice"
    # Root's to the kernel; what it uses up is alice's.
    assert f"by uid 0 for uid {pwd.getpwnam('alice').pw_uid}, " in polkit.syslog.wait(
        r"sign-in of root \(default\): ok", since)


def test_a_program_that_calls_itself_pkexec_is_not_believed(polkit):
    """The path is in the message, and none of its arguments."""
    home = pwd.getpwnam("alice").pw_dir
    script = ("import subprocess, sys; subprocess.run([%r, 'root'], input=b'cookie\\n')" % HELPER)
    fake = home + "/pkexec"
    with open("/usr/bin/python3", "rb") as program, open(fake, "wb") as copy:
        copy.write(program.read())
    os.chmod(fake, 0o755)
    child = polkit.terminal("alice", [fake, "-c", script, "apt", "update"])
    child.expect(re.escape(f"for what the dialog of {fake} asks on web1"))
    child.expect(pexpect.EOF)
    os.unlink(fake)
