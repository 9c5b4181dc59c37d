# SPDX-License-Identifier: BSD-2-Clause
"""Where the person is: a local key is asked only from a session at this computer."""

import contextlib
import json
import os
import re
import stat

import dbus
import dbus.lowlevel
import pexpect
import pytest

import machine as parts
import namespace
from apps import App, Login, Su, Sudo
from fake_logind import SCENARIOS, Logind, LogindWithFiles, in_place_of

UNKNOWN = "unknown"
LOCAL = ("ok", "")
ELSEWHERE = ("cancelled", UNKNOWN)
UNCLEAR = [name for name in SCENARIOS if re.match(
    "silent|.*-is-|.*-(gone|denied|another-user)$|denied|two-|nothing-in-it|without-", name)]
UNSET = 2 ** 32 - 1


@pytest.fixture
def blue(machine, keys):
    key = keys.add("blue")
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    machine.enrol("alice")
    return key


def bound_rhost(machine, since, correlation=r"\w+"):
    """The rhost of the context in the line of the decision."""
    line = machine.syslog.wait(rf"\[{correlation}\] sign-in of alice .*\{{", since=since,
                               facility=parts.AUTHPRIV)
    return json.loads(line[line.index("{"):])["rhost"]


def sign_in(machine, **context):
    """As alice, without PAM: the result, and the rhost it was bound to."""
    mark = machine.syslog.mark()
    details = machine.connect("alice").authenticate("alice", **context).run()
    return details["result"], bound_rhost(machine, mark, details["correlation"])


@pytest.mark.parametrize("setting, outcome", [("allow", LOCAL), ("deny", ELSEWHERE),
                                              ("console", ELSEWHERE), (None, ELSEWHERE)])
def test_without_logind(machine, keys, blue, setting, outcome):
    """What is shipped lets nobody but who is on the console that is shown."""
    if setting:
        namespace.write_locality(setting)
    else:
        os.unlink(namespace.LOCALITY)
    machine.kill_daemon(15)
    since = keys.mark()
    assert sign_in(machine) == outcome
    assert touched(keys, since) == (outcome == LOCAL)


def shown_console():
    """The number of the console that this machine shows; none where it has no consoles."""
    try:
        with open("/sys/class/tty/tty0/active", encoding="ascii") as file:
            return int(re.fullmatch(r"tty(\d+)\n", file.read()).group(1))
    except OSError:
        pytest.skip("no virtual consoles here")


@pytest.mark.parametrize("what, outcome", [({}, LOCAL), ({"real-uid": 2002}, ELSEWHERE),
                                           ({"real-uid": 2001}, LOCAL),
                                           ({"terminal": 0}, ELSEWHERE),
                                           ({"terminal": 0x8801}, ELSEWHERE)])
def test_on_the_console_without_logind(machine, keys, blue, what, outcome):
    """A login there, and who has signed in, to whom login gave the device."""
    console = shown_console()
    namespace.write_locality("console")
    with contextlib.suppress(FileExistsError):
        os.mknod(f"/dev/tty{console}", 0o620 | stat.S_IFCHR, os.makedev(4, console))
    os.chown(f"/dev/tty{console}", 2001, 5)
    machine.kill_daemon(15)
    assert sign_in_of_root(machine, **{"terminal": 0x400 + console, **what}) == outcome


@pytest.fixture
def stopped_logind(machine):
    """What a host has whose logind could be started."""
    namespace.write(namespace.LOGIND, "[D-BUS Service]\nName=org.freedesktop.login1\nUser=root\n"
                    f"Exec=/bin/sh -c '>{namespace.SCRATCH}/started'\n")
    machine.driver("ReloadConfig")
    machine.kill_daemon(15)  # it looks when it starts
    yield
    os.unlink(namespace.LOGIND)


def test_logind_is_not_started_for_it(machine, keys, blue, stopped_logind):
    """On systems that use it it runs already; activation could take any time. And a logind that has
    crashed makes no host without one of this."""
    mark = machine.syslog.mark()
    assert sign_in(machine) == ELSEWHERE
    machine.syslog.wait("logind does not tell: it does not run", mark)
    assert not os.path.exists(namespace.SCRATCH + "/started")


