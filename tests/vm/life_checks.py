# SPDX-License-Identifier: BSD-2-Clause
"""Inside tests/vm/life: the life of our packages on a Debian system, from installation to purge.

systemd starts it at each of two boots of the same disk (first.sh). Each step writes a line that
begins with ok, FAILED or SKIP and says what was seen; lines that begin with "!" belong to a
failure, all others are the transcript. What has to survive the reboot is in NOTES.
"""

import collections
import glob
import hashlib
import json
import os
import pathlib
import pwd
import re
import socket
import stat
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]

import console  # noqa: E402
import pexpect  # noqa: E402
import softkey  # noqa: E402
from console import Screen, another_console, show_console  # noqa: E402

PASSED = "/run/vm"
NOTES = "/root/vm-life.json"
KEYS = "/root/vm-keys"
RP_ID = "host.example.org"
UNITS = ("passkeyd.service", "passkeyd.socket", "passkey-authenticator.service",
         "passkey-authenticator.socket", "passkey-gateway.service", "passkey-gateway.socket")
SERVICES = [unit for unit in UNITS if unit.endswith(".service")]
PROFILES = ("passkeyd", "passkey-authenticator", "passkey-gateway")
PASSWORDS = {"alice": "alice's own", "bob": "bob's own", "erin": "erin's own"}
EXPOSURE = 1.5  # of systemd-analyze security: 10 is the worst
REBOOT = 3  # the exit code that asks first.sh for one
ALICES, BOBS = 2, 3  # consoles
softkey.PATIENCE = console.PATIENCE = 240


class Skip(Exception):
    """A step that cannot be done here; its reason."""


def say(text, before="    "):
    for line in str(text).splitlines():
        print(before + line, flush=True)


def run(*command, ok=(0,), stdin=""):
    """What it writes, which is in the transcript as well."""
    say("# " + " ".join(command))
    written = ""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.PIPE) as process:
        process.stdin.write(stdin)
        process.stdin.close()
        for line in process.stdout:
            say(line)
            written += line
    if ok and process.returncode not in ok:
        raise AssertionError(f"{' '.join(command)}: status {process.returncode}")
    return written


def show(unit, name):
    return subprocess.run(["systemctl", "show", "--value", "--property", name, unit], text=True,
                          capture_output=True, check=True).stdout.strip()


def journal(*options):
    return subprocess.run(["journalctl", "--no-pager", "--quiet", *options], text=True,
                          capture_output=True, check=True).stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def flowing(words):
    """What finds them on a screen, wherever that breaks the line."""
    return r"\s*".join(re.escape(letter) for letter in words if letter != " ")


class Life:
    """What the steps share."""

    def __init__(self, notes):
        self.notes = notes
        self.keys = softkey.SoftKeys(KEYS, "none", keep=True, uhid="yes")
        self.blue = None
        self.alice = self.bob = None  # their consoles

    def results(self):
        """(service, user, result) of the sign-ins that passkeyd has logged, of this boot."""
        journal("--sync")
        found = re.findall(r"sign-in of (\S+) .*?: (ok|refused|[a-z]+).*?\"service\":\"([^\"]*)\"",
                           journal("--boot", "--unit", "passkeyd.service"))
        return [(service, user, result) for user, result, service in found]

    def node(self):
        (path,) = glob.glob("/dev/hidraw*")
        return path

    def touch(self, screen=None):
        try:
            self.blue.wait_touch_wanted()
        except TimeoutError as error:
            raise AssertionError("the key is not asked\n" + (screen.text() if screen else "") +
                                 journal("--boot", "--lines=30")) from error
        assert self.blue.touch()

    def at_login_prompt(self, number):
        screen = Screen(number)
        show_console(number)
        screen.expect("login: ")
        return screen

    def log_in(self, number, user, by_key):
        screen = self.at_login_prompt(number)
        screen.clear()
        screen.sendline(user)
        if by_key:
            self.touch(screen)
        else:
            self.password(screen, user)
        screen.expect(r"\$ ")
        seen(screen)
        return screen

    def password(self, screen, user):
        """Who is asked for a passkey first, here or on another computer, presses Enter alone."""
        found = screen.expect(flowing("Enter alone") + "|Password: ").group(0)
        if not found.startswith("Pass"):
            screen.sendline()
            screen.expect("Password: ")
        seen(screen)
        screen.sendline(PASSWORDS[user])

    def type(self, screen, command):
        """end() waits for it. What the shell echoes is not what the words come to."""
        screen.clear()
        screen.sendline(f"{command}; echo end:$?.")

    def end(self, screen):
        """Exit code and what is on the screen."""
        code = int(screen.expect(r"end:(\d+)\.").group(1))
        seen(screen)
        return code, screen.text()


def seen(screen):
    say(re.sub(r"\n\s*\n+", "\n", re.sub(r" +\n", "\n", screen.text() + "\n")), "    | ")


