# SPDX-License-Identifier: BSD-2-Clause
"""Run with the settings of passkeyd.service: what they forbid must fail, and the rest must work.

Writes a JSON object: what was tried → "as it should be", or what happened instead.
"""

import errno
import json
import mmap
import os
import resource
import socket
import stat
import subprocess
import sys

STATE = "/var/lib/passkeyd"
MINE = STATE + "/probe"
found = {}


def attempt(name, wanted, function, *arguments, **keywords):
    """wanted: the error, or what comes back."""
    try:
        result = function(*arguments, **keywords)
    except OSError as error:
        result = errno.errorcode[error.errno]
    found[name] = "as it should be" if result == wanted else repr(result)


def read_only(path):
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def interfaces():
    with open("/proc/self/net/dev", encoding="ascii") as file:
        return [line.split(":")[0].strip() for line in file if ":" in line]


def opens(path, flags=os.O_RDONLY):
    os.close(os.open(path, flags))


with open(MINE, "w", encoding="ascii"):
    attempt("umask", 0o600, lambda: stat.S_IMODE(os.stat(MINE).st_mode))
for path in ("/", "/usr", "/etc", "/var", "/boot"):
    attempt("read-only " + path, True, read_only, path)
attempt("read-only " + STATE, False, read_only, STATE)
for path in ("/home", "/root", "/run/user"):
    attempt("list " + path, "EACCES", os.listdir, path)
attempt("list /tmp", [], os.listdir, "/tmp")
attempt("control groups", None, opens, "/proc/1/cgroup")
for path in ("/proc/sys", "/proc/kallsyms", "/dev/.missing"):
    attempt("there is " + path, False, os.path.exists, path)
attempt("device", "EPERM", opens, "/run/tests/kmsg")
attempt("no device", None, opens, "/dev/null", os.O_RDWR)
for family in ("AF_INET", "AF_INET6", "AF_PACKET"):
    attempt(family, "EAFNOSUPPORT", socket.socket, getattr(socket, family), socket.SOCK_DGRAM)
attempt("AF_UNIX", None, lambda: socket.socket(socket.AF_UNIX).close())
attempt("interfaces", ["lo"], interfaces)
attempt("memory that is written and run", "EPERM", mmap.mmap, -1, 4096,
        prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
attempt("set-user-id", "EPERM", os.chmod, MINE, 0o4755)
attempt("chown", "EPERM", os.chown, MINE, -1, -1)
attempt("namespaces", 1, lambda: subprocess.run(["unshare", "--user", "true"], check=False,
                                                stderr=subprocess.DEVNULL).returncode)
attempt("core dumps", (0, 0), resource.getrlimit, resource.RLIMIT_CORE)
attempt("locked memory", (64 << 20, 64 << 20), resource.getrlimit, resource.RLIMIT_MEMLOCK)
os.unlink(MINE)
json.dump(found, sys.stdout)
