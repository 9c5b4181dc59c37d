# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/run --systemd: passkeyd as systemd, udev and logind treat it.

    env STAGE=FOLDER pytest systemd_checks.py seat_checks.py gateway_checks.py

FOLDER is what make install filled. tests/integration/test_systemd.py runs them and takes each test
for one of its own. They run in this order, on one machine.
"""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess

import pytest

import booted
import machine as parts
import namespace
from booted import UNIT, run

KEYS_UNIT = "passkey-authenticator.service"
PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.py")
OWN = "/run/passkeyd/socket"
SUDO = "sudo -k -u bob id -un"  # -k: whoever was let in a moment ago is asked again
SU = "env -u SSH_CONNECTION su bob -c 'id -un'"  # sudo drops it anyway


def node():
    (name,) = [name for name in os.listdir("/dev") if name.startswith("hidraw")]
    return "/dev/" + name


# The unit


def test_the_bus_starts_the_unit(machine):
    assert not os.path.exists("/sys/module/hid")
    assert machine.show("ActiveState") == "inactive"
    assert machine.ask_something()
    assert machine.show("ActiveState") == "active"
    assert machine.daemon_pid() == int(machine.show("MainPID")) > 0
    uid = parts.pwd.getpwnam(namespace.DAEMON_USER).pw_uid
    assert parts.status(machine.daemon_pid())["Uid"].split() == [str(uid)] * 4


def test_the_log_goes_to_the_journal(machine):
    machine.syslog.wait(f"serves {namespace.HOST}", facility=parts.AUTHPRIV)
    assert {facility for unit, facility in machine.syslog.units
            if unit == UNIT} == {parts.AUTHPRIV}


def test_the_process_is_confined(machine):
    pid = machine.daemon_pid()
    status = parts.status(pid)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    for name in ("net", "mnt"):
        assert os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/1/ns/{name}")


def test_what_the_sandbox_forbids(machine):
    """A probe with the unit's own settings, in its place."""
    unit = run("systemctl", "cat", UNIT)
    unit = re.sub("(?m)^(Type|BusName|ExecReload|Restart)=.*\n", "", unit)
    unit = re.sub("(?m)^ExecStart=.*", "Type=oneshot\nStandardOutput=file:/run/probe\n"
                  f"ExecStart=/usr/bin/python3 -ISB {namespace.SCRATCH}/probe.py", unit)
    shutil.copy(PROBE, namespace.SCRATCH + "/probe.py")
    namespace.write("/run/systemd/system/probe.service", unit)
    os.mknod(namespace.SCRATCH + "/kmsg", stat.S_IFCHR | 0o666, os.stat("/dev/kmsg").st_rdev)
    os.chmod(namespace.SCRATCH + "/kmsg", 0o666)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "probe.service")
    with open("/run/probe", encoding="ascii") as file:
        found = json.load(file)
    wrong = [f"{name}: {answer}" for name, answer in found.items() if answer != "as it should be"]
    assert not wrong, "\n".join(wrong)


def test_systemd_analyze():
    """It reports no error, and rates the exposure: 10 is the worst, 0 the best."""
    for unit in (UNIT, KEYS_UNIT):
        assert run("systemd-analyze", "verify", "--man=no", unit) == ""
        run("systemd-analyze", "security", "--threshold=12", unit)


DIALLER = "passkey-phone-dialler"