class Reader:
    """Of a scenario, either way; who asks nevertheless where there are files is found out."""

    def __init__(self, machine, files, stack):
        self.machine, self.files, self.stack = machine, files, stack
        self.logind = None

    def __call__(self, scenario, host="", **changes):
        self.logind = (LogindWithFiles if self.files else Logind)(self.machine, scenario, host,
                                                                  **changes)
        if self.files:
            self.stack.callback(self.logind.close)
            self.stack.enter_context(self.logind.holds(os.getpid()))
        # What the bus says of a new name has arrived with the answer.
        self.machine.connect().call("org.freedesktop.DBus.Peer", "Ping", "")

    def asked(self, *questions):
        assert self.logind.questions() == ([] if self.files else list(questions))


@pytest.fixture(params=["bus", "files"])
def logind(machine, request):
    """The rows are the same, whichever way the facts are learnt."""
    with contextlib.ExitStack() as stack:
        reader = Reader(machine, request.param == "files", stack)
        yield reader
        if reader.files:
            reader.asked()


def asked(pid, *more):
    return [f"GetSessionByPID {pid}", *more]


GET_SESSION, GET_USER = (f"GetAll org.freedesktop.login1.{name}" for name in ("Session", "User"))


@pytest.mark.parametrize("scenario", ["local", "console"])
def test_a_session_at_the_seat(machine, keys, blue, logind, scenario):
    logind(scenario)
    assert sign_in(machine) == LOCAL
    logind.asked(*asked(os.getpid(), GET_SESSION))


def test_a_session_of_somebody_else(machine, keys, blue, logind):
    """A program that bob left behind in alice's session."""
    logind("local", User=2002)
    since = keys.mark()
    assert sign_in(machine) == ELSEWHERE
    assert not touched(keys, since)


@pytest.mark.parametrize("scenario, changes", [
    ("not-shown", {}), ("closing", {}), ("serial", {}), ("job", {}),
    ("local", {"Seat": ""}), ("local", {"Active": "no"}), ("local", {"State": "online"}),
    ("local", {"State": "closing"}), ("local", {"Remote": "yes"})])
def test_a_session_that_is_not_at_the_seat(machine, keys, blue, logind, scenario, changes):
    """Each was taken for local when only the session's Remote and RemoteHost were asked for."""
    logind(scenario, **changes)
    since = keys.mark()
    assert sign_in(machine) == ELSEWHERE
    assert not touched(keys, since)


@pytest.mark.parametrize("host, outcome", [("localhost", ("cancelled", "localhost")),
                                           (":0", LOCAL)])
def test_a_session_that_logind_calls_local(machine, keys, blue, logind, host, outcome):
    """For logind localhost is not remote; for passkeyd it may be the end of a tunnel."""
    logind("local", host)
    assert sign_in(machine) == outcome


def test_outside_of_any_session(machine, keys, blue, logind):
    """Jobs of cron's and at's, and services."""
    logind("no-session")
    since = keys.mark()
    assert sign_in(machine) == ELSEWHERE
    assert not touched(keys, since)


@pytest.mark.parametrize("setting, scenario, outcome", [
    (None, "manager-of-desktop", LOCAL),
    (None, "manager-of-desktop-and-job", LOCAL),
    (None, "manager-of-local", ELSEWHERE),
    (None, "manager-of-hidden-desktop", ELSEWHERE),
    (None, "manager-of-desktop-and-serial", ELSEWHERE),
    (None, "manager-of-nobody", ELSEWHERE),
    (None, "manager-of-desktop-and-remote", ("cancelled", "192.0.2.7")),
    (None, "manager-of-remote", ("cancelled", "192.0.2.7")),
    ("yes", "manager-of-local", LOCAL),
    ("yes", "manager-of-desktop-and-remote", ("cancelled", "192.0.2.7")),
    ("yes", "manager-of-nobody", ELSEWHERE),
    ("no", "manager-of-desktop", ELSEWHERE)])
