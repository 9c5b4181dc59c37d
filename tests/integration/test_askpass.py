# SPDX-License-Identifier: BSD-2-Clause
"""passkey-askpass by itself: requests in prompts and pasted, and every other prompt of ssh's.

The requests are made here and the keys are software; the real ssh and sshd are used in
test_ssh_*.py and test_passkey_ssh_*.py.
"""

import base64
import hashlib
import http.server
import json
import os
import pwd
import shutil
import signal
import subprocess
import threading

import cbor2
import pexpect
import pytest

import forward
import machine as parts
import namespace

ASKPASS = "/usr/bin/passkey-askpass"
HOST = "web1.example.org"
TOUCH = "(?i)touch your security key"
HOSTS = ".config/passkey/hosts"


def context(act="authenticate", **members):
    base = dict(act=act, command="", host=HOST, rhost="192.0.2.7", service="sshd", target="",
                tty="", user="alice")
    return json.dumps({**base, **members}, separators=(",", ":"), sort_keys=True)


class Person:
    """alice at her own computer, with a software key in it."""

    def __init__(self, machine, keys):
        self.machine, self.keys = machine, keys
        self.entry = pwd.getpwnam("alice")
        self.home, self.runtime = self.entry.pw_dir, namespace.SCRATCH + "/runtime"
        for folder in (self.home, self.runtime):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o700)
            os.chown(folder, self.entry.pw_uid, self.entry.pw_gid)
        self.key = keys.add("blue")
        self.variables = {"XDG_RUNTIME_DIR": self.runtime, **keys.environment(),
                          "PASSKEY_AUTHENTICATOR":
                              keys.wrapper("/usr/libexec/passkey/passkey-authenticator")}

    def run(self, *arguments, stdin="", **variables):
        """Without a terminal, as from ssh."""
        become = parts.become("alice")

        def alone():
            os.setsid()
            become()

        return subprocess.run(
            [namespace.STAND_IN_SSH, ASKPASS, *arguments], preexec_fn=alone, input=stdin, text=True,
            capture_output=True,
            env={**parts.environment("alice"), **self.variables, **variables},
            timeout=parts.PATIENCE, check=False)

    def terminal(self, *arguments, command=None, **variables):
        """On a terminal, with standard output in $HOME/out."""
        command = command or f'exec {namespace.STAND_IN_SSH} "$0" "$@" >$HOME/out'
        return self.machine.terminal("alice", ["sh", "-c", command, ASKPASS, *arguments],
                                     **self.variables, **variables)

    def output(self):
        with open(self.home + "/out", encoding="utf-8") as file:
            return file.read().splitlines()

    def write(self, name, text):
        path = f"{self.home}/{name}"
        namespace.write(path, text, 0o600)
        folder = path
        while len(folder) > len(self.home):
            os.chown(folder, self.entry.pw_uid, self.entry.pw_gid)
            folder = os.path.dirname(folder)
        return path

    def read(self, name):
        with open(f"{self.home}/{name}", encoding="utf-8") as file:
            return file.read()

    # Passkeys

    def create_request(self, **members):
        return {"kind": "create", "nonce": os.urandom(32), "context": context("enroll"),
                "rp_id": HOST, "user_verification": forward.DISCOURAGED, "credentials": [],
                "timeout": 60, "rp_name": "web1", "user_handle": b"u" * 64, "user_name": "alice",
                "user_display_name": "Alice", "algorithms": [forward.ES256],
                "resident_key": forward.DISCOURAGED, "attestation": 1, "cred_protect": 0,
                **members}

    def make_passkey(self, **members):
        """By hand, at once; the credential id."""
        self.key.set(touch="immediate")
        done = self.run("--host", HOST,
                        stdin=forward.encode_request(self.create_request(**members)))
        assert done.returncode == 0, done.stderr
        answer = forward.decode_answer(done.stdout.split())
        return credential_id(answer)

    def get_request(self, credential, **members):
        return {"kind": "get", "nonce": os.urandom(32), "context": context(), "rp_id": HOST,
                "user_verification": forward.DISCOURAGED, "credentials": [credential],
                "timeout": 60, **members}


def credential_id(answer):
    data = cbor2.loads(answer["attestation_object"])["authData"]
    return data[55:55 + int.from_bytes(data[53:55], "big")]


