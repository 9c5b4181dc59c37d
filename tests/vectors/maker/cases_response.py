# SPDX-License-Identifier: BSD-2-Clause
"""The JSON around a response, the line around that, and the ids and handles they carry."""
import json

from .ceremony import (BE, BS, CREDENTIAL_ID, OFFERED, REMOVED, UP, UV, AT, USER_HANDLE,
                       authentication, b64url, registration)
from .keys import key
from .seed import derive

OTHER_ID = derive("other credential id", 32)
NAMES = {bool: "boolean", int: "number", list: "array", dict: "object", str: "string",
         type(None): "null", float: "real"}
OPTIONAL = ("clientExtensionResults", "transports")


def stray(text):
    """The same letters, but for bits of the last one that no byte holds."""
    return text[:-1] + chr(ord(text[-1]) + 1)


def tolerated(cases):
    rows = [
        ("no-attachment", "authenticatorAttachment may be absent",
         {"credential": {"authenticatorAttachment": REMOVED}}),
        ("unknown-attachment", "an attachment that nobody knows yet",
         {"credential": {"authenticatorAttachment": "implanted"}}),
        ("unknown-members", "members that nobody knows",
         {"credential": {"x": {"y": [1]}}, "line": {"x": 1},
          "response": lambda r: {**r, "x": None}}),
        ("unknown-client-extension", "a client extension output that nobody asked for",
         {"credential": {"clientExtensionResults": {"example.test": {"a": 1}}}}),
    ]
    for name, description, knobs in rows:
        for kind, make in (("registration", registration), ("authentication", authentication)):
            cases.valid(f"{kind}-response-{name}", description, make(**knobs))
    cases.valid("registration-response-unknown-transport", "a transport that nobody knows yet",
                registration(response={"transports": ["usb", "telepathy"]}))
    cases.valid("registration-response-no-transports", "no transports",
                registration(response={"transports": []}))
    cases.valid("registration-response-cred-props", "credProps.rk",
                registration(credential={"clientExtensionResults": {"credProps": {"rk": True}}}))
    cases.valid("registration-id-1023-bytes", "the longest credential id",
                registration(credential_id=derive("long id", 1023)))
    cases.valid("registration-others-registered", "other credentials are registered",
                registration(line={"registeredCredentialIds": [b64url(OTHER_ID)]}))
    cases.valid("registration-conditional-no-up", "conditional create without user presence",
                registration(flags=UV | AT, line={"mediation": "conditional"}))
    cases.valid("authentication-no-allow-list", "no allow list",
                authentication(line={"allowCredentials": REMOVED}))
    cases.valid("authentication-empty-allow-list", "an empty allow list allows any",
                authentication(line={"allowCredentials": []}))
    cases.valid("authentication-allow-list-second", "the second of the allow list",
                authentication(
                    line={"allowCredentials": [b64url(OTHER_ID), b64url(CREDENTIAL_ID)]}))
    cases.valid("authentication-no-user-handle", "no user handle, the user was known before",
                authentication(response={"userHandle": REMOVED}))
    cases.valid("authentication-usernameless", "the user handle names the user",
                authentication(line={"policy": {"userVerification": "required",
                                                "userIdentifiedBefore": False},
                                     "allowCredentials": []}))
    cases.valid("authentication-one-byte-handle", "the shortest user handle",
                authentication(response={"userHandle": "AA"}, record={"userHandle": "AA"}))
    cases.valid("authentication-null-user-handle", "a user handle of null is an absent one",
                authentication(response={"userHandle": None}))
    cases.valid("authentication-handle-empty", "a user handle of no bytes is an absent one",
                authentication(response={"userHandle": ""}))
    cases.valid("authentication-handle-not-recorded", "the record does not say whose it is",
                authentication(record={"userHandle": REMOVED}))
    cases.valid("registration-null-members", "optional members that are null are absent ones",
                registration(response={"transports": None, "publicKey": None,
                                       "publicKeyAlgorithm": None, "authenticatorData": None},
                             credential={"clientExtensionResults": None,
                                         "authenticatorAttachment": None}))
    cases.valid("authentication-null-members", "optional members that are null are absent ones",
                authentication(response={"userHandle": None, "attestationObject": None},
                               credential={"clientExtensionResults": None,
                                           "authenticatorAttachment": None}))
    cases.valid("registration-null-outputs", "outputs that are null are absent ones",
                registration(credential={"clientExtensionResults": {
                    "credProps": None, "appidExclude": None, "payment": None}}))
    cases.valid("registration-cred-props-null", "rk that is null is absent",
                registration(credential={"clientExtensionResults": {"credProps": {"rk": None}}}))
    cases.valid("registration-rs1-asked-for", "an RS1 credential, offered by name", registration(
        key("RS1"), line={"pubKeyCredParams": [-65535]}), alg=-65535)
    cases.valid(
        "registration-repeated-members", "what repeats the attestation object", registration(
            response={"publicKeyAlgorithm": -7, "publicKey": b64url(key("ES256").spki())}))
    handle = b64url(derive("long handle", 64))
    cases.valid("authentication-64-byte-handle", "the longest user handle",
                authentication(response={"userHandle": handle}, record={"userHandle": handle}))


