# SPDX-License-Identifier: BSD-2-Clause
"""A file system without room."""

import os

import machine as parts


class Ballast:
    """A file that fills the file system of the state folder."""

    path = parts.STATE + "/ballast"

    def __enter__(self):
        with open(self.path, "wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def __exit__(self, *_):
        os.unlink(self.path)
