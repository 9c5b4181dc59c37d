#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The seed corpora of the fuzz targets, cut out of tests/vectors.

    seeds.py FOLDER [TARGET…]     writes FOLDER/TARGET/*; without names, for all targets
    seeds.py --header FILE        writes registration.h: the registration that statements are about

What was found by fuzzing lies in corpus/TARGET beside this file and is copied along.
"""
import base64
import hashlib
import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
STATEMENTS = {"none": "none", "packed": "packed", "fido_u2f": "fido-u2f", "tpm": "tpm",
              "android_key": "android-key", "safetynet": "android-safetynet", "apple": "apple",
              "compound": "compound"}
# The targets of common/hybrid, each with the kinds of vectors that it reads and the byte before.
HYBRID = {"qr": {"qr": b"c", "digits": b"d"}, "advert": {"advert": b""}, "noise": {"noise": b""},
          "message": {"greeting": b"", "message": b""},
          "ctap": {"credential": b"\3", "assertion": b"\2"},
          "websocket": {"websocket": b"\0"}, "upgrade": {"http": b""}}
TARGETS = ["fuzz_client_data", "fuzz_auth_data", "fuzz_attestation_object", "fuzz_cose_key",
           "fuzz_response", "fuzz_agent", "fuzz_askpass", "fuzz_backup", "fuzz_bluez",
           "fuzz_dialects", "fuzz_forward", "fuzz_frames", "fuzz_host_keys", "fuzz_import",
           "fuzz_ldap_entry", "fuzz_sk",
           "fuzz_ssh_connection", "fuzz_store_protocol", "fuzz_sudo_command", "fuzz_config",
           "fuzz_certificates", "fuzz_password_file", "fuzz_sudo_flags", "fuzz_pam_file",
           *(f"fuzz_hybrid_{part}" for part in HYBRID),
           "fuzz_router", "fuzz_gateway_request", "fuzz_token", "fuzz_ceremony", "diff_json",
           "diff_cbor", "diff_libfido2",
           *(f"fuzz_statement_{name}" for name in STATEMENTS)]


# The first byte of fuzz_host_keys' input, by the kind of a vector.
HOST_KEY_KINDS = {"key": b"k", "config": b"g", "known": b"f", "record": b"r"}

# The first byte of fuzz_dialects' input, and how many values the second one has.
DIALECTS = {"hanko": 16, "cloudreve": 8, "authsignal": 14, "autional": 28}
# The pages: the fifth, with as many rows; a session, in the cookie that the target's party has.
PAGES, PAGE_ROWS = len(DIALECTS), 17
SESSION = "ABCDEFGHJKMNPQRSTVWXYZ0123"
COOKIE = "__Host-passkey-session-" + hashlib.sha256(b"session\n\n\n").hexdigest()[:16]
PAGE_TOKEN = hashlib.sha256(b"passkeyd page token\n" + SESSION.encode()).hexdigest()
# Client data that names a challenge, in place of the samples', which is cut off.
CLIENT_DATA = base64.urlsafe_b64encode(b'{"type":"webauthn.get","challenge":"AAAA"}').decode()


def unb64(text):
    """Bytes of base64url, or None for what is none."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (TypeError, ValueError):
        return None


def item_end(data, at):
    """Where the CBOR item at that place ends; raises for what is not definite and whole."""
    head = data[at]
    major, info = head >> 5, head & 31
    at += 1
    argument = info
    if 24 <= info <= 27:
        size = 1 << info - 24
        argument = int.from_bytes(data[at:at + size], "big")
        at += size
    elif info > 27:
        raise ValueError
    if major in (2, 3):
        at += argument
    elif major in (4, 5, 6):
        for _ in range(min({4: argument, 5: 2 * argument, 6: 1}[major], 1000)):
            at = item_end(data, at)
    if at > len(data):
        raise ValueError
    return at


def members(obj):
    """Name and bytes of each pair of an attestation object that is in order."""
    try:
        if obj[0] >> 5 != 5:
            return
        at = 1
        for _ in range(obj[0] & 31):
            end = item_end(obj, at)
            value = item_end(obj, end)
            yield obj[at + 1:end].decode("utf-8", "replace"), obj[end:value]
            at = value
    except (IndexError, ValueError, RecursionError):
        return


def string(item):
    """The content of a byte string."""
    skip = {24: 2, 25: 3, 26: 5}.get(item[0] & 31, 1)
    return item[skip:]


def pieces(vector):
    """(target, bytes) of everything in a vector that some target reads."""
    line = vector.get("input")
    if not isinstance(line, dict) or not isinstance(line.get("credential"), dict):
        return
    credential = line["credential"]
    text = json.dumps(credential).encode()
    yield "fuzz_response", text
    yield "diff_json", text
    response = credential.get("response")
    response = response if isinstance(response, dict) else {}
    client = unb64(response.get("clientDataJSON"))
    if client is not None:
        yield "fuzz_client_data", client
        yield "diff_json", client
    yield from attested(unb64(response.get("attestationObject")))
    yield from asserted(line, response, client)


def attested(obj):
    if obj is None:
        return
    yield "fuzz_attestation_object", obj
    yield "diff_cbor", obj
    parts = dict(members(obj))
    if {"fmt", "attStmt", "authData"} <= parts.keys():
        fmt = parts["fmt"][1:].decode("utf-8", "replace")
        yield from ((f"fuzz_statement_{name}", parts["attStmt"])
                    for name, known in STATEMENTS.items() if fmt == known)
        data = string(parts["authData"])
        yield "fuzz_auth_data", data
        yield "fuzz_cose_key", data[87:]


def asserted(line, response, client):
    data, signature = unb64(response.get("authenticatorData")), unb64(response.get("signature"))
    record = line.get("record")
    public = unb64(record.get("publicKey")) if isinstance(record, dict) else None
    if public is not None:
        yield "fuzz_cose_key", public
        yield "diff_cbor", public
    if data is not None:
        yield "fuzz_auth_data", data
    if None not in (public, data, signature, client):
        yield "diff_libfido2", len(public).to_bytes(2, "big") + public + \
            len(data).to_bytes(2, "big") + data + hashlib.sha256(client).digest() + signature


def forwarded(name, lines):
    """A vector of the keyboard-interactive form as fuzz_forward reads it: text, and its CBOR."""
    kinds = {"request": "pr", "answer-get": "Gg", "answer-create": "Cc", "answer-page-get": "Aa",
             "answer-page-create": "Nn"}
    text, cbor = next(kind for part, kind in kinds.items() if part in name).encode()
    text, cbor = bytes([text]), bytes([cbor])
    yield text + lines
    inner = unb64(lines.decode("latin-1").strip().rpartition(":")[2])
    if inner is not None and lines.count(b"\n") == 1:
        yield cbor + inner


def requests(dialect, body):
    """A body as any request of that dialect, with some outcome of what it leads to."""
    text = json.dumps(body).replace("eyJ0", CLIENT_DATA).encode()
    for row in range(DIALECTS[dialect]):
        for outcome in 0, row * 7 % 64:
            yield bytes([list(DIALECTS).index(dialect), row, outcome]) + text


def page_calls(body):
    """A body of the pages' scripts, behind a member whose line is read as the cookies as well."""
    text = body.replace("@TOKEN@", PAGE_TOKEN)
    if text.startswith("{") and len(text) > 2:
        text = '{"":"; %s=%s; ",\n%s' % (COOKIE, SESSION, text[1:])
    for row in range(PAGE_ROWS):
        for outcome in 0, row * 7 % 64:
            yield bytes([PAGES, row, outcome]) + text.encode()


def store_message(name, payload):
    """A vector of the store's protocol behind the byte that says what it is read as."""
    kind, _, call = name.split("--")[-2].partition("-")
    first = {"hello": 0, "request": 1}.get(kind)
    return bytes([1 + int(call) if first is None else first]) + payload


def hybrid(path):
    """Target and input of each way in which a vector of the hybrid transport is read."""
    kind = path.name.rpartition("--")[2].partition("-")[0].partition(".")[0]
    for part, kinds in HYBRID.items():
        if kind in kinds:
            yield f"fuzz_hybrid_{part}", kinds[kind] + path.read_bytes()


def hybrid_answers():
    """The same of the known answers."""
    known = json.loads((VECTORS / "hybrid/vectors.json").read_text())
    for vector in known["qr"]:
        yield "fuzz_hybrid_qr", b"t" + vector["text"].encode()
    for vector in known["noise"]:
        yield "fuzz_hybrid_noise", bytes.fromhex(vector["message_1"])
    for vector in known["post_handshake"]:
        yield "fuzz_hybrid_message", bytes.fromhex(vector["plaintext"])
    for vector in known["crypter"]:
        yield "fuzz_hybrid_message", bytes.fromhex(vector["padded"])
    for vector in known["session"]:
        yield "fuzz_hybrid_ctap", b"\2" + bytes.fromhex(vector["response"])[1:]


def collect():
    """Target to its seeds, each once."""
    seeds = {target: {} for target in TARGETS}

    def keep(target, data):
        seeds[target][hashlib.sha256(data).hexdigest()[:16]] = data

    for path in sorted(VECTORS.glob("*valid/*.json")):
        for target, data in pieces(json.loads(path.read_text())):
            keep(target, data)
    for path in sorted((VECTORS / "frames").glob("*valid/*.bin")):
        keep("fuzz_frames", path.read_bytes())
        keep("fuzz_frames", path.read_bytes()[4:])
    for path in sorted((VECTORS / "forward").glob("*valid/*.txt")):
        for data in forwarded(path.name, path.read_bytes()):
            keep("fuzz_forward", data)
    for path in sorted((VECTORS / "host_keys").glob("*valid/*.txt")):
        kind = path.stem.rpartition("--")[2].partition("-")[0]
        keep("fuzz_host_keys", HOST_KEY_KINDS[kind] + path.read_bytes())
    for path in sorted((VECTORS / "forward").glob("valid/*host-keys.txt")):
        request = unb64(path.read_text().strip().rpartition(":")[2])
        start = request.index(b'{"act"')
        keep("fuzz_host_keys", b"c" + request[start:request.index(b"}", start) + 1])
    for path in sorted((VECTORS / "import").glob("*valid/*.txt")):
        keep("fuzz_import", (b"m" if "mapping" in path.name else b"u") + path.read_bytes())
    for number, kind in enumerate(("ssh", "pam-u2f", "sssd")):
        for path in sorted((VECTORS / "import/files").glob(f"*.{kind}")):
            keep("fuzz_import", bytes([3 + number]) + path.read_bytes())
    for path in sorted((VECTORS / "store-protocol").glob("*valid/*.bin")):
        keep("fuzz_store_protocol", store_message(path.name, path.read_bytes()))
    for path in sorted((VECTORS / "hybrid").glob("*valid/*")):
        for target, data in hybrid(path):
            keep(target, data)
    for target, data in hybrid_answers():
        keep(target, data)
    for part in "agent", "sk":
        for path in sorted((VECTORS / part).glob("*valid/*.*")):
            keep(f"fuzz_{part}", path.read_bytes())
    for path in sorted(path for dialect in DIALECTS
                       for path in (VECTORS / "http" / dialect).glob("*.req.json")):
        sample = json.loads(path.read_text())
        for body in sample["valid"] + sample["invalid"]:
            for data in requests(path.parent.name, body):
                keep("fuzz_dialects", data)
    for path in sorted((VECTORS / "page_calls").glob("*.json")):
        calls = json.loads(path.read_text())
        for body in calls["valid"] + calls["invalid"]:
            for data in page_calls(body):
                keep("fuzz_dialects", data)
    for path in sorted((VECTORS / "config").glob("*valid/*.conf")):
        keep("fuzz_config", path.read_bytes())
    for path in sorted((VECTORS / "passwd").glob("*valid/*.passwd")):
        keep("fuzz_password_file", path.read_bytes())
    for path in sorted((VECTORS / "sudo").iterdir()):
        for line in path.read_bytes().splitlines():
            keep("fuzz_sudo_flags", line.replace(b" ", b"\0") + b"\0")
    for path in sorted((VECTORS / "ceremonies").glob("*valid/*.bin")):
        keep("fuzz_ceremony", path.read_bytes())
    for path in sorted((VECTORS / "tokens").glob("*valid/*.jwt")):
        keep("fuzz_token", path.read_bytes())
    for path in sorted((VECTORS / "pam").glob("*valid/*")):
        if path.suffix != ".lines":
            keep("fuzz_pam_file", path.read_bytes())
    for path in sorted((VECTORS / "gateway").glob("target-*/*")):
        keep("fuzz_router", path.read_bytes())
    for path in sorted((VECTORS / "gateway" / "request").glob("*")):
        keep("fuzz_gateway_request", path.read_bytes())
    for target in TARGETS:
        for path in sorted((HERE / "corpus" / target).glob("*")):
            keep(target, path.read_bytes())
    return seeds


