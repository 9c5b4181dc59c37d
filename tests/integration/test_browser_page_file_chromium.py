# SPDX-License-Identifier: BSD-2-Clause
"""The page that is one file, in Debian's Chromium, from a plain web server for the real programs.

Were this broken, people whose host has no gateway could not use the passkeys of their browser, or
the page would show something else than what is signed.
"""

import json
import re

import pytest

import forward
import namespace
import page_file
import ssh
import test_browser_pages as chromium
from apps import Login, Su, Sudo
from test_browser_pages import browse, only_browser
from webauthn_client import EDDSA, ES256, RS256

pytestmark = chromium.pytestmark
DEVICES = [{"transport": "internal"}, {"transport": "usb"},
           {"transport": "usb", "hasUserVerification": False}]


@pytest.fixture(name="site")
def site_fixture(machine):
    site = page_file.Site(machine)
    yield site
    site.close()


def link_on(child):
    child.expect(page_file.LINK + r"\r?\n", timeout=chromium.PATIENCE)
    link = child.after
    child.expect("Answer: ")
    return (link.decode() if isinstance(link, bytes) else link).strip()


def paste(child, lines):
    for index, line in enumerate(lines):
        if index:
            child.expect("Answer: ")
        child.sendline(line)


@pytest.mark.real_programs
@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])
@pytest.mark.parametrize("device", DEVICES, ids=["internal", "usb", "usb without verification"])
def test_sudo(machine, site, algorithm, device):
    passkey = site.enrol("alice", algorithm, device["transport"])
    only_browser(machine, "sudo")
    running = Sudo(machine)
    link = link_on(running.child)
    assert "what alice typed on web1" in running.screen and "\u2580" not in running.screen
    seen = browse(link, passkey, authenticator=device, then=["copy"])
    assert seen["part"] == "answer" and seen["copied"] == seen["lines"][0], seen
    assert len(seen["lines"]) == (2 if algorithm == RS256 else 1), seen
    assert set(site.server.seen) == {"/passkey.html"}
    paste(running.child, seen["lines"])
    assert running.accepted(), running.screen


@pytest.mark.real_programs
@pytest.mark.parametrize("app", [Su, Login], ids=["su", "login"])
def test_other_programs(machine, site, app):
    passkey = site.enrol("bob")
    only_browser(machine, app.service)
    running = app(machine)
    seen = browse(link_on(running.child), passkey)
    paste(running.child, seen["lines"])
    assert running.accepted(), running.screen


@pytest.mark.real_programs
@pytest.mark.parametrize("algorithm", [ES256, RS256], ids=["ES256", "RS256"])
def test_ssh(machine, site, algorithm):
    """The stock client and the real sshd; the person is at the laptop, and so is the browser."""
    passkey = site.enrol("alice", algorithm)
    only_browser(machine, "sshd")
    ssh.Server(machine)
    ssh.Laptop(machine)
    child = machine.terminal("erin", [*ssh.CLIENT, "-o", "StrictHostKeyChecking=no",
                                      "alice@127.0.0.1", "id -un"])
    child.expect(page_file.LINK + r"\r?\n", timeout=chromium.PATIENCE)
    seen = browse(child.after.strip(), passkey)
    assert "127.0.0.1" in seen["text"], seen
    for index, line in enumerate(seen["lines"]):
        if index:
            child.expect("Line 2 of the answer: ")
        child.sendline(line)
    child.expect("alice\r\n")


@pytest.mark.parametrize("device", DEVICES, ids=["internal", "usb", "usb without verification"])
def test_enrol(machine, site, device):
    """passkey-enroll on a terminal, a passkey that Chromium makes, and a name."""
    child = machine.terminal("alice", ["passkey-enroll", "--browser"])
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    child.expect(page_file.LINK + r"\r?\n", timeout=chromium.PATIENCE)
    seen = browse(child.after.strip(), authenticator=device)
    assert seen["part"] == "answer", seen
    for index, line in enumerate(seen["lines"]):
        if index:
            child.expect("Line 2 of the answer: ")
        child.sendline(line)
    child.expect("Its name .Enter: passkey.: ")
    child.sendline("Chromium")
    child.expect('Enrolled "Chromium" for alice')
    assert page_file.passkeys(machine) == ["Chromium"]


# --- what the page shows ------------------------------------------------------------------------

def ask(site, user="alice", **context):
    conversation = site.machine.connect().authenticate(
        user, **{"methods": "browser", "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh",
                 **context})
    return conversation, page_file.wait_for_page(conversation)[0]


def with_context(link, **change):
    request = page_file.request_in(link)
    context = {**json.loads(request["context"]), **change}
    request["context"] = json.dumps({name: value for name, value in context.items()
                                     if value is not None}, sort_keys=True, separators=(",", ":"))
    return link.partition("#")[0] + "#" + forward.encode_request(request)


def test_the_page_shows_what_it_signs(site):
    """Somebody changed the link: the page shows that, and the answer is worth nothing."""
    passkey = site.enrol("alice")
    conversation, link = ask(site)
    seen = browse(with_context(link, rhost="198.51.100.1", later="\u202eevil"), passkey)
    assert seen["part"] == "answer" and "198.51.100.1" in seen["text"], seen
    seen = browse(with_context(link, rhost="a\u202eb", later="x\ny"), act="look")
    assert r"a\u{202e}b" in seen["text"] and r'"x\ny"' in seen["text"], seen
    seen = browse(with_context(link, user="\u05d0\u3164" + "x" * 80), act="look")
    shown = ("\u05d0" + r"\u{3164}" + "x" * 80)[:64]
    assert seen["title"] == f"Sign in as {shown}\u2026 on web1?", seen
    seen = browse(with_context(link, rhost="198.51.100.1"), passkey)
    assert conversation.next(text=seen["lines"][0])[2]["result"] == "answer-refused"


