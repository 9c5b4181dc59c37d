# SPDX-License-Identifier: BSD-2-Clause
"""A Kerberos realm on loopback, in a folder of its own: MIT's KDC."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from ldap_directory import free_port

REALM = "EXAMPLE.ORG"
KDC, UTIL, ADMIN = "/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local"


class Realm:
    """To be used as a context. environment: of programs that are in it."""

    def __init__(self, folder):
        if not all(os.path.exists(program) for program in (KDC, UTIL, ADMIN)):
            pytest.skip("no KDC is installed: scripts/install-dependencies --fleet")
        self.folder = folder
        self.port = free_port()
        os.makedirs(folder)
        self.environment = {"KRB5_CONFIG": self.path("krb5.conf"),
                            "KRB5_KDC_PROFILE": self.path("kdc.conf")}
        self.write("krb5.conf", f"""\
[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{REALM} = {{
  kdc = 127.0.0.1:{self.port}
}}
[domain_realm]
.example.org = {REALM}
""")
        self.write("kdc.conf", f"""\
[realms]
{REALM} = {{
  database_name = {self.path("principal")}
  key_stash_file = {self.path("stash")}
  acl_file = {self.path("acl")}
  kdc_listen = 127.0.0.1:{self.port}
  kdc_tcp_listen = 127.0.0.1:{self.port}
}}
[logging]
kdc = FILE:{self.path("kdc.log")}
""")
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *command):
        subprocess.run(command, check=True, capture_output=True,
                       env={**os.environ, **self.environment})

    def __enter__(self):
        self.run(UTIL, "create", "-s", "-r", REALM, "-P", "the database's")
        self.process = subprocess.Popen([KDC, "-n"], env={**os.environ, **self.environment},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "no KDC"
                time.sleep(0.01)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def keytab(self, principal, name, owner=None):
        """Its keys are new ones; the path."""
        path = self.path(name)
        self.run(ADMIN, "-r", REALM, "-q", f"addprinc -randkey {principal}")
        self.run(ADMIN, "-r", REALM, "-q", f"ktadd -k {path} {principal}")
        if owner:
            shutil.chown(path, owner)
        return path
