#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays the seed corpus of every fuzz target. TAP."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import seeds  # noqa: E402


def main():
    top = pathlib.Path(os.environ.get("top_builddir", "."))
    failed = 0
    # libcbor asks for what a head announces; ThreadSanitizer's allocator would end the program.
    environment = {**os.environ, "TSAN_OPTIONS": "allocator_may_return_null=1"}
    print(f"1..{len(seeds.TARGETS)}")
    with tempfile.TemporaryDirectory() as folder:
        seeds.write(folder, [])
        for number, target in enumerate(seeds.TARGETS, 1):
            files = sorted(map(str, pathlib.Path(folder, target).iterdir()))
            done = subprocess.run([top / "tests/fuzz" / target, *files], env=environment,
                                  capture_output=True, text=True, errors="replace", check=False)
            bad = done.returncode != 0 or not files
            failed += bad
            print(f"{'not ok' if bad else 'ok'} {number} - {target}: {len(files)} seeds")
            for line in (done.stderr.splitlines()[-30:] if bad else []):
                print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
