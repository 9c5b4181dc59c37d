# SPDX-License-Identifier: BSD-2-Clause
"""A directory of accounts beside the password file, by tests/lib/nss_people.c."""

import contextlib
import glob
import os
import shutil

import namespace

FILE = namespace.SCRATCH + "/people"
SWITCH = "/etc/nsswitch.conf"


class People:
    """Whom the directory knows, by every name that it is asked about."""

    def __init__(self):
        self.answers = {}

    def add(self, name, uid, spelling=None):
        self.answers[name] = f"uid {uid} name {spelling or name}"
        self._write()

    def remove(self, name):
        self.answers.pop(name, None)
        self._write()

    def answer(self, name, word):
        """unavail, tryagain or notfound"""
        self.answers[name] = word
        self._write()

    def _write(self):
        namespace.write(FILE + ".new", "".join(f"{name}={answer}\n"
                                               for name, answer in self.answers.items()))
        os.rename(FILE + ".new", FILE)

    def away(self):
        """The whole directory."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(FILE)

    def back(self):
        self._write()


@contextlib.contextmanager
def directory():
    """After the password file, as administrators usually have it."""
    library = os.environ["top_builddir"] + "/tests/lib/.libs/libnsspeople.so"
    libc = glob.glob("/usr/lib/*/libc.so.6")[0]
    shutil.copy(library, os.path.dirname(libc) + "/libnss_people.so.2")
    with open(SWITCH, encoding="utf-8") as file:
        before = file.read()
    namespace.write(SWITCH, before.replace("passwd: files", "passwd: files people"))
    try:
        people = People()
        people.back()
        yield people
    finally:
        namespace.write(SWITCH, before)
