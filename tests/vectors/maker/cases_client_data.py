# SPDX-License-Identifier: BSD-2-Clause
"""CollectedClientData (WebAuthn 5.8.1) and the checks of 7.1 steps 5 to 12, 7.2 steps 8 to 14."""
from .ceremony import ORIGIN, REMOVED, authentication, b64url, registration, CHALLENGE
from .seed import derive

EMBEDDED = {"policy": {"userVerification": "required", "allowCrossOrigin": True,
                       "userIdentifiedBefore": True}}
TOP = {"policy": {**EMBEDDED["policy"], "topOrigins": ["https://top.example", "https://b.example"]}}


def after_first_brace(text):
    return lambda data: b"{" + text + data[1:]


def replaced(old, new):
    def knob(data):
        assert data.count(old) == 1, data
        return data.replace(old, new)
    return knob


def tolerated(cases):
    both = [("registration", registration), ("authentication", authentication)]
    rows = [
        ("client-data-unknown-member", "members that nobody knows are ignored",
         {"client": {"extraData": "future", "other": {"a": [1, None, True, 2.5]}}}),
        ("client-data-token-binding", "tokenBinding of Level 2 is tolerated",
         {"client": {"tokenBinding": {"status": "supported"}}}),
        ("client-data-token-binding-present", "tokenBinding with an id is tolerated",
         {"client": {"tokenBinding": {"status": "present", "id": "AAAA"}}}),
        ("client-data-no-cross-origin", "crossOrigin may be left out",
         {"client": {"crossOrigin": REMOVED}}),
        ("client-data-bom", "a leading byte order mark is stripped before parsing",
         {"client_raw": lambda data: b"\xef\xbb\xbf" + data}),
        ("client-data-white-space", "JSON white space between tokens",
         {"client_raw": lambda data: b" \r\n\t" + data.replace(b",", b" ,\n") + b"\n"}),
        ("client-data-member-order", "members in another order",
         {"client": lambda m: dict(reversed(m.items()))}),
        ("client-data-escapes", "escaped letters mean the same letters",
         {"client_raw": replaced(b'"origin":"https:', b'"\\u006frigin":"https\\u003a')}),
        ("client-data-non-ascii-member", "UTF-8 in a member that nobody knows",
         {"client": {"extraData": "\u00e9\u20ac\U0001f511"}}),
        ("client-data-second-origin", "any of the configured origins",
         {"line": {"origins": ["https://other.example", ORIGIN]}}),
        ("cross-origin-allowed", "embedded, where policy allows it",
         {"client": {"crossOrigin": True}, "line": EMBEDDED}),
        ("cross-origin-no-top-origin", "embedded, the top origin not said",
         {"client": {"crossOrigin": True}, "line": TOP}),
        ("top-origin-any", "embedded in any page, where policy names none",
         {"client": {"crossOrigin": True, "topOrigin": "https://top.example"}, "line": EMBEDDED}),
        ("top-origin-listed", "embedded in one of the pages that policy names",
         {"client": {"crossOrigin": True, "topOrigin": "https://b.example"}, "line": TOP}),
    ]
    for name, description, knobs in rows:
        for kind, make in both:
            cases.valid(f"{kind}-{name}", description, make(**knobs))
    port = "https://example.org:8443"
    cases.valid("registration-client-data-origin-port", "an origin with a port, as configured",
                registration(client={"origin": port}, line={"origins": [port]}))
    app = "android:apk-key-hash:" + b64url(derive("apk", 32))
    cases.valid("authentication-client-data-android-origin", "the origin of an Android application",
                authentication(client={"origin": app}, line={"origins": [app]}))
    long = derive("long challenge", 128)
    cases.valid("registration-challenge-128-bytes", "a long challenge",
                registration(challenge=long))


