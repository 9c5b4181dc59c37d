# SPDX-License-Identifier: BSD-2-Clause
"""What runs in the private namespace: system log, bus, daemon, and people at terminals."""

import contextlib
import json
import os
import pwd
import re
import select
import signal
import socket
import subprocess
import threading
import time

import dbus
import dbus.bus
import pexpect

import namespace

SOCKET = "/run/dbus/system_bus_socket"
ADDRESS = "unix:path=" + SOCKET
NAME = "org.passkeyd"
PATH = "/org/passkeyd"
MANAGER = "org.passkeyd.Manager1"
CONVERSATION = "org.passkeyd.Conversation1"
RELYING_PARTY = "org.passkeyd.RelyingParty1"
CREDENTIALS = "org.passkeyd.Credentials1"
KEYS = "org.passkeyd.Keys1"
ERROR = "org.passkeyd.Error."
CONFIG = "/etc/passkey/passkeyd.conf"
STATE = "/var/lib/passkeyd"
AUTHPRIV = 10
# Seconds that anything here may take before the test fails; an emulated machine is slow.
PATIENCE = int(os.environ.get("PATIENCE", "30"))


class Syslog:
    """/dev/log, read as it is written; copy: a file that gets its lines, too."""

    def __init__(self, copy=None):
        self.copy = copy and open(copy, "a", encoding="utf-8", buffering=1)
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/dev/log")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.lines = []  # (facility, text)
        self.marks = 0
        self.arrived = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while True:
            datagram = self.socket.recv(65536)
            if datagram == b"stop":
                return
            if datagram == b"mark":
                with self.arrived:
                    self.marks += 1
                    self.arrived.notify_all()
                continue
            text = datagram.decode("utf-8", "replace").rstrip("\n\0")
            header = re.match(r"<(\d+)>(?:\w+ +\d+ [\d:]+ )?", text)
            facility = int(header.group(1)) >> 3 if header else -1
            text = text[header.end():] if header else text
            if self.copy:
                self.copy.write(text + "\n")
            with self.arrived:
                self.lines.append((facility, text))
                self.arrived.notify_all()

    @staticmethod
    def _send(what):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(what, "/dev/log")

    def close(self):
        self._send(b"stop")
        self.thread.join()
        self.socket.close()
        os.unlink("/dev/log")

    def mark(self):
        """What was written before this has been read when it returns."""
        with self.arrived:
            marks = self.marks
        self._send(b"mark")
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.marks > marks, PATIENCE)
            return len(self.lines)

    def text(self, since=0):
        with self.arrived:
            return "\n".join(text for _, text in self.lines[since:])

    def wait(self, pattern, since=0, facility=None):
        """The first line that matches; waits for it."""
        wanted = re.compile(pattern)

        def find():
            for number, text in self.lines[since:]:
                if wanted.search(text) and facility in (None, number):
                    return text
            return None

        with self.arrived:
            line = self.arrived.wait_for(find, PATIENCE)
        assert line, f"no log line matched {pattern!r} among:\n{self.text(since)}"
        return line


def wait_exit(pid):
    """Returns once the process has ended, whoever its parent is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], PATIENCE)[0], f"process {pid} did not end"
    finally:
        os.close(descriptor)


def status(pid):
    """/proc/PID/status."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {name: value.strip() for name, value in (line.split(":", 1) for line in file)}


def descriptors(pid):
    """What the process has open."""
    open_files = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            open_files.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return sorted(open_files)


def kept_descriptors(pid):
    """The daemon's, without the store's files: each worker thread opens them for itself once it is
    needed, and how many are depends on which job comes while another runs."""
    return [path for path in descriptors(pid) if not path.startswith(STATE)]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def wait_for_helpers(pid):
    """Until none but the helper that watches for keys is left of the daemon's children.

    A sign-in is answered before its helper has gone. The process that is kept ready stays.
    """
    left = []
    for child in children(pid):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            if status(child)["Name"] != "passkey-ready":
                left.append(os.pidfd_open(child))
    while len(left) > 1:
        ended = select.select(left, [], [], PATIENCE)[0]
        assert ended, "helpers that do not end"
        for descriptor in ended:
            left.remove(descriptor)
            os.close(descriptor)
    for descriptor in left:
        os.close(descriptor)


