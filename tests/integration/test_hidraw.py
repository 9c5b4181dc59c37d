# SPDX-License-Identifier: BSD-2-Clause
"""passkey-authenticator on real hidraw nodes, in a virtual machine with Debian's own kernel."""

import os
import subprocess

import pytest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm")
PROGRAM = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "authenticator/passkey-authenticator"))


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists(PROGRAM), reason="no " + PROGRAM)
def test_hidraw():
    done = subprocess.run(
        [os.path.join(SOURCE, "run"), "/usr/bin/python3", "-B", os.path.join(SOURCE, "hidraw.py"),
         PROGRAM], capture_output=True, text=True, check=False, timeout=1600)
    if done.returncode == 125:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    assert done.returncode == 0 and "hidraw: ok" in done.stdout, done.stdout + done.stderr
