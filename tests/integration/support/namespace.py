#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A private namespace: this machine's programs with their own bus, accounts and PAM files.

    namespace.py --build DIR [--hardware] -- COMMAND...
    namespace.py --bare [--build DIR | --installed LIBRARIES] [--hardware] -- COMMAND...

runs COMMAND as root in namespaces of its own (mount, process, host name, IPC, network). /usr, /etc
and /var are the machine's, with everything written to them kept in memory; /run and /dev are new.
The build in DIR (made by scripts/build) is installed at its production paths, five people with
passwords and the daemon's user are added, and sudo, su and login ask pam_passkey.so. A
passkeyd that the machine has is not seen. A system bus, the daemon and a software security key are
running, or with --hardware the plugged-in keys are used; with --bare nothing is: tests start what
they need. With --installed it is the passkeyd that this machine has, without its settings and
passkeys, and LIBRARIES is the folder of the tests' libraries. When COMMAND ends, so does every
process it left behind.
"""

import argparse
import contextlib
import ctypes
import errno
import fcntl
import glob
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys

import installed

MARK = "PASSKEYD_PRIVATE_NAMESPACE"  # set inside; the tests look for it
SCRATCH = "/run/tests"  # for the tests' own files
HOST = "web1.example.org"
DAEMON_USER = "passkeyd"


def free_system_id():
    """A uid and gid that nobody else has on this machine; the same inside of the namespace."""
    taken = set()
    for path in ("/etc/passwd", "/etc/group"):
        with open(path, encoding="utf-8") as file:
            taken |= {line.split(":")[2] for line in file
                      if line.count(":") > 2 and line.split(":")[0] != DAEMON_USER}
    return next(number for number in range(990, 900, -1) if str(number) not in taken)


DAEMON_ID = free_system_id()
PEOPLE = {"alice": 2001, "bob": 2002, "carol": 2003, "dave": 2004, "erin": 2005}
RESULTS = SCRATCH + "/pam-results"
SOFTKEY = SCRATCH + "/libsoftkey.so"  # a copy: the daemon's user may not see into the build folder
SK_PROVIDER = SCRATCH + "/libskprovider.so"
STAND_IN_SSH = SCRATCH + "/stand-in/ssh"  # root's, as a copy is
HELD = SCRATCH + "/libheld.so"
LATER = SCRATCH + "/liblater.so"
REPORTS = SCRATCH + "/sanitizers"
SUPPRESSIONS = SCRATCH + "/thread-sanitizer"
SERVICE = "/usr/share/dbus-1/system-services/org.passkeyd.service"
PYTHON = "/usr/bin/python3"  # the one that has the distribution's modules
INTERACTIVE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "interactive.py")

# There is no logind here, and whoever runs the tests sits at no console. A test that wants another
# setting changes this file, which is read after passkeyd.conf.
LOCALITY = "/etc/passkey/passkeyd.conf.d/00-tests.conf"
LOGIND = "/usr/share/dbus-1/system-services/org.freedesktop.login1.service"

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
           "tty": (5, 0)}

# Of ThreadSanitizer's: libdbus takes its locks in two orders, but only the loop's thread calls it;
# a worker that a name service holds for ever is left behind at the end. It names no functions of
# the daemon, because to find them it would call the daemon's close(), and wait for itself for ever:
# addr2line finds them by what it reports.
NO_RACES = "deadlock:libdbus-1.so\n"
THREAD_OPTIONS = "symbolize=0:report_thread_leaks=0"

# LeakSanitizer's, of a thread that ended while it looked: it is no report by itself.
THREAD_ENDED = re.compile(
    r"(==\d+==(Running thread \d+ was not suspended\. False leaks are possible|"
    r"Unable to get registers from thread \d+)\.)?$")

# What pam_authenticate can return, in the order of the recorder's blocks below.
PAM_RESULTS = ("success", "auth_err", "authinfo_unavail", "user_unknown", "maxtries", "ignore",
               "perm_denied", "cred_insufficient", "abort", "conv_err", "default")


def password(person):
    return person + "'s password"


def recording_stack(options=""):
    """A stack of pam_passkey.so alone that records what it returned and lets only success by."""
    jumps = " ".join(f"{name}={2 * index + 1}" if index else f"{name}=1"
                     for index, name in enumerate(PAM_RESULTS))
    # A jump of n leaves out the n lines that follow; the line after the module is never reached.
    lines = [f"auth [{jumps}] pam_passkey.so {options}", "auth requisite pam_deny.so"]
    for name in PAM_RESULTS:
        lines.append(f"auth optional pam_exec.so quiet {SCRATCH}/record {name}")
        lines.append("auth sufficient pam_permit.so" if name == "success"
                     else "auth requisite pam_deny.so")
    return "\n".join(lines) + "\n"


REST = "account required pam_permit.so\nsession required pam_permit.so\n"


def service(options="", before=""):
    return before + recording_stack(options) + REST


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def overlay(folder):
    upper, work = (f"{SCRATCH}/layers{folder}/{part}" for part in ("upper", "work"))
    os.makedirs(upper)
    os.makedirs(work)
    mount("-t", "overlay", "overlay",
          "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", folder)


def private_dev(hardware):
    nodes = {}
    if hardware:
        for name in os.listdir("/dev"):
            if name.startswith("hidraw"):
                nodes[name] = os.stat("/dev/" + name).st_rdev
    mount("-t", "tmpfs", "-o", "mode=755,nosuid", "tmpfs", "/dev")
    old = os.umask(0)
    for name, number in DEVICES.items():
        os.mknod("/dev/" + name, 0o666 | stat.S_IFCHR, os.makedev(*number))
    os.umask(old)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                         ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
                         ("ptmx", "pts/ptmx")):
        os.symlink(target, "/dev/" + name)
    os.mkdir("/dev/pts")
    os.mkdir("/dev/shm")
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620,gid=5", "devpts", "/dev/pts")
    mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "tmpfs", "/dev/shm")
    return nodes


def loopback_up():
    """The only network here; nobody outside can be reached, whatever a name service tries."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        get_flags, set_flags, up = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
        request = fcntl.ioctl(sock, get_flags, struct.pack("16sH22x", b"lo", 0))
        flags = struct.unpack("16sH22x", request)[1]
        fcntl.ioctl(sock, set_flags, struct.pack("16sH22x", b"lo", flags | up))


