# SPDX-License-Identifier: BSD-2-Clause
"""scripts/demo --serve PORT as web developers run it: one line that says how to call each dialect,
passkeys by plain HTTP in all of them, and nothing left behind after Ctrl-C.

Were this broken, whoever tries the gateway out would fail at the first step, or clean up after it.
"""

import base64
import ctypes
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import urllib.parse

import pytest

import gateway_process as process
import namespace
import webauthn_client as browser

BUILD = os.environ.get("top_builddir", "")
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PATIENCE = 10 * process.PATIENCE
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
SNAKE = {"rawId": "raw_id", "clientDataJSON": "client_data_json", "userHandle": "user_handle",
         "attestationObject": "attestation_object", "authenticatorData": "authenticator_data"}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(namespace.MARK in os.environ, reason="runs outside of the namespace only"),
    pytest.mark.skipif(not os.path.exists(BUILD + "/Makefile"), reason="no build in top_builddir"),
]


@pytest.fixture(name="demo")
def demo_fixture(tmp_path):
    """The script where it finds this build made in its temporary folder, and all is installed."""
    scripts = tmp_path / "checkout" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy(os.path.join(TOP, "scripts", "demo"), scripts)
    links = f'cd "$1" && ln -s "{os.path.realpath(BUILD)}"/* . && rm -f build.log\n'
    for name, text in (("install-dependencies", ""), ("build", links)):
        (scripts / name).write_text("#!/bin/sh\n" + text)
        (scripts / name).chmod(0o755)
    return scripts / "demo"


@pytest.fixture(autouse=True)
def orphans():
    """Whatever outlives its parents becomes a child of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    before = children()
    yield lambda: {pid: name for pid, name in children().items()
                   if pid not in before and not ends(int(pid))}
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 0) == 0


def ends(pid):
    """It may be in the middle of being killed."""
    descriptor = os.pidfd_open(pid)
    try:
        if select.select([descriptor], [], [], process.PATIENCE)[0]:
            os.waitpid(pid, 0)
            return True
        return False
    finally:
        os.close(descriptor)


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        pids = file.read().split()
    found = {}
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            found[pid] = file.read()
    return found


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return sorted(line.split()[4] for line in file)


class Demo:
    def __init__(self, script, arguments, temporary, **variables):
        # As from a terminal's shell, whose Ctrl-C every process gets; whoever runs the tests by
        # nohup has them ignore SIGHUP.
        def heed():
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

        self.process = subprocess.Popen(
            [script, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary), **variables},
            preexec_fn=heed)

    def described(self):
        assert select.select([self.process.stdout], [], [], PATIENCE)[0]
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read().decode()
        return json.loads(line)

    def interrupt(self, number):
        """Its exit code; the rest of its standard output is empty."""
        os.killpg(self.process.pid, number)
        rest, said = self.process.communicate(timeout=PATIENCE)
        assert rest == b"", rest
        assert b"Traceback" not in said, said.decode()
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture(name="running")
def running_fixture(demo, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    running = Demo(demo, ["--serve", str(process.free_port())], temporary)
    running.temporary = temporary
    yield running
    running.close()


def ask(method, url, body=None, headers=(), expected=200):
    parts = urllib.parse.urlsplit(url)
    client = http.client.HTTPConnection(parts.hostname, parts.port, timeout=process.PATIENCE)
    try:
        client.request(method, parts.path, json.dumps(body) if body is not None else None,
                       dict({"Content-Type": "application/json"} if body is not None else {},
                            **dict(headers)))
        answer = client.getresponse()
        text = answer.read().decode()
    finally:
        client.close()
    assert answer.status == expected, text
    return json.loads(text) if text else None


def bearer(described, user):
    """By the call that the demo's line describes."""
    how = described["bearer"]
    answer = ask(how["method"], how["url"].replace("USER", user),
                 json.loads(json.dumps(how["body"]).replace("USER", user)), how["headers"])
    return {"Authorization": "Bearer " + answer[how["member"]]}


def claims(token):
    return json.loads(browser.decode(token.split(".")[1]))


def snake(credential):
    return {SNAKE.get(name, name): snake(value) if name == "response" else value
            for name, value in credential.items()}


class Person:
    """With a browser at that address, and a passkey that is yet to be registered."""

    def __init__(self, origin):
        self.origin = origin
        self.passkey = browser.Passkey()

    def make(self, options):
        return json.loads(browser.register(options, self.passkey, self.origin))

    def sign(self, options):
        return json.loads(browser.sign_in(options, self.passkey, self.origin))


def standard(described, person):
    url, key = described["baseUrl"], {"apiKey": described["apiKey"]}
    begun = ask("POST", url + "/registration/options", {"userId": "u-1", "userName": "ann"}, key)
    ask("POST", url + "/registration", {"id": begun["id"],
                                        "credential": person.make(begun["publicKey"])}, key, 201)
    begun = ask("POST", url + "/authentication/options", {})
    done = ask("POST", url + "/authentication",
               {"id": begun["id"], "credential": person.sign(begun["publicKey"])})
    return claims(done["tokens"]["token"])["sub"] == "u-1"