def last_result(life, *wanted):
    found = life.results()
    assert found and found[-1] == wanted, f"passkeyd logged {found[-3:]}, not {wanted}"
    return "passkeyd logged " + " ".join(wanted)


# The system, and what is installed on it


def the_system(_):
    run("systemctl", "is-system-running", ok=())
    assert read("/sys/module/apparmor/parameters/enabled").strip() == "Y"
    failed = run("systemctl", "--failed", "--no-legend", "--plain")
    assert failed.strip() == "", failed
    with open("/proc/1/comm", encoding="ascii") as file:
        assert file.read().strip() == "systemd"
    return f"Linux {os.uname().release}, systemd is process 1, AppArmor is on, no unit failed"


def people(life):
    """And what an administrator has set up before: it is no part of our packages."""
    for name, password in PASSWORDS.items():
        run("useradd", "--create-home", "--shell", "/bin/bash", name)
        run("chpasswd", stdin=f"{name}:{password}\n")
        write(f"/home/{name}/.bashrc", "PS1='\\$ '\n")
    write("/etc/sudoers.d/alice", "alice ALL=(bob) ALL\n", 0o440)
    # Denials are not to get lost among others, and a key's kernel part is loaded at each boot.
    write("/etc/sysctl.d/vm.conf", "kernel.printk_ratelimit = 0\n")
    run("sysctl", "-q", "-w", "kernel.printk_ratelimit=0")
    write("/etc/netns/laptop/hosts", f"127.0.0.1 localhost\n10.9.0.1 {RP_ID} host\n")
    key = " ".join(read("/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    write("/home/erin/.ssh/known_hosts", f"{RP_ID} {key}\n")
    run("chown", "-R", "erin:", "/home/erin/.ssh")
    life.notes["before"] = listing()
    life.notes["contents"] = contents()
    return "alice, bob and erin have passwords; alice may become bob by sudo"


def install_the_older(_):
    run("apt-get", "-qy", "install", *sorted(glob.glob(PASSED + "/older/*.deb")))
    return installed() + ": " + read(PASSED + "/before").strip()


def installed():
    names = [os.path.basename(path).split("_")[0] for path in glob.glob(PASSED + "/older/*.deb")]
    found = run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package} ${Version}\n", *names)
    versions = {line.split()[-1] for line in found.splitlines()}
    assert all(line.startswith("ii ") for line in found.splitlines()), found
    assert len(versions) == 1, found
    return f"{len(names)} packages of version {versions.pop()}"


def the_bus_starts_it(_):
    """As its user, shut in by its profile."""
    assert show("passkeyd.socket", "ActiveState") == "active"
    run("systemctl", "stop", "passkeyd.service")
    version = run("busctl", "get-property", "org.passkeyd", "/org/passkeyd",
                  "org.passkeyd.Manager1", "Version")
    pid = int(show("passkeyd.service", "MainPID"))
    user = pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name
    profile = read(f"/proc/{pid}/attr/current").strip()
    assert (user, profile) == ("passkeyd", "passkeyd (enforce)"), (user, profile)
    return f"{version.strip()}, process {pid} of {user}, profile {profile}"


def the_gateway_starts(_):
    run("systemctl", "start", "passkey-gateway.socket")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(console.PATIENCE)
        client.connect("/run/passkey-gateway/socket")
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    say(answer)
    pid = int(show("passkey-gateway.service", "MainPID"))
    profile = read(f"/proc/{pid}/attr/current").strip()
    assert answer.startswith("HTTP/1.1 ") and profile == "passkey-gateway (enforce)", profile
    return f"{answer.splitlines()[0]}, profile {profile}"


def profiles_are_enforced(_):
    loaded = dict(re.findall(r"(?m)^(\S+) \((\w+)\)$",
                             read("/sys/kernel/security/apparmor/profiles")))
    found = {name: loaded.get(name) for name in PROFILES}
    assert set(found.values()) == {"enforce"}, found
    return ", ".join(f"{name} ({mode})" for name, mode in found.items())


def exposure(_):
    found = {}
    for unit in SERVICES:
        text = run("systemd-analyze", "security", "--no-pager", unit)
        found[unit] = float(re.search(r"exposure level for \S+: ([0-9.]+)", text).group(1))
    assert max(found.values()) <= EXPOSURE, found
    return ", ".join(f"{unit} {number}" for unit, number in found.items())


# A key, and what it opens


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
    life.alice.sendline(PASSWORDS["alice"])
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


def locker_elsewhere(life):
    """physlock shows a console of its own, which is no session's: the key is not to be asked."""
    mark = life.keys.mark()
    life.type(life.alice, "physlock")
    screen = Screen(another_console(ALICES))
    life.password(screen, "alice")
    another_console(screen.number)
    show_console(ALICES)  # logind knows now, too
    code, text = life.end(life.alice)
    assert code == 0, text
    asked = [each for each in life.keys.events(mark) if each["event"] == "touch-wanted"]
    assert not asked, asked
    return f"on console {screen.number}, by the password; the key was not asked"


def pulled(life):
    life.type(life.alice, "sudo -k -u bob id -un")
    life.blue.wait_touch_wanted()
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
    life.blue.wait_touch_wanted()
    life.blue.unplug()
    life.alice.expect(flowing("The security key was pulled out."))
    life.alice.expect(flowing("Insert your security key"))
    life.alice.sendline()
    life.alice.expect("password for alice: ")
    life.alice.sendline(PASSWORDS["alice"])
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


# Up and down


def upgrade(_):
    before = run("passkeyctl", "list", "--json", "--user", "alice")
    pid = show("passkeyd.service", "MainPID")
    run("dpkg", "--install", *sorted(glob.glob(PASSED + "/packages/*.deb")))
    run("passkeyctl", "status")
    after = run("passkeyctl", "list", "--json", "--user", "alice")
    assert "blue" in after, after
    assert show("passkeyd.service", "MainPID") != pid, "the daemon of before still runs"
    return f"{installed()}; alice's passkey is there" + \
        (", as it was" if before == after else "")


def downgrade(_):
    done = run("dpkg", "--install", *glob.glob(PASSED + "/older/passkeyd_*.deb"), ok=(1,))
    assert "keeps its passkeys in a form that" in done, done
    run("passkeyctl", "status")
    assert "ii" in run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n", "passkeyd")
    return "dpkg refused, and said: " + " ".join(re.search(
        r"(?s)passkeyd \S+ is or was installed.*?not read\.", done).group(0).split())


def log_out(life):
    life.alice.sendline("exit")
    life.alice.expect("login: ")
    return "the console asks for the next person"


def no_denial(_):
    """And one that is provoked is seen, or else this would say nothing."""
    run("aa-exec", "-p", "passkeyd", "--", "/bin/cat", "/etc/shadow", ok=())
    mine = re.compile(r'apparmor="DENIED".* comm="(aa-exec|cat)"')
    journal("--sync")
    lines = [line for line in journal("--boot=all").splitlines() if 'apparmor="DENIED"' in line]
    provoked = [line for line in lines if mine.search(line)]
    assert provoked, "a provoked denial is not in the journal"
    others = sorted({re.sub(r'^.*?(?=apparmor=)|audit\([^)]*\)|pid=\d+ ', "", line)
                     for line in lines if line not in provoked})
    assert not others, "\n".join(others)
    return "none in the journal of both boots, but for the one that was provoked"


def boots(_):
    found = re.findall(r"(?m)^\s*-?\d+ [0-9a-f]{32} ",
                       run("journalctl", "--list-boots", "--no-pager"))
    assert len(found) == 2, found
    return "the journal has two boots"


def no_complaint_of_systemd(_):
    """What it says of our units where it does not like them, or what they did."""
    words = re.compile(r"passkey.*(Unknown|Failed|core-dump|timed out|killed|SIGSYS)", re.I)
    found = [line for line in journal("--boot=all", "-t", "systemd").splitlines()
             if words.search(line)]
    assert not found, "\n".join(found)
    return "no unit of ours failed, timed out or was killed"


# The end


PRUNED = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/lib/dpkg", "/var/lib/apt",
          "/var/cache", "/var/log", "/home", "/root", "/lost+found", "/var/lib/polkit-1",
          "/var/lib/sudo", "/var/spool")


