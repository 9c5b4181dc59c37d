#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two OpenLDAP servers that replicate to each other, on loopback, in a folder of their own.

Multi-provider with delta-syncrepl, a checkpoint after every operation, TLS with client
certificates, and the schema and the access rules of etc/. "ldap_directory.py" starts them, prints
where they are and what they are asked with, and ends them at end of input.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLAPD = "/usr/sbin/slapd"
SUFFIX = "dc=example,dc=org"
PASSKEYS = f"ou=passkeys,{SUFFIX}"
PEOPLE = f"ou=people,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"
NAMES = ("ldap1.example.org", "ldap2.example.org")  # in the servers' certificate, too
SECRET = "secret"
ALICE, BOB = f"uid=alice,{PEOPLE}", f"uid=bob,{PEOPLE}"
LIMIT = 30  # seconds that anything here is waited for


def until(what, condition, seconds=LIMIT):
    """Waits for what slapd tells nobody of."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Authority:
    """A CA and its certificates; NAME.crt and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-days", "3650", "-subj", "/O=example/CN=CA",
                     "-keyout", self.path("ca.key"), "-out", self.path("ca.crt"))

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, subject, extensions="extendedKeyUsage=clientAuth"):
        config = self.path(f"{name}.ext")
        with open(config, "w", encoding="utf-8") as file:
            file.write(extensions + "\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", subject, "-keyout", self.path(f"{name}.key"),
                     "-out", self.path(f"{name}.csr"))
        self.openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-days", "3650",
                     "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"),
                     "-CAcreateserial", "-extfile", config, "-out", self.path(f"{name}.crt"))
        os.chmod(self.path(f"{name}.key"), 0o644)

    def files(self, name):
        return self.path("ca.crt"), self.path(f"{name}.crt"), self.path(f"{name}.key")