def test_what_a_service_manager_started(machine, keys, blue, logind, setting, scenario, outcome):
    """Terminals of desktops are outside of their user's session; so is systemd-run --user."""
    if setting:
        machine.configure("[authenticator]\ninsert-timeout = 0\n"
                          f"[seat]\nuser-manager = {setting}\n")
        machine.kill_daemon(15)
    logind(scenario, "192.0.2.7" if "remote" in scenario else "")
    assert sign_in(machine) == outcome
    count = len(SCENARIOS[scenario][0])
    logind.asked(*asked(os.getpid(), f"GetUserByPID {os.getpid()}", GET_USER,
                        *[GET_SESSION] * count))


# What root's programs report


def sign_in_of_root(machine, user="alice", **context):
    """As the module has it in a program of root's; what is not said is as in a service."""
    mark = machine.syslog.mark()
    report = {"real-uid": 0, "login-uid": UNSET, "audit-session": UNSET, "terminal": 0, **context}
    details = machine.connect().authenticate(user, **report).run()
    return details["result"], bound_rhost(machine, mark, details["correlation"])


NOT_CONFIRMED = ("cancelled", "")  # local, and bob does not press Enter to act for alice
SUDO_ON_CONSOLE = {"real-uid": 2001, "login-uid": 2001, "audit-session": 5, "terminal": 0x402}
PTS = 0x8803


@pytest.mark.parametrize("what, outcome", [
    ({}, LOCAL), ({"terminal": PTS}, ELSEWHERE), ({"terminal": 0}, ELSEWHERE),
    ({"terminal": 0x403}, ELSEWHERE), ({"audit-session": 6}, ELSEWHERE),
    ({"login-uid": 2002}, ELSEWHERE), ({"login-uid": UNSET, "audit-session": UNSET}, ELSEWHERE),
    ({"real-uid": 2002}, NOT_CONFIRMED), ({"real-uid": 2002, "terminal": 0}, ELSEWHERE),
    ({"real-uid": 2002, "terminal": PTS}, ELSEWHERE), ({"rhost": "192.0.2.9"},
                                                       ("cancelled", "192.0.2.9"))])
def test_on_a_console(machine, keys, blue, logind, what, outcome):
    """Rows 3, 4 and 5: the terminal is the session's, and the numbers agree with it."""
    logind("console", Audit=5)
    assert sign_in_of_root(machine, **{**SUDO_ON_CONSOLE, **what}) == outcome


@pytest.mark.parametrize("what, outcome", [
    ({"terminal": PTS}, LOCAL), ({}, ELSEWHERE), ({"service": "xscreensaver"}, LOCAL),
    ({"service": "polkit-1"}, LOCAL), ({"service": "other"}, ELSEWHERE),
    ({"real-uid": 2002, "terminal": PTS}, ELSEWHERE)])
def test_on_a_desktop(machine, keys, blue, logind, what, outcome):
    logind("local", Audit=5)
    assert sign_in_of_root(machine, **{**SUDO_ON_CONSOLE, "terminal": 0, **what}) == outcome


@pytest.mark.parametrize("session, terminal, outcome", [
    (5, 0x402, LOCAL), (5, PTS, ELSEWHERE), (6, 0x402, ELSEWHERE)])
def test_in_a_scope_of_the_service_manager(machine, keys, blue, logind, session, terminal, outcome):
    """Row 6: systemd-run --user --scope leaves the audit session as it was."""
    logind("manager-of-local", Audit=5)
    assert sign_in_of_root(machine, **{**SUDO_ON_CONSOLE, "audit-session": session,
                                       "terminal": terminal}) == outcome


@pytest.mark.parametrize("what, outcome", [
    ({}, ELSEWHERE), ({"service": "lightdm"}, LOCAL), ({"service": "sudo"}, ELSEWHERE),
    ({"service": "lightdm", "real-uid": 2001}, ELSEWHERE),
    ({"service": "lightdm", "login-uid": 2001, "audit-session": 5}, ELSEWHERE),
    ({"service": "lightdm", "terminal": PTS}, ELSEWHERE),
    ({"service": "lightdm", "rhost": ":0"}, ("ok", ":0")), ({"rhost": ":0"}, ELSEWHERE)])
def test_services_of_root(machine, keys, blue, logind, what, outcome):
    """Rows 9, 11 and 13: a display manager has no session when it asks."""
    logind("no-session")
    assert sign_in_of_root(machine, **what) == outcome


