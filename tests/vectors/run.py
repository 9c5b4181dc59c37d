#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs every vector through `passkeyctl verify` and tells, in TAP, where verdict or reason differ.

    run.py [--list] [NAME…]    NAME: a part of a file's name; --list prints what differs in full

PASSKEYCTL names the program with its first arguments (default: in top_builddir, the check
program that runs the same code, or else passkeyctl verify).
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def command():
    if "PASSKEYCTL" in os.environ:
        return shlex.split(os.environ["PASSKEYCTL"])
    top = pathlib.Path(os.environ.get("top_builddir", "."))
    program = top / "tests/unit/verify_cli"
    return [str(program)] if program.exists() else [str(top / "client/passkeyctl"), "verify"]


def load(names):
    vectors = {}
    for path in sorted([*FOLDER.glob("valid/*.json"), *FOLDER.glob("invalid/*.json")]):
        label = f"{path.parent.name}/{path.stem}"
        if not names or any(name in label for name in names):
            vectors[label] = json.loads(path.read_text(encoding="utf-8"))
    return vectors


def line_of(number, vector):
    if "inputText" in vector:
        return vector["inputText"]
    return json.dumps({"id": str(number), **vector["input"]}, separators=(",", ":"))


def verify(lines):
    """One answer a line, in order; and the exit code."""
    done = subprocess.run(command(), input="\n".join(lines) + "\n", capture_output=True, text=True,
                          encoding="utf-8", check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return answers, done.returncode, done.stderr


def disagreement(expect, answer):
    """What differs, or None. A reason may be a list of those that say the same of one input."""
    for name, wanted in expect.items():
        got = answer.get(name)
        if got != wanted and not (name == "reason" and isinstance(wanted, list) and got in wanted):
            detail = "" if answer.get("verified") else f" ({answer.get('detail')})"
            return f"{name}: {wanted} expected, {got} found{detail}" if got is not None or \
                name != "reason" else f"{name}: {wanted} expected, accepted"
    return None


# Reached by policy that a line cannot state, or before any vector could: unit tests have them.
ELSEWHERE = {"challenge-unknown", "cbor-type-mismatch", "auth-data-too-large",
             "extension-unsolicited", "cred-protect-too-weak", "resident-key-missing",
             "aaguid-denied", "aaguid-not-allowed",
             "attested-data-unexpected"}  # said of OpenSSH's signatures only


def contradiction(vector, answer):
    """What an accepted line's answer says otherwise than the line, or None."""
    if not answer.get("verified") or "input" not in vector:
        return None
    line = vector["input"]
    wanted = {"credentialId": line["credential"]["id"]}
    if line["ceremony"] == "authentication":
        wanted["publicKey"] = line["record"]["publicKey"]
    wanted["userVerified"] = bool(answer.get("flags", 0) & 4)
    members = {"alg", "signCount", "flags", "publicKey", "extensions"}
    if line["ceremony"] == "registration":
        members |= {"fmt", "attestationType", "trusted", "aaguid"}
    missing = members - answer.keys()
    return f"{sorted(missing)} missing" if missing else disagreement(wanted, answer)


def reasons_reached(answers):
    """Every reason of the relying party's list is some vector's."""
    header = FOLDER.parent.parent / "common/base/status_webauthn.h"
    listed = set(re.findall(r'X\(\w+,\s*"([a-z0-9-]+)"', header.read_text(encoding="utf-8")))
    left = listed - {answer.get("reason") for answer in answers} - ELSEWHERE
    return f"never reached: {sorted(left)}" if left or not listed else None


def raw(data, *arguments):
    done = subprocess.run([*command(), *arguments], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout.decode().splitlines()


def behaviour(good):
    """(what, whether) of the program as such; good: a line that is verified."""
    line = good.encode()
    code, out = raw(line + b"\n" + line)
    yield "exit code 0 when all are verified, the last newline missing", code == 0 and len(out) == 2
    yield "exit code 0 and nothing for no input", raw(b"") == (0, [])
    yield "exit code 2 for an unknown option", raw(line, "--no-such-option")[0] == 2
    code, out = raw(line + b"\r\n")
    yield "a carriage return is white space", code == 0 and len(out) == 1
    for what, bad in (("an empty line", b""), ("a line that is not UTF-8", b'{"id":"\xff"}'),
                      ("a NUL byte", b'{"id":\0}'), ("a line of two megabytes", b"x" * 2000000),
                      ("arrays without end", b"[" * 500000)):
        code, out = raw(b"\n".join([line, bad, line, b""]))
        said = [json.loads(text) for text in out]
        yield f"{what} is invalid-input, and the run goes on", code == 1 and \
            [one["verified"] for one in said] == [True, False, True] and \
            said[1]["reason"] == "invalid-input"
    for value in ('"x\\u00e9\\n\\u0000"', "7", "null", '{"a":[1]}'):
        _, out = raw(b'{"id":' + value.encode() + b"," + line[line.index(b'"ceremony"'):] + b"\n")
        yield f"an id of {value} comes back", json.loads(out[0])["id"] == json.loads(value)


def main():
    names = [name for name in sys.argv[1:] if name != "--list"]
    vectors = load(names)
    answers, code, errors = verify([line_of(i, v) for i, v in enumerate(vectors.values())])
    whole = len(answers) == len(vectors)
    results = []
    for number, (label, vector) in enumerate(vectors.items()):
        answer = answers[number] if number < len(answers) else {}
        if "needs" in vector and answer.get("reason") == "algorithm-unsupported":
            results.append((f"{label} # SKIP OpenSSL lacks {vector['needs']}", None))
            continue
        wrong = disagreement(vector["expect"], answer) or contradiction(vector, answer)
        if wrong and "--list" in sys.argv:
            wrong += f"\n{json.dumps(answer)}"
        results.append((label, wrong and f"{vector['description']}: {wrong}"))
    wanted = 0 if all(answer.get("verified") for answer in answers) else 1
    results.append((f"one answer a line and exit code {wanted}", None if whole and code == wanted
                    else f"{len(answers)} answers, exit code {code}: {errors[-500:]}"))
    if not names:
        results.append(("every reason is reached", reasons_reached(answers)))
        good = line_of(0, vectors["valid/es256-none"])
        results += [(what, None if held else "no") for what, held in behaviour(good)]
    print(f"1..{len(results)}")
    for number, (label, wrong) in enumerate(results, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {label}")
        for text in (wrong or "").splitlines():
            print(f"# {text}")
    return 1 if any(wrong for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
