# SPDX-License-Identifier: BSD-2-Clause
"""Proves the contracts of the functions that read what comes from outside, with Frama-C's WP and
the provers Z3 and CVC4: doc/proofs.md says what that means. tests/proofs/files lists the files.

Shows a table, and fails when a goal is not proved or a function of the list has no contract. What
it needs is installed by scripts/install-dependencies --prove, which it calls. Nothing of the user's
is read or written: the provers' configuration is in a temporary folder.

Exit status: 0 when all is proved (with --mutations: when the provers notice each), 1 when not, 2 on
an error.
"""

import argparse
import concurrent.futures
import contextlib
import importlib.machinery
import importlib.util
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROOFS = TOP / "tests" / "proofs"
GOAL_SECONDS = 20  # of a processor, for one prover and one goal, unless --seconds says otherwise
GOALS_AT_A_TIME = 4  # of a file: Frama-C sleeps between two looks at what its provers have said
PROVERS = ("Qed", "Z3", "CVC4")
NOTICED, SURVIVED = "noticed", "survived"


class Problem(Exception):
    """What ends the run, in words."""


class File:
    def __init__(self, line):
        self.name, *words = line.split()
        self.quick = "quick" in words
        self.split = "split" in words
        self.sealed = "sealed" in words
        self.both = set()  # functions for which both provers are asked
        self.trusted = {}  # functions that are not proved, and why

    def text(self, top=TOP):
        return (top / self.name).read_text(encoding="utf-8")

    def functions(self, top=TOP):
        """Those that are to be proved: all of the file, and those that its header defines."""
        header = top / pathlib.Path(self.name).with_suffix(".h")
        texts = [self.text(top)]
        if header.exists():
            texts.append(header.read_text(encoding="utf-8"))
        names = [name for text in texts for name in defined(text)]
        for name in [*self.trusted, *self.both]:
            if name not in names:
                raise Problem(f"{self.name}: no function {name}() (tests/proofs/files)")
        return [name for name in names if name not in self.trusted]

    def without_contract(self, top=TOP):
        header = top / pathlib.Path(self.name).with_suffix(".h")
        text = self.text(top)
        if header.exists():
            text += "\n" + header.read_text(encoding="utf-8")
        elsewhere = "".join(path.read_text(encoding="utf-8") for path in declaring(text, top))
        return [name for name in self.functions(top)
                if not has_contract(text, name) and not has_contract(elsewhere, name)]


def declaring(text, top):
    """The headers of the project that a file includes: a contract may stand there."""
    names = re.findall(r'^#include "(.*?)"$', text, re.MULTILINE)
    return [top / name for name in names if (top / name).exists()]


def defined(text):
    """The functions that a text defines: a name after the margin, a body, its brace at the margin.
    """
    return re.findall(r"^[A-Za-z][^;{}#/=]*?\b(\w+)\([^;{}]*?\)\s*^\{", text,
                      re.MULTILINE | re.DOTALL)


def has_contract(text, name):
    """Whether such a comment stands right before a definition or declaration of the function."""
    return re.search(rf"/\*@(?:(?!\*/).)*?\b(?:requires|assigns|ensures)\b(?:(?!\*/).)*\*/\n"
                     rf"[A-Za-z][^;{{}}#/]*?\b{name}\(", text, re.DOTALL) is not None


def read_list():
    files = []
    for line in (PROOFS / "files").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            files.append(File(line))
            continue
        names, colon, reason = line.partition(":")
        if not files or not colon or not reason.strip():
            raise Problem(f"tests/proofs/files: not understood: {line}")
        if names.strip() == "both":
            files[-1].both.update(reason.split())
            continue
        for name in names.split():
            files[-1].trusted[name] = reason.strip()
    return files


