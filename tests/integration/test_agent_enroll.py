# SPDX-License-Identifier: BSD-2-Clause
"""OpenSSH's security keys become passkeys: from an ssh-agent, and as public keys."""

import base64
import datetime
import hashlib
import json
import os

import dbus
import pexpect
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import faulty_agent
import machine as parts
import namespace
import software_agent
from software_agent import AT, ED, UP, UV, Key

SOCKET = namespace.SCRATCH + "/agent"
TOUCH = "Touch your security key (through your ssh-agent) to enrol it for alice on web1"


@pytest.fixture
def agent(machine):
    agent = software_agent.Agent(SOCKET, "alice")
    yield agent
    agent.close()


def descriptor(sock):
    return dbus.types.UnixFd(sock, variant_level=1)


def enroll(machine, sock, user="alice", seen=None, choice=None, **options):
    """done's details; choice: the answer to the question which key is meant."""
    conversation = machine.connect().enroll(user, agent=descriptor(sock), **options)
    answer = {}
    while True:
        kind, text, details = conversation.next(**answer)
        if seen is not None:
            seen.append((kind, text))
        if kind == "done":
            details["text"] = text
            return details
        answer = {"text": choice or ""} if kind == "ask" else {}


def listed(machine, user="alice"):
    return json.loads(str(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", user,
                                                 parts.vardict({}))))


@pytest.mark.parametrize("kind,algorithm", [("ed25519-sk", -8), ("ecdsa-sk", -7)])
def test_a_key_of_the_agent(machine, agent, kind, algorithm):
    key = Key(kind)
    agent.keys = [key]
    seen = []
    done = enroll(machine, agent.connect(), seen=seen)
    assert done["result"] == "ok", seen
    assert seen == [("info", TOUCH), ("done", "Your passkey is enrolled.")]
    row = json.loads(done["credential"])
    assert row == listed(machine)[0]
    assert (row["rpId"], row["name"], row["alg"], row["fmt"], row["signCount"],
            row["transports"], row["discoverable"], row["userVerified"], row["attestationType"]) \
        == ("ssh:", "alice@laptop", algorithm, "none", 1, [], False, False, "None")
    machine.syslog.wait(r'enrolment for alice \(default\): ok, passkey "alice@laptop" \[.*\], '
                        r'user present, by .*, \{"act":"enroll"', facility=parts.AUTHPRIV)


def test_what_is_signed(machine, agent):
    """An SSHSIG blob of our namespace, whose message names the ceremony and this host."""
    agent.keys = [Key()]
    assert enroll(machine, agent.connect())["result"] == "ok"
    blob, = agent.signed
    assert blob.startswith(b"SSHSIG")
    fields, rest = [], blob[6:]
    while rest:
        field, rest = software_agent.take_string(rest)
        fields.append(field)
    assert fields[:3] == [b"passkeyd", b"", b"sha256"]
    assert len(fields) == 4 and len(fields[3]) == 32


def test_choice_among_several_keys(machine, agent):
    keys = [Key(comment="one"), Key("ecdsa-sk", comment="two"), Key(application="ssh:work",
                                                                    comment="")]
    others = [Key(application="https://example.org", comment="web"), Key(comment="held already")]
    agent.keys = [others[1]]
    assert enroll(machine, agent.connect())["result"] == "ok"
    agent.keys = [others[0], keys[0], keys[1], others[1], keys[2], keys[0]]
    seen = []
    done = enroll(machine, agent.connect(), seen=seen, choice="3")
    assert done["result"] == "ok", seen
    question = seen[0][1]
    assert question == ("Your ssh-agent holds several security keys:"
                        f"\n  1  {keys[0].fingerprint} one (ED25519-SK)"
                        f"\n  2  {keys[1].fingerprint} two (ECDSA-SK)"
                        f"\n  3  {keys[2].fingerprint}  (ED25519-SK)"
                        "\nNumber: ")
    row = json.loads(done["credential"])
    assert (row["rpId"], row["name"]) == ("ssh:work", "ssh key")
    assert [key.counter for key in keys] == [0, 0, 1]
    for wrong in ("0", "3", "one", "", "1 ", "-1", "99999999999999999999"):
        done = enroll(machine, agent.connect(), choice=wrong)
        assert done["result"] == "cancelled", wrong
    assert len(listed(machine)) == 2


