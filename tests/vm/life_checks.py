# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/life: the life of our packages on a Debian system, from installation to purge.

systemd starts it at each of two boots of the same disk (first.sh). Each step writes a line that
begins with ok, FAILED or SKIP and says what was seen; lines that begin with "!" belong to a
failure, all others are the transcript. What has to survive the reboot is in NOTES.
"""

import collections
import json
import os
import re
import sys
import time
import traceback

import life_packages as packages
import life_sign_ins as sign_ins
from life_parts import PASSED, Life, Skip, read, say, write

NOTES = "/root/vm-life.json"
REBOOT = 3  # the exit code that asks first.sh for one

SIGN_INS = (
    ("login on a console by a touch", sign_ins.log_in_by_key),
    ("sudo by a touch", sign_ins.sudo),
    ("su by a touch of whose account it is", sign_ins.su),
    ("vlock by a touch", sign_ins.locker),
    ("i3lock under Xvfb by a touch", sign_ins.locker_x),
    ("physlock, which leaves the console, by the password", sign_ins.locker_elsewhere),
    ("the key is pulled in the middle, and plugged in again", sign_ins.pulled),
    ("a second network namespace", sign_ins.network),
    ("passkey-ssh from there, with the key at that end", sign_ins.ssh),
)
BOOTS = (
    (
        ("the system has booted", packages.the_system),
        ("accounts", packages.people),
        ("apt installs the packages before ours", packages.install_the_older),
        ("the bus starts the daemon", packages.the_bus_starts_it),
        ("profiles are enforced", packages.profiles_are_enforced),
        ("udev hands over a /dev/uhid key", sign_ins.plug),
        ("login on a console by the password", sign_ins.log_in_by_password),
        ("polkit asks before passkey-enroll", sign_ins.polkit_asks),
        ("PAM asks for passkeys from here on", sign_ins.turn_on),
        *SIGN_INS,
        ("upgrade, with the passkey in place", packages.upgrade),
        ("sudo after the upgrade", sign_ins.sudo),
        ("downgrade is refused in words", packages.downgrade),
        ("exposure of the services is at most 1.5", packages.exposure),
        ("profiles are enforced after the upgrade", packages.profiles_are_enforced),
        ("the first request starts the gateway", packages.the_gateway_starts),
        ("stores of several hosts are left alone", packages.stores_of_several_hosts_are_left_alone),
        ("alice logs out", sign_ins.log_out),
    ),
    (
        ("the system has booted again", packages.the_system),
        ("there were two boots of one disk", packages.boots),
        ("the bus starts the daemon", packages.the_bus_starts_it),
        ("profiles are enforced", packages.profiles_are_enforced),
        ("udev hands over the key", sign_ins.plug),
        *SIGN_INS,
        ("the key is pulled in the middle, for good", sign_ins.pulled_for_good),
        ("the first request starts the gateway", packages.the_gateway_starts),
        ("stores of several hosts are left alone", packages.stores_of_several_hosts_are_left_alone),
        ("alice logs out", sign_ins.log_out),
        ("systemd has nothing against our units", packages.no_complaint_of_systemd),
        ("AppArmor has denied nothing", packages.no_denial),
        ("apt purge", packages.purge),
        ("nothing is left", packages.nothing_is_left),
        ("passwords still let people in", sign_ins.password_again),
    ),
)


def left_out(words):
    """What --skip says."""
    pattern = read(PASSED + "/skip").strip()
    return pattern and re.search(pattern, words)


def step(life, counts, words, function):
    say(f"== {words}", "")
    since = time.monotonic()

    def line(state, text):
        print(f"{state} {time.monotonic() - since:.0f} s: {words}: {text}", flush=True)

    try:
        if left_out(words):
            raise Skip("left out by --skip")
        line("ok", function(life))
        counts["passed"] += 1
    except Skip as reason:
        line("SKIP", reason)
        counts["skipped"] += 1
    except Exception as error:  # pylint: disable=broad-except  # the next steps are worth a try
        text = str(error) or type(error).__name__
        line("FAILED", text.splitlines()[0])
        say("\n".join(text.splitlines()[1:]), "!")
        if not isinstance(error, AssertionError):
            say(traceback.format_exc(), "!")
        counts["failed"] += 1


def main():
    notes = {"boot": 0, "counts": {}}
    if os.path.exists(NOTES):
        notes = json.loads(read(NOTES))
    boot = notes["boot"]
    if boot >= len(BOOTS):
        sys.exit("a boot too many")
    counts = collections.Counter(notes["counts"])
    life = Life(notes)
    print(f"== boot {boot + 1}: {float(read('/proc/uptime').split()[0]):.0f} s after the kernel",
          flush=True)
    for words, function in BOOTS[boot]:
        step(life, counts, words, function)
    notes.update(boot=boot + 1, counts=counts)
    write(NOTES, json.dumps(notes))
    os.sync()
    if boot + 1 < len(BOOTS):
        sys.exit(REBOOT)
    totals = (f"{counts[state]} {state}" for state in ("passed", "failed", "skipped"))
    print("vm: " + ", ".join(totals), flush=True)


if __name__ == "__main__":
    main()
