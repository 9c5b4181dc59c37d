# SPDX-License-Identifier: BSD-2-Clause
"""Enrolling the key of the computer at the other end of an ssh connection."""

import json
import os

import cbor2
import dbus
import pytest

import forward
import machine as parts
import namespace
from fake_logind import Logind
from full_disk import Ballast
from ssh_method_enroll import ORIGIN, RHOST, Enrolment, listed


# What is asked, and what comes of a good answer


@pytest.mark.parametrize("algorithm", [forward.ES256, forward.EDDSA, forward.RS256])
def test_enrols(host, algorithm):
    key = forward.Credential(algorithm)
    enrolment = Enrolment(host)
    assert (enrolment.kind, enrolment.event) == ("ask", "ssh")
    details = enrolment.answer(key)
    assert details["result"] == "ok", enrolment.text
    passkey, = listed(host)
    assert passkey == json.loads(details["credential"])
    assert passkey["name"] == "security key (ssh)"
    assert passkey["credentialId"] == forward.b64(key.id) and passkey["alg"] == algorithm
    assert passkey["rpId"] == namespace.HOST and passkey["transports"] == ["usb"]
    assert passkey["fmt"] == "none" and not passkey["discoverable"] and passkey["userVerified"]
    line = host.syslog.wait("enrolment for alice .*: ok", since=enrolment.mark,
                            facility=parts.AUTHPRIV)
    context = json.loads(line[line.index("{"):])
    assert context == forward.logged_context(enrolment.request)
    assert enrolment.request["version"] == 2 and forward.host_keys(enrolment.request)
    assert (context["act"], context["user"], context["host"], context["rhost"]) == \
        ("enroll", "alice", namespace.HOST.split(".", maxsplit=1)[0], RHOST)


def test_request_fields(host):
    host.configure("[rp default]\nname = Web One\nuser-verification = required\n"
                   "resident-key = preferred\nalgorithms = EdDSA, ES256\n")
    first, second = forward.Credential(), forward.Credential()
    Enrolment(host).answer(first)
    Enrolment(host).answer(second)
    enrolment = Enrolment(host, name="laptop")
    request = enrolment.request
    assert request["kind"] == "create" and len(request["nonce"]) == 32
    assert (request["rp_id"], request["rp_name"]) == (namespace.HOST, "Web One")
    assert request["user_name"] == "alice" and request["user_display_name"] == "Alice"
    assert len(request["user_handle"]) == 64 and request["user_handle"] == second.user_handle
    assert request["algorithms"] == [forward.EDDSA, forward.ES256]
    assert request["user_verification"] == forward.REQUIRED
    assert request["resident_key"] == forward.PREFERRED
    assert request["attestation"] == 1 and request["cred_protect"] == 0
    assert set(request["credentials"]) == {first.id, second.id}
    assert 290 <= request["timeout"] <= 300
    *words, last = enrolment.text.strip().split("\n")
    assert last == enrolment.line and len(words) >= 3
    assert all(len(each) <= 78 for each in words) and "alice on web1" in enrolment.text
    third = forward.Credential(forward.EDDSA)
    assert json.loads(enrolment.answer(third)["credential"])["name"] == "laptop"
    assert {each["name"] for each in listed(host)} == \
        {"security key (ssh)", "security key (ssh) 2", "laptop"}


def test_parts(host):
    """An answer in several lines: one question each."""
    enrolment = Enrolment(host)
    lines = forward.answer(enrolment.request, ORIGIN, forward.Credential(forward.RS256))
    assert len(lines) > 1
    assert enrolment.give(*lines)["result"] == "ok"
    assert len(enrolment.asked) == len(lines) - 1
    for number, text in enumerate(enrolment.asked, 2):
        assert forward.find(text) == forward.more(enrolment.request, number)


def test_attestation_is_asked_for_where_policy_wants_it(host):
    host.configure("[rp default]\nattestation = direct\n")
    assert Enrolment(host).request["attestation"] == 3


def test_a_discoverable_one(host):
    enrolment = Enrolment(host, resident="required")
    assert enrolment.request["resident_key"] == forward.REQUIRED
    assert enrolment.lie(forward.Credential(), discoverable=True, transports=8)["result"] == "ok"
    passkey, = listed(host)
    assert passkey["discoverable"] and passkey["transports"] == ["smart-card"]


def test_by_ticket(host):
    ticket, _ = host.connect().call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice",
                                    parts.vardict({}))
    with os.fdopen(ticket.take(), "rb") as pipe:
        text = pipe.read().decode()
    enrolment = Enrolment(host, host.connect("alice"), ticket=parts.secret(text))
    assert enrolment.answer(forward.Credential())["result"] == "ok"
    assert host.syslog.wait("by ticket", since=enrolment.mark)
    host.connect("alice").fails("TicketInvalid", parts.MANAGER, "Enroll", "sa{sv}", "alice",
                                parts.vardict({"ticket": parts.secret(text), "rhost": RHOST}))


