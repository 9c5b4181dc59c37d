# SPDX-License-Identifier: BSD-2-Clause
"""Accounts that the rules let add passkeys of their own, and who mean harm: by ldapadd, with
whatever an entry can say.

Were this broken, an account could take another's passkeys away, or be somebody else.
"""

import base64

import pytest
from ldap_directory import ALICE, BOB, PASSKEYS, Directory, credential_ldif, until
from ldap_host import Host

DENIED = 50
ALICE_OF, BOB_OF = ("alice", 1001), ("bob", 1002)


def text64(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def entry(text):
    return f"pkCredentialId={text64(text)},{PASSKEYS}"


@pytest.fixture(name="directory", scope="module")
def fixture_directory():
    with Directory(count=1) as directory:
        yield directory


@pytest.fixture(name="server")
def fixture_server(directory):
    server = directory.servers[0]
    for name in server.names():
        server.delete(name, admin=True)
    return server


OTHER_NAMES = ["pkCredentialId={}+pkName=mine", "pkName=mine",
               "pkRpId=example.org+pkOwnerNumber=1001"]


def named(name, identifier):
    """Alice's, of that id, under another name than it."""
    ldif = credential_ldif(identifier, ALICE, 1001, key="b3RoZXI=", more="pkName: mine\n")
    return ldif.replace(f"dn: pkCredentialId={identifier},", f"dn: {name.format(identifier)},")


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_another_name_for_a_known_id(directory, server, name):
    """slapd itself takes any value for a name: whoever has other rules than the example's."""
    bobs = text64("bobs")
    assert server.add(credential_ldif(bobs, BOB, 1002), admin=True) == 0
    with Host(directory, "host1") as host:
        until("there", lambda: host.ids(*BOB_OF) == {"bobs"})
        assert server.add(named(name, bobs), admin=True) == 0 and len(server.names()) == 2
        assert server.add(credential_ldif(text64("last"), ALICE, 1001), account=ALICE) == 0
        until("there", lambda: "last" in host.ids())
        assert host.ids(*BOB_OF) == {"bobs"} and host.ids(*ALICE_OF) == {"last"}
        assert "not used: it is not named by its pkCredentialId alone" in host.said()
    with Host(directory, "host2") as host:
        assert host.ids(*BOB_OF) == {"bobs"} and host.ids(*ALICE_OF) == {"last"}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_the_rules_let_accounts_name_by_the_id_alone(server, name):
    assert server.add(named(name, text64("new")), account=ALICE) == DENIED
    assert not server.names()


@pytest.mark.parametrize("account", [("root", 0), ("admin", 1500)])
def test_what_is_a_hosts_own_is_not_the_directorys(directory, server, account):
    """Whose id is told to whoever asks to sign in as them."""
    with Host(directory, "host1") as host:
        assert host.call("add", *account, "roots", "key").status == "ok"
        assert host.call("use", "roots", 7).status == "ok"
        assert server.add(credential_ldif(text64("roots"), ALICE, 1001), account=ALICE) == 0
        assert server.add(credential_ldif(text64("last"), ALICE, 1001), account=ALICE) == 0
        until("there", lambda: "last" in host.ids())
        assert host.ids(*account) == {"roots"} and host.ids(*ALICE_OF) == {"last"}
        assert server.delete(entry("roots"), account=ALICE) == 0
        assert server.delete(entry("last"), account=ALICE) == 0
        until("gone", lambda: "last" not in host.ids())
        assert "/roots/7/" in "".join(host.passkeys(*account))
        assert host.call("remove", *account, "roots").status == "ok"


@pytest.mark.slow
def test_rubbish_fills_no_log(directory, server):
    """An account that adds it, as much as it likes: what is wrong with it is not everybody's log's
    to keep."""
    with Host(directory, "host1") as host:
        assert server.add("".join(
            credential_ldif(text64(f"odd-{number:03}"), ALICE, 1001, more="pkFlag: odd\n")
            for number in range(200)), account=ALICE) == 0
        assert server.add(credential_ldif(text64("last"), ALICE, 1001), account=ALICE) == 0
        until("there", lambda: host.ids() == {"last"})
        assert host.said().count(": not used: ") == 16
        assert host.said().count("more passkeys are not used; passkeyctl directory check") == 1
