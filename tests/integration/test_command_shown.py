# SPDX-License-Identifier: BSD-2-Clause
"""What sudo was given is what the message says, what is signed and what the log keeps: if this
failed, somebody could touch for one command and get another one run."""

import hashlib
import json
import os
import re
import shlex
import subprocess

import pexpect
import pytest

import forward
import machine as parts

pytestmark = pytest.mark.real_programs

SUDO = "/usr/bin/sudo"
TOUCH = "Touch your security key for what alice typed on web1: "
EVIL = """
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void)
{
    printf("LOADED AS %d\\n", geteuid());
    fflush(stdout);
}
"""
# What cannot be seen, one of each kind.
HIDDEN = ("\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200d\u2028\u202e\u2060\u2064"
          "\u2066\u2800\u3000\u3164\ue000\ufdd0\ufe0f\ufeff\uffa0\ufffa\ufffc\ufffe\u0378"
          "\U0001d159\U0001d173\U000e0041"
          "\U000e0100\U000f0000\U0010ffff\u0085\u009b\u00a0\x01\x7f\x1b")


class Said:
    """One sudo of alice's from its question to its end; key.set(touch="immediate") before."""

    def __init__(self, machine, arguments, **variables):
        self.since = machine.syslog.mark()
        child = machine.terminal("alice", arguments, **variables)
        child.expect(pexpect.EOF)
        child.close()
        self.screen = child.before
        self.status = child.exitstatus
        line = machine.syslog.wait(r"sign-in of alice \(default\): ok", self.since)
        tag = re.search(r": (\[\w+\]) ", line).group(1)
        machine.syslog.mark()
        self.log = machine.syslog.text(self.since)
        pieces = [each.split(": ", 1)[1] for each in self.log.split("\n")
                  if each == line or f"{tag} (part " in each]
        self.record = "".join(pieces)
        whole = pieces[0] + "".join(re.sub(r"^\[\w+\] \(part \d+\) ", "", piece)
                                    for piece in pieces[1:])
        self.context = json.loads(whole[whole.index("{"):])

    @property
    def touch(self):
        """What the message says was typed, its pieces joined."""
        lines = self.screen.split("\r\n")
        first = next(i for i, line in enumerate(lines) if line.startswith(TOUCH))
        text = lines[first][len(TOUCH):]
        for number, line in enumerate(lines[first + 1:], 2):
            if not line.startswith(f"(part {number}) "):
                break
            text += line[len(f"(part {number}) "):]
        return text


@pytest.fixture
def alice(machine, keys):
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    return key


def read_back(text):
    """The words that bash makes of it."""
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {text}"], check=True, capture_output=True)
    return done.stdout.split(b"\0")[:-1]


def typed(machine, *arguments, **variables):
    said = Said(machine, list(arguments), **variables)
    assert said.context["command"] == said.touch
    assert said.context["act"] == "authenticate"
    assert said.context["target"] == ""
    return said


def test_a_plain_command(machine, alice):
    said = typed(machine, SUDO, "-u", "bob", "id", "-un")
    assert said.touch == "/usr/bin/sudo -u bob id -un"
    assert said.screen.split()[-1] == "bob"
    assert "digest" not in said.context


def test_a_library_to_be_loaded(machine, alice, tmp_path):
    tmp_path.chmod(0o755)
    library = f"{tmp_path}/evil.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, "-xc", "-"], input=EVIL, text=True,
                   check=True)
    said = typed(machine, SUDO, "LD_PRELOAD=" + library, "/usr/bin/true")
    assert said.touch == f"{SUDO} LD_PRELOAD={library} /usr/bin/true"
    assert "LOADED AS 0" in said.screen


def test_a_script_that_bash_reads_first(machine, alice):
    said = typed(machine, SUDO, "BASH_ENV=/home/alice/x", "bash", "-c", "true")
    assert said.touch == "/usr/bin/sudo BASH_ENV=/home/alice/x bash -c true"


def test_options_that_can_be_read_in_two_ways(machine, alice):
    said = typed(machine, SUDO, "-p", "--", "A=b", "id", "-un")
    assert said.touch == "/usr/bin/sudo -p -- A=b id -un"


@pytest.mark.parametrize("filler", [" " * 230, ": " + "x" * 300, ": " + "x" * 3900,
                                    " " * 3900, ": " + "\u00e4" * 1900],
                         ids=["blanks", "300", "3900", "3900 blanks", "umlauts"])
def test_the_end_of_a_long_command(machine, alice, filler):
    arguments = [SUDO, "sh", "-c", f"true {filler} ; echo RAN AS $(id -un)"]
    said = typed(machine, *arguments)
    assert read_back(said.touch) == [each.encode() for each in arguments]
    assert "RAN AS root" in said.screen
    assert "         " not in said.touch, "so many blanks push the rest out of sight"


def test_the_group(machine, alice):
    said = typed(machine, SUDO, "-u", "root", "-g", "root", "id")
    assert said.touch == SUDO + " -u root -g root id"


