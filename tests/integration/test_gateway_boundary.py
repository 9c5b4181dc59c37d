# SPDX-License-Identifier: BSD-2-Clause
"""org.passkeyd.Gateway1, called by a gateway that was taken over: what it can do is what passes by,
and everything that these tests try is refused, each as it should be. Otherwise one web
application's user, or an account of this host, could be signed in as by somebody who has it."""

import json
import os
import re
import signal
import time

import pytest

import machine as parts
import webauthn_client as browser
from gateway import CONFIGURATION, GATEWAY, TENANT, USER, Gateway, api_key, shared_key
from relying_party import begin as program_begins
from relying_party import finish as program_finishes

NEVER = "00000000-0000-4000-8000-000000000000"
SERVED = {"hanko", "portal", "shop", "files", "signal", "union"}
OTHERS = ["", "default", "bare", "hosts", "none", "Portal", "portal "]


@pytest.fixture
def gateway(machine):
    machine.configure(CONFIGURATION)
    gateway = Gateway(machine.connect(USER))
    assert {each["name"] for each in gateway.call("RelyingParties")} == SERVED
    return gateway


@pytest.fixture
def key(machine, gateway):
    """The portal's."""
    return api_key(machine, "portal")


@pytest.fixture
def others_key(machine, gateway):
    return api_key(machine, "shop")


def calls(rp, options=None):
    """Each call about that relying party, with arguments that are good otherwise."""
    options = options or {}
    return [("BeginRegistration", rp, dict(options, userId="u1", userName="u1")),
            ("FinishRegistration", rp, NEVER, "{}", options),
            ("BeginAuthentication", rp, options),
            ("FinishAuthentication", rp, NEVER, "{}", options),
            ("List", rp, options),
            ("Rename", rp, "AAAA", dict(options, name="n")),
            ("Remove", rp, "AAAA", options),
            ("User", rp, dict(options, userName="u1")),
            ("Transactions", rp, dict(options, userId="u1")),
            ("IssueToken", rp, dict(options, userId="u1")),
            ("CheckToken", rp, "a.b.c", options),
            ("BeginPasswordCheck", rp, options),
            ("UseRecoveryCode", rp, dict(options, userId="u1", code="0000-0000-0000-0000")),
            ("Keys", rp)]


WORD = "0123456789AB"


def link_calls(claim=""):
    """Each call about a link, which there is not."""
    return [("DescribeLink", WORD, claim), ("BeginLink", WORD, claim),
            ("FinishLink", WORD, claim, "{}"), ("DisownLink", WORD, claim)]


def ticket_calls(rp="default", ticket="l" + "A" * 43):
    """Each call about an enrolment link, which there is not."""
    return [("DescribeTicket", rp, ticket), ("BeginTicket", rp, ticket),
            ("FinishTicket", rp, ticket, "b4351ecc-ee1a-4455-bc94-2c3dbcc58538", "{}")]


def own_calls(rp, session=""):
    """Each call about one's own passkeys."""
    return [("DescribeOwn", rp, session), ("BeginOwn", rp, session, "sign-in", "alice"),
            ("BeginOwn", rp, session, "add", ""),
            ("FinishOwn", rp, session, "sign-in", NEVER, "{}"),
            ("FinishOwn", rp, session, "remove", NEVER, "{}"),
            ("RenameOwn", rp, session, "AAAA", "n"), ("SignOut", rp, session)]


# --- who ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("user", ["root", "alice", "dave"])
def test_nobody_else_may_call(machine, gateway, user):
    other = Gateway(machine.connect(user))
    for member, *arguments in [("RelyingParties",), *calls("portal"), *link_calls(),
                               *ticket_calls(), *own_calls("hosts")]:
        other.fails("AccessDenied", member, *arguments)


def test_root_may_where_it_is_configured(machine):
    machine.configure(CONFIGURATION.replace(f"user = {USER}", "user = root"))
    assert Gateway(machine.connect("root")).call("RelyingParties")
    Gateway(machine.connect(USER)).fails("AccessDenied", "RelyingParties")


def test_without_the_account_nobody_may(machine):
    machine.configure(CONFIGURATION.replace(f"user = {USER}", "user = passkey-gateway"))
    for user in ("root", USER, "alice"):
        Gateway(machine.connect(user)).fails("AccessDenied", "RelyingParties")


