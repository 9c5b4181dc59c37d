# SPDX-License-Identifier: BSD-2-Clause
"""A second, private passkeyd: its own bus, configuration and state, beside the system's."""

import contextlib
import json
import os
import pwd
import re
import select
import signal
import stat
import struct
import subprocess

import dbus
import dbus.bus
import pytest

import machine as parts
import namespace
import webauthn_client as browser


BUS = """<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"""


class Private:
    """One instance. user starts it; owner is who it then is, and whose the state must be."""

    def __init__(self, machine, user, owner, name=None):
        self.machine, self.user = machine, user
        self.folder = f"{namespace.SCRATCH}/private-{name or user}"
        subprocess.run(["rm", "-rf", self.folder], check=True)
        self.state = self.folder + "/state"
        os.makedirs(self.state, mode=0o755)
        entry = pwd.getpwnam(owner)
        self.uid = entry.pw_uid
        os.chown(self.state, entry.pw_uid, entry.pw_gid)
        os.chmod(self.state, 0o700)
        self.config = self.folder + "/passkeyd.conf"
        namespace.write(self.config, "[rp default]\nid = private.example\n")
        namespace.write(self.folder + "/bus.conf", BUS.format(folder=self.folder))
        self.address = f"unix:path={self.folder}/bus"
        self.start_bus()
        self.daemon = None

    def start_bus(self):
        reader, writer = os.pipe()
        self.machine.start(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork",
                            "--nopidfile", "--nosyslog", f"--print-address={writer}"],
                           pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        assert select.select([reader], [], [], parts.PATIENCE)[0] and os.read(reader, 4096)
        os.close(reader)
        os.chmod(self.folder + "/bus", 0o666)

    def start(self, *words):
        """Returns once it has said what it serves."""
        self.daemon = self.machine.start(
            ["passkeyd", "--foreground", "--config", self.config, "--state-directory", self.state,
             *words], preexec_fn=parts.become(self.user), stderr=subprocess.PIPE, text=True,
            env=dict(parts.environment(self.user), DBUS_SYSTEM_BUS_ADDRESS=self.address))
        for line in self.daemon.stderr:
            if "serves private.example" in line:
                return self
        raise AssertionError("the private passkeyd did not start")

    def stop(self):
        self.daemon.terminate()
        said = self.daemon.communicate(timeout=parts.PATIENCE)[1]
        return self.daemon.returncode, said

    @contextlib.contextmanager
    def connection(self, user):
        with parts.effective(user):
            bus = dbus.bus.BusConnection(self.address)
        try:
            yield bus.get_object(parts.NAME, parts.PATH, introspect=False)
        finally:
            bus.close()


@pytest.fixture(params=["alice", "root"])
def private(machine, request):
    """Started by an ordinary user; and by root, when it becomes the daemon's own user."""
    owner = namespace.DAEMON_USER if request.param == "root" else request.param
    return Private(machine, request.param, owner).start()


def register(relying_party, user, passkey):
    identifier, options, _ = relying_party.BeginRegistration(user, {}, signature="sa{sv}")
    response = browser.register(json.loads(options), passkey, attestation="none")
    return json.loads(relying_party.FinishRegistration(identifier, response))


def sign_in(relying_party, user, passkey):
    identifier, options, _ = relying_party.BeginAuthentication(user, {}, signature="sa{sv}")
    assert json.loads(options)["rpId"] == "private.example"
    return relying_party.FinishAuthentication(identifier,
                                              browser.sign_in(json.loads(options), passkey))


def test_registers_and_signs_in(private):
    passkey = browser.Passkey()
    with private.connection("root") as passkeyd:
        relying_party = dbus.Interface(passkeyd, parts.RELYING_PARTY)
        credential = register(relying_party, "bob", passkey)
        assert credential["rpId"] == "private.example"
        user, _ = sign_in(relying_party, "bob", passkey)
        assert user == "bob"
    with private.connection("bob") as passkeyd:  # himself, without being root
        user, _ = sign_in(dbus.Interface(passkeyd, parts.RELYING_PARTY), "bob", passkey)
        assert user == "bob"