def hash_password(text):
    libcrypt = ctypes.CDLL("libcrypt.so.1")
    libcrypt.crypt.restype = ctypes.c_char_p
    return libcrypt.crypt(text.encode(), b"$5$rounds=1000$passkeydtest$").decode()


def is_ours(line):
    """Of passwd, group or shadow: one that would be there twice."""
    name, _, number, *_ = line.split(":") if line.count(":") > 2 else (line, "", "")
    return name in PEOPLE or name == DAEMON_USER or \
        number.isdigit() and int(number) in PEOPLE.values()


def add_people(daemon_user=True):
    """daemon_user: not where systemd-sysusers makes it."""
    accounts = [(name, uid, f"{SCRATCH}/home/{name}", "/bin/sh", hash_password(password(name)))
                for name, uid in PEOPLE.items()]
    for _, uid, home, *_ in accounts:
        os.makedirs(home)
        os.chown(home, uid, uid)
    if daemon_user:
        accounts.append((DAEMON_USER, DAEMON_ID, "/var/lib/passkeyd", "/usr/sbin/nologin", "!"))
    for path in ("/etc/passwd", "/etc/group", "/etc/shadow"):
        # A new file of the same name: with the overlay the machine's own stays as it is.
        with open(path, encoding="utf-8") as file:
            lines = [line for line in file if not is_ours(line)]
        for name, uid, home, shell, secret in accounts:
            lines.append({"/etc/passwd": f"{name}:x:{uid}:{uid}:{name.title()}:{home}:{shell}\n",
                          "/etc/group": f"{name}:x:{uid}:\n",
                          "/etc/shadow": f"{name}:{secret}:19000:0:99999:7:::\n"}[path])
        mode = os.stat(path).st_mode & 0o777
        write(path, "".join(lines), mode)


def add_files():
    write("/etc/hostname", HOST.split(".", maxsplit=1)[0] + "\n")
    write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOST} {HOST.split('.')[0]}\n")
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    write("/etc/securetty", "")
    write("/etc/sudoers", "Defaults env_reset, !lecture, passwd_tries=1\n"
          "Defaults secure_path=\"/usr/sbin:/usr/bin:/sbin:/bin\"\n"
          "root ALL=(ALL:ALL) ALL\n"
          + "".join(f"{name} ALL=(ALL:ALL) ALL\n" for name in PEOPLE)
          + "@includedir /etc/sudoers.d\n", 0o440)
    for name in os.listdir("/etc/sudoers.d"):
        os.unlink("/etc/sudoers.d/" + name)
    write(SCRATCH + "/record",
          f"#!/bin/sh\necho \"$PAM_SERVICE $PAM_USER $1\" >>{RESULTS}\n", 0o755)
    write(RESULTS, "", 0o666)
    for name in ("sudo", "su", "login"):
        write("/etc/pam.d/" + name, service())
    # Re-authentication is by password, so that polkit's dialogue needs no passkey.
    write("/etc/pam.d/polkit-1", "auth required pam_unix.so\n" + REST)
    write("/etc/pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n"
          "session required pam_deny.so\npassword required pam_deny.so\n")


