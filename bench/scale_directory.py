# SPDX-License-Identifier: BSD-2-Clause
"""bench/scale directory: a directory of many passkeys, and what it costs a host to follow it.

slapadd loads a stream that is generated here. Then a host's store begins with an empty cache, is
started again with nothing new and with one change, and hears of one removal.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import uuid

FIRST_NUMBER = 100000  # of a user id
PATIENCE = 7200
# Bytes of the database for each passkey, with room; mdb wants to know before it begins.
ROOM = 8192


def b64(data):
    return base64.b64encode(data).decode()


def digest(kind, number):
    return hashlib.sha512(f"{kind} {number}".encode()).digest()


def id_of(number):
    """32 bytes in no order, which the tests' client prints as text."""
    return digest("id", number).hex()[:32]


def name_of(number):
    """Of its entry."""
    return base64.urlsafe_b64encode(id_of(number).encode()).decode().rstrip("=")


def account(number, parts):
    made = uuid.UUID(bytes=digest("account", number)[:16])
    return (f"dn: uid=user-{number},{parts.PEOPLE}\nobjectClass: account\n"
            f"objectClass: posixAccount\nstructuralObjectClass: account\ncn: user-{number}\n"
            f"uid: user-{number}\nuidNumber: {FIRST_NUMBER + number}\n"
            f"gidNumber: {FIRST_NUMBER + number}\nhomeDirectory: /home/user-{number}\n"
            f"entryUUID: {made}\n\n")


def passkey(number, parts):
    """As an enrolment writes it, of the account number / 2."""
    owner = number // 2
    key = b64(bytes.fromhex("a5010203262001215820") + digest("x", number)[:32]
              + bytes.fromhex("225820") + digest("y", number)[:32])
    return (f"dn: pkCredentialId={name_of(number)},{parts.PASSKEYS}\nobjectClass: pkCredential\n"
            f"structuralObjectClass: pkCredential\npkCredentialId: {name_of(number)}\n"
            f"pkOwner: uid=user-{owner},{parts.PEOPLE}\npkOwnerNumber: {FIRST_NUMBER + owner}\n"
            f"pkOwnerUUID: {uuid.UUID(bytes=digest('account', owner)[:16])}\n"
            f"pkPublicKey:: {key}\npkUserHandle:: {b64(digest('handle', owner))}\n"
            f"pkRpId: example.org\npkAlgorithm: -7\n"
            f"pkAaguid: {uuid.UUID(bytes=digest('make', number % 20)[:16])}\n"
            f"pkTransport: usb\npkName: Passkey {number % 2}\npkFormat: packed\npkTrust: yes\n"
            f"pkAttestationType: Basic\npkCreated: 20260101000000Z\n"
            "pkFlag: discoverable\npkFlag: user-verified\n\n")


def stream(accounts, parts):
    """The whole directory as LDIF, in pieces."""
    yield (f"dn: {parts.SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\n"
           f"dc: example\no: example\n\ndn: {parts.PEOPLE}\nobjectClass: organizationalUnit\n"
           f"ou: people\n\ndn: {parts.PASSKEYS}\nobjectClass: organizationalUnit\nou: passkeys\n\n")
    for number in range(accounts):
        yield account(number, parts)
    for number in range(2 * accounts):
        yield passkey(number, parts)


def make(accounts):
    """A directory of one server that has them and is not started, and how long slapadd took."""
    import ldap_directory as parts  # noqa: PLC0415  with the tests' folder in the path

    directory = parts.Directory(count=1, accounts=(), maxsize=max(1 << 30, accounts * 2 * ROOM))
    server = directory.servers[0]
    since = time.monotonic()
    with subprocess.Popen(["/usr/sbin/slapadd", "-q", "-w", "-b", parts.SUFFIX, "-f",
                           os.path.join(server.folder, "slapd.conf")],
                          stdin=subprocess.PIPE, text=True) as loading:
        for piece in stream(accounts, parts):
            loading.stdin.write(piece)
        loading.stdin.close()
        if loading.wait():
            raise RuntimeError("slapadd failed; see above")
    return directory, time.monotonic() - since


# --- a host ---------------------------------------------------------------------------------------

def memory(pid):
    """Mebibytes: now, and the most so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        values = dict(line.split(":", 1) for line in file)
    return [round(int(values[name].split()[0]) / 1024) for name in ("VmRSS", "VmHWM")]


def received(port):
    """Bytes that clients of that port have got, over the connections that are open."""
    said = subprocess.run(["ss", "-Htin", "dport", "=", f":{port}"], check=True, text=True,
                          capture_output=True).stdout
    return sum(int(number) for number in re.findall(r"bytes_received:(\d+)", said))


def processor(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def followed(host, server):
    """Starts the host: what it took until its cache was as the server."""
    import ldap_directory as parts  # noqa: PLC0415

    used = processor(server.process.pid)
    since = time.monotonic()
    host.start()
    parts.until("the server is followed",
                lambda: host.ids("user-0", FIRST_NUMBER) is not None, PATIENCE)
    now, most = memory(host.process.pid)
    return {"seconds": round(time.monotonic() - since, 1), "bytes": received(server.port),
            "store_processor_s": round(processor(host.process.pid), 1),
            "server_processor_s": round(processor(server.process.pid) - used, 1),
            "store_mib": now, "store_mib_most": most,
            "server_mib": memory(server.process.pid)[0]}


def removal(host, server, number):
    """Seconds from the server's acknowledgement until the host's cache lacks it."""
    import ldap_directory as parts  # noqa: PLC0415

    who = (f"user-{number // 2}", FIRST_NUMBER + number // 2)
    assert id_of(number) in host.ids(*who), host.ids(*who)
    assert server.delete(f"pkCredentialId={name_of(number)},{parts.PASSKEYS}", admin=True) == 0
    since = time.monotonic()
    parts.until("the cache lacks it", lambda: id_of(number) not in host.ids(*who))
    return round(time.monotonic() - since, 4)


def sizes(host, server):
    return {"server": os.stat(os.path.join(server.folder, "data", "data.mdb")).st_blocks * 512,
            "cache": sum(os.path.getsize(host.database + end) for end in ("", "-wal")
                         if os.path.exists(host.database + end))}


def measure(arguments):
    import ldap_host  # noqa: PLC0415

    directory, seconds = make(arguments.accounts)
    server = directory.servers[0]
    figures = {"passkeys": 2 * arguments.accounts, "load_s": round(seconds)}
    # Without time to serve offline: it answers once its cache is as the server.
    host = ldap_host.Host(directory, "host1", ready=False, offline_seconds=0)
    try:
        server.start()
        for name in ("first", "again, nothing new"):
            figures[name] = followed(host, server)
            print(name, figures[name], flush=True)
            if name == "first":
                figures["removal_s"] = [removal(host, server, n) for n in (7, 77, 777)]
            host.stop()
        assert server.delete(f"pkCredentialId={name_of(8)},{directory.passkeys}", admin=True) == 0
        figures["again, one removed"] = followed(host, server)
        print("again, one removed", figures["again, one removed"], flush=True)
        figures["bytes"] = sizes(host, server)
        host.stop()
    finally:
        host.stop()
        directory.close()
        shutil.rmtree(directory.folder, ignore_errors=True)
    print(json.dumps(figures))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)
            out.write("\n")
