# SPDX-License-Identifier: BSD-2-Clause
"""etc/openldap-passkeyd-acl.conf and the schema, held to a real slapd: who may do what."""

import re

import pytest
from ldap_directory import (ALICE, BOB, PASSKEYS, PEOPLE, SUFFIX, TOP, Directory, account_ldif,
                            credential_ldif)

NO_SUCH, DENIED, EXISTS = 32, 50, 68
CREDENTIALS_WANTED = (DENIED, 8, 53)  # of somebody without a name, by slapd's choice
VIOLATED = (19, 65)  # by the schema: two values of one, an attribute that is missing


@pytest.fixture(name="directory", scope="module")
def fixture_directory():
    with Directory(count=1) as directory:
        yield directory


@pytest.fixture(name="server")
def fixture_server(directory):
    server = directory.servers[0]
    yield server
    for name in server.names():
        assert server.delete(name, admin=True) == 0


def entry(name):
    return f"pkCredentialId={name},{PASSKEYS}"


HOST = {"certificate": "host1"}
ENROLMENT = {"certificate": "enrol"}


def test_root_of_a_host_adds_no_passkey_for_anybody(server):
    for owner, number in ((ALICE, 1001), (BOB, 1002), (f"cn=host1,ou=hosts,{SUFFIX}", 0)):
        assert server.add(credential_ldif("stolen", owner, number), **HOST) == DENIED
    assert not server.names()


def test_a_host_reads_all_and_changes_nothing(server):
    assert server.add(credential_ldif("one", ALICE, 1001), admin=True) == 0
    assert server.add(credential_ldif("two", BOB, 1002), admin=True) == 0
    assert server.names(**HOST) == {entry("one"), entry("two")}
    assert server.delete(entry("one"), **HOST) == DENIED
    for change in ("replace: pkOwner\npkOwner: " + BOB, "replace: pkPublicKey\npkPublicKey: x",
                   "add: pkName\npkName: mine", "delete: pkOwnerNumber"):
        assert server.modify(f"dn: {entry('one')}\nchangetype: modify\n{change}\n",
                             **HOST) == DENIED
    assert server.modify(f"dn: {entry('one')}\nchangetype: modrdn\nnewrdn: pkCredentialId=three\n"
                         "deleteoldrdn: 1\n", **HOST) == DENIED


def test_a_host_adds_no_account_and_changes_none(server):
    assert server.add(account_ldif("mallory", 0), **HOST) == DENIED
    for change in ("replace: uidNumber\nuidNumber: 1001", "replace: userPassword\nuserPassword: x"):
        assert server.modify(f"dn: {BOB}\nchangetype: modify\n{change}\n", **HOST) == DENIED
    found = server.run("ldapsearch", "-LLL", "-b", PEOPLE, "(uid=alice)", **HOST).stdout
    assert "uidNumber: 1001" in found and "userPassword" not in found


def test_an_account_adds_and_removes_its_own(server):
    own = {"account": ALICE}
    assert server.add(credential_ldif("mine", ALICE, 1001), **own) == 0
    assert server.names(**own) == {entry("mine")}
    assert server.delete(entry("mine"), **own) == 0


def test_an_account_reaches_nobody_elses(server):
    assert server.add(credential_ldif("bobs", BOB, 1002), admin=True) == 0
    own = {"account": ALICE}
    assert server.names(**own) == set()
    assert server.add(credential_ldif("other", BOB, 1002), **own) == DENIED
    assert server.delete(entry("bobs"), **own) in (DENIED, NO_SUCH)
    assert server.add(credential_ldif("bobs", ALICE, 1001), **own) in (EXISTS, DENIED)
    assert server.add(credential_ldif("both", ALICE, 1001, more=f"pkOwner: {BOB}\n"),
                      **own) in VIOLATED
    assert server.names() == {entry("bobs")}


def test_an_account_gives_its_own_to_nobody(server):
    own = {"account": ALICE}
    assert server.add(credential_ldif("mine", ALICE, 1001), **own) == 0
    for change in (f"replace: pkOwner\npkOwner: {BOB}", "replace: pkPublicKey\npkPublicKey: x",
                   "replace: pkOwnerNumber\npkOwnerNumber: 1002"):
        assert server.modify(f"dn: {entry('mine')}\nchangetype: modify\n{change}\n",
                             **own) == DENIED
    assert server.modify(f"dn: {entry('mine')}\nchangetype: modrdn\nnewrdn: pkCredentialId=new\n"
                         "deleteoldrdn: 1\n", **own) == DENIED


def test_an_enrolment_host_adds_and_removes_for_anybody(server):
    for name, owner, number in (("one", ALICE, 1001), ("two", BOB, 1002)):
        assert server.add(credential_ldif(name, owner, number), **ENROLMENT) == 0
        assert server.modify(f"dn: {entry(name)}\nchangetype: modify\nreplace: pkOwner\n"
                             f"pkOwner: {BOB}\n", **ENROLMENT) == DENIED
        assert server.delete(entry(name), **ENROLMENT) == 0
    assert server.add(account_ldif("mallory", 0), **ENROLMENT) == DENIED


def test_nobody_sees_and_does_nothing(server):
    assert server.add(credential_ldif("one", ALICE, 1001), admin=True) == 0
    found = server.run("ldapsearch", "-LLL", "-b", SUFFIX, "(objectClass=*)", check=False)
    assert "dn:" not in found.stdout
    assert server.add(credential_ldif("two", ALICE, 1001)) in CREDENTIALS_WANTED
    assert server.delete(entry("one")) in (*CREDENTIALS_WANTED, NO_SUCH)


def test_an_id_is_there_once(server):
    assert server.add(credential_ldif("one", ALICE, 1001), **ENROLMENT) == 0
    assert server.add(credential_ldif("one", BOB, 1002), **ENROLMENT) == EXISTS
    assert server.add(credential_ldif("One", BOB, 1002), **ENROLMENT) == 0  # another id


def test_what_a_passkey_is_must_be_there(server):
    whole = credential_ldif("one", ALICE, 1001)
    for line in re.findall(r"^pk(?:Owner|OwnerNumber|PublicKey|UserHandle|RpId|Algorithm):.*\n",
                           whole, re.M):
        assert server.add(whole.replace(line, ""), admin=True) in VIOLATED


def definitions(text):
    """Of either file, without what differs between them."""
    text = re.sub(r"\n ", "", text)  # LDIF's folded lines
    kinds = "attributetype|objectclass|olcAttributeTypes:|olcObjectClasses:"
    return [" ".join(found.split()) for found in re.findall(
        rf"^(?:{kinds}) (\(.*?\))\n(?=\n|\w|\Z)", text, re.M | re.S)]


def test_both_files_of_the_schema_say_the_same():
    read = []
    for ending in ("schema", "ldif"):
        with open(f"{TOP}/etc/openldap-passkeyd.{ending}", encoding="utf-8") as file:
            read.append(definitions(file.read()))
    assert read[0] == read[1] and len(read[0]) == 21
