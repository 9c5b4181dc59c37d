#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of the store's protocol: payloads, made of the tables in doc/store-protocol.md
and of nothing else.

valid/KIND[-CALL]--NAME.bin is read, and written back to the same bytes; KIND is hello, request or
reply, CALL its number. invalid/STATUS--KIND[-CALL]--NAME.bin is refused with STATUS. In a valid one
a text is the name of its member, and a number is its place in the message.

    make.py            writes them all
    make.py --check    says which differ; exit status 1
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "doc/store-protocol.md"
HELLO, REQUEST, REPLY = 1, 2, 3
VERSION, NUMBER, MILLISECONDS = 1, 0x01020304, 2000
STRING_MAX, KIND_MAX, STATUS_MAX, WHY_MAX = 1048576, 32, 64, 1024


def number(value, size):
    return (value & (1 << 8 * size) - 1).to_bytes(size, "big")


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value), 4) + value


# --- the document ---------------------------------------------------------------------------------


def rows(title):
    """The cells of the table below that heading, without its head."""
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def members(cell):
    """(name, type, argument) of "rp text, order enum 2, keys list api-key 32"."""
    found = [re.fullmatch(r"(\S+) (\S+)(?: (\S+(?: \d+)?))?", item.strip())
             for item in cell.split(",") if item.strip()]
    return [item.groups() for item in found]


RECORDS = {name: members(cell) for name, cell in rows("Records")}
CALLS = [(int(call), name, members(request), members(reply))
         for call, name, request, reply in rows("Calls")]


# --- messages -------------------------------------------------------------------------------------


class Message:
    """The bytes of members. What is asked for in wrong takes the place of the right bytes."""

    def __init__(self, full, wrong=None):
        self.full = full  # optional texts and lists have something
        self.wrong = wrong or (None, b"")  # path, bytes
        self.place = 0
        self.bytes = b""
        self.paths = []  # (path, type, argument) of what there is

    def write(self, table, path=()):
        for name, kind, argument in table:
            self.member(path + (name,), kind, argument)
        return self

    def member(self, path, kind, argument):
        self.paths.append((path, kind, argument))
        if path == self.wrong[0]:
            self.bytes += self.wrong[1]
        elif kind == "list":
            count = 2 if self.full else 0
            self.bytes += number(count, 4)
            for index in range(count):
                self.write(RECORDS[argument.split()[0]], path + (index,))
        elif kind in RECORDS:
            self.write(RECORDS[kind], path)
        else:
            self.place += 1
            self.bytes += self.plain(path[-1], kind, argument)

    def plain(self, name, kind, argument):
        value = self.place if self.full else 0
        if kind in ("u32", "i64", "size"):
            return number(value, 4 if kind == "u32" else 8)
        if kind == "bool":
            return number(value % 2, 1)
        if kind == "enum":
            return number(int(argument) if self.full else 0, 1)
        if kind == "fixed":
            return bytes([value]) * int(argument)
        if kind == "text":
            return string(name)
        if kind == "text?":
            return b"\1" + string(name) if self.full else b"\0"
        if kind == "bytes":
            return string(bytes([value]) * 4 if self.full else b"")
        raise ValueError(kind)


def hello(version=VERSION, kind="postgresql", ceremonies=1, rest=b""):
    return number(HELLO, 1) + number(version, 2) + string(kind) + number(ceremonies, 1) + rest


def request(call, body=b""):
    return number(REQUEST, 1) + number(NUMBER, 4) + number(call, 2) + number(MILLISECONDS, 4) + body


def reply(body=b"", status="ok", why=""):
    return number(REPLY, 1) + number(NUMBER, 4) + string(status) + string(why) + body


# --- the files ------------------------------------------------------------------------------------


def valid():
    yield "hello--store", hello()
    yield "hello--daemon", hello(kind="passkeyd", ceremonies=0)
    yield "hello--longest", hello(kind="k" * KIND_MAX)
    for call, name, asks, says in CALLS:
        for full in (True, False):
            what = name if full else f"{name}-least"
            yield f"request-{call}--{what}", request(call, Message(full).write(asks).bytes)
            yield f"reply-{call}--{what}", reply(Message(full).write(says).bytes)
        yield f"reply-{call}--{name}-refused", reply(status="storage", why="db1: down \u2014 gone")
    for status in ("not-found", "exists", "limit-exceeded", "name-taken", "ticket-invalid",
                   "internal"):
        yield f"reply-2--{status}", reply(status=status)
    yield "reply-2--longest-why", reply(status="storage", why="w" * WHY_MAX)