def test_a_login_on_the_console_that_is_shown(machine, keys, blue, logind):
    """Row 10."""
    console = shown_console()
    logind("no-session")
    assert sign_in_of_root(machine, terminal=0x400 + console) == LOCAL
    assert sign_in_of_root(machine, terminal=0x400 + console + 1) == ELSEWHERE
    assert sign_in_of_root(machine, **{"terminal": 0x400 + console, "login-uid": 2001}) == ELSEWHERE


def test_what_others_report_is_not_believed(machine, keys, blue, logind):
    """alice says to be root's, and a login on the console that is shown."""
    logind("no-session")
    claims = {"real-uid": 0, "login-uid": UNSET, "audit-session": UNSET,
              "terminal": 0x400 + shown_console()}
    assert sign_in(machine, **claims) == ELSEWHERE
    assert sign_in(machine, **{**claims, "terminal": 0}, service="lightdm") == ELSEWHERE


# logind's files


@pytest.fixture
def files(machine):
    """Of a scenario; logind refuses whoever asks."""
    with contextlib.ExitStack() as stack:
        yield Reader(machine, True, stack)


SESSION_FILE, USER_FILE = "/run/systemd/sessions/c1", "/run/systemd/users/2001"


def rewrite(path, change):
    """change: of its lines."""
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    namespace.write(path, "".join(line + "\n" for line in change(lines)))


def unclear(machine, mark):
    """Neither of them says where alice is."""
    assert sign_in(machine) == ELSEWHERE
    assert machine.syslog.wait("taken for a remote session: logind does not tell", since=mark,
                               facility=parts.AUTHPRIV)
    return machine.syslog.mark()


def test_a_file_that_is_not_whole(machine, keys, blue, files):
    """It is no answer as long as anything is missing that the verdict depends on."""
    files("local")
    with open(SESSION_FILE, encoding="ascii") as file:
        lines = file.read().splitlines()
    needed = [number for number, line in enumerate(lines)
              if line.split("=")[0] in ("UID", "ACTIVE", "STATE", "REMOTE", "TYPE", "CLASS")]
    mark = machine.syslog.mark()
    for number in needed:
        rewrite(SESSION_FILE, lambda _, gone=number: lines[:gone] + lines[gone + 1:])
        mark = unclear(machine, mark)
        rewrite(SESSION_FILE, lambda _, end=number: lines[:end])
        mark = unclear(machine, mark)
    rewrite(SESSION_FILE, lambda _: [line for line in lines if not line.startswith("SEAT=")])
    assert sign_in(machine) == ELSEWHERE
    rewrite(SESSION_FILE, lambda _: lines)
    assert sign_in(machine) == LOCAL
    os.unlink(SESSION_FILE)
    unclear(machine, mark)


@pytest.mark.parametrize("line", ["ACTIVE=maybe", "REMOTE=2", "UID=alice", "UID=-1", "VTNR=seven"])
def test_a_file_that_makes_no_sense(machine, keys, blue, files, line):
    files("local")
    name = line.split("=", maxsplit=1)[0] + "="
    rewrite(SESSION_FILE, lambda lines: [line if each.startswith(name) else each
                                         for each in lines])
    unclear(machine, machine.syslog.mark())


def test_files_of_different_times(machine, keys, blue, files):
    """Her ssh login is not in the list of her sessions yet, or still: neither file is believed."""
    files("manager-of-desktop-and-remote")
    mark = machine.syslog.mark()
    rewrite(USER_FILE, lambda lines: [each.replace("SESSIONS=c1 c2", "SESSIONS=c1")
                                      if each.startswith("SESSIONS=") else each for each in lines])
    mark = unclear(machine, mark)
    rewrite(USER_FILE, lambda lines: lines[:lines.index("SESSIONS=c1") + 1])
    mark = unclear(machine, mark)
    os.unlink(USER_FILE)
    unclear(machine, mark)


def test_files_that_nobody_keeps_any_more(machine, keys, blue, files):
    """The console on the screen is another than these say; and logind has ended."""
    files("local")
    assert sign_in(machine) == LOCAL
    if os.path.exists(LogindWithFiles.console):
        with in_place_of(LogindWithFiles.console, "tty2\n"):
            assert sign_in(machine) == ELSEWHERE
    namespace.write_locality("deny")
    machine.kill_daemon(15)
    assert sign_in(machine) == LOCAL
    files.logind.process.kill()
    files.logind.process.wait()
    machine.driver("GetId")  # the bus has seen it leave
    assert sign_in(machine) == ELSEWHERE


