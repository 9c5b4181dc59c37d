# SPDX-License-Identifier: BSD-2-Clause
"""Signing in by a page that is one file: the request is in the link, the answer is pasted.

Were this broken, an answer that somebody else's terminal asked for, or that was made for another
page, would sign in, or hosts without a gateway could not use passkeys in browsers.
"""

import base64
import hashlib
import json
import os
import re
import subprocess

import pytest

import forward
import machine as parts
import page_file
import test_http_clients as clients
import webauthn_client
from webauthn_client import EDDSA, ES256, RS256


@pytest.fixture(name="site")
def site_fixture(machine):
    site = page_file.Site(machine)
    yield site
    site.close()


@pytest.fixture(name="passkey")
def passkey_fixture(site):
    return site.enrol("alice")


def ask(site, user="alice", **context):
    conversation = site.machine.connect().authenticate(
        user, **{"methods": "browser", "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh",
                 **context})
    link, _ = page_file.wait_for_page(conversation)
    return conversation, page_file.request_in(link)


def answer(site, request, passkey, **how):
    return forward.encode_answer(
        page_file.fields_of(request, passkey, how.pop("origin", site.origin), **how))


def refused(site, conversation, lines, reason):
    mark = site.machine.syslog.mark()
    kind, _, details = page_file.paste(conversation, lines)
    if kind == "ask":  # behind a line that is full another may follow
        kind, _, details = conversation.next(text="passkey1:A")
    assert (kind, details["result"]) == ("done", "answer-refused")
    site.machine.syslog.wait(rf"sign-in of \w+ \(default\): refused, {reason} ", mark,
                             facility=parts.AUTHPRIV)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_sign_in(site, algorithm):
    passkey = site.enrol("alice", algorithm)
    conversation = site.machine.connect().authenticate(
        "alice", methods="browser", service="sshd", rhost="192.0.2.7", tty="ssh")
    link, text = page_file.wait_for_page(conversation)
    assert link.startswith(site.url + "#passkey1:") and "to sign in as alice on web1" in text
    assert all(len(line) <= 90 for line in text.split("\n")[:-2]), text
    request = page_file.request_in(link)
    said = json.loads(request["context"])
    assert (said["user"], said["rhost"], said["host"]) == ("alice", "192.0.2.7", "web1")
    lines = answer(site, request, passkey)
    assert len(lines) == (2 if algorithm == RS256 else 1) and len(max(lines, key=len)) <= 511
    mark = site.machine.syslog.mark()
    kind, _, details = page_file.paste(conversation, lines)
    assert (kind, details["result"], details["user"]) == ("done", "ok", "alice")
    site.machine.syslog.wait("sign-in of alice .*: ok, passkey", mark, facility=parts.AUTHPRIV)


def test_an_answer_is_good_once(site, passkey):
    conversation, request = ask(site)
    lines = answer(site, request, passkey)
    assert page_file.paste(conversation, lines)[2]["result"] == "ok"
    conversation, _ = ask(site)
    refused(site, conversation, lines, "challenge-mismatch")


def test_the_answer_of_another_terminal(site, passkey):
    """Somebody was talked into opening a stranger's link, and pastes into their own terminal."""
    own, _ = ask(site)
    strangers, request = ask(site, rhost="198.51.100.1")
    refused(site, own, answer(site, request, passkey), "challenge-mismatch")
    strangers.cancel()


@pytest.mark.parametrize("change", [
    {"rhost": "198.51.100.1"}, {"host": "web2"}, {"command": "true"}, {"user": "bob"}])
def test_another_context_in_the_link(site, passkey, change):
    """Whoever makes the page show something else changes what is signed."""
    conversation, request = ask(site)
    context = json.dumps({**json.loads(request["context"]), **change}, sort_keys=True,
                         separators=(",", ":"))
    refused(site, conversation, answer(site, request, passkey, context=context),
            "challenge-mismatch")


@pytest.mark.parametrize("origin", [
    "http://localhost:1", "https://localhost", "ssh://localhost", "null", "https://evil.example"])
def test_another_origin(site, passkey, origin):
    conversation, request = ask(site)
    refused(site, conversation, answer(site, request, passkey, origin=origin), "origin-mismatch")


def test_in_a_frame_of_another_site(site, passkey):
    conversation, request = ask(site)
    fields = page_file.fields_of(request, passkey, site.origin)
    data = fields["client_data"].replace(b'"crossOrigin":false', b'"crossOrigin":true')
    assert data != fields["client_data"]
    refused(site, conversation, forward.encode_answer({**fields, "client_data": data}),
            "cross-origin-denied")


@pytest.mark.parametrize("how, reason", [
    ({"spoil": True}, "signature-invalid"), ({"flags": 0}, "user-not-present")])
def test_a_wrong_signature(site, passkey, how, reason):
    conversation, request = ask(site)
    refused(site, conversation, answer(site, request, passkey, **how), reason)


def test_somebody_elses_passkey(site, passkey):
    mallory = site.enrol("bob")
    conversation, request = ask(site)
    refused(site, conversation, answer(site, request, mallory), "signature-invalid")


def key_over_ssh(site, request):
    """As passkey-askpass would answer the same request."""
    key = forward.Credential()
    return forward.encode_answer(forward.answer_fields(request, site.origin, key))


def changed(spoil):
    return lambda site, request, passkey: spoil(answer(site, request, passkey)[0])


