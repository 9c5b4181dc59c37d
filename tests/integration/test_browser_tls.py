# SPDX-License-Identifier: BSD-2-Clause
"""The pages over TLS in a real Chromium, by the gateway's own and behind nginx: what it then keeps,
refuses, and asks whom for.

Were this broken, a link could be answered in somebody's frame, over plain http or with somebody's
cookie, or a third party would learn of it.
"""

import os
import shutil
import time
import urllib.parse

import pytest

import chromium
import pages
import test_browser_pages as browsers
import tls_pages
from tls_pages import HOST, OTHER, Server, TlsSite

pytestmark = [
    pytest.mark.skipif(not os.path.exists(chromium.PROGRAM), reason="no " + chromium.PROGRAM),
]
COOKIE = pages.COOKIE + "0123456789AB"  # of some link
NGINX = pytest.param(True, marks=pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx"),
                     id="nginx")
HOUR, YEAR = 3600, 365 * 24 * 3600  # seconds


@pytest.fixture(name="authority")
def authority_fixture(machine):  # pylint: disable=unused-argument
    authority = tls_pages.Authority()
    yield authority
    authority.close()


@pytest.fixture(name="browser")
def browser_fixture(request):
    if "authority" in request.fixturenames:
        request.getfixturevalue("authority")  # whom it trusts, it reads as it starts
    with chromium.Chromium() as browser:
        yield browser


@pytest.fixture(name="site", params=[pytest.param(False, id="its own TLS"), NGINX])
def site_fixture(machine, authority, request):  # pylint: disable=unused-argument
    return TlsSite(machine, nginx=request.param)


def cookies(browser):
    return browser.call("Storage.getCookies")["cookies"]


def of(link):
    """The name of a link's cookie."""
    return pages.COOKIE + link.rpartition("/")[2]


def seconds(policy):
    (age,) = [int(word.partition("=")[2]) for word in policy.replace(" ", "").split(";")
              if word.startswith("max-age=")]
    return age


def own(passkey):
    return dict(browsers.held(passkey), rpId="example.org")


def test_a_link_over_tls(site, browser):
    """The code is reached; the cookie is kept as narrow as can be; nobody else is asked."""
    passkey = site.enrol("alice")
    conversation, link = browsers.ask(site)
    page = browser.page()
    page.plug()
    page.hold(own(passkey))
    headers = page.open(link)
    assert seconds(headers["strict-transport-security"]) >= YEAR, headers
    assert page.evaluate("isSecureContext")
    (proposed,) = cookies(browser)  # with the page, so that no reply is needed to have it
    seen = page.use()
    assert seen["part"] == "code", seen
    (cookie,) = cookies(browser)
    assert (cookie["name"], cookie["value"]) == (proposed["name"], proposed["value"])
    assert (cookie["name"], cookie["domain"], cookie["path"]) == (of(link), HOST, "/"), cookie
    assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie
    assert cookie["expires"] < time.time() + HOUR and page.evaluate("document.cookie") == "", cookie
    page.open(link)  # this browser sees its code again
    assert page.shown()["code"] == seen["code"]
    page.press("disown")
    page.wait("!document.querySelector('[data-part=disowned]').hidden")
    page.open(link)
    assert page.shown()["part"] == "words"
    asked = [urllib.parse.urlsplit(url) for url in page.asked()]
    assert {url.path.rpartition("/")[2] for url in asked} >= {"begin", "finish", "disown",
                                                              "style.css", "link.js"}
    others = [url.geturl() for url in asked
              if f"{url.scheme}://{url.netloc}" != site.origin and url.scheme != "data"]
    assert others == []
    assert conversation.next(text=seen["code"])[2]["result"] == "denied"


def test_every_answer_has_the_policy(site, browser):
    """Also of what is not there, and of a style sheet; plain http is not even asked after it."""
    page = browser.page()
    for path in ("/passkey/static/style.css", "/passkey/0123456789AB", "/passkey/no/such/page"):
        headers = page.open(site.origin + path)
        assert seconds(headers["strict-transport-security"]) >= YEAR, path
    before = len(page.asked())
    page.open(site.origin.replace("https:", "http:") + "/passkey/0123456789AB")
    assert page.evaluate("location.protocol") == "https:"
    (redirect,) = [each["redirectResponse"] for each in
                   page.events("Network.requestWillBeSent")[before:] if "redirectResponse" in each]
    assert redirect["status"] == 307 and "Non-Authoritative-Reason" in redirect["headers"]


def test_plain_http_has_no_policy(machine, browser):
    """On localhost, where browsers need no TLS; the cookie is kept all the same."""
    site = pages.Site(machine)
    passkey = site.enrol("alice")
    _, link = browsers.ask(site)
    page = browser.page()
    page.plug()
    page.hold(browsers.held(passkey))
    assert "strict-transport-security" not in page.open(link)
    assert page.use()["part"] == "code"
    (cookie,) = cookies(browser)
    assert cookie["name"] == of(link) and cookie["secure"], cookie


def test_an_authority_that_is_not_trusted(site, authority):
    """Were it believed without being told so, the other tests here would show nothing."""
    authority.trust(False)
    with chromium.Chromium() as browser, \
            pytest.raises(chromium.Refused, match="ERR_CERT_AUTHORITY_INVALID"):
        browser.page().open(site.origin + "/passkey/0123456789AB")


@pytest.mark.parametrize("host,tls,attributes,kept", [
    (HOST, True, "Path=/; Secure; HttpOnly; SameSite=Strict", True),
    (HOST, True, "Path=/; HttpOnly; SameSite=Strict", False),
    (HOST, True, "Path=/passkey; Secure; HttpOnly; SameSite=Strict", False),
    (HOST, True, "Path=/; Secure; HttpOnly; SameSite=Strict; Domain=example.org", False),
    (OTHER, True, "Path=/; Secure; HttpOnly; SameSite=Strict; Domain=example.org", False),
    (HOST, False, "Path=/; Secure; HttpOnly; SameSite=Strict", False),
], ids=["as ours is", "without Secure", "of a path", "of a domain", "of a neighbour",
        "by plain http"])
def test_a_cookie_of_that_name_from_elsewhere(authority, browser, host, tls, attributes, kept):
    # pylint: disable=unused-argument
    """Nobody who is not this host over TLS can give a browser one, so that it answers as theirs."""
    server = Server(lambda path: ([("Set-Cookie", f"{COOKIE}=theirs; {attributes}")], b"there"),
                    host, tls)
    try:
        browser.page().open(server.url)
        assert [cookie["name"] for cookie in cookies(browser)] == ([COOKIE] if kept else [])
    finally:
        server.close()


def test_it_is_not_framed(site, browser):
    """By a stranger's page or a neighbour's, nor by one of its own host."""
    _, link = browsers.ask(site)
    framing = f'<iframe src="{link}"></iframe><iframe src="/other"></iframe>'.encode()

    def answers(path):
        return [("Content-Type", "text/html")], framing if path == "/" else b"<p>framed</p>"

    for host in (OTHER, HOST):
        server = Server(answers, host)
        try:
            page = browser.page()
            page.open(server.url)
            frames = [each["frame"] for each in
                      page.call("Page.getFrameTree")["frameTree"]["childFrames"]]
            assert [frame.get("unreachableUrl") for frame in frames] == [link, None], frames
            refusals = [each["entry"]["text"] for each in page.events("Log.entryAdded")] + \
                [each["args"] for each in page.events("Runtime.consoleAPICalled")]
            assert any("frame-ancestors" in str(text) for text in refusals), refusals
        finally:
            server.close()
