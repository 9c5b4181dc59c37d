# SPDX-License-Identifier: BSD-2-Clause
"""Enrolling the laptop's key on a host that the real ssh has logged in to, and using it there."""

import json
import os
import pwd
import re

import pexpect
import pytest

import forward
import machine as parts
import namespace
import ssh

LINES = r"((?:passkey[12][:/][A-Za-z0-9_/:-]+\r\n)+)"

pytestmark = pytest.mark.real_programs


@pytest.fixture
def laptop(machine, keys):
    """Lets itself in as alice with an ordinary key; the host has no security keys."""
    helper, machine.program = machine.program, None
    machine.configure()
    ssh.Server(machine)
    laptop = ssh.Laptop(machine, keys)
    laptop.helper = helper
    path = laptop.home + "/.ssh/id_ed25519"
    ssh.keygen("-t", "ed25519", "-f", path)
    for name in (path, path + ".pub"):
        os.chown(name, pwd.getpwnam(laptop.user).pw_uid, -1)
    home = pwd.getpwnam("alice")
    namespace.write(home.pw_dir + "/.ssh/authorized_keys", ssh.public_key(path) + "\n", 0o644)
    for name in ("/.ssh", "/.ssh/authorized_keys"):
        os.chown(home.pw_dir + name, home.pw_uid, home.pw_gid)
    yield laptop
    os.unlink(home.pw_dir + "/.ssh/authorized_keys")


def remote(laptop, host, command):
    return laptop.terminal(["ssh", "-t", "-o", "BatchMode=yes", "alice@" + host, command])


def enrol(laptop, host, *arguments):
    """Up to the request: the terminal that shows it, and its line."""
    child = remote(laptop, host, " ".join(["passkey-enroll", *arguments]))
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    child.expect(LINES)
    return child, child.match.group(1).strip()


def answered_by_hand(laptop, key, host, line, saying):
    """What passkey-askpass prints for a pasted line, once the key is touched."""
    key.set(touch="wait")
    child = laptop.terminal(["passkey-askpass", "--host", host],
                            PASSKEY_AUTHENTICATOR=laptop.helper)
    child.sendline(line)
    child.expect("Touch your security key .*" + host)
    assert re.search(saying, child.before + child.after), child.before + child.after
    key.wait_touch_wanted()
    assert key.touch()
    child.expect(LINES)
    lines = child.match.group(1)
    child.expect(pexpect.EOF)
    return lines.replace("\r", "")


def listed(machine):
    return json.loads(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                             parts.vardict({})))


@pytest.fixture
def key(laptop):
    return laptop.keys.add("laptop")


def test_by_hand(machine, laptop, key):
    mark = machine.syslog.mark()
    child, line = enrol(laptop, namespace.HOST, "--name", "laptop")
    context = json.loads(forward.decode_request(line)["context"])
    # From where is passkey-enroll's word, which is not root's; there is no logind to ask.
    assert context["rhost"] == "unknown" and context["user"] == "alice"
    child.send(answered_by_hand(laptop, key, namespace.HOST, line, "alice"))
    child.expect('Enrolled "laptop" for alice')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert machine.syslog.wait("enrolment for alice .*: ok", since=mark, facility=parts.AUTHPRIV)
    passkey, = listed(machine)
    assert passkey["name"] == "laptop" and passkey["transports"] == ["usb"]


def test_by_another_name_of_the_host(machine, laptop, key):
    """Which is not in ssh-hosts: the key has signed for it, and the host does not take it."""
    namespace.write("/etc/hosts", open("/etc/hosts", encoding="utf-8").read()
                    + "127.0.0.9 alias.example.org\n")
    laptop.know("alias.example.org")
    laptop.accept("alias.example.org")
    child, line = enrol(laptop, "alias.example.org")
    child.send(answered_by_hand(laptop, key, "alias.example.org", line, "alice"))
    child.expect("made for another host")
    child.expect(pexpect.EOF)
    assert listed(machine) == []


def test_sudo_there_with_what_was_enrolled(machine, laptop, key):
    """The same key, the same ssh session's terminal, by hand once more."""
    child, line = enrol(laptop, namespace.HOST)
    child.send(answered_by_hand(laptop, key, namespace.HOST, line, "alice"))
    child.expect("Enrolled")
    child.expect(pexpect.EOF)
    namespace.write("/etc/sudoers", re.sub("!lecture", '!lecture, env_keep+="SSH_CONNECTION"',
                                           open("/etc/sudoers", encoding="utf-8").read()), 0o440)
    child = remote(laptop, namespace.HOST, "sudo -u bob id -un")
    child.expect(LINES)
    child.send(answered_by_hand(laptop, key, namespace.HOST, child.match.group(1).strip(),
                                "sudo -u bob id -un"))
    child.expect("bob\r\n")
    child.expect(pexpect.EOF)
