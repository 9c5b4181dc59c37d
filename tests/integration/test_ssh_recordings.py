# SPDX-License-Identifier: BSD-2-Clause
"""The flows of doc/recordings, from end to end; each is compared with its file (recording.py)."""

import os
import re

import pytest

import hostile
import machine as parts
import namespace
import ssh
from recording import Recording, wait_end

pytestmark = pytest.mark.real_programs

LAPTOP = "erin@laptop"
HOST = "alice@web1"
PIN = "123456"
ENTER = "Press Enter alone [^\n]*\n"  # what follows, before a person acts
FALLBACK = "auth [success=done default=ignore] pam_passkey.so\nauth required pam_unix.so\n" + \
    namespace.REST
PLAIN = "-o PubkeyAuthentication=yes -i .ssh/plain"


class Scene:
    """A laptop with a key, and a host where alice has an account."""

    def __init__(self, machine, keys, name, title):
        self.machine, self.keys = machine, keys
        self.recording = Recording(name, title)
        self.key = keys.add("blue")
        machine.configure()
        self.laptop = None

    def begin(self, enrolled=True, pin=None, config="", **server):
        if pin:
            parts.set_pin(self.keys, self.key, pin)
        self.machine.configure(config)
        if enrolled:
            self.machine.enrol("alice", "blue", pin=pin)
        self.key.set(touch="wait")
        self.server = ssh.Server(self.machine, **server)
        self.laptop = ssh.Laptop(self.machine, self.keys)
        self.stack = self.laptop.helper()
        self.stack.__enter__()
        self.machine.configure(config)
        self.machine.kill_daemon()
        return self

    def plain_key(self):
        """alice can sign in by public key, as before there were passkeys."""
        self.laptop.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ".ssh/id_ed25519"])
        ssh.Laptop(self.machine, user="alice").write(".ssh/authorized_keys",
                                                     self.laptop.read(".ssh/id_ed25519.pub"))

    def types(self, command, where=LAPTOP, **variables):
        self.recording.type(where, command)
        child = self.laptop.terminal(["sh", "-c", command], **variables)
        child.setwinsize(24, 80)
        child.logfile_read = self.recording.screen()
        return child

    def touch(self, child):
        child.expect("(?i)touch your security key[^\n]*\n")
        child.expect(ENTER)
        self.key.wait_touch_wanted()
        self.recording.acts("touches the key")
        assert self.key.touch()

    def answers(self, child, text, shown=None):
        self.recording.acts(f"types {shown or text}")
        child.sendline(text)

    def finish(self):
        self.recording.finish()

    def close(self):
        if self.laptop:
            self.stack.__exit__(None, None, None)


@pytest.fixture
def scene(machine, keys, request):
    name, title = request.param
    scene = Scene(machine, keys, name, title)
    yield scene
    scene.close()


def recorded(name, title):
    return pytest.mark.parametrize("scene", [(name, title)], indirect=True, ids=[name])


@recorded("login", "Signing in to a remote host with the security key of the laptop")
def test_login(scene):
    scene.begin()
    child = scene.types(f"passkey-ssh alice@{namespace.HOST} id -un")
    scene.touch(child)
    assert wait_end(child) == 0
    scene.recording.say("At an address that does not say whose it is, once:")
    child = scene.types("passkey-ssh alice@127.0.0.1 id -un")
    child.expect(r"\(yes/no\)\? ?")
    scene.answers(child, "yes")
    scene.touch(child)
    assert wait_end(child) == 0
    scene.finish()


@recorded("login-pin", "Signing in where the host wants the PIN as well")
def test_pin(scene):
    scene.begin(pin=PIN, config="[rp default]\nuser-verification = required\n")
    child = scene.types(f"passkey-ssh alice@{namespace.HOST} id -un")
    child.expect('PIN of your security key "[^"]*": ')
    scene.answers(child, "000000", "a wrong PIN")
    child.expect('PIN of your security key "[^"]*": ')
    scene.answers(child, PIN, "the PIN")
    scene.touch(child)
    assert wait_end(child) == 0
    scene.finish()