def counters(cases):
    for name, before, now in (("grows", 1, 2), ("jumps", 1, 2**32 - 1), ("starts", 0, 1),
                              ("both-zero", 0, 0)):
        cases.valid(f"authentication-counter-{name}", f"counter {before}, then {now}",
                    authentication(counter=now, record={"signCount": before}), signCount=now)
    for name, before, now in (("same", 5, 5), ("back", 5, 4), ("back-to-zero", 5, 0),
                              ("same-maximum", 2**32 - 1, 2**32 - 1),
                              ("wraps", 2**32 - 1, 0), ("wraps-to-one", 2**32 - 1, 1),
                              ("sign-bit", 2**31, 2**31 - 1)):
        cases.invalid(f"authentication-counter-{name}", "counter-regressed",
                      f"counter {before}, then {now}",
                      authentication(counter=now, record={"signCount": before}))


def handles(cases):
    unknown = {"policy": {"userVerification": "required", "userIdentifiedBefore": False}}
    other = b64url(derive("other handle", 16))
    missing, mismatch = "user-handle-missing", "user-handle-mismatch"
    cases.invalid("authentication-usernameless-no-handle", missing,
                  "nobody known before and no user handle",
                  authentication(response={"userHandle": REMOVED}, line=unknown))
    cases.invalid("authentication-usernameless-other-handle", mismatch,
                  "the handle of another account",
                  authentication(response={"userHandle": other}, line=unknown))
    cases.invalid("authentication-other-handle", mismatch,
                  "the handle of another account, the user was known before",
                  authentication(response={"userHandle": other}))
    cases.invalid("authentication-handle-prefix", mismatch, "a part of the handle",
                  authentication(response={"userHandle": b64url(USER_HANDLE[:8])}))
    cases.invalid("authentication-handle-longer", mismatch, "the handle and more",
                  authentication(response={"userHandle": b64url(USER_HANDLE + b"\0")}))
    cases.invalid("authentication-usernameless-empty-handle", missing,
                  "nobody known before and a user handle of no bytes",
                  authentication(response={"userHandle": ""}, line=unknown))
    cases.invalid("authentication-handle-65-bytes", "response-malformed", "a user handle too long",
                  authentication(response={"userHandle": b64url(derive("x", 65))}))