def mismatches(cases):
    c = b64url(CHALLENGE)
    rows = [
        ("type-other-ceremony", "type-mismatch", "the type of the other ceremony",
         {"client": lambda m: {**m, "type": {"webauthn.create": "webauthn.get",
                                             "webauthn.get": "webauthn.create"}[m["type"]]}}),
        ("type-case", "type-mismatch", "the type in capitals",
         {"client": lambda m: {**m, "type": m["type"].upper()}}),
        ("type-suffix", "type-mismatch", "the type and more",
         {"client": lambda m: {**m, "type": m["type"] + " "}}),
        ("type-empty", "type-mismatch", "an empty type", {"client": {"type": ""}}),
        ("challenge-other", "challenge-mismatch", "another challenge",
         {"client": {"challenge": b64url(derive("other challenge", 32))}}),
        ("challenge-empty", "challenge-mismatch", "an empty challenge",
         {"client": {"challenge": ""}}),
        ("challenge-prefix", "challenge-mismatch", "a part of the challenge",
         {"client": {"challenge": c[:-4]}}),
        ("challenge-longer", "challenge-mismatch", "the challenge and more",
         {"client": {"challenge": c + "AA"}}),
        ("challenge-case", "challenge-mismatch", "the challenge in other letters",
         {"client": {"challenge": c.swapcase()}}),
        ("challenge-padding", "challenge-mismatch", "the challenge with padding",
         {"client": {"challenge": c + "="}}),
        ("challenge-stray-bits", "challenge-mismatch", "stray bits in the challenge's last letter",
         {"client": {"challenge": c[:-1] + chr(ord(c[-1]) + 1)}}),
        ("challenge-twice-encoded", "challenge-mismatch", "base64url of the base64url",
         {"client": {"challenge": b64url(c.encode())}}),
        ("origin-other", "origin-mismatch", "another site",
         {"client": {"origin": "https://example.com"}}),
        ("origin-http", "origin-mismatch", "the site without TLS",
         {"client": {"origin": "http://example.org"}}),
        ("origin-port", "origin-mismatch", "another port",
         {"client": {"origin": ORIGIN + ":8443"}}),
        ("origin-default-port", "origin-mismatch", "the default port, written out",
         {"client": {"origin": ORIGIN + ":443"}}),
        ("origin-trailing-dot", "origin-mismatch", "a dot after the host",
         {"client": {"origin": ORIGIN + "."}}),
        ("origin-subdomain", "origin-mismatch", "a subdomain, not configured",
         {"client": {"origin": "https://sub.example.org"}}),
        ("origin-slash", "origin-mismatch", "a path after the origin",
         {"client": {"origin": ORIGIN + "/"}}),
        ("origin-prefix", "origin-mismatch", "the configured origin is only its beginning",
         {"client": {"origin": ORIGIN + ".evil.example"}}),
        ("origin-suffix", "origin-mismatch", "the host is only the end of it",
         {"client": {"origin": "https://evilexample.org"}}),
        ("origin-case", "origin-mismatch", "the host in capitals",
         {"client": {"origin": "https://EXAMPLE.ORG"}}),
        ("origin-user", "origin-mismatch", "a user name before another host",
         {"client": {"origin": "https://example.org@evil.example"}}),
        ("origin-empty", "origin-mismatch", "an empty origin", {"client": {"origin": ""}}),
        ("origin-null", "origin-mismatch", "the opaque origin", {"client": {"origin": "null"}}),
        ("cross-origin", "cross-origin-denied", "embedded, where policy does not allow it",
         {"client": {"crossOrigin": True}}),
        ("top-origin-not-allowed", "cross-origin-denied", "a top origin, where policy allows none",
         {"client": {"crossOrigin": True, "topOrigin": "https://top.example"}}),
        ("top-origin-alone-not-allowed", "top-origin-mismatch",
         "a top origin without crossOrigin, where policy allows none",
         {"client": {"topOrigin": "https://top.example"}}),
        ("top-origin-other", "top-origin-mismatch", "embedded in a page that policy does not name",
         {"client": {"crossOrigin": True, "topOrigin": "https://c.example"}, "line": TOP}),
        ("top-origin-prefix", "top-origin-mismatch", "a named top origin and more",
         {"client": {"crossOrigin": True, "topOrigin": "https://top.example.evil"}, "line": TOP}),
    ]
    for name, reason, description, knobs in rows:
        for kind, make in (("registration", registration), ("authentication", authentication)):
            cases.invalid(f"{kind}-{name}", reason, description, make(**knobs))