def test_keeps_its_own_state(private, machine):
    passkey = browser.Passkey()
    with private.connection("root") as passkeyd:
        register(dbus.Interface(passkeyd, parts.RELYING_PARTY), "bob", passkey)
    code, _ = private.stop()
    assert code == 0
    (database,) = [name for name in os.listdir(private.state) if name.endswith(".db")]
    info = os.stat(f"{private.state}/{database}")
    assert info.st_uid == private.uid and info.st_mode & 0o077 == 0
    # The system's own daemon knows nothing of it, and the second start everything.
    assert json.loads(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "bob",
                                             parts.vardict({}))) == []
    private.start()
    with private.connection("root") as passkeyd:
        user, _ = sign_in(dbus.Interface(passkeyd, parts.RELYING_PARTY), "bob", passkey)
        assert user == "bob"


def test_runs_without_privileges(private):
    status = parts.status(private.daemon.pid)
    assert status["Uid"].split() == [str(private.uid)] * 4
    assert status["NoNewPrivs"] == "1" and status["CapEff"].strip("0") == ""


def test_without_polkit_only_root_may(private):
    """No polkit is on that bus."""
    with private.connection("bob") as passkeyd:
        relying_party = dbus.Interface(passkeyd, parts.RELYING_PARTY)
        with pytest.raises(dbus.DBusException) as caught:
            relying_party.BeginRegistration("bob", {}, signature="sa{sv}")
        assert caught.value.get_dbus_name() == parts.ERROR + "NotAuthorized"
        message = caught.value.get_dbus_message()
        assert "there is no polkit on this bus: only root may do this" in message
        with pytest.raises(dbus.DBusException) as caught:
            dbus.Interface(passkeyd, parts.MANAGER).Enroll("bob", {}, signature="sa{sv}")
        assert "only root may" in caught.value.get_dbus_message()
    correlation = re.search(r"\[(\w+)\]$", message).group(1)
    _, said = private.stop()
    assert re.search(rf"\[{correlation}\] .*NotAuthorized", said), said


def test_introspection(private):
    with private.connection("bob") as passkeyd:
        text = passkeyd.Introspect(dbus_interface="org.freedesktop.DBus.Introspectable")
    for interface in (parts.MANAGER, parts.RELYING_PARTY, parts.CREDENTIALS):
        assert f'name="{interface}"' in text


def test_its_configuration_is_read_again(private):
    namespace.write(private.config, "[rp default]\nid = private.example\n[rp shop]\nid = Shop\n")
    private.daemon.send_signal(1)
    for line in private.daemon.stderr:
        if "configuration kept as it was" in line:
            break
    assert f"{private.config}:4" in line, line
    with private.connection("root") as passkeyd:
        register(dbus.Interface(passkeyd, parts.RELYING_PARTY), "bob", browser.Passkey())


def start_fails(machine, config, state, address, user="alice"):
    done = subprocess.run(
        ["passkeyd", "--foreground", "--config", config, "--state-directory", state],
        preexec_fn=parts.become(user), capture_output=True, text=True, timeout=parts.PATIENCE,
        check=False, env=dict(parts.environment(user), DBUS_SYSTEM_BUS_ADDRESS=address))
    assert done.returncode == 1, done
    return done.stderr


def test_says_why_it_cannot_start(machine):
    private = Private(machine, "alice", "alice")
    nowhere = f"unix:path={private.folder}/none"
    assert "cannot start" in start_fails(machine, private.config, private.state, nowhere)
    said = start_fails(machine, private.config, private.folder + "/no", private.address)
    assert private.folder + "/no" in said and "No such file or directory" in said
    said = start_fails(machine, private.config, private.state, private.address, user="bob")
    assert private.state in said and "Permission denied" in said
    said = start_fails(machine, private.folder + "/no.conf", private.state, private.address)
    assert "no.conf" in said
    namespace.write(private.config, "[daemon]\ndebug = perhaps\n")
    said = start_fails(machine, private.config, private.state, private.address)
    assert f"{private.config}:2" in said and "perhaps" in said, said