def identifiers(cases):
    mismatch = "credential-id-mismatch"
    other = b64url(OTHER_ID)
    for kind, make in (("registration", registration), ("authentication", authentication)):
        cases.invalid(f"{kind}-id-other", mismatch, "id is not rawId",
                      make(credential={"id": other}))
        cases.invalid(f"{kind}-raw-id-other", mismatch, "rawId is not id",
                      make(credential={"rawId": other}))
        for value in ("", "Public-Key", "password", "public-key "):
            cases.invalid(f"{kind}-credential-type-{value.strip().lower() or 'empty'}"
                          f"{'-space' if value.endswith(' ') else ''}"
                          f"{'-case' if value[:1] == 'P' else ''}",
                          "credential-type-unknown", f"type: {value!r}",
                          make(credential={"type": value}))
    cases.invalid("registration-id-not-attested", mismatch,
                  "id and rawId agree, but another id is attested",
                  registration(credential={"id": other, "rawId": other}))
    cases.invalid("registration-id-prefix", mismatch, "a part of the attested id",
                  registration(credential={"id": b64url(CREDENTIAL_ID[:16]),
                                           "rawId": b64url(CREDENTIAL_ID[:16])}))
    cases.invalid("registration-id-1024-bytes", "credential-id-length", "a credential id too long",
                  registration(credential_id=derive("long id", 1024)))
    cases.invalid("registration-id-empty", "credential-id-length", "a credential id of no bytes",
                  registration(credential_id=b""))
    cases.invalid("registration-registered", "credential-registered",
                  "the credential id is registered already",
                  registration(line={"registeredCredentialIds": [other, b64url(CREDENTIAL_ID)]}))
    cases.invalid("authentication-id-not-recorded", mismatch, "the record of another credential",
                  authentication(record={"id": other}))
    cases.invalid("authentication-not-allowed", "credential-not-allowed",
                  "not one of the allow list", authentication(line={"allowCredentials": [other]}))
    cases.invalid("authentication-allowed-prefix", "credential-not-allowed",
                  "a part of the id in the allow list",
                  authentication(line={"allowCredentials": [b64url(CREDENTIAL_ID[:-1])]}))


def encodings(cases):
    """Every base64url member, in each of the ways base64url can be loose."""
    def member(make, path):
        def apply(knob):
            if path[0] == "response":
                return make(response=lambda r: {**r, path[1]: knob(r[path[1]])})
            return make(credential=lambda c: {**c, path[0]: knob(c[path[0]])})
        return apply

    def foreign(text):
        return text[:5] + "*" + text[6:]

    places = [("registration", registration, [("id",), ("rawId",), ("response", "clientDataJSON"),
                                              ("response", "attestationObject")]),
              ("authentication", authentication, [("id",), ("rawId",),
                                                  ("response", "clientDataJSON"),
                                                  ("response", "authenticatorData"),
                                                  ("response", "signature"),
                                                  ("response", "userHandle")])]
    looseness = [
        ("padding", "padding", lambda t: t + "=" * (-len(t) % 4 or 4)),
        ("foreign-character", "a foreign character", foreign),
        ("white-space", "a newline at the end", lambda t: t + "\n"),
        ("standard-alphabet", "letters of the other alphabet", lambda t: "+/+/" + t),
        ("one-letter-more", "a letter that makes no byte",
         lambda t: t + "A" * ((1 - len(t)) % 4 or 4) if len(t) % 4 != 1 else t),
    ]
    for kind, make, paths in places:
        for path in paths:
            apply = member(make, path)
            for name, description, knob in looseness:
                # An id that is not the same text as rawId need not be decoded to be refused.
                reason = ["base64url-malformed", "credential-id-mismatch"] if path == ("id",) \
                    else "base64url-malformed"
                cases.invalid(f"{kind}-base64url-{path[-1].lower()}-{name}", reason,
                              f"{path[-1]}: {description}", apply(knob))
    for kind, make in (("registration", registration), ("authentication", authentication)):
        cases.invalid(f"{kind}-base64url-id-stray-bits", "base64url-malformed",
                      "id and rawId: stray bits in the last letter",
                      make(credential=lambda c: {**c, "id": stray(c["id"]),
                                                 "rawId": stray(c["rawId"])}))