def prompt(request, prefix=f"(alice@{HOST}) ", text="Passkey wanted.\n"):
    return prefix + text + forward.encode_request(request)


def start_of_challenge(request):
    return forward.challenge_of(request)[:16]


@pytest.fixture
def person(quiet_machine):
    from softkey import SoftKeys
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        yield Person(quiet_machine, keys)


def refused(done, words):
    """ssh must get an empty answer, and the person a reason."""
    assert done.returncode == 1 and done.stdout == "", done
    assert words in " ".join(done.stderr.split()), done.stderr


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


# ---- requests ----

def test_a_prompt_is_answered(person):
    credential = person.make_passkey()
    request = person.get_request(credential)
    person.key.set(touch="wait")
    child = person.terminal(prompt(request))
    child.expect(f"{HOST} asks for your passkey:")
    child.expect("to sign in as alice")
    child.expect("through sshd")
    child.expect("from 192.0.2.7")
    child.expect(TOUCH)
    person.key.wait_touch_wanted()
    person.key.touch()
    status, shown = end(child)
    assert status == 0 and "passkey1:" not in shown
    line, = person.output()
    answer = forward.decode_answer([line])
    assert answer["origin"] == "ssh://" + HOST and answer["credential"] == 0
    assert answer["challenge"] == start_of_challenge(request)
    assert len(line) <= forward.LINE_MAX
    assert os.listdir(person.runtime) == [] and not os.path.exists(person.home + "/.config")


def test_a_request_right_behind_the_prefix(person):
    credential = person.make_passkey()
    assert person.run(prompt(person.get_request(credential), text="")).returncode == 0


def test_the_command_is_shown_before_it_is_approved(person):
    credential = person.make_passkey()
    shown = context(command="/bin/rm -r /\x1b[2J", target="root", service="sudo", host="db")
    done = person.run("--host", HOST, stdin=forward.encode_request(
        person.get_request(credential, context=shown)))
    assert done.returncode == 0
    for line in ("to let alice run a command:", r"/bin/rm -r /\x1b[2J", "as the account root",
                 "through sudo", "on a host that calls itself db"):
        assert f"  {line}\n" in done.stderr, done.stderr


def test_a_long_command_is_shown_whole(person):
    """As much as a host shows of one without loss, each byte of it an escape."""
    credential = person.make_passkey()
    command = "sudo $'" + r"\xff" * 4080 + "'"
    shown = context(command=command, target="", service="sudo", host="db")
    done = person.run("--host", HOST, stdin=forward.encode_request(
        person.get_request(credential, context=shown)))
    assert done.returncode == 0, done.stderr
    assert f"  for what alice typed:\n    {command}\n" in done.stderr


def test_an_approval_is_shown_in_full(person):
    credential = person.make_passkey()
    shown = json.loads(context(command="/usr/bin/id -un", target="bob", service="sudo", host="db"))
    shown.update(act="approve", group="adm", cwd="/srv", environment="A=b")
    shown = json.dumps(shown, separators=(",", ":"), sort_keys=True)
    done = person.run("--host", HOST, stdin=forward.encode_request(
        person.get_request(credential, context=shown)))
    assert done.returncode == 0, done.stderr
    for line in ("to let alice run a command:", "  /usr/bin/id -un", "as the account bob",
                 "with the group adm", "in /srv", "with A=b", "through sudo"):
        assert f"  {line}\n" in done.stderr, done.stderr


def test_another_account_is_mentioned(person):
    credential = person.make_passkey()
    done = person.run(prompt(person.get_request(credential), f"(bob@{HOST}) "))
    assert done.returncode == 0 and "although you connect as bob" in done.stderr


def test_a_parent_domain_needs_no_question(person):
    credential = person.make_passkey(rp_id="example.org")
    done = person.run(prompt(person.get_request(credential, rp_id="example.org")))
    assert done.returncode == 0 and "with a passkey of example.org" in done.stderr
    assert not os.path.exists(f"{person.home}/{HOSTS}")


@pytest.mark.parametrize("prefix", ["", "alice@web1.example.org's ", " (alice@web1.example.org) ",
                                    "\n(alice@web1.example.org) ", "(web1.example.org) "])
