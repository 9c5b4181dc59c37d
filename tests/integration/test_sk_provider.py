# SPDX-License-Identifier: BSD-2-Clause
"""The software sk provider, as ssh-keygen, ssh-add, ssh-agent and sshd see it."""

import os
import subprocess

import pexpect
import pytest

import namespace
import ssh

KINDS = ("ecdsa-sk", "ed25519-sk")


@pytest.fixture
def laptop(quiet_machine):
    os.makedirs(ssh.FOLDER, exist_ok=True)
    if not os.path.exists(ssh.HOST_KEY):
        ssh.keygen("-t", "ed25519", "-f", ssh.HOST_KEY)
    return ssh.Laptop(quiet_machine)


def sign(laptop, path, agent):
    """ssh-keygen -Y with the agent's key: (exit status, what it said, whether it verifies)."""
    message = laptop.write("message", "hello\n")
    signature = message + ".sig"
    if os.path.exists(signature):
        os.unlink(signature)
    done = laptop.run(["ssh-keygen", "-Y", "sign", "-n", "passkeyd", "-f", path + ".pub", message],
                      agent.environment())
    if done.returncode != 0:
        return False
    signers = laptop.write("signers", "erin " + laptop.read(path[len(laptop.home) + 1:] + ".pub"))
    with open(message, encoding="ascii") as file:
        checked = subprocess.run(["ssh-keygen", "-Y", "verify", "-n", "passkeyd", "-f", signers,
                                  "-I", "erin", "-s", signature], stdin=file, check=False,
                                 capture_output=True)
    return checked.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_agent_signs_with_it(laptop, kind):
    sk = ssh.SkKey(laptop)
    path = sk.keygen("id", kind)
    assert laptop.read(".ssh/id.pub").startswith("sk-")
    agent = ssh.Agent(laptop, sk)
    agent.add(path)
    assert sign(laptop, path, agent)
    assert laptop.read("sk/counter") == "1\n"


@pytest.mark.parametrize("words,ok", [
    ("touch", True), ("touch counter=7", True), ("touch flags=5", True), ("refuse", False),
    ("lost", False), ("touch forge", False), ("touch flags=0", True)])
def test_behaves_as_told(laptop, words, ok):
    sk = ssh.SkKey(laptop)
    path = sk.keygen("id", "ed25519-sk")
    agent = ssh.Agent(laptop, sk)
    agent.add(path)
    sk.decide()
    signing = ssh.in_background(sign, laptop, path, agent)
    operation = sk.operation()
    assert (operation.verb, operation.algorithm, operation.flags, operation.application) == \
        ("sign", 1, 1, "ssh:")
    operation.answer(words)
    assert signing.join() == ok


def test_the_agent_wants_the_provider_allowed(laptop):
    sk = ssh.SkKey(laptop)
    path = sk.keygen("id")
    agent = ssh.Agent(laptop, sk)
    other = laptop.home + "/other.so"
    os.link(namespace.SK_PROVIDER, other) if os.stat(laptop.home).st_dev == os.stat(
        namespace.SK_PROVIDER).st_dev else laptop.write("other.so", "")
    done = laptop.run(["ssh-add", "-S", other, path], agent.environment())
    assert done.returncode != 0
    assert "agent refused operation" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_discoverable_keys_and_a_pin(laptop, kind):
    sk = ssh.SkKey(laptop)
    laptop.write("sk/pin", "1234\n")

    def keygen(*options):
        return laptop.terminal(["ssh-keygen", "-w", ssh.PROVIDER, "-N", "", *options],
                               **sk.environment())

    child = keygen("-t", kind, "-O", "resident", "-O", "verify-required", "-O",
                   "application=ssh:web", "-f", laptop.home + "/.ssh/id")
    child.expect("Enter PIN for authenticator: ")
    child.sendline("1234")
    child.expect(pexpect.EOF)
    child = keygen("-K")
    child.expect("Enter PIN for authenticator: ")
    child.sendline("1234")
    child.expect("Saved .* key ssh:web to (\\S+)")
    saved = child.match.group(1)
    child.expect(pexpect.EOF)
    assert laptop.read(saved + ".pub").split()[:2] == laptop.read(".ssh/id.pub").split()[:2]


@pytest.mark.real_programs
@pytest.mark.parametrize("kind", KINDS)
def test_sshd_takes_its_signature(quiet_machine, kind):
    """The server checks it as it would a real key's: with public key authentication."""
    server = ssh.Server(quiet_machine)
    laptop = ssh.Laptop(quiet_machine)
    sk = ssh.SkKey(laptop)
    path = sk.keygen("id", kind)
    agent = ssh.Agent(laptop, sk)
    agent.add(path)
    person = ssh.Laptop(quiet_machine, user="bob")
    person.write(".ssh/authorized_keys", laptop.read(".ssh/id.pub"))
    command = ["ssh", "-o", "BatchMode=yes", "bob@127.0.0.1", "id", "-un"]
    done = laptop.run(command, agent.environment())
    assert done.stdout == "bob\n", done.stderr + quiet_machine.syslog.text()
    sk.decide()
    signing = ssh.in_background(laptop.run, command, agent.environment())
    sk.operation().answer("touch flags=0")
    assert signing.join().returncode == 255
    quiet_machine.syslog.wait("user presence \\(authenticator touch\\) requirement not met|"
                              "signature did not prove user presence", facility=ssh.AUTH)
    assert server.process.poll() is None
