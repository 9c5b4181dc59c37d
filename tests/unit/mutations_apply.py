#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds that every entry of tests/mutations still finds its line in the sources, as scripts/mutate
would; whether a test notices what it breaks is for scripts/mutate itself, which takes long."""

import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["srcdir"])

listed = subprocess.run([sys.executable, SOURCE / "scripts" / "mutate", "--list"],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                        check=False)
stale = re.findall(r"^DOES NOT APPLY: (.*)$", listed.stdout, re.MULTILINE)
total = re.search(r"^(\d+) mutations, \d+ that do not apply$", listed.stdout, re.MULTILINE)
print("1..1")
if listed.returncode == 0 and total and int(total[1]) > 0:
    print(f"ok 1 - all {total[1]} mutations apply")
    sys.exit(0)
print("not ok 1 - every mutation applies")
for line in stale or listed.stdout.splitlines():
    print(f"# {line}")
sys.exit(1)