def test_no_prefix_of_the_clients(person, prefix):
    refused(person.run(prompt(person.get_request(b"x" * 32), prefix)), "OpenSSH 8.5 or later")


@pytest.mark.parametrize("prefix", ["(al ice@web1.example.org) ", "(alice@we/b1) ", "(alice@) ",
                                    "(@web1.example.org) "])
def test_a_strange_prefix(person, prefix):
    refused(person.run(prompt(person.get_request(b"x" * 32), prefix)), "not expected in one")


def test_an_ssh_that_writes_no_prefix(person):
    """The one that a hostile server wrote must not be believed: what -V says decides."""
    old = namespace.SCRATCH + "/old/ssh"
    os.makedirs(os.path.dirname(old), exist_ok=True)
    shutil.copy(os.path.realpath("/usr/bin/python3"), old)
    script = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    done = subprocess.run([old, "-c", script, ASKPASS, prompt(person.get_request(b"x" * 32))],
                          text=True, capture_output=True, timeout=parts.PATIENCE, check=False,
                          env={**parts.environment("alice"), **person.variables},
                          preexec_fn=parts.become("alice"))
    os.unlink(old)
    refused(done, "OpenSSH 8.5 or later")


@pytest.mark.parametrize("line", ["passkey1:", "passkey1:AAAA", "passkey1:!", "passkey1:oQEB"])
def test_a_malformed_request(person, line):
    refused(person.run(f"(alice@{HOST}) text\n{line}"), "does not understand")


def test_a_context_that_is_not_understood(person):
    for wrong in (context("pay"), context("enroll"), "{}", "x"):
        refused(person.run(prompt(person.get_request(b"x" * 32, context=wrong))),
                "does not understand")


def test_another_key(person):
    person.key.set(touch="immediate")
    refused(person.run(prompt(person.get_request(b"x" * 32, timeout=2))), "")


def test_the_person_interrupts(person):
    request = person.get_request(person.make_passkey())
    person.key.set(touch="wait")
    child = person.terminal(prompt(request))
    child.expect(TOUCH)
    person.key.wait_touch_wanted()
    child.sendintr()
    assert end(child)[0] == 130
    assert person.output() == []


# ---- RP ids and hosts ----

def test_an_rp_id_is_accepted_once(person):
    credential = person.make_passkey()
    person.key.set(touch="immediate")
    question = prompt(person.get_request(credential), "(alice@127.0.0.1) ")
    child = person.terminal(question)
    child.expect("127.0.0.1 asks for passkeys of web1.example.org")
    child.expect(r"\(yes/no\)\? ")
    child.sendline("y")
    assert end(child)[0] == 1 and person.output() == []
    assert not os.path.exists(f"{person.home}/{HOSTS}")
    child = person.terminal(question)
    child.expect(r"\(yes/no\)\? ")
    child.sendline("yes")
    assert end(child)[0] == 0
    assert forward.decode_answer(person.output())["origin"] == "ssh://127.0.0.1"
    assert person.read(HOSTS) == f"127.0.0.1 {HOST}\n"
    assert os.stat(f"{person.home}/{HOSTS}").st_mode & 0o777 == 0o600
    assert os.stat(f"{person.home}/.config/passkey").st_mode & 0o777 == 0o700
    done = person.run(question)
    assert done.returncode == 0, done.stderr


def test_no_terminal_to_ask_about_a_host(person):
    done = person.run(prompt(person.get_request(b"x" * 32), "(alice@127.0.0.1) "))
    refused(done, f'add the line "127.0.0.1 {HOST}" to {person.home}/{HOSTS}')


@pytest.mark.parametrize("rp_id", ["ssh:", "::1", "SSH:", "evil.example.net.", "pam://x"])
def test_what_is_no_domain_is_not_asked_about(person, rp_id):
    """OpenSSH's own keys have the RP id "ssh:"; a careless yes must not let a host use them."""
    done = person.run(prompt(person.get_request(b"x" * 32, rp_id=rp_id)))
    refused(done, "can be no host's name")


