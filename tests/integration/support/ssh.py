# SPDX-License-Identifier: BSD-2-Clause
"""The real OpenSSH server in the private namespace, and a laptop that connects to it.

erin's account stands for the laptop: it has a home, known hosts and a runtime folder of its own,
and it alone sees the software security keys. The server's side, where passkeyd runs, has none. Both
are on the loopback interface.
"""

import contextlib
import json
import os
import pwd
import re
import select
import shutil
import socket
import subprocess
import threading

import forward
import machine as parts
import namespace

FOLDER = namespace.SCRATCH + "/ssh"
HOST_KEY = FOLDER + "/host_key"
PUBLISHED = "/etc/ssh/ssh_host_test_key.pub"  # where passkeyd looks for this host's keys
AUTH = 4  # the syslog facility of sshd
LAPTOP = "erin"
PROVIDER = namespace.SK_PROVIDER
FRAGMENT = "/usr/share/doc/passkeyd/examples/sshd_config.d/passkey.conf"
# Names that a person may use for this machine, and one that belongs to somebody else.
NAMES = (namespace.HOST, "web1", "localhost", "127.0.0.1", "127.0.1.1", "127.0.0.9", "[::1]", "::1")
HELPER = "/usr/libexec/passkey/passkey-authenticator"
EVIL = "web1.example.net"
EVIL_ADDRESS = "127.0.0.66"
EVIL_KEY = FOLDER + "/evil_key"
SUDOERS_KEEP = 'Defaults env_keep += "SSH_AUTH_SOCK SSH_CONNECTION"\n'

# As a distribution's own file has it; the fragment comes first, as sshd takes the first value.
SERVER_CONFIG = """
Include {fragment}
{listen}
HostKey {host_key}
PidFile none
LogLevel VERBOSE
PasswordAuthentication no
UseDNS no
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
"""


# The person's ssh of most tests: it asks once and only what PAM asks.
CLIENT = ["ssh", "-o", "PreferredAuthentications=keyboard-interactive",
          "-o", "NumberOfPasswordPrompts=1"]


def version():
    """Of this machine's OpenSSH, as (9, 2)."""
    shown = subprocess.run(["ssh", "-V"], text=True, capture_output=True, check=True).stderr
    return tuple(int(part) for part in re.match(r"OpenSSH_(\d+)\.(\d+)", shown).groups())


# All connections come from one address, and most tests fail to sign in.
NO_PENALTIES = "PerSourcePenalties no\n" if version() >= (9, 8) else ""


def keygen(*arguments, **keywords):
    subprocess.run(["ssh-keygen", "-q", "-N", "", *arguments], check=True,
                   stdin=subprocess.DEVNULL, **keywords)


class Server:
    """sshd, with the recommended fragment; ends with the machine."""

    def __init__(self, machine, more="", port=22, stack=None, penalties=NO_PENALTIES,
                 addresses=("0.0.0.0", "[::]")):
        """more: lines in front of the others, so that they win. stack: of /etc/pam.d/sshd."""
        self.machine = machine
        self.port = port
        os.makedirs(FOLDER, exist_ok=True)
        os.makedirs("/run/sshd", exist_ok=True)
        if not os.path.exists(HOST_KEY):
            keygen("-t", "ed25519", "-f", HOST_KEY)
        namespace.write(PUBLISHED, public_key() + "\n")
        namespace.write("/etc/pam.d/sshd", stack or namespace.service())
        self.config = f"{FOLDER}/sshd_config.{port}"
        namespace.write(self.config, more + penalties + SERVER_CONFIG.format(
            fragment=FRAGMENT, host_key=HOST_KEY,
            listen="\n".join(f"ListenAddress {address}:{port}" for address in addresses)))
        since = machine.syslog.mark()
        self.process = machine.start(["/usr/sbin/sshd", "-D", "-f", self.config])
        for address in addresses:
            machine.syslog.wait(rf"Server listening on {re.escape(address.strip('[]'))} "
                                rf"port {port}\.", since)

    def stop(self):
        """No new connections; those that are there stay."""
        self.process.terminate()
        self.process.wait()


def public_key(path=HOST_KEY):
    with open(path + ".pub", encoding="ascii") as file:
        return " ".join(file.read().split()[:2])