class Provers:
    """Frama-C with a configuration of its own."""

    def __init__(self, folder, arguments):
        self.folder = folder
        self.jobs = arguments.jobs
        self.running = set()
        self.stopped = False
        self.seconds = arguments.seconds
        self.cache = (arguments.cache or folder / "cache").resolve()
        self.cache.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C",
                            "WHY3CONFIG": str(folder / "why3.conf")}
        self.run(["why3", "config", "detect"])

    def run(self, command):
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              check=False)
        if done.returncode:
            raise Problem(f"{' '.join(command)}: {done.stdout.strip()}")

    def command(self, file, functions, provers, smoke):
        return ["nice", "-n", "10", "frama-c", "-machdep", "gcc_x86_64",
                "-cpp-extra-args=-I. -Itests/proofs -include tests/proofs/prover.h",
                file.name, "-wp", "-wp-rte", "-wp-model", "Typed+cast",
                "-wp-fct", ",".join(functions),
                # With the filter, WP 25 forgets what a structure was initialised to.
                "-wp-no-filter",
                # What is in the texts of the code.
                "-wp-literals",
                "-wp-definitions-terminate", "-wp-declarations-terminate",
                "-wp-prover", provers, "-wp-par", str(GOALS_AT_A_TIME),
                "-wp-timeout", str(self.seconds),
                "-wp-cache", "update", "-wp-cache-dir", str(self.cache),
                "-wp-session", str(self.folder / "session"),
                *(["-wp-split"] if file.split else []),
                *(["-wp-no-init-const"] if file.sealed else []),
                # Which nearly all take: a contradiction is found at once, or not at all.
                *(["-wp-smoke-tests", "-wp-smoke-timeout", "1"] if smoke else [])]

    def prove(self, file, functions, top=TOP, first=False, smoke=False):
        """A Result. first: the first goal that is not proved ends it."""
        result = Result()
        begin = time.monotonic()
        # Both at once for a goal, who proves it first ends the other: slower, if one would do.
        for provers, names in (("cvc4", [name for name in functions if name not in file.both]),
                               ("z3,cvc4", [name for name in functions if name in file.both])):
            if names and not self.stopped and not (first and result.open):
                self.ask(self.command(file, names, provers, smoke), top, first, result)
        result.seconds = time.monotonic() - begin
        return result

    def ask(self, command, top, first, result):
        # Frama-C takes the current folder from PWD.
        environment = {**self.environment, "PWD": str(top)}
        with subprocess.Popen(command, cwd=top, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              start_new_session=True) as process:
            self.running.add(process)
            for line in process.stdout:
                result.read(line)
                if self.stopped or (first and result.open):
                    os.killpg(process.pid, signal.SIGTERM)
                    break
        self.running.remove(process)
        result.ended = result.ended and process.returncode == 0

    def each_in_order(self, work, things):
        """What work() says of each, in their order, several at a time: Frama-C itself uses one
        processor."""
        with concurrent.futures.ThreadPoolExecutor(min(self.jobs, len(things))) as pool:
            try:
                yield from pool.map(work, things)
            finally:
                self.stopped = True
                for process in list(self.running):
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)


class Result:
    def __init__(self):
        self.goals = self.proved = 0
        self.by = dict.fromkeys(PROVERS, 0)
        self.open = []  # the names of goals that are not proved
        self.error = ""
        self.ended = True
        self.seconds = 0.0
        self.log = []

    def read(self, line):
        self.log.append(line)
        if goal := re.match(r"\[wp\] \[(.+?)\] Goal (\S+)( : Valid)?", line):
            if not goal[3] and goal[1] != "Passed":
                self.open.append(goal[2].removeprefix("typed_cast_"))
        elif contradiction := re.match(r"\[wp\] \[Failed\] Smoke-test (\S+)", line):
            name = contradiction[1].removeprefix("typed_cast_")
            if name not in self.open:
                self.open.append(name)
        elif total := re.match(r"\[wp\] Proved goals:\s+(\d+) / (\d+)", line):
            self.proved += int(total[1])
            self.goals += int(total[2])
        elif by := re.match(r"  (\w+)[ 0-9.]*:\s+(\d+)\s", line):
            if by[1] in self.by:
                self.by[by[1]] += int(by[2])
        elif "User Error" in line or "aborted" in line or "Unexpected error" in line:
            self.error = self.error or line.strip()

    def good(self):
        return self.ended and not self.open and 0 < self.goals == self.proved

    def reason(self):
        if self.open:
            return f"not proved: {', '.join(self.open)}"
        return self.error or "the prover ended early"


def show_row(name, *columns):
    print(f"{name:<36}" + "".join(f"{column:>8}" for column in columns), flush=True)


def prove_all(files, provers, log, smoke):
    def prove(file):
        return provers.prove(file, file.functions(), smoke=smoke)

    show_row("file", "goals", "proved", *PROVERS, "seconds")
    whole, failed, begin = Result(), [], time.monotonic()
    for file, result in zip(files, provers.each_in_order(prove, files)):
        if log:
            log.writelines(result.log)
        show_row(file.name, result.goals, result.proved, *result.by.values(),
                 f"{result.seconds:.0f}")
        whole.goals += result.goals
        whole.proved += result.proved
        for prover in PROVERS:
            whole.by[prover] += result.by[prover]
        failed += [f"{file.name}: {name}() has no contract" for name in file.without_contract()]
        if not result.good():
            failed.append(f"{file.name}: {result.reason()}")
    show_row("together", whole.goals, whole.proved, *whole.by.values(),
             f"{time.monotonic() - begin:.0f}")
    for line in failed:
        print(line)
    return 1 if failed else 0


def load_mutate():
    """scripts/mutate, whose form of entries this is."""
    loader = importlib.machinery.SourceFileLoader("mutate", str(TOP / "scripts" / "mutate"))
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
    loader.exec_module(module)
    module.LISTS = PROOFS
    return module


def copy_sources(folder):
    for part in ("common", "daemon", "store", "tests/proofs"):
        shutil.copytree(TOP / part, folder / part)
    return folder


def try_mutation(mutation, file, provers, copy):
    path = copy / mutation.file
    original = path.read_text(encoding="utf-8")
    mutated = mutation.apply(original)
    if mutated is None or mutated == original:
        raise Problem(f"{mutation.place}: does not apply: {mutation}")
    path.write_text(mutated, encoding="utf-8")
    try:
        functions = file.functions(copy)
        name = mutation.fields.get("in")
        result = provers.prove(file, [name] if name in functions else functions, copy,
                               first=True)
    finally:
        path.write_text(original, encoding="utf-8")
    if not result.open and not result.good():
        raise Problem(f"{mutation.place}: {result.reason()}")
    return result


