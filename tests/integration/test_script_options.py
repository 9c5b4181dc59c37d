# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts say of themselves: if this failed, asking one for help would build, install or
make folders instead, and a misspelled option would be passed over."""

import glob
import os
import subprocess

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("scripts", "bench", ".ci")
MORE = ("tests/vm/run", "tests/vm/image", "tests/vm/life", "tests/fuzz/run",
        "tests/integration/support/namespace.py",
        "tests/packages/run", "tests/packages/life", "tests/packages/reproducible",
        "tests/packages/rpm")


def scripts():
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(TOP, folder, "*"))):
            if os.access(path, os.X_OK) and os.path.isfile(path):
                yield os.path.relpath(path, TOP)
    yield from MORE


def run(tmp_path, name, *arguments):
    """In an empty folder, which has to stay empty."""
    done = subprocess.run([os.path.join(TOP, name), *arguments], cwd=tmp_path, text=True,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert not os.listdir(tmp_path), done
    return done


def test_they_are_there():
    assert {"scripts/build", "scripts/lint", "bench/verify.py", ".ci/run"} <= set(scripts())


@pytest.mark.parametrize("name", scripts())
def test_what_it_does_is_said(tmp_path, name):
    said = run(tmp_path, name, "--help")
    assert (said.returncode, said.stderr) == (0, "")
    first, *rest = said.stdout.splitlines()
    assert first.startswith("usage: ")
    assert os.path.basename(name) in first or name == ".ci/run"
    assert any(len(line.split()) >= 5 and line[0].isupper() for line in rest), said.stdout
    assert run(tmp_path, name, "-h").stdout == said.stdout


@pytest.mark.parametrize("option", ["--nonsense", "-Z"])
@pytest.mark.parametrize("name", scripts())
def test_what_it_does_not_know_is_refused(tmp_path, name, option):
    done = run(tmp_path, name, option)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: " in done.stderr


@pytest.mark.parametrize("option", ["--nonsense", "--enable-nonsense"])
def test_what_configure_does_not_know_is_refused(tmp_path, option):
    """It would only warn of one, in a log that nobody reads."""
    sources = os.path.join(TOP, "configure")
    if not os.path.exists(sources):
        pytest.skip("the sources have no configure yet")
    done = subprocess.run([os.path.join(TOP, "scripts/build"), str(tmp_path / "build"), option],
                          text=True, timeout=600, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "unrecognized option" in done.stderr and "usage: " in done.stderr
