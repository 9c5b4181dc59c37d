# SPDX-License-Identifier: BSD-2-Clause
"""Signing in as people do: passkey-ssh, passkey-askpass and a security key in the laptop."""

import os
import re
import shutil

import pexpect
import pytest

import machine as parts
import namespace
import ssh

pytestmark = pytest.mark.real_programs

PIN = "123456"
ONCE = ["-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"]
TOUCH = "(?i)touch your security key"


class Scene:
    """blue is alice's key and plugged into the laptop; the host has none."""

    def __init__(self, machine, keys, pin=None, config=""):
        self.machine, self.keys = machine, keys
        self.blue = keys.add("blue")
        if pin:
            parts.set_pin(keys, self.blue, pin)
        machine.configure(config)
        machine.enrol("alice", "blue", pin=pin)
        self.blue.set(touch="wait")
        self.server = ssh.Server(machine)
        self.laptop = ssh.Laptop(machine, keys)

    def configure(self, text=""):
        self.machine.configure(text)
        self.machine.kill_daemon()

    def passkey_ssh(self, destination="alice@" + namespace.HOST, *options, program="passkey-ssh",
                    command=("id", "-un"), **variables):
        return self.laptop.terminal([program, *ONCE, *options, destination, *command],
                                    **variables)

    def touch(self, child, key=None):
        child.expect(TOUCH)
        (key or self.blue).wait_touch_wanted()
        assert (key or self.blue).touch()

    def result(self, expected, user="alice"):
        assert self.machine.results() == [("sshd", user, expected)]

    def logged(self, pattern):
        return self.machine.syslog.wait(pattern, facility=parts.AUTHPRIV)


@pytest.fixture
def scene(machine, keys):
    scene = Scene(machine, keys)
    with scene.laptop.helper():
        scene.configure()
        yield scene


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def got_in(child, user="alice"):
    status, shown = end(child)
    assert status == 0 and shown.split()[-1] == user, shown
    return shown


def test_signs_in(scene):
    child = scene.passkey_ssh()
    child.expect(f"{namespace.HOST} asks for your passkey")
    child.expect("sign in as alice")
    scene.touch(child)
    got_in(child)
    scene.result("success")
    assert not os.path.exists(scene.laptop.home + "/.config/passkey")  # nothing had to be accepted


def test_enter_leads_to_the_next_way(scene):
    namespace.write("/etc/pam.d/sshd", "auth sufficient pam_passkey.so\nauth required pam_unix.so\n"
                    + namespace.REST)
    child = scene.passkey_ssh()
    child.expect(TOUCH)
    child.expect("Press Enter alone to go on to the next way.")
    scene.blue.wait_touch_wanted()
    child.sendline("")
    child.expect("Recovery code")
    child.sendline("")
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    got_in(child)


def test_without_a_passkey_of_this_laptops(scene):
    """What is said is true, and the host's next way comes by itself."""
    namespace.write("/etc/pam.d/sshd", "auth sufficient pam_passkey.so\nauth required pam_unix.so\n"
                    + namespace.REST)
    scene.blue.unplug()
    scene.keys.add("green")
    child = scene.passkey_ssh()
    child.expect("No security key that is plugged in holds a passkey for this")
    child.expect("Recovery code")
    child.sendline("")
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    got_in(child)


def test_signs_in_at_an_address(scene):
    """The address does not say whose it is: asked once, remembered, not asked again."""
    child = scene.passkey_ssh("alice@127.0.0.1")
    child.expect(r"\(yes/no\)\?")
    child.sendline("yes")
    scene.touch(child)
    got_in(child)
    accepted = scene.laptop.read(".config/passkey/hosts").split("\n")
    assert accepted[-2] == f"127.0.0.1 {namespace.HOST}"
    assert os.stat(scene.laptop.home + "/.config/passkey/hosts").st_mode & 0o777 == 0o600
    assert os.stat(scene.laptop.home + "/.config/passkey").st_mode & 0o777 == 0o700
    child = scene.passkey_ssh("alice@127.0.0.1")
    scene.touch(child)
    shown = got_in(child)
    assert "yes/no" not in shown


@pytest.mark.parametrize("name", ["web1", "localhost", "::1"])
def test_by_other_names(scene, name):
    scene.laptop.accept(f"[{name}]" if False else name)
    child = scene.passkey_ssh("alice@" + name)
    scene.touch(child)
    got_in(child)


def test_without_the_wrapper(scene):
    """The lines of passkey-ssh(1)."""
    child = scene.passkey_ssh(program="ssh", SSH_ASKPASS="/usr/bin/passkey-askpass",
                              SSH_ASKPASS_REQUIRE="force")
    scene.touch(child)
    got_in(child)


def test_with_a_pin(machine, keys):
    scene = Scene(machine, keys, PIN, "[rp default]\nuser-verification = required\n")
    with scene.laptop.helper():
        scene.configure("[rp default]\nuser-verification = required\n")
        child = scene.passkey_ssh()
        child.expect("PIN.*: ")
        child.sendline(PIN)
        scene.touch(child)
        shown = got_in(child)
        assert PIN not in shown
        assert "user verified" in scene.logged(r"sign-in of alice .*: ok")


def test_a_wrong_pin(machine, keys):
    scene = Scene(machine, keys, PIN, "[rp default]\nuser-verification = required\n")
    with scene.laptop.helper():
        scene.configure("[rp default]\nuser-verification = required\n")
        child = scene.passkey_ssh()
        child.expect("PIN.*: ")
        child.sendline("000000")
        child.expect("(?i)7 tries left|wrong PIN")
        child.expect("PIN.*: ")
        child.sendline(PIN)
        scene.touch(child)
        got_in(child)


