#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Empties a directory and a running store's cache of it, for the tests of verbs.

Usage: ldap_reset.py URI CA DATABASE
"""

import os
import sqlite3
import subprocess
import sys

from ldap_directory import ADMIN, PASSKEYS, SECRET, until

TABLES = ("decision", "recovery_code", "credential", "user_transaction", "account", "fact",
          "ticket", "api_key", "signing_key", "directory_owed", "directory_told")


def client(uri, certificate, program, *arguments):
    return subprocess.run([program, "-x", "-H", uri, "-D", ADMIN, "-w", SECRET, *arguments],
                          text=True, capture_output=True, check=True,
                          env={"PATH": os.environ["PATH"], "LDAPTLS_CACERT": certificate}).stdout


def main():
    uri, certificate, path = sys.argv[1:]
    found = client(uri, certificate, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", PASSKEYS,
                   "-s", "one", "1.1")
    names = [line[4:] for line in found.splitlines() if line.startswith("dn: ")]
    if names:
        client(uri, certificate, "ldapdelete", *names)
    database = sqlite3.connect(path, isolation_level=None)
    until("followed", lambda: database.execute(
        "SELECT count(*) FROM directory_entry").fetchone()[0] == 0)
    database.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        database.execute(f"DELETE FROM {table}")
    database.execute("COMMIT")
    database.close()


if __name__ == "__main__":
    main()