def test_a_logind_without_files_is_asked(machine, keys, blue):
    """As where the control groups cannot be seen."""
    logind = Logind(machine, "local")
    assert sign_in(machine) == LOCAL
    assert logind.questions() == asked(os.getpid(), GET_SESSION)


def test_the_log_says_which_row_decided(machine, keys, blue):
    machine.configure("[authenticator]\ninsert-timeout = 0\n[daemon]\ndebug = yes\n")
    machine.kill_daemon(15)
    Logind(machine, "serial")
    mark = machine.syslog.mark()
    assert sign_in(machine) == ELSEWHERE
    machine.syslog.wait(rf"uid 2001, process {os.getpid()}: no key in this computer: row 2: ", mark)


def seat_line(machine, user="alice"):
    """What passkeyctl check says on a terminal of where it is typed."""
    child = machine.terminal(user, ["passkeyctl", "check", "--json"])
    findings = json.loads(child.read())["checks"]
    line, = (each for each in findings if each["check"] == "seat")
    return line["state"], line["text"]


@pytest.mark.parametrize("scenario, changes, state, row", [
    ("local", {}, "ok", "row 3: its session is the one at the seat: .* may be used"),
    ("console", {}, "note", "row 4: its terminal is not that of its session"),
    ("serial", {}, "note", "row 2: its session is not the one at the seat"),
    ("local", {"User": 2002}, "note", "row 5: its account has been left behind"),
    ("no-session", {}, "note", "row 13: nothing says that it is at the seat"),
])
def test_check_says_which_row_decides(machine, keys, scenario, changes, state, row):
    """Judged as sudo would be: a pseudo terminal in a console's session is not at the seat."""
    Logind(machine, scenario, **changes)
    found = seat_line(machine)
    assert found[0] == state and re.search(row, found[1]), found
    assert "is not asked" in found[1] or state == "ok"


def test_check_of_the_seat_without_logind_and_by_root(machine, keys):
    assert "row allow: there is no logind" in seat_line(machine)[1]
    Logind(machine, "serial")
    mark = machine.syslog.mark()
    assert "row 2: " in seat_line(machine, "root")[1]
    assert "key in this computer" not in machine.syslog.text(mark)


@pytest.mark.parametrize("host", ["192.0.2.7", "laptop.example.org", "::1", "127.0.0.1"])
def test_a_remote_session(machine, keys, blue, logind, host):
    logind("remote", host)
    since = keys.mark()
    assert sign_in(machine) == ("cancelled", host)
    assert not touched(keys, since)
    logind.asked(*asked(os.getpid(), GET_SESSION))


@pytest.mark.parametrize("host, bound", [("", UNKNOWN), (":0", UNKNOWN), ("a\x1bb", "a?b"),
                                         ("h" * 300, "h" * 256)])
def test_a_remote_session_with_an_odd_host(machine, keys, blue, logind, host, bound):
    logind("remote", host)
    assert sign_in(machine) == ("cancelled", bound)


@pytest.mark.parametrize("scenario", UNCLEAR)
def test_unclear_logind_answers_count_as_remote(machine, keys, blue, scenario):
    Logind(machine, scenario, "192.0.2.7")
    since = keys.mark()
    mark = machine.syslog.mark()
    assert sign_in(machine) == ("cancelled", UNKNOWN)
    assert machine.syslog.wait("taken for a remote session: logind does not tell", since=mark,
                               facility=parts.AUTHPRIV)
    assert not touched(keys, since)


def test_given_rhost_is_not_looked_up(machine, keys, blue):
    logind = Logind(machine, "remote", "192.0.2.7")
    # That it is remote is believed of anybody; from where, of root.
    assert sign_in(machine, rhost="192.0.2.9") == ("cancelled", UNKNOWN)
    mark = machine.syslog.mark()
    assert machine.connect().authenticate("alice", rhost="192.0.2.9").run()["result"] == "cancelled"
    assert bound_rhost(machine, mark) == "192.0.2.9"
    assert logind.questions() == []


