# SPDX-License-Identifier: BSD-2-Clause
"""What [rp NAME] lets in: every algorithm and attestation format, over the bus.

The answers are made by the vectors' maker package, which has encoders and keys of its own.
"""

import base64
import json
import os
import sys
import time
import types

import pytest

import machine as parts
import namespace

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "vectors"))
# No cache files: the package is distributed.
written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
from maker import ceremony, keys, statements, x509  # noqa: E402
from maker.seed import derive  # noqa: E402
sys.dont_write_bytecode = written

RP, ORIGIN = "shop.example", "https://shop.example"
ANCHORS = namespace.SCRATCH + "/anchors"
VALID = {"not_before": "2000-01-01", "not_after": "2999-12-31"}
ROOT = x509.Authority("Formats root", **VALID)
OTHER_ROOT = x509.Authority("Another formats root", **VALID)
MODEL, OTHER_MODEL = derive("model", 16), derive("other model", 16)
NUMBERS = {name: keys.key(name).alg for name in keys.ALL}


def packed(**leaf):
    return statements.packed(**leaf)


def safetynet(**leaf):
    """Made now: its time must not be in the future."""
    return statements.safetynet(
        payload=lambda body: {**body, "timestampMs": int(time.time() * 1000)}, **leaf)


def compound(**leaf):
    return statements.compound(("packed", packed(**leaf)),
                               ("android-key", statements.android_key(**leaf)))


# name: (fmt, statement of a chain, attestation type, reason for one made for another challenge)
CERTIFIED = {
    "packed": ("packed", packed, "Basic", "attestation-signature-invalid"),
    "fido-u2f": ("fido-u2f", statements.fido_u2f, "Basic", "attestation-signature-invalid"),
    "tpm": ("tpm", statements.tpm, "AttCA", "tpm-extra-data"),
    "android-key": ("android-key", statements.android_key, "Basic",
                    "attestation-signature-invalid"),
    "android-safetynet": ("android-safetynet", safetynet, "Basic", "safetynet-nonce"),
    "apple": ("apple", statements.apple, "AnonCA", "apple-nonce"),
    "compound": ("compound", compound, "Basic", "attestation-signature-invalid"),
}
BARE = {
    "none": ("none", lambda: ceremony.none_statement, "None", None),
    "packed-self": ("packed", statements.packed_self, "Self", "attestation-signature-invalid"),
}


def statement_of(name, issuer=ROOT):
    fmt, make, kind, _ = {**CERTIFIED, **BARE}[name]
    made = make(issuer=issuer, **VALID) if name in CERTIFIED else make()
    return made, fmt, kind


class Passkey:
    def __init__(self, algorithm="ES256", label="one"):
        self.key = keys.key(algorithm)
        self.id = derive("passkey " + label, 32)
        self.user_handle = None
        self.counter = 0


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Shop:
    """A page of shop.example, and the people's authenticators."""

    def __init__(self, machine, text=""):
        machine.configure(f"[rp shop]\nid = {RP}\n{text}")
        self.machine = machine
        self.root = machine.connect()

    def begin(self, kind, user, **options):
        identifier, text, _ = self.root.call(parts.RELYING_PARTY, "Begin" + kind, "sa{sv}", user,
                                             parts.vardict({"rp": "shop", **options}))
        return str(identifier), json.loads(str(text))

    def finish(self, kind, identifier, response, reason=None):
        """The reply; where a reason is given, it must be refused for that one."""
        member, text = "Finish" + kind, json.dumps(response)
        if reason is None:
            return self.root.call(parts.RELYING_PARTY, member, "ss", identifier, text)
        mark = self.machine.syslog.mark()
        message = self.root.fails("VerificationFailed", parts.RELYING_PARTY, member, "ss",
                                  identifier, text)
        assert message.split(" ")[0] == reason, message
        self.machine.syslog.wait(r"\(shop\): refused, " + reason, since=mark,
                                 facility=parts.AUTHPRIV)
        return None

    def register(self, passkey, statement=ceremony.none_statement, fmt="none", reason=None,
                 client=None, user="17", **knobs):
        identifier, options = self.begin("Registration", user)
        passkey.user_handle = options["user"]["id"]
        if fmt == "fido-u2f":
            knobs.setdefault("aaguid", bytes(16))
        line = ceremony.registration(
            passkey.key, statement, fmt, challenge=decode(options["challenge"]),
            rp_id=options["rp"]["id"], client={"origin": ORIGIN, **(client or {})},
            credential_id=passkey.id, **knobs)
        reply = self.finish("Registration", identifier, line["credential"], reason)
        return json.loads(str(reply)) if reply is not None else options

    def sign_in(self, passkey, reason=None, client=None, user="17"):
        identifier, options = self.begin("Authentication", user)
        passkey.counter += 1
        name = ceremony.b64url(passkey.id)
        assert [each["id"] for each in options["allowCredentials"]] == [name]
        line = ceremony.authentication(
            passkey.key, challenge=decode(options["challenge"]), rp_id=options["rpId"],
            client={"origin": ORIGIN, **(client or {})}, counter=passkey.counter,
            response={"userHandle": passkey.user_handle}, credential={"id": name, "rawId": name})
        reply = self.finish("Authentication", identifier, line["credential"], reason)
        if reply is None:
            return None
        assert str(reply[0]) == user
        return json.loads(str(reply[1]))


