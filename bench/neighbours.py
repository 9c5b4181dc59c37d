#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long alice's sign-in takes alone, and beside what others do to the daemon, in one run.

    tests/integration/support/namespace.py --bare --build DIR -- bench/neighbours.py [--rounds N]
        [--disk MS] [LOAD...]

Her sign-in is Authenticate and the conversation to its end, by root's program as sudo does it, with
a key in software that is touched at once. Alone and beside a load take turns; each ratio is of
medians. The loads:

  names      bob lists the passkeys of ten names that the name service takes three seconds for
  strangers  110 at sshd, each with a name of its own and a wrong recovery code
  commits    six tickets for bob at any time wait for a disk that takes --disk milliseconds for
             each thing that is written, of alice's too, also while she is alone
  changes    tickets for bob, one after the other, as fast as they are made
  processor  a process that computes, and has nothing to do with passkeyd: what of the ratio of
             changes is the machine's
"""
import argparse
import contextlib
import os
import pathlib
import signal
import statistics
import sys
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


@contextlib.contextmanager
def again_and_again(step, count=1):
    """step(connection), in processes of their own: threads of one Python wait for each other."""
    children = []
    for _ in range(count):
        children.append(os.fork())
        if not children[-1]:
            connection = parts.Connection("root")
            while True:
                step(connection)
    yield
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


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


def write_ticket(connection):
    connection.call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "bob", parts.vardict({}))


def commits(machine):
    return again_and_again(write_ticket, 6)


def changes(machine):
    return again_and_again(write_ticket)


def processor(machine):
    return again_and_again(lambda connection: None)


LOADS = {load.__name__: load for load in (names, strangers, commits, changes, processor)}


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
    parser.add_argument("--disk", type=int, default=100, help="milliseconds that a commit takes")
    parser.add_argument("load", nargs="*", choices=[*LOADS, []], help="all of them otherwise")
    arguments = parser.parse_args()
    if namespace.MARK not in os.environ:
        sys.exit("neighbours.py: run it inside of tests/integration/support/namespace.py")
    parts.reset_state()
    machine = parts.Machine()
    with held.disk(), SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.start_bus()
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        machine.configure("[limits]\nchallenges-per-user = 500\n")
        keys.add("blue").set(touch="immediate")
        machine.enrol("alice")
        print("beside       alone ms  beside ms  ratio")
        for name in arguments.load or LOADS:
            held.disk_takes(arguments.disk if name == "commits" else 0)
            alone, beside = measure(machine, LOADS[name], arguments.rounds)
            print(f"{name:<12} {alone * 1000:8.1f}  {beside * 1000:9.1f}  "
                  f"{beside / alone:5.2f}", flush=True)
    machine.close()


if __name__ == "__main__":
    main()