def test_no_key_plugged_in(scene):
    scene.blue.unplug()
    child = scene.passkey_ssh()
    child.expect("(?i)insert your security key|plug")
    scene.blue.plug()
    scene.blue.set(touch="wait")
    scene.touch(child)
    got_in(child)


def test_another_persons_key(scene):
    """The laptop's key is not alice's: it is not touched, and nothing is sent."""
    scene.blue.unplug()
    green = scene.keys.add("green").set(touch="wait")
    child = scene.passkey_ssh()
    child.expect("(?i)none of the|no security key|not enrolled|insert")
    assert not green.info()["touch_wanted"]
    child.sendintr()
    status, _ = end(child)
    assert status != 0


def test_not_touched(scene):
    child = scene.passkey_ssh()
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    assert scene.blue.give_up()
    child.expect("Recovery code.*: ")
    child.sendline("")
    status, shown = end(child)
    assert status == 255 and "Permission denied" in shown
    assert scene.machine.results()[-1][2] == "auth_err"


def test_ctrl_c_at_the_key(scene):
    child = scene.passkey_ssh()
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    child.sendintr()
    assert end(child)[0] != 0
    assert not scene.blue.info()["touch_wanted"]


def test_keys_of_the_host_are_not_touched(scene):
    """A sign-in never uses a key of the host: the daemon there starts no helper."""
    since = scene.blue.keys.mark()
    child = scene.passkey_ssh()
    scene.touch(child)
    got_in(child)
    assert [each["event"] for each in scene.keys.events(since)].count("touch-wanted") == 1


def test_two_people_and_a_key_that_is_never_touched(scene):
    """dave's laptop waits for a touch that does not come; alice is not held up."""
    other = ssh.Laptop(scene.machine, scene.keys, "dave")
    green = scene.keys.add("green", plug=False)
    slow = other.terminal(["passkey-ssh", *ONCE, "alice@" + namespace.HOST, "true"])
    slow.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    assert green
    quick = scene.passkey_ssh()
    quick.expect("asks for your passkey")
    assert slow.isalive()
    slow.sendintr()
    end(slow)
    scene.touch(quick)
    got_in(quick)


def test_another_port_and_name(scene):
    """Options are ssh's: a port, a login name, an alias in ssh_config."""
    scene.server = ssh.Server(scene.machine, port=2222)
    scene.laptop.know(f"[{namespace.HOST}]:2222")
    scene.laptop.write(".ssh/config", f"Host work\n    HostName {namespace.HOST}\n    User alice\n"
                       "    Port 2222\n")
    for arguments in (("-p", "2222", "-l", "alice", namespace.HOST), ("work",)):
        child = scene.laptop.terminal(["passkey-ssh", *ONCE, *arguments, "id", "-un"])
        child.expect(f"{namespace.HOST} asks for your passkey|work asks for your passkey")
        scene.touch(child)
        got_in(child)


def test_through_a_jump_host(scene):
    """Two sign-ins, each with the name of its own host."""
    scene.laptop.accept("localhost")
    child = scene.passkey_ssh("alice@" + namespace.HOST, "-J", "alice@localhost")
    child.expect("localhost asks for your passkey")
    scene.touch(child)
    child.expect(f"{namespace.HOST} asks for your passkey")
    scene.touch(child)
    got_in(child)
    assert scene.machine.results() == [("sshd", "alice", "success")] * 2


def test_copies_files(scene):
    scene.laptop.write("file", "from the laptop\n")
    alice = "alice@" + namespace.HOST
    for number, command in enumerate((
            ["passkey-scp", *ONCE, "file", f"{alice}:copy0"],
            ["sh", "-c", f"echo put file copy1 | passkey-sftp {' '.join(ONCE)} {alice}"],
            ["rsync", "-e", "passkey-ssh " + " ".join(ONCE), "file", f"{alice}:copy2"])):
        if command[0] == "rsync" and not shutil.which("rsync"):
            continue
        child = scene.laptop.terminal(command)
        scene.touch(child)
        status, shown = end(child)
        assert status == 0, (command, shown)
        with open(f"{namespace.SCRATCH}/home/alice/copy{number}", encoding="ascii") as file:
            assert file.read() == "from the laptop\n"
        os.unlink(f"{namespace.SCRATCH}/home/alice/copy{number}")


def test_one_touch_for_several_sessions(scene):
    """Sessions over a master connection need no further sign-in."""
    path = scene.laptop.runtime + "/master"
    child = scene.passkey_ssh("alice@" + namespace.HOST, "-o", "ControlMaster=yes", "-o",
                              "ControlPath=" + path, command=("echo in; read line",))
    scene.touch(child)
    child.expect("in")
    second = scene.passkey_ssh("alice@" + namespace.HOST, "-o", "ControlPath=" + path)
    got_in(second)
    child.sendline("")
    end(child)


def test_request_of_a_later_version(scene):
    """A request of a later version is refused with a message, and no key is touched."""
    namespace.write("/etc/pam.d/sshd",
                    f"auth required pam_exec.so quiet {namespace.SCRATCH}/never\n" + namespace.REST)
    done = scene.laptop.run(["passkey-askpass", "(alice@web1.example.org) Key:\npasskey1:oQEB\n"],
                            stdin=ssh.subprocess.DEVNULL)
    assert done.returncode == 1 and not done.stdout
    assert re.search("does not understand|OpenSSH 8.5", done.stderr)
    assert not scene.blue.info()["touch_wanted"]
