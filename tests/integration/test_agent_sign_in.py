# SPDX-License-Identifier: BSD-2-Clause
"""The real sudo with an ssh-agent, correct or faulty (enrolments: test_agent_enroll.py)."""

import json
import os
import shutil
import signal
import socket
import struct
import threading

import dbus
import pytest

import machine as parts
import namespace
import software_agent
import ssh
from apps import Su, Sudo, refuses
from faulty_agent import SAYS, WHEN_LISTING, WHEN_SIGNING, hang_up, hang_up_on_all
from software_agent import AT, ED, FAILURE, UP, UV, Key

SOCKET = namespace.SCRATCH + "/agent"
SUDOERS = "/usr/share/doc/passkeyd/examples/sudoers.d/passkey"
THROUGH = r"\(through your ssh-agent\)"
CODE = "Recovery code"


class SuBob(Su):
    """alice, with the agent, wants to become bob."""
    caller = "alice"


class AgentSudo(Sudo):
    """sudo, with whatever SSH_AUTH_SOCK says."""

    approving = Sudo.approving.replace("key ", "key " + THROUGH + " ")


@pytest.fixture
def sudoers():
    with open("/etc/sudoers", encoding="ascii") as file:
        before = file.read()
    shutil.copy(SUDOERS, "/etc/sudoers.d/passkey")
    os.chmod("/etc/sudoers.d/passkey", 0o440)
    namespace.write("/etc/sudoers", before + "@includedir /etc/sudoers.d\n", 0o440)
    yield
    namespace.write("/etc/sudoers", before, 0o440)
    os.unlink("/etc/sudoers.d/passkey")


@pytest.fixture
def agent(machine):
    agent = software_agent.Agent(SOCKET, "alice")
    yield agent
    agent.close()


def enrolled(machine, key, user="alice", **options):
    """As a public key: nothing has been signed yet."""
    machine.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", user, "ssh", key.line,
                           parts.vardict(options))
    return key


@pytest.fixture
def key(machine, agent, sudoers):
    key = enrolled(machine, Key())
    agent.keys = [key]
    return key


def descriptor(agent):
    return dbus.types.UnixFd(agent.connect(), variant_level=1)


def sudo(machine, agent):
    return AgentSudo(machine, **agent.environment())


def restart(machine, config):
    machine.configure(config)
    machine.kill_daemon(signal.SIGTERM)


@pytest.mark.real_programs
@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_sudo(machine, agent, sudoers, kind):
    key = enrolled(machine, Key(kind))
    agent.keys = [Key(), key, Key(kind)]
    for _ in range(2):
        running = sudo(machine, agent)
        running.child.expect(running.approving)
        assert running.accepted(), running.screen
    assert machine.results() == [("sudo", "alice", "success")] * 2
    assert len(agent.signed) == 2
    machine.syslog.wait(r'sign-in of alice \(default\): ok, passkey "alice@laptop" \[.*\], '
                        r'user present, by uid 0 .*, \{"act":"authenticate",'
                        r'"command":"\S*sudo -u bob id -un","host":"web1"',
                        facility=parts.AUTHPRIV)


def test_the_readme_has_the_sudoers_line():
    with open(SUDOERS, encoding="ascii") as file:
        line = file.read().splitlines()[-1]
    with open(os.path.join(os.path.dirname(__file__), "../../README.md"), encoding="utf-8") as file:
        assert line in [each.strip() for each in file] and line.startswith("Defaults env_keep")


@pytest.mark.real_programs
def test_without_the_sudoers_line(machine, agent):
    agent.keys = [enrolled(machine, Key())]
    refuses(machine, sudo(machine, agent), "authinfo_unavail", "")
    assert not agent.connections


@pytest.mark.real_programs
@pytest.mark.parametrize("options", ["methods=local,recovery", "methods=local"])
def test_a_service_without_the_agent_method(machine, agent, key, options):
    namespace.write("/etc/pam.d/sudo", namespace.service(options))
    refuses(machine, sudo(machine, agent), "authinfo_unavail", "")
    assert not agent.connections and key
    namespace.write("/etc/pam.d/sudo", namespace.service())


@pytest.mark.real_programs
def test_su(machine, agent):
    """su keeps the caller's environment by itself; the key is that of whom she wants to become."""
    agent.keys = [enrolled(machine, Key(), user="bob")]
    running = SuBob(machine, **agent.environment())
    running.child.expect(SuBob.approving.replace("key ", "key " + THROUGH + " "))
    assert running.accepted(), running.screen
    assert machine.results() == [("su", "bob", "success")]


