#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/demo shows, in the private namespace: alice enrols a key, sudo
takes its touch, and from her laptop so does sshd."""

import argparse
import os
import re
import sys

import pexpect

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "lib")]

import machine as parts  # noqa: E402
import namespace  # noqa: E402
import ssh  # noqa: E402
from softkey import SoftKeys  # noqa: E402

HELPER = "/usr/libexec/passkey/passkey-authenticator"
ENROLL = ["passkey-enroll", "--name", "blue key"]
SUDO = ["sudo", "-u", "bob", "id", "-un"]
SSH = ["passkey-ssh", "alice@" + namespace.HOST, "id -un"]


class Screen:
    """Prints what a terminal shows, indented and without colours, and keeps it."""

    def __init__(self):
        self.text = ""
        self.fresh = True

    def write(self, text):
        text = re.sub(r"\x1b\[[\d;]*m", "", text)
        self.text += text
        for line in text.splitlines(keepends=True):
            print(("    | " if self.fresh else "") + line.replace("\r\n", "\n"), end="")
            self.fresh = line.endswith("\n")

    def flush(self):
        sys.stdout.flush()


class Kept:
    """Keeps what a terminal shows that a person has to themselves; pexpect gives it bytes then."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text if isinstance(text, str) else text.decode("utf-8", "replace")

    def flush(self):
        pass


def say(text):
    print(text, flush=True)


def show(where, command, child):
    say(f"\n{where}$ {' '.join(word if ' ' not in word else repr(word) for word in command)}")
    child.logfile_read = Screen()
    return child


def open_terminal(machine, person, command):
    return show(f"{person}@web1", command, machine.terminal(person, command))


def over_ssh(machine, keys, touch):
    """The same key, now in alice's laptop, for which another account of this machine is used."""
    say("\nalice goes home and plugs the key into her laptop.")
    ssh.Server(machine)
    laptop = ssh.Laptop(machine, keys)
    child = show("alice@laptop", SSH, laptop.terminal(SSH, PASSKEY_AUTHENTICATOR=machine.program))
    touch(child)
    return finish(child)


def finish(child):
    child.expect(pexpect.EOF)
    child.close()
    if child.exitstatus != 0:
        sys.exit(f"demo: failed: exit status {child.exitstatus}")
    return child.logfile_read.text


def with_software_key(machine):
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper(HELPER)
        machine.configure()
        say("A software authenticator is plugged in; each touch below is its person's.")
        key = keys.add("blue").set(touch="wait")

        def touch(child):
            child.expect("Touch your security key .*\n")
            key.wait_touch_wanted()
            say("(touches the key)")
            key.touch()

        child = open_terminal(machine, "alice", ENROLL)
        child.expect("(?i)password: ")
        say("\n(types alice's password)")
        child.logfile_read.fresh = True
        child.sendline(namespace.password("alice"))
        touch(child)
        finish(child)
        child = open_terminal(machine, "alice", SUDO)
        touch(child)
        return finish(child), over_ssh(machine, keys, touch)


def person_acts(machine, command, user):
    """Whoever runs this demonstration has that terminal; what it showed."""
    child = open_terminal(machine, user, command)
    child.logfile_read = Kept()
    child.interact(escape_character=None)
    child.wait()
    child.close()
    if child.exitstatus != 0:
        sys.exit(f"demo: failed: exit status {child.exitstatus}")
    return child.logfile_read.text


def with_hardware(machine):
    if not sys.stdin.isatty():
        sys.exit("demo: --hardware needs a terminal")
    machine.configure()
    say("Plug in the security key. Its passkey is for this demonstration only: nothing of this\n"
        f"machine will know it. alice's password is: {namespace.password('alice')}")
    person_acts(machine, [*ENROLL, "--no-resident"], "alice")
    return person_acts(machine, SUDO, "alice"), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hardware", action="store_true")
    arguments = parser.parse_args()
    machine = parts.Machine()
    try:
        machine.start_bus()
        sign_ins = with_hardware if arguments.hardware else with_software_key
        by_sudo, by_ssh = sign_ins(machine)
        results = machine.results()
        say("\nWhat passkeyd logged:")
        for line in machine.syslog.text().splitlines():
            if line.startswith("passkeyd["):
                say("    " + line)
    finally:
        machine.close()
    if by_sudo.split()[-1] != "bob" or results[:1] != [("sudo", "alice", "success")]:
        sys.exit("demo: failed: sudo did not run as bob by passkey alone")
    if by_ssh and (by_ssh.split()[-1] != "alice" or results[1:] != [("sshd", "alice", "success")]):
        sys.exit("demo: failed: sshd did not let alice in by passkey alone")
    say("\ndemo: ok: the real sudo ran `id -un` as bob for alice, by passkey alone"
        + (", and the real sshd let her in over ssh" if by_ssh else ""))


if __name__ == "__main__":
    main()