def test_a_socket_of_its_own(machine):
    """Found by the variable; the system's daemon has its own socket meanwhile."""
    private = Private(machine, "alice", "alice")
    folder = private.folder + "/run"
    os.makedirs(folder, mode=0o755)
    os.chown(folder, private.uid, private.uid)
    private.start("--socket", folder + "/socket")
    assert machine.start_daemon()
    for variables, served in (({"PASSKEYD_SOCKET": folder + "/socket"}, "private.example"),
                              ({}, namespace.HOST)):
        done = subprocess.run(["passkeyctl", "status"], preexec_fn=parts.become("bob"), text=True,
                              env=dict(parts.environment("bob"), **variables),
                              capture_output=True, timeout=parts.PATIENCE, check=False)
        assert done.returncode == 0 and served in done.stdout, done
    # In a folder that others may write to it has none.
    private.stop()
    os.chmod(folder, 0o777)
    private.start("--socket", folder + "/socket")
    assert not os.path.exists(folder + "/socket")


def test_one_instance_a_bus(machine):
    private = Private(machine, "alice", "alice").start()
    said = start_fails(machine, private.config, private.state, private.address)
    assert "org.passkeyd" in said, said
    assert private.daemon.poll() is None


# passkeyd --check-config


def check(machine, *arguments):
    return machine.run_as("root", ["passkeyd", "--check-config", *arguments])


@pytest.mark.parametrize("text,where,what", [
    ("[rp default]\nid = Shop\n", ":2", "host name in lower case"),
    ("\n\n[nonsense]\n", ":3", "nonsense"),
    ("[daemon]\nspeed = 3\n", ":2", "speed"),
    ("debug = yes\n", ":1", ""),
    ("[authenticator]\ntouch-timeout = 4\n", ":2", "5 to 300 seconds"),
    ("[service sudo]\nmethods = pigeon\n", ":2", "local"),
    ("[service sudo]\ntransports = pigeon\n", ":2", "local"),
    ("[phone]\nqr = grey\n", ":2", "dark, light"),
    ("[rp default]\nid = example.org\nbrowser-url = https://example.net\n", ":3", "neither the"),
    ("[rp default]\nbrowser-url = http://login.example.org\n", ":2", "over https only"),
    ("[rp default]\nbrowser-url = https://192.0.2.7/p\n", ":2", "domain names only"),
    ("[rp default]\ncounter = ignore\n", ":2", "refuse, log"),
    ("[daemon\n", ":1", ""),
    ("[rp shop]\nname = Shop\n", "", "id"),
    ("[service sudo]\nrp = nowhere\n", "", "nowhere"),
    ("[rp default]\nrequire-trusted-attestation = yes\n", "", "trust-anchors"),
])
def test_check_config_refuses(machine, text, where, what):
    namespace.write(parts.CONFIG, text)
    done = check(machine)
    assert done.returncode == 1 and done.stdout == ""
    assert re.search(re.escape(parts.CONFIG) + where + r"\b", done.stderr), done.stderr
    assert what in done.stderr, done.stderr


def acl_for(uid):
    """An access control list that lets that user write, as setfacl would make it."""
    entries = [(1, 6, 0xffffffff), (2, 6, uid), (4, 4, 0xffffffff), (16, 6, 0xffffffff),
               (32, 4, 0xffffffff)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


def spoil(path, how):
    """Lets somebody else write there; what takes it back."""
    before = os.stat(path)
    mode = stat.S_IMODE(before.st_mode)
    if how == "acl":
        os.setxattr(path, "system.posix_acl_access", acl_for(namespace.PEOPLE["bob"]))
    elif isinstance(how, int):
        os.chmod(path, mode | how)
    else:
        os.chown(path, parts.pwd.getpwnam(how).pw_uid, -1)

    def mend():
        if how == "acl":
            os.removexattr(path, "system.posix_acl_access")
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, mode)
    return mend


WRONG_OWNERSHIP = [(path, how, words) for path in (parts.CONFIG, os.path.dirname(parts.CONFIG),
                                                   parts.CONFIG + ".d", parts.CONFIG + ".d/a.conf")
                   for how, words in ((0o020, "run chmod g-w"), (0o002, "run chmod go-w"),
                                      ("bob", "run chown root"),
                                      (namespace.DAEMON_USER, "run chown root"),
                                      ("acl", "run chmod g-w"))]


