# SPDX-License-Identifier: BSD-2-Clause
"""Guessing recovery codes: otherwise strangers take codes away, or guess without a limit."""

import time

import pytest

import machine as parts

WRONG = "0000-0000-0000-0000"


@pytest.fixture
def codes(machine, keys):
    """alice's, whose key is not here."""
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    key.unplug()
    return machine.recovery_codes("alice")


def try_code(conversation, code):
    """The result, or the reason of a refusal after which there is another question."""
    kind, _, details = conversation.next()
    if kind == "ask-secret":
        kind, _, details = conversation.next(secret=parts.secret(code))
    return str(details.get("result") or details.get("reason"))


def console(machine, code, tty="/dev/tty1"):
    return try_code(machine.connect().authenticate("alice", service="login", tty=tty,
                                                   methods="recovery"), code)


def from_address(machine, code, address):
    """One that is tried by sshd, which hangs up afterwards."""
    sshd = parts.Connection("root")
    try:
        return try_code(sshd.authenticate("alice", service="sshd", rhost=address, tty="ssh",
                                          methods="recovery"), code)
    finally:
        sshd.close()


def test_strangers_take_no_codes_away(machine, codes):
    """Case 05 of the audit: an unauthenticated stranger at sshd's prompt."""
    refused = [from_address(machine, WRONG, "192.0.2.66") for _ in range(8)]
    assert refused == ["recovery-code-invalid"] * 5 + ["unavailable"] * 3
    assert from_address(machine, codes[0], "192.0.2.66") == "unavailable"
    assert from_address(machine, codes[0], "198.51.100.7") == "ok"
    assert console(machine, codes[1]) == "ok"


def test_parallel_questions(machine, codes):
    """Case 10 of the audit: 16 questions are open before the first answer."""
    alice = machine.connect("alice")
    open_questions = [alice.authenticate("alice", methods="recovery") for _ in range(16)]
    for conversation in open_questions:
        assert conversation.next()[0] == "ask-secret"
    told = []
    for number, conversation in enumerate(open_questions):
        code = codes[0] if number == 15 else WRONG
        told.append(str(conversation.next(secret=parts.secret(code))[2]["reason"]))
    assert told == ["recovery-code-invalid"] * 5 + ["unavailable"] * 11
    assert console(machine, codes[0]) == "ok"


def test_addresses_have_a_limit_in_total(machine, codes):
    tried = 0
    for number in range(120):
        for _ in range(3):
            told = from_address(machine, WRONG, f"10.0.0.{number}")
            tried += told == "recovery-code-invalid"
        if told == "unavailable":
            break
    # One more comes each four seconds.
    assert 250 <= tried <= 280, tried
    assert console(machine, codes[0]) == "ok"
    assert console(machine, codes[1], "/dev/tty2") == "ok"


def test_making_codes_takes_no_time(machine, codes):
    """Beside a call that changes one row, in the same run: ten slow hashes took many times that."""
    root = machine.connect()

    def least(member, signature, *arguments):
        times = []
        for _ in range(15):
            begin = time.monotonic()
            root.call(parts.CREDENTIALS, member, signature, *arguments)
            times.append(time.monotonic() - begin)
        return min(times)

    ticket = least("CreateTicket", "sa{sv}", "alice", parts.vardict({}))
    made = least("CreateRecoveryCodes", "s", "alice")
    assert made < 5 * ticket, (made, ticket)
    assert codes
