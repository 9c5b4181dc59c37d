# SPDX-License-Identifier: BSD-2-Clause
"""sudo on the remote host, approved by a security key that only the laptop's ssh-agent knows.

The real ssh -A, sshd, sudo and ssh-agent; the key is tests/lib/sk_provider.c.
"""

import os
import re
import socket
import struct
import threading

import pexpect
import pytest

import machine as parts
import ssh

pytestmark = pytest.mark.real_programs

SUDO = ["sudo", "-u", "bob", "id", "-un"]
TOUCH = (r"Touch your security key \(through your ssh-agent\) for what alice typed on web1: "
         r"\S*sudo -u bob id -un")
REFUSED = r"sign-in of alice \(default\): refused, "


class Scene:
    """alice is logged in from the laptop, her agent forwarded; sudo asks for a passkey."""

    def __init__(self, machine, config=""):
        self.machine = machine
        machine.configure(config)
        ssh.keep_environment()
        self.server = ssh.Server(machine)
        self.laptop = ssh.Laptop(machine)
        self.sk = ssh.SkKey(self.laptop)
        self.agent = ssh.Agent(self.laptop, self.sk)
        plain = self.laptop.home + "/.ssh/plain"
        ssh.keygen("-t", "ed25519", "-f", plain, preexec_fn=self.laptop.change())
        ssh.Laptop(machine, user="alice").write(".ssh/authorized_keys", self.laptop.read(
            ".ssh/plain.pub"))
        self.plain = plain

    def new_key(self, name, kind="ed25519-sk", *options):
        """In the agent; its public line."""
        self.agent.add(self.sk.keygen(name, kind, *options))
        return self.laptop.read(f".ssh/{name}.pub")

    def enrol(self, line, user="alice"):
        """By an administrator, from the public key."""
        self.machine.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", user, "ssh", line,
                                    parts.vardict({}))

    def run(self, command=None, agent=None, *options):
        """A command of alice on the host, on a terminal of the laptop."""
        agent = agent or self.agent
        return self.laptop.terminal(
            ["ssh", *agent.options, "-tt", "-o", "IdentitiesOnly=yes", "-i", self.plain, *options,
             "alice@127.0.0.1", *(command or SUDO)], **agent.environment())

    def operation(self, child):
        """Waits until the key is to be touched."""
        try:
            return self.sk.operation()
        except TimeoutError:
            child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=0.1)
            raise AssertionError(child.before + self.machine.syslog.text()) from None

    def logged(self, pattern, since=0):
        return self.machine.syslog.wait(pattern, since, parts.AUTHPRIV)

    def results(self):
        return [result for *_, result in self.machine.results()]


@pytest.fixture
def scene(machine):
    scene = Scene(machine)
    yield scene
    scene.sk.close()
    os.unlink("/etc/sudoers.d/passkey")


@pytest.fixture(params=["ecdsa-sk", "ed25519-sk"])
def enrolled(scene, request):
    scene.enrol(scene.new_key("id", request.param))
    scene.sk.decide()
    return scene


@pytest.fixture
def one(scene):
    """As enrolled, with one kind of key."""
    scene.enrol(scene.new_key("id"))
    scene.sk.decide()
    return scene


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def refused(scene, child, reason):
    status, shown = end(child)
    assert status == 1 and "bob" not in shown.splitlines(), shown
    assert scene.results()[-1] in ("auth_err", "authinfo_unavail"), (shown, scene.results())
    line = scene.logged(REFUSED)
    assert re.search(f"refused, ({reason}) ", line), line
    return shown