def ask_dialler(number):
    """What the unit answers, and the connection that came with it, as the daemon's user."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.settimeout(parts.PATIENCE)
        asking.connect(f"/run/passkeyd/{DIALLER.removeprefix('passkey-')}.sock")
        asking.send(b"D" + struct.pack(">H", number))
        answer, descriptors, _flags, _address = socket.recv_fds(asking, 100, 4)
        return answer, [socket.socket(fileno=each) for each in descriptors]


def test_phone_dialler(machine):
    """It is off by itself; each connection has a process that belongs to nobody else."""
    assert machine.show("ActiveState", DIALLER + ".socket") == "inactive"
    assert run("systemd-analyze", "verify", "--man=no", DIALLER + "@1.service",
               DIALLER + ".socket") == ""
    run("systemd-analyze", "security", "--threshold=20", DIALLER + "@1.service")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        os.makedirs(f"/run/systemd/system/{DIALLER}@.service.d")
        namespace.write(f"/run/systemd/system/{DIALLER}@.service.d/test.conf",
                        "[Service]\nExecStart=\nExecStart=/usr/libexec/passkey/passkey-phone "
                        f"--dial --connect={address}\n")
        run("systemctl", "daemon-reload")
        run("systemctl", "start", DIALLER + ".socket")
        path = "/run/passkeyd/phone-dialler.sock"
        found = os.stat(path)
        owner = pwd.getpwnam("passkeyd").pw_uid
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, owner)
        answer, (connection,) = ask_dialler(1)
        with connection, listener.accept()[0] as accepted:
            assert answer == b"C" and connection.getpeername() == listener.getsockname()
            accepted.sendall(b"x")
            connection.setblocking(True)
            assert connection.recv(1) == b"x"
        assert ask_dialler(2) == (b"C\1", [])
        run("systemctl", "stop", DIALLER + ".socket")


def test_reload(machine):
    pid = machine.daemon_pid()
    mark = machine.syslog.mark()
    run("systemctl", "reload", UNIT)
    machine.syslog.wait("configuration read again", mark)
    assert machine.daemon_pid() == pid


def test_restart_after_kill(machine):
    mark = machine.syslog.mark()
    pid = machine.kill_daemon(signal.SIGKILL)
    assert machine.wait_serving(mark) not in (0, pid)


def test_stop_and_start_again(machine):
    machine.stop()
    assert (machine.show("ActiveState"), machine.show("Result")) == ("inactive", "success")
    assert machine.daemon_pid() == 0
    assert machine.ask_something()
    assert machine.show("ActiveState") == "active"


# The daemon's own socket


def listeners(path, pid="self"):
    """The inodes of the sockets that listen there, in the network that the process sees."""
    with open(f"/proc/{pid}/net/unix", encoding="ascii") as sockets:
        return [line.split()[6] for line in sockets
                if line.rstrip().endswith(" " + path) and line.split()[3] == "00010000"]


def held(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]


def test_the_bus_starts_it_with_the_socket(machine):
    """It serves the one that systemd made, whoever started it, and makes none of its own."""
    assert machine.show("ActiveState", "passkeyd.socket") == "active"
    (inode,) = listeners(OWN)
    assert f"socket:[{inode}]" in held(machine.daemon_pid())
    assert stat.S_IMODE(os.stat(OWN).st_mode) == 0o666
    folder = os.stat(os.path.dirname(OWN))
    assert folder.st_mode & 0o022 == 0
    assert folder.st_uid in (0, parts.pwd.getpwnam(namespace.DAEMON_USER).pw_uid)


def test_the_socket_starts_the_daemon(machine):
    machine.stop()
    assert machine.daemon_pid() == 0
    assert "version" in run("passkeyctl", "status")
    assert machine.daemon_pid() == int(machine.show("MainPID")) > 0
    (inode,) = listeners(OWN)
    assert f"socket:[{inode}]" in held(machine.daemon_pid())


def test_without_the_socket_unit_it_makes_its_own(machine):
    machine.stop()
    run("systemctl", "mask", "--runtime", "--now", "passkeyd.socket")
    try:
        assert listeners(OWN) == []
        assert machine.ask_something()
        assert listeners(OWN, machine.daemon_pid())
        assert stat.S_IMODE(os.stat(OWN).st_mode) == 0o666
        os.rename(parts.SOCKET, parts.SOCKET + ".away")  # to be reached in no other way
        try:
            assert "version" in run("passkeyctl", "status")
        finally:
            os.rename(parts.SOCKET + ".away", parts.SOCKET)
        machine.stop()
    finally:
        run("systemctl", "unmask", "--runtime", "passkeyd.socket")
    assert machine.ask_something()
    assert machine.show("ActiveState", "passkeyd.socket") == "active"


# Security keys


def test_the_rule_gives_the_node_to_the_daemon(keys, blue):
    entry = os.stat(node())
    assert entry.st_gid == parts.pwd.getpwnam(namespace.DAEMON_USER).pw_gid
    assert stat.S_IMODE(entry.st_mode) == 0o660


def test_a_key_after_the_daemon(machine, keys, blue):
    """passkeyd ran before the computer had its first HID device: it can open blue all the same."""
    first_seen = run("udevadm", "info", "--query=property", "--property=USEC_INITIALIZED",
                     "--value", node())
    assert int(machine.show("ActiveEnterTimestampMonotonic")) < int(first_seen)
    (found,) = json.loads(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                                 parts.vardict({})))
    assert found["name"] == "blue"


# Sessions


def bound_rhost(machine, since, user="alice"):
    line = machine.syslog.wait(rf"sign-in of {user} .*\{{", since, parts.AUTHPRIV)
    return json.loads(line[line.index("{"):])["rhost"]


def touches(keys, since):
    return [each["event"] for each in keys.events(since)
            if each["event"] in ("opened", "request", "touch-wanted")]


def filters(pid):
    return int(parts.status(pid)["Seccomp_filters"])


def test_login_makes_a_local_session(console):
    assert console.logind("Remote") == "no"


def test_sudo_at_the_console(machine, blue, console):
    mark = machine.syslog.mark()
    console.begin(SUDO)
    blue.wait_touch_wanted()
    assert blue.touch()
    code, text = console.end()
    assert code == 0 and "bob" in text
    assert bound_rhost(machine, mark) == ""


def test_keys_have_processes_of_another_user(machine, blue, console):
    """Confined by a filter of their own on top of the unit's, their memory not swapped, with the
    key that they were passed and without a way to the store."""
    console.begin(SUDO)
    blue.wait_touch_wanted()
    server = int(machine.show("MainPID", KEYS_UNIT))
    daemon = parts.status(machine.daemon_pid())["Uid"].split()[0]
    (worker,) = parts.children(server)
    status = parts.status(worker)
    uids = set(status["Uid"].split())
    assert len(uids) == 1 and uids.isdisjoint({daemon, "0"})
    assert filters(worker) > filters(server) > 0
    assert status["VmLck"] != "0 kB"
    assert status["Groups"].split() in ([], list(uids))
    held = [os.readlink(f"/proc/{worker}/fd/{name}") for name in os.listdir(f"/proc/{worker}/fd")]
    assert len(held) == 2 and held.count(node()) == 1, held
    for path in (parts.STATE, parts.STATE + "/" + os.listdir(parts.STATE)[0]):
        refused = subprocess.run(["setpriv", "--reuid=" + uids.copy().pop(), "--clear-groups",
                                  "cat", path], capture_output=True, text=True, check=False)
        assert "Permission denied" in refused.stderr, refused
    assert blue.touch()
    assert console.end()[0] == 0


def test_listing_the_keys_is_confined_more(machine, blue):
    """It is the daemon's user's, and reads /sys; so is what is kept ready to become one."""
    pid = machine.daemon_pid()
    helpers = parts.children(pid)
    assert helpers and all(filters(helper) > filters(pid) > 0 for helper in helpers)


def test_without_the_other_user(machine, blue, console):
    """A key is served all the same, by a process of the daemon's user that is shut in as well."""
    run("systemctl", "stop", "passkey-authenticator.socket", KEYS_UNIT)
    console.begin(SUDO)
    blue.wait_touch_wanted()
    pid = machine.daemon_pid()
    for helper in parts.children(pid):
        assert filters(helper) > filters(pid) > 0
        assert parts.status(helper)["VmLck"] != "0 kB"
    assert blue.touch()
    assert console.end()[0] == 0
    run("systemctl", "start", "passkey-authenticator.socket")


