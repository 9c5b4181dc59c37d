# SPDX-License-Identifier: BSD-2-Clause
"""passkey-ssh where no passkey is asked for: passwords, host keys and confirmations as ever."""

import os

import pexpect
import pytest

import machine as parts
import namespace
import ssh

pytestmark = pytest.mark.real_programs

PASSWORD_ONLY = "auth required pam_unix.so\n" + namespace.REST
FALLBACK = "auth [success=done default=ignore] pam_passkey.so\nauth required pam_unix.so\n" + \
    namespace.REST
COMMAND = ["passkey-ssh", "-o", "PreferredAuthentications=keyboard-interactive,password"]


@pytest.fixture
def laptop(quiet_machine):
    ssh.Server(quiet_machine, stack=PASSWORD_ONLY)
    return ssh.Laptop(quiet_machine)


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def test_a_password(laptop):
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "id", "-un"])
    child.expect(r"\(alice@127.0.0.1\) Password: ")
    child.sendline(namespace.password("alice"))
    status, shown = end(child)
    assert (status, shown.split()) == (0, ["alice"])
    assert namespace.password("alice") not in shown


def test_a_wrong_password_is_asked_again(laptop):
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "id", "-un"])
    child.expect("Password: ")
    child.sendline("wrong")
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    assert end(child)[0] == 0


def test_the_password_method(quiet_machine):
    ssh.Server(quiet_machine, "PasswordAuthentication yes\nKbdInteractiveAuthentication no\n",
               stack=PASSWORD_ONLY)
    laptop = ssh.Laptop(quiet_machine)
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "id", "-un"])
    child.expect("alice@127.0.0.1's password: ")
    child.sendline(namespace.password("alice"))
    assert end(child)[0] == 0


@pytest.mark.parametrize("answer,accepted", [("yes", True), ("no", False)])
def test_a_new_host_key(laptop, answer, accepted):
    laptop.write(".ssh/known_hosts", "")
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "id", "-un"])
    child.expect("authenticity of host '127.0.0.1.*' can't be established")
    child.expect(r"\(yes/no/\[fingerprint\]\)\? ")
    child.sendline(answer)
    if accepted:
        child.expect("Password: ")
        child.sendline(namespace.password("alice"))
        assert end(child)[0] == 0
        assert ssh.public_key().split()[1] in laptop.read(".ssh/known_hosts")
    else:
        status, shown = end(child)
        assert status == 255 and "Host key verification failed" in shown


def test_an_unclear_answer_about_a_host_key(laptop):
    laptop.write(".ssh/known_hosts", "")
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "true"])
    child.expect(r"\(yes/no/\[fingerprint\]\)\? ")
    child.sendline("maybe")
    child.expect("Please type 'yes', 'no' or the fingerprint: ")
    child.sendline("no")
    assert end(child)[0] == 255


def test_a_passphrase(laptop):
    path = laptop.home + "/.ssh/secret"
    laptop.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", path])
    ssh.Laptop(laptop.machine, user="alice").write(".ssh/authorized_keys",
                                                   laptop.read(".ssh/secret.pub"))
    child = laptop.terminal(["passkey-ssh", "-i", path, "alice@127.0.0.1", "id", "-un"])
    child.expect(f"Enter passphrase for key '{path}': ")
    child.sendline("open sesame")
    assert end(child)[0] == 0


def plain_key(laptop):
    path = laptop.home + "/.ssh/plain"
    laptop.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])
    ssh.Laptop(laptop.machine, user="alice").write(".ssh/authorized_keys",
                                                   laptop.read(".ssh/plain.pub"))
    return path


@pytest.mark.parametrize("answer,accepted", [("yes", True), ("no", False)])
def test_a_confirmation(laptop, answer, accepted):
    """ControlMaster=ask: each session over a connection that is there is confirmed first."""
    path = plain_key(laptop)
    control = ["-o", "ControlPath=" + laptop.runtime + "/master", "-i", path, "alice@127.0.0.1"]
    master = laptop.terminal(["passkey-ssh", "-o", "ControlMaster=ask", *control,
                              "echo ready; read line"])
    master.expect("ready")
    session = laptop.start(["ssh", "-o", "BatchMode=yes", "-o", "ControlMaster=no", *control,
                            "id", "-un"], stdin=ssh.subprocess.DEVNULL,
                           stdout=ssh.subprocess.PIPE, stderr=ssh.subprocess.PIPE)
    master.expect(r"Allow shared connection to 127\.0\.0\.1\?")
    master.sendline(answer)
    shown = session.communicate(timeout=parts.PATIENCE)
    # Without the shared connection ssh makes one of its own; that it was refused it says.
    assert ("refused" in shown[1]) != accepted, shown
    master.close(force=True)


