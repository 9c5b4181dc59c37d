# SPDX-License-Identifier: BSD-2-Clause
"""passkeyctl api-key and rp-key with the real daemon: were these broken, an application's key would
be somebody else's, stay good after it was revoked, or stand in a file or a log."""

import base64
import hashlib
import json
import re
import signal

import pytest

import machine as parts
import namespace

KEYS = parts.KEYS
EMPTY = parts.vardict({})
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SECRET = "a secret of the application's own, 256 characters long " + 201 * "x"
CONFIG = """
[rp portal]
id = portal.example.org
http = hanko
tenant-id = 0b9f5c8e-6d7b-4b0a-8f0e-6f2a3c1d9e57
[rp cloud]
id = cloud.example.org
http = cloudreve
[rp own]
id = own.example.org
http = standard
[rp plain]
id = plain.example.org
"""


@pytest.fixture
def served(machine):
    machine.configure(CONFIG)
    return machine


def ctl(machine, *words, user="root", **keywords):
    return machine.run_as(user, ["passkeyctl", *words], **keywords)


def asked(machine, *words, **keywords):
    done = ctl(machine, *words, "--json", **keywords)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer.pop("ok") is True
    return answer


def create(machine, rp="portal", *words):
    return asked(machine, "api-key", "create", "--rp", rp, *words)["key"]


def stored():
    """Everything that is on the disk."""
    found = b""
    for suffix in ("", "-wal"):
        with open(parts.database() + suffix, "rb") as file:
            found += file.read()
    return found


# --- API keys -------------------------------------------------------------------------------------

def test_a_key_is_shown_once_and_kept_nowhere(served):
    since = served.syslog.mark()
    done = ctl(served, "api-key", "create", "--rp", "portal", "--name", "the web shop")
    assert done.returncode == 0, done.stderr
    key = done.stdout.rstrip("\n")
    assert re.fullmatch(r"[A-Za-z0-9_-]{86}==", key)
    assert len(base64.urlsafe_b64decode(key)) == 64
    assert "not shown again" in done.stderr
    (kept,) = asked(served, "api-key", "list", "--rp", "portal")["keys"]
    assert re.fullmatch(UUID, kept["id"])
    assert (kept["rp"], kept["name"]) == ("portal", "the web shop")
    assert set(kept) == {"id", "rp", "name", "created"}
    shown = ctl(served, "api-key", "list", "--rp", "portal").stdout
    assert kept["id"] in shown and "the web shop" in shown and key[:16] not in shown
    assert key.encode() not in stored()
    assert hashlib.sha256(key.encode()).digest() in stored()
    served.syslog.wait(f"API key given out: {kept['id']} of portal, by uid 0, ", since)
    assert key[:16] not in served.syslog.text()


def test_every_key_is_another(served):
    secrets = {create(served)["secret"] for _ in range(3)}
    assert len(secrets) == 3
    assert len(asked(served, "api-key", "list", "--rp", "portal")["keys"]) == 3


def test_keys_are_one_relying_partys(served):
    create(served)
    other = create(served, "cloud")
    assert [each["id"] for each in asked(served, "api-key", "list", "--rp", "cloud")["keys"]] \
        == [other["id"]]
    done = ctl(served, "api-key", "revoke", other["id"], "--rp", "portal")
    assert done.returncode == 1
    assert "no such key" in done.stderr