def write(folder, targets):
    for target, seeds in collect().items():
        if targets and target not in targets:
            continue
        to = pathlib.Path(folder) / target
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
        for name, data in seeds.items():
            (to / name).write_bytes(data)


def array(name, data):
    rows = [", ".join(f"0x{byte:02x}" for byte in data[i:i + 14]) for i in range(0, len(data), 14)]
    return f"static const uint8_t {name}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n"


def header(path):
    vector = json.loads((VECTORS / "valid/packed-es256.json").read_text())["input"]
    response = vector["credential"]["response"]
    data = string(dict(members(unb64(response["attestationObject"])))["authData"])
    digest = hashlib.sha256(unb64(response["clientDataJSON"])).digest()
    pathlib.Path(path).write_text(
        "/* SPDX-License-Identifier: BSD-2-Clause */\n"
        "/* The registration of tests/vectors; written by seeds.py --header. */\n"
        "#ifndef PK_TESTS_FUZZ_REGISTRATION_H\n#define PK_TESTS_FUZZ_REGISTRATION_H\n\n"
        "#include <stdint.h>\n\n/* clang-format off */\n"
        + array("registration_auth_data", data) + array("registration_public_key", data[87:])
        + array("registration_client_data_hash", digest) + "/* clang-format on */\n\n#endif\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--header"]:
        header(sys.argv[2])
    else:
        write(sys.argv[1], sys.argv[2:])
