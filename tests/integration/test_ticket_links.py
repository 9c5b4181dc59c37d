# SPDX-License-Identifier: BSD-2-Clause
"""Enrolment links: "passkeyctl ticket USER --link", and what strangers can do with one.

Were this broken, a link would enrol somebody twice, or somebody else, or nobody.
"""

import contextlib
import hashlib
import json
import os
import re
import sqlite3
import threading
import time

import pytest

import machine as parts
import namespace
import pages
import test_accounts_gone as accounts
from webauthn_client import Passkey

PAGE = "/passkey/enroll"
AUTHPRIV = parts.AUTHPRIV


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine)


@pytest.fixture(name="zoe")
def zoe_fixture(machine, site):
    accounts.shell(accounts.ADD)
    namespace.write(namespace.SCRATCH + "/zoe-uid", str(accounts.uid_of("zoe")[0]))
    yield "zoe"
    accounts.subprocess.run("userdel -r zoe", shell=True, capture_output=True, check=False)


class Visitor(pages.Browser):
    """Has opened a link: what its page's script sends, with the ticket in every body."""

    def __init__(self, site, ticket, language="en"):
        super().__init__(site, language)
        self.ticket = ticket

    def ask(self, call, **body):
        return self.post(PAGE, call, {"ticket": self.ticket, **body})

    def answer(self, options, passkey, origin=None):
        made = pages.webauthn_client.register(options, passkey, origin or self.site.origin)
        return self.ask("finish", credential=json.loads(made))

    def make(self, passkey=None):
        status, options = self.ask("begin")
        assert status == 200, options
        return self.answer(options, passkey or Passkey())


def create(site, user="alice", **options):
    """What the daemon gives root: the ticket, and what it says of it."""
    pipe, about = site.machine.connect().call(parts.CREDENTIALS, "CreateTicketLink", "sa{sv}", user,
                                              parts.vardict(options))
    with os.fdopen(pipe.take(), encoding="ascii") as file:
        return file.read(), json.loads(str(about))


def passkeys(site, user="alice"):
    listed = site.machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", user,
                                         parts.vardict({}))
    return [each["name"] for each in json.loads(str(listed))]


def test_somebody_without_a_passkey(site):
    ticket, about = create(site)
    assert about["page"] == f"{site.origin}/passkey/enroll"
    assert (about["user"], about["host"], about["rpId"]) == ("alice", "web1", "localhost")
    visitor = Visitor(site, ticket)
    status, headers, page = visitor.get(about["page"])
    assert status == 200 and headers["Cache-Control"] == "no-store"
    assert pages.shown(page)[0] == "wait" and "alice" not in page
    status, described = visitor.ask("describe")
    assert status == 200 and described == {name: about[name]
                                           for name in ("user", "host", "rpId", "expires")}
    passkey = Passkey()
    mark = site.machine.syslog.mark()
    assert visitor.make(passkey) == (200, {"name": "passkey"})
    site.machine.syslog.wait("enrolment for alice .*: ok, .*by ticket.* by a link, through the "
                             "gateway", mark, facility=AUTHPRIV)
    assert passkeys(site) == ["passkey"]
    conversation = site.machine.connect().authenticate("alice", methods="browser", service="sshd",
                                                       rhost="192.0.2.7", tty="ssh")
    link = pages.wait_for_link(conversation)[0]
    code = pages.Browser(site).use(link, passkey)[1]["code"]
    assert conversation.next(text=code)[2]["result"] == "ok"


def test_it_is_called_by_its_provider(site):
    """iCloud Keychain, by what made it; not by anything that the page could say."""
    ticket, _ = create(site)
    visitor = Visitor(site, ticket)
    options = visitor.ask("begin")[1]
    passkey = Passkey()
    passkey.aaguid = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")
    assert visitor.answer(options, passkey) == (200, {"name": "iCloud Keychain",
                                                      "provider": "iCloud Keychain"})
    assert passkeys(site) == ["iCloud Keychain"]


def test_used_twice(site):
    ticket, _ = create(site)
    first, second = Visitor(site, ticket), Visitor(site, ticket)
    early = second.ask("begin")[1]
    assert first.make()[0] == 200
    assert second.answer(early, Passkey()) == (404, {"error": "over"})
    for visitor in (first, second):
        assert visitor.ask("describe") == visitor.ask("begin") == (404, {"error": "over"})
    assert passkeys(site) == ["passkey"]


def cookie_of(ticket):
    """Of each ticket its own: two may be open in one browser."""
    return "__Host-passkey-ticket-" + hashlib.sha256(f"ticket\n{ticket}".encode()).hexdigest()[:16]


