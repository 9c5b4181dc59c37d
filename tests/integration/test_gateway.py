# SPDX-License-Identifier: BSD-2-Clause
"""passkey-gateway with a stand-in for the daemon: what it takes and refuses, and who has to wait.

Were one of these wrong, strangers could stop it, get past a limit, or say something that the daemon
and a proxy understand in two ways.
"""

import base64
import concurrent.futures
import contextlib
import datetime
import json
import os
import select
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import gateway_process as parts
from gateway_process import read_all, status_of

KEY = {"X-API-Key": "key" * 20}
BEGIN = "/portal/authentication/options"
ORIGIN = "https://www.example.org"
ENDPOINTS = [
    ("POST", "/portal/tokens"),
    ("POST", "/portal/registration/options"), ("POST", "/portal/registration"),
    ("POST", BEGIN), ("POST", "/portal/authentication"),
    ("PATCH", "/portal/credentials/AAAA"),
]


@pytest.fixture(name="fake")
def fake_fixture(tmp_path):
    fake = parts.Fake(str(tmp_path / "socket"))
    yield fake
    fake.close()


@pytest.fixture(name="start")
def start_fixture(fake, tmp_path):
    with contextlib.ExitStack() as stack:
        def start(*settings, **more):
            started = parts.Gateway(tmp_path, *settings, **more)
            stack.callback(started.close)
            return started

        yield start


@pytest.fixture(name="served")
def served_fixture(start):
    return start()


