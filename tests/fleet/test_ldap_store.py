# SPDX-License-Identifier: BSD-2-Clause
"""passkey-store-ldap against real servers: two that replicate to each other."""

import base64

import pytest
from ldap_directory import ALICE, BOB, PASSKEYS, Directory, account_ldif, credential_ldif, until
from ldap_host import Host

ALICE_OF = ("alice", 1001)
BOB_OF = ("bob", 1002)
OK, REFUSED = "ok", "storage"


@pytest.fixture(name="directory")
def fixture_directory():
    with Directory() as directory:
        yield directory


def entry(text):
    return f"pkCredentialId={text_id(text)},{PASSKEYS}"


def text_id(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_what_one_host_enrols_all_have_at_once(directory):
    with Host(directory, "enrol") as enrol, Host(directory, "host1") as one, \
            Host(directory, "host2") as two:
        assert one.ids() == two.ids() == set()
        assert enrol.call("add", *ALICE_OF, "first", "blue-key").status == OK
        for host in (enrol, one, two):
            until("there", lambda host=host: host.ids(*ALICE_OF) == {"first"}, 5)
        assert one.passkeys(*ALICE_OF) == {"alice/1001/first/0/blue-key"}
        assert directory.servers[0].names() == {entry("first")}
        assert enrol.call("remove", *ALICE_OF, "first").status == OK
        for host in (enrol, one, two):
            until("gone", lambda host=host: host.ids(*ALICE_OF) == set(), 5)
        assert not any(server.names() for server in directory.servers)


def test_an_ordinary_host_adds_and_removes_nothing(directory):
    with Host(directory, "enrol") as enrol, Host(directory, "host1") as host:
        answer = host.call("add", *ALICE_OF, "mine", "key")
        assert answer.status == REFUSED and "this host may not add passkeys" in answer.words
        assert enrol.call("add", *ALICE_OF, "first", "key").status == OK
        until("there", lambda: host.ids() == {"first"})
        answer = host.call("remove", *ALICE_OF, "first")
        assert answer.status == REFUSED and "may not remove passkeys" in answer.words
        assert host.ids() == {"first"}


def test_accounts_that_the_directory_has_not_are_the_hosts_own(directory):
    with Host(directory, "host1") as host, Host(directory, "host2") as other:
        for account in (("root", 0), ("admin", 1500), ("alice", 1999)):
            assert host.call("add", *account, f"of-{account[0]}-{account[1]}", "key").status == OK
        assert host.ids() == {"of-root-0", "of-admin-1500", "of-alice-1999"}
        assert not directory.servers[0].names() and other.ids() == set()
        host.restart()
        assert host.ids() == {"of-root-0", "of-admin-1500", "of-alice-1999"}
        assert host.call("remove", "root", 0, "of-root-0").status == OK


def test_counters_and_names_are_each_hosts_own(directory):
    with Host(directory, "enrol") as enrol, Host(directory, "host1") as host:
        enrol.call("add", *ALICE_OF, "first", "key")
        until("there", lambda: host.ids() == {"first"})
        assert host.call("use", "first", 7).status == OK
        assert host.passkeys() == {"alice/1001/first/7/key"}
        assert enrol.passkeys() == {"alice/1001/first/0/key"}
        host.restart()
        until("kept", lambda: host.passkeys() == {"alice/1001/first/7/key"})


def test_an_id_that_changes_hands_is_told_and_counts_anew(directory):
    server = directory.servers[0]
    with Host(directory, "host1") as host:
        server.add(credential_ldif(text_id("first"), ALICE, 1001), admin=True)
        until("there", lambda: host.ids(*ALICE_OF) == {"first"})
        host.call("use", "first", 7)
        server.modify(f"dn: {entry('first')}\nchangetype: modify\nreplace: pkOwner\n"
                      f"pkOwner: {BOB}\n-\nreplace: pkOwnerNumber\npkOwnerNumber: 1002\n",
                      admin=True)
        until("changed", lambda: host.ids(*BOB_OF) == {"first"})
        assert host.ids(*ALICE_OF) == set()
        assert host.passkeys() == {"bob/1002/first/0/passkey"}
        until("told", lambda: "was of alice (uid 1001) and is another one now, of bob (uid 1002)"
              in host.said())
        host.call("use", "first", 9)
        server.modify(f"dn: {entry('first')}\nchangetype: modify\nreplace: pkPublicKey\n"
                      "pkPublicKey: another\n", admin=True)
        until("told", lambda: host.said().count("is another one now") == 2)
        assert host.passkeys() == {"bob/1002/first/0/passkey"}


def test_owners_that_are_not_who_they_were_own_nothing(directory):
    server = directory.servers[0]
    with Host(directory, "host1") as host:
        server.add(credential_ldif(text_id("number"), ALICE, 1777), admin=True)
        server.add(credential_ldif(text_id("nobody"), f"uid=nobody,{PASSKEYS}", 1001), admin=True)
        server.add(account_ldif("toor", 0), admin=True)
        server.add(credential_ldif(text_id("root"), ALICE.replace("alice", "toor"), 0), admin=True)
        server.add(credential_ldif(text_id("uuid"), ALICE, 1001, more=(
            "pkOwnerUUID: 00000000-0000-0000-0000-000000000001\n")), admin=True)
        server.add(credential_ldif(text_id("right"), ALICE, 1001), admin=True)
        until("there", lambda: host.ids() == {"right"})
        until("said", lambda: host.said().count("not used: ") == 4)


def test_the_directorys_passkeys_are_adopted_by_nobody(directory):
    """Who owns one is said there: an account that got another number enrols anew."""
    server = directory.servers[0]
    with Host(directory, "enrol") as host:
        assert host.call("add", *ALICE_OF, "first", "blue").status == OK
        assert host.call("add", "alice", 1999, "own", "red").status == OK
        server.modify(f"dn: {ALICE}\nchangetype: modify\nreplace: uidNumber\nuidNumber: 1777\n",
                      admin=True)
        answer = host.call("adopt", "alice", 1777)
        assert answer.status == REFUSED, answer
        assert "1 of them is of an earlier account named alice" in answer.words
        assert "remove it at an enrolment host" in answer.words and "enrol anew" in answer.words
        assert host.ids("alice", 1777) == set() and server.names() == {entry("first")}
        # As it says: then what is this host's own can be adopted here.
        assert host.call("remove", *ALICE_OF, "first").status == OK
        assert host.call("add", "alice", 1777, "second", "green").status == OK
        assert server.names() == {entry("second")}
        adopted = host.call("adopt", "alice", 1777)
        assert (adopted.status, adopted.words) == (OK, "1")
        assert host.ids("alice", 1777) == {"own", "second"}


def test_removed_while_a_host_was_away(directory):
    one, two = directory.servers
    with Host(directory, "enrol") as enrol, Host(directory, "host1") as host:
        for name in ("first", "second", "third"):
            assert enrol.call("add", *ALICE_OF, name, name).status == OK
        until("there", lambda: len(host.ids()) == 3)
        host.stop()
        assert enrol.call("remove", *ALICE_OF, "second").status == OK
        host.start()
        until("gone", lambda: host.ids() == {"first", "third"}, 5)
        host.stop()
        # Another server, which knows by the cookie what this host has seen at the first.
        directory.settle()
        one.stop()
        assert two.delete(entry("third"), admin=True) == 0
        host.start()
        until("gone", lambda: host.ids() == {"first"}, 5)


def test_from_nothing(directory):
    with Host(directory, "enrol") as enrol:
        for number in range(30):
            assert enrol.call("add", *(ALICE_OF, BOB_OF)[number % 2], f"id{number}",
                              f"n{number}").status in (OK, "limit-exceeded")
        before = enrol.ids()
        assert len(before) == 30
        directory.settle()
        with Host(directory, "host3") as new:
            until("filled", lambda: new.ids() == before, 5)
        one, _ = directory.servers
        one.stop()
        one.forget()
        one.start()
        directory.settle()
        assert enrol.ids() == before


def test_one_ticket_adds_one_passkey(directory):
    with Host(directory, "enrol") as enrol:
        assert enrol.call("ticket", *ALICE_OF, "ticket").status == OK
        assert enrol.call("add", *ALICE_OF, "first", "one", "ticket").status == OK
        assert enrol.call("add", *ALICE_OF, "second", "two", "ticket").status == "ticket-invalid"
        assert directory.servers[0].names() == {entry("first")}


def test_an_id_is_taken_once_in_all_the_directory(directory):
    with Host(directory, "enrol") as one, \
            Host(directory, "enrol", [directory.servers[1].uri]) as two:
        assert one.call("add", *ALICE_OF, "same", "key").status == OK
        assert two.call("add", *BOB_OF, "same", "key").status in ("exists", REFUSED)
        until("there", lambda: two.passkeys() == {"alice/1001/same/0/key"})
        assert two.call("add", *BOB_OF, "same", "key").status == "exists"