def test_what_cannot_be_seen(machine, alice):
    argument = "echo " + "".join(f"a{each}" for each in HIDDEN)
    said = typed(machine, SUDO, "sh", "-c", argument)
    assert all(" " <= each <= "~" for each in said.touch), said.touch
    assert read_back(said.touch)[-1] == argument.encode()
    assert not set(HIDDEN) & set(said.record)


def test_bytes_that_are_no_text(machine, alice):
    said = typed(machine, "/bin/bash", "-c", r"exec sudo sh -c $'echo \xff\xc3 \xed\xa0\x80 \xf5'")
    assert said.touch == r"sudo sh -c $'echo \xff\xc3 \xed\xa0\x80 \xf5'"
    assert read_back(said.touch)[-1] == b"echo \xff\xc3 \xed\xa0\x80 \xf5"


def test_what_reorders_or_moves(machine, alice):
    said = typed(machine, SUDO, "sh", "-c", "echo a\u202eb\u2066c\x1b[2Kd\ne\r\tf")
    assert said.touch == r"/usr/bin/sudo sh -c $'echo a\u202eb\u2066c\x1b[2Kd\ne\r\tf'"


@pytest.mark.parametrize("option", ["-v", "-l"])
def test_sudo_that_runs_nothing(machine, alice, option):
    assert typed(machine, SUDO, option).touch == f"{SUDO} {option}"


def test_visible_letters_stay_as_they_are(machine, alice):
    assert typed(machine, SUDO, "echo", "J\u00f6rg \u4e16\u754c").touch == \
        "/usr/bin/sudo echo 'J\u00f6rg \u4e16\u754c'"


def words_of(size):
    """Words that have that many bytes with their ends, of which none is another's double."""
    words = [SUDO, "true"]
    words.append("x" * 40 + "".join(f"{number:07d}," for number in range(size // 8)))
    words[2] = words[2][:size - len(SUDO + " true ") - len("end ") - 1]
    return [*words, "end"]


def raw(words):
    return b"".join(each.encode() + b"\0" for each in words)


def test_four_kibibytes_whole(machine, alice):
    words = words_of(4096)
    assert len(raw(words)) == 4096
    said = typed(machine, *words)
    assert said.touch == shlex.join(words)
    assert "digest" not in said.context


@pytest.mark.parametrize("size", [4097, 100_000])
def test_what_is_longer_is_told_by_its_digest(machine, alice, size):
    words = words_of(size)
    said = typed(machine, *words)
    digest = hashlib.sha256(raw(words)).hexdigest()
    assert said.context["digest"] == digest
    assert f"[... {size - 2048} of {size} bytes are not shown; SHA-256 of all: {digest} ...]" in \
        said.touch
    assert said.touch.startswith(SUDO + " true xxxx") and said.touch.endswith(" end")


def test_each_byte_of_the_bound_command_counts(machine, alice):
    """Two commands that look the same to who sees the beginning and the end alone."""
    first, second = words_of(100_000), words_of(100_000)
    second[2] = second[2][:50_000] + "Y" + second[2][50_001:]
    said = [typed(machine, *each) for each in (first, second)]
    assert said[0].context["digest"] != said[1].context["digest"]


@pytest.mark.parametrize("filler", ["x" * 4000, "\u202e" * 1300], ids=["letters", "escapes"])
def test_a_request_over_ssh_has_all_of_it(machine, alice, filler):
    """What is told before the answer is asked for; the request itself is one line."""
    machine.configure("[service sudo]\nmethods = ssh\n")
    machine.kill_daemon()
    with open("/etc/sudoers", "a", encoding="utf-8") as file:
        file.write('Defaults env_keep += "SSH_CONNECTION"\n')
    words = [SUDO, "true", filler, "end"]
    child = machine.terminal("alice", words, SSH_CONNECTION="192.0.2.7 1 192.0.2.1 22")
    child.expect(r"\r\npasskey[12]:[\w-]+\r\n")
    request = forward.decode_request(child.after.strip())
    command = parts.json.loads(request["context"])["command"]
    assert read_back(command) == [each.encode() for each in words]
    shown = re.sub(r"\r\n\(part \d+\) ", "", child.before)
    assert f"for what alice typed on web1: {command}\r\n" in shown
    child.close(force=True)


def test_su_says_who_becomes_whom(machine, keys):
    keys.add("blue").set(touch="immediate")
    machine.enrol("bob")
    child = machine.terminal("alice", ["su", "bob", "-c", "id -un"])
    child.expect('Enter, or "no": ')  # alice acts for bob
    child.send("\r")
    child.expect(r"Touch your security key to [^\r\n]*bob[^\r\n]* on web1 \(su\)")
    child.expect(pexpect.EOF)


def test_only_root_says_what_was_typed(machine):
    connection = machine.connect("alice")
    descriptor = os.memfd_create("typed", os.MFD_ALLOW_SEALING)
    connection.fails("AccessDenied", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                     parts.vardict({"typed": parts.dbus.types.UnixFd(descriptor, variant_level=1)}))
    connection.fails("AccessDenied", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                     parts.vardict({"act": "approve"}))
    os.close(descriptor)
