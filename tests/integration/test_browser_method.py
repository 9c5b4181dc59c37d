# SPDX-License-Identifier: BSD-2-Clause
"""Signing in by a passkey in a browser: a link, a code, and what strangers can do with either.

Were this broken, whoever talks somebody into opening a link would be signed in as them.
"""

import concurrent.futures
import http.client

import pytest

import machine as parts
import pages
import qr


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine)


@pytest.fixture(name="passkey")
def passkey_fixture(site):
    return site.enrol("alice")


def ask(site, user="alice", **context):
    conversation = site.machine.connect().authenticate(
        user, **{"methods": "browser", "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh",
                 **context})
    link, _ = pages.wait_for_link(conversation)
    return conversation, link


def test_a_sign_in(site, passkey):
    conversation, link = ask(site)
    browser = pages.Browser(site)
    status, headers, page = browser.get(link)
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    part, text = pages.shown(page)
    assert part == "ask"
    for word in ("alice", "web1", "192.0.2.7", "sshd"):
        assert word in text, text
    mark = site.machine.syslog.mark()
    status, result = browser.use(link, passkey)
    assert status == 200 and len(result["code"]) == 6, result
    kind, _, details = conversation.next(text=result["code"].lower())
    assert kind == "done" and details["result"] == "ok" and details["user"] == "alice"
    site.machine.syslog.wait("sign-in of alice .*: ok, passkey", mark, facility=parts.AUTHPRIV)
    assert pages.Browser(site).get(link)[0] == 404


def test_the_picture_is_the_link(site, passkey):
    conversation = site.machine.connect().authenticate(
        "alice", methods="browser", service="sshd", rhost="192.0.2.7", tty="ssh")
    kind, text, details = conversation.next()
    assert (kind, details["event"]) == ("info", "qr-code")
    title, *rows = text.split("\n")
    assert len(title) < 80 and title.isascii() and len({len(row) for row in rows}) == 1
    link, _ = pages.wait_for_link(conversation)
    assert qr.read(rows) == link


@pytest.mark.real_programs
@pytest.mark.parametrize("rows,columns,there", [(24, 80, True), (10, 80, False), (24, 30, False),
                                                (0, 0, True)])
def test_no_picture_where_it_does_not_fit(site, passkey, rows, columns, there):
    """The lines of a picture that are too long, or gone above, are rubbish before the link."""
    with open(parts.CONFIG, "a", encoding="utf-8") as file:
        file.write("[service sudo]\nmethods = browser\n")
    site.machine.kill_daemon(15)
    child = site.machine.terminal("alice", ["sh", "-c", "read line; LANG=C.UTF-8 sudo id -un"])
    child.setwinsize(rows, columns)
    child.sendline("")
    child.expect("Code from the page")
    assert ("\u2588" in child.before) == there, child.before
    child.close(force=True)


def test_nothing_is_approved_without_the_code(site, passkey):
    """Somebody was talked into opening a stranger's link, and into using the passkey."""
    conversation, link = ask(site)
    status, result = pages.Browser(site).use(link, passkey)
    assert status == 200 and result["code"]
    wrong = "".join("0" if character != "0" else "1" for character in result["code"])
    for left in ("Two tries are left.", "One try is left."):
        kind, text, details = conversation.next(text=wrong)
        assert (kind, details["reason"]) == ("error", "browser-code-invalid") and left in text
        assert conversation.next()[2]["event"] == "browser"
    kind, _, details = conversation.next(text=wrong)
    assert (kind, details["result"]) == ("done", "browser-code-invalid")
    again, _ = ask(site)  # a code is of its own request only
    assert again.next(text=result["code"])[2]["reason"] == "browser-code-invalid"


def test_a_code_before_there_is_one(site, passkey):
    conversation, link = ask(site)
    mark = site.machine.syslog.mark()
    assert conversation.next(text="ABCDEF")[2]["reason"] == "browser-code-invalid"
    site.machine.syslog.wait("and no browser has been given one", mark)
    assert conversation.next()[2]["event"] == "browser"
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"


