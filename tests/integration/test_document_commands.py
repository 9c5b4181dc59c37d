# SPDX-License-Identifier: BSD-2-Clause
"""The commands of the documents for people, run as they stand there.

A box that begins with ```console is typed line by line: "alice@web1$ COMMAND" as that account, and
what stands below has to be shown, in this order; "..." stands for anything. "(exit status N)" is
what the command ends with, 0 where it is not there. "```console not run: WHY" is not tried.
A box may be part of a list, and is indented then. Commands within sentences are known ones.
"""

import os
import re
import subprocess
import textwrap

import pexpect
import pytest

import namespace
from recording import TOP, normal
from test_import_others import mapping

pytestmark = pytest.mark.real_programs

DOCUMENTS = ("administration", "getting-started", "hardening", "migration", "replacing-a-host",
             "troubleshooting")
BOX = re.compile(r"^ *```(\S*)(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)
SENTENCE = re.compile(r"`(passkey[\w-]*)(( +[\w.-]+)+)`")
PROMPT = re.compile(r"^(\w+)@web1([$#]) (.+)$")
STATUS = re.compile(r"^\(exit status (\d+)\)$")


def read(name):
    with open(f"{TOP}/doc/{name}.md", encoding="utf-8") as file:
        return file.read()


def boxes(text):
    """What each is, what is said of it, and its lines."""
    for kind, label, body in BOX.findall(text):
        yield kind, label, textwrap.dedent(body)


class Command:
    def __init__(self, user, text):
        self.user, self.text, self.shows, self.status = user, text, [], 0


def commands_of(body):
    """Those of one box."""
    found = []
    for line in body.splitlines():
        prompt, status = PROMPT.match(line), STATUS.match(line)
        if prompt:
            assert (prompt[1] == "root") == (prompt[2] == "#"), line
            found.append(Command(prompt[1], prompt[3]))
        elif status:
            found[-1].status = int(status[1])
        else:
            found[-1].shows.append(line)
    return found


def pattern_of(lines):
    """Each line whole, however wide its columns, but for "..." in it or as a line of its own."""
    pattern = ""
    for line in lines:
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            words = re.sub(r"(\\ )+", r" +", re.escape(line)).replace(re.escape("..."), ".*")
            pattern += r"\s*" + words + r"\s*\n"
    return re.compile(r"\s*" + pattern + r"\s*")


def run(machine, command):
    """Types it, and the password where it is asked for; what was shown."""
    child = machine.terminal(command.user, ["sh", "-c", command.text],
                             PASSKEY_AUTHENTICATOR=machine.program)
    shown = ""
    while child.expect([r"(?:Password|password for \w+): ", pexpect.EOF]) == 0:
        shown += child.before + child.after
        child.sendline(namespace.password(command.user))
    shown += child.before
    child.close()
    assert child.exitstatus == command.status, (command.text, shown)
    return normal(shown.replace("\r", "")) + "\n"


def other_programs(machine, keys, key):
    """What the documents about moving start from: files of other programs, and a passkey."""
    line = run_program(keys, "/usr/bin/pamu2fcfg", "-u", "alice").strip()
    namespace.write("/etc/u2f_mappings", line + "\n")
    os.makedirs("/home/alice/.config/Yubico", exist_ok=True)
    namespace.write("/home/alice/.config/Yubico/u2f_keys",
                    f"{line}\n{line.replace('alice:', 'root:')}\n")
    namespace.write("/var/backups/passkeys.ldif",
                    "dn: uid=alice,cn=users,dc=ipa,dc=example,dc=org\n"
                    f"uid: alice\nipapasskey: {mapping(keys, key)}\n")
    namespace.write("/var/backups/passphrase", "correct horse battery staple\n")


def run_program(keys, program, *arguments):
    return subprocess.run([keys.wrapper(program), *arguments], capture_output=True, text=True,
                          check=True, timeout=60).stdout


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands(machine, keys, document):
    key = keys.add("blue", product="Blue").set(touch="immediate")
    if document in ("migration", "replacing-a-host"):
        other_programs(machine, keys, key)
    if document == "replacing-a-host":
        machine.enrol("alice")
    namespace.write("/etc/pam.d/sudo", "auth [success=done default=ignore] pam_passkey.so\n"
                    "auth required pam_unix.so\n" + namespace.REST)
    ran = 0
    for kind, label, body in boxes(read(document)):
        if kind != "console" or label.startswith(" not run: "):
            continue
        assert label == "", label
        for command in commands_of(body):
            shown = run(machine, command)
            if command.shows:
                assert pattern_of(command.shows).fullmatch(shown), (command.text, shown)
            ran += 1
    assert ran


@pytest.mark.parametrize("document", DOCUMENTS)
def test_boxes(document):
    """Of every box it is said what it is: commands, a file, or something that is shown."""
    for kind, label, body in boxes(read(document)):
        assert kind in ("console", "ini", "text"), (kind, body)
        assert not label or re.fullmatch(r" not run: \S.+", label), label
        assert kind == "console" or not re.match(r"\S+[$#] ", body), body
    # Nothing else looks like one: neither a box that is not closed nor lines that are indented.
    rest = BOX.sub("", read(document))
    assert "```" not in rest
    assert not re.search(r"(?m)^ {4,}|^\t|^ *\S+@\w+[$#] ", rest)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_sentences(quiet_machine, document):
    """Each program knows the command that a sentence names, and its options."""
    for program, arguments, _ in SENTENCE.findall(BOX.sub("", read(document))):
        words = [each for each in arguments.split() if re.fullmatch(r"[a-z][a-z-]+", each)]
        done = subprocess.run([program, *words, "--help"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, (program, arguments, done.stderr)
        for option in re.findall(r"--[a-z-]+", arguments):
            assert re.search(option + r"(?![\w-])", done.stdout), (program, arguments)


def sources():
    for folder in ("client", "common", "daemon", "gateway", "pam", "sudo"):
        for root, _, names in os.walk(f"{TOP}/{folder}"):
            for name in names:
                if name.endswith((".c", ".h")):
                    with open(f"{root}/{name}", encoding="utf-8") as file:
                        yield file.read()


def test_messages_of_troubleshooting_are_ours():
    """Each heading quotes what a program says, and is looked for by its words."""
    code = re.sub(r'"\s*\n\s*"', "", "".join(sources())).replace('\\"', '"')
    titles = re.findall(r"(?m)^### “(.+)”$", read("troubleshooting"))
    assert len(titles) > 10
    for title in titles:
        for part in title.split("…"):
            assert part.strip() in code, title
