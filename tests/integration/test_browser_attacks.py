# SPDX-License-Identifier: BSD-2-Clause
"""What strangers try against all of the pages at once: links, enrolment links, one's own passkeys.

Were this broken, one of the pages would be the weakest: a link in a log, a page for another host, a
call that is not understood and does something all the same, an account that a clock gives away.
"""

import json
import pathlib
import random
import statistics
import time

import pytest

import pages
import test_account_enumeration as enumeration
import test_browser_method as method
import test_own_pages as own
import test_ticket_links as tickets
from webauthn_client import Passkey

CALLS = pathlib.Path(__file__).resolve().parents[1] / "vectors/page_calls"
WORD = "K7QM3V9D2XTB"  # of the vectors
OVERSIZED = 70000


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine, "self-service = yes\n")


@pytest.fixture(name="passkey")
def passkey_fixture(site):
    return site.enrol("alice")


def read_calls():
    return {path.stem: json.loads(path.read_text()) for path in sorted(CALLS.glob("*.json"))}


def word_of(link):
    return link.rsplit("/", 1)[1]


# --- cookies ------------------------------------------------------------------------------------

def test_cookies_that_were_put_there(site, passkey):
    """Beside a link's own one: a second of its name, one that is too long, others' names."""
    conversation, link = method.ask(site)
    browser = pages.Browser(site)
    browser.get(link)
    status, options = browser.post(link, "begin")
    assert status == 200
    name, claim = pages.COOKIE + word_of(link), browser.cookies[pages.COOKIE + word_of(link)]
    other = "0" * len(claim)
    for cookies in (f"{name}={claim}; {name}={other}", f"{name}={other}; {name}={claim}",
                    f"{name}={claim}; {name}={claim}", f"{name}=; {name}={claim}",
                    f"{name}={claim}0", f"{name}={claim[:-1]}", f"{name}={claim.lower()}x",
                    f"{name}={'x' * 4000}", f"x{name}={claim}", f"{name}x={claim}",
                    f"{name.lower()}={claim}", f'{name}="{claim}"', f"{pages.COOKIE}={claim}",
                    f"passkey-link-{word_of(link)}={claim}", f"{name} ={claim}", ""):
        status, _, _ = browser.get(link, Cookie=cookies)
        assert status == 404, cookies
        for call in ("begin", "finish", "disown"):
            assert browser.post(link, call, {"credential": {}}, Cookie=cookies)[0] == 404, cookies
    assert browser.get(link, Cookie=f"a=b;{name}={claim};c=d")[0] == 200
    status, result = browser.finish(link, options, passkey)
    assert status == 200 and conversation.next(text=result["code"])[2]["result"] == "ok"


# --- other hosts --------------------------------------------------------------------------------

@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "xlocalhost", "",
                                  "localhost@evil.example"])
def test_a_host_that_is_none_of_ours(site, passkey, host):
    """A name that a stranger has lead here: no page, no script, no call; nothing is spent."""
    conversation, link = method.ask(site)
    ticket, _ = tickets.create(site, "bob")
    browser = pages.Browser(site)
    for path in ("", "/", "/passkeys", "/decisions", "/enroll", "/" + word_of(link),
                 "/static/link.js", "/static/style.css"):
        status, headers, text = browser.request("GET", "/passkey" + path, Host=host)
        assert status in (400, 403, 421), (path, status)
        assert "alice" not in text and not headers.get("Set-Cookie"), path
    for call in read_calls().values():
        path = "/passkey" + call["line"].split(" ")[1].replace(WORD, word_of(link))
        body = call["valid"][0].replace("@TOKEN@", "0" * 64)
        body = json.dumps({**json.loads(body), "ticket": ticket})
        status, headers, _ = browser.request("POST", path, body, Host=host)
        assert status in (400, 403, 421) and not headers.get("Set-Cookie"), (path, status)
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"
    assert tickets.Visitor(site, ticket).make()[0] == 200


# --- logs ---------------------------------------------------------------------------------------

