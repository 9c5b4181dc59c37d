# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/run --systemd: whose requests make a key in this computer blink.

Each is made by the real program where a person, a job or an attacker would, with the real logind,
whose files say the same as it says when it is asked: all is done in both ways. The numbers are
those of the rows in daemon/bus/seat.c and passkeyd(8). See systemd_checks.py.
"""

import os
import re
import subprocess

import pytest

import booted
import machine as parts
import namespace
from booted import run
from systemd_checks import SUDO, connect, touches

AS_ALICE = "sudo -S -k -u bob id -un"  # -S: asks where there is no terminal
LATER = namespace.SCRATCH + "/later"
PEER = "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); " \
    "s.connect(\"/run/for-peer\"); print(s.makefile().read())'"


def blinks(machine, blue, begin, end, expected):
    """begin() makes the key blink; touched, it lets in whom it is asked for; returns end()'s."""
    begin()
    blue.wait_touch_wanted()
    assert blue.touch()
    ended = end()
    assert machine.results()[-1] == (*expected, "success"), ended
    return ended


def does_not_blink(machine, keys, whole, expected):
    """whole() ends by itself, refused, and no key waits for a touch."""
    since = keys.mark()
    count = len(machine.results())
    ended = whole()
    assert machine.results()[count:] == [(*expected, "authinfo_unavail")], ended
    # Not "opened": the helper of what came before may be looking for keys still.
    assert "touch-wanted" not in touches(keys, since), ended


def row(machine, since):
    """Which one decided, the last time."""
    found = re.findall(r"key in this computer: row (\w+):", machine.syslog.text(since))
    return found[-1] if found else None


HIDDEN = "/run/systemd/system/passkeyd.service.d/hidden.conf"


# What logind's words mean is in one place for both ways, and test_session_locality.py has each row
# in both: here the slower one is tried with those that decide most.
BY_THE_BUS = ("test_sudo_on_the_shown_console", "test_what_su_left_behind",
              "test_without_a_terminal", "test_a_console_that_is_not_shown",
              "test_over_ssh_while_she_sits_here")


def pytest_generate_tests(metafunc):
    by_both = metafunc.function.__name__ in BY_THE_BUS
    metafunc.parametrize("reader", ["files", "bus"] if by_both else ["files"], indirect=True,
                         scope="module")


@pytest.fixture(scope="module", autouse=True)
def reader(machine, console, request):
    """The log says which row decided; nobody but alice has signed in. Where the daemon cannot see
    the control groups of others it asks logind."""
    machine.configure(machine.settings + "[daemon]\ndebug = yes\n")
    if request.param == "bus":
        os.makedirs(os.path.dirname(HIDDEN))
        namespace.write(HIDDEN, "[Service]\nProtectProc=invisible\n")
        run("systemctl", "daemon-reload")
    mark = machine.syslog.mark()
    run("systemctl", "restart", booted.UNIT)
    machine.wait_serving(mark)
    booted.show_console(2)
    yield request.param
    if request.param == "bus":
        os.unlink(HIDDEN)
        run("systemctl", "daemon-reload")


@pytest.fixture
def decided(machine, reader):
    """Which row did, in this test."""
    mark = machine.syslog.mark()
    yield lambda: (machine.syslog.mark(), row(machine, mark))[1]
    machine.syslog.mark()
    asked = re.findall("logind is asked", machine.syslog.text(mark))
    assert bool(asked) == (reader == "bus"), asked


class Later:
    """A program that somebody leaves behind; it does its work when it is told to."""

    def __init__(self, command):
        for name in ("go", "done"):
            path = f"{LATER}.{name}"
            if os.path.exists(path):
                os.unlink(path)
            os.mkfifo(path)
            os.chmod(path, 0o666)
        namespace.write(LATER, f"read go <{LATER}.go\n{command} >/dev/null 2>&1 </dev/null\n"
                        f"echo $? >{LATER}.done\n", 0o755)
        self.command = f"setsid -f sh {LATER}"

    def __call__(self):
        with open(LATER + ".go", "w", encoding="ascii") as file:
            file.write("go\n")
        with open(LATER + ".done", encoding="ascii") as file:
            return file.read()