# Which method


@pytest.mark.parametrize("rhost", [RHOST, "laptop.example.org", "127.0.0.1", "::1", "unknown"])
def test_a_remote_session_touches_no_local_key(machine, keys, rhost):
    keys.add("blue")
    since = keys.mark()
    enrolment = Enrolment(machine, rhost=rhost)
    assert enrolment.request["kind"] == "create"
    assert json.loads(enrolment.request["context"])["rhost"] == rhost
    enrolment.conversation.cancel()
    assert not keys.events(since)


def test_a_remote_session_that_wants_a_local_key(machine, keys):
    keys.add("blue")
    since = keys.mark()
    mark = machine.syslog.mark()
    details = machine.connect().enroll("alice", rhost=RHOST, methods="local").run()
    assert details["result"] == "unavailable"
    assert machine.syslog.wait(r"enrolment for alice \(default\): refused, unavailable", since=mark)
    assert not keys.events(since)


@pytest.mark.parametrize("scenario, rhost", [("remote", RHOST), ("manager-of-remote", RHOST),
                                             ("silent", "unknown")])
def test_a_session_that_logind_knows_to_be_remote(machine, keys, scenario, rhost):
    """As after su in an ssh login, which leaves no SSH_CONNECTION."""
    keys.add("blue")
    since = keys.mark()
    Logind(machine, scenario, RHOST)
    enrolment = Enrolment(machine, rhost="")
    assert json.loads(enrolment.request["context"])["rhost"] == rhost
    assert enrolment.answer(forward.Credential())["result"] == "ok"
    assert not keys.events(since)


def test_a_session_that_logind_knows_to_be_local(machine, keys):
    keys.add("blue")
    Logind(machine, "local")
    assert machine.connect().enroll("alice").run()["result"] == "ok"


@pytest.mark.parametrize("rhost", ["", ":0"])
def test_a_local_session(machine, keys, rhost):
    keys.add("blue")
    assert machine.connect().enroll("alice", rhost=rhost).run()["result"] == "ok"
    assert listed(machine)[0]["name"] != "security key (ssh)"


def test_local_session_with_the_ssh_method_named(machine, keys):
    keys.add("blue")
    enrolment = Enrolment(machine, rhost="", methods="ssh")
    assert enrolment.answer(forward.Credential())["result"] == "ok"


def test_first_available_method(machine, keys):
    keys.add("blue")
    assert Enrolment(machine, methods="local,ssh").request["kind"] == "create"
    details = machine.connect().enroll("alice", rhost="", methods="local,ssh").run()
    assert details["result"] == "ok"


def test_old_spelling(machine, keys):
    keys.add("blue")
    mark = machine.syslog.mark()
    assert Enrolment(machine, rhost="", transports="ssh").request["kind"] == "create"
    machine.syslog.wait("transports.*methods", since=mark)


def test_misspelt_method(host):
    host.connect().fails("InvalidArguments", parts.MANAGER, "Enroll", "sa{sv}", "alice",
                         parts.vardict({"methods": "local,slh"}))


# Which host


@pytest.mark.parametrize("name, taken", [
    (namespace.HOST, True), (namespace.HOST.split(".", maxsplit=1)[0], True),
    ("web2.example.org", False), ("example.org", False), ("127.0.0.1", False),
    ("localhost", False), (namespace.HOST.upper(), False), (namespace.HOST + ":22", False),
    ("evil." + namespace.HOST, False)])
def test_the_host_that_the_client_connected_to(host, name, taken):
    enrolment = Enrolment(host)
    details = enrolment.answer(forward.Credential(), "ssh://" + name)
    if taken:
        assert details["result"] == "ok"
        return
    assert enrolment.refused("origin-mismatch", details)
    assert host.syslog.wait("answer was signed for ssh://" + name, since=enrolment.mark,
                            facility=parts.AUTHPRIV)


@pytest.mark.parametrize("origin", [f"https://{namespace.HOST}", f"local://{namespace.HOST}",
                                    namespace.HOST, f"ssh-agent://{namespace.HOST}"])
def test_origins_of_other_methods(host, origin):
    enrolment = Enrolment(host)
    assert enrolment.refused("origin-mismatch", enrolment.answer(forward.Credential(), origin))


def test_configured_hosts(host):
    host.configure("[rp default]\nssh-hosts = gate.example.org, 192.0.2.1\n")
    for name in ("gate.example.org", "192.0.2.1"):
        assert Enrolment(host).answer(forward.Credential(), "ssh://" + name)["result"] == "ok"
    details = Enrolment(host).answer(forward.Credential(), ORIGIN)
    assert details["result"] == "origin-mismatch"


