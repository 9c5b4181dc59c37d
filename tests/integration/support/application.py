# SPDX-License-Identifier: BSD-2-Clause
"""The application behind a relying party with http = autional: it knows its users' passwords, and
answers what passkeyd asks about them (doc/passkeyd.conf.5, password-url)."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def mac(text, key):
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256)


def sign(claims, key, header=None):
    text = ".".join(encode(json.dumps(part).encode())
                    for part in (header or {"alg": "HS256", "typ": "JWT"}, claims))
    return text + "." + encode(mac(text, key))


def verify(token, key):
    """The claims of a token that this key has signed and whose time is not over."""
    text, _, signature = token.rpartition(".")
    header, claims = (json.loads(decode(part)) for part in text.split("."))
    if header.get("alg") != "HS256" or not hmac.compare_digest(decode(signature), mac(text, key)):
        raise ValueError("not signed by the key")
    if claims["exp"] <= time.time():
        raise ValueError("too old")
    return claims


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who asked need not wait for the answer."""


class Application:
    """Everybody has the same password. change(claims, answer) may return another answer: claims of
    the answer as a dict, or (status, headers, bytes) of the whole response."""

    def __init__(self, key, password, change=None, certificate=None):
        self.key = key
        self.password = password
        self.change = change or (lambda claims, answer: answer)
        self.asked = []  # bodies of what was asked, with the question's claims
        self.nonces = set()
        self.server = Server(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/passkeyd/password"
        if certificate:  # a file with its private key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http://127.0.0.1", "https://localhost")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        application = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = application.respond(self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler

    def respond(self, path, body):
        """Status, headers and body for what was asked."""
        said = json.loads(body)
        try:
            claims = verify(said["question"], self.key)
        except ValueError as error:
            return 401, {}, str(error).encode()
        if (claims["token_type"] != "password_question" or claims["aud"] != self.url
                or not self.url.endswith(path) or claims["nonce"] in self.nonces):
            return 401, {}, b"no question for this application, or asked before"
        self.nonces.add(claims["nonce"])
        self.asked.append(dict(said, question=claims))
        answer = self.change(claims, self.answer(claims, said["password"] == self.password))
        if isinstance(answer, tuple):
            return answer
        return 200, {"Content-Type": "application/json"}, json.dumps(
            {"answer": answer if isinstance(answer, str) else sign(answer, self.key)}).encode()

    def answer(self, claims, right):
        return {"token_type": "password_answer", "sub": claims["sub"], "nonce": claims["nonce"],
                "exp": int(time.time()) + 30, "right": right,
                "email": claims["sub"] + "@example.org"}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
