# SPDX-License-Identifier: BSD-2-Clause
"""scripts/build and scripts/install-dependencies, after somebody has tried this and that."""

import os
import shutil
import subprocess

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SOURCES = {"configure.ac": "", "daemon/main.c": "int main;\n", "etc/unit.in": "@x@\n",
           "etc/unit.conf": "y\n", "tests/vectors/a log": "z\n"}
# What ./configure and make, another build folder and a release leave behind.
LEFT = {"configure": "#!/bin/sh\nexit 1\n", "config.status": "", "Makefile": "", "libtool": "",
        "config.log": "", "build-aux/ltmain.sh": "", "daemon/main.o": "",
        "daemon/.deps/main.Po": "", "daemon/libdaemon.la": "",
        "daemon/.libs/x": "", "etc/unit": "x\n",
        "passkeyd-1.0/configure.ac": "", "mine/config.status": "", "mine/etc/unit": "x\n",
        "mine/source/configure.ac": ""}
PROGRAMS = ("daemon/passkeyd", "tests/unit/test_x")
CONFIGURE = "#!/bin/sh\nprintf 'all:\\n' >Makefile\ntouch config.status\n"


def put(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def files_below(folder):
    return {os.path.relpath(os.path.join(root, name), folder)
            for root, _, names in os.walk(folder) for name in names}


@pytest.fixture(params=["git", "no git", "inside of another's git"])
def tree(request, tmp_path):
    top = str(tmp_path / "tree")
    put(top, SOURCES)
    for name in ("scripts/build", ".gitignore"):
        os.makedirs(os.path.dirname(f"{top}/{name}"), exist_ok=True)
        shutil.copy(f"{TOP}/{name}", f"{top}/{name}")
    if request.param != "no git":
        if not shutil.which("git"):
            pytest.skip("git is not installed")
        there = top if request.param == "git" else str(tmp_path)
        subprocess.run(["git", "init", "-q", there], check=True)
        if there != top:
            put(there, {".gitignore": "tree/\n"})
    return top


def built(top, folder):
    # What autoreconf makes, newer than configure.ac.
    put(folder, {"source/configure": CONFIGURE})
    os.chmod(folder + "/source/configure", 0o755)
    done = subprocess.run([top + "/scripts/build", folder], text=True, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return files_below(folder + "/source")


def test_nothing_that_lies_around_is_built(tree, tmp_path):
    clean = set(SOURCES) | {"scripts/build", ".gitignore", "configure"}
    assert built(tree, str(tmp_path / "first")) == clean
    put(tree, LEFT)
    for name in PROGRAMS:
        os.makedirs(os.path.dirname(f"{tree}/{name}"), exist_ok=True)
        shutil.copy("/bin/true", f"{tree}/{name}")
    assert built(tree, str(tmp_path / "second")) == clean
    # The same folder once more, and one within the tree.
    assert built(tree, str(tmp_path / "first")) == clean
    within = tree + "/out"
    assert built(tree, within) == clean and built(tree, within) == clean
    assert open(within + "/source/configure", encoding="utf-8").read() == CONFIGURE


def needs(*options):
    done = subprocess.run([TOP + "/scripts/install-dependencies", "--list", *options], text=True,
                          check=True, capture_output=True)
    return set(done.stdout.split())


def test_needs_of_building_running_and_testing_are_told_apart():
    build, run, tests = needs("--build"), needs("--run"), needs("--test")
    assert {"gcc", "libpam0g-dev", "autoconf"} <= build and not build & tests
    assert {"python3-pytest", "libcmocka-dev"} <= tests
    assert {"dbus", "polkitd", "libpam-runtime"} <= run
    assert not [name for name in run if name.endswith("-dev")]
    assert build | tests <= needs()
    if {"libfido2-1", "libpam0g"} - run:
        pytest.skip("apt has no package lists here")
    done = subprocess.run([TOP + "/scripts/install-dependencies", "--everything"], text=True,
                          capture_output=True, check=False)
    assert done.returncode == 2 and "usage" in done.stderr