def test_the_gateways_account_is_an_ordinary_one_elsewhere(machine, gateway, key):
    """RelyingParty1, Credentials1 and Manager1 give it what any user has, and no more."""
    gateway.register("portal", "u1", browser.Passkey(), key)
    mine = gateway.connection
    for rp in ("portal", "default", "bare"):
        for user in ("u1", "alice", "root"):
            mine.fails("AccessDenied", parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", user,
                       parts.vardict({"rp": rp, "userId": "u1"}))
            mine.fails("AccessDenied", parts.RELYING_PARTY, "BeginAuthentication", "sa{sv}", user,
                       parts.vardict({"rp": rp}))
            mine.fails("AccessDenied", parts.CREDENTIALS, "List", "sa{sv}", user, parts.vardict({}))
            mine.fails("AccessDenied", parts.CREDENTIALS, "CreateTicket", "sa{sv}", user,
                       parts.vardict({"rp": rp}))
            mine.fails("AccessDenied", parts.MANAGER, "Authenticate", "sa{sv}", user,
                       parts.vardict({"service": "sudo"}))
    own = mine.call(parts.CREDENTIALS, "List", "sa{sv}", "", parts.vardict({}))
    assert json.loads(str(own)) == []


# --- for whom -----------------------------------------------------------------------------------

@pytest.mark.parametrize("rp", OTHERS)
def test_other_relying_parties_do_not_exist(gateway, key, rp):
    for options in ({}, {"apiKey": key}):
        for member, *arguments in [*calls(rp, options), *own_calls(rp)]:
            gateway.fails("UnknownRelyingParty", member, *arguments)


@pytest.mark.parametrize("rp", sorted(SERVED))
def test_an_applications_users_have_no_pages_of_their_own(gateway, rp):
    for member, *arguments in own_calls(rp):
        gateway.fails("UnknownRelyingParty", member, *arguments)


@pytest.mark.parametrize("claim", ["", "0" * 26, "x" * 5000])
def test_links_that_there_are_not(gateway, claim):
    for member, *arguments in link_calls(claim):
        gateway.fails("UnknownChallenge", member, *arguments)
    for word in ("", "0", "0" * 13, "../0123456789", "%s" * 6):
        gateway.fails("UnknownChallenge", "DescribeLink", word, claim)


@pytest.mark.parametrize("rp", ["default", "portal", "bare", "none", ""])
@pytest.mark.parametrize("ticket", ["", "l", "A" * 43, "l" + "A" * 43, "l" + "A" * 5000, "%s" * 22])
def test_enrolment_links_that_there_are_not(gateway, rp, ticket):
    for member, *arguments in ticket_calls(rp, ticket):
        gateway.fails("UnknownChallenge", member, *arguments)


def test_relying_parties_say_what_a_gateway_needs(gateway):
    listed = {each["name"]: each for each in gateway.call("RelyingParties")}
    assert listed["portal"] == {
        "name": "portal", "id": "portal.example.org", "displayName": "The Portal",
        "http": "standard", "prefix": "/portal", "tenantId": "",
        "origins": ["https://portal.example.org"], "timeout": 300}
    assert listed["hanko"]["tenantId"] == TENANT
    assert listed["hanko"]["prefix"] == "/" + TENANT
    assert listed["signal"]["timeout"] == 600


PRESENTED = [{}, {"apiKey": ""}, {"apiKey": "x" * 88}, {"bearer": ""}, {"bearer": "a.b.c"},
             {"bearer": "e30.e30."}]