class Gate:
    """Passes connections on to a port, until it is cut; then they end, and new ones are refused."""

    def __init__(self, target, address="127.0.0.1"):
        self.target = (address, target)
        self.port = free_port()
        self.lock = threading.Lock()
        self.pairs = set()
        self.listener = None
        self.restore()

    def restore(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=[self.listener], daemon=True).start()

    def cut(self):
        listener, self.listener = self.listener, None
        if listener:
            end(listener)
        with self.lock:
            for side in self.pairs:
                end(side)
            self.pairs.clear()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            with self.lock:
                if self.listener is not listener:
                    end(near)
                    end(far)
                    return
                self.pairs |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=[one, other], daemon=True).start()

    @staticmethod
    def copy(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        end(one)
        end(other)


def end(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class Server:
    """One provider: its folder, its port, and the gate by which the others replicate from it."""

    def __init__(self, directory, number):
        self.directory = directory
        self.number = number
        self.folder = os.path.join(directory.folder, f"server{number}")
        address = directory.addresses[(number - 1) % len(directory.addresses)]
        self.port = free_port()
        # Not localhost, in whose place libldap looks for this machine's name in the certificate.
        self.uri = f"ldaps://{address}:{self.port}"
        self.plain_port = free_port()
        self.plain = f"ldap://{address}:{self.plain_port}"  # for StartTLS
        self.ldapi = "ldapi://" + os.path.join(self.folder, "ldapi").replace("/", "%2F")
        self.gate = Gate(self.port, address)
        self.process = None

    def configure(self, others):
        ca, certificate, key = self.directory.authority.files("server")
        peers = "\n".join(textwrap.dedent(f"""\
            syncrepl rid={other.number:03}
              provider=ldaps://127.0.0.1:{other.gate.port}
              bindmethod=sasl saslmech=EXTERNAL tls_reqcert=demand tls_cacert={ca}
              tls_cert={certificate} tls_key={key}
              searchbase="{SUFFIX}" logbase="cn=accesslog" schemachecking=on
              logfilter="(&(objectClass=auditWriteObject)(reqResult=0))"
              type=refreshAndPersist retry="1 +" syncdata=accesslog""") for other in others)
        text = f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include {self.directory.folder}/openldap-passkeyd.schema
attributetype ( 2.16.840.1.113730.3.8.23.27 NAME 'ipaPassKey' EQUALITY caseExactMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 2.16.840.1.113730.3.8.24.9 NAME 'ipaPasskeyUser' SUP top AUXILIARY MAY ipaPassKey )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
moduleload accesslog
serverID {self.number}
pidfile {self.folder}/pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient try
authz-regexp "^cn=([^,]+),ou=(hosts|enrolment|system),o=example$" "cn=$1,ou=$2,{SUFFIX}"
{self.directory.extra}

database mdb
suffix cn=accesslog
rootdn cn=accesslog
directory {self.folder}/log
maxsize 268435456
index entryCSN,objectClass,reqEnd,reqResult,reqStart eq
access to * by dn.children="ou=system,{SUFFIX}" read by * none
limits dn.children="ou=system,{SUFFIX}" size=unlimited time=unlimited
overlay syncprov
syncprov-nopresent TRUE
syncprov-reloadhint TRUE
syncprov-checkpoint 1 1

database mdb
suffix "{SUFFIX}"
rootdn "{ADMIN}"
rootpw {SECRET}
directory {self.folder}/data
maxsize {self.directory.maxsize}
index objectClass,entryUUID,entryCSN,pkOwner,uid eq
access to * by dn.children="ou=system,{SUFFIX}" read by * break
include {self.directory.folder}/openldap-passkeyd-acl.conf
limits dn.children="ou=system,{SUFFIX}" size=unlimited time=unlimited
{peers}
{"multiprovider on" if peers else ""}
overlay syncprov
syncprov-checkpoint 1 1
overlay accesslog
logdb cn=accesslog
logops writes
logsuccess TRUE
{self.directory.overlays}
"""
        for name in ("", "log", "data"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        with open(os.path.join(self.folder, "slapd.conf"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        user = pwd.getpwnam("openldap")
        for folder, _, files in os.walk(self.folder):
            for path in [folder, *(os.path.join(folder, name) for name in files)]:
                os.chown(path, user.pw_uid, user.pw_gid)
        with open(os.path.join(self.folder, "log.txt"), "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--reuid", "openldap", "--regid", "openldap", "--init-groups",
                 SLAPD, "-d", "0", "-f", os.path.join(self.folder, "slapd.conf"),
                 "-h", f"{self.uri} {self.plain} {self.ldapi}"], stdout=log, stderr=log,
                env={**os.environ, **self.directory.environment})
        until(f"server {self.number} answers", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "log.txt"), encoding="utf-8") as log:
                raise RuntimeError(f"slapd ended with {self.process.returncode}: {log.read()}")
        return self.run("ldapwhoami", admin=True, check=False).returncode == 0

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)
            self.process.wait(LIMIT)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def forget(self):
        """All that it has on its disk."""
        for name in ("log", "data"):
            shutil.rmtree(os.path.join(self.folder, name))
            os.makedirs(os.path.join(self.folder, name))

    def run(self, program, *arguments, admin=False, certificate=None, account=None,
            stdin="", check=True):
        """A client of ldap-utils as the administrator, by a certificate, or as an account."""
        ca = self.directory.authority.path("ca.crt")
        environment = {"PATH": os.environ["PATH"], "LDAPTLS_CACERT": ca,
                       "LDAPTLS_REQCERT": "demand"}
        if certificate:
            _, environment["LDAPTLS_CERT"], environment["LDAPTLS_KEY"] = \
                self.directory.authority.files(certificate)
            how = ["-Q", "-Y", "EXTERNAL"]
        else:
            how = ["-x"] + (["-D", ADMIN if admin else account, "-w", SECRET]
                            if admin or account else [])
        return subprocess.run([program, "-H", self.uri, *how, *arguments], input=stdin,
                              env=environment, text=True, check=check, capture_output=True,
                              timeout=LIMIT)

    def add(self, ldif, **who):
        """The code of the answer."""
        return self.run("ldapadd", stdin=ldif, check=False, **who).returncode

    def delete(self, name, **who):
        return self.run("ldapdelete", name, check=False, **who).returncode

    def modify(self, ldif, **who):
        return self.run("ldapmodify", stdin=ldif, check=False, **who).returncode

    def names(self, base=PASSKEYS, **who):
        """Of the entries below base that are seen; administrators see all."""
        found = self.run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base, "-s", "one", "1.1",
                         check=False, **(who or {"admin": True}))
        return {line[4:] for line in found.stdout.splitlines() if line.startswith("dn: ")}


def account_ldif(name, number):
    return (f"dn: uid={name},{PEOPLE}\nobjectClass: account\nobjectClass: posixAccount\n"
            f"objectClass: ipaPasskeyUser\ncn: {name}\nuid: {name}\nuidNumber: {number}\n"
            f"gidNumber: {number}\nhomeDirectory: /home/{name}\nuserPassword: {SECRET}\n\n")


def credential_ldif(name, owner, number, key="a2V5", handle="aGFuZGxl", more=""):
    return (f"dn: pkCredentialId={name},{PASSKEYS}\nobjectClass: pkCredential\n"
            f"pkCredentialId: {name}\npkOwner: {owner}\npkOwnerNumber: {number}\n"
            f"pkPublicKey:: {key}\npkUserHandle:: {handle}\npkRpId: example.org\n"
            f"pkAlgorithm: -7\n{more}\n")


class Directory:
    """Of so many servers. To be used as a context."""

    passkeys = PASSKEYS

    def __init__(self, count=2, accounts=(("alice", 1001), ("bob", 1002)), extra="", overlays="",
                 maxsize=1 << 30, addresses=("127.0.0.1",)):
        """addresses: of the servers, each after the other; they listen there alone."""
        if not os.path.exists(SLAPD):
            pytest.skip("slapd is not installed: scripts/install-dependencies --fleet")
        self.folder = tempfile.mkdtemp(prefix="passkeyd-ldap-")
        os.chmod(self.folder, 0o755)
        # Where the sources are, the servers' user may not look.
        for name in ("openldap-passkeyd.schema", "openldap-passkeyd-acl.conf"):
            shutil.copyfile(os.path.join(TOP, "etc", name), os.path.join(self.folder, name))
        self.environment = {}  # of the servers, beside this process's
        self.extra = extra  # lines of slapd.conf: of the server
        self.overlays = overlays  # and of its database
        self.addresses = list(addresses)
        self.maxsize = maxsize  # of a server's database, in bytes
        self.accounts = list(accounts)
        self.authority = Authority(os.path.join(self.folder, "ca"))
        self.authority.issue("server", "/O=example/OU=system/CN=server",
                             "subjectAltName=" + ",".join(
                                 [f"IP:{address}" for address in {"127.0.0.1", *addresses}]
                                 + [f"DNS:{name}" for name in NAMES])
                             + "\nextendedKeyUsage=serverAuth,clientAuth")
        for name in ("host1", "host2", "host3"):
            self.authority.issue(name, f"/O=example/OU=hosts/CN={name}")
        self.authority.issue("enrol", "/O=example/OU=enrolment/CN=enrol")
        self.servers = [Server(self, number + 1) for number in range(count)]
        for server in self.servers:
            server.configure([other for other in self.servers if other is not server])

    def __enter__(self):
        try:
            for server in self.servers:
                server.start()
            self.fill()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def fill(self):
        first = self.servers[0]
        domain = SUFFIX.split(",", maxsplit=1)[0][3:]
        first.run("ldapadd", admin=True, stdin=(
            f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: {domain}\n"
            f"o: example\n\ndn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
            f"dn: {PASSKEYS}\nobjectClass: organizationalUnit\nou: passkeys\n\n"
            + "".join(account_ldif(*account) for account in self.accounts)))
        self.settle()

    def settle(self):
        """Until all have the same."""
        for base in (PEOPLE, PASSKEYS):
            until("the servers agree", lambda base=base: len(
                {frozenset(server.names(base)) for server in self.servers}) == 1)
        until("the servers have the accounts", lambda: all(
            server.names(PEOPLE) for server in self.servers))

    def partition(self):
        for server in self.servers:
            server.gate.cut()

    def rejoin(self):
        for server in self.servers:
            server.gate.restore()

    def close(self):
        for server in self.servers:
            server.kill()
            server.gate.cut()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    with Directory() as directory:
        for server in directory.servers:
            print(f"{server.uri}  administrator {ADMIN}, password {SECRET}")
        print(f"certificates in {directory.authority.folder}; they end with the input", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
