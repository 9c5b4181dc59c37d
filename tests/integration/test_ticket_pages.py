# SPDX-License-Identifier: BSD-2-Clause
"""Enrolment links in Debian's Chromium: a passkey is made there, and opens the real sudo.

Were this broken, somebody without a passkey could get none by a link, whatever the calls say.
"""

import pytest

import pages
import test_browser_pages as chromium
from apps import Sudo
from test_ticket_links import create, ended, passkeys, waiting

pytestmark = chromium.pytestmark


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine)


def link_of(site, user="alice"):
    ticket, about = create(site, user)
    return f"{about['page']}#{ticket}"


def sudo(machine, made, device):
    """The real sudo, with what was made."""
    (passkey,) = made["held"]
    chromium.only_browser(machine, "sudo")
    running = Sudo(machine)
    seen = chromium.browse(chromium.link_on(running), passkey, authenticator=device)
    running.child.sendline(seen["code"])
    assert running.accepted(), running.screen


@pytest.mark.real_programs
@pytest.mark.parametrize("device", [{"transport": "internal"},
                                    {"transport": "usb", "hasResidentKey": False}],
                         ids=["internal", "usb, not resident"])
def test_somebody_without_a_passkey(machine, site, device):
    """From root's terminal to alice's sudo."""
    child, visitor = waiting(site)
    link = f"{site.origin}/passkey/enroll#{visitor.ticket}"
    seen = chromium.browse(link, authenticator=device)
    assert seen["part"] == "made" and "You can sign in as alice on web1 now" in seen["text"], seen
    assert "under the name \u201cpasskey\u201d" in seen["text"] and "sudo true" in seen["text"]
    assert seen["held"][0]["isResidentCredential"] == device.get("hasResidentKey", True)
    child.expect("alice has a new passkey: its provider is not known here.")
    child.sendline("Chromium")
    child.expect('alice can sign in with "Chromium"')
    assert ended(child) == 0 and passkeys(site) == ["Chromium"]
    sudo(machine, seen, device)
    again = chromium.browse(link, act="look")
    assert again["part"] == "over" and "This link is of no use" in again["text"], again


def test_the_ticket_leaves_the_address(site):
    link = link_of(site)
    seen = chromium.browse(link, act="look")
    assert seen["part"] == "ask" and "Add a passkey for alice on web1?" in seen["text"], seen
    assert seen["address"] == link.split("#", maxsplit=1)[0]
    seen = chromium.browse(link, act="reload")
    assert seen["part"] == "incomplete" and "Open the link once more" in seen["text"], seen
    assert chromium.browse(link)["part"] == "made"


@pytest.mark.parametrize("fragment", ["#lAAAA", "#" + "l" * 44, "#%00<script>alert(1)</script>"])
def test_rubbish(site, fragment):
    seen = chromium.browse(f"{site.origin}/passkey/enroll{fragment}", act="look")
    assert seen["part"] == "over", seen


def test_without_a_ticket(site):
    assert chromium.browse(f"{site.origin}/passkey/enroll", act="look")["part"] == "incomplete"


def test_a_passkey_that_is_there_already(site):
    """The device says so; the link stays good for another one."""
    passkey = site.enrol("alice")
    link = link_of(site)
    seen = chromium.browse(link, passkey)
    assert seen["part"] == "ask", seen
    assert "This device has a passkey for this account already." in seen["text"], seen
    assert chromium.browse(link)["part"] == "made"


def test_nobody_confirms(site):
    """The person does not touch it, and can try again."""
    seen = chromium.browse(link_of(site), authenticator={"isUserVerified": False})
    assert seen["part"] == "ask" and "No passkey was made." in seen["text"], seen


def test_a_reply_that_is_lost(site):
    """The passkey was made, and the page does not know: it speaks of no stranger."""
    seen = chromium.browse(link_of(site), lost="finish")
    assert seen["part"] == "lost" and "may be good already" in seen["text"], seen
    assert passkeys(site) == ["passkey"]


def test_a_reply_to_begin_that_is_lost(site):
    """Nothing is spent: it is begun anew."""
    seen = chromium.browse(link_of(site), lost="begin")
    assert seen["part"] == "made", seen
    assert passkeys(site) == ["passkey"]


def test_the_daemon_is_away(site):
    """The page asks for nothing that cannot be, and can be used again."""
    link = link_of(site)
    site.machine.configure("nonsense")
    site.machine.kill_daemon()
    seen = chromium.browse(link, act="look")
    assert seen["part"] == "failed" and "Try again" in seen["text"], seen


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_everybody_can_read_it(site, language, dark, size):
    """axe-core finds nothing, and nothing is wider than the window; by keyboard alone."""
    look = {"language": language, "dark": dark, "width": size[0], "height": size[1], "axe": True}
    link = link_of(site)
    seen = chromium.browse(link, keyboard=True, **look)
    assert seen["part"] == "made" and seen["language"] == language, seen
    assert chromium.browse(link, act="look", **look)["part"] == "over"
    link = link.split("#", maxsplit=1)[0]
    assert chromium.browse(link, act="look", **look)["part"] == "incomplete"


def test_at_200_percent(site):
    """What a window of 1280 has at twice the size: half as many pixels of its own."""
    link = link_of(site)
    assert chromium.browse(link, act="look", width=320, height=400, axe=True)["part"] == "ask"
    assert chromium.browse(link, width=320, height=400, axe=True)["part"] == "made"


def test_without_javascript(site):
    seen = chromium.browse(link_of(site), act="look", javascript=False)
    assert "JavaScript is blocked here" in seen["text"], seen