@pytest.mark.parametrize("presented", PRESENTED, ids=str)
def test_nothing_is_done_for_nobody(gateway, key, presented):
    """Without an authority, or with one that is none, only what is public."""
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    name = browser.encode(passkey.id)
    for member, *arguments in [
            ("BeginRegistration", "portal", dict(presented, userId="u1")),
            ("BeginRegistration", "portal", dict(presented)),
            ("BeginAuthentication", "portal", dict(presented, userId="u1")),
            ("BeginAuthentication", "portal", dict(presented, userName="u1")),
            ("BeginAuthentication", "signal", dict(presented, userName="u1", mfa=True)),
            ("BeginAuthentication", "signal", dict(presented, userName="u1", transactionId="t",
                                                   transactionData="{}")),
            ("List", "portal", dict(presented)),
            ("List", "portal", dict(presented, userId="u1")),
            ("Rename", "portal", name, dict(presented, name="mine")),
            ("Remove", "portal", name, dict(presented)),
            ("User", "portal", dict(presented, userId="u1")),
            ("User", "portal", dict(presented, userName="u1")),
            ("Transactions", "portal", dict(presented, userId="u1")),
            ("IssueToken", "portal", dict(presented, userId="u1")),
            ("BeginPasswordCheck", "portal", dict(presented)),
            ("UseRecoveryCode", "portal", dict(presented, userId="u1", code="0"))]:
        gateway.fails("NotSignedIn", member, *arguments)


def test_not_both(gateway, key):
    gateway.fails("InvalidArguments", "List", "portal", {"apiKey": key, "bearer": "a.b.c"})


def test_an_api_key_is_of_one_relying_party(gateway, key):
    for rp in SERVED - {"portal"}:
        for member, *arguments in calls(rp, {"apiKey": key}):
            if member != "Keys":
                gateway.fails("NotSignedIn", member, *arguments)


def test_a_token_is_of_one_relying_party(gateway, key, others_key):
    token = gateway.token("portal", "u1", key)
    gateway.register("shop", "u1", browser.Passkey(), others_key)
    for member, *arguments in calls("shop", {"bearer": token}):
        if member in ("Keys", "FinishRegistration", "FinishAuthentication", "IssueToken"):
            continue
        with pytest.raises(Exception, match="NotSignedIn|WrongToken"):
            gateway.call(member, *arguments)
    assert not gateway.call("CheckToken", "shop", token, {})["valid"]
    assert gateway.call("CheckToken", "portal", token, {})["userId"] == "u1"


def test_another_tenants_passkey_is_none(gateway, key, others_key):
    """Neither by its id nor by its user's, which both tenants may have."""
    passkey = browser.Passkey()
    gateway.register("shop", "u1", passkey, others_key)
    name = browser.encode(passkey.id)
    gateway.fails("UnknownCredential", "Rename", "portal", name, {"apiKey": key, "name": "mine"})
    gateway.fails("UnknownCredential", "Remove", "portal", name, {"apiKey": key})
    assert gateway.call("List", "portal", {"apiKey": key})["total"] == 0
    assert gateway.call("List", "portal", {"apiKey": key, "credentialId": name})["items"] == []
    assert gateway.call("List", "portal", {"apiKey": key, "userId": "u1"})["total"] == 0
    assert not gateway.call("User", "portal", {"apiKey": key, "userId": "u1"})["exists"]
    gateway.fails("UnknownUser", "BeginAuthentication", "portal", {"apiKey": key, "userId": "u1"})
    assert gateway.call("List", "shop", {"apiKey": others_key})["total"] == 1


def test_a_token_is_of_one_user(gateway, key):
    mine, theirs = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", mine, key)
    gateway.register("portal", "u2", theirs, key)
    token = gateway.token("portal", "u1", key)
    name = browser.encode(theirs.id)
    for member in ("BeginRegistration", "BeginAuthentication", "List", "User", "Transactions"):
        gateway.fails("AccessDenied", member, "portal", {"bearer": token, "userId": "u2"})
    gateway.fails("AccessDenied", "IssueToken", "portal", {"bearer": token, "userId": "u1"})
    gateway.fails("UnknownCredential", "Rename", "portal", name, {"bearer": token, "name": "mine"})
    gateway.fails("UnknownCredential", "Remove", "portal", name, {"bearer": token})
    listed = gateway.call("List", "portal", {"bearer": token})
    assert [each["credentialId"] for each in listed["items"]] == [browser.encode(mine.id)]
    assert gateway.call("List", "portal", {"bearer": token, "credentialId": name})["items"] == []
    # A user name beside the token names nobody else.
    assert gateway.call("User", "portal", {"bearer": token, "userName": "u2"})["userId"] == "u1"
    _, options, _ = gateway.begin("Registration", "portal", bearer=token, userName="u2")
    assert browser.decode(options["user"]["id"]) == b"u1"