def test_the_answer_of_chromium(site):
    """Its client data are the browser's own, with the page's origin."""
    passkey = site.enrol("alice")
    conversation, link = ask(site)
    seen = browse(link, passkey)
    (line,) = seen["lines"]
    data = forward.cbor2.loads(forward.unb64(line[9:]))[5]
    assert json.loads(data)["origin"] == site.origin and "192.0.2.7" in seen["text"]
    assert conversation.next(text=line)[2]["result"] == "ok"


def test_it_was_not_me(site):
    passkey = site.enrol("alice")
    _, link = ask(site)
    seen = browse(link, act="disown")
    assert seen["part"] == "disowned" and seen["lines"] == []
    assert browse(link, act="disown", then=["reload"])["part"] == "none"
    assert browse(link, act="disown", then=["visit"])["part"] == "answered"
    assert browse(link, passkey, then=["copy"])["part"] == "answer"


def test_no_passkey_here(site):
    """Chromium has none of them: the page says so, and can be used again."""
    site.enrol("alice")
    _, link = ask(site)
    seen = browse(link)
    assert seen["part"] == "ask" and "You can try again." in seen["text"], seen


def test_another_visit(site):
    """The request leaves the address; a reload finds it and the answer, another tab does not."""
    passkey = site.enrol("alice")
    conversation, link = ask(site)
    seen = browse(link, act="look", then=["reload"])
    assert seen["part"] == "ask" and seen["address"] == site.url, seen
    seen = browse(link, passkey, then=["reload"])
    assert seen["part"] == "answer" and len(seen["lines"]) == 1, seen
    assert conversation.next(text=seen["lines"][0])[2]["result"] == "ok"
    assert browse(link, passkey, then=["visit"])["part"] == "answered"
    _, other = ask(site, user="alice", rhost="192.0.2.8")
    seen = browse(link, passkey, then=[{"follow": other}])
    assert seen["part"] == "ask" and "192.0.2.8" in seen["text"] and not seen["lines"], seen


def broken(link, how):
    request = page_file.request_in(link)
    return {
        "none": site_of(link),
        "cut": link[:-1],
        "cut short": link[:120],
        "junk": site_of(link) + "#hello",
        "percent": site_of(link) + "#%zz",
        "another version": link.replace("#passkey1:", "#passkey2:"),
        "another relying party": site_of(link) + "#" + forward.encode_request(
            {**request, "rp_id": "example.org"}),
        "another act": with_context(link, act="enroll"),
        "no user": with_context(link, user=None),
        "escaped": link.replace(":", "%3A").replace("http%3A", "http:").replace(
            "localhost%3A", "localhost:"),
        "over": site_of(link) + "#" + forward.encode_request({**request, "timeout": 1}),
    }[how]


def site_of(link):
    return link.partition("#")[0]


@pytest.mark.parametrize("how, part", [
    ("none", "none"), ("cut", "broken"), ("cut short", "broken"), ("junk", "broken"),
    ("percent", "broken"), ("another version", "foreign"), ("another relying party", "foreign"),
    ("another act", "foreign"), ("no user", "broken"), ("escaped", "ask")])
@pytest.mark.parametrize("language", ["en", "de"])
def test_links_that_are_no_good(site, how, part, language):
    _, link = ask(site)
    seen = browse(broken(link, how), act="look", language=language, axe=True, width=390,
                  height=844)
    assert seen["part"] == part and seen["language"] == language, seen
    assert seen["title"] and seen["title"] in seen["text"]


def test_time_passes(site):
    _, link = ask(site)
    seen = browse(broken(link, "over"), act="over", axe=True)
    assert seen["part"] == "over" and "Start again there" in seen["text"], seen


def test_in_a_frame(site):
    _, link = ask(site)
    seen = browse(site.origin + "/frame", act="look")
    assert seen["frame"].startswith("This page is inside of another"), seen
    assert link


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_everybody_can_read_it(site, language, dark, size):
    """axe-core finds nothing, and nothing is wider than the window; by keyboard alone."""
    passkey = site.enrol("alice", RS256)
    _, link = ask(site, service="sudo", rhost="", ruser="alice", tty="/dev/pts/3",
                  command="sudo -u postgres pg_dump --file=/var/backups/" + "customers" * 8)
    seen = browse(link, passkey, keyboard=True, language=language, dark=dark, width=size[0],
                  height=size[1], axe=True, then=["copy"])
    assert seen["part"] == "answer" and seen["language"] == language, seen
    assert re.fullmatch("passkey1/1/2:.{496}", seen["copied"])


def test_at_200_percent(site):
    """What a window of 1280 has at twice the size: half as many pixels of its own."""
    passkey = site.enrol("alice")
    _, link = ask(site)
    assert browse(link, passkey, width=320, height=400, axe=True)["part"] == "answer"


def test_without_javascript(site):
    _, link = ask(site)
    seen = browse(link, act="look", javascript=False, axe=False)
    assert "JavaScript is blocked here" in seen["text"], seen
    assert "JavaScript ist hier blockiert" in seen["text"], seen
