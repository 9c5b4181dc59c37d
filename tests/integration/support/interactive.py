#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bus, daemon and a software key around a command in the private namespace; see namespace.py.

    interactive.py [--hardware] -- COMMAND...

Says on standard error what is there, runs COMMAND and ends as it does.
"""

import argparse
import os
import signal
import subprocess
import sys

import dbus

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "lib")]

import machine as parts  # noqa: E402
import namespace  # noqa: E402
from softkey import SoftKeyError, SoftKeys  # noqa: E402

LOG = namespace.SCRATCH + "/log"
HELPER = "/usr/libexec/passkey/passkey-authenticator"
HELP = """\
Ready: passkeyd on its own bus, {key}; you are root, alice's password is "{password}"
Try: passkey-enroll; passkeyctl test; or with --user alice, then: runuser -u alice -- sudo -u bob id
The log: {log}; settings: {config} (pkill -HUP passkeyd reads them again)
"""


def start(machine, keys):
    """keys: None where plugged-in security keys are used."""
    if keys:
        keys.start().add("blue")
        machine.program = keys.wrapper(HELPER)
    machine.configure()
    machine.start_bus()
    machine.start_daemon()


def run(command):
    process = subprocess.Popen(command)
    # Ctrl-C reaches the command by the terminal; this process stays until the command has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(number))
    code = process.wait()
    return code if code >= 0 else 128 - code


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hardware", action="store_true")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    machine = parts.Machine(log=LOG)
    keys = None if arguments.hardware else SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY)
    try:
        start(machine, keys)
        key = "your security keys" if keys is None else "a software key that is touched at once"
        print(HELP.format(key=key, password=namespace.password("alice"), log=LOG,
                          config=parts.CONFIG), end="", file=sys.stderr, flush=True)
        return run(arguments.command)
    except (AssertionError, OSError, SoftKeyError, dbus.DBusException) as error:
        print(f"namespace.py: {error}\n{machine.syslog.text()}", file=sys.stderr)
        return 1
    finally:
        if keys:
            keys.stop()
        machine.close()


if __name__ == "__main__":
    sys.exit(main())