def test_enter_alone_goes_on(site, passkey):
    conversation, link = ask(site)
    kind, _, details = conversation.next(text="")
    assert kind == "done" and details["result"] != "ok"
    assert pages.Browser(site).get(link)[0] == 404


def test_only_one_browser_goes_on(site, passkey):
    """A link leaked: whoever comes second learns nothing and changes nothing."""
    conversation, link = ask(site)
    first, second = pages.Browser(site), pages.Browser(site)
    _, options = first.post(link, "begin")
    assert second.get(link)[0] == 404
    assert second.post(link, "begin")[0] == 404
    assert second.finish(link, options, passkey)[0] == 404
    assert second.post(link, "disown")[0] == 404
    second.cookies[pages.COOKIE + link.rsplit("/", 1)[1]] = "0" * 26
    assert second.finish(link, options, passkey)[0] == 404
    status, again = first.post(link, "begin")  # the page was loaded again
    assert status == 200 and again == options
    status, result = first.finish(link, options, passkey)
    assert status == 200
    assert pages.shown(first.get(link)[2])[0] == "code"
    assert first.finish(link, options, passkey)[0] == 404  # an answer is looked at once
    assert conversation.next(text=result["code"])[2]["result"] == "ok"


def test_the_reply_to_begin_is_lost(site, passkey):
    """The connection breaks when the link has been begun: that browser goes on, and no other."""
    conversation, link = ask(site)
    first, second = pages.Browser(site), pages.Browser(site)
    assert first.get(link)[0] == second.get(link)[0] == 200
    proposed = dict(first.cookies)
    assert first.post(link, "begin")[0] == 200
    first.cookies = dict(proposed)  # nothing of the reply has arrived
    for other in (second, pages.Browser(site)):
        assert other.get(link)[0] == 404 and other.post(link, "begin")[0] == 404
        assert other.post(link, "disown")[0] == 404
    status, options = first.post(link, "begin")
    assert status == 200 and first.cookies == proposed
    assert second.finish(link, options, passkey)[0] == 404
    status, result = first.finish(link, options, passkey)
    assert status == 200 and conversation.next(text=result["code"])[2]["result"] == "ok"


def test_who_begins_first_has_it(site, passkey):
    """Both have opened it, and have what would be the claim: the second one's is worth nothing."""
    _, link = ask(site)
    browsers = [pages.Browser(site) for _ in range(8)]
    for browser in browsers:
        assert browser.get(link)[0] == 200
    assert len({tuple(each.cookies.items()) for each in browsers}) == len(browsers)
    with concurrent.futures.ThreadPoolExecutor(len(browsers)) as pool:
        found = list(pool.map(lambda each: each.post(link, "begin")[0], browsers))
    assert sorted(found) == [200] + [404] * 7
    assert [browser.get(link)[0] for browser in browsers] == found


@pytest.mark.parametrize("claim", ["0", "0" * 25, "0" * 27, "U" * 26, "o" * 26, "a" * 26,
                                   "0" * 200])
def test_a_claim_that_could_be_none(site, passkey, claim):
    """What a cookie has that was not made here is not what the link is kept by."""
    _, link = ask(site)
    browser = pages.Browser(site)
    name = pages.COOKIE + link.rsplit("/", 1)[1]
    browser.cookies[name] = claim
    assert browser.post(link, "begin")[0] == 200
    assert len(browser.cookies[name]) == 26 and browser.cookies[name] != claim
    assert pages.Browser(site).post(link, "begin", Cookie=f"{name}={claim}")[0] == 404


def test_two_links_in_one_browser(site, passkey):
    """Each tab goes on, and what one of them has is nothing to the other link."""
    browser = pages.Browser(site)
    first, link = ask(site)
    second, other = ask(site)
    options = browser.post(link.lower(), "begin")[1]
    assert browser.post(other, "begin")[0] == 200
    status, result = browser.finish(link, options, passkey)
    assert status == 200
    assert second.next(text=result["code"])[2]["reason"] == "browser-code-invalid"
    assert first.next(text=result["code"])[2]["result"] == "ok"
    names = [pages.COOKIE + each.rsplit("/", 1)[1] for each in (link, other)]
    browser.cookies[names[1]], browser.cookies[names[0]] = (browser.cookies[each]
                                                            for each in names)
    assert browser.get(other)[0] == 404