def relay_of(scene, name, *where, config=""):
    """A hostile host of that name, whose key the person has accepted."""
    if not os.path.exists(ssh.EVIL_KEY):
        os.makedirs(ssh.FOLDER, exist_ok=True)
        ssh.keygen("-t", "ed25519", "-f", ssh.EVIL_KEY)
    scene.begin(addresses=("127.0.0.1", "127.0.1.1"), config=config)
    scene.laptop.know(name, key=ssh.EVIL_KEY)
    return hostile.Relay(*where, ssh.EVIL_KEY)


@recorded("refused-host-key", "A server on another port that passes on what the real one asks")
def test_refused_by_host_key(scene):
    relay = relay_of(scene, f"[{namespace.HOST}]:2222", "127.0.1.1", 2222)
    try:
        scene.recording.say(
            f"Port 2222 of {namespace.HOST} is somebody else's, who is hostile: it signs in to\n"
            "port 22 as alice and passes the request on that it gets there. Its host key is not\n"
            "one of those that the request names.")
        child = scene.types("passkey-ssh -o NumberOfPasswordPrompts=1 -p 2222 "
                            f"alice@{namespace.HOST} id -un")
        child.expect("Recovery code.*: ")
        scene.answers(child, "", "nothing, and presses Enter")
        wait_end(child)
        assert not any(relay.stolen) and not scene.key.info()["touch_wanted"]
    finally:
        relay.close()
    scene.finish()


@recorded("refused-origin", "A host that passes on what another host asks")
def test_refused_by_origin(scene):
    relay, hosts = None, open("/etc/hosts", encoding="ascii").read()
    namespace.write("/etc/hosts", hosts + f"{ssh.EVIL_ADDRESS} {ssh.EVIL}\n")
    try:
        relay = relay_of(scene, ssh.EVIL, ssh.EVIL_ADDRESS, 22,
                         config="[rp default]\nssh-host-keys = /none\n")
        command = f"passkey-ssh -o NumberOfPasswordPrompts=1 alice@{ssh.EVIL} id -un"
        scene.recording.say(
            f"The host {ssh.EVIL} is hostile: it signs in to {namespace.HOST} as alice\n"
            "and passes the request on that it gets there. The latter does not know its own host\n"
            "keys, or this would be refused at once.")
        child = scene.types(command)
        child.expect(r"\(yes/no\)\? ?")
        scene.answers(child, "no")
        child.expect("Recovery code.*: ")
        scene.answers(child, "", "nothing, and presses Enter")
        wait_end(child)
        assert not any(relay.stolen)
        scene.recording.say(
            "Even if the person says yes, the answer opens nothing: the origin of the\n"
            f"host they connected to is signed, and {namespace.HOST} refuses it.")
        child = scene.types(command)
        child.expect(r"\(yes/no\)\? ?")
        scene.answers(child, "yes")
        scene.touch(child)
        assert wait_end(child) == 255
        assert relay.inside is False and any(relay.stolen)
        scene.recording.say(f"What {namespace.HOST} logged:")
        line = scene.machine.syslog.wait("refused, origin-mismatch", facility=parts.AUTHPRIV)
        scene.recording.screen().write(line.partition(": ")[2] + "\n")
    finally:
        if relay:
            relay.close()
        namespace.write("/etc/hosts", hosts)
    scene.finish()


@recorded("login-password", "Signing in without the key, by the password that PAM asks for next")
def test_fallback_password(scene):
    scene.begin(stack=FALLBACK)
    scene.key.unplug()
    child = scene.types(f"passkey-ssh alice@{namespace.HOST} id -un")
    child.expect("(?i)insert your security key[^\n]*\n")
    child.expect(ENTER)
    scene.recording.acts("presses Ctrl-C")
    child.sendintr()
    wait_end(child)
    scene.recording.say("With ssh itself, Enter goes on without a passkey:")
    child = scene.types("ssh -o PreferredAuthentications=keyboard-interactive "
                        f"alice@{namespace.HOST} id -un")
    child.expect("passkey[12]:[^\n]*\n")
    scene.recording.acts("presses Enter")
    child.sendline("")
    child.expect("(?i)recovery code[^\n]*: ?")
    scene.recording.acts("presses Enter")
    child.sendline("")
    child.expect("Password: ")
    scene.answers(child, namespace.password("alice"), "the password")
    assert wait_end(child) == 0
    scene.finish()


