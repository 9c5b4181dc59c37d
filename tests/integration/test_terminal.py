# SPDX-License-Identifier: BSD-2-Clause
"""machine.Terminal, through which the tests read what programs show."""

import os
import sys

import pexpect
import pytest

import machine as parts

# As util-linux's login does before it asks anything, but with time to see the terminal closed.
HANG_UP = """
import ctypes, os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
name = os.ttyname(0)
print("before", flush=True)
sys.stdin.readline()  # what nobody has read yet would go with the terminal
for descriptor in (0, 1, 2):
    os.close(descriptor)
ctypes.CDLL(None).vhangup()
signal.sigtimedwait([signal.SIGUSR1], 0.5)
terminal = os.open(name, os.O_RDWR)
for descriptor in (0, 1, 2):
    os.dup2(terminal, descriptor)
print("after", flush=True)
sys.exit(3)
"""


def start(*command, timeout=parts.PATIENCE):
    return parts.Terminal(command[0], list(command[1:]), timeout=timeout, encoding="utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hang a terminal up")
def test_what_comes_after_a_hang_up_is_read():
    child = start(sys.executable, "-c", HANG_UP)
    child.expect("before")
    child.sendline()
    child.expect("after")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3


def test_the_end_of_the_command_is_the_end():
    child = start("sh", "-c", "echo first; exit 5")
    child.expect("first")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 5


def test_a_terminal_that_stays_closed_is_waited_for_no_longer_than_said():
    child = start("sh", "-c", "exec sleep 1000 0<&- 1<&- 2<&-", timeout=0.3)
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("never")
    child.close(force=True)
