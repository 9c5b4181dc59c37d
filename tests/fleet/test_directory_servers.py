# SPDX-License-Identifier: BSD-2-Clause
"""What passkey-store-ldap(8) promise of two servers that replicate to each other."""

import os
import re
import subprocess

import pytest
from ldap_directory import ALICE, BOB, PASSKEYS, SUFFIX, Directory, credential_ldif, until
from ldap_host import PROGRAM, Host


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


def slap(server, program, *arguments, stdin=None):
    return subprocess.run(
        ["setpriv", "--reuid", "openldap", "--regid", "openldap", "--init-groups",
         "/usr/sbin/" + program, "-f", os.path.join(server.folder, "slapd.conf"), "-b", SUFFIX,
         *arguments], input=stdin, text=True, check=True, capture_output=True).stdout


def bring_back(directory, copy):
    for server in directory.servers:
        server.stop()
        server.forget()
        server.configure([other for other in directory.servers if other is not server])
        subprocess.run(["chown", "-R", "openldap:", server.folder], check=True)
        slap(server, "slapadd", "-w", stdin=copy)
    for server in directory.servers:
        server.start()


def test_a_copy_brings_it_back(directory):
    """slapcat and slapadd, as backup: hosts go on as if nothing had been."""
    one, _ = directory.servers
    one.add(credential_ldif("a2VwdA", ALICE, 1001), admin=True)
    directory.settle()
    before = one.names()
    with Host(directory, "host1") as host:
        assert host.call("use", "kept", 7).status == "ok"
        bring_back(directory, slap(one, "slapcat"))
        until("it is followed", lambda: "ldaps://" in host.call("state").words)
        assert one.names() == before
        assert "alice/1001/kept/7/passkey" in host.passkeys()
        assert one.delete(entry("a2VwdA"), certificate="enrol") == 0
        until("it is removed", lambda: "kept" not in host.ids())


def test_a_clock_that_is_ahead_is_told(directory):
    copy = slap(directory.servers[0], "slapcat")
    bring_back(directory, re.sub(r"(?m)^(entryCSN|contextCSN): 20..", r"\1: 2091", copy))
    done = subprocess.run([PROGRAM, "--check", "--config", Host(directory, "host1").config],
                          stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1, done
    assert "s in the future: the clocks of the servers and of this host differ" in done.stdout