@pytest.mark.parametrize("lines, reason", [
    (changed(lambda line: [line[:-1]]), "(invalid-input|cbor-truncated)"),
    (changed(lambda line: [line[:101]]), "cbor-truncated"),
    (changed(lambda line: [line + line]), "(invalid-input|too-large)"),
    (changed(lambda line: [line + "A" * 512]), "too-large"),
    (changed(lambda line: [line[9:]]), "invalid-input"),
    (changed(lambda line: ["passkey2:" + line[9:]]), "invalid-input"),
    (changed(lambda line: [line[:50] + " " + line[50:]]), "invalid-input"),
    (lambda site, request, passkey: key_over_ssh(site, request), "protocol"),
    (lambda site, request, passkey: ["ABCDEF"], "invalid-input"),
], ids=["cut by one", "cut", "glued", "too long", "no prefix", "version", "blank", "of a key",
        "a code"])
def test_rubbish_in_place_of_an_answer(site, passkey, lines, reason):
    conversation, request = ask(site)
    refused(site, conversation, lines(site, request, passkey), reason)


def test_lines_in_another_order(site):
    passkey = site.enrol("alice", RS256)
    conversation, request = ask(site)
    first, second = answer(site, request, passkey)
    refused(site, conversation, [second], "protocol")
    conversation, request = ask(site)
    first, second = answer(site, request, passkey)
    refused(site, conversation, [first, first], "protocol")


def test_enter_alone_goes_on(site, passkey):
    conversation, _ = ask(site)
    assert conversation.next(text="")[2]["result"] == "cancelled"


def shape(request):
    """What is the same for everybody."""
    return {name: len(value) if isinstance(value, (bytes, str)) else value
            for name, value in request.items() if name not in ("credentials", "timeout")}


def seen_by_a_stranger(site, user):
    mallory = webauthn_client.Passkey()
    conversation, request = ask(site, user)
    assert len(request["credentials"]) > 0
    end = page_file.paste(conversation, answer(site, request, mallory))
    conversation, again = ask(site, user)
    junk = page_file.paste(conversation, ["\b\n\r\x7fINCORRECT"])
    assert again["credentials"] == request["credentials"]
    request["context"] = request["context"].replace(user, "USER")
    return shape(request), end[1:], junk[1:]


def test_accounts_that_there_are_not(site, passkey):
    """carol has no passkey, and mallory no account."""
    def of(user):
        shown, *ends = seen_by_a_stranger(site, user)
        return shown, [(text, details["result"]) for text, details in ends]

    known = of("alice")
    assert of("carol") == known and of("mallory") == known


# --- enrolment ----------------------------------------------------------------------------------

def ask_to_enrol(site, **options):
    conversation = site.machine.connect().enroll("alice", methods="browser", **options)
    return conversation, page_file.request_in(page_file.wait_for_page(conversation)[0])


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_enrol(site, algorithm):
    passkey = webauthn_client.Passkey(algorithm)
    conversation, request = ask_to_enrol(site)
    assert json.loads(request["context"])["act"] == "enroll"
    kind, text, details = page_file.paste(conversation, answer(site, request, passkey))
    assert (kind, details["event"]) == ("ask", "name"), (text, details)
    assert "a provider that is not known here" in text
    assert page_file.passkeys(site.machine) == []
    assert conversation.next(text="the blue browser")[2]["result"] == "ok"
    assert page_file.passkeys(site.machine) == ["the blue browser"]
    conversation, request = ask(site)
    assert page_file.paste(conversation, answer(site, request, passkey))[2]["result"] == "ok"


def test_an_enrolment_for_another_terminal(site):
    _, strangers = ask_to_enrol(site)
    conversation, _ = ask_to_enrol(site)
    passkey = webauthn_client.Passkey()
    end = page_file.paste(conversation, answer(site, strangers, passkey))
    assert end[2]["result"] == "challenge-mismatch" and page_file.passkeys(site.machine) == []


def test_an_enrolment_at_another_page(site):
    conversation, request = ask_to_enrol(site)
    lines = answer(site, request, webauthn_client.Passkey(), origin="https://evil.example")
    assert page_file.paste(conversation, lines)[2]["result"] == "origin-mismatch"
    conversation, request = ask_to_enrol(site)
    kind, text, details = page_file.paste(conversation, ["passkey1:AAAA"])
    assert (kind, details["result"]) == ("done", "cbor-trailing-data") and "no answer" in text
    assert page_file.passkeys(site.machine) == []


# --- the file -----------------------------------------------------------------------------------

def test_the_policy_has_the_hashes():
    """One script and one style, and what their hashes say; nothing from elsewhere."""
    with open(page_file.built(), encoding="utf-8") as file:
        page = file.read()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    for element in ("script", "style"):
        (text,) = re.findall(rf"<{element}\b[^>]*>(.*?)</{element}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}';" in policy
    assert not re.findall(r"\bstyle=|\bon[a-z]+=|https?://", page)
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,"]
    assert "@" not in page.replace("@media", "")


@pytest.mark.skipif(clients.node_version() < 20, reason="no Node.js 20")
@pytest.mark.parametrize("name", ["forward", "calls"])
def test_the_pages_scripts(name):
    """tests/browser/forward.test.mjs: the vectors of the form, as the page reads them; and how the
    gateway's pages call it."""
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap",
         os.path.join(clients.FOLDER, f"{name}.test.mjs")],
        capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "\n# pass 0\n" not in done.stdout, done.stdout + done.stderr
