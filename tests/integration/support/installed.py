# SPDX-License-Identifier: BSD-2-Clause
"""A passkeyd that is installed on this machine, and what its use left: the tests see none of it.

What is tested is the build alone. Another version's files, state of another user, settings, the
profile of pam-auth-update or a line in sudo.conf would each change what a test sees.
"""

import contextlib
import glob
import os
import shutil
import subprocess

# Below each prefix: packages and --prefix=/usr, the default of configure, and what was /usr once.
PREFIXES = ("/usr", "/usr/local", "")
BELOW_PREFIX = (
    "bin/passkey*", "sbin/passkey*", "libexec/passkey", "libexec/sudo/passkey_approval.*",
    "lib/sudo/passkey_approval.*", "lib/security/pam_passkey.*", "lib/*/security/pam_passkey.*",
    "share/doc/passkey*", "share/doc/libpam-passkey", "share/authselect/vendor/passkey",
    "share/man/man?/*passkey*", "share/man/man5/gateway.conf.5*",
    "share/pam-configs/passkey*", "share/passkeyd",
    "share/bash-completion/completions/passkey*", "share/zsh/*/_passkey*",
    "share/zsh/*/Completion/_passkey*", "share/fish/*/passkey*",
    "share/dbus-1/system.d/org.passkeyd*", "share/dbus-1/system-services/org.passkeyd*",
    "share/polkit-1/*/*passkey*", "lib/systemd/system/passkey*", "lib/sysusers.d/passkey*",
    "lib/tmpfiles.d/passkey*", "lib/udev/rules.d/*passkey*", "etc/passkey",
)
ELSEWHERE = (
    "/etc/passkey", "/etc/apparmor.d/*passkey*", "/etc/apparmor.d/*/*passkey*",
    "/etc/dbus-1/system.d/*passkey*", "/etc/polkit-1/*/*passkey*",
    "/etc/shadow-maint/*/*passkey*", "/etc/ssh/*/*passkey*", "/etc/sudoers.d/*passkey*",
    "/etc/systemd/system/*passkey*", "/etc/systemd/system/*/*passkey*", "/etc/sysusers.d/passkey*",
    "/etc/tmpfiles.d/passkey*", "/etc/udev/rules.d/*passkey*", "/etc/pam.d/*passkey*",
    "/var/lib/passkeyd", "/var/lib/passkey", "/var/lib/private/passkey*",
    "/var/local/lib/passkey*", "/usr/local/var/lib/passkey*",
)
# Files of others with lines of ours; a jump in a PAM stack passes over later lines, never ours,
# which pam-auth-update and README put first.
LINES_IN = {"/etc/sudo.conf": "passkey_approval", "/etc/pam.d/*": "pam_passkey.so",
            "/etc/pam.conf": "pam_passkey.so", "/etc/environment": "passkey-askpass",
            "/etc/polkit-1/*/*": "org.passkeyd."}


def found():
    """Each path that an installation or its use made."""
    patterns = [f"{prefix}/{pattern}" for prefix in PREFIXES for pattern in BELOW_PREFIX]
    return sorted({path for pattern in (*patterns, *ELSEWHERE) for path in glob.glob(pattern)})


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        # /lib and /usr/lib are mostly one folder.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def remove_lines(pattern, word):
    for path in glob.glob(pattern):
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
        left = [line for line in lines if word not in line]
        if left != lines:
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(left)


def mask():
    """For a private namespace or a virtual machine, where what is removed comes back."""
    if os.path.exists("/usr/share/pam-configs/passkey"):
        subprocess.run(["pam-auth-update", "--package", "--remove", "passkey"], check=False,
                       env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in found():
        remove(path)
    for pattern, word in LINES_IN.items():
        remove_lines(pattern, word)
