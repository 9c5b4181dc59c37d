#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/run: passkey-authenticator with nothing preloaded, on real hidraw nodes.

    hidraw.py PROGRAM

The kernel's HID layer, /sys, libudev and libfido2's own enumeration are all as on a real machine,
so this shows that the sandbox lets them work. Prints "hidraw: ok" at the end.
"""

import hashlib
import os
import sys

import cbor2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import frames  # noqa: E402
import helper_client  # noqa: E402
from softkey import SoftKeys  # noqa: E402

PROGRAM = sys.argv[1]
RP_ID = "example.org"
HASH = hashlib.sha256(b"client data").digest()
helper_client.PATIENCE = 300  # an emulated machine is slow


def wait_for_list(watching, count):
    """The DEVICES of that many; a key may first appear before its node can be opened."""
    while True:
        devices = watching.expect(frames.DEVICES)["devices"]
        if len(devices) == count:
            return devices


def descriptors(pid):
    return [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]


def result(running, kind):
    while True:
        got, fields = running.receive()
        if got != frames.TOUCH:
            assert got == kind, (got, fields)
            return fields


with SoftKeys("/run/softkeys", "none", uhid="yes") as keys, \
        helper_client.Helper(PROGRAM) as watching:
    watching.send(frames.u8(frames.WATCH))
    wait_for_list(watching, 0)
    key = keys.add("blue")
    (device,) = wait_for_list(watching, 1)
    assert device["path"].startswith("/dev/hidraw"), device
    assert (device["vendor_id"], device["product_id"]) == (0x1209, 0xF1D0), device
    with open(f"/proc/{watching.process.pid}/status", encoding="ascii") as file:
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    with open(f"/proc/{watching.process.pid}/maps", encoding="ascii") as file:
        sanitized = "san.so" in file.read()  # whose runtime locks nothing
    assert status["Seccomp"] == "2" and (status["VmLck"] != "0 kB" or sanitized), status

    for other in ("/dev/null", "/dev/tty0", "/dev/../etc/passwd", "/etc/passwd"):
        with helper_client.Helper(PROGRAM) as running:
            running.send(frames.get_assertion(other, RP_ID, HASH))
            assert running.failed() == "no-device", other
    with helper_client.Helper(PROGRAM) as running:
        running.send(frames.make_credential(device["path"], RP_ID, HASH))
        running.proceed()
        made = cbor2.loads(result(running, frames.CREDENTIAL)["attestation_object"])["authData"]
    credential_id = made[55:55 + int.from_bytes(made[53:55], "big")]

    for unplug in (False, True):
        key.set(touch="wait" if unplug else "immediate")
        with helper_client.Helper(PROGRAM) as running:
            running.send(frames.get_assertion(device["path"], RP_ID, HASH, [(credential_id, 1)]))
            running.proceed()
            if unplug:
                running.expect(frames.TOUCH)
                held = descriptors(running.process.pid)
                assert held.count(device["path"]) == 1, held
                assert len(held) == 2 or sanitized, held  # and the frames
                key.unplug()
                assert running.failed() == "device-removed"
            else:
                assert result(running, frames.ASSERTION)["assertions"]
    wait_for_list(watching, 0)
    assert watching.close() == 0
print("hidraw: ok")
