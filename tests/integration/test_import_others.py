# SPDX-License-Identifier: BSD-2-Clause
"""Passkey mappings of sssd, made as its passkey_child makes them, open the real sudo; the lines of
authorized_keys become passkeys as those of .pub files do."""

import base64
import json
import subprocess

import pytest

import namespace
from apps import Sudo
from software_agent import Key

pytestmark = pytest.mark.real_programs

FILE = namespace.SCRATCH + "/import"
DOMAIN = "ipa.example.org"


def ctl(machine, *arguments, person="root"):
    return machine.run_as(person, ["passkeyctl", *arguments])


def write(text):
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(text)
    return FILE


def passkeys(machine, person="alice"):
    return json.loads(ctl(machine, "list", "--user", person, "--json").stdout)


def mapping(keys, key, *options, domain=DOMAIN):
    """libfido2's credential for the domain; its id and its key as FreeIPA has them."""
    wish = "\n".join([base64.b64encode(bytes(32)).decode(), domain, "alice",
                      base64.b64encode(b"alice").decode()]) + "\n"
    made = subprocess.run([keys.wrapper("/usr/bin/fido2-cred"), "-M", *options, key.path],
                          input=wish, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    shown = subprocess.run(["/usr/bin/fido2-cred", "-V"], input=made.stdout, capture_output=True,
                           text=True, timeout=60, check=False)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    # A credential id may go on for several lines of base64, as the key does.
    start = lines.index("-----BEGIN PUBLIC KEY-----")
    public = "".join(lines[start + 1:lines.index("-----END PUBLIC KEY-----")])
    return f"passkey:{''.join(lines[:start])},{public}"


def touch_opens_sudo(machine, key):
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen


LDIF = """dn: uid=alice,cn=users,cn=accounts,dc=ipa,dc=test
uid: alice
ipapasskey: {}
"""
AD = """dn: CN=Alice,CN=Users,DC=ad,DC=test
altSecurityIdentities: X509:<I>DC=test<S>CN=Alice
altSecurityIdentities: {}
sAMAccountName: alice
"""
SHOWN = """  User login: alice
  First name: Alice
  Passkey mapping: {}
"""


@pytest.mark.parametrize("text", [LDIF, AD, SHOWN], ids=["freeipa", "ad", "ipa user-show"])
def test_mappings_open_sudo(machine, keys, text):
    key = keys.add("blue")
    text = text.format(mapping(keys, key))
    shown = ctl(machine, "import", "sssd", write(text), "--rp-id", DOMAIN, "--yes")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert passkeys(machine)[0]["rpId"] == DOMAIN
    touch_opens_sudo(machine, key)


def test_the_line_of_sssctl_alone(machine, keys):
    """It does not say whose it is."""
    key = keys.add("blue")
    line = mapping(keys, key)
    refused = ctl(machine, "import", "sssd", write(line), "--rp-id", DOMAIN, "--yes")
    assert refused.returncode == 1 and "does not say whose" in refused.stdout
    shown = ctl(machine, "import", "sssd", FILE, "--rp-id", DOMAIN, "--yes", "--user", "alice")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    touch_opens_sudo(machine, key)


def test_a_domain_is_needed_and_must_be_one(machine, keys):
    line = write("passkey:AAAA,AAAA")
    refused = ctl(machine, "import", "sssd", line, "--yes", "--user", "alice")
    assert refused.returncode == 1 and "--rp-id ipa.example.org" in refused.stderr
    key = keys.add("blue")
    write(LDIF.format(mapping(keys, key)))
    for name in ("pam://web1", "com", "10.0.0.1", "Upper.example.org"):
        refused = ctl(machine, "import", "sssd", FILE, "--rp-id", name, "--yes")
        assert refused.returncode == 1 and "name of its domain" in refused.stdout
    assert passkeys(machine) == []


# ssh


def test_authorized_keys(machine, host):
    first, second, third = Key(), Key(), Key()
    text = "\ufeff# of alice\r\n" + first.line + "\r\n" + \
        'from="10.0.0.0/8",verify-required ' + second.line + "\r\n" + \
        "ssh-ed25519 AAAA old\r\n" + third.line[:-40] + "\r\n" + first.line + "\r\n"
    done = ctl(machine, "import", "ssh", write(text), "--user", "alice", "--yes")
    assert done.returncode == 1
    assert f"{FILE}:2: alice: imported as" in done.stdout
    assert f"{FILE}:3: alice: its options for ssh are not kept, except verify-required" in \
        done.stdout
    assert f"{FILE}:5: alice: cannot be imported: it is not the public key" in done.stdout
    assert f"{FILE}:6: alice: is there already" in done.stdout
    assert "2 imported, 1 there already, " in done.stdout
    found = passkeys(machine)
    assert [each.get("verificationRequired", False) for each in found] == [False, True]
    assert {each["imported"] for each in found} == {"ssh"}


def test_one_key_is_imported_at_once(machine, host):
    done = ctl(machine, "import", "ssh", write("\ufeff" + Key().line + "\r\n"), "--user", "alice",
               "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["credential"]["imported"] == "ssh"


def test_of_nothing_nothing_is_imported(machine, host):
    for text in ("", "\n# nothing\n", "\ufeff"):
        done = ctl(machine, "import", "ssh", write(text), "--user", "alice")
        assert done.returncode == 1 and "nothing to import" in done.stderr
    assert passkeys(machine) == []