def test_stop_while_somebody_is_asked(machine, blue, console):
    console.begin(SUDO)
    blue.wait_touch_wanted()
    machine.stop()
    code, text = console.end()
    assert code == 1, text
    assert machine.results()[-1] == ("sudo", "alice", "authinfo_unavail")
    assert machine.show("Result") == "success"


def test_sign_in_after_a_restart(machine, blue, console):
    """Started before: an emulated machine takes longer for that than the first reply is given."""
    assert machine.ask_something()
    test_sudo_at_the_console(machine, blue, console)


def test_enrolling_at_the_console(machine, keys, blue, console):
    """polkit, which systemd starts, asks for the password; the sandboxed daemon is its client."""
    blue.unplug()
    green = keys.add("green").set(touch="wait")
    run("udevadm", "settle")
    console.begin("passkey-enroll --name green")
    console.child.expect("(?i)password: ")
    console.child.send_hidden(namespace.password("alice"))
    green.wait_touch_wanted()
    assert green.touch()
    code, text = console.end()
    assert code == 0, text
    green.remove()
    blue.plug()
    run("udevadm", "settle")


def test_recovery_codes(machine, blue):
    """scrypt wants memory and time that the unit must leave it."""
    code = machine.recovery_codes("alice")[0]
    details = machine.connect().authenticate("alice", service="codes").run(pin=code)
    assert details["result"] == "ok", details


