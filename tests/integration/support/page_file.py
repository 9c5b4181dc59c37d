# SPDX-License-Identifier: BSD-2-Clause
"""The page that is one file, served by a plain web server, and a browser without a screen on it."""

import http.server
import json
import os
import re
import threading

import forward
import machine as parts
import pages
import webauthn_client
from webauthn_client import decode, encode

NAME = "passkey.html"
LINK = r"https?://\S+#passkey1:[A-Za-z0-9_-]+"


def built():
    return os.path.join(os.environ.get("top_builddir", "."), "gateway", NAME)


class Server(http.server.ThreadingHTTPServer):
    """It has the page, and one that frames it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(self.path)
        with open(built(), "rb") as file:
            found = {"/" + NAME: file.read(),
                     "/frame": b"<!DOCTYPE html><iframe src='/passkey.html'></iframe>"}
        text = found.get(self.path)
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(text or b"")

    def log_message(self, *_):
        pass


class Site:
    """The daemon of a host without a gateway, whose page is http://localhost:PORT/passkey.html."""

    def __init__(self, machine, more=""):
        self.machine = machine
        self.server = Server()
        self.origin = f"http://localhost:{self.server.server_port}"
        self.url = f"{self.origin}/{NAME}"
        machine.configure(f"[rp default]\nid = localhost\norigins = {self.origin}\n"
                          f"browser-page = {self.url}\n{more}")
        machine.start_daemon()

    enrol = pages.Site.enrol

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def link_in(text):
    return re.search(LINK, text).group()


def request_in(link):
    return forward.decode_request(link.partition("#")[2])


def wait_for_page(conversation):
    """Goes on until the page's answer is asked for: the link, and the question."""
    while True:
        kind, text, details = conversation.next()
        assert kind in ("info", "ask"), (kind, text, details)
        if kind == "ask" and details["event"] == "page":
            return link_in(text), text


def options_of(request, context=None):
    """What the page asks its browser for."""
    if context is not None:
        request = {**request, "context": context}
    return {"rpId": request["rp_id"], "challenge": encode(forward.challenge_of(request)),
            "rp": {"id": request["rp_id"]}, "user": {"id": encode(request.get("user_handle", b""))}}


def fields_of(request, passkey, origin, context=None, **how):
    """The page's answer, its members by name."""
    create = request["kind"] == "create"
    make = webauthn_client.register if create else webauthn_client.sign_in
    made = json.loads(make(options_of(request, context), passkey, origin, **how))["response"]
    data = decode(made["clientDataJSON"])
    if create:
        return {"kind": "page-create", "attestation_object": decode(made["attestationObject"]),
                "transports": 32, "discoverable": True, "client_data": data}
    listed = request["credentials"]
    return {"kind": "page-get",
            "credential": listed.index(passkey.id) if passkey.id in listed else 0,
            "auth_data": decode(made["authenticatorData"])[32:],
            "signature": decode(made["signature"]), "client_data": data}


def paste(conversation, lines):
    """Each line at the question for it: what follows the last."""
    for line in lines[:-1]:
        kind, text, details = conversation.next(text=line)
        assert (kind, details["event"]) == ("ask", "page"), (kind, text, details)
    return conversation.next(text=lines[-1])


def passkeys(machine, user="alice"):
    listed = machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", user, parts.vardict({}))
    return [each["name"] for each in json.loads(str(listed))]