def test_a_mismatch(person):
    person.write(HOSTS, "# mine\n127.0.0.1 web2.example.org\n")
    done = person.run(prompt(person.get_request(b"x" * 32), "(alice@127.0.0.1) "))
    refused(done, "REFUSED: 127.0.0.1 asks for passkeys of web1.example.org")
    assert f"{person.home}/{HOSTS}:2" in done.stderr and "web2.example.org" in done.stderr


def test_a_bad_line(person):
    person.write(HOSTS, f"127.0.0.1 {HOST}\n\nweb2\n")
    done = person.run(prompt(person.get_request(b"x" * 32), "(alice@127.0.0.1) "))
    refused(done, f"{person.home}/{HOSTS}:3: ")


# ---- long answers ----

# An RSA signature and the name of a host this long do not fit one line.
LONG = ".".join(["l" * 60] * 3 + [HOST])


def long_request(person):
    person.key.unplug()
    person.key = person.keys.add("red", algorithms=[forward.RS256])
    return person.get_request(person.make_passkey(algorithms=[forward.RS256]))


def test_parts_come_in_rounds(person):
    request = long_request(person)
    done = person.run(prompt(request, f"(alice@{LONG}) "))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    total = int(lines[0].split(":")[0].split("/")[2])
    assert len(lines) == 1 and total > 1
    folder = person.runtime + "/passkey"
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert [os.stat(f"{folder}/{name}").st_mode & 0o777 for name in os.listdir(folder)] == [0o600]
    for part in range(2, total + 1):
        more = forward.more(request, part)
        # Not for another host that has learned the nonce.
        refused(person.run(f"(alice@evil.example.net) {more}"), "not kept for it")
        done = person.run(f"(alice@{LONG}) {more}")
        assert done.returncode == 0, done.stderr
        lines += done.stdout.splitlines()
    assert len(lines) == total and os.listdir(folder) == []
    answer = forward.decode_answer(lines)
    assert answer["challenge"] == start_of_challenge(request)
    assert answer["origin"] == "ssh://" + LONG
    refused(person.run(f"(alice@{LONG}) {more}"), "not kept for it")


def test_unsafe_folder_for_parts(person):
    os.mkdir(person.runtime + "/passkey", 0o755)
    refused(person.run(prompt(long_request(person), f"(alice@{LONG}) ")), "no safe place")


def test_no_enrolment_during_a_sign_in(person):
    before = person.keys.mark()
    person.key.set(touch="immediate")
    refused(person.run(prompt(person.create_request())), "asks for a new passkey while you sign in")
    assert not person.keys.events(before)


# ---- by hand ----

def test_by_hand(person):
    credential = person.make_passkey()
    request = person.get_request(credential)
    pasted = f"$ sudo true\nPasskey wanted:\n  {forward.encode_request(request)}  \nAnswer: "
    done = person.run("--host", "WEB1.example.org.", stdin=pasted)
    assert done.returncode == 0, done.stderr
    assert forward.decode_answer(done.stdout.split())["origin"] == "ssh://" + HOST


def test_by_hand_on_a_terminal(person):
    credential = person.make_passkey()
    person.key.set(touch="immediate")
    # As long a line as the kernel's own line editing would cut.
    request = person.get_request(credential, context=context(command="x" * 3500))
    line = forward.encode_request(request)
    assert len(line) > 4096
    child = person.terminal("--host", HOST)
    child.expect("Paste the request")
    child.sendline(line)
    status, shown = end(child)
    assert status == 0, shown
    assert forward.decode_answer(person.output())["origin"] == "ssh://" + HOST


def test_by_hand_every_line_is_printed(person):
    person.key.set(touch="immediate")
    request = person.create_request(attestation=4)
    done = person.run("--host", HOST, stdin=forward.encode_request(request))
    assert done.returncode == 0 and len(done.stdout.splitlines()) > 1
    assert forward.decode_answer(done.stdout.splitlines())["kind"] == "create"
    assert "one after the other" not in done.stderr
    person.write("request", forward.encode_request(person.create_request(attestation=4)))
    child = person.terminal("--host", HOST, command='exec "$0" "$@" <$HOME/request')
    child.expect(r"Paste these \d lines one after the other")
    assert end(child)[0] == 0
    assert os.listdir(person.runtime) == []


