# SPDX-License-Identifier: BSD-2-Clause
"""The virtual machine of run --systemd, furnished like the private namespace, and its accounts."""

import json
import os
import re
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "integration", "support"), os.path.join(HERE, "..", "lib")]

import console  # noqa: E402
import installed  # noqa: E402
import machine as parts  # noqa: E402
import namespace  # noqa: E402
import softkey  # noqa: E402
from console import Screen, show_console, shown_console  # noqa: E402

UNIT = "passkeyd.service"
SESSION = "session required pam_loginuid.so\nsession required pam_systemd.so\n"
softkey.PATIENCE = console.PATIENCE = parts.PATIENCE


def run(*command):
    """What it writes."""
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        log = subprocess.run(["journalctl", "--boot", "--lines=20", "--no-pager"], text=True,
                             capture_output=True, check=False)
        raise AssertionError(f"{command}: {done.returncode}\n"
                             f"{done.stdout}{done.stderr}{log.stdout}")
    return done.stdout


def furnish(stage):
    """stage: where make install has put everything. The rest is what a package would do."""
    socket.sethostname(namespace.HOST.split(".", maxsplit=1)[0])
    os.makedirs(namespace.SCRATCH)
    os.makedirs("/run/user", exist_ok=True)
    installed.mask()
    namespace.add_people(daemon_user=False)
    namespace.add_files()
    namespace.write("/etc/pam.d/login", namespace.service() + SESSION)
    # As Debian has them: only the first that is asked makes a session.
    for name in ("su", "runuser-l"):
        namespace.write("/etc/pam.d/" + name, "auth sufficient pam_rootok.so\n"
                        + namespace.service() + "session optional pam_systemd.so\n")
    namespace.write("/etc/pam.d/desktop",
                    "auth required pam_permit.so\n" + namespace.REST + SESSION)
    namespace.write("/etc/pam.d/systemd-user", "account required pam_permit.so\n" + SESSION)
    for name in ("locker", "lightdm", "webapp", "for-peer"):
        namespace.write("/etc/pam.d/" + name, namespace.service())
    run("systemd-sysusers", stage + "/usr/lib/sysusers.d/passkeyd.conf")
    run("sh", "-c", f"tar -C {stage} -c . | "
        "tar -C / -x --keep-directory-symlink --no-overwrite-dir --no-same-owner")
    run("systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/passkeyd.conf")
    run("systemctl", "daemon-reload")
    run("systemctl", "reload", "dbus.service")
    run("udevadm", "control", "--reload")


class Journal(parts.Syslog):
    """systemd's, read as it is written."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.lines = []
        self.units = set()  # (unit, facility) of what wrote them
        self.marks = 0
        self.arrived = threading.Condition()
        self.process = subprocess.Popen(["journalctl", "--follow", "--boot", "--output=json"],
                                        stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            entry = json.loads(line)
            facility = int(entry.get("SYSLOG_FACILITY", -1))
            with self.arrived:
                self.lines.append((facility, str(entry.get("MESSAGE"))))
                self.units.add((entry.get("_SYSTEMD_UNIT"), facility))
                self.arrived.notify_all()

    def mark(self):
        """What was written before this has been read when it returns."""
        self.marks += 1
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<15>mark: %d." % self.marks, "/dev/log")
        self.wait(rf"^{self.marks}\.$")
        with self.arrived:
            return len(self.lines)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.thread.join()


class Booted(parts.Machine):
    """A Machine of which systemd runs the parts."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.syslog = Journal()
        self.program = None
        self.daemon_bus = None
        self.processes = []
        self.connections = []

    def close(self):
        for connection in self.connections:
            connection.close()
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                process.wait()
        self.syslog.close()

    def enrol(self, user, name="blue", pin=None, **options):
        """As root who has signed in on the console that is shown, not being in any session."""
        where = {"real-uid": 0, "terminal": 0x400 + shown_console()}
        return super().enrol(user, name, pin, **where, **options)

    def show(self, name, unit=UNIT):
        return run("systemctl", "show", "--value", "--property", name, unit).strip()

    def stop(self):
        run("systemctl", "stop", UNIT)

    def wait_serving(self, since):
        self.syslog.wait(f"serves {namespace.HOST}", since)
        return self.daemon_pid()

    def ask_something(self):
        """A call that changes nothing; the daemon's process."""
        return str(self.connect().call("org.freedesktop.DBus.Properties", "Get", "ss",
                                       parts.MANAGER, "Version"))


class Session:
    """Somebody signed in; child is a pexpect.spawn with their shell on it."""

    def __init__(self, machine, child):
        self.machine, self.child = machine, child
        self.pieces = []
        child.logfile_read = self

    def write(self, text):
        self.pieces.append(text)

    def flush(self):
        pass

    def begin(self, command):
        """Types it; end() waits for it. The shell echoes, but not what the words come to."""
        self.pieces.clear()
        self.child.sendline(f"{command}; echo end:$?.")

    def end(self):
        """The exit code, and what was on the screen."""
        self.child.expect(r"end:(\d+)\.")
        return int(self.child.match.group(1)), "".join(self.pieces)

    def run(self, command):
        self.begin(command)
        return self.end()

    def logind(self, name):
        """That property of the session, which the session itself must know."""
        code, text = self.run(f"loginctl show-session $XDG_SESSION_ID --property {name}")
        found = re.search(rf"\b{name}=(.*?)\r?\n", text)
        assert code == 0 and found, text
        return found.group(1)

    def close(self):
        self.child.sendline("exit")
        self.child.expect(parts.pexpect.EOF)
        self.child.close()


class ConsoleSession(Session):
    """Somebody signed in on a virtual console."""

    def __init__(self, machine, screen):  # pylint: disable=super-init-not-called
        self.machine, self.child = machine, screen

    def begin(self, command):
        self.child.clear()
        self.child.sendline(f"{command}; echo end:$?.")

    def end(self):
        self.child.expect(r"end:(\d+)\.")
        return int(self.child.match.group(1)), re.sub(" +\n", "\n", self.child.text())

    def close(self):
        self.child.sendline("exit")


def at_login_prompt(number):
    """A console on which nobody has signed in. logind starts a getty when it is shown."""
    screen = Screen(number)
    show_console(number)
    screen.expect("login: ")
    return screen


def log_in(machine, number, user, key):
    screen = at_login_prompt(number)
    screen.sendline(user)
    try:
        key.wait_touch_wanted()
    except TimeoutError as error:
        raise AssertionError(screen.text() + machine.syslog.text()) from error
    assert key.touch()
    screen.expect(r"\$ ")
    return ConsoleSession(machine, screen)