def test_touch_per_command(enrolled):
    for number in (1, 2):
        child = enrolled.run()
        operation = enrolled.operation(child)
        assert (operation.verb, operation.flags, operation.application) == ("sign", 1, "ssh:")
        child.expect(TOUCH)
        assert child.isalive() and len(enrolled.results()) == number - 1
        operation.touch()
        status, shown = end(child)
        assert status == 0 and "bob" in shown.splitlines(), shown
        assert enrolled.results() == ["success"] * number
    line = enrolled.logged(r"sign-in of alice \(default\): ok")
    for part in ('"service":"sudo"', '"command":"sudo -u bob id -un"', '"rhost":"127.0.0.1"'):
        assert part in line, line


def test_not_without_the_sudoers_line(one):
    ssh.keep_environment(False)
    child = one.run()
    refused(one, child, "unavailable|no-credentials")
    assert not one.sk.asked()


def test_the_touch_is_refused(one):
    child = one.run()
    one.operation(child).answer("refuse")
    shown = refused(one, child, "[a-z-]+")
    assert "agent" in shown


@pytest.mark.parametrize("lie,reason", [("touch forge", "signature-invalid"),
                                        ("touch flags=0", "user-not-present")])
def test_the_key_lies(enrolled, lie, reason):
    child = enrolled.run()
    enrolled.operation(child).answer(lie)
    refused(enrolled, child, reason)


@pytest.mark.parametrize("flags", ["0x41", "0x81", "0xc1", "0x03", "0x09", "0x11"])
def test_flags_that_a_security_key_of_ssh_never_has(one, flags):
    child = one.run()
    one.operation(child).answer("touch flags=" + flags)
    refused(one, child, "[a-z-]+")


def test_counter_going_back(one):
    child = one.run()
    one.operation(child).answer("touch counter=7")
    assert end(child)[0] == 0
    child = one.run()
    one.operation(child).answer("touch counter=7")
    refused(one, child, "counter-regressed")


def test_user_verification_by_policy(machine, scene):
    scene.enrol(scene.new_key("id"))
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon()
    scene.sk.decide()
    child = scene.run()
    scene.operation(child).answer("touch flags=1")
    refused(scene, child, "user-not-verified")
    child = scene.run()
    scene.operation(child).answer("touch flags=5")
    assert end(child)[0] == 0
    assert "user verified" in scene.logged(r"sign-in of alice .*: ok")


def test_another_key(one):
    """The agent holds an sk key that is not enrolled, and one of another account; none is asked."""
    one.agent.remove_all()
    one.sk.at_once()
    one.new_key("other")
    one.enrol(one.new_key("bobs", "ecdsa-sk"), "bob")
    one.sk.decide()
    child = one.run()
    refused(one, child, "[a-z-]+")
    assert not one.sk.asked()


def test_the_enrolled_one_is_picked(one):
    one.sk.at_once()
    one.new_key("other")
    one.new_key("third", "ecdsa-sk")
    one.sk.decide()
    child = one.run()
    one.operation(child).touch()
    assert end(child)[0] == 0
    assert not one.sk.asked()


def test_the_second_key_when_the_first_is_not_there(one):
    """Two enrolled, one plugged in."""
    one.sk.at_once()
    one.enrol(one.new_key("second", "ecdsa-sk"))
    one.sk.decide()
    child = one.run()
    first = one.operation(child)
    first.answer("lost")
    second = one.operation(child)
    assert {first.algorithm, second.algorithm} == {0, 1}
    second.touch()
    assert end(child)[0] == 0


def test_the_agent_is_gone(one):
    child = one.run(["sh", "-c", "'echo ready; read line; sudo -u bob id -un'"])
    child.expect("ready")
    one.agent.stop()
    child.sendline("")
    refused(one, child, "[a-z-]+")


def test_the_agent_goes_while_it_is_asked(one):
    child = one.run()
    one.operation(child)
    one.agent.stop()
    refused(one, child, "[a-z-]+")


def test_the_connection_goes_while_it_is_asked(one):
    child = one.run()
    operation = one.operation(child)
    child.close(force=True)
    one.logged("cancelled|refused")
    operation.touch()
    assert "success" not in one.results()


