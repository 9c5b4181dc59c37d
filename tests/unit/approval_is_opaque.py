#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds that an approval (daemon/verify/approval.h) is made in verify_and_commit.c alone.

Small C files that try are compiled against the headers and linked with the daemon's library, and
must fail for the reason that is meant. No other file knows what is in one, or has a function that
returns one."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["srcdir"])
BUILD = pathlib.Path(os.environ["top_builddir"])
LIBRARY = BUILD / "daemon" / ".libs" / "libdaemon.a"
HEADERS = "#include <stdlib.h>\n#include <string.h>\n" \
    '#include "daemon/auth/attempt.h"\n#include "daemon/verify/verify_and_commit.h"\n'

# What somebody might try: name, code, what the compiler or linker must complain of; None: nothing.
TRIES = [
    ("a program that only looks at one compiles and links",
     "const char *look(const struct approval *approval);\n"
     "const char *look(const struct approval *approval)\n"
     "{ return approval_correlation(approval); }\n"
     "int main(void) { return look(NULL) != NULL; }\n", None),
    ("one on the stack does not compile",
     "int main(void) { struct approval approval; (void)&approval; return 0; }\n",
     r"storage size|incomplete type"),
    ("one as a literal does not compile",
     "int main(void) { struct verdict verdict = {.approval = &(struct approval){0}};\n"
     "return verdict.status; }\n", r"incomplete type|undefined type|storage size"),
    ("its size is not known",
     "int main(void) { void *approval = malloc(sizeof(struct approval)); free(approval);\n"
     "return 0; }\n", r"incomplete type"),
    ("a copy does not compile",
     "void take(struct approval *to, const struct approval *from);\n"
     "void take(struct approval *to, const struct approval *from) { *to = *from; }\n"
     "int main(void) { return 0; }\n", r"incomplete type|undefined type"),
    ("its members cannot be set",
     "void set(struct approval *approval);\n"
     "void set(struct approval *approval) { approval->by_ticket = true; }\n"
     "int main(void) { return 0; }\n", r"incomplete type|undefined type"),
    ("its constructor cannot be linked",
     "struct approval *approval_new(int evidence, const char *correlation);\n"
     "int main(void) { return approval_new(0, \"\") != NULL; }\n",
     r"undefined (reference|symbol).*approval_new"),
    ("nor what makes a verdict of one",
     "struct verdict approved(struct approval *approval);\n"
     "int main(void) { return approved(NULL).status; }\n",
     r"undefined (reference|symbol).*approved"),
    ("success takes an approval, not a status",
     "int main(void) { attempt_approved(NULL, PK_CANCELLED); return 0; }\n",
     r"pointer from integer|integer to pointer"),
    ("nor a name",
     'int main(void) { attempt_approved(NULL, "alice"); return 0; }\n',
     r"incompatible pointer type|discards"),
    ("nor does the conversation",
     'int main(void) { conversation_approved(NULL, "alice", NULL, NULL); return 0; }\n',
     r"incompatible pointer type"),
]


def variables():
    """How the daemon's library is compiled: the makefile's own words."""
    text = "print-%:\n\t@printf '%s\\n' '$($*)'\n"
    with tempfile.NamedTemporaryFile("w", suffix=".mk") as extra:
        extra.write(text)
        extra.flush()
        names = ["CC", "AM_CPPFLAGS", "CPPFLAGS", "daemon_libdaemon_la_CFLAGS", "CFLAGS", "LDFLAGS",
                 "AM_LDFLAGS", "daemon_libs", "JANSSON_LIBS", "SQLITE_LIBS", "EVENT_LIBS",
                 "INI_LIBS", "DBUS_LIBS", "CRYPTO_LIBS", "IDN_LIBS", "PSL_LIBS",
                 "UTF8PROC_LIBS", "NM"]
        # Not what the make that runs this test was told.
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        values = {}
        for name in names:
            result = subprocess.run(
                ["make", "-s", "--no-print-directory", "-C", str(BUILD), "-f", "Makefile", "-f",
                 extra.name, f"print-{name}"],
                stdout=subprocess.PIPE, text=True, check=True, env=environment)
            values[name] = shlex.split(result.stdout.strip())
        return values


def archives(build):
    """The daemon's library and those below it, as libtool keeps them."""
    return [re.sub(r"([^/]+)\.la$", r".libs/\1.a", word) for word in build["daemon_libs"]]


