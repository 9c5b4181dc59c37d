# SPDX-License-Identifier: BSD-2-Clause
"""The pages in Debian's Chromium, with its virtual authenticator, for the real sudo and sshd.

Were this broken, people with passkeys in a browser could not sign in, whatever the calls say.
"""

import base64
import json
import os
import re
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat)

import machine as parts
import namespace
import pages
import ssh
import test_http_clients as clients
from apps import Login, Sudo
from webauthn_client import EDDSA, ES256, RS256

pytestmark = [
    *clients.pytestmark,
    pytest.mark.skipif(not os.path.exists(clients.CHROMIUM), reason="no " + clients.CHROMIUM),
]

PATIENCE = 120  # for Chromium to start on a busy machine


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine)


def standard(data):
    return base64.b64encode(data).decode()


def held(passkey):
    """As DevTools takes it."""
    key = passkey.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {"credentialId": standard(passkey.id), "isResidentCredential": True, "rpId": "localhost",
            "privateKey": standard(key), "signCount": 0,
            "userHandle": standard(pages.webauthn_client.decode(passkey.user_handle))}


def browse(link, passkey=None, act="use", **wish):
    """What a person sees in the end who opens the link in Chromium; passkey: or what it holds."""
    wish |= {"link": link, "act": act,
             "passkey": held(passkey) if isinstance(passkey, pages.webauthn_client.Passkey)
             else passkey}
    if "PASSKEYD_PICTURES" in os.environ:
        name = os.environ["PYTEST_CURRENT_TEST"].split("::")[1].split(" ")[0]
        wish["picture"] = os.path.join(os.environ["PASSKEYD_PICTURES"],
                                       re.sub("[^a-zA-Z0-9.]+", "-", name))
    done = subprocess.run(["node", os.path.join(clients.FOLDER, "link.mjs")],
                          input=json.dumps(wish), text=True, capture_output=True, check=False,
                          timeout=PATIENCE,
                          env={"PATH": os.environ["PATH"], "HOME": namespace.SCRATCH})
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["problems"] == [] and not seen["wide"], seen
    return seen


def link_on(running):
    running.child.expect(r"https?://\S+", timeout=PATIENCE)
    link = running.child.after
    running.child.expect("Code( from the page)?: ")
    return link


def only_browser(machine, service):
    machine.configure(open(parts.CONFIG, encoding="utf-8").read()
                      + f"[service {service}]\nmethods = browser\n")
    machine.kill_daemon(15)


@pytest.mark.real_programs
@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])
@pytest.mark.parametrize("device", [{"transport": "internal"}, {"transport": "usb"},
                                    {"transport": "usb", "hasUserVerification": False}],
                         ids=["internal", "usb", "usb without verification"])
def test_sudo(machine, site, algorithm, device):
    passkey = site.enrol("alice", algorithm, device["transport"])
    only_browser(machine, "sudo")
    running = Sudo(machine)
    link = link_on(running)
    assert "what alice typed on web1" in running.screen and "\u2580" in running.screen
    seen = browse(link, passkey, authenticator=device)
    assert seen["part"] == "code" and len(seen["code"]) == 6, seen
    running.child.sendline(seen["code"])
    assert running.accepted(), running.screen


@pytest.mark.real_programs
def test_login(machine, site):
    passkey = site.enrol("bob")
    only_browser(machine, "login")
    running = Login(machine)
    seen = browse(link_on(running), passkey)
    running.child.sendline(seen["code"])
    assert running.accepted(), running.screen


@pytest.mark.real_programs
def test_ssh(machine, site):
    """The stock client and the real sshd; the person is at the laptop, and so is the browser."""
    passkey = site.enrol("alice")
    only_browser(machine, "sshd")
    ssh.Server(machine)
    ssh.Laptop(machine)
    child = machine.terminal("erin", [*ssh.CLIENT, "-o", "StrictHostKeyChecking=no",
                                      "alice@127.0.0.1", "id -un"])
    child.expect(r"https?://\S+", timeout=PATIENCE)
    link = child.after.decode() if isinstance(child.after, bytes) else child.after
    child.expect("Code from the page: ")
    seen = browse(link, passkey)
    assert "127.0.0.1" in seen["text"], seen
    child.sendline(seen["code"])
    child.expect("alice\r\n")


