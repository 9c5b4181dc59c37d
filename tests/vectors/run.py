#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs every vector through `passkeyctl verify` and tells, in TAP, where verdict or reason differ.

    run.py [--list] [NAME…]    NAME: a part of a file's name; --list prints each disagreement in full

PASSKEYCTL names the program with its first arguments (default: in top_builddir, the check
program that runs the same code, or else passkeyctl verify).
"""
import json
import os
import pathlib
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


def main():
    names = [name for name in sys.argv[1:] if name != "--list"]
    vectors = load(names)
    answers, code, errors = verify([line_of(i, v) for i, v in enumerate(vectors.values())])
    print(f"1..{len(vectors) + 1}")
    whole = len(answers) == len(vectors)
    failed = 0
    for number, (label, vector) in enumerate(vectors.items(), 1):
        answer = answers[number - 1] if number <= len(answers) else {}
        wrong = disagreement(vector["expect"], answer)
        failed += wrong is not None
        print(f"{'not ok' if wrong else 'ok'} {number} - {label}")
        if wrong:
            print(f"# {vector['description']}: {wrong}")
            if "--list" in sys.argv:
                print(f"# {json.dumps(answer)}")
    wanted = 0 if all(v["expect"]["verified"] for v in vectors.values()) else 1
    print(f"{'ok' if whole and code == wanted else 'not ok'} {len(vectors) + 1} - "
          f"one answer a line and exit code {wanted}")
    if not whole or code != wanted:
        print(f"# {len(answers)} answers to {len(vectors)} lines, exit code {code}: {errors[-500:]}")
    return 1 if failed or not whole or code != wanted else 0


if __name__ == "__main__":
    sys.exit(main())
