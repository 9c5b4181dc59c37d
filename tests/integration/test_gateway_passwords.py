# SPDX-License-Identifier: BSD-2-Clause
"""Users of an Autional application give their password again before options: the application says
whether it was right, and the daemon believes what the application has signed.

Were this broken, whoever has somebody's token, or the gateway, could add a passkey to the account.
"""

import concurrent.futures
import contextlib
import datetime
import json
import os
import pwd
import shutil
import signal
import tempfile
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import application as app
import gateway_process as process
import machine as parts
import namespace
import webauthn_client as browser

bus = pytest.importorskip("gateway")  # the daemon's side
AUTH = "/bff/identity-service/api/v1/auth/webauthn"
PASSWORD = "wuthering-0xf00d"
WRONG = "not-" + PASSWORD
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # those that libcurl believes


@pytest.fixture(name="union")
def union_fixture(machine):
    """The application, whose relying party the daemon has."""
    union = app.Application(os.urandom(24).hex(), PASSWORD)
    configure(machine, f"password-check = application\npassword-url = {union.url}\n")
    import_key(machine, "union", union.key)
    yield union
    union.close()


@contextlib.contextmanager
def serving(machine):
    folder = tempfile.mkdtemp(dir="/run")
    entry = pwd.getpwnam(bus.USER)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    bus.Gateway(machine.connect(bus.USER)).call("RelyingParties")
    served = process.Gateway(folder, daemon="/run/passkeyd/socket", wait_for="serves union",
                             limits="stop-seconds = 1", become=parts.become(bus.USER))
    try:
        yield served
    finally:
        served.close()
        shutil.rmtree(folder)


@pytest.fixture(name="served")
def served_fixture(machine, union):
    del union  # it is there first
    with serving(machine) as served:
        yield served


def configure(machine, settings):
    kind = "http = autional\n"
    machine.configure(bus.CONFIGURATION.replace(kind, kind + settings))


def import_key(machine, rp, key):
    machine.connect().call(parts.KEYS, "ImportKey", "sa{sv}", rp,
                           parts.vardict({"secret": parts.secret(key)}))


def token_of(union, user):
    """As the application makes them."""
    return app.sign({"token_type": "access", "sub": user, "exp": int(time.time()) + 600}, union.key)


def bearer(union, user):
    return {"Authorization": "Bearer " + token_of(union, user)}


def ask(served, path, body, headers=(), expected=200):
    status, _, text = served.ask("POST", AUTH + path, body, headers)
    assert status == expected, text
    return json.loads(text)


def begin(served, headers, password=PASSWORD, expected=200, **more):
    body = dict(more, user_name="a label", password=password)
    return ask(served, "/register/begin", body, headers, expected)


def snake(credential):
    names = {"rawId": "raw_id", "clientDataJSON": "client_data_json", "userHandle": "user_handle",
             "attestationObject": "attestation_object", "authenticatorData": "authenticator_data"}
    if isinstance(credential, dict):
        return {names.get(name, name): snake(value) for name, value in credential.items()}
    return credential


def made(begun, passkey):
    return snake(json.loads(browser.register(begun["data"]["publicKey"], passkey)))


def signed(begun, passkey):
    return snake(json.loads(browser.sign_in(begun["data"]["publicKey"], passkey)))


def register(served, headers, passkey):
    begun = begin(served, headers)
    return ask(served, "/register/complete", {"credential": made(begun, passkey)}, headers)


def test_who_gives_the_password_registers_and_steps_up(served, union):
    headers, passkey = bearer(union, "usr_01"), browser.Passkey()
    begun = begin(served, headers, password_transmission="symmetric")
    assert begun["data"]["publicKey"]["user"]["name"] == "a label"
    question = union.asked[0]
    assert question["password"] == PASSWORD and question["password_transmission"] == "symmetric"
    claims = question["question"]
    assert claims["sub"] == "usr_01" and claims["purpose"] == "registration"
    assert claims["iss"] == "https://union.example.org" and claims["aud"] == union.url
    assert 0 < claims["exp"] - claims["iat"] <= 60
    done = ask(served, "/register/complete", {"credential": made(begun, passkey)}, headers)
    assert len(set(done["data"]["recovery_codes"])) == 10
    begun = ask(served, "/login/begin", {"password": PASSWORD}, headers)
    assert union.asked[1]["question"]["purpose"] == "step-up"
    assert "password_transmission" not in union.asked[1]
    assert ask(served, "/login/complete", signed(begun, passkey), headers)["code"] == 0