def malformed(cases):
    bad, twice = "client-data-malformed", "client-data-duplicate"
    rows = [
        ("empty", bad, "no client data", lambda d: b""),
        ("only-bom", bad, "a byte order mark and nothing else", lambda d: b"\xef\xbb\xbf"),
        ("two-boms", bad, "one byte order mark is stripped, not two",
         lambda d: b"\xef\xbb\xbf" * 2 + d),
        ("utf-16", "client-data-not-utf8", "UTF-16 with its byte order mark",
         lambda d: d.decode().encode("utf-16")),
        ("array", bad, "an array", lambda d: b"[" + d + b"]"),
        ("string", bad, "a string", lambda d: b'"webauthn"'),
        ("null", bad, "null", lambda d: b"null"),
        ("number", bad, "a number", lambda d: b"1"),
        ("truncated", bad, "the last brace is missing", lambda d: d[:-1]),
        ("trailing-brace", bad, "a brace too many", lambda d: d + b"}"),
        ("trailing-object", bad, "a second object", lambda d: d + d),
        ("trailing-nul", bad, "a NUL after the object", lambda d: d + b"\0"),
        ("leading-nul", bad, "a NUL before the object", lambda d: b"\0" + d),
        ("trailing-comma", bad, "a comma before the brace", lambda d: d[:-1] + b",}"),
        ("single-quotes", bad, "single quotes", lambda d: d.replace(b'"', b"'")),
        ("comment", bad, "a comment", lambda d: d + b"//"),
        ("control-character", bad, "a raw newline in a string",
         after_first_brace(b'"x":"a\nb",')),
        ("bad-escape", bad, "an escape that JSON does not have",
         after_first_brace(b'"x":"\\x41",')),
        ("leading-zero", bad, "a number with a leading zero", after_first_brace(b'"x":01,')),
        ("nan", bad, "NaN", after_first_brace(b'"x":NaN,')),
        ("unquoted-key", bad, "a key without quotes", after_first_brace(b"x:1,")),
        ("deep", bad, "nested three thousand deep",
         after_first_brace(b'"x":' + b"[" * 3000 + b"]" * 3000 + b",")),
        ("too-large", [bad, "too-large"], "larger than the limit",
         after_first_brace(b'"x":"' + b"a" * 16384 + b'",')),
        ("latin-1", "client-data-not-utf8", "a Latin-1 letter", after_first_brace(b'"x":"\xe9",')),
        ("overlong", "client-data-not-utf8", "a slash in two bytes",
         after_first_brace(b'"x":"\xc0\xaf",')),
        ("surrogate", "client-data-not-utf8", "a surrogate in three bytes",
         after_first_brace(b'"x":"\xed\xa0\x80",')),
        ("cut-sequence", "client-data-not-utf8", "the first byte of two",
         after_first_brace(b'"x":"\xc3",')),
        ("above-unicode", "client-data-not-utf8", "above U+10FFFF",
         after_first_brace(b'"x":"\xf4\x90\x80\x80",')),
        ("not-utf8-key", "client-data-not-utf8", "a byte that is not UTF-8 in a key",
         after_first_brace(b'"\xff":1,')),
        ("duplicate-type-same", twice, "type twice, the same", lambda d: d.replace(
            b'"challenge"', d[1:d.index(b",") + 1] + b'"challenge"', 1)),
        ("duplicate-type-first", twice, "another type before",
         after_first_brace(b'"type":"webauthn.other",')),
        ("duplicate-type-last", twice, "another type after",
         lambda d: d[:-1] + b',"type":"webauthn.other"}'),
        ("duplicate-challenge", twice, "another challenge before",
         after_first_brace(b'"challenge":"AAAA",')),
        ("duplicate-origin", twice, "another origin before",
         after_first_brace(b'"origin":"https://evil.example",')),
        ("duplicate-origin-escaped", twice, "another origin, its key escaped",
         after_first_brace(b'"\\u006frigin":"https://evil.example",')),
        ("duplicate-cross-origin", twice, "crossOrigin true and then false",
         after_first_brace(b'"crossOrigin":true,')),
        ("duplicate-unknown", twice, "a member that nobody knows, twice",
         after_first_brace(b'"x":1,"x":1,')),
        ("duplicate-nested", twice, "a member twice inside another",
         after_first_brace(b'"x":{"y":1,"y":2},')),
    ]
    for name, reason, description, knob in rows:
        for kind, make in (("registration", registration), ("authentication", authentication)):
            cases.invalid(f"{kind}-client-data-{name}", reason, description,
                          make(client_raw=knob))
    types = [("type", 1), ("type", None), ("type", ["webauthn.create"]), ("type", REMOVED),
             ("challenge", 1), ("challenge", None), ("challenge", REMOVED),
             ("challenge", [b64url(CHALLENGE)]), ("origin", 1), ("origin", None),
             ("origin", [ORIGIN]), ("origin", {"origin": ORIGIN}), ("origin", REMOVED),
             ("crossOrigin", "false"), ("crossOrigin", 0), ("crossOrigin", {}),
             ("topOrigin", 1), ("topOrigin", ["https://top.example"])]
    names = {int: "number", list: "array", dict: "object", str: "string", type(None): "null"}
    for member, value in types:
        shape = "missing" if value is REMOVED else names[type(value)]
        for kind, make in (("registration", registration), ("authentication", authentication)):
            line = None if member != "topOrigin" else EMBEDDED
            cases.invalid(f"{kind}-client-data-{member.lower()}-{shape}", bad,
                          f"{member}: {shape}", make(client={member: value}, line=line))