def test_a_token_does_not_rename_its_user(gateway, key):
    """Otherwise who knows a name could be asked for as its owner."""
    gateway.register("portal", "u1", browser.Passkey(), key, userName="one@example.org")
    token = gateway.token("portal", "u1", key)
    gateway.begin("Registration", "portal", bearer=token, userName="two@example.org")
    user = gateway.call("User", "portal", {"apiKey": key, "userId": "u1"})
    assert user["userName"] == "one@example.org"
    user = gateway.call("User", "portal", {"apiKey": key, "userName": "two@example.org"})
    assert not user["exists"]


# --- ceremonies ---------------------------------------------------------------------------------

def test_register_and_sign_in(gateway, key, machine):
    passkey = browser.Passkey()
    mark = machine.syslog.mark()
    made = gateway.register("portal", "u1", passkey, key, userName="one@example.org",
                            displayName="One")
    assert made["credential"]["credentialId"] == browser.encode(passkey.id)
    assert made["credential"]["userId"] == "u1" and made["credential"]["mfa"] is False
    assert made["user"] == {"userId": "u1", "userName": "one@example.org", "displayName": "One",
                            "passkeys": 1}
    assert made["tokens"]["token"].count(".") == 2
    assert browser.decode(passkey.user_handle) == b"u1"
    result = gateway.sign_in("portal", passkey)
    assert result["user"]["userId"] == "u1"
    claims = gateway.call("CheckToken", "portal", result["tokens"]["token"], {})
    assert claims["valid"] and claims["userId"] == "u1" and claims["approved"]
    machine.syslog.wait(r'enrolment for "?u1"? \(portal\): ok, .* through the gateway, for any '
                        r'purpose, by uid 2003', mark)
    machine.syslog.wait(r'sign-in of "?u1"? \(portal\): ok, .* through the gateway', mark)


def test_the_log_names_the_purpose(gateway, key, machine):
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    mark = machine.syslog.mark()
    identifier, options, _ = gateway.begin("Authentication", "portal", purpose="mfa")
    gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier,
                  browser.sign_in(options, passkey, spoil=True), {"purpose": "mfa"})
    machine.syslog.wait(r'sign-in of "?u1"? \(portal\): refused, signature-invalid.* through the '
                        r'gateway, for mfa, by uid 2003', mark)


def signed(gateway, rp, passkey, **options):
    identifier, made, _ = gateway.begin("Authentication", rp, **options)
    return identifier, browser.sign_in(made, passkey)


def test_a_challenge_is_used_once(gateway, key):
    passkey = browser.Passkey()
    identifier, options, _ = gateway.begin("Registration", "portal", userId="u1", apiKey=key)
    response = browser.register(options, passkey)
    gateway.finish("Registration", "portal", identifier, response)
    gateway.fails("UnknownChallenge", "FinishRegistration", "portal", identifier, response, {})
    identifier, response = signed(gateway, "portal", passkey)
    gateway.finish("Authentication", "portal", identifier, response)
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier, response, {})


@pytest.mark.parametrize("bad", ["{}", "nonsense", "[]", "spoiled"])
def test_a_challenge_is_gone_with_a_bad_answer(gateway, key, bad):
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, options, _ = gateway.begin("Authentication", "portal")
    answer = browser.sign_in(options, passkey, spoil=True) if bad == "spoiled" else bad
    gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier, answer, {})
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier,
                  browser.sign_in(options, passkey), {})


def test_a_challenge_is_of_its_relying_party(gateway, key):
    """To another one it does not exist; and there is nothing that another one could use up."""
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, response = signed(gateway, "portal", passkey)
    gateway.fails("UnknownChallenge", "FinishAuthentication", "shop", identifier, response, {})
    result = gateway.finish("Authentication", "portal", identifier, response)
    assert result["user"]["userId"] == "u1"


