#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Speed and memory of `passkeyctl verify`, beside what they are compared with in the same run.

    bench/verify.py [--lines N] [--rounds N] [--memory-lines N] [--npm FOLDER]

Run by `make bench`, which sets top_builddir. Every number is processor time on one core; the three
programs take turns, and each ratio is the median over the turns. Bare EVP_DigestVerify is the
faster of a new context a signature and one context for all. FOLDER holds, or gets by `npm install`,
@simplewebauthn/server; without node that column is left out.
"""
import argparse
import base64
import json
import os
import pathlib
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/vectors"))
sys.path.insert(0, str(HERE))
import run as vectors  # noqa: E402
from figures import Findings  # noqa: E402
from maker import x509  # noqa: E402
from maker.cases_attestation import anchored  # noqa: E402
from maker.ceremony import authentication, registration, sha256  # noqa: E402
from maker.keys import key  # noqa: E402
from maker.seed import derive  # noqa: E402
from maker.statements import packed, tpm  # noqa: E402

ROWS = [("ES256", "sha256", 0.95), ("RS256", "sha256", 0.85), ("EdDSA", "", 0.95)]
CORE = os.sched_getaffinity(0).pop()


def pinned(command):
    return ["taskset", "-c", str(CORE), *map(str, command)] if shutil.which("taskset") else command


def workload(name, count):
    """Lines with a challenge of their own, and the same as messages and signatures."""
    public = key(name)
    lines, pairs = [], [public.spki()]
    for number in range(count):
        line = authentication(public, challenge=derive(f"bench {number}", 32))
        response = line["credential"]["response"]
        data, client, signature = (unb64(response[m]) for m in (
            "authenticatorData", "clientDataJSON", "signature"))
        lines.append(json.dumps({"id": number, **line}, separators=(",", ":")))
        pairs += [data + sha256(client), signature]
    return ("\n".join(lines) + "\n").encode(), \
        b"".join(struct.pack(">I", len(p)) + p for p in pairs)


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def child_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rate_of_verify(path, count):
    """Lines a processor second, the start of the program included."""
    before = child_seconds()
    with open(path, "rb") as lines:
        done = subprocess.run(pinned(vectors.command()), stdin=lines, stdout=subprocess.DEVNULL,
                              check=False)
    assert done.returncode == 0, "a line was not verified"
    return count / (child_seconds() - before)


def rate_of(command, data=None):
    done = subprocess.run(pinned(command), input=data, stdout=subprocess.PIPE, check=True)
    count, seconds = done.stdout.split()
    return int(count) / float(seconds)


def simplewebauthn(folder):
    """The command, or None where there is no node or no package."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    folder = pathlib.Path(folder)
    package = folder / "node_modules/@simplewebauthn/server/package.json"
    if not package.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder,
                        "@simplewebauthn/server"], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    if not package.exists():
        return None
    script = folder / "simplewebauthn.mjs"
    shutil.copy(HERE / script.name, script)
    print(f"@simplewebauthn/server {json.loads(package.read_text())['version']}")
    return ["node", script]