def test_codes_that_are_written_down_stay_good(served, union):
    """Only who has none gets some."""
    headers = bearer(union, "usr_01")
    assert "data" in register(served, headers, browser.Passkey())
    assert "data" not in register(served, headers, browser.Passkey())


def use_code(served, key, user, code, expected=200):
    status, _, text = served.ask("POST", AUTH.replace("auth/webauthn", "recovery-codes/use"),
                                 {"user_id": user, "code": code}, {"apiKey": key})
    assert status == expected, text
    return json.loads(text)


def test_the_application_may_take_a_code_once(machine, served, union):
    """And nobody else may: neither the user's own token, nor another application."""
    headers, key = bearer(union, "usr_01"), bus.api_key(machine, "union")
    codes = register(served, headers, browser.Passkey())["data"]["recovery_codes"]
    theirs = register(served, bearer(union, "usr_02"), browser.Passkey())["data"]["recovery_codes"]
    assert use_code(served, key, "usr_01", theirs[0], 400)["code"] == 40000605
    assert use_code(served, key, "usr_01", codes[0].lower().replace("-", ""))["data"]["left"] == 9
    use_code(served, key, "usr_01", codes[0], 400)
    use_code(served, key, "usr_03", codes[1], 404)
    use_code(served, bus.api_key(machine, "files"), "usr_01", codes[1], 401)
    gateway = bus.Gateway(machine.connect(bus.USER))
    options = {"userId": "usr_01", "code": codes[1]}
    gateway.fails("AccessDenied", "UseRecoveryCode", "union",
                  dict(options, bearer=token_of(union, "usr_01")))
    gateway.fails("NotSignedIn", "UseRecoveryCode", "union", options)
    gateway.fails("InvalidArguments", "UseRecoveryCode", "union", {"apiKey": key, "code": codes[1]})
    gateway.fails("InvalidArguments", "UseRecoveryCode", "union",
                  {"apiKey": key, "userId": "usr_01"})
    assert use_code(served, key, "usr_01", codes[1])["data"]["left"] == 8
    machine.syslog.wait(r"RECOVERY CODE USED of usr_01 \(union\), through the gateway")
    assert codes[1] not in machine.syslog.text()


def test_the_email_is_the_applications_word(served, union):
    """What users call themselves is a label: not their e-mail in tokens, nor a name to ask for."""
    headers, passkey = bearer(union, "usr_01"), browser.Passkey()
    union.change = lambda claims, answer: {name: value for name, value in answer.items()
                                           if name != "email"}
    register(served, headers, passkey)
    begun = ask(served, "/authenticate/begin", {})
    user = ask(served, "/authenticate/complete", {"credential": signed(begun, passkey)})
    assert "email" not in user["data"]["user"] and "user_name" not in user["data"]["user"]
    begun = ask(served, "/authenticate/begin", {"email": "a label"})
    assert begun["data"]["publicKey"]["allowCredentials"] == []
    union.change = lambda claims, answer: answer
    register(served, headers, browser.Passkey())
    begun = ask(served, "/authenticate/begin", {"email": "usr_01@example.org"})
    assert len(begun["data"]["publicKey"]["allowCredentials"]) == 2
    user = ask(served, "/authenticate/complete", {"credential": signed(begun, passkey)})
    assert user["data"]["user"]["email"] == "usr_01@example.org"


def test_wrong_passwords_are_counted_by_user(machine, served, union):
    first, second = bearer(union, "usr_01"), bearer(union, "usr_02")
    for _ in range(8):
        begin(served, first)  # those that are right do not count
    for _ in range(5):
        refused = begin(served, first, WRONG, 401)
        assert (refused["code"], refused["message"]) == (40000502, "invalid password")
    assert begin(served, first, PASSWORD, 429)["code"] == 42900000
    ask(served, "/login/begin", {"password": PASSWORD}, first, 429)
    begin(served, second)
    machine.syslog.wait("wrong, says the application: the password of usr_01, at union, for regis")
    machine.syslog.mark()
    assert PASSWORD not in machine.syslog.text()


