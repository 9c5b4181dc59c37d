# SPDX-License-Identifier: BSD-2-Clause
"""scripts/demo --browser as a newcomer runs it: the real sudo runs by a passkey in a real Chromium,
it ends in "demo: ok", leaves nothing behind, and says so where there is no Chromium.

Were this broken, a newcomer could not see the pages at work, or doc/'s pictures showed others.
"""

import os
import pathlib
import re
import select
import signal
import types

import pexpect
import pytest

import chromium
import pages
import recording
import test_demo_serve as serving
import webauthn_client
from test_demo_serve import TOP, Demo, demo_fixture, mounts, orphans  # noqa: F401  (fixtures)

PICTURES = ("request", "code")
FOLDER = pathlib.Path(TOP, "doc", "pictures")
LARGEST = 60 * 1024  # bytes of a picture in doc/
NO_CHROMIUM = 3
pytestmark = serving.pytestmark
with_chromium = pytest.mark.skipif(not os.path.exists(chromium.PROGRAM),
                                   reason="no " + chromium.PROGRAM)


@pytest.fixture(name="temporary")
def temporary_fixture(tmp_path):
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


def run(demo, temporary, *arguments, **variables):
    """Exit code, and what it said: on standard output, and there and elsewhere."""
    running = Demo(demo, ["--browser", *arguments], temporary, **variables)
    try:
        told, said = running.process.communicate(timeout=serving.PATIENCE)
    finally:
        running.close()
    return running.process.returncode, told.decode(), told.decode() + said.decode()


def normal(text):
    return re.sub(r"\b[0-9A-Z]{6}\b", "CODE", recording.normal(text))


@with_chromium
def test_it_is_a_story_that_ends_well(demo, tmp_path, temporary, orphans):
    mounted = mounts()
    # A display that nobody has, and no terminal.
    code, told, said = run(demo, temporary, "--pictures", str(tmp_path / "pictures"),
                           DISPLAY="unix:/nowhere", NO_COLOR="1")
    assert code == 0, said
    assert told.splitlines()[-1].startswith("demo: ok: the real sudo ran `id -un` as bob"), said
    assert "\033" not in said and "Traceback" not in said
    for seen in ("alice@web1$ passkey-enroll --browser", "alice@web1$ sudo -u bob id -un",
                 "\u2580\u2580\u2580", "    > Command: ", "(opens the link in Chromium)",
                 "sign-in of alice (default): ok",
                 "The display unix:/nowhere cannot be used", "without a window"):
        assert seen in said, said
    assert len(set(re.findall(r"\(types the code, ([0-9A-Z]{6})\)", said))) == 2
    assert not orphans() and mounts() == mounted and not os.listdir(temporary)
    for name in PICTURES:
        seen, kept = (chromium.description((folder / f"{name}.png").read_bytes())
                      for folder in (tmp_path / "pictures", FOLDER))
        assert normal(seen) == normal(kept), f"doc/pictures/{name}.png shows another page"


@with_chromium
@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_is_interrupted(demo, temporary, orphans, number, code):
    """While Chromium has the page open."""
    running = Demo(demo, ["--browser"], temporary)
    try:
        said = b""
        while b"opens the link" not in said:
            assert select.select([running.process.stdout], [], [], serving.PATIENCE)[0], said
            more = os.read(running.process.stdout.fileno(), 4096)
            assert more, said + running.process.stderr.read()
            said += more
        os.killpg(running.process.pid, number)
        rest, errors = running.process.communicate(timeout=serving.PATIENCE)
    finally:
        running.close()
    assert running.process.returncode == code, errors
    assert b"Traceback" not in errors and b"demo: ok" not in said + rest
    assert not orphans() and not os.listdir(temporary)


def test_without_chromium(demo, temporary):
    """It cannot be installed: said before anything is built."""
    script = demo.parent / "install-dependencies"
    script.write_text('#!/bin/sh\n[ "$1" != --chromium ] || exit 1\n')
    (demo.parent / "build").write_text("#!/bin/sh\nexit 99\n")
    code, _, said = run(demo, temporary)
    assert code == NO_CHROMIUM and "--browser needs Chromium" in said and "--by-hand" in said, said


@pytest.mark.parametrize("program,why", [("/nowhere/chromium", "there is no "),
                                         ("/bin/false", "does not start")])
def test_chromium_that_does_not_start(monkeypatch, program, why):
    monkeypatch.setattr(chromium, "PROGRAM", program)
    with pytest.raises(chromium.Unavailable, match=why):
        chromium.Chromium()


def test_by_hand(demo, temporary, orphans):
    """By whoever runs it, with a browser of this computer, outside of the namespace."""
    child = pexpect.spawn(str(demo), ["--browser", "--by-hand"], encoding="utf-8",
                          timeout=serving.PATIENCE, echo=False,
                          env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary)})
    passkey = webauthn_client.Passkey()
    try:
        child.expect("is for (http://localhost:([0-9]+))[.] alice's password is: ([^\r\n]*)\r\n")
        origin, port, password = child.match.groups()
        browser = pages.Browser(types.SimpleNamespace(origin=origin, port=int(port)))
        child.expect("(?i)password: ")
        child.sendline(password)
        child.expect(rf"{origin}/passkey/\S+")
        child.sendline(browser.make(child.after, passkey)[1]["code"])
        child.expect("Its name[^\n]*: ")
        child.sendline("")
        child.expect(rf"{origin}/passkey/\S+")
        child.sendline(browser.use(child.after, passkey)[1]["code"])
        child.expect("demo: ok: ")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0
    assert not orphans() and not os.listdir(temporary)


def test_by_hand_needs_a_terminal(demo, temporary, orphans):
    code, _, said = run(demo, temporary, "--by-hand")
    assert code == 1 and said.splitlines()[-1] == "demo: --by-hand needs a terminal", said
    assert not orphans() and not os.listdir(temporary)


@pytest.mark.parametrize("arguments", [["--hardware"], ["--serve", "8080"],
                                       ["--by-hand", "--pictures", "x"], ["--pictures"]])
def test_what_does_not_go_together(demo, temporary, arguments):
    code, _, said = run(demo, temporary, *arguments)
    assert code == 2 and ("usage: " in said or "needs a folder" in said), said


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_small_and_shown(name):
    data = (FOLDER / f"{name}.png").read_bytes()
    assert len(data) < LARGEST
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        assert f"](doc/pictures/{name}.png)" in file.read()