def shapes(cases):
    """A value of another JSON type wherever the response has a member."""
    bad = "response-malformed"
    values = [None, True, 7, "text", ["AA"], {"a": "AA"}]
    plan = [("registration", registration,
             [("id", str), ("rawId", str), ("type", str), ("response", dict),
              ("clientExtensionResults", dict)],
             [("clientDataJSON", str), ("attestationObject", str), ("transports", list)]),
            ("authentication", authentication,
             [("id", str), ("rawId", str), ("type", str), ("response", dict),
              ("clientExtensionResults", dict)],
             [("clientDataJSON", str), ("authenticatorData", str), ("signature", str)])]
    for kind, make, outer, inner in plan:
        for member, wanted in outer:
            for value in values:
                if isinstance(value, wanted) or (wanted is dict and value == {"a": "AA"}):
                    continue
                if value is None and member in OPTIONAL:
                    continue
                reason = bad
                if member == "clientExtensionResults":
                    reason = ["extensions-malformed", bad]
                cases.invalid(f"{kind}-shape-{member.lower()}-{NAMES[type(value)]}", reason,
                              f"{member} is a JSON {NAMES[type(value)]}",
                              make(credential={member: value}))
        for member, wanted in inner:
            for value in values:
                if isinstance(value, wanted) or (value is None and member in OPTIONAL):
                    continue
                cases.invalid(f"{kind}-shape-{member.lower()}-{NAMES[type(value)]}", bad,
                              f"response.{member} is a JSON {NAMES[type(value)]}",
                              make(response={member: value}))
        for member in ("id", "rawId", "type", "response"):
            cases.invalid(f"{kind}-shape-{member.lower()}-missing", bad, f"{member} is missing",
                          make(credential={member: REMOVED}))
        for member in [m for m, _ in inner if m != "transports"]:
            cases.invalid(f"{kind}-shape-{member.lower()}-missing", bad,
                          f"response.{member} is missing", make(response={member: REMOVED}))
        cases.invalid(f"{kind}-shape-response-empty", bad, "response is an empty object",
                      make(credential={"response": {}}))
    cases.invalid("registration-shape-transports-numbers", bad, "transports holds numbers",
                  registration(response={"transports": [1]}))
    for value in (7, True, ["AA"], {"a": 1}):
        cases.invalid(f"authentication-shape-userhandle-{NAMES[type(value)]}", bad,
                      f"userHandle is a JSON {NAMES[type(value)]}",
                      authentication(response={"userHandle": value}))
    cases.invalid("registration-shape-other-ceremony", bad,
                  "an authentication's response in a registration",
                  registration(line=lambda l: {**l, "credential":
                                               authentication()["credential"]}))
    cases.invalid("authentication-shape-other-ceremony", bad,
                  "a registration's response in an authentication",
                  authentication(line=lambda l: {**l, "credential":
                                                 registration()["credential"]}))