def test_a_challenge_is_of_its_purpose(gateway, key):
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    for begun, said in [("login", "mfa"), ("mfa", ""), ("", "login"), ("login", "LOGIN")]:
        presented = {"purpose": begun} if begun else {}
        identifier, response = signed(gateway, "portal", passkey, **presented)
        options = {"purpose": said} if said else {}
        error = "InvalidArguments" if said == "LOGIN" else "UnknownChallenge"
        gateway.fails(error, "FinishAuthentication", "portal", identifier, response, options)
        if error == "UnknownChallenge":
            gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier,
                          response, presented)
    identifier, response = signed(gateway, "portal", passkey, purpose="login")
    gateway.finish("Authentication", "portal", identifier, response, purpose="login")


def test_a_challenge_is_of_its_kind(gateway, key):
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, response = signed(gateway, "portal", passkey)
    gateway.fails("UnknownChallenge", "FinishRegistration", "portal", identifier, response, {})
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier, response, {})
    identifier, options, _ = gateway.begin("Registration", "portal", userId="u2", apiKey=key)
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier, "{}", {})
    gateway.fails("UnknownChallenge", "FinishRegistration", "portal", identifier,
                  browser.register(options, browser.Passkey()), {})


def test_a_challenge_expires(machine):
    machine.configure(CONFIGURATION.replace("name = The Portal", "name = The Portal\ntimeout = 10"))
    gateway = Gateway(machine.connect(USER))
    gateway.call("RelyingParties")
    key = api_key(machine, "portal")
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, made, expires = gateway.begin("Authentication", "portal", timeout=5000)
    assert made["timeout"] == 5000
    parts.wait_until(expires + 1)
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier,
                  browser.sign_in(made, passkey), {})


def test_what_the_browser_is_told_does_not_end_a_challenge(gateway, key):
    """An application shows a minute, and takes the answer that came after it."""
    for rp, seconds in (("portal", 300), ("signal", 600)):
        before = int(time.time())
        _, made, expires = gateway.begin("Authentication", rp, timeout=1000)
        assert made["timeout"] == 1000
        assert before + seconds <= expires <= int(time.time()) + seconds


def test_another_gateways_challenge(machine, gateway, key):
    """After [gateway] user was changed: what one user began no other one finishes."""
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, response = signed(gateway, "portal", passkey)
    machine.configure(CONFIGURATION.replace(f"user = {USER}", "user = dave"))
    mark = machine.syslog.mark()
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark)
    gateway.fails("AccessDenied", "FinishAuthentication", "portal", identifier, response, {})
    other = Gateway(machine.connect("dave"))
    other.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier, response, {})


def test_programs_and_gateways_ceremonies_are_apart(machine, gateway, key):
    """Neither is finished by the other's call, which would not ask for purpose and token."""
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    identifier, response = signed(gateway, "portal", passkey)
    gateway.connection.fails("UnknownChallenge", parts.RELYING_PARTY, "FinishAuthentication", "ss",
                             identifier, response)
    gateway.connection.fails("UnknownChallenge", parts.RELYING_PARTY, "Cancel", "s", identifier)
    root = machine.connect()
    root.fails("UnknownChallenge", parts.RELYING_PARTY, "FinishAuthentication", "ss", identifier,
               response)
    begun, options, _ = program_begins(root, "Authentication", "u1", rp="portal")
    gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", begun,
                  browser.sign_in(options, passkey), {})
    gateway.finish("Authentication", "portal", identifier, response)
    user, _ = program_finishes(root, "Authentication", begun, browser.sign_in(options, passkey))
    assert str(user) == "u1"


def test_begun_with_a_token(gateway, key):
    """Whoever began with one finishes with it, or with another of the same user."""
    first, second = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", first, key)
    gateway.register("portal", "u2", second, key)
    mine, theirs = gateway.token("portal", "u1", key), gateway.token("portal", "u2", key)
    for presented, error in [({"bearer": theirs}, "WrongToken"), ({}, "NotSignedIn")]:
        identifier, response = signed(gateway, "portal", first, bearer=mine)
        gateway.fails(error, "FinishAuthentication", "portal", identifier, response, presented)
        gateway.fails("UnknownChallenge", "FinishAuthentication", "portal", identifier, response,
                      {"bearer": mine})
    # A token that is none at all is no answer.
    identifier, response = signed(gateway, "portal", first, bearer=mine)
    gateway.fails("NotSignedIn", "FinishAuthentication", "portal", identifier, response,
                  {"bearer": "a.b.c"})
    result = gateway.finish("Authentication", "portal", identifier, response,
                            bearer=gateway.token("portal", "u1", key))
    assert result["user"]["userId"] == "u1"
    identifier, options, _ = gateway.begin("Registration", "portal", bearer=mine)
    gateway.fails("WrongToken", "FinishRegistration", "portal", identifier,
                  browser.register(options, browser.Passkey()), {"bearer": theirs})
    # A passkey that names its user itself must name the token's.
    identifier, response = signed(gateway, "portal", first)
    gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier, response,
                  {"bearer": theirs})


