# SPDX-License-Identifier: BSD-2-Clause
"""The names of passkeys, wherever one is given.

Were this broken, two of an account's passkeys could look the same in a list from which one of them
is to be removed, or one could look like none.
"""

import json

import pytest

import machine as parts
import own
import pages
import webauthn_client
from own import name_of
from test_browser_method import ask_to_enrol

COMPOSED, APART = "bl\u00fce", "blu\u0308e"
SAME = [APART, COMPOSED + " ", "  " + COMPOSED, "\u00a0" + APART + "\u3000"]
NONE = [" ", "\u00a0\u2003", "\u200b", "\u2800", "bl\u0085e", "a\u2028b", "blue\t"]


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine, "self-service = yes\n")


@pytest.fixture(name="first")
def first_fixture(site):
    """What has that name already, given in another form."""
    first = own.enrol(site.machine, "alice", origin=site.origin, name=APART + " ")
    assert names(site) == [COMPOSED]
    return first


def names(site):
    listed = site.machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                         parts.vardict({}))
    return [each["name"] for each in json.loads(str(listed))]


def session_of(site, passkey):
    calls = own.Own(site.machine.connect(own.USER))
    identifier, options = calls.begin(own.SIGN_IN)
    answer = webauthn_client.sign_in(options, passkey, site.origin)
    return calls, calls.finish(own.SIGN_IN, identifier, answer)["session"]


def on_the_own_page(site, passkey, name, error):
    calls, session = session_of(site, passkey)
    if error:
        return calls.fails(error, "RenameOwn", "default", session, name_of(passkey), name)
    return calls.call("RenameOwn", "default", session, name_of(passkey), name)


def by_rename(site, passkey, name, error):
    arguments = (parts.CREDENTIALS, "Rename", "sss", "alice", name_of(passkey), name)
    connection = site.machine.connect("alice" if error == "InvalidArguments" else "root")
    if error:
        return connection.fails(error, *arguments)
    return connection.call(*arguments)


@pytest.mark.parametrize("rename", [on_the_own_page, by_rename])
def test_a_new_name(site, first, rename):
    green = own.enrol(site.machine, "alice", origin=site.origin, name="green")
    for name in SAME:
        rename(site, green, name, "NameTaken")
    for name in NONE:
        rename(site, green, name, "InvalidArguments")
    rename(site, green, " " + "x" * 64 + " ", None)
    assert names(site) == [COMPOSED, "x" * 64]
    rename(site, green, "gru\u0308n ", None)
    assert names(site) == [COMPOSED, "gr\u00fcn"]
    rename(site, first, APART, None)  # its own, in another form


def test_a_registration(site, first):
    root = site.machine.connect()
    for name, error in [(name, "NameTaken") for name in SAME] + [(name, "InvalidArguments")
                                                                 for name in NONE]:
        root.fails(error, parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "alice",
                   parts.vardict({"name": name}))
        root.fails(error, parts.MANAGER, "Enroll", "sa{sv}", "alice",
                   parts.vardict({"name": name, "methods": "browser"}))
    assert names(site) == [COMPOSED]


def test_what_is_typed_at_an_enrolment(site, first):
    conversation, link = ask_to_enrol(site)
    result = pages.Browser(site).make(link, webauthn_client.Passkey())[1]
    assert conversation.next(text=result["code"])[2]["event"] == "name"
    for name in NONE[1:]:  # spaces alone are Enter alone
        kind, text, details = conversation.next(text=name)
        assert (kind, details["reason"]) == ("error", "invalid-argument"), (name, text)
        assert conversation.next()[2]["event"] == "name"
    assert conversation.next(text=APART)[2]["result"] == "ok"
    assert names(site) == [COMPOSED, COMPOSED + " 2"]
