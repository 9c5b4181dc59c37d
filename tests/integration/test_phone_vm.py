# SPDX-License-Identifier: BSD-2-Clause
"""passkey-phone with bluetoothd and the kernel's Bluetooth, in a virtual machine."""

import os
import subprocess

import pytest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm")
PROGRAM = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "phone/passkey-phone"))
NEEDED = ("/usr/libexec/bluetooth/bluetoothd", "/usr/bin/btvirt")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists(PROGRAM), reason="no " + PROGRAM)
def test_phone():
    missing = [path for path in NEEDED if not os.path.exists(path)]
    if missing:
        pytest.skip(f"no {missing[0]}: scripts/install-dependencies --vm")
    done = subprocess.run(
        [os.path.join(SOURCE, "run"), "--systemd", "/usr/bin/python3", "-B",
         os.path.join(SOURCE, "phone.py"), PROGRAM],
        capture_output=True, text=True, check=False, timeout=1600)
    if done.returncode == 125:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    assert done.returncode == 0 and "phone: ok" in done.stdout, done.stdout + done.stderr