def request(method, path, *headers, host="localhost", body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


# --- what is served -------------------------------------------------------------------------------


def test_ceremonies(served, fake):
    status, _, text = served.ask("POST", "/portal/registration/options",
                                 {"userId": "jo", "userName": "jo@example.org"}, KEY)
    begun = json.loads(text)
    assert status == 200 and set(begun) == {"id", "expires", "publicKey"}
    assert fake.wait("BeginRegistration")[1:] == ["portal", {
        "apiKey": "key" * 20, "purpose": "registration", "userId": "jo",
        "userName": "jo@example.org"}]
    status, _, text = served.ask("POST", "/portal/registration",
                                 {"id": begun["id"], "credential": {"id": "new"}, "name": "blue"})
    assert status == 201 and json.loads(text)["credential"]["credentialId"] == "new"
    assert fake.wait("FinishRegistration")[1:] == [
        "portal", begun["id"], {"id": "new"}, {"name": "blue", "purpose": "registration"}]
    status, _, text = served.ask("POST", "/other/api/authentication/options", {})
    assert status == 200
    assert fake.wait("BeginAuthentication")[1:] == ["other", {"purpose": "login"}]
    status, _, text = served.ask("POST", "/other/api/authentication",
                                 {"id": "x", "credential": {"id": "right"}})
    assert status == 200 and json.loads(text)["user"] == {"userId": "jo"}


@pytest.mark.parametrize("answer,status,reason", [
    ("wrong", 422, "signature-invalid"), ("again", 409, "challenge-unknown")])
def test_verdicts(served, answer, status, reason):
    got, headers, text = served.ask("POST", "/portal/authentication",
                                    {"id": "x", "credential": {"id": answer}})
    problem = json.loads(text)
    assert (got, problem["status"], problem["reason"]) == (status, status, reason)
    assert headers["Content-Type"] == "application/problem+json"
    _, _, metrics = served.ask("GET", "/metrics", port=served.admin)
    assert f'passkey_gateway_verdicts_total{{reason="{reason}"}} 1\n' in metrics


def test_credentials(served, fake):
    assert served.ask("GET", "/portal/credentials?userId=j%C3%B6&limit=3", None, KEY)[0] == 200
    assert fake.wait("List")[2] == {"apiKey": "key" * 20, "limit": 3, "userId": "jö"}
    assert served.ask("GET", "/portal/credentials/AAAA", None, KEY)[0] == 200
    assert served.ask("GET", "/portal/credentials/none", None, KEY)[0] == 404
    assert served.ask("PATCH", "/portal/credentials/AAAA", {"name": "red"}, KEY)[0] == 200
    assert served.ask("DELETE", "/portal/credentials/AAAA", None, KEY)[::2] == (204, "")
    assert served.ask("DELETE", "/portal/credentials/none", None, KEY)[0] == 404
    assert served.ask("DELETE", "/portal/credentials/AAAA", None,
                      {"Authorization": "Bearer stolen"})[0] == 401
    for bad in ("limit=201", "limit=-1", "offset=x", "limit=99999999999999999999"):
        assert served.ask("GET", "/portal/credentials?" + bad, None, KEY)[0] == 400


def test_tokens(served, fake):
    status, _, text = served.ask("POST", "/portal/tokens", {"userId": "jo", "lifetime": 60}, KEY)
    assert status == 200 and json.loads(text)["token"] == "a.b.c"
    assert fake.wait("IssueToken")[2] == {"apiKey": "key" * 20, "lifetime": 60, "userId": "jo"}
    assert served.ask("POST", "/portal/tokens", {"userId": "jo"},
                      {"Authorization": "Bearer " + "key" * 20})[0] == 401


def test_documents(served):
    status, headers, text = served.ask("GET", "/portal/openapi.yaml")
    here = os.path.join(os.path.dirname(__file__), "../../doc/openapi.yaml")
    assert (status, headers["Content-Type"]) == (200, "application/yaml")
    with open(here, encoding="utf-8") as file:
        assert text == file.read()
    assert served.ask("HEAD", "/portal/openapi.yaml")[::2] == (200, "")
    assert json.loads(served.ask("GET", "/portal/.well-known/jwks.json")[2])["keys"]


def test_a_unix_socket(served):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(served.socket)
        client.sendall(request("GET", "/healthz"))
        assert read_all(client).endswith(b"ok\n")


def test_requests_one_after_the_other(served):
    with served.connect() as client:
        for path in ("/healthz", "/portal/openapi.yaml", "/nowhere", BEGIN, "/healthz"):
            client.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                more = client.recv(65536)
                assert more, (path, answer)
                answer += more


def test_metrics_are_for_the_admin_alone(served):
    assert served.ask("GET", "/metrics")[0] == 404
    status, headers, text = served.ask("GET", "/metrics", port=served.admin)
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'passkey_gateway_requests_total{dialect="none",status="404"} 1\n' in text
    assert served.ask("POST", BEGIN, {}, port=served.admin)[0] == 404


def test_metrics_of_the_store(served):
    """Asked when the metrics are, and told the next time: nobody waits for a store."""
    _, _, text = served.ask("GET", "/metrics", port=served.admin)
    assert "passkey_gateway_store" not in text
    end = time.monotonic() + parts.PATIENCE
    while "passkey_gateway_store_up" not in text:
        assert time.monotonic() < end, text
        _, _, text = served.ask("GET", "/metrics", port=served.admin)
    for line in ('passkey_gateway_store_up{kind="ldap"} 1',
                 "passkey_gateway_store_lag_seconds 1.500",
                 "passkey_gateway_store_cache_age_seconds 7.000"):
        assert line + "\n" in text, text
    assert "cache_left" not in text


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [
    "//portal/authentication/options", "/portal//authentication/options",
    "/./portal/authentication",
    "/other/../portal/authentication/options", "/other/%2e%2e/portal/authentication/options",
    "/portal%2fauthentication/options", "/portal/authentication%5coptions", "/portal/%00",
    "/portal/credentials/%0a", "/portal/credentials/%zz", "/portal/credentials/%", "*",
    "/portal/credentials/%ff", "/portal/credentials/%c0%af", "http://localhost" + BEGIN,
    "/portal/credentials?a=1&a=2", "/portal/credentials?userId=%00", "/portal/credentials/\\..",
    "/portal/credentials/a\"b",
])
def test_path_tricks(served, path):
    assert status_of(served.say(request("GET", path, "X-API-Key: " + "key" * 20))) in (400, 404)
    assert served.ask("GET", "/healthz")[0] == 200


def test_a_nul_in_the_path(served):
    answer = served.say(b"GET /healthz\0/x HTTP/1.1\r\nHost: localhost\r\n"
                        b"Connection: close\r\n\r\n")
    assert status_of(answer) in (400, None)


@pytest.mark.parametrize("path,status", [
    ("/portal/authentication/options/", 404), ("/portal", 404), ("/", 404),
    ("/PORTAL/authentication/options", 404), ("/strange/authentication/options", 404),
    ("/other/authentication/options", 404), ("/portal/" + "x" * 5000, 414),
    ("/" + "x/" * 40, 414), ("/portal/credentials/%41%41", 401),
])
def test_paths_that_are_none(served, path, status):
    assert served.ask("GET", path)[0] == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE", "CONNECT", "post", "X" * 15])