def test_names(machine, agent):
    """The comment, made unique, or what was asked for."""
    for comment, wished, name in (("desk", None, "desk"), ("desk", None, "desk 2"),
                                  ("desk", "blue", "blue"), ("a\x1b[2Jb\nc", None, "a?[2Jb?c"),
                                  ("\0hidden", None, "ssh key"), ("x" * 5000, None, "x" * 60)):
        agent.keys = [Key(comment=comment)]
        options = {"name": wished} if wished else {}
        done = enroll(machine, agent.connect(), **options)
        assert json.loads(done["credential"])["name"] == name


def test_nothing_to_enrol(machine, agent):
    agent.keys = []
    done = enroll(machine, agent.connect())
    assert done["result"] == "no-match" and "holds no security key" in done["text"]
    agent.keys = [Key(application="web")]
    assert enroll(machine, agent.connect())["result"] == "no-match"
    agent.keys = [Key()]
    assert enroll(machine, agent.connect())["result"] == "ok"
    done = enroll(machine, agent.connect())
    assert (done["result"], done["text"]) == (
        "credential-excluded", "The security keys in your ssh-agent are enrolled already.")


def test_two_accounts_with_one_key(machine, agent):
    """Each has its own row; each has it once, and who removes it removes their own."""
    agent.keys = [Key()]
    rows = []
    for user in ("alice", "bob"):
        done = enroll(machine, agent.connect(), user=user)
        assert done["result"] == "ok", done
        rows.append(json.loads(done["credential"]))
        assert listed(machine, user) == rows[-1:]
        assert enroll(machine, agent.connect(), user=user)["result"] == "credential-excluded"
    assert rows[0]["credentialId"] != rows[1]["credentialId"]
    root = machine.connect()
    root.fails("UnknownCredential", parts.CREDENTIALS, "Remove", "ss", "bob",
               rows[0]["credentialId"])
    root.call(parts.CREDENTIALS, "Remove", "ss", "bob", rows[1]["credentialId"])
    assert listed(machine, "bob") == [] and listed(machine) == rows[:1]


@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_key_already_imported_by_another_account(machine, agent, kind):
    """Public keys are public: importing that of another account neither blocks it nor helps."""
    key = Key(kind)
    imported(machine, key.line, "bob")
    agent.keys = [key]
    assert enroll(machine, agent.connect())["result"] == "ok"
    imported(machine, key.line, "carol")
    assert len(listed(machine)) == 1


def test_credential_id_is_not_derived_from_the_key(machine):
    """It cannot be computed, and so not be taken in advance, and differs from import to import."""
    key = Key()
    taken = base64.urlsafe_b64encode(hashlib.sha256(key.blob).digest()).decode().rstrip("=")
    seen = {taken}
    for _ in range(3):
        row = imported(machine, key.line)
        assert len(base64.urlsafe_b64decode(row["credentialId"] + "=")) == 32
        assert row["credentialId"] not in seen
        seen.add(row["credentialId"])
        machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", row["credentialId"])


def test_imported_while_it_is_being_touched(machine, agent):
    key = Key()
    agent.keys = [key]
    honest = agent.sign

    def sign(connection, blob, data):
        imported(machine, key.line)
        return honest(connection, blob, data)

    agent.sign = sign
    done = enroll(machine, agent.connect())
    assert done["result"] == "exists"
    assert done["text"] == 'This passkey is enrolled already, as "alice@laptop".'
    machine.syslog.wait(r"enrolment for alice \(default\): refused, exists ",
                        facility=parts.AUTHPRIV)
    assert len(listed(machine)) == 1


def test_the_same_point_for_another_application(machine):
    """Is another key: a security key makes one for each application."""
    key = Key()
    imported(machine, key.line)
    key.blob = key.blob[:-8] + software_agent.string(b"ssh:work")
    row = imported(machine, key.line)
    assert row["rpId"] == "ssh:work" and len(listed(machine)) == 2


