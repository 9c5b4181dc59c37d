# SPDX-License-Identifier: BSD-2-Clause
"""The four services' calls by passkey-gateway, with the daemon behind it.

Were this broken, applications that speak to such a service could not use this relying party.
"""

import base64
import json
import os
import pwd
import shutil
import tempfile
import time
import urllib.parse

import pytest

import gateway_process as process
import machine as parts
import webauthn_client as browser

bus = pytest.importorskip("gateway")  # the daemon's side
HANKO = "/" + bus.TENANT


@pytest.fixture(name="folder")
def folder_fixture():
    folder = tempfile.mkdtemp(dir="/run")
    entry = pwd.getpwnam(bus.USER)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(name="served")
def served_fixture(machine, folder):
    machine.configure(bus.CONFIGURATION)
    bus.Gateway(machine.connect(bus.USER)).call("RelyingParties")
    served = process.Gateway(folder, daemon="/run/passkeyd/socket", wait_for="serves hanko",
                             become=parts.become(bus.USER))
    yield served
    served.close()


def ask(served, method, path, body=None, headers=(), expected=200):
    status, _, text = served.ask(method, path, body, headers)
    assert status == expected, text
    return json.loads(text) if text else None


def made(options, passkey):
    return json.loads(browser.register(options, passkey))


def signed(options, passkey):
    return json.loads(browser.sign_in(options, passkey))


def snake(credential):
    names = {"rawId": "raw_id", "clientDataJSON": "client_data_json", "userHandle": "user_handle",
             "attestationObject": "attestation_object", "authenticatorData": "authenticator_data"}
    return {names.get(name, name): snake(value) if name == "response" else value
            for name, value in credential.items()}


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_hanko(machine, served):
    key = {"apiKey": bus.api_key(machine, "hanko")}
    passkey = browser.Passkey()
    user = {"user_id": "0123456789abcdef", "username": "ann"}
    begun = ask(served, "POST", HANKO + "/registration/initialize", user, key)["publicKey"]
    assert [each["alg"] for each in begun["pubKeyCredParams"]] == \
        [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8]
    answer = made(begun, passkey)
    token = ask(served, "POST", HANKO + "/registration/finalize", answer)["token"]
    assert claims(token)["sub"] == user["user_id"]
    ask(served, "POST", HANKO + "/registration/finalize", answer, (), 400)
    for body, headers in ((None, ()), ({"user_id": user["user_id"]}, key)):
        begun = ask(served, "POST", HANKO + "/login/initialize", body, headers)["publicKey"]
        answer = signed(begun, passkey)
        token = ask(served, "POST", HANKO + "/login/finalize", answer)["token"]
        assert claims(token)["cred"] == browser.encode(passkey.id)
        used = ask(served, "POST", HANKO + "/login/finalize", answer, (), 401)
        assert used["title"] == "failed to get session data"
    begun = ask(served, "POST", HANKO + "/transaction/initialize",
                dict(user, transaction_id="t1", transaction_data={"amount": 12.5}), key)
    token = ask(served, "POST", HANKO + "/transaction/finalize",
                signed(begun["publicKey"], passkey), key)["token"]
    assert claims(token)["trans"] == "t1"
    listed = ask(served, "GET", HANKO + "/credentials?user_id=" + user["user_id"], None, key)
    assert len(listed) == 1
    path = HANKO + "/credentials/" + listed[0]["id"]
    ask(served, "PATCH", path, {"name": "red"}, key, 204)
    assert ask(served, "GET", path, None, key)["name"] == "red"
    ask(served, "DELETE", path, None, key, 204)
    ask(served, "GET", path, None, key, 404)
    assert ask(served, "GET", HANKO + "/.well-known/jwks.json")["keys"]


def test_hanko_tells_who_comes_too_late(machine, folder):
    """A challenge's time passed: other words than for one that never was."""
    machine.configure(bus.CONFIGURATION.replace("http = hanko\n", "http = hanko\ntimeout = 10\n"))
    bus.Gateway(machine.connect(bus.USER)).call("RelyingParties")
    served = process.Gateway(folder, daemon="/run/passkeyd/socket", wait_for="serves hanko",
                             become=parts.become(bus.USER))
    try:
        key = {"apiKey": bus.api_key(machine, "hanko")}
        user = {"user_id": "u-1", "username": "ann"}
        begun = ask(served, "POST", HANKO + "/registration/initialize", user, key)["publicKey"]
        answers = [("registration", made(begun, browser.Passkey()), 400, "attestation")]
        begun = ask(served, "POST", HANKO + "/login/initialize")["publicKey"]
        answers.append(("login", signed(begun, browser.Passkey()), 401, "assertion"))
        parts.wait_until(time.time() + 11)
        for operation, answer, status, what in answers:
            path = HANKO + f"/{operation}/finalize"
            late = ask(served, "POST", path, answer, (), status)
            assert late["title"] == f"failed to validate {what}"
            assert late["details"] == "Session has Expired"
            again = ask(served, "POST", path, answer, (), status)
            assert again["details"] != "Session has Expired"
    finally:
        served.close()


# What they refuse for, of a caller whom nobody knows and whose body is none.
STRANGERS = [
    ("POST", HANKO + "/registration/initialize", {"apiKey": "x" * 88}, "The api key is invalid"),
    ("PATCH", HANKO + "/credentials/AAAA", {"apiKey": "x" * 88}, "The api key is invalid"),
    ("POST", "/api/v4/user/authn", {"Authorization": "Bearer a.b.c"}, "Login required"),
    ("POST", "/v1/client/user-authenticators/passkey", {"Authorization": "Bearer a.b.c"},
     "invalid_token"),
    ("POST", "/v1/validate", {"Authorization": "Basic d3Jvbmc6"}, "unauthorized"),
    ("POST", "/bff/mfa/api/v1/mfa/webauthn/credentials/register/verify",
     {"Authorization": "Bearer a.b.c"}, "unauthorized"),
    ("POST", "/portal/tokens", {"X-API-Key": "x" * 88}, "not-signed-in"),
]


