# SPDX-License-Identifier: BSD-2-Clause
"""passkey-store-ldap when servers are away, hang, die or contradict each other."""

import base64
import os

import pytest
from ldap_directory import (ALICE, BOB, PASSKEYS, PEOPLE, Directory, Gate, credential_ldif,
                            until)
from ldap_host import Host

ALICE_OF = ("alice", 1001)
BOB_OF = ("bob", 1002)
OK, REFUSED = "ok", "storage"


@pytest.fixture(name="directory")
def fixture_directory():
    with Directory() as directory:
        yield directory


def id_text(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def entry(text):
    return f"pkCredentialId={id_text(text)},{PASSKEYS}"


def enrol(directory, *names):
    with Host(directory, "enrol") as host:
        for name in names:
            assert host.call("add", *ALICE_OF, name, name).status == OK
    directory.settle()


def test_the_cache_serves_for_a_set_time(directory):
    enrol(directory, "first")
    # A second is 0 to 1 s in whole ones.
    with Host(directory, "host1", refresh_seconds=1, offline_seconds=4) as host:
        until("there", lambda: host.ids() == {"first"})
        for server in directory.servers:
            server.kill()
        assert host.ids() == {"first"}
        assert host.call("add", "root", 0, "own", "own").status == OK
        until("refused", lambda: host.ids(*ALICE_OF) is None)
        answer = host.call("list", *ALICE_OF)
        assert answer.status == REFUSED
        assert "passkeys are refused until it does" in answer.words
        assert "has not answered since 20" in answer.words
        assert host.ids("root", 0) == {"own"}  # of this host alone
        assert " refuses=0 server=" in host.call("state").words
        directory.servers[1].start()
        until("served", lambda: host.ids(*ALICE_OF) == {"first"}, 10)


def test_never_without_the_directory(directory):
    enrol(directory, "first")
    with Host(directory, "host1", refresh_seconds=1, offline_seconds=0) as host:
        until("there", lambda: host.ids() == {"first"})
        for server in directory.servers:
            server.kill()
        until("refused", lambda: host.ids() is None, 5)
        host.restart()
        assert host.ids() is None


def test_a_host_that_starts_alone_knows_what_it_knew(directory):
    enrol(directory, "first")
    with Host(directory, "host1") as host:
        until("there", lambda: host.ids() == {"first"})
        host.stop()
        for server in directory.servers:
            server.kill()
        host.start()
        assert host.ids() == {"first"}
    with Host(directory, "host2", ready=False) as new:
        answer = new.call("list", *ALICE_OF)
        assert answer.status == REFUSED and "has not answered yet" in answer.words


@pytest.mark.slow
def test_servers_that_hang_hold_nobody_up(directory):
    enrol(directory, "first")
    with Host(directory, "host1", refresh_seconds=1, offline_seconds=0) as host, \
            Host(directory, "enrol", refresh_seconds=1) as enrolment:
        until("there", lambda: host.ids() == enrolment.ids() == {"first"})
        for server in directory.servers:
            server.freeze()
        # Each call within 3 s, as Host.call() asserts.
        until("refused", lambda: host.ids() is None)
        answer = host.call("list", *ALICE_OF)
        assert answer.ms < 500 and "the directory has not answered since" in answer.words
        for call in (("add", *ALICE_OF, "second", "second"), ("remove", *ALICE_OF, "first")):
            answer = enrolment.call(*call)
            assert answer.status == REFUSED and "took too long" in answer.words, answer
        host.restart()
        assert host.call("list", *ALICE_OF).status == REFUSED
        for server in directory.servers:
            server.thaw()
        until("served", lambda: host.ids(*ALICE_OF) == {"first"}, 20)


@pytest.mark.slow
def test_one_that_hangs_is_left_for_the_next(directory):
    enrol(directory, "first")
    one, two = directory.servers
    with Host(directory, "host1", refresh_seconds=1) as host, \
            Host(directory, "enrol", refresh_seconds=1) as enrolment:
        until("there", lambda: host.ids() == {"first"})
        one.freeze()
        until("followed", lambda: two.uri in host.call("state").words, 20)
        assert enrolment.call("add", *ALICE_OF, "second", "second").status == OK
        until("there", lambda: host.ids() == {"first", "second"}, 10)
        one.thaw()


def test_a_removal_says_which_server_still_serves(directory):
    enrol(directory, "first", "second")
    one, two = directory.servers
    with Host(directory, "enrol", [one.uri, two.uri]) as enrolment, \
            Host(directory, "host1", [two.uri]) as host:
        until("there", lambda: enrolment.ids() == host.ids() == {"first", "second"})
        two.kill()
        answer = enrolment.call("remove", *ALICE_OF, "first")
        assert answer.status == REFUSED
        assert f"removed at {one.uri}, but another server still has it" in answer.words
        assert two.uri in answer.words
        assert enrolment.ids() == {"second"}
        assert entry("first") not in one.names()
        enrolment.restart()
        assert enrolment.ids() == {"second"}
        two.start()
        until("removed", lambda: entry("first") not in two.names())
        until("removed", lambda: host.ids() == {"second"}, 20)


def test_removed_at_the_one_that_dies_and_while_they_are_parted(directory):
    """The one that acknowledged is killed at once; the other, parted from it, still has it."""
    enrol(directory, "first", "second")
    one, two = directory.servers
    directory.partition()
    with Host(directory, "enrol", [one.uri]) as enrolment, \
            Host(directory, "host1", [two.uri]) as host:
        until("there", lambda: enrolment.ids() == host.ids() == {"first", "second"})
        assert enrolment.call("remove", *ALICE_OF, "first").status == OK
        one.kill()
        assert host.ids() == {"first", "second"}
        directory.rejoin()
        one.start()
        until("removed", lambda: host.ids() == {"second"}, 20)
        until("removed", lambda: enrolment.ids() == {"second"}, 20)
        for server in (one, two):
            assert server.names() == {entry("second")}


def test_both_sides_of_a_partition_come_together(directory):
    one, two = directory.servers
    with Host(directory, "enrol", [one.uri]) as left, Host(directory, "enrol", [two.uri]) as right:
        directory.partition()
        assert left.call("add", *ALICE_OF, "left", "left").status == OK
        assert right.call("add", *BOB_OF, "right", "right").status == OK
        # One id on both sides: the later one is it, on both.
        assert left.call("add", *ALICE_OF, "same", "same").status == OK
        assert right.call("add", *BOB_OF, "same", "same").status == OK
        directory.rejoin()
        both = {"alice/1001/left/0/left", "bob/1002/right/0/right", "bob/1002/same/0/same"}
        for host in (left, right):
            until("together", lambda host=host: host.passkeys() == both)
        until("told", lambda: "is another one now, of bob" in left.said())


def test_a_server_behind_what_is_known_is_not_believed(directory):
    """It was parted before the removal: who has seen that elsewhere does not get it back."""
    enrol(directory, "first", "second")
    one, two = directory.servers
    with Host(directory, "host1", refresh_seconds=1) as host:
        until("there", lambda: host.ids() == {"first", "second"})
        assert one.uri in host.call("state").words
        directory.partition()
        assert one.delete(entry("first"), admin=True) == 0
        until("removed", lambda: host.ids() == {"second"})
        one.kill()
        until("lost", lambda: one.uri not in host.call("state").words)
        for _ in range(20):
            assert host.ids() == {"second"}
        directory.rejoin()
        one.start()
        until("rejoined", lambda: two.names() == {entry("second")})
        assert host.ids() == {"second"}


def test_a_connection_that_is_cut_is_made_anew(directory):
    enrol(directory, "first")
    gate = Gate(directory.servers[0].port)
    with Host(directory, "host1", [f"ldaps://127.0.0.1:{gate.port}"]) as host:
        until("there", lambda: host.ids() == {"first"})
        gate.cut()
        until("lost", lambda: host.call("state").words.endswith("server="))
        assert directory.servers[0].delete(entry("first"), admin=True) == 0
        gate.restore()
        until("removed", lambda: host.ids() == set(), 10)
    gate.cut()


def test_no_tls_no_passkeys(directory):
    """A certificate of another CA, one for another name, no TLS at all, and none of this host's."""
    server = directory.servers[0]
    other = type(directory.authority)(directory.folder + "/other")
    port = server.uri.rsplit(":", maxsplit=1)[1]
    for settings, words in (
            ({"ca_certificate": other.path("ca.crt")}, "TLS fails"),
            ({"servers": [f"ldaps://localhost:{port}"]}, "TLS fails"),
            ({"servers": [f"ldap://127.0.0.1:{port}"]}, "TLS fails"),
            ({"certificate": None, "key": None}, "to sign in")):
        with Host(directory, "host1",
                  **{"servers": [server.uri], "ready": False, **settings}) as host:
            answer = host.call("list", *ALICE_OF)
            assert answer.status == REFUSED and words in answer.words, answer


@pytest.mark.slow
def test_one_that_cannot_be_followed_is_read_again_and_again():
    """Another make of server, without RFC 4533; more passkeys than are on one page."""
    accounts = [(f"user-{number}", 2000 + number) for number in range(30)]
    with Directory(count=1, accounts=accounts) as directory:
        server = directory.servers[0]
        path = os.path.join(server.folder, "slapd.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("overlay syncprov\nsyncprov-checkpoint 1 1\noverlay acc",
                                    "overlay acc"))
        server.stop()
        server.start()
        wanted = [f"number-{number:04}" for number in range(600)]
        entries = [credential_ldif(id_text(name), f"uid={owner},{PEOPLE}", uid)
                   for name, (owner, uid) in zip(wanted, accounts * 20)]
        for first in range(0, len(entries), 50):  # each waits for the disk
            assert server.add("".join(entries[first:first + 50]), admin=True) == 0
        with Host(directory, "enrol", refresh_seconds=2) as host:
            until("there", lambda: len(host.ids() or ()) == 600)
            assert server.delete(entry(wanted[550]), admin=True) == 0
            until("removed", lambda: len(host.ids()) == 599, 20)
            assert wanted[550] not in host.ids()