@pytest.mark.real_programs
def test_over_ssh(machine, keys, agent, key):
    """In a remote session the key that is plugged in here is not touched."""
    blue = keys.add("blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    blue.set(touch="wait")
    running = AgentSudo(machine, SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22",
                        **agent.environment())
    assert running.accepted(), running.screen
    assert not blue.info()["touch_wanted"] and key
    machine.syslog.wait(r'"rhost":"192\.0\.2\.7"', facility=parts.AUTHPRIV)


@pytest.mark.real_programs
def test_local_key_comes_before_the_agent(machine, keys, agent, key):
    blue = keys.add("blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    assert sudo(machine, agent).accepted()
    assert not agent.signed and key and blue


@pytest.mark.real_programs
def test_next_key_when_the_first_is_refused(machine, agent, key):
    """Two are enrolled and in the agent; it signs with the one that is there."""
    other = enrolled(machine, Key("ecdsa-sk"), name="green")
    agent.keys = [key, other]
    honest = agent.sign
    agent.sign = lambda connection, blob, data: (
        honest(connection, blob, data) if blob == other.blob else bytes([FAILURE]))
    running = sudo(machine, agent)
    running.child.expect('Touch your security key "alice@laptop" ' + THROUGH + " for what")
    running.child.expect('Touch your security key "green" ' + THROUGH + " for what")
    assert running.accepted(), running.screen
    assert len(agent.signed) == 2 and agent.signed[0] == agent.signed[1]


@pytest.mark.real_programs
def test_every_signature_is_over_a_new_challenge(machine, agent, key):
    for _ in range(3):
        assert sudo(machine, agent).accepted()
    assert len(set(agent.signed)) == 3 and key


# An agent that is gone, silent, slow, or does not keep to the protocol


def falls_back_to_a_recovery_code(machine, agent, why):
    """The reason, for the person and in the log; then the next method, which works."""
    codes = machine.recovery_codes("alice")
    if "timeout" in why:
        restart(machine, "[authenticator]\ntouch-timeout = 5\n")
    since = machine.syslog.mark()
    conversation = machine.connect().authenticate("alice", agent=descriptor(agent))
    errors = []
    while (step := conversation.next())[0] != "ask-secret":
        if step[0] == "error":
            errors.append((step[2]["reason"], step[1]))
        assert step[0] != "done", step
    says_so = SAYS.get(why, "Your ssh-agent did not answer properly.")
    assert errors[0] == (why, says_so), errors
    machine.syslog.wait(rf"ssh-agent.*: {why} \(", since, facility=parts.AUTHPRIV)
    agent.wait_hang_up()  # nothing more will be asked of it
    assert conversation.next(secret=parts.secret(codes[0]))[2]["result"] == "ok"


@pytest.mark.parametrize("lie", WHEN_LISTING)
def test_faulty_key_lists(machine, agent, key, lie):
    agent.list, why = WHEN_LISTING[lie]
    falls_back_to_a_recovery_code(machine, agent, why)
    assert not agent.signed and key


@pytest.mark.parametrize("lie", WHEN_SIGNING)
def test_no_signature(machine, agent, key, lie):
    make, why = WHEN_SIGNING[lie]
    agent.sign = lambda connection, blob, data: make(connection)
    falls_back_to_a_recovery_code(machine, agent, why)
    assert len(agent.signed) == 1 and key


@pytest.mark.real_programs
def test_recovery_code_after_a_refused_signature(machine, agent, key):
    """The same on a terminal."""
    codes = machine.recovery_codes("alice")
    agent.sign = lambda connection, blob, data: bytes([FAILURE])
    running = sudo(machine, agent)
    running.child.expect(CODE)
    assert SAYS["operation-denied"] in running.screen
    running.child.sendline(codes[0])
    assert running.accepted(), running.screen
    assert key


@pytest.mark.real_programs
def test_no_method_after_the_agent(machine, agent, key):
    """Without another method it ends here, and the person has read why."""
    agent.sign = lambda connection, blob, data: hang_up(connection)
    refuses(machine, sudo(machine, agent), "authinfo_unavail", "Your ssh-agent is gone.")
    assert key


@pytest.mark.real_programs
def test_agent_closed_while_waiting(machine, agent, key):
    agent.sign = lambda connection, blob, data: b""
    running = sudo(machine, agent)
    agent.wait_sign()
    agent.close()
    refuses(machine, running, "authinfo_unavail", "Your ssh-agent is gone.")
    assert key


@pytest.mark.real_programs
def test_ctrl_c_while_waiting(machine, agent, key):
    agent.sign = lambda connection, blob, data: b""
    running = sudo(machine, agent)
    agent.wait_sign()
    running.child.sendintr()
    assert running.end() == 1
    assert machine.results() == [("sudo", "alice", "conv_err")] and key
    agent.wait_hang_up()  # the daemon has closed the connection


# A bad signature ends the attempt; no other method follows.


LIES = {
    "another-key": (lambda key, data: Key().sign(data), "signature-invalid"),
    "another-kind": (lambda key, data: Key("ecdsa-sk").sign(data), "signature-malformed"),
    "another-message": (lambda key, data: key.sign(data + b"."), "signature-invalid"),
    "another-application": (lambda key, data: key.sign(data, application=b"ssh:x"),
                            "signature-invalid"),
    "untouched": (lambda key, data: key.sign(data, flags=0), "user-not-present"),
    "only-verified": (lambda key, data: key.sign(data, flags=UV), "user-not-present"),
    "attested-data": (lambda key, data: key.sign(data, flags=UP | AT), "attested-data-unexpected"),
    "extensions": (lambda key, data: key.sign(data, flags=UP | ED), "extension-unsolicited"),
    "reserved": (lambda key, data: key.sign(data, flags=UP | 0x20), "protocol"),
    "backup-eligible": (lambda key, data: key.sign(data, flags=UP | 0x08), "protocol"),
    "touch-made-up": (lambda key, data: key.sign(data, flags=0)[:-5] + b"\x01" +
                      struct.pack(">I", key.counter), "signature-invalid"),
}


@pytest.mark.real_programs
@pytest.mark.parametrize("lie", LIES)
def test_bad_signatures(machine, agent, key, lie):
    machine.recovery_codes("alice")
    make, why = LIES[lie]
    agent.sign = lambda connection, blob, data: agent.signature(make(key, data))
    running = sudo(machine, agent)
    refuses(machine, running, "auth_err", "answer was not accepted|without a touch|protocol")
    assert CODE not in running.screen
    machine.syslog.wait(rf"sign-in of alice \(default\): refused, {why} ", facility=parts.AUTHPRIV)


@pytest.mark.real_programs
def test_replayed_signature(machine, agent, key):
    assert sudo(machine, agent).accepted()
    old = key.sign(agent.signed[0])
    agent.sign = lambda connection, blob, data: agent.signature(old)
    running = sudo(machine, agent)
    assert running.refused()
    machine.syslog.wait("refused, signature-invalid", facility=parts.AUTHPRIV)


@pytest.mark.real_programs
def test_the_counter(machine, agent, key):
    assert sudo(machine, agent).accepted()
    assert sudo(machine, agent).accepted()
    key.counter = 1
    running = sudo(machine, agent)
    assert running.refused() and "may have been copied" in running.screen
    machine.syslog.wait("refused, counter-regressed", facility=parts.AUTHPRIV)
    key.counter = 0
    restart(machine, "[rp default]\ncounter = log\n")
    assert sudo(machine, agent).accepted()
    machine.syslog.wait("COUNTER WENT BACK", facility=parts.AUTHPRIV)


@pytest.mark.real_programs
def test_user_verification(machine, agent, key):
    restart(machine, "[service sudo]\nuser-verification = required\n")
    running = sudo(machine, agent)
    running.child.expect("ssh-keygen -t ed25519-sk -O verify-required")
    assert running.refused()
    machine.syslog.wait("refused, user-not-verified", facility=parts.AUTHPRIV)
    key.flags = UP | UV
    assert sudo(machine, agent).accepted()
    machine.syslog.wait("user verified", facility=parts.AUTHPRIV)


@pytest.mark.real_programs
def test_key_of_another_account(machine, agent, key):
    """Enrolled, in the agent, but for bob: alice's sudo does not ask for it."""
    agent.keys = [enrolled(machine, Key(), user="bob", name="bobs")]
    refuses(machine, sudo(machine, agent), "authinfo_unavail", "holds none of the security keys")
    assert not agent.signed and key


@pytest.mark.real_programs
def test_two_accounts_with_one_key(machine, agent, key):
    """Each signs in with it, as themselves, and each counts for themselves."""
    enrolled(machine, key, user="bob", name="bobs")
    running = sudo(machine, agent)
    assert running.accepted(), running.screen
    running = SuBob(machine, **agent.environment())
    assert running.accepted(), running.screen
    assert machine.results() == [("sudo", "alice", "success"), ("su", "bob", "success")]
    counts = [json.loads(str(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", user,
                                                    parts.vardict({}))))[0]["signCount"]
              for user in ("alice", "bob")]
    assert counts == [1, 2] and key.counter == 2


@pytest.mark.real_programs
def test_a_key_of_another_application(machine, agent, sudoers):
    """Two applications, two challenges; each key signs its own."""
    work = enrolled(machine, Key(application="ssh:work"), name="work")
    home = enrolled(machine, Key(), name="home")
    for keys in ([home], [work]):
        agent.keys = keys
        assert sudo(machine, agent).accepted()
    assert work.counter == home.counter == 1


# What SSH_AUTH_SOCK may say (test_pam_agent.c: the rest)


@pytest.mark.real_programs
def test_socket_of_another_user(machine, key):
    bobs = software_agent.Agent(SOCKET + ".bob", "bob", key)
    os.chmod(bobs.path, 0o777)
    roots = software_agent.Agent(SOCKET + ".root", "root", key)
    os.chmod(roots.path, 0o777)
    os.symlink(bobs.path, SOCKET + ".link")
    for path in (bobs.path, roots.path, SOCKET + ".link", "/nonexistent", "relative", "",
                 namespace.SCRATCH, "/dev/null", "/" * 4095, parts.SOCKET):
        running = AgentSudo(machine, SSH_AUTH_SOCK=path)
        assert running.refused(), running.screen
    assert not bobs.connections or not bobs.signed
    assert not roots.signed
    assert {result for _, _, result in machine.results()} == {"authinfo_unavail"}
    os.unlink(SOCKET + ".link")
    for each in (bobs, roots):
        each.close()


def test_on_the_bus(machine, agent, key):
    """Without the module: root for alice, alice for herself, and bob not for alice."""
    for caller in ("root", "alice"):
        done = machine.connect(caller).authenticate("alice", agent=descriptor(agent)).run()
        assert (done["result"], done["user"]) == ("ok", "alice")
    machine.connect("bob").fails("AccessDenied", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                                 parts.vardict({"agent": descriptor(agent)}))
    machine.connect().fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                            parts.vardict({"agent": "/tmp/agent"}))
    with open("/dev/null", "rb") as file:
        nothing = dbus.types.UnixFd(file, variant_level=1)
    machine.connect().fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                            parts.vardict({"agent": nothing}))
    left, other = socket.socketpair()
    other.close()
    gone = dbus.types.UnixFd(left, variant_level=1)
    done = machine.connect().authenticate("alice", agent=gone).run()
    assert done["result"] == "unavailable" and key