class Laptop:
    """The person's own computer: what they type there, and their security keys."""

    def __init__(self, machine, keys=None, user=LAPTOP):
        self.machine, self.keys, self.user = machine, keys, user
        entry = pwd.getpwnam(user)
        self.home = entry.pw_dir
        self.runtime = f"/run/user/{entry.pw_uid}"
        for folder in (self.home, self.runtime):
            shutil.rmtree(folder, ignore_errors=True)
        for folder, mode in ((self.home, 0o755), (self.runtime, 0o700),
                             (self.home + "/.ssh", 0o700)):
            os.mkdir(folder, mode)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self.write(".ssh/known_hosts", "".join(f"{name} {public_key()}\n" for name in NAMES))

    def write(self, name, text, mode=0o600):
        """A file in the home, owned by its user."""
        path = f"{self.home}/{name}"
        entry = pwd.getpwnam(self.user)
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700)
            while len(folder) > len(self.home):
                os.chown(folder, entry.pw_uid, entry.pw_gid)
                folder = os.path.dirname(folder)
        namespace.write(path, text, mode)
        os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def read(self, name):
        with open(f"{self.home}/{name}", encoding="utf-8") as file:
            return file.read()

    @contextlib.contextmanager
    def helper(self):
        """passkey-askpass runs the installed helper, which sees the laptop's software keys.

        The daemon has another one in its configuration, which sees none.
        """
        real = HELPER + ".real"
        os.rename(HELPER, real)
        try:
            self.keys.wrapper(real, HELPER)
            self.machine.program = real
            yield self
        finally:
            os.rename(real, HELPER)

    def know(self, *names, key=HOST_KEY):
        """The host key of those names is accepted."""
        with open(self.home + "/.ssh/known_hosts", "a", encoding="ascii") as file:
            file.writelines(f"{name} {public_key(key)}\n" for name in names)

    def accept(self, host, rp_id=namespace.HOST):
        """As if the person had once said yes to this RP id at this host."""
        path = ".config/passkey/hosts"
        old = self.read(path) if os.path.exists(f"{self.home}/{path}") else ""
        self.write(path, old + f"{host} {rp_id}\n")

    def variables(self, **more):
        """The environment besides what machine.environment() has."""
        return {"XDG_RUNTIME_DIR": self.runtime, **more}

    def terminal(self, command, **more):
        """A command typed at the laptop, on a terminal of its own."""
        return self.machine.terminal(self.user, command, **self.variables(**more))

    def run(self, command, env=None, **keywords):
        """A command without a terminal."""
        return subprocess.run(command, preexec_fn=self.change(), text=True, capture_output=True,
                              env={**parts.environment(self.user), **self.variables(),
                                   **(env or {})}, timeout=parts.PATIENCE, check=False, **keywords)

    def start(self, command, env=None, **keywords):
        return self.machine.start(command, preexec_fn=self.change(), text=True,
                                  env={**parts.environment(self.user), **self.variables(),
                                       **(env or {})}, **keywords)

    def change(self):
        """A new session without a terminal, so that ssh cannot ask on this one."""
        become = parts.become(self.user)

        def both():
            os.setsid()
            become()

        return both


class Prompt:
    """A question that ssh put to its askpass program, which waits for the answer."""

    def __init__(self, connection):
        self.connection = connection
        question = json.loads(connection.makefile("r").readline())
        self.text = question["prompt"]
        self.tag = question["tag"]

    @property
    def request(self):
        """The request that it carries, as a dict, or None."""
        line = forward.find(self.text)
        return forward.decode_request(line) if line else None

    def answer(self, text):
        self.connection.sendall(text.encode() + b"\n")
        self.connection.close()

    def give_up(self):
        """The askpass program fails."""
        self.connection.close()


ASKPASS = """#!/usr/bin/python3 -ISs
import json, os, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect({path!r})
asked = {{"prompt": sys.argv[1], "tag": os.environ.get("TAG", "")}}
sock.sendall(json.dumps(asked).encode() + b"\\n")
answer = sock.makefile("r").readline()
sys.stdout.write(answer)
sys.exit(0 if answer else 1)
"""