def listing():
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in PRUNED
                      and name != "__pycache__"]
        found += [os.path.join(folder, name) for name in folders + files]
    # systemd notes down what it does there, under names of its own.
    return sorted(path for path in found
                  if not path.startswith("/var/lib/systemd/") or "deb-systemd" in path
                  or "passkey" in path)


def contents():
    """Of the files that others have written and that ours change."""
    return {path: hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            for pattern in ("/etc/pam.d/*", "/etc/dbus-1/**", "/etc/nsswitch.conf",
                            "/etc/sudo.conf", "/etc/ssh/sshd_config", "/etc/udev/**")
            for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)}


def purge(life):
    life.keys.stop()
    names = run("dpkg-query", "-W", "-f", "${Package} ${source:Package}\n").splitlines()
    ours = [line.split()[0] for line in names if line.endswith(" passkeyd")]
    assert len(ours) >= 6, ours
    os.unlink("/etc/ssh/sshd_config.d/passkey.conf")
    run("apt-get", "-qy", "purge", *ours)
    run("systemctl", "daemon-reload")
    return f"apt has purged {len(ours)} packages"


def nothing_is_left(life):
    left = sorted(set(listing()) - set(life.notes["before"]))
    assert not left, "left: " + " ".join(left)
    after = contents()
    changed = [path for path, old in life.notes["contents"].items() if after.get(path) != old]
    assert not changed, "not as before: " + " ".join(changed)
    loaded = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "*passkey*")
    assert loaded.strip() == "", loaded
    names = run("busctl", "list", "--activatable", "--no-legend", "--no-pager", ok=())
    assert "passkeyd" not in names, names
    running = run("pgrep", "-a", "passkey", ok=(0, 1))
    assert running == "", running
    users = [entry.pw_name for entry in pwd.getpwall() if "passkey" in entry.pw_name]
    assert set(users) <= {"passkeyd", "passkey-gateway", "passkey-authenticator"}, users
    return "no file, unit, process or name on the bus, the PAM files as before; the locked users " \
        f"{', '.join(users)} stay, as documented"


