#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon's store costs with 10, 10,000 and 1,000,000 passkeys.

    make bench/store_load && bench/store.py [--program bench/store_load] [--other PROGRAM]

For each number: to open the store; to find a passkey and write its use, by one thread and by
eight; to list one user's passkeys as root does. Times in microseconds, the median of rounds that
take turns, and the ratio to the smallest store. --other: another build's program, in turns with the
first, whose ratio is printed as well. The stores are made in a folder of --folder, and removed.
"""

import argparse
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from figures import Findings  # noqa: E402

GOALS = {"open": ("<=", 1.5), "sign-in": ("<=", 1.1), "sign-in, 8 threads": ("<=", 1.1)}
TASKS = {"open": ["open"], "sign-in": ["sign-in", "1", "200"],
         "sign-in, 8 threads": ["sign-in", "8", "800"], "list of one user": ["list", "20"]}
ROWS = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO account (rp, name, uid, user_handle, listed, missing_looks, missing_last, orphaned,
  created) SELECT 'shop', 'user-' || i, 4294967295, CAST('user-' || i AS BLOB), 0, 0, 0, 0, 0
  FROM n;
INSERT INTO credential (account, credential_id, rp_id, public_key, algorithm, sign_count,
  backup_eligible, backup_state, user_handle, payment, aaguid, transports, name, format,
  attestation_type, trust, discoverable, user_verified, created, last_used)
  SELECT id, CAST('credential-' || substr(name, 6) AS BLOB), 'example.org', randomblob(77), -7, 0,
  0, 0, user_handle, 0, zeroblob(16), 0, 'a', 'none', 'None', 'no', 0, 0, 0, 0 FROM account;
"""


def fill(program, folder, count):
    """A store with that many users of an application, with a passkey each."""
    subprocess.run([program, folder, "open"], check=True, stdout=subprocess.DEVNULL)
    database = sqlite3.connect(os.path.join(folder, "passkeyd.db"))
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(ROWS.format(last=count - 1))
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def measure(program, folder, task):
    """(microseconds, of processor time)"""
    done = subprocess.run([program, folder, *TASKS[task]], check=True, capture_output=True,
                          text=True)
    return tuple(float(number) for number in done.stdout.split())


def figures(task, taken, given, findings):
    """The largest store beside the smallest, by processor time; and all of them, to be drawn."""
    samples = {count: [sample[1] for sample in taken[count, given.program]]
               for count in given.counts}
    least, most = given.counts[0], given.counts[-1]
    findings.add(f"store: {task}, {most:,} passkeys", "us of processor time", samples[most],
                 (f"with {least}", samples[least]), GOALS.get(task))
    if task == "list of one user":
        findings.add(f"store: {task}, {most:,} passkeys, time", "us",
                     [sample[0] for sample in taken[most, given.program]], goal=("<=", 2000))
    findings.draw("growth", task, [[count, statistics.median(samples[count])]
                                   for count in given.counts],
                  ("passkeys", "microseconds of processor time"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default="bench/store_load")
    arguments.add_argument("--other")
    arguments.add_argument("--folder", default=None)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--counts", type=int, nargs="+", default=[10, 10000, 1000000])
    arguments.add_argument("--json", metavar="FILE", help="for bench/run")
    given = arguments.parse_args()
    findings = Findings()
    programs = [given.program] + ([given.other] if given.other else [])
    with tempfile.TemporaryDirectory(dir=given.folder) as top:
        folders = {}
        for count in given.counts:
            for program in programs:
                folders[count, program] = os.path.join(top, f"{count}-{programs.index(program)}")
                os.mkdir(folders[count, program])
                fill(program, folders[count, program], count)
        for task in TASKS:
            taken = {key: [] for key in folders}
            for _ in range(given.rounds):
                for (count, program), folder in folders.items():
                    taken[count, program].append(measure(program, folder, task))
            figures(task, taken, given, findings)
            for place, kind in enumerate(("time", "processor")):
                for count in given.counts:
                    each = [statistics.median(sample[place] for sample in taken[count, program])
                            for program in programs]
                    least = statistics.median(
                        sample[place] for sample in taken[given.counts[0], programs[0]])
                    print(f"{task:20} {kind:10} {count:9,}", f"{each[0]:12,.1f} us",
                          f"{each[0] / least:8.2f} x",
                          *(f"{each[0] / value:8.2f} of the other's" for value in each[1:]),
                          flush=True)
    findings.write(given.json)


if __name__ == "__main__":
    main()
