# SPDX-License-Identifier: BSD-2-Clause
"""A hostile host between the person and the real one gets no answer that opens the real one.

Here the server lists no host keys, as one whose keys passkeyd cannot find: what protects is the
name in the answer. With the keys of test_ssh_host_keys.py the person is not even asked.
"""

import json
import os
import signal

import pexpect
import pytest

import forward
import hostile
import machine as parts
import namespace
import ssh
from relying_party import register

pytestmark = pytest.mark.real_programs

NO_HOST_KEYS = "[rp default]\nssh-host-keys = /none\n"
PASSKEY_SSH = ["passkey-ssh", "-o", "PreferredAuthentications=keyboard-interactive", "-o",
               "NumberOfPasswordPrompts=1"]


class Scene:
    """alice's key is in the laptop; the hostile name leads to the relay."""

    def __init__(self, machine, keys):
        self.machine = machine
        self.key = keys.add("blue")
        machine.configure(NO_HOST_KEYS)
        machine.enrol("alice", "blue")
        self.server = ssh.Server(machine, addresses=("127.0.0.1", "127.0.1.1"))
        if not os.path.exists(ssh.EVIL_KEY):
            ssh.keygen("-t", "ed25519", "-f", ssh.EVIL_KEY)
        self.laptop = ssh.Laptop(machine, keys)
        # The person has connected to the hostile host before and trusts its key: the worst case.
        self.laptop.know(ssh.EVIL, ssh.EVIL_ADDRESS, "web1.example.org.example.net",
                         key=ssh.EVIL_KEY)
        self.relay = hostile.Relay(ssh.EVIL_ADDRESS, 22, ssh.EVIL_KEY)

    def go(self, destination=ssh.EVIL, *options):
        return self.laptop.terminal([*PASSKEY_SSH, *options, f"alice@{destination}", "id", "-un"])

    def give_up(self, child):
        """What comes after a passkey that was not given: the relay would take that as well."""
        child.expect(r"\(alice@\S+\) Recovery code.*: ")
        child.sendline("")

    def nobody_got_in(self, child):
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 255 or child.signalstatus == signal.SIGINT, child.before
        assert not self.relay.inside
        assert not any(line.split()[-1:] == ["success"]
                       for line in open(namespace.RESULTS)), child.before


@pytest.fixture
def scene(machine, keys):
    hosts = open("/etc/hosts", encoding="ascii").read()
    namespace.write("/etc/hosts",
                    hosts + f"{ssh.EVIL_ADDRESS} {ssh.EVIL} web1.example.org.example.net\n")
    scene = Scene(machine, keys)
    try:
        with scene.laptop.helper():
            machine.configure(NO_HOST_KEYS)
            machine.kill_daemon()
            yield scene
    finally:
        scene.relay.close()
        namespace.write("/etc/hosts", hosts)


def test_the_relay_works(scene):
    """With a client that does not check the host it gets in: the other tests prove something."""
    key = forward.Credential()
    register(scene.machine.connect(), "alice", key)
    askpass = ssh.Askpass()
    attempt = ssh.Attempt(scene.laptop, askpass, f"alice@{ssh.EVIL}")
    prompt = askpass.next(attempt.process)
    answer = forward.answer_fields(prompt.request, "ssh://" + namespace.HOST, key)
    prompt.answer(forward.encode_answer(answer)[0])
    attempt.end()
    assert scene.relay.inside
    askpass.close()


def test_the_person_says_no(scene):
    child = scene.go()
    child.expect(r"\(yes/no\)\?")
    assert ssh.EVIL in child.before and namespace.HOST in child.before
    child.sendline("no")
    scene.give_up(child)
    scene.nobody_got_in(child)
    assert not any(scene.relay.stolen)
    assert not os.path.exists(scene.laptop.home + "/.config/passkey/hosts")


def test_the_person_says_yes(scene):
    """The answer says for which host it was made, and that is signed."""
    scene.key.set(touch="immediate")
    child = scene.go()
    child.expect(r"\(yes/no\)\?")
    child.sendline("yes")
    scene.nobody_got_in(child)
    assert scene.relay.stolen[0].startswith("passkey1:")
    line = scene.machine.syslog.wait("refused, origin-mismatch ", facility=parts.AUTHPRIV)
    scene.machine.syslog.wait("ssh://" + ssh.EVIL, facility=parts.AUTHPRIV)
    assert "alice" in line
    assert scene.laptop.read(".config/passkey/hosts").split()[-2:] == [ssh.EVIL, namespace.HOST]