def by_paste(scene, host, question=None):
    """What the host's terminal asks is answered in another one of the laptop."""
    host.expect(r"(passkey[12]:\S+)\r\n")
    request = host.match.group(1)
    if question:
        host.expect(question)
    scene.recording.acts("copies that line")
    laptop = scene.types("passkey-askpass --host " + namespace.HOST)
    laptop.expect("Paste[^\n]*\n")
    scene.recording.acts("pastes it")
    laptop.sendline(request)
    scene.touch(laptop)
    laptop.expect(parts.pexpect.EOF)
    answers = re.findall(r"^passkey1[:/]\S+", laptop.before, re.MULTILINE)
    assert answers, laptop.before
    scene.recording.acts("copies what it printed, and pastes it at the host")
    for number, answer in enumerate(answers):
        if number:
            host.expect(r"passkey[12]:\S+\r\n")
        host.sendline(answer)


@recorded("enroll-paste", "Enrolling the laptop's key at a remote host, by copy and paste")
def test_enrol_by_paste(scene):
    scene.begin(enrolled=False)
    scene.plain_key()
    host = scene.types(f"ssh -t alice@{namespace.HOST} passkey-enroll --name laptop")
    host.expect("(?i)password: ")
    scene.answers(host, namespace.password("alice"), "alice's password")
    by_paste(scene, host)
    assert wait_end(host) == 0
    scene.finish()


@recorded("enroll", "Enrolling the laptop's key at a remote host")
def test_enrol_by_passkey_ssh(scene):
    scene.begin(enrolled=False)
    scene.plain_key()
    child = scene.types(f"passkey-ssh --enroll alice@{namespace.HOST}")
    child.expect("(?i)password: ")
    scene.answers(child, namespace.password("alice"), "alice's password")
    scene.touch(child)
    assert wait_end(child) == 0
    child = scene.types(f"passkey-ssh -o PreferredAuthentications=keyboard-interactive "
                        f"alice@{namespace.HOST} id -un")
    scene.touch(child)
    assert wait_end(child) == 0
    scene.finish()


@recorded("sudo-paste", "sudo on a remote host without an agent, by copy and paste")
def test_sudo_by_paste(scene):
    scene.begin()
    scene.plain_key()
    ssh.keep_environment()
    host = scene.types(f"ssh -t alice@{namespace.HOST} sudo -u bob id -un")
    by_paste(scene, host, "Answer:")
    assert wait_end(host) == 0
    os.unlink("/etc/sudoers.d/passkey")
    scene.finish()


@recorded("sudo-agent", "sudo on a remote host, by the security key in the laptop's ssh-agent")
def test_sudo_by_agent(scene):
    scene.begin(enrolled=False)
    scene.plain_key()
    ssh.keep_environment()
    sk = ssh.SkKey(scene.laptop)
    agent = ssh.Agent(scene.laptop, sk)
    scene.recording.say(
        "The laptop's ssh-agent has a security key; its private half is in the key.")
    agent.add(sk.keygen("id_ed25519_sk"))
    sk.decide()
    variables = agent.environment()

    def touch(child):
        child.expect("(?i)touch your security key[^\n]*\n")
        child.expect(ENTER)
        operation = sk.operation()
        scene.recording.acts("touches the key")
        operation.touch()

    scene.recording.say("Once, at the host: enrol it. A touch proves that it is there.")
    child = scene.types(f"ssh -A -t alice@{namespace.HOST} passkey-enroll --agent", **variables)
    child.expect("(?i)password: ")
    scene.answers(child, namespace.password("alice"), "alice's password")
    touch(child)
    assert wait_end(child) == 0
    scene.recording.say("From then on each command wants a touch.")
    child = scene.types(f"ssh -A -t alice@{namespace.HOST} sudo -u bob id -un", **variables)
    touch(child)
    assert wait_end(child) == 0
    sk.close()
    os.unlink("/etc/sudoers.d/passkey")
    scene.finish()