def test_methods(served, method):
    answer = served.say(request(method, BEGIN))
    assert status_of(answer) == 405 and b"\r\nAllow: POST\r\n" in answer


@pytest.mark.parametrize("host,status", [
    ("localhost", 200), ("LOCALHOST:8080", 200), ("127.0.0.1:1", 200), ("[::1]:8080", 200),
    ("www.example.org", 200), ("api.example.net:443", 200), ("evil.example", 421), ("", 421),
    ("localhost.evil.example", 421), ("localhost:x", 421), ("evil.example:localhost", 421),
    ("localhost@evil.example", 421), ("[::1", 421),
])
def test_hosts(start, host, status):
    served = start("server-names = api.example.net\n")
    answer = served.say(request("POST", BEGIN, "Content-Type: application/json", host=host,
                                body=b"{}"))
    assert status_of(answer) == status


def test_no_host(served):
    assert status_of(served.say(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")) == 400


@pytest.mark.parametrize("origin,status", [
    (ORIGIN, 200), ("https://evil.example", 403), ("null", 403), (ORIGIN + ".evil.example", 403),
    ("http://www.example.org", 403), (ORIGIN + ":443", 403), ("http://localhost:8080", 403),
    ("https://WWW.example.org", 403),
])
def test_origins(served, origin, status):
    got, headers, _ = served.ask("POST", BEGIN, {}, {"Origin": origin})
    assert got == status
    assert headers.get("Access-Control-Allow-Origin") == (origin if status == 200 else None)
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    got, headers, _ = served.ask("OPTIONS", BEGIN, None, preflight)
    assert got == (204 if status == 200 else 403)
    assert ("Access-Control-Allow-Methods" in headers) == (status == 200)


@pytest.mark.parametrize("media_type,status", [
    ("application/json", 200), ("application/json; charset=utf-8", 200), ("Application/JSON", 200),
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonp", 415),
    ("application/json; charset=utf-16", 415), ("application/json, text/plain", 415), ("", 415),
])
def test_media_types(served, media_type, status):
    assert served.ask("POST", BEGIN, "{}", {"Content-Type": media_type})[0] == status


MALFORMED = [
    b"{", b"[]", b"null", b'"x"', b"{} x", b"{}\0", b'{"a":1,"a":2}', b"{'a':1}", b'{"a":1e999}',
    b'{"userName":"\\ud800"}', b'{"userName":"\xff"}', b"[" * 10000, b'{"a":' * 2000 + b"1" +
    b"}" * 2000, b'{"userName":1}', b'{"no-such-member":1}', b'{"userName":"\\u0000"}',
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("method,path", ENDPOINTS)
def test_malformed_json(served, method, path):
    for body in MALFORMED:
        answer = served.say(request(method, path, "Content-Type: application/json",
                                    "X-API-Key: " + "key" * 20, body=body))
        assert status_of(answer) == 400, (body[:40], answer)
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["status"] == 400


@pytest.mark.parametrize("lines,status", [
    (["Host: evil.example"], 400), (["Content-Type: a", "Content-Type: b"], 400),
    (["Authorization: Bearer a", "Authorization: Bearer b"], 400),
    (["Content-Length: 2", "Content-Length: 3"], 400), (["Origin: a", "Origin: b"], 400),
    (["X-Api-Key: a", "x-api-key: b"], 400), (["X-Forwarded-For: a", "X-Forwarded-For: b"], 400),
    (["Content-Length: 2", "Transfer-Encoding: chunked"], 400), (["Content-Length: -1"], 400),
    (["Content-Length: +2"], 400), (["Content-Length: 99999999999999999999999"], 400),
    (["X-A: \x01"], 400), (["Accept: a", "Accept: b"], 404), (["X: " + "y" * 17000], 431),
    ([f"X-{number}: y" for number in range(70)], 431),
    ([f"X-{number}: {'y' * 500}" for number in range(64)], 431),
])
def test_headers(served, lines, status):
    answer = served.say(request("GET", "/nowhere", *lines))
    assert status_of(answer) == status or (status in (400, 431) and
                                           status_of(answer) in (400, 413, 431, None)), answer
    assert served.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("lines", [
    ["Content-Length: 0", "Content-Length: SIZE"], ["Content-Length: SIZE", "Content-Length: 0"],
    ["Content-Length: 0", *[f"X-{number}: y" for number in range(70)], "Content-Length: SIZE"],
    ["Content-Length : SIZE"], ["Content-Length\t: SIZE"], [" Content-Length: SIZE"],
    ["X: a\rContent-Length: SIZE"], ["X: \x01", "Content-Length : SIZE"],
    ["Content-Length: SIZE", "Transfer-Encoding: chunked"], ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: xchunked"],
])
def test_nothing_behind_a_refused_request_is_one(served, lines):
    """What a proxy in front took for the body comes from a stranger, on the proxy's connection."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head = [f"POST {BEGIN} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            *[line.replace("SIZE", str(len(hidden))) for line in lines]]
    with served.connect() as client:
        client.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + hidden)
        answer = read_all(client)
    assert status_of(answer) in (400, 431) and answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"ok\n" not in answer


def test_a_flood_of_headers(served):
    with served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(100000):
                client.sendall(b"X-%d: %s\r\n" % (number, b"y" * 1000))
            pytest.fail("a hundred megabytes of headers were taken")
    assert served.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("size,status", [(65536, 400), (65537, 413), (10**9, 413)])
def test_the_size_of_a_body(served, size, status):
    head = f"POST {BEGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
           f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    with served.connect() as client:
        client.sendall(head.encode())
        if size < 10**9:
            client.sendall(b" " * size)
        assert status_of(client.recv(65536)) == status


@pytest.mark.parametrize("refused,lines", [
    (413, ("Host: localhost", "Content-Length: 70000")),
    (421, ("Host: evil.example", "Content-Length: 60000")),
    (421, ("Host: evil.example", "Transfer-Encoding: chunked"))])
def test_a_refusal_reaches_who_is_still_sending(served, refused, lines):
    """A proxy sends the body before it reads, and says 502 where the connection ends meanwhile."""
    body = b" " * 70000 if refused == 413 else b" " * 60000
    if "chunked" in lines[1]:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with served.connect() as client:
        client.sendall("\r\n".join((f"POST {BEGIN} HTTP/1.1", *lines, "", "")).encode())
        assert served.ask("GET", "/healthz")[0] == 200  # the headers have been looked at
        assert not select.select([client], [], [], 0)[0], "answered before the body was there"
        client.sendall(body)
        assert status_of(client.recv(65536)) == refused


def test_a_body_in_pieces(served):
    head = f"POST {BEGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
           "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    piece = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    assert status_of(served.say(head.encode() + b"2\r\n{}\r\n0\r\n\r\n")) == 200
    assert status_of(served.say(head.encode() + piece * 9 + b"0\r\n\r\n")) == 413
    with served.connect() as client, contextlib.suppress(ConnectionError):
        client.sendall(head.encode())
        for _ in range(10000):
            client.sendall(piece)
        pytest.fail("eighty megabytes of a body were taken")


@pytest.mark.parametrize("lines", ["Content-Length: 2000000",
                                   "Content-Length: 60000\r\nExpect: 100-continue"])
def test_nothing_of_a_body_is_waited_for_before_a_refusal(served, lines):
    head = f"POST {BEGIN} HTTP/1.1\r\nHost: evil.example\r\n{lines}\r\n\r\n"
    with served.connect() as client:
        client.sendall(head.encode())
        assert status_of(read_all(client)) == 421


# --- slow and many --------------------------------------------------------------------------------


def test_slow_and_idle_connections_cost_nobody_anything(start):
    """200 dribble, 1,000 say nothing; the honest client is of the same address."""
    served = start(limits="header-seconds = 60\nbody-seconds = 60\n"
                          "requests-per-second-per-address = 1000\n")
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(served.connect()) for _ in range(200)]
        for client in slow[:100]:
            client.sendall(b"POST " + BEGIN.encode())
        for client in slow[100:]:
            client.sendall(request("POST", BEGIN)[:-2] + b"Content-Type: application/json\r\n"
                           b"Content-Length: 100\r\n\r\n{")
        for _ in range(1000):
            stack.enter_context(served.connect())
        for number in range(50):
            with contextlib.suppress(ConnectionError):
                slow[number % 200].sendall(b"x")
            assert served.ask("POST", BEGIN, {})[0] == 200
        _, _, metrics = served.ask("GET", "/metrics", port=served.admin)
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line[0] != "#")
    assert int(values["passkey_gateway_connections"]) <= 257
    assert int(values['passkey_gateway_closed_total{why="room"}']) >= 1200 - 256


@pytest.mark.parametrize("begun", [
    b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: local",
    request("POST", BEGIN)[:-2] + b"Content-Length: 100\r\n\r\n{",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
])
def test_a_slow_client_is_dropped(start, begun):
    """However much it dribbles: the whole has its time."""
    served = start(limits="header-seconds = 1\nbody-seconds = 1\nidle-seconds = 1\n")
    with served.connect() as client:
        client.sendall(begun)
        client.settimeout(0.2)
        end = time.monotonic() + parts.PATIENCE
        while time.monotonic() < end:
            try:
                if not client.recv(65536):
                    return
            except socket.timeout:
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"x")
            except ConnectionError:
                return
        pytest.fail("it was never dropped")


def test_an_address_has_so_many_requests(start):
    served = start(limits="requests-per-second-per-address = 5\n")
    with served.connect() as client:
        client.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 199 +
                       request("HEAD", "/healthz"))
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200") >= 10
    assert answers.count(b"HTTP/1.1 429") >= 100 and b"Retry-After" in answers
    assert served.ask("GET", "/healthz", port=served.admin)[0] == 200


def test_a_key_has_so_many_requests(start):
    served = start(limits="requests-per-second-per-key = 1\n")
    got = [served.ask("GET", "/portal/credentials", None, KEY)[0] for _ in range(20)]
    assert got[:2] == [200, 200] and 429 in got
    _, _, metrics = served.ask("GET", "/metrics", port=served.admin)
    # In the words of the dialect, that is.
    assert 'passkey_gateway_requests_total{dialect="standard",status="429"}' in metrics
    assert served.ask("GET", "/portal/credentials", None, {"X-API-Key": "other"})[0] == 401


def test_a_tenants_users_share_no_rate(start):
    """Every page of the tenant's has its id: who reads one does not use up what others have."""
    served = start(limits="requests-per-second-per-key = 1\n")
    tenant = {"Authorization": "Basic " + base64.b64encode(b"tenant-7:").decode()}
    path = "/track/client/challenge"
    assert {served.ask("POST", path, {}, tenant)[0] for _ in range(20)} == {200}
    other = {"Authorization": "Basic " + base64.b64encode(b"tenant-8:").decode()}
    assert 429 in [served.ask("POST", path, {}, other)[0] for _ in range(20)]


def test_others_do_not_wait_for_a_call(start):
    served = start(limits="call-seconds = 2\n")
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        silent = [pool.submit(served.ask, "POST", BEGIN, {"userName": "silent"}) for _ in range(30)]
        assert served.ask("POST", BEGIN, {"userName": "later"})[0] == 200
        assert not any(each.done() for each in silent)
        assert {each.result()[0] for each in silent} == {503}


def test_a_client_that_does_not_wait(served, fake):
    for _ in range(20):
        with served.connect() as client:
            client.sendall(request("POST", BEGIN, "Content-Type: application/json",
                                   body=b'{"userName":"later"}'))
    for _ in range(20):
        fake.wait("BeginAuthentication")
    assert served.ask("POST", BEGIN, {"userName": "later"})[0] == 200


# --- the daemon -----------------------------------------------------------------------------------


def test_a_daemon_that_comes_and_goes(tmp_path):
    served = parts.Gateway(tmp_path, wait_for="cannot be reached")
    fake = None
    try:
        assert served.ask("GET", "/healthz")[0] == 503
        assert served.ask("POST", BEGIN, {})[0] == 503
        fake = parts.Fake(str(tmp_path / "socket"))
        served.wait("serves portal")
        assert served.ask("POST", BEGIN, {})[0] == 200
        assert served.ask("POST", BEGIN, {"userName": "dies"})[0] == 503
        served.wait("cannot be reached")
        assert served.ask("POST", BEGIN, {})[0] == 503
        fake.close()
        fake = parts.Fake(str(tmp_path / "socket"))
        served.wait("serves portal")
        assert served.ask("POST", BEGIN, {})[0] == 200
    finally:
        served.close()
        fake.close()


def test_relying_parties_are_asked_for_anew(served, fake):
    fake.set_parties([{"name": "new", "id": "localhost", "http": "standard", "prefix": "/new"}])
    served.process.send_signal(signal.SIGHUP)
    served.wait("serves new")
    assert served.ask("POST", "/new/authentication/options", {})[0] == 200
    assert served.ask("POST", BEGIN, {})[0] == 404
    for nonsense in ({}, [1], [{"name": "x"}], "refuse", [None] * 300):
        fake.set_parties(nonsense)
        served.process.send_signal(signal.SIGHUP)
        served.wait("relying parties are not known")
        assert served.ask("POST", "/new/authentication/options", {})[0] == 503
    fake.set_parties([])
    served.wait("nothing is served")
    assert served.ask("POST", "/new/authentication/options", {})[0] == 404


@pytest.mark.parametrize("user", ["wrong-type", "unknown"])
def test_answers_that_are_no_options(served, user):
    status, _, _ = served.ask("POST", BEGIN, {"userName": user})
    assert status == {"wrong-type": 500, "unknown": 404}[user]


@pytest.mark.parametrize("mode,believed", [(0o755, True), (0o777, False), (0o775, False)])
def test_whose_socket_is_believed(tmp_path, mode, believed):
    """In a folder that others may write to, anybody could put a daemon of their own."""
    folder = tmp_path / "run"
    folder.mkdir()
    os.chmod(folder, mode)
    fake = parts.Fake(str(folder / "socket"))
    served = parts.Gateway(tmp_path, daemon=str(folder / "socket"),
                           wait_for="serves portal" if believed else "cannot be reached")
    try:
        assert served.ask("GET", "/healthz")[0] == (200 if believed else 503)
    finally:
        served.close()
        fake.close()


# --- proxies, TLS ---------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted,header,client", [
    ("", "10.0.0.1", "127.0.0.1"), ("10.0.0.0/8", "10.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "192.0.2.7", "192.0.2.7"), ("127.0.0.1", "192.0.2.9, 192.0.2.7", "192.0.2.7"),
    ("127.0.0.1, 192.0.2.0/24", "2001:db8::1, 192.0.2.7", "2001:db8::1"),
    ("127.0.0.1", "nonsense", "127.0.0.1"), ("127.0.0.1", "192.0.2.7, ", "127.0.0.1"),
])
def test_whom_proxies_name(start, trusted, header, client):
    served = start(f"trusted-proxies = {trusted}\n" if trusted else "")
    served.ask("GET", "/healthz", None, {"X-Forwarded-For": header})
    line = served.wait("/healthz")
    assert line.split(": ", 1)[1].split()[0] == client


def test_the_host_that_a_proxy_names(start):
    served = start("trusted-proxies = unix\n")
    ask = request("GET", "/healthz", "X-Forwarded-Host: evil.example")
    assert status_of(served.say(ask)) == 200  # not a proxy: the Host counts
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(served.socket)
        client.sendall(ask)
        assert status_of(read_all(client)) == 421


@pytest.fixture(name="certificate")
def certificate_fixture(tmp_path):
    def make(name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcfromtimestamp(time.time())
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=2))
                .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                .add_extension(x509.BasicConstraints(True, None), True)
                .sign(key, hashes.SHA256()))
        (tmp_path / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (tmp_path / "tls.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))

    make("localhost")
    return make


def ask_tls(port, cafile):
    context = ssl.create_default_context(cafile=cafile)
    with socket.create_connection(("127.0.0.1", port), parts.PATIENCE) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(request("POST", BEGIN, "Content-Type: application/json", body=b"{}"))
        answer = read_all(client)
        return status_of(answer), client.getpeercert()["serialNumber"]


def test_tls(start, certificate, tmp_path):
    port = parts.free_port()
    settings = f"tls-listen = 127.0.0.1:{port}\ntls-certificate = {tmp_path}/tls.crt\n" \
               f"tls-key = {tmp_path}/tls.key\n"
    served = start(settings)
    status, first = ask_tls(port, tmp_path / "tls.crt")
    assert status == 200
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(request("GET", "/healthz"))
        assert not read_all(plain).startswith(b"HTTP/")
    certificate("localhost")
    served.process.send_signal(signal.SIGHUP)
    served.wait("read anew")
    status, second = ask_tls(port, tmp_path / "tls.crt")
    assert status == 200 and first != second
    (tmp_path / "tls.key").write_text("no key")
    served.process.send_signal(signal.SIGHUP)
    served.wait("certificate remains")
    assert ask_tls(port, tmp_path / "tls.crt") == (200, second)


# --- the log, signals, configuration --------------------------------------------------------------


def test_the_log_has_no_secrets(served):
    secret = "s3cret"
    served.ask("GET", f"/portal/credentials/{secret}?userId={secret}", None,
               {"Authorization": "Bearer " + secret, "Cookie": secret})
    served.ask("GET", f"/nowhere?key={secret}", None, {"X-API-Key": secret})
    served.ask("POST", BEGIN, {"userName": secret})
    served.ask("GET", f"/{secret}")
    served.ask("GET", "/healthz")
    served.wait("/healthz")
    assert not any(secret in line for line in served.log.lines)
    assert any("GET /portal/credentials/{id} 401 " in line for line in served.log.lines)


def test_a_graceful_stop(served):
    with concurrent.futures.ThreadPoolExecutor(2) as pool, served.connect():
        asked = pool.submit(served.ask, "POST", BEGIN, {"userName": "later"})
        with served.connect() as half:
            half.sendall(b"GET ")
            while not any("BeginAuth" in line for line in [served_calls(served)]):
                pass
            assert served.stop() == 0
        status, headers, _ = asked.result()
    assert status == 200 and headers["Connection"] == "close"
    assert not os.path.exists(served.socket)


def served_calls(served):
    """That a call is under way, as the metrics say it."""
    _, _, metrics = served.ask("GET", "/metrics", port=served.admin)
    return "BeginAuth" if "passkey_gateway_calls 1\n" in metrics else ""


def test_a_stop_has_its_limit(start):
    served = start(limits="stop-seconds = 1\n")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(served.ask, "POST", BEGIN, {"userName": "silent"})
        while not served_calls(served):
            pass
        assert served.stop() == 0
        assert asked.result()[0] == 503


def test_a_configuration_that_is_read_anew(served):
    with open(served.path, encoding="utf-8") as file:
        before = file.read()
    with open(served.path, "w", encoding="utf-8") as file:
        file.write(before.replace("[limits]", "server-names = new.example\n[limits]"))
    ask = request("GET", "/healthz", host="new.example")
    assert status_of(served.say(ask)) == 421
    served.process.send_signal(signal.SIGHUP)
    served.wait("was read anew")
    assert status_of(served.say(ask)) == 200
    with open(served.path, "a", encoding="utf-8") as file:
        file.write("nonsense = 1\n")
    served.process.send_signal(signal.SIGHUP)
    served.wait("was not read anew")
    assert status_of(served.say(ask)) == 200


def check(path):
    return subprocess.run([parts.program(), "--check-config", "--config", path], text=True,
                          capture_output=True, check=False)


@pytest.mark.parametrize("line,what", [
    ("listen = 0.0.0.0:80", "listen: allowed"), ("listen = localhost:80", "listen: allowed"),
    ("listen = 127.0.0.1", "listen: allowed"), ("listen = 127.0.0.1:0", "listen: allowed"),
    ("listen = unix:relative", "listen: allowed"), ("trusted-proxies = 10.0.0.1/8", "networks"),
    ("tls-listen = 127.0.0.1:8443", "needs tls-certificate"), ("nonsense = 1", "no key nonsense"),
    ("tls-key = relative", "tls-key"), ("access-log = perhaps", "access-log: allowed"),
    ("server-names = UPPER", "server-names"), ("admin-listen = systemd", "admin-listen"),
])
def test_what_check_config_says(tmp_path, line, what):
    path = tmp_path / "gateway.conf"
    path.write_text("[gateway]\n" + line + "\n[limits]\nconnections = 1\n")
    done = check(path)
    assert done.returncode == 1 and what in done.stderr, done.stderr
    assert f"{path}:4: connections: allowed are 16 to 65536" in done.stderr
    assert f"{path}:2: " in done.stderr or "[gateway] " in done.stderr


def test_a_good_configuration(tmp_path):
    here = os.path.join(os.path.dirname(__file__), "../../etc/gateway.conf")
    path = tmp_path / "gateway.conf"
    with open(here, encoding="utf-8") as file:
        text = file.read()
    path.write_text(text)
    assert check(path).returncode == 0
    # Every key of the example is one, and takes what is shown.
    lines = [line[1:] if line.startswith("#") and " = " in line else line
             for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n")
    done = check(path)
    assert done.returncode == 0, done.stderr
    assert check(tmp_path / "none").returncode == 1


def test_usage():
    for arguments, code in ((["--help"], 0), (["--version"], 0), (["--nonsense"], 2), (["x"], 2)):
        assert subprocess.run([parts.program(), *arguments], capture_output=True,
                              check=False).returncode == code


def test_a_socket_that_is_in_use(start, fake, tmp_path):
    served = start()
    path = tmp_path / "second.conf"
    path.write_text(f"[gateway]\nlisten = unix:{served.socket}\n")
    done = subprocess.run([parts.program(), "--config", path], text=True, capture_output=True,
                          check=False)
    assert done.returncode == 1 and "in use" in done.stderr
    served.process.kill()
    served.process.wait()
    again = start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(again.socket)


def test_the_sockets_of_systemd(fake, tmp_path):
    path = tmp_path / "gateway.conf"
    path.write_text("[gateway]\naccess-log = yes\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "passed"))
        listener.listen()
        code = f"import os; os.dup2({listener.fileno()}, 3); os.environ['LISTEN_PID'] = " \
               f"str(os.getpid()); os.environ['LISTEN_FDS'] = '1'; " \
               f"os.execv({parts.program()!r}, ['passkey-gateway', '--config', {str(path)!r}])"
        with subprocess.Popen(["/usr/bin/python3", "-c", code], pass_fds=[listener.fileno()],
                              stderr=subprocess.PIPE,
                              env=dict(os.environ, PASSKEYD_SOCKET=str(tmp_path / "socket"))) as it:
            parts.Lines(it.stderr).wait(lambda line: "serves portal" in line)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / "passed"))
                client.sendall(request("GET", "/healthz"))
                assert status_of(read_all(client)) == 200
            it.terminate()
            assert it.wait(parts.PATIENCE) == 0


# --- proxies' own programs ------------------------------------------------------------------------


def nginx(text, folder, port):
    server = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    server = re.sub(r" *ssl_certificate.*\n", "", server)
    path = folder / "nginx.conf"
    path.write_text(f"daemon off; master_process off; pid {folder}/nginx.pid;\n"
                    f"error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n"
                    f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
                    f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;\n"
                    f"scgi_temp_path {folder}/s;\n{server}\n}}\n")
    return ["nginx", "-p", str(folder), "-c", str(path)], {}


def caddy(text, folder, port):
    path = folder / "Caddyfile"
    path.write_text("{\n\tadmin off\n\tauto_https off\n}\n" +
                    text.replace("www.example.org {", f"http://127.0.0.1:{port}, "
                                                      f"http://www.example.org:{port} {{"))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)], {
        "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}


@pytest.mark.parametrize("example,configure", [("nginx.conf", nginx), ("Caddyfile", caddy)])
def test_the_examples_for_proxies(start, tmp_path, example, configure):
    served = start("trusted-proxies = unix\n")
    port = parts.free_port()
    with open(os.path.join(os.path.dirname(__file__), "../../etc/proxies", example),
              encoding="utf-8") as file:
        text = file.read().replace("/run/passkey-gateway/socket", served.socket)
    command, environment = configure(text, tmp_path, port)
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, **environment)) as proxy:
        try:
            end = time.monotonic() + parts.PATIENCE
            while True:
                with contextlib.suppress(ConnectionError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                assert proxy.poll() is None and time.monotonic() < end
            own = {"Host": "www.example.org", "X-Forwarded-For": "192.0.2.1",
                   "X-Forwarded-Host": "evil.example", "Origin": ORIGIN}
            for _ in range(3):
                assert served.ask("POST", BEGIN, {}, own, port=port)[0] == 200
            assert served.ask("POST", BEGIN, " " * 70000, own, port=port)[0] == 413
            assert served.ask("GET", "/portal/credentials/%2e%2e%2f", None, own, port)[0] in (
                400, 404)
            assert served.ask("GET", "/metrics", None, own, port)[0] == 404 or \
                configure is caddy  # which answers what no rule is for with an empty page
            line = served.wait(f"POST {BEGIN} 200")
            assert line.split(": ", 1)[1].startswith("127.0.0.1 "), line
        finally:
            proxy.kill()
            proxy.wait()