def test_it_was_not_me(site, passkey):
    conversation, link = ask(site)
    mark = site.machine.syslog.mark()
    assert pages.Browser(site).post(link, "disown")[0] == 204
    kind, text, details = conversation.next(text="ABCDEF")
    assert (kind, details["result"]) == ("done", "denied"), (kind, text, details)
    site.machine.syslog.wait("says that it was not them: to sign in as alice", mark)
    assert pages.Browser(site).get(link)[0] == 404


def test_it_was_not_me_after_the_code(site, passkey):
    conversation, link = ask(site)
    browser = pages.Browser(site)
    result = browser.use(link, passkey)[1]
    assert browser.post(link, "disown")[0] == 204
    assert conversation.next(text=result["code"])[2]["result"] == "denied"


@pytest.mark.parametrize("how", [{"spoil": True}, {"flags": 0}])
def test_a_wrong_signature(site, passkey, how):
    conversation, link = ask(site)
    assert pages.Browser(site).use(link, passkey, **how) == (200, {})
    kind, _, details = conversation.next(text="ABCDEF")
    assert (kind, details["result"]) == ("done", "answer-refused")


def test_another_origin(site, passkey):
    conversation, link = ask(site)
    browser = pages.Browser(site)
    options = browser.post(link, "begin")[1]
    answer = pages.webauthn_client.sign_in(options, passkey, "http://localhost:1")
    assert browser.post(link, "finish", {"credential": pages.json.loads(answer)}) == (200, {})
    assert conversation.next(text="ABCDEF")[2]["result"] == "answer-refused"


def test_somebody_elses_passkey(site, passkey):
    mallory = site.enrol("bob")
    conversation, link = ask(site)
    assert pages.Browser(site).use(link, mallory) == (200, {})
    assert conversation.next(text="ABCDEF")[2]["result"] == "answer-refused"