def lines(cases):
    """Lines that are not what passkeyctl verify reads."""
    bad = "invalid-input"
    for name, text in (("empty-object", "{}"), ("array", "[]"), ("null", "null"), ("number", "1"),
                       ("string", '"x"'), ("not-json", "not json"), ("unclosed", '{"ceremony":'),
                       ("two-objects", "{}{}"), ("nul", '{"id":"\\u0000"')):
        cases.invalid(f"line-{name}", bad, f"the line is {name.replace('-', ' ')}", text)
    good = json.dumps(registration())
    cases.invalid("line-duplicate-member", bad, "a member twice in the line",
                  good[:-1] + ',"rpId":"evil.example"}')
    cases.invalid("line-trailing", bad, "something after the object", good + " x")
    rows = [("ceremony", REMOVED), ("ceremony", "login"), ("ceremony", 1), ("rpId", REMOVED),
            ("rpId", 1), ("origins", REMOVED), ("origins", []), ("origins", "x"),
            ("origins", [1]), ("challenge", REMOVED), ("challenge", 1), ("challenge", "AA="),
            ("policy", []), ("policy", {"userVerification": "maybe"}),
            ("policy", {"userVerification": 1}), ("policy", {"allowCrossOrigin": "yes"}),
            ("policy", {"topOrigins": "x"}), ("policy", {"requireTrustedAttestation": 1}),
            ("pubKeyCredParams", "x"), ("pubKeyCredParams", ["-7"]), ("pubKeyCredParams", [0.5]),
            ("registeredCredentialIds", "x"), ("registeredCredentialIds", ["="]),
            ("trustAnchors", "x"), ("trustAnchors", ["!"]),
            ("trustAnchors", [1]), ("verificationTime", 1), ("verificationTime", "yesterday"),
            ("verificationTime", "2026-13-01T00:00:00Z"), ("verificationTime", "2026-01-01"),
            ("appid", 1), ("mediation", 1), ("credential", REMOVED), ("credential", "x"),
            ("credential", [])]
    for count, (member, value) in enumerate(rows):
        shape = "missing" if value is REMOVED else json.dumps(value)
        cases.invalid(f"line-{count:02}-{member.lower()}", bad, f"{member}: {shape}",
                      registration(line={member: value}))
    rows = [("record", REMOVED), ("record", []), ("record", None), ("allowCredentials", "x"),
            ("allowCredentials", [1]), ("allowCredentials", ["="])]
    rows += [("record." + m, v) for m, v in (
        ("id", REMOVED), ("id", 1), ("publicKey", REMOVED), ("publicKey", 1), ("publicKey", "="),
        ("signCount", "1"), ("signCount", -1), ("signCount", 2**32), ("signCount", 1.5),
        ("backupEligible", "no"), ("backupState", 0), ("userHandle", 1))]
    for count, (member, value) in enumerate(rows):
        shape = "missing" if value is REMOVED else json.dumps(value)
        knobs = {"record": {member[7:]: value}} if "." in member else {"line": {member: value}}
        cases.invalid(f"line-authentication-{count:02}-{member.lower().replace('.', '-')}", bad,
                      f"{member}: {shape}", authentication(**knobs))


def flags(cases):
    both = (("registration", registration, AT), ("authentication", authentication, 0))
    for kind, make, more in both:
        for name, bits, description in (
                ("uv", UP | UV, "UP and UV"), ("be", UP | UV | BE, "backup eligible"),
                ("be-bs", UP | UV | BE | BS, "backed up"),
                ("rfu1", UP | UV | 0x02, "the first reserved flag is ignored"),
                ("rfu2", UP | UV | 0x20, "the second reserved flag is ignored")):
            cases.valid(f"{kind}-flags-{name}", description, make(flags=bits | more),
                        flags=bits | more)
        for level in ("preferred", "discouraged"):
            cases.valid(f"{kind}-uv-{level}-absent", "UV is not needed", make(
                flags=UP | more, line={"policy": {"userVerification": level,
                                                  "userIdentifiedBefore": True}}),
                userVerified=False)
        cases.valid(f"{kind}-uv-default-absent", "UV is preferred when nothing is said", make(
            flags=UP | more, line={"policy": {"userIdentifiedBefore": True}}), userVerified=False)
        cases.invalid(f"{kind}-flags-no-up", "user-not-present", "UP missing",
                      make(flags=UV | more))
        cases.invalid(f"{kind}-flags-none", "user-not-present", "UP and UV missing",
                      make(flags=more))
        cases.invalid(f"{kind}-flags-no-uv", "user-not-verified", "UV required and missing",
                      make(flags=UP | more))
        cases.invalid(f"{kind}-flags-bs-without-be", "backup-state-invalid",
                      "backed up although not eligible",
                      make(flags=UP | UV | BS | more, **({} if more else {
                          "record": {"backupState": False}})))
    cases.invalid("registration-conditional-no-uv", "user-not-verified",
                  "conditional create spares UP, not UV",
                  registration(flags=AT, line={"mediation": "conditional"}))
    cases.invalid("authentication-conditional-no-up", "user-not-present",
                  "conditional get does not spare UP",
                  authentication(flags=UV, line={"mediation": "conditional"}))
    cases.valid("authentication-bs-changed", "backup state may change", authentication(
        flags=UP | UV | BE | BS, record={"backupState": False}))
    cases.valid("authentication-bs-gone", "backup state may change back", authentication(
        flags=UP | UV | BE, record={"backupState": True}))
    changed = "backup-eligibility-changed"
    cases.invalid("authentication-be-gained", changed, "eligible, recorded as not",
                  authentication(flags=UP | UV | BE, record={"backupEligible": False}))
    cases.invalid("authentication-be-lost", changed, "not eligible, recorded as eligible",
                  authentication(record={"backupEligible": True}))
    cases.invalid("authentication-be-bs-gained", changed, "backed up, recorded as not eligible",
                  authentication(flags=UP | UV | BE | BS,
                                 record={"backupEligible": False, "backupState": False}))