def payment(cases):
    """Secure Payment Confirmation: payment.get only for a credential made for payments."""
    data = {"rpId": "example.org", "topOrigin": "https://shop.example",
            "payeeOrigin": "https://shop.example", "total": {"currency": "EUR", "value": "1.00"},
            "instrument": {"displayName": "card", "icon": "https://example.org/card.png"}}

    def make(payment=data, capable=True, **knobs):
        client = {} if payment is None else {"payment": payment}
        return authentication(kind="payment.get", client=client, record={"payment": capable},
                              **knobs)

    cases.valid("authentication-payment", "payment.get for a credential made for payments", make())
    cases.valid("authentication-payment-capable-get", "such a credential also signs in",
                authentication(record={"payment": True}))
    denied, mismatch = "payment-denied", "payment-mismatch"
    cases.invalid("authentication-payment-not-capable", denied,
                  "payment.get for a credential that was not made for payments",
                  make(capable=False))
    cases.invalid("authentication-payment-other-rp", mismatch,
                  "a payment that another RP asked for", make({**data, "rpId": "example.com"}))
    either = [mismatch, "client-data-malformed"]
    cases.invalid("authentication-payment-no-data", either, "payment.get without payment data",
                  make(None))
    cases.invalid("authentication-payment-data-text", either, "payment data that is text",
                  make("data"))
    cases.invalid("authentication-payment-no-rp", either, "a payment that names no RP",
                  make({k: v for k, v in data.items() if k != "rpId"}))
    cases.invalid("authentication-payment-no-uv", "user-not-verified", "payment without UV",
                  make(flags=0x01))
    cases.invalid("registration-type-payment", "type-mismatch", "payment.get in a registration",
                  registration(client={"type": "payment.get"}))


def add(cases):
    tolerated(cases)
    mismatches(cases)
    malformed(cases)
    payment(cases)
