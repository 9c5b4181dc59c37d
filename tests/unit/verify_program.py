#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""passkeyctl verify as a program: order, jobs, exit codes, bad lines; no verdicts."""
import json
import os
import pathlib
import subprocess

PROGRAM = str(pathlib.Path(os.environ.get("top_builddir", ".")) / "tests/unit/verify_cli")
SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
VECTOR = json.loads((SOURCE / "tests/vectors/valid/authentication-counter-grows.json")
                    .read_text(encoding="utf-8"))["input"]
LINE_MAX = 1 << 20


def run(data, *arguments):
    return subprocess.run([PROGRAM, *arguments], input=data, capture_output=True, check=False)


def line(identity, **changes):
    return json.dumps({**VECTOR, "id": identity, **changes}).encode() + b"\n"


def answers(done):
    return [json.loads(text) for text in done.stdout.splitlines()]


def nothing_is_verified():
    done = run(b"")
    return done.returncode == 0 and done.stdout == b""


def all_verified():
    done = run(line(1) + line(2))
    return done.returncode == 0 and [a["verified"] for a in answers(done)] == [True, True]


def some_not():
    done = run(line(1) + line(2, rpId="example.com") + line(3))
    return done.returncode == 1 and [a["verified"] for a in answers(done)] == [True, False, True]


def ids_come_back():
    ids = ["text", 7, None, 1.5, [1, "é"], {"a": [True]}]
    done = run(b"".join(line(identity) for identity in ids))
    return [a["id"] for a in answers(done)] == ids


def bad_lines_do_not_stop_it():
    bad = [b"", b"{", b"[]", b"7", b"\xff", b"{}{}", b"{\"id\":1,\"id\":2}", b"x" * (LINE_MAX + 1),
           b"[" * 100000]
    done = run(b"\n".join(bad) + b"\n" + line("last"))
    got = answers(done)
    return (done.returncode == 1 and len(got) == len(bad) + 1 and got[-1]["verified"] and
            all(a["reason"] == "invalid-input" and a["id"] is None for a in got[:-1]))


def long_lines():
    """As long as allowed, and one byte more."""
    pad = LINE_MAX - len(line("a", pad="").rstrip(b"\n"))
    done = run(line("a", pad="x" * pad) + line("a", pad="x" * (pad + 1)))
    return [a["verified"] for a in answers(done)] == [True, False]


def last_line_needs_no_newline():
    return run(line(1).rstrip(b"\n")).returncode == 0


def jobs_keep_the_order():
    data = b"".join(line(i) if i % 3 else line(i, challenge="AAAA") for i in range(1000))
    alone = run(data)
    return all(run(data, "--jobs", str(n)).stdout == alone.stdout for n in (1, 2, 5, 64))


def results_come_before_more_input(*arguments):
    command = [PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for identity in range(3):
            process.stdin.write(line(identity))
            process.stdin.flush()
            if json.loads(process.stdout.readline())["id"] != identity:
                return False
        process.stdin.close()
        return process.wait() == 0


def and_with_several_jobs():
    return results_come_before_more_input("--jobs", "3")


def wrong_arguments():
    return all(run(b"", *arguments).returncode == 2 for arguments in
               (["x"], ["--nonsense"], ["--jobs"], ["--jobs", "0"], ["--jobs", "65"],
                ["--jobs", "2x"], ["--jobs", ""]))


def full_output():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM], input=line(1), stdout=full, stderr=subprocess.PIPE,
                              check=False)
    return done.returncode == 2 and done.stderr


def unreadable_input():
    with open("/proc/self/mem", "rb") as nowhere:
        done = subprocess.run([PROGRAM], stdin=nowhere, capture_output=True, check=False)
    return done.returncode == 2


def help_is_given():
    done = run(b"", "--help")
    return done.returncode == 0 and done.stdout.startswith(b"Usage:")


def reasons_are_listed():
    rows = [row.split("\t") for row in run(b"", "--list-reasons").stdout.decode().splitlines()]
    names = [row[0] for row in rows]
    return (all(len(row) == 2 and row[1] for row in rows) and len(set(names)) == len(names) and
            {"signature-invalid", "tpm-magic", "invalid-input"} <= set(names))


TESTS = [nothing_is_verified, all_verified, some_not, ids_come_back, bad_lines_do_not_stop_it,
         long_lines, last_line_needs_no_newline, jobs_keep_the_order,
         results_come_before_more_input, and_with_several_jobs, wrong_arguments, full_output,
         unreadable_input, help_is_given, reasons_are_listed]
print(f"1..{len(TESTS)}")
for number, test in enumerate(TESTS, 1):
    print("ok" if test() else "not ok", number, "-", test.__name__)