def attempt(build, code, folder):
    """What compiler and linker say; None when they are content."""
    path = folder / "try.c"
    path.write_text(HEADERS + code, encoding="utf-8")
    # Run in the build folder: the makefile's paths are relative to it.
    command = [*build["CC"], *build["AM_CPPFLAGS"], *build["CPPFLAGS"],
               *build["daemon_libdaemon_la_CFLAGS"], *build["CFLAGS"],
               "-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-o",
               str(folder / "try"), str(path), *build["LDFLAGS"], *archives(build),
               *build["JANSSON_LIBS"], *build["SQLITE_LIBS"], *build["EVENT_LIBS"],
               *build["INI_LIBS"], *build["DBUS_LIBS"], *build["CRYPTO_LIBS"], *build["IDN_LIBS"],
               *build["PSL_LIBS"], *build["UTF8PROC_LIBS"]]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            cwd=BUILD, check=False, env={**os.environ, "LC_ALL": "C"})
    return result.stdout + "." if result.returncode else None


def functions():
    """(file, name) of the daemon's functions that return one, not only a look at one."""
    found = []
    for path in sorted((SOURCE / "daemon").glob("**/*.[ch]")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for name in re.findall(r"^(?!.*\bconst struct approval)[\w ]*struct approval \*+(\w+)\(",
                               text, re.MULTILINE):
            found.append((path.relative_to(SOURCE).as_posix(), name))
    return found


def symbols(build):
    """(object, name) of what each object of the library offers to the others."""
    listing = subprocess.run([*(build["NM"] or ["nm"]), "-A", "-g", "--defined-only", str(LIBRARY)],
                             stdout=subprocess.PIPE, text=True, check=True, cwd=BUILD).stdout
    return [(match[1], match[2]) for match in
            re.finditer(r"^.*?:([^:]*\.o):.*\s(\w+)$", listing, re.MULTILINE)]


def definitions_of_the_type():
    """Files that say what is in one."""
    return [path.relative_to(SOURCE).as_posix()
            for path in sorted((SOURCE / "daemon").glob("**/*.[ch]"))
            if re.search(r"\bstruct approval\s*\{", path.read_text(encoding="utf-8"))]


def places_of_success():
    """Where success is said: tests/proofs has it proven of the one function that does."""
    found = []
    for path in sorted((SOURCE / "daemon").glob("**/*.c")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        # A call or an address, not the definition.
        for _ in re.findall(r"^[ \t].*\bconversation_approved\b", text, re.MULTILINE):
            found.append(path.relative_to(SOURCE).as_posix())
    return found


def main():
    results = []
    build = variables()
    with tempfile.TemporaryDirectory() as folder:
        for name, code, complaint in TRIES:
            said = attempt(build, code, pathlib.Path(folder))
            good = said is None if complaint is None else bool(said and re.search(complaint, said))
            results.append((good, name, said or "the compiler was content"))
    types = definitions_of_the_type()
    results.append((types == ["daemon/verify/verify_and_commit.c"],
                    "one file knows what is in an approval", str(types)))
    made = [place for place in functions() if place[0] != "daemon/verify/verify_and_commit.c"]
    results.append((not made, "no other file has a function that returns one", str(made)))
    places = places_of_success()
    results.append((places == ["daemon/auth/dispatcher.c"], "success is said at one place",
                    str(places)))
    exported = {symbol for file, symbol in symbols(build) if "verify_and_commit" in file}
    handed_out = sorted(exported - {
        "approval_account", "approval_ceremony", "approval_correlation", "approval_credential",
        "approval_describe", "approval_free", "approval_result", "verdict_clear",
        "verdict_refused", "verify_and_commit_assertion", "verify_and_commit_attestation",
        "verify_and_commit_foreign", "verify_and_commit_recovery_code",
        "verify_and_commit_registration", "verify_and_commit_response", "verify_and_commit_sk",
        "verify_and_commit_tried", "verify_attestation_only", "verify_registration_only"})
    results.append((bool(exported) and not handed_out,
                    "verify_and_commit.o exports what is known here", str(handed_out)))
    print(f"1..{len(results)}")
    for number, (good, name, said) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            print("".join(f"# {line}\n" for line in said.splitlines()), end="")
    return 0 if all(good for good, _, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