def test_a_token_takes_nobodys_name(gateway, key):
    """A user whom the application gave no name, and who is longer known than its owner."""
    gateway.register("portal", "u0", browser.Passkey(), key)
    gateway.register("portal", "u1", browser.Passkey(), key, userName="one@example.org")
    token = gateway.token("portal", "u0", key)
    gateway.begin("Registration", "portal", bearer=token, userName="one@example.org")
    user = gateway.call("User", "portal", {"apiKey": key, "userName": "one@example.org"})
    assert user["userId"] == "u1"
    assert "userName" not in gateway.call("User", "portal", {"apiKey": key, "userId": "u0"})
    gateway.begin("Registration", "portal", bearer=token, userName="zero@example.org")
    user = gateway.call("User", "portal", {"apiKey": key, "userName": "zero@example.org"})
    assert user["userId"] == "u0"


def test_who_is_to_confirm_does_not_choose_with_what(machine, gateway):
    """A token that says who is to confirm something is had by whoever knows the password: with it
    alone there is no second passkey, and the first one stays."""
    key = api_key(machine, "signal")
    passkey = browser.Passkey()
    token = gateway.token("signal", "u1", key, action="signIn")
    identifier, options, _ = gateway.begin("Registration", "signal", bearer=token)
    added = gateway.finish("Registration", "signal", identifier,
                           browser.register(options, passkey), bearer=token)
    name = added["credential"]["credentialId"]
    gateway.fails("AccessDenied", "BeginRegistration", "signal", {"bearer": token})
    gateway.fails("AccessDenied", "Rename", "signal", name, {"bearer": token, "name": "mine"})
    gateway.fails("AccessDenied", "Remove", "signal", name, {"bearer": token})
    # What the application allows, and what the passkey itself confirmed, are enough.
    allowed = gateway.token("signal", "u1", key, scope="read:authenticators add:authenticators")
    gateway.begin("Registration", "signal", bearer=allowed)
    gateway.fails("AccessDenied", "Remove", "signal", name, {"bearer": allowed})
    confirmed = gateway.sign_in("signal", passkey)["tokens"]["token"]
    gateway.begin("Registration", "signal", bearer=confirmed)
    gateway.call("Remove", "signal", name, {"bearer": confirmed})


def test_begun_for_one_and_answered_by_another(gateway, key):
    first, second = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", first, key)
    gateway.register("portal", "u2", second, key)
    identifier, response = signed(gateway, "portal", second, userId="u1", apiKey=key)
    message = gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier,
                            response, {})
    assert "credential-not-allowed" in message


# --- user handles and ids -----------------------------------------------------------------------

def test_a_user_handle_of_another_tenant(gateway, key, others_key):
    mine, theirs = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", mine, key)
    gateway.register("shop", "u2", theirs, others_key)
    for handle in (theirs.user_handle, browser.encode(b"nobody"), browser.encode(b"")):
        mine.user_handle = handle
        identifier, response = signed(gateway, "portal", mine)
        gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier,
                      response, {})
    identifier, made, _ = gateway.begin("Authentication", "portal")
    made["rpId"] = "portal.example.org"
    message = gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier,
                            browser.sign_in(made, theirs), {})
    assert "credential-not-allowed" in message


def test_the_same_user_id_at_two_tenants(gateway, key, others_key):
    mine, theirs = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", mine, key, userName="portal's")
    gateway.register("shop", "u1", theirs, others_key, userName="shop's")
    assert mine.user_handle == theirs.user_handle
    assert gateway.sign_in("portal", mine)["user"]["userName"] == "portal's"
    assert gateway.sign_in("shop", theirs)["user"]["userName"] == "shop's"


