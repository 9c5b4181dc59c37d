# SPDX-License-Identifier: BSD-2-Clause
"""One key: what is plugged in, opened, touched, and made to misbehave."""

import random

from . import hid
from .authenticator import Authenticator, Wait
from .errors import CtapError, Status
from .hid import CAPABILITY_CBOR, CAPABILITY_WINK, CBOR
from .u2f import U2f

KEEPALIVE_INTERVAL = 0.1  # seconds; CTAP 2.1 section 11.2.9.2.1
_GET_ASSERTION = b"\x02"
_CREDENTIAL_COMMANDS = (0x01, 0x02, 0x08)


class Device:
    """A key and its person.

    loop: call_later(). notify(device, event) is told what happens. An opener is whatever has the
    device open: it has send(report) and hang_up().
    """

    def __init__(self, loop, name, parts, notify):
        self.config, self.behaviour, self.state, save = parts
        self.loop, self.name, self.notify = loop, name, notify
        self.authenticator = Authenticator(self.config, self.behaviour, self.state, save)
        self.u2f = U2f(self.authenticator, self._take_u2f_touch)
        self.transport = hid.Transport(loop, self, self._emit)
        self.plugged = False
        self.openers = []
        self._clear()

    def _clear(self):
        self.busy_channel = None
        self.running = None  # the command's generator
        self.command = None
        self.waiting = None
        self.asked = False  # a person was asked for in this command
        self.u2f_wanted = self.u2f_touched = False

    @property
    def capabilities(self):
        return CAPABILITY_WINK | (0 if self.config.version == "u2f" else CAPABILITY_CBOR)

    @property
    def touch_wanted(self):
        return self.waiting is Wait.TOUCH or (self.u2f_wanted and not self.u2f_touched)

    # The plug

    def plug(self):
        if self.plugged:
            return
        self._clear()
        self.transport.power_up()
        self.authenticator.power_up()
        self.plugged = True
        self.notify(self, "plugged")

    def unplug(self):
        if not self.plugged:
            return
        self.plugged = False
        self.abort()
        self.transport.power_up()
        for opener in self.openers:
            opener.hang_up()
        self.openers = []
        self.notify(self, "unplugged")

    def open(self, opener):
        self.openers.append(opener)
        self.notify(self, "opened")

    def close(self, opener):
        if opener not in self.openers:
            return
        self.openers.remove(opener)
        if not self.openers and not self.behaviour.keep_blinking:
            self.abort()
        self.notify(self, "closed")

    busy_until = 0.0

    def _in_time(self, act, report):
        """Does it when that report has come through, one after the other."""
        if self.behaviour.packet_ms == 0:
            act(report)
            return
        start = max(self.busy_until, self.loop.time())
        self.busy_until = start + self.behaviour.packet_ms / 1000
        self.loop.call_at(self.busy_until, act, report)

    def receive(self, report):
        self._in_time(self._received, report)

    def _received(self, report):
        if self.plugged:
            self.transport.receive(report)

    def _emit(self, report):
        self._in_time(self._emitted, report)

    def _emitted(self, report):
        """Every opener gets every report, as with hidraw."""
        if not self.plugged:
            return
        for opener in self.openers:
            opener.send(report)
        if self.behaviour.unplug_after > 0:
            self.behaviour.unplug_after -= 1
            if self.behaviour.unplug_after == 0:
                self.unplug()

    def _unplug_at(self, moment):
        """One time only, so that the test can plug it in again."""
        if self.behaviour.unplug_at != moment:
            return False
        self.behaviour.unplug_at = ""
        self.unplug()
        return True

    # Commands

    def request(self, channel, command, data):
        self.busy_channel, self.command, self.asked = channel, data[:1], False
        self.notify(self, "request")
        if self._unplug_at("request"):
            return
        if command != CBOR:
            self.asked = data[1:2] in (b"\1", b"\2")
            self._answer(hid.MSG, self.u2f.run(data))
            return
        self.running = self.authenticator.run(data)
        if self._misbehaves() and self.behaviour.hang:
            self._hang()
            return
        self._advance(lambda: next(self.running))

    def _advance(self, step):
        self._stop_waiting()
        try:
            self._wait(step())
        except StopIteration as done:
            self._answer(CBOR, done.value)

    def _wait(self, wait):
        self.waiting, self.asked = wait, True
        self._keepalive(hid.KEEPALIVE_UPNEEDED)
        if self.waiting is None or self._unplug_at("keepalive"):
            return
        if self.behaviour.hang == "dumb":
            self._stop_waiting()
            self.notify(self, "hanging")
            return
        timeout = self.behaviour.touch_timeout
        self.timeout = self.loop.call_later(timeout, self.give_up)
        self.notify(self, wait.value + "-wanted")
        if wait is Wait.TOUCH and self.behaviour.touch == "immediate":
            self.touch()
        elif wait is Wait.FINGERPRINT and self.behaviour.fingerprint != "wait":
            self.fingerprint(self.behaviour.fingerprint == "accept")

    timer = timeout = None

    def _keepalive(self, status):
        self.timer = self.loop.call_later(KEEPALIVE_INTERVAL, self._keepalive, status)
        self.transport.send(self.busy_channel, hid.KEEPALIVE, bytes([status]))

    def _stop_waiting(self):
        self.waiting = None
        for timer in (self.timer, self.timeout):
            if timer is not None:
                timer.cancel()
        self.timer = self.timeout = None

    def touch(self):
        """The person touches. False when nothing waits for it."""
        if self.waiting is Wait.TOUCH:
            self.notify(self, "touched")
            if not self._unplug_at("touch"):
                self._advance(lambda: self.running.send(None))
            return True
        if self.u2f_wanted and not self.u2f_touched:
            self.notify(self, "touched")
            self.u2f_touched = not self._unplug_at("touch")
            return True
        return False

    def fingerprint(self, accepted):
        """A finger on the sensor. False when nothing waits for it."""
        if self.waiting is not Wait.FINGERPRINT:
            return False
        self._advance(lambda: self.running.send(accepted))
        return True

    def give_up(self):
        """The key's own patience ends. False when it was not waiting."""
        return self._end_wait(self.behaviour.timeout_status, "timed-out")

    def cancel(self, channel):
        if channel == self.busy_channel:
            self._end_wait(Status.KEEPALIVE_CANCEL, "cancelled")

    def _end_wait(self, status, event):
        if self.waiting is None:
            return False
        self.notify(self, event)
        self._advance(lambda: self.running.throw(CtapError(status)))
        return True

    def abort(self):
        """Forgets the command without an answer."""
        self._stop_waiting()
        self._clear()

    def _take_u2f_touch(self):
        if self.u2f_touched:
            self.u2f_wanted = self.u2f_touched = False
            return True
        if not self.u2f_wanted:
            self.u2f_wanted = True
            self.notify(self, "touch-wanted")
            if self.behaviour.touch == "immediate":
                self.touch()
        return False

    # Answers, true and false

    def _misbehaves(self):
        if self.running is not None and self.command[0] not in _CREDENTIAL_COMMANDS:
            return False
        return self.asked or self.behaviour.misbehave_at == "any"

    def _hang(self):
        self.notify(self, "hanging")
        if self.behaviour.hang == "keepalive":
            self._keepalive(hid.KEEPALIVE_PROCESSING)

    def _answer(self, command, data):
        if not self.plugged:
            return
        behaviour, misbehaves = self.behaviour, self._misbehaves()
        if misbehaves and behaviour.hang:
            self._hang()
            return
        channel = self.busy_channel
        if misbehaves and behaviour.error and command == CBOR:
            data = bytes([behaviour.error])
        elif misbehaves and behaviour.garbage == "cbor":
            data = data[:1] + b"\xbf" + _noise(max(1, len(data) - 2))
        if self.command == _GET_ASSERTION and command == CBOR and data[:1] == b"\0":
            self.busy_until = max(self.busy_until, self.loop.time()) + behaviour.signature_ms / 1000
        self.busy_channel = self.running = None
        reports = hid.fragments(channel, command, data)
        if misbehaves and behaviour.garbage:
            reports = _spoil(behaviour.garbage, reports)
        for report in reports:
            self._emit(report)
        if self.plugged:
            self.notify(self, "answered")


def _noise(size):
    """The same every time: random bytes would sometimes be a keepalive, or a long length."""
    return random.Random("garbage").randbytes(size)


def _spoil(garbage, reports):
    first = reports[0]
    if garbage == "report":
        return [each[:4] + _noise(60) for each in reports]
    if garbage == "sequence":
        # A first report that promises a second, and the second with a number out of turn.
        return [first[:5] + b"\x01\x00" + first[7:], first[:4] + b"\x05" + first[5:]]
    if garbage == "length":
        return [first[:5] + b"\xff\xff" + first[7:]] + reports[1:]
    return reports
