#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long alice's sign-in takes alone, and beside what others do to the daemon, in one run.

    tests/integration/support/namespace.py --bare --build DIR -- bench/neighbours.py [--rounds N]

Her sign-in is Authenticate and the conversation to its end, by root's program as sudo does it, with
a key in software that is touched at once. Alone and beside a load take turns; each ratio is of
medians. The loads:

  names      bob lists the passkeys of ten names that the name service takes three seconds for
  strangers  110 at sshd, each with a name of its own and a wrong recovery code
  changes    tickets for bob are written to the disk, one after the other
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import threading
import time

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "tests/integration/support"), str(TOP / "tests/lib")]
import dbus.lowlevel  # noqa: E402

import held  # noqa: E402
import machine as parts  # noqa: E402
import namespace  # noqa: E402
from softkey import SoftKeys  # noqa: E402


def sign_in(connection):
    began = time.monotonic()
    details = connection.authenticate("alice", service="sudo", tty="pts/1", ruser="alice").run()
    assert details["result"] == "ok", details
    return time.monotonic() - began


def send(connection, interface, member, signature, *arguments, path=parts.PATH):
    message = dbus.lowlevel.MethodCallMessage(parts.NAME, path, interface, member)
    message.append(*arguments, signature=signature)
    connection.bus.send_message(message)
    connection.bus.flush()


class Load(threading.Thread):
    """step() again and again, until stopped."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.going = step, True
        self.start()

    def run(self):
        while self.going:
            self.step()

    def stop(self):
        self.going = False
        self.join()


@contextlib.contextmanager
def names(machine):
    """Ten that are held for as long as the turn takes, which is more than three seconds each."""
    with held.names() as gate:
        bob = machine.connect("bob")
        for number in range(10):
            send(bob, parts.CREDENTIALS, "List", "sa{sv}", f"slow{number}", parts.vardict({}))
        gate.wait(2)
        yield


@contextlib.contextmanager
def strangers(machine):
    connections = [machine.connect() for _ in range(2)]
    asked = []
    for number in range(110):
        conversation = connections[number % 2].authenticate(
            f"user{number}", service="sshd", tty="ssh", rhost=f"198.51.100.{number}")
        if conversation.next()[0] == "ask" and conversation.next(text="")[0] == "ask-secret":
            asked.append(conversation)
    for conversation in asked:
        send(conversation.connection, parts.CONVERSATION, "Next", "a{sv}",
             parts.vardict({"secret": parts.secret("0000-0000-0000-0000")}),
             path=conversation.path)
    yield
    for connection in connections:
        connection.close()


@contextlib.contextmanager
def changes(machine):
    connection = parts.Connection("root")

    def step():
        connection.call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "bob", parts.vardict({}))

    load = Load(step)
    yield
    load.stop()
    connection.close()


def measure(machine, load, rounds):
    connection = machine.connect()
    alone, beside = [], []
    for _ in range(5):
        alone.append(statistics.median(sign_in(connection) for _ in range(rounds)))
        with load(machine):
            beside.append(statistics.median(sign_in(connection) for _ in range(rounds)))
    return statistics.median(alone), statistics.median(beside)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="sign-ins in a turn")
    rounds = parser.parse_args().rounds
    if namespace.MARK not in os.environ:
        sys.exit("neighbours.py: run it inside of tests/integration/support/namespace.py")
    parts.reset_state()
    machine = parts.Machine()
    machine.start_bus()
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        machine.configure("[limits]\nchallenges-per-user = 500\n")
        keys.add("blue").set(touch="immediate")
        machine.enrol("alice")
        print("beside       alone ms  beside ms  ratio")
        for load in (names, strangers, changes):
            alone, beside = measure(machine, load, rounds)
            print(f"{load.__name__:<12} {alone * 1000:8.1f}  {beside * 1000:9.1f}  "
                  f"{beside / alone:5.2f}", flush=True)
    machine.close()


if __name__ == "__main__":
    main()