LIES = {
    "another-key": (lambda key, data: Key(key.kind).sign(data), "signature-invalid"),
    "another-kind": (lambda key, data: Key("ecdsa-sk").sign(data), "signature-malformed"),
    "another-message": (lambda key, data: key.sign(data + b"."), "signature-invalid"),
    "another-application": (lambda key, data: key.sign(data, application=b"ssh:x"),
                            "signature-invalid"),
    "untouched": (lambda key, data: key.sign(data, flags=0), "user-not-present"),
    "attested-data": (lambda key, data: key.sign(data, flags=UP | AT), "attested-data-unexpected"),
    "extensions": (lambda key, data: key.sign(data, flags=UP | ED), "extension-unsolicited"),
    "reserved": (lambda key, data: key.sign(data, flags=UP | 0x02), "protocol"),
    "backup": (lambda key, data: key.sign(data, flags=UP | 0x08), "protocol"),
    "a-bit-flipped": (lambda key, data: key.sign(data)[:-6] + bytes([key.sign(data)[-6] ^ 1]) +
                      key.sign(data)[-5:], "signature-invalid"),
}


@pytest.mark.parametrize("lie", LIES)
def test_bad_signatures(machine, agent, lie):
    key = Key()
    make, why = LIES[lie]
    agent.keys = [key]
    agent.sign = lambda connection, blob, data: agent.signature(make(key, data))
    done = enroll(machine, agent.connect())
    assert done["result"] == why, done
    assert listed(machine) == []
    machine.syslog.wait(rf"enrolment for alice \(default\): refused, {why} ",
                        facility=parts.AUTHPRIV)


@pytest.mark.parametrize("lie", sorted(set(faulty_agent.WHEN_LISTING) - {"slow"}))
def test_faulty_key_lists(machine, agent, lie):
    agent.list, why = faulty_agent.WHEN_LISTING[lie]
    if lie == "other-keys":
        why = "cancelled"  # they could be enrolled: which one is asked for, and not answered
    if why == "timeout":
        machine.configure("[authenticator]\ntouch-timeout = 5\n")
    done = enroll(machine, agent.connect())
    assert done["result"] == why
    agent.wait_hang_up()
    assert listed(machine) == []


@pytest.mark.parametrize("lie", sorted(set(faulty_agent.WHEN_SIGNING) - {"slow"}))
def test_no_signature(machine, agent, lie):
    make, why = faulty_agent.WHEN_SIGNING[lie]
    agent.keys = [Key()]
    agent.sign = lambda connection, blob, data: make(connection)
    if "timeout" in why:
        machine.configure("[authenticator]\ntouch-timeout = 5\n")
    done = enroll(machine, agent.connect())
    assert (done["result"], done["text"]) == (
        why, faulty_agent.SAYS.get(why, "Your ssh-agent did not answer properly."))
    agent.wait_hang_up()
    assert listed(machine) == []


def test_user_verification(machine, agent):
    machine.configure("[rp default]\nuser-verification = required\n")
    key = Key()
    agent.keys = [key]
    done = enroll(machine, agent.connect())
    assert done["result"] == "user-not-verified"
    assert "ssh-keygen -t ed25519-sk -O verify-required" in done["text"]
    key.flags = UP | UV
    done = enroll(machine, agent.connect())
    assert done["result"] == "ok" and json.loads(done["credential"])["userVerified"]