def test_two_tickets_in_one_browser(site):
    """What is begun in one tab does not end what is under way in another."""
    alice, bob = create(site)[0], create(site, "bob")[0]
    visitor = Visitor(site, alice)
    of_alice = visitor.ask("begin")[1]
    visitor.ticket = bob
    of_bob = visitor.ask("begin")[1]
    assert visitor.answer(of_bob, Passkey())[0] == 200
    visitor.ticket = alice
    assert visitor.answer(of_alice, Passkey())[0] == 200
    assert passkeys(site) == passkeys(site, "bob") == ["passkey"]


def test_two_browsers_race(site):
    ticket, _ = create(site)
    visitors = [Visitor(site, ticket) for _ in range(8)]
    options = [visitor.ask("begin")[1] for visitor in visitors]
    results = []
    threads = [threading.Thread(target=lambda pair: results.append(
        pair[0].answer(pair[1], Passkey())[0]), args=[pair]) for pair in zip(visitors, options)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200] + [404] * 7
    assert passkeys(site) == ["passkey"]


def test_an_answer_is_of_the_browser_that_began(site):
    """The claim names the challenge: an answer to another one, or without it, comes to nothing."""
    ticket, _ = create(site)
    first, second = Visitor(site, ticket), Visitor(site, ticket)
    of_first, of_second = first.ask("begin")[1], second.ask("begin")[1]
    assert first.answer(of_second, Passkey())[1].get("reason")
    assert Visitor(site, ticket).answer(of_second, Passkey())[0] == 404
    second.cookies = {cookie_of(ticket): "b4351ecc-ee1a-4455-bc94-2c3dbcc58538"}
    assert second.answer(of_second, Passkey())[0] == 404
    assert passkeys(site) == []
    assert first.answer(of_first, Passkey())[0] == 404  # looked at once
    assert first.make()[0] == 200


def test_one_ticket_with_the_claim_of_another(site):
    """What was begun for bob is not finished with alice's ticket."""
    alice, bob = create(site)[0], create(site, "bob")[0]
    visitor = Visitor(site, bob)
    options = visitor.ask("begin")[1]
    visitor.ticket = alice
    assert visitor.answer(options, Passkey()) == (404, {"error": "over"})
    assert passkeys(site) == passkeys(site, "bob") == []
    assert Visitor(site, alice).make()[0] == Visitor(site, bob).make()[0] == 200


def test_another_origin(site):
    ticket, _ = create(site)
    visitor = Visitor(site, ticket)
    options = visitor.ask("begin")[1]
    status, result = visitor.answer(options, Passkey(), "http://localhost:1")
    assert status == 200 and "reason" in result and passkeys(site) == []
    assert visitor.make()[0] == 200  # the link is not used up by what was refused


def form(text):
    return "".join("A" if character.isalnum() and index > 0 else character
                   for index, character in enumerate(text))


def test_rubbish_cannot_be_told_apart(site, zoe):
    """Never was, used, of an account that is gone, of a user who is here, or no ticket at all."""
    used, gone, local = create(site)[0], create(site, zoe)[0], None
    assert Visitor(site, used).make()[0] == 200
    accounts.shell(accounts.REMOVE)
    pipe, _ = site.machine.connect().call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "bob",
                                          parts.vardict({}))
    with os.fdopen(pipe.take(), encoding="ascii") as file:
        local = file.read()
    answers = set()
    for ticket in (used, gone, local, "l" + local, form(used), used[:-1], used + "A", "", "l", "#",
                   "\u00e9" * 44, "A" * 10000):
        for call in ("describe", "begin"):
            status, headers, text = Visitor(site, ticket).request(
                "POST", f"{PAGE}/{call}", {"ticket": ticket})
            answers.add((status, text, headers["Content-Length"], headers.get("Set-Cookie")))
    assert answers == {(404, '{"error":"over"}', "16", None)}


def test_a_link_is_no_ticket_for_a_terminal(site):
    ticket, _ = create(site)
    site.machine.connect("alice").fails("TicketInvalid", parts.MANAGER, "Enroll", "sa{sv}", "alice",
                                        parts.vardict({"ticket": parts.secret(ticket)}))
    assert Visitor(site, ticket).make()[0] == 200


def test_an_account_that_was_made_anew(site, zoe):
    ticket, _ = create(site, zoe)
    visitor = Visitor(site, ticket)
    options = visitor.ask("begin")[1]
    accounts.shell(f"{accounts.REMOVE}; {accounts.ADD_SAME}")
    assert visitor.answer(options, Passkey())[0] == 404
    assert visitor.ask("describe")[0] == 404
    assert passkeys(site, zoe) == []