def test_a_link_stands_in_no_log(site, passkey):
    """Neither its word, claim and code nor a session: of calls that went well, and of others."""
    mark = site.machine.syslog.mark()
    conversation, link = method.ask(site)
    browser = own.Person(site)
    result = pages.Browser.use(browser, link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"
    secrets = [word_of(link), word_of(link).lower(), result["code"], *browser.cookies.values()]
    _, other = method.ask(site)
    secrets.append(word_of(other))
    browser.get(other)
    browser.get(other + "?word=" + word_of(other))
    browser.get(other + "/more")
    browser.get(other, Host="evil.example")
    browser.get(other + "%zz")
    browser.request("PUT", "/passkey/" + word_of(other), "{}")
    browser.post(other, "begin", Origin="https://evil.example")
    browser.post(other, "finish", {"credential": 7})
    browser.post(other, "disown")
    browser.sign_in(passkey)
    secrets.extend([browser.cookies[browser.cookie], browser.token])
    browser.call("sign-out")
    site.gateway.terminate()
    site.gateway.wait()
    with site.gateway.stderr as file:
        log = "\n".join(site.log.lines) + (site.log.rest + file.read()).decode()
    assert "POST /passkey/" in log and "GET /passkey/" in log
    for text in (log, site.machine.syslog.text(mark)):
        assert not [secret for secret in secrets if secret in text], text


# --- what is not understood ---------------------------------------------------------------------

@pytest.mark.parametrize("name", sorted(read_calls()))
def test_bodies_that_are_none(site, passkey, name):
    """Each is refused, with no cookie; what is under way goes on, and nothing has changed."""
    call = read_calls()[name]
    conversation, link = method.ask(site)
    ticket, _ = tickets.create(site, "bob")
    person = own.Person(site).sign_in(passkey)
    names = person.names()
    path = "/passkey" + call["line"].split(" ")[1].replace(WORD, word_of(link))
    whole = call["valid"][0].replace("@TOKEN@", person.token)
    broken = [body.replace("@TOKEN@", person.token) for body in call["invalid"]]
    broken += [whole + "x" * OVERSIZED, json.dumps({"a": "x" * OVERSIZED}), whole[:-1], whole + "}"]
    for body in broken:
        status, headers, text = person.request("POST", path, body)
        assert 400 <= status < 500, (body[:200], status, text)
        assert not headers.get("Set-Cookie") and status != 429, body[:200]
    assert person.names() == names
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"
    assert tickets.Visitor(site, ticket).make()[0] == 200


@pytest.mark.parametrize("name", ["own-begin", "own-finish", "own-rename"])
@pytest.mark.parametrize("value", [7, None, True, [], {}, "", "x" * 2000, "\u0000", "\ud800"])
def test_members_of_other_types(site, passkey, name, value):
    """With a right session and token, each other member in turn."""
    call = read_calls()[name]
    person = own.Person(site).sign_in(passkey)
    whole = json.loads(call["valid"][0].replace("@TOKEN@", person.token))
    for member in [each for each in whole if each != "token"]:
        status, headers, _ = person.request("POST", own.LIST + "/" + name[4:],
                                            json.dumps({**whole, member: value}))
        assert 400 <= status < 500 and not headers.get("Set-Cookie"), (member, status)
    assert person.names() == ["passkey"]


# --- the gateway goes ---------------------------------------------------------------------------

def test_the_gateway_goes_and_stays_away(site, passkey):
    """The terminal is told nothing wrong: the request ends as it would, and nobody notices."""
    conversation, link = method.ask(site)
    browser = pages.Browser(site)
    browser.get(link)
    assert browser.post(link, "begin")[0] == 200
    site.gateway.kill()
    site.gateway.wait()
    with pytest.raises(OSError):
        browser.get(link)
    assert conversation.next(text="ABCDEF")[2]["reason"] == "browser-code-invalid"
    assert conversation.next()[2]["event"] == "browser"
    kind, _, details = conversation.next(text="")
    assert kind == "done" and details["result"] != "ok"
    site.start_gateway()
    assert browser.get(link)[0] == 404
    again, link = method.ask(site)
    result = pages.Browser(site).use(link, passkey)[1]
    assert again.next(text=result["code"])[2]["result"] == "ok"


# --- time ---------------------------------------------------------------------------------------

TIMES = 20


def durations(site, user):
    """Of the page, the options, and the refusal of an answer that is well-formed and wrong."""
    conversation, link = method.ask(site, user)
    browser, found = pages.Browser(site), []

    def timed(work, *arguments):
        start = time.perf_counter()
        answer = work(*arguments)
        found.append(time.perf_counter() - start)
        return answer

    assert timed(browser.get, link)[0] == 200
    options = timed(browser.post, link, "begin")[1]
    passkey = Passkey()
    passkey.id = pages.webauthn_client.decode(options["allowCredentials"][0]["id"])
    answer = {"credential": json.loads(
        pages.webauthn_client.sign_in(options, passkey, site.origin))}
    assert timed(browser.post, link, "finish", answer) == (200, {})
    assert conversation.next(text="ABCDEF")[2]["result"] == "answer-refused"
    return found


def distinguishable(site, kinds, draw):
    rounds = [user for user in kinds for _ in range(TIMES)]
    samples = {user: [] for user in kinds}
    draw.shuffle(rounds)
    for user in rounds:
        samples[user].append(durations(site, user))
    found = {}
    for step, name in enumerate(("page", "options", "refusal")):
        of = {user: [each[step] for each in samples[user]] for user in kinds}
        for user in kinds[1:]:
            z = enumeration.ranks_differ(of[kinds[0]], of[user])
            if z > enumeration.THRESHOLD:
                found[name, user] = z, [statistics.median(of[each]) for each in kinds]
    return found


def test_same_time(site, passkey):
    """bob has no passkey, and mallory no account; measured again before it counts."""
    assert passkey
    draw = random.Random(4)
    kinds = ("alice", "bob", "mallory")
    first = distinguishable(site, kinds, draw)
    if first:
        again = distinguishable(site, kinds, draw)
        assert not first.keys() & again.keys(), (first, again)