def test_by_hand_refusals(person):
    line = forward.encode_request(person.get_request(b"x" * 32))
    # Not asked for after the paste, which could answer that too.
    done = person.run(stdin=line)
    assert done.returncode == 2 and not done.stdout and "--host" in done.stderr
    wrong = [(["a b"], "name or address is expected")]
    wrong += [([HOST, "--port", port], "--port takes a number from 1 to 65535")
              for port in ("0", "65536", "022", "ssh", "")]
    wrong += [([HOST, "--ssh", ssh], "--ssh takes the process id")
              for ssh in ("0", "1", "-1", str(os.getpid()), "99999999999")]
    for words, told in wrong:
        done = person.run("--host", *words, stdin=line)
        assert done.returncode == 2 and told in done.stderr and not done.stdout, done
    refused(person.run("--host", HOST, stdin="hello\n"), 'begins with "passkey2:" or')
    refused(person.run("--host", HOST, stdin=line[:-2]), "no whole request")
    refused(person.run("--host", HOST, stdin=forward.more(person.get_request(b""), 2)),
            "next line of the answer")
    refused(person.run("--host", "evil.example.net", stdin=line), "not accepted from it")


# ---- other prompts ----

def test_a_password(person):
    for text in (f"(alice@{HOST}) Password: ", "Enter passphrase for key '/a (yes/no)': ",
                 f"(alice@{HOST}) Are you sure (yes/no)? "):
        child = person.machine.terminal("alice", [ASKPASS, text], **person.variables)
        child.expect_exact(text)
        child.waitnoecho(parts.PATIENCE)
        child.sendline("open sesame")
        status, shown = end(child)
        assert status == 0 and shown.split() == ["open", "sesame"]  # once: as the answer


def test_a_long_password(person):
    child = person.terminal("Password: ")
    child.expect("Password: ")
    child.waitnoecho(parts.PATIENCE)
    child.sendline("x" * 255)
    assert end(child)[0] == 0
    assert person.output() == ["x" * 255]


def test_a_host_key_question_is_echoed(person):
    child = person.terminal("The authenticity of host 'a' can't be established.\n"
                            "Are you sure you want to continue connecting "
                            "(yes/no/[fingerprint])? ")
    child.expect(r"\(yes/no/\[fingerprint\]\)\? ")
    child.sendline("SHA256:abc")
    assert end(child)[0] == 0
    assert person.output() == ["SHA256:abc"]


@pytest.mark.parametrize("text", ["Username for 'https://forge.example.org': ",
                                  'Username for "https://forge.example.org"', "Username: "])
def test_a_user_name_is_echoed(person, text):
    child = person.terminal(text)
    child.setecho(True)
    child.expect_exact(text.rstrip() + " ")
    assert child.getecho()
    child.sendline("alice-at-forge")
    status, shown = end(child)
    assert status == 0 and "alice-at-forge" in shown
    assert person.output() == ["alice-at-forge"]


class WantsPassword(http.server.BaseHTTPRequestHandler):
    """Tells everybody to sign in, and keeps what it is told."""

    told = []

    def do_GET(self):
        if "Authorization" in self.headers:
            self.told.append(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="forge"')
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_git_shows_the_user_name_and_no_password(person):
    with http.server.HTTPServer(("127.0.0.1", 0), WantsPassword) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}"
        child = person.machine.terminal("alice", ["git", "ls-remote", where + "/x.git"],
                                        SSH_ASKPASS=ASKPASS, **person.variables)
        child.setecho(True)
        child.expect_exact(f"Username for '{where}': ")
        assert child.getecho()
        child.sendline("alice-at-forge")
        child.expect_exact(f"Password for '{where.replace('//', '//alice-at-forge@')}': ")
        assert "alice-at-forge" in child.before
        child.waitnoecho(parts.PATIENCE)
        child.sendline("open sesame")
        shown = end(child)[1]
        server.shutdown()
    assert "open sesame" not in shown
    assert WantsPassword.told == [
        "Basic " + base64.b64encode(b"alice-at-forge:open sesame").decode()]


@pytest.mark.parametrize("answer,status", [("yes", 0), ("YES", 0), ("no", 1), ("y", 1), ("", 1)])
def test_a_confirmation(person, answer, status):
    child = person.terminal("Allow use of key /x?", SSH_ASKPASS_PROMPT="confirm")
    child.expect_exact("Allow use of key /x? ")
    child.sendline(answer)
    assert end(child)[0] == status
    assert person.output() == []


