#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the integration tests, several files at a time, each in a private namespace.

    run_files.py --build DIR --report FOLDER [--folder TESTS] [--jobs N] [-- pytest options]

When a file has ended, a line with its counts is printed, after what it printed itself if something
failed. The last line is "PASSED FAILED SKIPPED"; FOLDER gets a JUnit report for each file. A run
that fails without a failed test counts as one failure.
"""

import argparse
import concurrent.futures
import glob
import os
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as tree

HERE = os.path.dirname(os.path.abspath(__file__))
# These boot a virtual machine: begun first, so that nothing waits for them at the end.
FIRST = ("test_systemd.py", "test_hidraw.py")
# These start namespaces themselves, which cannot be nested: overlays of overlays have a limit.
OUTSIDE = ("test_demo_browser.py", "test_demo_serve.py", "test_private_namespace.py")
NO_TESTS = 5  # pytest: nothing was selected in this file
SHOWN = threading.Lock()


def count(report):
    suite = tree.parse(report).getroot().find("testsuite")
    tests, errors, failures, skipped = (
        int(suite.get(name)) for name in ("tests", "errors", "failures", "skipped"))
    failed = errors + failures
    return [max(tests - failed - skipped, 0), failed, skipped]


def run(path, arguments):
    name = os.path.basename(path)
    report = os.path.join(arguments.report, name[:-3] + ".xml")
    since = time.monotonic()
    inside = [HERE + "/namespace.py", "--bare", "--build", arguments.build, "--"]
    done = subprocess.run(
        [*([] if name in OUTSIDE else inside), sys.executable, "-m", "pytest", "-q", "-rfEs",
         "--tb=short", "-p", "no:cacheprovider", "--junitxml", report, *arguments.pytest, path],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", check=False,
        env=dict(os.environ, top_builddir=os.path.realpath(arguments.build)))
    counts = count(report) if os.path.exists(report) else [0, 0, 0]
    if done.returncode not in (0, NO_TESTS) and counts[1] == 0:
        counts[1] = 1
    if done.returncode != NO_TESTS:
        # All of it when something failed; otherwise what was skipped, and why.
        shown = [line for line in done.stdout.rstrip().splitlines()
                 if counts[1] or line.startswith("SKIPPED")]
        passed, failed, skipped = counts
        with SHOWN:
            print(*shown, f"{name}: {passed} passed, {failed} failed, {skipped} skipped, "
                  f"{time.monotonic() - since:.0f} s", sep="\n", flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--folder", default=os.path.dirname(HERE), help="whose tests")
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1)
    parser.add_argument("pytest", nargs="*")
    arguments = parser.parse_args()
    os.makedirs(arguments.report, exist_ok=True)
    files = glob.glob(arguments.folder + "/test_*.py")
    files.sort(key=lambda path: (os.path.basename(path) not in FIRST, -os.path.getsize(path)))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        counts = list(pool.map(lambda path: run(path, arguments), files))
    print(*(sum(column) for column in zip(*counts)))


if __name__ == "__main__":
    main()