def anchors(*authorities, pem=True):
    """The keys that make these the trust anchors."""
    os.makedirs(ANCHORS, exist_ok=True)
    for name in os.listdir(ANCHORS):
        os.unlink(f"{ANCHORS}/{name}")
    for index, authority in enumerate(authorities):
        path = f"{ANCHORS}/{index}.{'pem' if pem else 'der'}"
        body = base64.encodebytes(authority.der).decode()
        if pem:
            namespace.write(path, f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
        else:
            with open(path, "wb") as file:
                file.write(authority.der)
    return f"trust-anchors = {ANCHORS}\n"


def dashed(aaguid):
    text = aaguid.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


DIRECT = "attestation = direct\n"
REQUIRED = "require-trusted-attestation = yes\n"
EVERY_ALGORITHM = f"algorithms = {', '.join(keys.ALL)}\n"


# Algorithms

@pytest.mark.parametrize("name", keys.ALL)
def test_every_algorithm(machine, name):
    shop = Shop(machine, EVERY_ALGORITHM + DIRECT)
    passkey = Passkey(name)
    credential = shop.register(passkey, statements.packed_self(), "packed")
    assert (credential["alg"], credential["attestationType"]) == (NUMBERS[name], "Self")
    assert shop.sign_in(passkey)["alg"] == NUMBERS[name]
    passkey.key = keys.key(name, "another")
    shop.sign_in(passkey, reason="signature-invalid")


def test_algorithms_are_offered_in_the_order_configured(machine):
    wanted = ["Ed25519", "ESP384", "RS256", "ES256"]
    shop = Shop(machine, f"algorithms = {', '.join(wanted)}\n")
    _, options = shop.begin("Registration", "17")
    assert options["pubKeyCredParams"] == [{"type": "public-key", "alg": NUMBERS[name]}
                                           for name in wanted]


@pytest.mark.parametrize("name", ["ES384", "RS256", "Ed25519", "ESP256"])
def test_an_algorithm_that_is_not_offered(machine, name):
    shop = Shop(machine, "algorithms = ES256, EdDSA\n" + DIRECT)
    shop.register(Passkey(name), reason="algorithm-not-offered")
    shop.register(Passkey(name, "two"), statements.packed_self(), "packed",
                  reason="algorithm-not-offered")
    passkey = Passkey("EdDSA", "three")
    shop.register(passkey)
    shop.sign_in(passkey)


# Formats

@pytest.mark.parametrize("name", [*BARE, *CERTIFIED])
def test_every_format(machine, name):
    shop = Shop(machine, DIRECT)
    passkey = Passkey()
    statement, fmt, kind = statement_of(name)
    credential = shop.register(passkey, statement, fmt)
    assert (credential["fmt"], credential["attestationType"]) == (fmt, kind)
    # Without anchors a chain's trust is unknown; without a chain there is none.
    assert credential["trusted"] == ("unknown" if name in CERTIFIED else "no")
    shop.sign_in(passkey)


@pytest.mark.parametrize("name", [name for name in [*BARE, *CERTIFIED] if name != "none"])
def test_every_format_made_for_another_challenge(machine, name):
    shop = Shop(machine, DIRECT)
    statement, fmt, _ = statement_of(name)

    def replayed(context):
        return statement(types.SimpleNamespace(**{**vars(context), "client_hash": bytes(32)}))
    shop.register(Passkey(), replayed, fmt, reason={**BARE, **CERTIFIED}[name][3])


# Trust

@pytest.mark.parametrize("name", CERTIFIED)
def test_trust_required(machine, name):
    shop = Shop(machine, anchors(ROOT) + REQUIRED)
    statement, fmt, kind = statement_of(name)
    untrusted, _, _ = statement_of(name, OTHER_ROOT)
    options = shop.register(Passkey(label="untrusted"), untrusted, fmt,
                            reason="attestation-untrusted")
    assert options["attestation"] == "direct"  # or there would be nothing to trust
    passkey = Passkey()
    credential = shop.register(passkey, statement, fmt)
    assert (credential["attestationType"], credential["trusted"]) == (kind, "yes")
    shop.sign_in(passkey)


@pytest.mark.parametrize("name", BARE)
def test_trust_required_and_no_certificate(machine, name):
    shop = Shop(machine, anchors(ROOT) + REQUIRED)
    statement, fmt, _ = statement_of(name)
    shop.register(Passkey(), statement, fmt, reason="attestation-untrusted")


def test_a_compound_is_as_trusted_as_its_best_part(machine):
    shop = Shop(machine, anchors(ROOT) + REQUIRED)
    trusted, untrusted = (packed(issuer=issuer, **VALID) for issuer in (ROOT, OTHER_ROOT))
    mixed = statements.compound(("packed", untrusted), ("packed", trusted))
    assert shop.register(Passkey(), mixed, "compound")["trusted"] == "yes"
    # But every part must be right.
    forged = packed(issuer=OTHER_ROOT, sign=keys.key("ES256", "forger").sign, **VALID)
    broken = statements.compound(("packed", trusted), ("packed", forged))
    shop.register(Passkey(label="broken"), broken, "compound",
                  reason="attestation-signature-invalid")


@pytest.mark.parametrize("pem", [True, False])
def test_trust_is_reported_where_it_is_not_required(machine, pem):
    shop = Shop(machine, anchors(OTHER_ROOT, ROOT, pem=pem) + DIRECT)
    stranger = x509.Authority("Unknown formats root", **VALID)
    for issuer, trusted in ((ROOT, "yes"), (OTHER_ROOT, "yes"), (stranger, "no")):
        statement, fmt, _ = statement_of("packed", issuer)
        passkey = Passkey(label=trusted + str(issuer.name))
        assert shop.register(passkey, statement, fmt)["trusted"] == trusted


def test_an_intermediate_sent_along(machine):
    middle = x509.Authority("Formats intermediate", ROOT, path_length=0, **VALID)
    shop = Shop(machine, anchors(ROOT) + REQUIRED)
    leaf = {"issuer": middle, **VALID}
    shop.register(Passkey(label="short"), packed(**leaf), "packed", reason="attestation-untrusted")
    chain = packed(chain=[middle.der], **leaf)
    assert shop.register(Passkey(), chain, "packed")["trusted"] == "yes"


def test_an_expired_attestation_certificate(machine):
    shop = Shop(machine, anchors(ROOT) + REQUIRED)
    expired = packed(issuer=ROOT, not_before="2000-01-01", not_after="2001-01-01")
    shop.register(Passkey(), expired, "packed", reason="attestation-untrusted")


# Models

def test_aaguid_allow(machine):
    shop = Shop(machine, anchors(ROOT) + DIRECT + f"aaguid-allow = {dashed(MODEL)}\n")
    statement, fmt, _ = statement_of("packed")
    shop.register(Passkey(label="other"), statement, fmt, aaguid=OTHER_MODEL,
                  reason="aaguid-not-allowed")
    shop.register(Passkey(label="self"), statements.packed_self(), "packed", aaguid=MODEL,
                  reason="aaguid-not-allowed")  # a claim without an attestation
    untrusted, _, _ = statement_of("packed", OTHER_ROOT)
    shop.register(Passkey(label="untrusted"), untrusted, fmt, aaguid=MODEL,
                  reason="aaguid-not-allowed")
    # Trusted, but what the maker signed does not hold the AAGUID.
    for name in ("fido-u2f", "android-key"):
        trusted, fmt_of_it, _ = statement_of(name)
        shop.register(Passkey(label=name), trusted, fmt_of_it, aaguid=MODEL,
                      reason="aaguid-not-allowed")
    assert shop.register(Passkey(), statement, fmt, aaguid=MODEL)["aaguid"] == dashed(MODEL)


def test_aaguid_deny(machine):
    denied = f"aaguid-deny = {dashed(derive('a third model', 16))}, {dashed(MODEL)}\n"
    shop = Shop(machine, DIRECT + denied)
    statement, fmt, _ = statement_of("packed")
    shop.register(Passkey(label="denied"), statement, fmt, aaguid=MODEL, reason="aaguid-denied")
    shop.register(Passkey(label="claim"), aaguid=MODEL, reason="aaguid-denied")
    credential = shop.register(Passkey(), statement, fmt, aaguid=OTHER_MODEL)
    assert credential["aaguid"] == dashed(OTHER_MODEL)


# The counter

def test_counter_refuse(machine):
    shop = Shop(machine, "counter = refuse\n")
    passkey = Passkey()
    shop.register(passkey)
    passkey.counter = 5
    assert shop.sign_in(passkey)["signCount"] == 6
    passkey.counter = 2
    shop.sign_in(passkey, reason="counter-regressed")
    passkey.counter = 6
    assert shop.sign_in(passkey)["counterRegressed"] is False


def test_counter_log(machine):
    shop = Shop(machine, "counter = log\n")
    passkey = Passkey()
    shop.register(passkey)
    passkey.counter = 5
    assert shop.sign_in(passkey)["counterRegressed"] is False
    passkey.counter = 2
    mark = machine.syslog.mark()
    assert shop.sign_in(passkey)["counterRegressed"] is True
    assert machine.syslog.wait("sign-in of 17 .*COUNTER WENT BACK", since=mark,
                               facility=parts.AUTHPRIV)


# Origins

def test_several_origins(machine):
    origins = ["https://shop.example", "https://www.shop.example:8443", "https://pay.shop.example"]
    shop = Shop(machine, f"origins = {', '.join(origins)}\n")
    for origin in origins:
        passkey = Passkey(label=origin)
        shop.register(passkey, client={"origin": origin}, user=origin[8:])
        for other in origins:
            shop.sign_in(passkey, client={"origin": other}, user=origin[8:])
    for wrong in ("https://evil.example", "http://shop.example", "https://www.shop.example",
                  "https://shop.example/", "https://shop.example:443", "https://x.shop.example"):
        shop.register(Passkey(label=wrong), client={"origin": wrong}, reason="origin-mismatch")
        shop.sign_in(passkey, client={"origin": wrong}, user=origin[8:], reason="origin-mismatch")


def test_inside_a_frame(machine):
    frame = {"crossOrigin": True, "topOrigin": "https://portal.example"}
    shop = Shop(machine)
    passkey = Passkey()
    shop.register(Passkey(label="framed"), client=frame, reason="cross-origin-denied")
    shop.register(passkey)
    shop.sign_in(passkey, client=frame, reason="cross-origin-denied")


def test_inside_a_frame_of_anyone(machine):
    shop = Shop(machine, "allow-cross-origin = yes\n")
    passkey = Passkey()
    shop.register(passkey, client={"crossOrigin": True})
    for top in ("https://portal.example", "https://other.example"):
        shop.sign_in(passkey, client={"crossOrigin": True, "topOrigin": top})
    shop.sign_in(passkey, client={"crossOrigin": False, "topOrigin": "https://portal.example"},
                 reason="top-origin-mismatch")


def test_inside_a_frame_of_some(machine):
    shop = Shop(machine, "allow-cross-origin = yes\n"
                         "top-origins = https://portal.example, https://desk.example\n")
    passkey = Passkey()
    shop.register(passkey, client={"crossOrigin": True, "topOrigin": "https://desk.example"})
    shop.sign_in(passkey, client={"crossOrigin": True, "topOrigin": "https://portal.example"})
    shop.sign_in(passkey, client={"crossOrigin": True, "topOrigin": "https://evil.example"},
                 reason="top-origin-mismatch")
    shop.sign_in(passkey)


# Attestation preference

@pytest.mark.parametrize("preference", ["none", "indirect", "direct", "enterprise"])
def test_the_preference_is_in_the_options(machine, preference):
    shop = Shop(machine, f"attestation = {preference}\n")
    assert shop.begin("Registration", "17")[1]["attestation"] == preference
    for wish in ("none", "indirect", "direct", "enterprise"):
        assert shop.begin("Registration", "17", attestation=wish)[1]["attestation"] == wish


def test_no_preference_by_default(machine):
    shop = Shop(machine)
    assert "attestation" not in shop.begin("Registration", "17")[1]


@pytest.mark.parametrize("preference,asked", [
    ("none", "direct"), ("indirect", "direct"), ("direct", "direct"), ("enterprise", "enterprise")])
def test_what_must_be_trusted_is_asked_for(machine, preference, asked):
    shop = Shop(machine, anchors(ROOT) + REQUIRED + f"attestation = {preference}\n")
    assert shop.begin("Registration", "17")[1]["attestation"] == asked