def test_a_notice(person):
    process = person.machine.start(
        [ASKPASS, "Confirm user presence for key"], stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
        env={**parts.environment("alice"), "SSH_ASKPASS_PROMPT": "none"})
    assert process.stderr.readline() == "Confirm user presence for key\n"
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(parts.PATIENCE) == 0


def test_a_notice_ends_with_whoever_asked(person):
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    process = person.machine.start(
        ["/usr/bin/python3", "-c", starter, ASKPASS, "Touch it"], stderr=subprocess.PIPE,
        stdin=subprocess.PIPE, text=True,
        env={**parts.environment("alice"), "SSH_ASKPASS_PROMPT": "none"})
    assert process.stderr.readline() == "Touch it\n"
    child, = parts.children(process.pid)
    process.kill()
    parts.wait_exit(child)


def test_a_request_is_never_taken_from_a_hint(person):
    """An agent's question names a key by its comment, which somebody else may have written."""
    text = prompt(person.get_request(b"x" * 32))
    done = person.run(text, SSH_ASKPASS_PROMPT="confirm")
    refused(done, "no terminal to ask on")


def test_without_a_terminal(person):
    refused(person.run("Password: "), "PASSKEY_ASKPASS_FALLBACK")


def test_the_fallback(person):
    """The same arguments and environment; not for requests."""
    program = person.write("fallback", '#!/bin/sh\necho "$# $1 $SSH_ASKPASS_PROMPT '
                           '<$PASSKEY_ASKPASS_FALLBACK>"\nexit 7\n')
    os.chmod(program, 0o755)
    for hint in ("", "confirm", "none"):
        done = person.run("Password: ", SSH_ASKPASS_PROMPT=hint, PASSKEY_ASKPASS_FALLBACK=program)
        assert (done.returncode, done.stdout) == (7, f"1 Password:  {hint} <>\n")
    credential = person.make_passkey()
    done = person.run(prompt(person.get_request(credential)), PASSKEY_ASKPASS_FALLBACK=program)
    assert done.returncode == 0 and done.stdout.startswith("passkey1:")


def test_a_fallback_that_is_not_there(person):
    refused(person.run("Password: ", PASSKEY_ASKPASS_FALLBACK="/nowhere"), "/nowhere")


def test_a_fallback_to_itself_ends(person):
    refused(person.run("Password: ", PASSKEY_ASKPASS_FALLBACK=ASKPASS), "no terminal")


# ---- the command line ----

def test_usage(person):
    for arguments in (["--host"], ["--hosts", "a"], ["a", "b"], ["--host=a"], ["-x"],
                      ["--host", "a", "b"]):
        done = person.run(*arguments)
        assert done.returncode == 2 and done.stdout == "", arguments
    usage = person.run("--help").stdout
    assert usage.startswith("Usage: ") and max(map(len, usage.splitlines())) <= 80
    assert person.run("--version").stdout.startswith("passkeyd ")


def test_no_colours(person):
    credential = person.make_passkey()
    done = person.run(prompt(person.get_request(credential)), TERM="xterm-256color")
    assert done.returncode == 0 and "\x1b" not in done.stderr + done.stdout


def test_what_is_signed(person):
    """The signature is over the challenge made from what was shown, and the host's origin."""
    request = person.create_request()
    person.key.set(touch="immediate")
    made = person.run("--host", HOST, stdin=forward.encode_request(request))
    answer = forward.decode_answer(made.stdout.split())
    data = cbor2.loads(answer["attestation_object"])["authData"]
    assert data[:32] == hashlib.sha256(HOST.encode()).digest()
    length = int.from_bytes(data[53:55], "big")
    key = cbor2.loads(data[55 + length:])
    wanted = person.get_request(data[55:55 + length])
    answer = forward.decode_answer(
        person.run("--host", HOST, stdin=forward.encode_request(wanted)).stdout.split())
    challenge = forward.challenge_of(wanted)
    signed = data[:32] + answer["auth_data"] + hashlib.sha256(
        forward.client_data("get", challenge, "ssh://" + HOST)).digest()
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(key[-2], "big"),
                                            int.from_bytes(key[-3], "big"), ec.SECP256R1())
    numbers.public_key().verify(answer["signature"], signed, ec.ECDSA(hashes.SHA256()))


