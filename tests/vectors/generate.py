#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors beside this file: valid/*.json and invalid/*.json, the same on every run.

With --check nothing is written; it fails when a file is not what this program makes. With
--ml-dsa NODE the files of ML-DSA are made anew, by a Node.js whose OpenSSL is 3.5 or newer.
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True  # the folder of the maker is distributed as it stands

from maker import collect  # noqa: E402
from maker import (  # noqa: E402
    cases_attestation, cases_client_data, cases_data, cases_keys, cases_ml_dsa, cases_platform,
    cases_response, w3c)

MODULES = [cases_client_data, cases_response, cases_data, cases_keys, cases_attestation,
           cases_platform, w3c]


def main():
    cases = collect.Cases()
    for module in MODULES:
        module.add(cases)
    if "--ml-dsa" in sys.argv[1:]:
        cases_ml_dsa.add(cases, sys.argv[sys.argv.index("--ml-dsa") + 1])
    folder = pathlib.Path(__file__).resolve().parent
    if "--check" in sys.argv[1:]:
        there = {f"{path.parent.name}/{path.name}": json.loads(path.read_text())
                 for kind in ("valid", "invalid") for path in (folder / kind).glob("*.json")
                 if not cases.kept(path.name)}
        wrong = sorted(name for name in cases.files.keys() | there.keys()
                       if cases.files.get(name) != there.get(name))
        print(*wrong, sep="\n")
        return 1 if wrong else 0
    cases.write(folder)
    counts = [sum(name.startswith(kind) for name in cases.files) for kind in ("valid/", "invalid/")]
    print(f"{counts[0]} valid, {counts[1]} invalid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
