#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The vectors of the store's protocol are what the tables in doc/store-protocol.md make. TAP."""
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["srcdir"])

maker = SOURCE / "tests/vectors/store-protocol/make.py"
made = subprocess.run([sys.executable, "-B", maker, "--check"], stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, encoding="utf-8", check=False)
print("1..1")
print(f"{'not ok' if made.returncode else 'ok'} 1 - the document makes the vectors")
for line in made.stdout.splitlines():
    print(f"# {line}")
sys.exit(made.returncode)
