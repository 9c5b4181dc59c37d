# SPDX-License-Identifier: BSD-2-Clause
"""The pages on which people look after their own passkeys, and what others try there.

Were this broken, another site, another account's session or an old page could take away or add
somebody's passkeys, or show them to a stranger.
"""

import hashlib
import os
import re
import signal

import pytest

import machine as parts
import own
import pages
import webauthn_client
from own import ADD, PROVE, REMOVE, REMOVE_LAST, SIGN_IN, name_of

HOME, LIST, DECISIONS = "/passkey", "/passkey/passkeys", "/passkey/decisions"
CALLS = ["begin", "finish", "rename", "sign-out"]
FRESH, IDLE = 300, 600  # PK_PAGE_SESSION_FRESH, PK_PAGE_SESSION_IDLE


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine, "self-service = yes\n")


def cookie_of(site, prefix=HOME, relying_party="localhost"):
    """The session's, of each relying party its own."""
    owner = f"session\n{site.origin}\n{prefix}\n{relying_party}"
    return "__Host-passkey-session-" + hashlib.sha256(owner.encode()).hexdigest()[:16]


class Person(pages.Browser):
    """Who signs in, and has the page of their passkeys."""

    token = None
    list = LIST

    @property
    def cookie(self):
        return cookie_of(self.site)

    def call(self, call, body=None, **headers):
        body = {} if body is None else body
        if self.token:
            body = {"token": self.token} | body
        return self.post(self.list, call, body, **headers)

    def begin(self, act, what=""):
        status, begun = self.call("begin", {"act": act, "object": what})
        assert status == 200, begun
        return begun["id"], begun["options"]

    def answer(self, act, options, passkey):
        made = (webauthn_client.register if act == ADD else webauthn_client.sign_in)(
            options, passkey, self.site.origin)
        return pages.json.loads(made)

    def use(self, act, passkey, what=""):
        identifier, options = self.begin(act, what)
        return self.call("finish", {"act": act, "id": identifier,
                                    "credential": self.answer(act, options, passkey)})

    def sign_in(self, passkey, user=""):
        status, result = self.use(SIGN_IN, passkey, user)
        assert status == 200, result
        self.look()
        return self

    def look(self, path=None):
        status, _, text = self.get(path or self.list)
        assert status == 200, text
        self.token = re.search(r'data-token="([0-9a-f]{64})"', text).group(1)
        return text

    def names(self):
        return re.findall(r"<h2><bdi>(.*?)</bdi></h2>\n<dl>", self.look())


@pytest.fixture(name="blue")
def blue_fixture(machine, site):
    return own.enrol(machine, "alice", origin=site.origin, name="blue")


@pytest.fixture(name="green")
def green_fixture(machine, site, blue):
    return own.enrol(machine, "alice", origin=site.origin, name="green")


# --- what it does -------------------------------------------------------------------------------

@pytest.mark.parametrize("user", ["", "alice"])
def test_sign_in_and_out(site, blue, green, user):
    person = Person(site)
    for path in (HOME, HOME + "/"):
        status, _, text = person.get(path)
        assert status == 200 and "Sign in to see your passkeys" in text
    assert person.get(LIST)[0] == person.get(DECISIONS)[0] == 401
    person.sign_in(blue, user)
    assert person.names() == ["blue", "green"]
    assert "Passkeys of alice on web1" in person.look()
    status, headers, _ = person.get(HOME)
    assert (status, headers["Location"]) == (303, LIST)
    assert "Sign-ins of alice on web1" in person.look(DECISIONS)
    session = person.cookies[person.cookie]
    assert person.call("sign-out") == (204, None)
    assert person.cookies[person.cookie] == ""
    person.cookies[person.cookie] = session
    status, _, text = person.get(LIST)
    assert status == 401 and "You are not signed in any more" in text