def test_not_touched_in_time(one):
    one.machine.configure("[authenticator]\ntouch-timeout = 5\n")
    one.machine.kill_daemon()
    child = one.run()
    operation = one.operation(child)
    refused(one, child, "touch-timeout|timeout")
    operation.touch()  # too late for anything


def test_a_confined_agent_key(one):
    """ssh-add -h: such a key signs logins only; the person is told that it was refused."""
    one.agent.remove_all()
    done = one.laptop.run(["ssh-add", "-q", "-h", "127.0.0.1", "-S", ssh.PROVIDER,
                           one.laptop.home + "/.ssh/id"], one.agent.environment())
    assert done.returncode == 0, done.stderr
    child = one.run()
    refused(one, child, "[a-z-]+")


def test_no_key_of_the_host_is_touched(machine, keys):
    """An enrolled key that is plugged into the host is not touched while alice is elsewhere."""
    local = keys.add("blue")
    machine.enrol("alice", "blue")
    local.set(touch="wait")
    scene = Scene(machine)
    child = scene.run()
    child.expect("passkey[12]:")
    child.sendline("")
    refused(scene, child, "[a-z-]+")
    assert not local.info()["touch_wanted"]
    os.unlink("/etc/sudoers.d/passkey")


# --- a faulty agent ----------------------------------------------------------------------

REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE, FAILURE = 11, 12, 13, 14, 5


def string(data):
    return struct.pack(">I", len(data)) + data


def frame(kind, data=b""):
    return string(bytes([kind]) + data)