def password_again(life):
    """Whoever had a passkey still gets in."""
    screen = life.log_in(ALICES, "alice", by_key=False)
    life.type(screen, "sudo -k -u bob id -un")
    screen.expect("password for alice: ")
    screen.sendline(PASSWORDS["alice"])
    code, text = life.end(screen)
    assert code == 0, text
    return "login and sudo take alice's password"


SIGN_INS = (
    ("login on a console by a touch", log_in_by_key),
    ("sudo by a touch", sudo),
    ("su by a touch of whose account it is", su),
    ("vlock by a touch", locker),
    ("physlock, which leaves the console, by the password", locker_elsewhere),
    ("the key is pulled in the middle, and plugged in again", pulled),
    ("a second network namespace", network),
    ("passkey-ssh from there, with the key at that end", ssh),
)
BOOTS = (
    (
        ("the system has booted", the_system),
        ("accounts", people),
        ("apt installs the packages before ours", install_the_older),
        ("the bus starts the daemon", the_bus_starts_it),
        ("profiles are enforced", profiles_are_enforced),
        ("udev hands over a /dev/uhid key", plug),
        ("login on a console by the password", log_in_by_password),
        ("polkit asks before passkey-enroll", polkit_asks),
        ("PAM asks for passkeys from here on", turn_on),
        *SIGN_INS,
        ("upgrade, with the passkey in place", upgrade),
        ("sudo after the upgrade", sudo),
        ("downgrade is refused in words", downgrade),
        ("exposure of the services is at most 1.5", exposure),
        ("profiles are enforced after the upgrade", profiles_are_enforced),
        ("the first request starts the gateway", the_gateway_starts),
        ("alice logs out", log_out),
    ),
    (
        ("the system has booted again", the_system),
        ("there were two boots of one disk", boots),
        ("the bus starts the daemon", the_bus_starts_it),
        ("profiles are enforced", profiles_are_enforced),
        ("udev hands over the key", plug),
        *SIGN_INS,
        ("the key is pulled in the middle, for good", pulled_for_good),
        ("the first request starts the gateway", the_gateway_starts),
        ("alice logs out", log_out),
        ("systemd has nothing against our units", no_complaint_of_systemd),
        ("AppArmor has denied nothing", no_denial),
        ("apt purge", purge),
        ("nothing is left", nothing_is_left),
        ("passwords still let people in", password_again),
    ),
)


def step(life, counts, words, function):
    say(f"== {words}", "")
    since = time.monotonic()

    def line(state, text):
        print(f"{state} {time.monotonic() - since:.0f} s: {words}: {text}", flush=True)

    try:
        line("ok", function(life))
        counts["passed"] += 1
    except Skip as reason:
        line("SKIP", reason)
        counts["skipped"] += 1
    except Exception as error:  # pylint: disable=broad-except  # the next steps are worth a try
        text = str(error) or type(error).__name__
        line("FAILED", text.splitlines()[0])
        say("\n".join(text.splitlines()[1:]), "!")
        if not isinstance(error, AssertionError):
            say(traceback.format_exc(), "!")
        counts["failed"] += 1


def main():
    notes = {"boot": 0, "counts": {}}
    if os.path.exists(NOTES):
        notes = json.loads(read(NOTES))
    boot = notes["boot"]
    if boot >= len(BOOTS):
        sys.exit("a boot too many")
    counts = collections.Counter(notes["counts"])
    life = Life(notes)
    print(f"== boot {boot + 1}: {float(read('/proc/uptime').split()[0]):.0f} s after the kernel",
          flush=True)
    for words, function in BOOTS[boot]:
        step(life, counts, words, function)
    notes.update(boot=boot + 1, counts=counts)
    write(NOTES, json.dumps(notes))
    os.sync()
    if boot + 1 < len(BOOTS):
        sys.exit(REBOOT)
    totals = (f"{counts[state]} {state}" for state in ("passed", "failed", "skipped"))
    print("vm: " + ", ".join(totals), flush=True)


if __name__ == "__main__":
    main()