def test_a_configured_id_is_no_host(host):
    host.configure("[rp default]\nid = example.org\n")
    enrolment = Enrolment(host)
    details = enrolment.answer(forward.Credential(), "ssh://example.org")
    assert enrolment.refused("origin-mismatch", details)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_through_a_tunnel(host, name):
    enrolment = Enrolment(host, rhost="127.0.0.1")
    assert enrolment.answer(forward.Credential(), "ssh://" + name)["result"] == "ok"


# Answers that are refused


def attestation(request, key, rp_id=None, flags=0x45, tail=b"", **members):
    """An attestation object with something wrong in it."""
    made = cbor2.loads(forward.answer_fields({**request, "rp_id": rp_id or request["rp_id"]},
                                             ORIGIN, key)["attestation_object"])
    data = bytearray(made["authData"])
    data[32] = flags
    return cbor2.dumps({**made, "authData": bytes(data) + tail, **members}, canonical=True)


def test_another_challenge(host):
    """Both the first bytes of it in the answer, and what was signed."""
    enrolment = Enrolment(host)
    details = enrolment.answer(forward.Credential(), challenge=os.urandom(32))
    assert enrolment.refused("challenge-mismatch", details)


@pytest.mark.parametrize("rp_id", ["example.org", "web2.example.org", "ssh:", ORIGIN])
def test_another_rp_id(host, rp_id):
    enrolment, key = Enrolment(host), forward.Credential()
    details = enrolment.lie(key, attestation_object=attestation(enrolment.request, key, rp_id))
    assert enrolment.refused("rp-id-mismatch", details)


def test_without_user_verification(host):
    enrolment = Enrolment(host, uv="required")
    details = enrolment.answer(forward.Credential(), flags=forward.UP)
    assert enrolment.refused("user-not-verified", details)


def test_without_a_touch(host):
    enrolment = Enrolment(host)
    details = enrolment.answer(forward.Credential(), flags=forward.UV)
    assert enrolment.refused("user-not-present", details)


def test_an_algorithm_that_was_not_wanted(host):
    host.configure("[rp default]\nalgorithms = EdDSA\n")
    enrolment = Enrolment(host)
    right = forward.answer_fields(enrolment.request, ORIGIN, forward.Credential())
    details = enrolment.give(*forward.encode_answer(right))
    assert enrolment.refused("algorithm-not-offered", details)


@pytest.mark.parametrize("tail", [b"\0", b"\xa0", bytes(40)])
def test_bytes_behind_the_authenticator_data(host, tail):
    enrolment, key = Enrolment(host), forward.Credential()
    made = attestation(enrolment.request, key, tail=tail)
    details = enrolment.lie(key, attestation_object=made)
    assert enrolment.refused("auth-data-trailing-data", details)


def test_bytes_behind_the_attestation_object(host):
    enrolment, key = Enrolment(host), forward.Credential()
    right = forward.answer_fields(enrolment.request, ORIGIN, key)["attestation_object"]
    details = enrolment.lie(key, attestation_object=right + b"\0")
    assert details["result"] != "ok" and listed(host) == []


def test_bytes_behind_the_answer(host):
    enrolment = Enrolment(host)
    right = forward.answer_fields(enrolment.request, ORIGIN, forward.Credential())
    line, = forward.encode_answer(right)
    cbor = forward.unb64(line[len(forward.PREFIX):])
    assert enrolment.refused("cbor-trailing-data",
                             enrolment.give(forward.PREFIX + forward.b64(cbor + b"\0")))


@pytest.mark.parametrize("line", ["y", "passkey1:", "passkey1:oA", "passkey2:oA", "passkey1:=",
                                  "passkey1/2/2:oA", "passkey1/0/1:oA", "passkey1/1/65:oA",
                                  "passkey1:" + "A" * 500, "\x1b[2J", "x" * 511])
def test_text_that_is_no_answer(host, line):
    enrolment = Enrolment(host)
    details = enrolment.give(line)
    assert details["result"] not in ("ok", "cancelled") and listed(host) == []
    assert "no answer" in enrolment.text
    assert host.syslog.wait("enrolment for alice.*refused, ", since=enrolment.mark)


def test_an_assertion_instead(host):
    enrolment, key = Enrolment(host), forward.Credential()
    fields = forward.answer_fields({**enrolment.request, "kind": "get", "credentials": [key.id]},
                                   ORIGIN, key)
    details = enrolment.give(*forward.encode_answer(fields))
    assert enrolment.refused("protocol", details)