def wrong_values(kind, argument):
    """(status, name, bytes) of what a member of that type must not be."""
    if kind == "bool":
        yield "protocol", "bool-2", b"\2"
        yield "protocol", "bool-255", b"\xff"
    if kind == "enum":
        yield "protocol", "over-its-last", number(int(argument) + 1, 1)
    if kind in ("text", "text?"):
        flag = b"\1" if kind == "text?" else b""
        yield "invalid-input", "nul", flag + string(b"a\0b")
        yield "invalid-input", "latin-1", flag + string("\u00fc".encode("latin-1"))
        yield "invalid-input", "surrogate", flag + string(b"\xed\xa0\x80")
        yield "too-large", "over-the-limit", flag + number(STRING_MAX + 1, 4)
    if kind == "text?":
        yield "protocol", "flag-2", b"\2" + string("a")
    if kind == "bytes":
        yield "too-large", "over-the-limit", number(STRING_MAX + 1, 4)
        yield "truncated", "length-that-lies", number(STRING_MAX, 4)
    if kind == "list":
        _, _, most = argument.partition(" ")
        if most:
            yield "too-large", "over-its-most", number(int(most) + 1, 4)
            yield "truncated", "as-many-as-there-may-be", number(int(most), 4)
        else:
            yield "truncated", "count-that-lies", number(0xffffffff, 4)


def once(seen, call, kind, what):
    """Each enum and list in each call, for its last value is its own; else once a direction."""
    key = (kind, what) if kind not in ("enum", "list") else (call, kind, what)
    fresh = key not in seen
    seen.add(key)
    return fresh


def invalid_members():
    for direction, head in (("request", request), ("reply", lambda call, body: reply(body))):
        seen = set()
        for call, name, asks, says in CALLS:
            table = asks if direction == "request" else says
            for path, kind, argument in Message(True).write(table).paths:
                member = "-".join(map(str, path))
                for status, what, data in wrong_values(kind, argument):
                    if once(seen, (call, member), kind, what):
                        body = Message(True, (path, data)).write(table).bytes
                        yield (f"{status}--{direction}-{call}--{name}-{member}-{what}",
                               head(call, body))


def invalid():
    yield from invalid_members()
    kind = string("ldap")
    yield "unsupported--hello--version-2", hello(2)
    yield "unsupported--hello--version-0", hello(0)
    yield "unsupported--hello--version-2-with-more", hello(2, rest=b"more")
    yield "protocol--hello--ceremonies-2", hello(ceremonies=2)
    yield "too-large--hello--kind", hello(kind="k" * (KIND_MAX + 1))
    yield "invalid-input--hello--kind", hello(kind=b"\xff")
    yield "trailing-data--hello--more", hello(rest=b"\0")
    yield "truncated--hello--empty", b""
    for other in 0, REQUEST, 4, 255:
        yield f"protocol--hello--type-{other}", number(other, 1) + number(1, 2) + kind + b"\0"
    for call in 0, len(CALLS) + 1, 0xffff:
        yield f"protocol--request-{call}--no-such-call", request(call)
    get = string("key")
    yield "protocol--request-7--type-reply", number(REPLY, 1) + request(7, get)[1:]
    yield "protocol--request-7--type-hello", number(HELLO, 1) + request(7, get)[1:]
    yield "protocol--reply-3--type-request", number(REQUEST, 1) + reply()[1:]
    yield "protocol--reply-3--unknown-status", reply(status="fine")
    yield "protocol--reply-3--empty-status", reply(status="")
    yield "protocol--reply-3--status-in-capitals", reply(status="OK")
    yield "too-large--reply-3--status", reply(status="s" * (STATUS_MAX + 1))
    yield "invalid-input--reply-3--status-with-nul", reply(status="ok\0")
    yield "too-large--reply-3--why", reply(why="w" * (WHY_MAX + 1))
    yield "invalid-input--reply-3--why", reply(status="storage", why=b"caf\xe9")
    yield "trailing-data--reply-2--refused-with-a-list", reply(number(0, 4), status="storage")
    yield "trailing-data--reply-3--told-more", reply(b"\0")


def main():
    differ = 0
    for folder, vectors in (("valid", valid()), ("invalid", invalid())):
        wanted = {f"{name}.bin": data for name, data in vectors}
        (HERE / folder).mkdir(exist_ok=True)
        present = {path.name: path for path in (HERE / folder).iterdir()}
        for name in sorted(wanted.keys() | present.keys()):
            path = HERE / folder / name
            if name in present and name in wanted and path.read_bytes() == wanted[name]:
                continue
            differ += 1
            if "--check" in sys.argv[1:]:
                print(f"{folder}/{name} is not what make.py makes")
            elif name in wanted:
                path.write_bytes(wanted[name])
            else:
                path.unlink()
    return 1 if differ and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