@pytest.mark.parametrize("answer", [
    (500, {}, b""), (302, {"Location": "http://127.0.0.1:1/"}, b""), (200, {}, b"yes"),
    (200, {}, b"{}"), (200, {}, b'{"answer":true}'), (200, {}, b'{"answer":"%s"}' % (b"a" * 9000)),
    (200, {}, b" " * 100000 + b'{"answer":"a.b.c"}'), (204, {}, b""),
])
def test_an_application_that_does_not_answer_lets_nobody_in(served, union, answer):
    union.change = lambda *_: answer
    assert begin(served, bearer(union, "usr_01"), PASSWORD, 503)["code"] == 50300000
    served.wait("the application was asked about a password: ")


def test_an_application_that_is_away(served, union):
    union.close()
    begin(served, bearer(union, "usr_01"), PASSWORD, 503)


def certificate_of(name, path):
    """A file with its private key; the text of the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcfromtimestamp(time.time())
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256())).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(made + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return made.decode()


@pytest.mark.parametrize("name,trusted,status", [
    ("localhost", True, 200), ("localhost", False, 503), ("elsewhere.example.org", True, 503),
])
def test_https_is_by_the_systems_certificates(machine, tmp_path, name, trusted, status):
    certificate = certificate_of(name, tmp_path / "tls.pem")
    before = ""  # a computer without ca-certificates
    with contextlib.suppress(FileNotFoundError), open(CERTIFICATES, encoding="utf-8") as file:
        before = file.read()
    union = app.Application(os.urandom(24).hex(), PASSWORD, certificate=tmp_path / "tls.pem")
    configure(machine, f"password-check = application\npassword-url = {union.url}\n")
    import_key(machine, "union", union.key)
    try:
        namespace.write(CERTIFICATES, before + (certificate if trusted else ""))
        with serving(machine) as served:
            begin(served, bearer(union, "usr_01"), PASSWORD, status)
    finally:
        namespace.write(CERTIFICATES, before)
        union.close()
    assert len(union.asked) == (status == 200)


def test_a_slow_application_holds_up_nobody(served, union):
    """Nor, once stop-seconds are over, does it keep the gateway from ending."""
    asked, go_on = threading.Event(), threading.Event()

    def wait(_, answer):
        asked.set()
        assert go_on.wait(process.PATIENCE)
        return answer

    union.change = wait
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(begin, served, bearer(union, "usr_01"))
        assert asked.wait(process.PATIENCE)
        ask(served, "/authenticate/begin", {})
        assert not slow.done()
        go_on.set()
        slow.result()
        asked.clear()
        go_on.clear()
        slow = pool.submit(begin, served, bearer(union, "usr_01"), PASSWORD, 503)
        assert asked.wait(process.PATIENCE)
        assert served.stop() == 0
        slow.result()
    go_on.set()


def answers_not_to_be_believed(union):
    """What an application, or who stands before it, might say in place of a signed yes."""
    def signed_by_another(_, answer):
        return app.sign(answer, "another" * 8)

    def without_signature(_, answer):
        return app.sign(answer, union.key, {"alg": "none"}).rpartition(".")[0] + "."

    def another_algorithm(_, answer):
        return app.sign(answer, union.key, {"alg": "HS512", "typ": "JWT"})

    def an_access_token(claims, _):
        return token_of(union, claims["sub"])

    def changed(**members):
        def change(_, answer):
            return {name: value for name, value in dict(answer, **members).items()
                    if value is not None}
        return change

    return [(500, change) for change in (
        signed_by_another, without_signature, another_algorithm, an_access_token,
        lambda claims, _: dict(claims, right=True), changed(exp=int(time.time())),
        changed(exp=None), changed(right=None), changed(right="true"), changed(right=1),
        changed(sub=None), changed(sub="usr_02"), changed(nonce=None),
        changed(token_type="access"), changed(token_type=None),
    )] + [(400, changed(nonce="A" * 43)), (401, changed(right=False))]


def test_answers_that_are_not_believed(served, union):
    rows = answers_not_to_be_believed(union)
    for number, (status, change) in enumerate(rows):
        union.change = change
        begin(served, bearer(union, f"usr_1{number}"), PASSWORD, status)
    union.change = lambda claims, answer: answer
    begin(served, bearer(union, "usr_01"))


def test_the_question_is_no_answer_and_no_token(machine, union):
    """A gateway that was taken over has it."""
    gateway = bus.Gateway(machine.connect(bus.USER))
    token = token_of(union, "usr_01")
    question = gateway.call("BeginPasswordCheck", "union", {"bearer": token,
                                                            "purpose": "registration"})["question"]
    gateway.fails("WrongToken", "BeginRegistration", "union", {"bearer": question})
    gateway.fails("Internal", "BeginRegistration", "union",
                  {"bearer": token, "purpose": "registration", "passwordAnswer": question})


def answer_to(union, gateway, token, purpose, right=True):
    question = gateway.call("BeginPasswordCheck", "union", {"bearer": token, "purpose": purpose})
    claims = app.verify(question["question"], union.key)
    return app.sign(union.answer(claims, right), union.key)


def test_a_gateway_that_lies(machine, union):
    gateway = bus.Gateway(machine.connect(bus.USER))
    token, other = token_of(union, "usr_01"), token_of(union, "usr_02")
    for kind in ("Registration", "Authentication"):
        for purpose in ("registration", "step-up", "mfa-registration", ""):
            gateway.fails("AccessDenied", "Begin" + kind, "union",
                          {"bearer": token, "purpose": purpose})
    gateway.fails("AccessDenied", "BeginAuthentication", "union", {"bearer": token, "mfa": True})

    def offer(error, answer, presented=token, purpose="registration"):
        gateway.fails(error, "BeginRegistration", "union",
                      {"bearer": presented, "purpose": purpose, "passwordAnswer": answer})

    offer("UnknownChallenge", answer_to(union, gateway, token, "step-up"))
    offer("UnknownChallenge", answer_to(union, gateway, other, "registration"))
    no = answer_to(union, gateway, token, "registration", right=False)
    offer("AccessDenied", no)
    offer("UnknownChallenge", no)
    yes = answer_to(union, gateway, token, "registration")
    gateway.begin("Registration", "union", bearer=token, purpose="registration",
                  passwordAnswer=yes)
    offer("UnknownChallenge", yes)
    # Where none is needed, one that was for something else is no recommendation.
    gateway.fails("AccessDenied", "BeginRegistration", "union",
                  {"bearer": token, "mfa": True, "passwordAnswer": yes})
    key = bus.api_key(machine, "union")
    gateway.fails("AccessDenied", "BeginPasswordCheck", "union", {"apiKey": key})
    gateway.fails("NotSignedIn", "BeginPasswordCheck", "union", {})


def test_discarded_answers_count(machine, union):
    """Nor does a gateway get more tries by keeping the wrong ones to itself."""
    gateway = bus.Gateway(machine.connect(bus.USER))
    presented = {"bearer": token_of(union, "usr_01"), "purpose": "registration"}
    for _ in range(5):
        gateway.call("BeginPasswordCheck", "union", presented)
    gateway.fails("LimitExceeded", "BeginPasswordCheck", "union", presented)
    gateway.call("BeginPasswordCheck", "union",
                 dict(presented, bearer=token_of(union, "usr_02")))


def test_without_an_application_nobody_registers(machine, served, union):
    """Where nothing says who checks passwords, none is taken for right."""
    configure(machine, "")
    gateway = bus.Gateway(machine.connect(bus.USER))
    mark = machine.syslog.mark()
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark)
    presented = {"bearer": token_of(union, "usr_01"), "purpose": "registration"}
    said = gateway.fails("Unavailable", "BeginPasswordCheck", "union", presented)
    assert "password-check" in said
    assert begin(served, bearer(union, "usr_01"), PASSWORD, 503)["code"] == 50300000
    ask(served, "/login/begin", {"password": PASSWORD}, bearer(union, "usr_01"), 503)
    machine.syslog.wait("set password-check = application and password-url in passkeyd.conf")
    assert union.asked == []


def test_two_relying_parties_do_not_have_one_key(machine, union):
    """Tokens of the one would open the other. Also where MACs are the same though bytes differ."""
    connection = machine.connect()

    def refused(key):
        said = connection.fails("Exists", parts.KEYS, "ImportKey", "sa{sv}", "files",
                                parts.vardict({"secret": parts.secret(key)}))
        assert "[rp union] has this key already" in said

    refused(union.key)
    refused(union.key + "\0" * 16)
    import_key(machine, "union", union.key)  # its own, again
    import_key(machine, "union", os.urandom(24).hex())
    refused(union.key)  # tokens of it have not expired
    import_key(machine, "files", os.urandom(24).hex())