def test_the_same_credential_id_at_two_tenants(gateway, key, others_key):
    """A forged authenticator can do that. It is refused, and the first one's stays what it was."""
    mine, theirs = browser.Passkey(), browser.Passkey()
    theirs.id = mine.id
    gateway.register("portal", "u1", mine, key)
    identifier, options, _ = gateway.begin("Registration", "shop", userId="u1", apiKey=others_key)
    gateway.fails("AlreadyEnrolled", "FinishRegistration", "shop", identifier,
                  browser.register(options, theirs), {})
    assert gateway.sign_in("portal", mine)["user"]["userId"] == "u1"


@pytest.mark.parametrize("user", ["a", "sixteen bytes id", "x" * 64, "ü" * 32, "0" * 16])
def test_user_ids_are_user_handles(gateway, key, user):
    passkey = browser.Passkey()
    gateway.register("portal", user, passkey, key)
    assert browser.decode(passkey.user_handle).decode() == user
    assert gateway.sign_in("portal", passkey)["user"]["userId"] == user


@pytest.mark.parametrize("user", ["", "x" * 65, "ü" * 33, "a\nb", "a\x7f"])
def test_user_ids_that_cannot_be_handles(gateway, key, user):
    for member in ("BeginRegistration", "IssueToken"):
        gateway.fails("InvalidArguments", member, "portal", {"userId": user, "apiKey": key})


# --- what is more -------------------------------------------------------------------------------

def test_transaction_ids_are_used_once(gateway, key, others_key):
    passkey = browser.Passkey()
    gateway.register("portal", "u1", passkey, key)
    gateway.register("shop", "u1", browser.Passkey(), others_key)
    asked = {"userId": "u1", "transactionId": "t-1", "transactionData": '{"sum":7}'}
    identifier, options, _ = gateway.begin("Authentication", "portal", apiKey=key, byChallenge=True,
                                           purpose="transaction", **asked)
    assert identifier == options["challenge"] and len(browser.decode(identifier)) == 64
    gateway.fails("Exists", "BeginAuthentication", "portal", dict(asked, apiKey=key))
    result = gateway.finish("Authentication", "portal", identifier,
                            browser.sign_in(options, passkey), purpose="transaction")
    assert result["transactionId"] == "t-1"
    claims = gateway.call("CheckToken", "portal", result["tokens"]["token"], {})["claims"]
    assert claims["trans"] == "t-1"
    gateway.fails("Exists", "BeginAuthentication", "portal", dict(asked, apiKey=key))
    # Another tenant's are its own.
    gateway.begin("Authentication", "shop", apiKey=others_key, **asked)
    listed = gateway.call("Transactions", "portal", {"apiKey": key, "userId": "u1"})
    assert [(each["transactionId"], each["transactionData"]) for each in listed] == \
        [("t-1", '{"sum":7}')]
    for wrong in ({"transactionId": ""}, {"transactionId": "x" * 129}, {"transactionData": ""}):
        gateway.fails("InvalidArguments", "BeginAuthentication", "portal",
                      dict(asked, apiKey=key, **wrong))


def test_a_second_factor_is_none_by_itself(gateway, key):
    first, second = browser.Passkey(), browser.Passkey()
    gateway.register("portal", "u1", first, key)
    made = gateway.register("portal", "u1", second, key, mfa=True)
    assert made["credential"]["mfa"] is True
    identifier, response = signed(gateway, "portal", second)
    gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier, response, {})
    named = {"userId": "u1", "apiKey": key}
    identifier, options, _ = gateway.begin("Authentication", "portal", **named)
    assert [each["id"] for each in options["allowCredentials"]] == [browser.encode(first.id)]
    gateway.fails("VerificationFailed", "FinishAuthentication", "portal", identifier,
                  browser.sign_in(options, second), {})
    identifier, options, _ = gateway.begin("Authentication", "portal", mfa=True, **named)
    assert len(options["allowCredentials"]) == 2
    assert gateway.finish("Authentication", "portal", identifier, browser.sign_in(options, second))
    gateway.fails("InvalidArguments", "BeginAuthentication", "portal", {"mfa": True})