def shape(value):
    """What is the same for everybody: names and lengths."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return len(value) if isinstance(value, str) else value


def seen_by_a_stranger(site, user):
    conversation, link = ask(site, user)
    browser = pages.Browser(site)
    _, headers, page = browser.get(link)
    options = browser.post(link, "begin")[1]
    mallory = pages.webauthn_client.Passkey()
    mallory.id = pages.webauthn_client.decode(options["allowCredentials"][0]["id"])
    answer = browser.finish(link, options, mallory)
    page = page.replace(user, "USER").replace(link.rsplit("/", 1)[1], "WORD")
    end = conversation.next(text="ABCDEF")
    names = sorted(name for name in headers if name != "Content-Length")
    passkeys = {tuple(sorted(each)) for each in options["allowCredentials"]}
    return (page, names, {**shape(options), "allowCredentials": passkeys}, answer,
            end[2]["result"])


def test_accounts_that_there_are_not(site, passkey):
    """carol has no passkey, and mallory no account."""
    known = seen_by_a_stranger(site, "alice")
    assert known[-1] == "answer-refused"
    assert seen_by_a_stranger(site, "carol") == known
    assert seen_by_a_stranger(site, "mallory") == known


def test_the_caller_leaves(site, passkey):
    """sshd gives up: the link is over with it."""
    connection = site.machine.connect()
    conversation = connection.authenticate("alice", methods="browser", service="sshd",
                                           rhost="192.0.2.7", tty="ssh")
    link, _ = pages.wait_for_link(conversation)
    browser = pages.Browser(site)
    options = browser.post(link, "begin")[1]
    mark = site.machine.syslog.mark()
    connection.close()
    site.machine.syslog.wait("sign-in of alice .*: refused, cancelled", mark,
                             facility=parts.AUTHPRIV)
    assert browser.finish(link, options, passkey)[0] == 404


def test_the_gateway_ends_in_the_middle(site, passkey):
    conversation, link = ask(site)
    browser = pages.Browser(site)
    options = browser.post(link, "begin")[1]
    site.gateway.kill()
    site.gateway.wait()
    site.start_gateway()
    status, result = browser.finish(link, options, passkey)
    assert status == 200
    assert conversation.next(text=result["code"])[2]["result"] == "ok"


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": None}, {"Origin": "null"},
    {"Host": "evil.example"}, {"Content_Type": "text/plain"},
    {"Content_Type": "application/x-www-form-urlencoded"},
])
def test_pages_of_others_cannot_begin(site, passkey, headers):
    conversation, link = ask(site)
    path = "/passkey/" + link.rsplit("/", 1)[1]
    for call in ("begin", "finish", "disown"):
        status, _, text = pages.Browser(site).request("POST", f"{path}/{call}", "{}", **headers)
        assert status in (400, 403, 415, 421), (status, text)
    assert conversation.next(text="")[2]["result"] != "denied"


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '{"credential": 7}', '{"credential": {}}',
                                  '{"credential": {"id": "AA"}}', "{}{}", "x" * 70000])
def test_rubbish_in_place_of_an_answer(site, passkey, body):
    _, link = ask(site)
    browser = pages.Browser(site)
    assert browser.post(link, "begin")[0] == 200
    path = "/passkey/" + link.rsplit("/", 1)[1]
    status, _, text = browser.request("POST", path + "/finish", body)
    assert (status, text) == (200, "{}") or status in (400, 413), (status, text)


def test_headers(site, passkey):
    _, link = ask(site)
    _, headers, _ = pages.Browser(site).get(link)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-store"
    browser = pages.Browser(site)
    _, headers, _ = browser.request("POST", "/passkey/" + link.rsplit("/", 1)[1] + "/begin", "{}")
    (cookie,) = headers.get_all("Set-Cookie")
    assert cookie.startswith(pages.COOKIE + link.rsplit("/", 1)[1] + "=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


def test_languages(site, passkey):
    _, link = ask(site)
    for language, title in (("de-AT,de;q=0.9,en;q=0.1", "Als alice auf web1 anmelden?"),
                            ("fr, en;q=0.5, de;q=0.4", "Sign in as alice on web1?"),
                            (None, "Sign in as alice on web1?")):
        page = pages.Browser(site, language).get(link)[2]
        assert f"<title>{title}</title>" in page


def test_words_of_others_stay_words(site, passkey):
    """What a command or a name has in it is no part of the page."""
    command = "id <script>alert(1)</script> \"&amp;'"
    _, link = ask(site, service="sudo", rhost="", ruser="alice", tty="/dev/pts/3", command=command)
    page = pages.Browser(site).get(link)[2]
    assert "<script>alert" not in page and command in pages.html.unescape(page)


def test_two_hundred_links_of_one_stranger(site, passkey):
    """They are limited as what they belong to is, and cost nobody else anything."""
    strangers = [site.machine.connect() for _ in range(20)]  # sshd has a process for each
    opened = []
    for index in range(200):
        try:
            conversation = strangers[index % len(strangers)].authenticate(
                "alice", methods="browser", service="sshd", rhost="198.51.100.1", tty="ssh")
            opened.append(pages.wait_for_link(conversation)[0])
        except parts.dbus.DBusException as error:
            assert error.get_dbus_name().endswith("LimitExceeded"), error
    assert 0 < len(set(opened)) < 200
    conversation = site.machine.connect("alice").authenticate("alice", methods="browser")
    link, _ = pages.wait_for_link(conversation)
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"
    conversation, link = ask(site)  # over ssh as well, from elsewhere
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"


# --- enrolment ----------------------------------------------------------------------------------

PATHS = [("GET", "/passkey/{}/"), ("GET", "/passkey//{}"), ("GET", "//passkey/{}"),
         ("GET", "/passkey%2f{}"), ("PUT", "/passkey/{}"), ("GET", "/passkey/{}/begin"),
         ("OPTIONS", "/passkey/{}/begin"), ("GET", "/passkey/{}/x"), ("GET", "/{}"),
         ("GET", "/PASSKEY/{}"), ("GET", "/passkey/{}%zz"), ("GET", "/passkey/enroll/{}"),
         ("GET", "http://localhost/passkey/{}"), ("GET", "/passkey/../{}"), ("GET", "/x?{}")]


def test_what_is_refused_has_every_header_and_shows_no_link(site, passkey):
    """A mail program's slash, or a preview's other method, and whoever reads the log could open the
    link first: it is still good."""
    _, link = ask(site)
    word = link.rsplit("/", 1)[1]
    for method, path in PATHS:
        connection = http.client.HTTPConnection("localhost", site.port, timeout=parts.PATIENCE)
        connection.request(method, path.format(word))
        answer = connection.getresponse()
        answer.read()
        for name in ("Content-Security-Policy", "Referrer-Policy", "X-Frame-Options",
                     "X-Content-Type-Options", "Cache-Control"):
            assert answer.headers[name], (method, path, answer.headers)
        connection.close()
    connection = http.client.HTTPConnection("localhost", site.port, timeout=parts.PATIENCE)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    site.log.wait(lambda line: " /healthz 200 " in line)
    assert not any(word in line for line in site.log.lines), site.log.lines


def ask_to_enrol(site, **options):
    conversation = site.machine.connect().enroll("alice", methods="browser", **options)
    return conversation, pages.wait_for_link(conversation)[0]


def passkeys(site):
    listed = site.machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                         parts.vardict({}))
    return [each["name"] for each in pages.json.loads(str(listed))]


def test_enrol(site):
    passkey = pages.webauthn_client.Passkey()
    conversation, link = ask_to_enrol(site)
    browser = pages.Browser(site)
    part, text = pages.shown(browser.get(link)[2])
    assert part == "ask" and "Add a passkey for alice on web1?" in text, text
    status, result = browser.make(link, passkey)
    assert status == 200 and passkeys(site) == []  # nothing before the code
    kind, text, details = conversation.next(text=result["code"])
    assert (kind, details["event"]) == ("ask", "name") and passkeys(site) == []
    assert "a provider that is not known here" in text
    kind, _, details = conversation.next(text="the blue browser")
    assert (kind, details["result"]) == ("done", "ok"), details
    assert passkeys(site) == ["the blue browser"]
    conversation, link = ask(site)
    result = pages.Browser(site).use(link, passkey)[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"


@pytest.mark.parametrize("typed, name", [("", "passkey"), ("first", "first 2")])
def test_names(site, typed, name):
    for answer in ("first", typed):
        conversation, link = ask_to_enrol(site)
        result = pages.Browser(site).make(link, pages.webauthn_client.Passkey())[1]
        assert conversation.next(text=result["code"])[2]["event"] == "name"
        kind, text, details = conversation.next(text="bell\x07")
        assert kind == "error" and details["reason"] == "invalid-argument", text
        assert conversation.next()[2]["event"] == "name"
        assert conversation.next(text=answer)[2]["result"] == "ok"
    assert passkeys(site) == ["first", name]


def test_a_name_that_was_given(site):
    conversation, link = ask_to_enrol(site, name="given")
    result = pages.Browser(site).make(link, pages.webauthn_client.Passkey())[1]
    assert conversation.next(text=result["code"])[2]["result"] == "ok"
    assert passkeys(site) == ["given"]


def test_a_strangers_passkey_is_not_enrolled(site):
    """Who got hold of the link has a code, and no terminal to type it at."""
    conversation, link = ask_to_enrol(site)
    assert pages.Browser(site).make(link, pages.webauthn_client.Passkey())[1]["code"]
    assert conversation.next(text="")[2]["result"] == "cancelled"
    assert passkeys(site) == []


def test_what_a_browser_did_not_make(site):
    conversation, link = ask_to_enrol(site)
    passkey = pages.webauthn_client.Passkey()
    assert pages.Browser(site).make(link, passkey, flags=pages.webauthn_client.AT) == (
        200, {})  # nobody was there
    assert conversation.next(text="ABCDEF")[2]["result"] == "user-not-present"
    assert passkeys(site) == []


def test_without_a_link_nobody_enrols_in_a_browser(machine):
    conversation = machine.connect().enroll("alice", methods="browser")
    assert conversation.next()[2]["result"] == "unavailable"
