# SPDX-License-Identifier: BSD-2-Clause
"""CTAPHID: 64-byte reports, channels, one transaction at a time (CTAP 2.1 section 11.2)."""

import struct

REPORT_SIZE = 64
BROADCAST = 0xFFFFFFFF
MESSAGE_MAX = 57 + 128 * 59
FRAGMENT_TIMEOUT = 0.5  # seconds a half-sent message may pause; the device's choice

PING, MSG, LOCK, INIT, WINK, CBOR, CANCEL = 0x01, 0x03, 0x04, 0x06, 0x08, 0x10, 0x11
KEEPALIVE, ERROR = 0x3B, 0x3F
KEEPALIVE_PROCESSING, KEEPALIVE_UPNEEDED = 1, 2
ERR_INVALID_CMD, ERR_INVALID_LEN, ERR_INVALID_SEQ = 0x01, 0x03, 0x04
ERR_MSG_TIMEOUT, ERR_CHANNEL_BUSY, ERR_INVALID_CHANNEL = 0x05, 0x06, 0x0B
CAPABILITY_WINK, CAPABILITY_CBOR, CAPABILITY_NMSG = 0x01, 0x04, 0x08

# Usage page 0xF1D0, 64-byte input and output reports without a number (section 11.2.8).
REPORT_DESCRIPTOR = bytes.fromhex(
    "06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0"
)


def fragments(channel, command, data):
    """The reports that carry one message."""
    reports = [struct.pack(">IBH", channel, command | 0x80, len(data)) + data[:57].ljust(57, b"\0")]
    for sequence, start in enumerate(range(57, len(data), 59)):
        part = data[start : start + 59].ljust(59, b"\0")
        reports.append(struct.pack(">IB", channel, sequence) + part)
    return reports


class _Incoming:
    def __init__(self, channel, command, size, data):
        self.channel, self.command, self.size, self.data = channel, command, size, data
        self.sequence = 0


class Transport:
    """One device's end of CTAPHID.

    emit(report) sends a report to the host. device has capabilities, request(channel, command,
    data), cancel(channel), abort() and busy_channel (None between transactions).
    """

    def __init__(self, loop, device, emit):
        self.loop, self.device, self.emit = loop, device, emit
        self.power_up()

    def power_up(self):
        self.stop_timer()
        self.next_channel = 0x10000001
        self.channels = set()
        self.incoming = None

    timer = None

    def stop_timer(self):
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None

    def send(self, channel, command, data):
        for report in fragments(channel, command, data):
            self.emit(report)

    def error(self, channel, code):
        self.send(channel, ERROR, bytes([code]))

    def receive(self, report):
        channel, first = struct.unpack(">IB", report[:5])
        if not first & 0x80:
            self._continuation(channel, first, report[5:])
            return
        command, size = first & 0x7F, struct.unpack(">H", report[5:7])[0]
        if channel == 0 or (channel == BROADCAST and command != INIT):
            self.error(channel, ERR_INVALID_CHANNEL)
        elif channel != BROADCAST and channel not in self.channels:
            self.error(channel, ERR_INVALID_CHANNEL)
        elif command == INIT:
            self._init(channel, size, report[7:])
        elif command == CANCEL:
            self.device.cancel(channel)
        else:
            self._begin(_Incoming(channel, command, size, report[7 : 7 + min(size, 57)]))

    def _init(self, channel, size, data):
        """Allocates a channel, or brings one back into step (section 11.2.9.1.3)."""
        if size != 8:
            self.error(channel, ERR_INVALID_LEN)
            return
        answer_channel = channel
        if channel == BROADCAST:
            answer_channel = self.next_channel
            self.next_channel += 1
            self.channels.add(answer_channel)
        else:
            if self.incoming is not None and self.incoming.channel == channel:
                self._drop_incoming()
            if self.device.busy_channel == channel:
                self.device.abort()
        answer = struct.pack(">8sIBBBB", data[:8], answer_channel, 2, 5, 4, 3)
        self.send(channel, INIT, answer + bytes([self.device.capabilities]))

    def _begin(self, incoming):
        if self._is_busy(incoming.channel):
            self.error(incoming.channel, ERR_CHANNEL_BUSY)
        elif self.incoming is not None:
            self._drop_incoming()
            self.error(incoming.channel, ERR_INVALID_SEQ)
        elif incoming.size > MESSAGE_MAX:
            self.error(incoming.channel, ERR_INVALID_LEN)
        else:
            self.incoming = incoming
            self._finish_or_wait()

    def _is_busy(self, channel):
        if self.device.busy_channel is not None:
            return True
        return self.incoming is not None and self.incoming.channel != channel

    def _continuation(self, channel, sequence, data):
        incoming = self.incoming
        if incoming is None or incoming.channel != channel:
            return  # section 11.2.4: spurious continuation packets are ignored
        if sequence != incoming.sequence:
            self._drop_incoming()
            self.error(channel, ERR_INVALID_SEQ)
            return
        incoming.sequence += 1
        incoming.data += data[: incoming.size - len(incoming.data)]
        self._finish_or_wait()

    def _finish_or_wait(self):
        self.stop_timer()
        incoming = self.incoming
        if len(incoming.data) < incoming.size:
            self.timer = self.loop.call_later(FRAGMENT_TIMEOUT, self._timeout)
            return
        self.incoming = None
        self._dispatch(incoming)

    def _timeout(self):
        channel = self.incoming.channel
        self._drop_incoming()
        self.error(channel, ERR_MSG_TIMEOUT)

    def _drop_incoming(self):
        self.stop_timer()
        self.incoming = None

    def _dispatch(self, incoming):
        channel, command, data = incoming.channel, incoming.command, incoming.data
        if command == PING:
            self.send(channel, PING, data)
        elif command == WINK and self.device.capabilities & CAPABILITY_WINK:
            self.send(channel, WINK, b"")
        elif command == CBOR and self.device.capabilities & CAPABILITY_CBOR:
            self.device.request(channel, command, data)
        elif command == MSG and not self.device.capabilities & CAPABILITY_NMSG:
            self.device.request(channel, command, data)
        else:
            self.error(channel, ERR_INVALID_CMD)