# ---- passkey-ssh: what it makes of the environment and the command line ----

FAKE = """#!/bin/sh
[ "$1" = -V ] && {{ echo '{version}' >&2; exit 0; }}
echo "$0|$*|$SSH_ASKPASS|$SSH_ASKPASS_REQUIRE|$PASSKEY_ASKPASS_FALLBACK"
exit 5
"""


def wrapped(person, *command, version="OpenSSH_9.2p1 Debian", terminal=False, **variables):
    """Runs it with another ssh, scp and sftp in PATH; its exit code and what that was given."""
    for name in ("ssh", "scp", "sftp"):
        os.chmod(person.write("bin/" + name, FAKE.format(version=version)), 0o755)
    path = person.home + "/bin:/usr/bin:/bin"
    if terminal:
        child = person.machine.terminal("alice", list(command), PATH=path, **variables)
        status, shown = end(child)
        return status, shown.strip()
    done = subprocess.run(command, env={**parts.environment("alice"), "PATH": path, **variables},
                          preexec_fn=os.setsid, text=True, capture_output=True,
                          timeout=parts.PATIENCE, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def test_ssh_gets_everything_as_it_is(person):
    arguments = ["-v", "-o", "BatchMode=yes", "alice@web1", "--", "ls -l", "--help"]
    for name in ("ssh", "scp", "sftp"):
        status, shown = wrapped(person, "passkey-" + name, *arguments)
        assert status == 5
        assert shown == f"{person.home}/bin/{name}|{' '.join(arguments)}|{ASKPASS}|force|"


@pytest.mark.parametrize("variables,terminal,fallback", [
    ({}, True, ""),
    ({"SSH_ASKPASS": "/a", "DISPLAY": ":0"}, True, ""),
    ({"SSH_ASKPASS": "/a", "DISPLAY": ":0"}, False, "/a"),
    ({"SSH_ASKPASS": "/a", "DISPLAY": ":0", "SSH_ASKPASS_REQUIRE": "never"}, False, ""),
    ({"SSH_ASKPASS": "/a", "WAYLAND_DISPLAY": "x", "SSH_ASKPASS_REQUIRE": "prefer"}, True, "/a"),
    ({"SSH_ASKPASS": "/a", "SSH_ASKPASS_REQUIRE": "force"}, True, "/a"),
    ({"SSH_ASKPASS": "/a", "SSH_ASKPASS_REQUIRE": "force", "PASSKEY_ASKPASS_FALLBACK": "/b"},
     True, "/b"),
    # passkey-ssh under passkey-ssh
    ({"SSH_ASKPASS": ASKPASS, "SSH_ASKPASS_REQUIRE": "force"}, True, ""),
])
def test_an_askpass_that_was_there(person, variables, terminal, fallback):
    status, shown = wrapped(person, "passkey-ssh", "web1", terminal=terminal, **variables)
    assert status == 5 and shown.split("|")[2:] == [ASKPASS, "force", fallback]


@pytest.mark.parametrize("version,words", [("OpenSSH_8.4p1 Debian", "8.5 or later"),
                                           ("Dropbear v2022.83", "not OpenSSH")])
def test_another_ssh_is_refused(person, version, words):
    for name in ("ssh", "scp", "sftp"):
        status, shown = wrapped(person, "passkey-" + name, "web1", version=version)
        assert status == 126 and words in shown


def test_no_ssh(person):
    done = subprocess.run(["/usr/bin/passkey-ssh", "web1"], env={"PATH": "/nowhere"}, text=True,
                          capture_output=True, timeout=parts.PATIENCE, check=False)
    assert done.returncode == 127 and "not installed" in done.stderr


def test_the_wrappers_own_options(person):
    usage = wrapped(person, "passkey-ssh", "--help")[1]
    assert usage.startswith("Usage: passkey-ssh") and max(map(len, usage.splitlines())) <= 80
    version = person.run("--version").stdout.strip()
    assert wrapped(person, "passkey-scp", "--version") == (0, version)