@pytest.mark.parametrize("method,path,headers,word", STRANGERS)
def test_who_calls_is_judged_before_what_is_said(machine, served, method, path, headers, word):
    bus.shared_key(machine, "files")
    bus.shared_key(machine, "union")
    for body in (b"{", b"{}", b"[]"):
        status, _, text = served.ask(method, path, body, {**headers,
                                                          "Content-Type": "application/json"})
        assert status == (200 if "/api/v4" in path else 401), text
        assert word in text, text


def test_cloudreve(machine, served):
    bus.shared_key(machine, "files")
    key = bus.api_key(machine, "files")
    token = bus.Gateway(machine.connect(bus.USER)).token("files", "lpua", key,
                                                         userName="ann@example.org")
    bearer = {"Authorization": "Bearer " + token}
    passkey = browser.Passkey()
    begun = ask(served, "PUT", "/api/v4/user/authn", None, bearer)
    assert begun["code"] == 0, begun
    body = {"response": json.dumps(made(begun["data"]["publicKey"], passkey)),
            "name": "{browser} on {os}", "ua": "curl"}
    added = ask(served, "POST", "/api/v4/user/authn", body, bearer)
    assert added["code"] == 0 and added["data"]["name"] == "Other on Other", added
    begun = ask(served, "PUT", "/api/v4/session/authn")["data"]
    body = {"response": json.dumps(signed(begun["options"]["publicKey"], passkey)),
            "session_id": begun["session_id"]}
    result = ask(served, "POST", "/api/v4/session/authn", body)
    assert result["code"] == 0 and result["data"]["user"]["id"] == "lpua", result
    assert ask(served, "POST", "/api/v4/session/authn", body)["code"] == 404
    prepared = ask(served, "GET", "/api/v4/session/prepare?email=ann%40example.org")
    assert prepared["data"]["webauthn_enabled"] is True
    assert len(ask(served, "GET", "/api/v4/user/setting", None, bearer)["data"]["passkeys"]) == 1
    path = "/api/v4/user/authn?id=" + urllib.parse.quote(added["data"]["id"], safe="")
    assert ask(served, "DELETE", path, None, bearer)["code"] == 0
    assert ask(served, "DELETE", path, None, bearer)["code"] == 404


def test_authsignal(machine, served):
    secret = {"Authorization": "Basic " + base64.b64encode(
        (bus.api_key(machine, "signal") + ":").encode()).decode()}
    tenant = {"Authorization": "Basic " + base64.b64encode(b"tenant-7").decode()}
    tracked = ask(served, "POST", "/v1/users/u-43/actions/signIn", {"username": "ann"}, secret)
    bearer = {"Authorization": "Bearer " + tracked["token"]}
    passkeys = "/v1/client/user-authenticators/passkey"
    passkey = browser.Passkey()
    begun = ask(served, "POST", passkeys + "/registration-options", {}, bearer)
    assert [each["alg"] for each in begun["options"]["pubKeyCredParams"]] == [-8, -7, -257]
    added = ask(served, "POST", passkeys, {"challengeId": begun["challengeId"],
                "registrationCredential": made(begun["options"], passkey)}, bearer)
    assert added["isVerified"] is True and added["userId"] == "u-43"
    given = ask(served, "POST", "/v1/client/challenge", {"action": "signIn"}, tenant)
    begun = ask(served, "POST", passkeys + "/authentication-options", given, tenant)
    body = {"challengeId": begun["challengeId"],
            "authenticationCredential": signed(begun["options"], passkey)}
    result = ask(served, "POST", "/v1/client/verify/passkey", body, tenant)
    assert result["isVerified"] is True
    ask(served, "POST", "/v1/client/verify/passkey", body, tenant, 400)
    checked = ask(served, "POST", "/v1/validate", {"token": result["accessToken"]}, secret)
    assert checked["isValid"] is True and checked["userId"] == "u-43", checked
    checked = ask(served, "POST", "/v1/validate", {"token": tracked["token"]}, secret)
    assert checked["isValid"] is False
    listed = ask(served, "GET", "/v1/client/user-authenticators", None, bearer)
    path = "/v1/users/u-43/authenticators/" + listed[0]["userAuthenticatorId"]
    ask(served, "DELETE", path, None, secret)
    ask(served, "DELETE", path, None, secret, 404)


def test_autional(machine, served):
    bus.shared_key(machine, "union")
    key = bus.api_key(machine, "union")
    token = bus.Gateway(machine.connect(bus.USER)).token("union", "usr_01", key,
                                                         userName="ann@example.org")
    bearer = {"Authorization": "Bearer " + token}
    factors = "/bff/mfa/api/v1/mfa/webauthn/credentials"
    passkey = browser.Passkey()
    begun = ask(served, "POST", factors + "/register", {}, bearer)["data"]["publicKey"]
    item = ask(served, "POST", factors + "/register/verify", snake(made(begun, passkey)), bearer)
    assert ask(served, "GET", factors, None, bearer)["total"] == 1
    path = factors + "/" + item["data"]["id"]
    assert ask(served, "PUT", path, {"name": "red"}, bearer)["data"]["name"] == "red"
    ask(served, "DELETE", path, None, bearer, 204)
    ask(served, "DELETE", path, None, bearer, 404)