def check_build(build):
    """Ends the program where there is nothing in this folder to install."""
    wrong = None
    if not os.path.isdir(build):
        wrong = "is not a folder"
    elif not os.path.exists(build + "/Makefile"):
        wrong = "is not configured"
    elif not os.path.exists(build + "/daemon/passkeyd"):
        wrong = "is not built"
    else:
        with open(build + "/Makefile", encoding="utf-8") as makefile:
            if "\nprefix = /usr\n" not in makefile.read():
                wrong = "is not configured with --prefix=/usr"
    if wrong:
        sys.exit(f"namespace.py: --build {build} {wrong}; scripts/build {build} makes it")


def make(build, *arguments):
    # One namespace at a time: make may find something to build first.
    done = subprocess.run(["flock", build + "/Makefile", "make", "-s", "-C", build, *arguments],
                          check=False, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"namespace.py: make {arguments[0]} failed in --build {build}; see above")


def make_install(build, destination=""):
    """destination: the DESTDIR."""
    check_build(build)
    make(build, "install", f"DESTDIR={destination}")


def write_locality(without_logind="allow"):
    write(LOCALITY, f"[seat]\nwithout-logind = {without_logind}\n")


def copy_libraries(folder):
    for copy in (SOFTKEY, SK_PROVIDER, HELD, LATER):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(f"{folder}/{os.path.basename(copy)}", copy)


