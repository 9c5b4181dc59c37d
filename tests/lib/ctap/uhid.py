# SPDX-License-Identifier: BSD-2-Clause
"""/dev/uhid: the key as a HID device of the kernel, seen by every program (linux/uhid.h).

Where the kernel has no /dev/uhid the preloaded library is used instead, and the tests of this file
take the kernel's part over a socket.
"""

import os
import struct

from .hid import REPORT_DESCRIPTOR

PATH = "/dev/uhid"
DESTROY, START, STOP, OPEN, CLOSE, OUTPUT = 1, 2, 3, 4, 5, 6
GET_REPORT, GET_REPORT_REPLY, CREATE2, INPUT2, SET_REPORT, SET_REPORT_REPLY = 9, 10, 11, 12, 13, 14
BUS_USB = 0x03
EVENT_SIZE = 4380  # sizeof(struct uhid_event)
_DATA_MAX = 4096
_EIO = 5


def _event(kind, payload=b""):
    return struct.pack("=I", kind) + payload


def create2(name, unique, vendor, product):
    head = struct.pack(
        "=128s64s64sHHIIII",
        name.encode()[:127],
        b"software-authenticator",
        unique.encode()[:63],
        len(REPORT_DESCRIPTOR),
        BUS_USB,
        vendor,
        product,
        0x0001,
        0,
    )
    return _event(CREATE2, head + REPORT_DESCRIPTOR.ljust(_DATA_MAX, b"\0"))


def destroy():
    return _event(DESTROY)


def input2(report):
    return _event(INPUT2, struct.pack("=H", len(report)) + report.ljust(_DATA_MAX, b"\0"))


def refusal(event):
    """The answer to a feature report request: this device has none. None: no answer is due."""
    kind, number = struct.unpack_from("=II", event)
    if kind == GET_REPORT:
        return _event(GET_REPORT_REPLY, struct.pack("=IHH", number, _EIO, 0))
    if kind == SET_REPORT:
        return _event(SET_REPORT_REPLY, struct.pack("=IH", number, _EIO))
    return None


def kind_of(event):
    return struct.unpack_from("=I", event)[0]


def output(event):
    """The report of an OUTPUT event, without the report number zero that hidraw puts first."""
    data, size = event[4 : 4 + _DATA_MAX], struct.unpack_from("=H", event, 4 + _DATA_MAX)[0]
    report = data[:size]
    return report[1:] if size == 65 else report


def open_control():
    return os.open(PATH, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)


class UhidOpener:
    """Joins a Device and the kernel's HID layer while the key is plugged in.

    descriptor: of open_control(); closed by remove().
    """

    def __init__(self, loop, device, descriptor):
        self.loop, self.device, self.descriptor = loop, device, descriptor
        config = device.config
        label = "%s %s" % (config.manufacturer, config.product)
        os.write(
            self.descriptor, create2(label, device.name, config.vendor_id, config.product_id)
        )
        loop.add_reader(self.descriptor, self._readable)

    def _readable(self):
        event = os.read(self.descriptor, EVENT_SIZE)
        kind = kind_of(event)
        if kind == OPEN:
            self.device.open(self)
        elif kind == CLOSE:
            self.device.close(self)
        elif kind == OUTPUT:
            self.device.receive(output(event))
        else:
            answer = refusal(event)
            if answer is not None:
                os.write(self.descriptor, answer)

    def send(self, report):
        os.write(self.descriptor, input2(report))

    def hang_up(self):
        """Nothing to do: remove() takes the whole device away."""

    def remove(self):
        self.loop.remove_reader(self.descriptor)
        os.write(self.descriptor, destroy())
        os.close(self.descriptor)
