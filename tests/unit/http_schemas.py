#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the dialects answer is as the schemas of tests/vectors/http say; so are the samples. TAP.

The answers are those that the unit tests of the dialects are given: each program is run once more
and writes each of them as a line {"schema": ..., "body": ...} to the file of PK_HTTP_ANSWERS.
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import tempfile

import jsonschema

SOURCE = pathlib.Path(os.environ.get("srcdir", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("top_builddir", "."))
VECTORS = SOURCE / "tests/vectors/http"
PROGRAMS = sorted(path for path in (BUILD / "tests/unit").glob("test_dialect_*")
                  if not path.suffix and os.access(path, os.X_OK)
                  and not path.name.startswith("test_dialect_pages"))  # for people
# The admin port's answer, and tokens, which the daemon makes.
NOT_ANSWERED = re.compile(r"hanko\.admin\..*|.*-claims|.*\.inner-.*|.*\.req")

CHECKER = jsonschema.FormatChecker()


@CHECKER.checks("date-time", raises=ValueError)
def is_time(text):
    """RFC 3339, whose fractions may have more digits than datetime's."""
    if isinstance(text, str):
        found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
        datetime.datetime.fromisoformat(found.group(1) if found else text + "!")
    return True


@CHECKER.checks("uri")
def is_uri(text):
    return not isinstance(text, str) or re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", text)


def validator(name):
    schema = json.loads((VECTORS / f"schemas/{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=CHECKER)


def problems(name, body):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in validator(name).iter_errors(body)]


def check_samples(path):
    sample = json.loads(path.read_text(encoding="utf-8"))
    name = sample["schema"]
    found = [f"valid {i}: {problem}" for i, body in enumerate(sample["valid"])
             for problem in problems(name, body)]
    found += [f"invalid {i} is valid" for i, body in enumerate(sample["invalid"])
              if not problems(name, body)]
    return found + ([] if sample["valid"] else ["no valid sample"])


def answers(program, folder):
    path = pathlib.Path(folder, program.name)
    environment = {**os.environ, "PK_HTTP_ANSWERS": str(path), "srcdir": str(SOURCE)}
    subprocess.run([program], env=environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main():
    results = [(f"samples {path.name}", check_samples(path))
               for path in sorted(VECTORS.glob("*/*.json")) if path.parent.name != "schemas"]
    seen = set()
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            given = answers(program, folder)
            seen |= {answer["schema"] for answer in given}
            results.append((f"{len(given)} answers of {program.name}",
                            [f"{answer['schema']}: {problem}" for answer in given
                             for problem in problems(answer["schema"], answer["body"])]))
    if PROGRAMS:
        dialects = {name.partition(".")[0] for name in seen}
        missing = {path.stem for path in (VECTORS / "schemas").glob("*.json")
                   if path.stem.partition(".")[0] in dialects
                   and not NOT_ANSWERED.fullmatch(path.stem)} - seen
        results.append(("every answer that has a schema was given", sorted(missing)))
    print(f"1..{len(results)}")
    for number, (what, found) in enumerate(results, 1):
        print(f"{'not ' if found else ''}ok {number} - {what}")
        for line in found:
            print(f"# {line}")
    return 1 if any(found for _, found in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
