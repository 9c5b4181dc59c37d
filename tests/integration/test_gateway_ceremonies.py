# SPDX-License-Identifier: BSD-2-Clause
"""Ceremonies over HTTP with passkey-gateway and the daemon behind it, by the standard dialect.

Were this broken, web applications could not register and sign in, or somebody could with less than
it takes.
"""

import json
import os
import pwd
import shutil
import tempfile

import pytest

import gateway_process as process
import machine as parts
import webauthn_client as browser

bus = pytest.importorskip("gateway")
if not hasattr(bus, "CONFIGURATION"):  # the folder of that name
    pytest.skip("the daemon has no Gateway1", allow_module_level=True)
ORIGIN = "https://portal.example.org"


@pytest.fixture(name="folder")
def folder_fixture():
    """That the gateway's user owns."""
    folder = tempfile.mkdtemp(dir="/run")
    entry = pwd.getpwnam(bus.USER)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    yield folder
    shutil.rmtree(folder)


def start(machine, folder, daemon):
    machine.configure(bus.CONFIGURATION)
    if daemon != "bus":
        bus.Gateway(machine.connect(bus.USER)).call("RelyingParties")  # the bus starts it
    return process.Gateway(folder, daemon=daemon, wait_for="serves portal",
                           become=parts.become(bus.USER))


@pytest.fixture(name="served", params=["/run/passkeyd/socket", "bus"])
def served_fixture(machine, folder, request):
    served = start(machine, folder, request.param)
    yield served
    served.close()


@pytest.fixture(name="key")
def key_fixture(machine, served):
    return {"X-API-Key": bus.api_key(machine, "portal")}


def ask(served, method, path, body=None, headers=(), expected=200):
    status, _, text = served.ask(method, "/portal" + path, body, headers)
    assert status == expected, text
    return json.loads(text) if text else None


def register(served, passkey, headers, **wishes):
    begun = ask(served, "POST", "/registration/options", wishes, headers)
    answer = json.loads(browser.register(begun["publicKey"], passkey))
    return ask(served, "POST", "/registration", {"id": begun["id"], "credential": answer},
               headers, 201)


def sign_in(served, passkey, expected=200, headers=(), **wishes):
    begun = ask(served, "POST", "/authentication/options", wishes, headers)
    answer = json.loads(browser.sign_in(begun["publicKey"], passkey))
    body = {"id": begun["id"], "credential": answer}
    return ask(served, "POST", "/authentication", body, (), expected), body


def test_a_user_of_an_application(served, key):
    passkey = browser.Passkey()
    made = register(served, passkey, key, userId="jo", userName="jo@example.org")
    assert made["credential"]["credentialId"] == browser.encode(passkey.id)
    assert made["user"]["userName"] == "jo@example.org"
    signed, body = sign_in(served, passkey)
    assert signed["user"]["userId"] == "jo" and signed["tokens"]["token"].count(".") == 2
    used = ask(served, "POST", "/authentication", body, (), 409)
    assert used["reason"] == "challenge-unknown"
    assert ask(served, "GET", "/.well-known/jwks.json")["keys"]
    listed = ask(served, "GET", "/credentials?userId=jo", None, key)
    assert listed["total"] == 1
    path = "/credentials/" + listed["items"][0]["credentialId"]
    assert ask(served, "PATCH", path, {"name": "red"}, key)["name"] == "red"
    assert ask(served, "GET", path, None, key)["name"] == "red"
    ask(served, "DELETE", path, None, key, 204)
    ask(served, "GET", path, None, key, 404)
    sign_in(served, passkey, 422)


def test_a_token_is_for_its_user_alone(served, key):
    passkey = browser.Passkey()
    token = ask(served, "POST", "/tokens", {"userId": "jo", "userName": "jo"}, key)["token"]
    bearer = {"Authorization": "Bearer " + token}
    register(served, passkey, bearer)
    register(served, browser.Passkey(), key, userId="ann", userName="ann")
    assert ask(served, "GET", "/credentials", None, bearer)["total"] == 1
    ask(served, "GET", "/credentials?userId=ann", None, bearer, 403)
    ask(served, "POST", "/registration/options", {"userId": "ann"}, bearer, 403)


@pytest.mark.parametrize("headers", [{"X-API-Key": "x" * 88}, {"Authorization": "Bearer a.b.c"}])
def test_wrong_keys_and_tokens(served, headers):
    for method, path, body in (("POST", "/registration/options", {"userId": "jo"}),
                               ("GET", "/credentials", None), ("DELETE", "/credentials/AAAA", None),
                               ("POST", "/authentication/options", {"userId": "jo"})):
        ask(served, method, path, body, headers, 401)


def test_another_relying_partys_key(machine, served):
    ask(served, "GET", "/credentials", None, {"X-API-Key": bus.api_key(machine, "shop")}, 401)


def test_answers_that_do_not_verify(served, key):
    passkey = browser.Passkey()
    register(served, passkey, key, userId="jo", userName="jo")
    begun = ask(served, "POST", "/authentication/options", {})
    for origin, spoil, reason in (("https://evil.example", False, "origin-mismatch"),
                                  (ORIGIN, True, "signature-invalid")):
        begun = ask(served, "POST", "/authentication/options", {})
        answer = json.loads(browser.sign_in(begun["publicKey"], passkey, origin, spoil=spoil))
        refused = ask(served, "POST", "/authentication",
                      {"id": begun["id"], "credential": answer}, (), 422)
        assert refused["reason"] == reason


def test_nobody_but_its_user_may(machine, folder):
    """Run by anybody else it gets nothing, and says so."""
    machine.configure(bus.CONFIGURATION)
    os.chown(folder, 0, 0)
    served = process.Gateway(folder, daemon="bus", wait_for="are not known")
    try:
        assert served.ask("POST", "/portal/authentication/options", {})[0] == 503
    finally:
        served.close()