def wait_until(moment):
    """Returns at that time of the system's clock: for what the daemon says will expire then."""
    remaining = moment - time.time()
    if remaining > 0:
        select.select([], [], [], remaining)


@contextlib.contextmanager
def effective(user):
    """As user, for as long as it takes to connect: the bus reads the socket's credentials."""
    uid = pwd.getpwnam(user).pw_uid
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def become(user):
    """A preexec_fn: the process is wholly user's, as after a login."""
    entry = pwd.getpwnam(user)

    def change():
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.chdir(entry.pw_dir)

    return change


def environment(user):
    entry = pwd.getpwnam(user)
    sanitizer = {name: os.environ[name] for name in ("TSAN_OPTIONS",) if name in os.environ}
    return {"HOME": entry.pw_dir, "USER": user, "LOGNAME": user, "SHELL": entry.pw_shell,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8",
            **sanitizer}


class Terminal(pexpect.spawn):
    """A command on a terminal of its own; what is on it has ended when the command has.

    util-linux's login closes its terminal, hangs it up and opens it again before it asks anything;
    for whoever reads the other side at that moment, it looks like the end.
    """

    def isalive(self):
        self.flag_eof = False  # with it, this would wait for the command's end
        return super().isalive()

    def read_nonblocking(self, size=1, timeout=-1):
        timeout = self.timeout if timeout == -1 else timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return super().read_nonblocking(size, timeout)
            except pexpect.EOF:
                if not self.isalive():
                    return super().read_nonblocking(size, 0)  # what came in between, or the end
            if deadline is not None:
                timeout = deadline - time.monotonic()
                if timeout < 0:
                    raise pexpect.TIMEOUT("the terminal is hung up, and its command goes on")
            # Nothing tells when it is opened again; how the command ends, this does.
            with contextlib.suppress(ProcessLookupError):
                command = os.pidfd_open(self.pid)
                select.select([command], [], [], 0.01)
                os.close(command)


class Connection:
    """A bus connection of one user, with passkeyd's methods."""

    def __init__(self, user):
        with effective(user):
            self.bus = dbus.bus.BusConnection(ADDRESS)
        self.user = user

    def close(self):
        self.bus.close()

    def call(self, interface, member, signature="", *arguments, path=PATH, timeout=PATIENCE):
        return self.bus.call_blocking(NAME, path, interface, member, signature, arguments,
                                      timeout=timeout)

    def authenticate(self, user, **context):
        path = self.call(MANAGER, "Authenticate", "sa{sv}", user, vardict(context))
        return Conversation(self, path)

    def enroll(self, user, **options):
        return Conversation(self, self.call(MANAGER, "Enroll", "sa{sv}", user, vardict(options)))

    def fails(self, name, interface, member, signature="", *arguments, **keywords):
        """The call must end in org.passkeyd.Error.NAME (or another error, given in full)."""
        try:
            value = self.call(interface, member, signature, *arguments, **keywords)
        except dbus.DBusException as error:
            full = name if "." in name else ERROR + name
            assert error.get_dbus_name() == full, error
            return error.get_dbus_message()
        raise AssertionError(f"{member} returned {value!r} instead of {name}")


def vardict(values):
    return dbus.Dictionary({key: variant(value) for key, value in values.items()}, signature="sv")


def variant(value):
    if isinstance(value, bool):
        return dbus.Boolean(value, variant_level=1)
    if isinstance(value, int) and not hasattr(value, "variant_level"):
        return dbus.UInt32(value, variant_level=1)
    if isinstance(value, str) and not hasattr(value, "variant_level"):
        return dbus.String(value, variant_level=1)
    return value