def test_enrol(machine, site):
    """passkey-enroll on a terminal, a passkey that Chromium makes, and a name."""
    child = machine.terminal("alice", ["passkey-enroll", "--browser"])
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    child.expect(r"https?://\S+", timeout=PATIENCE)
    link = child.after
    child.expect("Code from the page: ")
    seen = browse(link)
    child.sendline(seen["code"])
    child.expect("Its name .Enter: passkey.: ")
    child.sendline("Chromium")
    child.expect('Enrolled "Chromium" for alice')
    listed = machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice", parts.vardict({}))
    assert [each["name"] for each in json.loads(str(listed))] == ["Chromium"]


def ask(site, user="alice", **context):
    conversation = site.machine.connect().authenticate(
        user, **{"methods": "browser", "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh",
                 **context})
    return conversation, pages.wait_for_link(conversation)[0]


def test_it_was_not_me(site):
    conversation, link = ask(site)
    assert browse(link, act="disown")["part"] == "disowned"
    assert conversation.next(text="ABCDEF")[2]["result"] == "denied"
    assert browse(link, act="look")["text"].startswith("This link is of no use any more")


def test_no_passkey_here(site):
    """Chromium has none of them: the page says so, and can be used again."""
    site.enrol("alice")
    _, link = ask(site)
    seen = browse(link)
    assert seen["part"] == "ask" and "You can try again." in seen["text"], seen


@pytest.mark.parametrize("call", ["begin", "finish"])
def test_a_reply_that_is_lost(site, call):
    """The page goes on when it is tried again, and has the code of an answer that was judged."""
    passkey = site.enrol("alice")
    conversation, link = ask(site)
    seen = browse(link, passkey, lost=call)
    assert seen["part"] == "code", seen
    assert conversation.next(text=seen["code"])[2]["result"] == "ok"


def test_another_passkey(site):
    site.enrol("alice")
    mallory = site.enrol("alice")
    conversation, link = ask(site)
    mallory.key = pages.webauthn_client.Passkey().key
    assert browse(link, mallory)["part"] == "refused"
    assert conversation.next(text="ABCDEF")[2]["result"] == "answer-refused"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_everybody_can_read_it(site, language, dark, size):
    """axe-core finds nothing, and nothing is wider than the window; by keyboard alone."""
    passkey = site.enrol("alice")
    look = {"language": language, "dark": dark, "width": size[0], "height": size[1], "axe": True}
    _, link = ask(site, service="sudo", rhost="", ruser="alice", tty="/dev/pts/3",
                  command="sudo -u postgres pg_dump --file=/var/backups/" + "customers" * 8)
    seen = browse(link, passkey, keyboard=True, **look)
    assert seen["part"] == "code" and seen["language"] == language, seen
    assert browse(link, act="look", **look)["language"] == language


def test_at_200_percent(site):
    """What a window of 1280 has at twice the size: half as many pixels of its own."""
    passkey = site.enrol("alice")
    _, link = ask(site)
    assert browse(link, passkey, width=320, height=400, axe=True)["part"] == "code"


def test_without_javascript(site):
    _, link = ask(site)
    seen = browse(link, act="look", javascript=False)
    assert "JavaScript is blocked here" in seen["text"], seen
    assert seen["buttons"] == [], seen


def test_it_was_not_me_without_passkeys(site):
    """Whoever cannot answer can still say that they were not asking."""
    conversation, link = ask(site)
    assert browse(link, act="disown", webauthn=False)["part"] == "disowned"
    assert conversation.next(text="ABCDEF")[2]["result"] == "denied"


def test_without_passkeys(site):
    """Also where the address is not secure: the page says so, and what else there is to say."""
    _, link = ask(site)
    seen = browse(link, act="look", webauthn=False, axe=True)
    assert seen["part"] == "unsupported", seen
    assert seen["buttons"] == ["This was not me"], seen
    seen = browse(link[:-4] + "0000", act="look", webauthn=False)
    assert seen["text"].startswith("This link is of no use any more"), seen