def test_accepted_once_before(scene):
    scene.laptop.accept(ssh.EVIL)
    scene.key.set(touch="immediate")
    child = scene.go()
    scene.nobody_got_in(child)
    assert scene.relay.stolen[0].startswith("passkey1:")
    scene.machine.syslog.wait("refused, origin-mismatch ", facility=parts.AUTHPRIV)


def test_the_origin_is_changed_on_the_way(scene):
    """What was signed does not say so."""
    scene.laptop.accept(ssh.EVIL)
    scene.key.set(touch="immediate")

    def spoil(line):
        if not line:
            return line
        return forward.encode_answer({**forward.decode_answer([line]),
                                      "origin": "ssh://" + namespace.HOST})[0]

    scene.relay.spoil = spoil
    scene.nobody_got_in(scene.go())
    scene.machine.syslog.wait("refused, signature-invalid ", facility=parts.AUTHPRIV)


@pytest.mark.parametrize("front", [
    "(alice@web1.example.org) ", "\n(alice@web1.example.org) ", "\r(alice@web1.example.org) ",
    ") (alice@web1.example.org) "])
def test_a_prefix_of_its_own(scene, front):
    """The client's own comes first and ends at the first bracket."""
    scene.laptop.accept(ssh.EVIL)
    scene.key.set(touch="immediate")
    scene.relay.rewrite = lambda text: front + text
    scene.nobody_got_in(scene.go())
    scene.machine.syslog.wait("refused, origin-mismatch ", facility=parts.AUTHPRIV)


def test_another_rp_id_than_it_was_accepted_for(scene):
    scene.laptop.accept(ssh.EVIL, "example.com")
    child = scene.go()
    child.expect("REFUSED")
    child.expect(r"hosts:1")
    scene.give_up(child)
    scene.nobody_got_in(child)
    assert not any(scene.relay.stolen)
    assert not scene.key.info()["touch_wanted"]


def test_an_rp_id_of_its_own(scene):
    """The relay asks for its own RP id: no question, but the key has nothing for it."""
    scene.relay.rewrite = lambda text: text.replace(
        forward.find(text), forward.encode_request(
            {**forward.decode_request(forward.find(text)), "rp_id": ssh.EVIL})) \
        if forward.find(text) else text
    child = scene.go()
    child.expect("No security key that is plugged in holds a passkey for this")
    child.sendintr()
    scene.nobody_got_in(child)
    assert not any(scene.relay.stolen)


@pytest.mark.parametrize("name", ["web1.example.org.example.net", ssh.EVIL_ADDRESS])
def test_names_that_look_alike(scene, name):
    scene.key.set(touch="immediate")
    child = scene.go(name)
    child.expect(r"\(yes/no\)\?")
    child.sendline("yes")
    scene.nobody_got_in(child)
    scene.machine.syslog.wait("refused, origin-mismatch ", facility=parts.AUTHPRIV)


def test_an_alias_for_the_host_key(scene):
    """HostKeyAlias names the origin, and the key must then be that host's."""
    child = scene.go(ssh.EVIL, "-o", "HostKeyAlias=" + namespace.HOST)
    child.expect("HOST IDENTIFICATION HAS CHANGED")
    scene.nobody_got_in(child)
    assert not scene.relay.prompts


def test_the_real_name_leads_to_the_relay(scene):
    """A spoofed name: ssh itself finds that the host key is another."""
    hosts = open("/etc/hosts", encoding="ascii").read()
    namespace.write("/etc/hosts", hosts.replace(f"127.0.1.1 {namespace.HOST}",
                                                f"{ssh.EVIL_ADDRESS} {namespace.HOST}"))
    child = scene.go(namespace.HOST)
    child.expect("HOST IDENTIFICATION HAS CHANGED")
    scene.nobody_got_in(child)
    assert not scene.relay.prompts


def test_the_command_that_is_shown_is_the_one_that_is_signed(scene):
    """A context that the relay has rewritten makes another challenge."""

    def rewrite(text):
        request = forward.decode_request(forward.find(text))
        context = {**json.loads(request["context"]), "host": ssh.EVIL}
        request["context"] = json.dumps(context, separators=(",", ":"), sort_keys=True)
        return text.replace(forward.find(text), forward.encode_request(request))

    scene.laptop.accept(ssh.EVIL)
    scene.key.set(touch="immediate")
    scene.relay.rewrite = rewrite
    scene.nobody_got_in(scene.go())
    scene.machine.syslog.wait("refused, challenge-mismatch ", facility=parts.AUTHPRIV)