def test_parts_out_of_order(host):
    enrolment = Enrolment(host)
    lines = forward.answer(enrolment.request, ORIGIN, forward.Credential(forward.RS256))
    assert enrolment.refused("protocol", enrolment.give(lines[0], lines[0]))


def test_a_part_that_does_not_come(host):
    enrolment = Enrolment(host)
    lines = forward.answer(enrolment.request, ORIGIN, forward.Credential(forward.RS256))
    details = enrolment.give(lines[0], "")
    assert details["result"] != "ok" and listed(host) == []


def test_an_empty_answer(host):
    enrolment = Enrolment(host)
    assert enrolment.refused("cancelled", enrolment.give(""))
    assert "Nothing is enrolled" in enrolment.text


def test_an_excluded_credential(host):
    key = forward.Credential()
    assert Enrolment(host).answer(key)["result"] == "ok"
    enrolment = Enrolment(host)
    assert key.id in enrolment.request["credentials"]
    right = forward.answer_fields(enrolment.request, ORIGIN, key)
    details = enrolment.give(*forward.encode_answer(right))
    assert details["result"] in ("credential-registered", "exists")
    assert "enrolled already" in enrolment.text and len(listed(host)) == 1


def test_a_replay(host):
    """The same line again: into the same enrolment, which is over, and into another."""
    first = Enrolment(host)
    lines = forward.answer(first.request, ORIGIN, forward.Credential())
    assert first.give(*lines)["result"] == "ok"
    with pytest.raises(dbus.DBusException, match="over"):
        first.conversation.next(text=lines[0])
    second = Enrolment(host)
    assert second.give(*lines)["result"] == "challenge-mismatch"
    assert len(listed(host)) == 1


def test_one_answer_for_two_enrolments(host):
    """Neither takes what was made for the other."""
    first, second = Enrolment(host), Enrolment(host)
    lines = forward.answer(first.request, ORIGIN, forward.Credential())
    assert second.give(*lines)["result"] == "challenge-mismatch"
    assert first.give(*lines)["result"] == "ok"


def test_too_late(host):
    enrolment = Enrolment(host, timeout=1)
    lines = forward.answer(enrolment.request, ORIGIN, forward.Credential())
    assert enrolment.request["timeout"] == 1
    assert host.syslog.wait(r"conversation of uid 0: timeout", since=enrolment.mark)
    assert enrolment.give(*lines)["result"] == "timeout"
    assert listed(host) == []


def test_a_full_account(host):
    """Full when the answer comes: another enrolment was finished before."""
    host.configure("[limits]\ncredentials-per-account = 1\n")
    late, early = Enrolment(host), Enrolment(host)
    assert early.answer(forward.Credential())["result"] == "ok"
    details = late.answer(forward.Credential())
    assert details["result"] == "limit-exceeded" and len(listed(host)) == 1


def test_a_full_disk(small_disk):
    assert Enrolment(small_disk).answer(forward.Credential())["result"] == "ok"
    with Ballast():
        # What SQLite holds already may do for one or two; then there is no room.
        for number in range(50):
            enrolment = Enrolment(small_disk)
            details = enrolment.answer(forward.Credential())
            if details["result"] != "ok":
                break
        assert details["result"] == "storage" and "store failed" in enrolment.text
        assert small_disk.syslog.wait("enrolment for alice.*refused, storage.*(full|SQLite)",
                                      since=enrolment.mark, facility=parts.AUTHPRIV)
        assert len(listed(small_disk)) == number + 1
    assert Enrolment(small_disk).answer(forward.Credential())["result"] == "ok"
    assert len(listed(small_disk)) == number + 2


def test_an_account_that_has_gone(host):
    enrolment = Enrolment(host)
    with open("/etc/passwd", encoding="utf-8") as file:
        lines = file.readlines()
    namespace.write("/etc/passwd", "".join(each for each in lines if not each.startswith("alice:")))
    try:
        details = enrolment.answer(forward.Credential())
        assert details["result"] == "challenge-unknown"
    finally:
        namespace.write("/etc/passwd", "".join(lines))
    assert listed(host) == []


def test_as_many_keys_as_there_may_be(host):
    """The longest list of keys to be left out still fits the question, but for some."""
    host.configure("[limits]\ncredentials-per-account = 64\n")
    enrolled = [forward.Credential(credential_id=os.urandom(1023)) for _ in range(63)]
    for key in enrolled:
        assert Enrolment(host).answer(key)["result"] == "ok"
    enrolment = Enrolment(host)
    assert 40 < len(enrolment.request["credentials"]) < 63
    assert len(enrolment.line) <= 65536
    assert enrolment.answer(forward.Credential())["result"] == "ok"
    assert len(listed(host)) == 64