def test_daemon_and_gateway_anew(site):
    """The link outlives both; what was begun before the daemon ended did not."""
    ticket, _ = create(site)
    visitor = Visitor(site, ticket)
    options = visitor.ask("begin")[1]
    site.gateway.kill()
    site.gateway.wait()
    site.start_gateway()
    site.machine.kill_daemon()
    site.machine.start_daemon()
    site.log.wait(lambda line: "serves default (pages)" in line)
    assert visitor.ask("describe")[0] == 200
    assert visitor.answer(options, Passkey()) == (404, {"error": "over"})
    assert visitor.make()[0] == 200


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": None}, {"Origin": "null"},
    {"Host": "evil.example"}, {"Content_Type": "text/plain"},
    {"Content_Type": "application/x-www-form-urlencoded"},
])
def test_pages_of_others(site, headers):
    ticket, _ = create(site)
    for call in ("describe", "begin", "finish"):
        status, answer, _ = Visitor(site, ticket).request(
            "POST", f"{PAGE}/{call}", json.dumps({"ticket": ticket, "credential": {}}), **headers)
        assert status in (400, 403, 415, 421) and not answer.get("Set-Cookie"), status
    assert Visitor(site, ticket).make()[0] == 200


@pytest.mark.parametrize("body", ["", "[]", "{", "null", "{}", '{"ticket": 7}', '{"ticket": null}',
                                  '{"ticket": ["l"]}', "{}{}", "x" * 70000])
def test_rubbish_in_place_of_a_ticket(site, body):
    for call in ("describe", "begin", "finish"):
        status, _, _ = pages.Browser(site).request("POST", f"{PAGE}/{call}", body)
        assert status in (400, 413), (call, status)


def test_it_stands_in_no_log(site):
    """Neither in the gateway's log nor in the daemon's, with all of it logged; nor in an answer."""
    site.machine.configure(open(parts.CONFIG, encoding="utf-8").read() + "[daemon]\ndebug = yes\n")
    site.machine.kill_daemon(15)
    site.machine.start_daemon()
    site.log.wait(lambda line: "serves default (pages)" in line)
    mark = site.machine.syslog.mark()
    ticket, about = create(site)
    visitor = Visitor(site, ticket)
    answers = visitor.get(about["page"])[2] + json.dumps([visitor.ask("describe"), visitor.make()])
    site.machine.syslog.wait("enrolment for alice .*: ok", mark, facility=AUTHPRIV)
    site.gateway.terminate()
    site.gateway.wait()
    with site.gateway.stderr as file:
        log = "\n".join(site.log.lines) + (site.log.rest + file.read()).decode()
    assert "POST /passkey/enroll/finish" in log
    for text in (log, answers, site.machine.syslog.text(mark)):
        assert ticket not in text and ticket[1:] not in text


def test_cookies(site):
    ticket, _ = create(site)
    _, headers, _ = Visitor(site, ticket).request("POST", f"{PAGE}/begin", {"ticket": ticket})
    (cookie,) = headers.get_all("Set-Cookie")
    assert cookie.startswith(cookie_of(ticket) + "=") and ticket not in cookie
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


def test_what_cannot_work_is_refused(site):
    root = site.machine.connect()
    arguments = (parts.CREDENTIALS, "CreateTicketLink", "sa{sv}")
    root.fails("UnknownUser", *arguments, "mallory", parts.vardict({}))
    root.fails("UnknownRelyingParty", *arguments, "alice", parts.vardict({"rp": "none"}))
    root.fails("InvalidArguments", *arguments, "alice",
               parts.vardict({"lifetime": parts.dbus.UInt32(59)}))
    site.machine.connect("alice").fails("AccessDenied", *arguments, "alice", parts.vardict({}))
    site.machine.connect("alice").fails("AccessDenied", parts.CREDENTIALS, "AwaitTicketLink", "s",
                                        "A" * 43)
    root.fails("InvalidArguments", parts.CREDENTIALS, "AwaitTicketLink", "s", "A" * 42)
    root.fails("TicketInvalid", parts.CREDENTIALS, "AwaitTicketLink", "s", "A" * 43)
    page = "[rp default]\nid = localhost\nbrowser-page = http://localhost/page.html\n"
    for settings in ("", page):
        site.machine.configure(settings)
        site.machine.kill_daemon(15)
        site.machine.start_daemon()
        error = site.machine.connect().fails("InvalidArguments", *arguments, "alice",
                                             parts.vardict({}))
        assert "browser-url is not set" in str(error)


