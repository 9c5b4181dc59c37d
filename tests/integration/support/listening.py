#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Listens at PORT of this computer's own addresses, or with 0 at one that is free, and runs COMMAND
with these sockets.

They are descriptors 3 and up, counted in LISTEN_FDS, as systemd passes them: so a program in a
private network namespace can be reached from outside.
"""

import argparse
import fcntl
import os
import socket
import sys

FIRST = 3  # sd_listen_fds(3)


def listening(family, address, port):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen()
    return listener


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int, metavar="PORT")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    try:
        sockets = [listening(socket.AF_INET, "127.0.0.1", arguments.port)]
    except (OSError, OverflowError) as error:
        sys.exit(f"port {arguments.port} of localhost cannot be used: {error}")
    port = sockets[0].getsockname()[1]
    try:
        sockets.append(listening(socket.AF_INET6, "::1", port))
    except OSError:
        pass  # a computer without IPv6; browsers take the other one
    # Moved out of the way first, so that none is written over.
    moved = [fcntl.fcntl(listener, fcntl.F_DUPFD_CLOEXEC, 100) for listener in sockets]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, FIRST + number, inheritable=True)
    os.environ["LISTEN_FDS"] = str(len(sockets))
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