class Askpass:
    """An askpass program whose every question is answered by the test, at a time of its choice.

    The real ssh runs it; it stands for a client that lies or that is slow.
    """

    def __init__(self, name="askpass"):
        self.program = f"{FOLDER}/{name}"
        os.makedirs(FOLDER, exist_ok=True)
        path = self.program + ".socket"
        if os.path.exists(path):
            os.unlink(path)
        namespace.write(self.program, ASKPASS.format(path=path), 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(128)
        self.listener.settimeout(parts.PATIENCE)
        os.chmod(path, 0o666)

    def environment(self, tag=""):
        return {"SSH_ASKPASS": self.program, "SSH_ASKPASS_REQUIRE": "force", "TAG": tag}

    def next(self, process=None):
        """The next question, whoever asks it; fails when the process ends without one."""
        ended = [os.pidfd_open(process.pid)] if process and process.poll() is None else []
        ready = select.select([self.listener, *ended], [], [], parts.PATIENCE)[0]
        for descriptor in ended:
            os.close(descriptor)
        if self.listener not in ready:
            raise AssertionError(f"nothing was asked; {process.communicate() if ended else ''}")
        connection = self.listener.accept()[0]
        connection.settimeout(parts.PATIENCE)
        return Prompt(connection)

    def close(self):
        self.listener.close()


class SkKey:
    """What the software sk provider does with an operation; the test decides each one."""

    def __init__(self, laptop, name="sk"):
        self.laptop = laptop
        self.folder = f"{laptop.home}/{name}"
        os.mkdir(self.folder)
        entry = pwd.getpwnam(laptop.user)
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self.listener = None

    def environment(self):
        return {"SOFTWARE_SK": self.folder}

    def keygen(self, name, kind="ed25519-sk", *options):
        """Makes .ssh/NAME with the real ssh-keygen; the path."""
        path = f"{self.laptop.home}/.ssh/{name}"
        done = self.laptop.run(["ssh-keygen", "-q", "-t", kind, "-w", PROVIDER, "-N", "", "-C",
                                name, "-f", path, *options], self.environment())
        assert done.returncode == 0, done.stderr
        return path

    def decide(self):
        """From now on every operation waits for operation()."""
        path = self.folder + "/socket"
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.listener.settimeout(parts.PATIENCE)
        os.chmod(path, 0o666)
        return self

    def operation(self):
        """Waits for the next one."""
        connection = self.listener.accept()[0]
        connection.settimeout(parts.PATIENCE)
        return Operation(connection)

    def asked(self):
        """Whether an operation waits now."""
        self.listener.settimeout(0)
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False
        finally:
            self.listener.settimeout(parts.PATIENCE)

    def at_once(self):
        """Every operation is touched without asking."""
        self.listener.close()
        os.unlink(self.folder + "/socket")
        self.listener = None

    def close(self):
        if self.listener:
            self.listener.close()


class Operation:
    """sign or enroll, waiting to be touched."""

    def __init__(self, connection):
        self.connection = connection
        words = connection.makefile("r").readline().split()
        self.verb, self.algorithm, self.flags, self.application = \
            words[0], int(words[1]), int(words[2], 0), words[3]

    def answer(self, words):
        """See tests/lib/sk_provider.c."""
        self.connection.sendall(words.encode() + b"\n")
        self.connection.close()

    def touch(self):
        self.answer("touch")

    def gone(self):
        """Blocks until whoever asked has gone away."""
        return self.connection.recv(1) == b""


class Agent:
    """A real ssh-agent of the laptop."""

    options = ("-A",)  # of the ssh that forwards it

    def __init__(self, laptop, sk):
        self.laptop, self.sk = laptop, sk
        self.socket = f"{laptop.runtime}/agent.{os.path.basename(sk.folder)}"
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = laptop.start(["ssh-agent", "-D", "-a", self.socket, "-P", PROVIDER],
                                    sk.environment(), stdout=subprocess.PIPE)
        assert "SSH_AUTH_SOCK" in self.process.stdout.readline()  # it listens from here on

    def environment(self):
        return {"SSH_AUTH_SOCK": self.socket}

    def add(self, *paths):
        done = self.laptop.run(["ssh-add", "-q", "-S", PROVIDER, *paths], self.environment())
        assert done.returncode == 0, done.stderr

    def remove_all(self):
        assert self.laptop.run(["ssh-add", "-q", "-D"], self.environment()).returncode == 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Attempt:
    """The real ssh of the laptop, signing in to run a command; an Askpass gets its questions."""

    def __init__(self, laptop, askpass, destination="alice@127.0.0.1", *options, tag="",
                 client=tuple(CLIENT)):
        self.process = laptop.start([*client, *options, destination, "id", "-un"],
                                    askpass.environment(tag), stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.askpass, self.errors = askpass, ""

    def decline_rest(self):
        """Answers whatever else is asked, such as a recovery code, with nothing."""
        ended = os.pidfd_open(self.process.pid)
        while True:
            ready = select.select([self.askpass.listener, ended], [], [], parts.PATIENCE)[0]
            assert ready, "ssh neither asks nor ends"
            if ended in ready:
                break
            self.askpass.next().answer("")
        os.close(ended)

    def end(self):
        """Waits for it; the account it got in to, or None."""
        output, self.errors = self.process.communicate(timeout=parts.PATIENCE)
        return output.strip() if self.process.returncode == 0 else None

    def refused(self):
        assert self.end() is None
        assert "Permission denied (publickey,keyboard-interactive)" in self.errors, self.errors
        return True


def in_background(function, *arguments):
    """A thread whose exception comes out of its join()."""

    class Thread(threading.Thread):
        error = result = None

        def run(self):
            try:
                self.result = function(*arguments)
            except BaseException as error:  # pylint: disable=broad-except
                self.error = error

        def join(self, timeout=parts.PATIENCE):
            super().join(timeout)
            assert not self.is_alive(), f"{function.__name__} did not end"
            if self.error:
                raise self.error
            return self.result

    thread = Thread(daemon=True)
    thread.start()
    return thread


def keep_environment(yes=True):
    namespace.write("/etc/sudoers.d/passkey", SUDOERS_KEEP if yes else "", 0o440)