def install(build):
    make_install(build)
    copy_libraries(build + "/tests/lib/.libs")
    os.makedirs(os.path.dirname(STAND_IN_SSH), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(f"{build}/tests/lib/stand_in/ssh", STAND_IN_SSH)
    report_sanitizers()
    prepare_folders()


def use_installed(libraries):
    """Of what is installed the programs, and neither settings nor passkeys."""
    copy_libraries(libraries)
    for path in glob.glob("/etc/passkey/passkeyd.conf.d/*") + glob.glob("/var/lib/passkeyd/*"):
        os.unlink(path)
    prepare_folders()


def prepare_folders():
    write_locality()
    os.makedirs("/var/lib/passkeyd", exist_ok=True)
    os.chown("/var/lib/passkeyd", DAEMON_ID, DAEMON_ID)
    os.chmod("/var/lib/passkeyd", 0o700)
    # As tmpfiles.d has it: the daemon's own socket is made there.
    os.makedirs("/run/passkeyd", mode=0o755, exist_ok=True)
    os.chown("/run/passkeyd", DAEMON_ID, DAEMON_ID)


def module_has_sanitizers():
    found = [path for path in ("/usr/lib/" + name + "/security/pam_passkey.so"
                               for name in (".", *os.listdir("/usr/lib"))) if os.path.exists(path)]
    shown = subprocess.run(["ldd", *found], text=True, capture_output=True, check=False).stdout
    return "libasan" in shown or "libtsan" in shown


def report_sanitizers():
    """What a daemon that the bus starts would write to no terminal goes to files, which
    sanitizer_reports() reads."""
    if not module_has_sanitizers():
        return
    os.makedirs(REPORTS, exist_ok=True)
    os.chmod(REPORTS, 0o1777)
    write(SUPPRESSIONS, NO_RACES)
    options = " ".join(f"{name}={text}" for name, text in sanitizer_options().items())
    # For those that tests start themselves (machine.environment()).
    os.environ["TSAN_OPTIONS"] = f"suppressions={SUPPRESSIONS}:{THREAD_OPTIONS}"
    with open(SERVICE, encoding="utf-8") as file:
        before = file.read()
    assert "\nExec=/" in before
    write(SERVICE, before.replace("\nExec=/", f"\nExec=/usr/bin/env {options} /"))


def sanitizer_options():
    """The environment of a program whose reports are to be found by sanitizer_reports()."""
    if not os.path.isdir(REPORTS):
        return {}
    options = {f"{name}_OPTIONS": f"log_path={REPORTS}/{name.lower()}"
               for name in ("ASAN", "UBSAN", "TSAN")}
    options["TSAN_OPTIONS"] += f":suppressions={SUPPRESSIONS}:{THREAD_OPTIONS}"
    return options


def sanitizer_reports():
    """Those since the last call, as text."""
    lines = []
    for path in sorted(glob.glob(f"{REPORTS}/*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            lines += file.read().splitlines()
        os.unlink(path)
    return "\n".join(line for line in lines if not THREAD_ENDED.match(line))


def furnish(arguments):
    build = arguments.build and os.path.realpath(arguments.build)
    libraries = arguments.installed and os.path.realpath(arguments.installed)
    # Held open, because the new file systems may cover them.
    kept = {path: os.open(path, os.O_PATH)
            for path in {build, os.getcwd()} if path}
    socket.sethostname(HOST.split(".", maxsplit=1)[0])
    loopback_up()
    mount("-t", "tmpfs", "-o", "mode=755,nosuid,nodev", "tmpfs", "/run")
    os.makedirs(SCRATCH)
    for folder in ("/run/lock", "/run/dbus", "/run/sudo", "/run/user"):
        os.makedirs(folder)
    os.chmod("/run/lock", 0o1777)
    write("/run/utmp", "", 0o664)
    for folder in ("/usr", "/etc", "/var"):
        overlay(folder)
    nodes = private_dev(arguments.hardware)
    for path, descriptor in kept.items():
        if path.startswith(("/usr/", "/etc/", "/var/", "/run/", "/dev/")):
            os.makedirs(path, exist_ok=True)
            mount("--bind", f"/proc/self/fd/{descriptor}", path)
    os.chdir("/")
    os.chdir([path for path in kept if path != build][-1] if len(kept) > 1 else build or "/")
    if not arguments.installed:
        installed.mask()
    add_people()
    for name, number in nodes.items():
        os.mknod("/dev/" + name, 0o660 | stat.S_IFCHR, number)
        os.chown("/dev/" + name, 0, DAEMON_ID)
    add_files()
    with contextlib.suppress(FileNotFoundError):  # what could be started here could not run
        os.rename(LOGIND, LOGIND + ".off")
    if build:
        install(build)
    elif arguments.installed:
        use_installed(libraries)


def run(command):
    """The first process here inherits every orphan; it waits for all, and ends with COMMAND."""
    environment = dict(os.environ, **{MARK: "1"})
    for name in ("SUDO_USER", "SUDO_UID", "SUDO_GID", "SUDO_COMMAND", "DBUS_SYSTEM_BUS_ADDRESS",
                 "PASSKEYD_SOCKET", "PASSKEY_AUTHENTICATOR", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE",
                 "SSH_AUTH_SOCK", "SSH_CONNECTION"):
        environment.pop(name, None)
    process = None

    def forward(number, _frame):
        if process:
            process.send_signal(number)

    # Handlers are set first: what nohup or a shell's & ignores would be ignored by COMMAND, too.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, forward)
    # Sockets as systemd passes them (sd_listen_fds(3)), for what is to be reached from outside.
    passed = range(3, 3 + int(os.environ.get("LISTEN_FDS", "0")))
    process = subprocess.Popen(command, env=environment, pass_fds=passed)
    while True:
        try:
            pid, status = os.wait()
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            raise
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", help="build folder to install from")
    parser.add_argument("--installed", metavar="LIBRARIES", help="use what is installed here")
    parser.add_argument("--hardware", action="store_true", help="show plugged-in security keys")
    parser.add_argument("--bare", action="store_true", help="no bus, no daemon and no software key")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("namespace.py: root is needed for a private mount namespace")
    if not arguments.build and not arguments.bare:
        parser.error("--build is needed, for the daemon to run; or --bare")
    if arguments.build and arguments.installed:
        parser.error("either --build or --installed")
    if not arguments.inside:
        if arguments.build:
            check_build(arguments.build)
            if not arguments.bare:
                make(os.path.realpath(arguments.build), "tests/lib/libsoftkey.la")
        own = [sys.executable, os.path.realpath(__file__), "--inside", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--pid", "--fork",
                              "--kill-child", "--mount-proc", "--uts", "--ipc", "--net", *own])
    if arguments.build:
        os.environ["top_builddir"] = os.path.realpath(arguments.build)
    furnish(arguments)
    command = arguments.command
    if not arguments.bare:
        hardware = ["--hardware"] if arguments.hardware else []
        command = [PYTHON, INTERACTIVE, *hardware, "--", *command]
    sys.exit(run(command))


if __name__ == "__main__":
    main()