def hanko(described, person):
    url, key = described["baseUrl"] + described["tenantId"], {"apiKey": described["apiKey"]}
    begun = ask("POST", url + "/registration/initialize", {"user_id": "u-1", "username": "ann"},
                key)
    ask("POST", url + "/registration/finalize", person.make(begun["publicKey"]))
    begun = ask("POST", url + "/login/initialize")
    done = ask("POST", url + "/login/finalize", person.sign(begun["publicKey"]))
    return claims(done["token"])["sub"] == "u-1"


def cloudreve(described, person):
    url, token = described["baseUrl"], bearer(described, "u-1")
    begun = ask("PUT", url + "/user/authn", None, token)["data"]
    made = ask("POST", url + "/user/authn", {"response": json.dumps(person.make(
        begun["publicKey"])), "name": "blue", "ua": "test"}, token)
    begun = ask("PUT", url + "/session/authn")["data"]
    done = ask("POST", url + "/session/authn", {"session_id": begun["session_id"],
               "response": json.dumps(person.sign(begun["options"]["publicKey"]))})
    return made["code"] == done["code"] == 0 and done["data"]["user"]["id"] == "u-1"


def authsignal(described, person):
    url, token = described["baseUrl"], bearer(described, "u-1")
    tenant, secret = ({"Authorization": "Basic " + base64.b64encode(
        (described[name] + ":").encode()).decode()} for name in ("tenantId", "secret"))
    passkeys = url + "/client/user-authenticators/passkey"
    begun = ask("POST", passkeys + "/registration-options", {}, token)
    ask("POST", passkeys, {"challengeId": begun["challengeId"],
                           "registrationCredential": person.make(begun["options"])}, token)
    given = ask("POST", url + "/client/challenge", {"action": "signIn"}, tenant)
    begun = ask("POST", passkeys + "/authentication-options", given, tenant)
    done = ask("POST", url + "/client/verify/passkey", {"challengeId": begun["challengeId"],
               "authenticationCredential": person.sign(begun["options"])}, tenant)
    checked = ask("POST", url + "/validate", {"token": done["accessToken"]}, secret)
    return checked["isValid"] and checked["userId"] == "u-1"


def autional(described, person):
    """With the password, about which the application is asked, and as a second factor."""
    token, url = bearer(described, "u-1"), described["identityUrl"] + "/auth/webauthn"
    begun = ask("POST", url + "/register/begin",
                {"user_name": "ann", "password": described["password"]}, token)["data"]
    made = snake(person.make(begun["publicKey"]))
    done = ask("POST", url + "/register/complete", {"credential": made}, token)
    begun = ask("POST", url + "/authenticate/begin", {"email": "u-1@example.org"})["data"]
    signed = snake(person.sign(begun["publicKey"]))
    user = ask("POST", url + "/authenticate/complete", {"credential": signed})["data"]["user"]
    assert len(done["data"]["recovery_codes"]) == 10 and user["email"] == "u-1@example.org"
    url = described["mfaUrl"] + "/mfa/webauthn/credentials"
    begun = ask("POST", url + "/register", {"display_name": "blue"}, token)["data"]
    made = ask("POST", url + "/register/verify",
               snake(Person(person.origin).make(begun["publicKey"])), token)
    one = ask("GET", url + "/" + made["data"]["id"], None, token)
    return one["data"]["id"] == made["data"]["id"] and ask("GET", url, None, token)["total"] == 2


def nothing_is_left(running, port, orphans, mounted):
    assert not orphans(), orphans()
    assert mounts() == mounted
    assert not os.listdir(running.temporary)
    with socket.socket() as listener:  # nobody listens there any more
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


def test_each_dialect_until_it_is_interrupted(running, orphans):
    mounted = mounts()
    described = running.described()
    url = urllib.parse.urlsplit(described["url"])
    assert (url.hostname, described["origin"], described["rpId"]) == \
        ("localhost", described["url"], "localhost")
    dialects = {each.__name__: each
                for each in (standard, hanko, cloudreve, authsignal, autional)}
    assert set(described["dialects"]) == set(dialects)
    for name, ceremony in dialects.items():
        assert ceremony(described["dialects"][name], Person(described["origin"])), name
    assert running.interrupt(signal.SIGINT) == 130
    nothing_is_left(running, url.port, orphans, mounted)


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_ends(running, orphans, number, code):
    mounted = mounts()
    described = running.described()
    assert running.interrupt(number) == code
    nothing_is_left(running, urllib.parse.urlsplit(described["url"]).port, orphans, mounted)


def test_a_port_that_is_taken_is_said(demo, tmp_path, orphans):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", process.free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        running = Demo(demo, ["--serve", str(port)], temporary)
        rest, said = running.process.communicate(timeout=PATIENCE)
    assert rest == b"" and running.process.returncode == 1
    assert f"port {port} of localhost cannot be used" in said.decode().splitlines()[-1]
    assert not orphans() and not os.listdir(temporary)