@pytest.mark.parametrize("path, how, words", WRONG_OWNERSHIP)
def test_what_others_may_write_is_no_configuration(machine, path, how, words):
    """Neither at the start nor for --check-config nor at SIGHUP, which keeps what there was."""
    namespace.write(parts.CONFIG, "[rp default]\nid = kept.example\n")
    namespace.write(parts.CONFIG + ".d/a.conf", "[daemon]\ndebug = no\n")
    assert check(machine).returncode == 0
    pid = machine.start_daemon()
    mend = spoil(path, how)
    try:
        done = check(machine)
        assert done.returncode == 1 and done.stdout == ""
        assert f"{words} {path}\n" in done.stderr and done.stderr.startswith(path + ": "), done
        mark = machine.syslog.mark()
        os.kill(pid, signal.SIGHUP)
        line = machine.syslog.wait("configuration kept as it was", mark)
        assert f"{words} {path}" in line, line
        machine.kill_daemon()
        with pytest.raises(dbus.DBusException):
            machine.start_daemon()
        machine.syslog.wait(f"cannot start: {path}: .*{words} {path}", mark)
    finally:
        mend()
    assert machine.start_daemon()


def test_a_private_configuration_is_its_users_own(machine):
    """Or root's; but not another's, and no longer when others may write to it."""
    private = Private(machine, "alice", "alice")
    assert private.start().stop()[0] == 0
    for path in (private.config, private.folder):
        for user, good in (("alice", True), ("bob", False), (namespace.DAEMON_USER, False)):
            mend = spoil(path, user)
            if good:
                assert private.start().stop()[0] == 0
            else:
                said = start_fails(machine, private.config, private.state, private.address)
                assert f"run chown root {path}" in said, said
            mend()
        mend = spoil(path, 0o020)
        said = start_fails(machine, private.config, private.state, private.address)
        assert f"run chmod g-w {path}" in said, said
        mend()


def test_check_config_reads_the_drop_ins(machine):
    folder = parts.CONFIG + ".d"
    namespace.write(parts.CONFIG, "[daemon]\ndebug = no\n")
    namespace.write(folder + "/10-good.conf", "[daemon]\ndebug = yes\n")
    namespace.write(folder + "/20-bad.conf", "[daemon]\ndebug = 7\n")
    namespace.write(folder + "/notes.txt", "not read\n")
    done = check(machine)
    assert done.returncode == 1 and folder + "/20-bad.conf:2" in done.stderr, done.stderr
    os.unlink(folder + "/20-bad.conf")
    done = check(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_config_of_nothing(machine):
    """Everything is optional; but a file that was named must be there."""
    os.unlink(parts.CONFIG) if os.path.exists(parts.CONFIG) else None
    assert check(machine).returncode == 0
    done = check(machine, "--config", "/etc/passkey/none.conf")
    assert done.returncode == 1 and "none.conf" in done.stderr, done


def test_the_example_configuration_is_valid(machine):
    (example,) = [os.path.join(root, name) for root, _, names in os.walk("/usr/share/doc/passkeyd")
                  for name in names if name == "passkeyd.conf"] or \
        [os.path.join(os.path.dirname(__file__), "../../etc/passkeyd.conf")]
    with open(example, encoding="utf-8") as file:
        lines = file.read().splitlines()
    namespace.write(parts.CONFIG, "\n".join(lines) + "\n")
    assert check(machine).returncode == 0
    # Uncommented, every key is known and every value good (but for the folder that is not there).
    keys = [re.sub(r"^#(?=[a-z\[])", "", line) for line in lines]
    namespace.write(parts.CONFIG, "\n".join(keys) + "\n")
    done = check(machine)
    assert done.returncode == 0 or "trust-anchors" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [["--speed"], ["extra"], ["--config"]])
def test_wrong_usage(machine, words):
    done = machine.run_as("root", ["passkeyd", *words])
    assert done.returncode == 2 and "Usage: passkeyd" in done.stderr


@pytest.mark.parametrize("option", ["--state-directory", "--socket"])
@pytest.mark.parametrize("path", ["", "here", "./here"])
def test_relative_paths_are_refused(machine, option, path):
    """The daemon is started from wherever; its state is not to be there."""
    done = machine.run_as("root", ["passkeyd", "--foreground", option, path])
    assert done.returncode == 2 and "absolute" in done.stderr
