# SPDX-License-Identifier: BSD-2-Clause
"""sudo's approval plugin: if this failed, a command would run as root that nobody approved, or one
that is not what the person read."""

import json
import os
import re
import signal
import subprocess

import pexpect
import pytest

import machine as parts
import namespace
import software_agent

pytestmark = pytest.mark.real_programs

CONF = "/etc/sudo.conf"
PLUGIN = "Plugin passkey_approval passkey_approval.so"
TOUCH = "Touch your security key to run on web1 as "
SUDOERS = """Defaults env_reset, !lecture, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
alice ALL=(ALL:ALL) NOPASSWD: ALL
"""
HOME = namespace.SCRATCH + "/home/alice"
ID = "/usr/bin/id"
NOT_THERE = "passkeyd does not answer, and without it no command is approved"


def configure_sudo(words="", defaults=""):
    """alice needs no password, so that whatever is asked for is the plugin's."""
    namespace.write(CONF, f"{PLUGIN} {words}\n")
    namespace.write("/etc/sudoers", SUDOERS + f"{defaults}\n", 0o440)


@pytest.fixture
def plugin(machine, keys):
    """With a key of alice's that waits to be touched."""
    key = keys.add("blue").set(touch="wait")
    key.set(touch="immediate")
    machine.enrol("alice")
    key.set(touch="wait")
    configure_sudo()
    yield key
    os.unlink(CONF)