def test_the_cookie(site, blue):
    person = Person(site)
    identifier, options = person.begin(SIGN_IN)
    credential = person.answer(SIGN_IN, options, blue)
    _, headers, text = person.request("POST", LIST + "/finish",
                                      {"act": SIGN_IN, "id": identifier, "credential": credential})
    (cookie,) = headers.get_all("Set-Cookie")
    value, *attributes = cookie.split("; ")
    assert value.startswith(person.cookie + "=") and len(value) == len(person.cookie) + 27
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert text == '{"signedOut":false}'
    assert person.cookies[person.cookie] not in person.look()


def test_rename_remove_and_add(machine, site, blue, green):
    person = Person(site).sign_in(blue)
    assert person.call("rename", {"object": name_of(green), "name": "the green one"}) == (204, None)
    assert person.names() == ["blue", "the green one"]
    assert person.use(REMOVE, green, name_of(blue)) == (200, {"signedOut": False})
    assert person.names() == ["the green one"]
    new = webauthn_client.Passkey()
    assert person.use(ADD, new)[0] == 200
    assert person.names() == ["the green one", "passkey"]
    assert Person(site).sign_in(new).names() == ["the green one", "passkey"]


def test_an_addition_needs_a_signature_of_lately(later, site, blue, green):
    """Whoever finds the page open must not leave a passkey of their own there."""
    person, other = Person(site).sign_in(blue), Person(site).sign_in(blue)
    later(FRESH)
    begin = {"act": ADD, "object": ""}
    assert person.call("begin", begin) == (403, {"error": "prove"})
    identifier, options = person.begin(PROVE)
    wrong = person.answer(PROVE, options, webauthn_client.Passkey())
    assert person.call("finish", {"act": PROVE, "id": identifier, "credential": wrong})[0] == 422
    assert person.call("begin", begin) == (403, {"error": "prove"})
    assert person.use(PROVE, green)[0] == 200
    assert person.use(ADD, webauthn_client.Passkey())[0] == 200
    assert person.names() == ["blue", "green", "passkey"]
    assert other.call("begin", begin) == (403, {"error": "prove"})


def test_a_session_that_nobody_uses_ends(later, site, blue):
    person = Person(site).sign_in(blue)
    later(IDLE - 60)
    person.look()
    later(IDLE - 60)
    person.look()
    later(IDLE)
    assert person.get(LIST)[0] == 401
    assert person.call("begin", {"act": PROVE, "object": ""}) == (401, {"error": "ended"})


def test_the_last_one(site, blue):
    person = Person(site).sign_in(blue)
    text = person.look()
    assert "It is your last passkey that can be used here." in text
    assert "You have no recovery codes." in text and 'data-do="remove-now"' not in text
    assert person.call("begin", {"act": REMOVE, "object": name_of(blue)}) == (
        409, {"error": "changed"})
    assert person.use(REMOVE_LAST, blue, name_of(blue)) == (200, {"signedOut": True})
    assert person.cookies[person.cookie] == ""
    assert Person(site).use(SIGN_IN, blue) == (410, {"error": "unknown"})


def test_the_last_one_with_recovery_codes(machine, site, blue):
    machine.connect().call(parts.CREDENTIALS, "CreateRecoveryCodes", "s", "alice")
    assert "(<bdi>10</bdi> left)" in Person(site).sign_in(blue).look()


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "\x1b", 7, None, ["x"]])
def test_what_is_no_name(site, blue, name):
    person = Person(site).sign_in(blue)
    assert person.call("rename", {"object": name_of(blue), "name": name}) == (
        400, {"error": "malformed"})
    assert person.names() == ["blue"]


def test_names_are_text(site, blue, green):
    person = Person(site).sign_in(blue)
    name = "</h2><script>alert(1)</script>\"'&%s"
    assert person.call("rename", {"object": name_of(green), "name": name})[0] == 204
    text = person.look()
    assert "<script>alert" not in text
    assert text.count("&lt;/h2&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;%s") == 4
    assert person.call("rename", {"object": name_of(green), "name": "blue"}) == (
        409, {"error": "taken"})


# --- decisions ----------------------------------------------------------------------------------