def anchor():
    """A certificate authority; which one does not matter."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anchor")])
    certificate = x509.CertificateBuilder(
        name, name, private.public_key(), 1, datetime.datetime(2020, 1, 1),
        datetime.datetime(2050, 1, 1)).sign(private, hashes.SHA256())
    namespace.write("/etc/passkey/anchors/anchor.pem",
                    certificate.public_bytes(serialization.Encoding.PEM).decode())


@pytest.mark.parametrize("config,why", [
    ("require-trusted-attestation = yes\ntrust-anchors = /etc/passkey/anchors",
     "attestation-untrusted"),
    ("aaguid-allow = 01020304-0506-0708-0102-030405060708", "aaguid-not-allowed"),
    ("aaguid-deny = 00000000-0000-0000-0000-000000000000", "aaguid-denied"),
    ("resident-key = required", "resident-key-missing"),
    ("algorithms = ES256", "algorithm-not-offered"),
])
def test_policies_that_such_keys_cannot_meet(machine, agent, config, why):
    anchor()
    machine.configure(f"[rp default]\n{config}\n")
    agent.keys = [Key()]
    done = enroll(machine, agent.connect())
    assert done["result"] == why, done
    message = machine.connect().fails("VerificationFailed", parts.CREDENTIALS, "Import", "sssa{sv}",
                                      "alice", "ssh", Key().line, parts.vardict({}))
    assert done["text"] in message
    assert listed(machine) == []


def test_descriptors_that_are_no_agent(machine, agent):
    datagrams = software_agent.socket.socketpair(software_agent.socket.AF_UNIX,
                                                 software_agent.socket.SOCK_DGRAM)
    packets = software_agent.socket.socketpair(software_agent.socket.AF_UNIX,
                                               software_agent.socket.SOCK_SEQPACKET)
    internet = software_agent.socket.create_server(("127.0.0.1", 0))
    connected = software_agent.socket.create_connection(internet.getsockname())
    unconnected = software_agent.socket.socket(software_agent.socket.AF_UNIX)
    pipe = os.pipe()
    for each in (datagrams[0], packets[0], unconnected, agent.listener):
        done = enroll(machine, each)
        assert done["result"] == "invalid-input", each
    for each in (internet, connected):  # what lingers is not taken at all
        with pytest.raises(dbus.DBusException) as refused:
            enroll(machine, each)
        assert refused.value.get_dbus_name().endswith("InvalidArguments"), each
    for number in pipe:
        assert enroll(machine, number)["result"] == "invalid-input"
        os.close(number)
    gone = software_agent.socket.socketpair()
    gone[1].close()
    done = enroll(machine, gone[0])
    assert (done["result"], done["text"]) == ("unavailable", "Your ssh-agent is gone.")


def imported(machine, line, user="alice", **options):
    return json.loads(str(machine.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", user,
                                                 "ssh", line, parts.vardict(options))))


def test_import(machine):
    key = Key("ecdsa-sk", comment="desk at home")
    row = imported(machine, key.line)
    assert row == listed(machine)[0]
    assert (row["rpId"], row["name"], row["signCount"], row["userVerified"]) \
        == ("ssh:", "desk at home", 0, False)
    machine.syslog.wait(r'enrolment for alice \(default\): ok, passkey "desk at home" \[.*\], '
                        r'imported, ', facility=parts.AUTHPRIV)
    root = machine.connect()
    for name, data, options in (
            ("AlreadyEnrolled", key.line, {}), ("AlreadyEnrolled", key.line, {"name": "other"}),
            ("NameTaken", Key().line, {"name": "desk at home"}),
            ("InvalidArguments", Key().line, {"name": ""}),
            ("InvalidArguments", Key().line, {"comment": "x"}),
            ("UnknownRelyingParty", Key().line, {"rp": "nowhere"}),
            ("InvalidArguments", "", {}), ("InvalidArguments", "ssh-ed25519 AAAA", {}),
            ("InvalidArguments", "no-touch-required " + Key().line, {}),
            ("InvalidArguments", Key().line[:-30], {}),
            ("VerificationFailed", Key(application="web").line, {})):
        root.fails(name, parts.CREDENTIALS, "Import", "sssa{sv}", "alice", "ssh", data,
                   parts.vardict(options))
    root.fails("InvalidArguments", parts.CREDENTIALS, "Import", "sssa{sv}", "alice", "pam-u2f",
               Key().line, parts.vardict({}))
    root.fails("UnknownUser", parts.CREDENTIALS, "Import", "sssa{sv}", "nobody-there", "ssh",
               Key().line, parts.vardict({}))
    machine.connect("bob").fails("AccessDenied", parts.CREDENTIALS, "Import", "sssa{sv}", "alice",
                                 "ssh", Key().line, parts.vardict({}))
    assert len(listed(machine)) == 1


def test_a_point_that_is_on_no_curve(machine):
    key = Key("ecdsa-sk")
    key.blob = key.blob[:-8 - 32] + bytes(32) + key.blob[-8:]
    machine.connect().fails("VerificationFailed", parts.CREDENTIALS, "Import", "sssa{sv}", "alice",
                            "ssh", key.line, parts.vardict({}))


def test_import_with_a_ticket(machine):
    root = machine.connect()
    ticket, _ = root.call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice", parts.vardict({}))
    with os.fdopen(ticket.take(), encoding="ascii") as pipe:
        secret = pipe.read()
    alice = machine.connect("alice")
    arguments = ("alice", "ssh", Key().line)
    alice.fails("TicketInvalid", parts.CREDENTIALS, "Import", "sssa{sv}", *arguments,
                parts.vardict({"ticket": parts.secret("another")}))
    alice.call(parts.CREDENTIALS, "Import", "sssa{sv}", *arguments,
               parts.vardict({"ticket": parts.secret(secret)}))
    alice.fails("TicketInvalid", parts.CREDENTIALS, "Import", "sssa{sv}", "alice", "ssh",
                Key().line, parts.vardict({"ticket": parts.secret(secret)}))
    assert len(listed(machine)) == 1


def test_passkeyctl_with_such_keys(machine):
    """What passkeyctl makes of them."""
    row = imported(machine, Key(comment="desk").line)
    shown = machine.run_as("root", ["passkeyctl", "show", "desk", "--user", "alice"]).stdout
    assert "ssh:" in shown and row["credentialId"] in shown, shown
    assert "desk" in machine.run_as("root", ["passkeyctl", "list", "--user", "alice"]).stdout
    done = machine.run_as("root", ["passkeyctl", "rename", "--user", "alice", "--",
                                   row["credentialId"][:8], "chair"])
    assert done.returncode == 0, done.stderr
    done = machine.run_as("root", ["passkeyctl", "remove", "chair", "--yes", "--user", "alice"])
    assert done.returncode == 0, done.stderr
    assert listed(machine) == []


def typed(machine, *command, **variables):
    child = machine.terminal("alice", list(command), **variables)
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    return child


def test_on_a_terminal(machine, agent):
    agent.keys = [Key(comment="laptop")]
    child = typed(machine, "passkey-enroll", "--agent", **agent.environment())
    child.expect("through your ssh-agent")
    child.expect(pexpect.EOF)
    assert 'Enrolled "laptop" for alice.' in child.before
    child.close()
    assert child.exitstatus == 0
    public = namespace.SCRATCH + "/id.pub"
    namespace.write(public, Key(comment="desk").line + "\n")
    child = typed(machine, "passkeyctl", "import", "ssh", public)
    child.expect(pexpect.EOF)
    assert 'Imported "desk" for alice.' in child.before
    done = machine.run_as("root", ["passkeyctl", "import", "ssh", "-", "--user", "alice", "--name",
                                   "stick", "--json"], input=Key().line)
    assert json.loads(done.stdout)["credential"]["name"] == "stick", done.stderr
    assert len(listed(machine)) == 3


@pytest.mark.parametrize("arguments,text,says", [
    (["ssh", "-"], "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "This is the private key."),
    (["ssh", "-"], "x" * 5000, "not the public key"), (["ssh", "-"], "a\0b", "not the public key"),
    (["ssh", "/nonexistent"], "", "cannot be read"), (["pgp", "-"], "", 'is "ssh"'),
])
def test_import_refusals(machine, arguments, text, says):
    done = machine.run_as("root", ["passkeyctl", "import", *arguments], input=text)
    assert done.returncode == 1 and says in done.stderr, done
    assert "BEGIN" not in machine.syslog.text()


def test_a_comment_in_another_encoding(machine):
    """It is not what the key is known by, and the bus takes UTF-8 only."""
    path = namespace.SCRATCH + "/latin1.pub"
    with open(path, "wb") as file:
        line = Key(comment="b?ro").line.encode()
        file.write(line.replace(b"b?ro", "b\u00fcro".encode("latin-1")))
    done = machine.run_as("root", ["passkeyctl", "import", "ssh", path, "--user", "alice"])
    assert done.returncode == 0 and 'Imported "b?ro"' in done.stdout, done
    done = machine.run_as("root", ["passkeyctl", "import", "ssh", path, "--user", "alice"])
    assert done.returncode == 1 and 'enrolled already, as "b?ro"' in done.stderr, done


def test_without_an_agent(machine):
    done = machine.run_as("alice", ["passkey-enroll", "--agent"])
    assert done.returncode == 1 and "SSH_AUTH_SOCK" in done.stderr