def may_open(path, uid):
    """Whether the access control list names that user, with the right to read and write."""
    try:
        entries = os.getxattr(path, "system.posix_acl_access")[4:]
    except OSError:
        return False
    user = 2  # ACL_USER
    return any(entry == (user, 6, uid) for entry in struct.iter_unpack("<HHI", entries))


def test_the_person_at_the_seat_may_open_the_key_too(machine, blue, console):
    """carol on a virtual terminal is at seat0; logind adds her to what the rule gave the group."""
    uid = namespace.PEOPLE["carol"]
    assert not may_open(node(), uid)
    mark = machine.syslog.mark()
    with open("/dev/tty1", "r+b", buffering=0) as terminal:
        machine.start(["setsid", "--ctty", "login", "-f", "carol"], stdin=terminal,
                      stdout=terminal, stderr=terminal)
    machine.syslog.wait("New session .* of user carol", mark)
    booted.show_console(1)
    run("loginctl")  # answers when it is done with that
    assert may_open(node(), uid)
    test_the_rule_gives_the_node_to_the_daemon(None, blue)
    mark = machine.syslog.mark()
    run("loginctl", "terminate-user", "carol")
    machine.syslog.wait("Removed session", mark)
    run("loginctl")
    assert not may_open(node(), uid)
    booted.show_console(2)
    test_sudo_at_the_console(machine, blue, console)


def connect(machine, laptop, port=22, user="alice"):
    child = laptop.terminal(["ssh", "-tt", "-p", str(port), "-i", laptop.home + "/.ssh/ordinary",
                             "-o", "StrictHostKeyChecking=no", user + "@127.0.0.1"])
    child.expect(r"\$ ")
    return booted.Session(machine, child)


@pytest.mark.parametrize("port, remote, rhost", [(22, "yes", "127.0.0.1"),
                                                 (2222, "no", "localhost")])
def test_programs_inside_of_ssh(machine, keys, laptop, port, remote, rhost):
    """Only logind knows; and it does not take the name localhost for a remote host."""
    session = connect(machine, laptop, port)
    assert session.logind("Remote") == remote
    assert session.logind("RemoteHost") == rhost
    for command, service, user in ((SUDO, "sudo", "alice"), (SU, "su", "bob")):
        mark = machine.syslog.mark()
        since = keys.mark()
        code, text = session.run(command)
        assert code == 1 and not re.search("(?m)^bob\r?$", text), text
        assert bound_rhost(machine, mark, user) == rhost
        assert touches(keys, since) == []
        assert machine.results()[-1] == (service, user, "authinfo_unavail")
    session.close()


def test_what_a_remote_users_service_manager_starts(machine, keys, laptop):
    """It is outside of the session from which it was told to."""
    session = connect(machine, laptop, user="dave")
    mark = machine.syslog.mark()
    since = keys.mark()
    code, text = session.run("systemd-run --user --pty --quiet " + SUDO)
    assert code == 1 and not re.search("(?m)^bob\r?$", text), text
    assert bound_rhost(machine, mark, "dave") == "127.0.0.1"
    assert touches(keys, since) == []
    session.close()


def test_the_check_finds_nothing_critical(machine, blue):
    """Warnings there are: passkeys without recovery codes, stacks that ask for nothing else."""
    done = subprocess.run(["passkeyctl", "check", "--json"], capture_output=True, check=False)
    found = json.loads(done.stdout)
    assert not [each for each in found["checks"] if each["state"] == "fail"], found
    assert {"ok"} == {each["state"] for each in found["checks"] if each["check"] in (
        "bus", "polkit", "daemon", "authenticator", "passkeys", "device", "module")}, found