# --- the terminal -------------------------------------------------------------------------------

COMMAND = ["passkeyctl", "ticket", "alice", "--link"]


def read_link(child):
    child.expect(r"(https?://\S+)#(\S+)\r\n")
    return child.match.group(2)


def expect_waiting(site, child):
    """Until passkeyctl waits and passkeyd knows of it: what is called later is answered later."""
    child.expect("Waiting until somebody uses it")
    while parts.status_of(child.pid) != "S":
        time.sleep(0)
    root = site.machine.connect()
    for _ in range(2):
        root.call(parts.CREDENTIALS, "List", "sa{sv}", "alice", parts.vardict({}))


def waiting(site, *more):
    child = site.machine.terminal("root", [*COMMAND, *more])
    ticket = read_link(child)
    child.expect("signs in as alice on web1")
    expect_waiting(site, child)
    return child, Visitor(site, ticket)


def ended(child):
    child.expect(parts.pexpect.EOF)
    child.close()
    return child.exitstatus


@pytest.mark.parametrize("typed, said, names, code", [
    ("", 'alice can sign in with "passkey"', ["passkey"], 0),
    ("blue phone", 'alice can sign in with "blue phone"', ["blue phone"], 0),
    ("no", "Removed", [], 1),
    ("NO", "Removed", [], 1),
])
def test_the_terminal_is_told(site, typed, said, names, code):
    child, visitor = waiting(site)
    assert visitor.make()[0] == 200
    child.expect("alice has a new passkey: its provider is not known here.")
    child.expect("Its name .Enter: passkey; ")
    child.sendline(typed)
    child.expect(said)
    assert ended(child) == code and passkeys(site) == names


def test_the_terminal_names_the_provider(site):
    child, visitor = waiting(site)
    passkey = Passkey()
    passkey.aaguid = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")
    assert visitor.answer(visitor.ask("begin")[1], passkey)[0] == 200
    child.expect("alice has a new passkey: iCloud Keychain.")
    child.expect("Its name .Enter: iCloud Keychain; ")
    child.sendline("\x1b]0;evil\x07")
    child.expect("characters that cannot be printed")
    child.expect("Its name .Enter: iCloud Keychain; ")
    child.sendline("")
    assert ended(child) == 0 and passkeys(site) == ["iCloud Keychain"]


def test_control_c_ends_the_waiting_alone(site):
    child, visitor = waiting(site)
    child.sendintr()
    child.expect("The link itself stays good until")
    assert ended(child) == 130
    assert visitor.make()[0] == 200


def test_control_c_at_the_question(site):
    child, visitor = waiting(site)
    assert visitor.make()[0] == 200
    child.expect("Its name .Enter: passkey; ")
    child.sendintr()
    child.expect('It stays, as "passkey"')
    assert ended(child) == 130 and passkeys(site) == ["passkey"]


def test_the_account_goes_while_the_terminal_waits(site, zoe):
    child = site.machine.terminal("root", ["passkeyctl", "ticket", zoe, "--link"])
    read_link(child)
    expect_waiting(site, child)
    accounts.shell(accounts.REMOVE)
    child.expect("The account is gone, and the link with it.")
    assert ended(child) == 1


def test_the_daemon_ends_while_the_terminal_waits(site):
    child, visitor = waiting(site)
    site.machine.kill_daemon()
    child.expect("The link itself stays good until")
    assert ended(child) == 3
    site.machine.start_daemon()
    site.log.wait(lambda line: "serves default (pages)" in line)
    assert visitor.make()[0] == 200


def test_the_link_is_revoked(site):
    """Also for who has begun; bob's links are his own, and what was used stays."""
    assert Visitor(site, create(site)[0]).make()[0] == 200
    bob = create(site, "bob")[0]
    child, visitor = waiting(site)
    options = visitor.ask("begin")[1]
    done = site.machine.run_as("root", ["passkeyctl", "ticket", "alice", "--revoke"])
    assert done.returncode == 0 and done.stdout.startswith("Its tickets and links"), done
    child.expect("The link was revoked, and nobody has used it.")
    assert ended(child) == 1
    assert visitor.answer(options, Passkey()) == visitor.ask("describe") == (404, {"error": "over"})
    assert passkeys(site) == ["passkey"] and Visitor(site, bob).make()[0] == 200
    done = site.machine.run_as("root", ["passkeyctl", "ticket", "alice", "--revoke", "--json"])
    assert done.returncode == 1 and json.loads(done.stdout)["reason"] == "ticket-invalid", done
    site.machine.connect("alice").fails("AccessDenied", parts.CREDENTIALS, "RevokeTickets",
                                        "sa{sv}", "alice", parts.vardict({}))


