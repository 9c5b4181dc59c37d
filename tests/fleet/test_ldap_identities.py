# SPDX-License-Identifier: BSD-2-Clause
"""How a host finds the directory's servers, and how both prove who they are: StartTLS, SRV records,
and a keytab in place of a certificate.

Were this broken, whoever answers in a server's place would be believed, or a host of a domain that
has Kerberos could not use its directory.
"""

import contextlib
import os
import socket
import threading

import kerberos
import name_server
import pytest
from ldap_directory import NAMES, SUFFIX, Authority, Directory, until
from ldap_host import Host

ALICE = ("alice", 1001)
STATE = "state"
HOSTS, RESOLVER = "/etc/hosts", "/etc/resolv.conf"
AUTHZ = ("authz-regexp \"^uid=host/([^.,]+)[^,]*,(cn=example.org,)?cn=gssapi,cn=auth$\" "
         f"\"cn=$1,ou=hosts,{SUFFIX}\"\n"
         "authz-regexp \"^uid=enrol/([^.,]+)[^,]*,(cn=example.org,)?cn=gssapi,cn=auth$\" "
         f"\"cn=$1,ou=enrolment,{SUFFIX}\"\n"
         f"sasl-host {NAMES[0]}\n")


@pytest.fixture(name="directory")
def directory_():
    with Directory() as directory:
        yield directory


@pytest.fixture(name="names")
def names_():
    """The servers' names, and whom to ask for the others."""
    before = {}
    for path in (HOSTS, RESOLVER):
        with open(path, encoding="utf-8") as file:
            before[path] = file.read()
    write(HOSTS, before[HOSTS] + "".join(f"127.0.0.1 {name}\n" for name in NAMES))
    write(RESOLVER, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    yield
    for path, text in before.items():
        write(path, text)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def enrol(directory, **how):
    with Host(directory, "enrol", **how) as host:
        assert host.call("add", *ALICE, "first", "first").status == "ok"


def refused(host, words):
    """It follows no server, and says that of it."""
    until(words, lambda: words in host.call(STATE).words or words in host.said())
    assert host.ids(*ALICE) is None


# --- StartTLS -------------------------------------------------------------------------------------

def test_starttls(directory):
    plain = [server.plain for server in directory.servers]
    enrol(directory, servers=plain)
    with Host(directory, "host1", servers=plain) as host:
        until("there", lambda: host.ids() == {"first"})
        assert f"server={plain[0]}" in host.call(STATE).words


def test_starttls_with_somebody_elses_certificate(directory):
    other = Authority(os.path.join(directory.folder, "other"))
    with Host(directory, "host1", servers=[directory.servers[0].plain], ready=False,
              ca_certificate=other.path("ca.crt")) as host:
        refused(host, "TLS fails: its certificate is not of ca-certificate")


@contextlib.contextmanager
def speaks_no_tls():
    """Refuses StartTLS as servers do that have none; yields what it was sent besides."""
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def run():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                request = connection.recv(4096)
                assert b"1.3.6.1.4.1.1466.20037" in request
                # An ExtendedResponse to message 1: protocolError (2).
                connection.sendall(bytes.fromhex("300c02010178070a010204000400"))
                got.append(connection.recv(4096))
                connection.close()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"ldap://127.0.0.1:{listener.getsockname()[1]}", got
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


UNBIND = bytes.fromhex("30050201024200")


def test_a_server_without_tls_is_told_nothing(directory):
    with speaks_no_tls() as (uri, got), Host(directory, "host1", servers=[uri],
                                             ready=False) as host:
        refused(host, "StartTLS")
        until("it was asked", lambda: got)
        assert set(got) <= {b"", UNBIND}


# --- DNS ------------------------------------------------------------------------------------------

def test_servers_by_dns(directory, names):
    records = {"_ldap._tcp.example.org": [
        (20, directory.servers[1].plain_port, NAMES[1]),
        (10, directory.servers[0].plain_port, NAMES[0])]}
    with name_server.serve(records):
        enrol(directory, domain="example.org")
        with Host(directory, "host1", domain="example.org") as host:
            until("there", lambda: host.ids() == {"first"})
            assert f"server=ldap://{NAMES[0]}" in host.call(STATE).words
            directory.servers[0].kill()
            until("the other is followed",
                  lambda: f"server=ldap://{NAMES[1]}" in host.call(STATE).words)
            assert host.ids() == {"first"}
    assert names is None


def test_a_name_that_is_not_in_the_certificate(directory, names):
    """DNS may name whom it likes; it must be one that the authority vouches for by that name."""
    write(HOSTS, "127.0.0.1 localhost elsewhere.example.org\n")
    records = {"_ldap._tcp.example.org": [(0, directory.servers[0].plain_port,
                                           "elsewhere.example.org")]}
    with name_server.serve(records), Host(directory, "host1", domain="example.org",
                                          ready=False) as host:
        refused(host, "TLS fails")
    assert names is None


def test_a_server_of_another_domain(directory, names):
    """It has a certificate, as everybody can have one who has a name, and DNS is forged."""
    other = "ldap1.example.com"
    directory.authority.issue("server", "/CN=elsewhere",
                              f"subjectAltName=IP:127.0.0.1,DNS:{other}\n"
                              "extendedKeyUsage=serverAuth,clientAuth")
    write(HOSTS, f"127.0.0.1 localhost {other}\n")
    for server in directory.servers:
        server.stop()
    directory.servers[0].start()
    records = {"_ldap._tcp.example.org": [(0, directory.servers[0].plain_port, other)]}
    with name_server.serve(records), Host(directory, "host1", domain="example.org",
                                          ready=False) as host:
        refused(host, f"DNS names no server within example.org, but {other}")
        assert host.call("add-as", *ALICE, "first", "first", "secret").status == "storage"
    assert names is None


def test_no_records(directory, names):
    with name_server.serve({}), Host(directory, "host1", domain="example.org",
                                     ready=False) as host:
        refused(host, "DNS has no SRV records of _ldap._tcp.example.org")
    assert names is None


# --- Kerberos -------------------------------------------------------------------------------------

def test_a_keytab(names, tmp_path):
    os.chmod(tmp_path, 0o755)
    directory = Directory(count=1, extra=AUTHZ)
    with kerberos.Realm(os.path.join(directory.folder, "realm")) as realm:
        keytab = realm.keytab(f"ldap/{NAMES[0]}", "ldap.keytab", "openldap")
        directory.environment = {**realm.environment, "KRB5_KTNAME": keytab}

        def identity(principal, name):
            return {**realm.environment, "KRB5CCNAME": "MEMORY:",
                    "KRB5_CLIENT_KTNAME": realm.keytab(principal, name)}
        with directory:
            how = {"servers": [f"ldaps://{NAMES[0]}:{directory.servers[0].port}"],
                   "identity": "gssapi", "certificate": None, "key": None}
            enrol(directory, environment=identity("enrol/enrol.example.org", "enrol.keytab"), **how)
            with Host(directory, "host1", environment=identity(
                    "host/host1.example.org", "host1.keytab"), **how) as host:
                until("there", lambda: host.ids() == {"first"})
                answer = host.call("add", *ALICE, "second", "second")
                assert "may not add passkeys to the directory" in answer.words, answer
                assert host.ids() == {"first"}
            # The server is ldap1 in Kerberos, whatever it is called otherwise.
            how["servers"] = [f"ldaps://{NAMES[1]}:{directory.servers[0].port}"]
            with Host(directory, "host2", ready=False, environment=identity(
                    "host/host2.example.org", "host2.keytab"), **how) as host:
                refused(host, "to sign in")
    assert names is None
