# SPDX-License-Identifier: BSD-2-Clause
"""The applications of the tests: real programs on a terminal, asking for a passkey through PAM."""

import re

import pexpect


class App:
    """One program on a terminal; owner is the account whose passkey it asks for."""

    def __init__(self, machine, **variables):
        self.machine = machine
        self.pieces = []
        self.child = machine.terminal(self.caller, self.command, **variables)
        self.child.logfile_read = self

    def write(self, text):
        self.pieces.append(text)

    def flush(self):
        pass

    @property
    def screen(self):
        """All that was on it so far."""
        return "".join(self.pieces)

    def end(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


class Sudo(App):
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sudo", "-u", "bob", "id", "-un"]
    approving = r"Touch your security key for what alice typed on web1: \S*sudo -u bob id -un"

    def accepted(self):
        return self.end() == 0 and self.screen.split()[-1] == "bob"

    def refused(self):
        return self.end() == 1 and "bob" not in self.screen.splitlines()


class Su(App):
    # For oneself: what su asks of somebody who becomes another is in test_contention.py.
    service, caller, owner = "su", "bob", "bob"
    command = ["su", "bob", "-c", "id -un"]
    approving = r"Touch your security key to .*bob.* on web1"

    accepted = Sudo.accepted

    def refused(self):
        return self.end() == 1 and "su: " in self.screen and "bob" not in self.screen.splitlines()


class Login(App):
    service, caller, owner = "login", "root", "bob"
    command = ["login", "bob"]
    approving = r"Touch your security key to .*bob.* on web1"

    def accepted(self):
        self.child.expect(r"\$ ")
        self.child.sendline("id -un; exit")
        self.child.expect("bob\r\n")
        self.child.expect(pexpect.EOF)
        return True

    def refused(self):
        self.child.expect("Login incorrect")
        self.child.close(force=True)
        return True


class Pamtester(App):
    """Any PAM service, by any caller; user may be empty, as before a login."""

    approving = "Touch your security key"

    def __init__(self, machine, service, user, caller="root", items=()):
        self.service, self.owner, self.caller = service, user, caller
        self.command = ["pamtester", *[f"-I{item}" for item in items], service, user,
                        "authenticate"]
        super().__init__(machine)

    def accepted(self):
        return self.end() == 0 and "successfully authenticated" in self.screen

    def refused(self):
        return self.end() == 1 and "successfully authenticated" not in self.screen


def refuses(machine, running, result, reads):
    """The attempt ends here, for that reason, and the person has read as much."""
    assert running.refused(), running.screen
    assert machine.results() == [(running.service, running.owner, result)], running.screen
    assert re.search(reads, running.screen), running.screen