def test_expired(site):
    """Its time is set back, because a link is good for a minute at least."""
    ticket, about = create(site)
    site.machine.kill_daemon(15)
    with contextlib.closing(sqlite3.connect(parts.database())) as database, database:
        assert database.execute("UPDATE ticket SET expires = 1").rowcount == 1
    site.machine.start_daemon()
    site.log.wait(lambda line: "serves default (pages)" in line)
    visitor = Visitor(site, ticket)
    assert visitor.ask("describe") == visitor.ask("begin") == (404, {"error": "over"})
    site.machine.connect().fails("TicketInvalid", parts.CREDENTIALS, "AwaitTicketLink", "s",
                                 about["id"])


def test_without_a_terminal(site):
    done = site.machine.run_as("root", COMMAND)
    assert done.returncode == 0 and re.fullmatch(r"http://localhost:\d+/passkey/enroll#l\S{43}\n",
                                                 done.stdout), done
    assert "Good once, until" in done.stderr and "Waiting" not in done.stderr
    assert Visitor(site, done.stdout.strip().split("#")[1]).make()[0] == 200
    done = site.machine.run_as("root", ["passkeyctl", "ticket", "--user", "alice", "--link",
                                        "--json", "--lifetime", "60"])
    said = json.loads(done.stdout)
    assert said["ok"] and said["user"] == "alice" and said["link"].startswith(site.origin)
    child = site.machine.terminal("root", [*COMMAND, "--no-wait"])
    read_link(child)
    assert ended(child) == 0


def test_programs_can_wait(site):
    """Two lines of JSON: the link, and what came of it."""
    child = site.machine.terminal("root", [*COMMAND, "--wait", "--json"])
    child.expect(r'"link":"[^"#]*#([^"]*)"')
    visitor = Visitor(site, child.match.group(1))
    assert visitor.make()[0] == 200
    child.expect(r'\{"outcome"[^\r]*\}')
    said = json.loads(child.after)
    assert said["ok"] and said["credential"]["user"] == "alice" and "provider" not in said
    assert ended(child) == 0


def test_callers_that_leave_are_forgotten(site):
    """As many as may wait, gone: others can."""
    ticket, about = create(site)
    for _ in range(3):
        root = site.machine.connect()
        for _ in range(12):
            root.bus.call_async(parts.NAME, parts.PATH, parts.CREDENTIALS, "AwaitTicketLink", "s",
                                [about["id"]], None, None)
        root.call(parts.MANAGER, "Status", "")
        root.close()
    child, visitor = waiting(site)
    assert visitor.make()[0] == 200
    child.expect("alice has a new passkey")
    child.sendline("")
    assert ended(child) == 0 and Visitor(site, ticket).make()[0] == 200


@pytest.mark.parametrize("arguments", [
    [], ["alice", "bob"], ["alice", "--user", "bob"], ["alice", "--wait"], ["alice", "--no-wait"],
    ["alice", "--link", "--lifetime", "59"], ["alice", "--revoke", "--link"], ["--revoke"],
    ["alice", "--revoke", "--lifetime", "60"], ["alice", "--revoke", "--wait"],
])
def test_wrong_usage(site, arguments):
    done = site.machine.run_as("root", ["passkeyctl", "ticket", *arguments])
    assert done.returncode == 2, done


def test_only_root(site):
    done = site.machine.run_as("alice", COMMAND)
    assert done.returncode == 1 and "only root" in done.stderr, done


@pytest.mark.parametrize("arguments", [["", "--link", "--no-wait"], ["--user", "", "--link"], [""],
                                       ["", "--revoke"]])
def test_an_empty_name_is_nobodys(site, arguments):
    """A script's variable that was not set: the ticket would be the caller's, which is root's."""
    done = site.machine.run_as("root", ["passkeyctl", "ticket", *arguments])
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert "the USER of a ticket is empty" in done.stderr


@pytest.mark.parametrize("call", ["CreateTicket", "CreateTicketLink", "RevokeTickets", "Adopt"])
def test_for_nobody(site, call):
    """A script's variable that was not set: it would be for root."""
    root = site.machine.connect()
    text = root.fails("InvalidArguments", parts.CREDENTIALS, call, "sa{sv}", "", parts.vardict({}))
    assert "it is empty" in text
