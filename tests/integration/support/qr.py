# SPDX-License-Identifier: BSD-2-Clause
"""A camera: what it reads of a QR code of half blocks."""

import zbar

BLOCKS = {" ": (0, 0), "\u2580": (255, 0), "\u2584": (0, 255), "\u2588": (255, 255)}


def read(rows, dots=8):
    """On a dark terminal."""
    lines = [[BLOCKS[block][half] for block in row] for row in rows for half in (0, 1)]
    shown = b"".join(bytes(dot for dot in line for _ in range(dots)) * dots for line in lines)
    image = zbar.Image(len(rows[0]) * dots, len(lines) * dots, "Y800", shown)
    assert zbar.ImageScanner().scan(image) == 1
    return next(iter(image)).data


def rows_of(text):
    """The last picture among the lines that a terminal has shown."""
    rows = []
    for line in text.replace("\r", "").split("\n"):
        if line and set(line) <= set(BLOCKS):
            rows.append(line)
        else:
            rows = rows if len(rows) > 9 else []
    width = max(len(row) for row in rows)
    return [row.ljust(width) for row in rows]
