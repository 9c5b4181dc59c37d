# SPDX-License-Identifier: BSD-2-Clause
"""Steps of tests/vm/life that are the administrator's: packages, units, profiles, a purge."""

import glob
import hashlib
import json
import os
import pathlib
import pwd
import re
import socket

import console
from life_parts import PASSED, PASSWORDS, await_line, journal, read, run, say, show, write
from life_sign_ins import RP_ID

STORES = ("passkey-store-ldap", "passkey-store-postgresql")
PROFILES = ("passkeyd", "passkey-authenticator", "passkey-gateway", *STORES)
EXPOSURE = 1.5  # of systemd-analyze security: 10 is the worst
PORTAL = "[rp portal]\nid = portal.example.org\nhttp = standard\nhttp-prefix = /portal\n"
PRUNED = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/lib/dpkg", "/var/lib/apt",
          "/var/cache", "/var/log", "/home", "/root", "/lost+found", "/var/lib/polkit-1",
          "/var/lib/sudo", "/var/spool")


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


def package_names():
    return [os.path.basename(path).split("_")[0] for path in glob.glob(PASSED + "/older/*.deb")]


def installed():
    names = package_names()
    found = run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package} ${Version}\n", *names)
    versions = {line.split()[-1] for line in found.splitlines()}
    assert all(line.startswith("ii ") for line in found.splitlines()), found
    assert len(versions) == 1, found
    return f"{len(names)} packages of version {versions.pop()}"


def install_the_older(_):
    run("apt-get", "-qy", "install", *sorted(glob.glob(PASSED + "/older/*.deb")))
    return installed() + ": " + read(PASSED + "/before").strip()


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


def ask_the_gateway(method, path, body=""):
    """Status line and body, by the socket that systemd has made."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(console.PATIENCE)
        client.connect("/run/passkey-gateway/socket")
        client.sendall((head + "\r\n" + body).encode())
        answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    say(answer)
    head, _, body = answer.partition("\r\n\r\n")
    return head.splitlines()[0], body


def stores_of_several_hosts_are_left_alone(_):
    """They are installed; who has several hosts has servers to name to them first."""
    for name in STORES:
        states = {unit: show(unit, "ActiveState") for unit in (name + ".socket", name + ".service")}
        assert set(states.values()) == {"inactive"}, states
        assert not os.path.exists(f"/run/{name}"), name
        pwd.getpwnam(name)
    return ", ".join(STORES) + " neither listen nor run; each has its user"


def the_gateway_starts(_):
    """It asks passkeyd, which the administrator has given a relying party for it."""
    write("/etc/passkey/passkeyd.conf.d/50-portal.conf", PORTAL)
    run("systemctl", "restart", "passkeyd.service")
    run("systemctl", "start", "passkey-gateway.socket")
    assert show("passkey-gateway.service", "ActiveState") == "inactive"
    ask_the_gateway("GET", "/healthz")  # 503 as long as it has not heard of passkeyd
    await_line("passkey-gateway.service", "serves portal ")
    pid = int(show("passkey-gateway.service", "MainPID"))
    assert show("passkey-gateway.service", "ActiveState") == "active"
    status, body = ask_the_gateway("POST", "/portal/authentication/options", "{}")
    assert " 200 " in status, status
    assert json.loads(body)["publicKey"]["rpId"] == "portal.example.org", body
    profile = read(f"/proc/{pid}/attr/current").strip()
    assert profile == "passkey-gateway (enforce)", profile
    return f"{status} with a challenge of portal.example.org, profile {profile}"


def profiles():
    """By name, each in its mode."""
    return dict(re.findall(r"(?m)^(\S+) \((\w+)\)$",
                           read("/sys/kernel/security/apparmor/profiles")))


def profiles_are_enforced(_):
    loaded = profiles()
    found = {name: loaded.get(name) for name in PROFILES}
    assert set(found.values()) == {"enforce"}, found
    return ", ".join(f"{name} ({mode})" for name, mode in found.items())


def exposure(_):
    """Of every service that the packages have; sockets are nothing that systemd rates."""
    found = {}
    paths = run("dpkg-query", "-L", *package_names()).split()
    for unit in sorted(os.path.basename(path) for path in paths
                       if re.search(r"/systemd/(system|user)/[^/]+\.service$", path)):
        text = run("systemd-analyze", "security", "--no-pager", unit)
        found[unit] = float(re.search(r"exposure level for \S+: ([0-9.]+)", text).group(1))
    assert len(found) >= len(PROFILES) and max(found.values()) <= EXPOSURE, found
    return ", ".join(f"{unit} {number}" for unit, number in found.items())


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


def of_our_name():
    """Wherever files come and go, and so in no listing of before and after. Homes are people's."""
    own = ("/proc", "/sys", "/dev", "/home", "/root", "/run/vm")
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in own]
        found += [os.path.join(folder, name) for name in folders + files if "passkey" in name]
    for path in glob.glob("/var/cache/debconf/*.dat"):
        found += [path for line in read(path).splitlines() if line.startswith("Name: passkeyd/")]
    return sorted(found)


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
    left += of_our_name()
    assert not left, "left: " + " ".join(left)
    loaded = sorted(name for name in profiles() if "passkey" in name)
    assert not loaded, "profiles in the kernel: " + " ".join(loaded)
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
    assert set(users) <= {"passkeyd", "passkey-gateway", "passkey-authenticator", *STORES}, \
        users
    return "no file, unit, profile, process or name on the bus, the PAM files as before; the " \
        f"locked users {', '.join(users)} stay, as documented"
