# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of what runs inside tests/vm/run --systemd, in one machine that is booted once."""

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import booted  # noqa: E402
import machine as parts  # noqa: E402
import ssh  # noqa: E402
from booted import run  # noqa: E402
from softkey import SoftKeys  # noqa: E402

LOCAL_ONLY = ("sudo", "su", "login", "locker", "lightdm", "webapp", "for-peer")
CONFIG = "".join(f"[service {name}]\nmethods = local\n" for name in LOCAL_ONLY) \
    + "[service codes]\nmethods = recovery\n"


@pytest.fixture(scope="session")
def machine():
    booted.furnish(os.environ["STAGE"])
    parts.reset_state()
    started = booted.Booted()
    started.settings = CONFIG
    started.configure(CONFIG)
    yield started
    started.close()


@pytest.fixture(scope="session")
def keys(machine):
    run("modprobe", "uhid")
    with SoftKeys("/run/softkeys", "none", uhid="yes") as keys:
        yield keys


@pytest.fixture(scope="session")
def blue(machine, keys):
    """A key with passkeys of alice, bob, carol and dave."""
    key = keys.add("blue")
    run("udevadm", "settle")
    for user in ("alice", "bob", "carol", "dave"):
        key.set(touch="immediate")
        machine.enrol(user)
    key.set(touch="wait")
    return key


@pytest.fixture(scope="session")
def console(machine, blue):
    """alice, who has signed in on the second console, which is shown, by touching her key."""
    return booted.log_in(machine, 2, "alice", blue)


@pytest.fixture(scope="session")
def laptop(machine, console):
    """erin's computer, and alice's account that lets her in by an ordinary key."""
    stack = "auth required pam_deny.so\naccount required pam_permit.so\n" + booted.SESSION
    ssh.Server(machine, stack=stack)
    ssh.Server(machine, stack=stack, port=2222, more="UseDNS yes\n")
    laptop = ssh.Laptop(machine)
    path = laptop.write(".ssh/ordinary", "")
    os.unlink(path)
    assert laptop.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]).returncode == 0
    for name in ("alice", "dave"):
        home = parts.pwd.getpwnam(name).pw_dir
        os.mkdir(home + "/.ssh")
        shutil.copy(path + ".pub", home + "/.ssh/authorized_keys")
    return laptop