class FalseAgent:
    """At the laptop, behind ssh -A; the test decides what it says."""

    def __init__(self, scene, blobs, signed):
        """blobs: the keys it lists. signed(request): the bytes of its answer; None: no answer."""
        self.agent = scene.agent
        self.path = scene.laptop.runtime + "/false-agent"
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(8)
        self.blobs, self.signed = blobs, signed
        # ssh itself does not ask it but the real one, so that only the host gets its false answers.
        self.options = ("-o", "ForwardAgent=" + self.path)
        self.asked = []
        self.event = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def environment(self):
        return self.agent.environment()

    def _serve(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        stream = connection.makefile("rb")
        while True:
            try:
                head = stream.read(4)
            except ConnectionResetError:
                return
            if len(head) < 4:
                return
            body = stream.read(struct.unpack(">I", head)[0])
            if body[0] == REQUEST_IDENTITIES:
                answer = self.blobs if isinstance(self.blobs, bytes) else frame(
                    IDENTITIES_ANSWER, struct.pack(">I", len(self.blobs)) +
                    b"".join(string(blob) + string(b"key") for blob in self.blobs))
            elif body[0] == SIGN_REQUEST:
                self.asked.append(body)
                self.event.set()
                answer = self.signed(body)
            else:
                answer = frame(FAILURE)
            if answer is None:
                continue
            try:
                connection.sendall(answer)
            except OSError:
                return


def blob_of(line):
    import base64
    return base64.b64decode(line.split()[1])


def ed25519_signature(data=bytes(64), flags=1, counter=1, kind=b"sk-ssh-ed25519@openssh.com"):
    return string(kind) + string(data) + struct.pack(">BI", flags, counter)


SIGNATURES = {
    "zeros": frame(SIGN_RESPONSE, string(ed25519_signature())),
    "short": frame(SIGN_RESPONSE, string(ed25519_signature(bytes(63)))),
    "another type": frame(SIGN_RESPONSE, string(string(b"ssh-ed25519") + string(bytes(64)))),
    "without flags": frame(SIGN_RESPONSE, string(string(b"sk-ssh-ed25519@openssh.com") +
                                                 string(bytes(64)))),
    "a byte too many": frame(SIGN_RESPONSE, string(ed25519_signature() + b"x")),
    "another answer": frame(IDENTITIES_ANSWER, struct.pack(">I", 0)),
    "an empty frame": struct.pack(">I", 0),
    "a frame too large": struct.pack(">I", 0x7fffffff) + b"x" * 1000,
    "half a frame": struct.pack(">I", 100) + b"x" * 10,
    "nothing": None,
    "failure": frame(FAILURE),
}


def slow_ones(names, slow):
    """Those that take until the deadline."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]


@pytest.mark.parametrize("name", slow_ones(SIGNATURES, ["half a frame"]))
def test_the_agent_lies_about_a_signature(one, name):
    one.machine.configure("[authenticator]\ntouch-timeout = 5\n")
    one.machine.kill_daemon()
    false = FalseAgent(one, [blob_of(one.laptop.read(".ssh/id.pub"))],
                       lambda request: SIGNATURES[name])
    child = one.run(None, false)
    refused(one, child, "[a-z-]+")
    assert len(false.asked) == 1


LISTS = {
    "too many": frame(IDENTITIES_ANSWER, struct.pack(">I", 0xffffffff)),
    "cut": frame(IDENTITIES_ANSWER, struct.pack(">I", 2) + string(b"x")),
    "garbage": frame(IDENTITIES_ANSWER, b"\xff" * 40),
    "a signature": frame(SIGN_RESPONSE, string(ed25519_signature())),
    "failure": frame(FAILURE),
    "too large": struct.pack(">I", 0x7fffffff) + b"x" * 1000,
    "none": frame(IDENTITIES_ANSWER, struct.pack(">I", 0)),
    "text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "trickle": struct.pack(">I", 5),
}


@pytest.mark.parametrize("name", slow_ones(LISTS, ["trickle"]))
def test_the_agent_lies_about_its_keys(one, name):
    one.machine.configure("[authenticator]\ntouch-timeout = 5\n")
    one.machine.kill_daemon()
    false = FalseAgent(one, LISTS[name], lambda request: None)
    child = one.run(None, false)
    refused(one, child, "[a-z-]+")
    assert not false.asked


def test_a_signature_of_another_time(one):
    """An agent that replays what the key once signed."""
    agent_socket = one.agent.socket
    kept = []

    def through(request):
        """Asks the real agent the first time, and gives the same again after that."""
        if not kept:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(agent_socket)
                sock.sendall(string(request))
                stream = sock.makefile("rb")
                head = stream.read(4)
                kept.append(head + stream.read(struct.unpack(">I", head)[0]))
        return kept[0]

    one.sk.at_once()
    false = FalseAgent(one, [blob_of(one.laptop.read(".ssh/id.pub"))], through)
    child = one.run(None, false)
    status, shown = end(child)
    assert status == 0, shown
    child = one.run(None, false)
    refused(one, child, "signature-invalid")


def test_signed_data_has_our_namespace_and_is_new(one):
    """SSHSIG in our own namespace over a hash: nothing that opens an ssh login."""
    false = FalseAgent(one, [blob_of(one.laptop.read(".ssh/id.pub"))],
                       lambda request: frame(FAILURE))
    for _ in range(2):
        end(one.run(None, false))
    signed = []
    for request in false.asked:
        blob = blob_of(one.laptop.read(".ssh/id.pub"))
        assert request[1:].startswith(string(blob))
        rest = request[1 + 4 + len(blob):]
        data = rest[4:4 + struct.unpack(">I", rest[:4])[0]]
        begin = b"SSHSIG" + string(b"passkeyd") + string(b"") + string(b"sha256")
        assert data.startswith(begin), data
        assert rest[4 + len(data):] == bytes(4)
        signed.append(data)
    assert len(set(signed)) == 2


def test_socket_of_another_user(one):
    """A socket of another account is not connected to, whatever its permissions."""
    false = FalseAgent(one, [], lambda request: None)  # root's, and open to all
    os.chmod(one.laptop.runtime, 0o755)
    child = one.run([f"SSH_AUTH_SOCK={false.path}", *SUDO])
    refused(one, child, "[a-z-]+")