def test_a_revoked_key_is_gone(served):
    since = served.syslog.mark()
    first, second = create(served), create(served)
    done = ctl(served, "api-key", "revoke", first["id"], "--rp", "portal")
    assert (done.returncode, done.stdout) == (0, "Revoked.\n")
    served.syslog.wait(f"API key revoked: {first['id']} of portal, by uid 0, ", since)
    assert [each["id"] for each in asked(served, "api-key", "list", "--rp", "portal")["keys"]] \
        == [second["id"]]
    again = ctl(served, "api-key", "revoke", first["id"], "--rp", "portal", "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["reason"] == "not-found"
    # It stays so when the daemon starts again.
    served.kill_daemon(signal.SIGTERM)
    assert len(asked(served, "api-key", "list", "--rp", "portal")["keys"]) == 1


def test_keys_of_what_is_configured_no_more_can_be_revoked(served):
    key = create(served)
    served.configure("")
    served.kill_daemon(signal.SIGTERM)
    assert len(asked(served, "api-key", "list", "--rp", "portal")["keys"]) == 1
    asked(served, "api-key", "revoke", key["id"], "--rp", "portal")
    done = ctl(served, "api-key", "list", "--rp", "portal")
    assert done.returncode == 1
    assert "no such relying party" in done.stderr


def test_there_are_32_at_most(served):
    for _ in range(32):
        create(served)
    done = ctl(served, "api-key", "create", "--rp", "portal", "--json")
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (1, "limit-exceeded")


@pytest.mark.parametrize("rp, reason", [("nowhere", "no such relying party"),
                                        ("plain", "not served over HTTP"),
                                        ("default", "not served over HTTP")])
def test_only_what_is_served_over_http_has_keys(served, rp, reason):
    for words in (["api-key", "create"], ["rp-key", "rotate"]):
        done = ctl(served, *words, "--rp", rp)
        assert done.returncode == 1
        assert reason in done.stderr, done.stderr


def test_root_alone(served):
    alice = served.connect("alice")
    for member, signature, more in (
            ("CreateApiKey", "sa{sv}", [EMPTY]), ("ListApiKeys", "s", []),
            ("RevokeApiKey", "ss", ["x"]), ("ListKeys", "s", []), ("RotateKey", "sa{sv}", [EMPTY]),
            ("ImportKey", "sa{sv}", [EMPTY])):
        alice.fails("AccessDenied", KEYS, member, signature, "portal", *more)
    done = ctl(served, "api-key", "list", "--rp", "portal", user="alice")
    assert done.returncode == 1


def test_what_is_malformed_is_refused(served):
    root = served.connect()
    for name in ("", "x" * 65, "a\nb"):
        root.fails("InvalidArguments", KEYS, "CreateApiKey", "sa{sv}", "portal",
                   parts.vardict({"name": name}))
    root.fails("InvalidArguments", KEYS, "CreateApiKey", "sa{sv}", "portal",
               parts.vardict({"rights": "all"}))
    root.fails("InvalidArguments", KEYS, "ListApiKeys", "s", "")
    root.fails("UnknownRelyingParty", KEYS, "ListApiKeys", "s", "x" * 100)
    for bits in (0, 1024, 2047, 4096):
        root.fails("InvalidArguments", KEYS, "RotateKey", "sa{sv}", "portal",
                   parts.vardict({"bits": parts.dbus.UInt32(bits)}))
    root.fails("InvalidArguments", KEYS, "ImportKey", "sa{sv}", "cloud", EMPTY)
    for text in ("", "x" * 31, "x" * 1025):
        root.fails("InvalidArguments", KEYS, "ImportKey", "sa{sv}", "cloud",
                   {"secret": parts.secret(text)})
    assert asked(served, "rp-key", "list", "--rp", "cloud")["keys"] == []


# --- signing keys ---------------------------------------------------------------------------------

def test_keys_are_rotated(served):
    since = served.syslog.mark()
    shown = ctl(served, "rp-key", "list", "--rp", "portal").stdout
    assert shown == "No keys yet: the first is made when it is needed.\n"
    first = asked(served, "rp-key", "rotate", "--rp", "portal")["key"]
    assert re.fullmatch(UUID, first["kid"])
    assert (first["alg"], first["signs"], first["shared"]) == ("RS256", True, False)
    served.syslog.wait(f"new signing key: {first['kid']} of portal, by uid 0, ", since)
    second = asked(served, "rp-key", "rotate", "--rp", "portal", "--bits", "3072")["key"]
    keys = asked(served, "rp-key", "list", "--rp", "portal")["keys"]
    assert [each["kid"] for each in keys] == [second["kid"], first["kid"]]
    assert [each["signs"] for each in keys] == [True, False]
    # Tokens live 300 seconds, and some worker may be late with one.
    assert keys[1]["expires"] - keys[1]["retired"] == 360
    done = ctl(served, "rp-key", "rotate", "--rp", "portal", "--at-once")
    assert done.returncode == 0 and "are void" in done.stdout
    keys = asked(served, "rp-key", "list", "--rp", "portal")["keys"]
    assert len(keys) == 1 and keys[0]["kid"] in done.stdout


def test_a_shared_key_is_imported(served):
    path = namespace.SCRATCH + "/shared"
    namespace.write(path, SECRET + "\n")
    key = asked(served, "rp-key", "import", path, "--rp", "cloud")["key"]
    assert (key["alg"], key["signs"], key["shared"]) == ("HS256", True, True)
    done = ctl(served, "rp-key", "import", "-", "--rp", "cloud", input=SECRET)
    assert done.returncode == 0, done.stderr
    assert "until they expire" in done.stdout
    keys = asked(served, "rp-key", "list", "--rp", "cloud")["keys"]
    assert [each["signs"] for each in keys] == [True, False]
    for shown in (json.dumps(keys), served.syslog.text(), done.stdout):
        assert SECRET[:20] not in shown


def test_what_is_no_shared_key_is_refused(served):
    short = namespace.SCRATCH + "/short"
    namespace.write(short, "x" * 31 + "\n")
    long = namespace.SCRATCH + "/long"
    namespace.write(long, "x" * 1025)
    for path in (short, long):
        done = ctl(served, "rp-key", "import", path, "--rp", "cloud")
        assert done.returncode == 1 and "32 to 1024 bytes" in done.stderr
    done = ctl(served, "rp-key", "import", namespace.SCRATCH + "/none", "--rp", "cloud")
    assert done.returncode == 1 and "none" in done.stderr
    good = namespace.SCRATCH + "/good"
    namespace.write(good, SECRET)
    done = ctl(served, "rp-key", "import", good, "--rp", "portal")
    assert done.returncode == 1 and "rotate them" in done.stderr
    done = ctl(served, "rp-key", "rotate", "--rp", "cloud")
    assert done.returncode == 1 and "import the one" in done.stderr
    done = ctl(served, "rp-key", "rotate", "--rp", "own", "--bits", "3072")
    assert done.returncode == 1 and "not RSA keys" in done.stderr
    assert asked(served, "rp-key", "rotate", "--rp", "own")["key"]["alg"] == "ES256"


# --- the command line -----------------------------------------------------------------------------

@pytest.mark.parametrize("words", [
    ["api-key"], ["api-key", "make"], ["api-key", "create"], ["api-key", "list"],
    ["api-key", "revoke", "--rp", "portal"], ["api-key", "list", "x", "--rp", "portal"],
    ["api-key", "list", "--rp", "portal", "--name", "x"],
    ["rp-key"], ["rp-key", "create", "--rp", "portal"], ["rp-key", "import", "--rp", "cloud"],
    ["rp-key", "rotate", "--rp", "portal", "--bits", "4096"],
    ["rp-key", "list", "--rp", "portal", "--at-once"]], ids=" ".join)
def test_wrong_usage(machine, words):
    done = ctl(machine, *words)
    assert done.returncode == 2, done.stdout
    assert "Try 'passkeyctl --help'." in done.stderr
    done = ctl(machine, *words, "--json")
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (2, "wrong-usage")


@pytest.mark.parametrize("words", [["api-key", "--help"], ["help", "api-key"],
                                   ["api-key", "create", "--help"]], ids=" ".join)
def test_help(machine, words):
    done = ctl(machine, *words)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: passkeyctl api-key COMMAND")
    assert "revoke ID" in done.stdout