def rp_id(cases):
    appid = "https://example.org/appid.json"
    for kind, make in (("registration", registration), ("authentication", authentication)):
        for name, value in (("other", "example.com"), ("subdomain", "sub.example.org"),
                            ("parent", "org"), ("case", "EXAMPLE.ORG"),
                            ("origin", "https://example.org"), ("empty", "")):
            cases.invalid(f"{kind}-rp-id-{name}", "rp-id-mismatch", f"RP ID {value!r}",
                          make(rp_id=value))
    requested = {"appid": appid}
    said = {"clientExtensionResults": {"appid": True}}
    cases.valid("authentication-appid", "a U2F credential, for the AppID",
                authentication(rp_id=appid, line=requested, credential=said))
    cases.valid("authentication-appid-not-used", "AppID offered, RP ID used", authentication(
        line=requested, credential={"clientExtensionResults": {"appid": False}}))
    cases.valid("authentication-appid-null", "AppID offered, an output of null",
                authentication(line=requested,
                               credential={"clientExtensionResults": {"appid": None}}))
    cases.valid("authentication-appid-not-mentioned", "AppID offered, no output",
                authentication(line=requested))
    bad = "rp-id-mismatch"
    cases.invalid("authentication-appid-not-said", bad, "the AppID's hash without appid: true",
                  authentication(rp_id=appid, line=requested))
    cases.invalid("authentication-appid-false", bad, "the AppID's hash with appid: false",
                  authentication(rp_id=appid, line=requested,
                                 credential={"clientExtensionResults": {"appid": False}}))
    cases.invalid("authentication-appid-not-requested", bad, "appid: true, never asked for",
                  authentication(rp_id=appid, credential=said))
    cases.invalid("authentication-appid-other", bad, "the hash of another AppID",
                  authentication(rp_id="https://evil.example/", line=requested, credential=said))
    cases.invalid("registration-appid", bad, "a registration is never for the AppID",
                  registration(rp_id=appid, line=requested, credential=said))
    for name, value in (("text", {"rk": "yes"}), ("number", {"rk": 1}), ("array", [])):
        cases.invalid(f"registration-cred-props-{name}", "extensions-malformed",
                      f"credProps: {value}",
                      registration(credential={"clientExtensionResults": {"credProps": value}}))
    cases.invalid("authentication-appid-string", "extensions-malformed",
                  "appid that is no boolean", authentication(
                      line=requested, credential={"clientExtensionResults": {"appid": "true"}}))


def add(cases):
    for part in (tolerated, counters, handles, identifiers, encodings, shapes, lines, flags,
                 rp_id):
        part(cases)
    cases.invalid("registration-algorithm-not-offered", "algorithm-not-offered",
                  "ES256, where only others were offered",
                  registration(line={"pubKeyCredParams": [a for a in OFFERED if a != -7]}))
