# SPDX-License-Identifier: BSD-2-Clause
"""Values of FreeIPA, sssd and Active Directory in the accounts' own entries."""

import os

import pytest
from ldap_directory import ALICE, BOB, PASSKEYS, TOP, Directory, until
from ldap_host import Host

ALICE_OF = ("alice", 1001)
MAPPING = {"mapping": "ipaPassKey", "mapping_rp_id": "ipa.example.org", "refresh_seconds": 1}


@pytest.fixture(name="directory")
def fixture_directory():
    with Directory(count=1) as directory:
        yield directory


def value(name):
    with open(os.path.join(TOP, "tests", "vectors", "import", "valid", f"mapping-{name}.txt"),
              encoding="ascii") as file:
        return file.read().strip()


def write(server, owner, *values):
    lines = "".join(f"ipaPassKey: {text}\n" for text in values)
    assert server.modify(f"dn: {owner}\nchangetype: modify\nreplace: ipaPassKey\n{lines}",
                         admin=True) == 0


def count(host, *account):
    answer = host.call("list", *account)
    return len(answer.words.split()) if answer.status == "ok" else None


def show(server, name):
    """The example's rules hide what they do not name from ordinary hosts."""
    path = os.path.join(server.folder, "slapd.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("access to * by", f"access to attrs={name} by * read\n"
                                "access to * by", 2))
    server.stop()
    server.start()


@pytest.fixture(name="server")
def fixture_server(directory):
    show(directory.servers[0], "ipaPassKey")
    return directory.servers[0]


@pytest.mark.parametrize("passkeys", [None, PASSKEYS])
def test_values_are_read_as_they_are(directory, server, passkeys):
    write(server, ALICE, value("p256"), "passkey:broken", "X509:<I>CN=smart card")
    with Host(directory, "host1", passkeys=passkeys, **MAPPING) as host:
        until("there", lambda: count(host, *ALICE_OF) == 1)
        assert host.call("list", *ALICE_OF).words.endswith("/0/passkey_of_the_directory")
        write(server, BOB, value("ed25519"))
        until("there", lambda: count(host, "bob", 1002) == 1, 10)
        write(server, ALICE)
        until("gone", lambda: count(host, *ALICE_OF) == 0, 10)
        assert count(host, "bob", 1002) == 1
        assert "a value of ipaPassKey is not used" in host.said()


@pytest.mark.parametrize("name", ["passkey", "altSecurityIdentities"])
def test_attributes_of_others(name):
    """sssd's own with plain servers, and Active Directory's, whose schema no slapd has."""
    extra = (f"attributetype ( 1.3.6.1.4.1.99999.1 NAME '{name}' EQUALITY caseExactMatch\n"
             "  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n"
             f"objectclass ( 1.3.6.1.4.1.99999.2 NAME 'has' SUP top AUXILIARY MAY {name} )")
    with Directory(count=1, extra=extra) as directory:
        server = directory.servers[0]
        show(server, name)
        assert server.modify(f"dn: {ALICE}\nchangetype: modify\nadd: objectClass\n"
                             f"objectClass: has\n-\nadd: {name}\n{name}: {value('p256')}\n"
                             f"{name}: X509:<S>CN=alice\n", admin=True) == 0
        with Host(directory, "host1", passkeys=None, **{**MAPPING, "mapping": name}) as host:
            until("there", lambda: count(host, *ALICE_OF) == 1)
            assert "is not used" not in host.said()


def test_a_value_that_somebody_else_writes_too_stays_whose_it_was(directory, server):
    write(server, BOB, value("p256"))
    with Host(directory, "host1", passkeys=None, **MAPPING) as host:
        until("there", lambda: count(host, "bob", 1002) == 1)
        write(server, ALICE, value("p256"), value("ed25519"))
        until("there", lambda: count(host, *ALICE_OF) == 1, 10)
        assert count(host, "bob", 1002) == 1


def test_entries_and_values_are_beside_each_other(directory, server):
    write(server, ALICE, value("p256"))
    with Host(directory, "enrol", **MAPPING) as host:
        until("there", lambda: count(host, *ALICE_OF) == 1)
        assert host.call("add", *ALICE_OF, "own", "own").status == "ok"
        assert count(host, *ALICE_OF) == 2
        assert host.call("remove", *ALICE_OF, "own").status == "ok"
        assert count(host, *ALICE_OF) == 1


def test_broken_values_are_told_once(directory, server):
    """They are read every few seconds, and the account may write them itself."""
    odd = [f"passkey:broken{number}" for number in range(40)]
    write(server, ALICE, value("p256"), *odd)
    with Host(directory, "host1", passkeys=None, **MAPPING) as host:
        until("there", lambda: count(host, *ALICE_OF) == 1)
        write(server, BOB, value("ed25519"))
        until("read again", lambda: count(host, "bob", 1002) == 1, 10)
        write(server, BOB)
        until("and again", lambda: count(host, "bob", 1002) == 0, 10)
        assert host.said().count("a value of ipaPassKey is not used") == 16
        assert host.said().count("and 24 more values are not used") == 1
        write(server, ALICE, value("p256"), odd[0])
        until("what is new is told", lambda: host.said().count("a value of ipaPassKey") == 17, 10)
