# SPDX-License-Identifier: BSD-2-Clause
"""A camera: what it reads of a QR code of half blocks."""

import re

import zbar

BLOCKS = {" ": (0, 0), "\u2580": (255, 0), "\u2584": (0, 255), "\u2588": (255, 255)}
COLOURS = re.compile(r"\x1b\[([\d;]*)m")
LIGHT = {"97", "107"}  # of the colours that programs here use; 30 and 40 are the dark ones


def _scan(lines, dots):
    shown = b"".join(bytes(dot for dot in line for _ in range(dots)) * dots for line in lines)
    image = zbar.Image(len(lines[0]) * dots, len(lines) * dots, "Y800", shown)
    assert zbar.ImageScanner().scan(image) == 1
    return next(iter(image)).data


def read(rows, dots=8):
    """On a dark terminal."""
    return _scan([[BLOCKS[block][half] for block in row] for row in rows for half in (0, 1)], dots)


def rows_of(text):
    """The last picture among the lines that a terminal has shown, whatever its colours."""
    rows = []
    for line in COLOURS.sub("", text).replace("\r", "").split("\n"):
        if line and set(line) <= set(BLOCKS):
            rows.append(line)
        else:
            rows = rows if len(rows) > 9 else []
    width = max(len(row) for row in rows)
    return [row.ljust(width) for row in rows]


def _dots(row, colours, half):
    return [colours[0] if BLOCKS[block][half] else colours[1] for block in row]


def read_where(text, background, dots=8):
    """The last code of a text as a camera that takes dark on light alone sees it, on a terminal
    with that background, "dark" or "light"."""
    plain = (255, 0) if background == "dark" else (0, 255)
    lines = []
    for row in rows_of(text):
        found = re.search(r"\x1b\[(\d+);(\d+)m" + re.escape(row.rstrip()) + r" *\x1b\[0m", text)
        colours = [255 if each in LIGHT else 0 for each in found.groups()] if found else plain
        lines += [_dots(row, colours, half) for half in (0, 1)]
    assert set(lines[0]) == {255}, "the margin is dark"
    return _scan(lines[:-1] if set(lines[-1]) == {0} else lines, dots)
