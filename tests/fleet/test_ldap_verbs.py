# SPDX-License-Identifier: BSD-2-Clause
"""The tests of every store's verbs, with a directory behind them."""

import os
import subprocess
import sys

import pytest
from ldap_directory import TOP, Directory
from ldap_host import BUILD, Host

# Those that the tests name; others of these names are hosts' own.
ACCOUNTS = (("alice", 1000), ("bob", 1001), ("carol", 1003), ("without", 4000))
SUITES = ("decisions", "keys", "orphans", "races", "verbs")


@pytest.fixture(name="host", scope="module")
def fixture_host():
    with Directory(count=1, accounts=ACCOUNTS) as directory, \
            Host(directory, "enrol") as host:
        host.server = directory.servers[0]
        host.authority = directory.authority
        yield host


@pytest.mark.parametrize("suite", SUITES)
def test_the_verbs(host, suite):
    reset = os.path.join(TOP, "tests", "fleet", "ldap_reset.py")
    run = subprocess.run(
        [os.path.join(BUILD, "tests", "unit", f"remote_store_{suite}")], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300,
        env={**os.environ, "PASSKEYD_TEST_STORE": host.socket, "CMOCKA_MESSAGE_OUTPUT": "TAP",
             "PASSKEYD_TEST_STORE_RESET": " ".join(
                 [sys.executable, reset, host.server.uri, host.authority.path("ca.crt"),
                  host.database])})
    assert run.returncode == 0, run.stdout + host.said()
    assert "\nok 1" in run.stdout