@pytest.mark.parametrize("user", ["alice", "root"])
def test_a_display_is_no_way_around_logind(machine, keys, blue, user):
    """It says where a display manager shows its window, and nothing of who sits there."""
    since = keys.mark()
    Logind(machine, "remote", "192.0.2.7")
    mark = machine.syslog.mark()
    assert machine.connect(user).authenticate("alice", rhost=":0").run()["result"] == "cancelled"
    assert bound_rhost(machine, mark) == "192.0.2.7"
    assert not touched(keys, since)


def test_an_empty_rhost_is_none(machine, keys, blue):
    Logind(machine, "remote", "192.0.2.7")
    assert sign_in(machine, rhost="") == ("cancelled", "192.0.2.7")


def test_a_wrong_call_is_wrong_at_once(machine, keys, blue):
    logind = Logind(machine, "silent")
    machine.connect("alice").fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}",
                                   "alice", parts.vardict({"speed": "1"}))
    assert logind.questions() == []


def decline_over_ssh(running):
    running.child.expect("passkey[12]:.*\r\n")
    running.child.sendline("")


def touched(keys, since):
    return any(each["event"] == "touch-wanted" for each in keys.events(since))


# Callers that do not wait for the answer


def begin(machine, user="alice"):
    """Authenticate, not waiting for the answer."""
    connection = machine.connect(user)
    message = dbus.lowlevel.MethodCallMessage(parts.NAME, parts.PATH, parts.MANAGER,
                                              "Authenticate")
    message.append(user, parts.vardict({}), signature="sa{sv}")
    connection.bus.send_message(message)
    connection.bus.flush()
    return connection


def test_callers_leave_before_logind_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    connections = [begin(machine) for _ in range(4)]
    for _ in connections:
        assert logind.question().startswith("GetSessionByPID")
    for connection in connections:
        connection.close()
    logind.process.kill()
    logind.process.wait()
    assert sign_in(machine) == LOCAL


def test_daemon_ends_before_logind_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    begin(machine)
    assert logind.question().startswith("GetSessionByPID")
    machine.kill_daemon(15)
    logind.process.kill()
    logind.process.wait()
    assert sign_in(machine) == LOCAL
    assert not re.search("AddressSanitizer|LeakSanitizer", machine.syslog.text())


def test_logind_ends_before_it_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    mark = machine.syslog.mark()
    begin(machine)
    assert logind.question().startswith("GetSessionByPID")
    logind.process.kill()
    assert machine.syslog.wait("taken for a remote session", since=mark)


def test_pending_lookups_are_limited_per_user(machine, keys, blue):
    machine.configure("[limits]\nconversations-per-user = 2\n")
    machine.kill_daemon(15)
    logind = Logind(machine, "silent")
    for _ in range(2):
        begin(machine)
        assert logind.question().startswith("GetSessionByPID")
    machine.connect("alice").fails("LimitExceeded", parts.MANAGER, "Authenticate", "sa{sv}",
                                   "alice", parts.vardict({}))
    begin(machine, "bob")
    assert logind.question().startswith("GetSessionByPID")


# The real sudo


@pytest.mark.real_programs
def test_sudo_in_a_remote_session(machine, keys, blue):
    logind = Logind(machine, "remote", "192.0.2.7")
    since = keys.mark()
    mark = machine.syslog.mark()
    running = Sudo(machine)
    decline_over_ssh(running)
    assert running.refused(), running.screen
    assert bound_rhost(machine, mark) == "192.0.2.7"
    assert not touched(keys, since)
    assert f"GetSessionByPID {running.child.pid}" in logind.questions()


@pytest.mark.real_programs
def test_sudo_in_a_local_session(machine, keys, blue):
    Logind(machine, "local")
    assert Sudo(machine).accepted()


class SudoAfterLogin(App):
    """sudo of who has signed in: the kernel's loginuid is set, as cron and login set it."""

    service, caller, owner = "sudo", "alice", "alice"
    command = ["/bin/sh", "-c", "echo 2001 >/proc/self/loginuid && exec sudo -u bob id -un"]
    accepted, refused = Sudo.accepted, Sudo.refused


REAL = [("sudo", Sudo, "alice"), ("su", Su, "bob"), ("login", Login, "bob")]


