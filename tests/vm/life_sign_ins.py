# SPDX-License-Identifier: BSD-2-Clause
"""Steps of tests/vm/life that people take: a key, and all that it opens."""

import os
import pwd
import re
import select
import stat
import subprocess

import console
import pexpect
from console import Screen, another_console, release_consoles, show_console
from life_parts import (ALICES, BOBS, PASSWORDS, flowing, journal, last_result, read, run, say,
                        seen, write)

RP_ID = "host.example.org"


def plug(life):
    run("modprobe", "uhid")
    life.keys.start()
    kept = [each["key"] for each in life.keys.list()]
    life.blue = life.keys.key("blue").plug() if "blue" in kept else life.keys.add("blue")
    life.blue.set(touch="wait")
    run("udevadm", "settle")
    node = life.node()
    entry = os.stat(node)
    group = subprocess.run(["stat", "-c", "%G", node], text=True, capture_output=True,
                           check=True).stdout.strip()
    mode = stat.S_IMODE(entry.st_mode)
    assert (group, mode) == ("passkeyd", 0o660), (group, oct(mode))
    return f"{node} is the group {group}'s, mode {mode:o}"


def log_in_by_password(life):
    life.alice = life.log_in(ALICES, "alice", by_key=False)
    return "alice is in, on a virtual terminal with agetty and login"


def polkit_asks(life):
    life.type(life.alice, "passkey-enroll --name blue")
    life.alice.expect("(?i)password: ")
    seen(life.alice)
    life.alice.send_hidden(PASSWORDS["alice"])
    life.touch(life.alice)
    code, text = life.end(life.alice)
    assert code == 0, text
    return "polkit took alice's password, passkey-enroll the key's touch"


def turn_on(life):
    run("passkeyctl", "list", "--user", "alice")
    run("pam-auth-update", "--enable", "passkey")
    assert "pam_passkey.so" in read("/etc/pam.d/common-auth")
    life.alice.sendline("exit")
    life.alice.expect("login: ")
    return "pam-auth-update has put pam_passkey.so into common-auth"


def log_in_by_key(life):
    life.alice = life.log_in(ALICES, "alice", by_key=True)
    return last_result(life, "login", "alice", "ok")


def sudo(life):
    life.type(life.alice, "sudo -k -u bob id -un")
    life.touch(life.alice)
    code, text = life.end(life.alice)
    assert code == 0 and re.search(r"(?m)^bob *$", text), text
    return last_result(life, "sudo", "alice", "ok")


def su(life):
    """bob, who has no passkey and signs in by his password, becomes alice by her key."""
    life.bob = life.log_in(BOBS, "bob", by_key=False)
    life.type(life.bob, "su alice -c 'id -un'")
    life.bob.expect(flowing('Enter, or "no":'))  # what is typed before the question is no answer
    life.bob.sendline()
    life.touch(life.bob)
    code, text = life.end(life.bob)
    assert code == 0 and re.search(r"(?m)^alice *$", text), text
    life.bob.sendline("exit")
    life.bob.expect("login: ")
    show_console(ALICES)
    return last_result(life, "su", "alice", "ok")


def locker(life):
    """vlock locks the console that the person sits at."""
    life.type(life.alice, "vlock")
    life.alice.expect(r"(?i)\[ENTER\]|press enter")
    seen(life.alice)
    life.alice.sendline()
    life.touch(life.alice)
    code, text = life.end(life.alice)
    assert code == 0, text
    return last_result(life, "vlock", "alice", "ok")


