# SPDX-License-Identifier: BSD-2-Clause
"""What is installed beside the programs says what it should, to the programs that read it."""

import os
import re
import shutil
import subprocess

import dbus
import dbus.bus
import pexpect
import pytest

import machine as parts
import namespace


def own_name(user):
    with parts.effective(user):
        bus = dbus.bus.BusConnection(parts.ADDRESS)
    try:
        return bus.request_name(parts.NAME)
    finally:
        bus.close()


@pytest.mark.parametrize("user", ["root", "alice", "messagebus"])
def test_only_the_daemons_user_owns_the_name(machine, user):
    with pytest.raises(dbus.DBusException) as caught:
        own_name(user)
    assert caught.value.get_dbus_name() == "org.freedesktop.DBus.Error.AccessDenied"


def test_the_daemons_user_owns_the_name(machine):
    assert own_name(namespace.DAEMON_USER) == dbus.bus.REQUEST_NAME_REPLY_PRIMARY_OWNER


@pytest.mark.parametrize("kind,interface,reaches", [
    ("call", parts.MANAGER, True),
    ("call", parts.CONVERSATION, True),
    ("call", parts.RELYING_PARTY, True),
    ("call", parts.CREDENTIALS, True),
    ("call", "org.freedesktop.DBus.Properties", True),
    ("call", "org.freedesktop.DBus.Introspectable", True),
    ("call", "org.passkeyd.Other1", False),
    ("call", "org.freedesktop.DBus.ObjectManager", False),
    ("call", None, False),
    ("signal", parts.MANAGER, False),
])
def test_what_may_be_sent(machine, kind, interface, reaches):
    with parts.effective(namespace.DAEMON_USER):
        owner = dbus.bus.BusConnection(parts.ADDRESS)
    owner.request_name(parts.NAME)
    with parts.effective("alice"):
        caller = dbus.bus.BusConnection(parts.ADDRESS)
    if kind == "signal":
        message = dbus.lowlevel.SignalMessage(parts.PATH, interface, "Anything")
        message.set_destination(parts.NAME)
    else:
        message = dbus.lowlevel.MethodCallMessage(parts.NAME, parts.PATH, interface, "Anything")
    # Only the policy's own answer comes at once: nobody reads on the other side.
    if kind == "signal":
        caller.send_message(message)
        caller.flush()
        machine.syslog.wait("Rejected send message")
    else:
        with pytest.raises(dbus.DBusException) as caught:
            caller.send_message_with_reply_and_block(message, 0.5)
        denied = caught.value.get_dbus_name() == "org.freedesktop.DBus.Error.AccessDenied"
        assert denied != reaches, caught.value
    owner.close()
    caller.close()


def check_authorization(bus, subject, action):
    details = dbus.Dictionary({}, signature="ss")
    return bus.call_blocking(
        "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
        "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization", "(sa{sv})sa{ss}us",
        (("system-bus-name", {"name": dbus.String(subject, variant_level=1)}), action, details,
         dbus.UInt32(0), ""), timeout=parts.PATIENCE)


@pytest.mark.parametrize("action", ["org.passkeyd.enroll", "org.passkeyd.manage"])
def test_polkit_lets_the_daemon_ask_and_wants_fresh_authentication(machine, action):
    caller = machine.connect("alice")
    with parts.effective(namespace.DAEMON_USER):
        daemon = dbus.bus.BusConnection(parts.ADDRESS)
    authorized, challenge, _ = check_authorization(daemon, caller.bus.get_unique_name(), action)
    assert not authorized and challenge
    shown = subprocess.run(["pkaction", "--verbose", "--action-id", action], text=True,
                           capture_output=True, check=True).stdout
    assert shown.count("auth_self\n") == 3, shown
    with parts.effective("bob"):
        other = dbus.bus.BusConnection(parts.ADDRESS)
    with pytest.raises(dbus.DBusException):  # bob owns neither the action nor alice
        check_authorization(other, caller.bus.get_unique_name(), action)
    other.close()
    daemon.close()


