# SPDX-License-Identifier: BSD-2-Clause
"""support/namespace.py as people start it: what is ready for a shell, and its errors."""

import os
import subprocess

import pytest

import namespace

BUILD = os.environ.get("top_builddir", "")
PROGRAM = os.path.join(os.path.dirname(__file__), "support", "namespace.py")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(namespace.MARK in os.environ, reason="runs outside of the namespace only"),
]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=300)


@pytest.fixture
def build():
    if not os.path.exists(BUILD + "/Makefile"):
        pytest.skip("top_builddir names no build")
    return BUILD


def test_bus_daemon_and_key_are_ready(build):
    done = run("--build", build, "--", "sh", "-c",
               "passkeyctl status && passkey-enroll --user alice --name blue </dev/null &&"
               " passkeyctl test --user alice && "
               f"until grep 'sign-in of' {namespace.SCRATCH}/log; do sleep 0.1; done; "
               f"cat {namespace.SCRATCH}/log; exit 7")
    assert done.returncode == 7, done.stderr
    assert "web1.example.org" in done.stdout
    assert "enrolment for alice (default): ok" in done.stdout, done.stdout + done.stderr
    assert 'sign-in of alice (default): ok, passkey "blue"' in done.stdout, done.stdout
    help_lines = done.stderr.splitlines()[:3]
    assert "passkey-enroll" in help_lines[1] and "passkeyctl test" in help_lines[1]
    assert namespace.SCRATCH + "/log" in help_lines[2]


def test_sudo_by_the_key(build):
    done = run("--build", build, "--", "sh", "-c",
               "passkey-enroll --user alice >/dev/null && runuser -u alice -- sudo -u bob id -un")
    assert done.returncode == 0 and "bob" in done.stdout.splitlines(), done.stdout + done.stderr


def test_bare(build):
    done = run("--bare", "--build", build, "--", "sh", "-c",
               "test ! -e /run/dbus/system_bus_socket && type passkeyctl")
    assert done.returncode == 0 and "/usr/bin/passkeyctl" in done.stdout, done.stderr
    assert not done.stderr


@pytest.mark.parametrize("files,why", [
    (None, "is not a folder"), ({}, "is not configured"),
    ({"Makefile": "\nprefix = /usr\n"}, "is not built"),
    ({"Makefile": "\nprefix = /usr/local\n", "daemon/passkeyd": ""},
     "is not configured with --prefix=/usr"),
])
@pytest.mark.parametrize("bare", [[], ["--bare"]])
def test_wrong_build(tmp_path, files, why, bare):
    folder = tmp_path / "build"
    for name, text in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if files == {}:
        folder.mkdir()
    done = run(*bare, "--build", str(folder), "--", "true")
    assert done.returncode == 1
    assert done.stderr == f"namespace.py: --build {folder} {why}; scripts/build {folder} makes it\n"


def test_build_that_fails(tmp_path):
    (tmp_path / "daemon").mkdir()
    (tmp_path / "daemon/passkeyd").touch()
    (tmp_path / "Makefile").write_text("\nprefix = /usr\n\nall install:\n\t@false\n")
    done = run("--bare", "--build", str(tmp_path), "--", "true")
    assert done.returncode == 1
    assert f"namespace.py: make install failed in --build {tmp_path}; see above" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_build():
    done = run("--", "true")
    assert done.returncode == 2 and "--build is needed" in done.stderr


# An installation of another version, of another user, as the machine below the namespace has it.
USED_MACHINE = """
set -e
mount -t tmpfs tmpfs "$1"
for folder in usr etc var; do
    mkdir -p "$1/$folder/upper" "$1/$folder/work"
    layers="lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work"
    mount -t overlay overlay -o "$layers" "/$folder" || exit 77
done
mkdir -p /var/lib/passkeyd /etc/passkey/passkeyd.conf.d /usr/local/bin /usr/local/sbin
touch /var/lib/passkeyd/passkeyd.db /var/lib/passkeyd/something
chown -R 4321:4321 /var/lib/passkeyd && chmod 700 /var/lib/passkeyd
echo 'no section' >/etc/passkey/passkeyd.conf.d/50-mine.conf
for name in bin/passkeyctl bin/passkey-enroll sbin/passkeyd; do
    printf '#!/bin/sh\\nexit 99\\n' >/usr/local/$name
    chmod 755 /usr/local/$name
done
echo 'passkeyd:x:4321:4321::/var/lib/passkeyd:/usr/sbin/nologin' >>/etc/passwd
echo 'sshd-x:x:990:990::/:/usr/sbin/nologin' >>/etc/passwd
echo 'someone:x:2001:2001::/:/bin/sh' >>/etc/passwd
shift
exec "$@"
"""


def test_on_a_machine_where_passkeyd_is_used(build, tmp_path):
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", USED_MACHINE, "sh",
         str(tmp_path), PROGRAM, "--build", build, "--", "sh", "-c",
         "passkey-enroll --user alice --name blue && passkeyctl test --user alice"],
        text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode == 77 or "wrong fs type" in done.stderr:
        pytest.skip("overlays cannot be nested here")
    assert done.returncode == 0, done.stdout + done.stderr