def locker_x(life):
    """i3lock shows nothing of what is said; Enter makes it begin, and then the key is asked."""
    display, locked = ":7", "/run/vm-locked"
    run("mkfifo", "--mode=622", locked)
    with subprocess.Popen(["Xvfb", display, "-ac", "-nolisten", "tcp", "-displayfd", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout.readline(), "Xvfb has ended"
            closed = select.poll()  # the descriptor that i3lock closes when the screen is locked
            closed.register(os.open(locked, os.O_RDONLY | os.O_NONBLOCK), select.POLLHUP)
            life.type(life.alice, f"DISPLAY={display} XSS_SLEEP_LOCK_FD=9 i3lock -n 9>{locked}")
            assert closed.poll(console.PATIENCE * 1000), "no lock\n" + life.alice.shown()
            # Its oldest: another one keeps its window in front.
            pid = run("pgrep", "-o", "-x", "i3lock").strip()
            run("env", "DISPLAY=" + display, "xdotool", "key", "Return")
            life.touch(life.alice)
            code, text = life.end(life.alice)
        finally:
            server.terminate()
            os.unlink(locked)
    assert code == 0, text
    last_result(life, "", "alice", "ok")  # what a program of her own calls itself is not believed
    *_, line = re.findall(r"(?m)^.* sign-in of alice .*$",
                          journal("--boot", "--unit", "passkeyd.service"))
    say(line)
    assert f"by uid {pwd.getpwnam('alice').pw_uid}, pid {pid} (" in line, line
    return f"passkeyd logged alice ok, for process {pid}, which is i3lock"


def locker_elsewhere(life):
    """physlock shows a console of its own, which is no session's: the key is not to be asked."""
    mark = life.keys.mark()
    life.type(life.alice, "physlock")
    screen = Screen(another_console(ALICES))
    try:
        life.password(screen, "alice")
        another_console(screen.number)
    except AssertionError:
        run("pkill", "-KILL", "-x", "physlock", ok=())
        release_consoles()
        raise
    finally:
        show_console(ALICES)  # logind knows then, too
    code, text = life.end(life.alice)
    assert code == 0, text
    asked = [each for each in life.keys.events(mark) if each["event"] == "touch-wanted"]
    assert not asked, asked
    return f"on console {screen.number}, by the password; the key was not asked"


def pulled(life):
    life.type(life.alice, "sudo -k -u bob id -un")
    life.await_question(life.alice)
    life.blue.unplug()
    life.alice.expect(flowing("The security key was pulled out."))
    life.alice.expect(flowing("Insert your security key"))
    life.blue.plug()
    life.touch(life.alice)
    code, text = life.end(life.alice)
    assert code == 0 and re.search(r"(?m)^bob *$", text), text
    return "said that it was pulled out and waited for it; " + \
        last_result(life, "sudo", "alice", "ok")


def pulled_for_good(life):
    """Then Enter alone goes on to sudo's own question for the password."""
    life.type(life.alice, "sudo -k -u bob id -un")
    life.await_question(life.alice)
    life.blue.unplug()
    life.alice.expect(flowing("The security key was pulled out."))
    life.alice.expect(flowing("Insert your security key"))
    life.alice.sendline()
    life.alice.expect("password for alice: ")
    life.alice.send_hidden(PASSWORDS["alice"])
    code, text = life.end(life.alice)
    life.blue.plug()
    run("udevadm", "settle")
    assert code == 0 and re.search(r"(?m)^bob *$", text), text
    return "sudo went on to alice's password"


def network(_):
    """A second network namespace, where erin's laptop is."""
    run("ip", "netns", "add", "laptop")
    run("ip", "link", "add", "host0", "type", "veth", "peer", "name", "laptop0", "netns", "laptop")
    run("ip", "address", "add", "10.9.0.1/24", "dev", "host0")
    run("ip", "link", "set", "host0", "up")
    for words in ("address add 10.9.0.2/24 dev laptop0", "link set laptop0 up", "link set lo up"):
        run("ip", "-netns", "laptop", *words.split())
    example = "/usr/share/doc/passkeyd/examples/sshd_config.d/passkey.conf"
    write("/etc/ssh/sshd_config.d/passkey.conf", read(example) + "PasswordAuthentication no\n")
    run("sshd", "-t")
    run("systemctl", "restart", "ssh.service")
    return "10.9.0.2 reaches 10.9.0.1; sshd has the settings of our example"


def ssh(life):
    """The laptop's user may open the laptop's key there; here it is one machine's kernel."""
    os.chmod(life.node(), 0o666)
    child = pexpect.spawn("ip", ["netns", "exec", "laptop", "runuser", "-u", "erin", "--",
                                 "env", "-C", "/home/erin", "HOME=/home/erin",
                                 "passkey-ssh", f"alice@{RP_ID}", "id -un; echo $SSH_CONNECTION"],
                          timeout=console.PATIENCE, encoding="utf-8")
    text = ""
    try:
        child.expect("Touch your security key")
        text += child.before + child.after
        life.touch()
        child.expect(pexpect.EOF)
        text += child.before
    except (pexpect.ExceptionPexpect, TimeoutError) as error:
        raise AssertionError(f"{text}{child.before}\n{journal('--boot', '--lines=30')}") from error
    finally:
        child.close()
        say(text, "    | ")
        os.chmod(life.node(), 0o660)
    assert child.exitstatus == 0 and "10.9.0.2 " in text, text
    assert re.search(r"(?m)^alice\r?$", text), text
    return "from 10.9.0.2; " + last_result(life, "sshd", "alice", "ok")


def log_out(life):
    life.alice.sendline("exit")
    life.alice.expect("login: ")
    return "the console asks for the next person"


def password_again(life):
    """Whoever had a passkey still gets in."""
    screen = life.log_in(ALICES, "alice", by_key=False)
    life.type(screen, "sudo -k -u bob id -un")
    screen.expect("password for alice: ")
    screen.send_hidden(PASSWORDS["alice"])
    code, text = life.end(screen)
    assert code == 0, text
    return "login and sudo take alice's password"