def as_service(*command, user=None):
    """What it writes, run by systemd as a service."""
    uid = [f"--uid={user}"] if user else []
    done = subprocess.run(["systemd-run", "--quiet", "--wait", "--pipe", *uid, *command], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout + done.stderr


def as_manager(user, *command):
    """What it writes, run by that user's service manager, whoever told it to."""
    uid = parts.pwd.getpwnam(user).pw_uid
    done = subprocess.run(["runuser", "-u", user, "--", "env", f"XDG_RUNTIME_DIR=/run/user/{uid}",
                           "systemd-run", "--user", "--quiet", "--wait", *command], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout + done.stderr


# On the console that is shown


def begin_su(console, command):
    """Who acts for another presses Enter before the key blinks."""
    console.begin(command)
    console.child.expect('Enter, or "no": ')  # what is typed before that is thrown away
    console.child.sendline("")


def test_sudo_on_the_shown_console(machine, blue, console, decided):
    code, text = blinks(machine, blue, lambda: console.begin(SUDO), console.end, ("sudo", "alice"))
    assert code == 0 and "bob" in text
    assert decided() == "3"


def test_su_there_and_sudo_by_its_user(machine, blue, console, decided):
    """Row 5: bob's sudo is in alice's session, on its console (which su -c would take away)."""
    begin_su(console, "su --session-command 'sudo -k -u dave id -un' bob")
    for _ in range(2):
        blue.wait_touch_wanted()
        assert blue.touch()
    code, text = console.end()
    assert code == 0 and "dave" in text
    assert decided() == "5"
    assert machine.results()[-2:] == [("su", "bob", "success"), ("sudo", "bob", "success")]


def test_what_su_left_behind(machine, keys, blue, console, decided):
    """Row 5: bob's program stays in alice's session when she has long forgotten it."""
    later = Later("sudo -S -k -u alice id -un")
    blinks(machine, blue, lambda: begin_su(console, f"su bob -c '{later.command}'"), console.end,
           ("su", "bob"))
    does_not_blink(machine, keys, later, ("sudo", "bob"))
    assert decided() == "5"


def test_what_su_left_behind_on_a_terminal_of_its_own(machine, keys, blue, console, decided):
    later = Later("script -qc 'sudo -k -u alice id -un' /dev/null")
    blinks(machine, blue, lambda: begin_su(console, f"su bob -c '{later.command}'"), console.end,
           ("su", "bob"))
    does_not_blink(machine, keys, later, ("sudo", "bob"))
    assert decided() == "5"


def test_tmux(machine, keys, console, decided):
    """Row 4: it may be used over ssh just as well."""
    later = Later("true")
    assert console.run(f"tmux new-session -d '{SUDO}; sh {LATER}'")[0] == 0
    does_not_blink(machine, keys, later, ("sudo", "alice"))
    assert decided() == "4"


def test_without_a_terminal(machine, keys, console, decided):
    """Row 4."""
    later = Later(AS_ALICE)
    assert console.run(later.command)[0] == 0
    does_not_blink(machine, keys, later, ("sudo", "alice"))
    assert decided() == "4"


def test_another_terminal_as_input(machine, keys, console, decided):
    """Row 4: PAM_TTY is the console then; the controlling terminal is not."""
    later = Later("true")
    assert console.run(f"tmux new-session -d 'setsid -w {AS_ALICE} </dev/tty2; sh {LATER}'")[0] == 0
    does_not_blink(machine, keys, later, ("sudo", "alice"))
    assert decided() == "4"


def test_a_locker(machine, blue, console, decided):
    """Row 3: not root's, and not believed to be on any terminal; but in the session."""
    blinks(machine, blue, lambda: console.begin("pamtester locker alice authenticate"), console.end,
           ("locker", "alice"))
    assert decided() == "3"


def test_a_scope_of_the_manager(machine, blue, console, decided):
    """Row 6."""
    blinks(machine, blue, lambda: console.begin("systemd-run --user --scope --quiet " + SUDO),
           console.end, ("sudo", "alice"))
    assert decided() == "6"


def test_a_service_of_the_manager_without_a_desktop(machine, keys, console, decided):
    """Row 7."""
    does_not_blink(machine, keys, lambda: console.run("systemd-run --user --pty --quiet " + SUDO),
                   ("sudo", "alice"))
    assert decided() == "7"


# Another console is shown


def test_a_console_that_is_not_shown(machine, keys, console, decided):
    """Row 2 for sudo; a login there is row 13."""
    booted.show_console(5)
    does_not_blink(machine, keys, lambda: console.run(SUDO), ("sudo", "alice"))
    assert decided() == "2"
    screen = booted.at_login_prompt(6)
    booted.show_console(2)

    def login():
        screen.sendline("dave")
        screen.expect("Login incorrect")

    does_not_blink(machine, keys, login, ("login", "dave"))
    assert decided() == "13"


def test_after_the_logout(machine, keys, blue, decided):
    """Row 2: the session is closing as long as a program of it is left."""
    session = booted.log_in(machine, 3, "dave", blue)
    assert decided() == "10"
    later = Later("sudo -S -k -u bob id -un")
    assert session.run(later.command)[0] == 0
    mark = machine.syslog.mark()
    session.close()
    machine.syslog.wait("Session .* logged out", mark)
    does_not_blink(machine, keys, later, ("sudo", "dave"))
    assert decided() == "2"
    booted.show_console(2)


# Elsewhere


def test_a_login_on_a_pseudo_terminal(machine, keys, blue, console, decided):
    """Rows 13 and 2, as on a serial line: logind gives it no seat, and does not call it remote."""
    child = machine.terminal("root", ["login", "alice"])
    does_not_blink(machine, keys, lambda: child.expect("Login incorrect"), ("login", "alice"))
    assert decided() == "13"
    child.close(force=True)
    child = machine.terminal("root", ["login", "-f", "alice"])
    session = booted.Session(machine, child)
    child.expect(r"\$ ")
    assert session.logind("Remote") == "no"
    does_not_blink(machine, keys, lambda: session.run(SUDO), ("sudo", "alice"))
    assert decided() == "2"
    session.close()


def test_over_ssh_while_she_sits_here(machine, keys, console, laptop, decided):
    """What tells her ssh login from her console is gone in her service manager (row 8), but for the
    audit session in a scope (row 6)."""
    session = connect(machine, laptop)
    locker = "env -u SSH_CONNECTION pamtester locker alice authenticate"
    for command, number in ((SUDO, "2"), (locker, "2"),
                            ("systemd-run --user --pty --quiet " + SUDO, "8"),
                            ("systemd-run --user --scope --quiet " + SUDO, "6")):
        service = "locker" if "locker" in command else "sudo"
        does_not_blink(machine, keys, lambda asked=command: session.run(asked), (service, "alice"))
        assert decided() == number, command
    session.close()


def test_cron_and_at(machine, keys, console, decided):
    """Rows 13 and 9: in no session; cron sets the login uid."""
    does_not_blink(machine, keys, lambda: as_service(*AS_ALICE.split(), user="alice"),
                   ("sudo", "alice"))
    assert decided() == "13"
    job = "echo 2001 >/proc/self/loginuid; exec setpriv --reuid=2001 --regid=2001 --init-groups "
    does_not_blink(machine, keys, lambda: as_service("sh", "-c", job + AS_ALICE), ("sudo", "alice"))
    assert decided() == "9"


def test_su_in_a_job_of_crons(machine, keys, console, decided):
    """Row 2: it makes a session, which is active and not remote, and has no seat."""
    job = f"echo 2001 >/proc/self/loginuid; exec runuser -l alice -c '{AS_ALICE}'"
    does_not_blink(machine, keys, lambda: as_service("sh", "-c", job), ("sudo", "alice"))
    assert decided() == "2"


def test_a_user_who_lingers(machine, keys, console, decided):
    """Row 8."""
    run("loginctl", "enable-linger", "bob")
    run("systemctl", "start", "user@2002.service")
    command = "sudo -S -k -u alice id -un"
    does_not_blink(machine, keys, lambda: as_manager("bob", "--pipe", *command.split()),
                   ("sudo", "bob"))
    assert decided() == "8"
    run("loginctl", "disable-linger", "bob")


# Services of root's


def test_display_managers(machine, keys, blue, console, decided):
    """Row 11 for those that the configuration names; row 13 for the rest."""
    process = []

    def begin():
        process.append(subprocess.Popen(
            ["systemd-run", "--quiet", "--wait", "--pipe", "pamtester", "lightdm", "alice",
             "authenticate"], stdin=subprocess.DEVNULL))

    blinks(machine, blue, begin, lambda: process[0].wait(), ("lightdm", "alice"))
    assert decided() == "11"
    does_not_blink(machine, keys,
                   lambda: as_service("pamtester", "webapp", "alice", "authenticate"),
                   ("webapp", "alice"))
    assert decided() == "13"


@pytest.fixture
def for_peer():
    """A service of root's for each connection, as polkit's helper is in newer versions."""
    namespace.write("/run/systemd/system/for-peer.socket",
                    "[Socket]\nListenStream=/run/for-peer\nSocketMode=0666\nAccept=yes\n")
    namespace.write("/run/systemd/system/for-peer@.service",
                    "[Service]\nStandardInput=socket\nStandardError=socket\n"
                    "ExecStart=-/usr/bin/pamtester for-peer alice authenticate\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "for-peer.socket")
    yield
    run("systemctl", "stop", "for-peer.socket")


def test_a_service_that_works_for_its_peer(machine, keys, blue, console, laptop, for_peer, decided):
    """Row 12: as the process at the other end; of no session, it would be row 13."""
    blinks(machine, blue, lambda: console.begin(PEER), console.end, ("for-peer", "alice"))
    assert decided() == "3"
    later = Later("true")
    assert console.run(f"tmux new-session -d \"{PEER.replace(chr(34), chr(92) + chr(34))}; "
                       f"sh {LATER}\"")[0] == 0
    does_not_blink(machine, keys, later, ("for-peer", "alice"))
    assert decided() == "4"
    session = connect(machine, laptop)
    does_not_blink(machine, keys, lambda: session.run(PEER), ("for-peer", "alice"))
    assert decided() == "2"
    session.close()


# A desktop


@pytest.fixture(scope="module")
def desktop(machine, console):
    """carol's on the seventh console: its session is all there is of it."""
    booted.show_console(7)
    namespace.write("/run/systemd/system/desktop.service", """[Service]
User=carol
PAMName=desktop
TTYPath=/dev/tty7
StandardInput=tty
Environment=XDG_SEAT=seat0 XDG_VTNR=7 XDG_SESSION_TYPE=x11 XDG_SESSION_CLASS=user
ExecStart=/bin/sh """ + LATER + "\n")
    run("systemctl", "daemon-reload")
    yield
    run("systemctl", "stop", "desktop.service")
    booted.show_console(2)


def start_desktop(machine, command):
    later = Later(command)
    mark = machine.syslog.mark()
    run("systemctl", "restart", "desktop.service")
    machine.syslog.wait("New session .* of user carol", mark)
    run("systemctl", "start", "user@2003.service")  # returns when her service manager serves
    booted.show_console(7)
    return later


def in_background(whole):
    """begin and end for blinks()."""
    threads = []

    def begin():
        threads.append(parts.threading.Thread(target=whole))
        threads[0].start()

    return begin, lambda: threads[0].join()


def test_a_terminal_inside_of_the_desktops_session(machine, blue, desktop, decided):
    """Row 3: its terminal is a pseudo terminal."""
    later = start_desktop(machine, f"script -qc '{SUDO}' /dev/null")
    blinks(machine, blue, *in_background(later), ("sudo", "carol"))
    assert decided() == "3"


def test_a_terminal_under_the_service_manager(machine, keys, blue, desktop, decided):
    """Row 7 while the desktop is shown, and 8 when it is not; row 7 again where she may not."""
    start_desktop(machine, "true")

    def terminal():
        return as_manager("carol", "--pty", *SUDO.split())

    blinks(machine, blue, *in_background(terminal), ("sudo", "carol"))
    assert decided() == "7"
    booted.show_console(2)
    does_not_blink(machine, keys, terminal, ("sudo", "carol"))
    assert decided() == "8"
    booted.show_console(7)