@pytest.mark.parametrize("answer,accepted", [("yes", True), (None, False)])
def test_an_agents_confirmation(laptop, answer, accepted):
    """ssh-add -c: an agent has no terminal, so another askpass program must be named for that."""
    path = plain_key(laptop)
    askpass = ssh.Askpass()
    process = laptop.start(
        ["ssh-agent", "sh", "-c",
         f"ssh-add -q -c {path} && exec ssh -o BatchMode=yes alice@127.0.0.1 id -un"],
        {"SSH_ASKPASS": "/usr/bin/passkey-askpass", "SSH_ASKPASS_REQUIRE": "force",
         "PASSKEY_ASKPASS_FALLBACK": askpass.program},
        stdin=ssh.subprocess.DEVNULL, stdout=ssh.subprocess.PIPE, stderr=ssh.subprocess.PIPE)
    prompt = askpass.next(process)
    assert prompt.text.startswith("Allow use of key ")
    prompt.answer(answer) if accepted else prompt.give_up()
    shown = process.communicate(timeout=parts.PATIENCE)
    assert (process.returncode == 0) == accepted, shown
    askpass.close()


def test_another_askpass_for_the_rest(laptop):
    askpass = ssh.Askpass()
    process = laptop.start([*COMMAND, "alice@127.0.0.1", "id", "-un"],
                           {"PASSKEY_ASKPASS_FALLBACK": askpass.program},
                           stdin=ssh.subprocess.DEVNULL, stdout=ssh.subprocess.PIPE,
                           stderr=ssh.subprocess.PIPE)
    prompt = askpass.next(process)
    assert prompt.text == "(alice@127.0.0.1) Password: "
    prompt.answer(namespace.password("alice"))
    assert process.communicate(timeout=parts.PATIENCE)[0] == "alice\n"
    askpass.close()


def test_without_a_terminal_nothing_hangs(laptop):
    done = laptop.run([*COMMAND, "-o", "NumberOfPasswordPrompts=1", "alice@127.0.0.1", "true"],
                      stdin=ssh.subprocess.DEVNULL)
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_the_exit_status_is_the_commands(laptop):
    for command, expected in (("exit 7", 7), ("kill -9 $$", 255)):
        child = laptop.terminal([*COMMAND, "alice@127.0.0.1", command])
        child.expect("Password: ")
        child.sendline(namespace.password("alice"))
        assert end(child)[0] == expected


def test_standard_input_is_the_commands(laptop):
    """passkey-askpass asks on the terminal, never on what ssh is to carry."""
    child = laptop.terminal(["sh", "-c", f"echo from the pipe | {' '.join(COMMAND)} "
                             "alice@127.0.0.1 cat"])
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    status, shown = end(child)
    assert status == 0 and "from the pipe" in shown


def test_falls_back_to_the_password(machine):
    """No passkey enrolled, or no daemon: PAM goes on to the password, in the same ssh."""
    machine.configure()
    ssh.Server(machine, stack=FALLBACK)
    laptop = ssh.Laptop(machine)
    machine.activatable(False)
    child = laptop.terminal([*COMMAND, "alice@127.0.0.1", "id", "-un"])
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    assert end(child)[0] == 0


def test_the_password_method_never_carries_a_passkey(machine):
    """What the fragment warns of: sshd's own password method goes past pam_passkey.so."""
    machine.configure()
    ssh.Server(machine, "PasswordAuthentication yes\n", stack=FALLBACK)
    laptop = ssh.Laptop(machine)
    child = laptop.terminal(["passkey-ssh", "-o", "PreferredAuthentications=password",
                             "alice@127.0.0.1", "id", "-un"])
    child.expect("password: ")
    child.sendline(namespace.password("alice"))
    assert end(child)[0] == 0
    assert os.path.exists(ssh.FRAGMENT)
