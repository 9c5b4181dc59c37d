# SPDX-License-Identifier: BSD-2-Clause
"""An account adds its own passkey with its own password, from a host that may add none."""

import base64
import os

import pytest
from ldap_directory import ADMIN, ALICE, PASSKEYS, SECRET, SUFFIX, Directory, Gate, until
from ldap_host import Host

ALICE_OF, BOB_OF = ("alice", 1001), ("bob", 1002)
WRONG = "other-than-hers"
LONG = "correct-horse-battery-staple"  # to be looked for in memory
POLICY = f"cn=policy,{SUFFIX}"
# A server that takes a name without a password for nobody's, as the protocol has it.
EXTRA = "moduleload ppolicy\nmoduleload back_monitor\nallow bind_anon_dn"
OVERLAYS = f"""
overlay ppolicy
ppolicy_default "{POLICY}"
ppolicy_use_lockout
database monitor
access to * by * read
"""


@pytest.fixture(name="directory", scope="module")
def fixture_directory():
    with Directory(count=1, extra=EXTRA, overlays=OVERLAYS) as directory:
        server = directory.servers[0]
        server.run("ldapadd", admin=True, stdin=(
            f"dn: {POLICY}\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: policy\n"
            "pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 3\n"))
        yield directory


@pytest.fixture(name="server")
def fixture_server(directory):
    server = directory.servers[0]
    for name in server.names():
        server.delete(name, admin=True)
    for name in ("alice", "bob"):
        give_password(server, name, SECRET)
    return server


@pytest.fixture(name="host")
def fixture_host(directory, server):
    """An ordinary one, which may add nothing by itself."""
    with Host(directory, "host1", add_as="account") as host:
        until("it is empty", lambda: host.ids() == set() or not server)
        yield host


def give_password(server, name, password):
    """Which ends a lockout as well."""
    assert server.modify(f"dn: {ALICE.replace('alice', name)}\nchangetype: modify\n"
                         f"replace: userPassword\nuserPassword: {password}\n", admin=True) == 0


def entry(text):
    return (f"pkCredentialId={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')},"
            f"{PASSKEYS}")


def refused(answer, *words, status="password-refused"):
    assert answer.status == status, answer
    for word in words:
        assert word in answer.words, answer


def test_an_account_adds_its_own(directory, server, host):
    assert host.call("asks", *ALICE_OF).words == server.uri
    assert host.call("add-as", *ALICE_OF, "first", "blue-key", SECRET).status == "ok"
    assert server.names() == {entry("first")}
    assert host.passkeys(*ALICE_OF) == {"alice/1001/first/0/blue-key"}
    found = server.run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", entry("first"),
                       "creatorsName", admin=True).stdout
    assert f"creatorsName: {ALICE}\n" in found
    with Host(directory, "host2") as other:
        until("there", lambda: other.ids(*ALICE_OF) == {"first"})
    # What the server says of it is the same passkey, which is there once.
    assert host.call("add-as", *ALICE_OF, "first", "again", SECRET).status == "exists"
    assert host.call("add-as", *ALICE_OF, "second", "blue-key", SECRET).status == "name-taken"
    host.restart()
    until("kept", lambda: host.passkeys() == {"alice/1001/first/0/blue-key"})


def test_the_host_itself_still_adds_nothing(server, host):
    refused(host.call("add", *ALICE_OF, "mine", "key"), "this host may not add passkeys",
            "add-as = account", status="storage")
    assert server.names() == set() and host.ids() == set()


def test_another_password_is_not_taken(server, host):
    refused(host.call("add-as", *ALICE_OF, "first", "key", WRONG),
            "the directory did not take alice's password")
    assert server.names() == set() and host.ids() == set()


def test_an_empty_password_is_never_sent(server, host):
    assert "anonymous" in server.run("ldapwhoami", "-D", ALICE, "-w", "").stdout
    before = binds(server)
    refused(host.call("add-as", *ALICE_OF, "first", "key", "-"), "alice's password: it was empty")
    assert binds(server) == before + 2  # the host's own, and that of this question
    assert server.names() == set() and host.ids() == set()


def binds(server):
    """That the server had; what asks is none."""
    found = server.run("ldapsearch", "-LLL", "-b", "cn=Bind,cn=Operations,cn=Monitor",
                       "monitorOpCompleted", admin=True).stdout
    return int(found.split("monitorOpCompleted: ")[1].split()[0])


def test_a_password_adds_for_nobody_else(server, host):
    give_password(server, "bob", "bobs-own")
    refused(host.call("add-as", *ALICE_OF, "first", "key", "bobs-own"), "alice's password")
    refused(host.call("add-as", *BOB_OF, "first", "key", SECRET), "bob's password")
    assert server.names() == set() and host.ids() == set()


def test_a_locked_account_is_told(server, host):
    for _ in range(3):
        refused(host.call("add-as", *ALICE_OF, "first", "key", WRONG))
    refused(host.call("add-as", *ALICE_OF, "first", "key", SECRET),
            "alice's password: the account is locked there")
    assert server.names() == set()