def test_who_adds_more_than_they_may_holds_nobody_up(directory):
    """By their own bind, as the example's rules let them."""
    server = directory.servers[0]
    assert server.add("".join(credential_ldif(id_text(f"mine-{number:04}"), ALICE, 1001)
                              for number in range(70)), account=ALICE) == 0
    large = "pkName: " + 3000000 * "x" + "\n"  # slapd holds nobody to the schema's lengths
    assert server.add(credential_ldif(id_text("large"), ALICE, 1001, more=large),
                      account=ALICE) == 0
    with Host(directory, "host1") as host:
        until("refreshed", lambda: len(host.ids() or ()) == 64)
        assert server.add(credential_ldif(id_text("bob's"), BOB, 1002), account=BOB) == 0
        until("followed", lambda: host.ids(*BOB_OF) == {"bob's"})
        assert "not used: their accounts have 64 others" in host.said()
        assert entry("large") + ": not used: " in host.said()


ODD = (
    {"pkName": ""}, {"pkName": "x" * 300}, {"pkName": "\u202e\U0001f511" * 8},
    {"pkRpId": "other.example.net"}, {"pkRpId": "x" * 300}, {"pkAlgorithm": "-99999999999"},
    {"pkAlgorithm": "2147483648"}, {"pkCreated": "99991231235959Z"},
    {"pkCreated": "00000101000000Z"}, {"pkCredProtect": "99"}, {"pkCredProtect": "-1"},
    {"pkFlag": "none"}, {"pkTransport": "pigeon"}, {"pkFormat": "x" * 100}, {"pkTrust": "x"},
    {"pkAttestationType": "x" * 100}, {"pkImported": "x" * 100}, {"pkInstrument": "x" * 100},
    {"pkUserHandle": "x" * 65}, {"pkUserHandle": "x"}, {"pkPublicKey": "x" * 5000},
    {"pkPublicKey": "x"}, {"pkOwnerNumber": "99999999999999999999"}, {"pkOwnerNumber": "-1"},
    {"pkOwnerUUID": "00000000-0000-0000-0000-000000000000"}, {"pkRawId": "x" * 2000},
    {"pkAaguid": "ffffffff-ffff-ffff-ffff-ffffffffffff"},
)


def odd_ldif(number, values):
    """An entry of the account's own, with these in the place of what belongs there."""
    lines = credential_ldif(id_text(f"odd-{number}"), ALICE, 1001).rstrip("\n").split("\n")
    lines = [line for line in lines if line.split(":")[0] not in values]
    return "\n".join(lines + [
        f"{name}:: {base64.b64encode(text.encode()).decode()}" for name, text in values.items()
    ]) + "\n\n"


def test_odd_entries_hold_nobody_up(directory):
    """Those that the server takes of an account; each is used or is not, and all go on."""
    server = directory.servers[0]
    taken = [number for number, values in enumerate(ODD)
             if server.add(odd_ldif(number, values), account=ALICE) == 0]
    assert len(taken) > len(ODD) / 2
    with Host(directory, "host1") as host:
        for number in taken:
            assert server.delete(entry(f"odd-{number}"), account=ALICE) == 0
            assert server.add(odd_ldif(number, ODD[number]), account=ALICE) == 0
            name = f"good-{number}"
            assert server.add(credential_ldif(id_text(name), BOB, 1002), account=BOB) == 0
            until("followed", lambda name=name: name in (host.ids(*BOB_OF) or ()))
            assert server.delete(entry(name), account=BOB) == 0