def try_mutations(files, only, provers, log):
    files = {file.name: file for file in files}
    mutations = [mutation for mutation in load_mutate().read_lists()
                 if only.search(str(mutation)) and mutation.file in files]
    if not mutations:
        raise Problem("there is no such mutation")
    copies = queue.SimpleQueue()
    for number in range(min(provers.jobs, len(mutations))):
        copies.put(copy_sources(provers.folder / f"copy.{number}"))

    def work(mutation):
        copy = copies.get()
        try:
            return try_mutation(mutation, files[mutation.file], provers, copy)
        finally:
            copies.put(copy)

    survived = 0
    results = provers.each_in_order(work, mutations)
    for number, (mutation, result) in enumerate(zip(mutations, results), 1):
        if log:
            log.writelines(result.log)
        survived += not result.open
        print(f"[{number}/{len(mutations)}] {NOTICED if result.open else SURVIVED}, "
              f"{result.seconds:.0f} s: {mutation}\n        {', '.join(result.open)}", flush=True)
    print(f"{len(mutations) - survived} {NOTICED}, {survived} {SURVIVED}")
    return 1 if survived else 0


def mutation_row(mutation):
    """The beginning of its row in doc/proofs.md, before the goal that it leaves open."""
    function = f"`{mutation.fields['in']}()`" if "in" in mutation.fields else ""
    return f"| {function} | {mutation.fields['breaks']} | "


def check_list(files):
    """What needs no prover: every function has its contract, every mutation its line, and its row
    in doc/proofs.md."""
    failed = [f"{file.name}: {name}() has no contract"
              for file in files for name in file.without_contract()]
    names = {file.name for file in files}
    mutations = load_mutate().read_lists()
    document = (TOP / "doc" / "proofs.md").read_text(encoding="utf-8")
    for mutation in mutations:
        if mutation_row(mutation) not in document:
            failed.append(f"{mutation.place}: not in doc/proofs.md: {mutation}")
        if mutation.file not in names:
            failed.append(f"{mutation.place}: {mutation.file} is not in tests/proofs/files")
        elif mutation.apply((TOP / mutation.file).read_text(encoding="utf-8")) is None:
            failed.append(f"{mutation.place}: does not apply: {mutation}")
    for line in failed:
        print(line)
    functions = sum(len(file.functions()) for file in files)
    print(f"{len(files)} files, {functions} functions with contracts, {len(mutations)} mutations")
    return 1 if failed else 0


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/prove",
                                     description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="*", help="only these of the list")
    parser.add_argument("--quick", action="store_true",
                        help="only what takes under two minutes on two processors")
    parser.add_argument("--mutations", action="store_true",
                        help="break the code by tests/proofs/mutations.txt, one at a time")
    parser.add_argument("--only", metavar="PATTERN", type=re.compile, default=re.compile(""),
                        help="only mutations whose file, function or words match")
    parser.add_argument("--contradictions", action="store_true",
                        help="also look for contracts that nothing could fulfil")
    parser.add_argument("--list", action="store_true",
                        help="only look whether contracts and mutations are there")
    parser.add_argument("--cache", metavar="DIR", type=pathlib.Path,
                        help="keep what the provers said there, for the next time")
    parser.add_argument("--log", metavar="FILE", type=argparse.FileType("w", encoding="utf-8"),
                        help="write all that Frama-C says there")
    parser.add_argument("--seconds", metavar="N", type=int, default=GOAL_SECONDS,
                        help="of a processor, for one prover and one goal (default: %(default)s)")
    parser.add_argument("-j", "--jobs", metavar="N", type=int,
                        default=len(os.sched_getaffinity(0)),
                        help="so many files at a time (default: one a processor)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    files = read_list()
    wanted = {os.path.relpath(os.path.abspath(name), TOP) for name in arguments.files}
    if unknown := wanted - {file.name for file in files}:
        raise Problem(f"{', '.join(sorted(unknown))}: not in tests/proofs/files")
    files = [file for file in files
             if (not wanted or file.name in wanted) and (file.quick or not arguments.quick)]
    if arguments.list:
        return check_list(files)
    subprocess.run([TOP / "scripts" / "install-dependencies", "--prove"], check=True)
    with tempfile.TemporaryDirectory(prefix="passkeyd-prove.") as temporary:
        provers = Provers(pathlib.Path(temporary), arguments)
        if arguments.mutations:
            return try_mutations(files, arguments.only, provers, arguments.log)
        return prove_all(files, provers, arguments.log, arguments.contradictions)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except Problem as problem:
        print(f"scripts/prove: {problem}", file=sys.stderr)
        sys.exit(2)
    except subprocess.CalledProcessError:
        sys.exit(2)  # it has said why
    except KeyboardInterrupt:
        sys.exit(130)