@pytest.mark.parametrize("rp", ["signal", "union"])
def test_names_that_nobody_has(machine, gateway, rp):
    """Where names are asked for first, an unknown one gets options like one without passkeys; and
    nobody is signed in by them, whoever answers."""
    key = api_key(machine, rp)
    if rp == "union":
        shared_key(machine, rp)
    passkey = browser.Passkey()
    gateway.register(rp, "u1", passkey, key, userName="one@example.org")
    gateway.call("IssueToken", rp, {"userId": "u2", "userName": "two@example.org", "apiKey": key})
    for name in ("nobody@example.org", "two@example.org"):
        identifier, options, _ = gateway.begin("Authentication", rp, userName=name)
        assert not options.get("allowCredentials")
        gateway.fails("VerificationFailed", "FinishAuthentication", rp, identifier,
                      browser.sign_in(options, passkey), {})
    assert gateway.sign_in(rp, passkey, userName="one@example.org")["user"]["userId"] == "u1"


def test_what_a_name_tells_at_the_cloud(machine, gateway):
    shared_key(machine, "files")
    key = api_key(machine, "files")
    gateway.register("files", "u1", browser.Passkey(), key, userName="one@example.org")
    assert gateway.call("User", "files", {"userName": "one@example.org"}) == \
        {"exists": True, "passkeys": 1}
    assert gateway.call("User", "files", {"userName": "two@example.org"}) == \
        {"exists": False, "passkeys": 0}


def test_names_of_passkeys(gateway, key):
    """One name for many passkeys gets numbers; what is renamed by a person is taken as it is."""
    passkeys = [browser.Passkey() for _ in range(2)]
    for passkey in passkeys:
        identifier, options, _ = gateway.begin("Registration", "portal", userId="u1", apiKey=key)
        gateway.finish("Registration", "portal", identifier, browser.register(options, passkey),
                       name="Firefox on Linux")
    items = gateway.call("List", "portal", {"apiKey": key, "oldestFirst": True})["items"]
    assert [each["name"] for each in items] == ["Firefox on Linux", "Firefox on Linux 2"]
    first, second = (browser.encode(passkey.id) for passkey in passkeys)
    gateway.fails("NameTaken", "Rename", "portal", first, {"apiKey": key,
                                                           "name": "Firefox on Linux 2"})
    renamed = gateway.call("Rename", "portal", first, {"apiKey": key, "name": "mine"})
    assert renamed["name"] == "mine"
    gateway.call("Remove", "portal", second, {"apiKey": key})
    assert gateway.call("List", "portal", {"apiKey": key})["total"] == 1


def test_pages(gateway, key):
    names = []
    for number in range(5):
        passkey = browser.Passkey()
        gateway.register("portal", f"u{number}", passkey, key)
        names.append(browser.encode(passkey.id))
    def page(**options):
        listed = gateway.call("List", "portal", dict(options, apiKey=key))
        return [names.index(each["credentialId"]) for each in listed["items"]], listed["total"]
    assert page(oldestFirst=True) == ([0, 1, 2, 3, 4], 5)
    assert page(oldestFirst=True, offset=1, limit=2) == ([1, 2], 5)
    assert page(offset=4, limit=2) == ([0], 5)
    assert page(offset=9, limit=2) == ([], 5)


def test_options_are_checked(gateway, key):
    for member, *arguments in calls("portal", {"apiKey": key}):
        if member == "Keys":
            continue
        *front, options = arguments
        for wrong in ({"unknown": "x"}, {"purpose": "two words"}, {"purpose": "x" * 33},
                      {"purpose": True}, {"apiKey": True}):
            gateway.fails("InvalidArguments", member, *front, dict(options, **wrong))


def test_a_call_without_an_interface_is_not_the_gateways(gateway):
    """libdbus lets a caller leave it out; the bus's policy does not pass such a call on, or it is
    that of another interface."""
    with pytest.raises(Exception, match="AccessDenied|InvalidArguments|UnknownMethod"):
        gateway.connection.bus.call_blocking(parts.NAME, parts.PATH, None, "RelyingParties", "", ())


def test_introspection_has_it(gateway):
    xml = str(gateway.connection.call("org.freedesktop.DBus.Introspectable", "Introspect"))
    assert re.search(f'interface name="{GATEWAY}"', xml)