def rows(person):
    """The facts of each decision, the latest first."""
    cards = person.look(DECISIONS).split('<ul class="cards">')[-1].split("<li>")[1:]
    texts = [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", each)) for each in cards]
    return [pages.html.unescape(text) for text in texts]


def sudo(machine, site, user, passkey, command):
    """A sign-in by a link, as far as the decision."""
    conversation = machine.connect().authenticate(user, methods="browser", service="sudo",
                                                  ruser=user, tty="/dev/pts/3", command=command)
    link, _ = pages.wait_for_link(conversation)
    result = pages.Browser(site).use(link, passkey)[1]
    return conversation.next(text=result.get("code", "ABCDEF"))[2]["result"]


def test_decisions(machine, site, blue, green):
    """Who used what where; what was refused; nobody else's."""
    bobs = own.enrol(machine, "bob", origin=site.origin)
    assert sudo(machine, site, "alice", green, "sudo <b>make coffee</b>") == "ok"
    assert sudo(machine, site, "alice", bobs, "sudo reboot") != "ok"
    person = Person(site).sign_in(blue)
    text = person.look(DECISIONS)
    assert "<b>make" not in text and "&lt;b&gt;make coffee" in text
    own_sign_in, refused, accepted, *enrolled = rows(person)
    assert "Accepted" in own_sign_in and "This page" in own_sign_in
    assert "Refused" in refused and "sudo reboot" in refused
    assert "Accepted" in accepted and "make coffee" in accepted and "/dev/pts/3" in accepted
    assert accepted.rstrip().endswith("With green")
    assert len(enrolled) == 2 and "Passkey added" in enrolled[0]
    text = person.look()
    assert "<dt>Where</dt><dd>sudo</dd>" in text
    assert "<dt>Where</dt><dd>This page</dd>" in text
    assert "coffee" not in Person(site).sign_in(bobs).look(DECISIONS)


def test_strangers_do_not_push_out_what_was_accepted(machine, site, blue):
    assert sudo(machine, site, "alice", blue, "sudo make tea") == "ok"
    person = Person(site).sign_in(blue)
    for _ in range(40):
        person.use(SIGN_IN, webauthn_client.Passkey(), "alice")
    listed = rows(person)
    assert len(listed) == 4, listed
    assert "40 times, the last one:" in listed[0]
    assert any("make tea" in each for each in listed)


# --- whose session it is ------------------------------------------------------------------------

def test_mixed_accounts(machine, site, blue, green):
    """Two accounts in two browsers: nobody's token, challenge or answer is good in the other."""
    bobs = own.enrol(machine, "bob", origin=site.origin, name="bobs")
    alice, bob = Person(site).sign_in(blue), Person(site).sign_in(bobs)
    assert alice.token != bob.token
    mine, options = alice.begin(REMOVE, name_of(green))
    credential = alice.answer(REMOVE, options, blue)
    finish = {"act": REMOVE, "id": mine, "credential": credential}
    bobs_token, bob.token = bob.token, alice.token
    for call, body in [("begin", {"act": REMOVE, "object": name_of(green)}), ("finish", finish),
                       ("rename", {"object": name_of(bobs), "name": "x"}), ("sign-out", {})]:
        assert bob.call(call, body) == (403, {"error": "changed"}), call
    bob.token = bobs_token
    assert bob.call("rename", {"object": name_of(green), "name": "x"}) == (
        410, {"error": "unknown"})
    assert bob.call("finish", finish) == (404, {"error": "changed"})
    assert bob.names() == ["bobs"] and alice.names() == ["blue", "green"]


def test_a_token_is_of_one_session(site, blue):
    first, second = Person(site).sign_in(blue), Person(site).sign_in(blue)
    second.token = first.token
    assert second.call("rename", {"object": name_of(blue), "name": "x"}) == (
        403, {"error": "changed"})


@pytest.mark.parametrize("token", ["", "0" * 64, 7, None])
def test_nothing_changes_without_the_token(site, blue, token):
    person = Person(site).sign_in(blue)
    for call in CALLS:
        status, error = person.call(call, {"token": token, "object": name_of(blue), "name": "x",
                                           "act": REMOVE_LAST, "id": "x", "credential": {}})
        assert (status, error) == (403, {"error": "changed"}), call
    assert person.names() == ["blue"]


def test_cookies_that_were_put_there(site, blue):
    """Two of them, one that is too long, one of another name."""
    person = Person(site).sign_in(blue)
    session = person.cookies[person.cookie]
    cookie = person.cookie
    for cookies in (f"{cookie}={session}; {cookie}={'0' * 26}",
                    f"{cookie}={'0' * 26}; {cookie}={session}",
                    f"{cookie}={session}; {cookie}={session}", f"{cookie}=; {cookie}={session}",
                    f"{cookie}={session}0", f"{cookie}={'x' * 4000}", f"x{cookie}={session}",
                    f"{cookie}x={session}", f"passkey-session={session}",
                    f"{cookie.lower()}={session}", f'{cookie}="{session}"'):
        status, _, text = person.get(LIST, Cookie=cookies)
        assert status == 401 and "blue" not in text, cookies
        assert person.call("rename", {"object": name_of(blue), "name": "x"}, Cookie=cookies)[0] in (
            401, 403)
    assert person.get(LIST, Cookie=f"a=b; {cookie}={session};c=d")[0] == 200


def test_two_relying_parties_on_one_origin(machine):
    """One browser is signed in at both: neither session is the other's, nor ends it."""
    site = pages.Site(machine, "self-service = yes\n[rp other]\nid = localhost\n"
                               "system-accounts = yes\n"
                               "origins = @ORIGIN@\nbrowser-url = @ORIGIN@/other\n"
                               "self-service = yes\n")
    blue = own.enrol(machine, "alice", origin=site.origin, name="blue")
    green = own.enrol(machine, "alice", origin=site.origin, name="green", rp="other")
    first = Person(site).sign_in(blue)
    second = Person(site)
    second.list = "/other/passkeys"
    second.cookies = first.cookies
    assert second.get(second.list)[0] == 401 and first.names() == ["blue"]
    second.sign_in(green)
    assert first.names() == ["blue"] and second.names() == ["green"]
    assert {cookie_of(site), cookie_of(site, "/other")} <= set(first.cookies)
    # What one of them has is no session of the other's, whatever it is called.
    stolen = {**first.cookies, cookie_of(site, "/other"): first.cookies[first.cookie]}
    second.cookies = stolen
    assert second.get(second.list)[0] == 401
    second.cookies = first.cookies
    assert second.call("sign-out") == (204, None)
    assert second.get(second.list)[0] == 401 and first.names() == ["blue"]


def test_a_session_ends_with_its_passkey(machine, site, blue, green):
    person = Person(site).sign_in(blue)
    machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", name_of(blue))
    assert person.call("rename", {"object": name_of(green), "name": "x"}) == (
        401, {"error": "ended"})
    status, _, text = person.get(LIST)
    assert status == 401 and "Sign in with a passkey" in text


def test_a_replayed_removal(site, blue, green):
    person = Person(site).sign_in(blue)
    identifier, options = person.begin(REMOVE, name_of(green))
    finish = {"act": REMOVE, "id": identifier,
              "credential": person.answer(REMOVE, options, blue)}
    assert person.call("finish", finish)[0] == 200
    assert person.call("finish", finish) == (404, {"error": "changed"})
    other, options = person.begin(REMOVE_LAST, name_of(blue))
    assert person.call("finish", finish | {"act": REMOVE_LAST, "id": other}) == (
        422, {"error": "refused"})
    assert person.names() == ["blue"]


# --- other sites --------------------------------------------------------------------------------

@pytest.mark.parametrize("headers", [
    {"Origin": None}, {"Origin": "null"}, {"Origin": "https://evil.example"},
    {"Origin": "http://localhost"}, {"Origin": "http://localhost:1"},
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"},
    {"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"},
    {"Host": "evil.example"}], ids=str)
def test_calls_of_other_sites(site, blue, headers):
    person = Person(site).sign_in(blue)
    bodies = {"rename": {"object": name_of(blue), "name": "x"},
              "begin": {"act": REMOVE_LAST, "object": name_of(blue)},
              "finish": {"act": SIGN_IN, "id": "x", "credential": {}}}
    for call in CALLS:
        status, _ = person.call(call, bodies.get(call, {}), **headers)
        assert status in (400, 403, 415, 421), call
    assert person.names() == ["blue"]


def test_a_form_of_another_site(site, blue):
    """What a page elsewhere can send without asking: no JSON, or no session."""
    person = Person(site).sign_in(blue)
    for call in CALLS:
        assert person.request("POST", f"{LIST}/{call}", "token=x&name=y",
                              Content_Type="application/x-www-form-urlencoded")[0] in (400, 415)
        assert person.request("GET", f"{LIST}/{call}")[0] == 405
    assert person.names() == ["blue"]


@pytest.mark.parametrize("path", [HOME, LIST, DECISIONS, "/passkey/static/passkeys.js"])
def test_headers(site, blue, path):
    for person in (Person(site), Person(site).sign_in(blue)):
        _, headers, text = person.get(path)
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert "unsafe" not in policy and headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<script[^>]*>[^<]|\son[a-z]+=|\sstyle=|<style", text)


# --- who there is -------------------------------------------------------------------------------

@pytest.mark.parametrize("user", ["nobody-has-this", "dave", "root"])
def test_nobody_learns_who_there_is(machine, site, blue, user):
    own.enrol(machine, "root", origin=site.origin)
    person = Person(site)
    answers = {}
    for name in ("alice", user):
        identifier, options = person.begin(SIGN_IN, name)
        options["challenge"] = len(options["challenge"])
        credential = person.answer(SIGN_IN, person.begin(SIGN_IN)[1], webauthn_client.Passkey())
        answers[name] = (sorted(options), options["challenge"],
                         sorted(options["allowCredentials"][0]),
                         person.call("finish", {"act": SIGN_IN, "id": identifier,
                                                "credential": credential}))
    assert answers["alice"] == answers[user]
    assert answers[user][3] == (422, {"error": "refused"})


# --- what goes away -----------------------------------------------------------------------------

def test_the_daemon_is_started_again(machine, site, blue):
    person = Person(site).sign_in(blue)
    machine.kill_daemon(15)
    machine.start_daemon()
    site.log.wait(lambda line: "serves default (pages)" in line)
    status, headers, text = person.get(LIST)
    assert status == 401 and "passkeyd was started again" in text
    assert "Max-Age=0" in headers["Set-Cookie"]
    assert Person(site).sign_in(blue).names() == ["blue"]


def test_the_gateway_is_killed_and_started_again(machine, site, blue, green):
    """The session is the daemon's, and stays; what was begun can be finished."""
    person = Person(site).sign_in(blue)
    identifier, options = person.begin(REMOVE, name_of(green))
    site.gateway.kill()
    site.gateway.wait()
    site.start_gateway()
    assert person.call("finish", {"act": REMOVE, "id": identifier, "credential": person.answer(
        REMOVE, options, blue)}) == (200, {"signedOut": False})
    assert person.names() == ["blue"]


def test_it_is_off_unless_it_is_on(machine):
    site = pages.Site(machine)
    person = Person(site)
    for path in (HOME, LIST, DECISIONS):
        status, _, text = person.get(path)
        assert status == 404 and "There is no such page" in text
    for call in CALLS:
        assert person.call(call, {"act": SIGN_IN, "object": ""})[0] == 404


def test_it_is_switched_off(machine, site, blue):
    person = Person(site).sign_in(blue)
    with open(parts.CONFIG, encoding="utf-8") as file:
        text = file.read()
    machine.configure(text.replace("self-service = yes", "self-service = no"))
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", facility=parts.AUTHPRIV)
    status, _, text = person.get(LIST)
    assert status in (404, 503) and "blue" not in text


def test_german(site, blue):
    person = Person(site, "de")
    assert "Anmelden, um Ihre Passkeys zu sehen" in person.get(HOME)[2]
    assert "Passkeys von alice auf web1" in person.sign_in(blue).look()
    assert "Anmeldungen von alice auf web1" in person.look(DECISIONS)
