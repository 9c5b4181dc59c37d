# SPDX-License-Identifier: BSD-2-Clause
"""A directory's server that was taken over. Were this broken, it could take a host's memory, or
hold up those who do not need it."""

import struct
import threading

import pytest
import scale_directory
from hostile_directory import HostileDirectory, ber, entry, message, number, result, text
from ldap_directory import PASSKEYS, PEOPLE, Directory, until
from ldap_host import Host

MEMORY_MIB = 40
ALICE_OF = ("alice", 1001)
SYNC_STATE = "1.3.6.1.4.1.4203.1.9.1.2"
SYNC_INFO = "1.3.6.1.4.1.4203.1.9.1.4"
ROUND = 1 << 16


@pytest.fixture(name="directory", scope="module")
def fixture_directory():
    """For its certificates."""
    with Directory(count=1) as directory:
        yield directory


def pour(send, piece, rounds=4000):
    """As much as anybody reads of 256 MB."""
    for _ in range(rounds):
        send(piece)


def a_message_of_gigabytes(send, identifier, _):
    assert identifier
    send(b"\x30\x84" + struct.pack(">I", 0x7ffffff0))
    pour(send, bytes(ROUND))


def is_refresh(asked):
    return PASSKEYS.encode() in asked and b"pkOwner" in asked


def one_passkey(identifier):
    """Of a refresh, or of what comes after it."""
    state = ber(0x30, number(1, 0x0a), text(bytes(16)))
    control = ber(0xa0, ber(0x30, text(SYNC_STATE), text(state)))
    return message(identifier, entry(
        f"pkCredentialId=Zmlyc3Q,{PASSKEYS}", pkCredentialId=["Zmlyc3Q"], pkPublicKey=["key"],
        pkOwner=[f"uid=alice,{PEOPLE}"], pkOwnerNumber=["1001"], pkRpId=["example.org"],
        pkUserHandle=["handle"], pkAlgorithm=["-7"]), control)


def many_accounts(send, identifier, asked):
    """A refresh with one passkey; asked for its account, it sends more and more of them."""
    if is_refresh(asked):
        send(one_passkey(identifier))
        return False
    one = message(identifier, entry(f"uid=alice,{PEOPLE}", uid=["alice"], uidNumber=["1001"]))
    pour(send, one * (ROUND // len(one)))
    return True


def answers_to_nothing(send, _, __):
    one = message(9999, entry(f"uid=alice,{PEOPLE}", description=["x" * 1000]))
    pour(send, one * (ROUND // len(one)))


def a_cookie_without_end(send, identifier, _):
    info = ber(0x80, bytes(500000))
    pour(send, message(identifier, ber(0x79, text(SYNC_INFO, 0x80), text(info, 0x81))), 200)


def sets_without_end(send, identifier, _):
    """Of a refresh: what is still there, a million times."""
    uuids = b"".join(text(number.to_bytes(16, "big")) for number in range(1000))
    info = ber(0xa3, ber(0x30, ber(0x31, uuids)))
    pour(send, message(identifier, ber(0x79, text(SYNC_INFO, 0x80), text(info, 0x81))), 1000)


@pytest.mark.parametrize("answer", [
    a_message_of_gigabytes, many_accounts, answers_to_nothing, a_cookie_without_end,
    sets_without_end])
def test_memory_is_not_its_to_take(directory, answer):
    done = threading.Event()

    def once(send, identifier, asked):
        last = True
        try:
            last = answer(send, identifier, asked) is not False
        finally:
            if last:
                done.set()

    with HostileDirectory(directory.authority, once) as server, \
            Host(directory, "host1", [server.uri], ready=False, offline_seconds=0) as host:
        assert done.wait(60)
        until("it goes on", lambda: host.call("list", *ALICE_OF).status == "storage")
        assert host.call("add", "root", 0, answer.__name__, "x").status == "ok"
        assert host.ids("root", 0) == {answer.__name__}
        assert scale_directory.memory(host.process.pid)[1] < MEMORY_MIB
    assert PASSKEYS and number


@pytest.mark.slow
def test_one_that_leaves_a_question_open_is_left(directory):
    """A passkey comes after the refresh, and whose it is the server does not say."""
    refresh = []

    def answer(send, identifier, asked):
        if is_refresh(asked):
            refresh.append((send, identifier))
            done = ber(0xa2)
            send(message(identifier, ber(0x79, text(SYNC_INFO, 0x80), text(done, 0x81))))
        elif b"1.1" in asked:  # whether it is still there
            send(message(identifier, result(0x65)))

    good = directory.servers[0].uri
    with HostileDirectory(directory.authority, answer) as server, \
            Host(directory, "host1", [server.uri, good], refresh_seconds=3600) as host:
        until("followed", lambda: server.uri in host.call("state").words)
        send, identifier = refresh[0]
        send(one_passkey(identifier))
        until("the next is followed", lambda: good in host.call("state").words)
        assert "took too long" in host.said()


def test_whether_it_was_added_is_not_known(directory):
    """It takes the password, or says so, and does not answer any more."""
    def answer(send, identifier, asked):
        if is_refresh(asked):
            send(message(identifier, ber(0x79, text(SYNC_INFO, 0x80), text(ber(0xa2), 0x81))))
            return
        if b"uidNumber" in asked:
            send(message(identifier, entry(f"uid=alice,{PEOPLE}", uid=["alice"],
                                           uidNumber=["1001"])))
        send(message(identifier, result(0x65)))

    with HostileDirectory(directory.authority, answer) as server, \
            Host(directory, "host1", [server.uri], add_as="account") as host:
        said = host.call("add-as", *ALICE_OF, "first", "key", "secret")
        assert said.status == "storage" and said.ms < 3000
        assert "whether the passkey was added is not known" in said.words
        assert host.ids(*ALICE_OF) == set()