def secret(text):
    """A descriptor that holds text, as an answer to ask-secret."""
    descriptor = os.memfd_create("secret")
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        return dbus.types.UnixFd(descriptor, variant_level=1)
    finally:
        os.close(descriptor)


class Conversation:
    def __init__(self, connection, path):
        self.connection = connection
        self.path = str(path)

    def next(self, timeout=PATIENCE, **answer):
        kind, text, details = self.connection.call(CONVERSATION, "Next", "a{sv}", vardict(answer),
                                                   path=self.path, timeout=timeout)
        return str(kind), str(text), {str(key): value for key, value in details.items()}

    def cancel(self):
        self.connection.call(CONVERSATION, "Cancel", path=self.path)

    def run(self, pin=None, seen=None):
        """Answers with pin until done; returns done's details. seen collects (kind, text)."""
        answer = {}
        while True:
            kind, text, details = self.next(**answer)
            answer = {}
            if seen is not None:
                seen.append((kind, text))
            if kind == "done":
                return details
            if kind == "ask-secret":
                answer = {"secret": secret(pin or "")}


class Machine:
    """Everything that runs; one per test. log: a file for a copy of the system log."""

    def __init__(self, log=None):
        self.syslog = Syslog(log)
        self.daemon_bus = None
        self.program = None  # the helper, where it is not the installed one
        self.processes = []
        self.connections = []

    # The bus

    def start_bus(self):
        reader, writer = os.pipe()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)
        self.daemon_bus = self.start(["dbus-daemon", "--system", "--nofork", "--nopidfile",
                                      f"--print-address={writer}"], pass_fds=[writer],
                                     stderr=subprocess.DEVNULL)  # it writes to the log as well
        os.close(writer)
        assert select.select([reader], [], [], PATIENCE)[0], "dbus-daemon did not start"
        assert os.read(reader, 4096), "dbus-daemon did not start:\n" + self.syslog.text()
        os.close(reader)

    def stop_bus(self):
        self.daemon_bus.kill()
        self.daemon_bus.wait()

    def connect(self, user="root"):
        connection = Connection(user)
        self.connections.append(connection)
        return connection

    def driver(self, member, signature="", *arguments):
        """A question to the bus itself."""
        bus = dbus.bus.BusConnection(ADDRESS)
        try:
            return bus.call_blocking("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", member, signature, arguments)
        finally:
            bus.close()

    # The daemon

    def configure(self, text=""):
        if self.program:
            text += f"\n[authenticator]\nprogram = {self.program}\n"
        namespace.write(CONFIG, text)

    def enrol(self, user, name="blue", pin=None, **options):
        """Enrols the one key that is plugged in and not enrolled yet; root needs no polkit."""
        connection = Connection("root")
        try:
            seen = []
            details = connection.enroll(user, name=name, **options).run(pin=pin, seen=seen)
            assert details["result"] == "ok", seen
            return json.loads(details["credential"])
        finally:
            connection.close()

    def recovery_codes(self, user):
        """Ten new ones, made by root."""
        pipe = self.connect().call(CREDENTIALS, "CreateRecoveryCodes", "s", user)
        with os.fdopen(pipe.take(), "r", encoding="ascii") as lines:
            return lines.read().split()

    def activatable(self, yes):
        """Whether the bus may start the daemon when somebody calls it."""
        service = namespace.SERVICE
        if yes and os.path.exists(service + ".off"):
            os.rename(service + ".off", service)
        elif not yes and os.path.exists(service):
            os.rename(service, service + ".off")
        if self.daemon_bus and self.daemon_bus.poll() is None:
            self.driver("ReloadConfig")

    def daemon_pid(self):
        """0 when it is not running."""
        if not self.driver("NameHasOwner", "s", NAME):
            return 0
        return int(self.driver("GetConnectionUnixProcessID", "s", NAME))

    def start_daemon(self):
        self.driver("StartServiceByName", "su", NAME, 0)
        return self.daemon_pid()

    def kill_daemon(self, number=signal.SIGKILL):
        pid = self.daemon_pid()
        if pid:
            os.kill(pid, number)
            wait_exit(pid)
        return pid

    def enrol_with_touch(self, key, user):
        key.set(touch="immediate")
        return self.enrol(user)

    # People and programs

    def start(self, command, **keywords):
        process = subprocess.Popen(command, **keywords)
        self.processes.append(process)
        return process

    def terminal(self, user, command, **variables):
        """command on a terminal of its own, as user; a pexpect.spawn."""
        return Terminal(command[0], command[1:], timeout=PATIENCE, encoding="utf-8",
                        codec_errors="replace", preexec_fn=become(user),
                        env=dict(environment(user), **variables), echo=False,
                        dimensions=(24, 200))

    def run_as(self, user, command, **keywords):
        return subprocess.run(command, preexec_fn=become(user), env=environment(user), text=True,
                              capture_output=True, timeout=PATIENCE, check=False, **keywords)

    def results(self):
        """What pam_passkey.so returned so far: (service, user, result)."""
        with open(namespace.RESULTS, encoding="utf-8") as file:
            return [tuple(line.split()) for line in file]

    def close(self):
        for connection in self.connections:
            with contextlib.suppress(dbus.DBusException):
                connection.close()
        if os.path.isdir(namespace.REPORTS):
            end_gently()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        end_all_others()
        self.syslog.close()
        namespace.write(namespace.RESULTS, "", 0o666)
        self.activatable(True)