def test_no_descriptor_is_leaked(machine, agent, key):
    """The daemon's descriptors after sign-ins that succeed, fail, and are interrupted."""
    connection = machine.connect()
    honest = agent.sign
    held = []
    for _ in range(12):
        for sign in (honest, lambda *ignored: agent.signature(Key().sign(b"")), hang_up_on_all):
            agent.sign = sign
            connection.authenticate("alice", agent=descriptor(agent)).run()
            agent.wait_hang_up()
        agent.sign = lambda *ignored: b""
        conversation = connection.authenticate("alice", agent=descriptor(agent))
        assert conversation.next()[0] == "info"
        conversation.cancel()
        agent.wait_hang_up()
        connection.enroll("alice", agent=descriptor(agent)).run()
        agent.wait_hang_up()
        held.append(parts.kept_descriptors(machine.daemon_pid()))
    assert len(held[1]) == len(held[-1]) and key, (held[1], held[-1])


@pytest.mark.real_programs
def test_concurrent_sign_ins(machine, agent, key):
    """Each has a challenge of its own, and none waits for another's touch."""
    gate, lock = threading.Event(), threading.Lock()

    def sign(connection, blob, data):
        del connection, blob
        gate.wait(parts.PATIENCE)
        with lock:
            return agent.signature(key.sign(data, counter=0))

    agent.sign = sign
    restart(machine, "[rp default]\ncounter = log\n")
    running = [sudo(machine, agent) for _ in range(10)]
    for _ in running:
        agent.wait_sign()
    gate.set()
    assert all(each.accepted() for each in running)
    assert len(set(agent.signed)) == 10


@pytest.mark.real_programs
@pytest.mark.parametrize("kind", ["ecdsa-sk", "ed25519-sk"])
def test_the_real_ssh_agent(machine, sudoers, kind):
    """Touched, not touched, and without the key plugged in."""
    os.makedirs(ssh.FOLDER, exist_ok=True)
    if not os.path.exists(ssh.HOST_KEY):
        ssh.keygen("-t", "ed25519", "-f", ssh.HOST_KEY)
    laptop = ssh.Laptop(machine, user="alice")
    sk = ssh.SkKey(laptop)
    path = sk.keygen("id", kind)
    agent = ssh.Agent(laptop, sk)
    agent.add(path)
    done = machine.run_as("root", ["passkeyctl", "import", "ssh", path + ".pub", "--user", "alice"])
    assert done.returncode == 0, done.stderr
    sk.decide()
    for words, accepted in (("touch", True), ("touch", True), ("touch flags=0", False),
                            ("lost", False), ("touch forge", False)):
        running = sudo(machine, agent)
        operation = sk.operation()
        assert (operation.verb, operation.application) == ("sign", "ssh:")
        running.child.expect(running.approving)
        operation.answer(words)
        assert running.accepted() if accepted else running.refused(), running.screen