def test_pam_profile(quiet_machine):
    before = open("/etc/pam.d/common-auth", encoding="utf-8").read()
    assert "pam_passkey.so" not in before
    subprocess.run(["pam-auth-update", "--package", "--enable", "passkey"], check=True,
                   env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    auth = [line for line in open("/etc/pam.d/common-auth", encoding="utf-8")
            if line.startswith("auth")]
    assert "pam_passkey.so" in auth[0] and "default=ignore" in auth[0], auth
    assert any("pam_unix.so" in line for line in auth[1:]), auth
    subprocess.run(["pam-auth-update", "--package", "--remove", "passkey"], check=True,
                   env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    after = open("/etc/pam.d/common-auth", encoding="utf-8").read()
    assert "pam_passkey.so" not in after


def tool(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def unit_path(unit):
    path = "/usr/lib/systemd/system/" + unit
    if not os.path.exists(path) and unit.startswith("passkey-store-"):
        pytest.skip("it was not built: its library is not there")
    return path


@pytest.mark.parametrize("unit", ["passkeyd.service", "passkey-gateway.service",
                                  "passkey-gateway.socket", "passkey-phone-dialler.socket",
                                  "passkey-phone-dialler@.service", "passkey-store-ldap.service",
                                  "passkey-store-ldap.socket", "passkey-store-postgresql.service",
                                  "passkey-store-postgresql.socket"])
def test_unit(quiet_machine, unit):
    unit_path(unit)
    checked = subprocess.run([tool("systemd-analyze"), "verify", "--man=no", unit],
                             text=True, capture_output=True, check=False)
    about = [line for line in checked.stderr.splitlines() if "passkey" in line]
    if not os.path.exists("/usr/sbin/passkeyd"):
        about = [line for line in about if "not executable" not in line]
    assert not about, about


@pytest.mark.parametrize("name", ["passkeyd", "passkey-gateway"])
def test_a_sockets_folder_outlives_the_service(name):
    """Otherwise it is removed with the socket when the service ends, and nobody can start it."""
    unit = {kind: open(f"/usr/lib/systemd/system/{name}.{kind}", encoding="utf-8").read()
            for kind in ("socket", "service")}
    (folder,) = re.findall("(?m)^RuntimeDirectory=(.*)$", unit["service"])
    assert f"\nListenStream=/run/{folder}/" in unit["socket"]
    assert "\nRuntimeDirectoryPreserve=yes\n" in unit["service"]


@pytest.mark.parametrize("name", ["passkey-gateway", "passkey-phone-dialler@",
                                  "passkey-store-ldap", "passkey-store-postgresql"])
def test_how_exposed_what_has_the_network_is(quiet_machine, name):
    """Who speaks to strangers is shut in: systemd's measure is at most 1.5."""
    path = unit_path(name + ".service")
    checked = subprocess.run([tool("systemd-analyze"), "security", "--offline=true",
                              "--threshold=15", path], text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_sysusers_and_tmpfiles(quiet_machine, tmp_path):
    users, files = tool("systemd-sysusers"), tool("systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    subprocess.run([users, f"--root={tmp_path}", "/usr/lib/sysusers.d/passkeyd.conf"], check=True)
    passwd = (tmp_path / "etc/passwd").read_text()
    assert "\npasskey-gateway:x:" in passwd, passwd
    assert passwd.startswith("passkeyd:x:") and ":/var/lib/passkeyd:" in passwd, passwd
    assert "passkeyd:x:" in (tmp_path / "etc/group").read_text()
    subprocess.run([files, "--create", "/usr/lib/tmpfiles.d/passkeyd.conf"], check=True)
    assert os.stat("/var/lib/passkeyd").st_mode & 0o777 == 0o700


def test_udev_rule_comes_after_those_it_relies_on(quiet_machine):
    """fido_id runs in 60-fido-id.rules; 70-u2f.rules sets another group."""
    rules = [name for name in os.listdir("/usr/lib/udev/rules.d") if "passkeyd" in name]
    assert rules and all(name > "70-u2f.rules" for name in rules), rules


COMPLETE = """
. /usr/share/bash-completion/completions/$1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
words=$(complete -p $1) && words=${words##*-F } &&
    ${words%% *} $1 "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words):
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", *words], text=True, check=True,
                          capture_output=True)
    assert not done.stderr
    return {each for each in done.stdout.split("\n") if each}


@pytest.mark.parametrize("program", ["passkey-askpass", "passkey-enroll", "passkey-ssh"])
def test_completion_knows_every_option(quiet_machine, program):
    usage = subprocess.run([program, "--help"], text=True, check=True, capture_output=True).stdout
    options = set(re.findall(r"^ +(--[a-z-]+)", usage, re.MULTILINE))
    options |= set(re.findall(r", (--[a-z-]+)", usage))
    assert {"--help", "--version"} <= options <= completed(program, "--")


def test_completion_knows_every_command(quiet_machine):
    usage = subprocess.run(["passkeyctl", "--help"], text=True, check=True,
                           capture_output=True).stdout
    commands = set(re.findall(r"^  ([a-z][a-z-]+) ", usage, re.MULTILINE))
    assert len(commands) > 9 and commands <= completed("passkeyctl", "")
    assert completed("passkeyctl", "import", "") == {"ssh", "pam-u2f", "sssd"}
    assert "--ticket-file" in completed("passkeyctl", "import", "--")


ZSH = """
autoload -U compinit && compinit -D -u
PROMPT='%% ' LISTMAX=1000
unset zle_bracketed_paste
zstyle ':completion:*' verbose no
"""


def completed_by_zsh(line):
    """What control-D lists; a terminal's width keeps words whole."""
    child = pexpect.spawn("zsh", ["-f", "-i"], encoding="utf-8", timeout=parts.PATIENCE,
                          echo=False, dimensions=(200, 40),
                          env=dict(os.environ, TERM="dumb", HOME=namespace.SCRATCH))
    for each in ZSH.strip().splitlines():
        child.sendline(each)
    child.sendline("print rea''dy")
    child.expect("ready")
    child.send(line)
    child.expect("% " + re.escape(line))
    child.sendcontrol("d")
    child.expect("(?s)(.*)% " + re.escape(line))
    child.sendcontrol("c")
    child.close(force=True)
    return set(child.match.group(1).split()) - {"%", *line.split()}


def completed_by_fish(line):
    done = subprocess.run(["fish", "-c", "complete -C " + repr(line)], text=True, check=True,
                          capture_output=True, env=dict(os.environ, HOME=namespace.SCRATCH))
    assert not done.stderr
    return {each.split("\t")[0] for each in done.stdout.splitlines()}


@pytest.fixture(params=[completed_by_zsh, completed_by_fish], ids=["zsh", "fish"])
def other_shell(request):
    return request.param


@pytest.mark.parametrize("program", ["passkey-askpass", "passkey-enroll", "passkey-ssh",
                                     "passkeyd"])
def test_other_shells_know_every_option(quiet_machine, other_shell, program):
    usage = subprocess.run([program, "--help"], text=True, check=True, capture_output=True).stdout
    lines = re.findall(r"(?m)^(?:Usage: passkeyd| {7,}|  -).*", usage)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    assert {"--help", "--version"} <= options <= other_shell(program + " --")


def test_other_shells_know_every_command(quiet_machine, other_shell):
    usage = subprocess.run(["passkeyctl", "--help"], text=True, check=True,
                           capture_output=True).stdout
    commands = set(re.findall(r"^  ([a-z][a-z-]+) ", usage, re.MULTILINE))
    assert len(commands) > 9 and commands <= other_shell("passkeyctl ")
    assert other_shell("passkeyctl import --") >= {"--ticket-file", "--name", "--user", "--help"}
    listed = other_shell("passkeyctl list --")
    assert "--all" in listed and "--ticket-file" not in listed and "--lifetime" not in listed
    assert other_shell("passkeyctl test --uv ") == {"required", "preferred", "discouraged"}
    assert namespace.DAEMON_USER in other_shell("passkeyctl adopt pass")


def test_other_shells_know_the_names_of_passkeys(machine, keys, other_shell):
    for name in ("blue", "brown"):
        key = keys.add(name)
        machine.enrol("root", name)
        key.unplug()
    assert other_shell("passkeyctl show b") == {"blue", "brown"}