def speed(options, folder, node, findings):
    top = pathlib.Path(os.environ.get("top_builddir", "."))
    print(f"{'':8}{'verify':>10}{'bare EVP':>10}{'ratio':>8}{'wanted':>8}"
          f"{'simplewebauthn':>16}{'ratio':>8}   (lines a second)")
    for name, digest, wanted in ROWS:
        lines, pairs = workload(name, 500)
        repeats = max(1, options.lines // 500)
        path = pathlib.Path(folder, name)
        path.write_bytes(lines * repeats)
        short = pathlib.Path(folder, name + ".short")
        short.write_bytes(lines)
        ours, bare, theirs = [], [], []
        for _ in range(options.rounds):
            ours.append(rate_of_verify(path, 500 * repeats))
            bare.append(max(rate_of([top / "bench/evp_verify", digest, str(repeats), how], pairs)
                            for how in ("new", "reuse")))
            if node and name != "EdDSA":
                theirs.append(rate_of([*node, short, str(max(1, repeats // 8))]))
        ratio = statistics.median(a / b for a, b in zip(ours, bare))
        row = f"{name:8}{statistics.median(ours):10.0f}{statistics.median(bare):10.0f}{ratio:8.2f}"
        row += f"{wanted:8}"
        findings.add(f"verify: {name} lines", "a second of processor time", ours,
                     ("bare EVP", bare), (">=", wanted))
        if theirs:
            findings.add(f"verify: {name} lines, beside SimpleWebAuthn",
                         "a second of processor time", ours, ("@simplewebauthn/server", theirs))
            row += f"{statistics.median(theirs):16.0f}" \
                   f"{statistics.median(a / b for a, b in zip(ours, theirs)):8.1f}"
        print(row)


def registration_lines(name, count):
    """One in a hundred has an attestation certificate of its own."""
    statement = {"packed": packed, "tpm": tpm}[name]
    lines = []
    for number in range(count):
        made = statement(serial=number % 100 + 1, chain=[])
        line = registration(key("ES256"), made, name, line=anchored(x509.ROOT.der),
                            challenge=derive(f"bench {number}", 32),
                            credential_id=derive(f"bench id {number}", 32))
        lines.append(json.dumps({"id": number, **line}, separators=(",", ":")))
    return ("\n".join(lines) + "\n").encode()


def registrations(options, folder, node, findings):
    repeats = max(1, options.lines // 2000)
    for name, wanted in (("packed", 12), ("tpm", 20)):
        path, short = pathlib.Path(folder, name), pathlib.Path(folder, name + ".short")
        lines = registration_lines(name, 500)
        path.write_bytes(lines * repeats)
        short.write_bytes(lines)
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(rate_of_verify(path, 500 * repeats))
            if node:
                theirs.append(rate_of([*node, short, "1"]))
        findings.add(f"verify: registrations, {name}", "a second of processor time", ours,
                     ("@simplewebauthn/server", theirs) if node else None,
                     (">=", wanted) if node else None)
        print(findings.line())


def jobs(options, folder, findings):
    """Beside as many programs that know nothing of each other, and have as much to do together."""
    cores = len(os.sched_getaffinity(0))
    one, all_of_them = pathlib.Path(folder, "ES256"), pathlib.Path(folder, "jobs")
    all_of_them.write_bytes(one.read_bytes() * cores)
    count = all_of_them.read_bytes().count(b"\n")
    command = [*map(str, vectors.command())]
    together, apart = [], []
    for _ in range(options.rounds):
        together.append(count / wall([[*command, "--jobs", str(cores)]], all_of_them))
        apart.append(count / wall([command] * cores, one))
    findings.add(f"verify: --jobs {cores}", "lines a second", together,
                 (f"{cores} processes", apart), (">=", 0.95))
    print(findings.line())


def wall(commands, path):
    """Seconds until all of them, which run side by side, have read the file."""
    began = time.monotonic()
    processes = []
    for command in commands:
        with open(path, "rb") as lines:
            processes.append(subprocess.Popen(command, stdin=lines, stdout=subprocess.DEVNULL))
    for process in processes:
        assert process.wait() == 0, "a line was not verified"
    return time.monotonic() - began


def peak_kib(lines, count):
    """Peak resident memory of one run over that many lines, fed through a pipe."""
    code = ("import resource,subprocess,sys;"
            "p=subprocess.Popen(sys.argv[1:],stdin=0,stdout=subprocess.DEVNULL);p.wait();"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    with subprocess.Popen([sys.executable, "-c", code, *pinned(vectors.command())],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for _ in range(count // 500):
            process.stdin.write(lines)
        process.stdin.close()
        return int(process.stdout.read())


def memory(options):
    lines, _ = workload("ES256", 500)
    for count in (500, options.memory_lines):
        print(f"peak memory for {count} lines: {peak_kib(lines, count) / 1024:.1f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-lines", type=int, default=100000)
    parser.add_argument("--npm", default=os.path.join(tempfile.gettempdir(), "passkeyd-bench-npm"))
    parser.add_argument("--json", metavar="FILE", help="for bench/run")
    options = parser.parse_args()
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        node = simplewebauthn(options.npm)
        speed(options, folder, node, findings)
        registrations(options, folder, node, findings)
        jobs(options, folder, findings)
    if options.memory_lines:
        memory(options)
    findings.write(options.json)


if __name__ == "__main__":
    main()