def test_one_call_is_one_try(server, host):
    """Or one mistake would lock an account."""
    refused(host.call("add-as", *ALICE_OF, "first", "key", WRONG))
    failures = server.run("ldapsearch", "-LLL", "-b", ALICE, "-s", "base", "pwdFailureTime",
                          admin=True).stdout
    assert failures.count("pwdFailureTime:") == 1


def test_a_password_that_was_reset_is_to_be_changed(server, host):
    rule = f"dn: {POLICY}\nchangetype: modify\nreplace: pwdMustChange\npwdMustChange: "
    assert server.modify(rule + "TRUE\n", admin=True) == 0
    give_password(server, "alice", SECRET)
    refused(host.call("add-as", *ALICE_OF, "first", "key", SECRET), "it is to be changed first")
    assert server.modify(rule + "FALSE\n", admin=True) == 0
    assert server.names() == set()


def test_an_account_without_a_password(server, host):
    assert server.modify(f"dn: {ALICE}\nchangetype: modify\ndelete: userPassword\n",
                         admin=True) == 0
    refused(host.call("add-as", *ALICE_OF, "first", "key", SECRET), "alice's password")
    assert server.names() == set()


def test_accounts_of_the_host_are_asked_nothing(server, host):
    for account in (("root", 0), ("admin", 1500), ("alice", 1999)):
        answer = host.call("asks", *account)
        assert (answer.status, answer.words) == ("ok", "")
        assert host.call("add-as", *account, f"of-{account[1]}", "key", "-").status == "ok"
    assert host.ids() == {"of-0", "of-1500", "of-1999"} and server.names() == set()
    for account in (("root", 0), ("admin", 1500), ("alice", 1999)):
        assert host.call("remove", *account, f"of-{account[1]}").status == "ok"


@pytest.mark.parametrize("name", ["*", "al*", "alice)(uid=*", "alice\\2a", "uid=alice,ou=people",
                                  "alice,ou=people", "bob"])
def test_a_name_is_no_filter(server, host, name):
    """Who is called so is somebody of this host, and nobody of the directory."""
    assert host.call("asks", name, 1001).words == ""
    assert host.call("add-as", name, 1001, "of-it", "key", "-").status == "ok"
    assert host.ids(*ALICE_OF) == set() == server.names()
    assert host.call("remove", name, 1001, "of-it").status == "ok"


def test_a_long_password_is_as_wrong_as_any(server, host):
    refused(host.call("add-as", *ALICE_OF, "first", "key", SECRET * 500), "alice's password")
    assert server.names() == set() and host.ids() == set()


def test_a_host_that_adds_by_itself_asks_nobody(directory, server):
    assert server.names() == set()
    with Host(directory, "enrol") as host:
        assert host.call("asks", *ALICE_OF).words == ""


def test_a_server_that_is_away(directory, server):
    gate = Gate(server.port)
    try:
        with Host(directory, "host1", [f"ldaps://127.0.0.1:{gate.port}"],
                  add_as="account") as host:
            until("there", lambda: host.ids() is not None)
            gate.cut()
            for call in (("asks", *ALICE_OF), ("add-as", *ALICE_OF, "first", "key", SECRET)):
                refused(host.call(*call), "the directory does not answer", status="storage")
            assert host.ids() == set()
    finally:
        gate.cut()
    assert server.names() == set()


def test_rules_that_let_no_account_add(directory, server, host):
    rules = os.path.join(directory.folder, "openldap-passkeyd-acl.conf")
    with open(rules, encoding="utf-8") as file:
        before = file.read()
    try:
        with open(rules, "w", encoding="utf-8") as file:
            file.write(before.replace("by dnattr=pkOwner write", "by dnattr=pkOwner read"))
        server.stop()
        server.start()
        until("it is followed", lambda: host.call("asks", *ALICE_OF).words == server.uri)
        refused(host.call("add-as", *ALICE_OF, "first", "key", SECRET),
                "the directory does not let alice add passkeys", status="denied")
        assert server.names() == set() and host.ids() == set()
    finally:
        with open(rules, "w", encoding="utf-8") as file:
            file.write(before)
        server.stop()
        server.start()


def test_nothing_keeps_the_password(server, host):
    """Neither the log nor what is left of its memory."""
    give_password(server, "alice", LONG)
    assert host.call("add-as", *ALICE_OF, "first", "key", LONG).status == "ok"
    refused(host.call("add-as", *ALICE_OF, "second", "two", LONG + "er"))
    assert LONG not in host.said()
    assert not any(LONG.encode() in part for part in memory(host.process.pid))
    assert any(ADMIN.split(",", 1)[1].encode() in part for part in memory(host.process.pid))


def memory(pid):
    """What a dump of the process would have, and more: secrets are left out of one."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb") as all_:
        for line in maps:
            place, rights = line.split()[:2]
            if "r" not in rights or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            begin, end = (int(part, 16) for part in place.split("-"))
            all_.seek(begin)
            try:
                yield all_.read(end - begin)
            except OSError:
                continue
