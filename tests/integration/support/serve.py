#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/demo --serve runs in the private namespace: bus, daemon and gateway, with one
relying party for each dialect, until it is interrupted. Prints one line of JSON about them."""

import argparse
import json
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "lib")]

import machine as parts  # noqa: E402
import namespace  # noqa: E402
import web  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, metavar="PORT")
    arguments = parser.parse_args()
    url = f"http://localhost:{arguments.port}"
    sockets = range(3, 3 + int(os.environ["LISTEN_FDS"]))
    # Asked for before there is anything to end, and any thread that would have them instead.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    machine = parts.Machine()
    passwords = web.new_application()
    try:
        machine.configure(web.relying_parties(url, passwords))
        namespace.write(web.CONFIG, web.gateway_configuration("systemd"))
        machine.start_bus()
        machine.start_daemon()
        described = web.describe(url, passwords)
        web.start(machine, sockets)
        print(json.dumps(described), flush=True)
        print("Serving until it is interrupted (Ctrl-C).", file=sys.stderr, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    finally:
        machine.close()


if __name__ == "__main__":
    main()
