# SPDX-License-Identifier: BSD-2-Clause
"""What passkey-store-ldap(8) promise of two servers that replicate to each other."""

import pytest
from ldap_directory import ALICE, BOB, PASSKEYS, Directory, credential_ldif, until


@pytest.fixture(name="directory", scope="module")
def fixture_directory():
    with Directory() as directory:
        yield directory


def entry(name):
    return f"pkCredentialId={name},{PASSKEYS}"


def test_what_one_is_told_the_other_has(directory):
    one, two = directory.servers
    assert one.add(credential_ldif("first", ALICE, 1001), certificate="enrol") == 0
    assert two.add(credential_ldif("second", BOB, 1002), certificate="enrol") == 0
    for server in (one, two):
        until("replicated", lambda server=server: {entry("first"), entry("second")} <=
              server.names(certificate="host1"))


def test_a_removal_outlasts_a_partition(directory):
    one, two = directory.servers
    one.add(credential_ldif("parted", ALICE, 1001), admin=True)
    until("replicated", lambda: entry("parted") in two.names())
    directory.partition()
    assert one.delete(entry("parted"), certificate="enrol") == 0
    assert two.add(credential_ldif("meanwhile", BOB, 1002), certificate="enrol") == 0
    assert entry("parted") in two.names()
    directory.rejoin()
    for server in (one, two):
        until("rejoined", lambda server=server: entry("meanwhile") in server.names() and
              entry("parted") not in server.names())


def test_a_removal_outlasts_the_server_that_took_it(directory):
    one, two = directory.servers
    one.add(credential_ldif("last", ALICE, 1001), admin=True)
    until("replicated", lambda: entry("last") in two.names())
    directory.partition()
    assert one.delete(entry("last"), certificate="enrol") == 0
    one.kill()
    assert two.add(credential_ldif("later", BOB, 1002), certificate="enrol") == 0
    directory.rejoin()
    assert entry("last") in two.names()
    one.start()
    for server in (one, two):
        until("removed", lambda server=server: entry("later") in server.names() and
              entry("last") not in server.names())


def test_a_server_begins_again_from_nothing(directory):
    one, two = directory.servers
    before = two.names()
    assert before
    one.stop()
    one.forget()
    one.start()
    until("filled again", lambda: one.names() == before)