def reset_state():
    """As freshly installed: no credentials, and no configuration but namespace.LOCALITY."""
    for folder in (STATE, os.path.dirname(CONFIG)):
        subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)
    namespace.write_locality()


def end_gently():
    """The daemon and gateways end of their own accord: what leaks is reported then."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            descriptor = os.pidfd_open(int(name))
            if status(int(name))["Name"] in ("passkeyd", "passkey-gateway"):
                os.kill(int(name), signal.SIGTERM)
                select.select([descriptor], [], [], PATIENCE)
            os.close(descriptor)


def end_all_others():
    """Ends what was started by activation. Every process of this namespace belongs to the test run;
    spared are the first process and those this one runs under."""
    spared = {1, os.getpid()}
    pid = os.getppid()
    while pid > 1:
        spared.add(pid)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
    # What ends may still start something, such as pam_exec's script: until nothing is left.
    while others := [int(name) for name in os.listdir("/proc")
                     if name.isdigit() and int(name) not in spared and status_of(int(name)) != "Z"]:
        for other in others:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(other)
                os.kill(other, signal.SIGKILL)
                select.select([descriptor], [], [], PATIENCE)
                os.close(descriptor)


def status_of(pid):
    """The letter of the process's state; Z also when it is gone."""
    try:
        return status(pid)["State"][0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


SET_PIN = """
import ctypes, sys
fido = ctypes.CDLL(None)
fido.fido_dev_new.restype = ctypes.c_void_p
fido.fido_init(0)
device = ctypes.c_void_p(fido.fido_dev_new())
path, new, old = (each.encode() or None for each in sys.argv[1:])
sys.exit(fido.fido_dev_open(device, path) or fido.fido_dev_set_pin(device, new, old))
"""


def set_pin(keys, key, pin, old=""):
    """As the person did when the key was new, with libfido2."""
    variables = dict(os.environ, **keys.environment())
    variables["LD_PRELOAD"] += " libfido2.so.1"
    subprocess.run(["/usr/bin/python3", "-c", SET_PIN, key.path, pin, old], check=True,
                   env=variables)


def database():
    return next(os.path.join(STATE, name) for name in os.listdir(STATE)
                if name.endswith(".db"))