@pytest.mark.real_programs
@pytest.mark.parametrize("scenario", ["console", "not-shown", "closing", "serial", "job",
                                      "no-session", "manager-of-local", "manager-of-nobody",
                                      "manager-of-desktop-and-remote", "silent"])
@pytest.mark.parametrize("name, app, owner", REAL, ids=[name for name, *_ in REAL])
def test_real_programs_that_are_not_at_the_seat(machine, keys, blue, name, app, owner, scenario):
    """On a pseudo terminal, which a console's session does not have. Each of these blinked (but for
    silent), when no more than Remote and RemoteHost was asked for."""
    if owner != "alice":
        machine.enrol(owner)
    machine.configure(f"[authenticator]\ninsert-timeout = 0\n[service {name}]\nmethods = local\n")
    machine.kill_daemon(15)
    Logind(machine, scenario)
    since = keys.mark()
    running = app(machine)
    assert running.refused(), running.screen
    assert machine.results() == [(name, owner, "authinfo_unavail")]
    assert not touched(keys, since)


@pytest.mark.real_programs
def test_su_on_a_desktop(machine, keys, blue):
    machine.enrol("bob")
    Logind(machine, "local", User=2002)
    assert Su(machine).accepted()


@pytest.mark.real_programs
@pytest.mark.parametrize("scenario", ["local", "no-session", "manager-of-desktop"])
def test_sudo_with_a_loginuid_that_no_session_knows(machine, keys, blue, scenario):
    """Of a job of cron's (row 9), or set by whoever had none."""
    machine.configure("[authenticator]\ninsert-timeout = 0\n[service sudo]\nmethods = local\n")
    machine.kill_daemon(15)
    Logind(machine, scenario, User=2002 if scenario == "local" else 2001)
    running = SudoAfterLogin(machine)
    expected = "success" if scenario == "manager-of-desktop" else "authinfo_unavail"
    assert (running.accepted if expected == "success" else running.refused)(), running.screen
    assert machine.results() == [("sudo", "alice", expected)]


class RemoteSudo(App):
    """sudo as it runs inside an ssh login."""

    service, caller, owner = "sudo", "alice", "alice"
    command = ["env", "SSH_CONNECTION=192.0.2.7 50022 192.0.2.1 22", *Sudo.command]
    accepted, refused = Sudo.accepted, Sudo.refused


def keep_ssh_connection():
    namespace.write("/etc/sudoers.d/passkey", 'Defaults env_keep += "SSH_CONNECTION"\n', 0o440)


@pytest.fixture
def sudoers():
    namespace.write("/etc/sudoers", open("/etc/sudoers", encoding="utf-8").read()
                    + "@includedir /etc/sudoers.d\n", 0o440)
    yield
    for name in os.listdir("/etc/sudoers.d"):
        os.unlink("/etc/sudoers.d/" + name)


@pytest.mark.real_programs
def test_sudo_that_keeps_ssh_connection(machine, keys, blue, sudoers):
    """The key that is plugged in here is not even opened."""
    keep_ssh_connection()
    since = keys.mark()
    mark = machine.syslog.mark()
    running = RemoteSudo(machine)
    decline_over_ssh(running)
    assert running.refused(), running.screen
    assert bound_rhost(machine, mark) == "192.0.2.7"
    # The helper that enrolled it may have closed it only now.
    assert [each["event"] for each in keys.events(since) if each["event"] != "closed"] == []
    assert machine.results() == [("sudo", "alice", "auth_err")]


@pytest.mark.real_programs
def test_sudo_that_drops_ssh_connection(machine, keys, blue, sudoers):
    """Without env_keep and without a logind nobody can tell."""
    since = keys.mark()
    assert RemoteSudo(machine).accepted()
    assert touched(keys, since)


@pytest.mark.real_programs
@pytest.mark.parametrize("value", ["evil", "192.0.2.7;reboot 1 2 3", "\x1b[2J 1 2 3", "a" * 5000])
def test_sudo_with_nonsense_in_ssh_connection(machine, keys, blue, sudoers, value):
    keep_ssh_connection()
    mark = machine.syslog.mark()
    child = machine.terminal("alice", Sudo.command, SSH_CONNECTION=value)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert bound_rhost(machine, mark) == ""
