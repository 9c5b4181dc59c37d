# SPDX-License-Identifier: BSD-2-Clause
"""passkeyd with the real systemd, udev and logind, in a virtual machine.

It is booted once for all of tests/vm/systemd_checks.py, seat_checks.py and gateway_checks.py; each
of their tests counts as one here.
"""

import os
import re
import subprocess

import pytest

import namespace

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm")
CHECKS = [os.path.join(FOLDER, name)
          for name in ("systemd_checks.py", "seat_checks.py", "gateway_checks.py")]
BUILD = os.path.realpath(os.environ.get("top_builddir", "."))

NAMES = []
for checks in CHECKS:
    with open(checks, encoding="utf-8") as source:
        NAMES += re.findall(r"(?m)^def (test_\w+)", source.read())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The output of all."""
    if not os.path.exists(BUILD + "/Makefile"):
        pytest.skip("no build in " + BUILD)
    stage = str(tmp_path_factory.mktemp("stage"))
    namespace.make_install(BUILD, stage)
    done = subprocess.run(
        [os.path.join(FOLDER, "run"), "--systemd", "env", "PATIENCE=120", "STAGE=" + stage,
         "/usr/bin/python3", "-B", "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider",
         *CHECKS], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=1600)
    if done.returncode == 125:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.real_programs
@pytest.mark.parametrize("name", NAMES)
def test_systemd(run, name):
    results = re.findall(rf"::{name}(?:\[.*\])? (\w+)", run)
    story = re.findall(rf"(?ms)^_+ [\w ]*{name}\b.*?(?=^[_=]+ )", run)
    assert results and set(results) == {"PASSED"}, "\n".join(story) or run