class Run:
    """One command of alice's."""

    def __init__(self, machine, *arguments, **variables):
        self.since = machine.syslog.mark()
        self.left = None
        self.child = machine.terminal("alice", list(arguments), **variables)

    def expect(self, pattern):
        self.child.expect(pattern)
        return self

    def end(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        self.left = self.child.before
        return self.child.exitstatus


def approved(machine, key, *arguments, **variables):
    """Touched at once: the status, what was said, what came after it, and the context."""
    key.set(touch="immediate")
    run = Run(machine, *arguments, **variables)
    run.expect(r"Touch your security key (.*?)\r\n")
    said = run.child.match.group(1)
    status = run.end()
    key.set(touch="wait")
    line = machine.syslog.wait(r"sign-in of alice \(default\): ok", run.since)
    return status, said, run.left, json.loads(line[line.index("{"):])


def test_what_sudo_resolved_is_said_signed_and_logged(machine, plugin):
    status, said, left, context = approved(machine, plugin, "sudo", "-u", "bob", "id", "-un")
    assert status == 0 and left.split() == "Press Enter alone to stop. bob".split()
    assert said == f"to run on web1 as bob (group bob) in {HOME}: {ID} -un"
    wanted = {"act": "approve", "command": ID + " -un", "target": "bob", "group": "bob",
              "cwd": HOME, "user": "alice"}
    assert {name: context[name] for name in wanted} == wanted
    assert "environment" not in context, "what sudo itself sets is nothing to look at"


def test_nothing_runs_before_the_touch(machine, plugin):
    run = Run(machine, "sudo", "touch", "/run/ran").expect(re.escape("/usr/bin/touch /run/ran"))
    plugin.wait_touch_wanted()
    assert not os.path.exists("/run/ran") and run.child.isalive()
    assert plugin.touch()
    assert run.end() == 0
    os.unlink("/run/ran")


@pytest.mark.parametrize("arguments,words", [
    (["-g", "carol", "id"], f"as alice (group carol) in {HOME}: {ID}"),
    (["-u", "#2002", "id"], f"as bob (group bob) in {HOME}: {ID}"),
    (["-D", "/usr", "id"], f"as root (group root) in /usr: {ID}"),
    (["sh", "-c", "true  # \u202e"], rf"in {HOME}: /usr/bin/dash (called sh) -c $'true  # \u202e'"),
    (["A=b", "C=d e", "id"], f"in {HOME}, with A=b 'C=d e': {ID}"),
    (["LD_PRELOAD=/lib/x.so", "true"], f"in {HOME}, with LD_PRELOAD=/lib/x.so: /usr/bin/true"),
    (["HOME=" + HOME, "true"], f"in {HOME}, with HOME={HOME}: /usr/bin/true"),
    (["PATH=/tmp:/usr/bin", "true"], f"in {HOME}, with PATH=/tmp:/usr/bin: /usr/bin/true"),
    (["-s", "--", "echo", "a b"],
     f"in {HOME}, with SHELL=/bin/sh: /usr/bin/dash (called /bin/sh) -c 'echo a\\ b'"),
], ids=lambda each: " ".join(each) if isinstance(each, list) else "")
def test_everything_that_decides_what_runs(machine, plugin, arguments, words):
    configure_sudo(defaults="Defaults runcwd=*\nDefaults !secure_path")
    assert words in approved(machine, plugin, "sudo", *arguments)[1]


def test_what_is_kept_of_the_environment(machine, plugin):
    configure_sudo(defaults='Defaults env_keep += "BASH_ENV LANG"')
    said = approved(machine, plugin, "sudo", "true", BASH_ENV="/home/alice/x", LANG="C.UTF-8")[1]
    assert ", with BASH_ENV=/home/alice/x: " in said


def test_a_link_is_followed(machine, plugin):
    os.symlink(ID, HOME + "/harmless")
    _, said, left, _ = approved(machine, plugin, "sudo", "./harmless", "-un")
    assert said.endswith(f": {ID} (called ./harmless) -un") and left.split()[-1] == "root"
    os.unlink(HOME + "/harmless")


def test_options_that_can_be_read_in_two_ways(machine, plugin):
    namespace.write(HOME + "/A=b", "#!/bin/sh\necho RAN $*\n", 0o755)
    _, said, left, _ = approved(machine, plugin, "sudo", "-p", "--", "./A=b", "apt", "update")
    assert said.endswith(f" in {HOME}: {HOME}/A=b apt update") and "RAN apt update" in left
    os.unlink(HOME + "/A=b")


def test_a_long_command_is_shown_whole(machine, plugin):
    """sudo's conversation function cuts nothing."""
    argument = ": " + "x" * 4000 + "; echo RAN"
    plugin.set(touch="immediate")
    run = Run(machine, "sudo", "sh", "-c", argument).expect(re.escape(f"-c '{argument}'"))
    assert run.end() == 0 and "RAN" in run.left


def test_inside_the_grace_as_well(machine, plugin):
    namespace.write("/etc/pam.d/sudo", "auth required pam_unix.so\n" + namespace.REST)
    namespace.write("/etc/sudoers", "alice ALL=(ALL:ALL) ALL\nroot ALL=(ALL:ALL) ALL\n", 0o440)
    script = "sudo id -un; sudo id -un; sudo -n id -un"
    run = Run(machine, "sh", "-c", script)
    run.expect(r"(?i)password[^:]*: ")
    run.child.sendline(namespace.password("alice"))
    for _ in range(3):
        run.expect(re.escape(TOUCH))
        plugin.wait_touch_wanted()
        assert plugin.touch()
        run.expect("root\r\n")
    assert run.end() == 0
    namespace.write("/etc/pam.d/sudo", namespace.service())


@pytest.mark.parametrize("option", ["-l", "-v", "-k", "-V"])
def test_what_runs_nothing_asks_nothing(machine, plugin, option):
    run = Run(machine, "sudo", option)
    assert run.end() == 0
    assert "Touch" not in run.left and machine.syslog.text(run.since).find("sign-in") < 0


def test_roots_own_sudo_is_not_asked(machine, plugin):
    machine.activatable(False)
    machine.kill_daemon()
    done = subprocess.run(["sudo", "-u", "bob", "id", "-un"], capture_output=True, text=True,
                          timeout=parts.PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "bob\n"), done.stderr


def refused(run, words):
    assert run.end() == 1, run.left
    assert words in run.left and "root" not in run.left.splitlines(), run.left


def test_without_a_daemon(machine, plugin):
    machine.activatable(False)
    machine.kill_daemon()
    refused(Run(machine, "sudo", "id", "-un"), NOT_THERE)


def test_without_a_bus(machine, plugin):
    machine.kill_daemon()
    machine.stop_bus()
    refused(Run(machine, "sudo", "id", "-un"), NOT_THERE)


def test_another_bus_is_not_believed(machine, plugin):
    """Whoever calls sudo says where the bus is, where a program believes it."""
    machine.activatable(False)
    machine.kill_daemon()
    refused(Run(machine, "sudo", "id", "-un", DBUS_SYSTEM_BUS_ADDRESS="unix:path=/run/nothing"),
            NOT_THERE)
    machine.activatable(True)
    status = approved(machine, plugin, "sudo", "true",
                      DBUS_SYSTEM_BUS_ADDRESS="unix:path=/run/nothing")[0]
    assert status == 0


def test_a_daemon_that_ends_meanwhile(machine, plugin):
    run = Run(machine, "sudo", "id", "-un").expect(re.escape(TOUCH))
    machine.activatable(False)
    machine.kill_daemon()
    refused(run, NOT_THERE)


def test_a_daemon_that_hangs(machine, plugin):
    machine.start_daemon()
    os.kill(machine.daemon_pid(), signal.SIGSTOP)
    run = Run(machine, "sudo", "id", "-un")
    refused(run, NOT_THERE)


def test_not_touched(machine, plugin):
    configure_sudo("timeout=2")
    refused(Run(machine, "sudo", "id", "-un"), "sudo: passkey_approval: ")


def test_no_passkey(machine, plugin):
    configure_sudo(defaults="bob ALL=(ALL:ALL) NOPASSWD: ALL")
    done = machine.run_as("bob", ["sudo", "id", "-un"])
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "sudo: passkey_approval: No passkey is enrolled for this account.\n"


@pytest.mark.parametrize("key,number", [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
def test_control_keys_are_no(machine, plugin, key, number):
    run = Run(machine, "sudo", "id", "-un").expect(re.escape(TOUCH))
    plugin.wait_touch_wanted()
    run.child.send(key)
    run.end()
    assert run.child.exitstatus == 1 or run.child.signalstatus == number, run.left
    assert "root" not in run.left.splitlines()
    plugin.wait("cancelled", 0)


def test_two_at_once_are_two_touches(machine, plugin):
    """Of one key: what was touched for one of them is not the other's."""
    first = Run(machine, "sudo", "-u", "bob", "id", "-un").expect(re.escape(TOUCH + "bob"))
    plugin.wait_touch_wanted()
    second = Run(machine, "sudo", "-u", "carol", "id", "-un")
    for run in (first, second):
        run.expect("Press Enter to use the security key for THIS request")
    since = machine.syslog.mark()
    first.child.send("\r")
    plugin.wait("touch-wanted")
    assert plugin.touch()
    assert first.end() == 0 and first.left.split()[-1] == "bob"
    second.child.close(force=True)
    machine.syslog.mark()
    lines = [line for line in machine.syslog.text(since).splitlines() if "): ok, " in line]
    assert len(lines) == 1 and '"target":"bob"' in lines[0]


def test_files_to_edit(machine, plugin):
    configure_sudo(defaults='Defaults env_editor, editor="/usr/bin/true"')
    plugin.set(touch="immediate")
    run = Run(machine, "sudoedit", "/etc/hosts", EDITOR="/usr/bin/true --flag")
    run.expect(re.escape("to edit on web1 as root (group root) in " + HOME + ": /etc/hosts\r\n"))
    assert run.end() == 0, run.left


def test_every_command_of_a_shell_with_intercept(machine, plugin):
    configure_sudo(defaults="Defaults intercept, intercept_type=dso, intercept_allow_setid")
    plugin.set(touch="immediate")
    run = Run(machine, "sudo", "sh", "-c", "/usr/bin/id -un; true")
    run.expect(re.escape(": /usr/bin/dash (called sh) -c "))
    run.expect(re.escape(": /usr/bin/id"))
    run.end()


@pytest.mark.parametrize("options", [["-n"], ["-S"], ["-A"], ["-HnS"], ["--stdin"]], ids=str)
def test_no_pin_is_asked_where_nobody_types(machine, plugin, options):
    """With -S sudo would give the plugin whatever comes next on standard input."""
    configure_sudo("uv=required")
    plugin.set_pin("123456")
    refused(Run(machine, "sudo", *options, "id", "-un", SUDO_ASKPASS="/bin/true"),
            "something would have to be typed, and nobody would type it")
    run = Run(machine, "sudo", "id", "-un")
    plugin.set(touch="immediate")
    run.expect(r"PIN[^\r\n]*: ?")
    run.child.sendline("123456")
    assert run.end() == 0 and run.left.split()[-1] == "root"


def test_no_pin_is_asked_of_a_pipe(machine, plugin):
    configure_sudo("uv=required")
    plugin.set_pin("123456")
    done = machine.run_as("alice", ["setsid", "-w", "sudo", "id", "-un"], input="000000\n" * 9)
    assert done.returncode == 1 and done.stdout == ""
    assert "nobody would type it" in done.stderr
    assert plugin.info()["pin_tries"] == 8


def test_a_forwarded_agent_approves(machine, plugin):
    """From another computer, without a word of sudoers about the variable."""
    key = software_agent.Key()
    machine.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", "alice", "ssh", key.line,
                           parts.vardict({}))
    agent = software_agent.Agent(namespace.SCRATCH + "/agent", "alice")
    agent.keys = [key]
    machine.configure("[service sudo]\nmethods = agent\n")
    machine.kill_daemon()
    _, said, left, context = approved(machine, plugin, "sudo", "-u", "bob", "id", "-un",
                                      SSH_CONNECTION="192.0.2.7 1 192.0.2.1 22",
                                      **agent.environment())
    agent.close()
    assert said == "(through your ssh-agent) to run on web1 as bob (group bob) in " + \
        f"{HOME}: {ID} -un"
    assert left.split()[-1] == "bob" and len(agent.signed) == 1
    assert (context["act"], context["rhost"]) == ("approve", "192.0.2.7")


def test_a_recovery_code_approves_nothing(machine, plugin):
    machine.recovery_codes("alice")
    machine.configure("[service sudo]\nmethods = recovery\n")
    machine.kill_daemon()
    run = Run(machine, "sudo", "id", "-un")
    refused(run, "sudo: passkey_approval: ")
    assert "ecovery" not in run.left


@pytest.mark.parametrize("words", ["nonsense", "nullok", "identify", "timeout=x", "quiet quiet"])
def test_options_that_are_none(machine, plugin, words):
    configure_sudo(words)
    refused(Run(machine, "sudo", "id", "-un"), "an option in sudo.conf is unknown")
    done = subprocess.run(["sudo", "true"], timeout=parts.PATIENCE, check=False)
    assert done.returncode == 0, "root cannot mend it"


def test_an_approval_is_of_its_act_alone(machine, plugin):
    """What is signed says which it is, so that a sign-in never passes for an approval."""
    approval = approved(machine, plugin, "sudo", "id")[3]
    namespace.write(CONF, "\n")
    namespace.write("/etc/sudoers", "alice ALL=(ALL:ALL) ALL\nroot ALL=(ALL:ALL) ALL\n", 0o440)
    plugin.set(touch="immediate")
    run = Run(machine, "sudo", "id")
    assert run.end() == 0
    line = machine.syslog.wait(r"sign-in of alice \(default\): ok", run.since)
    assert json.loads(line[line.index("{"):])["act"] == "authenticate"
    assert approval["act"] == "approve"
